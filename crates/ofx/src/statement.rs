//! What statements say happened: trades, income, transfers, ends of options.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

use crate::document::{self, Node, OfxError};
use crate::securities::Securities;
use crate::value::{decimal, moment};

/// Aggregates that hold a statement.
const STATEMENTS: [&str; 3] = ["INVSTMTRS", "STMTRS", "CCSTMTRS"];
/// Where an account's number is.
const ACCOUNTS: [&str; 3] = ["INVACCTFROM", "BANKACCTFROM", "CCACCTFROM"];
/// Longest note, in characters.
const LONGEST_NOTE: usize = 500;

/// What happened, in the words of the store's transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OfxKind {
    /// Bought or sold.
    Trade,
    /// A short option was assigned.
    Assignment,
    /// A long option was exercised.
    Exercise,
    /// An option ended worthless.
    Expiration,
    /// A dividend, or a fund's distribution.
    Dividend,
    /// Interest, paid or received.
    Interest,
    /// A fee that stands by itself.
    Fee,
    /// Anything else, such as a deposit or a transfer.
    Other,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct OfxTransaction {
    /// Unique in the file: account and the bank's id, and more where that id comes twice.
    pub key: String,
    /// The bank's id of it.
    pub id: String,
    /// The account's number.
    pub account: String,
    /// What happened.
    pub kind: OfxKind,
    /// The same in the statement's own words: `Sell to Open`, `DEBIT`.
    pub detail: String,
    /// Ticker or OCC symbol; the security's identity where the statement names no ticker.
    pub symbol: Option<String>,
    /// Shares or contracts: positive into the account, negative out of it.
    pub quantity: Option<Decimal>,
    /// A share.
    pub price: Option<Decimal>,
    /// Change of cash, fees included.
    pub net_amount: Decimal,
    /// When it was traded or posted; a day alone is its midnight in UTC.
    pub executed_at: DateTime<Utc>,
    /// What the bank wrote of it.
    pub note: Option<String>,
    /// Which currency the amounts are in, where it is not the dollar.
    pub currency: Option<String>,
}

/// What a file says, and what of it could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OfxStatements {
    /// As the file lists them.
    pub transactions: Vec<OfxTransaction>,
    /// What was left out, a sentence each.
    pub left_out: Vec<String>,
    /// What a reader must know of the rest.
    pub warnings: Vec<String>,
}

/// Reads all statements of a file.
///
/// # Errors
/// [`OfxError`] where it is no OFX, or not all of it.
pub fn read(bytes: &[u8]) -> Result<OfxStatements, OfxError> {
    let (text, is_wrongly_encoded) = document::decode(bytes);
    let ofx = document::parse(&text)?;
    let securities = Securities::of(&ofx);
    let mut found = OfxStatements::default();
    if is_wrongly_encoded {
        found.warnings.push("it is not in the encoding that it says; read as Windows-1252".to_owned());
    }
    for name in STATEMENTS {
        for statement in ofx.all(name) {
            Account::of(statement, &securities).read(statement, &mut found);
        }
    }
    found.correct(&ofx);
    found.deduplicate();
    Ok(found)
}

/// Whose transactions are read.
struct Account<'a> {
    number: String,
    currency: Option<String>,
    securities: &'a Securities,
}

impl<'a> Account<'a> {
    fn of(statement: &Node, securities: &'a Securities) -> Self {
        let number = ACCOUNTS.iter().find_map(|from| statement.text_at(&[from, "ACCTID"]));
        let currency = statement.text_at(&["CURDEF"]).map(str::to_ascii_uppercase);
        Self {
            number: number.unwrap_or_default().to_owned(),
            currency: currency.filter(|currency| currency != "USD"),
            securities,
        }
    }

