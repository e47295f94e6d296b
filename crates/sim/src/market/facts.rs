//! Invented stories, report dates, short interest and volatility histories. The market is marked as simulated, and with it every
//! result; a story says so in its text.

use chrono::{DateTime, Days, Duration, NaiveDate, Utc};
use serde_json::{Value, json};
use ttai_calendar::Session;
use ttai_core::Symbol;

use super::company::Company;
use super::history::History;

/// Sessions of stored implied volatility.
const IV_SESSIONS: usize = 300;

/// The day of the next report, on a session.
pub(super) fn next_report(company: &Company, end: NaiveDate) -> Option<NaiveDate> {
    let (days, _) = company.earnings?;
    ttai_calendar::session_on_or_after(end + Days::new(days)).ok().map(|session| session.date)
}

/// `metrics/SYMBOL.json`.
pub(super) fn metrics(company: &Company, history: &History, end: NaiveDate) -> Value {
    let mut metrics = json!({ "iv30": iv30(company, history) });
    if let Some(sector) = company.sector {
        metrics["sector"] = json!(sector);
    }
    if let (Some(date), Some((_, confirmed))) = (next_report(company, end), company.earnings) {
        metrics["earnings"] = json!([{
            "date": date, "time": "after_market", "confirmed": confirmed, "known_from": end - Days::new(20),
        }]);
    }
    if let Some((percent, days)) = company.short_interest {
        let report = |weeks: i64, change: f64| {
            let as_of = end - Duration::weeks(weeks);
            json!({
                "as_of": as_of, "published": as_of + Days::new(9),
                "percent_of_float": percent * change, "days_to_cover": days * change,
            })
        };
        metrics["short_interest"] = json!([report(6, 0.9), report(4, 0.95), report(2, 1.0)]);
    }
    metrics
}

/// Yesterday's and older volatilities: what the bars were invented with, drawn towards what the options say today.
fn iv30(company: &Company, history: &History) -> Vec<Value> {
    let today = 0.5 * (company.volatility.0 + company.volatility.1);
    let count = history.bars.len();
    let first = count.saturating_sub(IV_SESSIONS + 1);
    let finished = first..count.saturating_sub(1);
    finished
        .map(|index| {
            // A month's average, as an implied volatility is smoother than a day's.
            let month = &history.volatility[index.saturating_sub(20)..=index];
            let mean = month.iter().sum::<f64>() / f64::from(u32::try_from(month.len()).unwrap_or(1));
            let iv = 0.6 * mean + 0.4 * today;
            json!({ "date": history.bars[index].date, "iv": (iv * 10_000.0).round() / 10_000.0 })
        })
        .collect()
}

/// `news/SYMBOL.json`: stories of the last sessions before `now`, oldest first.
pub(super) fn stories(
    ticker: &Symbol,
    company: &Company,
    sessions: &[Session],
    now: DateTime<Utc>,
    end: NaiveDate,
) -> Value {
    let mut texts = vec![
        (
            9,
            format!("{ticker} opens a plant in the Midwest"),
            "The plant, its town and its product are invented.".to_owned(),
        ),
        (
            5,
            format!("{ticker} rated neutral by a new analyst"),
            format!("The analyst of this simulated market sees {}.", company.character),
        ),
        (
            1,
            format!("What traders watch in {ticker} today"),
            format!("In the simulated market {ticker} plays {}.", company.character),
        ),
    ];
    if let (Some(date), Some((_, confirmed))) = (next_report(company, end), company.earnings) {
        let headline = if confirmed {
            format!("{ticker} to report after the close on {date}")
        } else {
            format!("{ticker} expected to report around {date}")
        };
        texts.push((3, headline, "The report and its date are invented.".to_owned()));
    }
    if let Some((_, change)) = company.shocks.last() {
        let percent = (change * -100.0).round();
        texts.push((
            2,
            format!("{ticker} cuts its outlook and faces a lawsuit"),
            format!("The simulated share had opened {percent} % lower after a made-up warning."),
        ));
    }
    texts.sort_by_key(|(back, _, _)| std::cmp::Reverse(*back));
    let story = |(back, headline, summary): (usize, String, String)| {
        let index = sessions.len().checked_sub(back + 1)?;
        let published_at = sessions.get(index)?.open + Duration::minutes(75);
        (published_at <= now).then(|| {
            json!({
                "id": format!("sim-{ticker}-{back}"),
                "headline": headline,
                "summary": format!("{summary} Nothing in this story is real."),
                "source": "Newswire",
                "published_at": published_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                "symbols": [ticker],
            })
        })
    };
    texts.into_iter().filter_map(story).collect()
}
