//! Quick analyses say what the analysts say, capital is dealt out, and what changed is told.

use std::sync::Arc;

use chrono::DateTime;
use rust_decimal::Decimal;
use serde_json::json;
use ttai_contract::{
    CSPScreenerParams, ChartAnalysisParams, ChartContext, FreeCapital, FreeCapitalParams,
    OptionsAnalysisParams, OverallRecommendation, QuickAnalyses, QuickAnalysesParams, ScreenRanking,
    ScreenRun, SizePicksParams, SuggestedPosition, UnsizedPick, UserId,
};
use ttai_core::{OccSymbol, Symbol};
use ttai_ports::{
    BrokerLeg, BrokerOrder, BrokerPosition, Instrument, KeptAccount, KeptPosition, OrderAction, OrderStatus,
    RankedPick, ScreenRunRecord, ScreenerResults,
};

use super::{capital, changes, quick, store};
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::options::tests::market::invented;
use crate::ports::Ports;
use crate::supervise::Progress;
use crate::testing::{FakeMarket, OneAccount, ports, symbol, wavy_bars};
use crate::{chart, options};

pub(super) fn run() -> ScreenRun {
    ScreenRun {
        user_id: UserId::default(),
        screen: "morning".to_owned(),
        workflow_id: "csp-screener-1".to_owned(),
        run_id: "r1".to_owned(),
    }
}

pub(super) fn asked(symbols: &[&str], change: impl FnOnce(&mut QuickAnalysesParams)) -> QuickAnalysesParams {
    let mut params = QuickAnalysesParams {
        run: run(),
        symbols: symbols.iter().map(|name| symbol(name)).collect(),
        trade: CSPScreenerParams::default().trade(),
        min_price: None,
        max_price: None,
        min_volume: None,
        min_iv_rank: None,
        ranking: Some(ScreenRanking::ReturnAtBid),
        as_of: None,
        room: Default::default(),
        with_options: false,
        due: None,
    };
    change(&mut params);
    params
}

pub(super) async fn looked(
    ports: &Ports,
    params: QuickAnalysesParams,
) -> Result<QuickAnalyses, AnalystError> {
    quick::analyse(ports, &Compute::new(2), params, Progress::default()).await
}

fn codes(answer: &QuickAnalyses) -> Vec<&str> {
    answer.dropped.iter().chain(&answer.failed).map(|group| group.code.as_str()).collect()
}

#[tokio::test]
async fn a_quick_analysis_says_what_the_analysts_say() {
    let (ports, store) = ports(invented(0.60));
    let answer = looked(&ports, asked(&["XYZ", "NONE"], |_| {})).await.unwrap();
    let found = &answer.candidates[0];
    assert!(found.recommendation >= OverallRecommendation::Select, "{found:?}");
    assert_eq!(codes(&answer), ["unknown_symbol"]);

    let compute = Compute::new(2);
    let params =
        ChartAnalysisParams { include_chart_image: false, ..ChartAnalysisParams::new(symbol("XYZ")) };
    let chart = chart::analyse(&ports, &compute, params, Progress::default()).await.unwrap();
    let params = OptionsAnalysisParams {
        trade: CSPScreenerParams::default().trade(),
        chart_context: Some(ChartContext::from(&chart)),
        ..OptionsAnalysisParams::new(symbol("XYZ"))
    };
    let full = options::analyse(&ports, &compute, params, Progress::default()).await.unwrap();
    let best = full.best.unwrap();
    assert_eq!((&found.contract, found.capital_for_one), (&best.contract, best.capital_for_one()));
    assert!((found.scores.return_at_bid - best.roc_weekly).abs() < 1e-6);
    let weighted = best.roc_weekly * best.probability_of_profit.unwrap();
    assert!((found.scores.probability_weighted.unwrap() - weighted).abs() < 1e-6);
    let seen = found.observed.unwrap();
    // 14 days hold ten sessions from the one after.
    assert!(seen.n > 200 && (9..=28).contains(&seen.sessions) && seen.share > 0.5, "{seen:?}");

    let rows = store.screened(&quick::key(&run())).await.unwrap();
    let row = |name: &str| rows.iter().find(|row| row.symbol == symbol(name)).unwrap();
    assert_eq!((row("XYZ").reason.as_str(), row("NONE").verdict.as_str()), ("", "failed"));
}

