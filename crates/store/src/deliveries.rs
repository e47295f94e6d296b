//! The delivery ledger. Who may send a delivery is decided by one update of its row; what is due has a `due_at`, what has
//! ended has none.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use ttai_ports::{
    Deliveries, DeliveryBacklog, DeliveryClaim, DeliveryFilter, DeliveryKey, DeliveryOutcome, DeliveryRecord,
    DeliveryState, MAX_SAVED_MESSAGES, MessageDelivery, NewDigest, SettledDelivery, StoreError,
};

use crate::Database;
use crate::alerts::ROWS;
use crate::checks::{
    check_count, check_id, check_limit, check_named, check_page, check_text, storable_instant,
};
use crate::leases::micros;
use crate::messages::{self, ReadyMessage, check_message_id};
use crate::statement::{Bind, Statement, count, instant, row, sql};

/// Its problem says why nobody needs it any more.
const SEEN: &str = "UPDATE deliveries SET state = 'given_up', due_at = NULL, held = 0, problem = 'acknowledged' \
     WHERE user_id = $1 AND message_id = $2 AND state IN ('queued', 'failed')";
const MAX_PROBLEM_BYTES: usize = 8 * 1024;
/// How much longer a message is worth sending where a person asks for it after its expiry.
const ANOTHER_DAY: TimeDelta = TimeDelta::hours(24);

const SELECT: &str = "SELECT d.message_id, d.channel, d.user_id, d.state, d.due_at, d.held, d.claim, d.claimed_by, \
     d.claimed_at, d.answers, d.may_have_arrived, d.problem, d.sent_at, d.receipt, d.digest_id, m.message, m.market, \
     m.created_at, m.expires_at FROM deliveries d JOIN messages m ON m.id = d.message_id";

/// `$1` is the caller's clock; a claim ends by the store's.
const IS_DUE: &str = "due_at <= CASE WHEN state = 'sending' THEN {now} ELSE $1 END";

const SENT: &str = "state = 'sent', due_at = NULL, held = 0, problem = NULL, sent_at = $4, receipt = $5";
const FAILED: &str = "state = 'failed', held = 0, answers = answers + 1, due_at = $4, problem = $5, \
     may_have_arrived = CASE WHEN $6 = 1 THEN 1 ELSE may_have_arrived END";
const GIVEN_UP: &str = "state = 'given_up', due_at = NULL, held = 0, problem = $4";
const RELEASED: &str = "state = 'queued', due_at = $4, held = $5";

const BACKLOG: &str = "SELECT cast(coalesce(sum(1 - d.held), 0) AS BIGINT) AS open, \
     cast(coalesce(sum(d.held), 0) AS BIGINT) AS held, min(CASE WHEN d.held = 0 THEN m.created_at END) AS oldest, \
     min(CASE WHEN d.held = 0 THEN d.due_at END) AS due \
     FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE d.due_at IS NOT NULL";

row! {
    struct Joined {
        message_id: String,
        channel: String,
        user_id: String,
        state: String,
        due_at: Option<i64>,
        held: i64,
        claim: i64,
        claimed_by: Option<String>,
        claimed_at: Option<i64>,
        answers: i64,
        may_have_arrived: i64,
        problem: Option<String>,
        sent_at: Option<i64>,
        receipt: Option<String>,
        digest_id: Option<String>,
        message: String,
        market: Option<String>,
        created_at: i64,
        expires_at: i64,
    }
}

impl Joined {
    fn into_delivery(self) -> Result<MessageDelivery, StoreError> {
        let at = |column: &str, micros: Option<i64>| micros.map(|micros| instant(column, micros)).transpose();
        let state = DeliveryState::from_name(&self.state).ok_or_else(|| {
            StoreError::Corrupt(format!("a delivery's state is {:?}, which is none", self.state))
        })?;
        let times = [self.created_at, self.expires_at];
        let (id, user_id) = (self.message_id.clone(), self.user_id.clone());
        let message = messages::record(id, user_id, &self.message, self.market, times)?;
        let delivery = DeliveryRecord {
            state,
            due_at: at("due_at", self.due_at)?,
            held: self.held != 0,
            claim: count("claim", self.claim)?,
            claimed_at: at("claimed_at", self.claimed_at)?,
            answers: u32::try_from(self.answers).unwrap_or(u32::MAX),
            may_have_arrived: self.may_have_arrived != 0,
            sent_at: at("sent_at", self.sent_at)?,
            key: DeliveryKey { message_id: self.message_id, channel: self.channel },
            user_id: self.user_id,
            claimed_by: self.claimed_by,
            problem: self.problem,
            receipt: self.receipt,
            digest_id: self.digest_id,
        };
        Ok(MessageDelivery { delivery, message })
    }
}

