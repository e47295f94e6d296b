//! The handlers of an entity, from a table.

/// Makes a struct with [`Entity`](crate::entity::Entity) a workflow: `init`, `run`, the signals `pause`, `resume` and
/// `shutdown`, the query `status`, and the family's own signals and updates, one a line: name, argument, and what makes the
/// argument a message. Other queries and updates stand in braces at the end, as in `#[workflow_methods]`.
///
/// The caller's crate has `temporalio_macros`, `temporalio_workflow` and `ttai_contract` among its dependencies.
#[macro_export]
macro_rules! entity_workflow {
    (
        $entity:ident as $name:literal: $params:ty => $status:ty;
        $(signal $signal:ident($signal_input:ty) => $signal_message:expr;)*
        $(update $update:ident($update_input:ty) => $update_message:expr;)*
        $({ $($more:tt)* })?
    ) => {
        #[::temporalio_macros::workflow_methods]
        impl $entity {
            #[init]
            fn new(
                _ctx: &::temporalio_workflow::WorkflowContextView,
                argument: ::ttai_contract::Lenient<$params>,
            ) -> Self {
                $crate::entity::Entity::open(argument)
            }

            /// Lives until it is shut down.
            #[run(name = $name)]
            pub async fn run(
                ctx: &mut ::temporalio_workflow::WorkflowContext<Self>,
            ) -> ::temporalio_workflow::WorkflowResult<$status> {
                $crate::entity::live(ctx).await
            }

            /// Accepts messages from now on without applying them.
            #[signal]
            pub fn pause(
                &mut self,
                ctx: &mut ::temporalio_workflow::SyncWorkflowContext<Self>,
                _argument: ::ttai_contract::entity::Anything,
            ) {
                $crate::entity::Entity::set_paused(self, ctx, true);
            }

            /// Applies what was accepted while paused, and goes on.
            #[signal]
            pub fn resume(
                &mut self,
                ctx: &mut ::temporalio_workflow::SyncWorkflowContext<Self>,
                _argument: ::ttai_contract::entity::Anything,
            ) {
                $crate::entity::Entity::set_paused(self, ctx, false);
            }

            /// Applies what was accepted, and ends.
            #[signal]
            pub fn shutdown(
                &mut self,
                ctx: &mut ::temporalio_workflow::SyncWorkflowContext<Self>,
                _argument: ::ttai_contract::entity::Anything,
            ) {
                $crate::entity::Entity::shut_down(self, ctx);
            }

            /// Where it is.
            #[query]
            pub fn status(
                &self,
                _ctx: &::temporalio_workflow::WorkflowContextView,
                _argument: ::ttai_contract::entity::Anything,
            ) -> $status {
                $crate::entity::Entity::status(self)
            }

            $(
                #[signal]
                pub fn $signal(
                    &mut self,
                    ctx: &mut ::temporalio_workflow::SyncWorkflowContext<Self>,
                    argument: ::ttai_contract::Lenient<$signal_input>,
                ) {
                    let message = argument.into_result().map($signal_message);
                    $crate::entity::Entity::take(self, ctx, stringify!($signal), message);
                }
            )*

            $(
                #[update]
                pub fn $update(
                    &mut self,
                    ctx: &mut ::temporalio_workflow::SyncWorkflowContext<Self>,
                    argument: ::ttai_contract::Lenient<$update_input>,
                ) -> Result<::ttai_contract::entity::Answer, Box<dyn ::std::error::Error + Send + Sync>> {
                    let message = argument.into_result().map($update_message);
                    $crate::entity::Entity::answer(self, ctx, message)
                }
            )*

            $($($more)*)?
        }
    };
}
