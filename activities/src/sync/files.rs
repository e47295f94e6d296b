//! Files of transactions out of the user's folder, CSV and OFX (docs/sync.md). A file that is as it was is not read again.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use sha2::{Digest, Sha256};
use ttai_contract::ResourceSync;
use ttai_ofx::OfxTransaction;
use ttai_ports::{PortError, SyncedResource, SyncedRow};

use super::rows;
use crate::failure::AnalystError;
use crate::ports::Ports;

/// Rows that a warning names; of the rest it says how many they are.
const NAMED_ROWS: usize = 5;
/// Longest key of a row, in characters.
const LONGEST_KEY: usize = 200;
/// Columns that a file cannot do without.
const NEEDED: [&str; 2] = ["date", "amount"];

pub(super) async fn sync(ports: &Ports, of: &SyncedResource) -> Result<ResourceSync, AnalystError> {
    let bytes = ports.files.read(&of.owner, &of.resource).await?;
    let digest = hex(&Sha256::digest(&bytes));
    let state = ports.synced.sync_state(of).await?;
    if state.cursor.as_deref() == Some(digest.as_str()) {
        let mut same = rows::write(ports, of, Vec::new(), |_| None, Some(digest)).await?;
        (same.rows_read, same.rows_unchanged) = (state.rows, state.rows);
        return Ok(same);
    }
    let Transactions { rows, wrong, warnings } = parse(&of.resource, &bytes)?;
    let mut synced = rows::write(ports, of, rows, |_| None, Some(digest)).await?;
    synced.warnings = warnings.into_iter().chain(said(&wrong)).collect();
    Ok(synced)
}

/// Endings of OFX files; `.qfx` is Quicken's name for them.
const OFX_ENDINGS: [&str; 2] = [".ofx", ".qfx"];

fn parse(name: &str, bytes: &[u8]) -> Result<Transactions, AnalystError> {
    let is_ofx = OFX_ENDINGS.iter().any(|ending| name.to_lowercase().ends_with(ending));
    if is_ofx { statements(name, bytes) } else { table(name, bytes) }
}

fn unreadable(name: &str, detail: &str) -> AnalystError {
    let (provider, detail) = ("files".to_owned(), format!("{name}: {detail}"));
    AnalystError::Port(PortError::Corrupt { provider, detail })
}

/// An OFX file's statements as the same rows.
fn statements(name: &str, bytes: &[u8]) -> Result<Transactions, AnalystError> {
    let found = ttai_ofx::read(bytes).map_err(|error| unreadable(name, &error.to_string()))?;
    let row = |transaction: OfxTransaction| SyncedRow {
        key: transaction.key.chars().take(LONGEST_KEY).collect(),
        at: transaction.executed_at,
        row: json!({
            "id": transaction.id,
            "account": transaction.account,
            "kind": transaction.kind,
            "detail": transaction.detail,
            "symbol": transaction.symbol,
            "quantity": transaction.quantity,
            "price": transaction.price,
            "net_amount": transaction.net_amount,
            "currency": transaction.currency,
            "executed_at": transaction.executed_at,
            "note": transaction.note,
        }),
    };
    let rows = found.transactions.into_iter().map(row).collect();
    Ok(Transactions { rows, wrong: found.left_out, warnings: found.warnings })
}

/// A file's rows, and those that are none.
struct Transactions {
    rows: Vec<SyncedRow>,
    wrong: Vec<String>,
    warnings: Vec<String>,
}

/// A CSV file's lines.
fn table(name: &str, bytes: &[u8]) -> Result<Transactions, AnalystError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(bytes);
    let header = reader.headers().map_err(|error| unreadable(name, &error.to_string()))?;
    let columns: Vec<String> = header.iter().map(|column| column.to_lowercase().replace(' ', "_")).collect();
    if let Some(missing) = NEEDED.iter().find(|needed| !columns.iter().any(|column| column == *needed)) {
        return Err(unreadable(name, &format!("the first line names no column {missing}")));
    }
    let mut found = Transactions { rows: Vec::new(), wrong: Vec::new(), warnings: Vec::new() };
    let mut seen = BTreeMap::new();
    for record in reader.records() {
        let line = record.as_ref().ok().and_then(csv::StringRecord::position).map_or(0, csv::Position::line);
        let row = record.map_err(|error| error.to_string()).and_then(|record| {
            let fields = columns.iter().map(String::as_str).zip(record.iter());
            transaction(&fields.filter(|(_, value)| !value.is_empty()).collect(), &mut seen)
        });
        match row {
            Ok(row) => found.rows.push(row),
            Err(why) => found.wrong.push(format!("line {line}: {why}")),
        }
    }
    Ok(found)
}

