//! Orders and their executions: a row an intent, changed only along the rules of [`TrackedOrder`], one change at a time.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use ttai_core::{Instrument, NEW_YORK};
use ttai_ports::{
    AuditNote, ChangedOrder, ClaimOutcome, DayTraded, ExecutionRecord, NewOrder, OrderApproval, OrderChange,
    OrderFilter, OrderHolder, OrderRecord, Orders, SavedOrder, StoreError, TradingStoreError,
};
use ttai_trading::gate::DayTotals;
use ttai_trading::intent::NetPrice;
use ttai_trading::order::{OrderPhase, OrderReport, OrderStage, OrderStep};
use ttai_trading::{ClientOrderId, TrackedOrder, TradeIntent};

use crate::Database;
use crate::audit_trail::{Ledger, LedgerFailure};
use crate::checks::{check_count, check_id, check_named, check_page, storable_instant, stored_json};
use crate::statement::{Bind, Statement, corrupt, count, day_number, instant, read_json, row, sql};

const LONGEST_INTENT: usize = 64 * 1024;
/// An order and thousands of its executions.
const LONGEST_TRACKED: usize = 4 * 1024 * 1024;

/// The phases of [`OrderPhase::is_in_flight`].
pub(crate) const IN_FLIGHT: [OrderPhase; 5] = [
    OrderPhase::Claimed,
    OrderPhase::Submitting,
    OrderPhase::Unknown,
    OrderPhase::Working,
    OrderPhase::PartlyFilled,
];

/// Also where the id is another user's: then nothing is inserted, and nothing found.
const INSERT: &str = "INSERT INTO orders (user_id, client_order_id, account, broker, strategy, workflow_id, intent, fingerprint, risk, \
     tracked, phase, version, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, {now}, {now}) \
     ON CONFLICT DO NOTHING";
const UPDATE: &str = "UPDATE orders SET version = version + 1, changed_at = {now}, intent = $4, risk = $5, tracked = $6, phase = $7, \
     approved_by = $8, approved_at = $9, approval_until = $10, holder = $11, fence = $12, claimed_at = $13, market_day = $14 \
     WHERE user_id = $1 AND client_order_id = $2 AND version = $3";
const EXECUTE: &str = "INSERT INTO order_executions (user_id, broker, execution_id, client_order_id, instrument, quantity, price, \
     executed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
     ON CONFLICT (user_id, broker, execution_id, client_order_id, instrument) DO UPDATE SET \
     quantity = excluded.quantity, price = excluded.price, executed_at = excluded.executed_at";
const EXECUTIONS: &str = "SELECT broker, execution_id, client_order_id, instrument, quantity, price, executed_at \
     FROM order_executions WHERE user_id = $1 AND client_order_id = $2 ORDER BY executed_at, execution_id, instrument";

row! {
    pub(crate) struct StoredOrder {
        user_id: String,
        client_order_id: String,
        account: String,
        broker: String,
        strategy: Option<String>,
        workflow_id: Option<String>,
        intent: Option<String>,
        risk: Option<String>,
        tracked: String,
        approved_by: Option<String>,
        approved_at: Option<i64>,
        approval_until: Option<i64>,
        holder: Option<String>,
        fence: Option<i64>,
        claimed_at: Option<i64>,
        version: i64,
        created_at: i64,
        changed_at: i64,
    }
}

row! {
    struct StoredExecution {
        broker: String,
        execution_id: String,
        client_order_id: String,
        instrument: String,
        quantity: String,
        price: String,
        executed_at: i64,
    }
}

fn decimal(what: &str, text: &str) -> Result<Decimal, StoreError> {
    text.parse().map_err(|error| corrupt(what, error))
}

