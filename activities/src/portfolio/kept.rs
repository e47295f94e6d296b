//! Accounts that users keep by hand, read as a broker's are. Nothing is ever ordered in them, and an option that has expired is no
//! position of them any more.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use ttai_calendar::{last_trade_date, new_york_date, pm_expiration_close};
use ttai_contract::ValidationError;
use ttai_contract::subject::DEFAULT_USER;
use ttai_core::{
    NEW_YORK, OccSymbol, OptionRight, PortfolioAlert, RuleKind, SettlementTime, Severity, Symbol,
};
use ttai_ports::{
    AccountBalances, Broker, BrokerAccount, BrokerOrder, BrokerPosition, BrokerTransaction, Instrument,
    KEPT_PREFIX, KeptAccount, KeptByHand, KeptPosition, OrderIntent, OrderPreview, OrderUpdates, PortError,
    StoreError,
};
use ttai_quant::margin::UnderlyingClass;
use ttai_quant::strategy::legs::intrinsic;

use super::book::underlying;
use crate::clock::market_now_by;
use crate::failure::AnalystError;
use crate::ports::Ports;

/// What stands for a broker's name.
const NAME: &str = "by hand";
/// Shares of a contract.
const CONTRACT: Decimal = Decimal::ONE_HUNDRED;

/// The accounts that one user keeps by hand.
struct KeptByUser {
    ports: Ports,
    user: String,
}

/// The account asked for, else the user's first one.
pub(super) async fn account(
    ports: &Ports,
    user: &str,
    wanted: &str,
) -> Result<(Arc<dyn Broker>, String), AnalystError> {
    let all = ports.kept.kept_accounts(user).await?;
    let found = all.iter().find(|account| wanted.is_empty() || account.account == wanted);
    let Some(found) = found else {
        let names: Vec<&str> = all.iter().map(|account| account.account.as_str()).collect();
        let names = if names.is_empty() { "none yet".to_owned() } else { names.join(", ") };
        let message = format!("no account {wanted} is kept by hand; there are: {names}");
        return Err(ValidationError::new("account_id", message).into());
    };
    let source = KeptByUser { ports: ports.clone(), user: user.to_owned() };
    Ok((Arc::new(source), found.account.clone()))
}

/// The numbers of a user's accounts.
pub(crate) async fn numbers(ports: &Ports, user: &str) -> Result<Vec<String>, StoreError> {
    let all = ports.kept.kept_accounts(user).await?;
    Ok(all.into_iter().map(|account| account.account).collect())
}

/// What a user keeps by hand in other accounts than this one.
pub(crate) async fn held_elsewhere(
    ports: &Ports,
    user: &str,
    account: &str,
) -> Result<Vec<BrokerPosition>, PortError> {
    let source = KeptByUser { ports: ports.clone(), user: user.to_owned() };
    let mut held = Vec::new();
    for other in source.all().await?.iter().filter(|other| other.account != account) {
        held.extend(source.held(other).await);
    }
    Ok(held)
}

/// How the commands name the account: `--account fidelity`.
fn named(user: &str, account: &str) -> String {
    let of_user = if user == DEFAULT_USER { String::new() } else { format!(" --user {user}") };
    format!("--account {}{of_user}", account.strip_prefix(KEPT_PREFIX).unwrap_or(account))
}

fn unreadable(error: &StoreError) -> PortError {
    let (provider, detail) = ("the store".to_owned(), error.to_string());
    match error {
        StoreError::Unavailable(_) => PortError::Unavailable { provider, detail, retry_after: None },
        _ => PortError::Corrupt { provider, detail },
    }
}

fn never_traded() -> PortError {
    PortError::Invalid {
        provider: NAME.to_owned(),
        detail: "an account that is kept by hand takes no orders; trade at its broker".to_owned(),
    }
}

fn has_expired(position: &KeptPosition, now: DateTime<Utc>) -> bool {
    let close = position.instrument.contract().and_then(|contract| pm_expiration_close(contract.expiration));
    close.is_some_and(|close| close <= now)
}

impl KeptByUser {
    async fn all(&self) -> Result<Vec<KeptAccount>, PortError> {
        self.ports.kept.kept_accounts(&self.user).await.map_err(|error| unreadable(&error))
    }

    async fn one(&self, account: &str) -> Result<KeptAccount, PortError> {
        let found = self.all().await?.into_iter().find(|kept| kept.account == account);
        found.ok_or_else(|| PortError::Invalid {
            provider: NAME.to_owned(),
            detail: format!("there is no account {account} any more"),
        })
    }

    /// The market's time for an account.
    async fn now(&self, account: &KeptAccount) -> DateTime<Utc> {
        let symbols: Vec<Symbol> =
            account.positions.iter().filter_map(|position| underlying(&position.instrument)).collect();
        market_now_by(&self.ports, &symbols).await
    }