/// A row; its key is its id, else what it says and how often that was said before.
fn transaction(fields: &BTreeMap<&str, &str>, seen: &mut BTreeMap<String, u32>) -> Result<SyncedRow, String> {
    let decimal = |name: &str| {
        let text = fields.get(name).map(|text| text.replace([',', '$'], ""));
        text.map(|text| text.parse::<Decimal>().map_err(|_| format!("{name} {text:?} is no number")))
            .transpose()
    };
    let text = fields.get("date").copied().ok_or("it has no date")?;
    let at = moment(text).ok_or_else(|| format!("date {text:?} is none; write 2026-11-30 or RFC 3339"))?;
    let net_amount = decimal("amount")?.ok_or("it has no amount")?;
    let key = match fields.get("id") {
        Some(id) => format!("id/{id}"),
        None => {
            let digest = hex(&Sha256::digest(format!("{fields:?}")));
            let times = seen.entry(digest.clone()).or_insert(0);
            *times += 1;
            format!("row/{digest}/{times}")
        }
    };
    let row = json!({
        "id": fields.get("id"),
        "account": fields.get("account"),
        "kind": fields.get("kind").unwrap_or(&"other"),
        "symbol": fields.get("symbol"),
        "quantity": decimal("quantity")?,
        "price": decimal("price")?,
        "net_amount": net_amount,
        "executed_at": at,
        "note": fields.get("note"),
    });
    Ok(SyncedRow { key: key.chars().take(LONGEST_KEY).collect(), at, row })
}

/// A moment, or a day alone, which is its midnight in UTC, as brokers write it.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let day = || text.parse::<NaiveDate>().ok().map(|day| day.and_time(NaiveTime::MIN).and_utc());
    DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.with_timezone(&Utc)).or_else(day)
}

fn said(wrong: &[String]) -> Vec<String> {
    let mut warnings: Vec<String> =
        wrong.iter().take(NAMED_ROWS).map(|why| format!("left out {why}")).collect();
    let more = wrong.len().saturating_sub(NAMED_ROWS);
    warnings.extend((more > 0).then(|| format!("left out {more} more rows")));
    warnings
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        parse("f.csv", text.as_bytes()).unwrap().rows.into_iter().map(|row| row.key).collect()
    }

    #[test]
    fn a_row_has_one_key_however_often_it_is_read_and_a_twin_has_another() {
        let text = "Date,Amount,Symbol\n2026-11-02,1.00,AAPL\n2026-11-02,1.00,AAPL\n2026-11-03,2,\n";
        let first = keys(text);
        assert_eq!(first, keys(text));
        assert_eq!(first.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
        assert_eq!(keys("\u{feff}date,amount,id\n2026-11-02,1,7\n2026-11-02,2,7\n"), ["id/7", "id/7"]);
    }

    #[test]
    fn a_statement_has_the_columns_of_a_table_and_says_what_it_left_out() {
        let statement = "<OFX><STMTRS><CURDEF>USD<BANKACCTFROM><ACCTID>9</BANKACCTFROM><BANKTRANLIST><STMTTRN><TRNTYPE>INT\
            <DTPOSTED>20261102<TRNAMT>0.31<FITID>7</STMTTRN><STMTTRN><TRNTYPE>INT<DTPOSTED>?<TRNAMT>1<FITID>8</STMTTRN>\
            </BANKTRANLIST></STMTRS></OFX>";
        for name in ["bank.ofx", "BANK.QFX"] {
            let found = parse(name, statement.as_bytes()).unwrap();
            let row = &found.rows[0];
            assert_eq!(
                (row.key.as_str(), row.row["kind"].as_str(), row.row["net_amount"].as_str()),
                ("9/7", Some("interest"), Some("0.31"))
            );
            assert_eq!(said(&found.wrong), ["left out STMTTRN 8: \"?\" is no date"]);
        }
        let error = parse("bank.ofx", b"<html>").err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("bank.ofx: it has no <OFX> part"), "{error}");
    }

    #[test]
    fn a_bad_row_is_left_out_and_said_and_a_bad_file_is_refused() {
        let text = "date,amount,price\n2026-11-02,\"$1,234.50\",\nyesterday,1,\n2026-11-03,much,\n,1,\n2026-11-04,,\n";
        let found = parse("f.csv", text.as_bytes()).unwrap();
        assert_eq!(found.rows.len(), 1);
        assert_eq!(found.rows[0].row["net_amount"], "1234.50");
        assert!(found.wrong[0].starts_with("line 3: date \"yesterday\""), "{:?}", found.wrong);
        assert_eq!(found.wrong.len(), 4);
        for bad in ["", "day,amount\n", "date,sum\n2026-11-02,1\n"] {
            assert!(parse("f.csv", bad.as_bytes()).is_err(), "{bad:?}");
        }
        let many: Vec<String> = (0..9).map(|line| format!("line {line}: no")).collect();
        assert_eq!(said(&many).last().unwrap(), "left out 4 more rows");
    }
}
