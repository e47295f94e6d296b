//! The chains that were priced last, so that analyses of one snapshot price a contract once between them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ttai_core::{CashDividend, OptionChain};
use ttai_quant::chain::ChainPricer;

/// Contracts of all kept chains together: some 5 MB.
const MOST_CONTRACTS: usize = 10_000;

type Pricer = ChainPricer<Arc<OptionChain>>;

/// A chain under one rate and schedule of dividends, and what is known of its contracts by now.
#[derive(Debug)]
pub(super) struct SharedPricer {
    /// Nothing is priced in this one: it can be looked at while another thread prices.
    key: Pricer,
    pricer: Mutex<Pricer>,
}

impl SharedPricer {
    /// The pricer, once no other thread prices with it.
    pub(super) fn lock(&self) -> MutexGuard<'_, Pricer> {
        lock(&self.pricer)
    }

    fn contracts(&self) -> usize {
        self.key.chain().quotes.len()
    }
}

/// Pricers by what their answers depend on, the last used last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pricers(Arc<Mutex<VecDeque<Arc<SharedPricer>>>>);

impl Pricers {
    /// The pricer of a chain; a new one where none of the kept ones answers for it.
    pub(super) fn of(
        &self,
        chain: &Arc<OptionChain>,
        rate: f64,
        dividends: &[CashDividend],
    ) -> Arc<SharedPricer> {
        let mut cached = lock(&self.0);
        let known = cached.iter().position(|entry| entry.key.answers_for(chain, rate, dividends));
        let entry = known.and_then(|place| cached.remove(place)).unwrap_or_else(|| {
            let key = ChainPricer::new(Arc::clone(chain), rate, dividends).of_tight_markets();
            Arc::new(SharedPricer { pricer: Mutex::new(key.clone()), key })
        });
        cached.push_back(Arc::clone(&entry));
        while cached.len() > 1 && cached.iter().map(|entry| entry.contracts()).sum::<usize>() > MOST_CONTRACTS
        {
            cached.pop_front();
        }
        entry
    }
}

/// Every change leaves what is guarded whole, so a panic while it was held does no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use ttai_core::DividendStatus;

    use super::*;
    use crate::options::tests::invented;

    fn cached(pricers: &Pricers) -> usize {
        lock(&pricers.0).len()
    }

    #[test]
    fn a_chain_is_shared_only_where_everything_that_prices_depend_on_is_the_same() {
        let pricers = Pricers::default();
        let chain = Arc::new(invented(0.3).chain.unwrap());
        let first = pricers.of(&chain, 0.01, &[]);
        let mut again = OptionChain::clone(&chain);
        again.source = "another provider".to_owned();
        assert!(Arc::ptr_eq(&first, &pricers.of(&Arc::new(again), 0.01, &[])));

        let changes: [fn(&mut OptionChain); 3] = [
            |chain| chain.quotes[0].bid += rust_decimal::Decimal::ONE,
            |chain| chain.snapshot_time += chrono::TimeDelta::seconds(1),
            |chain| chain.underlying.bid = chain.underlying.ask,
        ];
        for change in changes {
            let mut other = OptionChain::clone(&chain);
            change(&mut other);
            assert!(!Arc::ptr_eq(&first, &pricers.of(&Arc::new(other), 0.01, &[])));
        }
        let ex_date = chain.snapshot_time.date_naive() + chrono::Days::new(9);
        let dividend = CashDividend { ex_date, amount: 0.5, status: DividendStatus::Declared };
        assert!(!Arc::ptr_eq(&first, &pricers.of(&chain, 0.02, &[])));
        assert!(!Arc::ptr_eq(&first, &pricers.of(&chain, 0.01, &[dividend])));
        assert_eq!(cached(&pricers), 6);
    }

    #[test]
    fn the_kept_chains_are_bounded() {
        let pricers = Pricers::default();
        let chain = invented(0.3).chain.unwrap();
        let first = pricers.of(&Arc::new(chain.clone()), 0.0, &[]);
        for rate in 1..400 {
            pricers.of(&Arc::new(chain.clone()), f64::from(rate) / 1e4, &[]);
        }
        assert!(cached(&pricers) * chain.quotes.len() <= MOST_CONTRACTS);
        assert!(!Arc::ptr_eq(&first, &pricers.of(&Arc::new(chain), 0.0, &[])));
    }
}
