//! Quick analyses: the analysts' own code over one look at the market, without texts, pictures and research. What the chart alone
//! decides does not ask for the option chain.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use futures::stream::{self, StreamExt};
use serde_json::json;
use ttai_calendar::sessions_between;
use ttai_contract::policy::ANALYST;
use ttai_contract::{
    ChartAnalysisResult, ChartContext, ChartRecommendation, DroppedCandidates, MarketSource,
    ObservedFrequency, OptionsAnalysisParams, OptionsAnalysisResult, OptionsRecommendation,
    OverallRecommendation, QuickAnalyses, QuickAnalysesParams, QuickAnalysis, ScreenRun, ScreenScores,
    Strategy, Subject, SuggestedPosition, TrendQuality, ValidationError,
};
use ttai_core::{OccSymbol, Symbol};
use ttai_ports::{PortError, ScreenRunKey, ScreenedCandidate};
use ttai_quant::strategy::{observed_share, probability_weighted, wheel_score};
use ttai_quant::trend::usable_history;

use super::reasons::{self, Reason};
use crate::clock;
use crate::compute::Compute;
use crate::failure::AnalystError;
use crate::market_view::{self, MarketView};
use crate::narrator::grouped;
use crate::options::Reach;
use crate::ports::Ports;
use crate::supervise::Progress;
use crate::{chart, options, synthesis};

/// Candidates of a batch that are looked at at the same time.
const AT_ONCE: usize = 8;
/// Most candidates of a batch.
const MOST: usize = 100;
/// A provider that wants to be left alone for longer is not waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A candidate as it was found.
struct Judged {
    symbol: Symbol,
    /// None where the chart decided before the options were asked.
    options: Option<OptionsAnalysisResult>,
    verdict: OverallRecommendation,
    chart_score: f64,
    observed: Option<ObservedFrequency>,
    scores: ScreenScores,
    /// None of what is worth a full analysis.
    reason: Option<Reason>,
    as_of: DateTime<Utc>,
    source: MarketSource,
}

/// Looks at each candidate, keeps what it finds, and answers with those that are worth more.
pub(super) async fn analyse(
    ports: &Ports,
    compute: &Compute,
    params: QuickAnalysesParams,
    progress: Progress,
) -> Result<QuickAnalyses, AnalystError> {
    if params.symbols.len() > MOST {
        let message = format!("{} symbols were sent; send at most {MOST}", params.symbols.len());
        return Err(ValidationError::new("symbols", message).into());
    }
    let lateness = clock::lateness(ports, params.due).await;
    if lateness.is_some_and(|late| late.is_too_late()) {
        return Ok(QuickAnalyses { lateness, ..QuickAnalyses::default() });
    }
    prefetch(ports, &params).await;
    let looks = params.symbols.clone().into_iter().map(|symbol| {
        let (params, progress) = (&params, &progress);
        async move {
            let found = patiently(progress, &symbol, || look(ports, compute, &symbol, params)).await;
            (symbol, found)
        }
    });
    let looks: Vec<_> = stream::iter(looks).buffered(AT_ONCE).collect().await;
    let mut answer = QuickAnalyses { lateness, ..QuickAnalyses::default() };
    let (mut rows, mut outage) = (Vec::new(), None);
    for (symbol, found) in looks {
        match found {
            Ok(judged) => rows.push(take(&mut answer, judged, params.with_options)),
            Err(error) => {
                rows.push(fail(&mut answer, &symbol, &error));
                outage = Some(error).filter(|error| error.failure_type().is_retryable()).or(outage);
            }
        }
    }
    // Where nobody answered for anything, the batch is tried again as a whole.
    if let Some(error) = outage
        && answer.as_of.is_none()
    {
        return Err(error);
    }
    bound(&mut answer.candidates, &params);
    progress.step("saving");
    if let Err(error) = ports.screens.save_screened(&key(&params.run), &rows).await {
        answer.warnings.push(format!("{} candidates are not in the store: {error}", rows.len()));
    }
    Ok(answer)
}

