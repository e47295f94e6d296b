//! The words by which a headline is judged. Only headlines are read; their text is data and is never followed.
//!
//! A phrase matches whole words in any case; `*` at a word's end stands for any ending, and `..` for up to four words between two that belong
//! together ("cuts its full-year outlook"). Of all phrases that match, the most significant one sets
//! a story's significance, and the sum of all tones its sentiment.

/// What a phrase means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewsWeight {
    /// Bankruptcy, fraud, delisting, a trading halt: the equity itself is in question.
    RedFlag,
    /// News that can move a price far in one session.
    Major,
    /// News with a tone.
    Minor,
}

impl NewsWeight {
    /// Significance of a story, 0 to 1.
    pub(super) fn significance(self) -> f64 {
        match self {
            Self::RedFlag => 1.0,
            Self::Major => 0.8,
            Self::Minor => 0.5,
        }
    }
}

/// A phrase, its class and its tone: 1 good, −1 bad, 0 neither.
pub(super) struct Phrase {
    pub(super) words: &'static str,
    pub(super) class: NewsWeight,
    pub(super) tone: i32,
}

const fn red(words: &'static str) -> Phrase {
    Phrase { words, class: NewsWeight::RedFlag, tone: -1 }
}

const fn major(words: &'static str, tone: i32) -> Phrase {
    Phrase { words, class: NewsWeight::Major, tone }
}

const fn minor(words: &'static str, tone: i32) -> Phrase {
    Phrase { words, class: NewsWeight::Minor, tone }
}

/// Words that take the edge off a red flag in the same headline: it then counts as major.
pub(super) const DENIALS: [&str; 14] = [
    "avoid*",
    "averts",
    "denies",
    "denied",
    "dismiss*",
    "drops",
    "emerges from",
    "exits",
    "fake",
    "no",
    "not",
    "refutes",
    "rules out",
    "settles",
];

/// All phrases.
pub(super) const PHRASES: &[Phrase] = &[
    // The equity itself is in question.
    red("bankrupt*"),
    red("chapter 11"),
    red("chapter 7"),
    red("insolven*"),
    red("going concern"),
    red("liquidation"),
    red("receivership"),
    red("delist*"),
    red("trading halt*"),
    red("trading suspended"),
    red("halts trading"),
    red("suspends trading"),
    red("accounting fraud"),
    red("accounting irregularit*"),
    red("accounting scandal"),
    red("accused of fraud"),
    red("charged with fraud"),
    red("fraud charges"),
    red("fraud investigation"),
    red("fraud probe"),
    red("securities fraud"),
    red("ponzi"),
    red("embezzle*"),
    red("indicted"),
    red("indictment"),
    red("cannot rely on its financial statements"),
    // Moves a price far in one session.
    major("fraud", -1),
    major("default*", -1),
    major("restate*", -1),
    major("sec charges", -1),
    major("sec probe", -1),
    major("investigation", -1),
    major("subpoena*", -1),
    major("profit warning", -1),
    major("cut* .. guidance", -1),
    major("cut* .. forecast*", -1),
    major("cut* .. outlook", -1),
    major("lower* .. guidance", -1),
    major("lower* .. forecast*", -1),
    major("lower* .. outlook", -1),
    major("slash* .. guidance", -1),
    major("slash* .. forecast*", -1),
    major("slash* .. outlook", -1),
    major("withdr* .. guidance", -1),
    major("withdr* .. forecast*", -1),
    major("withdr* .. outlook", -1),
    major("suspend* .. guidance", -1),
    major("cut* .. dividend", -1),
    major("slash* .. dividend", -1),
    major("suspend* .. dividend", -1),
    major("short seller", -1),
    major("ceo resigns", -1),
    major("ceo fired", -1),
    major("ceo ousted", -1),
    major("cfo resigns", -1),
    major("auditor resigns", -1),
    major("data breach", -1),
    major("recall*", -1),
    major("plunge*", -1),
    major("crash*", -1),
    major("rejects drug", -1),
    major("trial fails", -1),
    major("secondary offering", -1),
    major("acquire*", 0),
    major("acquisition", 0),
    major("merger", 0),
    major("takeover", 0),
    major("buyout", 0),
    major("goes private", 0),
    major("spin off", 0),
    major("stock split", 0),
    major("raise* .. guidance", 1),
    major("raise* .. forecast*", 1),
    major("raise* .. outlook", 1),
    major("boost* .. guidance", 1),
    major("boost* .. forecast*", 1),
    major("boost* .. outlook", 1),
    major("lift* .. guidance", 1),
    major("lift* .. forecast*", 1),
    major("lift* .. outlook", 1),
    major("fda approv*", 1),
    major("record profit", 1),
    major("record revenue", 1),
    // A tone.
    minor("downgrade*", -1),
    minor("misses", -1),
    minor("falls", -1),
    minor("drops", -1),
    minor("slump*", -1),
    minor("lawsuit", -1),
    minor("sues", -1),
    minor("sued", -1),
    minor("fined", -1),
    minor("layoff*", -1),
    minor("job cuts", -1),
    minor("weak", -1),
    minor("loss", -1),
    minor("losses", -1),
    minor("delay*", -1),
    minor("warns", -1),
    minor("upgrade*", 1),
    minor("beats", 1),
    minor("tops estimates", 1),
    minor("rises", 1),
    minor("gains", 1),
    minor("jumps", 1),
    minor("soars", 1),
    minor("surges", 1),
    minor("rallies", 1),
    minor("record high", 1),
    minor("strong", 1),
    minor("wins", 1),
    minor("buyback", 1),
    minor("raise* .. dividend", 1),
    minor("dividend increase", 1),
    minor("partnership", 1),
    minor("profit rises", 1),
];

