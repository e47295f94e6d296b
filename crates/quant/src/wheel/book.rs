//! An account's transactions, booked by underlying.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use ttai_core::{OptionRight, Symbol};

use super::cycle::{Cycle, Entry, same, split_shares};
use super::lots::{Divisible, ShareLot, ShortLot, take_first};
use super::report::{IncomeKind, WheelEnd, WheelReport, by_month};
use super::transaction::{WheelAsset, WheelEvent, WheelOption, WheelTransaction};

/// How long after a cycle's end a dividend may still be paid that its shares had earned.
const DIVIDEND_LAG: TimeDelta = TimeDelta::days(45);

/// Long contracts, or bills, that were bought at once: no wheel, but income.
#[derive(Clone, Debug)]
struct LongLot {
    option: Option<WheelOption>,
    size: Decimal,
    cost: Decimal,
}

impl Divisible for LongLot {
    fn size(&self) -> Decimal {
        self.size
    }

    fn take(&mut self, size: Decimal) -> Self {
        let cost = if size == self.size { self.cost } else { (self.cost * (size / self.size)).round_dp(4) };
        self.size -= size;
        self.cost -= cost;
        Self { size, cost, ..self.clone() }
    }
}

/// Everything in one underlying.
#[derive(Debug, Default)]
struct UnderlyingBook {
    cycle: Option<Cycle>,
    over: Vec<Cycle>,
    /// Shares that no cycle has: bought outright, and not covering a call.
    outside: VecDeque<ShareLot>,
    longs: VecDeque<LongLot>,
    /// Income outside cycles.
    other: Vec<Entry>,
}

/// All underlyings of an account.
#[derive(Debug, Default)]
pub(super) struct WheelLedger {
    books: BTreeMap<Symbol, UnderlyingBook>,
    bills: BTreeMap<String, VecDeque<LongLot>>,
    other: Vec<Entry>,
    /// Shares that assignments and exercises moved, by underlying, strike and whether they came.
    moved: BTreeMap<(Symbol, Decimal, bool), Decimal>,
    splits: BTreeSet<(Symbol, NaiveDate)>,
    /// Rows of kinds that a wheel has no place for.
    foreign: BTreeSet<String>,
    incomplete: BTreeSet<String>,
}

impl WheelLedger {
    pub(super) fn book_all(&mut self, transactions: &[WheelTransaction], today: NaiveDate) {
        let mut seen = BTreeSet::new();
        let mut rows: Vec<&WheelTransaction> = transactions
            .iter()
            .filter(|row| row.date <= today && (row.id.is_empty() || seen.insert(row.id.as_str())))
            .collect();
        rows.sort_by_key(|row| row.order());
        for row in &rows {
            self.expect_delivery(row);
        }
        let mut day = None;
        for row in rows {
            if day.is_some_and(|day| day != row.date) {
                self.end_day(day);
            }
            day = Some(row.date);
            self.book(row);
        }
        self.end_day(day);
    }

    fn end_day(&mut self, day: Option<NaiveDate>) {
        let Some(day) = day else { return };
        for book in self.books.values_mut() {
            if let Some(cycle) = &mut book.cycle {
                cycle.end_day(day);
            }
            book.close_if_over();
        }
    }

    /// An assignment's shares follow from the contract, so the broker's own row about them is not booked again.
    fn expect_delivery(&mut self, row: &WheelTransaction) {
        let Some(WheelAsset::Option(option)) = &row.asset else { return };
        let arrives = match row.event {
            WheelEvent::Assignment => option.right == OptionRight::Put,
            WheelEvent::Exercise => option.right == OptionRight::Call,
            _ => return,
        };
        if !option.cash_settled {
            let shares = row.quantity.abs() * Decimal::from(option.multiplier);
            *self.moved.entry((option.underlying.clone(), option.strike, arrives)).or_default() += shares;
        }
    }

    fn book(&mut self, row: &WheelTransaction) {
        match &row.asset {
            Some(WheelAsset::Option(option)) => self.book_option(row, option),
            Some(WheelAsset::Shares(symbol)) => self.book_shares(row, symbol),
            Some(WheelAsset::Bill(name)) => self.book_bill(row, name),
            Some(WheelAsset::Other(name)) => {
                self.foreign.insert(name.clone());
            }
            None => self.book_cash(row),
        }
    }