/// Has the metrics of all candidates read at once, where a provider can: each is asked for them twice otherwise, for its dividends, too.
async fn prefetch(ports: &Ports, params: &QuickAnalysesParams) {
    let [first, _, ..] = params.symbols.as_slice() else { return };
    // Where nobody knows the time, each candidate says so for itself.
    if let Ok(as_of) = market_view::moment(ports, first, params.as_of).await {
        ports.metrics.prefetch(&params.symbols, as_of).await;
    }
}

/// Contracts that a batch hands over: no more can be among the best of all.
const CONTRACTS: usize = 10;

/// Best first, and without the contracts that cannot be shown anyway.
fn bound(candidates: &mut [QuickAnalysis], params: &QuickAnalysesParams) {
    candidates.sort_by(|one, other| one.compare(other, params.ranking));
    candidates.iter_mut().skip(CONTRACTS).for_each(|candidate| candidate.options_data = None);
}

/// The run as the store knows it.
pub(super) fn key(run: &ScreenRun) -> ScreenRunKey {
    ScreenRunKey {
        user_id: run.user_id.to_string(),
        workflow_id: run.workflow_id.clone(),
        run_id: run.run_id.clone(),
    }
}

/// Asks again as the analysts' policy says while a provider is away.
async fn patiently<T, F>(progress: &Progress, symbol: &Symbol, ask: impl Fn() -> F) -> Result<T, AnalystError>
where
    F: Future<Output = Result<T, AnalystError>>,
{
    let mut answers = 1;
    loop {
        progress.step(&format!("looking at {symbol}"));
        let answer = ask().await;
        let Err(AnalystError::Port(PortError::Unavailable { retry_after, .. })) = &answer else {
            return answer;
        };
        let wait = retry_after.unwrap_or_else(|| ANALYST.backoff(answers));
        if answers >= ANALYST.maximum_attempts || wait > LONGEST_WAIT {
            return answer;
        }
        progress.step(&format!("{symbol}: a provider is away, waiting {wait:?}"));
        tokio::time::sleep(wait).await;
        answers += 1;
    }
}

async fn look(
    ports: &Ports,
    compute: &Compute,
    symbol: &Symbol,
    params: &QuickAnalysesParams,
) -> Result<Judged, AnalystError> {
    let ports = &ports.for_request();
    let subject =
        Subject { as_of: params.as_of, user_id: params.run.user_id.clone(), ..Subject::new(symbol.clone()) };
    let view = MarketView::at(ports, &subject).await?;
    if let Some(reason) = reasons::out_of_bounds(&view, params) {
        return Ok(Judged::without_options(view, OverallRecommendation::Reject, 0.0, reason));
    }
    let chart = chart::judge_view(compute, view.clone()).await?;
    let score = chart_score(&chart, params);
    let rejects = chart.recommendation == ChartRecommendation::Reject;
    let trade = &params.trade;
    // A vertical without a type follows the chart.
    let follows = trade.strategy == Strategy::Spread && trade.spread_type.is_none();
    let against = !follows && synthesis::is_against(chart.recommendation, trade.strategy, trade.spread_type);
    if rejects || (against && !params.with_options) {
        let verdict = if rejects { OverallRecommendation::Reject } else { OverallRecommendation::Watchlist };
        return Ok(Judged::without_options(view, verdict, score, reasons::of_chart(&chart, rejects)));
    }
    let asked = OptionsAnalysisParams {
        subject: subject.at(view.as_of),
        trade: params.trade.clone(),
        chart_context: Some(ChartContext::from(&chart)),
        ..OptionsAnalysisParams::new(symbol.clone())
    };
    let read = view.clone();
    let found =
        options::analyse_view(ports, compute, asked, read, Reach::Choice, Progress::default()).await?;
    Ok(judged(&view, &chart, found, score, params))
}

