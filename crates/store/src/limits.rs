//! Rate limits of provider accounts, shared by all processes that use the store.
//!
//! A process takes turns from an account's row in blocks (`lease`), so that most calls write nothing. The database's clock
//! counts. A pause is seen at once in its own process and within [`LOOK`] in every other: before a turn is used the row is
//! read where it was not read for that long. Where the store is away nobody waits for it: each process then calls at a
//! quarter of the rate, which up to four processes can do together.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::OwnedMutexGuard;
use ttai_ports::{AccountLimits, PortError, RateLimit, StoreError};

use crate::deadline::within;
use crate::lease::{Pace, TurnBlock};
use crate::statement::sql;
use crate::{Database, StoreOptions, StoreUrl};

/// Whoever would wait longer than this is told to come back instead.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const MINUTE_MICROS: i64 = 60_000_000;
/// A day is the longest pause that is taken from a provider; with some slack for clocks that differ.
const LONGEST_PAUSE_MICROS: i64 = 25 * 60 * MINUTE_MICROS;
/// How old what is known of pauses may be when a turn is used.
const LOOK: Duration = Duration::from_secs(1);
/// A store that does not answer by then is away.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a store that was away is not asked.
const ALONE: Duration = Duration::from_secs(5);
/// The processes that may share an account while the store is away.
const SHARERS: i64 = 4;

/// Opens the shared limits of a store, migrating it where needed.
///
/// # Errors
/// Those of [`Database::open`].
pub async fn open_limits(url: &StoreUrl) -> Result<Arc<dyn AccountLimits>, StoreError> {
    let options = StoreOptions { max_connections: 2, ..StoreOptions::default() };
    Ok(limits(Arc::new(Database::open_with(url, options).await?)))
}

/// The shared limits of an open database.
pub fn limits(database: Arc<Database>) -> Arc<dyn AccountLimits> {
    Arc::new(StoreLimits { database, began: Instant::now(), accounts: Mutex::default() })
}

/// What the row of an account answered; spans in microseconds.
enum Answer {
    /// Turns, the first of which may be used at once or comes later; counted from when the row was read.
    Turns { block: TurnBlock, at_once: bool },
    /// No turn before this span is over.
    Wait(i64),
}

impl Database {
    /// Takes turns for `waiting` callers from the account's row.
    async fn lease(&self, account: &str, pace: Pace, waiting: i64) -> Result<Answer, StoreError> {
        let call = async {
            let mut work = self.begin().await?;
            let enter = "INSERT INTO account_limits (account, free_at, paused_until) VALUES ($1, 0, 0) \
                 ON CONFLICT DO NOTHING";
            work.execute(sql(enter).bind(account)).await?;
            let look =
                "SELECT free_at, paused_until, {now} FROM account_limits WHERE account = $1 {for update}";
            let asked = Instant::now();
            let (free_at, paused_until, now): (i64, i64, i64) = work.one(sql(look).bind(account)).await?;
            let used = mended(account, free_at - now, pace.furthest(), pace.burst_micros());
            let paused = mended(account, paused_until - now, LONGEST_PAUSE_MICROS, 0);
            let taken = if paused > 0 { Err(paused) } else { pace.take(used, waiting) };
            let (turns, answer) = match taken {
                Ok(turns) => (turns, None),
                Err(wait) => (0, Some(Answer::Wait(wait))),
            };
            let end = used.max(0) + turns * pace.call;
            if turns > 0 || used < free_at - now || paused < paused_until - now {
                let take = "UPDATE account_limits SET free_at = $2, paused_until = $3 WHERE account = $1";
                work.execute(sql(take).bind(account).bind(now + end).bind(now + paused)).await?;
            }
            work.commit().await?;
            let at_once = end - (turns - 1) * pace.call <= pace.burst_micros();
            let block = TurnBlock { end, left: turns, lag: micros(asked.elapsed()) };
            Ok(answer.unwrap_or(Answer::Turns { block, at_once }))
        };
        self.within("asking for the rate limit", call).await
    }

