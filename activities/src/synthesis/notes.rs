//! The synthesis in words: the verdict and the trade; three reasons for, the strongest against, what would change it, what is unknown.
//!
//! Reasons are taken in the order in which they are listed here, the first three that hold; the one against is what held the verdict
//! down, else the first that holds.

use ttai_contract::{
    ChartRecommendation, Evidence, ExtensionRisk, OptionsRecommendation, OverallRecommendation,
    ResearchRecommendation, Sentiment, Strategy, SuggestedPosition, SynthesizeParams, TrendDirection,
    TrendQuality,
};
use ttai_core::option::OccSymbol;
use ttai_core::{NEW_YORK, OptionRight};
use ttai_quant::strategy::Constraint;

use super::rules::{Direction, Verdict};
use crate::article;
use crate::narrator::Narrator;
use crate::options::words::{self, COMPUTED};
use crate::titles;

/// Reasons given for a verdict.
const REASONS: usize = 3;
const OPTIONS: &str = "options analysis";
/// How a stage says that a datum has no source at all.
const NO_PROVIDER: &str = ": no provider has ";

/// The text and the numbers that it adds to those of the stages.
pub(super) fn write(params: &SynthesizeParams, verdict: &Verdict) -> (String, Vec<Evidence>) {
    let direction = Direction::of(params.options.strategy, params.options.spread_type);
    let mut writer = Writer { params, verdict, direction, narrator: Narrator::default() };
    let first_line = writer.first_line();
    let sections = [
        (titles::WHY, writer.reasons().into_iter().take(REASONS).collect()),
        (article::against(verdict.recommendation == OverallRecommendation::Reject), vec![writer.against()]),
        (titles::CHANGE, vec![writer.change()]),
        (titles::MISSING, writer.unknown()),
    ];
    let text = article::article(&first_line, &sections);
    (text, writer.narrator.into_evidence())
}

struct Writer<'a> {
    params: &'a SynthesizeParams,
    verdict: &'a Verdict,
    direction: Direction,
    narrator: Narrator,
}

