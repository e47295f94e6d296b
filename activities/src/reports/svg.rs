//! Small drawings of a report as inline SVG, in the colours of the page around them. Pure.

use std::fmt::Write as _;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

use super::words::{dollars, short_day, signed_dollars};

/// Width of a drawing in its own units; the page scales it.
const WIDTH: f64 = 420.0;
/// Room at the left for names, and at the right for amounts.
const NAMES: f64 = 150.0;
const AMOUNTS: f64 = 80.0;
const ROW: f64 = 26.0;
/// Bars that are drawn; the smallest of more are left out, and counted.
const MOST_BARS: usize = 16;

/// A drawing, and what it shows in words for whoever cannot see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ReportPicture {
    pub(crate) title: String,
    pub(crate) words: String,
    pub(crate) svg: String,
    /// The same on a dark page; none where it takes the page's colours.
    pub(crate) dark: Option<String>,
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, letter| {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
        out
    })
}

fn begin(height: f64, words: &str) -> String {
    format!(
        "<svg class=\"drawing\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" role=\"img\" aria-label=\"{}\">",
        escaped(words)
    )
}

fn to_f64(amount: Decimal) -> f64 {
    amount.to_f64().unwrap_or_default()
}

/// What an account was worth day by day; nothing with fewer than two days.
pub(crate) fn equity_line(points: &[(NaiveDate, Decimal)]) -> Option<ReportPicture> {
    let ((first_day, first), (last_day, last)) = (*points.first()?, *points.last()?);
    if points.len() < 2 {
        return None;
    }
    let values: Vec<f64> = points.iter().map(|(_, amount)| to_f64(*amount)).collect();
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    let words = format!(
        "Net liquidation from {} on {} to {} on {} ({}), over {} stored days",
        dollars(first),
        short_day(first_day),
        dollars(last),
        short_day(last_day),
        signed_dollars(last - first),
        points.len()
    );
    let (top, bottom, left, right) = (16.0, 144.0, 8.0, WIDTH - 8.0);
    let span = (high - low).max(1e-9);
    let days = |day: NaiveDate| (day - first_day).num_days() as f64;
    let all = days(last_day).max(1.0);
    let x = |day: NaiveDate| left + (right - left) * days(day) / all;
    let y = |value: f64| bottom - (bottom - top) * (value - low) / span;
    let path: Vec<String> = points
        .iter()
        .zip(&values)
        .map(|((day, _), value)| format!("{:.1},{:.1}", x(*day), y(*value)))
        .collect();
    let class = if last >= first { "good" } else { "bad" };
    let mut svg = begin(170.0, &words);
    // Writing to a String does not fail.
    let _ =
        write!(svg, "<line class=\"axis\" x1=\"{left}\" y1=\"{bottom}\" x2=\"{right}\" y2=\"{bottom}\"/>");
    let _ = write!(svg, "<polyline class=\"{class}\" points=\"{}\"/>", path.join(" "));
    let _ = write!(
        svg,
        "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\"/>",
        x(last_day),
        y(to_f64(last))
    );
    let label = |anchor: &str, at: f64, line: f64, text: &str| {
        format!("<text x=\"{at}\" y=\"{line}\" text-anchor=\"{anchor}\">{}</text>", escaped(text))
    };
    svg.push_str(&label("start", left, 164.0, &short_day(first_day)));
    svg.push_str(&label("end", right, 164.0, &short_day(last_day)));
    svg.push_str(&label("start", left, 11.0, &format!("high {}", dollars(max_of(points)))));
    svg.push_str(&label("end", right, 11.0, &format!("low {}", dollars(min_of(points)))));
    svg.push_str("</svg>");
    Some(ReportPicture { title: "Net liquidation".to_owned(), words, svg, dark: None })
}

fn max_of(points: &[(NaiveDate, Decimal)]) -> Decimal {
    points.iter().map(|(_, amount)| *amount).max().unwrap_or_default()
}

fn min_of(points: &[(NaiveDate, Decimal)]) -> Decimal {
    points.iter().map(|(_, amount)| *amount).min().unwrap_or_default()
}