    /// How many microseconds an account is still paused.
    async fn paused(&self, account: &str) -> Result<i64, StoreError> {
        let look = "SELECT paused_until, {now} FROM account_limits WHERE account = $1";
        let found: Option<(i64, i64)> =
            self.first("asking for the rate limit", sql(look).bind(account)).await?;
        Ok(found.map_or(0, |(until, now)| mended(account, until - now, LONGEST_PAUSE_MICROS, 0)))
    }

    async fn pause(&self, account: &str, span: i64) -> Result<(), StoreError> {
        // The pause is a span, because the caller's clock is another one.
        let pause = "INSERT INTO account_limits AS held (account, free_at, paused_until) VALUES ($1, 0, {now} + $2) \
             ON CONFLICT (account) DO UPDATE SET paused_until = excluded.paused_until \
             WHERE held.paused_until < excluded.paused_until";
        self.execute("noting the pause", sql(pause).bind(account).bind(span)).await.map(drop)
    }
}

/// A span ahead of now that a present clock and rate can have made, or else `fallback`. A clock that was wrong for a while,
/// or a rate that was another, must not close an account for years.
fn mended(account: &str, span: i64, most: i64, fallback: i64) -> i64 {
    if span <= most {
        return span;
    }
    tracing::warn!(
        account,
        "its rate limit was recorded by another clock or at another rate; it starts afresh"
    );
    fallback
}

/// The limits of all accounts.
struct StoreLimits {
    database: Arc<Database>,
    /// The origin of this process's microseconds.
    began: Instant,
    accounts: Mutex<HashMap<String, Arc<Account>>>,
}

/// An account as this process knows it; instants are microseconds since the process began with it.
#[derive(Default)]
struct Account {
    name: String,
    /// Callers that have no turn yet.
    waiting: AtomicI64,
    paused_until: AtomicI64,
    /// Callers queue for it in order, and one of them at a time asks the store.
    held: Arc<tokio::sync::Mutex<Held>>,
}

#[derive(Default)]
struct Held {
    pace: Option<Pace>,
    block: TurnBlock,
    /// Pauses before this instant are known.
    known_until: i64,
    /// The store is not asked before this instant.
    alone_until: i64,
    /// The account's own limit while the store is away.
    alone_free_at: i64,
}

/// One more caller, until it has its turn or gives up.
struct Waiting<'a>(&'a AtomicI64);

impl<'a> Waiting<'a> {
    fn among(count: &'a AtomicI64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Account {
    fn pause(&self, until: i64) {
        self.paused_until.fetch_max(until, Ordering::Relaxed);
    }
}

impl StoreLimits {
    fn account(&self, name: &str) -> Arc<Account> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let account = || Arc::new(Account { name: name.to_owned(), ..Account::default() });
        Arc::clone(accounts.entry(name.to_owned()).or_insert_with(account))
    }

    fn now(&self) -> i64 {
        micros(self.began.elapsed())
    }

    /// Waits for a turn, or says how far away it is. What is awaited here takes nothing when it is dropped.
    async fn turn(&self, account: &Arc<Account>, pace: Pace) -> Result<(), PortError> {
        let _waiting = Waiting::among(&account.waiting);
        let mut held = Arc::clone(&account.held).lock_owned().await;
        if held.pace != Some(pace) {
            *held = Held { pace: Some(pace), ..Held::default() };
        }
        loop {
            let now = self.now();
            let paused = account.paused_until.load(Ordering::Relaxed) - now;
            let wait = if paused > 0 {
                Some(paused)
            } else if now < held.alone_until {
                held.alone(pace, now)
            } else {
                match held.block.next(pace, now) {
                    Some(0) if now < held.known_until => held.use_one(),
                    Some(0) => {
                        self.look(account, &mut held).await;
                        continue;
                    }
                    None => {
                        let (back, wait) = self.refill(account, held, pace).await?;
                        held = back;
                        wait
                    }
                    later => later,
                }
            };
            let Some(wait) = wait else { return Ok(()) };
            let wait = span(wait);
            if wait > LONGEST_WAIT {
                return Err(too_long(&account.name, wait));
            }
            // A millisecond more than nothing: another process may have been first.
            tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
        }
    }

