//! The CSV of accounts that are kept by hand: read whole or not at all, written so that it can be read again.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use ttai_calendar::pm_expiration_close;
use ttai_core::Instrument;
use ttai_ports::{KeptAccount, KeptPosition};

use crate::cli::kept_account;

/// The columns, in the order in which they are written; the first line of a file may have them in any.
pub(super) const COLUMNS: [&str; 6] = ["account", "symbol", "quantity", "price", "opened", "note"];
/// Those that a file must have.
const NEEDED: [&str; 3] = ["symbol", "quantity", "price"];
/// Largest file, in bytes.
pub(super) const MOST_BYTES: u64 = 1024 * 1024;
const MOST_SHARES: Decimal = Decimal::from_parts(100_000_000, 0, 0, false, 0);
const MOST_CONTRACTS: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);
/// Dollars a share, and decimal places.
const MOST_DOLLARS: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);
const MOST_PLACES: u32 = 6;
/// Longest note, in characters.
const LONGEST_NOTE: usize = 200;

/// A line of a file.
pub(super) struct Row {
    /// Where it stands.
    pub(super) line: u64,
    pub(super) account: String,
    pub(super) position: KeptPosition,
}

/// The rows of a file; `account` has those that name none.
///
/// # Errors
/// What is wrong with the file, with its line and column.
pub(super) fn read(bytes: &[u8], account: &str) -> Result<Vec<Row>, String> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") || bytes.contains(&0) {
        return Err("it is no text in UTF-8; save it as \"CSV UTF-8\"".to_owned());
    }
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(bytes);
    let header = reader.headers().map_err(|error| unreadable(&error))?;
    let columns: Vec<String> = header.iter().map(str::to_lowercase).collect();
    check_header(&columns)?;
    let mut rows: Vec<Row> = Vec::new();
    let mut seen = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let row = row(&columns, &record, account).map_err(|why| format!("line {line}{why}"))?;
        let same = (row.0.clone(), row.1.instrument.clone());
        if let Some(first) = seen.insert(same, line) {
            return Err(format!(
                "line {line}: {} is in line {first} already; add the two up",
                row.1.instrument
            ));
        }
        rows.push(Row { line, account: row.0, position: row.1 });
    }
    if rows.is_empty() {
        return Err("it has no positions; `ttai portfolio remove --all` deletes an account".to_owned());
    }
    Ok(rows)
}

fn unreadable(error: &csv::Error) -> String {
    let line = error.position().map_or(1, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => {
            format!("line {line} is no text in UTF-8; save the file as \"CSV UTF-8\"")
        }
        _ => format!("line {line} cannot be read: {error}"),
    }
}

fn check_header(columns: &[String]) -> Result<(), String> {
    let shown = COLUMNS.join(",");
    for (place, column) in columns.iter().enumerate() {
        if !COLUMNS.contains(&column.as_str()) {
            let name: String = column.chars().take(40).collect();
            return Err(format!(
                "line 1: there is no column {name:?}; columns are {shown}, with commas between"
            ));
        }
        if columns.iter().take(place).any(|before| before == column) {
            return Err(format!("line 1 names the column {column} twice"));
        }
    }
    match NEEDED.iter().find(|needed| !columns.iter().any(|column| column == *needed)) {
        Some(missing) => Err(format!("line 1 lacks the column {missing}; columns are {shown}")),
        None => Ok(()),
    }
}

/// The account and the position of a line; why it is none, beginning with the column.
fn row(
    columns: &[String],
    record: &csv::StringRecord,
    account: &str,
) -> Result<(String, KeptPosition), String> {
    if record.len() != columns.len() {
        return Err(format!(
            ": it has {} columns and line 1 has {}; put a text with commas in quotes",
            record.len(),
            columns.len()
        ));
    }
    let text = |name: &str| {
        let place = columns.iter().position(|column| column == name);
        place.and_then(|place| record.get(place)).unwrap_or_default()
    };
    let at = |name: &'static str| move |why: String| format!(", {name}: {why}");
    let account = match text("account") {
        "" => account.to_owned(),
        name => kept_account(name).map_err(at("account"))?,
    };
    let instrument = instrument(text("symbol")).map_err(at("symbol"))?;
    let quantity = quantity(text("quantity"), &instrument).map_err(at("quantity"))?;
    let price = price(text("price")).map_err(at("price"))?;
    let opened = match text("opened") {
        "" => None,
        day => Some(opened(day).map_err(at("opened"))?),
    };
    let note = note(text("note")).map_err(at("note"))?;
    Ok((account, KeptPosition { instrument, quantity, price, opened, note }))
}

