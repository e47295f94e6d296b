//! What is kept of a screen: the full analyses' verdicts beside the quick ones, and the run as a whole.

use chrono::DateTime;
use serde_json::json;
use ttai_contract::{StoreScreenParams, StoreScreenReceipt};
use ttai_ports::{RankedPick, ScreenRunRecord, ScreenedCandidate, ScreenerResults};

use super::changes;
use super::quick::key;
use crate::failure::AnalystError;

/// Saves the run and compares it with the one before. Repeated, it answers the same.
pub(super) async fn save(
    screens: &dyn ScreenerResults,
    params: StoreScreenParams,
) -> Result<StoreScreenReceipt, AnalystError> {
    let StoreScreenParams { run, criteria, picks, analyzed, mut result, as_of } = params;
    let key = key(&run);
    let picks: Vec<RankedPick> =
        picks.into_iter().map(|(symbol, value)| RankedPick { symbol, value }).collect();
    let before = screens.screen_run_before(&run.screen, &key).await?;
    let changes = changes::since(before.as_ref(), &picks);
    if let Some(result) = result.as_object_mut() {
        result.insert("changes".to_owned(), json!(changes));
    }
    let quick = screens.screened(&key).await?;
    let full: Vec<ScreenedCandidate> = analyzed
        .into_iter()
        .map(|(symbol, verdict, reason)| {
            // The numbers of the quick analysis stay beside the verdict of the full one.
            let detail = quick.iter().find(|row| row.symbol == symbol).map(|row| row.detail.clone());
            let detail = detail.unwrap_or_default();
            ScreenedCandidate { symbol, stage: "full".to_owned(), verdict, reason, detail }
        })
        .collect();
    screens.save_screened(&key, &full).await?;
    let created_at = DateTime::UNIX_EPOCH;
    let record = ScreenRunRecord { key, screen: run.screen, criteria, picks, result, as_of, created_at };
    screens.save_screen_run(&record).await?;
    Ok(StoreScreenReceipt { changes })
}
