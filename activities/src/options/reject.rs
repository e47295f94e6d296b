//! The text where nothing can be sold: what stands in the way, what comes nearest, what would admit a contract.

use ttai_contract::{NearestMiss, Strategy};
use ttai_core::OptionRight;
use ttai_quant::strategy::Constraint;

use super::earnings::{Earnings, describe};
use super::notes::{REASONS, Writer};
use super::result::count;
use super::words::{self, CHAIN, COMPUTED, whole};
use crate::article;

impl Writer<'_> {
    pub(super) fn reject_line(&mut self, nearest: &[NearestMiss]) -> String {
        let kind = match (
            self.findings.case.params.trade.strategy,
            self.findings.selection.strategy.short_right(),
        ) {
            (Strategy::Csp, _) => "put",
            (Strategy::CoveredCall, _) => "call",
            (Strategy::Spread, OptionRight::Put) => "bull put spread",
            (Strategy::Spread, OptionRight::Call) => "bear call spread",
        };
        let binding = self.findings.selection.diagnosis.as_ref().map(|why| why.binding.constraint);
        if let Some(basis) = self.every_liquid_call_locks_in_loss() {
            return format!(
                "Reject: every liquid {} call locks in a loss if the shares are called: strike and premium stay under their \
                 cost of {basis}.",
                self.symbol()
            );
        }
        if let Some(spanned) = self.every_expiration_spans_earnings() {
            return format!("Reject: no {} {kind} qualifies: {spanned}.", self.symbol());
        }
        let binding = binding.map_or(String::new(), |which| {
            format!("; the binding constraint is {}", words::constraint(which))
        });
        let near = nearest.first().map_or("no contract comes close".to_owned(), |near| {
            format!("the nearest, {}, {}", near.description, words::together(&near.misses))
        });
        format!("Reject: no {} {kind} qualifies{binding}; {near}.", self.symbol())
    }

    /// The cost basis under which every liquid call would sell the shares.
    fn every_liquid_call_locks_in_loss(&mut self) -> Option<String> {
        self.findings.selection.diagnosis.as_ref().filter(|why| why.every_liquid_call_locks_in_loss)?;
        let basis = self.findings.case.params.trade.position.cost_basis?;
        Some(self.narrator.price("cost_basis", basis, words::LIMITS))
    }

    /// How far the shares are under their cost, where that is why nothing can be sold.
    fn under_water(&mut self) -> Option<String> {
        let basis = self.every_liquid_call_locks_in_loss()?;
        let (cost, spot) =
            (self.findings.case.params.trade.position.cost_basis?, self.findings.market.price());
        let lost = self.narrator.price("loss_a_share", (cost - spot).max(0.0), COMPUTED);
        let spot = self.narrator.price("underlying_price", spot, CHAIN);
        Some(format!("the shares cost {basis} and are at {spot}, {lost} a share lower"))
    }

    /// `every expiration of 14 to 45 days spans earnings after the close of 2014-07-22`, where it is so.
    fn every_expiration_spans_earnings(&mut self) -> Option<String> {
        let limits = &self.findings.case.constraints;
        let (Earnings::Known(report), true) = (&self.findings.earnings, limits.exclude_earnings) else {
            return None;
        };
        let (window, today) = (self.findings.earnings.window()?, self.findings.case.view.date);
        let days = |contract: &ttai_core::OptionContract| (contract.last_trade_date - today).num_days();
        let contracts = self.findings.quotes.iter().map(|quote| &quote.quote.contract);
        let mut wanted = contracts
            .filter(|contract| (limits.dte_min..=limits.dte_max).contains(&days(contract)))
            .peekable();
        wanted.peek()?;
        if !wanted.all(|contract| window.excludes(contract, self.findings.case.view.as_of)) {
            return None;
        }
        let first = self.narrator.count("limit_dte_min", limits.dte_min, words::LIMITS);
        let last = self.narrator.count("limit_dte_max", limits.dte_max, words::LIMITS);
        Some(format!("every expiration of {first} to {last} days spans {}", describe(report)))
    }

    pub(super) fn reject_reasons(&mut self, nearest: &[NearestMiss]) -> Vec<String> {
        let selection = &self.findings.selection;
        let considered = whole(self.narrator, "considered", count(selection.considered), CHAIN);
        let mut reasons: Vec<String> = self.under_water().into_iter().collect();
        let binding = selection.diagnosis.as_ref().map(|why| why.binding.constraint);
        if let Some(why) = &selection.diagnosis {
            let which = words::constraint(why.binding.constraint);
            let all = whole(self.narrator, "binding_all", count(why.binding.all), COMPUTED);
            let alone = match count(why.binding.alone) {
                0 => String::new(),
                alone => {
                    let alone = whole(self.narrator, "binding_alone", alone, COMPUTED);
                    format!(", {alone} of them on that alone")
                }
            };
            reasons.push(format!("of {considered} contracts, {all} fail on {which}{alone}"));
        }
        let mut failed: Vec<(Constraint, usize)> = selection
            .fail_counts
            .iter()
            .map(|(which, failed)| (*which, *failed))
            .filter(|(which, failed)| *failed > 0 && Some(*which) != binding)
            .collect();
        failed.sort_by_key(|(which, failed)| (std::cmp::Reverse(*failed), *which));
        if !failed.is_empty() {
            let named = failed.iter().take(REASONS).map(|(which, failed)| {
                let number =
                    whole(self.narrator, &format!("fails_{}", which.name()), count(*failed), COMPUTED);
                format!("{number} on {}", words::constraint(*which))
            });
            let named: Vec<String> = named.collect();
            reasons.push(format!("of {considered} contracts, these fail: {}", article::list(&named)));
        }
        reasons.extend(self.after_all_earnings());
        reasons.extend(nearest.get(1).map(|near| {
            format!("the next nearest, {}, {}", near.description, words::together(&near.misses))
        }));
        reasons.push(
            "a contract that fails on delta, days, liquidity or earnings is not sold for its return alone"
                .to_owned(),
        );
        reasons
    }

    /// Earnings that take expirations out.
    fn after_all_earnings(&self) -> Option<String> {
        let counted = self.findings.selection.fail_counts.get(&Constraint::Earnings).is_some_and(|n| *n > 0);
        match &self.findings.earnings {
            _ if !counted => None,
            Earnings::Never => None,
            Earnings::Known(report) => Some(format!("{} rule out every later expiration", describe(report))),
            Earnings::Unknown(reason) => {
                Some(format!("{reason}, and unknown earnings are excluded by the constraints"))
            }
        }
    }

    pub(super) fn reject_against(&mut self, nearest: &[NearestMiss]) -> String {
        match (self.rich_premium(), nearest.first()) {
            (Some(rich), _) => rich,
            (None, Some(near)) => {
                format!("the {} {}, and nothing else", near.description, words::together(&near.misses))
            }
            (None, None) => "nothing: no change to the limits would let a contract qualify".to_owned(),
        }
    }

    /// What would have to change for a trade.
    pub(super) fn reject_change(&self, relaxation: Option<&str>) -> String {
        let binding = self.findings.selection.diagnosis.as_ref().map(|why| why.binding.constraint);
        match (relaxation, binding, &self.findings.earnings) {
            (Some(text), _, _) => format!("looser limits: {text}"),
            (None, Some(Constraint::Earnings), Earnings::Known(_)) => {
                "the report, once it is out, or an expiration listed before it".to_owned()
            }
            (None, Some(Constraint::Earnings), Earnings::Unknown(_)) => {
                "a known date, or `warn` as the policy for unknown earnings".to_owned()
            }
            _ => "different quotes: no change to the limits would let a contract qualify".to_owned(),
        }
    }
}
