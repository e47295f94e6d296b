//! The analyst's text: the verdict in a sentence, reasons, what would change it, levels, and what is not known.

use ttai_contract::{Evidence, PriceLevel};
use ttai_core::{
    DividendStatus, ExtensionRisk, LevelSide, NEW_YORK, Timeframe, TrendDirection, TrendQuality,
};
use ttai_ports::{EarningsDate, EarningsTime};
use ttai_quant::trend::{ChartAssessment, Depth, Measures, Recommendation, RejectReason};

use super::findings::Findings;
use super::outlook::Turn;
use super::reasons::{reasons_for, strongest_against, verdict_name};
use super::{Chart, NextEarnings};
use crate::article;
use crate::narrator::Narrator;
use crate::titles;

/// Levels named on each side.
const NAMED_LEVELS: usize = 3;
/// Gaps and confluences named.
const NAMED_ZONES: usize = 2;
/// A trend line farther away than this many ATR is not worth a word.
const FAR_ATR: f64 = 8.0;

/// The text and the record of its numbers.
#[derive(Clone, Debug)]
pub(super) struct Notes {
    pub(super) text: String,
    pub(super) evidence: Vec<Evidence>,
}

/// Describes the chart.
pub(super) fn notes(chart: &Chart) -> Notes {
    let mut writer = Writer { chart, narrator: Narrator::default() };
    let mut lines = vec![verdict(&mut writer), setting(&mut writer)];
    section(&mut lines, titles::WHY, reasons_for(&mut writer));
    let against = article::against(matches!(
        chart.assessment.recommendation,
        Recommendation::Neutral | Recommendation::Reject
    ));
    section(&mut lines, against, vec![strongest_against(&mut writer)]);
    section(&mut lines, titles::CHANGE, changes(&mut writer));
    section(&mut lines, "Levels", levels(&mut writer));
    section(&mut lines, titles::MISSING, unknown(&mut writer));
    Notes { text: lines.join("\n"), evidence: writer.narrator.into_evidence() }
}

fn section(lines: &mut Vec<String>, title: &str, sentences: Vec<String>) {
    lines.push(String::new());
    lines.push(title.to_owned());
    lines.extend(sentences.into_iter().map(|sentence| format!("- {sentence}")));
}

/// Speaks about one chart; every number goes through the narrator.
pub(super) struct Writer<'a> {
    chart: &'a Chart,
    narrator: Narrator,
}

impl Writer<'_> {
    pub(super) fn assessment(&self) -> &ChartAssessment {
        &self.chart.assessment
    }

    pub(super) fn measures(&self) -> &Measures {
        &self.chart.assessment.measures
    }

    pub(super) fn bar_name(&self) -> &'static str {
        self.chart.series.bar_name()
    }

    pub(super) fn unit(&self) -> &'static str {
        self.chart.series.unit()
    }

    /// What 252 bars are.
    pub(super) fn period(&self) -> &'static str {
        match self.assessment().timeframe {
            Timeframe::Intraday => "the last twenty sessions'",
            Timeframe::Daily => "the year's",
            Timeframe::Weekly => "the last five years'",
        }
    }

    /// The nearest level above (positive) or below the price.
    pub(super) fn nearest(&self, sign: f64) -> Option<&PriceLevel> {
        let findings = &self.chart.findings;
        if sign > 0.0 { findings.resistances.first() } else { findings.supports.first() }
    }

    pub(super) fn price(&mut self, name: &str, value: f64) -> String {
        self.narrator.price(name, value, self.chart.series.source())
    }

    pub(super) fn number(&mut self, name: &str, value: f64, digits: usize) -> String {
        self.narrator.number(name, value, digits, self.chart.series.source())
    }

    pub(super) fn percent(&mut self, name: &str, fraction: f64) -> String {
        self.narrator.percent(name, fraction, 1, self.chart.series.source())
    }

    pub(super) fn count(&mut self, name: &str, value: impl Into<i64>) -> String {
        self.narrator.count(name, value, self.chart.series.source())
    }

    /// `622.50 (moderate swing low, 2 touches, 2.5 ATR below)`.
    pub(super) fn level(&mut self, level: &PriceLevel) -> String {
        let name = format!("{}_of_{}", level.kind, level.last_touch);
        let price = self.price(&name, level.price);
        let touches = self.count(&format!("{name}_touches"), level.touches);
        let word = if level.touches == 1 { "touch" } else { "touches" };
        let distance = self.distance(&format!("{name}_distance_atr"), level.distance_atr);
        let kind = match level.kind.as_str() {
            "all_time_high" => "highest on record".to_owned(),
            "all_time_low" => "lowest on record".to_owned(),
            kind => kind.replace('_', " "),
        };
        format!("{price} ({}, {kind}, {touches} {word}, {distance})", level.strength)
    }

    /// `2.5 ATR below`.
    fn distance(&mut self, name: &str, atr: f64) -> String {
        let side = if atr < 0.0 { "below" } else { "above" };
        format!("{} ATR {side}", self.number(name, atr.abs(), 1))
    }
}

