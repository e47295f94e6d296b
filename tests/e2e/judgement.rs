//! No analysis contradicts itself: a table of rules over analyses of many symbols, strategies and markets. `TTAI_ANALYSES=5000`
//! walks more of them than the usual 200; recorded markets are walked where `../shared` has them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use chrono::{DateTime, Utc};
use serde_json::json;
use ttai::market::MarketChoice;
use ttai::report::{self, Detail, Paint};
use ttai::settings::Settings;
use ttai::wiring;
use ttai::worker::{RunningWorkers, WorkerSettings};
use ttai_contract::{
    ChartRecommendation, Evidence, FullAnalysisParams, FullAnalysisResult, OptionsRecommendation,
    OverallRecommendation, ResearchRecommendation, Strategy,
};
use ttai_core::{OptionRight, is_fund};

use crate::lab::Lab;

/// What may stand where, and what has to agree with what. A rule returns what is wrong.
type Rule = fn(&Analysis) -> Option<String>;

const RULES: [(&str, Rule); 20] = [
    ("the first line names the verdict", first_line),
    ("nothing under Why is unknown or against", why_is_for),
    ("no sentence stands twice in a text", no_sentence_twice),
    ("something always speaks against", something_against),
    ("every number of a text is on record", numbers_are_on_record),
    ("what is printed is its evidence, rounded", evidence_is_printed),
    ("the verdict does not exceed the options'", not_over_options),
    ("old prices are no pick", stale_is_no_pick),
    ("the trade stands where the verdict allows one", trade_or_none),
    ("a pick keeps every limit", pick_keeps_limits),
    ("the economics add up", economics),
    ("exits come before the end", exits),
    ("levels lie on their side, in order and apart", levels),
    ("the next level lies beyond the one that breaks", next_level),
    ("the votes agree with the chart's verdict", votes),
    ("a crash turns a bullish chart, a rally a bearish one", crash_turns),
    ("what else could be sold is out of the money", alternatives),
    ("research that is clear found nothing", research),
    ("a fund is not asked for earnings", fund_earnings),
    ("the report is 25 lines of 80 columns and repeats nothing", report_fits),
];

/// One analysis, and what was asked.
struct Analysis {
    name: String,
    result: FullAnalysisResult,
}

/// A text with titles and sentences under them.
struct Article<'a> {
    first: &'a str,
    sections: Vec<(&'a str, Vec<&'a str>)>,
}

impl<'a> Article<'a> {
    fn of(text: &'a str) -> Self {
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let mut sections: Vec<(&str, Vec<&str>)> = Vec::new();
        for line in lines {
            match (line.strip_prefix("- "), sections.last_mut()) {
                (Some(sentence), Some((_, sentences))) => sentences.push(sentence),
                (None, _) if !line.is_empty() => sections.push((line, Vec::new())),
                _ => {}
            }
        }
        Self { first, sections }
    }

    fn under(&self, title: &str) -> Vec<&'a str> {
        let found = self.sections.iter().filter(|(name, _)| *name == title);
        found.flat_map(|(_, sentences)| sentences.clone()).collect()
    }
}

