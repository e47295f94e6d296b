//! Contracts whose quotes contradict others', as the warnings name them.

use ttai_quant::chain::{ArbitrageRule, DoubtfulQuote};

use super::Case;
use super::result::count;
use super::words::{self, Series};
use crate::article;
use crate::narrator::Narrator;

/// Contracts with contradicting quotes that are named one by one.
const NAMED_QUOTES: usize = 5;

/// One warning a contract, the first few by name.
pub(super) fn warnings(case: &Case, narrator: &mut Narrator) -> Vec<String> {
    let named = case.doubtful.iter().take(NAMED_QUOTES).zip(1..);
    let named = named.filter_map(|(quote, number)| warning(case, quote, number, narrator));
    let mut warnings: Vec<String> = named.collect();
    let more = case.doubtful.len().saturating_sub(NAMED_QUOTES);
    if more > 0 {
        let more = words::whole(narrator, "doubtful_quotes_more", count(more), words::CHAIN);
        warnings.push(format!("{more} more contracts are left out because their quotes contradict others"));
    }
    warnings
}

/// `the AAPL 2014-06-21 620 put, 7.40 bid and 7.60 asked, is left out: bought at …`
fn warning(case: &Case, doubtful: &DoubtfulQuote, number: u32, narrator: &mut Narrator) -> Option<String> {
    let quote = case.chain.quotes.get(doubtful.place)?;
    let name = format!("doubtful_{number}");
    let symbol = case.view.symbol.as_str();
    let contract = words::contract(narrator, symbol, &name, &Series::of_contract(&quote.contract));
    let bid = narrator.decimal(&format!("{name}_bid"), quote.bid, words::CHAIN);
    let ask = narrator.decimal(&format!("{name}_ask"), quote.ask, words::CHAIN);
    let gain = narrator.price(&format!("{name}_gain"), doubtful.gain, words::COMPUTED);
    let others = doubtful.against.iter().zip(1..).filter_map(|(place, other): (_, u32)| {
        let contract = case.contract_at(*place)?;
        let strike =
            words::short(narrator, &format!("{name}_other_{other}"), contract.strike_f64(), words::CHAIN);
        Some(format!("the {strike} {}", contract.right))
    });
    let others = article::list(&others.collect::<Vec<_>>());
    let what = contradiction(doubtful.rule, &others);
    let unclear =
        if doubtful.is_certain { "" } else { "; which of them is wrong is unclear, so all are left out" };
    Some(format!(
        "the {contract}, {bid} bid and {ask} asked, is left out: {what}, a sure gain of {gain} a share{unclear}"
    ))
}

fn contradiction(rule: ArbitrageRule, others: &str) -> String {
    match rule {
        ArbitrageRule::Exercise => "it is offered under what its exercise brings".to_owned(),
        ArbitrageRule::Ceiling => "it is bid above the most that it can be worth".to_owned(),
        ArbitrageRule::Vertical => format!("against {others} it makes a vertical for less than nothing"),
        ArbitrageRule::Width => format!("against {others} it makes a vertical for more than its width"),
        ArbitrageRule::Butterfly => format!("against {others} it makes a butterfly for less than nothing"),
        ArbitrageRule::Parity => format!("with {others} it breaks put–call parity"),
    }
}