row! {
    struct Claimed {
        message_id: String,
        channel: String,
        claim: i64,
        may_have_arrived: i64,
    }
}

impl Claimed {
    fn into_claim(self) -> Result<DeliveryClaim, StoreError> {
        Ok(DeliveryClaim {
            number: count("claim", self.claim)?,
            may_have_arrived: self.may_have_arrived != 0,
            key: DeliveryKey { message_id: self.message_id, channel: self.channel },
        })
    }
}

row! {
    struct Backlog {
        open: i64,
        held: i64,
        oldest: Option<i64>,
        due: Option<i64>,
    }
}

/// Claims in one order, so that two claimants wait for each other and not in a circle.
fn claim<'a>(
    claimant: &'a str,
    keys: &'a [DeliveryKey],
    now: DateTime<Utc>,
    patience: Duration,
) -> Statement<'a> {
    let mut claim = sql(
        "UPDATE deliveries SET state = 'sending', claim = claim + 1, claimed_by = $2, claimed_at = {now}, \
         may_have_arrived = CASE WHEN state = 'sending' THEN 1 ELSE may_have_arrived END, due_at = {now} + $3 \
         WHERE (message_id, channel) IN (SELECT message_id, channel FROM deliveries WHERE (message_id, channel) IN (VALUES ",
    )
    .bind(now)
    .bind(claimant)
    .bind(micros(patience));
    claim.push_rows(keys.iter().map(|key| [Bind::from(&key.message_id), (&key.channel).into()]));
    claim.push_text(&format!(") AND {IS_DUE} ORDER BY message_id, channel {{for update}}) AND {IS_DUE}"));
    claim.push_text(&format!(" RETURNING {}", Claimed::COLUMNS));
    claim
}

/// What a claim came to, if it is still the last one.
fn settle(settled: &SettledDelivery) -> Result<Statement<'_>, StoreError> {
    let DeliveryClaim { key, number, .. } = &settled.claim;
    let update = |set: &str| {
        let only = "WHERE message_id = $1 AND channel = $2 AND claim = $3 AND state = 'sending'";
        let update = sql(format!("UPDATE deliveries SET {set} {only}"));
        update.bind(&key.message_id).bind(&key.channel).bind(*number)
    };
    let problem = |text| check_text("the problem", text, MAX_PROBLEM_BYTES);
    Ok(match &settled.outcome {
        DeliveryOutcome::Sent { at, receipt } => {
            check_message_id(receipt)?;
            update(SENT).bind(storable_instant("sent_at", *at)?).bind(receipt)
        }
        DeliveryOutcome::Failed { next_at, problem: why, may_have_arrived } => {
            problem(why)?;
            update(FAILED).bind(storable_instant("next_at", *next_at)?).bind(why).bind(*may_have_arrived)
        }
        DeliveryOutcome::GivenUp { problem: why } => {
            problem(why)?;
            update(GIVEN_UP).bind(why)
        }
        DeliveryOutcome::Released { due_at, held } => {
            update(RELEASED).bind(storable_instant("due_at", *due_at)?).bind(*held)
        }
    })
}