impl Analysis {
    /// Every text with its evidence and whether it speaks for a trade or a direction.
    fn texts(&self) -> Vec<(&'static str, &str, &[Evidence], bool)> {
        let result = &self.result;
        let mut texts: Vec<(&'static str, &str, &[Evidence], bool)> = Vec::new();
        if let Some(chart) = &result.chart_analysis {
            let directed =
                matches!(chart.recommendation, ChartRecommendation::Bullish | ChartRecommendation::Bearish);
            texts.push(("chart", &chart.chart_notes, &chart.evidence, directed));
        }
        if let Some(options) = &result.options_analysis {
            let selects = options.recommendation == OptionsRecommendation::Select;
            texts.push(("options", &options.options_notes, &options.evidence, selects));
        }
        if let Some(research) = &result.research_analysis {
            texts.push(("research", &research.research_notes, &research.evidence, false));
        }
        if let Some(text) = &result.synthesized_rationale {
            let picks = matches!(
                result.overall_recommendation,
                OverallRecommendation::Select | OverallRecommendation::StrongSelect
            );
            texts.push(("synthesis", text, &result.evidence, picks));
        }
        texts
    }

    /// The first complaint about any text.
    fn each_text(
        &self,
        complaint: impl Fn(&Article<'_>, &[Evidence], bool) -> Option<String>,
    ) -> Option<String> {
        self.texts().into_iter().find_map(|(stage, text, evidence, is_for)| {
            complaint(&Article::of(text), evidence, is_for).map(|wrong| format!("{stage}: {wrong}"))
        })
    }
}

fn when(wrong: bool, why: impl FnOnce() -> String) -> Option<String> {
    wrong.then(why)
}

fn first_line(analysis: &Analysis) -> Option<String> {
    let result = &analysis.result;
    let chart = result
        .chart_analysis
        .as_ref()
        .map(|chart| (chart.recommendation.as_str(), chart.chart_notes.as_str()));
    let options = result
        .options_analysis
        .as_ref()
        .map(|options| (options.recommendation.as_str(), options.options_notes.as_str()));
    let overall = result.synthesized_rationale.as_ref();
    let overall = overall.map(|text| (result.overall_recommendation.as_str(), text.as_str()));
    [chart, options, overall].into_iter().flatten().find_map(|(verdict, text)| {
        let first = text.lines().next().unwrap_or_default().to_lowercase();
        when(!first.starts_with(&verdict.replace('_', " ")), || format!("{verdict}: {first}"))
    })
}

/// Words of what is no reason for a verdict that says go.
const AGAINST: [&str; 8] = [
    "unknown",
    "not known",
    "neutral",
    "no provider",
    "could not be read",
    "falls short",
    "short of",
    "locks in",
];

fn why_is_for(analysis: &Analysis) -> Option<String> {
    // A probability is risk-neutral, and that is no neutral reason.
    let is_against = |reason: &&str| {
        let plain = reason.to_lowercase().replace("risk-neutral", "");
        AGAINST.iter().any(|word| plain.contains(word))
    };
    analysis.each_text(|article, _, is_for| {
        let mut reasons = article.under("Why").into_iter().filter(|_| is_for);
        reasons.find(is_against).map(str::to_owned)
    })
}

fn no_sentence_twice(analysis: &Analysis) -> Option<String> {
    analysis.each_text(|article, _, _| {
        let mut seen = BTreeSet::new();
        let mut all = article.sections.iter().flat_map(|(_, sentences)| sentences.iter());
        all.find(|sentence| !seen.insert(**sentence)).map(|twice| (*twice).to_owned())
    })
}

fn something_against(analysis: &Analysis) -> Option<String> {
    analysis.each_text(|article, _, _| {
        let said = article.under("Risks").len() + article.under("On the other hand").len();
        let change = article.under("What would change this").len();
        when(said == 0 || change == 0 || article.under("Why").is_empty(), || article.first.to_owned())
    })
}

/// Numbers with a decimal point, a dollar sign or a thousand's comma; dates and counts in words are no figures.
fn figures(text: &str) -> Vec<String> {
    let words = text.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ';' | '/'));
    let trimmed = words.map(|word| word.trim_matches(|c: char| !c.is_ascii_digit()));
    let figure = |word: &&str| {
        word.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
            && word.contains('.')
            && word.parse::<f64>().is_ok()
    };
    trimmed.filter(figure).map(str::to_owned).collect()
}

fn numbers_are_on_record(analysis: &Analysis) -> Option<String> {
    analysis.each_text(|article, evidence, _| {
        let record: BTreeSet<String> = evidence.iter().flat_map(|item| figures(&item.text)).collect();
        let sentences = article.sections.iter().flat_map(|(_, sentences)| sentences.iter().copied());
        // A headline is quoted with its own numbers.
        let own = |sentence: &&str| !sentence.contains('“');
        let mut said = std::iter::once(article.first).chain(sentences).filter(own).flat_map(figures);
        said.find(|figure| !record.contains(figure)).map(|figure| format!("{figure} is not on record"))
    })
}

