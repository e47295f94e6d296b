//! How every analyst's text is laid out: a first line, then titled lists of sentences; and foreign text within it.

use crate::titles;

/// The title over what speaks most against a verdict: of a trade it is a risk, of a refusal it is the other side.
pub(crate) const fn against(rejects: bool) -> &'static str {
    if rejects { titles::OTHER_HAND } else { titles::RISKS }
}

/// A first line and titled lists of sentences under it, as every analyst's text is laid out.
pub(crate) fn article(first_line: &str, sections: &[(&str, Vec<String>)]) -> String {
    let mut lines = vec![first_line.to_owned()];
    for (title, items) in sections {
        lines.push(String::new());
        lines.push((*title).to_owned());
        lines.extend(items.iter().map(|item| format!("- {}", sentence(item))));
    }
    lines.join("\n")
}

/// A section is never empty.
pub(crate) fn or_nothing(items: Vec<String>) -> Vec<String> {
    if items.is_empty() { vec![titles::NOTHING.trim_end_matches('.').to_lowercase()] } else { items }
}

/// With a capital letter and a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// Items as `a, b and c`.
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Foreign text that cannot break out of its quotation marks, hide text or run over lines; at most `longest` characters.
pub(crate) fn quotable(text: &str, longest: usize) -> String {
    let visible = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_invisible(*c));
    let plain: String = visible.map(|c| if matches!(c, '"' | '“' | '”' | '`') { '\'' } else { c }).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.chars().count() <= longest {
        return plain;
    }
    let cut: String = plain.chars().take(longest.saturating_sub(1)).collect();
    format!("{}…", cut.trim_end())
}

/// Control characters, and those that hide text or turn its direction.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
        || matches!(c, '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_have_titles_and_sentences() {
        let sections = [
            (titles::WHY, vec!["one".to_owned(), "two.".to_owned()]),
            (against(false), vec!["x".to_owned()]),
        ];
        assert_eq!(article("Select.", &sections), "Select.\n\nWhy\n- One.\n- Two.\n\nRisks\n- X.");
    }

    #[test]
    fn lists_read_like_english() {
        let items = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(list(&items), "a, b and c");
        assert_eq!(list(&items[..1]), "a");
    }
}
