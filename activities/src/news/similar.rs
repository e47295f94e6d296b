//! Whether two headlines say the same in other words. Pure; the rule, in this order:
//!
//! | Two headlines | are |
//! |---|---|
//! | with the same words | the same |
//! | of which each has a figure (a number, a quarter, a month) that the other has not | different: Q3 is not Q2 |
//! | one of which says the opposite of a word of the other (beats and misses, upgrade and downgrade) | different |
//! | about an analyst's rating or target, of which each has a word that the other has not | different: another bank |
//! | with fewer than three words in common | different |
//! | one of which has all words of the other, and the Dice coefficient (twice the words in common over all words of both) is at least 0.7 | the same |
//! | of which each has a word that the other has not, and the coefficient is at least 0.85: a swapped word may be another company | the same |
//!
//! Words are compared without case, endings and the smallest words; those that headlines use for one thing are one (tops, beats;
//! forecast, estimate; third quarter, Q3; $1.5 billion, 1.5B).

use std::collections::BTreeSet;

/// From this Dice coefficient on a headline says what a shorter one says.
const LONGER: f64 = 0.7;
/// From this one on two headlines say the same of which each has words of its own.
const SWAPPED: f64 = 0.85;
/// Words in common at least.
const FEWEST: usize = 3;

/// A headline as its words of weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeadlineWords {
    words: BTreeSet<String>,
    figures: BTreeSet<String>,
}

impl HeadlineWords {
    pub(super) fn of(headline: &str) -> Self {
        let tokens = tokens(headline);
        let mut words = BTreeSet::new();
        let mut place = 0;
        while let Some(token) = tokens.get(place) {
            let next = tokens.get(place + 1).map_or("", String::as_str);
            let (word, taken) = joined(token, next);
            place += taken;
            words.extend(word.filter(|word| !SMALL.contains(&word.as_str())));
        }
        let is_figure =
            |word: &&String| word.chars().any(|c| c.is_ascii_digit()) || MONTHS.contains(&word.as_str());
        let figures = words.iter().filter(is_figure).cloned().collect();
        Self { words, figures }
    }

    /// Whether both say the same, by the rule above.
    pub(super) fn is_similar(&self, other: &Self) -> bool {
        if self.words == other.words {
            return !self.words.is_empty();
        }
        // The cheapest question first: a hostile feed has thousands of headlines that differ in a number.
        if !self.figures.is_subset(&other.figures) && !other.figures.is_subset(&self.figures) {
            return false;
        }
        let only_here = self.words.difference(&other.words).count();
        let only_there = other.words.difference(&self.words).count();
        let shared = self.words.len() - only_here;
        let all = self.words.len() + other.words.len();
        #[allow(clippy::cast_precision_loss, reason = "a headline has some dozens of words")]
        let dice = 2.0 * shared as f64 / all as f64;
        let is_swapped = only_here > 0 && only_there > 0;
        shared >= FEWEST
            && dice >= if is_swapped { SWAPPED } else { LONGER }
            && !self.contradicts(other)
            && !(is_swapped && self.is_rating() && other.is_rating())
    }

    fn contradicts(&self, other: &Self) -> bool {
        let has = |words: &Self, word: &str| words.words.contains(word);
        OPPOSITES.iter().any(|(one, another)| {
            (has(self, one) && has(other, another) && !has(self, another) && !has(other, one))
                || (has(self, another) && has(other, one) && !has(self, one) && !has(other, another))
        })
    }

    fn is_rating(&self) -> bool {
        RATINGS.iter().any(|word| self.words.contains(*word))
    }
}

/// Too common to tell headlines apart.
const SMALL: [&str; 52] = [
    "about", "after", "all", "also", "amid", "an", "and", "are", "as", "at", "be", "been", "but", "by",
    "could", "deal", "for", "from", "has", "have", "in", "inc", "into", "is", "it", "its", "just", "may",
    "more", "new", "now", "of", "on", "or", "over", "report", "said", "say", "stock", "share", "than",
    "that", "the", "their", "this", "to", "up", "was", "will", "with", "would", "corp",
];