fn evidence_is_printed(analysis: &Analysis) -> Option<String> {
    analysis.each_text(|_, evidence, _| {
        // A time of day has its moment as its value.
        let mut numbers = evidence.iter().filter(|item| !item.text.contains(':'));
        numbers.find_map(|item| {
            let plain: String =
                item.text.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | '-')).collect();
            let printed: f64 = plain.parse().ok()?;
            let digits = plain.split_once('.').map_or(0, |(_, digits)| digits.len());
            let unit = 10_f64.powi(-i32::try_from(digits).unwrap_or(0));
            // A percentage may be printed of a fraction.
            let near = [1.0, 100.0].iter().any(|scale| (item.value * scale - printed).abs() <= unit);
            when(!near, || format!("{} is {} and reads {}", item.name, item.value, item.text))
        })
    })
}

fn rank(verdict: OverallRecommendation) -> u8 {
    match verdict {
        OverallRecommendation::Reject | OverallRecommendation::Incomplete => 0,
        OverallRecommendation::Watchlist => 1,
        OverallRecommendation::Select => 2,
        OverallRecommendation::StrongSelect => 3,
    }
}

fn not_over_options(analysis: &Analysis) -> Option<String> {
    let options = analysis.result.options_analysis.as_ref()?;
    let most = match options.recommendation {
        OptionsRecommendation::Reject => 0,
        OptionsRecommendation::Watchlist => 1,
        OptionsRecommendation::Select => 3,
    };
    let verdict = analysis.result.overall_recommendation;
    when(rank(verdict) > most, || format!("{verdict:?} over {:?}", options.recommendation))
}

fn stale_is_no_pick(analysis: &Analysis) -> Option<String> {
    let options = analysis.result.options_analysis.as_ref().filter(|options| options.stale)?;
    when(
        options.recommendation == OptionsRecommendation::Select
            || rank(analysis.result.overall_recommendation) > 1,
        || options.rationale.clone(),
    )
}

fn trade_or_none(analysis: &Analysis) -> Option<String> {
    let (verdict, trade) = (analysis.result.overall_recommendation, &analysis.result.suggested_position);
    when((rank(verdict) > 1 && trade.is_none()) || (rank(verdict) == 0 && trade.is_some()), || {
        format!("{verdict:?} with {trade:?}")
    })
}

fn pick_keeps_limits(analysis: &Analysis) -> Option<String> {
    let options = analysis.result.options_analysis.as_ref()?;
    let best = options.best.as_ref().filter(|_| options.recommendation == OptionsRecommendation::Select)?;
    let limits = &options.constraints;
    let keeps = best.delta.is_none_or(|delta| delta.abs() <= limits.max_delta)
        && (limits.dte_min..=limits.dte_max).contains(&best.dte)
        && best.roc_weekly >= limits.min_roc - 1e-9
        && best.spread_pct.is_none_or(|spread| spread <= limits.max_spread_pct + 1e-9)
        && best.open_interest.is_none_or(|open| open >= limits.min_open_interest);
    when(!keeps, || format!("{best:?} under {limits:?}"))
}

fn economics(analysis: &Analysis) -> Option<String> {
    let best = analysis.result.options_analysis.as_ref()?.best.as_ref()?;
    let near = |a: f64, b: f64| (a - b).abs() < 0.01;
    let shares = 100.0 * f64::from(best.contracts.max(1));
    let adds_up = match (best.strategy, best.long_strike) {
        (Strategy::Csp, _) => {
            near(best.breakeven, best.strike - best.credit)
                && near(best.max_profit, best.credit * shares)
                && near(best.max_loss, best.breakeven * shares)
        }
        (Strategy::Spread, Some(long)) => {
            let width = (best.strike - long).abs();
            near(best.max_profit, best.credit * shares) && near(best.max_loss, (width - best.credit) * shares)
        }
        _ => best.max_loss >= 0.0,
    };
    let in_order = best.loss_on_20_pct_move <= best.max_loss + 0.01 && best.bid <= best.ask;
    when(!adds_up || !in_order, || format!("{best:?}"))
}

