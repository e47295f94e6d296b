//! What the exchange promises, over cases and over invented sequences of events.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use ttai_core::{OccSymbol, Symbol};

use super::*;

const ACCOUNT: &str = "A1";
const PUT: &str = "AAPL140621P00600000";
const LOWER_PUT: &str = "AAPL140621P00590000";
const CALL: &str = "AAPL140621C00650000";

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn instrument(text: &str) -> Instrument {
    if text.len() > 12 {
        Instrument::Option(OccSymbol::parse(text).unwrap())
    } else {
        Instrument::Equity(Symbol::new(text).unwrap())
    }
}

fn cents(value: i64) -> Decimal {
    Decimal::new(value, 2)
}

fn market(quotes: &[(&str, i64, i64, i64)]) -> MarketSnapshot {
    let now = at("2014-06-06T15:00:00Z");
    let touches = quotes
        .iter()
        .map(|(symbol, bid, ask, size)| {
            let touch = Touch {
                bid: (*bid > 0).then(|| cents(*bid)),
                ask: (*ask > 0).then(|| cents(*ask)),
                bid_size: Decimal::from(*size),
                ask_size: Decimal::from(*size),
                last: Some(cents((bid + ask) / 2)),
                time: now,
                tradable: Tradable::Yes,
            };
            ((*symbol).to_owned(), touch)
        })
        .collect();
    MarketSnapshot { now, phase: Phase::Regular, day_end: at("2014-06-06T20:00:00Z"), touches }
}

fn usual() -> MarketSnapshot {
    market(&[
        ("AAPL", 64_500, 64_510, 300),
        (PUT, 505, 515, 10),
        (LOWER_PUT, 300, 310, 10),
        (CALL, 800, 820, 10),
    ])
}

fn request(id: &str, legs: &[(&str, Side)], quantity: i64, pricing: Pricing) -> OrderRequest {
    OrderRequest {
        account: ACCOUNT.to_owned(),
        client_order_id: id.to_owned(),
        legs: legs
            .iter()
            .map(|(symbol, side)| LegRequest {
                instrument: instrument(symbol),
                side: *side,
                action: None,
                ratio: Decimal::ONE,
            })
            .collect(),
        quantity: Decimal::from(quantity),
        pricing,
        duration: Duration::Day,
        extended_hours: false,
    }
}

fn limit(id: &str, symbol: &str, side: Side, quantity: i64, price: i64) -> OrderRequest {
    request(id, &[(symbol, side)], quantity, Pricing::Limit(cents(price)))
}

fn book() -> Book {
    let mut book = Book::default();
    book.open_account(ACCOUNT, Decimal::from(100_000));
    book
}

fn cash(book: &Book) -> Decimal {
    book.account(ACCOUNT).unwrap().cash
}

fn statuses(book: &Book) -> Vec<OrderState> {
    book.orders_of(ACCOUNT).map(|order| order.status).collect()
}

#[test]
fn a_limit_trades_only_where_the_quote_reaches_it_and_at_the_quote() {
    let mut book = book();
    let order = book.submit(&limit("a", "AAPL", Side::Buy, 100, 64_505), &usual()).unwrap();
    assert_eq!(order.status, OrderState::New);
    let mut cheaper = market(&[("AAPL", 64_480, 64_490, 300)]);
    cheaper.now += TimeDelta::minutes(1);
    book.advance(&cheaper);
    let order = book.order_by_client_id(ACCOUNT, "a").unwrap();
    assert_eq!((order.status, order.average_price), (OrderState::Filled, Some(cents(64_490))));
    assert_eq!(cash(&book), Decimal::from(100_000) - cents(64_490) * Decimal::from(100));
}