const MONTHS: [&str; 12] = [
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

/// What headlines call one thing, by stem: the first stands for all.
const SAME_THING: [&[&str]; 18] = [
    &["beat", "top", "exceed", "surpass", "crush"],
    &["miss", "trail"],
    &["estimat", "expectation", "expect", "forecast", "consensus"],
    &["acquir", "buy", "purchas", "acquisition", "takeover"],
    &["rais", "boost", "lift", "hik", "increas"],
    &["cut", "lower", "slash", "reduc", "trim"],
    &["ris", "gain", "climb", "jump", "soar", "surg", "rally", "rallie", "advanc"],
    &["fall", "drop", "declin", "slid", "slump", "sink", "plung", "tumbl", "crash", "fell"],
    &["sue", "lawsuit"],
    &["probe", "investigation", "investigat", "prob"],
    &["earning", "result", "profit"],
    &["revenu", "sal", "sale"],
    &["bankruptcy", "bankrupt"],
    &["halt", "suspend", "suspension"],
    &["ceo", "chief", "executiv"],
    &["layoff", "job"],
    &["guidanc", "outlook"],
    &["approv", "approval", "clear"],
];

/// Pairs of which a headline has one where it says the opposite of the other, by stem.
const OPPOSITES: [(&str, &str); 11] = [
    ("upgrad", "downgrad"),
    ("beat", "miss"),
    ("rais", "cut"),
    ("ris", "fall"),
    ("acquir", "sell"),
    ("approv", "reject"),
    ("win", "los"),
    ("abov", "below"),
    ("resum", "halt"),
    ("deny", "confirm"),
    ("denie", "confirm"),
];

/// Of an analyst's opinion, by stem.
const RATINGS: [&str; 8] =
    ["target", "rating", "upgrad", "downgrad", "initiat", "reiterat", "outperform", "overweight"];

const ORDINALS: [&str; 4] = ["first", "second", "third", "fourth"];

/// Words and numbers in lower case. A number keeps its point; its thousands' commas go.
fn tokens(headline: &str) -> Vec<String> {
    let letters: Vec<char> = headline.to_lowercase().chars().collect();
    let is_digit = |place: usize| letters.get(place).is_some_and(char::is_ascii_digit);
    let mut tokens = vec![String::new()];
    for (place, letter) in letters.iter().enumerate() {
        let between_digits = place > 0 && is_digit(place - 1) && is_digit(place + 1);
        match (letter, tokens.last_mut()) {
            (letter, Some(token)) if letter.is_alphanumeric() || (*letter == '.' && between_digits) => {
                token.push(*letter);
            }
            (',', _) if between_digits => {}
            ('\'' | '’', _) => {}
            ('%', _) if place > 0 && is_digit(place - 1) => tokens.push("percent".to_owned()),
            _ => tokens.push(String::new()),
        }
        if *letter == '%' {
            tokens.push(String::new());
        }
    }
    tokens.retain(|token| !token.is_empty());
    tokens
}

/// A word of weight, and of how many tokens: a quarter and a number are made of two.
fn joined(token: &str, next: &str) -> (Option<String>, usize) {
    let ordinal = ORDINALS.iter().position(|ordinal| *ordinal == token).map(|place| place + 1);
    if let (Some(number), "quarter" | "half") = (ordinal, next) {
        return (Some(format!("{}{number}", next.chars().next().unwrap_or_default())), 2);
    }
    // 3q and q3.
    if let [number @ b'1'..=b'4', b'q'] = token.as_bytes() {
        return (Some(format!("q{}", char::from(*number))), 1);
    }
    if token.starts_with(|first: char| first.is_ascii_digit()) {
        let end = token.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(token.len());
        let (number, unit) = token.split_at(end);
        let number =
            if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
        let own = scale(unit);
        let following = if unit.is_empty() { scale(next) } else { None };
        return match (own, following) {
            (None, Some(scale)) => (Some(format!("{number}{scale}")), 2),
            (Some(scale), _) => (Some(format!("{number}{scale}")), 1),
            (None, None) => (Some(format!("{number}{unit}")), 1),
        };
    }
    let word = stem(token);
    let one_for_all = SAME_THING.iter().find(|words| words.contains(&word.as_str()));
    let word = one_for_all.and_then(|words| words.first()).map_or(word, |first| (*first).to_owned());
    ((word.chars().count() > 1).then_some(word), 1)
}

fn scale(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "b" | "bn" | "billion" => "b",
        "m" | "mn" | "mln" | "million" => "m",
        "t" | "tn" | "trillion" => "t",
        "k" | "thousand" => "k",
        "percent" | "pct" => "%",
        _ => return None,
    })
}