impl StoredOrder {
    pub(crate) fn into_record(self) -> Result<OrderRecord, StoreError> {
        let what = |part: &str| format!("the {part} of order {}", self.client_order_id);
        let at = |column: &str, micros: Option<i64>| micros.map(|micros| instant(column, micros)).transpose();
        let holder = match (self.holder, self.fence, self.claimed_at) {
            (Some(name), Some(fence), Some(since)) => Some(OrderHolder {
                name,
                fence: count("fence", fence)?,
                since: instant("claimed_at", since)?,
            }),
            _ => None,
        };
        Ok(OrderRecord {
            intent: self.intent.as_deref().map(|json| read_json(&what("intent"), json)).transpose()?,
            risk: self.risk.as_deref().map(|risk| decimal(&what("risk"), risk)).transpose()?,
            order: read_json(&what("state"), &self.tracked)?,
            approval: OrderApproval {
                by: self.approved_by,
                at: at("approved_at", self.approved_at)?,
                until: at("approval_until", self.approval_until)?,
            },
            version: count("version", self.version)?,
            created_at: instant("created_at", self.created_at)?,
            changed_at: instant("changed_at", self.changed_at)?,
            user_id: self.user_id,
            client_order_id: self.client_order_id,
            account: self.account,
            broker: self.broker,
            strategy: self.strategy,
            workflow_id: self.workflow_id,
            holder,
        })
    }
}

impl StoredExecution {
    fn into_record(self) -> Result<ExecutionRecord, StoreError> {
        let what = |part: &str| format!("the {part} of execution {}", self.execution_id);
        Ok(ExecutionRecord {
            instrument: Instrument::try_from(self.instrument)
                .map_err(|error| corrupt("an execution's instrument", error))?,
            quantity: decimal(&what("quantity"), &self.quantity)?,
            price: decimal(&what("price"), &self.price)?,
            at: instant("executed_at", self.executed_at)?,
            broker: self.broker,
            execution_id: self.execution_id,
            client_order_id: self.client_order_id,
        })
    }
}

fn text(value: Option<String>) -> Bind<'static> {
    Bind::Text(value.map(Into::into))
}

fn intent_json(intent: Option<&TradeIntent>) -> Result<Option<String>, StoreError> {
    intent.map(|intent| stored_json("the intent", intent, LONGEST_INTENT)).transpose()
}

fn one<'a>(user_id: &'a str, client_order_id: &'a str) -> Statement<'a> {
    let mut one = sql(format!("SELECT {} FROM orders", StoredOrder::COLUMNS));
    one.push(" WHERE user_id = ", user_id);
    one.push(" AND client_order_id = ", client_order_id);
    one
}

fn check(user_id: &str, client_order_id: &str) -> Result<(), StoreError> {
    check_named("the order's user", user_id)?;
    check_named("the client order id", client_order_id)
}

/// A row that is to be made.
struct NewRow<'a> {
    account: &'a str,
    broker: &'a str,
    intent: Option<&'a TradeIntent>,
    risk: Option<Decimal>,
    order: &'a TrackedOrder,
}

impl Ledger {
    async fn find(&mut self, client_order_id: &str) -> Result<Option<OrderRecord>, LedgerFailure> {
        let found = self.work.first::<StoredOrder>(one(&self.user_id, client_order_id)).await?;
        Ok(found.map(StoredOrder::into_record).transpose()?)
    }

    async fn order(&mut self, client_order_id: &str) -> Result<OrderRecord, LedgerFailure> {
        let absent = || TradingStoreError::Absent { what: "order", id: client_order_id.to_owned() };
        self.find(client_order_id).await?.ok_or_else(|| absent().into())
    }

    async fn insert(&mut self, row: &NewRow<'_>) -> Result<OrderRecord, LedgerFailure> {
        let id = &row.order.id;
        let insert = sql(INSERT).bind(&self.user_id).bind(id).bind(row.account).bind(row.broker);
        let insert = insert
            .bind(text(row.intent.map(|intent| intent.strategy.clone())))
            .bind(text(row.intent.map(|intent| intent.slot.workflow_id.clone())))
            .bind(text(intent_json(row.intent)?))
            .bind(text(row.intent.map(TradeIntent::fingerprint)))
            .bind(text(row.risk.map(|risk| risk.to_string())))
            .bind(stored_json("the order", row.order, LONGEST_TRACKED)?)
            .bind(row.order.phase().name());
        if self.work.execute(insert).await? == 0 {
            return Err(TradingStoreError::OtherIntent(id.clone()).into());
        }
        self.order(id).await
    }