    fn book_option(&mut self, row: &WheelTransaction, option: &WheelOption) {
        let book = self.books.entry(option.underlying.clone()).or_default();
        let known = match row.event {
            WheelEvent::Trade => book.trade(row, option),
            WheelEvent::Assignment if option.cash_settled => book.settle(row, option),
            WheelEvent::CashSettlement => book.settle(row, option),
            WheelEvent::Assignment => book.assign(row, option),
            WheelEvent::Exercise if option.cash_settled => book.settle(row, option),
            WheelEvent::Exercise => book.exercise(row, option),
            WheelEvent::Expiration => book.expire(row, option),
            WheelEvent::Fee => {
                book.charge(row.date, row.amount.unwrap_or_default());
                true
            }
            _ => true,
        };
        book.close_if_over();
        if !known {
            self.incomplete.insert(format!(
                "{}: {} contracts of {} {} {} ended on {} that were opened before the first transaction",
                option.underlying,
                row.quantity.abs().normalize(),
                option.expiration,
                option.strike.normalize(),
                option.right.letter(),
                row.date
            ));
        }
    }

    fn book_shares(&mut self, row: &WheelTransaction, symbol: &Symbol) {
        let (row, fee) = match self.beyond_delivery(row, symbol) {
            Some(rest) => rest,
            None => return,
        };
        let amount = row.amount.unwrap_or_default();
        let new_split = row.event == WheelEvent::Split && self.splits.insert((symbol.clone(), row.date));
        let book = self.books.entry(symbol.clone()).or_default();
        book.charge(row.date, fee);
        match (row.event, row.ratio) {
            (WheelEvent::Trade | WheelEvent::Delivery, _) => {
                let known = book.trade_shares(&row);
                let line =
                    || format!("{symbol}: more shares left on {} than are known to have come", row.date);
                self.incomplete.extend((!known).then(line));
            }
            (WheelEvent::Split, Some(ratio)) if new_split => book.split(ratio),
            (WheelEvent::Dividend, _) => book.pay_dividend(row.date, amount),
            (WheelEvent::Fee, _) => book.charge(row.date, amount),
            (WheelEvent::Interest, _) => book.other.push((row.date, IncomeKind::Interest, amount)),
            _ => {}
        }
        book.close_if_over();
    }

    /// What of a row about shares no assignment or exercise accounts for, and the fee in the part that one does.
    fn beyond_delivery(
        &mut self,
        row: &WheelTransaction,
        symbol: &Symbol,
    ) -> Option<(WheelTransaction, Decimal)> {
        if row.event != WheelEvent::Delivery || row.quantity.is_zero() {
            return Some((row.clone(), Decimal::ZERO));
        }
        let of_amount = || Some((row.amount?.abs() / row.quantity.abs()).round_dp(2));
        let price = row.price.or_else(of_amount)?;
        let key = (symbol.clone(), price.normalize(), row.quantity > Decimal::ZERO);
        let expected = self
            .moved
            .iter_mut()
            .find(|(moved, _)| (&moved.0, moved.1.normalize(), moved.2) == (&key.0, key.1, key.2));
        let accounted = expected.map_or(Decimal::ZERO, |(_, left)| {
            let part = row.quantity.abs().min(*left);
            *left -= part;
            part
        });
        let gross = -row.quantity * price;
        let fee = row.amount.map_or(Decimal::ZERO, |amount| amount - gross);
        let rest = row.quantity.abs() - accounted;
        let signed = if row.quantity.is_sign_negative() { -rest } else { rest };
        if rest.is_zero() {
            let fee_only = WheelTransaction { event: WheelEvent::Other, ..row.clone() };
            return Some((fee_only, fee));
        }
        let (amount, price) = (Some(-signed * price), Some(price));
        Some((WheelTransaction { quantity: signed, amount, price, ..row.clone() }, fee))
    }

    fn book_bill(&mut self, row: &WheelTransaction, name: &str) {
        let cash = row.cash().unwrap_or_default();
        let lots = self.bills.entry(name.to_owned()).or_default();
        let size = row.quantity.abs();
        match row.event {
            WheelEvent::Trade if row.quantity > Decimal::ZERO => {
                lots.push_back(LongLot { option: None, size, cost: -cash });
            }
            WheelEvent::Trade | WheelEvent::Expiration | WheelEvent::Delivery => {
                let (taken, _) = take_first(lots, size, |_| true);
                let cost: Decimal = taken.iter().map(|lot| lot.cost).sum();
                self.other.push((row.date, IncomeKind::Bills, cash - cost));
            }
            WheelEvent::Interest | WheelEvent::Dividend => {
                self.other.push((row.date, IncomeKind::Interest, cash));
            }
            WheelEvent::Fee => self.other.push((row.date, IncomeKind::Fee, cash)),
            _ => {}
        }
    }

