//! The operations, one a file: its request, its answer, and how one follows from the other.

pub mod assignment;
pub mod bars;
pub mod chain;
pub mod implied_vol;
pub mod indicator;
pub mod legs;
pub mod levels;
pub mod margin;
pub mod portfolio;
pub mod price;
pub mod quotes;
pub mod select;
pub mod session;
pub mod strategy;
pub mod wheel;
