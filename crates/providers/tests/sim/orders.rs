//! What trading needs of a broker, at the simulated Alpaca and the simulated tastytrade alike: orders that are found again
//! whatever became of the answer, fills by execution id, replaces that are read back, streams that say what they missed.

use std::collections::BTreeMap;
use std::time::Duration;

use rust_decimal::Decimal;
use tokio::time::timeout;
use ttai_core::OptionRight;
use ttai_ports::{
    Broker, BrokerOrder, Instrument, OrderAction, OrderIntent, OrderLeg, OrderPrice, OrderStatus,
    OrderUpdate, OrderUpdates, PortError, TimeInForce, broker_listing,
};
use ttai_sim::server::RunningSim;
use ttai_sim::server::exchange::{LegRequest, OrderRequest, Pricing, Side};
use ttai_sim::server::market::occ;
use ttai_trading::reconcile::{DifferenceKind, reconcile};
use ttai_trading::{OrderPhase, TrackedOrder};

use crate::support::{arm, sim, symbol};

/// Waiting longer than this is a failure.
const PATIENCE: Duration = Duration::from_secs(60);

/// A broker with its account and its name in faults.
struct Desk {
    broker: Box<dyn Broker>,
    account: String,
    sim: RunningSim,
}

/// Both brokers, each on a market of its own.
async fn desks() -> Vec<Desk> {
    let (first, second) = (sim().await, sim().await);
    let brokers: [(Box<dyn Broker>, RunningSim); 2] = [
        (Box::new(crate::alpaca::alpaca(&first)), first),
        (Box::new(crate::tastytrade::tastytrade(&second)), second),
    ];
    let mut desks = Vec::new();
    for (broker, sim) in brokers {
        let account = broker.accounts().await.unwrap().remove(0).id;
        desks.push(Desk { broker, account, sim });
    }
    desks
}

