//! `indicator`: technical indicators over bars, in TA-Lib's conventions, by the names of the reference file's columns.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ttai_core::DailyBar;
use ttai_quant::indicators::volatility::{close_to_close, parkinson, yang_zhang};
use ttai_quant::indicators::{
    Indicator, PriceBar, Vwap, adx, atr, bollinger, cci, donchian, ema, macd, mfi, obv, rsi, sma, stochastic,
};

use super::bars::{Bars, DayPart, Needs};
use crate::CalcError;
use crate::input::{Number, Whole, optional};

/// Bars and an indicator.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct IndicatorRequest {
    /// A column such as `rsi14`, `macd_signal` or `hv20_cc`, a family such as `macd`, `bb`, `adx`, `stoch` or `donchian`, or `all`.
    pub name: String,
    /// The bars, oldest first.
    pub bars: Bars,
    /// Bars of the window, in place of the number in the name.
    #[serde(default, deserialize_with = "optional")]
    pub period: Option<Whole>,
    /// Bollinger: standard deviations to each side, 2 unless given.
    #[serde(default, deserialize_with = "optional")]
    pub width: Option<Number>,
}

/// A value for each bar.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct IndicatorAnswer {
    /// The name that was asked for.
    pub name: String,
    /// Index of the first bar that has a value; null where none has.
    pub first_index: Option<usize>,
    /// The column of that name; null while it warms up. Left out where the name is `all`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<Option<f64>>>,
    /// Every column of the indicator by its own name.
    #[serde(flatten)]
    pub columns: BTreeMap<String, Vec<Option<f64>>>,
}

type Column = Vec<Option<f64>>;
type Columns = Vec<(String, Column)>;

/// What a name asks for: a family and its window.
struct Asked {
    family: String,
    period: Option<usize>,
}

/// Every column of the reference file, family by family.
const ALL: [&str; 20] = [
    "sma20",
    "sma50",
    "sma200",
    "ema12",
    "ema20",
    "ema26",
    "rsi14",
    "macd",
    "bb",
    "atr14",
    "adx14",
    "stoch",
    "obv",
    "mfi14",
    "cci20",
    "donchian20",
    "hv20_cc",
    "hv20_parkinson",
    "hv20_yang_zhang",
    "vwap",
];

/// Columns whose names do not begin with their family's.
const PARTS: [(&str, &str); 16] = [
    ("vwap_all", "vwap"),
    ("vwap_rth", "vwap"),
    ("macd_signal", "macd"),
    ("macd_hist", "macd"),
    ("macd_line", "macd"),
    ("bb_upper", "bb"),
    ("bb_mid", "bb"),
    ("bb_lower", "bb"),
    ("bollinger", "bb"),
    ("plus_di", "adx"),
    ("minus_di", "adx"),
    ("stoch_k", "stoch"),
    ("stoch_d", "stoch"),
    ("stochastic", "stoch"),
    ("donchian_hi", "donchian"),
    ("donchian_lo", "donchian"),
];

impl Asked {
    /// Takes `rsi14`, `hv20_cc` or `donchian_mid20` apart.
    fn of(name: &str) -> Self {
        let digits: String = name.chars().filter(char::is_ascii_digit).collect();
        let plain: String = name.chars().filter(|c| !c.is_ascii_digit()).collect();
        let plain = plain.trim_end_matches('_');
        let part = PARTS.iter().find(|(part, _)| *part == plain).map(|(_, family)| *family);
        let family = part.unwrap_or(if plain == "donchian_mid" { "donchian" } else { plain });
        Self { family: family.to_owned(), period: digits.parse().ok() }
    }
}

fn part<T: Copy>(values: &[Option<T>], pick: impl Fn(T) -> Option<f64>) -> Column {
    values.iter().map(|value| value.and_then(&pick)).collect()
}

/// Anchored at the first bar that counts; null at those that do not.
fn vwap(bars: &[DailyBar], counts: impl Fn(usize) -> bool) -> Column {
    let mut vwap = Vwap::new();
    let value = |(index, bar): (usize, &DailyBar)| {
        bar.ohlcv().filter(|_| counts(index)).and_then(|bar| vwap.update(bar))
    };
    bars.iter().enumerate().map(value).collect()
}

/// From the first bar on, and where the bars say their part of the day, of regular trading hours alone.
fn vwaps(asked: &Bars, bars: &[DailyBar]) -> Columns {
    let whole = vwap(bars, |_| true);
    let mut columns = vec![("vwap".to_owned(), whole.clone()), ("vwap_all".to_owned(), whole)];
    if asked.0.iter().any(|row| row.session.is_some()) {
        let regular = |index: usize| asked.0[index].session == Some(DayPart::Rth);
        columns.push(("vwap_rth".to_owned(), vwap(bars, regular)));
    }
    columns
}

