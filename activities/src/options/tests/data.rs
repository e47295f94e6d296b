//! Data that belong together: chain, underlying and clock; quotes among themselves; what is not reported.

use chrono::TimeDelta;
use rstest::rstest;
use rust_decimal::Decimal;
use ttai_contract::{OpenInterestPolicy, OptionsAnalysisResult, OptionsConstraints, OptionsRecommendation};
use ttai_core::{OptionQuote, OptionRight, QuoteCondition};

use super::market::{SPOT, day, now};
use super::{analysed, invented};
use crate::testing::{FakeMarket, quote};

fn dollars(value: i64) -> Decimal {
    Decimal::from(value)
}

/// No contract, no return, no volatility, and the rule that withholds them.
fn assert_withheld(result: &OptionsAnalysisResult, rule: &str) {
    assert_eq!((result.recommendation, result.rule.as_str()), (OptionsRecommendation::Watchlist, rule));
    assert!(result.stale && result.best.is_none() && result.weekly_roc.is_none() && result.iv30.is_none());
    assert!(result.alternative_strikes.is_empty() && result.expected_moves.is_empty());
    assert!(!result.options_notes.contains("a week"), "{}", result.options_notes);
}

#[tokio::test]
async fn a_chain_beside_another_price_gives_no_selection_and_both_prices_with_their_times() {
    let mut market = invented(0.60);
    let chain = market.chain.as_mut().unwrap();
    chain.underlying = quote("XYZ", SPOT + 5.0, now());
    let result = analysed(market, |_| {}).await;
    assert_withheld(&result, "prices_do_not_agree");
    for part in ["underlying at 105.00 (2014-06-06 15:00 ET)", "the quote was 100.00 (2014-06-06 15:00 ET)"] {
        assert!(result.rationale.contains(part), "{}", result.rationale);
    }
}

#[tokio::test]
async fn options_that_imply_another_price_give_no_selection() {
    // Chain and quote agree with each other and with nothing that is traded.
    let mut market = invented(0.60);
    market.quote = quote("XYZ", SPOT + 5.0, now());
    market.chain.as_mut().unwrap().underlying = market.quote.clone();
    let result = analysed(market, |_| {}).await;
    assert_withheld(&result, "prices_do_not_agree");
    let first = &result.rationale;
    assert!(first.contains("105.00 (2014-06-06 15:00 ET)") && first.contains("imply 99.98"), "{first}");
}

#[tokio::test]
async fn a_small_difference_is_none() {
    let mut market = invented(0.60);
    market.chain.as_mut().unwrap().underlying = quote("XYZ", SPOT + 0.3, now());
    assert_eq!(analysed(market, |_| {}).await.recommendation, OptionsRecommendation::Select);
}

#[tokio::test]
async fn a_chain_without_a_price_takes_the_quote_of_its_minute() {
    let bare = || {
        let mut market = invented(0.60);
        let underlying = &mut market.chain.as_mut().unwrap().underlying;
        (underlying.bid, underlying.ask, underlying.last) = (None, None, None);
        market
    };
    let expected = analysed(invented(0.60), |_| {}).await;
    let result = analysed(bare(), |_| {}).await;
    assert_eq!((result.recommendation, result.best), (OptionsRecommendation::Select, expected.best));
    let mut later = bare();
    later.now = now() + TimeDelta::minutes(4);
    later.quote = quote("XYZ", SPOT, later.now);
    assert_withheld(&analysed(later, |_| {}).await, "no_underlying_price");
}

#[rstest]
#[case::in_the_session(6, "chain_too_old", "6 minutes old")]
#[case::on_monday(68 * 60, "chain_of_another_session", "1 session before this analysis")]
#[case::three_sessions_on(116 * 60, "chain_of_another_session", "3 sessions before this analysis")]
#[tokio::test]
async fn an_old_chain_gives_no_economics(#[case] minutes: i64, #[case] rule: &str, #[case] said: &str) {
    let mut market = invented(0.60);
    market.now = now() + TimeDelta::minutes(minutes);
    let result = analysed(market, |_| {}).await;
    assert_withheld(&result, rule);
    assert!(result.rationale.contains("from 2014-06-06 15:00 ET"), "{}", result.rationale);
    assert!(result.rationale.contains(said), "{}", result.rationale);
}

#[tokio::test]
async fn a_delayed_feed_is_a_state_with_a_verdict() {
    let mut market = invented(0.60);
    market.now = now() + TimeDelta::minutes(15);
    market.quote.conditions = vec![QuoteCondition::Delayed];
    market.chain.as_mut().unwrap().underlying.conditions = vec![QuoteCondition::Delayed];
    let delayed = analysed(market.clone(), |_| {}).await;
    assert_eq!(delayed.recommendation, OptionsRecommendation::Select);
    assert!(!delayed.stale && delayed.delta.is_some());
    assert!(delayed.rationale.contains("Prices are delayed 15 min."), "{}", delayed.rationale);
    assert!(delayed.warnings.iter().any(|warning| warning.contains("delayed 15 min")));
    // What is older than the delay explains is stale.
    market.chain.as_mut().unwrap().underlying.conditions = vec![QuoteCondition::Stale];
    assert_withheld(&analysed(market, |_| {}).await, "chain_too_old");
}

