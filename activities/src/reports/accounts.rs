//! A user's accounts as a report shows them: as they are now, or as the store has them of the day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use ttai_calendar::new_york_date;
use ttai_contract::subject::DEFAULT_USER;
use ttai_contract::{PortfolioState, ReportName, Symbol};
use ttai_core::PortfolioAlert;
use ttai_ports::{AccountDay, PositionStatus, StoreError, StoredPosition, is_kept_account};

use super::moment::ReportMoment;
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::portfolio;
use crate::ports::Ports;

/// How far back the line of net liquidation reaches.
const HISTORY: Days = Days::new(91);
/// How old an account day may be that a briefing begins from.
const RECENT: Days = Days::new(10);

/// What the store has of an account's day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AccountSnapshot {
    pub(crate) portfolio: PortfolioState,
    /// Every rule that was true.
    pub(crate) risks: Vec<PortfolioAlert>,
}

/// An account.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AccountView {
    pub(crate) number: String,
    /// The account, or why it is not known.
    pub(crate) seen: Result<AccountSnapshot, String>,
    /// When it was read where that is not the report's own moment.
    pub(crate) stored_at: Option<DateTime<Utc>>,
    /// Of an account that is away: what was held when it was read last.
    pub(crate) last_known: Vec<StoredPosition>,
}

/// All accounts of a user.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct AccountsView {
    pub(crate) accounts: Vec<AccountView>,
    /// Net liquidation by day, of all accounts together: days on which each was read.
    pub(crate) equity: Vec<(NaiveDate, Decimal)>,
    /// The accounts as they were before what the report covers.
    pub(crate) before: Vec<AccountDay>,
    /// What could not be read, a sentence each.
    pub(crate) problems: Vec<String>,
}

impl AccountsView {
    pub(crate) fn states(&self) -> impl Iterator<Item = &PortfolioState> {
        self.accounts.iter().filter_map(|account| Some(&account.seen.as_ref().ok()?.portfolio))
    }

    pub(crate) fn risks(&self) -> impl Iterator<Item = &PortfolioAlert> {
        self.accounts.iter().filter_map(|account| account.seen.as_ref().ok()).flat_map(|seen| &seen.risks)
    }

    /// Whether each account is known, and what it holds.
    pub(crate) fn is_whole(&self) -> bool {
        let known =
            |account: &AccountView| account.seen.as_ref().is_ok_and(|seen| seen.portfolio.positions_known);
        !self.accounts.is_empty() && self.accounts.iter().all(known)
    }

    /// Positions held; none where one account is not known.
    pub(crate) fn positions(&self) -> Option<usize> {
        self.is_whole().then(|| self.states().map(|state| state.positions.len()).sum())
    }

    /// What is known of every account; none where it is not known of one at a broker. Nobody has to state everything of an account
    /// that is kept by hand: what it does not say leaves it out.
    fn known<T>(&self, of: impl Fn(&PortfolioState) -> Option<T>) -> Option<Vec<T>> {
        if self.accounts.iter().any(|account| account.seen.is_err()) {
            return None;
        }
        let mut known = Vec::new();
        for state in self.states() {
            match of(state) {
                Some(value) => known.push(value),
                None if state.kept_by_hand.is_some() => {}
                None => return None,
            }
        }
        (!known.is_empty()).then_some(known)
    }

    /// A sum over all accounts, as far as they have to say it; none where one does not.
    pub(crate) fn sum(&self, of: impl Fn(&PortfolioState) -> Option<Decimal>) -> Option<Decimal> {
        self.known(of).map(|known| known.into_iter().sum())
    }

    /// Dollars won that day; none where that is not known of every position.
    pub(crate) fn day_pnl(&self) -> Option<Decimal> {
        self.positions()?;
        self.sum(day_pnl)
    }

