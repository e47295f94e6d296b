//! The binary's parts: settings, wiring (the one place where adapters meet activities), the worker and the commands.

mod boot;
pub mod cli;
pub mod commands;
pub mod config;
pub mod deliveries;
pub mod guard;
mod invented;
mod invented_stream;
pub mod market;
pub mod metrics;
pub mod models;
pub mod notifier;
pub mod output;
mod practice;
pub mod readiness;
pub mod report;
pub mod runs;
mod saved;
mod screen;
pub mod sdk_metrics;
pub mod search_attributes;
pub mod server;
pub mod settings;
pub mod sources;
mod stop_reasons;
pub mod wiring;
pub mod worker;
