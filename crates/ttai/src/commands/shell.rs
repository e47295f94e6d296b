//! `ttai completions` and `ttai man`: what a shell and `man` know of the command line, made from the same definition.

use std::process::ExitCode;

use anyhow::Context;
use clap_complete::Shell;

use crate::cli::{self, ManArgs};
use crate::output;

const NAME: &str = "ttai";

/// Prints the completions of a shell.
///
/// # Errors
/// None.
pub fn completions(shell: Shell) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), NAME, &mut script);
    output::line(String::from_utf8(script)?.trim_end());
    Ok(ExitCode::SUCCESS)
}

/// Writes a manual page for ttai and for each of its commands into a folder, or prints that of ttai.
///
/// # Errors
/// A folder that cannot be written.
pub fn man(args: &ManArgs) -> anyhow::Result<ExitCode> {
    let Some(folder) = &args.out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(cli::command()).render(&mut page)?;
        output::line(String::from_utf8(page)?.trim_end());
        return Ok(ExitCode::SUCCESS);
    };
    let at = || folder.display().to_string();
    std::fs::create_dir_all(folder).with_context(at)?;
    clap_mangen::generate_to(cli::command(), folder).with_context(at)?;
    output::note(&format!("the pages are in {}; read one with `man -l {0}/ttai.1`", folder.display()));
    Ok(ExitCode::SUCCESS)
}