    fn read(&self, statement: &Node, found: &mut OfxStatements) {
        let lists = ["INVTRANLIST", "BANKTRANLIST"].iter().flat_map(|list| statement.all(list));
        for node in lists.flat_map(|list| &list.children).filter(|node| !node.children.is_empty()) {
            match self.transactions(node) {
                Ok(transactions) => found.transactions.extend(transactions),
                Err(why) => found.left_out.push(format!(
                    "{} {}: {why}",
                    node.name,
                    id_of(node).unwrap_or("without an id")
                )),
            }
        }
    }

    /// What one entry of a list says; two transactions where income was reinvested.
    fn transactions(&self, node: &Node) -> Result<Vec<OfxTransaction>, String> {
        let name = node.name.as_str();
        if let Some(bought) = node.child("INVBUY") {
            return Ok(vec![self.trade(node, bought, Side::Buy)?]);
        }
        if let Some(sold) = node.child("INVSELL") {
            return Ok(vec![self.trade(node, sold, Side::Sell)?]);
        }
        match name {
            "STMTTRN" => Ok(vec![self.posted(node)?]),
            "INVBANKTRAN" => Ok(vec![self.posted(node.child("STMTTRN").ok_or("it has no STMTTRN")?)?]),
            "CLOSUREOPT" => Ok(vec![self.closure(node)?]),
            "INCOME" => Ok(vec![self.paid(
                node,
                income(node.text_at(&["INCOMETYPE"])),
                node.text_at(&["INCOMETYPE"]),
            )?]),
            "REINVEST" => self.reinvested(node),
            "INVEXPENSE" => Ok(vec![self.paid(node, OfxKind::Fee, None)?]),
            "MARGININTEREST" => Ok(vec![self.paid(node, OfxKind::Interest, Some("margin interest"))?]),
            "RETOFCAP" => Ok(vec![self.paid(node, OfxKind::Other, Some("return of capital"))?]),
            "TRANSFER" | "JRNLSEC" | "JRNLFUND" | "SPLIT" => Ok(vec![self.moved(node)?]),
            _ => Err("its kind is not known".to_owned()),
        }
    }

    /// The transaction with what every entry has; `body` has its INVTRAN.
    fn base(&self, body: &Node) -> Result<OfxTransaction, String> {
        let id = id_of(body).ok_or("it has no FITID")?;
        let date = body.text_at(&["INVTRAN", "DTTRADE"]).or_else(|| body.text_at(&["DTPOSTED"]));
        let date = date.ok_or("it has no date")?;
        let memo = body.text_at(&["INVTRAN", "MEMO"]).or_else(|| body.text_at(&["MEMO"]));
        Ok(OfxTransaction {
            key: format!("{}/{id}", self.number),
            id: id.to_owned(),
            account: self.number.clone(),
            kind: OfxKind::Other,
            detail: String::new(),
            symbol: self.securities.symbol(body),
            quantity: number(body, "UNITS")?,
            price: number(body, "UNITPRICE")?,
            net_amount: Decimal::ZERO,
            executed_at: moment(date).ok_or_else(|| format!("{date:?} is no date"))?,
            note: memo.map(|memo| memo.chars().take(LONGEST_NOTE).collect()),
            currency: body
                .text_at(&["CURRENCY", "CURSYM"])
                .map(str::to_owned)
                .or_else(|| self.currency.clone()),
        })
    }

    fn trade(&self, node: &Node, body: &Node, side: Side) -> Result<OfxTransaction, String> {
        let base = self.base(body)?;
        let net_amount = number(body, "TOTAL")?.ok_or("it has no TOTAL")?;
        let units = base.quantity.ok_or("it has no UNITS")?;
        let quantity = side.signed(units, net_amount).ok_or_else(|| {
            format!("UNITS {units} and TOTAL {net_amount} of a purchase contradict each other")
        })?;
        let said = ["OPTBUYTYPE", "OPTSELLTYPE", "BUYTYPE", "SELLTYPE"]
            .iter()
            .find_map(|name| node.text_at(&[name]));
        let detail = said.map_or_else(|| side.as_str().to_owned(), in_words);
        Ok(OfxTransaction { kind: OfxKind::Trade, detail, quantity: Some(quantity), net_amount, ..base })
    }