    /// Writes an order in the place of the version that it was read at.
    async fn update(&mut self, record: &OrderRecord) -> Result<OrderRecord, LedgerFailure> {
        let (approval, holder) = (&record.approval, record.holder.as_ref());
        let day = holder.map(|holder| day_number(holder.since.with_timezone(&NEW_YORK).date_naive()));
        let update = sql(UPDATE).bind(&self.user_id).bind(&record.client_order_id).bind(record.version);
        let update = update
            .bind(text(intent_json(record.intent.as_ref())?))
            .bind(text(record.risk.map(|risk| risk.to_string())))
            .bind(stored_json("the order", &record.order, LONGEST_TRACKED)?)
            .bind(record.order.phase().name())
            .bind(&approval.by)
            .bind(approval.at)
            .bind(approval.until)
            .bind(text(holder.map(|holder| holder.name.clone())))
            .bind(holder.map(|holder| i64::try_from(holder.fence).unwrap_or(i64::MAX)))
            .bind(holder.map(|holder| holder.since))
            .bind(day);
        let changed = self.work.execute(update).await?;
        let now = self.order(&record.client_order_id).await?;
        if changed == 0 {
            return Err(changed_by_others(record, now.version));
        }
        Ok(now)
    }

    /// Takes a step that was decided on what the record says, and appends it to the trail.
    pub(crate) async fn step(
        &mut self,
        mut record: OrderRecord,
        step: OrderStep,
        note: &AuditNote,
    ) -> Result<ChangedOrder, LedgerFailure> {
        let transition = record.order.advance(step.clone())?;
        match &step {
            OrderStep::AskApproval { until } => {
                let until = Some(storable_instant("the approval's end", *until)?);
                record.approval = OrderApproval { until, ..OrderApproval::default() };
            }
            OrderStep::Approve { by, at } => {
                check_named("who approves", by)?;
                record.approval.by = Some(by.clone());
                record.approval.at = Some(storable_instant("the approval's time", *at)?);
            }
            _ => {}
        }
        let record = self.update(&record).await?;
        let action = match &step {
            OrderStep::AskReplace { .. } => "replace_asked",
            _ => transition.to.name(),
        };
        let detail = json!({
            "from": transition.from.name(), "step": step, "limit": record.intent.as_ref().map(|intent| intent.limit),
            "risk": record.risk, "evidence": note.detail,
        });
        self.append(action, &record.client_order_id, note, detail).await?;
        Ok(ChangedOrder { record, transition })
    }

    async fn change(
        &mut self,
        change: &OrderChange,
        note: &AuditNote,
    ) -> Result<ChangedOrder, LedgerFailure> {
        let mut record = self.order(&change.client_order_id).await?;
        let is_submit = matches!(change.step, OrderStep::Submit { .. });
        if record.order.last_step.as_ref() == Some(&change.step) && !is_submit {
            let transition = record.order.advance(change.step.clone())?;
            return Ok(ChangedOrder { record, transition });
        }
        if record.version != change.version {
            return Err(changed_by_others(
                &OrderRecord { version: change.version, ..record.clone() },
                record.version,
            ));
        }
        if let OrderStep::Submit { at, .. } = &change.step {
            self.check_submit(&record, *at).await?;
        }
        if let (Some(priced), Some(intent)) = (change.priced, &record.intent) {
            record.intent = Some(repriced(intent, priced.limit)?);
            record.risk = priced.risk;
        }
        self.step(record, change.step.clone(), note).await
    }

