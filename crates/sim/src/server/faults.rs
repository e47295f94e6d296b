//! Failures on demand: by a script, by a call to the control address, or by a header of one request.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ttai_core::Symbol;
use ttai_ports::Instrument;

use super::market::SimMarket;

/// The header that asks for a fault of this one request: a [`FaultAction`] as JSON.
pub const FAULT_HEADER: &str = "x-ttai-sim-fault";

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultAction {
    /// The answer comes late.
    Latency {
        /// By this many milliseconds.
        milliseconds: u64,
    },
    /// Another answer than the service's own; the request takes no effect.
    Status {
        /// 401, 429, 500, 503.
        status: u16,
        /// `Retry-After` in seconds.
        #[serde(default)]
        retry_after: Option<u64>,
        /// The body; empty when none.
        #[serde(default)]
        body: String,
    },
    /// The answer breaks off.
    CutBody {
        /// After this many bytes.
        after_bytes: usize,
    },
    /// The connection ends before the request is looked at.
    Reset,
    /// The request takes effect, and the connection ends before the answer.
    LostReply,
    /// A stream says nothing any more, not even that it lives, while its connection stands.
    SilentStream {
        /// For this many seconds.
        seconds: f64,
    },
    /// A stream leaves out its events but lives.
    StreamGap {
        /// For this many seconds.
        seconds: f64,
    },
    /// A stream's connection ends.
    StreamReset,
    /// A stream sends one frame that breaks its protocol.
    MalformedFrame,
    /// The symbol's quote stands still.
    Stale {
        /// Whose.
        symbol: Symbol,
    },
    /// The symbol's bid is above its ask.
    Crossed {
        /// Whose.
        symbol: Symbol,
    },
    /// Trading of the symbol stops.
    Halt {
        /// Whose.
        symbol: Symbol,
    },
    /// The symbol trades at its price divided by the ratio.
    Split {
        /// Whose.
        symbol: Symbol,
        /// New shares for one old share.
        ratio: f64,
    },
    /// Contracts of an adjusted root (`AAPL1`) stand beside the symbol's standard ones.
    AdjustedRoot {
        /// Whose.
        symbol: Symbol,
    },
    /// The symbol has split off a part of itself: its unadjusted prices before today stand higher.
    SpinOff {
        /// Whose.
        symbol: Symbol,
        /// By this factor: 1.25 where a fifth went.
        factor: f64,
    },
    /// Every dividend of the symbol is listed twice.
    DoubledDividends {
        /// Whose.
        symbol: Symbol,
    },
    /// The session ends now.
    EarlyClose,
    /// An order is filled in these parts, as soon as its price is met and however much is quoted, all in one millisecond. What
    /// they leave of it waits.
    FillParts {
        /// Units of each.
        units: Vec<Decimal>,
    },
    /// An order is taken, and refused a moment later.
    RejectOrder {
        /// Why.
        reason: String,
    },
    /// The answer says that an order is taken back, and it is filled at its limit.
    FillAfterCancel {
        /// Of so many units, and the rest is taken back; all when none.
        #[serde(default)]
        units: Option<Decimal>,
    },
    /// The answer says that an order was replaced, and it stands as it was.
    IgnoredReplace,
    /// Executions are listed newest first and the newest twice, and so are the events of orders on the streams.
    DisorderedFills,
    /// The broker closes a position by itself.
    ClosePosition {
        /// Of what; everything that the account holds when none.
        #[serde(default)]
        symbol: Option<Instrument>,
    },
    /// A short option is assigned.
    Assign {
        /// Which.
        symbol: Instrument,
    },
    /// The service goes down: its connections end, it takes none, and it comes back with its book.
    Restart {
        /// After this many seconds.
        seconds: f64,
    },
    /// The broker's clock is wrong: the `Date` of its answers, and the times of orders and fills.
    ClockSkew {
        /// By so many seconds, negative when it is slow.
        seconds: i64,
    },
}

/// What a client does with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderCall {
    /// Sends one.
    Submit,
    /// Takes one back.
    Cancel,
    /// Puts another in its place.
    Replace,
}

