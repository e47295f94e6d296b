//! Trading: the daily decision, the way of an order, and the watch over what it opened.

mod daily;
mod legs;
mod order;
mod position;

pub use daily::{
    CalculateTradeParams, DailyTradingParams, DailyTradingResult, DailyTradingStatus, DecidedTrade,
    FetchTradeFactsParams, NotifyTradeParams, RunLimits, TradeCondition, TradeDecision, TradeFacts,
    TradingRunStatus,
};
pub use legs::{CompensateLegsParams, LegPlan, LegStep, PlanLegsParams, PlannedCompensation};
pub use order::{
    AnswerOrderParams, ApproveTrade, AwaitedApproval, ExecuteTradeParams, FollowOrderParams, OrderAnswer,
    OrderCheck, OrderLeave, OrderPrices, OrderRef, OrderVerdict, ProposeOrderParams, RejectTrade, TradeOrder,
};
pub use position::{
    ClosePositionParams, ExitAdvice, LogTradeParams, MarketHoursParams, PositionEvent, PositionLook,
    PositionMonitorParams, PositionMonitorResult, PositionMonitorStatus, RolledTo, TradeSummary,
    WatchPositionParams,
};

/// Longest account number, in characters.
const LONGEST_ACCOUNT: usize = 64;
/// Most legs of one order, at both brokers.
pub const MOST_LEGS: usize = 4;

fn check_account(account: &str) -> Result<(), crate::ValidationError> {
    if account.len() <= LONGEST_ACCOUNT && !account.chars().any(char::is_control) {
        return Ok(());
    }
    let message = format!(
        "an account's number has at most {LONGEST_ACCOUNT} characters; leave it out for the first one"
    );
    Err(crate::ValidationError::new("account_id", message))
}
