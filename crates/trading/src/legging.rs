//! Several legs sent one by one, for brokers that take no order of several: in an order that is never naked on the way,
//! with what to do where a leg fails. The plan is stored before the first leg is sent.
//!
//! The order is by action: buy to close, buy to open, sell to open, sell to close. Shorts are thus bought back before
//! the longs that cover them are sold, and longs are bought before shorts are sold over them.
//!
//! Naked is meant as a broker means it: a short call is covered by a long call in the same underlying that expires no
//! earlier, or by 100 shares; a short put by such a long put, or by 100 shares short. The strike does not matter, the
//! distance is margin. Ten short SPY calls over one long SPX call are naked to every broker; they are so by design. Such a plan says
//! how many ([`LeggingPlan::naked_by_design`]), and with a [`CrossCover`] the order is also proven in the strategy's own
//! sense: the SPX call comes first and goes last.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use ttai_core::{Instrument, OptionRight, OrderAction, Symbol};

use crate::intent::TradeIntent;
use crate::words::named;

/// Shares or contracts held, negative when short.
pub type HeldQuantities = BTreeMap<Instrument, i64>;

/// One leg as an order of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegOrder {
    /// What.
    pub instrument: Instrument,
    /// Which way.
    pub action: OrderAction,
    /// Shares or contracts.
    pub quantity: u32,
}

/// What remains to be done where a plan ended early.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compensation {
    /// Takes back what was opened and stands alone, in this order. Where one of these fails in its turn the rest is the
    /// user's.
    pub undo: Vec<LegOrder>,
    /// What was to be closed and is not: it adds no risk and is tried again, or handed to the user.
    pub left: Vec<LegOrder>,
}

/// Longs of one underlying that are meant to cover shorts of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrossCover {
    /// Whose longs: SPX.
    pub long: Symbol,
    /// Whose shorts: SPY.
    pub short: Symbol,
    /// Calls or puts.
    pub right: OptionRight,
    /// Shorts that one long covers: 10.
    pub shorts_per_long: u32,
}

/// In which order the legs are sent, and what follows from a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeggingPlan {
    /// The legs, each sent when the one before it is filled.
    pub steps: Vec<LegOrder>,
    /// For each step, what to do where all before it are filled and it is not filled at all; for a part of it see
    /// [`Self::compensation`].
    pub if_unfilled: Vec<Compensation>,
    /// Short contracts that nothing covers at the broker once all is done: 10 in spy_spx.
    pub naked_by_design: u32,
    /// Units of the whole.
    pub units: u32,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeggingError {
    /// More is to be closed than is held.
    #[error("{wanted} of {} cannot be closed: {held} are held", named(instrument))]
    NotHeld {
        /// What.
        instrument: Instrument,
        /// How much is to be closed.
        wanted: u32,
        /// What is held, negative when short.
        held: i64,
    },
    /// A state on the way would be more naked than beginning and end.
    #[error(
        "after step {step} {naked} short contracts would be naked, {allowed} are at the beginning or the end"
    )]
    Naked {
        /// Steps done.
        step: usize,
        /// Naked shorts then.
        naked: u32,
        /// The most that there are at the beginning or the end.
        allowed: u32,
    },
    /// More than any account holds.
    #[error("the quantities are too large")]
    Overflow,
}

impl LeggingPlan {
    /// Plans the legs of an intent in an account that holds `held`.
    ///
    /// # Errors
    /// [`LeggingError`] where something to be closed is not there, or where a state on the way, compensation included, would be
    /// more naked than beginning and end are.
    pub fn of(
        intent: &TradeIntent,
        held: &HeldQuantities,
        cross: &[CrossCover],
    ) -> Result<Self, LeggingError> {
        let mut steps = Vec::new();
        for leg in &intent.legs {
            let quantity = leg.ratio.checked_mul(intent.quantity).ok_or(LeggingError::Overflow)?;
            let step = LegOrder { instrument: leg.instrument.clone(), action: leg.action, quantity };
            check_held(&step, held)?;
            steps.push(step);
        }
        steps.sort_by_key(|step| rank(step.action));
        let mut plan = Self { steps, if_unfilled: Vec::new(), naked_by_design: 0, units: intent.quantity };
        let all: Vec<u32> = plan.steps.iter().map(|step| step.quantity).collect();
        plan.if_unfilled = (0..plan.steps.len()).map(|step| plan.compensation(&first(&all, step))).collect();
        plan.naked_by_design = naked(&plan.after(held, &all), &[]);
        plan.check(held, cross, &all)?;
        Ok(plan)
    }

