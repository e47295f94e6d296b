//! The numbers of ttai as questions and answers: one JSON object a line in, one answer a line out.
//!
//! [`answer_lines`] reads a stream, [`answer`] one line, [`schema`] describes both; `CALC.md` beside this crate has an
//! example of each operation. Field names are readable ones (`spot`, `strike`, …) or the short ones of the reference files
//! (`S`, `K`, …); numbers may come as JSON numbers or as text. Nothing here panics on any input, and no answer holds a number
//! that is not finite.

mod error;
pub mod input;
pub mod ops;
mod request;
mod schema;
mod stream;

pub use error::CalcError;
pub use request::{Operation, answer, evaluate};
pub use schema::schema;
pub use stream::{MAX_LINE_BYTES, StreamSummary, answer_lines};

#[cfg(test)]
mod tests;
