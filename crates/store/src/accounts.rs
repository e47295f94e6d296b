//! Accounts: positions and balances as they were last seen, and what the watches over them remember.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use ttai_ports::{Accounts, PositionStatus, StoreError, StoredBalances, StoredPosition, StoredWatch};

use crate::Database;
use crate::alerts::show_sets_again;
use crate::checks::{check_id, check_limit, json_text, storable_instant};
use crate::statement::{Statement, instant, row, sql};

/// Most positions of one account.
const MOST_POSITIONS: usize = 10_000;

/// A position that was closed and is there again is a new one.
const UPSERT: &str = "INSERT INTO positions (user_id, account, symbol, kind, quantity, average_open_price, mark, status, \
     opened_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9) \
     ON CONFLICT (user_id, account, symbol) DO UPDATE SET kind = excluded.kind, quantity = excluded.quantity, \
     average_open_price = excluded.average_open_price, mark = excluded.mark, status = 'open', \
     opened_at = CASE WHEN positions.status = 'open' THEN positions.opened_at ELSE excluded.opened_at END, \
     updated_at = excluded.updated_at WHERE positions.updated_at <= excluded.updated_at";

const CLOSE: &str = "UPDATE positions SET status = 'closed', updated_at = $3 \
     WHERE user_id = $1 AND account = $2 AND status = 'open' AND updated_at < $3";

/// What alerts over positions stand for.
const OPTIONS: &str = "SELECT symbol, quantity, average_open_price FROM positions \
     WHERE user_id = $1 AND account = $2 AND status = 'open' AND kind = 'option' ORDER BY symbol";

const ACCOUNTS_OF: &str = "SELECT account FROM positions WHERE user_id = $1 \
     UNION SELECT account FROM balances WHERE user_id = $1 ORDER BY account";
const USERS_WITH_OPEN: &str = "SELECT DISTINCT user_id FROM positions WHERE status = 'open' AND user_id > $1 \
     ORDER BY user_id LIMIT $2";
const USERS_WITH_ANY: &str =
    "SELECT DISTINCT user_id FROM positions WHERE user_id > $1 ORDER BY user_id LIMIT $2";

const SAVE_BALANCES: &str = "INSERT INTO balances (user_id, account, cash, net_liquidation, option_buying_power, \
     stock_buying_power, maintenance_requirement, as_of) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
     ON CONFLICT (user_id, account) DO UPDATE SET cash = excluded.cash, net_liquidation = excluded.net_liquidation, \
     option_buying_power = excluded.option_buying_power, stock_buying_power = excluded.stock_buying_power, \
     maintenance_requirement = excluded.maintenance_requirement, as_of = excluded.as_of \
     WHERE balances.as_of <= excluded.as_of";

const SAVE_WATCH: &str = "INSERT INTO portfolio_watches (user_id, account, checks, state) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (user_id, account) DO UPDATE SET checks = excluded.checks, state = excluded.state \
     WHERE portfolio_watches.checks <= excluded.checks";

row! {
    struct Held {
        symbol: String,
        kind: String,
        quantity: String,
        average_open_price: String,
        mark: Option<String>,
        status: String,
        opened_at: i64,
        updated_at: i64,
    }
}

row! {
    struct Balanced {
        cash: String,
        net_liquidation: String,
        option_buying_power: String,
        stock_buying_power: String,
        maintenance_requirement: Option<String>,
        as_of: i64,
    }
}

row! {
    struct Watched {
        checks: i64,
        state: String,
    }
}

fn decimal(column: &str, text: &str) -> Result<Decimal, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt(format!("{column} is {text:?}, no decimal")))
}

impl Held {
    fn into_row(self) -> Result<StoredPosition, StoreError> {
        Ok(StoredPosition {
            quantity: decimal("quantity", &self.quantity)?,
            average_open_price: decimal("average_open_price", &self.average_open_price)?,
            mark: self.mark.as_deref().map(|mark| decimal("mark", mark)).transpose()?,
            status: match self.status.as_str() {
                "open" => PositionStatus::Open,
                "closed" => PositionStatus::Closed,
                other => {
                    return Err(StoreError::Corrupt(format!("a position is {other:?}, not open or closed")));
                }
            },
            opened_at: instant("opened_at", self.opened_at)?,
            updated_at: instant("updated_at", self.updated_at)?,
            symbol: self.symbol,
            kind: self.kind,
        })
    }
}

impl Balanced {
    fn into_row(self) -> Result<StoredBalances, StoreError> {
        let requirement = self.maintenance_requirement.as_deref();
        Ok(StoredBalances {
            cash: decimal("cash", &self.cash)?,
            net_liquidation: decimal("net_liquidation", &self.net_liquidation)?,
            option_buying_power: decimal("option_buying_power", &self.option_buying_power)?,
            stock_buying_power: decimal("stock_buying_power", &self.stock_buying_power)?,
            maintenance_requirement: requirement
                .map(|amount| decimal("maintenance_requirement", amount))
                .transpose()?,
            as_of: instant("as_of", self.as_of)?,
        })
    }
}

fn check_owner(user_id: &str, account: &str) -> Result<(), StoreError> {
    check_id("user_id", user_id)?;
    check_id("account", account)
}

fn upsert<'a>(
    user_id: &'a str,
    account: &'a str,
    position: &'a StoredPosition,
    at: DateTime<Utc>,
) -> Result<Statement<'a>, StoreError> {
    check_id("symbol", &position.symbol)?;
    check_id("kind", &position.kind)?;
    let opened_at = storable_instant("opened_at", position.opened_at)?;
    let statement = sql(UPSERT)
        .bind(user_id)
        .bind(account)
        .bind(&position.symbol)
        .bind(&position.kind)
        .bind(position.quantity.to_string())
        .bind(position.average_open_price.to_string());
    let mark = position.mark.map(|mark| mark.to_string());
    Ok(bind_optional(statement, mark).bind(opened_at).bind(at))
}