    /// The positions that have not expired.
    async fn held(&self, account: &KeptAccount) -> Vec<BrokerPosition> {
        let now = self.now(account).await;
        let held = account.positions.iter().filter(|position| !has_expired(position, now));
        let row = |position: &KeptPosition| BrokerPosition {
            symbol: position.instrument.to_string(),
            kind: position.instrument.contract().map_or("Equity", |_| "Equity Option").to_owned(),
            instrument: Some(position.instrument.clone()),
            quantity: position.quantity,
            average_open_price: position.price,
            mark: None,
            multiplier: position.instrument.multiplier(),
            day_base: None,
            updated_at: Some(account.changed_at),
        };
        held.map(row).collect()
    }
}

/// Dollars that short puts ask for in cash.
fn secured(held: &[BrokerPosition]) -> Decimal {
    let of = |position: &BrokerPosition| match &position.instrument {
        Some(Instrument::Option(contract)) if contract.right == OptionRight::Put => {
            (-position.quantity).max(Decimal::ZERO) * position.multiplier * contract.strike
        }
        _ => Decimal::ZERO,
    };
    held.iter().map(of).sum()
}

/// A position as what opened it; none where nobody knows when that was.
fn opening(position: &KeptPosition) -> Option<BrokerTransaction> {
    let symbol = position.instrument.to_string();
    let worth = position.quantity * position.price * position.instrument.multiplier();
    Some(BrokerTransaction {
        id: format!("{KEPT_PREFIX}{symbol}"),
        kind: "trade".to_owned(),
        detail: String::new(),
        instrument: Some(position.instrument.clone()),
        asset: (Some(symbol), None),
        quantity: Some(position.quantity),
        price: Some(position.price),
        net_amount: -worth,
        executed_at: position.opened?.and_time(NaiveTime::MIN).and_utc(),
        order_id: None,
        settles_on: None,
    })
}

#[async_trait]
impl Broker for KeptByUser {
    fn name(&self) -> &str {
        NAME
    }

    fn is_paper(&self) -> bool {
        false
    }

    async fn kept_by_hand(&self, account: &str) -> Result<Option<KeptByHand>, PortError> {
        let account = self.one(account).await?;
        let now = self.now(&account).await;
        let expired = account.positions.into_iter().filter(|position| has_expired(position, now)).collect();
        Ok(Some(KeptByHand { changed_at: account.changed_at, expired }))
    }

    async fn accounts(&self) -> Result<Vec<BrokerAccount>, PortError> {
        let account = |kept: KeptAccount| BrokerAccount {
            id: kept.account,
            name: String::new(),
            margin: false,
            paper: false,
        };
        Ok(self.all().await?.into_iter().map(account).collect())
    }

    async fn balances(&self, account: &str) -> Result<AccountBalances, PortError> {
        let kept = self.one(account).await?;
        let Some(cash) = kept.cash else {
            return Err(PortError::NoData {
                provider: "what you keep by hand".to_owned(),
                what: "cash".to_owned(),
                symbol: account.to_owned(),
                detail: format!("state it with `ttai portfolio cash 25000 {}`", named(&self.user, account)),
            });
        };
        let free = (cash - secured(&self.held(&kept).await)).max(Decimal::ZERO);
        Ok(AccountBalances {
            cash,
            net_liquidation: None,
            option_buying_power: free,
            stock_buying_power: free,
            maintenance_requirement: None,
            as_of: self.now(&kept).await,
        })
    }

    async fn positions(&self, account: &str) -> Result<Vec<BrokerPosition>, PortError> {
        Ok(self.held(&self.one(account).await?).await)
    }

    async fn preview(&self, _: &OrderIntent) -> Result<OrderPreview, PortError> {
        Err(never_traded())
    }

    async fn submit(&self, _: &OrderIntent) -> Result<BrokerOrder, PortError> {
        Err(never_traded())
    }

    async fn order_by_client_id(&self, _: &str, _: &str) -> Result<Option<BrokerOrder>, PortError> {
        Err(never_traded())
    }

    async fn cancel(&self, _: &str, _: &str) -> Result<(), PortError> {
        Err(never_traded())
    }

    async fn replace(&self, _: &str, _: &OrderIntent) -> Result<BrokerOrder, PortError> {
        Err(never_traded())
    }

    async fn order_updates(&self, _: &str) -> Result<Box<dyn OrderUpdates>, PortError> {
        Err(never_traded())
    }

    async fn orders(&self, _: &str, _: DateTime<Utc>) -> Result<Vec<BrokerOrder>, PortError> {
        Ok(Vec::new())
    }

    async fn transactions(
        &self,
        account: &str,
        since: DateTime<Utc>,
    ) -> Result<Vec<BrokerTransaction>, PortError> {
        let kept = self.one(account).await?;
        let opened = kept.positions.iter().filter_map(opening).filter(|row| row.executed_at >= since);
        let mut rows: Vec<BrokerTransaction> = opened.collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.executed_at));
        Ok(rows)
    }
}

