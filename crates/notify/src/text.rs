//! Text within limits: counted, cleaned, shortened and split where a reader expects it.
//!
//! Lengths are UTF-16 units. Services count either those or code points and seldom say which; the units are never fewer,
//! so what fits by them fits by both.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

/// Ends a shortened text; one unit.
const ELLIPSIS: &str = "…";

/// The length of a text in UTF-16 units.
pub(crate) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The text without characters that no service shows: control characters other than line feed and tab. Line ends become
/// line feeds.
pub(crate) fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .map(|letter| if letter == '\r' { '\n' } else { letter })
        .filter(|letter| matches!(letter, '\n' | '\t') || !letter.is_control())
        .collect::<String>()
        .trim()
        .to_owned()
}

/// The text on one line: every run of white space, line ends and control characters is one space.
pub(crate) fn one_line(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|letter| if letter.is_control() || is_line_end(letter) { ' ' } else { letter })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Unicode's own line and paragraph separators are no control characters.
fn is_line_end(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}')
}

/// The text within `limit`: whole, or its beginning with an ellipsis.
pub(crate) fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    if length(text) <= limit {
        return Cow::Borrowed(text);
    }
    if limit == 0 {
        return Cow::Borrowed("");
    }
    let (kept, _) = text.split_at(cut(text, limit - 1));
    Cow::Owned(format!("{}{ELLIPSIS}", kept.trim_end()))
}

/// The text in pieces of at most `limit`, none empty. White space at the seams is dropped.
pub(crate) fn split(text: &str, limit: usize) -> impl Iterator<Item = &str> {
    let mut rest = text.trim();
    std::iter::from_fn(move || {
        let piece = first_piece(rest, limit)?;
        rest = rest.get(piece.len()..).unwrap_or_default().trim_start();
        Some(piece)
    })
}

/// The first piece of a text that does not begin with white space; none where nothing fits.
pub(crate) fn first_piece(text: &str, limit: usize) -> Option<&str> {
    let piece = text.get(..cut(text, limit))?.trim_end();
    (!piece.is_empty()).then_some(piece)
}

/// Where to cut so that at most `limit` units stay: after a line, else after a word, else between graphemes, else (one
/// grapheme can be longer than any limit) between characters. A line or a word is worth at most half of the room.
fn cut(text: &str, limit: usize) -> usize {
    let (mut used, mut end, mut line, mut word) = (0, 0, 0, 0);
    for (start, grapheme) in text.grapheme_indices(true) {
        used += length(grapheme);
        if used > limit {
            if grapheme.trim().is_empty() {
                return end;
            }
            let far_enough = |at: usize| at > end / 2;
            let best = if far_enough(line) {
                line
            } else if far_enough(word) {
                word
            } else {
                end
            };
            return if best == 0 { cut_between_characters(text, limit) } else { best };
        }
        end = start + grapheme.len();
        if grapheme.contains('\n') {
            line = end;
        }
        if grapheme.trim().is_empty() {
            word = end;
        }
    }
    end
}

fn cut_between_characters(text: &str, limit: usize) -> usize {
    let mut used = 0;
    for (at, letter) in text.char_indices() {
        used += letter.len_utf16();
        if used > limit {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_text_stays_whole() {
        assert_eq!(shorten("AAPL touched 200", 16), "AAPL touched 200");
        assert_eq!(split("a b", 10).collect::<Vec<_>>(), ["a b"]);
        assert_eq!(split("  ", 10).count(), 0);
    }

    #[test]
    fn a_text_is_shortened_at_a_word() {
        assert_eq!(shorten("AAPL touched 200.00 today", 20), "AAPL touched 200.00…");
        assert_eq!(shorten("AAPL touched 200.00 today", 18), "AAPL touched…");
        assert_eq!(shorten("abcdefghij", 5), "abcd…");
    }

    #[test]
    fn what_a_reader_sees_as_one_letter_is_not_cut() {
        let family = "👨‍👩‍👧‍👦";
        assert_eq!(length(family), 11);
        assert_eq!(shorten(&format!("ab{family}cd"), 8), "ab…");
        assert_eq!(shorten("e\u{301}e\u{301}e\u{301}", 4), "e\u{301}…");
    }

    #[test]
    fn a_letter_longer_than_the_limit_is_cut_all_the_same() {
        let tower = format!("a{}", "\u{301}".repeat(5_000));
        assert_eq!(length(&shorten(&tower, 100)), 100);
        assert!(split(&tower, 100).all(|piece| length(piece) <= 100));
    }

    #[test]
    fn a_text_is_split_at_lines_first() {
        assert_eq!(
            split("one two\nthree four five", 14).collect::<Vec<_>>(),
            ["one two", "three four", "five"]
        );
    }

    #[test]
    fn a_line_has_no_way_out() {
        assert_eq!(one_line("a\r\nBcc: x@y\u{0}\u{2028}z\t"), "a Bcc: x@y z");
        assert_eq!(clean("a\r\nb\rc\u{0}\u{1b}[1m\td"), "a\nb\nc[1m\td");
    }

    proptest! {
        #[test]
        fn no_limit_is_ever_exceeded(text in "\\PC{0,200}", limit in 2usize..50) {
            prop_assert!(length(&shorten(&text, limit)) <= limit);
            let pieces: Vec<&str> = split(&text, limit).collect();
            prop_assert!(pieces.iter().all(|piece| length(piece) <= limit && !piece.is_empty()));
            let whole: String = text.split_whitespace().collect();
            let joined: String = pieces.iter().flat_map(|piece| piece.split_whitespace()).collect();
            prop_assert_eq!(whole, joined);
        }
    }
}
