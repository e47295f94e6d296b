//! A position that was opened: whether it is still there, what leaving it costs, and what its plan says.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use tokio::time::Instant;
use ttai_calendar::{last_trade_date, new_york_date, next_to_open, pm_expiration_close, session_of};
use ttai_contract::{
    ExitAdvice, PositionEnd, PositionEvent, PositionLook, PositionMonitorParams, RolledTo,
    WatchPositionParams,
};
use ttai_core::{
    Instrument, IntentLeg, NetPrice, OptionRight, OrderPurpose, Settlement, SettlementTime, Severity,
};
use ttai_ports::{BrokerPosition, BrokerTransaction, OrderUpdates};
use ttai_quant::chain::{ChainPricer, PricedQuote, price_chain};
use ttai_quant::risk::{RollRequest, rolls};
use ttai_quant::strategy::review_dte;
use ttai_trading::exit::{ExitAction, ExitDecision, ExitFacts, ExitTargets, decide};
use ttai_trading::price::NetMarket;

use super::desk::{TradedAccount, now, seconds_until};
use super::facts::underlying_price;
use super::log::{exited, opened_at_price};
use super::message::{Told, tell};
use super::quotes::LegMarket;
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::ports::Ports;
use crate::supervise::Progress;

/// Seconds that a quote may be old for a look at a position.
const QUOTE_SECONDS: u32 = 120;
/// How long a position that is missing without an explanation is looked for again: a broker may list a new one late.
const SECOND_LOOK: Duration = Duration::from_secs(8);
/// Most calendar days to the expiration of what a roll opens.
const MOST_ROLL_DAYS: i64 = 60;
/// The rule by which the rest of a position is left that is left leg by leg.
const REST: &str = "rest";

/// Watches a position until something is to be done about it, it is gone, or the session is over.
pub(super) async fn watch(
    ports: &Ports,
    compute: &Compute,
    params: WatchPositionParams,
    progress: Progress,
) -> Result<PositionLook, AnalystError> {
    let of = TradedAccount::find(ports, &params.position.user_id, &params.position.account_id).await?;
    let mut stream = of.broker.order_updates(&of.account).await.ok();
    let interval = 60.0 * f64::from(params.position.check_interval_minutes) / ports.trading.speed.max(1.0);
    loop {
        let look = look(ports, compute, &params).await?;
        if look.event != PositionEvent::Hold {
            return Ok(look);
        }
        progress.step(&look.sentence);
        let to_close = seconds_to_close(ports, &params.position.legs).await;
        let pause = Duration::from_secs_f64(interval.min(to_close).max(0.2));
        stirred(stream.as_deref_mut(), Instant::now() + pause).await;
    }
}

/// Seconds on the server's clock to the end of the session that is on.
async fn seconds_to_close(ports: &Ports, legs: &[IntentLeg]) -> f64 {
    let now = now(ports, legs).await;
    let close = session_of(now).map_or(now, |session| session.close);
    seconds_until(ports, now, close).to_f64().unwrap_or_default()
}

/// Waits until a moment, or until something changes among the account's orders.
async fn stirred(stream: Option<&mut (dyn OrderUpdates + 'static)>, until: Instant) {
    match stream {
        Some(stream) => {
            let _ = tokio::time::timeout_at(until, stream.next()).await;
            // A burst of updates is one look.
            tokio::time::sleep_until(until.min(Instant::now() + Duration::from_secs(1))).await;
        }
        None => tokio::time::sleep_until(until).await,
    }
}

/// One look. What is missing without an explanation is looked for twice.
pub(super) async fn look(
    ports: &Ports,
    compute: &Compute,
    params: &WatchPositionParams,
) -> Result<PositionLook, AnalystError> {
    let found = Position::find(ports, &params.position).await?;
    if found.is_rest_wanted(params) {
        return found.leave_rest().await;
    }
    if found.units > 0 {
        return found.advise(compute, params).await;
    }
    if let Some(ended) = found.explained().await? {
        return Ok(ended);
    }
    tokio::time::sleep(SECOND_LOOK).await;
    let again = Position::find(ports, &params.position).await?;
    if again.units > 0 {
        return again.advise(compute, params).await;
    }
    match again.explained().await? {
        Some(ended) => Ok(ended),
        None => again.unexplained().await,
    }
}

/// A position as its broker has it now.
struct Position<'a> {
    ports: &'a Ports,
    of: TradedAccount,
    opened: &'a PositionMonitorParams,
    now: DateTime<Utc>,
    /// Units of which every leg is held.
    units: u32,
    /// Legs of which something is held.
    held: Vec<(IntentLeg, Decimal)>,
}