/// A headline as its words: lower case, everything but letters and digits a gap.
pub(super) fn words_of(headline: &str) -> Vec<String> {
    let lower = headline.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Most words that `..` stands for, and those that no such stretch has: behind them something else begins.
const MOST_BETWEEN: usize = 4;
const ENDS_A_STRETCH: [&str; 15] = [
    "after", "ahead", "amid", "and", "as", "before", "but", "despite", "on", "over", "price", "target",
    "targets", "while", "with",
];

/// Whether `phrase` stands among `words`.
pub(super) fn matches(words: &[String], phrase: &str) -> bool {
    let parts: Vec<&str> = phrase.split(' ').collect();
    (0..words.len()).any(|from| begins_with(&words[from..], &parts))
}

fn begins_with(words: &[String], parts: &[&str]) -> bool {
    match parts {
        [] => true,
        ["..", rest @ ..] => {
            let belongs = |word: &&String| !ENDS_A_STRETCH.contains(&word.as_str());
            let most = words.iter().take(MOST_BETWEEN).take_while(belongs).count();
            (0..=most).any(|between| begins_with(&words[between..], rest))
        }
        [part, rest @ ..] => {
            words.split_first().is_some_and(|(word, words)| fits(word, part) && begins_with(words, rest))
        }
    }
}

fn fits(word: &str, part: &str) -> bool {
    part.strip_suffix('*').map_or(word == part, |stem| word.starts_with(stem))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("XYZ files for Bankruptcy protection", "bankrupt*", true)]
    #[case("XYZ: Chapter 11!", "chapter 11", true)]
    #[case("XYZ opens chapter in 11 towns", "chapter 11", false)]
    #[case("Defaulters unite", "default*", true)]
    #[case("Unsecured", "sec charges", false)]
    #[case("XYZ cuts guidance", "cut* .. guidance", true)]
    #[case("XYZ cuts its full-year outlook", "cut* .. outlook", true)]
    #[case("XYZ cut fiscal 2026 revenue guidance", "cut* .. guidance", true)]
    #[case("XYZ cuts jobs as outlook dims", "cut* .. outlook", false)]
    #[case("Broker cuts XYZ price target ahead of guidance", "cut* .. guidance", false)]
    #[case("XYZ cuts one two three four five outlook", "cut* .. outlook", false)]
    #[case("Outlook: XYZ cuts", "cut* .. outlook", false)]
    fn phrases_match_whole_words(#[case] headline: &str, #[case] phrase: &str, #[case] expected: bool) {
        assert_eq!(matches(&words_of(headline), phrase), expected);
    }
}
