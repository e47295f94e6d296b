//! Why the verdict is what it is: the rule behind it, what speaks for it and what most against it.

use ttai_core::{ExtensionRisk, TrendDirection};
use ttai_quant::trend::{ChartAssessment, Measures, Recommendation, RejectReason};

use super::notes::Writer;

/// A slope of less than this many ATR in ten bars is flat.
const FLAT_ATR: f64 = 0.5;

/// The rule that gave the verdict.
pub(super) fn rule(assessment: &ChartAssessment) -> String {
    let text = match assessment.recommendation {
        verdict if verdict != assessment.latest_reading => {
            "unchanged from earlier bars: the verdict changes only when three bars in a row agree"
        }
        Recommendation::Bullish => "the trend is up and its quality at least moderate",
        Recommendation::Bearish => "the trend is down and its quality at least moderate",
        Recommendation::Neutral => "there is no trend of at least moderate quality",
        Recommendation::Reject => match assessment.reject_reason {
            Some(RejectReason::ExtremeVolatility) => {
                "extreme volatility: realised volatility is extreme in itself"
            }
            Some(RejectReason::VolatilityShock) => {
                "volatility shock: realised volatility is high and a multiple of its usual level"
            }
            Some(RejectReason::FreeFall) => {
                "free fall: far under the highest close of 252 bars and under the 20-bar average, the 50-bar average falling"
            }
            Some(RejectReason::BlowOff) | None => {
                "blow-off: far above the 20-bar average and heavily overbought"
            }
        },
    };
    format!("{}: {text}", verdict_name(assessment.recommendation))
}

pub(super) const fn verdict_name(verdict: Recommendation) -> &'static str {
    super::findings::recommendation(verdict).as_str()
}

/// The three strongest reasons for the verdict.
pub(super) fn reasons_for(writer: &mut Writer<'_>) -> Vec<String> {
    let mut reasons = match writer.assessment().recommendation {
        Recommendation::Bullish => for_trend(writer, 1.0),
        Recommendation::Bearish => for_trend(writer, -1.0),
        Recommendation::Neutral => for_neutral(writer),
        Recommendation::Reject => for_reject(writer),
    };
    reasons.truncate(3);
    // Only the numbers of the reasons that are told belong on record.
    reasons.into_iter().map(|reason| reason(writer)).collect()
}