/// A failure and when it happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Which service: `tastytrade`, `dxlink`, `alpaca`, `cboe`, …; every one when none.
    #[serde(default)]
    pub service: Option<String>,
    /// Which method; every one when none.
    #[serde(default)]
    pub method: Option<String>,
    /// What the path contains, or ends with where a `$` closes it; every path when none.
    #[serde(default)]
    pub path: Option<String>,
    /// How many requests that fit are let through first.
    #[serde(default)]
    pub skip: u32,
    /// How many requests (orders, positions) it hits after that; once when none. A fault of the market or of the clock, and
    /// disorder, last until they are deleted.
    #[serde(default)]
    pub times: Option<u32>,
    /// Not before this market time.
    #[serde(default)]
    pub from: Option<DateTime<Utc>>,
    /// What goes wrong.
    #[serde(flatten)]
    pub action: FaultAction,
}

/// A fault that is armed.
#[derive(Clone, Debug, Serialize)]
pub struct ArmedFault {
    /// Its number, for deleting it.
    pub id: u64,
    /// What it is.
    #[serde(flatten)]
    pub fault: Fault,
    /// Requests that it let through or hit.
    pub seen: u32,
    /// Requests that it hit.
    pub hits: u32,
    #[serde(skip)]
    applied: bool,
    #[serde(skip)]
    window: Option<Instant>,
}

/// What a stream has to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamFault {
    /// Send nothing at all.
    Silent,
    /// Leave out events, but keep the connection alive.
    Gap,
    /// End the connection.
    Reset,
    /// Send one frame that breaks the protocol.
    Malformed,
}

/// All faults of a simulation.
#[derive(Debug, Default)]
pub struct Faults {
    armed: Mutex<(u64, Vec<ArmedFault>)>,
}

impl Faults {
    /// Arms a fault and returns its number.
    pub fn add(&self, fault: Fault) -> u64 {
        let mut armed = self.lock();
        armed.0 += 1;
        let id = armed.0;
        armed.1.push(ArmedFault { id, fault, seen: 0, hits: 0, applied: false, window: None });
        id
    }

    /// Every fault with its counts.
    #[must_use]
    pub fn list(&self) -> Vec<ArmedFault> {
        self.lock().1.clone()
    }

    /// Takes one fault back, or all; a market fault ends with it.
    pub fn remove(&self, id: Option<u64>, market: &SimMarket) {
        let removed: Vec<ArmedFault> =
            self.lock().1.extract_if(.., |armed| id.is_none_or(|id| armed.id == id)).collect();
        for armed in removed.iter().filter(|armed| armed.applied) {
            set_market(&armed.fault.action, market, false);
        }
    }

    /// The faults of one request, counted as hit.
    pub fn of_request(
        &self,
        service: &str,
        method: &str,
        path: &str,
        now: DateTime<Utc>,
    ) -> Vec<FaultAction> {
        let mut armed = self.lock();
        let fitting = armed.1.iter_mut().filter(|armed| armed.fault.fits(service, method, path, now));
        fitting
            .filter_map(|armed| match armed.fault.action {
                FaultAction::Restart { seconds } => armed.window(seconds).then_some(FaultAction::Reset),
                _ if armed.fault.action.is_of_requests() => armed.strike(),
                _ => None,
            })
            .collect()
    }

    /// What a stream of a service, at a path, has to do at this moment. A reset or a malformed frame is answered once a hit,
    /// silence, gaps and a restart as long as they last.
    pub fn stream(&self, service: &str, path: &str, now: DateTime<Utc>) -> Option<StreamFault> {
        let mut armed = self.lock();
        armed
            .1
            .iter_mut()
            .filter(|armed| armed.fault.fits(service, "", path, now))
            .find_map(ArmedFault::strike_stream)
    }

    /// The fault of an order that is sent, taken back or replaced at a service, counted as hit.
    pub fn of_order(&self, service: &str, call: OrderCall, now: DateTime<Utc>) -> Option<FaultAction> {
        let mut armed = self.lock();
        let mut fitting = armed.1.iter_mut().filter(|armed| {
            armed.fault.action.order_call() == Some(call) && armed.fault.fits(service, "", "", now)
        });
        fitting.find_map(ArmedFault::strike)
    }

    /// Lets what befalls positions at a service happen; `happen` says whether it did.
    pub fn of_positions(
        &self,
        service: &str,
        now: DateTime<Utc>,
        mut happen: impl FnMut(&FaultAction) -> bool,
    ) {
        for armed in self.lock().1.iter_mut().filter(|armed| {
            armed.fault.action.is_of_positions()
                && armed.hits < armed.fault.times.unwrap_or(1)
                && armed.fault.fits(service, "", "", now)
        }) {
            if happen(&armed.fault.action) {
                armed.seen += 1;
                armed.hits += 1;
            }
        }
    }

