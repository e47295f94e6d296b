//! The numbers that a text mentions, with the ways in which each may be read. Never fails, whatever the text.

use chrono::NaiveDate;

use super::words;

/// One claim that a fact can bear out.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Atom {
    /// A number as printed: a fact within `tolerance` of `value` is the same.
    Number {
        value: f64,
        /// Half a unit of the last printed digit.
        tolerance: f64,
        /// The fact may be a fraction of this: 100 for a percentage or a delta in points, else 1.
        of: f64,
    },
    /// A day, with or without its year.
    Date { year: Option<i32>, month: u32, day: u32 },
    /// A month of a year.
    Month { year: i32, month: u32 },
    /// A time of day in minutes after midnight.
    Time { minutes: u32 },
    /// A name with digits, in lower case.
    Name(String),
    /// Digits that cannot be read; no fact bears them out.
    Unreadable,
}

/// Something in a text that claims a number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mention {
    /// As printed.
    pub(super) text: String,
    /// It is borne out where all atoms of one reading are.
    pub(super) readings: Vec<Vec<Atom>>,
}

impl Mention {
    fn new(text: &str, readings: Vec<Vec<Atom>>) -> Self {
        Self { text: text.to_owned(), readings }
    }
}

/// Everything in `text` that claims a number.
pub(super) fn mentions(text: &str) -> Vec<Mention> {
    text.lines().flat_map(|line| mentions_of_line(&plain(line))).collect()
}

/// Typographic variants of signs and digits as ASCII.
fn plain(line: &str) -> String {
    line.chars()
        .flat_map(|c| {
            let (one, two) = match c {
                '−' | '‐' | '‑' | '﹣' | '－' => ('-', None),
                '–' | '—' | '…' | '\u{a0}' | '\u{202f}' | '\u{2009}' => (' ', None),
                '％' => ('%', None),
                '＄' => ('$', None),
                '０'..='９' => (char::from_u32(u32::from(c) - 0xff10 + 0x30).unwrap_or(c), None),
                '·' => ('.', None),
                _ => (c, None::<char>),
            };
            std::iter::once(one).chain(two)
        })
        .collect()
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || "()[]{}\"“”;!?|=<>~≈±*`«»&".contains(c)
}

fn mentions_of_line(line: &str) -> Vec<Mention> {
    let line = without_marker(line);
    let chunks: Vec<&str> = line.split(is_separator).map(trimmed).filter(|chunk| !chunk.is_empty()).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(chunk) = chunks.get(at) {
        let rest = chunks.get(at + 1..).unwrap_or_default();
        let (mention, used) = read(chunk, rest);
        found.extend(mention);
        at += used.max(1);
    }
    found
}

/// The line without the number of an enumeration at its beginning.
fn without_marker(line: &str) -> &str {
    let start = line.trim_start_matches(|c: char| c.is_whitespace() || "-*#>(".contains(c));
    let digits = start.chars().take_while(char::is_ascii_digit).count();
    let rest = start.get(digits..).unwrap_or_default();
    let follows = rest.starts_with(['.', ')']) && rest.chars().nth(1).is_none_or(char::is_whitespace);
    if (1..=2).contains(&digits) && follows { rest } else { line }
}

/// Without the punctuation around it; a sign, a currency and a per cent sign stay.
fn trimmed(chunk: &str) -> &str {
    let inner = chunk.trim_start_matches(|c: char| ",:.'’‘/_".contains(c) && !starts_decimal(chunk));
    inner.trim_end_matches(|c: char| ",:.'’‘/_-".contains(c))
}

/// Whether it begins as `.5` does.
fn starts_decimal(chunk: &str) -> bool {
    let mut letters = chunk.chars();
    letters.next() == Some('.') && letters.next().is_some_and(|c| c.is_ascii_digit())
}