    fn book_cash(&mut self, row: &WheelTransaction) {
        let kind = match row.event {
            WheelEvent::Interest => IncomeKind::Interest,
            WheelEvent::Fee => IncomeKind::Fee,
            WheelEvent::Dividend => IncomeKind::Dividend,
            _ => return,
        };
        self.other.push((row.date, kind, row.amount.unwrap_or_default()));
    }

    pub(super) fn report(&self, today: NaiveDate) -> WheelReport {
        let mut cycles = Vec::new();
        let mut entries = self.other.clone();
        for (symbol, book) in &self.books {
            entries.extend(&book.other);
            for cycle in book.over.iter().chain(&book.cycle) {
                entries.extend(&cycle.income);
                cycles.push(cycle.report(symbol, today));
            }
        }
        cycles.sort_by(|one, other| (one.started, &one.underlying).cmp(&(other.started, &other.underlying)));
        WheelReport {
            cycles,
            realized: entries.iter().map(|entry| entry.2).sum(),
            income: by_month(entries.into_iter()),
            bills_held: self.bills.values().flatten().map(|lot| lot.cost).sum(),
            notes: self.notes(),
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.incomplete.iter().cloned().collect();
        if !self.foreign.is_empty() {
            let names: Vec<&str> = self.foreign.iter().map(String::as_str).take(5).collect();
            let more = self.foreign.len().saturating_sub(names.len());
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            notes.push(format!(
                "not counted, because a wheel has no place for it: {}{more}",
                names.join(", ")
            ));
        }
        notes
    }
}

impl UnderlyingBook {
    fn cycle(&mut self, date: NaiveDate) -> &mut Cycle {
        self.cycle.get_or_insert_with(|| Cycle::begin(date))
    }

    fn close_if_over(&mut self) {
        if self.cycle.as_ref().is_some_and(|cycle| cycle.last_day().is_some()) {
            self.over.extend(self.cycle.take());
        }
    }

    /// What is bought closes what is short first; what is sold closes what is long first.
    fn trade(&mut self, row: &WheelTransaction, option: &WheelOption) -> bool {
        let cash = row.cash().unwrap_or_default();
        let size = row.quantity.abs();
        if size.is_zero() {
            return true;
        }
        let part = |of: Decimal| if of == size { cash } else { (cash * (of / size)).round_dp(4) };
        if row.quantity > Decimal::ZERO {
            let short = self.cycle.as_ref().map_or(Decimal::ZERO, |cycle| {
                cycle.shorts.iter().filter(|lot| same(&lot.option, option)).map(|lot| lot.contracts).sum()
            });
            let closing = size.min(short);
            if let Some(cycle) = &mut self.cycle {
                cycle.buy_back(row.date, option, closing, part(closing));
            }
            self.buy_long(option, size - closing, cash - part(closing));
            return true;
        }
        let (longs, opening) = take_first(&mut self.longs, size, |lot| is_of(lot, option));
        let closing = size - opening;
        if closing > Decimal::ZERO {
            let cost: Decimal = longs.iter().map(|lot| lot.cost).sum();
            self.other.push((row.date, IncomeKind::LongOptions, part(closing) - cost));
        }
        if opening > Decimal::ZERO {
            self.sell_short(row.date, option, opening, cash - part(closing));
        }
        true
    }

    fn buy_long(&mut self, option: &WheelOption, size: Decimal, cash: Decimal) {
        if size > Decimal::ZERO {
            self.longs.push_back(LongLot { option: Some(option.clone()), size, cost: -cash });
        }
    }

    fn sell_short(&mut self, date: NaiveDate, option: &WheelOption, contracts: Decimal, credit: Decimal) {
        let lot = ShortLot {
            opened: date,
            contracts,
            credit,
            rolled_in: Decimal::ZERO,
            is_roll: false,
            ..unknown(option, date, contracts)
        };
        self.cycle(date).sell(lot);
        self.cover();
    }

