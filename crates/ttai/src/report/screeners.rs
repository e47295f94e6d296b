//! Saved screeners: what they look for, and what their runs found.

use serde_json::Value;
use ttai_contract::CSPScreenerParams;
use ttai_ports::{SavedScreener, ScreenRunRecord};

use super::tables::plain_table;
use super::{eastern, moment};

/// `ttai screener list`.
#[must_use]
pub fn screeners(screeners: &[SavedScreener]) -> String {
    let rows = screeners.iter().map(|saved| {
        let screener = &saved.screener;
        let channels = screener.channels.join(", ");
        vec![
            screener.name.clone(),
            screener.strategy.clone(),
            if screener.auto_run { "hourly" } else { "by hand" }.to_owned(),
            channels,
            looks_for(&screener.criteria),
        ]
    });
    plain_table(&["SCREENER", "STRATEGY", "RUNS", "CHANNELS", "LOOKS FOR"], rows)
}

/// `ttai screener show`.
#[must_use]
pub fn screener(saved: &SavedScreener, runs: &[ScreenRunRecord]) -> String {
    let mut parts = vec![screeners(std::slice::from_ref(saved))];
    parts.push(format!("saved {}, changed {}", moment(saved.created_at), moment(saved.changed_at)));
    if runs.is_empty() {
        parts.push(format!("not run yet; ttai screener run {:?} -w", saved.screener.name));
    } else {
        let rows = runs.iter().map(|run| {
            let picks: Vec<&str> = run.picks.iter().map(|pick| pick.symbol.as_str()).collect();
            let picks = if picks.is_empty() { "no picks".to_owned() } else { picks.join(", ") };
            vec![run.as_of.map_or_else(|| "-".to_owned(), eastern), picks, run.key.workflow_id.clone()]
        });
        parts.push(plain_table(&["MARKET TIME", "PICKS", "RUN"], rows));
    }
    parts.join("\n\n")
}

/// `F, INTC; up to $60; 0.6 % a week; |delta| ≤ 0.25; 14–45 days`.
fn looks_for(criteria: &Value) -> String {
    let Ok(params) = serde_json::from_value::<CSPScreenerParams>(criteria.clone()) else {
        return "of another version: save it again".to_owned();
    };
    let of = &params.criteria;
    let price = match (of.min_price, of.max_price) {
        (Some(low), Some(high)) => Some(format!("${low} to ${high}")),
        (None, Some(high)) => Some(format!("up to ${high}")),
        (Some(low), None) => Some(format!("from ${low}")),
        (None, None) => None,
    };
    let symbols = match of.symbols.as_slice() {
        [] => "the market".to_owned(),
        some if some.len() <= 5 => some.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        many => format!("{} symbols", many.len()),
    };
    let rank = of.min_iv_rank.map(|rank| format!("IV rank ≥ {rank}"));
    let contract = format!(
        "≥ {} % a week; |delta| ≤ {}; {}–{} days",
        of.min_roc_weekly, of.max_delta, of.dte_min, of.dte_max
    );
    [Some(symbols), price, rank, Some(contract)].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_screener_says_what_it_looks_for() {
        let of = |criteria| looks_for(&criteria);
        assert_eq!(of(json!({})), "the market; ≥ 0.5 % a week; |delta| ≤ 0.3; 14–45 days");
        let own = json!({"symbols": ["F", "T"], "max_price": 60, "min_iv_rank": 30, "max_delta": 0.25});
        assert_eq!(of(own), "F, T; up to $60; IV rank ≥ 30; ≥ 0.5 % a week; |delta| ≤ 0.25; 14–45 days");
        assert_eq!(of(json!({"max_prize": 1})), "of another version: save it again");
    }
}