/// What begins at `chunk`, and how many chunks it takes.
fn read(chunk: &str, rest: &[&str]) -> (Vec<Mention>, usize) {
    if let Some((mention, used)) = written_date(chunk, rest) {
        return (vec![mention], used);
    }
    if !chunk.chars().any(char::is_numeric) {
        return number_words(chunk, rest);
    }
    if let Some((atoms, used)) = clock(chunk, rest) {
        return (vec![Mention::new(&joined(chunk, rest, used), vec![atoms])], used);
    }
    if let Some(atoms) = iso(chunk) {
        return (vec![Mention::new(chunk, vec![atoms])], 1);
    }
    let (of_parts, used) = parts(chunk, rest);
    match slashed_date(chunk) {
        // A date in numerals may as well be two strikes.
        Some(date) => {
            let numbers =
                of_parts.into_iter().filter_map(|part| part.readings.into_iter().next()).flatten().collect();
            (vec![Mention::new(chunk, vec![vec![date], numbers])], used)
        }
        None => (of_parts, used),
    }
}

fn joined(chunk: &str, rest: &[&str], used: usize) -> String {
    let more = rest.iter().take(used.saturating_sub(1)).copied();
    std::iter::once(chunk).chain(more).collect::<Vec<_>>().join(" ")
}

/// `June 6, 2014`, `Jun 20`, `June 2014`, `6 June 2014`, `20th of June`.
fn written_date(chunk: &str, rest: &[&str]) -> Option<(Mention, usize)> {
    if let Some(month) = words::month(chunk) {
        let next = rest.first()?;
        if let Some(day) = day_number(next) {
            let year = rest.get(1).and_then(|word| year_number(word));
            let used = if year.is_some() { 3 } else { 2 };
            return Some((dated(chunk, rest, used, Atom::Date { year, month, day }), used));
        }
        let year = year_number(next)?;
        return Some((dated(chunk, rest, 2, Atom::Month { year, month }), 2));
    }
    let day = day_number(chunk)?;
    let of = usize::from(rest.first().is_some_and(|word| word.eq_ignore_ascii_case("of")));
    let month = words::month(rest.get(of)?)?;
    let year = rest.get(of + 1).and_then(|word| year_number(word));
    let used = 2 + of + usize::from(year.is_some());
    Some((dated(chunk, rest, used, Atom::Date { year, month, day }), used))
}

fn dated(chunk: &str, rest: &[&str], used: usize, atom: Atom) -> Mention {
    Mention::new(&joined(chunk, rest, used), vec![vec![atom]])
}

fn day_number(word: &str) -> Option<u32> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let suffix = word.get(digits.len()..).unwrap_or_default().to_ascii_lowercase();
    let ordinal = matches!(suffix.as_str(), "" | "st" | "nd" | "rd" | "th");
    digits.parse().ok().filter(|day| ordinal && digits.len() <= 2 && (1..=31).contains(day))
}

fn year_number(word: &str) -> Option<i32> {
    word.parse().ok().filter(|year| word.len() == 4 && (1900..2200).contains(year))
}

/// `2014-06-06`, also with a time of day behind it.
fn iso(chunk: &str) -> Option<Vec<Atom>> {
    let date = chunk.get(..10)?.parse::<NaiveDate>().ok()?;
    let rest = chunk.get(10..).unwrap_or_default();
    let day = date_atom(date);
    if rest.is_empty() {
        return Some(vec![day]);
    }
    let time = rest.strip_prefix(['T', 't'])?;
    let minutes = time.get(..5).and_then(minutes_of).map(|minutes| Atom::Time { minutes });
    Some(std::iter::once(day).chain(minutes).collect())
}

pub(super) fn date_atom(date: NaiveDate) -> Atom {
    use chrono::Datelike;
    Atom::Date { year: Some(date.year()), month: date.month(), day: date.day() }
}

