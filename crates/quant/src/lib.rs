//! Pure numbers for options traders: no I/O, no async, no clock. Every public function says its units and its source.

pub mod chain;
pub mod indicators;
pub mod levels;
pub mod margin;
pub mod pricing;
pub mod risk;
pub mod strategy;
pub mod trend;
