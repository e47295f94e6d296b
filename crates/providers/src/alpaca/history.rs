//! Bars, splits and dividends up to a moment.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use ttai_calendar::{new_york_date, session};
use ttai_core::{CashDividend, DailyBar, DividendStatus, MinuteBar, Split, Symbol};
use ttai_ports::{DailyHistory, PortError};

use super::model::{self, BarPage, CorporateActionPage, CorporateActions};
use super::news::rfc3339;
use super::{Alpaca, PROVIDER, corrupt};

/// Calendar days of daily history: more than four years of sessions.
const HISTORY_DAYS: i64 = 1_600;
/// Declared dividends and splits are looked for this far ahead.
const AHEAD_DAYS: i64 = 120;
/// Bars of one page, the most that Alpaca gives.
const BAR_PAGE: usize = 10_000;
/// Corporate actions of one page, the most that Alpaca gives.
const ACTION_PAGE: usize = 1_000;

impl Alpaca {
    async fn bars(
        &self,
        symbol: &Symbol,
        frame: &str,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<model::Bar>, PortError> {
        if until < from {
            return Ok(Vec::new());
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
        let mut bars = Vec::new();
        let take = |page: BarPage| {
            bars.extend(page.bars.unwrap_or_default().remove(symbol.as_str()).unwrap_or_default());
            page.next_page_token
        };
        self.client.pages("stock bars", first, take).await?;
        bars.sort_by_key(|bar| bar.time);
        bars.dedup_by_key(|bar| bar.time);
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
                .query("types", "forward_split,reverse_split,cash_dividend")
                .query("start", from.to_string())
                .query("end", until.to_string())
                .query("limit", ACTION_PAGE.to_string())
        };
        let mut all = CorporateActions::default();
        let take = |page: CorporateActionPage| {
            let page_actions = page.corporate_actions;
            all.forward_splits.extend(page_actions.forward_splits);
            all.reverse_splits.extend(page_actions.reverse_splits);
            all.cash_dividends.extend(page_actions.cash_dividends);
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
        let finished = |date: NaiveDate| session(date).is_none_or(|session| session.close <= as_of);
        let mut bars = Vec::with_capacity(days.len());
        for day in &days {
            let date = new_york_date(day.time);
            if date <= today && finished(date) {
                let bar = DailyBar::new(date, day.open, day.high, day.low, day.close, day.volume);
                bars.push(bar.map_err(|error| corrupt(format!("{symbol}: {error}")))?);
            }
        }
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
        Ok(DailyHistory {
            bars,
            today: so_far,
            splits,
            dividends,
            actions_unknown: None,
            warnings: Vec::new(),
        })
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
        let ended = bars.into_iter().filter(|bar| bar.time + Duration::minutes(1) <= until);
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

/// The splits in force on a day, oldest first.
fn splits(actions: &CorporateActions, today: NaiveDate) -> Vec<Split> {
    let rows = actions.forward_splits.iter().chain(&actions.reverse_splits);
    let by_date: BTreeMap<NaiveDate, f64> = rows
        .filter(|split| split.ex_date <= today && split.new_rate > 0.0 && split.old_rate > 0.0)
        .map(|split| (split.ex_date, split.new_rate / split.old_rate))
        .collect();
    by_date.into_iter().map(|(effective, ratio)| Split { effective, ratio }).collect()
}

/// Dividends in dollars of the day's shares, oldest first.
fn dividends(
    actions: &CorporateActions,
    splits: &[Split],
    today: NaiveDate,
    with_declared: bool,
) -> Vec<CashDividend> {
    let mut rows: Vec<CashDividend> = actions
        .cash_dividends
        .iter()
        .filter(|row| row.rate > 0.0 && (with_declared || row.ex_date <= today))
        .map(|row| {
            let ratio: f64 = splits
                .iter()
                .filter(|split| split.effective > row.ex_date)
                .map(|split| split.ratio)
                .product();
            let status = if row.ex_date <= today { DividendStatus::Paid } else { DividendStatus::Declared };
            CashDividend { ex_date: row.ex_date, amount: row.rate / ratio, status }
        })
        .collect();
    rows.sort_by_key(|row| row.ex_date);
    rows
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
}
