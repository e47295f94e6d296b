//! What a user prefers: what requests mean where an argument is absent, and when and where the user is told.

use async_trait::async_trait;
use serde_json::{Map, Value};
use ttai_ports::{PREFERENCE_NAMES, PreferencesChange, UserPreferences};

use crate::answer::ToolAnswer;
use crate::field::{FieldKind, ToolField, field};
use crate::problem::ToolProblem;
use crate::tool::{McpCall, McpTool, ToolEffect, ToolSpec};
use crate::toolset::Toolset;

/// `ttai_preferences_show`.
pub(crate) struct ShowPreferences;
/// `ttai_preferences_set`.
pub(crate) struct SetPreferences;

const ANSWERS: &[ToolField] = &[field(
    "preferences",
    FieldKind::Object,
    "What the user has stated; the rest follows the configuration.",
)];

#[async_trait]
impl McpTool for ShowPreferences {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_preferences_show",
            title: "Show preferences",
            about: "Shows what the user has stated: capital, strategies, delta, days to expiration, channels, quiet hours.",
            toolset: Toolset::Preferences,
            standard: false,
            effect: ToolEffect::Reads,
            arguments: &[],
            answers: ANSWERS,
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let stated = call.desk.store().await?.preferences.preferences(call.user()).await?;
        let names = PREFERENCE_NAMES.join(", ");
        Ok(ToolAnswer::of("preferences", stated)?.next(format!("ttai_preferences_set states: {names}.")))
    }
}

#[async_trait]
impl McpTool for SetPreferences {
    fn spec(&self) -> &'static ToolSpec {
        const SPEC: ToolSpec = ToolSpec {
            name: "ttai_preferences_set",
            title: "Set preferences",
            about: "States preferences, and unsets others. They stand wherever a request leaves the argument out.",
            toolset: Toolset::Preferences,
            standard: false,
            effect: ToolEffect::Changes,
            arguments: &[
                field(
                    "set",
                    FieldKind::Object,
                    "What is stated anew: morning_alert, channels, quiet_hours {from, until}, time_zone, account_type, capital, \
                     max_symbol_pct, strategies, max_delta, dte_min, dte_max, min_roc_weekly.",
                ),
                field("unset", FieldKind::Texts(12), "Names of preferences that are no longer stated."),
            ],
            answers: ANSWERS,
        };
        &SPEC
    }

    async fn call(&self, call: &McpCall<'_>) -> Result<ToolAnswer, ToolProblem> {
        let names = PREFERENCE_NAMES.join(", ");
        let next = format!("The preferences are: {names}.");
        let set: Map<String, Value> = call.arguments.typed("set").unwrap_or_default();
        let set = serde_json::from_value::<UserPreferences>(Value::Object(set))
            .map_err(|error| ToolProblem::of("set", error.to_string(), next.clone()))?;
        let unset = call.arguments.texts("unset");
        if let Some(unknown) = unset.iter().find(|name| !PREFERENCE_NAMES.contains(&name.as_str())) {
            return Err(ToolProblem::of("unset", format!("there is no preference {unknown:?}"), next));
        }
        let preferences = call.desk.store().await?.preferences;
        let change = PreferencesChange { set, unset };
        ToolAnswer::of("preferences", preferences.save_preferences(call.user(), &change).await?)
    }
}
