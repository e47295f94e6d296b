//! The promises of durability, kept or broken in front of a real Temporal server: workers are processes that are killed,
//! the server is killed, providers fail, users cancel.

mod alerts;
mod analyses;
mod auto_run;
mod backups;
mod black_hole;
mod cancelling;
mod client_examples;
mod costs;
mod deliveries;
mod drills;
mod entities;
mod errors;
mod faults;
mod foreign;
mod guard;
mod histories;
mod journal;
mod judgement;
mod kills;
mod lab;
mod ledger;
mod market;
mod mcp;
mod news;
mod operations;
mod operators;
mod outages;
mod portfolio;
mod process;
mod proxy;
mod queues;
mod quote_streams;
mod replay;
mod reports;
mod requests;
mod schedules;
mod screens;
mod script;
mod scripted_ports;
mod shutdown;
mod sight;
mod stage;
mod sync;
mod trading;
mod trading_days;
mod versioning;
mod watchlists;
mod worker;

/// Not a test: the worker that the tests start, which is this program again. Without its environment it does nothing.
#[test]
fn worker_process() -> anyhow::Result<()> {
    worker::run_if_asked()
}

/// Not a test: the MCP server that the tests start, as above.
#[test]
fn mcp_process() -> anyhow::Result<()> {
    mcp::run_if_asked()
}
