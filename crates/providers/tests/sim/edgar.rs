//! Filings of the simulated SEC, read by the adapter.

use std::sync::Arc;

use chrono::Duration;
use ttai_http::LocalLimits;
use ttai_ports::{
    AccountLimits, EarningsBasis, EarningsTime, Fact, Metrics, News, NewsWindow, PortError, Unknown,
};
use ttai_providers::edgar::{Edgar, EdgarSettings};
use ttai_sim::server::RunningSim;

use crate::support::{arm, sim, symbol};

fn edgar_of(sim: &RunningSim, contact: &str) -> Result<Edgar, PortError> {
    let limits: Arc<dyn AccountLimits> = Arc::new(LocalLimits::default());
    let settings = EdgarSettings {
        site_url: sim.endpoints.edgar.parse().unwrap(),
        data_url: sim.endpoints.edgar.parse().unwrap(),
        contact: contact.to_owned(),
    };
    Edgar::new(&settings, &limits)
}

fn edgar(sim: &RunningSim) -> Edgar {
    edgar_of(sim, "Jane Doe jane@example.com").unwrap()
}

fn years(sim: &RunningSim, years: i64) -> NewsWindow {
    let until = sim.state.market.now();
    NewsWindow { after: until - Duration::days(365 * years), until }
}

#[tokio::test]
async fn filings_are_news_with_the_time_at_which_they_became_public() {
    let sim = sim().await;
    let edgar = edgar(&sim);
    // Of three companies in a row one writes New York's clock as if it were universal time.
    for name in ["AAPL", "F", "INTC", "MSFT"] {
        let results = edgar.results_announcements(&symbol(name), years(&sim, 1)).await.unwrap().unwrap();
        assert!(results.len() >= 3, "{name}: {results:?}");
        for announcement in &results {
            assert_eq!(announcement.time, EarningsTime::AfterMarket, "{name}: {announcement:?}");
            assert_eq!(
                announcement.published_at.with_timezone(&ttai_core::NEW_YORK).format("%H:%M").to_string(),
                "16:30"
            );
        }
        let stories = edgar.stories(&symbol(name), years(&sim, 1)).await.unwrap().unwrap();
        assert!(stories.windows(2).all(|pair| pair[0].published_at >= pair[1].published_at));
        let of_results = stories.iter().find(|story| story.id == results[0].accession).unwrap();
        assert_eq!(
            of_results.headline,
            format!(
                "Simulated {name} Corp files 8-K (current report): Results of Operations and Financial Condition"
            )
        );
        assert_eq!(of_results.symbols, [symbol(name)]);
        assert!(of_results.url.as_ref().unwrap().contains("/Archives/edgar/data/90000"), "{of_results:?}");
    }
    sim.shutdown().await;
}

/// The simulated companies report every thirteen weeks, the next time on the day that the market's metrics have.
#[tokio::test]
async fn past_filings_tell_when_the_next_report_may_come() {
    let sim = sim().await;
    let edgar = edgar(&sim);
    let now = sim.state.market.now();
    for name in ["AAPL", "NVDA", "TSLA"] {
        let known = sim.state.market.metrics(&symbol(name)).await.unwrap().unwrap().next_earnings.unwrap();
        let found = edgar.metrics(&symbol(name), now).await.unwrap().unwrap().next_earnings.unwrap();
        assert!((found.date - known.date).num_days().abs() <= 7, "{name}: {found:?}, {known:?}");
        assert_eq!((found.confirmed, found.basis), (false, EarningsBasis::PastFilings), "{name}");
        assert_eq!(found.time, EarningsTime::AfterMarket, "{name}");
    }
    // A fund does not report, and of what is not listed nothing is known.
    for name in ["SPY", "ZZZZ"] {
        let none = edgar.metrics(&symbol(name), now).await.unwrap().unwrap();
        assert_eq!(none.known(Fact::Earnings, ()), Err(Unknown::NotProvided), "{name}");
    }
    sim.shutdown().await;
}

#[tokio::test]
async fn older_files_are_read_only_where_they_are_needed() {
    let sim = sim().await;
    arm(&sim, r#"{"service":"edgar","path":"submissions-001","times":99,"action":"status","status":400}"#);
    let edgar = edgar(&sim);
    let aapl = symbol("AAPL");
    let near = edgar.stories(&aapl, years(&sim, 1)).await.unwrap().unwrap();
    assert!(edgar.stories(&aapl, years(&sim, 3)).await.is_err());
    sim.state.faults.remove(None, &sim.state.market);
    let far = edgar.stories(&aapl, years(&sim, 3)).await.unwrap().unwrap();
    assert!(far.len() >= 2 * near.len(), "{} {}", far.len(), near.len());
    sim.shutdown().await;
}

#[tokio::test]
async fn nobody_calls_without_a_contact_and_an_unknown_ticker_has_no_filings() {
    let sim = sim().await;
    assert!(matches!(edgar_of(&sim, ""), Err(PortError::Invalid { .. })));
    let edgar = edgar(&sim);
    assert_eq!(edgar.stories(&symbol("ZZZZ"), years(&sim, 1)).await.unwrap(), None);
    assert_eq!(edgar.stories(&symbol("SPY"), years(&sim, 1)).await.unwrap(), Some(Vec::new()));
    assert_eq!(edgar.company_name(&symbol("AAPL")).await.unwrap().as_deref(), Some("Simulated AAPL Corp"));
    sim.shutdown().await;
}

#[tokio::test]
async fn being_shut_out_passes_and_being_unknown_does_not() {
    let sim = sim().await;
    let aapl = symbol("AAPL");
    for (fault, outlived) in [
        (r#"{"service":"edgar","action":"status","status":503}"#, true),
        (r#"{"service":"edgar","action":"reset"}"#, true),
        (
            r#"{"service":"edgar","action":"status","status":403,"body":"<title>Undeclared Automated Tool</title>"}"#,
            false,
        ),
        (
            r#"{"service":"edgar","action":"status","status":403,"body":"Request Rate Threshold Exceeded"}"#,
            false,
        ),
    ] {
        arm(&sim, fault);
        let answer = edgar(&sim).stories(&aapl, years(&sim, 1)).await;
        assert_eq!(answer.is_ok(), outlived, "{fault}: {answer:?}");
        if let Err(error) = answer {
            assert_eq!(error.is_retryable(), fault.contains("Threshold"), "{error}");
        }
        sim.state.faults.remove(None, &sim.state.market);
    }
    sim.shutdown().await;
}