impl Desk {
    fn arm(&self, fault: &str) {
        let service = self.broker.name();
        arm(&self.sim, &fault.replacen('{', &format!(r#"{{"service":"{service}","#), 1));
    }

    fn intent(&self, id: &str, legs: Vec<OrderLeg>, price: OrderPrice) -> OrderIntent {
        OrderIntent {
            account: self.account.clone(),
            client_order_id: id.to_owned(),
            legs,
            price,
            time_in_force: TimeInForce::Day,
        }
    }

    /// Shares of AAPL, bought at a price that the market meets at once, or at 1 dollar, which it does not.
    async fn shares(&self, id: &str, quantity: u32, meets: bool) -> OrderIntent {
        let ask = self.sim.state.market.quote(&symbol("AAPL")).await.unwrap().ask.unwrap();
        let limit = if meets { ask + Decimal::ONE } else { Decimal::ONE };
        let instrument = Instrument::Equity(symbol("AAPL"));
        let leg = OrderLeg { instrument, action: OrderAction::BuyToOpen, quantity };
        self.intent(id, vec![leg], OrderPrice::Debit(limit))
    }

    /// A put spread of AAPL at a price that the market meets.
    async fn spread(&self, id: &str) -> OrderIntent {
        let chain = self.sim.state.market.chain(&symbol("AAPL")).await.unwrap().chain.clone();
        let today = ttai_calendar::new_york_date(self.sim.state.market.now());
        let puts: Vec<_> = chain
            .quotes
            .iter()
            .filter(|quote| {
                let is_put = quote.contract.right == OptionRight::Put;
                is_put && quote.contract.dte(today) > 7 && quote.bid > Decimal::ONE
            })
            .collect();
        let (long, short) = puts
            .iter()
            .zip(puts.iter().skip(1))
            .find(|(long, short)| {
                long.contract.expiration == short.contract.expiration && short.bid > long.ask
            })
            .unwrap();
        let leg =
            |quote, action| OrderLeg { instrument: Instrument::Option(occ(quote)), action, quantity: 1 };
        let legs = vec![leg(short, OrderAction::SellToOpen), leg(long, OrderAction::BuyToOpen)];
        self.intent(id, legs, OrderPrice::Credit(short.bid - long.ask))
    }

    async fn known(&self, id: &str) -> BrokerOrder {
        self.broker.order_by_client_id(&self.account, id).await.unwrap().expect(id)
    }
}

/// An order as the rules of trading see it, before the broker has said anything.
fn tracked(intent: &OrderIntent, units: i64) -> TrackedOrder {
    let legs = intent.legs.iter().map(|leg| (leg.instrument.clone(), Decimal::from(leg.quantity)));
    TrackedOrder::adopted(intent.client_order_id.clone(), Decimal::from(units), legs.collect())
}

async fn update(updates: &mut Box<dyn OrderUpdates>) -> OrderUpdate {
    timeout(PATIENCE, updates.next()).await.expect("an update in time").expect("a stream that stands")
}

#[tokio::test]
async fn parts_are_counted_by_execution_id_repeated_and_in_any_order() {
    for desk in desks().await {
        let now = desk.sim.state.market.now();
        let mut updates = desk.broker.order_updates(&desk.account).await.unwrap();
        desk.arm(r#"{"action":"disordered_fills"}"#);
        desk.arm(r#"{"action":"fill_parts","units":[87,10,3]}"#);
        let intent = desk.shares("parts", 100, true).await;
        desk.broker.submit(&intent).await.unwrap();
        let known = desk.known("parts").await;
        assert_eq!((known.status, known.quantity), (OrderStatus::Filled, Some(Decimal::ONE_HUNDRED)));
        let [leg] = known.legs.as_slice() else { panic!("{known:?}") };
        let mut quantities: Vec<Decimal> =
            leg.executions.iter().map(|execution| execution.quantity).collect();
        quantities.sort();
        assert_eq!((quantities, leg.filled), ([3, 10, 87].map(Decimal::from).to_vec(), Decimal::ONE_HUNDRED));

        let mut order = tracked(&intent, 100);
        let mut told = Vec::new();
        while order.filled_units() < Decimal::ONE_HUNDRED || told.len() < 4 {
            let OrderUpdate::Changed(changed) = update(&mut updates).await else { panic!("a gap") };
            told.push(changed.filled_quantity);
            for report in changed.reports(now) {
                assert!(order.apply(&report).unwrap().alarms.is_empty(), "{report:?}");
            }
        }
        assert_eq!(told[0], told[1], "the newest comes first, and twice: {told:?}");
        for report in [known.reports(now), known.reports(now)].concat() {
            assert!(order.apply(&report).unwrap().alarms.is_empty(), "{report:?}");
        }
        let fills = order.fills(now);
        assert_eq!((order.phase(), fills.len()), (OrderPhase::Filled, 3));
        assert!(fills.iter().all(|fill| fill.execution_id.is_some() && fill.price.is_some()), "{fills:?}");
        desk.sim.shutdown().await;
    }
}

#[tokio::test]
async fn a_cancel_that_was_accepted_may_come_too_late() {
    for desk in desks().await {
        desk.arm(r#"{"action":"fill_parts","units":[4]}"#);
        let partly = desk.broker.submit(&desk.shares("partly", 10, true).await).await.unwrap();
        assert_eq!(desk.known("partly").await.status, OrderStatus::PartiallyFilled);
        desk.broker.cancel(&desk.account, &partly.id).await.unwrap();
        let ended = desk.known("partly").await;
        assert_eq!((ended.status, ended.filled_quantity), (OrderStatus::Canceled, Decimal::from(4)));

        for (id, fault, status, filled) in [
            ("late", r#"{"action":"fill_after_cancel"}"#, OrderStatus::Filled, 10),
            ("part-late", r#"{"action":"fill_after_cancel","units":3}"#, OrderStatus::Canceled, 3),
        ] {
            let resting = desk.broker.submit(&desk.shares(id, 10, false).await).await.unwrap();
            desk.arm(fault);
            desk.broker.cancel(&desk.account, &resting.id).await.unwrap();
            let known = desk.known(id).await;
            assert_eq!((known.status, known.filled_quantity), (status, Decimal::from(filled)), "{known:?}");
            assert_eq!(known.average_fill_price, Some(Decimal::ONE));
            assert_eq!(known.legs[0].executions.len(), 1);
        }

        desk.arm(r#"{"action":"reject_order","reason":"not today"}"#);
        let taken = desk.broker.submit(&desk.shares("refused", 10, true).await).await.unwrap();
        assert!(!taken.status.is_final(), "{taken:?}");
        let refused = desk.known("refused").await;
        assert!(refused.status == OrderStatus::Rejected && refused.reject_reason.is_some(), "{refused:?}");
        desk.sim.shutdown().await;
    }
}

#[tokio::test]
async fn a_replace_is_what_a_look_up_shows() {
    for desk in desks().await {
        let price = |cents| OrderPrice::Debit(Decimal::new(cents, 2));
        let first = desk.broker.submit(&desk.shares("first", 10, false).await).await.unwrap();
        let successor = OrderIntent { price: price(110), ..desk.shares("second", 10, false).await };
        desk.broker.replace(&first.id, &successor).await.unwrap();
        let (old, new) = (desk.known("first").await, desk.known("second").await);
        assert_eq!((old.status, old.replaced_by.as_deref()), (OrderStatus::Canceled, Some(new.id.as_str())));
        assert_eq!((new.replaces.as_deref(), new.limit), (Some(old.id.as_str()), Some(Decimal::new(11, 1))));

        desk.arm(r#"{"action":"ignored_replace"}"#);
        let third =
            OrderIntent { price: price(120), client_order_id: "third".to_owned(), ..successor.clone() };
        let answer = desk.broker.replace(&new.id, &third).await.unwrap();
        assert_eq!(answer.limit, Some(Decimal::new(12, 1)), "the answer says that it was replaced");
        let still = desk.known("second").await;
        assert_eq!(
            (still.status, still.limit, still.replaced_by),
            (OrderStatus::Live, Some(Decimal::new(11, 1)), None)
        );
        let looked = desk.broker.order_by_client_id(&desk.account, "third").await;
        assert!(matches!(looked, Ok(None) | Err(PortError::OutcomeUnknown { .. })), "{looked:?}");

        let method = if desk.broker.name() == "alpaca" { "PATCH" } else { "PUT" };
        desk.arm(&format!(r#"{{"method":"{method}","action":"lost_reply"}}"#));
        let fourth = OrderIntent { price: price(130), client_order_id: "fourth".to_owned(), ..successor };
        let lost = desk.broker.replace(&new.id, &fourth).await.unwrap_err();
        assert!(matches!(lost, PortError::OutcomeUnknown { .. }), "{lost}");
        let found = desk.known("fourth").await;
        assert_eq!((found.limit, found.replaces), (Some(Decimal::new(13, 1)), Some(new.id.clone())));
        // Asked once more it is the same one: nothing is sent twice.
        assert_eq!(desk.broker.replace(&found.id, &fourth).await.unwrap().id, found.id);
        assert_eq!(desk.known("fourth").await.status, OrderStatus::Live);
        desk.sim.shutdown().await;
    }
}

#[tokio::test]
async fn legs_have_their_own_fills_and_what_the_broker_does_by_itself_is_told_apart() {
    for desk in desks().await {
        let now = desk.sim.state.market.now();
        let since = now - chrono::Duration::hours(1);
        let intent = desk.spread("spread").await;
        let OrderPrice::Credit(credit) = intent.price else { panic!("{intent:?}") };
        desk.broker.submit(&intent).await.unwrap();
        let known = desk.known("spread").await;
        assert_eq!((known.status, known.limit), (OrderStatus::Filled, Some(-credit)));
        for (leg, ordered) in known.legs.iter().zip(&intent.legs) {
            assert_eq!((&leg.instrument, leg.action), (&ordered.instrument, ordered.action));
            assert_eq!((leg.filled, leg.executions.len()), (Decimal::ONE, 1), "{leg:?}");
        }
        let mut order = tracked(&intent, 1);
        for report in known.reports(now) {
            order.apply(&report).unwrap();
        }
        assert_eq!((order.phase(), order.fills(now).len()), (OrderPhase::Filled, 2));
        let positions: BTreeMap<Instrument, Decimal> = intent
            .legs
            .iter()
            .map(|leg| {
                (
                    leg.instrument.clone(),
                    if leg.action.is_buy() { Decimal::ONE } else { Decimal::NEGATIVE_ONE },
                )
            })
            .collect();
        let compared = || async {
            let orders = desk.broker.orders(&desk.account, since).await.unwrap();
            let held = desk.broker.positions(&desk.account).await.unwrap();
            let booked = desk.broker.transactions(&desk.account, since).await.unwrap();
            let listing = broker_listing(&orders, &held, &booked, now);
            let found = reconcile(std::slice::from_ref(&order), &positions, &listing, now);
            found
                .differences
                .into_iter()
                .map(|difference| (difference.kind, difference.subject))
                .collect::<Vec<_>>()
        };
        assert_eq!(compared().await, []);
        let [short, long] = intent.legs.as_slice() else { panic!("{intent:?}") };
        desk.arm(&format!(r#"{{"action":"assign","symbol":"{}"}}"#, short.instrument));
        desk.sim.state.exchange.follow(&desk.sim.state.market).await;
        let shares = Instrument::Equity(symbol("AAPL")).to_string();
        let mut assigned = compared().await;
        assigned.sort_by_key(|(_, subject)| subject.len());
        assert_eq!(
            assigned,
            [
                (DifferenceKind::Assigned, shares.clone()),
                (DifferenceKind::Assigned, short.instrument.to_string())
            ]
        );
        desk.arm(&format!(r#"{{"action":"close_position","symbol":"{}"}}"#, long.instrument));
        desk.sim.state.exchange.follow(&desk.sim.state.market).await;
        let closed = (DifferenceKind::Liquidated, long.instrument.to_string());
        assert!(compared().await.contains(&closed), "{:?}", compared().await);
        desk.arm(r#"{"action":"close_position"}"#);
        desk.sim.state.exchange.follow(&desk.sim.state.market).await;
        assert!(desk.broker.positions(&desk.account).await.unwrap().is_empty());
        desk.sim.shutdown().await;
    }
}

#[tokio::test]
async fn a_stream_comes_back_after_every_loss_and_says_that_it_was_lost() {
    for desk in desks().await {
        let mut updates = desk.broker.order_updates(&desk.account).await.unwrap();
        let resting = desk.broker.submit(&desk.shares("resting", 10, false).await).await.unwrap();
        for (fault, id) in [
            (r#"{"action":"stream_reset","path":"/stream"}"#, "reset"),
            (r#"{"action":"malformed_frame","path":"/stream"}"#, "malformed"),
            (r#"{"action":"restart","seconds":0.5}"#, "restart"),
        ] {
            desk.arm(fault);
            let gap = loop {
                if let OrderUpdate::Gap(gap) = update(&mut updates).await {
                    break gap;
                }
            };
            assert!(gap.until >= gap.from && !gap.reason.is_empty(), "{gap:?}");
            // It came back with its book, and goes on.
            assert_eq!(desk.known("resting").await.id, resting.id);
            desk.broker.submit(&desk.shares(id, 1, true).await).await.unwrap();
            loop {
                match update(&mut updates).await {
                    OrderUpdate::Changed(order)
                        if order.client_order_id.as_deref() == Some(id)
                            && order.status == OrderStatus::Filled =>
                    {
                        break;
                    }
                    _ => {}
                }
            }
        }
        desk.sim.shutdown().await;
    }
}

#[tokio::test]
async fn the_list_of_working_orders_is_complete_however_long_and_old() {
    for desk in desks().await {
        let request = |number: usize| OrderRequest {
            account: desk.account.clone(),
            client_order_id: format!("many-{number}"),
            legs: vec![LegRequest {
                instrument: Instrument::Equity(symbol("AAPL")),
                side: Side::Buy,
                action: Some(OrderAction::BuyToOpen),
                ratio: Decimal::ONE,
            }],
            quantity: Decimal::ONE,
            pricing: Pricing::Limit(Decimal::ONE),
            duration: ttai_sim::server::exchange::Duration::Day,
            extended_hours: false,
        };
        let state = &desk.sim.state;
        let view = state.exchange.view(&state.market, &request(0).instruments()).await;
        for number in 0..520 {
            state.exchange.change(|book| book.submit(&request(number), &view)).unwrap();
        }
        let later = state.market.now() + chrono::Duration::hours(1);
        let orders = desk.broker.orders(&desk.account, later).await.unwrap();
        let ids: std::collections::BTreeSet<&str> = orders.iter().map(|order| order.id.as_str()).collect();
        assert_eq!((orders.len(), ids.len()), (520, 520));
        desk.sim.shutdown().await;
    }
}

#[tokio::test]
async fn a_brokers_clock_may_be_wrong() {
    for desk in desks().await {
        desk.arm(r#"{"action":"clock_skew","seconds":-90}"#);
        desk.broker.submit(&desk.shares("slow", 1, true).await).await.unwrap();
        let behind = desk.sim.state.market.now() - desk.known("slow").await.received_at.unwrap();
        assert_eq!(behind.num_seconds(), 90);
        desk.sim.shutdown().await;
    }
}

#[tokio::test]
async fn paper_is_what_the_accounts_say_too() {
    for desk in desks().await {
        let accounts = desk.broker.accounts().await.unwrap();
        assert!(accounts.iter().all(|account| account.paper == desk.broker.is_paper()));
        desk.sim.shutdown().await;
    }
}

#[tokio::test]
async fn legs_in_a_string_are_read_at_both() {
    for desk in desks().await {
        let intent = desk.spread("text").await;
        let (url, body) = if desk.broker.name() == "alpaca" {
            let leg = |leg: &OrderLeg, side: &str, intent: &str| {
                serde_json::json!({ "symbol": leg.instrument.to_string().replace(' ', ""), "ratio_qty": "1",
                    "side": side, "position_intent": intent })
            };
            let legs =
                [leg(&intent.legs[0], "sell", "sell_to_open"), leg(&intent.legs[1], "buy", "buy_to_open")];
            let body = serde_json::json!({ "order_class": "mleg", "qty": "1", "type": "limit", "time_in_force": "day",
                "limit_price": "-0.01", "client_order_id": "text", "legs": serde_json::json!(legs).to_string() });
            (format!("{}/v2/orders", desk.sim.endpoints.alpaca_trading), body)
        } else {
            let leg = |leg: &OrderLeg, action: &str| {
                serde_json::json!({ "symbol": leg.instrument.to_string(), "instrument-type": "Equity Option",
                    "action": action, "quantity": 1 })
            };
            let legs = [leg(&intent.legs[0], "Sell to Open"), leg(&intent.legs[1], "Buy to Open")];
            let body = serde_json::json!({ "order-type": "Limit", "time-in-force": "Day", "price": "0.01",
                "price-effect": "Credit", "external-identifier": "text", "legs": serde_json::json!(legs).to_string() });
            (format!("{}/accounts/{}/orders", desk.sim.endpoints.tastytrade, desk.account), body)
        };
        let client = reqwest::Client::new();
        let post = |url: String, body: serde_json::Value| {
            client
                .post(url)
                .header("content-type", "application/json")
                .header("user-agent", "test")
                .body(body.to_string())
        };
        let call = if desk.broker.name() == "alpaca" {
            let secret = "a-secret-that-nobody-may-see";
            post(url, body).header("apca-api-key-id", "key").header("apca-api-secret-key", secret)
        } else {
            let grant = serde_json::json!({ "grant_type": "refresh_token", "refresh_token": "r", "client_secret": "s" });
            let token = post(format!("{}/oauth/token", desk.sim.endpoints.tastytrade), grant).send().await;
            let token: serde_json::Value =
                serde_json::from_str(&token.unwrap().text().await.unwrap()).unwrap();
            post(url, body).bearer_auth(token["access_token"].as_str().unwrap())
        };
        let sent = call.send().await.unwrap();
        assert!(sent.status().is_success(), "{}", sent.text().await.unwrap());
        assert_eq!(desk.known("text").await.legs.len(), 2);
        desk.sim.shutdown().await;
    }
}

#[tokio::test]
async fn anothers_account_has_no_stream_here() {
    for desk in desks().await {
        let refused = desk.broker.order_updates("5WT99999").await.err().unwrap();
        let is_clear = matches!(refused, PortError::Authentication { .. } | PortError::Invalid { .. });
        assert!(is_clear, "{refused}");
        desk.sim.shutdown().await;
    }
}
