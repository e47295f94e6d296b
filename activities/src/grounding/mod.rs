//! Every number of a model's text must be in the facts that it was given: this module finds the ones that are not.
//!
//! What counts as the same number:
//! - a printed number is a rounding of a fact at the digits that it prints (`612.7` for 612.7414, `63k` for 63,150);
//! - signs and `$`, thousands separators and the words hundred, thousand, million, billion do not matter (`$63,000`, `down 3.2 %`);
//! - a percentage may be a fact's fraction (`44 %` for 0.44), and `30 delta` a delta of 0.30;
//! - a date may be written in any usual way, without its year too; a clock time may be New York's or UTC's;
//! - a name with digits (`SMA20`, an OCC symbol) is a name of the facts, or its digits are facts;
//! - numbers in words count from eleven on, and below that where a unit follows (`five percent`).
//!
//! Numbers of an enumeration (`1.` at the start of a line) say nothing about the market and are left out.

mod extract;
mod facts;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use facts::Facts;
