//! Trades: a run that decides and trades, and the answers to its orders.

use std::time::Duration;

use ttai_contract::{ApproveTrade, RejectTrade, TradeOrder};

use crate::connect::TtaiClient;
use crate::error::ClientError;
use crate::run::AnyRun;

/// How long an answer to an order may take: before it is given, market and broker are asked anew.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// A workflow that trades: a trading run, or the watch over a position.
#[derive(Clone)]
pub struct TradingRun(AnyRun);

impl TtaiClient {
    /// The workflow that an order stems from, to answer it.
    #[must_use]
    pub fn trading_run(&self, workflow_id: &str) -> TradingRun {
        let patient = Self { deadline: self.deadline.max(ANSWER_WITHIN), ..self.clone() };
        TradingRun(patient.any_run(workflow_id))
    }
}

impl TradingRun {
    /// An order of it may be sent: it is priced and checked anew, and the answer says what became of it. It may be repeated.
    ///
    /// # Errors
    /// [`ClientError::Server`] for an order that the run has not, or that the risk gate does not let pass now; and for a server or
    /// worker that does not answer.
    pub async fn approve(&self, order_id: &str, by: &str) -> Result<TradeOrder, ClientError> {
        let said = ApproveTrade { order_id: order_id.to_owned(), by: by.to_owned() };
        self.0.update("approve", &said).await
    }

    /// An order of it may not be sent. It may be repeated.
    ///
    /// # Errors
    /// As [`TradingRun::approve`].
    pub async fn reject(&self, order_id: &str, by: &str, reason: &str) -> Result<TradeOrder, ClientError> {
        let (order_id, by, reason) = (order_id.to_owned(), by.to_owned(), reason.to_owned());
        self.0.update("reject", &RejectTrade { order_id, by, reason }).await
    }
}