#[test]
fn a_quote_fills_no_more_than_it_shows_until_there_is_a_new_one() {
    let mut book = book();
    let view = market(&[("AAPL", 10_000, 10_010, 300)]);
    let order = book.submit(&request("a", &[("AAPL", Side::Buy)], 700, Pricing::Market), &view).unwrap();
    assert_eq!((order.status, order.filled_quantity), (OrderState::PartiallyFilled, Decimal::from(300)));
    book.advance(&view);
    assert_eq!(book.order_by_client_id(ACCOUNT, "a").unwrap().filled_quantity, Decimal::from(300));
    for minute in 1..=2 {
        let mut next = view.clone();
        next.now += TimeDelta::minutes(minute);
        next.touches.get_mut("AAPL").unwrap().time = next.now;
        book.advance(&next);
    }
    assert_eq!(statuses(&book), [OrderState::Filled]);
    let kinds: Vec<EventKind> = book.take_events().into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::New, EventKind::PartialFill, EventKind::PartialFill, EventKind::Fill]);
}

#[test]
fn a_view_that_comes_late_fills_nothing_more() {
    let mut book = book();
    let early = market(&[("AAPL", 10_000, 10_010, 300)]);
    let mut late = early.clone();
    late.now += TimeDelta::minutes(1);
    late.touches.get_mut("AAPL").unwrap().time = late.now;
    book.submit(&request("a", &[("AAPL", Side::Buy)], 700, Pricing::Market), &late).unwrap();
    for view in [&early, &late] {
        book.advance(view);
        assert_eq!(book.order_by_client_id(ACCOUNT, "a").unwrap().filled_quantity, Decimal::from(300));
    }
}

#[test]
fn halted_crossed_stale_one_sided_and_closed_markets_fill_nothing() {
    let spoil: [fn(&mut MarketSnapshot); 5] = [
        |view| view.touches.get_mut("AAPL").unwrap().tradable = Tradable::Stale,
        |view| view.touches.get_mut("AAPL").unwrap().bid = Some(cents(64_600)),
        |view| view.touches.get_mut("AAPL").unwrap().ask = None,
        |view| view.phase = Phase::Closed,
        |view| view.phase = Phase::Extended,
    ];
    for spoil in spoil {
        let mut book = book();
        let mut view = usual();
        spoil(&mut view);
        let order = book.submit(&request("a", &[("AAPL", Side::Buy)], 1, Pricing::Market), &view).unwrap();
        assert!(order.status.is_open() && order.filled_quantity.is_zero());
        book.advance(&usual());
        assert_eq!(statuses(&book), [OrderState::Filled]);
    }
    let mut book = book();
    book.submit(&limit("a", "AAPL", Side::Buy, 1, 64_500), &usual()).unwrap();
    let mut halted = market(&[("AAPL", 64_400, 64_410, 300)]);
    halted.touches.get_mut("AAPL").unwrap().tradable = Tradable::Halted;
    book.advance(&halted);
    assert_eq!(statuses(&book), [OrderState::New]);
    let refused = book.submit(&limit("b", "AAPL", Side::Buy, 1, 64_500), &halted);
    assert!(matches!(refused, Err(Rejection::Halted { .. })));
}

#[test]
fn a_market_order_outside_the_session_is_accepted_and_waits() {
    let mut book = book();
    let mut closed = usual();
    closed.phase = Phase::Closed;
    let order = book.submit(&request("a", &[("AAPL", Side::Buy)], 1, Pricing::Market), &closed).unwrap();
    assert_eq!(order.status, OrderState::Accepted);
    book.advance(&usual());
    let kinds: Vec<EventKind> = book.take_events().into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Accepted, EventKind::New, EventKind::Fill]);
}

/// An order, and whether it was refused for the right reason.
type Refusal = (OrderRequest, fn(&Rejection) -> bool);