/// `6/20`, `6/20/2014`, `06-20`.
fn slashed_date(chunk: &str) -> Option<Atom> {
    let parts: Vec<&str> = chunk.split(['/', '-']).collect();
    let (month, day, year) = match parts.as_slice() {
        [month, day] => (month, day, None),
        [month, day, year] => (month, day, Some(year_number(year)?)),
        _ => return None,
    };
    let month = month.parse().ok().filter(|month| (1..=12).contains(month))?;
    Some(Atom::Date { year, month, day: day_number(day)? })
}

/// `10:42`, `15:00:30`, `3 pm`, `3:30 p.m`.
fn clock(chunk: &str, rest: &[&str]) -> Option<(Vec<Atom>, usize)> {
    let lower = chunk.to_ascii_lowercase();
    let (digits, glued) = match lower
        .strip_suffix("pm")
        .map(|d| (d, 12))
        .or_else(|| lower.strip_suffix("am").map(|d| (d, 0)))
    {
        Some((digits, shift)) => (digits.to_owned(), Some(shift)),
        None => (lower, None),
    };
    let following = rest.first().and_then(|word| match word.to_ascii_lowercase().as_str() {
        "pm" | "p.m" => Some(12),
        "am" | "a.m" => Some(0),
        _ => None,
    });
    let half = glued.or(following);
    let minutes = match digits.contains(':') {
        true => minutes_of(&digits)?,
        false => digits.parse::<u32>().ok().filter(|hour| half.is_some() && (1..=12).contains(hour))? * 60,
    };
    let minutes = match half {
        Some(shift) if minutes < 13 * 60 => minutes % (12 * 60) + shift * 60,
        _ => minutes,
    };
    let used = 1 + usize::from(glued.is_none() && following.is_some());
    Some((vec![Atom::Time { minutes }], used))
}

fn minutes_of(text: &str) -> Option<u32> {
    let mut parts = text.split(':');
    let two = |part: &str| part.parse::<u32>().ok().filter(|_| (1..=2).contains(&part.len()));
    let hour = parts.next().and_then(two).filter(|hour| *hour < 24)?;
    let minute = parts.next().and_then(two).filter(|minute| *minute < 60)?;
    match parts.next() {
        None => {}
        Some(seconds) => {
            two(seconds).filter(|seconds| *seconds < 60)?;
        }
    }
    parts.next().is_none().then_some(hour * 60 + minute)
}

/// The numbers of a chunk that `/` and `-` join: `630/625`, `531-560`, `52-week`.
fn parts(chunk: &str, rest: &[&str]) -> (Vec<Mention>, usize) {
    let pieces = split_joined(chunk);
    let last = pieces.len().saturating_sub(1);
    let mut found = Vec::new();
    let mut used = 1;
    for (index, piece) in pieces.iter().enumerate() {
        if !piece.chars().any(char::is_numeric) {
            continue;
        }
        let unit =
            if index == last { rest.first().copied() } else { pieces.get(index + 1).map(String::as_str) };
        let (mention, took_unit) = number(piece, unit.unwrap_or_default());
        if took_unit && index == last {
            used = 2;
        }
        found.push(mention);
    }
    (found, used)
}