    /// What to do where the steps are filled so far and no further; shares or contracts of each step, missing ones as 0.
    /// Units of which every opening leg is filled stay.
    #[must_use]
    pub fn compensation(&self, filled: &[u32]) -> Compensation {
        let whole = self.whole_units(filled);
        let filled = |at: usize| filled.get(at).copied().unwrap_or(0);
        let order = |step: &LegOrder, action, quantity: u32| {
            (quantity > 0).then(|| LegOrder { instrument: step.instrument.clone(), action, quantity })
        };
        let excess = |(at, step): (usize, &LegOrder)| {
            order(
                step,
                step.action.undone(),
                filled(at).saturating_sub(whole.saturating_mul(self.ratio(step))),
            )
        };
        let mut undo: Vec<LegOrder> = self.opening().filter_map(excess).collect();
        undo.sort_by_key(|step| rank(step.action));
        let closing = self.steps.iter().enumerate().filter(|(_, step)| !step.action.is_opening());
        let open = |(at, step): (usize, &LegOrder)| {
            order(step, step.action, step.quantity.saturating_sub(filled(at)))
        };
        Compensation { undo, left: closing.filter_map(open).collect() }
    }

    /// Units of which every opening leg is filled; shares or contracts of each step, missing ones as 0.
    #[must_use]
    pub fn whole_units(&self, filled: &[u32]) -> u32 {
        let units = |(at, step): (usize, &LegOrder)| filled.get(at).copied().unwrap_or(0) / self.ratio(step);
        self.opening().map(units).min().unwrap_or(0)
    }

    fn opening(&self) -> impl Iterator<Item = (usize, &LegOrder)> {
        self.steps.iter().enumerate().filter(|(_, step)| step.action.is_opening())
    }

    /// Shares or contracts of a step in one unit.
    fn ratio(&self, step: &LegOrder) -> u32 {
        (step.quantity / self.units.max(1)).max(1)
    }

    /// Holdings once the steps are filled so far.
    fn after(&self, held: &HeldQuantities, filled: &[u32]) -> HeldQuantities {
        let mut held = held.clone();
        for (step, filled) in self.steps.iter().zip(filled) {
            add(&mut held, step, *filled);
        }
        held
    }

    /// Looks at every state of the way, and of the compensation from each. What of a leg is filled in part lies between two
    /// such states, and is no more naked than the worse of them: a leg only adds cover or only takes it.
    fn check(&self, held: &HeldQuantities, cross: &[CrossCover], all: &[u32]) -> Result<(), LeggingError> {
        for cross in [&[][..], cross] {
            let allowed = naked(held, cross).max(naked(&self.after(held, all), cross));
            let check = |step: usize, held: &HeldQuantities| {
                let naked = naked(held, cross);
                if naked <= allowed { Ok(()) } else { Err(LeggingError::Naked { step, naked, allowed }) }
            };
            for step in 0..=all.len() {
                let mut state = self.after(held, &first(all, step));
                check(step, &state)?;
                for undo in self.if_unfilled.get(step).iter().flat_map(|plan| &plan.undo) {
                    add(&mut state, undo, undo.quantity);
                    check(step, &state)?;
                }
            }
        }
        Ok(())
    }
}

/// The first steps whole, the others not at all.
fn first(all: &[u32], steps: usize) -> Vec<u32> {
    all.iter().take(steps).copied().collect()
}

fn rank(action: OrderAction) -> u8 {
    match action {
        OrderAction::BuyToClose => 0,
        OrderAction::BuyToOpen => 1,
        OrderAction::SellToOpen => 2,
        OrderAction::SellToClose => 3,
    }
}

fn add(held: &mut HeldQuantities, step: &LegOrder, quantity: u32) {
    let change = if step.action.is_buy() { i64::from(quantity) } else { -i64::from(quantity) };
    let own = held.entry(step.instrument.clone()).or_default();
    *own = own.saturating_add(change);
}

