//! tastytrade's adapter against the simulated service.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use rust_decimal::Decimal;
use secrecy::SecretString;
use ttai_core::{DailyBar, OptionQuote, OptionRight, Quote, QuoteCondition};
use ttai_http::LocalLimits;
use ttai_ports::{
    Broker, Instrument, MarketClock, MarketData, Metrics, OrderAction, OrderIntent, OrderLeg, OrderPrice,
    OrderStatus, PortError, QuoteStream, TimeInForce,
};
use ttai_providers::dxlink::DxLinkConfig;
use ttai_providers::tastytrade::model::{Watchlist, WatchlistEntry};
use ttai_providers::tastytrade::{Tastytrade, TastytradeSettings};
use ttai_sim::server::RunningSim;
use ttai_sim::server::market::occ;

use crate::support::{arm, sim, symbol};

const ACCOUNT: &str = "5WT00001";

fn with(sim: &RunningSim, secret: &str, refresh: &str) -> Tastytrade {
    let base = sim.endpoints.tastytrade.parse().unwrap();
    let settings = TastytradeSettings::new(base, SecretString::from(secret), SecretString::from(refresh));
    Tastytrade::new(&settings, Arc::new(LocalLimits::default())).unwrap()
}

pub(crate) fn tastytrade(sim: &RunningSim) -> Tastytrade {
    with(sim, "planted-client-secret", "planted-refresh-token")
}

fn hits(sim: &RunningSim) -> u32 {
    sim.state.faults.list().iter().map(|armed| armed.hits).sum()
}

/// An order that the market cannot meet: a share far below its price.
fn resting(id: &str) -> OrderIntent {
    let leg = OrderLeg {
        instrument: Instrument::Equity(symbol("AAPL")),
        action: OrderAction::BuyToOpen,
        quantity: 10,
    };
    OrderIntent {
        account: ACCOUNT.to_owned(),
        client_order_id: id.to_owned(),
        legs: vec![leg],
        price: OrderPrice::Debit(Decimal::ONE),
        time_in_force: TimeInForce::Day,
    }
}

fn leg(quote: &OptionQuote, action: OrderAction) -> OrderLeg {
    OrderLeg { instrument: Instrument::Option(occ(quote)), action, quantity: 1 }
}

fn leg_of(leg: &ttai_ports::BrokerLeg) -> OrderLeg {
    OrderLeg {
        instrument: leg.instrument.clone(),
        action: leg.action,
        quantity: leg.quantity.try_into().unwrap(),
    }
}

/// A put spread of AAPL below the price: the short leg, the long leg, and what it brings at natural prices.
async fn put_spread(tastytrade: &Tastytrade) -> (OptionQuote, OptionQuote, Decimal) {
    let aapl = symbol("AAPL");
    let now = tastytrade.now(&aapl).await.unwrap();
    let chain = tastytrade.option_chain(&aapl, now).await.unwrap();
    let spot = Decimal::try_from(chain.underlying.price().unwrap()).unwrap();
    let date = now.date_naive();
    let mut puts: Vec<OptionQuote> = chain
        .quotes
        .into_iter()
        .filter(|quote| {
            let contract = &quote.contract;
            contract.right == OptionRight::Put
                && contract.strike < spot
                && (20..60).contains(&contract.dte(date))
        })
        .collect();
    let expiration = puts.first().unwrap().contract.expiration;
    puts.retain(|quote| quote.contract.expiration == expiration && !quote.bid.is_zero());
    let long = puts.remove(puts.len() - 3);
    let short = puts.pop().unwrap();
    let credit = short.bid - long.ask;
    (short, long, credit)
}