/// A word without its ending, as far as headlines need it.
fn stem(word: &str) -> String {
    if MONTHS.contains(&word) || word.len() < 4 || !word.is_ascii() {
        return word.to_owned();
    }
    let without = ["ing", "ed", "es", "s"].iter().find_map(|ending| {
        let stem = word.strip_suffix(ending)?;
        (stem.len() >= 3 && !(*ending == "s" && stem.ends_with(['s', 'u', 'i']))).then_some(stem)
    });
    let stem = without.unwrap_or(word);
    // hitting, cutting: the letter was doubled for the ending.
    let mut letters = stem.chars().rev();
    let doubled = without.is_some()
        && matches!((letters.next(), letters.next()), (Some(a), Some(b)) if a == b && !matches!(a, 'l' | 's'));
    let stem = if doubled { stem.get(..stem.len() - 1).unwrap_or(stem) } else { stem };
    stem.strip_suffix('e').filter(|short| short.len() >= 3).unwrap_or(stem).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headlines of one story, as several papers had them.
    const SAME_STORY: [(&str, &str); 14] = [
        (
            "Apple beats Q3 earnings estimates as iPhone sales surge",
            "Apple tops third-quarter earnings expectations on surging iPhone sales",
        ),
        (
            "Microsoft to acquire Activision Blizzard for $68.7 billion",
            "Microsoft buys Activision Blizzard in $68.7B deal",
        ),
        ("FTX files for bankruptcy protection", "FTX Files for Bankruptcy Protection in US"),
        (
            "Boeing CEO Dave Calhoun to step down at end of 2024",
            "Boeing chief Dave Calhoun to step down by the end of 2024",
        ),
        (
            "Ford recalls 1.5 million vehicles over rearview camera",
            "Ford recalling 1.5M vehicles over rearview cameras",
        ),
        ("Nvidia halted: pending news", "NVIDIA halted, news pending"),
        (
            "SEC charges Coinbase with operating an unregistered exchange",
            "Coinbase charged by SEC with operating unregistered exchange",
        ),
        ("Intel cuts 2024 revenue forecast, shares fall", "Intel lowers 2024 revenue forecast; stock falls"),
        (
            "Disney raises full-year guidance after strong streaming growth",
            "Disney lifts full-year outlook on strong streaming growth",
        ),
        ("FDA approves Eli Lilly's Alzheimer's drug", "Eli Lilly’s Alzheimer’s drug approved by FDA"),
        (
            "Tesla to recall 362,000 vehicles over self-driving software",
            "Tesla recalls 362,000 vehicles over Full Self-Driving software",
        ),
        ("Apple upgraded to Buy at Goldman Sachs", "Goldman Sachs upgrades Apple to buy"),
        (
            "Apple beats Q3 earnings estimates as iPhone sales surge 12%",
            "Apple beats Q3 earnings estimates as iPhone sales surge",
        ),
        ("XYZ files for Chapter 11", "XYZ FILES FOR CHAPTER 11!"),
    ];

    /// Near misses: other quarters, sums, directions, banks, companies.
    const OTHER_STORY: [(&str, &str); 17] = [
        (
            "Apple beats Q3 earnings estimates as iPhone sales surge",
            "Apple beats Q2 earnings estimates as iPhone sales surge",
        ),
        ("Apple beats Q3 earnings estimates", "Apple misses Q3 earnings estimates"),
        ("Goldman upgrades Apple to buy", "Goldman downgrades Apple to sell"),
        ("Morgan Stanley raises Apple price target to $250", "Barclays raises Apple price target to $250"),
        (
            "Morgan Stanley raises Apple price target to $250",
            "Morgan Stanley raises Apple price target to $260",
        ),
        (
            "Ford recalls 1.5 million vehicles over rearview camera",
            "Ford recalls 2.5 million vehicles over rearview camera",
        ),
        (
            "Ford recalls 125,000 vehicles over engine fires",
            "Ford recalls 456,000 vehicles over battery problem",
        ),
        ("Intel raises 2024 revenue forecast", "Intel cuts 2024 revenue forecast"),
        ("Apple stock rises as market rallies", "Apple stock falls as market sinks"),
        ("Delta reports July traffic", "Delta reports August traffic"),
        ("Tesla opens factory in Berlin", "Tesla opens factory in Texas"),
        ("Apple sued", "Apple sues"),
        ("FDA approves Pfizer drug", "FDA rejects Pfizer drug"),
        ("XYZ to buy ABC for $5 billion", "XYZ to buy ABC for $5 million"),
        ("Trading in XYZ halted", "Trading in XYZ resumed"),
        (
            "Apple supplier Foxconn reports record second-quarter revenue",
            "Apple supplier Pegatron reports record second-quarter revenue",
        ),
        ("", ""),
    ];

    #[test]
    fn re_worded_headlines_are_one_story() {
        for (one, other) in SAME_STORY {
            let (a, b) = (HeadlineWords::of(one), HeadlineWords::of(other));
            assert!(a.is_similar(&b) && b.is_similar(&a), "{one} | {other}\n{a:?}\n{b:?}");
        }
    }

    #[test]
    fn near_misses_are_other_stories() {
        for (one, other) in OTHER_STORY {
            let (a, b) = (HeadlineWords::of(one), HeadlineWords::of(other));
            assert!(!a.is_similar(&b) && !b.is_similar(&a), "{one} | {other}\n{a:?}\n{b:?}");
        }
    }

    #[test]
    fn figures_are_read_however_they_are_written() {
        for (written, word) in [
            ("third quarter", "q3"),
            ("3Q", "q3"),
            ("$1.50 billion", "1.5b"),
            ("$1.5bn", "1.5b"),
            ("12.0 %", "12"),
            ("12%", "12%"),
            ("362,000", "362000"),
            ("first half", "h1"),
        ] {
            assert!(
                HeadlineWords::of(written).words.contains(word),
                "{written}: {:?}",
                HeadlineWords::of(written)
            );
        }
    }

    #[test]
    fn hostile_text_is_only_text() {
        for text in ["\u{0}\u{202e}%%%", "株式 株式", "....", "1.2.3.4b", &"é".repeat(10_000)] {
            let words = HeadlineWords::of(text);
            assert!(!words.words.is_empty() || !words.is_similar(&words), "{text}");
        }
    }
}