fn exits(analysis: &Analysis) -> Option<String> {
    let best = analysis.result.suggested_position.as_ref()?;
    let last = best.last_trade_date;
    best.exit_plan.iter().find_map(|exit| {
        let late = exit.date.is_some_and(|date| date > last);
        when(late, || format!("{} after {last}", exit.text))
    })
}

fn levels(analysis: &Analysis) -> Option<String> {
    let chart = analysis.result.chart_analysis.as_ref()?;
    let below: Vec<f64> = chart.support_levels.iter().map(|level| level.price).collect();
    let above: Vec<f64> = chart.resistance_levels.iter().map(|level| level.price).collect();
    let apart = |prices: &[f64], sign: f64| prices.windows(2).all(|pair| sign * (pair[1] - pair[0]) > 0.0);
    let sided = below.iter().all(|price| *price <= chart.price + chart.atr)
        && above.iter().all(|price| *price >= chart.price - chart.atr);
    when(!apart(&below, -1.0) || !apart(&above, 1.0) || !sided, || {
        format!("{below:?} under {} under {above:?}", chart.price)
    })
}

fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.split_once(mark).map(|(_, rest)| rest)
}

fn number_after(text: &str, mark: &str) -> Option<f64> {
    let rest = after(text, mark)?;
    let number: String =
        rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '-')).collect();
    number.trim_end_matches(['.', ',']).replace(',', "").parse().ok()
}

fn next_level(analysis: &Analysis) -> Option<String> {
    let chart = analysis.result.chart_analysis.as_ref()?;
    let text = chart.chart_notes.lines().find(|line| line.contains("would break the nearest level"))?;
    let next = number_after(text, "the next level is ")
        .or_else(|| number_after(text, "the next level is the confluence at "))?;
    let (edge, sign) = match number_after(text, "A close above ") {
        Some(edge) => (edge, 1.0),
        None => (number_after(text, "A close below ")?, -1.0),
    };
    when(sign * (next - edge) <= 0.1 * chart.atr, || text.to_owned())
}

fn votes(analysis: &Analysis) -> Option<String> {
    let chart = analysis.result.chart_analysis.as_ref()?;
    let article = Article::of(&chart.chart_notes);
    let reasons = article.under("Why");
    let points = reasons.iter().find_map(|reason| number_after(reason, "add up to "))?;
    let agrees = match chart.recommendation {
        ChartRecommendation::Bullish => points >= 3.0,
        ChartRecommendation::Bearish => points <= -3.0,
        ChartRecommendation::Neutral | ChartRecommendation::Reject => true,
    };
    when(!agrees, || format!("{:?} with {points} points", chart.recommendation))
}

fn crash_turns(analysis: &Analysis) -> Option<String> {
    let chart = analysis.result.chart_analysis.as_ref()?;
    let directed =
        matches!(chart.recommendation, ChartRecommendation::Bullish | ChartRecommendation::Bearish);
    let notes = &chart.chart_notes;
    let (fall, rise) = (notes.contains("A fall to "), notes.contains("A rise to "));
    let turns = if chart.recommendation == ChartRecommendation::Bullish { fall } else { rise };
    when(directed && (!turns || notes.contains("No move of up to twelve ATR")), || {
        format!("{:?}: {notes}", chart.recommendation)
    })
}

fn alternatives(analysis: &Analysis) -> Option<String> {
    let options = analysis.result.options_analysis.as_ref()?;
    let best = options.best.as_ref().map(|best| (&best.contract, &best.long_contract));
    options.alternative_strikes.iter().find_map(|other| {
        let inside = match other.right {
            OptionRight::Put => other.strike > options.underlying_price,
            OptionRight::Call => other.strike < options.underlying_price,
        };
        let is_best = best == Some((&other.contract, &other.long_contract));
        when((inside && options.constraints.max_delta <= 0.5) || is_best, || {
            format!("{} at {}", other.contract, options.underlying_price)
        })
    })
}