/// A ticker or an OCC symbol.
pub(super) fn instrument(text: &str) -> Result<Instrument, String> {
    Instrument::try_from(text.to_owned()).map_err(|error| error.to_string())
}

/// Shares, or whole contracts; negative when short.
pub(super) fn quantity(text: &str, instrument: &Instrument) -> Result<Decimal, String> {
    let quantity = decimal(text)?;
    let (most, what) = match instrument {
        Instrument::Equity(_) => (MOST_SHARES, "shares"),
        Instrument::Option(_) => (MOST_CONTRACTS, "contracts"),
    };
    if quantity.is_zero() {
        return Err("0 is no position; leave it out".to_owned());
    }
    if quantity.abs() > most {
        return Err(format!("{text} is more than {most} {what}"));
    }
    if instrument.contract().is_some() && !quantity.fract().is_zero() {
        return Err(format!("{text} is not a whole number of contracts"));
    }
    Ok(quantity)
}

/// Dollars a share.
pub(super) fn price(text: &str) -> Result<Decimal, String> {
    let price = decimal(text)?;
    if price.is_sign_negative() && !price.is_zero() {
        return Err(format!("{text} is negative; give dollars a share, and a negative quantity when short"));
    }
    if price > MOST_DOLLARS {
        Err(format!("{text} is more than {MOST_DOLLARS} dollars a share"))
    } else {
        Ok(price)
    }
}

/// A plain number: no exponent, no currency, no separators.
pub(super) fn decimal(text: &str) -> Result<Decimal, String> {
    let shown: String = text.chars().take(40).collect();
    let is_plain = text.chars().all(|sign| sign.is_ascii_digit() || "+-.".contains(sign));
    let number = text.parse::<Decimal>().ok().filter(|_| is_plain);
    match number.map(|number| number.normalize()) {
        Some(number) if number.scale() <= MOST_PLACES => Ok(number),
        Some(_) => Err(format!("{shown} has more than {MOST_PLACES} decimal places")),
        None if text.is_empty() => Err("it is empty; write a number such as -3 or 2.85".to_owned()),
        None => Err(format!("{shown:?} is not a number; write it as -3 or 1234.5")),
    }
}

/// A day that can be one of a trade.
pub(super) fn opened(text: &str) -> Result<NaiveDate, String> {
    let day = text.parse::<NaiveDate>().ok().filter(|day| ttai_calendar::check_covered(*day).is_ok());
    day.ok_or_else(|| {
        format!("{:?} is not a date; write it as 2026-11-30", text.chars().take(40).collect::<String>())
    })
}