/// Profits and losses by name, the largest first; nothing without any.
pub(crate) fn pnl_bars(title: &str, bars: &[(String, Decimal)]) -> Option<ReportPicture> {
    let mut bars: Vec<&(String, Decimal)> = bars.iter().filter(|(_, amount)| !amount.is_zero()).collect();
    bars.sort_by(|(one, a), (other, b)| b.abs().cmp(&a.abs()).then_with(|| one.cmp(other)));
    let left_out = bars.len().saturating_sub(MOST_BARS);
    bars.truncate(MOST_BARS);
    bars.sort_by(|(one, a), (other, b)| b.cmp(a).then_with(|| one.cmp(other)));
    let largest = bars.iter().map(|(_, amount)| to_f64(amount.abs())).fold(0.0, f64::max);
    if bars.is_empty() || largest <= 0.0 {
        return None;
    }
    let listed: Vec<String> =
        bars.iter().map(|(name, amount)| format!("{name} {}", signed_dollars(*amount))).collect();
    let more = if left_out > 0 { format!("; {left_out} smaller ones are not drawn") } else { String::new() };
    let words = format!("{title}: {}{more}", listed.join(", "));
    let height = ROW * bars.len() as f64 + 8.0;
    let has_losses = bars.iter().any(|(_, amount)| amount.is_sign_negative());
    let has_gains = bars.iter().any(|(_, amount)| !amount.is_sign_negative());
    let (left, right) = (NAMES, WIDTH - AMOUNTS);
    let zero = match (has_losses, has_gains) {
        (true, true) => f64::midpoint(left, right),
        (true, false) => right,
        _ => left,
    };
    let room = if has_losses && has_gains { (right - left) / 2.0 } else { right - left };
    let mut svg = begin(height, &words);
    for (row, (name, amount)) in bars.iter().enumerate() {
        let top = 4.0 + ROW * row as f64;
        let length = (room * to_f64(amount.abs()) / largest).max(1.0);
        let (start, class) = if amount.is_sign_negative() { (zero - length, "bad") } else { (zero, "good") };
        let middle = top + ROW * 0.68;
        let _ = write!(svg, "<text x=\"0\" y=\"{middle:.1}\">{}</text>", escaped(&shortened(name)));
        let _ = write!(
            svg,
            "<rect class=\"{class}\" x=\"{start:.1}\" y=\"{:.1}\" width=\"{length:.1}\" height=\"{:.1}\" rx=\"2\"/>",
            top + 4.0,
            ROW - 8.0
        );
        let _ = write!(
            svg,
            "<text x=\"{WIDTH}\" y=\"{middle:.1}\" text-anchor=\"end\">{}</text>",
            escaped(&signed_dollars(*amount))
        );
    }
    let _ = write!(
        svg,
        "<line class=\"axis\" x1=\"{zero:.1}\" y1=\"2\" x2=\"{zero:.1}\" y2=\"{:.1}\"/>",
        height - 2.0
    );
    svg.push_str("</svg>");
    Some(ReportPicture { title: title.to_owned(), words, svg, dark: None })
}

/// A name that fits beside the bars.
fn shortened(name: &str) -> String {
    if name.chars().count() <= 24 {
        return name.to_owned();
    }
    name.chars().take(23).chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_line_needs_two_days_and_says_what_it_shows() {
        assert_eq!(equity_line(&[(day("2026-11-25"), Decimal::from(100))]), None);
        let points = [(day("2026-11-25"), Decimal::from(1_000)), (day("2026-11-27"), Decimal::from(900))];
        let picture = equity_line(&points).unwrap();
        assert!(
            picture.words.contains("from $1,000.00 on Wed Nov 25 to $900.00 on Fri Nov 27 (-$100.00)"),
            "{picture:?}"
        );
        assert!(
            picture.svg.contains("points=\"8.0,16.0 412.0,144.0\"") && picture.svg.contains("class=\"bad\"")
        );
        // A flat line divides by nothing.
        let flat = [(day("2026-11-25"), Decimal::ONE), (day("2026-11-25"), Decimal::ONE)];
        assert!(!equity_line(&flat).unwrap().svg.contains("NaN"));
    }

    #[test]
    fn bars_are_escaped_and_the_smallest_are_left_out() {
        assert_eq!(pnl_bars("Day P&L", &[("A".to_owned(), Decimal::ZERO)]), None);
        let mut bars: Vec<(String, Decimal)> =
            (1..=20).map(|number| (format!("S{number}"), Decimal::from(number))).collect();
        bars.push(("<script>".to_owned(), Decimal::from(-50)));
        let picture = pnl_bars("Day P&L", &bars).unwrap();
        assert!(!picture.svg.contains("<script>") && picture.svg.contains("&lt;script&gt;"));
        assert!(picture.words.contains("5 smaller ones are not drawn"), "{}", picture.words);
        assert_eq!(picture.svg.matches("<rect").count(), MOST_BARS);
    }
}
