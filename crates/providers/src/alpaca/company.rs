//! Prices of one company under one ticker: what happened to it besides splits and cash dividends. A spin-off lowers the prices
//! before it by what the part was worth; where that is not known, and where the ticker meant something else, the history begins after.

use chrono::{Duration, NaiveDate};
use ttai_calendar::new_york_instant;
use ttai_core::{DailyBar, Symbol};

use super::Alpaca;
use super::model::{CorporateActions, MergerAction, SpinOffAction};

/// A part must have traded within this many days of its ex-date to be valued.
const FIRST_TRADE_DAYS: i64 = 7;
/// A part that is worth more of the company than this was valued wrongly, as a fraction.
const MOST_OF_COMPANY: f64 = 0.9;

impl Alpaca {
    /// The bars as prices of the present company, with a warning for each change. Of `today` the second half says whether it
    /// is the present: what is announced now was not known at a past moment.
    pub(super) async fn as_one_company(
        &self,
        symbol: &Symbol,
        mut bars: Vec<DailyBar>,
        actions: &CorporateActions,
        at: (NaiveDate, bool),
        warnings: &mut Vec<String>,
    ) -> Vec<DailyBar> {
        let (today, is_now) = at;
        for spin_off in actions.spin_offs.rows.iter().filter(|row| row.source_symbol == symbol.as_str()) {
            if spin_off.ex_date > today {
                warnings.extend(is_now.then(|| announced_spin_off(symbol, spin_off)));
            } else if let Some(before) = bars.iter().rev().find(|bar| bar.date < spin_off.ex_date).copied() {
                match self.part_of_price(spin_off, before.close).await {
                    Some(part) => lower(&mut bars, spin_off, part, warnings),
                    None => cut(&mut bars, spin_off.ex_date, &unvalued(symbol, spin_off), warnings),
                }
            }
        }
        cut_at_other_companies(symbol, &mut bars, actions, at, warnings);
        bars
    }

    /// The fraction of the company's price that went with the part; none where nobody says what the part was worth.
    async fn part_of_price(&self, spin_off: &SpinOffAction, close_before: f64) -> Option<f64> {
        let part = Symbol::new(&spin_off.new_symbol).ok()?;
        let from = new_york_instant(spin_off.ex_date, 0, 0).ok()?;
        let bars = self.bars(&part, "1Day", from, from + Duration::days(FIRST_TRADE_DAYS)).await.ok()?;
        let worth = bars.rows.first()?.open * spin_off.new_rate / spin_off.source_rate;
        Some(worth / close_before).filter(|part| (0.0..MOST_OF_COMPANY).contains(part) && *part > 0.0)
    }
}

/// Leaves out what was before a unit came apart into these shares, or before a company of this ticker was merged into another.
fn cut_at_other_companies(
    symbol: &Symbol,
    bars: &mut Vec<DailyBar>,
    actions: &CorporateActions,
    (today, is_now): (NaiveDate, bool),
    warnings: &mut Vec<String>,
) {
    let units = actions.unit_splits.rows.iter().filter(|row| row.new_symbol == symbol.as_str());
    for unit in units.filter(|row| row.effective_date <= today) {
        let why = format!("before it {symbol} was a part of the unit {}", unit.old_symbol);
        cut(bars, unit.effective_date, &why, warnings);
    }
    for merger in mergers(actions).filter(|row| row.acquiree_symbol == symbol.as_str()) {
        if merger.effective_date > today {
            warnings.extend(is_now.then(|| announced_merger(symbol, merger)));
        } else if bars.last().is_some_and(|last| last.date >= merger.effective_date) {
            let why = format!("before it {symbol} was another company, which was merged");
            cut(bars, merger.effective_date, &why, warnings);
        }
    }
}

fn mergers(actions: &CorporateActions) -> impl Iterator<Item = &MergerAction> {
    let for_shares = actions.stock_mergers.rows.iter().chain(&actions.stock_and_cash_mergers.rows);
    actions.cash_mergers.rows.iter().chain(for_shares)
}

fn lower(bars: &mut [DailyBar], spin_off: &SpinOffAction, part: f64, warnings: &mut Vec<String>) {
    for bar in bars.iter_mut().filter(|bar| bar.date < spin_off.ex_date) {
        for price in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.close] {
            *price *= 1.0 - part;
        }
    }
    warnings.push(format!(
        "prices before {} are lowered by {:.1} % for the spin-off of {}",
        spin_off.ex_date,
        100.0 * part,
        spin_off.new_symbol
    ));
}

/// Leaves out what was before a day.
fn cut(bars: &mut Vec<DailyBar>, first: NaiveDate, why: &str, warnings: &mut Vec<String>) {
    let before = bars.len();
    bars.retain(|bar| bar.date >= first);
    if bars.len() < before {
        warnings.push(format!("the price history begins on {first}: {why}"));
    }
}