fn verdict(t: &mut Writer<'_>) -> String {
    let (direction, quality) = (t.assessment().trend_direction, quality_word(t.assessment().trend_quality));
    let trend = match direction {
        TrendDirection::Up => format!("uptrend, {quality}"),
        TrendDirection::Down => format!("downtrend, {quality}"),
        TrendDirection::Sideways => "no trend".to_owned(),
    };
    let extension = extension_clause(t);
    let (verdict, latest) = (t.assessment().recommendation, t.assessment().latest_reading);
    let turning = if verdict == latest {
        String::new()
    } else {
        format!(
            "; the last {} alone reads {}, and three in a row would turn it",
            t.chart.series.bar_name(),
            verdict_name(latest)
        )
    };
    match verdict {
        Recommendation::Bullish => format!("Bullish: {trend}{extension}{turning}."),
        Recommendation::Bearish => format!("Bearish: {trend}{extension}{turning}."),
        Recommendation::Neutral => format!("Neutral: {trend}{extension}{turning}."),
        Recommendation::Reject => format!("Reject: {}; {trend}{extension}.", reject_words(t)),
    }
}

const fn quality_word(quality: TrendQuality) -> &'static str {
    match quality {
        TrendQuality::Weak => "weak",
        TrendQuality::Moderate => "moderate",
        TrendQuality::Strong => "strong",
    }
}

fn extension_clause(t: &mut Writer<'_>) -> String {
    let word = match t.assessment().extension_risk {
        ExtensionRisk::Low => return String::new(),
        ExtensionRisk::Moderate => "somewhat extended",
        ExtensionRisk::High => "extended",
    };
    let (distance, unit) = (t.measures().distance_to_sma20_atr, t.unit());
    let sign = match t.assessment().recommendation {
        Recommendation::Bullish => 1.0,
        Recommendation::Bearish => -1.0,
        Recommendation::Neutral | Recommendation::Reject => distance.signum(),
    };
    // Against the trend it is a setback and no stretch.
    let word = if sign * distance < 0.0 { "set back" } else { word };
    format!(", but {word} {} its 20-{unit} average", t.distance("extension_atr", distance))
}

fn reject_words(t: &mut Writer<'_>) -> String {
    let m = *t.measures();
    match t.assessment().reject_reason {
        Some(RejectReason::ExtremeVolatility) => {
            format!("extreme volatility of {} a year", t.percent("hv_20", m.hv20))
        }
        Some(RejectReason::VolatilityShock) => {
            let (hv, ratio) = (t.percent("hv_20", m.hv20), t.number("hv_20_ratio", m.hv20_ratio, 1));
            format!("volatility shock, {hv} a year or {ratio} times the usual")
        }
        Some(RejectReason::FreeFall) => {
            let period = t.period();
            format!("free fall, {} under {period} highest close", t.percent("drawdown_percent", m.drawdown))
        }
        Some(RejectReason::BlowOff) => format!("blow-off with an RSI of {}", t.number("rsi_14", m.rsi14, 0)),
        None => "not calm for three bars in a row yet".to_owned(),
    }
}

const fn reject_name(reason: RejectReason) -> &'static str {
    match reason {
        RejectReason::ExtremeVolatility => "extreme volatility",
        RejectReason::VolatilityShock => "volatility shock",
        RejectReason::FreeFall => "free fall",
        RejectReason::BlowOff => "blow-off",
    }
}

/// Symbol, price, moment and history.
fn setting(t: &mut Writer<'_>) -> String {
    let view = &t.chart.view;
    let time = view.as_of.with_timezone(&NEW_YORK).format("%H:%M ET");
    let price = t.narrator.price("price", view.price, "quote");
    let (symbol, date, bars) = (&view.symbol, Narrator::date(view.date), t.chart.series.source());
    let since = Narrator::date(t.assessment().history_start);
    let m = *t.measures();
    let (atr, percent) = (t.price("atr_14", m.atr14), t.percent("atr_14_percent", m.atr_percent / 100.0));
    format!(
        "{symbol} {price} on {date} at {time}; average true range {atr} ({percent} of the close); {bars} since {since}."
    )
}

