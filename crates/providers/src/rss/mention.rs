//! Which symbols a text speaks of, without taking a word for a ticker: a symbol counts where it is written as one —
//! `$ON`, `(NASDAQ: ON)`, `NYSE:F` — or where the company's whole name stands. A bare `ON`, `IT` or `ALL` never counts.

use ttai_core::Symbol;

use super::model::FeedTag;

/// Exchanges of the United States as news names them before a ticker, in lower case; longer names first.
const EXCHANGES: [&str; 16] = [
    "nyse american",
    "nyse mkt",
    "nyse arca",
    "nyseamerican",
    "nysearca",
    "nysemkt",
    "nasdaqgs",
    "nasdaqgm",
    "nasdaqcm",
    "nasdaq",
    "nyse",
    "amex",
    "arca",
    "cboe",
    "bats",
    "otcqx",
];
/// Tickers that one exchange may be followed by: `(NASDAQ: GOOG, GOOGL)`.
const LONGEST_LIST: usize = 8;
/// Symbols that are taken from one text.
const MOST_SYMBOLS: usize = 40;

/// The symbols that a text writes as symbols, in its order, each once.
#[must_use]
pub fn written(text: &str) -> Vec<Symbol> {
    let mut found = Vec::new();
    for (place, _) in text.match_indices('$') {
        let before = text[..place].chars().next_back();
        if before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '$') {
            add(&mut found, ticker(&text[place + 1..]).map(|(symbol, _)| symbol));
        }
    }
    for (place, _) in text.match_indices(':') {
        if names_an_exchange(&text[..place]) {
            list(&text[place + 1..], &mut found);
        }
    }
    found
}

/// The symbols that the feed itself ties an entry to by its categories: `Nasdaq:AAPL`, or a bare ticker in a scheme
/// that says it holds tickers.
pub(super) fn tagged(tags: &[FeedTag]) -> Vec<Symbol> {
    let mut found = Vec::new();
    for tag in tags {
        let kind = tag.scheme.as_deref().unwrap_or_default().to_ascii_lowercase();
        if ["stock", "ticker", "symbol"].iter().any(|word| kind.contains(word)) && !tag.term.contains(':') {
            let whole = ticker(tag.term.trim()).filter(|(_, rest)| rest.is_empty());
            add(&mut found, whole.map(|(symbol, _)| symbol));
        }
        for symbol in written(&tag.term) {
            add(&mut found, Some(symbol));
        }
    }
    found
}

