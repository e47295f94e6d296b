//! The research analyst: news, short interest and the next earnings report. What no source says is said to be unknown.

mod lexicon;
mod notes;
mod rules;
mod stories;
#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use ttai_calendar::new_york_date;
use ttai_contract::{ResearchAnalysisParams, ResearchAnalysisResult, RiskLevel, Sentiment};
use ttai_core::{NewsStory, Symbol};
use ttai_ports::{Fact, Known, NewsWindow, PortError, ShortInterest, SymbolMetrics, Unknown};

use crate::failure::AnalystError;
use crate::market_view;
use crate::narrator::Narrator;
use crate::options::earnings::Earnings;
use crate::ports::Ports;
use crate::sources;
use crate::supervise::Progress;
use stories::Judged;
pub(crate) use stories::judge_one as judge_story;

/// What the sources say about a symbol at a moment.
struct Sources {
    symbol: Symbol,
    as_of: DateTime<Utc>,
    horizon: NaiveDate,
    metrics: SymbolMetrics,
    stories: Known<Vec<NewsStory>>,
}

/// What follows from it.
struct Findings {
    symbol: Symbol,
    as_of: DateTime<Utc>,
    horizon: NaiveDate,
    /// Judged, newest first.
    stories: Known<Vec<Judged>>,
    sentiment: Sentiment,
    short_interest: Option<ShortInterest>,
    /// Why there is no short interest.
    no_short_interest: String,
    earnings: Earnings,
    risks: rules::Risks,
}

/// Reads the sources and judges them.
pub(crate) async fn analyse(
    ports: &Ports,
    params: ResearchAnalysisParams,
    progress: Progress,
) -> Result<ResearchAnalysisResult, AnalystError> {
    let ports = &ports.for_request();
    let sources = read(ports, &params, &progress).await?;
    let findings = judge(sources, &params);
    let (recommendation, rule) = rules::verdict(&findings.risks);
    let mut narrator = Narrator::default();
    let written = notes::write(&findings, recommendation, rule, &mut narrator);
    let mut evidence = narrator.into_evidence();
    evidence.extend(written.quoted);
    Ok(ResearchAnalysisResult {
        symbol: findings.symbol.to_string(),
        recommendation,
        news_risk: findings.risks.news,
        short_interest_risk: findings.risks.short_interest,
        earnings_risk: findings.risks.earnings,
        research_notes: written.notes,
        sentiment: findings.sentiment,
        red_flags: written.red_flags,
        next_earnings: findings.earnings.report().map(|report| report.date),
        earnings_known: findings.earnings.is_known(),
        earnings_confirmed: findings.earnings.report().map(|report| report.confirmed),
        stories: findings
            .stories
            .as_ref()
            .ok()
            .map(|stories| u32::try_from(stories.len()).unwrap_or(u32::MAX)),
        unknowns: written.unknowns,
        rule: rule.to_owned(),
        as_of: findings.as_of,
        data_source: market_view::source(ports),
        evidence,
        warnings: ports.provenance.warnings(),
        model_use: None,
    })
}

async fn read(
    ports: &Ports,
    params: &ResearchAnalysisParams,
    progress: &Progress,
) -> Result<Sources, AnalystError> {
    let symbol = params.subject.symbol.clone();
    let as_of = market_view::moment(ports, &symbol, params.subject.as_of).await?;
    // Asked only to learn whether the symbol and the moment exist: without news or metrics nobody else would say so.
    match ports.market.quote(&symbol, as_of).await {
        Ok(quote) => market_view::refuse_beyond_record(ports, &quote, as_of).await?,
        Err(unknown @ PortError::UnknownSymbol { .. }) => return Err(unknown.into()),
        Err(_) => {}
    }
    progress.step("reading metrics");
    let metrics = sources::metrics(ports, &symbol, as_of, progress).await?;
    progress.step("reading news");
    let window = NewsWindow { after: as_of - TimeDelta::days(rules::NEWS_DAYS), until: as_of };
    let stories = sources::stories(ports, &symbol, window, progress).await?;
    let horizon =
        params.horizon.unwrap_or_else(|| new_york_date(as_of + TimeDelta::days(rules::HORIZON_DAYS)));
    Ok(Sources { symbol, as_of, horizon, metrics, stories })
}

fn judge(sources: Sources, params: &ResearchAnalysisParams) -> Findings {
    let Sources { symbol, as_of, horizon, metrics, stories } = sources;
    let stories = stories.map(|stories| stories::judge(&stories));
    let sentiment = stories.as_deref().map_or(Sentiment::Neutral, stories::sentiment);
    let earnings = Earnings::of(&symbol, &metrics);
    let (short_interest, no_short_interest) = short_interest(&metrics, as_of);
    let (short_risk, extreme_short) = rules::short_risk(short_interest.as_ref());
    let risks = rules::Risks {
        news: rules::news_risk(stories.as_deref().ok(), sentiment),
        short_interest: short_risk,
        extreme_short,
        earnings: rules::earnings_risk(&earnings, as_of, horizon),
        unknown_earnings: params.unknown_earnings,
    };
    Findings {
        symbol,
        as_of,
        horizon,
        stories,
        sentiment,
        short_interest,
        no_short_interest,
        earnings,
        risks,
    }
}

/// The newest report that still says something, or why there is none.
fn short_interest(metrics: &SymbolMetrics, as_of: DateTime<Utc>) -> (Option<ShortInterest>, String) {
    let why = match metrics.known(Fact::ShortInterest, metrics.short_interest.as_ref()) {
        Ok(Some(report)) if (new_york_date(as_of) - report.as_of).num_days() <= rules::SHORT_REPORT_DAYS => {
            return (Some(report.clone()), String::new());
        }
        Ok(Some(_)) => "the newest report of the short interest is too old to count".to_owned(),
        Ok(None) => "the provider has no report of the short interest".to_owned(),
        Err(Unknown::NotProvided) => "no provider has short interest".to_owned(),
        Err(Unknown::Unreachable(error)) => {
            format!("the short interest could not be read: {}", error.summary())
        }
    };
    (None, why)
}

/// Whether a risk is one that a reader should hear about.
fn is_notable(risk: RiskLevel) -> bool {
    risk >= RiskLevel::Moderate
}