    /// Reads whether another process was told to pause.
    async fn look(&self, account: &Account, held: &mut Held) {
        let now = self.now();
        match within(PATIENCE, "asking for the rate limit", self.database.paused(&account.name)).await {
            Ok(span) => {
                account.pause(now + span);
                held.known_until = now + micros(LOOK);
            }
            Err(error) => held.go_alone(&account.name, now, &error),
        }
    }

    /// Takes turns from the store, in a task of its own: a caller that gives up leaves them to the next one. None where a
    /// turn is the caller's, or how long to wait.
    async fn refill(
        &self,
        account: &Arc<Account>,
        mut held: OwnedMutexGuard<Held>,
        pace: Pace,
    ) -> Result<(OwnedMutexGuard<Held>, Option<i64>), PortError> {
        let (database, account, began) = (Arc::clone(&self.database), Arc::clone(account), self.began);
        let (name, known) = (account.name.clone(), Arc::clone(&account));
        let asking = async move {
            let waiting = account.waiting.load(Ordering::Relaxed);
            let asked = micros(began.elapsed());
            let lease = database.lease(&account.name, pace, waiting);
            let (wait, at_once) = match within(PATIENCE, "asking for the rate limit", lease).await {
                Ok(Answer::Turns { block, at_once }) => {
                    // The row was read after `asked` and the lag ago.
                    let read = micros(began.elapsed()) - block.lag;
                    held.block = TurnBlock { end: read + block.end, ..block };
                    held.known_until = asked + micros(LOOK);
                    (Some(0), at_once)
                }
                Ok(Answer::Wait(wait)) => (Some(wait), false),
                Err(error) => {
                    held.go_alone(&account.name, asked, &error);
                    (Some(0), false)
                }
            };
            (held, wait, at_once)
        };
        let (mut held, wait, at_once) =
            tokio::spawn(asking).await.map_err(|error| PortError::Unavailable {
                provider: name,
                detail: format!("asking for the rate limit was interrupted: {error}"),
                retry_after: None,
            })?;
        let paused = known.paused_until.load(Ordering::Relaxed) > self.now();
        let wait = if at_once && !paused { held.use_one() } else { wait };
        Ok((held, wait))
    }
}

impl Held {
    /// Uses a turn: nothing is left to wait for.
    fn use_one(&mut self) -> Option<i64> {
        self.block.left -= 1;
        None
    }

    /// The store is away: for a while it is not asked.
    fn go_alone(&mut self, account: &str, now: i64, error: &StoreError) {
        self.alone_until = now + micros(ALONE);
        tracing::warn!(account, "its rate limit is not shared while the store is away: {error}");
    }

    /// A turn of this process alone, or how long to wait for one.
    fn alone(&mut self, pace: Pace, now: i64) -> Option<i64> {
        if self.alone_free_at > now {
            return Some(self.alone_free_at - now);
        }
        self.alone_free_at = now + pace.call * SHARERS;
        None
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

fn span(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

fn too_long(account: &str, left: Duration) -> PortError {
    PortError::Unavailable {
        provider: account.to_owned(),
        detail: format!("its rate limit is used up for another {} s", left.as_secs().max(1)),
        retry_after: Some(left),
    }
}

#[async_trait]
impl AccountLimits for StoreLimits {
    async fn acquire(&self, account: &str, rate: RateLimit) -> Result<(), PortError> {
        let pace = Pace {
            call: (MINUTE_MICROS / i64::from(rate.per_minute.max(1))).max(1),
            burst: i64::from(rate.burst.max(1)),
        };
        let entry = self.account(account);
        tokio::time::timeout(LONGEST_WAIT, self.turn(&entry, pace))
            .await
            .map_err(|_| too_long(account, LONGEST_WAIT))?
    }

    async fn pause(&self, account: &str, until: DateTime<Utc>) {
        let span = until.signed_duration_since(Utc::now()).num_microseconds().unwrap_or(i64::MAX).max(0);
        let span = mended(account, span, LONGEST_PAUSE_MICROS, 0);
        self.account(account).pause(self.now() + span);
        let noted = self.database.pause(account, span).await;
        if let Err(error) = noted {
            // The next call is told to stop by the provider itself.
            tracing::warn!(account, "a pause could not be noted for the other processes: {error}");
        }
    }
}