/// Splits at `/`, and at `-` where it is no sign.
fn split_joined(chunk: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut previous = None;
    for c in chunk.chars() {
        let joins =
            c == '/' || (c == '-' && previous.is_some_and(|p: char| p.is_alphanumeric() || "%$".contains(p)));
        if joins {
            pieces.push(String::new());
        } else if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
        previous = Some(c);
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// One number with what is glued to it and the word behind it; whether that word belongs to it.
fn number(piece: &str, next: &str) -> (Mention, bool) {
    if piece.chars().any(|c| c.is_numeric() && !c.is_ascii_digit()) {
        return (Mention::new(piece, vec![vec![Atom::Unreadable]]), false);
    }
    let body = piece.trim_start_matches(|c: char| "+-$€£#@".contains(c));
    let end = body.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(body.len());
    let (digits, suffix) = body.split_at(end);
    let Some((value, tolerance)) = digits_value(digits) else {
        return (named(piece), false);
    };
    let next_scale = words::scale(next).filter(|_| suffix.is_empty() && next.len() > 2);
    let scaled = |factor: f64| (value * factor, tolerance * factor);
    let (scaled_value, took) = match (suffix.trim_end_matches('.').to_ascii_lowercase().as_str(), next_scale)
    {
        (
            "" | "%" | "x" | "×" | "st" | "nd" | "rd" | "th" | "d" | "dte" | "delta" | "¢" | "'s" | "’s"
            | "s",
            None,
        ) => (scaled(1.0), false),
        ("", Some(factor)) => (scaled(factor), true),
        ("bps" | "bp", _) => (scaled(0.01), false),
        (letters, _) => match words::scale(letters) {
            Some(factor) => (scaled(factor), false),
            None => return (named(piece), false),
        },
    };
    let (value, tolerance) = scaled_value;
    let percent = suffix.contains('%') || words::is_percent(next) || suffix.eq_ignore_ascii_case("bps");
    let delta = suffix.eq_ignore_ascii_case("delta") || next.eq_ignore_ascii_case("delta");
    let of = if percent || delta { 100.0 } else { 1.0 };
    let whole = vec![Atom::Number { value, tolerance, of }];
    let shown = if took { format!("{piece} {next}") } else { piece.to_owned() };
    (Mention::new(&shown, vec![whole]), took)
}

/// The value of digits with separators, and half a unit of the last one.
fn digits_value(digits: &str) -> Option<(f64, f64)> {
    if digits.len() > 24 || !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let digits = digits.trim_end_matches(['.', ',']);
    let bare = digits.replace(',', "");
    if bare.matches('.').count() > 1 || (digits.contains(',') && !is_grouped(digits)) {
        return None;
    }
    let decimals = bare.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let value: f64 = bare.parse().ok()?;
    Some((value, 0.5 * 10_f64.powi(-i32::try_from(decimals).ok()?)))
}

/// `63,000` and `1,234,567.8`.
fn is_grouped(digits: &str) -> bool {
    let whole = digits.split('.').next().unwrap_or_default();
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3)
}

/// A name with digits: known as it is, or each of its digit groups is a fact.
fn named(piece: &str) -> Mention {
    let name: String = piece.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_ascii_lowercase();
    let groups = piece.split(|c: char| !(c.is_ascii_digit() || c == '.')).filter_map(|group| {
        let group = group.trim_matches('.');
        (!group.is_empty()).then(|| digits_value(group))
    });
    let digits: Option<Vec<Atom>> = groups
        .map(|group| {
            group.map(|(value, tolerance)| Atom::Number { value, tolerance: tolerance * 1e-6, of: 1.0 })
        })
        .collect();
    let mut readings = vec![vec![Atom::Name(name)]];
    readings.extend(digits.filter(|digits| !digits.is_empty()));
    Mention::new(piece, readings)
}

/// `twenty-five`, `five percent`, `two hundred`.
fn number_words(chunk: &str, rest: &[&str]) -> (Vec<Mention>, usize) {
    let Some(value) = words::number_word(chunk) else { return (Vec::new(), 1) };
    let next = rest.first().copied().unwrap_or_default();
    let scale = words::scale(next).filter(|_| next.len() > 2);
    if value < 11.0 && !words::is_unit(next) {
        return (Vec::new(), 1);
    }
    let used = 1 + usize::from(scale.is_some());
    let after = rest.get(used - 1).copied().unwrap_or_default();
    let of = if words::is_percent(after) || after.eq_ignore_ascii_case("delta") { 100.0 } else { 1.0 };
    let factor = scale.unwrap_or(1.0);
    let atom = Atom::Number { value: value * factor, tolerance: 0.5 * factor, of };
    (vec![Mention::new(&joined(chunk, rest, used), vec![vec![atom]])], used)
}
