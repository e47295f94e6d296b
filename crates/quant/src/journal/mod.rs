//! What became of trades that were judged: a mark at expiration, and how often stated probabilities came true.

mod hit_rate;
mod mark;

pub use hit_rate::{HitRate, StatedOutcome, hit_rate, overlapping, wilson_interval};
pub use mark::{EndMark, EndOutcome, SoldOption, WorstPrice, end_mark};
