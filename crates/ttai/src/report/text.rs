//! Running text for a terminal: lines of a readable length, amounts with their thousands apart.

use super::dates::spoken;

/// Limits as an analyst names them, and the flags that set them.
const FLAGS: [(&str, &str); 6] = [
    ("dte_min ", "--dte-min "),
    ("dte_max ", "--dte-max "),
    ("max_delta ", "--max-delta "),
    ("min_roc ", "--min-roc "),
    ("min_open_interest ", "--min-open-interest "),
    ("max_spread_pct ", "--max-spread-pct "),
];

/// A text as a person at the command line reads it: dates in words, limits by their flags.
pub(super) fn readable(text: &str, year: Option<i32>) -> String {
    FLAGS.iter().fold(spoken(text, year), |text, (name, flag)| text.replace(name, flag))
}

/// Breaks long lines at spaces to at most `width` columns; what continues a bullet is indented like it.
pub(super) fn wrap(text: &str, width: usize) -> String {
    text.lines().map(|line| wrap_line(line, width)).collect::<Vec<_>>().join("\n")
}

fn wrap_line(line: &str, width: usize) -> String {
    let indent = if line.starts_with("- ") { "  " } else { "" };
    let mut wrapped = String::new();
    let mut column = 0;
    for word in line.split(' ') {
        let length = word.chars().count();
        if column > indent.len() && column + 1 + length > width {
            wrapped.push('\n');
            wrapped.push_str(indent);
            column = indent.len();
        } else if !wrapped.is_empty() {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += length;
    }
    wrapped
}

/// An amount in whole dollars: `$62,495`; under ten dollars with its cents.
pub(super) fn whole_dollars(amount: f64) -> String {
    let text = dollars(if amount.abs() < 10.0 { amount } else { amount.round() });
    text.strip_suffix(".00").map_or(text.clone(), str::to_owned)
}

/// An amount of dollars: `$62,495.00`.
pub(super) fn dollars(amount: f64) -> String {
    let digits = format!("{:.2}", amount.abs());
    let (whole, cents) = digits.split_once('.').unwrap_or((&digits, "00"));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign =
        if amount < 0.0 && digits.chars().any(|digit| ('1'..='9').contains(&digit)) { "-" } else { "" };
    format!("{sign}${grouped}.{cents}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_bullets_hang() {
        assert_eq!(wrap("- one two three\nshort", 9), "- one two\n  three\nshort");
        assert_eq!(wrap("unbreakable-words stay whole", 6), "unbreakable-words\nstay\nwhole");
        assert_eq!(wrap("", 9), "");
    }

    #[test]
    fn limits_are_the_flags_that_set_them() {
        let text = "max_delta 0.34 instead of 0.30 would admit the AAPL 2014-06-21 630 put";
        let expected = "--max-delta 0.34 instead of 0.30 would admit the AAPL Jun 21 630 put";
        assert_eq!(readable(text, Some(2014)), expected);
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(dollars(62495.0), "$62,495.00");
        assert_eq!(dollars(505.0), "$505.00");
        assert_eq!(dollars(-1_234_567.891), "-$1,234,567.89");
        assert_eq!([62495.4, 9.5, 0.0].map(whole_dollars), ["$62,495", "$9.50", "$0"]);
    }
}