fn research(analysis: &Analysis) -> Option<String> {
    let research = analysis.result.research_analysis.as_ref()?;
    let clear = research.recommendation == ResearchRecommendation::Clear;
    when(clear && !research.red_flags.is_empty(), || format!("clear with {:?}", research.red_flags))
}

fn fund_earnings(analysis: &Analysis) -> Option<String> {
    if !is_fund(&analysis.result.symbol) {
        return None;
    }
    let missing = analysis.each_text(|article, _, _| {
        let sections =
            ["Missing data", "Risks", "On the other hand"].map(|title| article.under(title)).concat();
        sections.into_iter().find(|sentence| sentence.to_lowercase().contains("earnings")).map(str::to_owned)
    });
    missing.or_else(|| analysis.result.warnings.iter().find(|warning| warning.contains("earnings")).cloned())
}

fn report_fits(analysis: &Analysis) -> Option<String> {
    let value = serde_json::to_value(&analysis.result).ok()?;
    let text = report::result(&value, Detail::Short, Paint::Plain);
    let lines: Vec<&str> = text.lines().collect();
    let wide = lines.iter().find(|line| line.chars().count() > 80);
    when(lines.len() > 25 || wide.is_some(), || format!("{} lines, {wide:?} in\n{text}", lines.len()))
}

/// What is asked of each symbol; later rounds have other limits.
fn requests(symbol: &str, round: usize) -> Vec<serde_json::Value> {
    let of = |values: &[f64]| values.get(round % values.len()).copied();
    let limits = json!({
        "max_delta": of(&[0.3, 0.2, 0.4, 0.25, 0.5, 0.15, 0.35]),
        "min_roc": of(&[0.5, 0.2, 1.0, 0.1, 2.0]),
        "dte_min": 3 + 7 * (round % 3),
        "exclude_earnings": round.is_multiple_of(2),
    });
    let with = |change: serde_json::Value| {
        let mut request = json!({"symbol": symbol, "include_chart_image": false, "constraints": limits});
        if let (Some(fields), Some(more)) = (request.as_object_mut(), change.as_object()) {
            fields.extend(more.clone());
        }
        request
    };
    let shares =
        |cost: f64| json!({"strategy": "covered_call", "position": {"shares": 200, "cost_basis": cost}});
    vec![
        with(json!({})),
        with(json!({"account": {"capital": 60_000.0}})),
        with(shares(10.0)),
        with(shares(900.0)),
        with(json!({"strategy": "covered_call"})),
        with(
            json!({"strategy": "spread", "width": 5.0, "account": {"account_type": "margin", "capital": 20_000.0}}),
        ),
        with(json!({"strategy": "spread", "spread_type": "bear_call"})),
        with(json!({"timeframe": "weekly"})),
    ]
}

/// A market, its symbols and the moments that are looked at.
struct Walk {
    market: MarketChoice,
    symbols: Vec<String>,
    moments: Vec<Option<DateTime<Utc>>>,
}

const SYMBOLS: [&str; 9] = ["AAPL", "F", "INTC", "MSFT", "NVDA", "PYPL", "SPY", "TSLA", "WEN"];

/// Seeds and where their markets stand: in the afternoon, in the morning, on a half day, after the close, on a holiday.
const STARTS: [(u64, &str); 5] = [
    (1, "2026-09-18T19:00:00Z"),
    (2, "2026-03-20T14:00:00Z"),
    (3, "2026-11-27T17:30:00Z"),
    (5, "2026-06-17T21:00:00Z"),
    (8, "2026-07-03T15:00:00Z"),
];