#[test]
fn refused_orders_change_nothing() {
    let cases: [Refusal; 8] = [
        (limit("a", "AAPL", Side::Buy, 1_000, 64_510), |r| {
            matches!(r, Rejection::InsufficientBuyingPower { .. })
        }),
        (limit("a", PUT, Side::Sell, 2, 505), |r| matches!(r, Rejection::InsufficientBuyingPower { .. })),
        (limit("a", "NOPE", Side::Buy, 1, 100), |r| matches!(r, Rejection::UnknownSymbol { .. })),
        (request("a", &[("AAPL", Side::Buy)], 1, Pricing::Limit(Decimal::new(645_001, 3))), |r| {
            matches!(r, Rejection::WrongTick { .. })
        }),
        (limit("a", "AAPL", Side::Sell, 1, 64_500), |r| matches!(r, Rejection::InsufficientQuantity { .. })),
        (limit("a", CALL, Side::Sell, 1, 800), |r| matches!(r, Rejection::Uncovered { .. })),
        (limit("a", "AAPL", Side::Buy, 0, 64_500), |r| matches!(r, Rejection::Invalid(_))),
        (OrderRequest { account: "B".to_owned(), ..limit("a", "AAPL", Side::Buy, 1, 1) }, |r| {
            matches!(r, Rejection::UnknownAccount(_))
        }),
    ];
    for (order, expected) in cases {
        let mut book = book();
        let refused = book.submit(&order, &usual()).unwrap_err();
        assert!(expected(&refused), "{refused}");
        assert!(statuses(&book).is_empty() && book.take_events().is_empty());
    }
}

#[test]
fn the_same_client_order_id_is_never_a_second_order() {
    let mut book = book();
    let order = limit("same", "AAPL", Side::Buy, 1, 64_510);
    book.submit(&order, &usual()).unwrap();
    for _ in 0..3 {
        let refused = book.submit(&order, &usual());
        assert_eq!(refused, Err(Rejection::DuplicateClientOrderId("same".to_owned())));
    }
    assert_eq!((statuses(&book).len(), book.fills_of(ACCOUNT).count()), (1, 1));
}

#[test]
fn a_short_put_ties_up_its_strike_until_it_is_bought_back() {
    let mut book = book();
    book.submit(&limit("open", PUT, Side::Sell, 1, 505), &usual()).unwrap();
    assert_eq!(cash(&book), Decimal::from(100_505));
    assert_eq!(book.buying_power(ACCOUNT, &usual()), Decimal::from(40_505));
    book.submit(&limit("close", PUT, Side::Buy, 1, 515), &usual()).unwrap();
    assert_eq!(book.account(ACCOUNT).unwrap().holdings.iter().count(), 0);
    assert_eq!(book.buying_power(ACCOUNT, &usual()), cents(9_999_000));
}

#[test]
fn legs_trade_together_at_the_net_price_or_not_at_all() {
    let spread = [(PUT, Side::Sell), (LOWER_PUT, Side::Buy)];
    let mut book = book();
    let greedy = request("a", &spread, 3, Pricing::Limit(cents(-196)));
    assert_eq!(book.submit(&greedy, &usual()).unwrap().status, OrderState::New);
    let natural = request("b", &spread, 3, Pricing::Limit(cents(-195)));
    let order = book.submit(&natural, &usual()).unwrap();
    assert_eq!((order.status, order.average_price), (OrderState::Filled, Some(cents(-195))));
    let fills: Vec<Decimal> = book.fills_of(ACCOUNT).map(|fill| fill.price).collect();
    assert_eq!(fills, [cents(505), cents(310)]);
    assert_eq!(cash(&book), Decimal::from(100_000) + cents(195) * Decimal::from(300));
    let mut thin = usual();
    thin.touches.remove(LOWER_PUT);
    let unknown = book.submit(&request("c", &spread, 1, Pricing::Market), &thin);
    assert!(matches!(unknown, Err(Rejection::UnknownSymbol { .. })));
}

#[test]
fn stops_wait_for_their_price_and_immediate_orders_do_not_wait() {
    let mut book = book();
    let stop = request("stop", &[("AAPL", Side::Buy)], 10, Pricing::Stop(cents(64_600)));
    assert_eq!(book.submit(&stop, &usual()).unwrap().status, OrderState::New);
    book.advance(&market(&[("AAPL", 64_600, 64_620, 300)]));
    assert_eq!(statuses(&book), [OrderState::Filled]);
    let now_or_never =
        |id: &str, duration| OrderRequest { duration, ..limit(id, "AAPL", Side::Buy, 60, 64_510) };
    let mut shallow = usual();
    shallow.touches.get_mut("AAPL").unwrap().ask_size = Decimal::from(50);
    let part = book.submit(&now_or_never("ioc", Duration::ImmediateOrCancel), &shallow).unwrap();
    assert_eq!((part.status, part.filled_quantity), (OrderState::Canceled, Decimal::from(50)));
    let none = book.submit(&now_or_never("fok", Duration::FillOrKill), &shallow);
    assert!(none.is_ok_and(|order| order.status == OrderState::Canceled && order.filled_quantity.is_zero()));
}

