//! Words, numbers and dates of a phrase, each with its place.

use chrono::{NaiveDate, NaiveTime};
use rust_decimal::Decimal;
use ttai_core::OptionRight;
use winnow::ascii::{digit1, multispace0};
use winnow::combinator::{alt, delimited, eof, not, opt, preceded, repeat, separated_pair, terminated};
use winnow::prelude::*;
use winnow::stream::{LocatingSlice, Location};
use winnow::token::{one_of, take_while};

use super::PhraseError;

type Input<'a> = LocatingSlice<&'a str>;

/// A piece of a phrase.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
    /// Characters before it, plus 1.
    pub(super) column: usize,
}

/// What a piece is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// A number with its unit, in lower case: `90`, `5%`, `3x`, `15m`.
    Number(Decimal, String),
    /// `90-95`.
    Range(Decimal, Decimal),
    /// `+1`, `-2`.
    Signed(i32),
    /// `630P`.
    Strike(Decimal, OptionRight),
    /// `2026-12-18`.
    Date(NaiveDate),
    /// `15:30`.
    Time(NaiveTime),
    /// `'…'` or `"…"`.
    Quoted(String),
    /// `,`, `(`, `)`, `>`, `<`, `>=`, `<=`, `=`.
    Sign,
    /// Anything else.
    Word,
}

const SIGNS: &str = ",()<>=";

/// All pieces of a phrase.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, PhraseError> {
    let mut input = LocatingSlice::new(text);
    let mut found = Vec::new();
    loop {
        let _: ModalResult<&str> = multispace0.parse_next(&mut input);
        let start = input.current_token_start();
        let column = text.get(..start).map_or(0, |before| before.chars().count()) + 1;
        if start >= text.len() {
            return Ok(found);
        }
        let kind: ModalResult<TokenKind> = alt((sign, quoted, thousands, chunk)).parse_next(&mut input);
        let Ok(kind) = kind else {
            return Err(PhraseError::new(column, "a quotation mark has no partner"));
        };
        let text = text.get(start..input.current_token_start()).unwrap_or_default();
        found.push(Token { kind, text, column });
    }
}

fn sign(input: &mut Input<'_>) -> ModalResult<TokenKind> {
    alt((">=", "<=", one_of(|c: char| SIGNS.contains(c)).take())).value(TokenKind::Sign).parse_next(input)
}

/// A quotation mark inside is written twice.
fn quoted(input: &mut Input<'_>) -> ModalResult<TokenKind> {
    let text = |mark: char, twice: &'static str| {
        let piece =
            alt((take_while(1.., move |c| c != mark).map(str::to_owned), twice.value(mark.to_string())));
        delimited(mark, repeat(0.., piece).map(|pieces: Vec<String>| pieces.concat()), mark)
    };
    alt((text('\'', "''"), text('"', "\"\""))).map(TokenKind::Quoted).parse_next(input)
}

/// `1,250.50`: groups of three digits with no blank between.
fn thousands(input: &mut Input<'_>) -> ModalResult<TokenKind> {
    let digit = |c: char| c.is_ascii_digit();
    let groups = repeat::<_, _, (), _, _>(1.., (',', take_while(3..=3, digit)).void());
    let whole = (opt('$'), take_while(1..=3, digit), groups, opt(('.', digit1))).take();
    let ended = not(one_of(|c: char| c.is_alphanumeric() || ".-:%".contains(c)));
    let plain = |text: &str| text.replace([',', '$'], "").parse::<Decimal>();
    let number = terminated(whole, ended).try_map(plain);
    number.map(|number| TokenKind::Number(number, String::new())).parse_next(input)
}

/// Up to a blank, a sign or a quotation mark.
fn chunk(input: &mut Input<'_>) -> ModalResult<TokenKind> {
    let is_part = |c: char| !c.is_whitespace() && !SIGNS.contains(c) && c != '\'' && c != '"';
    take_while(1.., is_part).map(kind_of).parse_next(input)
}

fn kind_of(text: &str) -> TokenKind {
    let known = alt((
        terminated(date, eof).map(TokenKind::Date),
        terminated(time, eof).map(TokenKind::Time),
        terminated(strike, eof).map(|(strike, right)| TokenKind::Strike(strike, right)),
        terminated(separated_pair(number, '-', number), eof).map(|(low, high)| TokenKind::Range(low, high)),
        terminated(signed, eof).map(TokenKind::Signed),
        terminated(with_unit, eof).map(|(number, unit)| TokenKind::Number(number, unit)),
    ))
    .parse(text);
    known.unwrap_or(TokenKind::Word)
}

fn number(input: &mut &str) -> ModalResult<Decimal> {
    preceded(opt('$'), (digit1, opt(('.', digit1))).take()).try_map(str::parse).parse_next(input)
}

fn with_unit(input: &mut &str) -> ModalResult<(Decimal, String)> {
    let unit = alt((
        "%".map(str::to_owned),
        take_while(0.., |c: char| c.is_ascii_alphabetic()).map(str::to_ascii_lowercase),
    ));
    (number, unit).parse_next(input)
}

fn strike(input: &mut &str) -> ModalResult<(Decimal, OptionRight)> {
    let right =
        alt((one_of(['C', 'c']).value(OptionRight::Call), one_of(['P', 'p']).value(OptionRight::Put)));
    (number, right).parse_next(input)
}

fn signed(input: &mut &str) -> ModalResult<i32> {
    (one_of(['+', '-']), digit1).take().try_map(str::parse).parse_next(input)
}

fn date(input: &mut &str) -> ModalResult<NaiveDate> {
    (digit1, '-', digit1, '-', digit1)
        .take()
        .try_map(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d"))
        .parse_next(input)
}

fn time(input: &mut &str) -> ModalResult<NaiveTime> {
    let form = |text: &str| {
        NaiveTime::parse_from_str(text, "%H:%M:%S").or_else(|_| NaiveTime::parse_from_str(text, "%H:%M"))
    };
    (digit1, ':', digit1, opt((':', digit1))).take().try_map(form).parse_next(input)
}
