//! What a person backs up and restores.

use anyhow::Context;
use serde_json::Value;

use crate::home::{Home, PLANTED, text};

/// The names of the watchlists in a data directory.
fn watchlists(home: &Home, more: &[&str]) -> anyhow::Result<Vec<String>> {
    let rows = home.run(&[&["watchlist", "list", "--json"], more].concat())?.expect(0)?.json()?;
    let rows = rows.as_array().context("a list")?;
    Ok(rows.iter().map(|row| text(row, "name").to_owned()).collect())
}

#[cfg(unix)]
#[tokio::test]
async fn a_store_goes_away_and_comes_back() -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new().await?;
    let channel = format!("https://hooks.slack.com/services/T/B/{PLANTED}");
    let config = home.path("ttai.toml");
    std::fs::write(
        &config,
        format!("[account]\ntype = \"margin\"\n[channels.desk]\ntype = \"slack\"\nurl = \"{channel}\"\n"),
    )?;
    std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o600))?;
    home.run(&["watchlist", "add", "tech", "NVDA", "AAPL"])?.expect(0)?;

    let shown = home.run(&["backup", "--out", "first.tar"])?.expect(0)?;
    for part in [
        "first.tar: ",
        "kB; the store (schema ",
        ", the configuration",
        "Secrets, not in the backup",
        "channels.desk.url",
    ] {
        assert!(shown.stdout.contains(part), "{part} is not in: {}", shown.stdout);
    }
    let bytes = std::fs::read(home.path("first.tar"))?;
    assert!(!String::from_utf8_lossy(&bytes).contains(PLANTED), "a secret is in the backup");
    let again = home.run(&["backup", "--out", "first.tar"])?.expect(2)?;
    assert!(again.stderr.contains("is there already; give another name with --out"), "{}", again.stderr);
    let named = home.run(&["backup", "--out", ".", "--json"])?.expect(0)?.json()?;
    let (file, folder) = (text(&named, "file").to_owned(), home.folder.path().to_string_lossy().into_owned());
    assert!(
        file.starts_with(&folder) && file.contains("ttai-backup-2") && file.ends_with("Z.tar"),
        "{named}"
    );
    assert_eq!((&named["configuration"], &named["waiting"]), (&Value::Bool(true), &Value::from(0)));

    home.run(&["watchlist", "add", "later", "MSFT"])?.expect(0)?;
    let refused = home.run(&["restore", "first.tar"])?.expect(2)?;
    assert!(refused.stderr.contains("--replace"), "{}", refused.stderr);
    assert_eq!(watchlists(&home, &[])?, ["later", "tech"], "nothing has changed");
    let restored = home.run(&["restore", "first.tar", "--replace"])?.expect(0)?;
    for part in ["is as it was at ", "schema ", "ttai.db.replaced-", "data/ttai.toml", "channels.desk.url"] {
        assert!(restored.stdout.contains(part), "{part} is not in: {}", restored.stdout);
    }
    assert!(restored.stderr.contains("ttai doctor --repair"), "{}", restored.stderr);
    assert_eq!(watchlists(&home, &[])?, ["tech"]);
    let aside =
        restored.stdout.split_whitespace().find(|word| word.contains(".replaced-")).context("its name")?;
    assert_eq!(watchlists(&home, &["--store", aside])?, ["later", "tech"]);

    let other = home.path("other").to_string_lossy().into_owned();
    let shown = home.run(&["restore", "first.tar", "--into", &other, "--json"])?.expect(0)?.json()?;
    assert_eq!(shown["replaced"], Value::Null);
    assert_eq!(shown["secrets_left_out"], serde_json::json!(["channels.desk.url"]));
    assert_eq!(watchlists(&home, &["--data-dir", &other])?, ["tech"]);
    let configuration = std::fs::read_to_string(text(&shown, "configuration"))?;
    assert_eq!(
        configuration,
        "[account]\ntype = \"margin\"\n\n[channels.desk]\ntype = \"slack\"\n\n[market]\nsource = \"simulated\"\n\n"
    );
    Ok(())
}
