//! `cargo run -p ttai-sim --example sim -- [--listen ADDR] [--seed N | --tape DIR] [--start TIME] [--speed X]`: a
//! simulation without the rest of ttai, for work on a provider.

use std::sync::Arc;

use ttai_providers::tape::Tape;
use ttai_sim::server::{SimOptions, SimStart, start};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (mut listen, mut seed, mut tape, mut speed) = ("127.0.0.1:0".to_owned(), 1, None, 1.0);
    let mut at = ttai_sim::market::present();
    while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
        match name.as_str() {
            "--listen" => listen = value,
            "--seed" => seed = value.parse()?,
            "--tape" => tape = Some(value.into()),
            "--start" => at = value.parse()?,
            "--speed" => speed = value.parse()?,
            other => return Err(format!("unknown option {other}").into()),
        }
    }
    let folder = match tape {
        Some(folder) => folder,
        None => {
            let cache = std::env::temp_dir().join("ttai-sim-markets");
            std::fs::create_dir_all(&cache)?;
            ttai_sim::market::cached(seed, &cache, at)?
        }
    };
    let source = Arc::new(Tape::open(folder)?);
    let (listen, begin) = (listen.parse()?, SimStart::Newest);
    let sim = start(SimOptions { listen, source, start: begin, speed, faults: Vec::new() }).await?;
    use std::io::Write;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&sim.endpoints)?)?;
    tokio::signal::ctrl_c().await?;
    sim.shutdown().await;
    Ok(())
}