fn bind_optional(statement: Statement<'_>, text: Option<String>) -> Statement<'_> {
    statement.bind(crate::statement::Bind::Text(text.map(Into::into)))
}

#[async_trait]
impl Accounts for Database {
    async fn sync_positions(
        &self,
        user_id: &str,
        account: &str,
        positions: &[StoredPosition],
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        check_owner(user_id, account)?;
        if positions.len() > MOST_POSITIONS {
            return Err(StoreError::Invalid(format!(
                "{} positions are more than {MOST_POSITIONS}",
                positions.len()
            )));
        }
        let at = storable_instant("at", at)?;
        let rows: Vec<Statement<'_>> = positions
            .iter()
            .map(|position| upsert(user_id, account, position, at))
            .collect::<Result<_, _>>()?;
        let options = || sql(OPTIONS).bind(user_id).bind(account);
        let call = async {
            let mut work = self.begin().await?;
            let before: Vec<(String, String, String)> = work.all(options()).await?;
            for row in rows {
                work.execute(row).await?;
            }
            work.execute(sql(CLOSE).bind(user_id).bind(account).bind(at)).await?;
            let after: Vec<(String, String, String)> = work.all(options()).await?;
            if after != before {
                show_sets_again(&mut work, user_id).await?;
            }
            work.commit().await
        };
        self.within("writing the account's positions", call).await
    }

    async fn open_positions(&self, user_id: &str) -> Result<Vec<StoredPosition>, StoreError> {
        check_id("user_id", user_id)?;
        let text = format!(
            "SELECT {} FROM positions WHERE user_id = $1 AND status = 'open' ORDER BY account, symbol",
            Held::COLUMNS
        );
        let found = self.all("reading the user's positions", sql(text).bind(user_id)).await?;
        found.into_iter().map(Held::into_row).collect()
    }

    async fn positions(&self, user_id: &str, account: &str) -> Result<Vec<StoredPosition>, StoreError> {
        check_owner(user_id, account)?;
        let text = format!(
            "SELECT {} FROM positions WHERE user_id = $1 AND account = $2 ORDER BY status DESC, symbol",
            Held::COLUMNS
        );
        let query = sql(text).bind(user_id).bind(account);
        let found = self.all("reading the account's positions", query).await?;
        found.into_iter().map(Held::into_row).collect()
    }

    async fn accounts_of(&self, user_id: &str) -> Result<Vec<String>, StoreError> {
        check_id("user_id", user_id)?;
        let found: Vec<(String,)> =
            self.all("reading the user's accounts", sql(ACCOUNTS_OF).bind(user_id)).await?;
        Ok(found.into_iter().map(|(account,)| account).collect())
    }

    async fn users_with_positions(
        &self,
        open_only: bool,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let text = if open_only { USERS_WITH_OPEN } else { USERS_WITH_ANY };
        let query = sql(text).bind(after.unwrap_or_default()).bind(check_limit(limit, 10_000)?);
        let found: Vec<(String,)> = self.all("reading the users with positions", query).await?;
        Ok(found.into_iter().map(|(user,)| user).collect())
    }

    async fn sync_balances(
        &self,
        user_id: &str,
        account: &str,
        balances: &StoredBalances,
    ) -> Result<(), StoreError> {
        check_owner(user_id, account)?;
        let statement = sql(SAVE_BALANCES)
            .bind(user_id)
            .bind(account)
            .bind(balances.cash.to_string())
            .bind(balances.net_liquidation.to_string())
            .bind(balances.option_buying_power.to_string())
            .bind(balances.stock_buying_power.to_string());
        let requirement = balances.maintenance_requirement.map(|amount| amount.to_string());
        let statement =
            bind_optional(statement, requirement).bind(storable_instant("as_of", balances.as_of)?);
        self.execute("writing the account's balances", statement).await.map(drop)
    }

    async fn balances(&self, user_id: &str, account: &str) -> Result<Option<StoredBalances>, StoreError> {
        check_owner(user_id, account)?;
        let text = format!("SELECT {} FROM balances WHERE user_id = $1 AND account = $2", Balanced::COLUMNS);
        let query = sql(text).bind(user_id).bind(account);
        let found = self.first::<Balanced>("reading the account's balances", query).await?;
        found.map(Balanced::into_row).transpose()
    }

    async fn save_watch(&self, user_id: &str, account: &str, watch: &StoredWatch) -> Result<(), StoreError> {
        check_owner(user_id, account)?;
        let checks = i64::try_from(watch.checks).map_err(|_| {
            StoreError::Invalid(format!("{} checks are more than a watch makes", watch.checks))
        })?;
        let state = json_text("the watch's state", &watch.state, self.options.max_bytes)?;
        let statement = sql(SAVE_WATCH).bind(user_id).bind(account).bind(checks).bind(state);
        self.execute("writing the watch's state", statement).await.map(drop)
    }

    async fn watch(&self, user_id: &str, account: &str) -> Result<Option<StoredWatch>, StoreError> {
        check_owner(user_id, account)?;
        let text =
            format!("SELECT {} FROM portfolio_watches WHERE user_id = $1 AND account = $2", Watched::COLUMNS);
        let query = sql(text).bind(user_id).bind(account);
        let Some(found) = self.first::<Watched>("reading the watch's state", query).await? else {
            return Ok(None);
        };
        let state: Value = serde_json::from_str(&found.state)
            .map_err(|error| StoreError::Corrupt(format!("the watch's state is no JSON: {error}")))?;
        Ok(Some(StoredWatch { checks: u64::try_from(found.checks).unwrap_or(0), state }))
    }
}