#[test]
fn day_orders_expire_at_the_close_and_closed_orders_stay_closed() {
    let mut book = book();
    let order = book.submit(&limit("a", "AAPL", Side::Buy, 1, 60_000), &usual()).unwrap();
    let mut close = market(&[("AAPL", 50_000, 50_010, 300)]);
    close.now = close.day_end;
    book.advance(&close);
    assert_eq!(statuses(&book), [OrderState::Expired]);
    assert!(matches!(book.cancel(ACCOUNT, &order.id, close.now), Err(Rejection::NotOpen(_))));
}

#[test]
fn a_replacement_stands_in_for_what_is_left() {
    let mut book = book();
    let view = market(&[("AAPL", 10_000, 10_010, 300)]);
    let old = book.submit(&limit("a", "AAPL", Side::Buy, 500, 10_010), &view).unwrap();
    let change = Replacement { pricing: Some(Pricing::Limit(cents(9_900))), ..Replacement::default() };
    let new = book.replace(ACCOUNT, &old.id, &change, &view).unwrap();
    assert_eq!((new.quantity, new.replaces.as_deref()), (Decimal::from(200), Some(old.id.as_str())));
    let old = book.order(ACCOUNT, &old.id).unwrap();
    assert_eq!((old.status, old.replaced_by.as_deref()), (OrderState::Replaced, Some(new.id.as_str())));
}

#[test]
fn expired_options_become_shares_or_nothing() {
    let mut book = book();
    book.submit(&limit("put", PUT, Side::Sell, 1, 505), &usual()).unwrap();
    book.submit(&limit("call", CALL, Side::Buy, 1, 820), &usual()).unwrap();
    let mut after = market(&[("AAPL", 58_990, 59_010, 300)]);
    after.now = at("2014-06-20T20:00:00Z");
    after.phase = Phase::Extended;
    book.advance(&after);
    let account = book.account(ACCOUNT).unwrap();
    let held: Vec<(String, Decimal)> =
        account.holdings.iter().map(|held| (symbol_of(&held.instrument), held.quantity)).collect();
    assert_eq!(held, [("AAPL".to_owned(), Decimal::ONE_HUNDRED)]);
    assert_eq!(account.cash, Decimal::from(100_000 + 505 - 820 - 60_000));
    let kinds: Vec<ActivityKind> = book.activities_of(ACCOUNT).map(|activity| activity.kind).collect();
    assert_eq!(kinds, [ActivityKind::Expiration, ActivityKind::Assignment, ActivityKind::ShareDelivery]);
}

#[test]
fn expired_options_on_an_index_become_cash() {
    let (put, call) = ("SPXW140620P01950000", "SPXW140620C01900000");
    let mut book = book();
    let view = market(&[("SPX", 194_000, 194_010, 300), (put, 1_500, 1_510, 10), (call, 4_500, 4_510, 10)]);
    book.submit(&limit("call", call, Side::Buy, 1, 4_510), &view).unwrap();
    book.grant_margin(ACCOUNT);
    book.fund(ACCOUNT, Decimal::from(200_000));
    book.submit(&limit("put", put, Side::Sell, 1, 1_500), &view).unwrap();
    let mut after = market(&[("SPX", 194_000, 194_000, 300)]);
    after.now = at("2014-06-20T20:00:00Z");
    after.phase = Phase::Extended;
    book.advance(&after);
    let account = book.account(ACCOUNT).unwrap();
    assert_eq!(account.holdings.iter().count(), 0);
    assert_eq!(account.cash, Decimal::from(300_000 - 4_510 + 1_500 + 4_000 - 1_000));
    let mut booked: Vec<(ActivityKind, Decimal)> =
        book.activities_of(ACCOUNT).map(|activity| (activity.kind, activity.net_amount)).collect();
    booked.sort_by_key(|(_, amount)| *amount);
    assert_eq!(
        booked,
        [
            (ActivityKind::CashAssignment, Decimal::from(-1_000)),
            (ActivityKind::CashExercise, Decimal::from(4_000))
        ]
    );
}