#[async_trait]
impl Deliveries for Database {
    async fn due_deliveries(
        &self,
        user_id: &str,
        messages: &[String],
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<MessageDelivery>, StoreError> {
        check_id("the deliveries' user", user_id)?;
        check_count("messages", messages.len(), MAX_SAVED_MESSAGES)?;
        let limit = check_limit(limit, 10_000)?;
        let text = format!("{SELECT} WHERE d.user_id = $2 AND d.{IS_DUE}");
        let mut due = sql(text).bind(storable_instant("now", now)?).bind(user_id);
        if !messages.is_empty() {
            due.push_text(" AND d.message_id IN (VALUES ");
            due.push_rows(messages.iter().map(|id| [Bind::from(id)]));
            due.push_text(")");
        }
        due.push(" ORDER BY m.created_at, d.message_id, d.channel LIMIT ", limit);
        let found = self.all::<Joined>("reading the deliveries that are due", due).await?;
        found.into_iter().map(Joined::into_delivery).collect()
    }

    async fn claim_deliveries(
        &self,
        claimant: &str,
        keys: &[DeliveryKey],
        now: DateTime<Utc>,
        patience: Duration,
    ) -> Result<Vec<DeliveryClaim>, StoreError> {
        check_named("the claimant", claimant)?;
        storable_instant("now", now)?;
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        let call = async {
            let mut work = self.begin().await?;
            let mut claimed = Vec::new();
            for keys in keys.chunks(ROWS) {
                claimed.extend(work.all::<Claimed>(claim(claimant, keys, now, patience)).await?);
            }
            work.commit().await?;
            Ok(claimed)
        };
        let claimed = self.within("claiming the deliveries", call).await?;
        claimed.into_iter().map(Claimed::into_claim).collect()
    }

    async fn settle_deliveries(&self, settled: &[SettledDelivery]) -> Result<usize, StoreError> {
        let statements = settled.iter().map(settle).collect::<Result<Vec<_>, _>>()?;
        let call = async {
            let mut work = self.begin().await?;
            let mut recorded = 0;
            for statement in statements {
                recorded += usize::from(work.execute(statement).await? > 0);
            }
            work.commit().await?;
            Ok(recorded)
        };
        self.within("recording the deliveries", call).await
    }

    async fn digest_deliveries(&self, digests: &[NewDigest]) -> Result<bool, StoreError> {
        let ready =
            digests.iter().map(|digest| ReadyMessage::of(&digest.message)).collect::<Result<Vec<_>, _>>()?;
        let ready: Vec<&ReadyMessage<'_>> = ready.iter().collect();
        let call = async {
            let mut work = self.begin().await?;
            messages::insert(&mut work, &ready).await?;
            for digest in digests {
                for claims in digest.of.chunks(ROWS) {
                    if work.execute(digested(digest, claims)).await? != claims.len() as u64 {
                        return Ok(false);
                    }
                }
            }
            work.commit().await?;
            Ok(true)
        };
        self.within("saving the digests", call).await
    }

    async fn next_due(&self, user_id: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        check_id("the deliveries' user", user_id)?;
        let next = "SELECT min(due_at) FROM deliveries WHERE user_id = $1 AND due_at IS NOT NULL";
        let found: Option<(Option<i64>,)> =
            self.first("reading when a delivery is due", sql(next).bind(user_id)).await?;
        found.and_then(|(micros,)| micros).map(|micros| instant("due_at", micros)).transpose()
    }

    async fn sent_since(&self, channel: &str, since: DateTime<Utc>) -> Result<u64, StoreError> {
        check_id("the channel", channel)?;
        let sent = "SELECT count(*) FROM deliveries WHERE channel = $1 AND sent_at > $2";
        let sent = sql(sent).bind(channel).bind(storable_instant("since", since)?);
        let found: Option<(i64,)> = self.first("counting what was sent", sent).await?;
        count("count", found.map_or(0, |(sent,)| sent))
    }

    async fn users_due(&self, now: DateTime<Utc>) -> Result<Vec<String>, StoreError> {
        let users = format!("SELECT DISTINCT user_id FROM deliveries WHERE {IS_DUE} ORDER BY user_id");
        let users = sql(users).bind(storable_instant("now", now)?);
        let found: Vec<(String,)> = self.all("reading whose deliveries are due", users).await?;
        Ok(found.into_iter().map(|(user,)| user).collect())
    }

    async fn delivery_backlog(&self) -> Result<DeliveryBacklog, StoreError> {
        let Some(found) = self.first::<Backlog>("counting the open deliveries", sql(BACKLOG)).await? else {
            return Ok(DeliveryBacklog::default());
        };
        Ok(DeliveryBacklog {
            open: count("open", found.open)?,
            held: count("held", found.held)?,
            oldest: found.oldest.map(|micros| instant("created_at", micros)).transpose()?,
            due: found.due.map(|micros| instant("due_at", micros)).transpose()?,
        })
    }

    async fn list_deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<MessageDelivery>, StoreError> {
        let found = self.all::<Joined>("listing the deliveries", listing(filter)?).await?;
        found.into_iter().map(Joined::into_delivery).collect()
    }

    async fn acknowledge_deliveries(&self, user_id: &str, message_id: &str) -> Result<u64, StoreError> {
        check_id("the deliveries' user", user_id)?;
        check_message_id(message_id)?;
        let seen = sql(SEEN).bind(user_id).bind(message_id);
        self.execute("acknowledging the message", seen).await
    }

    async fn retry_deliveries(
        &self,
        user_id: &str,
        message_id: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        check_id("the deliveries' user", user_id)?;
        message_id.map(check_message_id).transpose()?;
        let now = storable_instant("now", now)?;
        let call = async {
            let mut work = self.begin().await?;
            if let Some(id) = message_id {
                let longer =
                    "UPDATE messages SET expires_at = $3 WHERE id = $1 AND user_id = $2 AND expires_at <= $4";
                let longer = sql(longer).bind(id).bind(user_id);
                work.execute(longer.bind(now + ANOTHER_DAY).bind(now)).await?;
            }
            let waiting = work.execute(retry(user_id, message_id, now)).await?;
            work.commit().await?;
            Ok(waiting)
        };
        self.within("asking for the deliveries again", call).await
    }
}

fn digested<'a>(digest: &'a NewDigest, claims: &'a [DeliveryClaim]) -> Statement<'a> {
    let mut end = sql("UPDATE deliveries SET state = 'digested', due_at = NULL, held = 0, digest_id = $1 \
         WHERE state = 'sending' AND (message_id, channel, claim) IN (VALUES ")
    .bind(&digest.message.record.id);
    let row = |DeliveryClaim { key, number, .. }: &'a DeliveryClaim| {
        [Bind::from(&key.message_id), (&key.channel).into(), (*number).into()]
    };
    end.push_rows(claims.iter().map(row));
    end.push_text(")");
    end
}