fn changes(t: &mut Writer<'_>) -> Vec<String> {
    let mut out = Vec::new();
    let outlook = t.chart.outlook.clone();
    let turns = [("falls", outlook.falls), ("rises", outlook.rises)];
    for (name, turn) in turns.iter().flat_map(|(name, turns)| turns.iter().map(move |turn| (*name, turn))) {
        out.push(turn_sentence(t, name, turn));
    }
    if turns.iter().all(|(_, turns)| turns.is_empty()) {
        let pace = if outlook.standstill.is_some() { "three" } else { "twenty" };
        let bar = t.chart.series.bar_name();
        out.push(format!("No move of up to twelve ATR within {pace} {bar}s would change the verdict."));
    }
    if let Some(verdict) = outlook.standstill {
        let bar = t.chart.series.bar_name();
        out.push(format!("Twenty {bar}s without a move would make it {}.", verdict_name(verdict)));
    }
    out.extend(easing(t));
    out.extend(broken_level(t));
    out
}

fn turn_sentence(t: &mut Writer<'_>, name: &str, turn: &Turn) -> String {
    let pace = if turn.bars == 3 { "three" } else { "twenty" };
    let price = t.price(&format!("{name}_in_{pace}_bars"), turn.price);
    let distance = t.distance(&format!("{name}_in_{pace}_bars_atr"), turn.distance_atr);
    let bar = t.chart.series.bar_name();
    let why = turn.reject.map(|reason| format!(" ({})", reject_name(reason))).unwrap_or_default();
    let verdict = match verdict_name(turn.verdict) {
        "reject" => "a reject",
        other => other,
    };
    let move_ = if name == "falls" { "fall" } else { "rise" };
    let distance = distance.trim_end_matches(" above").trim_end_matches(" below");
    format!("A {move_} to {price} within {pace} {bar}s ({distance}) would make this {verdict}{why}.")
}

/// Where the extension would no longer be high.
fn easing(t: &mut Writer<'_>) -> Option<String> {
    if t.assessment().extension_risk != ExtensionRisk::High {
        return None;
    }
    let (m, unit) = (*t.measures(), t.unit());
    let sign = m.distance_to_sma20_atr.signum();
    let price = t.price("extension_eases_at", m.sma20 + sign * 2.0 * m.atr14);
    let past = if sign > 0.0 { "below" } else { "above" };
    Some(format!(
        "A close {past} {price}, two ATR from today's 20-{unit} average, would end the high extension."
    ))
}

/// The next level is named where it lies this many ATR or more beyond the one that breaks.
const NEXT_ATR: f64 = 0.25;

/// The level whose loss matters most to the verdict.
fn broken_level(t: &mut Writer<'_>) -> Option<String> {
    let bearish = t.assessment().recommendation == Recommendation::Bearish;
    let findings = &t.chart.findings;
    let (edge, past, sign) = if bearish {
        (findings.resistances.first()?.zone_high, "above", 1.0)
    } else {
        (findings.supports.first()?.zone_low, "below", -1.0)
    };
    let next = match next_level(findings, edge, sign, NEXT_ATR * t.measures().atr14) {
        Some((price, true)) => {
            format!("the next level is the confluence at {}", t.price("next_level", price))
        }
        Some((price, false)) => format!("the next level is {}", t.price("next_level", price)),
        None => "no level is known beyond it".to_owned(),
    };
    let edge = t.price("nearest_zone_edge", edge);
    Some(format!("A close {past} {edge} would break the nearest level; {next}."))
}

/// The nearest level or confluence at least `apart` dollars beyond `edge`, above it (positive) or below it, and whether it is a confluence alone.
fn next_level(findings: &Findings, edge: f64, sign: f64, apart: f64) -> Option<(f64, bool)> {
    let levels = if sign > 0.0 { &findings.resistances } else { &findings.supports };
    let levels = levels.iter().map(|level| (level.price, false));
    let zones = findings.confluence.iter().map(|zone| (zone.price, true));
    levels
        .chain(zones)
        .filter(|(price, _)| sign * (price - edge) >= apart)
        .min_by(|a, b| (a.0 - edge).abs().total_cmp(&(b.0 - edge).abs()))
}

