//! Candidates of a screen, and what their metrics alone keep from a closer look.

use std::cell::RefCell;

use temporalio_workflow::{WorkflowContext, join_all};
use ttai_contract::market_data::MetricsBySymbol;
use ttai_contract::screener::METRICS_BATCH;
use ttai_contract::{
    DroppedCandidates, DueRun, FetchMarketMetrics, Lateness, MarketMetrics, RunScan, ScanParams,
    ScreenCriteria, Symbol,
};

use super::progress::{Screening, means, step};
use crate::calls::{self, CallError};

/// The candidates, of the scan, else the list that was given; and how late the run is, as far as the scan says it.
pub(crate) async fn candidates<W: Screening>(
    ctx: &WorkflowContext<W>,
    criteria: &ScreenCriteria,
    due: Option<DueRun>,
) -> Result<(Vec<Symbol>, Option<Lateness>), CallError> {
    let Some(scan) = criteria.scan() else { return Ok((criteria.candidates(Vec::new()), None)) };
    step(ctx, "scanning for candidates");
    let scan = ScanParams { due, ..scan };
    let found = calls::call::<W, RunScan>(ctx, scan, means(ctx), "scan for candidates").await?;
    if found.lateness.is_some_and(|late| late.is_too_late()) {
        return Ok((Vec::new(), found.lateness));
    }
    let symbols = found.candidates.into_iter().map(|candidate| candidate.symbol);
    Ok((criteria.candidates(symbols.collect()), found.lateness))
}

/// The candidates that their metrics do not drop, those dropped, and what a reader must know. What is not known drops nobody: the
/// closer look decides.
pub(crate) async fn worth_a_look<W: Screening>(
    ctx: &WorkflowContext<W>,
    criteria: &ScreenCriteria,
    candidates: Vec<Symbol>,
    lanes: u32,
) -> Result<(Vec<Symbol>, Vec<DroppedCandidates>, Vec<String>), CallError> {
    if candidates.is_empty() || !(criteria.exclude_earnings || criteria.min_iv_rank.is_some()) {
        return Ok((candidates, Vec::new(), Vec::new()));
    }
    step(ctx, "reading metrics");
    let batches = RefCell::new(candidates.chunks(METRICS_BATCH).map(<[Symbol]>::to_vec));
    let lane = || async {
        let mut known = Vec::new();
        loop {
            let Some(batch) = batches.borrow_mut().next() else { return known };
            let about = format!("metrics of {} symbols", batch.len());
            known.push(calls::call::<W, FetchMarketMetrics>(ctx, batch, means(ctx), &about).await);
        }
    };
    let (mut metrics, mut warnings) = (MetricsBySymbol::new(), Vec::new());
    for answer in join_all((0..lanes).map(|_| lane())).await.into_iter().flatten() {
        match answer {
            Ok(known) => metrics.extend(known),
            Err(CallError::Cancelled) => return Err(CallError::Cancelled),
            Err(CallError::Failed { message, .. }) => {
                warnings.push(format!("metrics could not be read in advance: {message}"));
            }
        }
    }
    let mut dropped = Vec::new();
    let worth = candidates.into_iter().filter(|symbol| {
        let Some((code, reason)) = metrics.get(symbol).and_then(|known| why_not(known, criteria)) else {
            return true;
        };
        DroppedCandidates::add(&mut dropped, code, &reason, symbol.clone());
        false
    });
    Ok((worth.collect(), dropped, warnings))
}

/// Why a candidate's metrics alone keep it from being a pick.
fn why_not(known: &MarketMetrics, criteria: &ScreenCriteria) -> Option<(&'static str, String)> {
    let spans = known.days_to_earnings_window.filter(|days| *days <= criteria.dte_min);
    if criteria.exclude_earnings && spans.is_some() {
        let reason = format!("every expiration of {} days or more spans earnings", criteria.dte_min);
        return Some(("earnings", reason));
    }
    let (least, rank) = criteria.min_iv_rank.zip(known.iv_rank)?;
    (rank < least).then(|| ("iv_rank", format!("the IV rank is under {least:.0}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn why(metrics: serde_json::Value, criteria: &ScreenCriteria) -> Option<&'static str> {
        let mut whole = json!({"symbol": "F", "next_earnings": null, "days_to_earnings": null, "iv30": null,
            "iv_rank": null, "iv_percentile": null, "hv30": null, "beta": null, "liquidity_rating": null,
            "borrow_rate": null, "sector": null});
        let serde_json::Value::Object(fields) = metrics else { unreachable!("an object") };
        for (name, value) in fields {
            whole[name] = value;
        }
        let known: MarketMetrics = serde_json::from_value(whole).unwrap();
        why_not(&known, criteria).map(|(code, _)| code)
    }

    #[test]
    fn only_what_no_expiration_can_pass_is_dropped_in_advance() {
        let criteria = ScreenCriteria { min_iv_rank: Some(30.0), ..ScreenCriteria::default() };
        assert_eq!(why(json!({}), &criteria), None, "what is not known drops nobody");
        assert_eq!(why(json!({"days_to_earnings_window": 14}), &criteria), Some("earnings"));
        assert_eq!(why(json!({"days_to_earnings_window": 0}), &criteria), Some("earnings"));
        assert_eq!(
            why(json!({"days_to_earnings_window": 15}), &criteria),
            None,
            "an expiration before it is left"
        );
        assert_eq!(why(json!({"iv_rank": 29.9}), &criteria), Some("iv_rank"));
        assert_eq!(why(json!({"iv_rank": 30.0}), &criteria), None);
        let allowed = ScreenCriteria { exclude_earnings: false, ..ScreenCriteria::default() };
        assert_eq!(why(json!({"days_to_earnings_window": 3, "iv_rank": 1.0}), &allowed), None);
    }
}
