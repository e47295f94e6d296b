//! What a person at the terminal can rely on: the built `ttai`, run as a new user would, in a folder of its own with the bundled
//! simulated market. Every command has a deadline.

mod analyses;
mod backups;
mod drill;
mod gate;
mod home;
mod market;
mod practice;
mod secured;
mod setup;
mod snapshots;
mod trades;