/// The user's words; what [`write`] put before a formula is taken off.
pub(super) fn note(text: &str) -> Result<String, String> {
    let text = text.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(text);
    if text.chars().count() > LONGEST_NOTE {
        return Err(format!("it has more than {LONGEST_NOTE} characters"));
    }
    if text.chars().any(char::is_control) {
        Err("it has a control character".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// Whether an option's last session is over.
pub(super) fn has_expired(instrument: &Instrument, now: DateTime<Utc>) -> bool {
    let close = instrument.contract().and_then(|contract| pm_expiration_close(contract.expiration));
    close.is_some_and(|close| close <= now)
}

/// Whether a spreadsheet would take a text for a formula.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@'])
}

/// The accounts as a file.
pub(super) fn write(accounts: &[KeptAccount]) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // A Vec refuses nothing, and every row has its columns.
    let _ = writer.write_record(COLUMNS);
    for (account, held) in accounts.iter().flat_map(|of| of.positions.iter().map(move |held| (of, held))) {
        let guard = if is_formula(&held.note) { "'" } else { "" };
        let _ = writer.write_record([
            account.account.clone(),
            held.instrument.to_string(),
            plain(held.quantity),
            plain(held.price),
            held.opened.map(|day| day.to_string()).unwrap_or_default(),
            format!("{guard}{}", held.note),
        ]);
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Without zeros at its end.
pub(super) fn plain(number: Decimal) -> String {
    number.normalize().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_one(lines: &str) -> Result<Vec<Row>, String> {
        read(format!("symbol,quantity,price,note\n{lines}").as_bytes(), "hand-main")
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_column() {
        let wrong = |lines: &str| read_one(lines).err().unwrap_or_else(|| panic!("{lines} was read"));
        assert_eq!(
            wrong("AAPL,1,1,\nF,NaN,1,"),
            "line 3, quantity: \"NaN\" is not a number; write it as -3 or 1234.5"
        );
        for (line, column) in [
            ("A L,1,1,", "symbol"),
            ("=1+1,1,1,", "symbol"),
            ("AAPL 261318P00200000,1,1,", "symbol"),
            ("AAPL,0,1,", "quantity"),
            ("AAPL,1e5,1,", "quantity"),
            ("AAPL,1_000,1,", "quantity"),
            ("AAPL,\"1,000\",1,", "quantity"),
            ("AAPL,999999999,1,", "quantity"),
            ("AAPL 261218P00200000,0.5,1,", "quantity"),
            ("AAPL,1,-1,", "price"),
            ("AAPL,1,=2+3,", "price"),
            ("AAPL,1,1.1234567,", "price"),
            ("AAPL,1,,", "price"),
            ("AAPL,1,1,\"a\nb\"", "note"),
        ] {
            assert!(wrong(line).starts_with(&format!("line 2, {column}: ")), "{line}: {}", wrong(line));
        }
        assert_eq!(wrong("AAPL,1,1,\naapl,2,1,"), "line 3: AAPL is in line 2 already; add the two up");
        assert!(wrong("AAPL,1,1").starts_with("line 2: it has 3 columns and line 1 has 4"));
        assert!(wrong("").starts_with("it has no positions"));
    }

    #[test]
    fn headers_are_checked_and_bytes_are_text() {
        let wrong = |bytes: &[u8]| read(bytes, "hand-main").err().unwrap_or_default();
        assert!(wrong(b"symbol;quantity;price\nAAPL;1;1").starts_with("line 1: there is no column"));
        assert!(wrong(b"symbol,price\nAAPL,1").starts_with("line 1 lacks the column quantity"));
        assert!(wrong(b"symbol,symbol,quantity,price\n").starts_with("line 1 names the column symbol twice"));
        assert!(wrong(b"\xFF\xFEs\0").starts_with("it is no text"));
        assert!(wrong(b"symbol,quantity,price,note\nAAPL,1,1,\xE9").starts_with("line 2 is no text"));
        assert!(!wrong(b"").is_empty());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let file = "\u{feff}Price,Symbol,Quantity,Note,Account,Opened\r\n2.850,aapl 261218P00200000,-3,\"=cmd, \"\"x\"\"\",\
                    Fidelity,2026-10-01\r\n181.20,AAPL,300.5,,,\r\n";
        let rows = read(file.as_bytes(), "hand-main").unwrap();
        assert_eq!(
            rows.iter().map(|row| row.account.as_str()).collect::<Vec<_>>(),
            ["hand-fidelity", "hand-main"]
        );
        let accounts: Vec<KeptAccount> = rows
            .into_iter()
            .map(|row| KeptAccount {
                account: row.account,
                cash: None,
                positions: vec![row.position],
                revision: 1,
                changed_at: DateTime::UNIX_EPOCH,
            })
            .collect();
        let written = write(&accounts);
        assert_eq!(
            written,
            "account,symbol,quantity,price,opened,note\r\n\
             hand-fidelity,AAPL  261218P00200000,-3,2.85,2026-10-01,\"'=cmd, \"\"x\"\"\"\r\n\
             hand-main,AAPL,300.5,181.2,,\r\n"
        );
        let again = read(written.as_bytes(), "hand-other").unwrap();
        assert!(again.iter().zip(&accounts).all(|(row, account)| row.position == account.positions[0]));
    }
}