#[tokio::test]
async fn each_dropped_candidate_has_its_reason() {
    let dropped = async |market: FakeMarket, change: &dyn Fn(&mut QuickAnalysesParams)| {
        let (ports, store) = ports(market);
        let answer = looked(&ports, asked(&["XYZ"], change)).await.unwrap();
        assert!(answer.candidates.is_empty(), "{answer:?}");
        let rows = store.screened(&quick::key(&run())).await.unwrap();
        (codes(&answer)[0].to_owned(), rows[0].reason.clone())
    };
    let (code, reason) = dropped(invented(0.60), &|params| params.max_price = Some(50.0)).await;
    assert_eq!((code.as_str(), reason.as_str()), ("max_price", "the price of $100.00 is above $50.00"));
    let (code, _) = dropped(invented(0.60), &|params| params.min_volume = Some(u64::MAX)).await;
    assert_eq!(code, "min_volume");
    let (code, reason) = dropped(invented(0.15), &|_| {}).await;
    assert_eq!(code, "roc", "{reason}");
    assert!(reason.starts_with("Watchlist"), "{reason}");
    let poor = |params: &mut QuickAnalysesParams| params.room = [(String::new(), 5_000.0)].into();
    let (code, reason) = dropped(invented(0.60), &poor).await;
    assert_eq!(code, "capital");
    assert!(reason.ends_with("and $5,000 is free for it"), "{reason}");
    let strict = |params: &mut QuickAnalysesParams| {
        params.trade.constraints.as_mut().unwrap().min_open_interest = 1_000_000;
    };
    assert_eq!(dropped(invented(0.60), &strict).await.0, "open_interest");
    // Five bars are no chart.
    let short = FakeMarket::of("XYZ", wavy_bars("2014-06-05".parse().unwrap(), 5, 0.0));
    assert_eq!(dropped(short, &|_| {}).await.0, "no_data");
}

#[tokio::test]
async fn a_screen_that_wants_contracts_gets_those_that_only_miss_the_return_too() {
    let (ports, _) = ports(invented(0.15));
    let answer = looked(&ports, asked(&["XYZ"], |params| params.with_options = true)).await.unwrap();
    let found = &answer.candidates[0];
    assert_eq!(found.recommendation, OverallRecommendation::Watchlist);
    assert!(found.options_data.as_ref().is_some_and(|best| best.exit_plan.is_empty()));
    assert!(found.reason.as_ref().is_some_and(|reason| reason.starts_with("Watchlist")), "{found:?}");
}

fn shares(name: &str, quantity: i64, mark: i64) -> BrokerPosition {
    BrokerPosition {
        symbol: name.to_owned(),
        kind: "Equity".to_owned(),
        instrument: Some(Instrument::Equity(symbol(name))),
        quantity: quantity.into(),
        average_open_price: Decimal::ONE,
        mark: Some(mark.into()),
        multiplier: Decimal::ONE,
        day_base: None,
        updated_at: None,
    }
}

#[tokio::test]
async fn what_is_held_counts_against_the_cap() {
    let (mut ports, _) = ports(invented(0.30));
    let none = capital::fetch(&ports, &Compute::per_core(), &FreeCapitalParams::default()).await.unwrap();
    assert_eq!((none.free, none.source.as_str()), (None, "no account is connected"));
    let put = BrokerPosition {
        instrument: Some(Instrument::Option(OccSymbol::parse("AAPL  140620P00090000").unwrap())),
        multiplier: Decimal::ONE_HUNDRED,
        quantity: (-2).into(),
        ..shares("AAPL", 0, 1)
    };
    let future = BrokerPosition { instrument: None, ..shares("ESM4", 1, 1) };
    let positions = Some(vec![shares("AAPL", 10, 95), put, future]);
    ports.brokers = vec![Arc::new(OneAccount { positions, orders: Some(Vec::new()) })];
    let known = capital::fetch(&ports, &Compute::per_core(), &FreeCapitalParams::default()).await.unwrap();
    assert_eq!((known.free, known.symbol_cap), (Some(40_000.into()), Some(20_000.into())));
    assert_eq!(known.held.get(&symbol("AAPL")), Some(&Decimal::from(18_950)));
    assert_eq!(known.room(&symbol("AAPL")), Some(1_050.into()));
    assert_eq!(known.rooms(), [(String::new(), 20_000.0), ("AAPL".to_owned(), 1_050.0)].into());
    assert!(known.problems[0].starts_with("ESM4 does not count"), "{:?}", known.problems);
    ports.brokers = vec![Arc::new(OneAccount::default())];
    let unread = capital::fetch(&ports, &Compute::per_core(), &FreeCapitalParams::default()).await.unwrap();
    assert!(unread.problems[0].starts_with("what is held does not count"), "{:?}", unread.problems);
    assert!(unread.problems[1].starts_with("working orders do not count"), "{:?}", unread.problems);
    let stated = FreeCapitalParams { capital: Some(12_345.67), ..FreeCapitalParams::default() };
    let stated = capital::fetch(&ports, &Compute::per_core(), &stated).await.unwrap();
    assert_eq!((stated.free, stated.symbol_cap), (Decimal::new(1_234_567, 2).into(), None));
    let other = FreeCapitalParams { account_id: "B2".to_owned(), ..FreeCapitalParams::default() };
    assert!(matches!(
        capital::fetch(&ports, &Compute::per_core(), &other).await,
        Err(AnalystError::Validation(_))
    ));
}