/// An account that is kept by hand, as a reader of it has to know it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SeenByHand {
    /// When the user last changed it.
    pub(crate) changed_at: DateTime<Utc>,
    pub(crate) expired: Vec<ExpiredPosition>,
}

impl SeenByHand {
    /// `kept by hand, changed 2026-11-30`.
    pub(crate) fn words(&self) -> String {
        format!("kept by hand, changed {}", self.changed_at.with_timezone(&NEW_YORK).format("%Y-%m-%d"))
    }
}

/// An option that has expired and that the user has not removed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ExpiredPosition {
    contract: OccSymbol,
    /// What probably became of it, and what to do.
    pub(crate) sentence: String,
}

impl ExpiredPosition {
    /// Names it, the same in every look.
    pub(super) fn key(&self) -> String {
        format!("expired/{}", self.contract)
    }

    /// Asks the user what became of it.
    pub(super) fn alert(&self, now: DateTime<Utc>) -> PortfolioAlert {
        PortfolioAlert {
            key: self.key(),
            kind: RuleKind::ExpiryDay,
            symbol: Some(self.contract.underlying()),
            severity: Severity::Warning,
            message: self.sentence.clone(),
            value: None,
            threshold: 0.0,
            timestamp: now,
            cleared: false,
        }
    }
}

/// What is to be said of an account that is kept by hand; none of a broker's.
pub(super) async fn seen(
    ports: &Ports,
    broker: &Arc<dyn Broker>,
    (user, account): (&str, &str),
    now: DateTime<Utc>,
) -> Result<Option<SeenByHand>, AnalystError> {
    let Some(KeptByHand { changed_at, expired: over }) = broker.kept_by_hand(account).await? else {
        return Ok(None);
    };
    let mut expired = Vec::new();
    for position in over {
        let Instrument::Option(contract) = &position.instrument else { continue };
        let Ok(last) = last_trade_date(contract.expiration, SettlementTime::Pm) else { continue };
        let close = closing_price(ports, &contract.underlying(), last, now).await;
        let sentence = sentence(contract, position.quantity, (last, close), &named(user, account));
        expired.push(ExpiredPosition { contract: contract.clone(), sentence });
    }
    Ok(Some(SeenByHand { changed_at, expired }))
}

/// Dollars of a share at the close of a day, as they were then; none where the market does not say.
async fn closing_price(
    ports: &Ports,
    symbol: &Symbol,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Option<Decimal> {
    let history = ports.market.daily_history(symbol, now).await.ok()?;
    let finished = history.bars.iter().find(|bar| bar.date == day).map(|bar| bar.close);
    let of_today = || {
        let today = history.today.as_ref().filter(|_| new_york_date(now) == day)?;
        Some(today.close)
    };
    Decimal::from_f64(finished.or_else(of_today)?).map(|close| close.round_dp(2))
}

/// With how the commands name the account: `-3 AAPL Dec 18 200 put expired on 2026-12-18 with AAPL at 191.2: probably assigned, …`.
fn sentence(
    contract: &OccSymbol,
    quantity: Decimal,
    (day, close): (NaiveDate, Option<Decimal>),
    account: &str,
) -> String {
    let underlying = contract.underlying();
    let name = format!(
        "{} {underlying} {} {} {}",
        quantity.normalize(),
        contract.expiration.format("%b %-d"),
        contract.strike.normalize(),
        contract.right
    );
    let at = close.map(|close| format!(" with {underlying} at {}", close.normalize())).unwrap_or_default();
    let remove = format!("`ttai portfolio remove '{contract}' {account}`");
    format!(
        "{name} expired on {day}{at}: {}. It no longer counts; confirm with {remove}",
        became(contract, quantity, close)
    )
}

fn became(contract: &OccSymbol, quantity: Decimal, close: Option<Decimal>) -> String {
    let Some(close) = close else {
        return "the closing price is not known, so look at what your broker booked".to_owned();
    };
    if intrinsic(contract.right, close, contract.strike) <= Decimal::ZERO {
        return "probably worthless".to_owned();
    }
    if UnderlyingClass::of_ticker(contract.root.as_str()).is_index() {
        return "probably settled in cash".to_owned();
    }
    let is_short = quantity < Decimal::ZERO;
    let how = if is_short { "assigned" } else { "exercised" };
    let is_bought = is_short == (contract.right == OptionRight::Put);
    let way = if is_bought { "bought" } else { "sold" };
    let (shares, strike) = (quantity.abs() * CONTRACT, contract.strike.normalize());
    format!(
        "probably {how}, {} shares {way} at {strike}; enter the shares that you hold now",
        shares.normalize()
    )
}
