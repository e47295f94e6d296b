//! The analyses that were made, by verdict.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use ttai_ports::{AnalysisFilter, AnalysisRecord};

use super::super::document::{ReportCell, ReportFact, ReportSection, ReportTable};
use super::super::moment::ReportMoment;
use super::super::words;
use crate::failure::AnalystError;
use crate::ports::Ports;

const PAGE: u32 = 200;
/// Analyses that are looked through at most.
const MOST_READ: usize = 5_000;
/// Analyses that are listed.
const LISTED: usize = 15;

/// An analysis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MadeAnalysis {
    pub(crate) symbol: String,
    pub(crate) kind: String,
    pub(crate) strategy: Option<String>,
    pub(crate) verdict: String,
    pub(crate) as_of: DateTime<Utc>,
}

/// Those of what the report covers, by their market time, newest saved first.
pub(crate) async fn read(
    ports: &Ports,
    user: &str,
    moment: &ReportMoment,
) -> Result<Vec<MadeAnalysis>, AnalystError> {
    let mut filter =
        AnalysisFilter { user_id: Some(user.to_owned()), limit: Some(PAGE), ..AnalysisFilter::default() };
    let (mut found, mut read) = (Vec::new(), 0);
    loop {
        let page = ports.analyses.list(&filter).await?;
        read += page.len();
        let ends = page.len() < PAGE as usize || read >= MOST_READ;
        filter.after = page.last().map(AnalysisRecord::cursor);
        // None is saved before the moment that it is about.
        let is_older = page.last().is_none_or(|last| last.created_at <= moment.since);
        found.extend(page.into_iter().filter(|record| moment.covers(record.as_of)).map(made));
        if ends || is_older {
            return Ok(found);
        }
    }
}

fn made(record: AnalysisRecord) -> MadeAnalysis {
    MadeAnalysis {
        symbol: record.symbol,
        kind: record.analysis_type.trim_end_matches("_analysis").to_owned(),
        strategy: record.strategy,
        verdict: record.recommendation,
        as_of: record.as_of,
    }
}

fn words_of(name: &str) -> String {
    name.replace('_', " ")
}

/// Best verdicts first.
fn rank(verdict: &str) -> u8 {
    match verdict {
        "strong_select" => 0,
        "select" => 1,
        "watchlist" => 2,
        _ => 3,
    }
}

pub(crate) fn section(analyses: &[MadeAnalysis], moment: &ReportMoment) -> ReportSection {
    let mut section = ReportSection::new("Analyses");
    if analyses.is_empty() {
        section.nothing(format!("No analysis was made since {}.", words::moment(moment.since)));
        return section;
    }
    let mut verdicts: BTreeMap<(u8, &str), usize> = BTreeMap::new();
    for analysis in analyses {
        *verdicts.entry((rank(&analysis.verdict), &analysis.verdict)).or_default() += 1;
    }
    let facts =
        verdicts.iter().map(|((_, verdict), count)| ReportFact::new(words_of(verdict), count.to_string()));
    section.facts(std::iter::once(ReportFact::new("All", analyses.len().to_string())).chain(facts).collect());
    let mut picks: Vec<&MadeAnalysis> =
        analyses.iter().filter(|analysis| rank(&analysis.verdict) < 3).collect();
    picks.sort_by(|one, other| {
        rank(&one.verdict).cmp(&rank(&other.verdict)).then_with(|| other.as_of.cmp(&one.as_of))
    });
    let row = |analysis: &&MadeAnalysis| -> Vec<ReportCell> {
        vec![
            analysis.symbol.as_str().into(),
            words_of(&analysis.kind).into(),
            analysis
                .strategy
                .as_deref()
                .map_or_else(ReportCell::unknown, |strategy| words_of(strategy).into()),
            words_of(&analysis.verdict).into(),
            words::clock(analysis.as_of).into(),
        ]
    };
    let rows: Vec<Vec<ReportCell>> = picks.iter().map(row).collect();
    if rows.is_empty() {
        section.text("None of them is a select or for the watchlist.");
    }
    section.table(ReportTable::of(
        &["Symbol", "Analysis", "Strategy", "Verdict", "As of (ET)"],
        rows,
        LISTED,
    ));
    section
}
