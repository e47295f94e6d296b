//! The recorded AAPL chains of the last days before and after its split.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, TimeZone, Utc};
use rstest::rstest;
use rust_decimal::Decimal;
use ttai_contract::{OptionsRecommendation, Strategy};
use ttai_core::option::OccSymbol;
use ttai_core::{CashDividend, DividendStatus, NEW_YORK, OptionQuote};

use super::analysed;
use super::market::{chain, contract, day};
use crate::testing::{FakeMarket, oracle, quote, recorded_daily, rows};

fn new_york(text: &str) -> DateTime<Utc> {
    let local: NaiveDateTime = text.parse().unwrap();
    NEW_YORK.from_local_datetime(&local).unwrap().with_timezone(&Utc)
}

fn recorded_quote(row: &BTreeMap<String, String>) -> OptionQuote {
    let occ = OccSymbol::parse(&row["occ_symbol"]).unwrap();
    let decimal = |name: &str| -> Decimal {
        row[name].parse().or_else(|_| Decimal::from_scientific(&row[name])).unwrap()
    };
    let close = row["expiry_close_utc"].parse().unwrap();
    OptionQuote {
        contract: contract(
            "AAPL",
            occ.right,
            occ.strike,
            occ.expiration,
            day(&row["last_trade_date"]),
            close,
        ),
        bid: decimal("bid"),
        ask: decimal("ask"),
        bid_size: row["bid_size"].parse().unwrap_or(0),
        ask_size: row["ask_size"].parse().unwrap_or(0),
        last: row["last"].parse().ok(),
        volume: row["volume"].parse().unwrap_or(0),
        open_interest: row["open_interest"].parse().ok(),
        quote_time: new_york(&row["quote_time"]),
    }
}

/// AAPL at 15:00 New York time of a recorded day.
fn recorded(date: &str, price: f64) -> Option<FakeMarket> {
    let folder = oracle()?;
    let mut market =
        FakeMarket::of("AAPL", recorded_daily(&folder.join("daily/aapl.csv"), day("2014-06-05")));
    market.now = new_york(&format!("{date}T15:00:00"));
    market.quote = quote("AAPL", price, market.now);
    market.history.dividends =
        vec![CashDividend { ex_date: day("2014-08-07"), amount: 3.29, status: DividendStatus::Projected }];
    let file = folder.join(format!("chains/aapl_{}.csv", date.replace('-', "")));
    market.chain = Some(chain(&market, rows(&file).iter().map(recorded_quote).collect()));
    Some(market)
}

#[tokio::test]
async fn aapl_before_its_split_is_a_watchlist_with_the_june_630_put() {
    let Some(market) = recorded("2014-06-06", 648.43) else { return };
    let result = analysed(market, |_| {}).await;
    let close = |actual: f64, expected: f64, tolerance: f64| {
        assert!((actual - expected).abs() <= tolerance, "{actual} is not {expected}");
    };
    assert_eq!(result.recommendation, OptionsRecommendation::Watchlist);
    assert_eq!((result.best_strike, result.best_expiration.as_deref()), (Some(630.0), Some("2014-06-21")));
    let best = result.best.as_ref().unwrap();
    assert_eq!(best.contract, "AAPL  140621P00630000");
    assert_eq!((best.last_trade_date, best.dte, best.bid), (day("2014-06-20"), 14, 5.05));
    close(best.roc_weekly, 0.400_793_650_8, 1e-8);
    close(result.roc_shortfall.unwrap(), 0.0992, 5e-5);
    close(best.probability_of_profit.unwrap(), 0.7735, 2e-4);
    close(best.delta.unwrap(), -0.2645, 1e-3);
    close(best.breakeven, 624.95, 1e-9);
    close(best.collateral, 63_000.0, 1e-9);
    let event = &result.implied_events[0];
    assert_eq!((event.after, event.before), (day("2014-07-18"), day("2014-07-25")));
    close(event.forward_volatility, 44.0, 1.0);
    close(event.base_volatility, 24.0, 1.0);
    assert!(result.rationale.contains("sell 1 AAPL 2014-06-21 630 put (last trades 2014-06-20)"));
    assert!(
        result.rationale.contains("0.40 % of the strike a week at the bid; 0.50 % is required"),
        "{}",
        result.rationale
    );
    assert!(!result.stale);
    assert!(
        result
            .options_notes
            .contains("It expires before the event that options are pricing in between 2014-07-18 and")
    );
}

#[rstest]
#[case::covered_call("2014-06-06", 648.43, Strategy::CoveredCall)]
#[case::vertical("2014-06-06", 648.43, Strategy::Spread)]
#[case::covered_call_after_the_split("2014-06-09", 93.4, Strategy::CoveredCall)]
#[case::vertical_after_the_split("2014-06-09", 93.4, Strategy::Spread)]
#[tokio::test]
async fn recorded_chains_give_covered_calls_and_verticals(
    #[case] date: &str,
    #[case] price: f64,
    #[case] strategy: Strategy,
) {
    let Some(market) = recorded(date, price) else { return };
    let result = analysed(market, |params| params.trade.strategy = strategy).await;
    let best = result.best.as_ref().unwrap();
    let (base, expected) = match best.long_strike {
        Some(long) => (best.strike - long - best.credit, OptionsRecommendation::Select),
        None => (result.underlying_price, OptionsRecommendation::Watchlist),
    };
    assert_eq!(result.recommendation, expected);
    let weekly = 700.0 * best.credit / base / 14_f64.max(i32::try_from(best.dte).unwrap().into());
    assert!((best.roc_weekly - weekly).abs() < 1e-9, "{} {weekly}", best.roc_weekly);
    assert!(best.delta.unwrap().abs() <= 0.30 && !result.stale);
}
