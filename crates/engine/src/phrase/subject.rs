//! What a phrase is about.

use ttai_core::alert::{AlertLeg, AlertSubject, PositionSide};
use ttai_core::{OccSymbol, OptionRight, Symbol};

use super::PhraseError;
use super::cursor::{Cursor, short};
use super::token::{Token, TokenKind};

const KINDS: [(&str, Option<OptionRight>); 8] = [
    ("option", None),
    ("options", None),
    ("position", None),
    ("positions", None),
    ("call", Some(OptionRight::Call)),
    ("calls", Some(OptionRight::Call)),
    ("put", Some(OptionRight::Put)),
    ("puts", Some(OptionRight::Put)),
];
const SIDES: [(&str, PositionSide); 2] = [("short", PositionSide::Short), ("long", PositionSide::Long)];

/// Reads what an alert watches.
pub(super) fn subject(cursor: &mut Cursor<'_>) -> Result<AlertSubject, PhraseError> {
    if let Some(positions) = positions(cursor) {
        return Ok(positions);
    }
    let Some(first) = cursor.next() else {
        return Err(PhraseError::new(1, "the alert is empty; write for example \"AAPL below 90\""));
    };
    match &first.kind {
        TokenKind::Signed(ratio) => legs(cursor, *ratio),
        TokenKind::Word if first.text.eq_ignore_ascii_case("watchlist") => watchlist(cursor),
        _ => symbol(cursor, first),
    }
}

/// `any short option`, `my AAPL calls`; nothing is taken where it is neither.
fn positions(cursor: &mut Cursor<'_>) -> Option<AlertSubject> {
    let mut ahead = cursor.clone();
    let is_any = ahead.take("any");
    if !is_any && !ahead.take("my") {
        return None;
    }
    let side = ahead.take_of(&SIDES);
    let mut right = ahead.take_of(&KINDS);
    let mut underlying = None;
    if right.is_none() {
        underlying = Some(Symbol::new(ahead.next()?.text).ok()?);
        right = ahead.take_of(&KINDS);
    }
    let right = right?;
    *cursor = ahead;
    Some(AlertSubject::Positions { underlying, side, right })
}

fn watchlist(cursor: &mut Cursor<'_>) -> Result<AlertSubject, PhraseError> {
    let missing = cursor.missing("the watchlist's name", "tech down 4% today");
    let name = match cursor.next() {
        Some(Token { kind: TokenKind::Quoted(name), .. }) => name.clone(),
        Some(Token { kind: TokenKind::Sign, .. }) | None => return Err(missing),
        Some(token) => token.text.to_owned(),
    };
    Ok(AlertSubject::Watchlist { name })
}

fn symbol(cursor: &mut Cursor<'_>, first: &Token<'_>) -> Result<AlertSubject, PhraseError> {
    let subject =
        AlertSubject::parse(first.text).map_err(|error| PhraseError::new(first.column, error.to_string()))?;
    match (subject, cursor.peek().map(|token| &token.kind)) {
        (AlertSubject::Symbol { symbol }, Some(TokenKind::Date(_))) => {
            contract(cursor, &symbol).map(|contract| AlertSubject::Option { contract })
        }
        (subject, _) => Ok(subject),
    }
}

/// The date and the strike behind a symbol.
fn contract(cursor: &mut Cursor<'_>, symbol: &Symbol) -> Result<OccSymbol, PhraseError> {
    let column = cursor.column();
    let Some(Token { kind: TokenKind::Date(expiration), .. }) = cursor.next() else {
        return Err(PhraseError::new(
            column,
            "expected the contract's expiration, as in \"AAPL 2026-12-18 630P\"",
        ));
    };
    let missing = cursor.missing("the strike", "630P");
    let column = cursor.column();
    let (strike, right) = match cursor.next().map(|token| &token.kind) {
        Some(TokenKind::Strike(strike, right)) => (*strike, *right),
        Some(TokenKind::Number(strike, unit)) if unit.is_empty() => {
            let rights = [("call", OptionRight::Call), ("put", OptionRight::Put)];
            (*strike, cursor.take_of(&rights).ok_or_else(|| cursor.missing("call or put", "put"))?)
        }
        _ => return Err(missing),
    };
    let contract = OccSymbol { root: symbol.option_root(), expiration: *expiration, right, strike };
    // Only what an OCC symbol can spell is a contract.
    match OccSymbol::parse(&contract.to_string()) {
        Ok(spelt) if spelt == contract => Ok(spelt),
        _ => Err(PhraseError::new(column, format!("there is no contract {}", short(&contract.to_string())))),
    }
}

fn legs(cursor: &mut Cursor<'_>, first: i32) -> Result<AlertSubject, PhraseError> {
    let mut legs = Vec::new();
    let mut ratio = first;
    loop {
        let missing = cursor.missing("a contract", "AAPL 2026-12-18 630P");
        let column = cursor.column();
        let token = cursor.next().ok_or(missing)?;
        let AlertSubject::Option { contract } = symbol(cursor, token)? else {
            return Err(PhraseError::new(column, "a leg is a contract, as in \"+1 AAPL 2026-12-18 630P\""));
        };
        legs.push(AlertLeg { contract, ratio });
        match cursor.peek().map(|token| &token.kind) {
            Some(TokenKind::Signed(next)) => ratio = *next,
            _ => return Ok(AlertSubject::Legs { legs }),
        }
        cursor.next();
    }
}
