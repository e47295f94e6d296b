//! SEC EDGAR: `/files/company_tickers.json`, `/submissions/CIK##########.json`, `/Archives/…`. The filings are invented from
//! the calendar: a quarterly or annual report and an 8-K with item 2.02 each quarter, insider forms between. As in reality
//! the acceptance times of some companies are New York's clock with a `Z` behind it. Callers without a contact are refused.

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use ttai_calendar::{new_york_date, new_york_instant, session_on_or_after, session_on_or_before};
use ttai_core::{NEW_YORK, Symbol};
use ttai_ports::PortError;

use super::{SimState, conditional};

/// Quarters of filings in the first file; older ones lie in a second.
const RECENT_QUARTERS: i64 = 8;
/// Quarters of filings in all.
const QUARTERS: i64 = 12;
/// The number that the invented companies count from; no real company has it.
const FIRST_CIK: u64 = 9_000_001;

pub(crate) fn router(state: SimState) -> Router {
    Router::new()
        .route("/files/company_tickers.json", get(tickers))
        .route("/submissions/{file}", get(submissions))
        .route("/Archives/edgar/data/{cik}/{accession}/{document}", get(document))
        .layer(from_fn(declared))
        .with_state(state)
}

/// The SEC answers those only who say who they are.
async fn declared(request: Request, next: Next) -> Response {
    let caller = request.headers().get(header::USER_AGENT).and_then(|caller| caller.to_str().ok());
    if caller.is_some_and(|caller| caller.contains('@')) {
        return next.run(request).await;
    }
    let page = "<html><head><title>SEC.gov | Your Request Originates from an Undeclared Automated Tool</title></head><body><h1>Your \
                Request Originates from an Undeclared Automated Tool</h1></body></html>";
    (StatusCode::FORBIDDEN, Html(page)).into_response()
}

/// A filing as the files have it.
struct Filing {
    accession: String,
    filing_date: NaiveDate,
    report_date: Option<NaiveDate>,
    accepted: DateTime<Utc>,
    form: &'static str,
    items: &'static str,
    document: String,
    description: &'static str,
}

async fn tickers(State(state): State<SimState>, headers: HeaderMap) -> Response {
    let rows: Map<String, Value> = state
        .market
        .symbols()
        .iter()
        .zip(FIRST_CIK..)
        .enumerate()
        .map(|(row, (symbol, cik))| {
            (row.to_string(), json!({ "cik_str": cik, "ticker": ticker(symbol), "title": company(symbol) }))
        })
        .collect();
    conditional::answer(&headers, "application/json", None, Value::Object(rows).to_string())
}

