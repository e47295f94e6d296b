//! Historical volatility by three estimators: annualised with 252 sessions, as a fraction (0.25 = 25 % a
//! year), 0 or more. One bar or close a session is taken for granted; bars of another length want the answer
//! scaled by √(bars a session).

mod close_to_close;
mod parkinson;
mod yang_zhang;

pub use close_to_close::{CloseToClose, close_to_close};
pub use parkinson::{Parkinson, parkinson};
pub use yang_zhang::{YangZhang, yang_zhang};

/// Sessions in a year, by which daily variances are annualised.
pub const SESSIONS_PER_YEAR: f64 = 252.0;

/// A year's volatility from one session's variance.
fn annualised(daily_variance: f64) -> f64 {
    (daily_variance.max(0.0) * SESSIONS_PER_YEAR).sqrt()
}
