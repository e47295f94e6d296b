//! Option chains: `chains/SYMBOL_YYYYMMDD.csv`, one or several snapshots a file. Prices only: implied volatilities and
//! Greeks that a file may hold are not read.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use ttai_calendar::{expiration_close, last_trade_date};
use ttai_core::option::OccSymbol;
use ttai_core::{OptionContract, OptionQuote, OptionRight, Symbol};
use ttai_ports::PortError;

use super::table::{self, Row};
use crate::contract_terms::Terms;

/// The underlying's prices beside a snapshot.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Underlying {
    pub(super) bid: Option<Decimal>,
    pub(super) ask: Option<Decimal>,
    pub(super) last: Option<Decimal>,
}

/// All quotes of one moment, by expiration, strike and right.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Snapshot {
    pub(super) underlying: Underlying,
    pub(super) quotes: Vec<OptionQuote>,
}

/// A file's snapshots by their time.
pub(super) type Snapshots = BTreeMap<DateTime<Utc>, Arc<Snapshot>>;

type ContractKey = (NaiveDate, Decimal, OptionRight, Symbol);

#[derive(Default)]
struct Building {
    underlying: Option<(DateTime<Utc>, Underlying)>,
    quotes: BTreeMap<ContractKey, OptionQuote>,
}

/// Reads a file's snapshots by their time. Of two rows for a contract the later quote counts.
///
/// # Errors
/// [`PortError::Corrupt`] for a row that cannot be read or contradicts its own symbol, or two different quotes of a
/// contract with the same time.
pub(super) fn read(source: impl Read, file: &str, symbol: &Symbol) -> Result<Snapshots, PortError> {
    let mut snapshots: BTreeMap<DateTime<Utc>, Building> = BTreeMap::new();
    table::read(source, file, &["occ_symbol", "bid", "ask", "snapshot_time"], |row| {
        let time = row.required_instant("snapshot_time")?;
        let quote = quote(row, symbol, time)?;
        if quote.quote_time > time {
            return Err(row.corrupt("the quote's time is after its snapshot's"));
        }
        snapshots.entry(time).or_default().add(row, quote)
    })?;
    let finish = |building: Building| Snapshot {
        underlying: building.underlying.map(|(_, underlying)| underlying).unwrap_or_default(),
        quotes: building.quotes.into_values().collect(),
    };
    Ok(snapshots.into_iter().map(|(time, building)| (time, Arc::new(finish(building)))).collect())
}

impl Building {
    fn add(&mut self, row: &Row<'_>, quote: OptionQuote) -> Result<(), PortError> {
        let newest = self.underlying.as_ref().is_none_or(|(time, _)| quote.quote_time > *time);
        if newest {
            self.underlying = Some((quote.quote_time, underlying(row)?));
        }
        let contract = &quote.contract;
        let key = (contract.expiration, contract.strike, contract.right, contract.root.clone());
        match self.quotes.get(&key) {
            Some(kept) if kept.quote_time > quote.quote_time || *kept == quote => {}
            Some(kept) if kept.quote_time == quote.quote_time => {
                let occ = contract.occ_symbol();
                return Err(row.corrupt(&format!(
                    "a second, different quote of '{occ}' for the same time; remove one"
                )));
            }
            _ => {
                self.quotes.insert(key, quote);
            }
        }
        Ok(())
    }
}

fn underlying(row: &Row<'_>) -> Result<Underlying, PortError> {
    let positive = |column| Ok::<_, PortError>(row.decimal(column)?.filter(|price| !price.is_zero()));
    let (bid, ask) = (positive("underlying_bid")?, positive("underlying_ask")?);
    let last = match positive("underlying_last")? {
        Some(last) => Some(last),
        // A file without the last trade may still have one price for the underlying.
        None if bid.is_none() && ask.is_none() => positive("underlying_price")?,
        None => None,
    };
    Ok(Underlying { bid, ask, last })
}

