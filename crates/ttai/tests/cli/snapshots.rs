//! What each command prints: its table, its JSON, its most likely error. `commands/*.md` has them as a person at a terminal sees them;
//! `TRYCMD=overwrite` writes what is printed now.

use std::path::{Path, PathBuf};

use anyhow::Context;
use trycmd::TestCases;

use crate::home::Home;

/// What is another one each time, by the name under which it stands in the files.
const VARIES: [(&str, &str); 6] = [
    ("[DATA]", r"/tmp/\.tmp[A-Za-z0-9]{6}"),
    ("[UUID]", r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    ("[TIMESTAMP]", r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|\+00:00)"),
    ("[MOMENT]", r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2})? ET"),
    ("[CLOCK]", r"\d{2}:\d{2}(:\d{2})? ET"),
    ("[DAY]", r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} \d{1,2}"),
];

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
    for (name, pattern) in VARIES {
        cases.insert_var(name, regex::Regex::new(pattern)?)?;
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
