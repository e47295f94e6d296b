//! A report from its request to the store: read, said, rendered, saved.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ttai_contract::{
    ArtifactLink, ComposeReportParams, Evidence, ReportName, RunReportResult, Severity, UserId,
};
use ttai_ports::{Artifact, ArtifactRef, ReportRecord};

use super::accounts::{self, AccountsView};
use super::document::{ReportDocument, ReportSection};
use super::moment::{self, ReportMoment};
use super::sections::alerts::FiredAlerts;
use super::sections::analyses::MadeAnalysis;
use super::sections::events::EventsView;
use super::sections::market::MarketDay;
use super::sections::news::SeenNews;
use super::sections::screens::ScreensView;
use super::sections::trades::TradesView;
use super::sections::{
    account, alerts, analyses, changes, events, journal, market, news, performance, risks, screens, trades,
};
use super::svg::ReportPicture;
use super::{render, words};
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::journal::JournalReview;
use crate::market_view;
use crate::ports::Ports;
use crate::supervise::Progress;

/// A day's loss in percent of net liquidation from which the report warns.
const WARNS: f64 = -2.0;
/// Warnings that the answer names.
const NAMED_WARNINGS: usize = 10;
/// Urgent risks that the summary names.
const NAMED_RISKS: usize = 3;

/// What a report's message says beside its summary, as the store has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ReportFacts {
    pub(super) positions: Option<u32>,
    pub(super) daily_pnl: Option<Decimal>,
    pub(super) analyses_count: Option<u32>,
    pub(super) severity: Severity,
}

/// Everything that was read for a report.
#[derive(Clone, Debug)]
pub(super) struct Material {
    pub(super) moment: ReportMoment,
    pub(super) accounts: AccountsView,
    pub(super) alerts: FiredAlerts,
    pub(super) trades: TradesView,
    pub(super) news: SeenNews,
    pub(super) events: EventsView,
    pub(super) screens: ScreensView,
    pub(super) analyses: Vec<MadeAnalysis>,
    /// Of a weekly review.
    pub(super) journal: Option<JournalReview>,
    pub(super) market: MarketDay,
    pub(super) chart: Option<ReportPicture>,
    pub(super) source: ttai_contract::MarketSource,
    /// What could not be read, a sentence each.
    pub(super) problems: Vec<String>,
}

/// Composes a report and saves it under an id of the run's own: repeated, it is the same report.
pub(super) async fn compose(
    ports: &Ports,
    compute: &Compute,
    params: ComposeReportParams,
    of_run: String,
    progress: Progress,
) -> Result<RunReportResult, AnalystError> {
    let ports = ports.for_request();
    let material = read(&ports, compute, &params, &progress).await?;
    progress.step("rendering");
    let report = report(&material, &params.user_id);
    let facts = facts(&material);
    let drawn = report.clone();
    let (html, markdown) = compute.run(move || render::render(&drawn)).await??;
    progress.step("saving");
    let html = store(&ports, "text/html", html).await?;
    let markdown = store(&ports, "text/markdown", markdown).await?;
    let record = ReportRecord {
        user_id: params.user_id.to_string(),
        id: id(params.report_name, &material.moment, &params.user_id, &of_run),
        name: params.report_name.as_str().to_owned(),
        title: report.title.clone(),
        day: report.day,
        as_of: report.as_of,
        market: report.source.kind().to_owned(),
        summary: report.summary.clone(),
        facts: serde_json::to_value(&facts).map_err(|error| AnalystError::Crashed(error.to_string()))?,
        html: html.sha256.clone(),
        markdown: markdown.sha256.clone(),
        created_at: report.as_of,
    };
    ports.reports.save_report(&record).await?;
    Ok(answer(params.report_name, &material, report, &facts, record.id, [html, markdown]))
}

/// `eod_summary-2026-11-27-1f0c9a2b`: of each run another, and the same however often the run's activity is tried.
fn id(name: ReportName, moment: &ReportMoment, user: &UserId, of_run: &str) -> String {
    let digest = Sha256::digest(format!("{user}/{of_run}"));
    let short: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{short}", name.as_str(), moment.day)
}

async fn store(ports: &Ports, media_type: &str, text: String) -> Result<ArtifactRef, AnalystError> {
    let artifact = Artifact { media_type: media_type.to_owned(), bytes: text.into_bytes() };
    Ok(ports.artifacts.put(&artifact).await?)
}