impl Judged {
    fn without_options(
        view: MarketView,
        verdict: OverallRecommendation,
        chart_score: f64,
        reason: Reason,
    ) -> Self {
        Self {
            symbol: view.symbol,
            options: None,
            verdict,
            chart_score,
            observed: None,
            scores: ScreenScores::default(),
            reason: Some(reason),
            as_of: view.as_of,
            source: view.source,
        }
    }
}

/// Weighs chart and options, and what else the screen asks for.
fn judged(
    view: &MarketView,
    chart: &ChartAnalysisResult,
    options: OptionsAnalysisResult,
    chart_score: f64,
    params: &QuickAnalysesParams,
) -> Judged {
    let verdict = synthesis::verdict_without_research(chart.recommendation, &options);
    let low_rank = params.min_iv_rank.zip(options.iv_rank).filter(|(least, rank)| rank < least);
    let best = options.best.as_ref();
    let small = best.and_then(|best| no_room(&view.symbol, best, params));
    let reason = match (low_rank, small) {
        (Some((least, rank)), _) => {
            let sentence = format!("the IV rank is {rank:.0}; {least:.0} is asked");
            Some(Reason::new("iv_rank", format!("the IV rank is under {least:.0}"), sentence))
        }
        _ if verdict < OverallRecommendation::Select => Some(why_no_pick(chart, &options)),
        (None, small) => small,
    };
    let capped = reason.is_some() && verdict >= OverallRecommendation::Select;
    Judged {
        symbol: view.symbol.clone(),
        verdict: if capped { OverallRecommendation::Watchlist } else { verdict },
        chart_score,
        observed: best.and_then(|best| observed(view, best)),
        scores: best.map(scores).unwrap_or_default(),
        reason,
        as_of: options.as_of,
        source: options.data_source.clone(),
        options: Some(options),
    }
}

/// The options where they are why, else the chart.
fn why_no_pick(chart: &ChartAnalysisResult, options: &OptionsAnalysisResult) -> Reason {
    let holds = options.recommendation == OptionsRecommendation::Select && !options.stale;
    let small = options.best.as_ref().is_some_and(|best| best.contracts == 0);
    match (holds, small) {
        (true, true) => {
            let sentence = reasons::first_line(&options.rationale);
            Reason::new("capital", "one contract needs more than the capital", sentence)
        }
        (true, false) => reasons::of_chart(chart, false),
        (false, _) => reasons::of_options(options),
    }
}

/// Why one contract does not fit into what its symbol may bind.
fn no_room(symbol: &Symbol, best: &SuggestedPosition, params: &QuickAnalysesParams) -> Option<Reason> {
    let room = params.room.get(symbol.as_str()).or_else(|| params.room.get(""))?;
    let needs = best.capital_for_one();
    (needs > *room).then(|| {
        let phrase = "one contract needs more than its symbol may tie up";
        Reason::new(
            "capital",
            phrase,
            format!("one contract needs ${}, and ${} is free for it", grouped(needs), grouped(*room)),
        )
    })
}

/// The chart's points for the trade: 0 to 4 by its direction, and for a trend up to 6 by its quality.
fn chart_score(chart: &ChartAnalysisResult, params: &QuickAnalysesParams) -> f64 {
    let (strategy, kind) = (params.trade.strategy, params.trade.spread_type);
    match chart.recommendation {
        ChartRecommendation::Reject => 0.0,
        ChartRecommendation::Neutral => 5.0,
        verdict if synthesis::is_against(verdict, strategy, kind) => 2.0,
        _ => match chart.trend_quality {
            TrendQuality::Strong => 10.0,
            TrendQuality::Moderate => 8.0,
            TrendQuality::Weak => 7.0,
        },
    }
}

/// The three rankings of a contract.
pub(super) fn scores(best: &SuggestedPosition) -> ScreenScores {
    let weekly = best.roc_weekly;
    ScreenScores {
        return_at_bid: rounded(weekly),
        probability_weighted: best
            .probability_of_profit
            .map(|probability| rounded(probability_weighted(weekly, probability))),
        wheel_score: best
            .delta
            .and_then(|delta| wheel_score(delta, best.dte, best.credit, best.strike))
            .map(rounded),
    }
}

