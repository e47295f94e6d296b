//! The trade log: what a trade was from its entry to its exit, as a row and as CSV. Keeps nothing.

use chrono::{DateTime, SecondsFormat, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use ttai_core::{Instrument, OrderAction, PositionEnd};

use crate::intent::ClientOrderId;

/// A leg of a trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradedLeg {
    /// What.
    pub instrument: Instrument,
    /// How it was opened.
    pub action: OrderAction,
    /// Shares or contracts that were filled.
    pub quantity: Decimal,
}

/// A trade; money is dollars of the whole trade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedTrade {
    /// Its name, unique among the user's.
    pub id: String,
    /// The broker's account.
    pub account: String,
    /// The strategy that opened it.
    pub strategy: String,
    /// When its entry was filled.
    pub opened: DateTime<Utc>,
    /// When it ended; none while it is open.
    pub closed: Option<DateTime<Utc>>,
    /// What was opened; strikes, expirations and quantities are its.
    pub legs: Vec<TradedLeg>,
    /// Received at the entry, negative paid.
    pub entry_credit: Decimal,
    /// Paid at the exit, negative received.
    pub exit_debit: Option<Decimal>,
    /// Commissions and fees of both, where the broker said them.
    pub fees: Option<Decimal>,
    /// What it came to, fees taken off; of an assigned trade without its shares.
    pub profit: Option<Decimal>,
    /// How it ended.
    pub action: Option<PositionEnd>,
    /// The orders that it came from, entry first.
    pub client_order_ids: Vec<ClientOrderId>,
}

/// The columns of [`trades_csv`].
pub const TRADE_COLUMNS: [&str; 15] = [
    "trade_id",
    "opened",
    "closed",
    "account",
    "strategy",
    "symbols",
    "strikes",
    "expiration",
    "quantities",
    "entry_credit",
    "exit_debit",
    "fees",
    "pnl",
    "action",
    "client_order_ids",
];

/// Trades as CSV (RFC 4180) under [`TRADE_COLUMNS`], rows in their order: times in UTC, decimals plain, several values of a cell with `;`
/// between. A text that a spreadsheet would take for a formula has an apostrophe before it.
#[must_use]
pub fn trades_csv(trades: &[LoggedTrade]) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // A Vec refuses nothing, and every row has its fifteen cells.
    let _ = writer.write_record(TRADE_COLUMNS);
    for trade in trades {
        let _ = writer.write_record(cells(trade));
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

fn cells(trade: &LoggedTrade) -> [String; TRADE_COLUMNS.len()] {
    let contracts = || trade.legs.iter().filter_map(|leg| leg.instrument.contract());
    let sold = |leg: &TradedLeg| {
        format!("{} {}", if leg.action.is_buy() { "bought" } else { "sold" }, plain(leg.quantity))
    };
    let amount = |money: Option<Decimal>| money.map(plain).unwrap_or_default();
    [
        guarded(&trade.id),
        time(trade.opened),
        trade.closed.map(time).unwrap_or_default(),
        guarded(&trade.account),
        guarded(&trade.strategy),
        distinct(trade.legs.iter().map(|leg| leg.instrument.underlying().to_string())),
        joined(contracts().map(|contract| plain(contract.strike))),
        distinct(contracts().map(|contract| contract.expiration.to_string())),
        joined(trade.legs.iter().map(sold)),
        plain(trade.entry_credit),
        amount(trade.exit_debit),
        amount(trade.fees),
        amount(trade.profit),
        trade.action.map(PositionEnd::as_str).unwrap_or_default().to_owned(),
        joined(trade.client_order_ids.iter().map(ToString::to_string)),
    ]
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Without an exponent and without zeros at its end; money has its cents.
fn plain(number: Decimal) -> String {
    number.normalize().to_string()
}

fn joined(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join(";")
}

/// Each once, in their order.
fn distinct(values: impl Iterator<Item = String>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for value in values {
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    joined(seen.into_iter())
}

fn guarded(text: &str) -> String {
    let is_formula = text.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, cents, csp, instrument};

    fn leg(text: &str, action: OrderAction, quantity: u32) -> TradedLeg {
        TradedLeg { instrument: instrument(text), action, quantity: quantity.into() }
    }

    fn trade() -> LoggedTrade {
        LoggedTrade {
            id: "csp-1".to_owned(),
            account: "A1".to_owned(),
            strategy: "csp_entry".to_owned(),
            opened: at("2014-06-06T10:00"),
            closed: Some(at("2014-06-13T15:30")),
            legs: vec![leg("AAPL  140621P00630000", OrderAction::SellToOpen, 1)],
            entry_credit: cents(50_500),
            exit_debit: Some(cents(25_210)),
            fees: Some(cents(226)),
            profit: Some(cents(25_064)),
            action: Some(PositionEnd::ClosedEarly),
            client_order_ids: vec![csp().client_order_id()],
        }
    }

    #[test]
    fn a_trade_is_a_row_under_a_fixed_header() {
        let header = "trade_id,opened,closed,account,strategy,symbols,strikes,expiration,quantities,entry_credit,\
             exit_debit,fees,pnl,action,client_order_ids\r\n";
        assert_eq!(trades_csv(&[]), header);
        let row = "csp-1,2014-06-06T14:00:00Z,2014-06-13T19:30:00Z,A1,csp_entry,AAPL,630,2014-06-21,sold 1,505,252.1,\
             2.26,250.64,closed_early,ttai-9fe4d495123c52f6f28fe348166bd01c\r\n";
        assert_eq!(trades_csv(&[trade()]), format!("{header}{row}"));
        let legs = vec![
            leg("SPXW  140620C01950000", OrderAction::BuyToOpen, 1),
            leg("SPY   140620C00195500", OrderAction::SellToOpen, 10),
        ];
        let open = LoggedTrade {
            legs,
            closed: None,
            entry_credit: Decimal::new(-1, 7),
            exit_debit: None,
            fees: None,
            profit: None,
            action: None,
            ..trade()
        };
        let csv = trades_csv(&[open]);
        let cells: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
        assert_eq!(cells[5..9], ["SPX;SPY", "1950;195.5", "2014-06-20", "bought 1;sold 10"]);
        assert_eq!(cells[9..14], ["-0.0000001", "", "", "", ""]);
    }

    #[test]
    fn hostile_texts_are_quoted_and_no_formula() {
        for (text, cell) in [
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("+1", "'+1"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            (" =1", "' =1"),
            ("\t=1", "'\t=1"),
            ("a,b", "\"a,b\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("plain", "plain"),
        ] {
            let csv = trades_csv(&[LoggedTrade { strategy: text.to_owned(), ..trade() }]);
            let start = format!("A1,{cell},AAPL");
            assert!(csv.contains(&start), "{csv} has {start:?}");
            let mut reader = csv::Reader::from_reader(csv.as_bytes());
            let row = reader.records().next().unwrap().unwrap();
            assert_eq!(row[4].trim_start_matches('\''), text);
        }
    }
}