    fn closure(&self, node: &Node) -> Result<OfxTransaction, String> {
        let action = node.text_at(&["OPTACTION"]).ok_or("it has no OPTACTION")?;
        let kind = match action.to_ascii_uppercase().as_str() {
            "ASSIGN" => OfxKind::Assignment,
            "EXERCISE" => OfxKind::Exercise,
            "EXPIRE" => OfxKind::Expiration,
            other => return Err(format!("OPTACTION {other:?} is not known")),
        };
        Ok(OfxTransaction { kind, detail: action.to_owned(), ..self.base(node)? })
    }

    /// Cash for or because of a security.
    fn paid(&self, node: &Node, kind: OfxKind, detail: Option<&str>) -> Result<OfxTransaction, String> {
        let net_amount = number(node, "TOTAL")?.ok_or("it has no TOTAL")?;
        let detail = detail.unwrap_or_default().to_owned();
        Ok(OfxTransaction { kind, detail, net_amount, ..self.base(node)? })
    }

    /// Income that bought shares at once: the income, and the purchase.
    fn reinvested(&self, node: &Node) -> Result<Vec<OfxTransaction>, String> {
        let total = number(node, "TOTAL")?.ok_or("it has no TOTAL")?.abs();
        let base = self.base(node)?;
        let units = base.quantity.ok_or("it has no UNITS")?.abs();
        let detail = "reinvested".to_owned();
        let paid = OfxTransaction {
            key: format!("{}/income", base.key),
            kind: income(node.text_at(&["INCOMETYPE"])),
            detail: detail.clone(),
            quantity: None,
            price: None,
            net_amount: total,
            ..base.clone()
        };
        let bought = OfxTransaction {
            kind: OfxKind::Trade,
            detail,
            quantity: Some(units),
            net_amount: -total,
            ..base
        };
        Ok(vec![paid, bought])
    }

    /// Securities or money that moved between accounts, and splits: no cash in or out.
    fn moved(&self, node: &Node) -> Result<OfxTransaction, String> {
        let base = self.base(node)?;
        let detail = match (node.text_at(&["NUMERATOR"]), node.text_at(&["DENOMINATOR"])) {
            (Some(new), Some(old)) => format!("split {new} for {old}"),
            _ => node.name.to_lowercase(),
        };
        let leaves = node.text_at(&["TFERACTION"]).is_some_and(|action| action.eq_ignore_ascii_case("OUT"));
        let quantity = base.quantity.map(|units| if leaves { -units.abs() } else { units });
        Ok(OfxTransaction { detail, quantity, ..base })
    }

    /// A line of a bank's statement.
    fn posted(&self, node: &Node) -> Result<OfxTransaction, String> {
        let net_amount = number(node, "TRNAMT")?.ok_or("it has no TRNAMT")?;
        let said = node.text_at(&["TRNTYPE"]).unwrap_or("OTHER").to_ascii_uppercase();
        let kind = match said.as_str() {
            "INT" => OfxKind::Interest,
            "DIV" => OfxKind::Dividend,
            "FEE" | "SRVCHG" => OfxKind::Fee,
            _ => OfxKind::Other,
        };
        let base = self.base(node)?;
        let name = node.text_at(&["NAME"]).or_else(|| node.text_at(&["PAYEE", "NAME"]));
        let parts = [name.map(str::to_owned), base.note.clone()];
        let note = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
        Ok(OfxTransaction {
            kind,
            detail: said,
            net_amount,
            note: Some(note).filter(|note| !note.is_empty()),
            ..base
        })
    }
}

/// Which way a trade went.
#[derive(Clone, Copy)]
enum Side {
    Buy,
    Sell,
}

