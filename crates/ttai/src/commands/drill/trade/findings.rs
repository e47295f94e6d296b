//! The broker's own book against the store.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;
use ttai_contract::UserId;
use ttai_core::Instrument;
use ttai_ports::{AuditTrail, Differences, OrderRecord};
use ttai_sim::server::exchange::Order;
use ttai_trading::order::OrderStage;

use super::kills::{PATH, PathKills, is_open};
use super::play::{Tally, TradeStage};
use super::troubles::BrokerTrouble;
use crate::{output, report};

/// Kills a step of the path, on average, from which on each step has to be among them.
const KILLS_A_STEP: usize = 8;
/// Entries with a trouble from which on it has to befall one.
const DRAWN_TO_BE_MET: u32 = 10;

/// What the drill found.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct TradeFindings {
    /// Each trouble: entries that drew it, and those that it befell.
    pub(super) troubles: BTreeMap<&'static str, [u32; 2]>,
    /// Each step: orders that were in it when a worker was killed, and when the server was.
    pub(super) landed: BTreeMap<&'static str, [u32; 2]>,
    /// Kills of a worker, and of the server.
    pub(super) kills: [u32; 2],
    /// How the runs ended.
    pub(super) outcomes: BTreeMap<String, u32>,
    /// How the orders ended.
    pub(super) phases: BTreeMap<String, u32>,
    /// Why orders were refused here.
    pub(super) refusals: BTreeMap<String, u32>,
    /// Orders in the store, and at the broker.
    pub(super) orders: [usize; 2],
    /// Orders that were unknown for a while, and those of them that are known now.
    pub(super) unknown_for_a_while: [usize; 2],
    /// Orders that were claimed again after their holder died.
    pub(super) claimed_again: usize,
    /// Steps that were never killed in, and troubles that never befell an entry, of a drill that is long enough for each.
    pub(super) not_covered: usize,
    /// Orders that were sent twice, or filled beyond what was wanted.
    pub(super) duplicates: usize,
    /// Orders or fills of which one side does not know.
    pub(super) lost: usize,
    /// Orders whose end is not known.
    pub(super) unknown: usize,
    /// Legs that stand alone: positions that no order explains, and pairs of which a part is held.
    pub(super) naked_legs: usize,
    /// Audit trails that are broken.
    pub(super) broken_trails: usize,
    /// Differences of the books that paused trading.
    pub(super) pauses: usize,
    /// What is wrong, in sentences.
    pub(super) wrong: Vec<String>,
    pub(super) seconds: u64,
    pub(super) seed: u64,
    /// Of the server, as far as they were counted before it was killed.
    pub(super) actions: u64,
}

impl TradeFindings {
    pub(super) fn is_right(&self) -> bool {
        self.wrong.is_empty()
    }
}

/// Compares.
pub(super) async fn compare(
    stage: &TradeStage,
    tally: &Tally,
    kills: &PathKills,
) -> anyhow::Result<TradeFindings> {
    let records = stage.orders().await?;
    let (booked, held) = stage.sim.state.exchange.read(|book| {
        let named =
            |order: &Order| Order { client_order_id: book.name_of(order).to_owned(), ..order.clone() };
        let orders: Vec<Order> = book.orders_of(&stage.account).map(named).collect();
        let held = book.account(&stage.account).map(|account| {
            account.holdings.iter().map(|held| (held.instrument.clone(), held.quantity)).collect()
        });
        (orders, held.unwrap_or_default())
    });
    let mut findings = TradeFindings {
        troubles: tally.troubles.clone(),
        landed: kills.landed.clone(),
        kills: kills.done,
        outcomes: tally.outcomes.clone(),
        orders: [records.len(), booked.len()],
        wrong: tally.wrong.clone(),
        ..TradeFindings::default()
    };
    for record in &records {
        *findings.phases.entry(record.order.phase().name().to_owned()).or_default() += 1;
        if let OrderStage::Refused { reason } = &record.order.stage {
            *findings.refusals.entry(reason.clone()).or_default() += 1;
        }
    }
    let was_unknown =
        || records.iter().filter(|record| matches!(record.order.stage, OrderStage::Unknown { .. }));
    findings.unknown_for_a_while =
        [was_unknown().count(), was_unknown().filter(|record| !is_open(record)).count()];
    findings.claimed_again =
        records.iter().filter(|record| record.holder.as_ref().is_some_and(|held| held.fence > 1)).count();
    let entries: u32 = tally.outcomes.values().sum();
    if 2 * booked.len() < entries as usize {
        findings
            .wrong
            .push(format!("{entries} entries sent {} orders, too few to prove anything", booked.len()));
    }
    findings.not_covered = noted(&mut findings.wrong, not_covered(tally, kills));
    findings.duplicates = noted(&mut findings.wrong, duplicates(&records, &booked));
    findings.lost = noted(&mut findings.wrong, lost(&records, &booked));
    findings.unknown = noted(&mut findings.wrong, unknown(&records));
    findings.naked_legs = noted(&mut findings.wrong, lone_legs(&records));
    findings.naked_legs += noted(&mut findings.wrong, naked(&records, &held));
    let differences = stage.database.differences(UserId::default().as_str(), None, false).await?;
    let pauses = differences.iter().filter(|record| record.difference.kind.pauses_trading());
    let pauses = pauses.map(|record| format!("trading was paused: {}", record.difference.sentence)).collect();
    findings.pauses = noted(&mut findings.wrong, pauses);
    for user in [None, Some(UserId::default())] {
        let checked = stage.database.verify_audit(user.as_ref().map(UserId::as_str)).await?;
        let broken = checked.broken.map(|broken| format!("the audit trail is broken: {broken:?}"));
        findings.broken_trails += noted(&mut findings.wrong, broken.into_iter().collect());
    }
    Ok(findings)
}