impl<'a> Position<'a> {
    async fn find(ports: &'a Ports, opened: &'a PositionMonitorParams) -> Result<Self, AnalystError> {
        let of = TradedAccount::find(ports, &opened.user_id, &opened.account_id).await?;
        let now = now(ports, &opened.legs).await;
        let positions = of.broker.positions(&of.account).await?;
        let left = Left::of(ports, opened).await?;
        let held: Vec<(IntentLeg, Decimal)> =
            opened.legs.iter().map(|leg| (leg.clone(), left.of_leg(leg, held(&positions, leg)))).collect();
        let units = held
            .iter()
            .map(|(leg, quantity)| (quantity / Decimal::from(leg.ratio.max(1))).floor())
            .min()
            .and_then(|units| units.to_u32())
            .unwrap_or_default()
            .min(opened.quantity);
        let held = held.into_iter().filter(|(_, quantity)| *quantity > Decimal::ZERO).collect();
        Ok(Self { ports, of, opened, now, units, held })
    }

    /// What the plan says of what is there.
    async fn advise(
        &self,
        compute: &Compute,
        params: &WatchPositionParams,
    ) -> Result<PositionLook, AnalystError> {
        let market = LegMarket::with_chains(self.ports, &self.opened.legs, self.now).await;
        let closing = closing(&self.opened.legs);
        let net = NetMarket::of(&closing, &market.quotes, market.is_penny(), market.now, QUOTE_SECONDS);
        let short = self.nearest_short(compute, &market).await;
        let last = self.last_trade_date(&market);
        let facts = ExitFacts {
            now: self.now,
            last_trade_date: last,
            cost_to_close: net.as_ref().ok().map(|net| net.mid),
            short_delta: short.as_ref().and_then(|short| short.delta),
            in_the_money: short.as_ref().and_then(|short| short.inside),
            settlement: short.as_ref().map_or(Settlement::Physical, |short| short.settlement),
        };
        let decision = decide(&self.targets(last).await?, &facts);
        let mut look = PositionLook {
            as_of: Some(self.now),
            cost_to_close: facts.cost_to_close,
            sentence: decision.sentence.clone(),
            units_held: Some(self.units),
            ..PositionLook::default()
        };
        if !session_of(self.now).is_some_and(|session| session.is_open_at(self.now)) {
            return Ok(self.session_over(look));
        }
        let rule = rule_name(&decision);
        let is_held = params.held_rule.as_deref() == Some(rule.as_str());
        match decision.action {
            ExitAction::Hold | ExitAction::LetExpire => {}
            // What was opened today was decided today.
            ExitAction::Review if new_york_date(self.opened.opened_at) == new_york_date(self.now) => {}
            ExitAction::Review => self.tell_review(&decision).await?,
            ExitAction::Close | ExitAction::Roll if is_held => {
                look.sentence = format!(
                    "{} Its exit was not approved; it is asked for again next session.",
                    look.sentence
                );
            }
            ExitAction::Close => look = self.exit(look, rule, None).await?,
            ExitAction::Roll => {
                let roll = self.roll(compute, &market).await;
                look = self.exit(look, rule, roll).await?;
            }
        }
        Ok(look)
    }

    fn session_over(&self, look: PositionLook) -> PositionLook {
        let resume_at = next_to_open(self.now).ok().map(|next| next.open);
        PositionLook {
            event: PositionEvent::SessionOver,
            resume_at,
            resume_seconds: resume_at.map_or(3_600, |at| seconds_until(self.ports, self.now, at).max(1)),
            ..look
        }
    }