/// A sentence that is not spoken yet.
type Sentence = Box<dyn Fn(&mut Writer<'_>) -> String>;

fn say(sentence: impl Fn(&mut Writer<'_>) -> String + 'static) -> Sentence {
    Box::new(sentence)
}

fn for_trend(writer: &Writer<'_>, sign: f64) -> Vec<Sentence> {
    let m = *writer.measures();
    let mut reasons = Vec::new();
    if in_order(&m, sign) {
        reasons.push(say(move |t| averages_in_order(t, sign)));
    } else if sign * (m.close - m.sma50) > 0.0 {
        reasons.push(say(move |t| close_beside_average(t, sign, 50, m.sma50)));
    }
    if sign * (m.plus_di14 - m.minus_di14) > 0.0 && m.adx14 >= 16.0 {
        reasons.push(say(directional_movement));
    }
    if sign * m.sma50_slope_atr > FLAT_ATR {
        reasons.push(say(move |t| {
            let (unit, verb) = (t.unit(), if sign > 0.0 { "risen" } else { "fallen" });
            let slope = t.number("sma_50_slope_atr", m.sma50_slope_atr.abs(), 1);
            format!("The 50-{unit} average has {verb} {slope} ATR in ten bars.")
        }));
    }
    if let Some(level) = writer.nearest(-sign).filter(|l| l.distance_atr.abs() <= 3.0 && l.strength != "weak")
    {
        let level = level.clone();
        reasons.push(say(move |t| {
            let name = if sign > 0.0 { "Support" } else { "Resistance" };
            format!("{name} is near: {}.", t.level(&level))
        }));
    }
    if sign > 0.0 && m.drawdown <= 0.05 {
        reasons.push(say(drawdown));
    }
    if sign < 0.0 && m.drawdown >= 0.15 {
        reasons.push(say(drawdown));
    }
    if m.hv20_ratio <= 1.0 {
        reasons.push(say(volatility));
    }
    if is_voted(writer, sign) {
        reasons.push(say(votes));
    }
    if sign * (m.close - m.sma20) > 0.0 {
        reasons.push(say(move |t| close_beside_average(t, sign, 20, m.sma20)));
    }
    if sign * (m.sma20 - m.sma50) > 0.0 && !in_order(&m, sign) {
        reasons.push(say(move |t| {
            let (unit, fast, slow) = (t.unit(), t.price("sma_20", m.sma20), t.price("sma_50", m.sma50));
            format!("The 20-{unit} average of {fast} is {} the 50-{unit} average of {slow}.", side(sign))
        }));
    }
    if reasons.is_empty() {
        reasons.push(say(|t| {
            format!("The verdict stands until three {}s in a row disagree with it.", t.bar_name())
        }));
    }
    reasons
}

/// Votes that begin a trend.
const VOTES: i32 = 3;

/// Whether the votes begin a trend in the direction of `sign`.
fn is_voted(writer: &Writer<'_>, sign: f64) -> bool {
    sign * f64::from(writer.assessment().trend_points) >= f64::from(VOTES)
}

fn for_neutral(writer: &Writer<'_>) -> Vec<Sentence> {
    let m = *writer.measures();
    let mut reasons = vec![say(votes)];
    if m.adx14 < 16.0 {
        reasons.push(say(move |t| {
            format!("ADX {}: hardly any directional movement.", t.number("adx_14", m.adx14, 1))
        }));
    }
    if m.sma50_slope_atr.abs() <= FLAT_ATR {
        reasons.push(say(move |t| {
            let unit = t.unit();
            let slope = t.number("sma_50_slope_atr", m.sma50_slope_atr.abs(), 1);
            format!("The 50-{unit} average is flat: {slope} ATR in ten bars.")
        }));
    }
    if let (Some(below), Some(above)) = (writer.nearest(-1.0), writer.nearest(1.0)) {
        let (below, above) = (below.clone(), above.clone());
        reasons.push(say(move |t| {
            let width = t.number("range_atr", above.distance_atr - below.distance_atr, 1);
            let (low, high) = (t.price("support_1", below.price), t.price("resistance_1", above.price));
            format!("The price lies between support at {low} and resistance at {high}, {width} ATR apart.")
        }));
    }
    reasons.push(say(volatility));
    reasons.push(say(directional_movement));
    reasons
}

fn for_reject(writer: &Writer<'_>) -> Vec<Sentence> {
    let m = *writer.measures();
    let stretch = say(distance_to_average);
    let range = say(move |t: &mut Writer<'_>| {
        let atr = t.percent("atr_14_percent", m.atr_percent / 100.0);
        format!("An ordinary bar covers {atr} of the price, so a strike a little away is soon reached.")
    });
    match writer.assessment().reject_reason {
        Some(RejectReason::FreeFall) => vec![say(drawdown), stretch, range],
        Some(RejectReason::BlowOff) => vec![stretch, say(rsi), range],
        _ => vec![say(volatility), range, stretch],
    }
}

/// What speaks most against the verdict.
pub(super) fn strongest_against(writer: &mut Writer<'_>) -> String {
    let m = *writer.measures();
    let direction = writer.assessment().trend_direction;
    match writer.assessment().recommendation {
        Recommendation::Bullish => against_trend(writer, 1.0),
        Recommendation::Bearish => against_trend(writer, -1.0),
        Recommendation::Neutral | Recommendation::Reject if direction == TrendDirection::Sideways => {
            let lean = m.close - m.sma50;
            let (unit, sma) = (writer.unit(), writer.price("sma_50", m.sma50));
            format!("The price leans {}: it is {} its 50-{unit} average of {sma}.", up(lean), side(lean))
        }
        Recommendation::Neutral | Recommendation::Reject => {
            format!("The trend is {}. {}", up_of(direction), votes(writer))
        }
    }
}

fn against_trend(writer: &mut Writer<'_>, sign: f64) -> String {
    let m = *writer.measures();
    let ahead = writer.nearest(sign).filter(|l| l.distance_atr.abs() <= 1.0).cloned();
    let behind = writer.nearest(-sign).cloned();
    if !is_voted(writer, sign) {
        return votes(writer);
    }
    if writer.assessment().extension_risk == ExtensionRisk::High {
        return format!("{} {}", distance_to_average(writer), rsi(writer));
    }
    if sign * (m.close - m.sma50) < 0.0 {
        return close_beside_average(writer, -sign, 50, m.sma50);
    }
    if let Some(level) = ahead {
        return format!("A level blocks the way nearby: {}.", writer.level(&level));
    }
    if writer.assessment().extension_risk == ExtensionRisk::Moderate {
        return format!("{} {}", distance_to_average(writer), rsi(writer));
    }
    if sign * (m.close - m.sma20) < 0.0 {
        return close_beside_average(writer, -sign, 20, m.sma20);
    }
    if m.adx14 < 20.0 {
        let adx = writer.number("adx_14", m.adx14, 1);
        return format!("The trend has little force: ADX {adx}.");
    }
    if m.hv20_ratio >= 1.3 {
        return volatility(writer);
    }
    match behind {
        Some(level) if level.distance_atr.abs() > 2.0 => {
            format!("The nearest level to lean on is far away: {}.", writer.level(&level))
        }
        _ => format!("Nothing stands out. {}", rsi(writer)),
    }
}

fn close_beside_average(t: &mut Writer<'_>, sign: f64, bars: u32, average: f64) -> String {
    let (unit, average) = (t.unit(), t.price(&format!("sma_{bars}"), average));
    format!("The last close is {} its {bars}-{unit} average of {average}.", side(sign))
}

fn in_order(m: &Measures, sign: f64) -> bool {
    let ordered = |a: f64, b: f64| sign * (a - b) > 0.0;
    ordered(m.close, m.sma50) && ordered(m.sma20, m.sma50) && m.sma200.is_some_and(|s| ordered(m.sma50, s))
}

fn averages_in_order(t: &mut Writer<'_>, sign: f64) -> String {
    let (m, unit) = (*t.measures(), t.unit());
    let over = if sign > 0.0 { "over" } else { "under" };
    let fast = t.price("sma_20", m.sma20);
    let middle = t.price("sma_50", m.sma50);
    let slow = m.sma200.map(|price| t.price("sma_200", price)).unwrap_or_default();
    format!("The averages are in order: 20-{unit} {fast} {over} 50-{unit} {middle} {over} 200-{unit} {slow}.")
}

fn directional_movement(t: &mut Writer<'_>) -> String {
    let m = *t.measures();
    let (adx, plus, minus) = (
        t.number("adx_14", m.adx14, 1),
        t.number("plus_di_14", m.plus_di14, 1),
        t.number("minus_di_14", m.minus_di14, 1),
    );
    format!("Directional movement: ADX {adx}, upward {plus} against downward {minus}.")
}

fn distance_to_average(t: &mut Writer<'_>) -> String {
    let (m, unit) = (*t.measures(), t.unit());
    let distance = t.number("extension_atr", m.distance_to_sma20_atr.abs(), 1);
    let average = t.price("sma_20", m.sma20);
    format!(
        "The close is {distance} ATR {} its 20-{unit} average of {average}.",
        side(m.distance_to_sma20_atr)
    )
}

fn drawdown(t: &mut Writer<'_>) -> String {
    let (fall, period) = (t.measures().drawdown, t.period());
    format!("The close is {} under {period} highest close.", t.percent("drawdown_percent", fall))
}

fn rsi(t: &mut Writer<'_>) -> String {
    let value = t.measures().rsi14;
    let word = match value {
        v if v >= 70.0 => "overbought",
        v if v <= 30.0 => "oversold",
        _ => "neither overbought nor oversold",
    };
    format!("RSI {} is {word}.", t.number("rsi_14", value, 0))
}

fn volatility(t: &mut Writer<'_>) -> String {
    let (m, unit) = (*t.measures(), t.unit());
    let (hv, ratio) = (t.percent("hv_20", m.hv20), t.number("hv_20_ratio", m.hv20_ratio, 1));
    format!("Realised 20-{unit} volatility is {hv} a year, {ratio} times its usual level.")
}

fn votes(t: &mut Writer<'_>) -> String {
    let points = t.assessment().trend_points;
    let points = t.count("trend_points", points);
    format!(
        "The four votes on direction (price, averages, slope) add up to {points}; a trend begins at three."
    )
}

const fn side(sign: f64) -> &'static str {
    if sign < 0.0 { "below" } else { "above" }
}

const fn up(sign: f64) -> &'static str {
    if sign < 0.0 { "down" } else { "up" }
}

const fn up_of(direction: TrendDirection) -> &'static str {
    match direction {
        TrendDirection::Up => "up",
        TrendDirection::Down => "down",
        TrendDirection::Sideways => "sideways",
    }
}