impl Writer<'_> {
    fn first_line(&mut self) -> String {
        let verdict = match self.verdict.recommendation {
            OverallRecommendation::StrongSelect => "Strong select",
            OverallRecommendation::Select => "Select",
            OverallRecommendation::Watchlist => "Watchlist, not a pick",
            OverallRecommendation::Reject | OverallRecommendation::Incomplete => return self.reject_line(),
        };
        match self.params.options.best.as_ref() {
            Some(position) => {
                let (trade, stale) = (self.trade(position), self.stale().unwrap_or_default());
                format!("{verdict}: {trade}.{stale}{}", words::before_expiration(position))
            }
            // Nothing was priced, and the options stage says why.
            None => self.params.options.rationale.clone(),
        }
    }

    /// How old the prices are, where they are too old.
    fn stale(&mut self) -> Option<String> {
        let options = &self.params.options;
        let (taken, now) = (options.chain_time, options.as_of);
        let days = [taken, now].map(|time| time.with_timezone(&NEW_YORK).date_naive());
        let minutes = (now - taken).num_minutes();
        let why = if !options.stale {
            return None;
        } else if days[0] != days[1] {
            format!("the option chain is of {}", Narrator::date(days[0]))
        } else if minutes > 0 {
            format!(
                "the option chain is {} minutes old",
                self.narrator.count("chain_age_minutes", minutes, OPTIONS)
            )
        } else {
            "the price of the underlying is in doubt".to_owned()
        };
        Some(format!(" Do not trade on it: {why}."))
    }

    fn trade(&mut self, position: &SuggestedPosition) -> String {
        let right = OccSymbol::parse(&position.contract).map_or(OptionRight::Put, |occ| occ.right);
        let options = &self.params.options;
        words::trade(&mut self.narrator, &options.symbol, position, right, options.underlying_price)
    }

    fn reject_line(&self) -> String {
        let (stage, text) = match self.verdict.rule {
            "chart_rejects" => ("the chart", self.params.chart.chart_notes.as_str()),
            "options_reject" => ("the options stage", self.params.options.rationale.as_str()),
            "research_rejects" => (
                "research",
                self.params.research.as_ref().map_or("", |research| research.research_notes.as_str()),
            ),
            _ => return "Reject: no trade; chart, options and news together speak against it.".to_owned(),
        };
        let first = text.lines().next().unwrap_or_default();
        let first = first.strip_prefix("Reject: ").unwrap_or(first).trim_end_matches('.');
        if first.is_empty() {
            return format!("Reject: no trade; {stage} rejects {}.", self.params.options.symbol);
        }
        format!("Reject: no trade; {stage} says: {first}.")
    }

    fn reasons(&mut self) -> Vec<String> {
        if self.verdict.recommendation == OverallRecommendation::Reject {
            return self.reasons_to_reject();
        }
        if self.params.options.stale {
            // What old prices say of a contract is no reason.
            let of_others =
                [self.chart_with(), self.research_clear()].into_iter().flatten().collect::<Vec<_>>();
            let none = || vec!["nothing: the contract's figures rest on old prices".to_owned()];
            return if of_others.is_empty() { none() } else { of_others };
        }
        let candidates = [
            self.nothing_priced(),
            self.chart_with(),
            self.contract_found(),
            self.research_clear(),
            self.probability(),
            self.cushion(),
            self.if_called(),
            self.liquidity(),
            self.rich(),
        ];
        candidates.into_iter().flatten().collect()
    }

    /// The stages that reject.
    fn reasons_to_reject(&self) -> Vec<String> {
        let SynthesizeParams { chart, options, research, .. } = self.params;
        let research = research.as_ref().map(|research| research.recommendation);
        let stages = [
            ("the chart's", chart.recommendation == ChartRecommendation::Reject),
            ("the options stage's", options.recommendation == OptionsRecommendation::Reject),
            ("research's", research == Some(ResearchRecommendation::Reject)),
        ];
        let rejecting = stages.into_iter().filter(|(_, rejects)| *rejects);
        rejecting.map(|(whose, _)| format!("{whose} verdict is reject")).collect()
    }

    fn nothing_priced(&self) -> Option<String> {
        let nothing = self.params.options.best.is_none();
        nothing.then(|| "a trade cannot be judged without prices that belong together".to_owned())
    }

    fn chart_with(&self) -> Option<String> {
        let chart = &self.params.chart;
        (chart.recommendation == self.direction.wants()).then(|| {
            format!(
                "the chart is {}, as needed: trend {}, quality {}",
                chart.recommendation.as_str(),
                trend(chart.trend_direction),
                quality(chart.trend_quality)
            )
        })
    }

    fn contract_found(&mut self) -> Option<String> {
        self.params.options.best.as_ref()?;
        let weekly = self.params.options.weekly_roc?;
        let wanted = self.params.options.constraints.min_roc;
        let weekly = self.narrator.beside("roc_weekly", weekly, wanted, 2, OPTIONS);
        Some(match self.params.options.recommendation {
            OptionsRecommendation::Select => {
                format!("it meets every constraint and pays {weekly} % a week at the bid")
            }
            _ => format!("delta, days and liquidity qualify; it pays {weekly} % a week"),
        })
    }

    fn research_clear(&self) -> Option<String> {
        let research = self.params.research.as_ref()?;
        let clear = research.recommendation == ResearchRecommendation::Clear;
        match research.sentiment {
            Sentiment::Positive if clear => {
                Some("research found no red flag, and the news is positive".to_owned())
            }
            Sentiment::Neutral if clear => Some("research found no red flag".to_owned()),
            Sentiment::Positive => Some("the news is positive".to_owned()),
            _ => None,
        }
    }

    fn probability(&mut self) -> Option<String> {
        let probability = words::probability_of_trade(self.params.options.best.as_ref()?)?;
        let probability = self.narrator.percent("probability_of_profit", probability, 0, OPTIONS);
        Some(format!("the probability of profit is {probability} (risk-neutral)"))
    }

    fn cushion(&mut self) -> Option<String> {
        let options = &self.params.options;
        words::probability_of_trade(options.best.as_ref()?)?;
        let (breakeven, spot) = (options.best.as_ref()?.breakeven, options.underlying_price);
        let side = if breakeven < spot { "under" } else { "over" };
        let away =
            self.narrator.percent("breakeven_distance", ((breakeven - spot) / spot).abs(), 1, COMPUTED);
        let spot = self.narrator.price("underlying_price", spot, OPTIONS);
        Some(format!("the breakeven lies {away} {side} the price of {spot}"))
    }

    fn if_called(&mut self) -> Option<String> {
        let called = self.params.options.best.as_ref()?.if_called_return.filter(|called| *called > 0.0)?;
        let called = self.narrator.number("if_called_return", called, 2, OPTIONS);
        Some(format!("if called, shares and premium return {called} % from today's price"))
    }

    fn liquidity(&mut self) -> Option<String> {
        let options = &self.params.options;
        let (best, limit) = (options.best.as_ref()?, options.constraints.max_spread_pct);
        if matches!(options.liquidity_score.as_str(), "excellent" | "good") {
            return Some(format!("the contract's liquidity is {}", options.liquidity_score));
        }
        let spread = best.spread_pct.filter(|spread| *spread <= limit)?;
        let spread = self.narrator.beside("spread_pct", spread, limit, 1, OPTIONS);
        let limit = words::two_digits(&mut self.narrator, "limit_spread", limit);
        Some(format!("the bid–ask spread is {spread} % of the mid, within the limit of {limit} %"))
    }

    fn rich(&mut self) -> Option<String> {
        let ratio = self.params.options.iv_hv_ratio.filter(|ratio| *ratio >= 1.1)?;
        let ratio = self.narrator.number("iv_hv_ratio", ratio, 2, OPTIONS);
        Some(format!("implied volatility is {ratio} times realised volatility"))
    }

    fn against(&mut self) -> String {
        if self.verdict.recommendation == OverallRecommendation::Reject {
            let stages = [self.chart_with(), self.contract_found(), self.research_clear()];
            let first = stages.into_iter().flatten().next();
            return first.unwrap_or_else(|| "no stage speaks for a trade".to_owned());
        }
        let candidates = [
            self.capped(),
            self.chart_against(),
            self.research_warns(),
            self.extended(),
            self.directionless(),
            self.event_ahead(),
        ];
        candidates.into_iter().flatten().next().unwrap_or_else(|| self.worst_case())
    }

    /// What the rule that decided says.
    fn capped(&mut self) -> Option<String> {
        let options = &self.params.options;
        match self.verdict.rule {
            "options_watchlist" => Some(match options.roc_shortfall {
                Some(shortfall) => {
                    let shortfall = self.narrator.beside("roc_shortfall", shortfall, 0.0, 2, OPTIONS);
                    let wanted =
                        words::two_digits(&mut self.narrator, "limit_roc", options.constraints.min_roc);
                    let earnings = self.earnings_rule_out().unwrap_or_default();
                    format!("the return is {shortfall} % a week short of the required {wanted} %{earnings}")
                }
                None => "the credit is too small for the width".to_owned(),
            }),
            "stale_prices" if self.params.options.best.is_none() => {
                Some("no contract is priced, because chain, quote and time do not belong together".to_owned())
            }
            "stale_prices" => Some("the prices are old or doubtful and cannot be traded on".to_owned()),
            "capital_too_small" => {
                let needed = self.capital_for_one();
                Some(format!("one contract needs {needed} of capital, more than there is"))
            }
            "earnings_unknown" => {
                // That nobody has dates stands under the missing data.
                let why = self
                    .why_no_earnings()
                    .filter(|why| !why.starts_with(NO_PROVIDER.trim_start_matches(": ")));
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                Some(format!("earnings may fall before the expiration{why}"))
            }
            _ => None,
        }
    }

    /// `; earnings rule out 215 of 381 contracts`
    fn earnings_rule_out(&mut self) -> Option<String> {
        let options = &self.params.options;
        let failed = options.fail_counts.get(Constraint::Earnings.name()).filter(|failed| **failed > 0)?;
        let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let (failed, all) = (whole(*failed), whole(options.contracts_considered));
        let failed = self.narrator.count("fails_earnings", failed, OPTIONS);
        let all = self.narrator.count("considered", all, OPTIONS);
        Some(format!("; earnings rule out {failed} of {all} contracts"))
    }

    /// As research says it, or the options stage.
    fn why_no_earnings(&self) -> Option<&str> {
        let said = match &self.params.research {
            Some(research) => &research.unknowns,
            None => &self.params.options.unknowns,
        };
        said.iter().find_map(|said| said.strip_prefix("earnings: "))
    }

    fn capital_for_one(&mut self) -> String {
        let needed = self.params.options.best.as_ref().map_or(0.0, SuggestedPosition::capital_for_one);
        self.narrator.dollars("capital_for_one", needed, OPTIONS)
    }

    fn chart_against(&self) -> Option<String> {
        let chart = self.params.chart.recommendation;
        (chart == self.direction.fears()).then(|| {
            format!(
                "the chart is {}, but the strategy needs it {}",
                chart.as_str(),
                self.direction.wants().as_str()
            )
        })
    }

    fn research_warns(&self) -> Option<String> {
        let research = self.params.research.as_ref()?;
        if let Some(flag) = research.red_flags.first() {
            return Some(flag.clone());
        }
        match (research.recommendation, research.sentiment) {
            (ResearchRecommendation::Clear, Sentiment::Negative) => Some("the news is negative".to_owned()),
            (ResearchRecommendation::Clear, _) => None,
            _ => Some(format!(
                "research says {} ({})",
                research.recommendation.as_str(),
                research.rule.replace('_', " ")
            )),
        }
    }

    fn extended(&mut self) -> Option<String> {
        let chart = &self.params.chart;
        let distance = chart.indicators.get("extension_atr").copied().unwrap_or(0.0);
        let with = if self.direction == Direction::Bullish { distance >= 0.0 } else { distance <= 0.0 };
        match chart.extension_risk {
            ExtensionRisk::High if with => {
                Some("the price has run far from its averages, so a move back is likely".to_owned())
            }
            ExtensionRisk::High => {
                let distance = self.narrator.number("extension_atr", distance.abs(), 1, "chart");
                Some(format!("the price has gone {distance} ATR past its 20-bar average against the trade"))
            }
            _ => None,
        }
    }

    fn directionless(&self) -> Option<String> {
        (self.params.chart.recommendation == ChartRecommendation::Neutral)
            .then(|| "the chart has no direction that helps".to_owned())
    }

    fn event_ahead(&self) -> Option<String> {
        let last = self.params.options.best.as_ref()?.last_trade_date;
        let event = self.params.options.implied_events.iter().find(|event| event.before <= last)?;
        let (after, by) = (Narrator::date(event.after), Narrator::date(event.before));
        Some(format!("options are pricing in an event between {after} and {by}, before the expiration"))
    }

    fn worst_case(&mut self) -> String {
        let Some(best) = self.params.options.best.as_ref() else {
            return "there is no contract to sell".to_owned();
        };
        if best.strategy == Strategy::CoveredCall && !best.buy_write {
            let credit = self.narrator.price("credit", best.credit, OPTIONS);
            return format!("the shares may fall, and the premium cushions only {credit} a share of it");
        }
        let percent = self.narrator.number("adverse_move_pct", 20.0, 0, COMPUTED);
        let on_move = self.narrator.dollars("loss_on_20_pct_move", best.loss_on_20_pct_move, OPTIONS);
        let most = self.narrator.dollars("max_loss", best.max_loss, OPTIONS);
        format!("a move of {percent} % against it loses {on_move}; the most it can lose is {most}")
    }

    fn change(&mut self) -> String {
        let (wants, fears) = (self.direction.wants().as_str(), self.direction.fears().as_str());
        match self.verdict.rule {
            "options_watchlist" => match &self.params.options.smallest_relaxation {
                Some(relaxation) => {
                    format!("a higher credit on the contract, or looser limits: {relaxation}")
                }
                None => "a higher credit on the contract".to_owned(),
            },
            "chart_against_strategy" => format!("a chart that turns {wants}"),
            "stale_prices" => "a quote and an option chain of one time".to_owned(),
            "capital_too_small" => format!("capital of {} or more", self.capital_for_one()),
            "earnings_unknown" => "an earnings date that lies beyond the last trade date".to_owned(),
            "research_caution" => "the risks that research names, once they have passed".to_owned(),
            "chart_rejects" => "a calmer chart".to_owned(),
            "options_reject" => self.params.options.smallest_relaxation.clone().map_or_else(
                || "different quotes: no change to the limits would let a contract qualify".to_owned(),
                |relaxation| format!("looser limits: {relaxation}"),
            ),
            "research_rejects" => "the red flags, once they are resolved".to_owned(),
            "score_at_least_4" => {
                format!("a chart that turns {fears}, or a credit that no longer pays the required return")
            }
            "score_at_least_2" => {
                format!(
                    "a {wants} chart and news that are not negative would make it a strong pick; a {fears} chart would end it as a pick"
                )
            }
            _ => format!("a chart that turns {wants} and better news"),
        }
    }

    fn unknown(&self) -> Vec<String> {
        let options = &self.params.options;
        let mut unknown: Vec<String> = Vec::new();
        match &self.params.research {
            Some(research) => unknown.extend(research.unknowns.iter().cloned()),
            None => unknown.push("news and short interest, which were not checked".to_owned()),
        }
        for of_options in &options.unknowns {
            if !unknown.contains(of_options) {
                unknown.push(of_options.clone());
            }
        }
        article::or_nothing(without_source(unknown))
    }
}

/// What no provider has, in one sentence, before everything else that is not known.
fn without_source(unknown: Vec<String>) -> Vec<String> {
    let (missing, others): (Vec<String>, Vec<String>) =
        unknown.into_iter().partition(|text| text.contains(NO_PROVIDER));
    let what: Vec<String> = missing
        .iter()
        .filter_map(|text| text.split_once(NO_PROVIDER))
        .map(|(_, what)| what.to_owned())
        .collect();
    let one = (!what.is_empty()).then(|| format!("no source for {}", article::list(&what)));
    one.into_iter().chain(others).collect()
}

fn trend(direction: TrendDirection) -> &'static str {
    match direction {
        TrendDirection::Up => "up",
        TrendDirection::Down => "down",
        TrendDirection::Sideways => "sideways",
    }
}

fn quality(quality: TrendQuality) -> &'static str {
    match quality {
        TrendQuality::Strong => "strong",
        TrendQuality::Moderate => "moderate",
        TrendQuality::Weak => "weak",
    }
}