    async fn report(
        &mut self,
        mut record: OrderRecord,
        report: &OrderReport,
        note: &AuditNote,
    ) -> Result<ChangedOrder, LedgerFailure> {
        let before = record.order.clone();
        let transition = record.order.apply(report)?;
        if record.order == before {
            return Ok(ChangedOrder { record, transition });
        }
        let record = self.update(&record).await?;
        if let OrderReport::Execution(execution) = report {
            self.save_execution(&record, &execution.execution_id, &execution.instrument).await?;
        }
        if transition.is_change() {
            let action = if transition.filled.is_empty() { transition.to.name() } else { "fill" };
            let detail = json!({"transition": transition, "report": report, "evidence": note.detail});
            self.append(action, &record.client_order_id, note, detail).await?;
        }
        Ok(ChangedOrder { record, transition })
    }

    /// Writes an execution as the order has it: of two reports of one the order kept the larger.
    async fn save_execution(
        &mut self,
        record: &OrderRecord,
        execution_id: &str,
        leg: &Instrument,
    ) -> Result<(), LedgerFailure> {
        check_named("the execution's id", execution_id)?;
        let fills = record.order.fills(DateTime::<Utc>::MIN_UTC);
        let is_it = |id: Option<&str>, instrument: &Instrument| id == Some(execution_id) && instrument == leg;
        let fill = fills.iter().find(|fill| is_it(fill.execution_id.as_deref(), &fill.instrument));
        let Some((fill, price)) = fill.and_then(|fill| Some((fill, fill.price?))) else { return Ok(()) };
        let save = sql(EXECUTE).bind(&self.user_id).bind(&record.broker).bind(execution_id);
        let save = save
            .bind(&record.client_order_id)
            .bind(leg.to_string())
            .bind(fill.quantity.to_string())
            .bind(price.to_string())
            .bind(storable_instant("the execution's time", fill.at)?);
        self.work.execute(save).await?;
        Ok(())
    }
}

fn changed_by_others(record: &OrderRecord, found: u64) -> LedgerFailure {
    let client_order_id = record.client_order_id.clone();
    TradingStoreError::Changed { client_order_id, expected: record.version, found }.into()
}

fn repriced(intent: &TradeIntent, limit: NetPrice) -> Result<TradeIntent, StoreError> {
    intent.at(limit).map_err(|error| StoreError::Invalid(error.to_string()))
}

fn check_change(change: &OrderChange) -> Result<(), StoreError> {
    let refuse = |what: &str| Err(StoreError::Invalid(what.to_owned()));
    match &change.step {
        OrderStep::Claim { .. } => refuse("an order is claimed by claim_order, which reads the kill switch"),
        OrderStep::AskApproval { .. } | OrderStep::Approve { .. } => Ok(()),
        _ if change.priced.is_some() => {
            refuse("an order is priced anew only when its approval is asked or given")
        }
        _ => Ok(()),
    }
}

fn listing<'a>(user_id: &'a str, filter: &'a OrderFilter) -> Result<Statement<'a>, StoreError> {
    check_named("the orders' user", user_id)?;
    check_count("phases", filter.phases.len(), 20)?;
    let mut query = sql(format!("SELECT {} FROM orders", StoredOrder::COLUMNS));
    query.push(" WHERE user_id = ", user_id);
    let texts = [
        (" AND account = ", &filter.account),
        (" AND strategy = ", &filter.strategy),
        (" AND workflow_id = ", &filter.workflow_id),
    ];
    for (column, text) in texts {
        if let Some(text) = text {
            check_id("the filter's text", text)?;
            query.push(column, text);
        }
    }
    for (at, phase) in filter.phases.iter().enumerate() {
        query.push(if at == 0 { " AND phase IN (" } else { ", " }, phase.name());
    }
    query.push_text(if filter.phases.is_empty() { "" } else { ")" });
    if let Some(since) = filter.since {
        query.push(" AND created_at >= ", storable_instant("since", since)?);
    }
    if let Some(after) = &filter.after {
        check_id("the cursor's order", &after.client_order_id)?;
        query.push(
            " AND (created_at, client_order_id) < (",
            storable_instant("the cursor", after.created_at)?,
        );
        query.push(", ", &after.client_order_id);
        query.push_text(")");
    }
    query.push(" ORDER BY created_at DESC, client_order_id DESC LIMIT ", check_page(filter.limit)?);
    Ok(query)
}

