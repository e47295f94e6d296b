//! Claims: who may submit an order. Sends nothing.
//!
//! A ledger has locked the end of the user's audit trail, which halts of the user lock, too; reading the kill switch shares the
//! end of everyone's trail, which a halt of everyone locks alone. So a claim and a halt that stops it have one order: either
//! the halt finds the order claimed and reports it as in flight, or the claim finds the halt.

use chrono::{DateTime, Utc};
use ttai_ports::{AuditNote, ClaimOutcome, OrderApproval, OrderHolder, OrderRecord, TradingStoreError};
use ttai_trading::order::{OrderError, OrderPhase, OrderStage, OrderStep};

use crate::audit_trail::{Ledger, LedgerFailure};
use crate::checks::storable_instant;

impl Ledger {
    /// A claim is no leave for later: the switch and the approval's end are looked at when the request leaves.
    pub(crate) async fn check_submit(
        &mut self,
        record: &OrderRecord,
        at: DateTime<Utc>,
    ) -> Result<(), LedgerFailure> {
        if let Some(halt) = self.trading_halt(&record.account).await? {
            return Err(TradingStoreError::Halted(Box::new(halt)).into());
        }
        if is_over(&record.approval, at) {
            let step = "be submitted after its approval has ended";
            return Err(OrderError::Impossible { phase: record.order.phase(), step }.into());
        }
        Ok(())
    }

    /// The right to submit. All that it goes by is read under the ledger's lock, the kill switch last.
    pub(crate) async fn claim(
        &mut self,
        mut record: OrderRecord,
        fence: u64,
        note: &AuditNote,
    ) -> Result<ClaimOutcome, LedgerFailure> {
        let phase = record.order.phase();
        let held = record.holder.as_ref();
        let is_own = phase == OrderPhase::Claimed
            && held.is_some_and(|held| held.fence == fence && held.name == note.actor);
        let is_free = match held {
            _ if phase == OrderPhase::Approved => true,
            Some(held) => phase == OrderPhase::Claimed && fence > held.fence,
            None => false,
        };
        if !is_own && !is_free {
            let may_be_sent =
                matches!(phase, OrderPhase::Claimed | OrderPhase::Submitting | OrderPhase::Unknown);
            return Ok(match record.holder {
                Some(holder) if may_be_sent => ClaimOutcome::TakenBy(holder),
                _ => ClaimOutcome::NotClaimable { phase },
            });
        }
        let at = storable_instant("the time of the claim", note.at)?;
        if is_over(&record.approval, at) {
            let phase = self.end_approval(record, at, note).await?;
            return Ok(ClaimOutcome::NotClaimable { phase });
        }
        if let Some(halt) = self.trading_halt(&record.account).await? {
            return Ok(ClaimOutcome::Halted(Box::new(halt)));
        }
        if is_own {
            return Ok(ClaimOutcome::Claimed(Box::new(record)));
        }
        record.holder = Some(OrderHolder { name: note.actor.clone(), fence, since: at });
        let claimed = self.step(record, OrderStep::Claim { fence, at }, note).await?;
        Ok(ClaimOutcome::Claimed(Box::new(claimed.record)))
    }

    /// Ends what was approved, or claimed and not submitted, once its approval is over.
    async fn end_approval(
        &mut self,
        record: OrderRecord,
        at: DateTime<Utc>,
        note: &AuditNote,
    ) -> Result<OrderPhase, LedgerFailure> {
        let step = match record.order.stage {
            OrderStage::Claimed { .. } => {
                OrderStep::Refuse { reason: "its approval ended before it was submitted".to_owned() }
            }
            _ => OrderStep::ExpireApproval { at },
        };
        Ok(self.step(record, step, note).await?.transition.to)
    }
}

fn is_over(approval: &OrderApproval, at: DateTime<Utc>) -> bool {
    approval.until.is_some_and(|until| at >= until)
}