/// The columns of one family.
fn columns(asked: &Asked, given: &Bars, width: f64) -> Result<Option<Columns>, CalcError> {
    let needs = match asked.family.as_str() {
        "atr" | "adx" | "stoch" | "cci" | "donchian" | "hv_parkinson" => Needs::Range,
        "mfi" | "obv" | "vwap" => Needs::Volume,
        "hv_yang_zhang" => Needs::Full,
        _ => Needs::Close,
    };
    let bars = given.daily(needs)?;
    let closes: Vec<f64> = bars.iter().map(|bar| bar.close).collect();
    let window = |usual: usize| asked.period.unwrap_or(usual);
    let one = |name: &str, period: usize, column: Column| Some(vec![(format!("{name}{period}"), column)]);
    Ok(match asked.family.as_str() {
        "sma" => one("sma", window(20), sma(&closes, window(20))?),
        "ema" => one("ema", window(20), ema(&closes, window(20))?),
        "rsi" => one("rsi", window(14), rsi(&closes, window(14))?),
        "atr" => one("atr", window(14), atr(&bars, window(14))?),
        "mfi" => one("mfi", window(14), mfi(&bars, window(14))?),
        "cci" => one("cci", window(20), cci(&bars, window(20))?),
        "obv" => Some(vec![("obv".to_owned(), obv(&bars)?)]),
        "vwap" => Some(vwaps(given, &bars)),
        "hv" | "hv_cc" => {
            let period = window(20);
            Some(vec![(format!("hv{period}_cc"), close_to_close(&closes, period)?)])
        }
        "hv_parkinson" => {
            let period = window(20);
            Some(vec![(format!("hv{period}_parkinson"), parkinson(&bars, period)?)])
        }
        "hv_yang_zhang" => {
            let period = window(20);
            Some(vec![(format!("hv{period}_yang_zhang"), yang_zhang(&bars, period)?)])
        }
        _ => several(asked, &bars, &closes, width)?,
    })
}

/// The families of several columns.
fn several(
    asked: &Asked,
    bars: &[DailyBar],
    closes: &[f64],
    width: f64,
) -> Result<Option<Columns>, CalcError> {
    let window = |usual: usize| asked.period.unwrap_or(usual);
    let named = |name: &str, column: Column| (name.to_owned(), column);
    Ok(match asked.family.as_str() {
        "macd" => {
            let values = macd(closes, 12, 26, 9)?;
            Some(vec![
                named("macd", part(&values, |value| Some(value.line))),
                named("macd_signal", part(&values, |value| Some(value.signal))),
                named("macd_hist", part(&values, |value| Some(value.histogram))),
            ])
        }
        "bb" => {
            let values = bollinger(closes, window(20), width)?;
            Some(vec![
                named("bb_upper", part(&values, |value| Some(value.upper))),
                named("bb_mid", part(&values, |value| Some(value.middle))),
                named("bb_lower", part(&values, |value| Some(value.lower))),
            ])
        }
        "adx" => {
            let (period, values) = (window(14), adx(bars, window(14))?);
            Some(vec![
                (format!("adx{period}"), part(&values, |value| value.adx)),
                (format!("plus_di{period}"), part(&values, |value| Some(value.plus_di))),
                (format!("minus_di{period}"), part(&values, |value| Some(value.minus_di))),
            ])
        }
        "stoch" => {
            let values = stochastic(bars, window(14), 3, 3)?;
            Some(vec![
                named("stoch_k", part(&values, |value| Some(value.k))),
                named("stoch_d", part(&values, |value| Some(value.d))),
            ])
        }
        "donchian" => {
            let (period, values) = (window(20), donchian(bars, window(20))?);
            Some(vec![
                (format!("donchian_hi{period}"), part(&values, |value| Some(value.upper))),
                (format!("donchian_lo{period}"), part(&values, |value| Some(value.lower))),
                (format!("donchian_mid{period}"), part(&values, |value| Some(value.middle))),
            ])
        }
        _ => None,
    })
}

fn unknown(name: &str) -> CalcError {
    let name: String = name.chars().take(40).collect();
    CalcError::question(format!(
        "there is no indicator '{name}'; 'name' is one of {}, or all",
        ALL.join(", ")
    ))
}

/// The indicators of [`ttai_quant::indicators`].
///
/// # Errors
/// [`CalcError`] for a name that does not exist, a period out of range, or bars that are none.
pub fn indicator(request: &IndicatorRequest) -> Result<IndicatorAnswer, CalcError> {
    let name = request.name.trim().to_ascii_lowercase();
    let width = request.width.map_or(2.0, |width| width.0);
    if name == "all" {
        let mut found = BTreeMap::new();
        for family in ALL {
            found.extend(columns(&Asked::of(family), &request.bars, width)?.unwrap_or_default());
        }
        return Ok(IndicatorAnswer { name, first_index: None, values: None, columns: found });
    }
    let mut asked = Asked::of(&name);
    if let Some(period) = request.period {
        asked.period = Some(usize::try_from(period.0).unwrap_or(0));
    }
    let found = columns(&asked, &request.bars, width)?.ok_or_else(|| unknown(&request.name))?;
    if name == "vwap_rth" && !found.iter().any(|(column, _)| *column == name) {
        return Err(CalcError::question("vwap_rth needs each bar's 'session': pre, rth or post"));
    }
    let exact = found.iter().find(|(column, _)| *column == name).or(found.first());
    let values = exact.map(|(_, column)| column.clone());
    let first_index = values.as_ref().and_then(|column| column.iter().position(Option::is_some));
    Ok(IndicatorAnswer { name, first_index, values, columns: found.into_iter().collect() })
}