/// Reads what any report says, one source after another: each asks several things at once.
async fn read(
    ports: &Ports,
    compute: &Compute,
    params: &ComposeReportParams,
    progress: &Progress,
) -> Result<Material, AnalystError> {
    let user = params.user_id.as_str();
    let (mut moment, clock_problem) =
        moment::read(ports, params.report_name, params.date, params.due_at).await?;
    progress.step("reading the accounts");
    let accounts = accounts::read(ports, compute, user, &moment).await?;
    // What was read of the accounts a moment later is in the report, too.
    let read_at = accounts.states().map(|state| state.as_of).max();
    if !moment.past {
        moment.as_of = read_at.map_or(moment.as_of, |at| at.max(moment.as_of));
    }
    let numbers: BTreeSet<String> = accounts.accounts.iter().map(|account| account.number.clone()).collect();
    let held = accounts.underlyings();
    progress.step("reading transactions");
    let trades = trades::read(ports, compute, user, &numbers, &moment).await?;
    progress.step("reading the market");
    let market = market::read(ports, &held, &moment).await;
    let source = market_view::source(ports);
    let wants_chart = matches!(moment.name, ReportName::MorningBriefing | ReportName::DailyReport);
    let chart = if wants_chart { market::draw(&market, &source.name, &moment, compute).await } else { None };
    progress.step("reading earnings and ex-dates");
    let events = events::read(ports, user, &held, &moment).await?;
    let journal = match moment.name {
        ReportName::WeeklyReview => Some(journal::read(ports, user, &moment).await?),
        _ => None,
    };
    progress.step("reading alerts, news, screens and analyses");
    let problems = clock_problem.into_iter().chain(accounts.problems.iter().cloned());
    let problems =
        problems.chain(trades.notes.iter().cloned()).chain(market.unreachable.iter().cloned()).collect();
    Ok(Material {
        alerts: alerts::read(ports, user, &numbers, &moment).await?,
        news: news::read(ports, user, &moment).await?,
        screens: screens::read(ports, user, &moment).await?,
        analyses: analyses::read(ports, user, &moment).await?,
        journal,
        moment,
        accounts,
        trades,
        events,
        market,
        chart,
        source,
        problems,
    })
}

/// The report as data: the same material gives the same report.
pub(super) fn report(material: &Material, user: &UserId) -> ReportDocument {
    let moment = &material.moment;
    let kind = material.source.kind();
    ReportDocument {
        name: moment.name,
        title: format!("{}, {}", moment.name.title(), words::long_day(moment.day)),
        user: user.to_string(),
        day: moment.day,
        as_of: moment.as_of,
        as_of_text: words::moment(moment.as_of),
        source: material.source.clone(),
        market: (kind != "live").then_some(kind),
        summary: summary(material),
        sections: sections(material),
        warnings: material.problems.clone(),
    }
}

/// The order in which each report says what it says. A section of another family has its place here, and nowhere else.
fn sections(material: &Material) -> Vec<ReportSection> {
    let Material { moment, accounts, trades, .. } = material;
    let positions = || account::sections(accounts, moment);
    let market = || market::section(&material.market, material.chart.clone(), moment);
    let risks = || risks::section(accounts, moment);
    let events = || events::section(&material.events, moment);
    let alerts = || alerts::section(&material.alerts, moment);
    let traded = || trades::section(trades, moment);
    let analyses = || analyses::section(&material.analyses, moment);
    match moment.name {
        ReportName::MorningBriefing => {
            let overnight = news::section(&material.news, moment, "Overnight news");
            let rest = [events(), overnight, screens::to_run(&material.screens, moment), market()];
            [risks()].into_iter().chain(positions()).chain(rest).collect()
        }
        ReportName::EodSummary => {
            positions().into_iter().chain([alerts(), traded(), risks(), events()]).collect()
        }
        ReportName::DailyReport => {
            let news = news::section(&material.news, moment, "News");
            let screens = screens::section(&material.screens, moment);
            let rest = [traded(), alerts(), risks(), events(), analyses(), screens, news, market()];
            positions().into_iter().chain(rest).collect()
        }
        ReportName::WeeklyReview => {
            let review = [
                performance::section(accounts, trades, moment),
                performance::best_and_worst(accounts, trades, moment),
                performance::assignments(trades, moment),
                changes::section(accounts, moment),
                traded(),
                alerts(),
                analyses(),
                risks(),
                events(),
            ];
            let journal = material.journal.as_ref().map(journal::section);
            review.into_iter().chain(journal).chain(positions()).collect()
        }
    }
}

/// The report in a few lines, the money first.
fn summary(material: &Material) -> Vec<String> {
    let Material { moment, accounts, .. } = material;
    let mut lines = Vec::new();
    lines.push(money(material));
    lines.extend(held(material));
    let since = match moment.name {
        ReportName::WeeklyReview => format!("Week from {}", words::short_day(moment.from)),
        _ => format!("Since {}", words::moment(moment.since)),
    };
    let traded = material.trades.trades.len();
    lines.push(format!(
        "{since}: {}, {}, {}, {}",
        words::counted(material.alerts.count(), "alert", "alerts"),
        if material.trades.was_synced {
            words::counted(traded, "transaction", "transactions")
        } else {
            "transactions not known".to_owned()
        },
        words::counted(material.news.stories.len(), "story", "stories"),
        words::counted(material.analyses.len(), "analysis", "analyses"),
    ));
    if moment.name == ReportName::MorningBriefing {
        lines.push(format!("Exchange: {}", market::state(moment)));
    }
    let before = lines.len();
    let urgent = risks::ranked(accounts).into_iter().filter(|risk| risk.severity >= Severity::Warning);
    // Accounts that hold the same have the same to say.
    for risk in urgent {
        if lines.len() - before < NAMED_RISKS && !lines.contains(&risk.message) {
            lines.push(risk.message.clone());
        }
    }
    lines
}