    /// Whether a service lists and tells executions in disorder.
    pub fn is_disordered(&self, service: &str, now: DateTime<Utc>) -> bool {
        self.lasts(service, now, |action| *action == FaultAction::DisorderedFills)
    }

    /// By how much the clock of a service is wrong; of any where none is named.
    pub fn skew(&self, service: Option<&str>, now: DateTime<Utc>) -> TimeDelta {
        let mut skew = TimeDelta::zero();
        let own = |armed: &ArmedFault| armed.fault.service.clone().unwrap_or_default();
        for armed in &self.lock().1 {
            if let FaultAction::ClockSkew { seconds } = armed.fault.action
                && armed.fault.fits(service.unwrap_or(&own(armed)), "", "", now)
            {
                skew = TimeDelta::try_seconds(seconds).unwrap_or_default();
            }
        }
        skew
    }

    fn lasts(&self, service: &str, now: DateTime<Utc>, is: impl Fn(&FaultAction) -> bool) -> bool {
        let mut armed = self.lock();
        let found = armed
            .1
            .iter_mut()
            .find(|armed| is(&armed.fault.action) && armed.fault.fits(service, "", "", now));
        found.is_some_and(|armed| {
            armed.hits += 1;
            true
        })
    }

    /// Puts the market faults whose time has come on the market.
    pub fn apply_to(&self, market: &SimMarket) {
        let now = market.now();
        for armed in &mut self.lock().1 {
            if !armed.applied
                && armed.fault.action.is_of_the_market()
                && armed.fault.from.is_none_or(|from| from <= now)
            {
                set_market(&armed.fault.action, market, true);
                armed.applied = true;
                armed.hits += 1;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (u64, Vec<ArmedFault>)> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    fn fits(&self, service: &str, method: &str, path: &str, now: DateTime<Utc>) -> bool {
        self.service.as_deref().is_none_or(|wanted| wanted == service)
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|wanted| match wanted.strip_suffix('$') {
                Some(end) => path.ends_with(end),
                None => path.contains(wanted),
            })
            && self.from.is_none_or(|from| from <= now)
    }
}

impl FaultAction {
    fn is_of_requests(&self) -> bool {
        matches!(
            self,
            Self::Latency { .. } | Self::Status { .. } | Self::CutBody { .. } | Self::Reset | Self::LostReply
        )
    }

    fn order_call(&self) -> Option<OrderCall> {
        match self {
            Self::FillParts { .. } | Self::RejectOrder { .. } => Some(OrderCall::Submit),
            Self::FillAfterCancel { .. } => Some(OrderCall::Cancel),
            Self::IgnoredReplace => Some(OrderCall::Replace),
            _ => None,
        }
    }

    fn is_of_positions(&self) -> bool {
        matches!(self, Self::ClosePosition { .. } | Self::Assign { .. })
    }

    fn is_of_the_market(&self) -> bool {
        matches!(
            self,
            Self::Stale { .. }
                | Self::Crossed { .. }
                | Self::Halt { .. }
                | Self::Split { .. }
                | Self::AdjustedRoot { .. }
                | Self::SpinOff { .. }
                | Self::DoubledDividends { .. }
                | Self::EarlyClose
        )
    }
}

impl ArmedFault {
    /// Counts a request and says what happens to it.
    fn strike(&mut self) -> Option<FaultAction> {
        self.seen += 1;
        if self.seen <= self.fault.skip || self.hits >= self.fault.times.unwrap_or(1) {
            return None;
        }
        self.hits += 1;
        Some(self.fault.action.clone())
    }

    fn strike_stream(&mut self) -> Option<StreamFault> {
        let (fault, seconds) = match self.fault.action {
            FaultAction::SilentStream { seconds } => (StreamFault::Silent, seconds),
            FaultAction::StreamGap { seconds } => (StreamFault::Gap, seconds),
            FaultAction::Restart { seconds } => (StreamFault::Reset, seconds),
            FaultAction::StreamReset => return self.strike().map(|_| StreamFault::Reset),
            FaultAction::MalformedFrame => return self.strike().map(|_| StreamFault::Malformed),
            _ => return None,
        };
        self.window(seconds).then_some(fault)
    }

    /// Whether it still lasts, since it was first asked about.
    fn window(&mut self, seconds: f64) -> bool {
        if self.window.is_none() {
            self.hits += 1;
        }
        let begun = *self.window.get_or_insert_with(Instant::now);
        begun.elapsed().as_secs_f64() < seconds
    }
}

fn set_market(action: &FaultAction, market: &SimMarket, on: bool) {
    match action {
        FaultAction::Stale { symbol } => market.set_stale(symbol, on),
        FaultAction::Crossed { symbol } => market.set_crossed(symbol, on),
        FaultAction::Halt { symbol } => market.set_halted(symbol, on),
        FaultAction::Split { symbol, ratio } => market.set_split(symbol, on.then_some(*ratio)),
        FaultAction::AdjustedRoot { symbol } => market.set_adjusted_root(symbol, on),
        FaultAction::SpinOff { symbol, factor } => market.set_spin_off(symbol, on.then_some(*factor)),
        FaultAction::DoubledDividends { symbol } => market.set_doubled_dividends(symbol, on),
        FaultAction::EarlyClose => market.set_early_close(on),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Fault {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_fault_lets_some_through_and_then_hits_as_often_as_told() {
        let faults = Faults::default();
        faults.add(fault(
            r#"{"service":"cboe","path":"AAPL","skip":1,"times":2,"action":"status","status":503}"#,
        ));
        let now = Utc::now();
        let hits: Vec<usize> =
            (0..5).map(|_| faults.of_request("cboe", "GET", "/quotes/AAPL.json", now).len()).collect();
        assert_eq!(hits, [0, 1, 1, 0, 0]);
        assert!(faults.of_request("cboe", "GET", "/quotes/SPY.json", now).is_empty());
        assert!(faults.of_request("rss", "GET", "/quotes/AAPL.json", now).is_empty());
    }

    #[test]
    fn a_path_that_is_closed_is_the_end_of_one() {
        let faults = Faults::default();
        faults.add(fault(r#"{"path":"/orders$","action":"reset"}"#));
        let hits = |path: &str| faults.of_request("tastytrade", "POST", path, Utc::now()).len();
        assert_eq!((hits("/accounts/1/orders/dry-run"), hits("/accounts/1/orders")), (0, 1));
    }

    #[test]
    fn a_misspelt_fault_is_refused() {
        assert!(serde_json::from_str::<Fault>(r#"{"action":"latency","millis":5}"#).is_err());
        assert!(serde_json::from_str::<Fault>(r#"{"action":"nothing"}"#).is_err());
    }

    #[test]
    fn a_fault_of_orders_befalls_the_call_that_it_is_of() {
        let faults = Faults::default();
        faults.add(fault(r#"{"service":"alpaca","skip":1,"action":"fill_parts","units":[869,101,30]}"#));
        faults.add(fault(r#"{"action":"fill_after_cancel"}"#));
        let now = Utc::now();
        let of = |service, call| faults.of_order(service, call, now);
        assert_eq!(of("tastytrade", OrderCall::Submit), None);
        assert_eq!(of("alpaca", OrderCall::Submit), None);
        let units = [869, 101, 30].map(Decimal::from).to_vec();
        assert_eq!(of("alpaca", OrderCall::Submit), Some(FaultAction::FillParts { units }));
        assert_eq!(of("tastytrade", OrderCall::Replace), None);
        assert_eq!(of("tastytrade", OrderCall::Cancel), Some(FaultAction::FillAfterCancel { units: None }));
        assert!(faults.of_request("alpaca", "POST", "/trading/v2/orders", now).is_empty());
    }

    #[test]
    fn a_restart_ends_what_is_open_and_takes_nothing_for_as_long() {
        let faults = Faults::default();
        faults.add(fault(r#"{"service":"alpaca","action":"restart","seconds":60}"#));
        faults.add(fault(r#"{"service":"tastytrade","action":"restart","seconds":0}"#));
        let now = Utc::now();
        assert_eq!(faults.of_request("alpaca", "GET", "/", now), [FaultAction::Reset]);
        assert_eq!(faults.stream("alpaca", "/trading/stream", now), Some(StreamFault::Reset));
        assert!(faults.of_request("tastytrade", "GET", "/", now).is_empty());
    }

    #[test]
    fn silence_lasts_and_a_reset_is_once() {
        let faults = Faults::default();
        faults.add(fault(r#"{"service":"dxlink","action":"stream_reset"}"#));
        faults.add(fault(r#"{"service":"dxlink","action":"silent_stream","seconds":60}"#));
        let now = Utc::now();
        assert_eq!(faults.stream("dxlink", "/stream", now), Some(StreamFault::Reset));
        assert_eq!(faults.stream("dxlink", "/stream", now), Some(StreamFault::Silent));
        assert_eq!(faults.stream("dxlink", "/stream", now), Some(StreamFault::Silent));
        assert_eq!(faults.stream("alpaca", "/stream", now), None);
    }
}