    /// The look with how to leave the position; while trading is halted only the user hears of it.
    async fn exit(
        &self,
        look: PositionLook,
        rule: String,
        roll: Option<RollTo>,
    ) -> Result<PositionLook, AnalystError> {
        let whole = ExitAdvice {
            purpose: OrderPurpose::Exit,
            rule,
            sentence: look.sentence.clone(),
            legs: closing(&self.opened.legs),
            quantity: self.units,
            worst: None,
            successor: None,
            legs_left: None,
        };
        let advice = match roll {
            Some(roll) => ExitAdvice {
                purpose: OrderPurpose::Roll,
                sentence: format!("{} {}", whole.sentence, roll.sentence),
                legs: roll.legs,
                worst: Some(roll.worst),
                successor: Some(RolledTo { legs: vec![roll.opens], expiration: roll.expiration }),
                ..whole
            },
            None if is_apart(&self.opened.legs) => self.next_leg(whole),
            None => whole,
        };
        self.unless_halted(look, advice).await
    }

    /// What no broker takes in one order is left leg by leg, what is short before what covers it.
    fn next_leg(&self, whole: ExitAdvice) -> ExitAdvice {
        let mut held: Vec<&(IntentLeg, Decimal)> = self.held.iter().collect();
        held.sort_by_key(|(leg, _)| leg.action.is_buy());
        let next = held.first().map(|(leg, quantity)| (IntentLeg { ratio: 1, ..leg.clone() }, *quantity));
        ExitAdvice {
            legs: closing(&next.iter().map(|(leg, _)| leg.clone()).collect::<Vec<_>>()),
            quantity: next.and_then(|(_, quantity)| quantity.to_u32()).unwrap_or_default(),
            legs_left: Some(u32::try_from(held.len().saturating_sub(1)).unwrap_or(u32::MAX)),
            ..whole
        }
    }

    /// Whether an exit was begun of which a leg is left that may be sent now.
    fn is_rest_wanted(&self, params: &WatchPositionParams) -> bool {
        let is_begun = is_apart(&self.opened.legs) && !self.opened.exit_orders.is_empty();
        let is_open = session_of(self.now).is_some_and(|session| session.is_open_at(self.now));
        let is_unwanted = params.held_rule.as_deref() == Some(REST);
        is_begun && is_open && !is_unwanted && !self.held.is_empty()
    }

    /// The next leg of a position of which one was closed already.
    async fn leave_rest(&self) -> Result<PositionLook, AnalystError> {
        let look = PositionLook {
            as_of: Some(self.now),
            sentence: "An exit was begun: what is left of the position is closed, too.".to_owned(),
            units_held: Some(self.units),
            ..PositionLook::default()
        };
        self.exit(look, REST.to_owned(), None).await
    }

    /// The plan made at the entry; else the default one of what it was opened for.
    async fn targets(&self, last: NaiveDate) -> Result<ExitTargets, AnalystError> {
        let stored = opened_at_price(self.ports, self.opened).await?;
        let credit = stored.unwrap_or(self.opened.entry_credit);
        if let Ok(mut targets) = serde_json::from_value::<ExitTargets>(self.opened.exit.clone()) {
            // The plan was made at the mid; what was filled counts.
            if credit > Decimal::ZERO {
                targets.close_at = credit / Decimal::TWO;
                targets.stop_at = targets.stop_at.map(|_| ExitTargets::stop_of(credit));
            }
            return Ok(targets);
        }
        let days = (last - new_york_date(self.opened.opened_at)).num_days();
        let mut targets = ExitTargets::of(credit.max(Decimal::ZERO), review_dte(days).0, None);
        targets.roll = self.ports.trading.rules.csp_entry.roll && self.opened.legs.len() == 1;
        Ok(targets)
    }

    fn last_trade_date(&self, market: &LegMarket) -> NaiveDate {
        let quoted = self.contracts(market).map(|quote| quote.contract.last_trade_date).min();
        let computed = || last_trade_date(self.opened.expiration, SettlementTime::Pm).ok();
        quoted.or_else(computed).unwrap_or(self.opened.expiration)
    }