/// Whether a company's name stands in the text as whole words, in its own capitals.
///
/// A name of one word would match the word: only one that nobody uses otherwise (`Nvidia`) should be given.
pub(super) fn names(text: &str, name: &str) -> bool {
    let name = name.trim();
    let is_word = |letter: char| letter.is_alphanumeric();
    !name.is_empty()
        && text.match_indices(name).any(|(place, _)| {
            let before = text[..place].chars().next_back();
            let after = text[place + name.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
}

/// `BRK.B`, `BRK-B` and `BRK/B` are one symbol.
pub(super) fn same(one: &Symbol, other: &Symbol) -> bool {
    let plain = |symbol: &Symbol| symbol.as_str().replace(['-', '/'], ".");
    plain(one) == plain(other)
}

fn add(found: &mut Vec<Symbol>, symbol: Option<Symbol>) {
    if let Some(symbol) = symbol
        && found.len() < MOST_SYMBOLS
        && !found.contains(&symbol)
    {
        found.push(symbol);
    }
}

/// A ticker in capitals at the start of the text, and what follows it: one to five letters, perhaps a class.
fn ticker(text: &str) -> Option<(Symbol, &str)> {
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    if letters == 0 || letters > 5 {
        return None;
    }
    let class = text[letters..].strip_prefix(['.', '-', '/']).map_or(0, |class| {
        let count = class.bytes().take_while(u8::is_ascii_uppercase).count();
        let ends = !class[count..].starts_with(|next: char| next.is_alphanumeric());
        if (1..=2).contains(&count) && ends { count + 1 } else { 0 }
    });
    let (name, rest) = text.split_at(letters + class);
    if rest.starts_with(|next: char| next.is_alphanumeric() || next == '_') {
        return None;
    }
    Symbol::new(name).ok().map(|symbol| (symbol, rest))
}

fn names_an_exchange(before: &str) -> bool {
    let before = before.trim_end();
    EXCHANGES.iter().any(|exchange| {
        let Some(start) = before.len().checked_sub(exchange.len()) else { return false };
        before.is_char_boundary(start)
            && before[start..].eq_ignore_ascii_case(exchange)
            && !before[..start].chars().next_back().is_some_and(char::is_alphanumeric)
    })
}

fn list(text: &str, found: &mut Vec<Symbol>) {
    let mut rest = text;
    for _ in 0..LONGEST_LIST {
        let Some((symbol, after)) = ticker(rest.trim_start_matches([' ', '\u{a0}'])) else { return };
        // The next entry of a list may name its own exchange: it is no ticker, then.
        if after.trim_start().starts_with(':') {
            return;
        }
        add(found, Some(symbol));
        let Some(next) = after.trim_start().strip_prefix([',', ';', '/']) else { return };
        rest = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("$ON jumps, $BRK.B flat; $aapl and US$F are none", "ON BRK.B")]
    #[case("ON Semiconductor (NASDAQ: ON) beats ALL estimates, IT rallies", "ON")]
    #[case("Ford (NYSE:F), Alphabet (Nasdaq: GOOG, GOOGL; NYSE: T) and X:Y", "F GOOG GOOGL T")]
    #[case("NYSE American: IMO, nyse arca: SPY. Note: ALL", "IMO SPY")]
    #[case("NOW: SO what? A deal for ALL, says IT (so far)", "")]
    #[case(
        "ServiceNow (NYSE: NOW), Southern Co (NYSE: SO), Agilent (NYSE:A), Gartner (NYSE: IT) and $ALL",
        "NOW SO A IT ALL"
    )]
    #[case("It costs $5 and $ABCDEF, at 10:30, TSX: RY, MYNYSE: GE", "")]
    #[case("(NYSE: BRK.B) (NYSE: BF-A) (NYSE: A.)", "BRK.B BF-A A")]
    #[case("é$ON ü: $", "")]
    fn symbols_are_what_is_written_as_symbols(#[case] text: &str, #[case] symbols: &str) {
        let found: Vec<String> = written(text).iter().map(ToString::to_string).collect();
        let mut wanted: Vec<&str> = symbols.split_whitespace().collect();
        let mut found: Vec<&str> = found.iter().map(String::as_str).collect();
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted);
    }

    #[test]
    fn the_feeds_own_tags_count_where_they_are_tickers() {
        let tag =
            |term: &str, scheme: Option<&str>| FeedTag { term: term.into(), scheme: scheme.map(Into::into) };
        let tags = [
            tag("Nasdaq:ON", None),
            tag("IT", None),
            tag("ALL", Some("https://example.com/rss/stock")),
            tag("A LONG ONE", Some("ticker")),
        ];
        let found: Vec<String> = tagged(&tags).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["ON", "ALL"]);
    }

    #[rstest]
    #[case("Allstate Corporation rises", "Allstate Corporation", true)]
    #[case("The Allstate Corporations", "Allstate Corporation", false)]
    #[case("apple inc. rises", "Apple Inc.", false)]
    #[case("At Apple Inc., all is well", "Apple Inc.", true)]
    #[case("Pineapple Inc.", "apple Inc.", false)]
    #[case("anything", " ", false)]
    fn a_name_is_whole_words(#[case] text: &str, #[case] name: &str, #[case] stands: bool) {
        assert_eq!(names(text, name), stands);
    }

    #[test]
    fn classes_are_spelled_in_three_ways() {
        let symbol = |text| Symbol::new(text).unwrap();
        assert!(same(&symbol("BRK.B"), &symbol("BRK-B")) && !same(&symbol("BRK.B"), &symbol("BRK.A")));
    }

    proptest! {
        #[test]
        fn a_bare_word_is_never_a_symbol(words in "([A-Z]{1,5}[ ,.!?-]{1,2}){0,20}") {
            prop_assert!(written(&words).is_empty());
        }

        #[test]
        fn never_panics(text in "([$:]|NYSE|Nasdaq|[A-Z]{1,6}|[.,;/ -]|.){0,60}", name in ".{0,5}") {
            let _ = written(&text);
            let _ = names(&text, &name);
        }
    }
}
