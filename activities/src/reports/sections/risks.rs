//! What to watch: every rule that is true of the accounts, most urgent first, and what expires.

use ttai_contract::{PortfolioPosition, ReportName};
use ttai_core::{PortfolioAlert, RuleKind, Severity};

use super::super::accounts::AccountsView;
use super::super::document::{ReportCell, ReportSection, ReportTable, ValueTone};
use super::super::moment::ReportMoment;
use super::super::words;

const LISTED: usize = 25;

pub(crate) fn title(name: ReportName) -> &'static str {
    match name {
        ReportName::MorningBriefing => "To watch today",
        ReportName::WeeklyReview => "Risks of the coming week",
        ReportName::EodSummary | ReportName::DailyReport => "Tomorrow's risks",
    }
}

/// Options that end by the report's horizon, and how many of them are short and in the money.
pub(crate) fn expiring<'a>(
    accounts: &'a AccountsView,
    moment: &'a ReportMoment,
) -> impl Iterator<Item = &'a PortfolioPosition> {
    let horizon = moment.horizon();
    accounts
        .states()
        .flat_map(|state| &state.positions)
        .filter(move |held| held.expiration.is_some_and(|day| moment.day <= day && day <= horizon))
}

/// Warnings first; what only reminds of a date comes last.
pub(crate) fn ranked(accounts: &AccountsView) -> Vec<&PortfolioAlert> {
    let mut risks: Vec<&PortfolioAlert> =
        accounts.risks().filter(|risk| risk.kind != RuleKind::ProfitTarget).collect();
    risks.sort_by(|one, other| other.severity.cmp(&one.severity).then_with(|| one.key.cmp(&other.key)));
    risks
}

pub(crate) fn section(accounts: &AccountsView, moment: &ReportMoment) -> ReportSection {
    let mut section = ReportSection::new(title(moment.name));
    if accounts.states().next().is_none() {
        section.missing("Without an account no risk is known.");
        return section;
    }
    let risks = ranked(accounts);
    if risks.is_empty() {
        section.nothing("No rule is broken: delta, loss, margin, concentration, ex-dates and earnings are within their limits.");
    }
    let row = |risk: &&PortfolioAlert| -> Vec<ReportCell> {
        let (word, tone) = match risk.severity {
            Severity::Critical => ("critical", ValueTone::Bad),
            Severity::Warning => ("warning", ValueTone::Bad),
            Severity::Info => ("note", ValueTone::Muted),
        };
        vec![ReportCell::toned(word, tone), risk.kind.title().into(), risk.message.as_str().into()]
    };
    section.table(ReportTable::of(
        &["Urgency", "Rule", "What is true"],
        risks.iter().map(row).collect(),
        LISTED,
    ));
    let ends: Vec<Vec<ReportCell>> = expiring(accounts, moment).map(ends).collect();
    if ends.is_empty() {
        section.nothing(format!("Nothing expires by {}.", words::short_day(moment.horizon())));
    } else {
        section.text(format!("Expiring by {}:", words::short_day(moment.horizon())));
        section.table(ReportTable::of(
            &["Position", "Contracts#", "Expires", "In the money by#"],
            ends,
            LISTED,
        ));
    }
    section
}

fn ends(held: &PortfolioPosition) -> Vec<ReportCell> {
    let short = held.quantity.is_sign_negative();
    let moneyness = held.moneyness_pct.map_or_else(ReportCell::unknown, |pct| {
        let tone = if short && pct > 0.0 { ValueTone::Bad } else { ValueTone::Plain };
        let text =
            if pct > 0.0 { words::percent(pct, 1) } else { format!("out by {}", words::percent(-pct, 1)) };
        ReportCell::toned(text, tone)
    });
    vec![
        held.name.as_str().into(),
        words::quantity(held.quantity).into(),
        held.expiration.map_or_else(ReportCell::unknown, |day| words::short_day(day).into()),
        moneyness,
    ]
}