fn quote(row: &Row<'_>, symbol: &Symbol, snapshot: DateTime<Utc>) -> Result<OptionQuote, PortError> {
    let size = |column| {
        let count = row.count(column)?.unwrap_or(0);
        u32::try_from(count)
            .map_err(|_| row.corrupt(&format!("the column '{column}' holds {count}, which is too large")))
    };
    Ok(OptionQuote {
        contract: contract(row, symbol)?,
        bid: row.decimal("bid")?.unwrap_or_default(),
        ask: row.decimal("ask")?.unwrap_or_default(),
        bid_size: size("bid_size")?,
        ask_size: size("ask_size")?,
        last: row.decimal("last")?.filter(|price| !price.is_zero()),
        volume: row.count("volume")?.unwrap_or(0),
        open_interest: row.count("open_interest")?,
        quote_time: row.instant("quote_time")?.unwrap_or(snapshot),
    })
}

fn contract(row: &Row<'_>, symbol: &Symbol) -> Result<OptionContract, PortError> {
    let text = row.required("occ_symbol")?;
    let occ = OccSymbol::parse(text).map_err(|error| row.corrupt(&error.to_string()))?;
    check_against_symbol(row, &occ, symbol)?;
    let terms = Terms::of(&occ.root, symbol);
    let last_trade_date = match row.date("last_trade_date")? {
        Some(date) => date,
        None => {
            last_trade_date(occ.expiration, terms.time).map_err(|error| row.corrupt(&error.to_string()))?
        }
    };
    let expiration_close = match row.instant("expiry_close_utc")? {
        Some(close) => close,
        None => expiration_close(last_trade_date)
            .ok_or_else(|| row.corrupt(&format!("the last trade date {last_trade_date} has no session")))?,
    };
    let whole = |column, otherwise: u32| {
        let count = row.count(column)?.unwrap_or_else(|| u64::from(otherwise));
        u32::try_from(count).map_err(|_| row.corrupt(&format!("the column '{column}' is too large")))
    };
    Ok(OptionContract {
        underlying: symbol.clone(),
        right: occ.right,
        strike: occ.strike.normalize(),
        expiration: occ.expiration,
        last_trade_date,
        expiration_close,
        style: terms.style,
        settlement: terms.settlement,
        settlement_time: terms.time,
        multiplier: whole("multiplier", terms.multiplier)?,
        deliverable_shares: whole("deliverable_shares", terms.deliverable_shares)?,
        root: occ.root,
    })
}