fn check_held(step: &LegOrder, held: &HeldQuantities) -> Result<(), LeggingError> {
    let held = held.get(&step.instrument).copied().unwrap_or(0);
    let there = if step.action.is_buy() { held.saturating_neg() } else { held };
    if step.action.is_opening() || there >= i64::from(step.quantity) {
        return Ok(());
    }
    Err(LeggingError::NotHeld { instrument: step.instrument.clone(), wanted: step.quantity, held })
}

/// Short contracts that nothing covers.
#[must_use]
pub fn naked(held: &HeldQuantities, cross: &[CrossCover]) -> u32 {
    let underlyings: std::collections::BTreeSet<Symbol> = held.keys().map(Instrument::underlying).collect();
    let rights = [OptionRight::Call, OptionRight::Put];
    let each = underlyings.iter().flat_map(|symbol| rights.map(|right| naked_of(held, symbol, right, cross)));
    u32::try_from(each.fold(0, i64::saturating_add)).unwrap_or(u32::MAX)
}

fn naked_of(held: &HeldQuantities, symbol: &Symbol, right: OptionRight, cross: &[CrossCover]) -> i64 {
    let mut rows = by_expiration(held, symbol, right);
    for cover in cross.iter().filter(|cover| cover.short == *symbol && cover.right == right) {
        // Longs that cover no short of their own underlying, as if all expired with the first of them.
        let longs = by_expiration(held, &cover.long, right);
        let spare = longs.iter().fold(0_i64, |sum, (_, quantity)| sum.saturating_add(*quantity)).max(0);
        let first =
            longs.iter().filter(|(_, quantity)| *quantity > 0).map(|(expiration, _)| *expiration).min();
        rows.extend(first.map(|first| (first, spare.saturating_mul(i64::from(cover.shorts_per_long)))));
    }
    rows.sort_by_key(|(expiration, quantity)| (std::cmp::Reverse(*expiration), std::cmp::Reverse(*quantity)));
    let mut cover = shares_cover(held, symbol, right);
    let mut naked = 0_i64;
    for (_, quantity) in rows {
        cover = cover.saturating_add(quantity);
        naked = cover.min(0).saturating_neg().saturating_add(naked);
        cover = cover.max(0);
    }
    naked
}

/// Contracts, the latest expiration first.
fn by_expiration(held: &HeldQuantities, symbol: &Symbol, right: OptionRight) -> Vec<(NaiveDate, i64)> {
    let own = held.iter().filter_map(|(instrument, quantity)| {
        let contract = instrument.contract()?;
        (contract.right == right && contract.underlying() == *symbol)
            .then_some((contract.expiration, *quantity))
    });
    let mut rows: Vec<_> = own.collect();
    rows.sort_by_key(|(expiration, _)| std::cmp::Reverse(*expiration));
    rows
}