#[test]
fn a_kept_book_outlives_its_simulation_and_is_written_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books/simulated-1.json");
    let first = Exchange::new();
    assert!(!first.persist(&path, false).unwrap());
    first.open_account(ACCOUNT, Decimal::from(100_000));
    let sold = first.change(|book| book.submit(&limit("put", PUT, Side::Sell, 1, 505), &usual())).unwrap();
    let working = first.change(|book| book.submit(&limit("bid", CALL, Side::Buy, 1, 700), &usual())).unwrap();

    let second = Exchange::new();
    assert!(second.persist(&path, false).unwrap(), "it reads what the first one keeps");
    second.change(|book| book.cancel(ACCOUNT, &working.id, usual().now)).unwrap();
    assert!(second.check_own().unwrap_err().to_string().contains("another process"));
    let seen = |exchange: &Exchange, id: &str| {
        exchange.read(|book| book.order(ACCOUNT, id).map(|order| (order.status, order.filled_quantity)))
    };
    let works = Some((OrderState::New, Decimal::ZERO));
    assert_eq!(seen(&second, &working.id), works, "what is there was read again, and nothing was written");
    first.change(|book| book.cancel(ACCOUNT, &working.id, usual().now)).unwrap();
    drop(first);
    assert!(second.check_own().is_ok(), "it takes over");
    assert_eq!(seen(&second, &sold.id), Some((OrderState::Filled, Decimal::ONE)));
    assert_eq!(seen(&second, &working.id), Some((OrderState::Canceled, Decimal::ZERO)));
    let account = second.read(|book| book.account(ACCOUNT).cloned()).unwrap();
    assert_eq!(account.cash, Decimal::from(100_000 + 505));
    assert_eq!(account.holdings.quantity(&instrument(PUT)), Decimal::NEGATIVE_ONE);
    drop(second);

    assert!(!Exchange::new().persist(&path, true).unwrap(), "a market that begins again has no past");
    std::fs::write(&path, "{\"accounts\":").unwrap();
    let damaged = Exchange::new().persist(&path, false).unwrap_err().to_string();
    assert!(damaged.contains("move it away"), "{damaged}");
}

#[derive(Clone, Debug)]
enum Step {
    Order { what: usize, sell: bool, quantity: i64, price: Option<i64>, immediate: bool },
    Move { by: i64, size: i64 },
    Cancel(usize),
    Night(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..5_usize, any::<bool>(), 1..40_i64, proptest::option::of(-60..60_i64), any::<bool>())
            .prop_map(|(what, sell, quantity, price, immediate)| Step::Order { what, sell, quantity, price, immediate }),
        4 => (-300..300_i64, 1..30_i64).prop_map(|(by, size)| Step::Move { by, size }),
        1 => (0..30_usize).prop_map(Step::Cancel),
        1 => any::<bool>().prop_map(Step::Night),
    ];
    proptest::collection::vec(step, 1..60)
}

struct Play {
    book: Book,
    view: MarketSnapshot,
    spot: i64,
    orders: usize,
}

impl Play {
    fn new() -> Self {
        let mut play = Self { book: book(), view: usual(), spot: 10_000, orders: 0 };
        play.requote(10);
        play
    }

    fn requote(&mut self, size: i64) {
        let option = |strike: i64| ((strike - self.spot) / 2 + 600).max(5);
        let quotes = [
            ("AAPL", self.spot, self.spot + 4, size),
            ("AAPL140621P00100000", option(10_000), option(10_000) + 6, size),
            ("AAPL140621P00095000", option(9_500), option(9_500) + 6, size),
            ("AAPL140621C00105000", 400, 406, size),
        ];
        let now = self.view.now + TimeDelta::seconds(1);
        self.view = MarketSnapshot { now, phase: self.view.phase, ..market(&quotes) };
        for touch in self.view.touches.values_mut() {
            touch.time = now;
        }
    }