/// The columns that repeat what the OCC symbol says must say the same.
fn check_against_symbol(row: &Row<'_>, occ: &OccSymbol, symbol: &Symbol) -> Result<(), PortError> {
    let expiration = row.date("expiry")?.unwrap_or(occ.expiration);
    let strike = row.decimal("strike")?.unwrap_or(occ.strike);
    let right =
        row.text("right")?.and_then(|text| text.chars().next()).map(|letter| letter.to_ascii_uppercase());
    let right = right.unwrap_or(occ.right.letter());
    let underlying = row.text("underlying")?.unwrap_or(symbol.as_str());
    if expiration != occ.expiration || strike != occ.strike || right != occ.right.letter() {
        return Err(row.corrupt(&format!("'{occ}' contradicts the columns expiry, strike and right")));
    }
    if Symbol::new(underlying).ok().is_none_or(|found| found.file_stem() != symbol.file_stem()) {
        return Err(row.corrupt(&format!("the underlying '{underlying}' is not {symbol}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ttai_core::{ExerciseStyle, Settlement, SettlementTime};

    const HEADER: &str =
        "occ_symbol,bid,ask,open_interest,quote_time,snapshot_time,underlying_bid,underlying_ask,iv\n";

    fn chain(symbol: &str, rows: &str) -> Result<Snapshots, PortError> {
        read(format!("{HEADER}{rows}").as_bytes(), "chains/x.csv", &Symbol::new(symbol).unwrap())
    }

    fn only_contract(symbol: &str, occ: &str) -> OptionContract {
        let rows = format!("{occ},1,2,,,2024-01-16T15:00:00,,,\n");
        let snapshots = chain(symbol, &rows).unwrap();
        snapshots.into_values().next().unwrap().quotes[0].contract.clone()
    }

    #[test]
    fn snapshots_are_kept_apart_and_stale_quotes_kept() {
        let snapshots = chain(
            "F",
            "F     240119P00012000,1,2,,2024-01-16T14:00:00,2024-01-16T15:00:00,12,12.1,junk\n\
             F     240119P00011000,0,0.5,250.0,2024-01-16T15:00:00,2024-01-16T15:00:00,12.2,12.3,junk\n\
             F     240119P00012000,1,2,,2024-01-16T12:00:00,2024-01-16T12:00:00,12,12.1,junk\n",
        )
        .unwrap();
        assert_eq!(snapshots.len(), 2);
        let (time, newest) = snapshots.last_key_value().unwrap();
        assert_eq!(time.to_rfc3339(), "2024-01-16T20:00:00+00:00");
        assert_eq!(newest.quotes[0].contract.strike, Decimal::from(11));
        assert_eq!(newest.quotes[0].open_interest, Some(250));
        assert!(newest.quotes[1].open_interest.is_none() && newest.quotes[1].quote_time < *time);
        // The underlying's prices come from the newest row.
        assert_eq!(newest.underlying.bid.unwrap().to_string(), "12.2");
    }

    #[test]
    fn terms_follow_the_root() {
        let stock = only_contract("AAPL", "AAPL  140621P00630000");
        assert!(stock.is_standard() && stock.style == ExerciseStyle::American);
        assert_eq!(stock.last_trade_date.to_string(), "2014-06-20");
        assert_eq!(stock.expiration_close.to_rfc3339(), "2014-06-20T20:00:00+00:00");
        let index = only_contract("SPX", "SPX   240119C04800000");
        assert_eq!((index.style, index.settlement_time), (ExerciseStyle::European, SettlementTime::Am));
        assert_eq!(index.last_trade_date.to_string(), "2024-01-18");
        let weekly = only_contract("SPX", "SPXW  240119C04800000");
        assert_eq!(
            (weekly.settlement, weekly.last_trade_date.to_string().as_str()),
            (Settlement::Cash, "2024-01-19")
        );
        assert_eq!(only_contract("AAPL", "AAPL7 140621P00630000").deliverable_shares, 10);
        assert!(!only_contract("AIG", "AIG1  140621P00050000").is_standard());
    }

    #[test]
    fn unreadable_and_contradicting_rows_are_named() {
        let good = "F     240119P00012000,1,2,,,2024-01-16T15:00:00,,,\n";
        for (row, part) in [
            ("nonsense,1,2,,,2024-01-16T15:00:00,,,\n", "line 3: 'nonsense' is not an OCC option symbol"),
            ("F     240119P00012000,-1,2,,,2024-01-16T15:00:00,,,\n", "line 3: the column 'bid' holds '-1'"),
            ("F     240119P00012000,1,3,,,2024-01-16T15:00:00,,,\n", "line 3: a second, different quote"),
            ("F     240119P00012000,1,2,1.5,,2024-01-16T15:00:00,,,\n", "'open_interest' holds '1.5'"),
            (
                "F     240119P00012000,1,2,,2024-01-16T16:00:00,2024-01-16T15:00:00,,,\n",
                "after its snapshot's",
            ),
        ] {
            let message = chain("F", &format!("{good}{row}")).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(chain("F", &format!("{good}{good}")).unwrap().len(), 1);
    }

    proptest! {
        #[test]
        fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), rows in "[F0-9,.:TCP\\-\n ]{0,200}") {
            let _ = read(bytes.as_slice(), "x", &Symbol::new("F").unwrap());
            let _ = chain("F", &rows);
        }

        #[test]
        fn odd_values_never_panic(bid in "\\PC{0,12}", oi in "\\PC{0,12}", time in "\\PC{0,24}") {
            let clean = |text: &str| text.replace(['"', ','], "");
            let (bid, oi, time) = (clean(&bid), clean(&oi), clean(&time));
            let _ = chain("F", &format!("F     240119P00012000,{bid},2,{oi},{time},2024-01-16T15:00:00,,,\n"));
        }
    }
}
