//! Why a candidate is dropped: a name, a phrase that many candidates share, and a sentence with its own numbers.

use ttai_contract::{ChartAnalysisResult, OptionsAnalysisResult, OptionsRecommendation, QuickAnalysesParams};

use crate::market_view::MarketView;

/// Sessions of the average daily volume.
const VOLUME_SESSIONS: usize = 20;

/// Why a candidate is no pick.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reason {
    /// By name, as `DroppedCandidates` has it.
    pub(super) code: String,
    /// What it shares with others.
    pub(super) phrase: String,
    /// Its own numbers.
    pub(super) sentence: String,
}

impl Reason {
    pub(super) fn new(code: &str, phrase: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self { code: code.to_owned(), phrase: phrase.into(), sentence: sentence.into() }
    }
}

/// Why the price or the volume is out of the bounds that were asked for; nothing where they hold.
pub(super) fn out_of_bounds(view: &MarketView, params: &QuickAnalysesParams) -> Option<Reason> {
    let price = view.price;
    if let Some(most) = params.max_price.filter(|most| price > *most) {
        let sentence = format!("the price of ${price:.2} is above ${most:.2}");
        return Some(Reason::new("max_price", format!("the price is above ${most:.2}"), sentence));
    }
    if let Some(least) = params.min_price.filter(|least| price < *least) {
        let sentence = format!("the price of ${price:.2} is under ${least:.2}");
        return Some(Reason::new("min_price", format!("the price is under ${least:.2}"), sentence));
    }
    let least = params.min_volume?;
    let recent = &view.bars[view.bars.len().saturating_sub(VOLUME_SESSIONS)..];
    let average = recent.iter().map(|bar| bar.volume).sum::<f64>() / recent.len().max(1) as f64;
    (average < least as f64).then(|| {
        let phrase = format!("fewer than {least} shares trade a day");
        let sentence = format!(
            "{average:.0} shares trade a day, the average of {} sessions; {least} are asked",
            recent.len()
        );
        Reason::new("min_volume", phrase, sentence)
    })
}

/// Why a chart alone keeps a candidate from being a pick.
pub(super) fn of_chart(chart: &ChartAnalysisResult, rejects: bool) -> Reason {
    let (code, phrase) = if rejects {
        ("chart_rejects", "the chart rejects")
    } else {
        ("chart_against", "the chart points against the trade")
    };
    Reason::new(code, phrase, first_line(&chart.chart_notes))
}

/// Why the options keep it from being one.
pub(super) fn of_options(options: &OptionsAnalysisResult) -> Reason {
    let sentence = first_line(&options.rationale);
    if options.stale {
        return Reason::new("stale_prices", "the prices are stale or do not agree", sentence);
    }
    if options.recommendation == OptionsRecommendation::Watchlist {
        return Reason::new("roc", "only the return is too low", sentence);
    }
    let code = options.binding_constraint.as_deref().unwrap_or("no_contract");
    Reason::new(code, phrase(code), sentence)
}

/// What binds, as many candidates share it.
fn phrase(code: &str) -> &'static str {
    match code {
        "dte" => "no expiration has the days asked for",
        "bid" => "nobody bids for the contracts",
        "iv" => "the markets are too wide to imply a volatility",
        "delta" => "no contract is within the delta",
        "roc" => "the return is too low",
        "open_interest" => "the open interest is too small",
        "spread" => "the bid–ask spread is too wide",
        "credit" => "the credit is too small for the width",
        "earnings" => "every expiration spans earnings",
        "locks_in_loss" => "every liquid call would lock in a loss",
        _ => "no contract qualifies",
    }
}

pub(super) fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