impl Side {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "Buy",
            Self::Sell => "Sell",
        }
    }

    /// The units as they moved; units out of the account with cash into it in a purchase are its reversal, as the opposite is a sale's.
    /// None of a purchase that brought both.
    fn signed(self, units: Decimal, total: Decimal) -> Option<Decimal> {
        let brings_cash = total > Decimal::ZERO;
        match self {
            Self::Buy if brings_cash && units > Decimal::ZERO => None,
            Self::Buy if brings_cash => Some(-units.abs()),
            Self::Buy => Some(units.abs()),
            // A sale may cost more in fees than it brings: its units say that they leave.
            Self::Sell if total < Decimal::ZERO && units > Decimal::ZERO => Some(units),
            Self::Sell => Some(-units.abs()),
        }
    }
}

fn income(said: Option<&str>) -> OfxKind {
    match said.map(str::to_ascii_uppercase).as_deref() {
        Some("DIV" | "CGLONG" | "CGSHORT") => OfxKind::Dividend,
        Some("INTEREST") => OfxKind::Interest,
        _ => OfxKind::Other,
    }
}

/// `Sell to Open` of `SELLTOOPEN`.
fn in_words(said: &str) -> String {
    match said.to_ascii_uppercase().as_str() {
        "BUYTOOPEN" => "Buy to Open".to_owned(),
        "BUYTOCLOSE" => "Buy to Close".to_owned(),
        "SELLTOOPEN" => "Sell to Open".to_owned(),
        "SELLTOCLOSE" => "Sell to Close".to_owned(),
        "BUY" => "Buy".to_owned(),
        "SELL" => "Sell".to_owned(),
        "BUYTOCOVER" => "Buy to Cover".to_owned(),
        "SELLSHORT" => "Sell Short".to_owned(),
        _ => said.to_owned(),
    }
}

/// The bank's id of an entry, wherever its kind has it.
fn id_of(node: &Node) -> Option<&str> {
    let places: [&[&str]; 5] = [
        &["FITID"],
        &["INVTRAN", "FITID"],
        &["INVBUY", "INVTRAN", "FITID"],
        &["INVSELL", "INVTRAN", "FITID"],
        &["STMTTRN", "FITID"],
    ];
    places.into_iter().find_map(|place| node.text_at(place))
}

fn number(node: &Node, name: &str) -> Result<Option<Decimal>, String> {
    let Some(text) = node.text_at(&[name]) else { return Ok(None) };
    decimal(text).map(Some).ok_or_else(|| format!("{name} {text:?} is no number"))
}

impl OfxStatements {
    /// Takes out what a later entry of the same account replaces or deletes.
    fn correct(&mut self, ofx: &Node) {
        let mut gone = BTreeSet::new();
        for statement in STATEMENTS.iter().flat_map(|name| ofx.all(name)) {
            let account =
                ACCOUNTS.iter().find_map(|from| statement.text_at(&[from, "ACCTID"])).unwrap_or_default();
            for posted in statement.all("STMTTRN") {
                let Some(corrected) = posted.text_at(&["CORRECTFITID"]) else { continue };
                gone.insert(format!("{account}/{corrected}"));
                let deletes = posted.text_at(&["CORRECTACTION"]).is_some_and(|action| action == "DELETE");
                if let Some(own) = posted.text_at(&["FITID"]).filter(|_| deletes) {
                    gone.insert(format!("{account}/{own}"));
                }
            }
        }
        self.transactions.retain(|transaction| !gone.contains(&transaction.key));
    }

    /// Ids must be unique, and some banks' are not: what is the same twice counts once, and what differs under one id has a key each.
    fn deduplicate(&mut self) {
        let (mut seen, mut used, mut twins) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        self.transactions.retain_mut(|transaction| {
            if !seen.insert(transaction.clone()) {
                return false;
            }
            let count = times.entry(transaction.key.clone()).or_default();
            *count += 1;
            if *count > 1 {
                twins.insert(transaction.id.clone());
            }
            let base = transaction.key.clone();
            if *count > 1 {
                transaction.key = format!("{base}/{count}");
            }
            while !used.insert(transaction.key.clone()) {
                *count += 1;
                transaction.key = format!("{base}/{count}");
            }
            true
        });
        let said = twins.into_iter().map(|id| format!("several transactions have the id {id}; each counts"));
        self.warnings.extend(said.take(5));
    }
}
