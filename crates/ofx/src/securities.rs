//! The securities that a statement lists, by the identity under which its transactions name them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use ttai_core::{OccSymbol, OptionRight, Symbol};

use crate::document::Node;
use crate::value::{decimal, moment};

/// What a security is called here: a ticker, or an option's OCC symbol.
#[derive(Debug, Default)]
pub(crate) struct Securities {
    by_id: BTreeMap<String, String>,
}

impl Securities {
    pub(crate) fn of(ofx: &Node) -> Self {
        let lists: Vec<&Node> = ofx.all("SECLIST");
        let infos = || lists.iter().flat_map(|list| &list.children);
        let mut securities = Self::default();
        for info in infos() {
            if let (Some(id), Some(ticker)) = (id_of(info), ticker_of(info)) {
                securities.by_id.insert(id, ticker.to_owned());
            }
        }
        let options: Vec<(String, String)> = infos()
            .filter(|info| info.name == "OPTINFO")
            .filter_map(|info| Some((id_of(info)?, securities.contract(info)?.to_string())))
            .collect();
        securities.by_id.extend(options);
        securities
    }

    /// What the transaction's security is called; its identity where no list has it.
    pub(crate) fn symbol(&self, transaction: &Node) -> Option<String> {
        let id = transaction.text_at(&["SECID", "UNIQUEID"])?;
        Some(self.by_id.get(id).cloned().unwrap_or_else(|| id.to_owned()))
    }

    /// An option's contract: of its terms and its underlying's ticker, else as its own ticker spells it.
    fn contract(&self, info: &Node) -> Option<OccSymbol> {
        let of_terms = || {
            let underlying = info.text_at(&["SECID", "UNIQUEID"]).and_then(|id| self.by_id.get(id));
            Some(OccSymbol {
                root: Symbol::new(underlying?).ok()?.option_root(),
                expiration: expiration(info)?,
                right: match info.text_at(&["OPTTYPE"])?.to_ascii_uppercase().as_str() {
                    "CALL" => OptionRight::Call,
                    "PUT" => OptionRight::Put,
                    _ => return None,
                },
                strike: info
                    .text_at(&["STRIKEPRICE"])
                    .and_then(decimal)
                    .filter(|strike| *strike > Decimal::ZERO)?,
            })
        };
        let spelt = ticker_of(info).and_then(|ticker| OccSymbol::parse(ticker.trim_start_matches('-')).ok());
        spelt.or_else(of_terms)
    }
}

fn expiration(info: &Node) -> Option<NaiveDate> {
    // A day, which some write as its midnight or its noon in Greenwich.
    Some(moment(info.text_at(&["DTEXPIRE"])?.get(..8)?)?.date_naive())
}

fn id_of(info: &Node) -> Option<String> {
    info.text_at(&["SECINFO", "SECID", "UNIQUEID"]).map(str::to_owned)
}

fn ticker_of(info: &Node) -> Option<&str> {
    info.text_at(&["SECINFO", "TICKER"])
}
