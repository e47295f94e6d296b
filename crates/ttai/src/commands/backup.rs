//! `ttai backup` and `ttai restore`: the store, what waits for it, and the configuration without its secrets as one file, and back.

use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use ttai_store::{
    BackupError, BackupExtras, BackupManifest, BackupReport, RestoreReport, RestoreTarget,
    default_backup_name,
};

use super::asked_to_stop;
use crate::cli::{BackupArgs, GlobalArgs, RestoreArgs};
use crate::exit_kind::{ExitKind, fail};
use crate::settings::Settings;
use crate::{output, wiring};

/// What `ttai backup --json` prints.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BackupShown {
    /// Where it is.
    file: PathBuf,
    /// Its length in bytes.
    bytes: u64,
    /// When the store stood so.
    created_at: DateTime<Utc>,
    /// The version of the store's schema.
    schema: i64,
    /// Bytes of the store in it.
    store_bytes: u64,
    /// Artefacts and analyses in it that had not reached the store.
    waiting: usize,
    /// Whether the configuration is in it.
    configuration: bool,
    /// The settings whose values are secrets and are not in it.
    secrets_left_out: Vec<String>,
}

/// What `ttai restore --json` prints.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RestoreShown {
    /// The store.
    store: PathBuf,
    /// When it stood so.
    created_at: DateTime<Utc>,
    /// The version of the backup's schema.
    backup_schema: i64,
    /// The version of the store's schema now.
    schema: i64,
    /// Artefacts and analyses that wait to be moved into the store.
    waiting: usize,
    /// Where the store is that was there before.
    replaced: Option<PathBuf>,
    /// Where the configuration is.
    configuration: Option<PathBuf>,
    /// The settings whose values are secrets and have to be set again.
    secrets_left_out: Vec<String>,
}

/// Runs `ttai backup`.
///
/// # Errors
/// A file that is there or cannot be written, a store that is PostgreSQL's or cannot be read.
pub async fn back_up(global: &GlobalArgs, args: BackupArgs) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(global, None)?;
    let url = wiring::store_url(&settings)?;
    let into = target(args.out);
    let saved = settings.config.without_secrets();
    let extras = BackupExtras {
        configuration: Some(saved.text),
        secrets_left_out: saved.left_out,
        spool: Some(wiring::spool_folder(&settings)?),
    };
    // The copy that was begun is removed when this is dropped.
    let report = tokio::select! {
        report = ttai_store::back_up(&url, &into, extras) => report.map_err(failure)?,
        _ = asked_to_stop() => fail!(Interrupted, "the backup was interrupted; there is none"),
    };
    let shown = backup_shown(report);
    if args.json {
        output::json(&shown)?;
    } else {
        output::line(&format!("{}: {}", shown.file.display(), contents(&shown)));
        left_out(&shown.secrets_left_out, "not in the backup; keep them elsewhere");
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs `ttai restore`.
///
/// # Errors
/// A file that is no whole backup of ttai or a newer one's, a store that is there or in use.
pub async fn restore(global: &GlobalArgs, args: RestoreArgs) -> anyhow::Result<ExitCode> {
    let settings = match &args.into {
        None => Settings::load(global, None)?,
        Some(folder) => Settings::load(global, None)?.moved_to(folder)?,
    };
    let target = RestoreTarget {
        store: wiring::store_url(&settings)?,
        spool: wiring::spool_folder(&settings)?,
        configuration: settings.data_dir.clone(),
        replace: args.replace,
    };
    let shown = restore_shown(ttai_store::restore(&args.file, target).await.map_err(failure)?);
    if args.json {
        output::json(&shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(&restored(&shown));
    if let Some(aside) = &shown.replaced {
        output::line(&format!("The store that was there is {} now.", aside.display()));
    }
    if let Some(file) = &shown.configuration {
        output::line(&format!(
            "The configuration is {}; compare it with yours, or name it with --config.",
            file.display()
        ));
    }
    left_out(&shown.secrets_left_out, "to be set again where they are not");
    output::note(
        "Start the workers, then run `ttai doctor --repair`: it brings the Temporal server in line with the store.",
    );
    Ok(ExitCode::SUCCESS)
}

/// A name in the folder that was given, or the name itself.
fn target(out: Option<PathBuf>) -> PathBuf {
    let name = default_backup_name(Utc::now());
    match out {
        None => PathBuf::from(name),
        Some(folder) if folder.is_dir() => folder.join(name),
        Some(file) => file,
    }
}

fn failure(error: BackupError) -> anyhow::Error {
    match error {
        BackupError::Refused(text) => ExitKind::WrongRequest.error(text),
        other => other.into(),
    }
}

fn backup_shown(BackupReport { file, bytes, manifest }: BackupReport) -> BackupShown {
    BackupShown {
        file: std::path::absolute(&file).unwrap_or(file),
        bytes,
        created_at: manifest.created_at,
        schema: manifest.schema,
        store_bytes: manifest.store_bytes(),
        waiting: manifest.spooled(),
        configuration: manifest.has_configuration(),
        secrets_left_out: manifest.secrets_left_out,
    }
}

fn restore_shown(report: RestoreReport) -> RestoreShown {
    let RestoreReport { store, manifest, schema, replaced, configuration } = report;
    let waiting = manifest.spooled();
    let BackupManifest { created_at, schema: backup_schema, secrets_left_out, .. } = manifest;
    RestoreShown {
        store,
        created_at,
        backup_schema,
        schema,
        waiting,
        replaced,
        configuration,
        secrets_left_out,
    }
}

/// `12.4 MB; the store (schema 21) and the configuration`.
fn contents(shown: &BackupShown) -> String {
    let mut parts = vec![format!("the store (schema {})", shown.schema)];
    if shown.waiting > 0 {
        parts.push(format!("{} results that wait for it", shown.waiting));
    }
    if shown.configuration {
        parts.push("the configuration".to_owned());
    }
    format!("{}; {}", size(shown.bytes), parts.join(", "))
}

fn restored(shown: &RestoreShown) -> String {
    let RestoreShown { store, created_at, backup_schema, schema, .. } = shown;
    let step = match backup_schema == schema {
        true => format!("schema {schema}"),
        false => format!("migrated from schema {backup_schema} to {schema}"),
    };
    let at = created_at.format("%Y-%m-%d %H:%M:%S UTC");
    format!("The store {} is as it was at {at}; {step}.", store.display())
}

fn left_out(secrets: &[String], what: &str) {
    if !secrets.is_empty() {
        output::line(&format!("Secrets, {what}: {}.", secrets.join(", ")));
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        1_000_000..1_000_000_000 => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn sizes_are_read_at_a_glance() {
        let all = [0, 1, 4_096, 999_999, 1_250_000, 2_000_000_000];
        assert_eq!(all.map(size), ["0 kB", "1 kB", "5 kB", "1000 kB", "1.2 MB", "2.0 GB"]);
    }

    #[test]
    fn a_folder_takes_a_name_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let within = target(Some(folder.path().to_owned()));
        assert!(within.starts_with(folder.path()) && within.extension().is_some_and(|kind| kind == "tar"));
        assert_eq!(target(Some("b.tar".into())), Path::new("b.tar"));
        assert!(target(None).to_string_lossy().starts_with("ttai-backup-2"));
    }
}
