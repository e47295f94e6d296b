//! What a data stream has to say: the market's changes since it last looked, for what is subscribed. Knows no wire.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use ttai_calendar::new_york_date;
use ttai_core::{OccSymbol, Symbol};

use super::stocks::Bar;
use super::wire::time;
use super::{options, stocks, stories};
use crate::server::SimState;
use crate::server::market::SimChain;

/// Which market a stream is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Stocks,
    Options,
    News,
}

impl Kind {
    /// The channels that it has.
    pub(super) fn channels(self) -> &'static [&'static str] {
        match self {
            Self::Stocks => &[
                "trades",
                "quotes",
                "bars",
                "updatedBars",
                "dailyBars",
                "statuses",
                "lulds",
                "corrections",
                "cancelErrors",
            ],
            Self::Options => &["trades", "quotes"],
            Self::News => &["news"],
        }
    }
}

/// Symbols by channel; `*` stands for every one.
#[derive(Clone, Debug, Default)]
pub(super) struct Subscriptions(BTreeMap<&'static str, BTreeSet<String>>);

impl Subscriptions {
    pub(super) fn add(&mut self, channel: &'static str, symbols: impl Iterator<Item = String>) {
        self.0.entry(channel).or_default().extend(symbols);
    }

    pub(super) fn remove(&mut self, channel: &'static str, symbols: impl Iterator<Item = String>) {
        if let Some(known) = self.0.get_mut(channel) {
            for symbol in symbols {
                known.remove(&symbol);
            }
        }
    }

    /// The acknowledgement: everything that is subscribed now.
    pub(super) fn shown(&self, kind: Kind) -> Value {
        let mut shown = json!({ "T": "subscription" });
        if let Some(fields) = shown.as_object_mut() {
            for channel in kind.channels() {
                let symbols = self.0.get(channel).cloned().unwrap_or_default();
                fields.insert((*channel).to_owned(), json!(symbols));
            }
        }
        shown
    }

    fn stocks(&self, channel: &str, state: &SimState) -> Vec<Symbol> {
        let Some(names) = self.0.get(channel) else { return Vec::new() };
        if names.contains("*") {
            return state.market.symbols().to_vec();
        }
        names
            .iter()
            .filter_map(|name| Symbol::new(name).ok())
            .filter(|name| state.market.lists(name))
            .collect()
    }

    fn contracts(&self, channel: &str) -> Vec<OccSymbol> {
        let names = self.0.get(channel).into_iter().flatten();
        let parsed = names.filter_map(|name| OccSymbol::parse(name).ok());
        parsed.map(|contract| OccSymbol { strike: contract.strike.normalize(), ..contract }).collect()
    }
}

type Shown = (DateTime<Utc>, Option<Decimal>, Option<Decimal>);

/// What one stream has told already.
pub(super) struct Feed {
    kind: Kind,
    sent_until: DateTime<Utc>,
    quotes: HashMap<String, Shown>,
    option_trades: HashMap<String, Option<Decimal>>,
    halted: BTreeSet<Symbol>,
}

impl Feed {
    pub(super) fn new(kind: Kind, now: DateTime<Utc>) -> Self {
        Self {
            kind,
            sent_until: now,
            quotes: HashMap::new(),
            option_trades: HashMap::new(),
            halted: BTreeSet::new(),
        }
    }

    /// Everything new; a quote's first appearance is its present state.
    pub(super) async fn news(&mut self, state: &SimState, wanted: &Subscriptions) -> Vec<Value> {
        let now = state.market.now();
        let sent_until = std::mem::replace(&mut self.sent_until, now);
        let mut events = Vec::new();
        match self.kind {
            Kind::Stocks => {
                self.statuses(state, wanted, now, &mut events);
                self.trades(state, wanted, sent_until, now, &mut events).await;
                self.stock_quotes(state, wanted, &mut events).await;
                self.bars(state, wanted, sent_until, now, &mut events).await;
            }
            Kind::Options => self.options(state, wanted, &mut events).await,
            Kind::News => self.stories(state, wanted, sent_until, now, &mut events).await,
        }
        events
    }

    fn statuses(
        &mut self,
        state: &SimState,
        wanted: &Subscriptions,
        now: DateTime<Utc>,
        events: &mut Vec<Value>,
    ) {
        for symbol in wanted.stocks("statuses", state) {
            let halted = state.market.is_halted(&symbol);
            let changed =
                if halted { self.halted.insert(symbol.clone()) } else { self.halted.remove(&symbol) };
            if changed {
                let (code, words) = if halted { ("H", "Trading Halt") } else { ("T", "Trading Resumption") };
                events.push(json!({
                    "T": "s", "S": symbol, "sc": code, "sm": words, "rc": "T1", "rm": "Halt - News Pending",
                    "t": time(now), "z": "C",
                }));
            }
        }
    }

    async fn trades(
        &self,
        state: &SimState,
        wanted: &Subscriptions,
        after: DateTime<Utc>,
        now: DateTime<Utc>,
        events: &mut Vec<Value>,
    ) {
        if after >= now {
            return;
        }
        for symbol in wanted.stocks("trades", state) {
            let prints = state.market.prints(&symbol, after, now).await.unwrap_or_default();
            events
                .extend(prints.iter().map(|print| tagged(stocks::trade_shown(print), "t", symbol.as_str())));
        }
    }

    async fn stock_quotes(&mut self, state: &SimState, wanted: &Subscriptions, events: &mut Vec<Value>) {
        for symbol in wanted.stocks("quotes", state) {
            let Ok(quote) = state.market.quote(&symbol).await else { continue };
            let shown = (quote.market_time, quote.bid, quote.ask);
            if self.quotes.insert(symbol.to_string(), shown) != Some(shown) {
                events.push(tagged(stocks::quote_shown(&quote), "q", symbol.as_str()));
            }
        }
    }

    async fn bars(
        &self,
        state: &SimState,
        wanted: &Subscriptions,
        after: DateTime<Utc>,
        now: DateTime<Utc>,
        events: &mut Vec<Value>,
    ) {
        // A bar is told once its minute is over.
        let minute = |at: DateTime<Utc>| at.timestamp().div_euclid(60);
        if minute(after) == minute(now) {
            return;
        }
        for symbol in wanted.stocks("bars", state) {
            let bars = state.market.minutes(&symbol, new_york_date(now)).await.unwrap_or_default();
            let ended = bars.iter().filter(|bar| {
                let end = bar.start + Duration::minutes(1);
                after < end && end <= now
            });
            events.extend(ended.map(|bar| tagged(Bar::of_minute(bar).shown(), "b", symbol.as_str())));
        }
    }

    async fn options(&mut self, state: &SimState, wanted: &Subscriptions, events: &mut Vec<Value>) {
        let mut chains: HashMap<Symbol, Option<Arc<SimChain>>> = HashMap::new();
        for (channel, code) in [("quotes", "q"), ("trades", "t")] {
            for contract in wanted.contracts(channel) {
                if !chains.contains_key(&contract.root) {
                    let chain = state.market.chain(&contract.underlying()).await.ok();
                    chains.insert(contract.root.clone(), chain);
                }
                let chain = chains.get(&contract.root).and_then(Option::as_ref);
                let Some((quote, _)) = chain.and_then(|chain| chain.contract(&contract)) else { continue };
                let name = super::reference::compact(&contract);
                if code == "q" {
                    let shown = (quote.quote_time, Some(quote.bid), Some(quote.ask));
                    if self.quotes.insert(name.clone(), shown) != Some(shown) {
                        events.push(tagged(options::quote_shown(quote), code, &name));
                    }
                } else if self.option_trades.insert(name.clone(), quote.last) != Some(quote.last) {
                    events.extend(options::trade_shown(quote).map(|trade| tagged(trade, code, &name)));
                }
            }
        }
    }

    async fn stories(
        &self,
        state: &SimState,
        wanted: &Subscriptions,
        after: DateTime<Utc>,
        now: DateTime<Utc>,
        events: &mut Vec<Value>,
    ) {
        let symbols = wanted.stocks("news", state);
        if symbols.is_empty() || after >= now {
            return;
        }
        let mut stories = stories::stories(state, &symbols, after, now).await;
        stories.reverse();
        for story in &stories {
            let mut shown = stories::story_shown(story);
            if let Some(fields) = shown.as_object_mut() {
                fields.insert("T".to_owned(), json!("n"));
                fields.remove("images");
            }
            events.push(shown);
        }
    }
}

fn tagged(mut event: Value, code: &str, symbol: &str) -> Value {
    if let Some(fields) = event.as_object_mut() {
        fields.insert("T".to_owned(), json!(code));
        fields.insert("S".to_owned(), json!(symbol));
    }
    event
}