/// Of one message also what was given up; of all messages what is open.
fn retry<'a>(user_id: &'a str, message_id: Option<&'a str>, now: DateTime<Utc>) -> Statement<'a> {
    let mut retry = sql(
        "UPDATE deliveries SET state = 'queued', due_at = $1, held = 0, answers = 0 WHERE user_id = $2 AND state IN ",
    )
    .bind(now)
    .bind(user_id);
    match message_id {
        None => retry.push_text("('queued', 'failed') AND due_at IS NOT NULL"),
        Some(id) => retry.push("('queued', 'failed', 'given_up') AND message_id = ", id),
    }
    retry
}

/// A user's deliveries, newest message first.
fn listing(filter: &DeliveryFilter) -> Result<Statement<'_>, StoreError> {
    check_id("the deliveries' user", &filter.user_id)?;
    let mut select = sql(SELECT);
    select.push(" WHERE m.user_id = ", &filter.user_id);
    if filter.open {
        select.push_text(" AND d.due_at IS NOT NULL");
    }
    if let Some(id) = &filter.message_id {
        check_message_id(id)?;
        select.push(" AND m.id = ", id);
    }
    if let Some(cursor) = &filter.after {
        check_message_id(&cursor.key.message_id)?;
        check_id("the cursor's channel", &cursor.key.channel)?;
        let created_at = storable_instant("the cursor's created_at", cursor.created_at)?;
        select.push(" AND (m.created_at, m.id, d.channel) < (", created_at);
        select.push(", ", &cursor.key.message_id);
        select.push(", ", &cursor.key.channel);
        select.push_text(")");
    }
    select.push(" ORDER BY m.created_at DESC, m.id DESC, d.channel DESC LIMIT ", check_page(filter.limit)?);
    Ok(select)
}
