//! Words that are numbers, months and units.

/// The month of a name or its abbreviation, 1 to 12. `may` in lower case is a verb.
pub(super) fn month(word: &str) -> Option<u32> {
    if word == "may" {
        return None;
    }
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let word = word.trim_end_matches('.').to_ascii_lowercase();
    let is = |name: &&str| {
        *name == word
            || (word.len() == 3 && name.starts_with(&word))
            || (word == "sept" && *name == "september")
    };
    let at = NAMES.iter().position(is)?;
    u32::try_from(at + 1).ok()
}

/// What a word multiplies the number before it with.
pub(super) fn scale(word: &str) -> Option<f64> {
    Some(match word.to_ascii_lowercase().as_str() {
        "hundred" => 1e2,
        "thousand" | "k" => 1e3,
        "million" | "mn" | "mm" | "m" => 1e6,
        "billion" | "bn" | "b" => 1e9,
        "trillion" | "tn" => 1e12,
        _ => return None,
    })
}

/// Whether a word after a number makes it a percentage.
pub(super) fn is_percent(word: &str) -> bool {
    matches!(word.to_ascii_lowercase().as_str(), "%" | "percent" | "pct" | "per-cent" | "percentage" | "％")
}

/// Whether a word after a number is a unit, so that even a small number in words is a claim.
pub(super) fn is_unit(word: &str) -> bool {
    const UNITS: [&str; 30] = [
        "dollar",
        "dollars",
        "cent",
        "cents",
        "point",
        "points",
        "day",
        "days",
        "week",
        "weeks",
        "month",
        "months",
        "year",
        "years",
        "session",
        "sessions",
        "share",
        "shares",
        "contract",
        "contracts",
        "delta",
        "times",
        "atr",
        "atrs",
        "sigma",
        "basis",
        "bps",
        "touches",
        "standard",
        "vol",
    ];
    is_percent(word) || scale(word).is_some() || UNITS.contains(&word.to_ascii_lowercase().as_str())
}

/// The value of a number word below a hundred: `eleven`, `forty`, `twenty-five`.
pub(super) fn number_word(word: &str) -> Option<f64> {
    const ONES: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let word = word.to_ascii_lowercase();
    let below_twenty =
        |word: &str| ONES.iter().zip(0_u32..).find(|(name, _)| **name == word).map(|(_, value)| value);
    let tens =
        |word: &str| TENS.iter().zip(2_u32..).find(|(name, _)| **name == word).map(|(_, value)| 10 * value);
    let value = below_twenty(&word).or_else(|| tens(&word)).or_else(|| {
        let (first, second) = word.split_once('-')?;
        let ones = below_twenty(second).filter(|ones| (1..10).contains(ones))?;
        Some(tens(first)? + ones)
    });
    value.map(f64::from)
}
