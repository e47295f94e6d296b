//! Transactions out of OFX statements of brokers, banks and cards: 1.x (SGML) and 2.x (XML), as their programs export them.
//!
//! Pure: bytes in, transactions out; what cannot be read of a statement is left out and said. No entity but the five of XML is
//! expanded and nothing is fetched. Open Financial Exchange Specification 2.3, chapters 2, 11 and 13.

mod document;
mod securities;
mod statement;
#[cfg(test)]
mod tests;
mod value;

pub use document::OfxError;
pub use statement::{OfxKind, OfxStatements, OfxTransaction, read};