fn walks() -> anyhow::Result<Vec<Walk>> {
    let symbols: Vec<String> = SYMBOLS.map(str::to_owned).to_vec();
    let seeded = |(seed, start): &(u64, &str)| Walk {
        market: MarketChoice::Simulated { seed: *seed, start: start.parse().ok() },
        symbols: symbols.clone(),
        moments: vec![None],
    };
    let usual = if wanted() > USUAL { STARTS.len() } else { 3 };
    let mut walks: Vec<Walk> = STARTS.iter().take(usual).map(seeded).collect();
    let Some(tape) = std::env::var_os("TTAI_JUDGEMENT_TAPE") else { return Ok(walks) };
    let moments =
        ["2014-06-06T19:00:00Z", "2014-06-06T20:30:00Z", "2014-06-09T19:00:00Z", "2014-06-12T15:00:00Z"];
    let moments: Result<Vec<_>, _> = moments.iter().map(|moment| moment.parse().map(Some)).collect();
    let market = MarketChoice::Tape(PathBuf::from(tape));
    walks.push(Walk { market, symbols: vec!["AAPL".to_owned()], moments: moments? });
    Ok(walks)
}

const USUAL: usize = 200;

fn wanted() -> usize {
    std::env::var("TTAI_ANALYSES").ok().and_then(|count| count.parse().ok()).unwrap_or(USUAL)
}

/// Analyses under way at once.
const AT_ONCE: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_analysis_contradicts_itself() -> anyhow::Result<()> {
    let wanted = wanted();
    let (mut walked, mut broken) = (0, Vec::new());
    let walks = walks()?;
    let share = wanted.div_ceil(walks.len());
    for walk in &walks {
        walked += examine(walk, share, &mut broken).await?;
    }
    println!("{walked} analyses, {} contradictions", broken.len());
    ensure!(walked >= USUAL, "only {walked} analyses were walked");
    ensure!(broken.is_empty(), "{} contradictions:\n{}", broken.len(), broken.join("\n"));
    Ok(())
}

/// The walk's requests, round after round.
fn asked(walk: &Walk, most: usize) -> anyhow::Result<Vec<FullAnalysisParams>> {
    let mut asked: Vec<FullAnalysisParams> = Vec::new();
    for round in 0.. {
        for moment in &walk.moments {
            for request in walk.symbols.iter().flat_map(|symbol| requests(symbol, round)) {
                let mut params: FullAnalysisParams = serde_json::from_value(request)?;
                params.subject.as_of = *moment;
                asked.push(params);
            }
        }
        if asked.len() >= most {
            break;
        }
    }
    asked.truncate(most);
    Ok(asked)
}

/// Runs the walk's analyses and notes what they break; how many there were.
async fn examine(walk: &Walk, most: usize, broken: &mut Vec<String>) -> anyhow::Result<usize> {
    let lab = Lab::ephemeral().await?;
    let settings = Settings {
        store_url: lab.folder().join("ttai.db").to_string_lossy().into_owned().into(),
        ..Settings::of_market(&PathBuf::from(env!("CARGO_TARGET_TMPDIR")), walk.market.clone())
    };
    let ports = wiring::ports(&settings).await?;
    let workers =
        RunningWorkers::start(lab.client.temporal().clone(), ports, WorkerSettings::default()).await?;
    let asked = asked(walk, most)?;
    for (group, some) in asked.chunks(AT_ONCE).enumerate() {
        let mut runs = Vec::new();
        for (place, params) in some.iter().enumerate() {
            runs.push((params, lab.client.start(params, Some(&format!("walk-{group}-{place}"))).await?));
        }
        for (params, run) in runs {
            let name = format!("{}: {}", walk.market.describe(), serde_json::to_string(params)?);
            let result = lab.answer(&run).await.with_context(|| name.clone())?;
            broken.extend(complaints(&Analysis { name, result }));
        }
    }
    workers.stop().await?;
    Ok(asked.len())
}

fn complaints(analysis: &Analysis) -> Vec<String> {
    let broken = RULES.iter().filter_map(|(rule, check)| Some((rule, check(analysis)?)));
    broken.map(|(rule, wrong)| format!("{rule}: {wrong}\n    of {}", analysis.name)).collect()
}