    /// The same in percent of what those accounts are worth.
    pub(crate) fn day_pnl_percent(&self) -> Option<f64> {
        self.positions()?;
        let known = self.known(|state| Some((day_pnl(state)?, state.net_liquidation?)))?;
        let (pnl, worth) = known
            .iter()
            .fold((Decimal::ZERO, Decimal::ZERO), |sum, known| (sum.0 + known.0, sum.1 + known.1));
        let before = worth - pnl;
        (before > Decimal::ZERO).then(|| (pnl * Decimal::ONE_HUNDRED / worth).to_f64()).flatten()
    }

    pub(crate) fn net_liquidation(&self) -> Option<Decimal> {
        self.sum(|state| state.net_liquidation)
    }

    /// The numbers of the accounts that the net liquidation is of.
    pub(crate) fn worths(&self) -> BTreeSet<&str> {
        let is_left_out = |account: &&AccountView| {
            account.seen.as_ref().is_ok_and(|seen| {
                seen.portfolio.kept_by_hand.is_some() && seen.portfolio.net_liquidation.is_none()
            })
        };
        let counted = self.accounts.iter().filter(|account| !is_left_out(account));
        counted.map(|account| account.number.as_str()).collect()
    }

    /// What the sums leave out, a sentence each.
    fn left_out(&self) -> Vec<String> {
        let kept = self.states().filter(|state| state.kept_by_hand.is_some());
        let of = |state: &PortfolioState| {
            let sums = [("net liquidation", state.net_liquidation), ("day's P&L", day_pnl(state))];
            let missing = sums.into_iter().filter(|(_, amount)| amount.is_none());
            missing
                .map(|(sum, _)| format!("the {sum} of all accounts leaves out {}", state.account_id))
                .collect::<Vec<_>>()
        };
        kept.flat_map(of).collect()
    }

    /// The underlyings of what is held, and of what was held last where an account is away.
    pub(crate) fn underlyings(&self) -> BTreeSet<Symbol> {
        let held = self.states().flat_map(|state| &state.positions);
        held.filter_map(|position| position.underlying.clone()).collect()
    }
}

/// Dollars won that day; none where that is not known of every position.
fn day_pnl(state: &PortfolioState) -> Option<Decimal> {
    state.day_pnl.missing.is_empty().then_some(state.day_pnl.amount)
}

/// Reads them. An account that is away is named, with what was held last; only the store's own failure is an error.
pub(crate) async fn read(
    ports: &Ports,
    compute: &Compute,
    user: &str,
    moment: &ReportMoment,
) -> Result<AccountsView, AnalystError> {
    let from = moment.day.checked_sub_days(HISTORY).unwrap_or(moment.day);
    let days = ports.reports.account_days(user, from, moment.day, moment.as_of).await?;
    let mut view = AccountsView::default();
    if moment.past {
        view.accounts = of_the_day(&days, moment);
    } else {
        let numbers = numbers(ports, user, &mut view.problems).await?;
        for number in numbers {
            let account = now(ports, compute, user, number).await?;
            view.accounts.push(account);
        }
        remember(ports, user, moment, &view).await?;
    }
    for account in &view.accounts {
        match &account.seen {
            Ok(seen) => view.problems.extend(seen.portfolio.warnings.iter().cloned()),
            Err(problem) => view.problems.push(format!("account {}: {problem}", account.number)),
        }
    }
    view.problems.extend(view.left_out());
    view.equity = equity(&days, &view, moment);
    view.before = before(days, moment);
    Ok(view)
}

/// The user's accounts: those of which the store has something, those kept by hand, and of the default user all that the brokers
/// list.
async fn numbers(
    ports: &Ports,
    user: &str,
    problems: &mut Vec<String>,
) -> Result<BTreeSet<String>, StoreError> {
    let mut numbers: BTreeSet<String> = ports.accounts.accounts_of(user).await?.into_iter().collect();
    numbers.retain(|number| !is_kept_account(number));
    numbers.extend(portfolio::kept::numbers(ports, user).await?);
    if user == DEFAULT_USER {
        for broker in &ports.brokers {
            match broker.accounts().await {
                Ok(accounts) => numbers.extend(accounts.into_iter().map(|account| account.id)),
                Err(error) => problems.push(format!("accounts at {}: {error}", broker.name())),
            }
        }
    }
    Ok(numbers)
}