fn unvalued(symbol: &Symbol, spin_off: &SpinOffAction) -> String {
    format!(
        "{symbol} spun off {} then, and nothing says what that was worth, so older prices cannot be compared",
        spin_off.new_symbol
    )
}

fn announced_spin_off(symbol: &Symbol, spin_off: &SpinOffAction) -> String {
    format!(
        "{symbol} spins off {} on {}: options that are open then are adjusted",
        spin_off.new_symbol, spin_off.ex_date
    )
}

fn announced_merger(symbol: &Symbol, merger: &MergerAction) -> String {
    let into =
        merger.acquirer_symbol.as_ref().map(|acquirer| format!(" into {acquirer}")).unwrap_or_default();
    format!(
        "{symbol} is to be merged{into} on {}: options that are open then are adjusted",
        merger.effective_date
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars() -> Vec<DailyBar> {
        let day = |day: u32| NaiveDate::from_ymd_opt(2026, 9, day).unwrap();
        [1, 2, 3, 4].map(|number| DailyBar::new(day(number), 10.0, 11.0, 9.0, 10.0, 5.0).unwrap()).to_vec()
    }

    fn spin_off() -> SpinOffAction {
        serde_json::from_str(
            r#"{"source_symbol":"AAPL","source_rate":4,"new_symbol":"SPUN","new_rate":1,"ex_date":"2026-09-03"}"#,
        )
        .unwrap()
    }

    #[test]
    fn prices_before_a_spin_off_are_lowered_or_left_out_with_the_reason() {
        let (mut lowered, mut warnings) = (bars(), Vec::new());
        lower(&mut lowered, &spin_off(), 0.2, &mut warnings);
        assert_eq!(lowered.iter().map(|bar| bar.close).collect::<Vec<_>>(), [8.0, 8.0, 10.0, 10.0]);
        assert_eq!((lowered[0].high, lowered[0].volume), (8.8, 5.0));
        let mut short = bars();
        let why = unvalued(&Symbol::new("AAPL").unwrap(), &spin_off());
        cut(&mut short, spin_off().ex_date, &why, &mut warnings);
        assert_eq!(short.len(), 2);
        assert_eq!(
            warnings,
            [
                "prices before 2026-09-03 are lowered by 20.0 % for the spin-off of SPUN",
                "the price history begins on 2026-09-03: AAPL spun off SPUN then, and nothing says what that was worth, so older \
                 prices cannot be compared"
            ]
        );
        // Nothing was before: nothing to say.
        cut(&mut short, spin_off().ex_date, &why, &mut Vec::new());
        assert_eq!(warnings.len(), 2);
    }

    /// What is left of the four sessions, and what is said.
    fn cut_by(actions: serde_json::Value, today: u32, is_now: bool) -> (usize, Vec<String>) {
        let actions: CorporateActions = serde_json::from_value(actions).unwrap();
        let today = NaiveDate::from_ymd_opt(2026, 9, today).unwrap();
        let (mut bars, mut warnings) = (bars(), Vec::new());
        let symbol = Symbol::new("NEWCO").unwrap();
        cut_at_other_companies(&symbol, &mut bars, &actions, (today, is_now), &mut warnings);
        (bars.len(), warnings)
    }

    #[test]
    fn shares_out_of_a_unit_begin_when_it_came_apart() {
        let unit = serde_json::json!({"unit_splits": [
            {"old_symbol": "NEWCO.U", "new_symbol": "NEWCO", "effective_date": "2026-09-03"},
            {"old_symbol": "OTHER.U", "new_symbol": "OTHER", "effective_date": "2026-09-04"},
        ]});
        let said = "the price history begins on 2026-09-03: before it NEWCO was a part of the unit NEWCO.U";
        assert_eq!(cut_by(unit.clone(), 4, true), (2, vec![said.to_owned()]));
        assert_eq!(cut_by(unit, 2, true), (4, Vec::new()), "it has not come apart yet");
    }

    #[test]
    fn a_ticker_of_a_merged_company_begins_anew_and_a_merger_to_come_is_announced() {
        for kind in ["cash_mergers", "stock_mergers", "stock_and_cash_mergers"] {
            let row = serde_json::json!(
                {"acquiree_symbol": "NEWCO", "acquirer_symbol": "BIGCO", "effective_date": "2026-09-03"}
            );
            let merger = serde_json::json!({kind: [row]});
            let said = "the price history begins on 2026-09-03: before it NEWCO was another company, which was merged";
            assert_eq!(cut_by(merger.clone(), 4, true), (2, vec![said.to_owned()]), "{kind}");
            let said =
                "NEWCO is to be merged into BIGCO on 2026-09-03: options that are open then are adjusted";
            assert_eq!(cut_by(merger.clone(), 2, true), (4, vec![said.to_owned()]), "{kind}");
            assert_eq!(cut_by(merger, 2, false), (4, Vec::new()), "not known at a past moment");
        }
    }
}
