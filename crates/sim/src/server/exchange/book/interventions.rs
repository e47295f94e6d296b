//! What befalls orders and positions without their owner: faults on demand, and what brokers do by themselves.

use rust_decimal::Decimal;
use ttai_ports::{Instrument, OrderAction};

use super::super::account::Position;
use super::super::identity;
use super::super::matching::{self, Execution};
use super::super::order::{Duration, EventKind, ExchangeLeg, Order, OrderRequest, OrderState, Pricing, Side};
use super::super::rejection::Rejection;
use super::super::settlement;
use super::super::view::{MarketSnapshot, Touch};
use super::{Book, new_order};
use crate::server::faults::FaultAction;

impl Book {
    /// Takes an order that a fault befalls; the answer is that of one which none does.
    ///
    /// # Errors
    /// As [`Book::submit`].
    pub fn submit_under(
        &mut self,
        request: &OrderRequest,
        view: &MarketSnapshot,
        fault: &FaultAction,
    ) -> Result<Order, Rejection> {
        if let FaultAction::FillParts { units } = fault {
            self.plans.insert(self.next_sequence(), units.clone());
            return self.submit(request, view).inspect_err(|_| {
                self.plans.remove(&self.next_sequence());
            });
        }
        let order = self.assess(request, view)?;
        let sequence = order.sequence;
        self.orders.insert(sequence, order.clone());
        self.announce(sequence, EventKind::New, Vec::new(), view.now);
        if let FaultAction::RejectOrder { reason } = fault {
            let reason = Some(reason.clone());
            self.finish(sequence, OrderState::Rejected, EventKind::Rejected, reason, view.now);
        }
        Ok(order)
    }

    /// Fills units of an order at its limit, all where none is said, and takes back the rest; the answer is that it was taken
    /// back.
    ///
    /// # Errors
    /// As [`Book::cancel`].
    pub fn cancel_after_fill(
        &mut self,
        account: &str,
        id: &str,
        units: Option<Decimal>,
        view: &MarketSnapshot,
    ) -> Result<Order, Rejection> {
        let sequence = self.open_sequence(account, id)?;
        let order = self.order_at(sequence)?;
        let units = units.map_or(order.remaining(), |units| units.min(order.remaining()));
        if let Some(prices) = matching::prices_at_limit(&order, view).filter(|_| units > Decimal::ZERO) {
            self.fill(sequence, &Execution { units, prices }, view);
        }
        if self.order_at(sequence)?.status.is_open() {
            self.finish(sequence, OrderState::Canceled, EventKind::Canceled, None, view.now);
        }
        Ok(order)
    }

    /// Closes, or has assigned, what an account holds, as far as a fault says; whether anything was there.
    pub fn intervene(&mut self, account: &str, fault: &FaultAction, view: &MarketSnapshot) -> bool {
        let held: Vec<Position> = self
            .account(account)
            .map(|account| account.holdings.iter().cloned().collect())
            .unwrap_or_default();
        match fault {
            FaultAction::ClosePosition { symbol } => {
                let fits = |position: &&Position| symbol.as_ref().is_none_or(|it| *it == position.instrument);
                let closed = held.iter().filter(fits);
                closed.filter(|position| self.close_by_broker(account, position, view)).count() > 0
            }
            FaultAction::Assign { symbol } => {
                let position = held.iter().find(|position| position.instrument == *symbol);
                position.is_some_and(|position| self.assign(account, position, view))
            }
            _ => false,
        }
    }

    /// At the mark, whatever that does to the rest; orders in it are taken back first.
    fn close_by_broker(&mut self, account: &str, position: &Position, view: &MarketSnapshot) -> bool {
        let Some(mark) = view.touch(&position.instrument).and_then(Touch::mark) else {
            return false;
        };
        let is_in = |order: &&Order| order.legs.iter().any(|leg| leg.instrument == position.instrument);
        let open: Vec<u64> = self.open_of(account).filter(is_in).map(|order| order.sequence).collect();
        for sequence in open {
            self.finish(sequence, OrderState::Canceled, EventKind::Canceled, None, view.now);
        }
        let short = position.quantity.is_sign_negative();
        let action = if short { OrderAction::BuyToClose } else { OrderAction::SellToClose };
        let sequence = self.next_sequence();
        let request = OrderRequest {
            account: account.to_owned(),
            client_order_id: identity::uuid("broker order", &sequence.to_string()),
            legs: Vec::new(),
            quantity: position.quantity.abs(),
            pricing: Pricing::Market,
            duration: Duration::Day,
            extended_hours: false,
        };
        let instrument = position.instrument.clone();
        let leg = ExchangeLeg { instrument, action, ratio: Decimal::ONE, average_price: None };
        let order = Order { by_broker: true, ..new_order(sequence, &request, vec![leg], view) };
        self.orders.insert(sequence, order);
        self.announce(sequence, EventKind::New, Vec::new(), view.now);
        let price = (mark + Side::of(action).sign() * Decimal::new(1, 2)).max(Decimal::new(1, 2)).round_dp(2);
        self.fill(sequence, &Execution { units: request.quantity, prices: vec![price] }, view);
        true
    }

    fn assign(&mut self, account: &str, position: &Position, view: &MarketSnapshot) -> bool {
        let Instrument::Option(contract) = &position.instrument else { return false };
        let count = self.activities.len();
        let Some(account) = self.accounts.get_mut(account).filter(|_| position.quantity < Decimal::ZERO)
        else {
            return false;
        };
        let assigned = settlement::assign(account, position, contract, view.now, count);
        self.activities.extend(assigned);
        true
    }
}