fn levels(t: &mut Writer<'_>) -> Vec<String> {
    let mut out = vec![side_of(t, "Support", -1.0), side_of(t, "Resistance", 1.0)];
    out.push(fibonacci(t));
    out.push(confluence(t));
    out.push(gaps(t));
    out.extend(trend_lines(t));
    out.extend(events(t));
    out
}

fn side_of(t: &mut Writer<'_>, name: &str, sign: f64) -> String {
    let findings = &t.chart.findings;
    let levels = if sign > 0.0 { &findings.resistances } else { &findings.supports };
    if levels.is_empty() {
        let extremes = t.assessment().levels.extremes;
        let (extreme, word) =
            if sign > 0.0 { (extremes.all_time_high, "high") } else { (extremes.all_time_low, "low") };
        let side = if sign > 0.0 { "above" } else { "below" };
        let price = t.price(&format!("{word}_of_all_bars"), extreme.price);
        let (date, since) = (Narrator::date(extreme.date), Narrator::date(extremes.history_start));
        return format!("{name}: no turn {side} the price; the {word} since {since} is {price}, of {date}.");
    }
    let parts: Vec<String> = levels.iter().take(NAMED_LEVELS).map(|level| t.level(level)).collect();
    format!("{name}: {}.", parts.join("; "))
}

fn fibonacci(t: &mut Writer<'_>) -> String {
    let Some(swing) = t.chart.findings.fibonacci.clone() else {
        return "Fibonacci: no swing of four ATR within a year of bars.".to_owned();
    };
    let (from, to) = (t.price("fib_from", swing.from), t.price("fib_to", swing.to));
    let parts: Vec<String> = swing
        .retracements
        .iter()
        .filter(|level| [0.382, 0.5, 0.618].iter().any(|r| (r - level.ratio).abs() < 1e-9))
        .map(|level| {
            let name = format!("fib_{:.3}", level.ratio);
            let price = t.price(&name, level.price);
            format!("{} at {price}", t.number(&format!("{name}_ratio"), level.ratio, 3))
        })
        .collect();
    let dates = (Narrator::date(swing.from_date), Narrator::date(swing.to_date));
    format!("Fibonacci of {from} ({}) to {to} ({}): {}.", dates.0, dates.1, parts.join(", "))
}

fn confluence(t: &mut Writer<'_>) -> String {
    let zones: Vec<_> = t.chart.findings.confluence.iter().take(NAMED_ZONES).cloned().collect();
    if zones.is_empty() {
        return "Confluence: no Fibonacci level meets another level.".to_owned();
    }
    let parts: Vec<String> = zones
        .iter()
        .zip(1_u32..)
        .map(|(zone, i)| {
            let low = t.price(&format!("confluence_{i}_low"), zone.low);
            let high = t.price(&format!("confluence_{i}_high"), zone.high);
            format!("{low} to {high} ({})", t.members(i, &zone.levels))
        })
        .collect();
    format!("Confluence: {}.", parts.join("; "))
}

impl Writer<'_> {
    /// The members of a confluence; the numbers inside their names go on record too.
    fn members(&mut self, zone: u32, names: &[String]) -> String {
        for (name, i) in names.iter().zip(1_u32..) {
            for word in name.split(|c: char| !(c.is_ascii_digit() || c == '.')) {
                if let Ok(value) = word.parse::<f64>() {
                    let digits = word.split_once('.').map_or(0, |(_, fraction)| fraction.len());
                    self.number(&format!("confluence_{zone}_member_{i}"), value, digits);
                }
            }
        }
        names.join(", ")
    }
}

fn gaps(t: &mut Writer<'_>) -> String {
    let gaps: Vec<_> = t.chart.findings.gaps.iter().take(NAMED_ZONES).cloned().collect();
    if gaps.is_empty() {
        return format!("Gaps: no unfilled gap since {}.", Narrator::date(levels_since(t)));
    }
    let (price, atr) = (t.chart.view.price, t.measures().atr14);
    let parts: Vec<String> = gaps
        .iter()
        .map(|gap| {
            let name = format!("gap_{}", gap.date);
            let low = t.price(&format!("{name}_low"), gap.low);
            let high = t.price(&format!("{name}_high"), gap.high);
            let edge = if gap.high < price { gap.high } else { gap.low };
            let distance = t.distance(&format!("{name}_distance_atr"), (edge - price) / atr);
            format!(
                "{} gap of {} open from {low} to {high}, {distance}",
                gap.direction,
                Narrator::date(gap.date)
            )
        })
        .collect();
    format!("Gaps: {}.", parts.join("; "))
}