async fn submissions(
    State(state): State<SimState>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    let Some((symbol, cik, is_older)) = company_of(&state, &file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let body = match filings(&state, &symbol, cik).await {
        Ok(filings) => {
            let (recent, older): (Vec<Filing>, Vec<Filing>) = {
                let today = new_york_date(state.market.now());
                let border = today - Duration::weeks(13 * RECENT_QUARTERS);
                filings.into_iter().partition(|filing| filing.filing_date >= border)
            };
            let is_eastern = writes_new_york_time(cik);
            if is_older {
                columns(&older, is_eastern)
            } else {
                whole(&symbol, cik, &recent, &older, is_eastern)
            }
        }
        Err(error) => return (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    };
    conditional::answer(&headers, "application/json", None, body.to_string())
}

async fn document(
    State(state): State<SimState>,
    Path((cik, accession, _document)): Path<(u64, String, String)>,
) -> Response {
    let known = symbol_of(&state, cik).is_some() && accession.len() == 18;
    if !known {
        return StatusCode::NOT_FOUND.into_response();
    }
    Html("<html><body><p>An invented filing of a simulated market. Nothing in it is real.</p></body></html>")
        .into_response()
}

/// `CIK0009000001.json`, or `CIK0009000001-submissions-001.json` for the older ones.
fn company_of(state: &SimState, file: &str) -> Option<(Symbol, u64, bool)> {
    let name = file.strip_prefix("CIK")?.strip_suffix(".json")?;
    let (digits, is_older) = match name.strip_suffix("-submissions-001") {
        Some(digits) => (digits, true),
        None => (name, false),
    };
    let cik: u64 = Some(digits).filter(|digits| digits.len() == 10)?.parse().ok()?;
    Some((symbol_of(state, cik)?, cik, is_older))
}

fn symbol_of(state: &SimState, cik: u64) -> Option<Symbol> {
    let place = usize::try_from(cik.checked_sub(FIRST_CIK)?).ok()?;
    state.market.symbols().get(place).cloned()
}

/// Every third company writes New York's clock.
fn writes_new_york_time(cik: u64) -> bool {
    cik.is_multiple_of(3)
}

fn ticker(symbol: &Symbol) -> String {
    symbol.as_str().replace(['.', '/'], "-")
}

fn company(symbol: &Symbol) -> String {
    format!("Simulated {symbol} Corp")
}

/// Everything accepted by now, newest first. A fund files no reports.
async fn filings(state: &SimState, symbol: &Symbol, cik: u64) -> Result<Vec<Filing>, PortError> {
    let now = state.market.now();
    let metrics = state.market.metrics(symbol).await?.unwrap_or_default();
    let mut filings = Vec::new();
    if metrics.sector.is_some() {
        let today = new_york_date(now);
        let next = metrics.next_earnings.map_or(today + Duration::days(45), |next| next.date);
        for quarter in 1..=QUARTERS {
            let report = next - Duration::weeks(13 * quarter);
            filings.extend(quarter_of(cik, report));
        }
    }
    filings.retain(|filing| filing.accepted <= now);
    filings.sort_by_key(|filing| std::cmp::Reverse(filing.accepted));
    Ok(filings)
}

/// The filings around a report: results at 16:30, the report itself at 18:02 the day after, an insider's sale a month later,
/// one change of an officer before 8 in the morning.
fn quarter_of(cik: u64, report: NaiveDate) -> Vec<Filing> {
    let end = report - Duration::days(30);
    let is_annual = (10..=12).contains(&end.month());
    let plan: [(i64, u32, u32, &str, &str, &str, &str); 4] = [
        (0, 16, 30, "8-K", "2.02,9.01", "results.htm", "8-K"),
        (1, 18, 2, if is_annual { "10-K" } else { "10-Q" }, "", "report.htm", "Report"),
        (30, 21, 40, "4", "", "xslF345X05/form4.xml", "FORM 4"),
        (50, 7, 30, "8-K", "5.02", "officer.htm", "8-K"),
    ];
    let filings = plan.iter().filter_map(|(days, hour, minute, form, items, document, description)| {
        let day = report + Days::new(u64::try_from(*days).ok()?);
        let date = session_on_or_after(day).ok()?.date;
        let accepted = new_york_instant(date, *hour, *minute).ok()?;
        // What comes after 17:30 bears the next business day's date.
        let late = *hour * 60 + *minute > 17 * 60 + 30 && *form != "4";
        let filing_date = if late { session_on_or_after(date + Days::new(1)).ok()?.date } else { date };
        let number = date.ordinal() * 10 + u32::try_from(*days % 10).ok()?;
        Some(Filing {
            accession: format!("{cik:010}-{:02}-{number:06}", date.year().rem_euclid(100)),
            filing_date,
            report_date: session_on_or_before(if form.starts_with("10-") { end } else { date })
                .ok()
                .map(|session| session.date),
            accepted,
            form,
            items,
            document: (*document).to_owned(),
            description,
        })
    });
    filings.collect()
}

fn whole(symbol: &Symbol, cik: u64, recent: &[Filing], older: &[Filing], is_eastern: bool) -> Value {
    let dates = |filings: &[Filing]| {
        let dates = filings.iter().map(|filing| filing.filing_date);
        (dates.clone().min(), dates.max())
    };
    let files = match dates(older) {
        (Some(from), Some(to)) => json!([{
            "name": format!("CIK{cik:010}-submissions-001.json"),
            "filingCount": older.len(),
            "filingFrom": from,
            "filingTo": to,
        }]),
        _ => json!([]),
    };
    json!({
        "cik": format!("{cik:010}"),
        "entityType": "operating",
        "sic": "0000",
        "sicDescription": "Simulation",
        "name": company(symbol),
        "tickers": [ticker(symbol)],
        "exchanges": ["Nasdaq"],
        "fiscalYearEnd": "1231",
        "formerNames": [],
        "filings": { "recent": columns(recent, is_eastern), "files": files },
    })
}

/// One array a field.
fn columns(filings: &[Filing], is_eastern: bool) -> Value {
    let each = |read: &dyn Fn(&Filing) -> Value| filings.iter().map(read).collect::<Vec<Value>>();
    json!({
        "accessionNumber": each(&|filing| json!(filing.accession)),
        "filingDate": each(&|filing| json!(filing.filing_date)),
        "reportDate": each(&|filing| filing.report_date.map_or(json!(""), |date| json!(date))),
        "acceptanceDateTime": each(&|filing| json!(acceptance(filing.accepted, is_eastern))),
        "act": each(&|_| json!("34")),
        "form": each(&|filing| json!(filing.form)),
        "fileNumber": each(&|_| json!("001-00000")),
        "filmNumber": each(&|_| json!("")),
        "items": each(&|filing| json!(filing.items)),
        "core_type": each(&|filing| json!(filing.form)),
        "size": each(&|_| json!(10_000)),
        "isXBRL": each(&|_| json!(0)),
        "isInlineXBRL": each(&|_| json!(0)),
        "primaryDocument": each(&|filing| json!(filing.document)),
        "primaryDocDescription": each(&|filing| json!(filing.description)),
    })
}

fn acceptance(at: DateTime<Utc>, is_eastern: bool) -> String {
    if is_eastern {
        at.with_timezone(&NEW_YORK).format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
    } else {
        at.to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_has_its_filings_in_edgars_hours() {
        let filings = quarter_of(FIRST_CIK, NaiveDate::from_ymd_opt(2026, 7, 30).unwrap_or_default());
        let forms: Vec<&str> = filings.iter().map(|filing| filing.form).collect();
        assert_eq!(forms, ["8-K", "10-Q", "4", "8-K"]);
        assert_eq!(filings[0].accepted.to_rfc3339(), "2026-07-30T20:30:00+00:00");
        assert!(filings[1].filing_date > new_york_date(filings[1].accepted));
        assert!(filings.iter().all(|filing| filing.accession.len() == 20));
        assert_eq!(acceptance(filings[0].accepted, true), "2026-07-30T16:30:00.000Z");
        assert_eq!(acceptance(filings[0].accepted, false), "2026-07-30T20:30:00.000Z");
    }
}