#[tokio::test]
async fn what_is_kept_by_hand_counts_against_the_cap() {
    let (mut ports, store) = ports(invented(0.30));
    ports.brokers = vec![Arc::new(OneAccount { positions: Some(Vec::new()), orders: Some(Vec::new()) })];
    let kept = |user: &str, symbol: &str, quantity: i64, cash: Option<Decimal>| {
        let position = KeptPosition {
            instrument: symbol.to_owned().try_into().unwrap(),
            quantity: quantity.into(),
            price: Decimal::from(95),
            opened: None,
            note: String::new(),
        };
        let (account, changed_at) = ("hand-main".to_owned(), DateTime::UNIX_EPOCH);
        store.kept.lock().unwrap().push((
            user.to_owned(),
            KeptAccount { account, cash, positions: vec![position], revision: 1, changed_at },
        ));
    };
    kept("default", "AAPL  991218P00090000", -2, None);
    kept("ann", "XYZ", 100, Some(Decimal::from(50_000)));
    let of = async |user: &str, account: &str| {
        let params = FreeCapitalParams {
            user_id: user.parse().unwrap(),
            account_id: account.to_owned(),
            ..FreeCapitalParams::default()
        };
        capital::fetch(&ports, &Compute::per_core(), &params).await.unwrap()
    };
    let known = of("default", "").await;
    assert_eq!((known.free, known.symbol_cap), (Some(40_000.into()), Some(20_000.into())));
    assert_eq!(known.held, [(symbol("AAPL"), Decimal::from(18_000))].into());
    assert_eq!(known.room(&symbol("AAPL")), Some(2_000.into()));
    // Nobody stated what is in it: a screen over it is unsized, and says why.
    let unstated = of("default", "hand-main").await;
    assert_eq!((unstated.free, unstated.symbol_cap, unstated.held), (None, None, known.held));
    assert_eq!(unstated.source, "the cash of hand-main is not stated");
    // Another user has other accounts.
    let stated = of("ann", "hand-main").await;
    let shares = stated.held[&symbol("XYZ")];
    assert_ne!(shares, Decimal::from(9_500), "shares count at the market's price, not at their cost");
    assert_eq!(stated.symbol_cap, Some(((shares + Decimal::from(50_000)) / Decimal::from(5)).round_dp(2)));
    assert_eq!(stated.free, Some(50_000.into()));
}

#[tokio::test]
async fn puts_that_working_orders_would_sell_count_against_the_cap() {
    let put = Instrument::Option(OccSymbol::parse("AAPL  140620P00090000").unwrap());
    let order = |status, instrument: &Instrument, action| BrokerOrder {
        id: "1".to_owned(),
        client_order_id: None,
        account: "A1".to_owned(),
        status,
        legs: vec![BrokerLeg {
            instrument: instrument.clone(),
            action,
            quantity: Decimal::from(3),
            filled: Decimal::ONE,
            average_price: None,
            executions: Vec::new(),
        }],
        quantity: Some(Decimal::from(3)),
        limit: None,
        filled_quantity: Decimal::ONE,
        average_fill_price: None,
        replaces: None,
        replaced_by: None,
        by_broker: false,
        reject_reason: None,
        received_at: None,
        updated_at: None,
    };
    let orders = vec![
        order(OrderStatus::PartiallyFilled, &put, OrderAction::SellToOpen),
        order(OrderStatus::Canceled, &put, OrderAction::SellToOpen),
        order(OrderStatus::Live, &put, OrderAction::BuyToClose),
        order(OrderStatus::Live, &Instrument::Equity(symbol("F")), OrderAction::BuyToOpen),
    ];
    let (mut ports, _) = ports(invented(0.30));
    ports.brokers =
        vec![Arc::new(OneAccount { positions: Some(vec![shares("AAPL", 10, 95)]), orders: Some(orders) })];
    let known = capital::fetch(&ports, &Compute::per_core(), &FreeCapitalParams::default()).await.unwrap();
    assert_eq!(known.held, [(symbol("AAPL"), Decimal::from(950 + 2 * 9_000))].into());
    assert_eq!(known.problems, ["the working order for 2 shares of F does not count against the cap"]);
}

