//! The words of an HTML fragment: tags, comments, scripts and styles are dropped, entities decoded, blanks joined.

/// Elements whose content is no text for a reader.
const SILENT: [&str; 4] = ["script", "style", "iframe", "noscript"];

/// The text of `html`, at most `longest` letters; one that was cut ends with `…`.
pub(crate) fn words(html: &str, longest: usize) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let (before, tag) = rest.split_at(start);
        text.push_str(before);
        let Some(after) = after_markup(tag) else {
            text.push('<');
            rest = &tag[1..];
            continue;
        };
        text.push(' ');
        rest = after;
    }
    text.push_str(rest);
    shortened(&decoded(&text), longest)
}

/// What follows the tag or comment at the start; none where the `<` begins no markup (`5 < 6`).
fn after_markup(text: &str) -> Option<&str> {
    if let Some(comment) = text.strip_prefix("<!--") {
        return Some(comment.find("-->").map_or("", |end| &comment[end + 3..]));
    }
    let name = text[1..].trim_start_matches('/');
    if !name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '!' || first == '?') {
        return None;
    }
    let after = text.find('>').map_or("", |end| &text[end + 1..]);
    let name: String =
        name.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    if text[1..].starts_with('/') || !SILENT.contains(&name.as_str()) {
        return Some(after);
    }
    let closes =
        |rest: &str| rest.get(2..2 + name.len()).is_some_and(|close| close.eq_ignore_ascii_case(&name));
    let end = after.match_indices("</").find(|(place, _)| closes(&after[*place..]));
    Some(&after[end.map_or(after.len(), |(place, _)| place)..])
}

/// Character references and the named entities that news uses (HTML Living Standard section 13.5).
fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.char_indices().take(12).find(|(_, letter)| *letter == ';').map(|(place, _)| place);
        match end.and_then(|end| character(&rest[1..end]).map(|letter| (letter, end))) {
            Some((letter, end)) => {
                out.push(letter);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|letter| !letter.is_control() || letter.is_whitespace());
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" | "ensp" | "emsp" | "thinsp" => ' ',
        "ndash" => '–',
        "mdash" => '—',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "hellip" => '…',
        "bull" => '•',
        "middot" => '·',
        "euro" => '€',
        "pound" => '£',
        "yen" => '¥',
        "cent" => '¢',
        "copy" => '©',
        "reg" => '®',
        "trade" => '™',
        "deg" => '°',
        "frac12" => '½',
        "times" => '×',
        "aacute" => 'á',
        "eacute" => 'é',
        "iacute" => 'í',
        "oacute" => 'ó',
        "uacute" => 'ú',
        "auml" => 'ä',
        "ouml" => 'ö',
        "uuml" => 'ü',
        "Auml" => 'Ä',
        "Ouml" => 'Ö',
        "Uuml" => 'Ü',
        "szlig" => 'ß',
        "ntilde" => 'ñ',
        "ccedil" => 'ç',
        _ => return None,
    })
}

/// Blanks joined, and no longer than allowed.
fn shortened(text: &str, longest: usize) -> String {
    let joined = text
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    if joined.chars().count() <= longest {
        return joined;
    }
    let mut cut: String = joined.chars().take(longest.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end().len());
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case::tags("<p>Apple <b>rises</b></p><br/>again", "Apple rises again")]
    #[case::entities("AT&amp;T &#8211; up 5&nbsp;% &mdash; &#x41;", "AT&T – up 5 % — A")]
    #[case::no_tag("5 < 6 && a&b; <3", "5 < 6 && a&b; <3")]
    #[case::script("a<script>alert('<b>')</SCRIPT>b<!-- c -->d", "a b d")]
    #[case::unfinished("a <img src='x", "a")]
    #[case::escaped_markup("&lt;b&gt; is a tag", "<b> is a tag")]
    #[case::nothing("<p> </p>", "")]
    fn only_words_are_left(#[case] html: &str, #[case] text: &str) {
        assert_eq!(words(html, 100), text);
    }

    #[test]
    fn a_long_text_is_cut_in_whole_letters() {
        assert_eq!(words("é é é é", 4), "é é…");
    }

    proptest! {
        #[test]
        fn whatever_comes_is_shorter_than_asked(html in "(<[a-z/!]{0,8}>?|&[#a-z0-9]{0,6};?|.){0,60}", longest in 1_usize..50) {
            prop_assert!(words(&html, longest).chars().count() <= longest);
        }
    }
}
