//! What each command prints: its table, its JSON, its most likely error. `commands/*.md` has them as a person at a terminal sees them;
//! `TRYCMD=overwrite` writes what is printed now, and leaves what `[..]` stands for.

use std::path::{Path, PathBuf};

use anyhow::Context;
use trycmd::TestCases;

use crate::home::Home;

fn files(folder: &str) -> anyhow::Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli").join(folder);
    let all = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let mut files: Vec<PathBuf> = all.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    files.sort();
    Ok(files)
}

/// The sessions of a file in a home.
fn check(home: &Home, file: &Path, variables: &[(&str, &str)]) -> anyhow::Result<()> {
    let cases = TestCases::new();
    cases.default_bin_path(env!("CARGO_BIN_EXE_ttai")).timeout(crate::home::DEADLINE);
    for (name, value) in home.environment() {
        cases.env(name, value.to_str().context("a path that is text")?);
    }
    for (name, value) in variables {
        cases.env(*name, *value);
    }
    cases.case(file).run();
    Ok(())
}

#[tokio::test]
async fn commands_print_what_is_recorded() -> anyhow::Result<()> {
    for file in files("commands")? {
        let home = Home::new().await?;
        check(&home, &file, &[])?;
    }
    Ok(())
}