/// Six digits after the point: what is shown and compared, without a float's tail.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// How often the underlying's own past stayed on the right side of the strike's distance, over as many sessions.
fn observed(view: &MarketView, best: &SuggestedPosition) -> Option<ObservedFrequency> {
    let right = OccSymbol::parse(&best.contract).ok()?.right;
    let sessions = sessions_left(view.date, best.last_trade_date)?;
    let closes: Vec<f64> = usable_history(&view.bars).0.iter().map(|bar| bar.close).collect();
    let share = observed_share(&closes, sessions, best.strike / view.price, right)?;
    Some(ObservedFrequency {
        share: rounded(share.share),
        n: u32::try_from(share.windows).ok()?,
        sessions: u32::try_from(sessions).ok()?,
    })
}

/// Sessions after today up to the last trade date; at least one.
fn sessions_left(today: NaiveDate, last: NaiveDate) -> Option<usize> {
    let sessions = sessions_between(today.succ_opt()?, last).ok()?;
    Some(sessions.len().max(1))
}

/// What a candidate adds to the answer; its row for the store.
fn take(answer: &mut QuickAnalyses, judged: Judged, with_options: bool) -> ScreenedCandidate {
    answer.as_of = answer.as_of.max(Some(judged.as_of));
    answer.data_source.get_or_insert_with(|| judged.source.clone());
    let best = judged.options.as_ref().and_then(|options| options.best.clone());
    let row = row(&judged, best.as_ref());
    let shown = best.filter(|_| judged.reason.is_none() || with_options);
    match (shown, judged.reason) {
        (Some(best), reason) => answer.candidates.push(QuickAnalysis {
            symbol: judged.symbol,
            recommendation: judged.verdict,
            chart_score: judged.chart_score,
            scores: judged.scores,
            observed: judged.observed,
            contract: best.contract.clone(),
            capital_for_one: best.capital_for_one(),
            reason: reason.map(|reason| reason.sentence),
            options_data: with_options.then(|| best.without_plan()),
        }),
        (None, reason) => {
            let reason = reason.unwrap_or_else(|| Reason::new("no_contract", "no contract qualifies", ""));
            DroppedCandidates::add(&mut answer.dropped, &reason.code, &reason.phrase, judged.symbol);
        }
    }
    row
}

fn row(judged: &Judged, best: Option<&SuggestedPosition>) -> ScreenedCandidate {
    ScreenedCandidate {
        symbol: judged.symbol.clone(),
        stage: "quick".to_owned(),
        verdict: judged.verdict.as_str().to_owned(),
        reason: judged.reason.as_ref().map(|reason| reason.sentence.clone()).unwrap_or_default(),
        detail: json!({
            "code": judged.reason.as_ref().map(|reason| &reason.code),
            "chart_score": judged.chart_score,
            "scores": judged.scores,
            "observed": judged.observed,
            "position": best,
            "as_of": judged.as_of,
        }),
    }
}

/// A candidate that could not be looked at; its row for the store.
fn fail(answer: &mut QuickAnalyses, symbol: &Symbol, error: &AnalystError) -> ScreenedCandidate {
    let (code, phrase) = match error {
        AnalystError::Port(PortError::UnknownSymbol { .. }) => {
            ("unknown_symbol", "no provider knows the symbol")
        }
        AnalystError::Port(PortError::NoData { .. }) | AnalystError::NotEnoughData(_) => {
            ("no_data", "the market has not enough data")
        }
        AnalystError::Port(PortError::Unavailable { .. }) => ("unavailable", "a provider was away"),
        _ => ("failed", "the analysis failed"),
    };
    DroppedCandidates::add(&mut answer.failed, code, phrase, symbol.clone());
    let reason: String = error.to_string().chars().take(1_000).collect();
    ScreenedCandidate {
        symbol: symbol.clone(),
        stage: "quick".to_owned(),
        verdict: "failed".to_owned(),
        reason,
        detail: json!({ "code": code }),
    }
}