fn noted(wrong: &mut Vec<String>, sentences: Vec<String>) -> usize {
    let count = sentences.len();
    wrong.extend(sentences);
    count
}

/// A drill in which something never happened proves nothing about it; a short one cannot have everything.
fn not_covered(tally: &Tally, kills: &PathKills) -> Vec<String> {
    let mut found = Vec::new();
    for (column, what) in ["a worker", "the server"].into_iter().enumerate() {
        if (kills.done[column] as usize) < KILLS_A_STEP * PATH.len() {
            continue;
        }
        let missed =
            PATH.iter().filter(|phase| kills.landed.get(phase.name()).is_none_or(|hits| hits[column] == 0));
        found.extend(missed.map(|phase| format!("{what} was never killed while an order was {phase}")));
    }
    let missed = tally.troubles.iter().filter(|(name, [drawn, met])| {
        *met == 0 && *drawn >= DRAWN_TO_BE_MET && **name != BrokerTrouble::NONE
    });
    found.extend(missed.map(|(name, [drawn, _])| format!("{drawn} entries drew {name:?}, and none met it")));
    found
}

/// Orders that the broker has twice, that are filled beyond their size, and entries that bought more than they wanted.
fn duplicates(records: &[OrderRecord], booked: &[Order]) -> Vec<String> {
    let mut found = Vec::new();
    let mut of_id: BTreeMap<&str, u32> = BTreeMap::new();
    for order in booked {
        *of_id.entry(order.client_order_id.as_str()).or_default() += 1;
        if order.filled_quantity > order.quantity {
            found.push(format!("{} is filled beyond its size", order.client_order_id));
        }
    }
    let twice = of_id.into_iter().filter(|(_, count)| *count > 1);
    found.extend(twice.map(|(id, count)| format!("the broker has {count} orders {id}")));
    // A place may have several orders, one in the place of another: together they fill no more than it wanted.
    let mut entries: BTreeMap<String, (Decimal, Decimal)> = BTreeMap::new();
    for record in records {
        let Some(intent) = record.intent.as_ref() else { continue };
        let slot = &intent.slot;
        let leg = slot.leg.map(|leg| format!(", leg {leg}")).unwrap_or_default();
        let place = format!("{} of {}{leg}", slot.purpose.as_str(), slot.workflow_id);
        let at_broker = booked.iter().filter(|order| order.client_order_id == record.client_order_id);
        let filled: Decimal = at_broker.map(|order| order.filled_quantity).sum();
        let entry = entries.entry(place).or_default();
        *entry = (entry.0 + filled, entry.1.max(record.order.quantity));
    }
    let beyond = entries.into_iter().filter(|(_, (filled, wanted))| filled > wanted);
    found.extend(beyond.map(|(entry, (filled, wanted))| format!("{entry} wanted {wanted} and has {filled}")));
    found
}

/// Orders and fills of which one side does not know.
fn lost(records: &[OrderRecord], booked: &[Order]) -> Vec<String> {
    let mut found = Vec::new();
    let ours: BTreeMap<&str, &OrderRecord> =
        records.iter().map(|record| (record.client_order_id.as_str(), record)).collect();
    for order in booked {
        let id = &order.client_order_id;
        let Some(record) = ours.get(id.as_str()) else {
            found.push(format!("the broker has an order {id} of which the store does not know"));
            continue;
        };
        let filled = record.order.filled_units();
        if filled != order.filled_quantity {
            found.push(format!("of {id} {} is filled, and {filled} in the store", order.filled_quantity));
        }
        if order.status.is_open() && !is_open(record) {
            found.push(format!("{id} works at the broker and is {} in the store", record.order.phase()));
        }
    }
    for record in records.iter().filter(|record| !record.order.facts.broker_order_ids.is_empty()) {
        if booked.iter().all(|order| order.client_order_id != record.client_order_id) {
            let (id, phase) = (&record.client_order_id, record.order.phase());
            found.push(format!("{id} is {phase} in the store, and the broker has no such order"));
        }
    }
    found
}