/// Adds an opening order to a day's sums.
fn count_traded(day: &mut DayTraded, record: &OrderRecord) {
    let (Some(intent), phase) = (&record.intent, record.order.phase()) else { return };
    if !intent.opens() || matches!(phase, OrderPhase::Refused | OrderPhase::NotSent) {
        return;
    }
    let is_nothing = phase.is_final() && record.order.filled_units().is_zero() && record.order.is_balanced();
    let risk = if is_nothing { Some(Decimal::ZERO) } else { record.risk };
    if risk.is_none() {
        day.without_risk.push(record.client_order_id.clone());
    }
    let add = |totals: &mut DayTotals| {
        totals.orders = totals.orders.saturating_add(1);
        totals.risk = totals.risk.saturating_add(risk.unwrap_or_default());
    };
    add(&mut day.all);
    let symbols: std::collections::BTreeSet<_> =
        intent.legs.iter().map(|leg| leg.instrument.underlying()).collect();
    for symbol in symbols {
        add(day.by_symbol.entry(symbol).or_default());
    }
}

#[async_trait]
impl Orders for Database {
    async fn save_intent(&self, order: &NewOrder, note: &AuditNote) -> Result<SavedOrder, TradingStoreError> {
        let intent = &order.intent;
        check_named("the order's user", &intent.user)?;
        check_named("the broker", &order.broker)?;
        for text in [&intent.account, &intent.strategy, &intent.slot.workflow_id] {
            check_named("the intent's account, strategy or workflow id", text)?;
        }
        let call = async {
            let mut ledger = self.ledger(&intent.user).await?;
            let tracked = TrackedOrder::of(intent);
            if let Some(record) = ledger.find(&tracked.id).await? {
                // Without an intent the broker has it already, and the store that sent it was lost.
                let is_same = record.account == intent.account
                    && record.intent.as_ref().is_none_or(|own| own.fingerprint() == intent.fingerprint());
                let other = || TradingStoreError::OtherIntent(tracked.id.clone()).into();
                return if is_same { Ok(SavedOrder { record, is_new: false }) } else { Err(other()) };
            }
            let (account, broker) = (&intent.account, &order.broker);
            let row = NewRow { account, broker, intent: Some(intent), risk: order.risk, order: &tracked };
            let record = ledger.insert(&row).await?;
            let detail =
                json!({"intent": intent, "risk": order.risk, "broker": broker, "evidence": note.detail});
            ledger.append("intended", &tracked.id, note, detail).await?;
            ledger.commit().await?;
            Ok(SavedOrder { record, is_new: true })
        };
        self.settled("saving an order", call).await
    }

    async fn adopt_order(
        &self,
        user_id: &str,
        account: &str,
        broker: &str,
        order: &TrackedOrder,
        note: &AuditNote,
    ) -> Result<SavedOrder, TradingStoreError> {
        check(user_id, &order.id)?;
        check_named("the account", account)?;
        check_named("the broker", broker)?;
        if order.stage != OrderStage::Adopted {
            let what = format!("order {} was not found at the broker; save its intent", order.id);
            return Err(StoreError::Invalid(what).into());
        }
        let call = async {
            let mut ledger = self.ledger(user_id).await?;
            if let Some(record) = ledger.find(&order.id).await? {
                let is_same = record.account == account && record.broker == broker;
                let other = || TradingStoreError::OtherIntent(order.id.clone()).into();
                return if is_same { Ok(SavedOrder { record, is_new: false }) } else { Err(other()) };
            }
            let record = ledger.insert(&NewRow { account, broker, intent: None, risk: None, order }).await?;
            let detail =
                json!({"account": account, "broker": broker, "order": order, "evidence": note.detail});
            ledger.append("adopted", &order.id, note, detail).await?;
            ledger.commit().await?;
            Ok(SavedOrder { record, is_new: true })
        };
        self.settled("adding an order of the broker", call).await
    }

