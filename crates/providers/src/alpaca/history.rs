//! Bars, splits and dividends up to a moment.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use ttai_calendar::{new_york_date, session};
use ttai_core::{CashDividend, DailyBar, DividendStatus, MinuteBar, Split, Symbol};
use ttai_ports::{DailyHistory, PortError};

use super::model::{self, BarPage, CorporateActionPage, CorporateActions};
use super::news::rfc3339;
use super::rows::{ReadableRows, left_out};
use super::{Alpaca, PROVIDER};
use crate::dividends::{DividendRow, one_event_each};

/// Calendar days of daily history: more than four years of sessions.
const HISTORY_DAYS: i64 = 1_600;
/// Declared dividends and splits are looked for this far ahead.
const AHEAD_DAYS: i64 = 120;
/// Bars of one page, the most that Alpaca gives.
const BAR_PAGE: usize = 10_000;
/// Corporate actions of one page, the most that Alpaca gives.
const ACTION_PAGE: usize = 1_000;

/// The kinds of corporate actions that change what past prices mean.
const ACTION_TYPES: &str = "forward_split,reverse_split,unit_split,stock_dividend,cash_dividend,spin_off,cash_merger,stock_merger,\
     stock_and_cash_merger";

impl Alpaca {
    pub(super) async fn bars(
        &self,
        symbol: &Symbol,
        frame: &str,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<ReadableRows<model::Bar>, PortError> {
        if until < from {
            return Ok(ReadableRows::default());
        }
        let first = || {
            self.client
                .data("stock bars", "/v2/stocks/bars")
                .query("symbols", symbol.to_string())
                .query("timeframe", frame)
                .query("start", rfc3339(from))
                .query("end", rfc3339(until))
                .query("adjustment", "raw")
                .query("feed", self.config.stock_feed.name())
                .query("limit", BAR_PAGE.to_string())
        };
        let mut bars = ReadableRows::default();
        let take = |page: BarPage| {
            bars.extend(page.bars.unwrap_or_default().remove(symbol.as_str()).unwrap_or_default());
            page.next_page_token
        };
        self.client.pages("stock bars", first, take).await?;
        bars.rows.sort_by_key(|bar| bar.time);
        bars.rows.dedup_by_key(|bar| bar.time);
        Ok(bars)
    }

    async fn actions(
        &self,
        symbol: &Symbol,
        from: NaiveDate,
        until: NaiveDate,
    ) -> Result<CorporateActions, PortError> {
        let first = || {
            self.client
                .data("corporate actions", "/v1/corporate-actions")
                .query("symbols", symbol.to_string())
                .query("types", ACTION_TYPES)
                .query("start", from.to_string())
                .query("end", until.to_string())
                .query("limit", ACTION_PAGE.to_string())
        };
        let mut all = CorporateActions::default();
        let take = |page: CorporateActionPage| {
            all.extend(page.corporate_actions);
            page.next_page_token
        };
        self.client.pages("corporate actions", first, take).await?;
        Ok(all)
    }

    pub(super) async fn history(
        &self,
        symbol: &Symbol,
        as_of: DateTime<Utc>,
    ) -> Result<DailyHistory, PortError> {
        let now = self.provider_now().await?;
        let today = new_york_date(as_of);
        let from = today - Duration::days(HISTORY_DAYS);
        let (days, actions, minutes) = tokio::try_join!(
            self.bars(symbol, "1Day", as_of - Duration::days(HISTORY_DAYS), as_of),
            self.actions(symbol, from, today + Duration::days(AHEAD_DAYS)),
            self.minutes(symbol, today, as_of)
        )?;
        let (bars, impossible) = finished_bars(&days.rows, as_of);
        if bars.is_empty() {
            return Err(PortError::NoData {
                provider: PROVIDER.to_owned(),
                what: "daily bars".to_owned(),
                symbol: symbol.to_string(),
                detail: format!("none between {from} and {today}; check the spelling and the feed"),
            });
        }
        let is_open = session(today).is_some_and(|session| session.is_open_at(as_of));
        let so_far = if is_open { day_of(&minutes, today) } else { None };
        let splits = splits(&actions, today);
        // What was not yet known at a past moment is left out.
        let is_now = now - as_of <= Duration::minutes(15);
        let dividends = dividends(&actions, &splits, today, is_now);
        let mut warnings: Vec<String> =
            left_out(days.unreadable + impossible, "daily bar", "daily bars").into_iter().collect();
        warnings.extend(left_out(actions.unreadable(), "corporate action", "corporate actions"));
        let bars = self.as_one_company(symbol, bars, &actions, (today, is_now), &mut warnings).await;
        Ok(DailyHistory { bars, today: so_far, splits, dividends, actions_unknown: None, warnings })
    }

    pub(super) async fn minutes(
        &self,
        symbol: &Symbol,
        date: NaiveDate,
        as_of: DateTime<Utc>,
    ) -> Result<Vec<MinuteBar>, PortError> {
        let Some(session) = session(date) else { return Ok(Vec::new()) };
        let until = as_of.min(session.post_market_close());
        let bars = self.bars(symbol, "1Min", session.pre_market_open(), until).await?;
        let is_possible = |bar: &model::Bar| {
            DailyBar::new(date, bar.open, bar.high, bar.low, bar.close, bar.volume).is_ok()
        };
        let ended =
            bars.rows.into_iter().filter(|bar| bar.time + Duration::minutes(1) <= until && is_possible(bar));
        Ok(ended
            .filter_map(|bar| {
                Some(MinuteBar {
                    start: bar.time,
                    session: session.part_at(bar.time)?,
                    open: bar.open,
                    high: bar.high,
                    low: bar.low,
                    close: bar.close,
                    volume: bar.volume,
                })
            })
            .collect())
    }
}

/// The day's bar from its regular minutes so far.
fn day_of(minutes: &[MinuteBar], date: NaiveDate) -> Option<DailyBar> {
    let regular = minutes.iter().filter(|bar| bar.session == ttai_core::SessionPart::Regular);
    DailyBar::of_minutes(date, regular.copied())
}

/// The sessions that have finished, and how many of their bars are impossible.
fn finished_bars(days: &[model::Bar], as_of: DateTime<Utc>) -> (Vec<DailyBar>, usize) {
    let has_finished = |date: NaiveDate| session(date).is_none_or(|session| session.close <= as_of);
    let today = new_york_date(as_of);
    let mut bars = Vec::with_capacity(days.len());
    let mut impossible = 0;
    for day in days {
        let date = new_york_date(day.time);
        if date > today || !has_finished(date) {
            continue;
        }
        match DailyBar::new(date, day.open, day.high, day.low, day.close, day.volume) {
            Ok(bar) => bars.push(bar),
            Err(_) => impossible += 1,
        }
    }
    (bars, impossible)
}

/// The splits in force on a day, oldest first; a dividend in shares is one.
fn splits(actions: &CorporateActions, today: NaiveDate) -> Vec<Split> {
    let rows = actions.forward_splits.rows.iter().chain(&actions.reverse_splits.rows);
    let of_splits = rows
        .filter(|split| split.new_rate > 0.0 && split.old_rate > 0.0)
        .map(|split| (split.ex_date, split.new_rate / split.old_rate));
    let in_shares = actions.stock_dividends.rows.iter().filter(|row| row.rate > 0.0);
    let all = of_splits.chain(in_shares.map(|row| (row.ex_date, 1.0 + row.rate)));
    let by_date: BTreeMap<NaiveDate, f64> =
        all.filter(|(date, ratio)| *date <= today && ratio.is_finite()).collect();
    by_date.into_iter().map(|(effective, ratio)| Split { effective, ratio }).collect()
}

/// Dividends in dollars of the day's shares, oldest first, each once.
fn dividends(
    actions: &CorporateActions,
    splits: &[Split],
    today: NaiveDate,
    with_declared: bool,
) -> Vec<CashDividend> {
    let rows = actions.cash_dividends.rows.iter();
    let rows = rows.filter(|row| row.rate > 0.0 && (with_declared || row.ex_date <= today));
    let listed = rows.map(|row| DividendRow {
        ex_date: row.ex_date,
        record_date: row.record_date,
        amount: row.rate,
        special: row.special,
    });
    one_event_each(listed.collect())
        .into_iter()
        .map(|(ex_date, amount)| {
            let later = splits.iter().filter(|split| split.effective > ex_date);
            let ratio: f64 = later.map(|split| split.ratio).product();
            let status = if ex_date <= today { DividendStatus::Paid } else { DividendStatus::Declared };
            CashDividend { ex_date, amount: amount / ratio, status }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_told_in_the_shares_of_the_day() {
        let text = br#"{"corporate_actions":{"forward_splits":[{"ex_date":"2014-06-09","new_rate":7,"old_rate":1}],
            "cash_dividends":[{"ex_date":"2014-08-07","rate":0.47},{"ex_date":"2014-05-08","rate":3.29}]},"next_page_token":null}"#;
        let page: CorporateActionPage = model::parse(text).unwrap();
        let day = |text: &str| text.parse().unwrap();
        let after = splits(&page.corporate_actions, day("2014-06-09"));
        assert_eq!(after, [Split { effective: day("2014-06-09"), ratio: 7.0 }]);
        assert!(splits(&page.corporate_actions, day("2014-06-06")).is_empty());
        let paid = dividends(&page.corporate_actions, &after, day("2014-06-09"), true);
        let rows: Vec<(f64, DividendStatus)> = paid.iter().map(|row| (row.amount, row.status)).collect();
        assert_eq!(rows, [(3.29 / 7.0, DividendStatus::Paid), (0.47, DividendStatus::Declared)]);
        assert_eq!(dividends(&page.corporate_actions, &after, day("2014-06-09"), false).len(), 1);
    }

    #[test]
    fn a_dividend_in_shares_is_a_split_and_odd_rows_are_counted() {
        let text = br#"{"corporate_actions":{"stock_dividends":[{"ex_date":"2026-09-01","rate":0.05,"symbol":"X"}],
            "cash_dividends":[{"symbol":"X","rate":0.25},{"ex_date":"0000-00-00","rate":0.25},{"ex_date":"2026-05-01","rate":null},
            {"ex_date":"2026-08-07","rate":0.25}]},"next_page_token":null}"#;
        let page: CorporateActionPage = model::parse(text).unwrap();
        let today = "2026-09-18".parse().unwrap();
        assert_eq!(splits(&page.corporate_actions, today)[0].ratio, 1.05);
        assert_eq!(dividends(&page.corporate_actions, &[], today, true).len(), 1);
        assert_eq!(page.corporate_actions.unreadable(), 3);
    }

    #[test]
    fn an_impossible_bar_is_left_out() {
        let bar = |day: u32, low: f64| {
            let text =
                format!(r#"{{"t":"2026-09-{day:02}T04:00:00Z","o":10,"h":11,"l":{low},"c":10,"v":5}}"#);
            model::parse::<model::Bar>(text.as_bytes()).unwrap()
        };
        let (bars, impossible) = finished_bars(
            &[bar(15, 9.0), bar(16, 12.0), bar(17, 0.0)],
            "2026-09-18T15:00:00Z".parse().unwrap(),
        );
        assert_eq!((bars.len(), impossible), (1, 2));
    }
}
