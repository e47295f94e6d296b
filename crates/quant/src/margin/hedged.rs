//! Groups around shares: covered calls and puts, and what a long option adds to them or to shares alone.
//!
//! Cboe Margin Manual, "Short Put and Short Underlying" to "Collar"; FINRA 4210(f)(2)(G).

use rust_decimal::Decimal;
use ttai_core::OptionRight;

use super::account::{Book, MarginGroup};
use super::groups::Lot;
use super::naming::RecognizedStrategy;
use super::rules::{
    collar_maintenance, protected_stock_maintenance, reverse_conversion_maintenance, stock_initial,
    stock_maintenance,
};

/// A long option that may protect shares, alone or beside a covered option, and what both then ask a share.
struct Protection {
    long: usize,
    contracts: Decimal,
    strategy: RecognizedStrategy,
    maintenance: Decimal,
}

impl Book {
    /// All groups with shares in which an option takes part; takes their shares and options from the book.
    pub(super) fn hedged_groups(&mut self) -> Vec<MarginGroup> {
        let mut groups = Vec::new();
        for (short, contracts) in std::mem::take(&mut self.covered) {
            self.group_covered(short, contracts, &mut groups);
        }
        while let Some(protection) = self.protections().min_by_key(|found| found.maintenance) {
            groups.push(self.protected_group(&protection, None));
        }
        groups
    }

    /// Covered contracts of one lot: as many as a long option of the same expiration protects with it, the rest without.
    fn group_covered(&mut self, short: usize, contracts: Decimal, groups: &mut Vec<MarginGroup>) {
        let lot = self.lots[short].clone();
        let shares = contracts * lot.multiplier;
        // A short call stands on long shares, a short put on short ones; they come back to be grouped.
        let signed = if lot.right == OptionRight::Call { shares } else { -shares };
        self.shares += signed;
        let mut left = contracts;
        while !left.is_zero() {
            let Some(protection) = self.protections_beside(&lot, left).min_by_key(|found| found.maintenance)
            else {
                break;
            };
            left -= protection.contracts;
            groups.push(self.protected_group(&protection, Some(&lot)));
        }
        if !left.is_zero() {
            groups.push(self.covered_group(&lot, left));
        }
    }

    /// A short option on shares: nothing on the option; the stock is not valued beyond the strike at which it would go.
    fn covered_group(&mut self, short: &Lot, contracts: Decimal) -> MarginGroup {
        let long = short.right == OptionRight::Call;
        let shares = self.take_shares(contracts * short.multiplier);
        let (strategy, valued_at) = if long {
            (RecognizedStrategy::CoveredCall, self.spot.min(short.strike))
        } else {
            (RecognizedStrategy::CoveredPut, self.spot.max(short.strike))
        };
        let in_cash = long.then(|| self.spot * shares.abs());
        let option = short.part(contracts);
        let credit = -option.cost();
        MarginGroup {
            initial: stock_initial(self.spot) * shares.abs(),
            maintenance: stock_maintenance(valued_at, !long) * shares.abs(),
            cash_account: in_cash,
            cash_account_net_of_premium: in_cash.map(|cash| cash - credit),
            ..MarginGroup::bare(strategy, vec![self.stock(shares), option])
        }
    }

    /// Long options of `short`'s expiration that make a collar or a conversion with it, for at most `contracts`.
    fn protections_beside(&self, short: &Lot, contracts: Decimal) -> impl Iterator<Item = Protection> {
        let fits = move |long: &Lot| {
            long.last_trade_date == short.last_trade_date
                && long.multiplier == short.multiplier
                && match short.right {
                    OptionRight::Call => long.strike <= short.strike,
                    OptionRight::Put => long.strike == short.strike,
                }
        };
        self.protecting_lots(short.right != OptionRight::Call).filter(move |(_, long)| fits(long)).map(
            move |(index, long)| {
                let (strategy, maintenance) = match short.right {
                    OptionRight::Put => (
                        RecognizedStrategy::ReverseConversion,
                        reverse_conversion_maintenance(self.spot, short.strike),
                    ),
                    OptionRight::Call => (
                        if long.strike == short.strike {
                            RecognizedStrategy::Conversion
                        } else {
                            RecognizedStrategy::Collar
                        },
                        collar_maintenance(self.spot, long.strike, short.strike),
                    ),
                };
                Protection { long: index, contracts: long.left.min(contracts), strategy, maintenance }
            },
        )
    }

    /// Long options under or over the shares that are left, in whole contracts.
    fn protections(&self) -> impl Iterator<Item = Protection> {
        let short = self.shares.is_sign_negative();
        self.protecting_lots(short)
            .map(move |(index, long)| Protection {
                long: index,
                contracts: long.left.min((self.shares.abs() / long.multiplier).floor()),
                strategy: if short {
                    RecognizedStrategy::ProtectiveCall
                } else {
                    RecognizedStrategy::ProtectivePut
                },
                maintenance: protected_stock_maintenance(self.spot, long.strike, short),
            })
            .filter(|found| !found.contracts.is_zero())
    }

    /// Long options with contracts left that gain where shares on that side lose.
    fn protecting_lots(&self, short_shares: bool) -> impl Iterator<Item = (usize, &Lot)> {
        let right = if short_shares { OptionRight::Call } else { OptionRight::Put };
        let lots = self.lots.iter().enumerate();
        lots.filter(move |(_, lot)| lot.right == right && !lot.is_short() && !lot.left.is_zero())
    }

    /// The long option is paid for in full, the shares are opened as ever; a covered option asks nothing.
    fn protected_group(&mut self, protection: &Protection, covered: Option<&Lot>) -> MarginGroup {
        let contracts = protection.contracts;
        let long = &mut self.lots[protection.long];
        long.left -= contracts;
        let option = long.part(contracts);
        let multiplier = long.multiplier;
        let shares = self.take_shares(contracts * multiplier);
        let in_cash = shares.is_sign_positive().then(|| self.spot * shares.abs() + option.cost());
        let covered = covered.map(|short| short.part(contracts));
        let credit = covered.as_ref().map(|short| -short.cost());
        MarginGroup {
            initial: stock_initial(self.spot) * shares.abs() + option.cost(),
            maintenance: protection.maintenance * shares.abs(),
            cash_account: in_cash,
            cash_account_net_of_premium: in_cash.zip(credit).map(|(cash, credit)| cash - credit),
            ..MarginGroup::bare(
                protection.strategy,
                std::iter::once(self.stock(shares)).chain(std::iter::once(option)).chain(covered).collect(),
            )
        }
    }

    /// Takes shares off the side that the book holds; what was taken, signed.
    fn take_shares(&mut self, shares: Decimal) -> Decimal {
        let signed = if self.shares.is_sign_negative() { -shares } else { shares };
        self.shares -= signed;
        signed
    }
}