async fn now(
    ports: &Ports,
    compute: &Compute,
    user: &str,
    number: String,
) -> Result<AccountView, AnalystError> {
    let seen = portfolio::review(ports, compute, user, &number).await;
    let seen = seen
        .map(|(portfolio, risks)| AccountSnapshot { portfolio, risks })
        .map_err(|error| error.to_string());
    let last_known = match &seen {
        Ok(seen) if seen.portfolio.positions_known => Vec::new(),
        _ => {
            let stored = ports.accounts.positions(user, &number).await?;
            stored.into_iter().filter(|held| held.status == PositionStatus::Open).collect()
        }
    };
    Ok(AccountView { number, seen, stored_at: None, last_known })
}

/// Of a past day what the store has of it; of a briefing's, which comes before its session, what it has of the session before.
fn of_the_day(days: &[AccountDay], moment: &ReportMoment) -> Vec<AccountView> {
    let earliest = match moment.name {
        ReportName::MorningBriefing => moment.day.checked_sub_days(RECENT).unwrap_or(moment.day),
        _ => moment.day,
    };
    let mut newest: BTreeMap<&str, &AccountDay> = BTreeMap::new();
    for day in days.iter().filter(|day| day.day >= earliest) {
        newest.insert(&day.account, day);
    }
    let view = |day: &AccountDay| AccountView {
        number: day.account.clone(),
        seen: serde_json::from_value(day.state.clone())
            .map_err(|error| format!("what is stored of {} cannot be read: {error}", day.day)),
        stored_at: Some(day.as_of),
        last_known: Vec::new(),
    };
    newest.into_values().map(view).collect()
}

/// Saves what the accounts are at the end of the day; a briefing comes before it.
async fn remember(
    ports: &Ports,
    user: &str,
    moment: &ReportMoment,
    view: &AccountsView,
) -> Result<(), AnalystError> {
    if moment.name == ReportName::MorningBriefing {
        return Ok(());
    }
    for account in &view.accounts {
        let Ok(seen) = &account.seen else { continue };
        let state = &seen.portfolio;
        if !state.positions_known {
            continue;
        }
        let day = AccountDay {
            user_id: user.to_owned(),
            account: account.number.clone(),
            day: new_york_date(state.as_of),
            as_of: state.as_of,
            net_liquidation: state.net_liquidation,
            day_pnl: day_pnl(state),
            cash: state.cash,
            state: serde_json::to_value(seen).map_err(|error| AnalystError::Crashed(error.to_string()))?,
        };
        ports.reports.save_account_day(&day).await?;
    }
    Ok(())
}

/// Days on which every account of the report has a worth, and the report's own.
fn equity(days: &[AccountDay], view: &AccountsView, moment: &ReportMoment) -> Vec<(NaiveDate, Decimal)> {
    let numbers = view.worths();
    let mut points = Vec::new();
    for same in days.chunk_by(|one, other| one.day == other.day) {
        let known: Vec<Decimal> = same
            .iter()
            .filter(|day| numbers.contains(day.account.as_str()))
            .filter_map(|day| day.net_liquidation)
            .collect();
        if let (Some(first), true) = (same.first(), known.len() == numbers.len() && !known.is_empty()) {
            points.push((first.day, known.into_iter().sum()));
        }
    }
    if let Some(now) = view.net_liquidation().filter(|_| !moment.past) {
        points.retain(|(day, _)| *day != moment.day);
        points.push((moment.day, now));
    }
    points
}

/// The newest day of each account before what the report covers.
fn before(days: Vec<AccountDay>, moment: &ReportMoment) -> Vec<AccountDay> {
    let mut newest = BTreeMap::new();
    for day in days.into_iter().filter(|day| day.day < moment.from) {
        newest.insert(day.account.clone(), day);
    }
    newest.into_values().collect()
}