async fn position() -> SuggestedPosition {
    let (ports, _) = ports(invented(0.60));
    let params = asked(&["XYZ"], |params| params.with_options = true);
    let mut answer = looked(&ports, params).await.unwrap();
    answer.candidates.remove(0).options_data.unwrap()
}

#[tokio::test]
async fn picks_fit_together_in_their_order_and_say_why_not_more() {
    let base = position().await;
    let pick = |name: &str, collateral: f64, roc_weekly: f64| UnsizedPick {
        symbol: symbol(name),
        position: SuggestedPosition { collateral, at_assignment: collateral, roc_weekly, ..base.clone() },
    };
    let held: std::collections::BTreeMap<Symbol, Decimal> = [(symbol("F"), Decimal::from(19_500))].into();
    let capital = FreeCapital {
        free: Some(15_000.into()),
        symbol_cap: Some(20_000.into()),
        symbol_cap_pct: Some(20.0),
        held,
        source: "the buying power of account A1".to_owned(),
        ..FreeCapital::default()
    };
    let picks = vec![pick("PYPL", 4_100.0, 0.6), pick("F", 1_100.0, 0.9), pick("INTC", 2_050.0, 0.7)];
    let params = SizePicksParams { capital, ranking: ScreenRanking::ReturnAtBid, picks };
    let sized = capital::size(&params).unwrap();
    let dealt: Vec<(&str, u32)> =
        sized.picks.iter().map(|pick| (pick.symbol.as_str(), pick.contracts)).collect();
    assert_eq!(dealt, [("F", 0), ("INTC", 3), ("PYPL", 2)]);
    assert_eq!((sized.collateral, sized.left), (14_350.into(), Some(650.into())));
    assert_eq!(
        sized.picks[0].limit,
        "one more needs $1,100, and F may tie up $20,000 at most, 20 % ($19,500 is tied up already)"
    );
    assert_eq!(
        sized.picks[1].limit,
        "one more needs $2,050, and $650 of the buying power of account A1 is left"
    );
    let unknown = SizePicksParams { capital: FreeCapital::default(), ..params };
    assert!(capital::size(&unknown).unwrap().picks.iter().all(|pick| pick.contracts == 1));
}

fn ranked(picks: &[(&str, f64)]) -> Vec<RankedPick> {
    picks.iter().map(|(name, value)| RankedPick { symbol: symbol(name), value: *value }).collect()
}

#[test]
fn changes_are_since_the_run_before() {
    let before = ScreenRunRecord {
        key: quick::key(&run()),
        screen: "morning".to_owned(),
        criteria: json!({}),
        picks: ranked(&[("A", 0.5), ("B", 0.6), ("C", 0.7), ("D", 0.8)]),
        result: json!({}),
        as_of: None,
        created_at: DateTime::UNIX_EPOCH,
    };
    let picks = ranked(&[("E", 0.9), ("A", 0.6), ("B", 0.5), ("C", 0.7)]);
    let changes = changes::since(Some(&before), &picks);
    let names = |list: &[Symbol]| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(
        [&changes.new, &changes.better, &changes.worse, &changes.gone].map(|list| names(list)),
        ["E", "A", "B", "D"]
    );
    assert_eq!(changes::since(None, &picks).since, None);
}

#[tokio::test]
async fn a_full_verdict_replaces_the_quick_one_and_keeps_its_numbers() {
    let (ports, memory) = ports(invented(0.60));
    looked(&ports, asked(&["XYZ"], |_| {})).await.unwrap();
    let params = ttai_contract::StoreScreenParams {
        run: run(),
        criteria: json!({"max_price": 100}),
        picks: vec![(symbol("XYZ"), 0.7)],
        analyzed: vec![(symbol("XYZ"), "strong_select".to_owned(), String::new())],
        result: json!({"picks": [], "changes": null}),
        as_of: None,
    };
    let receipt = store::save(memory.as_ref(), params.clone()).await.unwrap();
    assert_eq!(receipt.changes.since, None);
    assert_eq!(store::save(memory.as_ref(), params).await.unwrap(), receipt, "repeated");
    let row = memory.screened(&quick::key(&run())).await.unwrap().remove(0);
    assert_eq!((row.stage.as_str(), row.verdict.as_str()), ("full", "strong_select"));
    assert!(row.detail["scores"]["return_at_bid"].as_f64().is_some_and(|value| value > 0.0));
}