/// A sound result, broken in one place each.
#[test]
fn each_rule_finds_its_contradiction() -> anyhow::Result<()> {
    type Break = fn(&mut FullAnalysisResult) -> Option<()>;
    let breaks: [(&str, Break); 16] = [
        ("the first line names the verdict", |r| {
            r.overall_recommendation = OverallRecommendation::Watchlist;
            Some(())
        }),
        ("nothing under Why is unknown or against", |r| {
            replace(&mut r.synthesized_rationale, "Why\n", "Why\n- News: unknown.\n")
        }),
        ("no sentence stands twice in a text", |r| {
            replace(&mut r.synthesized_rationale, "Risks\n", "Risks\n- X.\n- X.\n")
        }),
        ("something always speaks against", |r| replace(&mut r.synthesized_rationale, "Risks\n", "Rsiks\n")),
        ("every number of a text is on record", |r| {
            replace(&mut r.synthesized_rationale, "Why\n", "Why\n- It pays 77.77 %.\n")
        }),
        ("what is printed is its evidence, rounded", |r| {
            r.evidence.first_mut().map(|item| item.value += 77.0)
        }),
        ("the verdict does not exceed the options'", |r| {
            r.options_analysis.as_mut().map(|o| o.recommendation = OptionsRecommendation::Watchlist)
        }),
        ("old prices are no pick", |r| r.options_analysis.as_mut().map(|o| o.stale = true)),
        ("the trade stands where the verdict allows one", |r| {
            r.suggested_position = None;
            Some(())
        }),
        ("a pick keeps every limit", |r| {
            r.options_analysis.as_mut()?.best.as_mut().map(|best| best.delta = Some(-0.9))
        }),
        ("the economics add up", |r| {
            r.options_analysis.as_mut()?.best.as_mut().map(|best| best.max_profit += 7.0)
        }),
        ("levels lie on their side, in order and apart", |r| {
            r.chart_analysis.as_mut().map(|chart| chart.support_levels.reverse())
        }),
        ("the next level lies beyond the one that breaks", |r| {
            let chart = r.chart_analysis.as_mut()?;
            chart
                .chart_notes
                .push_str("\n- A close above 18.21 would break the nearest level; the next level is 18.20.");
            let lines = chart.chart_notes.lines();
            let others = lines.filter(|line| !line.contains("nearest level") || line.contains("18.21"));
            chart.chart_notes = others.collect::<Vec<_>>().join("\n");
            Some(())
        }),
        ("the votes agree with the chart's verdict", |r| {
            let notes = &mut r.chart_analysis.as_mut()?.chart_notes;
            *notes = notes.replacen("Why\n", "Why\n- The votes add up to 2; a trend begins at three.\n", 1);
            Some(())
        }),
        ("a crash turns a bullish chart, a rally a bearish one", |r| {
            let notes = &mut r.chart_analysis.as_mut()?.chart_notes;
            *notes = notes.replace("A fall to ", "A stroll to ");
            Some(())
        }),
        ("what else could be sold is out of the money", |r| {
            r.options_analysis.as_mut()?.alternative_strikes.first_mut().map(|other| other.strike *= 2.0)
        }),
    ];
    let sound: FullAnalysisResult =
        serde_json::from_str(include_str!("../../crates/ttai/src/report/outcomes/strong_select.json"))?;
    let of = |result: FullAnalysisResult| complaints(&Analysis { name: String::new(), result });
    ensure!(of(sound.clone()).is_empty(), "{:?}", of(sound));
    for (rule, breaks) in breaks {
        let mut broken = sound.clone();
        breaks(&mut broken).with_context(|| format!("{rule}: there is nothing to break"))?;
        let found = of(broken);
        ensure!(found.iter().any(|complaint| complaint.starts_with(rule)), "{rule}: {found:?}");
    }
    Ok(())
}

fn replace(text: &mut Option<String>, from: &str, to: &str) -> Option<()> {
    let text = text.as_mut().filter(|text| text.contains(from))?;
    *text = text.replacen(from, to, 1);
    Some(())
}