#[tokio::test]
async fn a_quote_is_the_markets_own() {
    let sim = sim().await;
    let tastytrade = tastytrade(&sim);
    let aapl = symbol("AAPL");
    let now = tastytrade.now(&aapl).await.unwrap();
    assert!((now - sim.state.market.now()).num_seconds().abs() <= 1, "{now}");
    let quote = tastytrade.quote(&aapl, now).await.unwrap();
    let market = sim.state.market.quote(&aapl).await.unwrap();
    let prices = |quote: &Quote| (quote.bid, quote.ask, quote.last, quote.volume, quote.market_time);
    assert_eq!(prices(&quote), prices(&market));
    assert_eq!((quote.source.as_str(), quote.conditions.as_slice()), ("tastytrade", &[][..]));
    let unknown = tastytrade.quote(&symbol("ZZZZ"), now).await.unwrap_err();
    assert!(matches!(unknown, PortError::UnknownSymbol { .. }), "{unknown}");
    let past = tastytrade.quote(&aapl, now - Duration::hours(1)).await.unwrap_err();
    assert!(matches!(past, PortError::NoData { .. }), "{past}");
    sim.shutdown().await;
}

#[tokio::test]
async fn market_faults_arrive_as_conditions() {
    let sim = sim().await;
    let tastytrade = tastytrade(&sim);
    let aapl = symbol("AAPL");
    let now = tastytrade.now(&aapl).await.unwrap();
    for (fault, condition) in [
        (r#"{"action":"halt","symbol":"AAPL"}"#, QuoteCondition::Halted),
        (r#"{"action":"crossed","symbol":"AAPL"}"#, QuoteCondition::Crossed),
    ] {
        arm(&sim, fault);
        let quote = tastytrade.quote(&aapl, now).await.unwrap();
        assert_eq!(quote.conditions, [condition], "{fault}");
        sim.state.faults.remove(None, &sim.state.market);
    }
    arm(&sim, r#"{"action":"stale","symbol":"AAPL"}"#);
    sim.state.market.clock().advance(Duration::minutes(5));
    let later = tastytrade.now(&aapl).await.unwrap() + Duration::minutes(5);
    let quote = tastytrade.quote(&aapl, later).await.unwrap();
    assert!(quote.conditions.contains(&QuoteCondition::Stale), "{quote:?}");
    sim.shutdown().await;
}

#[tokio::test]
async fn the_whole_chain_arrives_contract_by_contract() {
    let sim = sim().await;
    let tastytrade = tastytrade(&sim);
    for ticker in ["AAPL", "SPY"] {
        let ticker = symbol(ticker);
        let now = tastytrade.now(&ticker).await.unwrap();
        let mut chain = tastytrade.option_chain(&ticker, now).await.unwrap();
        let market = sim.state.market.chain(&ticker).await.unwrap();
        let mut expected = market.chain.quotes.clone();
        let key = |quote: &OptionQuote| quote.contract.occ_symbol();
        chain.quotes.sort_by_key(key);
        expected.sort_by_key(key);
        expected.retain(|quote| quote.contract.expiration_close > now);
        assert_eq!(chain.quotes.len(), expected.len());
        for (found, wanted) in chain.quotes.iter().zip(&expected) {
            assert_eq!(found.contract, wanted.contract);
            assert_eq!((found.bid, found.ask, found.volume), (wanted.bid, wanted.ask, wanted.volume));
            assert_eq!(found.open_interest, wanted.open_interest);
        }
    }
    let unknown = tastytrade.nested_chain(&symbol("ZZZZ")).await.unwrap_err();
    assert!(matches!(unknown, PortError::NoData { .. }), "{unknown}");
    let compact = tastytrade.compact_chain(&symbol("AAPL")).await.unwrap();
    let nested = tastytrade.nested_chain(&symbol("AAPL")).await.unwrap();
    let strikes: usize =
        nested.iter().flat_map(|chain| &chain.expirations).map(|expiration| expiration.strikes.len()).sum();
    assert_eq!(compact.iter().map(|chain| chain.symbols.len()).sum::<usize>(), 2 * strikes);
    sim.shutdown().await;
}

#[tokio::test]
async fn metrics_and_the_rate_are_the_markets() {
    let sim = sim().await;
    let tastytrade = tastytrade(&sim);
    let aapl = symbol("AAPL");
    let now = tastytrade.now(&aapl).await.unwrap();
    let facts = tastytrade.metrics(&aapl, now).await.unwrap().unwrap();
    let market = sim.state.market.metrics(&aapl).await.unwrap().unwrap();
    assert_eq!((facts.next_earnings, facts.sector), (market.next_earnings, market.sector));
    let raw = tastytrade.market_metrics(&[aapl.clone(), symbol("SPY"), symbol("ZZZZ")]).await.unwrap();
    assert_eq!(raw.len(), 2);
    let rank = raw[0].implied_volatility_index_rank.unwrap();
    assert!(Decimal::ZERO <= rank && rank <= Decimal::ONE, "{rank}");
    let percent = raw[0].implied_volatility_30_day.unwrap();
    assert!(percent > Decimal::ONE, "{percent}");
    let rate = tastytrade.risk_free_rate(now).await.unwrap().continuous;
    assert!((rate - sim.state.market.rate().await.unwrap().continuous).abs() < 1e-5, "{rate}");
    let listed = tastytrade.symbols().await.unwrap();
    assert_eq!(listed, sim.state.market.symbols());
    sim.shutdown().await;
}

#[tokio::test]
async fn what_changes_seldom_is_asked_for_once_in_some_minutes() {
    let sim = sim().await;
    let tastytrade = tastytrade(&sim).with_stream(DxLinkConfig::default()).0;
    let (aapl, spy) = (symbol("AAPL"), symbol("SPY"));
    let now = tastytrade.now(&aapl).await.unwrap();
    tastytrade.prefetch(&[aapl.clone(), spy.clone()], now).await;
    let before = tastytrade.daily_history(&aapl, now).await.unwrap();
    let rate = tastytrade.risk_free_rate(now).await.unwrap();
    arm(
        &sim,
        r#"{"service":"tastytrade","path":"market-metrics","action":"status","status":503,"times":99}"#,
    );
    for ticker in [&aapl, &spy] {
        tastytrade.metrics(ticker, now).await.unwrap().unwrap();
    }
    let after = tastytrade.daily_history(&aapl, now).await.unwrap();
    assert_eq!((after.dividends.len(), after.actions_unknown), (before.dividends.len(), None));
    assert!(!before.dividends.is_empty() && hits(&sim) == 0, "it was asked again");
    // Of others nothing is known, and that is told.
    assert!(tastytrade.metrics(&symbol("TSLA"), now).await.is_err());
    arm(
        &sim,
        r#"{"service":"tastytrade","path":"margin-requirements","action":"status","status":503,"times":99}"#,
    );
    assert_eq!(tastytrade.risk_free_rate(now).await.unwrap(), rate);
    sim.shutdown().await;
}

#[tokio::test]
async fn history_needs_the_stream_and_has_its_dividends_from_here() {
    let sim = sim().await;
    let tastytrade = tastytrade(&sim);
    let aapl = symbol("AAPL");
    let now = tastytrade.now(&aapl).await.unwrap();
    let alone = tastytrade.daily_history(&aapl, now).await.unwrap_err();
    assert!(matches!(alone, PortError::NoData { .. }), "{alone}");

    let (tastytrade, stream) = tastytrade.with_stream(DxLinkConfig::default());
    let history = tastytrade.daily_history(&aapl, now).await.unwrap();
    let market = sim.state.market.daily(&aapl).await.unwrap();
    let dates = |bars: &[DailyBar]| bars.iter().map(|bar| bar.date).collect::<Vec<_>>();
    assert_eq!(dates(&history.bars), dates(&market.bars));
    assert_eq!(history.bars.last(), market.bars.last());
    assert_eq!(history.today.unwrap().date, market.today.unwrap().date);
    assert_eq!(history.dividends, market.dividends);
    assert!(history.warnings.is_empty() && history.splits.is_empty(), "{:?}", history.warnings);

    let minutes = tastytrade.minute_bars(&aapl, now.date_naive(), now).await.unwrap();
    let recorded = sim.state.market.minutes(&aapl, now.date_naive()).await.unwrap();
    assert_eq!(minutes, recorded);
    // One quote token opened the stream for both.
    assert!(stream.health().connected);
    sim.shutdown().await;
}

#[tokio::test]
async fn a_spread_is_tried_sent_filled_and_shows_in_the_account() {
    let sim = sim().await;
    let tastytrade = tastytrade(&sim);
    let accounts = tastytrade.accounts().await.unwrap();
    assert_eq!((accounts[0].id.as_str(), accounts[0].paper), (ACCOUNT, false));
    let start = tastytrade.balances(ACCOUNT).await.unwrap();
    assert_eq!(start.cash, Decimal::from(100_000));
    let (short, long, credit) = put_spread(&tastytrade).await;
    let order = OrderIntent {
        account: ACCOUNT.to_owned(),
        client_order_id: "spread-1".to_owned(),
        legs: vec![leg(&short, OrderAction::SellToOpen), leg(&long, OrderAction::BuyToOpen)],
        price: if credit.is_sign_negative() {
            OrderPrice::Debit(-credit)
        } else {
            OrderPrice::Credit(credit)
        },
        time_in_force: TimeInForce::Day,
    };
    let preview = tastytrade.preview(&order).await.unwrap();
    let width = (short.contract.strike - long.contract.strike) * Decimal::ONE_HUNDRED;
    assert_eq!(preview.buying_power_change, Some(credit * Decimal::ONE_HUNDRED - width));
    assert!(tastytrade.positions(ACCOUNT).await.unwrap().is_empty(), "a preview changes nothing");

    let sent = tastytrade.submit(&order).await.unwrap();
    assert_eq!(sent.client_order_id.as_deref(), Some("spread-1"));
    let found = tastytrade.order_by_client_id(ACCOUNT, "spread-1").await.unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.status), (sent.id.as_str(), OrderStatus::Filled));
    assert_eq!((found.filled_quantity, found.average_fill_price), (Decimal::ONE, Some(-credit.normalize())));
    let legs: Vec<OrderLeg> = found.legs.iter().map(leg_of).collect();
    assert_eq!(legs, order.legs);

    let positions = tastytrade.positions(ACCOUNT).await.unwrap();
    let mut quantities: Vec<(Instrument, Decimal)> = positions
        .iter()
        .filter_map(|position| Some((position.instrument.clone()?, position.quantity)))
        .collect();
    quantities.sort_by_key(|(_, quantity)| *quantity);
    assert_eq!(
        quantities,
        [
            (Instrument::Option(occ(&short)), Decimal::NEGATIVE_ONE),
            (Instrument::Option(occ(&long)), Decimal::ONE)
        ]
    );
    assert!(
        positions
            .iter()
            .all(|position| position.multiplier == Decimal::ONE_HUNDRED && position.mark.is_some())
    );
    let after = tastytrade.balances(ACCOUNT).await.unwrap();
    assert_eq!(after.cash - start.cash, credit * Decimal::ONE_HUNDRED);
    assert_eq!(after.maintenance_requirement, Some(width));

    let since = sim.state.market.now() - Duration::hours(1);
    let trades = tastytrade.transactions(ACCOUNT, since).await.unwrap();
    assert_eq!(trades.len(), 2);
    assert!(trades.iter().all(|trade| trade.order_id.as_deref() == Some(sent.id.as_str())), "{trades:?}");
    assert_eq!(trades.iter().map(|trade| trade.net_amount).sum::<Decimal>(), credit * Decimal::ONE_HUNDRED);
    let deposit = tastytrade.transactions(ACCOUNT, DateTime::<Utc>::MIN_UTC).await.unwrap();
    assert_eq!((deposit.len(), deposit[2].detail.as_str()), (3, "Deposit"));
    assert_eq!(tastytrade.orders(ACCOUNT, since).await.unwrap(), [found]);
    sim.shutdown().await;
}

#[tokio::test]
async fn an_order_is_cancelled_once_and_a_refused_one_says_why() {
    let sim = sim().await;
    let tastytrade = tastytrade(&sim);
    let order = tastytrade.submit(&resting("rest-1")).await.unwrap();
    let live = tastytrade.order_by_client_id(ACCOUNT, "rest-1").await.unwrap().unwrap();
    assert_eq!(live.status, OrderStatus::Live);
    tastytrade.cancel(ACCOUNT, &order.id).await.unwrap();
    let gone = tastytrade.order_by_client_id(ACCOUNT, "rest-1").await.unwrap().unwrap();
    assert_eq!(gone.status, OrderStatus::Canceled);
    // It is cancelled: asking again is no failure.
    tastytrade.cancel(ACCOUNT, &order.id).await.unwrap();
    assert!(matches!(tastytrade.cancel(ACCOUNT, "1999999").await, Err(PortError::Invalid { .. })));

    let mut too_much = resting("rest-2");
    too_much.legs[0].quantity = 1_000_000;
    for refused in
        [tastytrade.preview(&too_much).await.unwrap_err(), tastytrade.submit(&too_much).await.unwrap_err()]
    {
        assert!(matches!(refused, PortError::Invalid { .. }), "{refused}");
        assert!(refused.to_string().contains("margin_check_failed"), "{refused}");
    }
    assert_eq!(tastytrade.order_by_client_id(ACCOUNT, "rest-2").await.unwrap(), None);
    let foreign = tastytrade.balances("5WT99999").await.unwrap_err();
    assert!(matches!(foreign, PortError::Authentication { .. }), "{foreign}");
    sim.shutdown().await;
}

#[tokio::test]
async fn a_lost_reply_is_an_unknown_outcome_and_the_order_is_found_by_its_id() {
    let sim = sim().await;
    let tastytrade = tastytrade(&sim);
    arm(&sim, r#"{"service":"tastytrade","method":"POST","path":"/orders","action":"lost_reply"}"#);
    let started = std::time::Instant::now();
    let lost = tastytrade.submit(&resting("lost-1")).await.unwrap_err();
    assert!(matches!(lost, PortError::OutcomeUnknown { .. }), "{lost}");
    let found = tastytrade.order_by_client_id(ACCOUNT, "lost-1").await.unwrap().unwrap();
    println!("recovered in {:?}", started.elapsed());
    assert_eq!(found.status, OrderStatus::Live);
    // Sending it again finds it instead of doubling it.
    assert_eq!(tastytrade.submit(&resting("lost-1")).await.unwrap().id, found.id);
    let since = sim.state.market.now() - Duration::hours(1);
    assert_eq!(tastytrade.orders(ACCOUNT, since).await.unwrap().len(), 1);
    sim.shutdown().await;
}

#[tokio::test]
async fn an_order_that_never_arrived_is_not_found() {
    let sim = sim().await;
    let tastytrade = tastytrade(&sim);
    for fault in [
        r#"{"service":"tastytrade","method":"POST","path":"/orders","action":"reset"}"#,
        r#"{"service":"tastytrade","method":"POST","path":"/orders","action":"status","status":502}"#,
        r#"{"service":"tastytrade","method":"POST","path":"/orders","action":"cut_body","after_bytes":20}"#,
    ] {
        arm(&sim, fault);
        let unknown = tastytrade.submit(&resting(&format!("gone-{}", fault.len()))).await.unwrap_err();
        assert!(matches!(unknown, PortError::OutcomeUnknown { .. }), "{fault}: {unknown}");
    }
    let since = sim.state.market.now() - Duration::hours(1);
    // Only the one whose answer was cut took effect.
    assert_eq!(tastytrade.orders(ACCOUNT, since).await.unwrap().len(), 1);
    assert_eq!(tastytrade.order_by_client_id(ACCOUNT, "gone-no").await.unwrap(), None);
    sim.shutdown().await;
}

#[tokio::test]
async fn submits_that_overlap_send_one_order() {
    let sim = sim().await;
    let tastytrade = tastytrade(&sim);
    // Nobody has an answer to the search before all have asked.
    arm(
        &sim,
        r#"{"service":"tastytrade","method":"GET","path":"/orders","times":99,"action":"latency","milliseconds":100}"#,
    );
    let order = resting("twice-1");
    let submits = (0..4).map(|_| tastytrade.submit(&order));
    let sent: Vec<_> = futures::future::join_all(submits).await.into_iter().map(Result::unwrap).collect();
    assert!(sent.iter().all(|order| order.id == sent[0].id), "{sent:?}");
    let since = sim.state.market.now() - Duration::hours(1);
    assert_eq!(tastytrade.orders(ACCOUNT, since).await.unwrap().len(), 1);
    sim.shutdown().await;
}

#[tokio::test]
async fn an_order_that_is_accepted_late_is_not_doubled() {
    let sim = sim().await;
    let tastytrade = tastytrade(&sim);
    arm(&sim, r#"{"service":"tastytrade","method":"POST","path":"/orders","action":"reset"}"#);
    let order = resting("late-1");
    let lost = tastytrade.submit(&order).await.unwrap_err();
    assert!(matches!(lost, PortError::OutcomeUnknown { .. }), "{lost}");
    // The service works on it still: not finding it says nothing, and nothing is sent.
    let looked = tastytrade.order_by_client_id(ACCOUNT, "late-1").await.unwrap_err();
    assert!(matches!(looked, PortError::OutcomeUnknown { .. }), "{looked}");
    let again = tastytrade.submit(&order).await.unwrap_err();
    assert!(matches!(again, PortError::OutcomeUnknown { .. }), "{again}");
    // Another client stands for the service, which gets to it now.
    let accepted = self::tastytrade(&sim).submit(&order).await.unwrap();
    assert_eq!(tastytrade.order_by_client_id(ACCOUNT, "late-1").await.unwrap().unwrap().id, accepted.id);
    assert_eq!(tastytrade.submit(&order).await.unwrap().id, accepted.id);
    let since = sim.state.market.now() - Duration::hours(1);
    assert_eq!(tastytrade.orders(ACCOUNT, since).await.unwrap().len(), 1);
    sim.shutdown().await;
}

#[tokio::test]
async fn an_order_behind_a_refused_token_is_sent_once() {
    let sim = sim().await;
    let tastytrade = tastytrade(&sim);
    arm(&sim, r#"{"service":"tastytrade","method":"POST","path":"/orders","action":"status","status":401}"#);
    tastytrade.submit(&resting("token-1")).await.unwrap();
    let since = sim.state.market.now() - Duration::hours(1);
    assert_eq!((tastytrade.orders(ACCOUNT, since).await.unwrap().len(), hits(&sim)), (1, 1));
    sim.shutdown().await;
}

#[tokio::test]
async fn reads_outlive_faults_that_pass() {
    let sim = sim().await;
    let tastytrade = tastytrade(&sim);
    for (fault, hit) in [
        (r#"{"service":"tastytrade","path":"balances","action":"status","status":503}"#, 1),
        (r#"{"service":"tastytrade","path":"balances","action":"reset"}"#, 1),
        (r#"{"service":"tastytrade","path":"balances","action":"cut_body","after_bytes":40}"#, 1),
        (r#"{"service":"tastytrade","path":"balances","action":"latency","milliseconds":50}"#, 1),
        (r#"{"service":"tastytrade","path":"balances","action":"status","status":401}"#, 1),
        (r#"{"service":"tastytrade","path":"balances","action":"status","status":429,"retry_after":1}"#, 1),
    ] {
        arm(&sim, fault);
        let started = std::time::Instant::now();
        let balances = tastytrade.balances(ACCOUNT).await;
        assert!(balances.is_ok(), "{fault}: {balances:?}");
        println!("{fault}: recovered in {:?}", started.elapsed());
        assert_eq!(hits(&sim), hit, "{fault}");
        sim.state.faults.remove(None, &sim.state.market);
    }
    arm(&sim, r#"{"service":"tastytrade","path":"balances","times":9,"action":"status","status":401}"#);
    let refused = tastytrade.balances(ACCOUNT).await.unwrap_err();
    assert!(matches!(refused, PortError::Authentication { .. }), "{refused}");
    assert_eq!(hits(&sim), 2, "a fresh token is tried once");
    sim.shutdown().await;
}

#[tokio::test]
async fn many_tasks_share_one_token_and_a_busy_endpoint_is_no_dead_grant() {
    let sim = sim().await;
    // Counts the calls of the token endpoint without touching them.
    arm(&sim, r#"{"service":"tastytrade","path":"oauth","times":99,"action":"latency","milliseconds":20}"#);
    let tastytrade = tastytrade(&sim);
    let calls = (0..12).map(|_| tastytrade.balances(ACCOUNT));
    for answer in futures::future::join_all(calls).await {
        answer.unwrap();
    }
    assert_eq!(hits(&sim), 1);
    sim.state.faults.remove(None, &sim.state.market);

    let other = with(&sim, "secret", "refresh");
    arm(&sim, r#"{"service":"tastytrade","path":"oauth","times":9,"action":"status","status":503}"#);
    let busy = other.accounts().await.unwrap_err();
    assert!(matches!(busy, PortError::Unavailable { .. }), "{busy}");
    sim.shutdown().await;
}

#[tokio::test]
async fn a_dead_grant_needs_a_person_and_no_secret_is_shown() {
    let sim = sim().await;
    for (secret, refresh, part) in [
        ("planted-secret", "revoked-planted-token", "the grant is dead (Grant revoked)"),
        ("planted-secret", "wrong-planted-token", "the grant is dead (Invalid JWT)"),
        ("wrong-planted-secret", "planted-token", "the client secret is refused"),
    ] {
        let tastytrade = with(&sim, secret, refresh);
        let dead = tastytrade.accounts().await.unwrap_err();
        assert!(matches!(dead, PortError::Authentication { .. }), "{dead}");
        let shown = format!("{dead} {dead:?} {tastytrade:?}");
        assert!(shown.contains(part), "{shown}");
        assert!(!shown.contains("planted"), "{shown}");
    }
    sim.shutdown().await;
}

#[tokio::test]
async fn watchlists_are_kept_replaced_and_deleted() {
    let sim = sim().await;
    let tastytrade = tastytrade(&sim);
    let entry =
        |name: &str| WatchlistEntry { symbol: name.to_owned(), instrument_type: Some("Equity".to_owned()) };
    let mut list = Watchlist {
        name: "wheel / weekly".to_owned(),
        watchlist_entries: Some(vec![entry("AAPL")]),
        group_name: Some("default".to_owned()),
        order_index: Some(9_999),
    };
    tastytrade.save_watchlist(&list).await.unwrap();
    list.watchlist_entries = Some(vec![entry("AAPL"), entry("SPY")]);
    tastytrade.save_watchlist(&list).await.unwrap();
    assert_eq!(tastytrade.watchlist(&list.name).await.unwrap(), Some(list.clone()));
    assert_eq!(tastytrade.watchlists().await.unwrap(), [list.clone()]);
    tastytrade.delete_watchlist(&list.name).await.unwrap();
    tastytrade.delete_watchlist(&list.name).await.unwrap();
    assert_eq!(tastytrade.watchlist(&list.name).await.unwrap(), None);
    assert_eq!(tastytrade.public_watchlists().await.unwrap().len(), 1);
    sim.shutdown().await;
}

#[tokio::test]
async fn the_stream_is_opened_with_a_token_that_is_shown_nowhere() {
    let sim = sim().await;
    let token = tastytrade(&sim).quote_token().await.unwrap();
    assert_eq!(token.url, sim.endpoints.dxlink);
    assert_eq!(token.expires_at.timestamp(), (sim.state.market.now() + Duration::hours(24)).timestamp());
    assert!(!format!("{token:?}").contains("simulated-quote-token"));
    let apple = tastytrade(&sim).equity(&symbol("AAPL")).await.unwrap();
    assert_eq!((apple.streamer_symbol.as_deref(), apple.active), (Some("AAPL"), true));
    sim.shutdown().await;
}
