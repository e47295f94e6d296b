//! The synthesis: one verdict and one text from the stages' results. Pure: it reads nothing but its argument.

mod notes;
mod rules;
#[cfg(test)]
mod tests;

use ttai_contract::{
    ChartRecommendation, Evidence, OptionsAnalysisResult, OverallRecommendation, SpreadType, Strategy,
    SynthesizeParams, SynthesizedRecommendation, ValidationError,
};

use crate::failure::AnalystError;
use crate::supervise::Progress;

/// Weighs the stages.
pub(crate) async fn synthesize(
    params: SynthesizeParams,
    progress: Progress,
) -> Result<SynthesizedRecommendation, AnalystError> {
    progress.step("weighing the stages");
    Ok(combine(params)?)
}

/// The verdict of chart and options alone.
pub(crate) fn verdict_without_research(
    chart: ChartRecommendation,
    options: &OptionsAnalysisResult,
) -> OverallRecommendation {
    rules::weigh(&rules::Views::without_research(chart, options)).recommendation
}

/// Whether a chart points against what would be sold.
pub(crate) fn is_against(
    chart: ChartRecommendation,
    strategy: Strategy,
    spread_type: Option<SpreadType>,
) -> bool {
    chart == rules::Direction::of(strategy, spread_type).fears()
}

/// The verdict and the text.
fn combine(params: SynthesizeParams) -> Result<SynthesizedRecommendation, ValidationError> {
    same_subject(&params)?;
    let verdict = rules::weigh(&rules::Views::of(&params));
    let (rationale, own) = notes::write(&params, &verdict);
    let evidence = mentioned(&rationale, &params, own);
    let rejected = verdict.recommendation == OverallRecommendation::Reject;
    let suggested_position = params.options.best.filter(|_| !rejected);
    let no_pick = suggested_position.is_some() && verdict.recommendation < OverallRecommendation::Select;
    let warning = no_pick.then(|| "the position shown is to be watched and is not a pick".to_owned());
    Ok(SynthesizedRecommendation {
        recommendation: verdict.recommendation,
        score: verdict.score,
        rationale,
        suggested_position,
        rule: verdict.rule.to_owned(),
        evidence,
        warnings: warning.into_iter().collect(),
        model_use: None,
    })
}

/// Refuses stages that are about different things.
fn same_subject(params: &SynthesizeParams) -> Result<(), ValidationError> {
    let SynthesizeParams { symbol, strategy, chart, options, research, .. } = params;
    let others =
        [Some(&chart.symbol), Some(&options.symbol), research.as_ref().map(|research| &research.symbol)];
    if let Some(other) = others.into_iter().flatten().find(|other| other.as_str() != symbol.as_str()) {
        let message =
            format!("a stage's result is about {other} and not about {symbol}; send results of one symbol");
        return Err(ValidationError::new("symbol", message));
    }
    if *strategy != options.strategy {
        let (asked, found) = (strategy.as_str(), options.strategy.as_str());
        let message = format!("the options stage analysed {found} and not {asked}; send one strategy");
        return Err(ValidationError::new("strategy", message));
    }
    Ok(())
}

/// The numbers of the text: its own, and those of the stages that it repeats.
fn mentioned(text: &str, params: &SynthesizeParams, own: Vec<Evidence>) -> Vec<Evidence> {
    let research = params.research.as_ref().map(|research| research.evidence.as_slice()).unwrap_or_default();
    let stages = params.options.evidence.iter().chain(&params.chart.evidence).chain(research);
    let mut evidence = own;
    for entry in stages.filter(|entry| stands_in(text, &entry.text)) {
        if !evidence.iter().any(|known| known.text == entry.text) {
            evidence.push(entry.clone());
        }
    }
    evidence
}

/// Whether `number` stands in `text` by itself and not as a part of another number.
fn stands_in(text: &str, number: &str) -> bool {
    let part_of_number = |c: char| c.is_ascii_digit();
    text.match_indices(number).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + number.len()..].chars().next();
        !number.is_empty()
            && !before.is_some_and(|c| part_of_number(c) || c == '.')
            && !after.is_some_and(part_of_number)
    })
}
