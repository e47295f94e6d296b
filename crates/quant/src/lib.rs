//! Pure numbers for options traders: no I/O, no async, no clock. Every public function says its units and its source.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests read files and clocks")
)]

pub mod chain;
pub mod indicators;
pub mod journal;
pub mod levels;
pub mod margin;
pub mod portfolio;
pub mod pricing;
pub mod prints;
pub mod risk;
pub mod strategy;
pub mod trend;
pub mod wheel;