    fn order(&mut self, what: usize, sell: bool, quantity: i64, price: Option<i64>, immediate: bool) {
        let side = if sell { Side::Sell } else { Side::Buy };
        let other = if sell { Side::Buy } else { Side::Sell };
        let put = "AAPL140621P00100000";
        let legs: Vec<(&str, Side)> = match what {
            0 => vec![("AAPL", side)],
            1 => vec![(put, side)],
            2 => vec![("AAPL140621P00095000", side)],
            3 => vec![("AAPL140621C00105000", side)],
            _ => vec![(put, side), ("AAPL140621P00095000", other)],
        };
        let quantity = if what == 0 { quantity * 10 } else { quantity };
        let base = match (what, sell) {
            (0, _) => self.spot,
            (4, true) => -250,
            (4, false) => 250,
            _ => 600,
        };
        let pricing = price.map_or(Pricing::Market, |offset| Pricing::Limit(cents(base + offset)));
        self.orders += 1;
        let mut request = request(&self.orders.to_string(), &legs, quantity, pricing);
        if immediate {
            request.duration = Duration::ImmediateOrCancel;
        }
        let _ = self.book.submit(&request, &self.view);
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Order { what, sell, quantity, price, immediate } => {
                self.order(what, sell, quantity, price, immediate);
            }
            Step::Move { by, size } => {
                self.spot = (self.spot + by).max(2_000);
                self.requote(size);
            }
            Step::Cancel(index) => {
                let id = self.book.orders_of(ACCOUNT).nth(index).map(|order| order.id.clone());
                if let Some(id) = id {
                    let _ = self.book.cancel(ACCOUNT, &id, self.view.now);
                }
            }
            Step::Night(night) => self.view.phase = if night { Phase::Closed } else { Phase::Regular },
        }
        self.book.advance(&self.view);
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let account = self.book.account(ACCOUNT).unwrap();
        let mut cash = account.opening_cash;
        for fill in self.book.fills_of(ACCOUNT) {
            cash -= Side::of(fill.action).sign() * fill.quantity * fill.price * fill.instrument.multiplier();
        }
        prop_assert_eq!(cash, account.cash, "cash is what the fills left of it");
        let requirement = account.holdings.requirement();
        prop_assert!(requirement.is_ok_and(|needed| account.cash >= needed), "every short option is secured");
        for position in account.holdings.iter() {
            prop_assert!(!position.quantity.is_zero());
            let shares = matches!(position.instrument, Instrument::Equity(_));
            prop_assert!(!shares || position.quantity.is_sign_positive(), "shares are never short");
            let filled: Decimal = self
                .book
                .fills_of(ACCOUNT)
                .filter(|fill| fill.instrument == position.instrument)
                .map(|fill| Side::of(fill.action).sign() * fill.quantity)
                .sum();
            prop_assert_eq!(filled, position.quantity, "a position is the sum of its fills");
        }
        for order in self.book.orders_of(ACCOUNT) {
            self.check_order(order)?;
        }
        Ok(())
    }

    fn check_order(&self, order: &Order) -> Result<(), TestCaseError> {
        prop_assert!(order.filled_quantity >= Decimal::ZERO && order.filled_quantity <= order.quantity);
        prop_assert_eq!(order.status == OrderState::Filled, order.remaining().is_zero());
        for leg in &order.legs {
            let fills = self
                .book
                .fills_of(ACCOUNT)
                .filter(|fill| fill.order_id == order.id && fill.instrument == leg.instrument);
            let filled: Decimal = fills.map(|fill| fill.quantity).sum();
            prop_assert_eq!(
                filled,
                order.filled_quantity * leg.ratio,
                "the fills of a leg sum to what is filled"
            );
        }
        if let (Some(limit), Some(average)) = (order.net_limit(), order.average_price) {
            let paid = if order.legs.len() == 1 { average * order.legs[0].side().sign() } else { average };
            prop_assert!(paid <= limit + Decimal::new(1, 12), "no fill is worse than the limit");
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn money_and_quantities_add_up_whatever_happens(steps in steps()) {
        let mut play = Play::new();
        for step in &steps {
            play.take(step);
            play.check()?;
        }
    }
}