fn put_of(market: &mut FakeMarket, strike: i64) -> &mut OptionQuote {
    let wanted = |quote: &&mut OptionQuote| {
        let contract = &quote.contract;
        contract.right == OptionRight::Put
            && contract.strike == dollars(strike)
            && contract.expiration == day("2014-06-20")
    };
    market.chain.as_mut().unwrap().quotes.iter_mut().find(wanted).unwrap()
}

#[tokio::test]
async fn a_contract_that_contradicts_others_is_left_out_and_named() {
    let sound = analysed(invented(0.60), |_| {}).await;
    let mut market = invented(0.60);
    // Bid above what the put five dollars nearer to the money is offered at, it would be the best of all.
    let dear = put_of(&mut market, 90);
    (dear.bid, dear.ask) = (dollars(4), dollars(4) + Decimal::new(5, 2));
    let result = analysed(market, |_| {}).await;
    assert_ne!(result.best_strike, Some(90.0));
    assert_eq!(result.recommendation, sound.recommendation);
    assert!(
        result
            .alternative_strikes
            .iter()
            .all(|other| other.strike != 90.0 || other.expiration != day("2014-06-20"))
    );
    let named = result.warnings.iter().find(|warning| warning.contains("is left out")).unwrap();
    assert!(named.starts_with("the XYZ 2014-06-20 90 put, 4.00 bid and 4.05 asked"), "{named}");
    assert!(named.contains("a sure gain of") && !named.contains("unclear"), "{named}");
}

#[tokio::test]
async fn where_every_quote_contradicts_others_nothing_is_analysed() {
    let mut market = invented(0.60);
    // Nothing pairs up, and each call is bid above the share.
    let quotes = &mut market.chain.as_mut().unwrap().quotes;
    quotes.retain(|quote| quote.contract.right == OptionRight::Call);
    for quote in quotes {
        (quote.bid, quote.ask) = (dollars(500), dollars(501));
    }
    let error = super::run(
        &crate::testing::ports(market).0,
        ttai_contract::OptionsAnalysisParams::new("XYZ".parse().unwrap()),
    )
    .await
    .unwrap_err();
    assert!(error.to_string().contains("contradicts others"), "{error}");
}

#[tokio::test]
async fn a_market_too_wide_implies_nothing() {
    let mut market = invented(0.60);
    for quote in &mut market.chain.as_mut().unwrap().quotes {
        quote.bid = (quote.bid * Decimal::new(8, 1)).round_dp(2);
        quote.ask = (quote.ask * Decimal::new(12, 1)).round_dp(2);
    }
    let wide = OptionsConstraints { max_spread_pct: 200.0, ..OptionsConstraints::default() };
    let result = analysed(market, |params| params.trade.constraints = Some(wide)).await;
    assert_eq!((result.recommendation, result.iv30), (OptionsRecommendation::Reject, None));
    assert_eq!(result.binding_constraint.as_deref(), Some("iv"));
}

#[rstest]
#[case(OpenInterestPolicy::Warn, OptionsRecommendation::Select, true)]
#[case(OpenInterestPolicy::Allow, OptionsRecommendation::Select, false)]
#[case(OpenInterestPolicy::Exclude, OptionsRecommendation::Reject, false)]
#[tokio::test]
async fn unreported_open_interest_is_a_policy_and_not_a_zero(
    #[case] unknown_open_interest: OpenInterestPolicy,
    #[case] expected: OptionsRecommendation,
    #[case] warned: bool,
) {
    let mut market = invented(0.60);
    for quote in &mut market.chain.as_mut().unwrap().quotes {
        quote.open_interest = None;
    }
    let limits = OptionsConstraints { unknown_open_interest, ..OptionsConstraints::default() };
    let result = analysed(market, |params| params.trade.constraints = Some(limits)).await;
    assert_eq!(result.recommendation, expected);
    let text = "open interest is not reported";
    assert_eq!(result.warnings.iter().any(|warning| warning.starts_with(text)), warned);
    assert!(
        result.options_notes.to_lowercase().contains("open interest is not reported"),
        "{}",
        result.options_notes
    );
    assert!(!result.options_notes.contains("open interest 0"), "{}", result.options_notes);
}

#[tokio::test]
async fn a_contract_without_open_interest_among_others_that_have_it_is_out() {
    let best = analysed(invented(0.60), |_| {}).await.best.unwrap();
    let mut market = invented(0.60);
    for quote in &mut market.chain.as_mut().unwrap().quotes {
        if quote.contract.occ_symbol() == best.contract {
            quote.open_interest = None;
        }
    }
    assert_ne!(analysed(market, |_| {}).await.best.unwrap().contract, best.contract);
}

#[tokio::test]
async fn nothing_is_selected_at_doubtful_prices() {
    let mut halted = invented(0.60);
    halted.quote.conditions = vec![QuoteCondition::Halted];
    let result = analysed(halted, |_| {}).await;
    assert_eq!(
        (result.recommendation, result.rule.as_str()),
        (OptionsRecommendation::Watchlist, "stale_prices")
    );
    assert!(result.rationale.starts_with("Watchlist: ") && result.stale, "{}", result.rationale);
}

#[tokio::test]
async fn unknown_corporate_actions_are_said() {
    let mut market = invented(0.60);
    market.history.actions_unknown = Some("dividends and splits are unknown: no file".to_owned());
    let result = analysed(market, |_| {}).await;
    assert!(
        result.options_notes.contains("Dividends and splits are unknown: no file."),
        "{}",
        result.options_notes
    );
    assert!(result.warnings.iter().any(|warning| warning.starts_with("dividends and splits are unknown")));
}