    /// Shares outside that the cycle's calls would deliver become part of it.
    fn cover(&mut self) {
        let Some(cycle) = &mut self.cycle else { return };
        let (lots, _) = take_first(&mut self.outside, cycle.uncovered(), |_| true);
        lots.into_iter().for_each(|lot| cycle.receive(lot));
    }

    fn assign(&mut self, row: &WheelTransaction, option: &WheelOption) -> bool {
        let date = row.date;
        let contracts = row.quantity.abs();
        let cycle = self.cycle(date);
        let (mut lots, unknown_part) = cycle.take_shorts(option, contracts);
        if unknown_part > Decimal::ZERO {
            cycle.complete = false;
            lots.push(unknown(option, date, unknown_part));
        }
        let exercise: Decimal = lots.iter().map(ShortLot::exercise).sum();
        for lot in &lots {
            match option.right {
                OptionRight::Put => self.cycle(date).assign_put(date, lot),
                OptionRight::Call => self.call_away(date, lot),
            }
        }
        let gross = if option.right == OptionRight::Put { -exercise } else { exercise };
        self.charge(date, fee_in(row.amount, gross));
        unknown_part.is_zero()
    }

    fn call_away(&mut self, date: NaiveDate, lot: &ShortLot) {
        let shares = lot.shares_each * lot.contracts;
        let cycle = self.cycle(date);
        cycle.earn(date, lot, WheelEnd::CalledAway);
        let (missing, proceeds) = cycle.give(date, shares, lot.exercise(), WheelEnd::CalledAway);
        if missing > Decimal::ZERO {
            let (lots, unknown) = take_first(&mut self.outside, missing, |_| true);
            let cost: Decimal = lots.iter().map(|lot| lot.cost).sum();
            let known = missing - unknown;
            if known > Decimal::ZERO {
                self.other.push((date, IncomeKind::Shares, proceeds * (known / missing) - cost));
            }
            self.cycle(date).complete &= unknown.is_zero();
        }
    }

    fn expire(&mut self, row: &WheelTransaction, option: &WheelOption) -> bool {
        let (lots, left) = match &mut self.cycle {
            Some(cycle) => cycle.take_shorts(option, row.quantity.abs()),
            None => (Vec::new(), row.quantity.abs()),
        };
        if let Some(cycle) = &mut self.cycle {
            lots.iter().for_each(|lot| cycle.earn(row.date, lot, WheelEnd::Expired));
            cycle.charge(row.date, row.amount.unwrap_or_default());
        }
        let (longs, unknown) = take_first(&mut self.longs, left, |lot| is_of(lot, option));
        self.other.extend(longs.iter().map(|lot| (row.date, IncomeKind::LongOptions, -lot.cost)));
        unknown.is_zero()
    }

    fn settle(&mut self, row: &WheelTransaction, option: &WheelOption) -> bool {
        let cash = row.amount.unwrap_or_default();
        let contracts = row.quantity.abs();
        let (lots, left) = match &mut self.cycle {
            Some(cycle) => cycle.take_shorts(option, contracts),
            None => (Vec::new(), contracts),
        };
        let (longs, unknown) = take_first(&mut self.longs, left, |lot| is_of(lot, option));
        if let (Some(cycle), false) = (&mut self.cycle, lots.is_empty()) {
            lots.iter().for_each(|lot| cycle.earn(row.date, lot, WheelEnd::CashSettled));
            cycle.settle_in_cash(row.date, cash);
            cycle.complete &= row.amount.is_some();
            return unknown.is_zero();
        }
        let cost: Decimal = longs.iter().map(|lot| lot.cost).sum();
        self.other.push((row.date, IncomeKind::LongOptions, cash - cost));
        unknown.is_zero()
    }

    fn exercise(&mut self, row: &WheelTransaction, option: &WheelOption) -> bool {
        let contracts = row.quantity.abs();
        let (longs, unknown) = take_first(&mut self.longs, contracts, |lot| is_of(lot, option));
        let premium: Decimal = longs.iter().map(|lot| lot.cost).sum();
        let shares = contracts * Decimal::from(option.multiplier);
        let price = shares * option.strike;
        let quantity = if option.right == OptionRight::Call { shares } else { -shares };
        // The premium is part of what the shares cost, or of what they bring.
        let amount = if option.right == OptionRight::Call { -price - premium } else { price - premium };
        let shares_row = WheelTransaction { quantity, amount: Some(amount), ..row.clone() };
        self.trade_shares(&shares_row) && unknown.is_zero()
    }

