//! The key figures of an analysis, rounded as a trader reads them. The result keeps them exact.

use ttai_contract::{ExpectedMove, FullAnalysisResult, OptionsAnalysisResult, Strategy, SuggestedPosition};

use super::text::whole_dollars;

/// A figure by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Figure {
    pub(super) name: &'static str,
    pub(super) value: String,
}

/// Shares of a contract: others are not suggested.
const SHARES: f64 = 100.0;
/// What is not known.
const NONE: &str = "–";

/// The figures of the trade, or of the market where there is none.
pub(super) fn of(result: &FullAnalysisResult) -> Vec<Figure> {
    let options = result.options_analysis.as_ref();
    let mut figures: Vec<(&'static str, String)> = Vec::new();
    if let Some(position) = &result.suggested_position {
        figures.extend(trade(position, options));
    }
    if let Some(options) = options {
        figures.extend(market(options, result.suggested_position.as_ref()));
    } else if let Some(chart) = &result.chart_analysis {
        figures.push(("Price", format!("{:.2}", chart.price)));
        figures.push(("ATR", format!("{:.2}", chart.atr)));
        figures.push(("RSI", rounded(chart.indicators.get("rsi_14").copied(), 0, "")));
    }
    figures.into_iter().map(|(name, value)| Figure { name, value }).collect()
}

fn trade(
    position: &SuggestedPosition,
    options: Option<&OptionsAnalysisResult>,
) -> Vec<(&'static str, String)> {
    let per_share = |value: Option<f64>, digits| rounded(value, digits, "");
    // Of one share of the contract, as chains show them; of a vertical its short leg's.
    let [delta, theta, vega] = match position.long_contract {
        None => ["Delta", "Theta/day", "Vega/pt"],
        Some(_) => ["Short Δ", "Short Θ/d", "Short vega"],
    };
    let [profit, loss, chance] = outcome(position, options);
    vec![
        ("Credit", whole_dollars(SHARES * position.credit * f64::from(position.contracts.max(1)))),
        ("Breakeven", format!("{:.2}", position.breakeven)),
        ("Collateral", whole_dollars(position.collateral)),
        profit,
        loss,
        chance,
        (delta, per_share(position.delta, 2)),
        (theta, per_share(options.and_then(|options| options.theta), 2)),
        (vega, per_share(options.and_then(|options| options.vega), 2)),
        ("ROC week", format!("{:.2} %", position.roc_weekly)),
        ("ROC year", format!("{:.0} %", position.roc_annual)),
    ]
}

/// The best, the worst and the likely end. On shares that are held the call's own, and what the shares have made apart.
fn outcome(
    position: &SuggestedPosition,
    options: Option<&OptionsAnalysisResult>,
) -> [(&'static str, String); 3] {
    let chance = position.probability_of_profit.map_or(NONE.to_owned(), |p| format!("{:.0} %", p * 100.0));
    if position.strategy != Strategy::CoveredCall || position.buy_write {
        return [
            ("Max profit", whole_dollars(position.max_profit)),
            ("Max loss", whole_dollars(position.max_loss)),
            ("P(profit)", chance),
        ];
    }
    let cost = position.breakeven + position.credit;
    let shares = SHARES * f64::from(position.contracts.max(1));
    let spot = options.map(|options| options.underlying_price);
    let signed =
        |dollars: f64| format!("{}{}", if dollars < 0.0 { "-" } else { "" }, whole_dollars(dollars.abs()));
    let made =
        |at: f64| spot.map_or(NONE.to_owned(), |spot| signed(at.mul_add(spot, position.credit) * shares));
    [
        ("If called", rounded(position.if_called_return, 2, " %")),
        ("Shares P/L", spot.map_or(NONE.to_owned(), |spot| signed((spot - cost) * shares))),
        // Of the shares as they stand, less the premium.
        ("20 % fall", made(-0.2)),
    ]
}

fn market(
    options: &OptionsAnalysisResult,
    position: Option<&SuggestedPosition>,
) -> Vec<(&'static str, String)> {
    let mut figures = Vec::new();
    if position.is_none() {
        figures.push(("Price", format!("{:.2}", options.underlying_price)));
    }
    let expected = expected_move(options, position);
    figures.push(("1 SD move", rounded(expected.map(|expected| expected.expected_move_1sd), 2, "")));
    figures.push(("IV30", percent(options.iv30)));
    figures.push(("HV30", percent(options.hv30)));
    figures.push(("IV rank", rounded(options.iv_rank, 0, "")));
    figures
}

/// The move by the trade's expiration, else by the nearest.
pub(super) fn expected_move<'a>(
    options: &'a OptionsAnalysisResult,
    position: Option<&SuggestedPosition>,
) -> Option<&'a ExpectedMove> {
    let moves = &options.expected_moves;
    let of_trade = position.and_then(|position| moves.iter().find(|m| m.expiration == position.expiration));
    of_trade.or_else(|| moves.first().filter(|_| position.is_none()))
}

/// The word over a trigger of the exit plan, which is also how its sentence begins.
pub(super) fn exit_word(kind: &str) -> &'static str {
    match kind {
        "take_profit" => "Take profit",
        "review" => "Review",
        "stop_loss" => "Stop",
        _ => "Defend",
    }
}

fn percent(fraction: Option<f64>) -> String {
    rounded(fraction.map(|fraction| fraction * 100.0), 0, " %")
}

/// Rounded, without the sign of a zero.
fn rounded(value: Option<f64>, digits: usize, unit: &str) -> String {
    value.filter(|value| value.is_finite()).map_or_else(
        || NONE.to_owned(),
        |value| {
            let text = format!("{value:.digits$}");
            let zero = text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.');
            format!("{}{unit}", if zero { text.trim_start_matches('-') } else { &text })
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rounded_and_zero_has_no_sign() {
        assert_eq!(rounded(Some(1.0357), 2, " %"), "1.04 %");
        assert_eq!(rounded(Some(-0.04), 1, ""), "0.0");
        assert_eq!(rounded(Some(-0.29), 2, ""), "-0.29");
        assert_eq!(rounded(None, 2, ""), "–");
        assert_eq!(rounded(Some(f64::NAN), 2, ""), "–");
    }

    #[test]
    fn every_exit_has_its_word() {
        let words = ["take_profit", "review", "tested", "stop_loss"].map(exit_word);
        assert_eq!(words, ["Take profit", "Review", "Defend", "Stop"]);
    }
}
