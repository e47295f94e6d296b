//! A found account as the wire has it.

use rust_decimal::Decimal;
use ttai_contract::{
    ExpiringPosition, MarketSource, PortfolioPosition, PortfolioShare, PortfolioState, PortfolioSum,
    StrategyMargin,
};
use ttai_core::{ExerciseStyle, Settlement};
use ttai_quant::portfolio::{
    AccountBook, BookMeasures, BookSum, ExpiryAction, HeldPosition, HoldingMeasures, expiry_list,
};
use ttai_quant::risk::Share;

use super::book::FoundAccount;

/// The account with its measures.
pub(super) fn state(found: &FoundAccount, measures: &BookMeasures, source: MarketSource) -> PortfolioState {
    let balances = found.balances.as_ref();
    let expired = found.by_hand.iter().flat_map(|seen| &seen.expired).map(|over| &over.sentence);
    let broker_margin = measures.margin.broker_maintenance;
    let holdings = found.book.holdings.as_deref().unwrap_or_default();
    PortfolioState {
        account_id: found.account.clone(),
        broker: found.broker.clone(),
        as_of: measures.as_of,
        data_source: source,
        positions_known: measures.positions_known,
        net_liquidation: measures.net_liquidation,
        cash: balances.map(|balances| balances.cash),
        option_buying_power: balances.map(|balances| balances.option_buying_power),
        stock_buying_power: balances.map(|balances| balances.stock_buying_power),
        market_value: sum(&measures.market_value),
        open_pnl: sum(&measures.open_pnl),
        day_pnl: sum(&measures.day_pnl),
        day_pnl_percent: measures.day_pnl_pct,
        margin_utilization: measures.margin.utilization_pct,
        maintenance_margin: broker_margin.map_or_else(
            || sum(&measures.margin.maintenance),
            |amount| PortfolioSum { amount, missing: Vec::new() },
        ),
        margin_from_broker: broker_margin.is_some(),
        dollar_delta: measures.greeks.dollar_delta,
        // A sum that leaves an underlying out would be another portfolio's.
        beta_weighted_delta: measures
            .greeks
            .beta_weighted_delta
            .filter(|_| measures.greeks.missing_beta.is_empty()),
        theta: measures.greeks.theta,
        vega: measures.greeks.vega,
        greeks_missing: greeks_missing(measures),
        strategies: strategies(measures),
        concentration: concentration(measures),
        expiring: expiring(&found.book),
        positions: measures
            .positions
            .iter()
            .zip(holdings)
            .map(|(row, held)| position(&found.book, row, held))
            .collect(),
        kept_by_hand: found.by_hand.as_ref().map(|seen| seen.changed_at),
        warnings: found.problems.iter().chain(expired).cloned().collect(),
    }
}

fn sum(sum: &BookSum) -> PortfolioSum {
    PortfolioSum { amount: sum.amount, missing: sum.missing.clone() }
}

fn greeks_missing(measures: &BookMeasures) -> Vec<String> {
    let greeks = &measures.greeks;
    let without =
        (!greeks.missing_beta.is_empty()).then(|| format!("the beta of {}", greeks.missing_beta.join(", ")));
    greeks.missing.iter().cloned().chain(without).collect()
}

fn strategies(measures: &BookMeasures) -> Vec<StrategyMargin> {
    let of = measures.underlyings.iter().filter_map(|of| Some((&of.symbol, of.risk.as_ref()?)));
    let groups = of.flat_map(|(symbol, risk)| risk.margin.groups.iter().map(move |group| (symbol, group)));
    let row = |(symbol, group): (&ttai_core::Symbol, &ttai_quant::margin::MarginGroup)| StrategyMargin {
        underlying: symbol.clone(),
        strategy: group.strategy.to_string(),
        initial: group.initial,
        maintenance: group.maintenance,
    };
    groups.map(row).collect()
}

fn concentration(measures: &BookMeasures) -> Vec<PortfolioShare> {
    let Some(found) = &measures.concentration else { return Vec::new() };
    let row = |share: &Share, sector| PortfolioShare {
        name: share.name.clone(),
        sector,
        amount: share.amount,
        pct: share.pct,
    };
    let symbols = found.symbols.iter().map(|share| row(share, false));
    symbols.chain(found.sectors.iter().map(|share| row(share, true))).collect()
}

fn expiring(book: &AccountBook) -> Vec<ExpiringPosition> {
    let action = |action: ExpiryAction| match action {
        ExpiryAction::InTheMoney => "in_the_money",
        ExpiryAction::Pinned => "pinned",
        ExpiryAction::Worthless => "worthless",
        ExpiryAction::Unknown => "unknown",
    };
    let rows = expiry_list(book).rows.into_iter();
    rows.map(|row| ExpiringPosition {
        name: row.name,
        quantity: row.quantity,
        action: action(row.action).to_owned(),
        shares: row.shares,
        cash: row.cash,
    })
    .collect()
}

fn position(book: &AccountBook, row: &HoldingMeasures, held: &HeldPosition) -> PortfolioPosition {
    let contract = held.contract();
    let market = held.underlying().and_then(|symbol| book.underlyings.get(symbol));
    let today = book.today();
    let next = market.and_then(|market| {
        market
            .dividends
            .iter()
            .filter(|dividend| dividend.ex_date > today)
            .min_by_key(|dividend| dividend.ex_date)
    });
    PortfolioPosition {
        symbol: row.symbol.clone(),
        name: row.name.clone(),
        underlying: row.underlying.clone(),
        kind: row.kind.clone(),
        quantity: row.quantity,
        average_open_price: row.entry,
        mark: row.mark,
        market_value: row.market_value,
        open_pnl: row.open_pnl,
        day_pnl: row.day_pnl,
        delta: row.delta,
        right: contract.map(|contract| contract.right),
        strike: contract.map(|contract| contract.strike),
        expiration: contract.map(|contract| contract.expiration),
        dte: row.dte,
        years: contract.map(|contract| contract.years_to_expiration(book.as_of)),
        underlying_price: market.and_then(|market| market.spot),
        rate: Some(book.rate),
        moneyness_pct: row.moneyness_pct,
        assignable: contract.map(|contract| {
            contract.style == ExerciseStyle::American && contract.settlement == Settlement::Physical
        }),
        assignment_level: row.assignment.as_ref().map(|risk| risk.level.name().to_owned()),
        assignment_flags: row
            .assignment
            .iter()
            .flat_map(|risk| &risk.flags)
            .map(|flag| flag.name().to_owned())
            .collect(),
        days_to_ex: next.map(|dividend| (dividend.ex_date - today).num_days()),
        dividend: next.and_then(|dividend| Decimal::try_from(dividend.amount).ok()),
        days_to_earnings: row.days_to_earnings,
    }
}
