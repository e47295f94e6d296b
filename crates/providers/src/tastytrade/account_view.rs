//! The service's accounts, balances, positions and transactions as the port's.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use ttai_ports::{AccountBalances, BrokerAccount, BrokerPosition, BrokerTransaction, Instrument, PortError};

use super::error::{corrupt, printable};
use super::model::{AccountBalance, TastytradeAccount, TastytradePosition, Transaction};
use super::symbols;

pub(super) fn account(account: TastytradeAccount, sandbox: bool) -> BrokerAccount {
    BrokerAccount {
        name: account.nickname.as_deref().map(printable).unwrap_or_default(),
        margin: account.margin_or_cash.as_deref() == Some("Margin"),
        paper: sandbox,
        id: account.account_number,
    }
}

pub(super) fn balances(balance: &AccountBalance, now: DateTime<Utc>) -> AccountBalances {
    AccountBalances {
        cash: balance.cash_balance_effect.signed(balance.cash_balance),
        net_liquidation: balance.net_liquidating_value,
        option_buying_power: balance.derivative_buying_power,
        stock_buying_power: balance.equity_buying_power,
        maintenance_requirement: balance.maintenance_requirement,
        as_of: balance.updated_at.unwrap_or(now),
    }
}

/// A position; none for what is closed and for what the project does not trade.
pub(super) fn position(position: &TastytradePosition) -> Option<BrokerPosition> {
    let instrument = symbols::instrument(&position.instrument_type, &position.symbol)?;
    let sign = match position.quantity_direction.as_str() {
        "Long" => Decimal::ONE,
        "Short" => Decimal::NEGATIVE_ONE,
        _ => return None,
    };
    let usual = match instrument {
        Instrument::Equity(_) => 1,
        Instrument::Option(_) => 100,
    };
    let quantity = (sign * position.quantity.abs()).normalize();
    (!quantity.is_zero()).then(|| BrokerPosition {
        instrument,
        quantity,
        average_open_price: position.average_open_price.unwrap_or_default(),
        mark: position.mark_price,
        multiplier: position.multiplier.and_then(|multiplier| multiplier.to_u32()).unwrap_or(usual),
        updated_at: position.updated_at,
    })
}

/// A transaction.
///
/// # Errors
/// [`PortError::Corrupt`] for one without a time.
pub(super) fn transaction(row: &Transaction) -> Result<BrokerTransaction, PortError> {
    let executed_at =
        row.executed_at.ok_or_else(|| corrupt(format!("the transaction {} has no time", row.id)))?;
    let instrument = row.instrument_type.as_deref().zip(row.symbol.as_deref());
    let leaves = row.action.as_deref().is_some_and(|action| action.starts_with("Sell"));
    Ok(BrokerTransaction {
        id: row.id.clone(),
        kind: row.transaction_type.clone(),
        detail: row.transaction_sub_type.clone().unwrap_or_default(),
        instrument: instrument.and_then(|(kind, symbol)| symbols::instrument(kind, symbol)),
        quantity: row.quantity.map(|quantity| if leaves { -quantity.abs() } else { quantity }.normalize()),
        price: row.price,
        net_amount: row.net_value_effect.signed(row.net_value),
        executed_at,
        order_id: row.order_id.clone(),
        settles_on: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(text: &str) -> Option<BrokerPosition> {
        position(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn multipliers_come_as_1_and_as_text() {
        let shares = r#"{"symbol": "BRK/B", "instrument-type": "Equity", "quantity": "10", "quantity-direction": "Long", "multiplier": "1.0"}"#;
        let shares = held(shares).unwrap();
        assert_eq!((shares.multiplier, shares.quantity), (1, Decimal::TEN));
        let short = r#"{"symbol": "AAL   270115C00017000", "instrument-type": "Equity Option", "quantity": 2, "quantity-direction": "Short",
            "multiplier": 100, "average-open-price": "3.50", "mark-price": 3.25}"#;
        let short = held(short).unwrap();
        assert_eq!(
            (short.multiplier, short.quantity, short.mark.unwrap()),
            (100, Decimal::from(-2), Decimal::new(325, 2))
        );
    }

    #[test]
    fn closed_and_foreign_positions_are_left_out() {
        let closed =
            r#"{"symbol": "AAPL", "instrument-type": "Equity", "quantity": 0, "quantity-direction": "Zero"}"#;
        assert!(held(closed).is_none());
        let future = r#"{"symbol": "/ESM6", "instrument-type": "Future", "quantity": 1, "quantity-direction": "Long"}"#;
        assert!(held(future).is_none());
    }

    #[test]
    fn a_debit_leaves_the_account() {
        let text = r#"{"id": 1735820, "action": "Sell to Close", "executed-at": "2026-06-05T13:30:00.707Z", "instrument-type": "Equity Option",
            "net-value": "76.12", "net-value-effect": "Debit", "order-id": 1033431, "price": "0.75", "quantity": "1.0",
            "symbol": "SMCI  260605C00045000", "transaction-sub-type": "Sell to Close", "transaction-type": "Trade"}"#;
        let row = transaction(&serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!(
            (row.net_amount.to_string().as_str(), row.quantity.unwrap()),
            ("-76.12", Decimal::NEGATIVE_ONE)
        );
        assert_eq!(row.order_id.as_deref(), Some("1033431"));
    }
}
