//! Running text for a terminal: lines of a readable length, amounts with their thousands apart.

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
    let sign = if amount < 0.0 { "-" } else { "" };
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
    fn thousands_stand_apart() {
        assert_eq!(dollars(62495.0), "$62,495.00");
        assert_eq!(dollars(505.0), "$505.00");
        assert_eq!(dollars(-1_234_567.891), "-$1,234,567.89");
    }
}
