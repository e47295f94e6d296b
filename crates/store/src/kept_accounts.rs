//! Accounts that people keep by hand: the positions of each in one row.

use async_trait::async_trait;
use rust_decimal::Decimal;
use ttai_ports::{
    KeptAccount, KeptAccounts, KeptChange, KeptPosition, MAX_KEPT_POSITIONS, StoreError, is_kept_account,
};

use crate::Database;
use crate::alerts::show_sets_again;
use crate::checks::{check_count, check_named, check_text, stored_json};
use crate::statement::{Bind, Statement, count, instant, read_json, row, sql};

/// Longest words of a position, in bytes.
const LONGEST_NOTE: usize = 1_000;
/// Positions of an account as JSON, in bytes.
const LONGEST_JSON: usize = 4 * 1024 * 1024;

const CREATE: &str = "INSERT INTO kept_accounts (user_id, account, cash, positions, revision, changed_at) \
     VALUES ($1, $2, NULL, '[]', 0, {now}) ON CONFLICT (user_id, account) DO NOTHING";
const WRITE: &str = "UPDATE kept_accounts SET cash = $3, positions = $4, revision = revision + 1, changed_at = {now} \
     WHERE user_id = $1 AND account = $2";
const DELETE: &str = "DELETE FROM kept_accounts WHERE user_id = $1 AND account = $2";
/// What the watch over the account has left of it.
const DELETE_SEEN: [&str; 3] = [
    "DELETE FROM positions WHERE user_id = $1 AND account = $2",
    "DELETE FROM balances WHERE user_id = $1 AND account = $2",
    "DELETE FROM portfolio_watches WHERE user_id = $1 AND account = $2",
];
const EVERYBODYS: &str = "SELECT user_id, account FROM kept_accounts ORDER BY user_id, account";

row! {
    struct Kept {
        account: String,
        cash: Option<String>,
        positions: String,
        revision: i64,
        changed_at: i64,
    }
}

impl Kept {
    fn into_account(self) -> Result<KeptAccount, StoreError> {
        let cash = self.cash.map(|text| {
            text.parse::<Decimal>().map_err(|_| StoreError::Corrupt(format!("cash is {text:?}, no decimal")))
        });
        Ok(KeptAccount {
            cash: cash.transpose()?,
            positions: read_json("the positions of an account kept by hand", &self.positions)?,
            revision: count("revision", self.revision)?,
            changed_at: instant("changed_at", self.changed_at)?,
            account: self.account,
        })
    }
}

fn read<'a>(user_id: &'a str, account: &'a str, lock: &str) -> Statement<'a> {
    let text =
        format!("SELECT {} FROM kept_accounts WHERE user_id = $1 AND account = $2{lock}", Kept::COLUMNS);
    sql(text).bind(user_id).bind(account)
}

fn check(user_id: &str, account: &str) -> Result<(), StoreError> {
    check_named("the account's user", user_id)?;
    check_named("the account", account)?;
    if is_kept_account(account) {
        return Ok(());
    }
    Err(StoreError::Invalid(format!("{account} is no account kept by hand")))
}

/// The positions after a change, as text.
fn changed(before: &[KeptPosition], change: &KeptChange) -> Result<String, StoreError> {
    let after = change.applied(before);
    check_count("positions", after.len(), MAX_KEPT_POSITIONS)?;
    for position in &change.put {
        check_text("the note", &position.note, LONGEST_NOTE)?;
    }
    stored_json("the positions", &after, LONGEST_JSON)
}

#[async_trait]
impl KeptAccounts for Database {
    async fn change_kept_accounts(
        &self,
        user_id: &str,
        changes: &[KeptChange],
    ) -> Result<Vec<KeptAccount>, StoreError> {
        changes.iter().try_for_each(|change| check(user_id, &change.account))?;
        let call = async {
            let mut work = self.begin().await?;
            let mut accounts = Vec::new();
            for change in changes {
                if change.creates() {
                    work.execute(sql(CREATE).bind(user_id).bind(&change.account)).await?;
                }
                let before: Option<Kept> =
                    work.first(read(user_id, &change.account, " {for update}")).await?;
                let before = match before.map(Kept::into_account).transpose() {
                    Ok(Some(before)) => before,
                    Ok(None) => continue,
                    Err(error) => return Ok(Err(error)),
                };
                let positions = match changed(&before.positions, change) {
                    Ok(positions) => positions,
                    Err(error) => return Ok(Err(error)),
                };
                let cash = change.cash.unwrap_or(before.cash);
                let is_same = change.applied(&before.positions) == before.positions && cash == before.cash;
                if is_same && before.revision > 0 {
                    accounts.push(Ok(before));
                    continue;
                }
                let cash = Bind::Text(cash.map(|cash| cash.to_string().into()));
                work.execute(sql(WRITE).bind(user_id).bind(&change.account).bind(cash).bind(positions))
                    .await?;
                let after: Option<Kept> = work.first(read(user_id, &change.account, "")).await?;
                accounts.extend(after.map(Kept::into_account));
            }
            work.commit().await?;
            Ok(accounts.into_iter().collect())
        };
        self.within("changing accounts kept by hand", call).await?
    }

    async fn delete_kept_account(&self, user_id: &str, account: &str) -> Result<bool, StoreError> {
        check(user_id, account)?;
        let call = async {
            let mut work = self.begin().await?;
            let is_gone = work.execute(sql(DELETE).bind(user_id).bind(account)).await? > 0;
            if is_gone {
                for seen in DELETE_SEEN {
                    work.execute(sql(seen).bind(user_id).bind(account)).await?;
                }
                show_sets_again(&mut work, user_id).await?;
            }
            work.commit().await?;
            Ok(is_gone)
        };
        self.within("deleting an account kept by hand", call).await
    }

    async fn kept_accounts(&self, user_id: &str) -> Result<Vec<KeptAccount>, StoreError> {
        check_named("the accounts' user", user_id)?;
        let text = format!("SELECT {} FROM kept_accounts WHERE user_id = $1 ORDER BY account", Kept::COLUMNS);
        let found: Vec<Kept> = self.all("reading accounts kept by hand", sql(text).bind(user_id)).await?;
        found.into_iter().map(Kept::into_account).collect()
    }

    async fn everybodys_kept_accounts(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.all("listing accounts kept by hand", sql(EVERYBODYS)).await
    }
}