    fn contracts<'m>(
        &'m self,
        market: &'m LegMarket,
    ) -> impl Iterator<Item = &'m ttai_core::OptionQuote> + 'm {
        let is_own = |quote: &&ttai_core::OptionQuote| {
            let occ = quote.contract.occ();
            self.opened.legs.iter().any(|leg| leg.instrument.contract() == Some(&occ))
        };
        market.chains.values().flat_map(|chain| &chain.quotes).filter(is_own)
    }

    /// The short option that is nearest to the money, or furthest in it.
    async fn nearest_short(&self, compute: &Compute, market: &LegMarket) -> Option<ShortOption> {
        let shorts: Vec<_> = self
            .opened
            .legs
            .iter()
            .filter(|leg| !leg.action.is_buy())
            .filter_map(|leg| leg.instrument.contract().cloned())
            .collect();
        let mut nearest: Option<ShortOption> = None;
        for short in shorts {
            let Some(chain) = market.chains.get(&short.underlying()) else { continue };
            let spot = underlying_price(chain);
            let priced = self.priced(compute, chain.clone(), &short).await;
            let Some(priced) = priced else { continue };
            let inside = spot.map(|spot| match short.right {
                OptionRight::Call => spot - short.strike,
                OptionRight::Put => short.strike - spot,
            });
            let found = ShortOption {
                delta: priced.greeks.map(|greeks| greeks.delta),
                inside,
                settlement: priced.quote.contract.settlement,
            };
            if nearest.as_ref().is_none_or(|known| found.inside > known.inside) {
                nearest = Some(found);
            }
        }
        nearest
    }

    async fn priced(
        &self,
        compute: &Compute,
        chain: ttai_core::OptionChain,
        short: &ttai_core::OccSymbol,
    ) -> Option<PricedQuote> {
        let rate = self.ports.market.risk_free_rate(self.now).await.map_or(0.0, |rate| rate.continuous);
        let history = self.ports.market.daily_history(&short.underlying(), self.now).await;
        let dividends = history.map(|history| history.dividends).unwrap_or_default();
        let short = short.clone();
        let price = move || {
            let mut pricer = ChainPricer::new(Box::new(chain), rate, &dividends);
            pricer.priced(|contract| contract.occ() == short).pop()
        };
        compute.run(price).await.ok().flatten()
    }

    /// The first roll for a credit; none where there is none, and of positions of several legs.
    async fn roll(&self, compute: &Compute, market: &LegMarket) -> Option<RollTo> {
        let [leg] = self.opened.legs.as_slice() else { return None };
        let short = leg.instrument.contract().filter(|_| !leg.action.is_buy())?.clone();
        let chain = market.chains.get(&short.underlying())?.clone();
        let rate = self.ports.market.risk_free_rate(self.now).await.map_or(0.0, |rate| rate.continuous);
        let credit = self.opened.entry_credit;
        let find = move || {
            let priced = price_chain(&chain, rate, &[]);
            let held =
                priced.iter().find(|quote| quote.quote.contract.occ() == short)?.quote.contract.clone();
            let request =
                RollRequest { quotes: &priced, short: &held, credit_so_far: credit, max_dte: MOST_ROLL_DAYS };
            rolls(&request).ok()?.rolls.into_iter().next()
        };
        let roll = compute.run(find).await.ok().flatten()?;
        let opens = Instrument::try_from(roll.occ_symbol.clone()).ok()?;
        let opens = IntentLeg { instrument: opens, action: leg.action, ratio: 1 };
        let close = IntentLeg { action: leg.action.undone(), ..leg.clone() };
        Some(RollTo {
            legs: vec![close, opens.clone()],
            worst: NetPrice::Credit(roll.net_credit),
            sentence: format!(
                "Rolled to {} {} for a credit of at least {:.2}.",
                roll.expiration.format("%b %-d"),
                roll.strike.normalize(),
                roll.net_credit
            ),
            opens,
            expiration: roll.expiration,
        })
    }

    /// An exit that a halt would refuse is not made again at every look: the user hears of it once a day.
    async fn unless_halted(
        &self,
        look: PositionLook,
        advice: ExitAdvice,
    ) -> Result<PositionLook, AnalystError> {
        let user = &self.opened.user_id;
        let halt = self.ports.trading.halts.trading_halt(user.as_str(), &self.of.account).await?;
        let Some(halt) = halt else {
            return Ok(PositionLook { event: PositionEvent::Exit, advice: Some(advice), ..look });
        };
        let sentence = format!("{} Nothing is sent: {halt}.", advice.sentence);
        let legs = super::desk::legs_in_words(&advice.legs, advice.quantity);
        let told = Told {
            key: format!("{}/halted/{}", self.opened.id, new_york_date(self.now)),
            title: format!("Halted: {legs}"),
            text: format!("{sentence} It is asked for again once trading is resumed: ttai trade resume"),
            severity: Severity::Critical,
            channels: &self.opened.notify_channels,
        };
        tell(self.ports, user, told).await?;
        Ok(PositionLook { sentence, ..look })
    }

    async fn tell_review(&self, decision: &ExitDecision) -> Result<(), AnalystError> {
        let legs = super::desk::legs_in_words(&closing(&self.opened.legs), self.units);
        let told = Told {
            key: format!("{}/review/{}", self.opened.id, new_york_date(self.now)),
            title: format!("Review: {legs}"),
            text: format!("{} Nothing is ordered unless the plan says so.", decision.sentence),
            severity: Severity::Info,
            channels: &self.opened.notify_channels,
        };
        tell(self.ports, &self.opened.user_id, told).await
    }

    /// How a position that is not there any more ended, by what the broker booked; none where nothing explains it.
    async fn explained(&self) -> Result<Option<PositionLook>, AnalystError> {
        if !self.held.is_empty() {
            return self.stands_alone().await.map(Some);
        }
        let rows = self.of.broker.transactions(&self.of.account, self.opened.opened_at).await?;
        let of_ours = |row: &&BrokerTransaction| {
            row.instrument
                .as_ref()
                .is_some_and(|instrument| self.opened.legs.iter().any(|leg| leg.instrument == *instrument))
        };
        let has = |kind: &str| rows.iter().filter(of_ours).any(|row| row.kind == kind);
        let end = match () {
            () if has("assignment") => Some((PositionEnd::Assigned, "It was assigned.")),
            () if has("exercise") => Some((PositionEnd::Exercised, "It was exercised.")),
            () if has("expiration") || has("cash_settlement") => {
                Some((PositionEnd::HeldToExpiration, "It expired or was settled in cash."))
            }
            () if self.is_over() => Some((PositionEnd::HeldToExpiration, "Its last session is over.")),
            () => None,
        };
        Ok(end.map(|(end, sentence)| self.gone(end, sentence)))
    }

    fn is_over(&self) -> bool {
        pm_expiration_close(self.opened.expiration).is_some_and(|close| self.now >= close)
    }

    fn gone(&self, end: PositionEnd, sentence: &str) -> PositionLook {
        PositionLook {
            event: PositionEvent::Gone,
            as_of: Some(self.now),
            sentence: sentence.to_owned(),
            end: Some(end),
            units_held: Some(0),
            ..PositionLook::default()
        }
    }

    /// Nothing booked explains that it is gone: the broker closed it by itself, or somebody did.
    async fn unexplained(&self) -> Result<PositionLook, AnalystError> {
        let orders = self.of.broker.orders(&self.of.account, self.opened.opened_at).await?;
        let closed_it = |order: &&ttai_ports::BrokerOrder| {
            order.legs.iter().any(|leg| {
                !leg.filled.is_zero()
                    && self.opened.legs.iter().any(|own| {
                        own.instrument == leg.instrument
                            && own.action.undone().is_buy() == leg.action.is_buy()
                    })
            })
        };
        let by_broker = orders.iter().filter(closed_it).any(|order| order.by_broker);
        let (end, sentence) = if by_broker {
            (PositionEnd::Liquidated, "The broker closed it by itself.")
        } else {
            (PositionEnd::ClosedByHand, "It was closed at the broker, not by ttai.")
        };
        let told = Told {
            key: format!("{}/gone", self.opened.id),
            title: format!(
                "Gone: {}",
                super::desk::legs_in_words(&closing(&self.opened.legs), self.opened.quantity)
            ),
            text: format!("{sentence} Nothing is ordered; the watch over it ends."),
            severity: Severity::Warning,
            channels: &self.opened.notify_channels,
        };
        tell(self.ports, &self.opened.user_id, told).await?;
        Ok(self.gone(end, sentence))
    }

    /// Some legs are there and others are not: one was assigned, or closed by somebody. That is the user's to decide.
    async fn stands_alone(&self) -> Result<PositionLook, AnalystError> {
        let left: Vec<String> = self
            .held
            .iter()
            .map(|(leg, quantity)| {
                format!("{} of {}", quantity.normalize(), ttai_trading::named(&leg.instrument))
            })
            .collect();
        let sentence = format!(
            "Only a part of it is left: {}. The rest was assigned or closed at the broker.",
            left.join(", ")
        );
        let told = Told {
            key: format!("{}/part/{}", self.opened.id, new_york_date(self.now)),
            title: "A position is incomplete".to_owned(),
            text: format!("{sentence} Look at the account, and close what should not stand alone."),
            severity: Severity::Critical,
            channels: &self.opened.notify_channels,
        };
        tell(self.ports, &self.opened.user_id, told).await?;
        let look = PositionLook { as_of: Some(self.now), sentence, ..PositionLook::default() };
        let is_open = session_of(self.now).is_some_and(|session| session.is_open_at(self.now));
        Ok(if is_open { look } else { self.session_over(look) })
    }
}