/// Contracts that shares cover: long shares calls, short shares puts.
fn shares_cover(held: &HeldQuantities, symbol: &Symbol, right: OptionRight) -> i64 {
    let shares = held.get(&Instrument::Equity(symbol.clone())).copied().unwrap_or(0);
    let covering = if right == OptionRight::Call { shares } else { shares.saturating_neg() };
    covering.max(0) / 100
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ttai_core::OrderAction::{BuyToClose, BuyToOpen, SellToClose, SellToOpen};

    use super::*;
    use crate::intent::{IntentLeg, IntentTerms, NetPrice};
    use crate::testing::{cents, instrument, leg, terms};

    const P630: &str = "AAPL  140621P00630000";
    const P620: &str = "AAPL  140621P00620000";
    const C660: &str = "AAPL  140621C00660000";
    const C670: &str = "AAPL  140621C00670000";
    const NEXT: &str = "AAPL  140719P00620000";
    const SPX: &str = "SPXW  140620C01950000";
    const SPY: &str = "SPY   140620C00195000";

    fn intent(legs: &[LegRow], quantity: u32) -> TradeIntent {
        let legs = legs.iter().map(|(text, action, ratio)| leg(text, *action, *ratio)).collect();
        TradeIntent::new(IntentTerms { quantity, ..terms(legs, NetPrice::Debit(cents(100))) }).unwrap()
    }

    fn spy_spx_cover() -> CrossCover {
        let symbol = |text| Symbol::new(text).unwrap();
        CrossCover {
            long: symbol("SPX"),
            short: symbol("SPY"),
            right: OptionRight::Call,
            shorts_per_long: 10,
        }
    }

    /// What closing an intent closes.
    fn opened(intent: &TradeIntent) -> HeldQuantities {
        let signed = |leg: &IntentLeg| {
            i64::from(leg.ratio * intent.quantity) * if leg.action.is_buy() { -1 } else { 1 }
        };
        let closing = intent.legs.iter().filter(|leg| !leg.action.is_opening());
        closing.map(|leg| (leg.instrument.clone(), signed(leg))).collect()
    }

    fn steps(orders: &[LegOrder]) -> Vec<(String, OrderAction, u32)> {
        orders.iter().map(|step| (step.instrument.to_string(), step.action, step.quantity)).collect()
    }

    type LegRow = (&'static str, OrderAction, u32);

    fn structures() -> Vec<(&'static str, Vec<LegRow>)> {
        let (bto, sto, btc, stc) = (BuyToOpen, SellToOpen, BuyToClose, SellToClose);
        vec![
            ("bull put", vec![(P630, sto, 1), (P620, bto, 1)]),
            ("bear call", vec![(C660, sto, 1), (C670, bto, 1)]),
            ("ratio", vec![(P630, sto, 1), (P620, bto, 2)]),
            ("condor", vec![(P630, sto, 1), (C660, sto, 1), (C670, bto, 1), (P620, bto, 1)]),
            ("buy-write", vec![(C660, sto, 1), ("AAPL", bto, 100)]),
            ("spy_spx", vec![(SPY, sto, 10), (SPX, bto, 1)]),
            ("close bull put", vec![(P620, stc, 1), (P630, btc, 1)]),
            ("close condor", vec![(P620, stc, 1), (C670, stc, 1), (P630, btc, 1), (C660, btc, 1)]),
            ("close buy-write", vec![("AAPL", stc, 100), (C660, btc, 1)]),
            ("close spy_spx", vec![(SPX, stc, 1), (SPY, btc, 10)]),
            ("roll a put", vec![(NEXT, sto, 1), (P630, btc, 1)]),
            ("roll a covered call", vec![(C670, sto, 1), (C660, btc, 1)]),
        ]
    }

    /// Every state: every quantity of every step, and every state of the compensation from there.
    #[test]
    fn no_state_on_any_way_is_more_naked_than_its_ends() {
        let mut states = 0;
        for (name, legs) in structures() {
            for quantity in 1..=3 {
                let intent = intent(&legs, quantity);
                let mut held = opened(&intent);
                if name == "roll a covered call" {
                    held.insert(instrument("AAPL"), i64::from(quantity) * 100);
                }
                let cross = [spy_spx_cover()];
                let plan = LeggingPlan::of(&intent, &held, &cross).unwrap();
                let all: Vec<u32> = plan.steps.iter().map(|step| step.quantity).collect();
                for cross in [&[][..], &cross] {
                    let ends = naked(&held, cross).max(naked(&plan.after(&held, &all), cross));
                    let naked_in_own_sense =
                        if cross.is_empty() && name.ends_with("spy_spx") { 10 * quantity } else { 0 };
                    let is_short_put = name == "roll a put";
                    assert_eq!(ends, if is_short_put { quantity } else { naked_in_own_sense }, "{name}");
                    for at in 0..all.len() {
                        for part in 0..=all[at] {
                            let mut filled = first(&all, at);
                            filled.push(part);
                            let mut state = plan.after(&held, &filled);
                            assert!(naked(&state, cross) <= ends, "{name} {filled:?}");
                            for undo in plan.compensation(&filled).undo {
                                for _ in 0..undo.quantity {
                                    add(&mut state, &undo, 1);
                                    assert!(naked(&state, cross) <= ends, "{name} {filled:?} {undo:?}");
                                    states += 1;
                                }
                            }
                            states += 1;
                        }
                    }
                }
            }
        }
        assert!(states > 4_000, "{states}");
    }

    #[test]
    fn a_condor_is_opened_longs_first_and_each_failure_has_its_plan() {
        let legs = [(P630, SellToOpen, 1), (C660, SellToOpen, 1), (C670, BuyToOpen, 1), (P620, BuyToOpen, 1)];
        let plan = LeggingPlan::of(&intent(&legs, 2), &HeldQuantities::new(), &[]).unwrap();
        let row = |text: &str, action, quantity| (text.to_owned(), action, quantity);
        let order = [
            row(C670, BuyToOpen, 2),
            row(P620, BuyToOpen, 2),
            row(P630, SellToOpen, 2),
            row(C660, SellToOpen, 2),
        ];
        assert_eq!(steps(&plan.steps), order);
        assert_eq!((plan.naked_by_design, plan.if_unfilled.len()), (0, 4));
        assert_eq!(plan.if_unfilled[0], Compensation::default());
        // The last leg fails: the short put is bought back before the longs are sold.
        let undo = [row(P630, BuyToClose, 2), row(C670, SellToClose, 2), row(P620, SellToClose, 2)];
        assert_eq!(steps(&plan.if_unfilled[3].undo), undo);
        // It is filled for one of two: one condor stays.
        let undo = [row(P630, BuyToClose, 1), row(C670, SellToClose, 1), row(P620, SellToClose, 1)];
        assert_eq!(steps(&plan.compensation(&[2, 2, 2, 1]).undo), undo);
        assert_eq!(plan.compensation(&[2, 2, 2, 2]), Compensation::default());
    }

    #[test]
    fn what_was_closed_stays_closed_and_what_was_not_is_left() {
        let intent = intent(&[(P620, SellToClose, 1), (P630, BuyToClose, 1)], 3);
        let plan = LeggingPlan::of(&intent, &opened(&intent), &[]).unwrap();
        let stuck = plan.compensation(&[3, 1]);
        assert_eq!((stuck.undo.len(), steps(&stuck.left)), (0, vec![(P620.to_owned(), SellToClose, 2)]));
    }

    #[test]
    fn spy_spx_is_naked_to_the_broker_and_covered_in_its_own_sense() {
        let plan = LeggingPlan::of(
            &intent(&[(SPY, SellToOpen, 10), (SPX, BuyToOpen, 1)], 1),
            &HeldQuantities::new(),
            &[spy_spx_cover()],
        )
        .unwrap();
        assert_eq!((plan.naked_by_design, plan.steps[0].action), (10, BuyToOpen));
        let held = plan.after(&HeldQuantities::new(), &[1, 10]);
        assert_eq!((naked(&held, &[]), naked(&held, &[spy_spx_cover()])), (10, 0));
    }

    #[test]
    fn cover_is_counted_by_expiration_and_shares() {
        for (positions, wanted) in [
            (vec![(P630, -2), (P620, 1)], 1),
            // A later long covers an earlier short, not the other way round.
            (vec![(P630, -1), (NEXT, 1)], 0),
            (vec![(P620, 1), (NEXT, -1)], 1),
            (vec![("AAPL", 199), (C660, -2)], 1),
            (vec![("AAPL", -100), (P630, -1)], 0),
            (vec![(P630, -1), (C660, 1)], 1),
        ] {
            let held = positions.iter().map(|(text, quantity)| (instrument(text), *quantity)).collect();
            assert_eq!(naked(&held, &[]), wanted, "{positions:?}");
        }
    }

    #[test]
    fn what_is_not_held_is_not_closed() {
        let error =
            LeggingPlan::of(&intent(&[(P630, BuyToClose, 1)], 2), &[(instrument(P630), -1)].into(), &[])
                .unwrap_err();
        assert_eq!(error.to_string(), "2 of AAPL 2014-06-21 630 put cannot be closed: -1 are held");
    }

    proptest! {
        #[test]
        fn every_plan_of_any_legs_is_safe_or_refused(
            actions in prop::collection::vec(prop::sample::select(vec![BuyToOpen, SellToOpen, BuyToClose, SellToClose]), 4),
            ratios in prop::collection::vec(1_u32..3, 3), filled in prop::collection::vec(0_u32..4, 4),
        ) {
            let names = [P630, P620, NEXT, C660];
            let legs: Vec<_> = (0..4).map(|at| (names[at], actions[at], ratios.get(at).copied().unwrap_or(1))).collect();
            let intent = intent(&legs, 2);
            let held = opened(&intent);
            let plan = LeggingPlan::of(&intent, &held, &[]);
            prop_assert!(plan.is_ok(), "{plan:?}");
            // Compensation never closes more than was opened.
            let plan = plan.unwrap();
            for undo in plan.compensation(&filled).undo {
                let at = plan.steps.iter().position(|step| step.instrument == undo.instrument).unwrap();
                prop_assert!(undo.quantity <= filled[at] && undo.action == plan.steps[at].action.undone());
            }
        }
    }
}