fn unknown(records: &[OrderRecord]) -> Vec<String> {
    let open = records.iter().filter(|record| is_open(record));
    open.map(|record| {
        let workflow = record.workflow_id.as_deref().unwrap_or("nobody");
        format!("{} of {workflow} is still {}", record.client_order_id, record.order.phase())
    })
    .collect()
}

/// Pairs that are held in another ratio than ten sold to one bought: what stands alone was neither undone nor completed.
fn lone_legs(records: &[OrderRecord]) -> Vec<String> {
    let mut pairs: BTreeMap<&str, [Decimal; 2]> = BTreeMap::new();
    for record in records {
        let slot = record.intent.as_ref().map(|intent| &intent.slot).filter(|slot| slot.leg.is_some());
        let Some(slot) = slot else { continue };
        for (instrument, quantity) in record.bought() {
            let side = usize::from(instrument.underlying().as_str() == "SPY");
            pairs.entry(slot.workflow_id.as_str()).or_default()[side] += quantity;
        }
    }
    let alone = pairs.into_iter().filter(|(_, [spx, spy])| *spx * Decimal::TEN != -*spy);
    alone.map(|(run, [spx, spy])| format!("{run} holds {spx} SPX calls and {spy} SPY calls")).collect()
}

/// Positions that the fills in the store do not come to, and orders whose legs are not filled in their ratio.
fn naked(records: &[OrderRecord], held: &BTreeMap<Instrument, Decimal>) -> Vec<String> {
    let mut sums: BTreeMap<Instrument, Decimal> = BTreeMap::new();
    let mut found = Vec::new();
    for record in records {
        for (instrument, quantity) in record.bought() {
            *sums.entry(instrument.clone()).or_default() += quantity;
        }
        if record.intent.is_some() && !record.order.is_balanced() {
            found.push(format!("the legs of {} are not filled in their ratio", record.client_order_id));
        }
    }
    sums.retain(|_, quantity| !quantity.is_zero());
    let all = sums.keys().chain(held.keys()).collect::<std::collections::BTreeSet<_>>();
    for instrument in all {
        let of = |sums: &BTreeMap<Instrument, Decimal>| sums.get(instrument).copied().unwrap_or_default();
        let (ours, theirs) = (of(&sums), of(held));
        if ours != theirs {
            found.push(format!("the account holds {theirs} {instrument}, and the fills come to {ours}"));
        }
    }
    found
}

/// As tables.
pub(super) fn print(findings: &TradeFindings) {
    let pair = |name: &str, [one, other]: [u32; 2]| vec![name.to_owned(), one.to_string(), other.to_string()];
    let troubles = findings.troubles.iter().map(|(name, counts)| pair(name, *counts));
    output::line(&report::plain_table(&["TROUBLE", "ENTRIES", "MET"], troubles));
    let path = PATH
        .iter()
        .map(|phase| pair(phase.name(), findings.landed.get(phase.name()).copied().unwrap_or_default()));
    output::line(&report::plain_table(&["ORDERS IN STEP", "WORKER KILLED", "SERVER KILLED"], path));
    let ends = |ends: &BTreeMap<String, u32>| {
        ends.iter().map(|(end, count)| vec![end.clone(), count.to_string()]).collect::<Vec<_>>().into_iter()
    };
    output::line(&report::plain_table(&["RUN", "COUNT"], ends(&findings.outcomes)));
    output::line(&report::plain_table(&["ORDER", "COUNT"], ends(&findings.phases)));
    if !findings.refusals.is_empty() {
        output::line(&report::plain_table(&["REFUSED BECAUSE", "COUNT"], ends(&findings.refusals)));
    }
    let zeros = [
        ("steps and troubles not covered", findings.not_covered),
        ("sent or filled twice", findings.duplicates),
        ("lost", findings.lost),
        ("unknown at the end", findings.unknown),
        ("naked legs", findings.naked_legs),
        ("broken audit trails", findings.broken_trails),
        ("pauses by differences", findings.pauses),
    ];
    let zeros = zeros.iter().map(|(name, count)| vec![(*name).to_owned(), count.to_string()]);
    output::line(&report::plain_table(&["MUST BE 0", "COUNT"], zeros));
    for wrong in &findings.wrong {
        output::line(&format!("WRONG  {wrong}"));
    }
    let ([ours, theirs], [unknown, known]) = (findings.orders, findings.unknown_for_a_while);
    let [workers, servers] = findings.kills;
    output::line(&format!(
        "{ours} orders in the store, {theirs} at the broker; {unknown} were unknown for a while and {known} of them are known, {} were claimed \
         again; {workers} kills of a worker and {servers} of the server; {} actions of the server, seed {}, {} s",
        findings.claimed_again, findings.actions, findings.seed, findings.seconds
    ));
}
