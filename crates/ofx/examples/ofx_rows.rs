//! Prints what an OFX file says as JSON, for the check against another reader: `ofx_rows FILE`.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it reads the file that it is given, and its output is what it is for"
)]

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("give a file")?;
    let statements = ttai_ofx::read(&std::fs::read(path)?)?;
    println!("{}", serde_json::to_string(&statements)?);
    Ok(())
}
