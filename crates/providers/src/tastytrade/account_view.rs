//! The service's accounts, balances, positions and transactions as the port's.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use ttai_ports::{AccountBalances, BrokerAccount, BrokerPosition, BrokerTransaction, Instrument, PortError};

use super::error::{corrupt, printable};
use super::model::{AccountBalance, TastytradeAccount, TastytradePosition, Transaction};
use super::symbols;

pub(super) fn account(account: TastytradeAccount, paper: bool) -> BrokerAccount {
    BrokerAccount {
        name: account.nickname.as_deref().map(printable).unwrap_or_default(),
        margin: account.margin_or_cash.as_deref() == Some("Margin"),
        paper,
        id: account.account_number,
    }
}

pub(super) fn balances(balance: &AccountBalance, now: DateTime<Utc>) -> AccountBalances {
    AccountBalances {
        cash: balance.cash_balance_effect.signed(balance.cash_balance),
        net_liquidation: Some(balance.net_liquidating_value),
        option_buying_power: balance.derivative_buying_power,
        stock_buying_power: balance.equity_buying_power,
        maintenance_requirement: balance.maintenance_requirement,
        as_of: balance.updated_at.unwrap_or(now),
    }
}

/// A position, of whatever kind; none for what is closed.
pub(super) fn position(position: &TastytradePosition) -> Option<BrokerPosition> {
    let sign = match position.quantity_direction.as_str() {
        "Long" => Decimal::ONE,
        "Short" => Decimal::NEGATIVE_ONE,
        _ => return None,
    };
    let instrument = symbols::instrument(&position.instrument_type, &position.symbol);
    let usual = instrument.as_ref().map_or(Decimal::ONE, Instrument::multiplier);
    let quantity = (sign * position.quantity.abs()).normalize();
    (!quantity.is_zero()).then(|| BrokerPosition {
        symbol: printable(&position.symbol),
        kind: printable(&position.instrument_type),
        instrument,
        quantity,
        average_open_price: position.average_open_price.unwrap_or_default(),
        mark: position.mark_price,
        multiplier: position.multiplier.filter(|size| *size > Decimal::ZERO).unwrap_or(usual).normalize(),
        day_base: position.average_daily_market_close_price.or(position.close_price),
        updated_at: position.updated_at,
    })
}

/// The service's words for what happened as the port's.
fn transaction_kind(row: &Transaction) -> &'static str {
    let detail = row.transaction_sub_type.as_deref().unwrap_or_default();
    match (row.transaction_type.as_str(), detail) {
        ("Trade", _) => "trade",
        ("Receive Deliver", "Assignment") => "assignment",
        ("Receive Deliver", "Exercise") => "exercise",
        ("Receive Deliver", "Expiration" | "Maturity") => "expiration",
        ("Receive Deliver", detail) if detail.starts_with("Cash Settled") => "cash_settlement",
        ("Receive Deliver", detail) if detail.contains("Split") => "split",
        ("Receive Deliver", detail) if detail.starts_with("Buy to") || detail.starts_with("Sell to") => {
            "delivery"
        }
        ("Money Movement", detail) if detail.contains("Dividend") => "dividend",
        ("Money Movement", detail) if detail.contains("Interest") => "interest",
        ("Money Movement", detail) if detail.contains("Fee") => "fee",
        ("Money Movement", "Deposit" | "Withdrawal" | "Transfer") => "transfer",
        _ => "other",
    }
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
        kind: transaction_kind(row).to_owned(),
        asset: (row.symbol.clone(), row.instrument_type.clone()),
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
        assert_eq!((shares.multiplier, shares.quantity), (Decimal::ONE, Decimal::TEN));
        let short = r#"{"symbol": "AAL   270115C00017000", "instrument-type": "Equity Option", "quantity": 2, "quantity-direction": "Short",
            "multiplier": 100, "average-open-price": "3.50", "mark-price": 3.25}"#;
        let short = held(short).unwrap();
        assert_eq!(
            (short.multiplier, short.quantity, short.mark.unwrap()),
            (Decimal::ONE_HUNDRED, Decimal::from(-2), Decimal::new(325, 2))
        );
    }

    #[test]
    fn what_is_closed_is_left_out_and_what_is_foreign_is_listed() {
        let closed =
            r#"{"symbol": "AAPL", "instrument-type": "Equity", "quantity": 0, "quantity-direction": "Zero"}"#;
        assert!(held(closed).is_none());
        let micro = r#"{"symbol": "/10YM6", "instrument-type": "Future", "quantity": 1, "quantity-direction": "Short", "multiplier": "0.5"}"#;
        let micro = held(micro).unwrap();
        assert_eq!((micro.instrument, micro.kind.as_str()), (None, "Future"));
        assert_eq!((micro.multiplier, micro.quantity), (Decimal::new(5, 1), Decimal::NEGATIVE_ONE));
        for kind in ["Future Option", "Cryptocurrency", "Fixed Income Security"] {
            let text = format!(
                r#"{{"symbol": "X", "instrument-type": "{kind}", "quantity": "0.25", "quantity-direction": "Long"}}"#
            );
            assert_eq!(held(&text).unwrap().kind, kind);
        }
    }

    #[test]
    fn what_happened_has_the_ports_words() {
        for (kind, detail, expected) in [
            ("Trade", "Sell to Open", "trade"),
            ("Receive Deliver", "Assignment", "assignment"),
            ("Receive Deliver", "Buy to Open", "delivery"),
            ("Receive Deliver", "Cash Settled Assignment", "cash_settlement"),
            ("Receive Deliver", "Forward Split", "split"),
            ("Money Movement", "Dividend", "dividend"),
            ("Money Movement", "Credit Interest", "interest"),
            ("Money Movement", "Balance Adjustment", "other"),
        ] {
            let text = format!(
                r#"{{"id": 1, "transaction-type": "{kind}", "transaction-sub-type": "{detail}", "net-value": "0.0",
                    "net-value-effect": "None", "executed-at": "2026-06-05T13:30:00.707Z"}}"#
            );
            assert_eq!(
                transaction(&serde_json::from_str(&text).unwrap()).unwrap().kind,
                expected,
                "{detail}"
            );
        }
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
