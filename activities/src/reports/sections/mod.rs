//! What reports say, a section a file: reading it, and saying it out of what was read.

pub(crate) mod account;
pub(crate) mod alerts;
pub(crate) mod analyses;
pub(crate) mod changes;
pub(crate) mod events;
pub(crate) mod journal;
pub(crate) mod market;
pub(crate) mod news;
pub(crate) mod performance;
pub(crate) mod risks;
pub(crate) mod screens;
pub(crate) mod trades;
