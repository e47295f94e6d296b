//! What stands between a strategy and real money, and what stops trading: the three acts, halts, differences.

use ttai_contract::subject::DEFAULT_USER;
use ttai_ports::{Differences, Halts, StoreError, TradingHalt};
use ttai_store::Database;
use ttai_trading::rules::{AutoApprove, TradingMode};
use ttai_trading::{TradingRules, TradingStrategy};

use super::doctor::Check;
use crate::report;
use crate::settings::Settings;

/// A broker that was connected, and whether its accounts are paper ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ConnectedBroker {
    pub(super) name: String,
    pub(super) is_paper: bool,
}

/// The three acts that real money takes, each by itself, and what they come to.
pub(super) fn acts(settings: &Settings, brokers: &[ConnectedBroker]) -> Vec<Check> {
    of_rules(&settings.config.trading, brokers)
}

fn of_rules(rules: &TradingRules, brokers: &[ConnectedBroker]) -> Vec<Check> {
    let names = |is_paper: bool| -> Vec<&str> {
        let of = brokers.iter().filter(|broker| broker.is_paper == is_paper);
        of.map(|broker| broker.name.as_str()).collect()
    };
    let (paper, real) = (names(true), names(false));
    let (is_live, enabled) = (rules.mode == TradingMode::Live, enabled(rules));
    let mode =
        if is_live { "live: real accounts may be traded" } else { "paper: real accounts are not traded" };
    let credentials = match (paper.as_slice(), real.as_slice()) {
        ([], []) => "no broker is connected".to_owned(),
        (paper, []) => format!("paper accounts only ({})", paper.join(", ")),
        ([], real) => format!("REAL accounts: {}", real.join(", ")),
        (paper, real) => format!("REAL accounts: {}; paper accounts: {}", real.join(", "), paper.join(", ")),
    };
    let strategies = TradingStrategy::ALL.map(|strategy| strategy_text(rules, strategy)).join("; ");
    vec![
        check("trading credentials", !real.is_empty(), credentials),
        check("trading mode", is_live, mode.to_owned()),
        check("strategies", !enabled.is_empty(), strategies),
        real_money(&real, is_live, &enabled),
    ]
}

/// An act that is done is to be known.
fn check(what: &'static str, is_done: bool, finding: String) -> Check {
    if is_done { Check::note(what, finding) } else { Check::good(what, finding) }
}

fn enabled(rules: &TradingRules) -> Vec<&'static str> {
    let all = TradingStrategy::ALL.into_iter();
    all.filter(|strategy| rules.leave(*strategy).enabled).map(TradingStrategy::as_str).collect()
}

/// `csp_entry is enabled for real accounts and asks for approval`.
fn strategy_text(rules: &TradingRules, strategy: TradingStrategy) -> String {
    let leave = rules.leave(strategy);
    let real = if leave.enabled { "enabled for real accounts" } else { "not enabled for real accounts" };
    let asks = match leave.auto_approve {
        AutoApprove::Never => "asks for approval",
        AutoApprove::Paper => "trades paper accounts without asking",
        AutoApprove::Always => "trades WITHOUT ASKING",
    };
    format!("{strategy} is {real} and {asks}")
}

fn real_money(real: &[&str], is_live: bool, enabled: &[&str]) -> Check {
    let missing: Vec<&str> = [
        (real.is_empty(), "credentials of a real account"),
        (!is_live, "mode = \"live\" in [trading]"),
        (enabled.is_empty(), "enabled = true in [trading.STRATEGY]"),
    ]
    .into_iter()
    .filter_map(|(is_missing, act)| is_missing.then_some(act))
    .collect();
    match missing.as_slice() {
        [] => {
            let finding = format!("{} may trade real money at {}", enabled.join(", "), real.join(", "));
            Check::note("real money", finding)
        }
        missing => Check::good("real money", format!("not traded; it would take {}", missing.join(" and "))),
    }
}

/// What stops the default user's accounts, and everyone's.
pub(super) async fn stops(store: &Database) -> Vec<Check> {
    let halts = match store.halts(Some(DEFAULT_USER)).await {
        Ok(halts) => halted(&halts),
        Err(error) => Check::bad("trading halts", error.to_string()),
    };
    vec![halts, pauses(store).await.unwrap_or_else(|error| Check::bad("differences", error.to_string()))]
}

fn halted(halts: &[TradingHalt]) -> Check {
    let texts: Vec<String> = halts
        .iter()
        .map(|halt| {
            let (accounts, since) = (report::accounts(&halt.scope), report::moment(halt.since));
            format!("{accounts}, by {} since {since}: {}", halt.by, halt.reason)
        })
        .collect();
    match texts.is_empty() {
        true => Check::good("trading halts", "none"),
        false => Check::note("trading halts", format!("{}; see `ttai trade resume`", texts.join("; "))),
    }
}

async fn pauses(store: &Database) -> Result<Check, StoreError> {
    let what = "differences";
    let open = store.differences(DEFAULT_USER, None, true).await?;
    let mut pausing: Vec<&str> =
        open.iter().filter(|found| found.pauses()).map(|found| found.account.as_str()).collect();
    let count = pausing.len();
    pausing.sort_unstable();
    pausing.dedup();
    Ok(match (count, open.len()) {
        (0, 0) => Check::good(what, "none between the broker and ttai"),
        (0, open) => Check::note(
            what,
            format!("{open} to look at, none of which pauses trading; see `ttai trade differences`"),
        ),
        (count, _) => Check::bad(
            what,
            format!(
                "trading pauses in {} because of {count}; look at `ttai trade differences`, then `ttai trade acknowledge`",
                pausing.join(", ")
            ),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::Health;

    fn broker(name: &str, is_paper: bool) -> ConnectedBroker {
        ConnectedBroker { name: name.to_owned(), is_paper }
    }

    #[test]
    fn each_act_is_said_by_itself_and_what_is_missing() {
        let mut rules = TradingRules::default();
        let found = |rules: &TradingRules, brokers: &[ConnectedBroker]| {
            of_rules(rules, brokers).into_iter().map(|check| check.finding).collect::<Vec<_>>()
        };
        let none = found(&rules, &[]);
        assert_eq!(none[0], "no broker is connected");
        assert_eq!(none[1], "paper: real accounts are not traded");
        assert!(none[2].contains("csp_entry is not enabled for real accounts and asks for approval"));
        assert_eq!(
            none[3],
            "not traded; it would take credentials of a real account and mode = \"live\" in [trading] and \
             enabled = true in [trading.STRATEGY]"
        );
        rules.mode = TradingMode::Live;
        rules.csp_entry.leave.enabled = true;
        rules.csp_entry.leave.auto_approve = AutoApprove::Always;
        let paper = found(&rules, &[broker("alpaca", true)]);
        assert_eq!(paper[0], "paper accounts only (alpaca)");
        assert!(paper[2].contains("csp_entry is enabled for real accounts and trades WITHOUT ASKING"));
        assert_eq!(paper[3], "not traded; it would take credentials of a real account");
        let both = of_rules(&rules, &[broker("alpaca", true), broker("tastytrade", false)]);
        assert_eq!(both[0].finding, "REAL accounts: tastytrade; paper accounts: alpaca");
        assert_eq!(both[3].finding, "csp_entry may trade real money at tastytrade");
        assert!(both.iter().all(|check| check.health == Health::Note));
    }
}