fn money(material: &Material) -> String {
    let Material { moment, accounts, trades, .. } = material;
    if let Some(why) = account::why_none(accounts, moment) {
        return why;
    }
    let unreachable: Vec<&str> = accounts
        .accounts
        .iter()
        .filter(|account| account.seen.is_err())
        .map(|account| account.number.as_str())
        .collect();
    if !unreachable.is_empty() {
        return format!("Unreachable: account {}", unreachable.join(", "));
    }
    let mut parts = Vec::new();
    if moment.name == ReportName::WeeklyReview && trades.was_synced {
        let won = performance::wins(&trades.ended);
        let rate = won.map(|(won, all)| format!(", {won} of {all} cycles won")).unwrap_or_default();
        parts.push(format!("Realised P&L {}{rate}", words::signed_dollars(trades.realized_total())));
    } else {
        let pct = accounts
            .day_pnl_percent()
            .map(|pct| format!(" ({})", words::signed_percent(pct, 2)))
            .unwrap_or_default();
        parts.push(accounts.day_pnl().map_or_else(
            || "Daily P&L is not known of every position".to_owned(),
            |pnl| format!("Daily P&L {}{pct}", words::signed_dollars(pnl)),
        ));
    }
    parts
        .extend(accounts.net_liquidation().map(|worth| format!("net liquidation {}", words::dollars(worth))));
    parts.join(", ")
}

fn held(material: &Material) -> Option<String> {
    let Material { moment, accounts, .. } = material;
    let positions = accounts.positions()?;
    let expiring = risks::expiring(accounts, moment).count();
    let by = words::short_day(moment.horizon());
    let ends = if expiring == 0 {
        String::new()
    } else {
        format!(
            ", {} by {by}",
            if expiring == 1 { "1 expires".to_owned() } else { format!("{expiring} expire") }
        )
    };
    let ahead = events::ahead(&material.events, moment).filter(|event| event.held).count();
    let dates = if ahead == 0 {
        String::new()
    } else {
        format!(
            ", {} of what is held by {by}",
            words::counted(ahead, "earnings or ex-date", "earnings or ex-dates")
        )
    };
    Some(format!("{}{ends}{dates}", words::counted(positions, "open position", "open positions")))
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

pub(super) fn facts(material: &Material) -> ReportFacts {
    let accounts = &material.accounts;
    let loses = accounts.day_pnl_percent().is_some_and(|pct| pct <= WARNS);
    ReportFacts {
        positions: accounts.positions().map(count),
        daily_pnl: accounts.day_pnl(),
        analyses_count: Some(count(material.analyses.len())),
        severity: if loses { Severity::Warning } else { Severity::Info },
    }
}

fn answer(
    name: ReportName,
    material: &Material,
    report: ReportDocument,
    facts: &ReportFacts,
    id: String,
    artifacts: [ArtifactRef; 2],
) -> RunReportResult {
    let link = |stored: ArtifactRef| ArtifactLink {
        sha256: stored.sha256,
        media_type: stored.media_type,
        size: stored.size,
    };
    let more = report.warnings.len().saturating_sub(NAMED_WARNINGS);
    let mut warnings: Vec<String> = report.warnings.into_iter().take(NAMED_WARNINGS).collect();
    warnings.extend((more > 0).then(|| format!("and {more} more, in the report")));
    RunReportResult {
        report_name: name,
        report: Some(id),
        title: report.title,
        summary: report.summary,
        day: Some(report.day),
        as_of: Some(report.as_of),
        data_source: Some(report.source),
        positions: facts.positions,
        daily_pnl: facts.daily_pnl.and_then(|pnl| pnl.to_f64()),
        analyses_count: facts.analyses_count,
        artifacts: artifacts.map(link).into(),
        evidence: evidence(material),
        warnings,
        ..RunReportResult::default()
    }
}

/// The money that the summary mentions.
fn evidence(material: &Material) -> Vec<Evidence> {
    let accounts = &material.accounts;
    let of = |name: &str, amount: Option<Decimal>, text: fn(Decimal) -> String, source: &str| {
        amount.map(|amount| Evidence {
            name: name.to_owned(),
            value: amount.to_f64().unwrap_or_default(),
            text: text(amount),
            source: source.to_owned(),
        })
    };
    let realized = material.trades.was_synced.then(|| material.trades.realized_total());
    [
        of("daily_pnl", accounts.day_pnl(), words::signed_dollars, "accounts"),
        of("net_liquidation", accounts.net_liquidation(), words::dollars, "accounts"),
        of("realized_pnl", realized, words::signed_dollars, "transactions"),
    ]
    .into_iter()
    .flatten()
    .collect()
}