    async fn order(&self, user_id: &str, client_order_id: &str) -> Result<Option<OrderRecord>, StoreError> {
        check(user_id, client_order_id)?;
        let found = self.first::<StoredOrder>("reading the order", one(user_id, client_order_id)).await?;
        found.map(StoredOrder::into_record).transpose()
    }

    async fn orders(&self, user_id: &str, filter: &OrderFilter) -> Result<Vec<OrderRecord>, StoreError> {
        let found: Vec<StoredOrder> = self.all("listing orders", listing(user_id, filter)?).await?;
        found.into_iter().map(StoredOrder::into_record).collect()
    }

    async fn advance_order(
        &self,
        user_id: &str,
        change: &OrderChange,
        note: &AuditNote,
    ) -> Result<ChangedOrder, TradingStoreError> {
        check(user_id, &change.client_order_id)?;
        check_change(change)?;
        let call = async {
            let mut ledger = self.ledger(user_id).await?;
            let changed = ledger.change(change, note).await?;
            ledger.commit().await?;
            Ok(changed)
        };
        self.settled("changing an order", call).await
    }

    async fn claim_order(
        &self,
        user_id: &str,
        client_order_id: &ClientOrderId,
        fence: u64,
        note: &AuditNote,
    ) -> Result<ClaimOutcome, TradingStoreError> {
        check(user_id, client_order_id.as_str())?;
        check_named("the holder", &note.actor)?;
        if i64::try_from(fence).is_err() {
            return Err(StoreError::Invalid(format!("{fence} is no fencing number")).into());
        }
        let call = async {
            let mut ledger = self.ledger(user_id).await?;
            let record = ledger.order(client_order_id.as_str()).await?;
            let outcome = ledger.claim(record, fence, note).await?;
            ledger.commit().await?;
            Ok(outcome)
        };
        self.settled("claiming an order", call).await
    }

    async fn apply_report(
        &self,
        user_id: &str,
        client_order_id: &str,
        report: &OrderReport,
        note: &AuditNote,
    ) -> Result<ChangedOrder, TradingStoreError> {
        check(user_id, client_order_id)?;
        let call = async {
            let mut ledger = self.ledger(user_id).await?;
            let record = ledger.order(client_order_id).await?;
            let changed = ledger.report(record, report, note).await?;
            ledger.commit().await?;
            Ok(changed)
        };
        self.settled("applying the broker's report", call).await
    }

    async fn executions(
        &self,
        user_id: &str,
        client_order_id: &str,
    ) -> Result<Vec<ExecutionRecord>, StoreError> {
        check(user_id, client_order_id)?;
        let executions = sql(EXECUTIONS).bind(user_id).bind(client_order_id);
        let found: Vec<StoredExecution> = self.all("reading the executions", executions).await?;
        found.into_iter().map(StoredExecution::into_record).collect()
    }

    async fn day_traded(
        &self,
        user_id: &str,
        account: Option<&str>,
        day: NaiveDate,
    ) -> Result<DayTraded, StoreError> {
        check_named("the user", user_id)?;
        let mut query = sql(format!("SELECT {} FROM orders", StoredOrder::COLUMNS));
        query.push(" WHERE user_id = ", user_id);
        query.push(" AND market_day = ", day_number(day));
        if let Some(account) = account {
            check_id("the account", account)?;
            query.push(" AND account = ", account);
        }
        query.push_text(" ORDER BY claimed_at, client_order_id");
        let found: Vec<StoredOrder> = self.all("reading what was traded", query).await?;
        let mut traded = DayTraded::default();
        for order in found {
            count_traded(&mut traded, &order.into_record()?);
        }
        Ok(traded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_halt_reports_is_what_may_still_leave_or_fill() {
        assert!(IN_FLIGHT.iter().all(OrderPhase::is_in_flight));
        let others = [OrderPhase::Approved, OrderPhase::Intended, OrderPhase::Filled, OrderPhase::NotSent];
        assert!(!others.iter().any(OrderPhase::is_in_flight));
    }
}