struct ShortOption {
    delta: Option<f64>,
    inside: Option<Decimal>,
    settlement: Settlement,
}

struct RollTo {
    legs: Vec<IntentLeg>,
    opens: IntentLeg,
    worst: NetPrice,
    expiration: NaiveDate,
    sentence: String,
}

/// Whether legs are of several underlyings: no broker takes them in one order.
fn is_apart(legs: &[IntentLeg]) -> bool {
    legs.windows(2).any(|pair| pair[0].instrument.underlying() != pair[1].instrument.underlying())
}

/// What the exits of a position that is left leg by leg have left of it: a broker may list a position for moments after it was closed.
struct Left<'a> {
    opened: &'a PositionMonitorParams,
    /// None of a position whose units say what is left.
    exited: Option<BTreeMap<Instrument, Decimal>>,
}

impl<'a> Left<'a> {
    async fn of(ports: &Ports, opened: &'a PositionMonitorParams) -> Result<Self, AnalystError> {
        let is_being_left = is_apart(&opened.legs) && !opened.exit_orders.is_empty();
        let exited = if is_being_left { Some(exited(ports, opened).await?) } else { None };
        Ok(Self { opened, exited })
    }

    /// What of a leg is still there, of which the broker lists so much.
    fn of_leg(&self, leg: &IntentLeg, listed: Decimal) -> Decimal {
        let Some(exited) = &self.exited else { return listed };
        let opened = Decimal::from(leg.ratio) * Decimal::from(self.opened.quantity);
        let closed = exited.get(&leg.instrument).copied().unwrap_or_default();
        listed.min(opened - closed).max(Decimal::ZERO)
    }
}

/// What of a leg is held in the direction in which it was opened.
fn held(positions: &[BrokerPosition], leg: &IntentLeg) -> Decimal {
    let own = positions.iter().filter(|position| position.instrument.as_ref() == Some(&leg.instrument));
    let quantity: Decimal = own.map(|position| position.quantity).sum();
    let in_direction = if leg.action.is_buy() { quantity } else { -quantity };
    in_direction.max(Decimal::ZERO)
}

/// What closes legs that were opened.
fn closing(legs: &[IntentLeg]) -> Vec<IntentLeg> {
    legs.iter().map(|leg| IntentLeg { action: leg.action.undone(), ..leg.clone() }).collect()
}

fn rule_name(decision: &ExitDecision) -> String {
    let name = serde_json::to_value(decision.rule).ok();
    name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}