    /// Shares bought stay outside unless calls want cover; shares sold leave oldest first, a cycle's own among them.
    fn trade_shares(&mut self, row: &WheelTransaction) -> bool {
        let cash = row.cash().unwrap_or_default();
        let mut left = row.quantity.abs();
        if row.quantity > Decimal::ZERO {
            self.outside.push_back(ShareLot { acquired: row.date, shares: left, cost: -cash });
            self.cover();
            return true;
        }
        let mut proceeds = cash;
        while left > Decimal::ZERO {
            let inside = self.cycle.as_ref().and_then(|cycle| cycle.shares.front().cloned());
            let outside = self.outside.front().cloned();
            let from_cycle = match (&inside, &outside) {
                (Some(inside), Some(outside)) => inside.acquired <= outside.acquired,
                (inside, _) => inside.is_some(),
            };
            let Some(lot) = (if from_cycle { inside } else { outside }) else { return false };
            let size = left.min(lot.shares);
            let part = if size == left { proceeds } else { (proceeds * (size / left)).round_dp(4) };
            match &mut self.cycle {
                Some(cycle) if from_cycle => {
                    cycle.give(row.date, size, part, WheelEnd::Sold);
                }
                _ => {
                    take_first(&mut self.outside, size, |_| true);
                }
            }
            left -= size;
            proceeds -= part;
        }
        true
    }

    /// A dividend belongs to the cycle that has the shares, or had them until a short while ago, and to shares outside by number.
    fn pay_dividend(&mut self, date: NaiveDate, amount: Decimal) {
        let outside: Decimal = self.outside.iter().map(|lot| lot.shares).sum();
        let open = self.cycle.as_mut().filter(|cycle| !cycle.shares.is_empty());
        let lately = |cycle: &&mut Cycle| {
            outside.is_zero()
                && cycle.held_shares
                && cycle.last_day().is_some_and(|day| date - day <= DIVIDEND_LAG)
        };
        let Some(cycle) = open.or_else(|| self.over.last_mut().filter(lately)) else {
            self.other.push((date, IncomeKind::Dividend, amount));
            return;
        };
        let held = cycle.held();
        let own = if outside.is_zero() { amount } else { (amount * held / (held + outside)).round_dp(2) };
        cycle.income.push((date, IncomeKind::Dividend, own));
        if own != amount {
            self.other.push((date, IncomeKind::Dividend, amount - own));
        }
    }

    fn charge(&mut self, date: NaiveDate, cash: Decimal) {
        match &mut self.cycle {
            Some(cycle) => cycle.charge(date, cash),
            None if cash.is_zero() => {}
            None => self.other.push((date, IncomeKind::Fee, cash)),
        }
    }

    fn split(&mut self, ratio: Decimal) {
        split_shares(&mut self.outside, ratio);
        if let Some(cycle) = &mut self.cycle {
            cycle.split(ratio);
        }
        for lot in &mut self.longs {
            if let Some(option) = &mut lot.option
                && ratio >= Decimal::ONE
            {
                option.strike = (option.strike / ratio).round_dp(2);
                lot.size *= if ratio.fract().is_zero() { ratio } else { Decimal::ONE };
            }
        }
    }
}

fn is_of(lot: &LongLot, option: &WheelOption) -> bool {
    lot.option.as_ref().is_some_and(|held| same(held, option))
}

/// Contracts that nobody knows the premium of.
fn unknown(option: &WheelOption, date: NaiveDate, contracts: Decimal) -> ShortLot {
    let multiplier = Decimal::from(option.multiplier);
    ShortLot {
        option: option.clone(),
        opened: date,
        contracts,
        credit: Decimal::ZERO,
        rolled_in: Decimal::ZERO,
        is_roll: false,
        shares_each: multiplier,
        exercise_each: multiplier * option.strike,
    }
}

/// The fee in what an assignment's row says of cash: some brokers' rows say the shares' price, too.
fn fee_in(amount: Option<Decimal>, gross: Decimal) -> Decimal {
    let amount = amount.unwrap_or_default();
    let beyond = amount - gross;
    if beyond.abs() < amount.abs() { beyond } else { amount }
}