/// The first bar in which levels were sought.
fn levels_since(t: &Writer<'_>) -> chrono::NaiveDate {
    let bars = t.chart.series.judged();
    let lookback = match t.assessment().depth {
        Depth::Quick => 252,
        Depth::Standard => 504,
        Depth::Deep => usize::MAX,
    };
    bars.get(bars.len().saturating_sub(lookback)).map_or(t.assessment().history_start, |bar| bar.date)
}

fn trend_lines(t: &mut Writer<'_>) -> Vec<String> {
    let (price, reach) = (t.chart.view.price, FAR_ATR * t.measures().atr14);
    let mut lines = t.assessment().levels.trend_lines.clone();
    lines.retain(|line| (line.price_now - price).abs() <= reach);
    lines
        .iter()
        .map(|line| {
            let (side, name) = match line.kind {
                LevelSide::Support => ("under the lows", "trend_line_support"),
                LevelSide::Resistance => ("over the highs", "trend_line_resistance"),
            };
            let price = t.price(name, line.price_now);
            let touches =
                t.count(&format!("{name}_touches"), u32::try_from(line.touches).unwrap_or(u32::MAX));
            let since = Narrator::date(line.from_date);
            format!("Trend line {side} since {since}: now at {price}, {touches} touches, unbroken.")
        })
        .collect()
}

/// Reports and dividends to come.
fn events(t: &mut Writer<'_>) -> Vec<String> {
    let mut out = Vec::new();
    if let NextEarnings::Next(date) = &t.chart.earnings {
        out.push(earnings(date));
    }
    let (today, dividends) = (t.chart.view.date, &t.chart.view.dividends);
    if let Some(next) = dividends.iter().filter(|d| d.ex_date > today).min_by_key(|d| d.ex_date).copied() {
        let amount = t.narrator.price("next_dividend", next.amount, "dividends");
        let sure = if next.status == DividendStatus::Projected { "projected" } else { "declared" };
        out.push(format!("Next dividend: ${amount} ex {}, {sure}.", Narrator::date(next.ex_date)));
    }
    if let Some(split) = t.chart.view.splits.last().filter(|s| s.effective == today).copied() {
        let digits = if split.ratio.fract() == 0.0 { 0 } else { 4 };
        let ratio = t.narrator.number("split_ratio", split.ratio, digits, "splits");
        out.push(format!(
            "A split of {ratio} new shares for an old one takes effect today; all prices are in new shares."
        ));
    }
    out
}

fn earnings(date: &EarningsDate) -> String {
    let time = match date.time {
        EarningsTime::BeforeMarket => "before the open",
        EarningsTime::AfterMarket => "after the close",
        EarningsTime::Unknown => "time of day unknown",
    };
    let sure = if date.confirmed { "confirmed" } else { "not confirmed" };
    format!("Next earnings: {}, {time}, {sure}.", Narrator::date(date.date))
}

fn unknown(t: &mut Writer<'_>) -> Vec<String> {
    let mut out = Vec::new();
    match &t.chart.earnings {
        NextEarnings::Unread(who) => out.push(format!("Earnings date: could not be read ({who}).")),
        NextEarnings::NoRecord => {
            out.push("Earnings date: no provider has earnings dates.".to_owned());
        }
        NextEarnings::NoneKnown => out.push("Earnings date: no upcoming report is listed.".to_owned()),
        NextEarnings::Next(_) | NextEarnings::Never => {}
    }
    if let Some(what) = &t.chart.view.actions_unknown {
        out.push(article::sentence(what));
    }
    let unit = t.unit();
    if t.measures().sma200.is_none() {
        out.push(format!(
            "200-{unit} average: the history is too short, so the long-term trend has no vote."
        ));
    }
    if !t.assessment().levels.extremes.full_year && t.assessment().timeframe != Timeframe::Intraday {
        let since = Narrator::date(t.assessment().history_start);
        out.push(format!("The year's high and low: bars begin only on {since}."));
    }
    if t.measures().volume_ratio.is_none() {
        out.push("Volume: the bars have none.".to_owned());
    }
    if t.chart.series.last_is_running() {
        let bar = t.chart.series.bar_name();
        out.push(format!("The close of the running {bar}: it counts as it stands now."));
    }
    if t.chart.view.price_is_doubtful() {
        out.push("Whether the quoted price is good: see the warnings.".to_owned());
    }
    if out.is_empty() {
        out.push("Nothing.".to_owned());
    }
    out
}
