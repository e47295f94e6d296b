//! A whole account: its measures, the rules that watch them, and what an expiration day brings.
//!
//! What is missing is said and never counted as zero: each sum names the positions that it leaves out.

mod book;
mod expiry;
mod measures;
mod opened;
mod readings;
#[cfg(test)]
mod tests;
mod watch;

pub use book::{AccountBook, HeldInstrument, HeldPosition, HeldUnderlying};
pub use expiry::{ExpiryAction, ExpiryList, ExpiryRow, expiry_list};
pub use measures::{
    BookGreeks, BookMargin, BookMeasures, BookSum, HoldingMeasures, UnderlyingMeasures, measure,
};
pub use watch::check_rules;
