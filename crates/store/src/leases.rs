//! Leases: one row a name, whose number rises with each new holder.

use std::time::Duration;

use async_trait::async_trait;
use ttai_ports::{LeaseGrant, LeaseRecord, Leases, MAX_CHECKPOINT_BYTES, StoreError};

use crate::Database;
use crate::checks::{check_id, check_named};
use crate::statement::{Bind, Statement, count, instant, row, sql};

/// One holder's time is bounded, so that a mistake does not lock a name for good.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// A lease that is still its holder's keeps its number.
const ACQUIRE: &str = "INSERT INTO leases (name, holder, number, expires_at) VALUES ($1, $2, 1, {now} + $3) \
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at, \
     number = leases.number + CASE WHEN leases.holder = excluded.holder AND leases.expires_at > {now} THEN 0 ELSE 1 END \
     WHERE leases.holder IS NULL OR leases.holder = excluded.holder OR leases.expires_at <= {now} \
     RETURNING name, holder, number, expires_at";
const RENEW: &str = "UPDATE leases SET expires_at = {now} + $4 WHERE name = $1 AND holder = $2 AND number = $3 \
     RETURNING name, holder, number, expires_at";
const RELEASE: &str = "UPDATE leases SET holder = NULL, expires_at = {now} \
     WHERE name = $1 AND holder = $2 AND number = $3";
const READ: &str = "SELECT name, holder, number, expires_at, \
     cast(CASE WHEN holder IS NULL OR expires_at <= {now} THEN 1 ELSE 0 END AS BIGINT) AS is_free \
     FROM leases WHERE name = $1";
/// Locks the row, so that nobody takes the lease before the caller's work is done.
const HELD: &str = "SELECT number FROM leases WHERE name = $1 AND holder = $2 AND number = $3 {for update}";
/// A holder's checkpoint never replaces one of a later holder.
const SAVE: &str = "INSERT INTO checkpoints (name, number, state, saved_at) \
     SELECT l.name, l.number, $4, {now} FROM leases l WHERE l.name = $1 AND l.holder = $2 AND l.number = $3 \
     ON CONFLICT (name) DO UPDATE SET number = excluded.number, state = excluded.state, saved_at = excluded.saved_at \
     WHERE checkpoints.number <= excluded.number";
const CHECKPOINT: &str = "SELECT state FROM checkpoints WHERE name = $1";

row! {
    struct Granted {
        name: String,
        holder: String,
        number: i64,
        expires_at: i64,
    }
}

impl Granted {
    fn into_grant(self) -> Result<LeaseGrant, StoreError> {
        Ok(LeaseGrant {
            number: count("number", self.number)?,
            expires_at: instant("expires_at", self.expires_at)?,
            name: self.name,
            holder: self.holder,
        })
    }
}

row! {
    struct Stored {
        name: String,
        holder: Option<String>,
        number: i64,
        expires_at: i64,
        is_free: i64,
    }
}

impl Stored {
    fn into_record(self) -> Result<LeaseRecord, StoreError> {
        Ok(LeaseRecord {
            number: count("number", self.number)?,
            expires_at: instant("expires_at", self.expires_at)?,
            is_free: self.is_free != 0,
            name: self.name,
            holder: self.holder,
        })
    }
}

fn of<'a>(text: &'static str, grant: &'a LeaseGrant) -> Statement<'a> {
    sql(text).bind(&grant.name).bind(&grant.holder).bind(grant.number)
}

/// Answers a row where the lease has not been taken over, and keeps it so until the work ends.
pub(crate) fn held(grant: &LeaseGrant) -> Statement<'_> {
    of(HELD, grant)
}

/// Microseconds of a span.
pub(crate) fn micros(span: Duration) -> Bind<'static> {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX).into()
}

fn check(name: &str, holder: &str, span: Duration) -> Result<(), StoreError> {
    check_named("the lease's name", name)?;
    check_named("the lease's holder", holder)?;
    if span > LONGEST {
        return Err(StoreError::Invalid(format!("a lease of {} s is longer than a day", span.as_secs())));
    }
    Ok(())
}

#[async_trait]
impl Leases for Database {
    async fn acquire_lease(
        &self,
        name: &str,
        holder: &str,
        span: Duration,
    ) -> Result<Option<LeaseGrant>, StoreError> {
        check(name, holder, span)?;
        let acquire = sql(ACQUIRE).bind(name).bind(holder).bind(micros(span));
        self.returned::<Granted>("acquiring the lease", acquire).await?.map(Granted::into_grant).transpose()
    }

    async fn renew_lease(
        &self,
        grant: &LeaseGrant,
        span: Duration,
    ) -> Result<Option<LeaseGrant>, StoreError> {
        check(&grant.name, &grant.holder, span)?;
        let renew = of(RENEW, grant).bind(micros(span));
        self.returned::<Granted>("renewing the lease", renew).await?.map(Granted::into_grant).transpose()
    }

    async fn release_lease(&self, grant: &LeaseGrant) -> Result<bool, StoreError> {
        check(&grant.name, &grant.holder, Duration::ZERO)?;
        Ok(self.execute("releasing the lease", of(RELEASE, grant)).await? > 0)
    }

    async fn save_checkpoint(&self, grant: &LeaseGrant, state: &str) -> Result<bool, StoreError> {
        check(&grant.name, &grant.holder, Duration::ZERO)?;
        if state.len() > MAX_CHECKPOINT_BYTES {
            return Err(StoreError::Invalid(format!(
                "the checkpoint of {} has {} bytes, {MAX_CHECKPOINT_BYTES} are allowed",
                grant.name,
                state.len()
            )));
        }
        Ok(self.execute("saving the checkpoint", of(SAVE, grant).bind(state)).await? > 0)
    }

    async fn checkpoint(&self, name: &str) -> Result<Option<String>, StoreError> {
        check_id("the lease's name", name)?;
        let found = self.first::<(String,)>("reading the checkpoint", sql(CHECKPOINT).bind(name)).await?;
        Ok(found.map(|(state,)| state))
    }

    async fn lease(&self, name: &str) -> Result<Option<LeaseRecord>, StoreError> {
        check_id("the lease's name", name)?;
        let found = self.first::<Stored>("reading the lease", sql(READ).bind(name)).await?;
        found.map(Stored::into_record).transpose()
    }
}
