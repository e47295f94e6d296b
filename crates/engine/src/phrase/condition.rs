//! What a phrase waits for.

use rust_decimal::Decimal;
use ttai_core::alert::{
    AlertCondition, AlertSide, ChannelTrigger, MoveBase, MoveDirection, PriceSource, PriceTrigger, VolumeSpan,
};

use super::PhraseError;
use super::cursor::{Cursor, nearest, short};
use super::token::TokenKind;

const SIDES: [(&str, AlertSide); 10] = [
    ("above", AlertSide::Above),
    ("over", AlertSide::Above),
    (">", AlertSide::Above),
    (">=", AlertSide::Above),
    ("reaches", AlertSide::Above),
    ("below", AlertSide::Below),
    ("under", AlertSide::Below),
    ("<", AlertSide::Below),
    ("<=", AlertSide::Below),
    ("at", AlertSide::Below),
];
/// `reaches` and `at` say no side of a price.
const PRICE_SIDES: [(&str, PriceTrigger); 8] = [
    ("above", PriceTrigger::Above),
    ("over", PriceTrigger::Above),
    (">", PriceTrigger::Above),
    (">=", PriceTrigger::Above),
    ("below", PriceTrigger::Below),
    ("under", PriceTrigger::Below),
    ("<", PriceTrigger::Below),
    ("<=", PriceTrigger::Below),
];
const CROSSINGS: [(&str, PriceTrigger); 6] = [
    ("above", PriceTrigger::CrossesUp),
    ("over", PriceTrigger::CrossesUp),
    ("up", PriceTrigger::CrossesUp),
    ("below", PriceTrigger::CrossesDown),
    ("under", PriceTrigger::CrossesDown),
    ("down", PriceTrigger::CrossesDown),
];
const MOVES: [(&str, MoveDirection); 8] = [
    ("up", MoveDirection::Up),
    ("rises", MoveDirection::Up),
    ("gains", MoveDirection::Up),
    ("down", MoveDirection::Down),
    ("falls", MoveDirection::Down),
    ("drops", MoveDirection::Down),
    ("moves", MoveDirection::Either),
    ("move", MoveDirection::Either),
];
const CHANNELS: [(&str, ChannelTrigger); 6] = [
    ("between", ChannelTrigger::Inside),
    ("inside", ChannelTrigger::Inside),
    ("outside", ChannelTrigger::Outside),
    ("enters", ChannelTrigger::Entered),
    ("leaves", ChannelTrigger::Left),
    ("exits", ChannelTrigger::Left),
];
const SOURCES: [(&str, PriceSource); 4] = [
    ("last", PriceSource::Last),
    ("bid", PriceSource::Bid),
    ("ask", PriceSource::Ask),
    ("mid", PriceSource::Mid),
];
/// Units of minutes and hours.
pub(super) const MINUTES: [&str; 6] = ["m", "min", "mins", "minute", "minutes", ""];
pub(super) const HOURS: [&str; 5] = ["h", "hr", "hrs", "hour", "hours"];

/// A condition and the price that it is about.
pub(super) fn condition(
    cursor: &mut Cursor<'_>,
    source: &mut PriceSource,
) -> Result<AlertCondition, PhraseError> {
    let mut reader = Reader { source: cursor.take_of(&SOURCES), depth: 0 };
    let condition = reader.any(cursor)?;
    *source = reader.source.unwrap_or_default();
    Ok(condition)
}

struct Reader {
    source: Option<PriceSource>,
    depth: usize,
}

impl Reader {
    fn any(&mut self, cursor: &mut Cursor<'_>) -> Result<AlertCondition, PhraseError> {
        let mut of = vec![self.all(cursor)?];
        while cursor.take("or") {
            of.push(self.all(cursor)?);
        }
        let flat = of.into_iter().flat_map(|one| match one {
            AlertCondition::Any { of } => of,
            one => vec![one],
        });
        Ok(joined(flat.collect(), |of| AlertCondition::Any { of }))
    }

    fn all(&mut self, cursor: &mut Cursor<'_>) -> Result<AlertCondition, PhraseError> {
        let mut of = vec![self.one(cursor)?];
        while cursor.take("and") {
            of.push(self.one(cursor)?);
        }
        let flat = of.into_iter().flat_map(|one| match one {
            AlertCondition::All { of } => of,
            one => vec![one],
        });
        Ok(joined(flat.collect(), |of| AlertCondition::All { of }))
    }

    fn one(&mut self, cursor: &mut Cursor<'_>) -> Result<AlertCondition, PhraseError> {
        let column = cursor.column();
        if cursor.take("(") {
            self.depth += 1;
            if self.depth > 8 {
                return Err(PhraseError::new(column, "too many parentheses"));
            }
            let inner = self.any(cursor)?;
            self.depth -= 1;
            cursor.expect(")", ")")?;
            return Ok(inner);
        }
        let source = cursor.take_of(&SOURCES);
        if source.is_some() && self.source.is_some() && source != self.source {
            return Err(PhraseError::new(column, "an alert compares one price: last, bid, ask or mid"));
        }
        self.source = source.or(self.source);
        leaf(cursor)
    }
}

fn joined(
    mut of: Vec<AlertCondition>,
    join: impl Fn(Vec<AlertCondition>) -> AlertCondition,
) -> AlertCondition {
    match of.pop() {
        Some(only) if of.is_empty() => only,
        last => {
            of.extend(last);
            join(of)
        }
    }
}

fn leaf(cursor: &mut Cursor<'_>) -> Result<AlertCondition, PhraseError> {
    if let Some(when) = cursor.take_of(&PRICE_SIDES) {
        return price(cursor, when);
    }
    if cursor.take("crosses") {
        let when = cursor.take_of(&CROSSINGS).unwrap_or(PriceTrigger::Crosses);
        return price(cursor, when);
    }
    if let Some(direction) = cursor.take_of(&MOVES) {
        return a_move(cursor, direction);
    }
    if let Some(when) = cursor.take_of(&CHANNELS) {
        return channel(cursor, when);
    }
    if let Some(condition) = named(cursor)? {
        return Ok(condition);
    }
    Err(no_condition(cursor))
}

/// Conditions that begin with their own word.
fn named(cursor: &mut Cursor<'_>) -> Result<Option<AlertCondition>, PhraseError> {
    if cursor.take_all(&["bar", "volume"]) {
        return volume(cursor, VolumeSpan::Bar).map(Some);
    }
    if cursor.take("volume") {
        return volume(cursor, VolumeSpan::Day).map(Some);
    }
    if cursor.take("delta") {
        let when = cursor.take_of(&SIDES[..9]).unwrap_or(AlertSide::Above);
        let delta = cursor.number("a delta", &[""], "0.45")?;
        return Ok(Some(AlertCondition::Delta { when, delta }));
    }
    if cursor.take_all(&["iv", "rank"]) || cursor.take("ivr") {
        let when = cursor.take_of(&SIDES[..9]).unwrap_or(AlertSide::Above);
        let rank = cursor.number("a rank", &["", "%"], "50")?;
        return Ok(Some(AlertCondition::IvRank { when, rank }));
    }
    if cursor.take("dte") {
        cursor.take_of(&SIDES[5..]);
        let days = cursor.whole("a number of days", &["", "d"], "21")?;
        return Ok(Some(AlertCondition::Dte { days }));
    }
    position(cursor)
}

/// Conditions of positions and contracts.
fn position(cursor: &mut Cursor<'_>) -> Result<Option<AlertCondition>, PhraseError> {
    if cursor.take("itm") || cursor.take_all(&["in", "the", "money"]) {
        return Ok(Some(AlertCondition::Moneyness { itm: true }));
    }
    if cursor.take("otm") || cursor.take_all(&["out", "of", "the", "money"]) {
        return Ok(Some(AlertCondition::Moneyness { itm: false }));
    }
    if cursor.take("profit") {
        cursor.take_of(&SIDES[..5]);
        let percent = cursor.number("a percentage of the credit", &["%"], "50%")?;
        return Ok(Some(AlertCondition::Profit { percent }));
    }
    if cursor.take("loss") {
        cursor.take_of(&SIDES[..5]);
        let multiple = cursor.number("a multiple of the credit", &["x"], "2x")?;
        return Ok(Some(AlertCondition::Loss { multiple }));
    }
    if cursor.take("spread") {
        let when = cursor.take_of(&SIDES[..9]).unwrap_or(AlertSide::Above);
        let percent = cursor.number("a percentage of the mid", &["%"], "10%")?;
        return Ok(Some(AlertCondition::Spread { when, percent }));
    }
    if cursor.take("earnings") {
        cursor.expect("within", "within 5 days")?;
        let within_days = cursor.whole("a number of days", &["", "d"], "5 days")?;
        let _ = cursor.take("days") || cursor.take("day");
        return Ok(Some(AlertCondition::Earnings { within_days }));
    }
    if cursor.take("within") {
        let percent = cursor.number("a percentage of the strike", &["%"], "2% of strike")?;
        cursor.expect("of", "of strike")?;
        cursor.take("the");
        cursor.expect("strike", "strike")?;
        return Ok(Some(AlertCondition::StrikeDistance { percent }));
    }
    Ok(None)
}

fn price(cursor: &mut Cursor<'_>, when: PriceTrigger) -> Result<AlertCondition, PhraseError> {
    let level = cursor.number("a price", &[""], "90")?;
    Ok(AlertCondition::Price { when, level })
}

fn volume(cursor: &mut Cursor<'_>, of: VolumeSpan) -> Result<AlertCondition, PhraseError> {
    cursor.take_of(&SIDES[..5]);
    let ratio = cursor.number("a multiple of its average", &["x"], "3x average")?;
    cursor.take("the");
    cursor.take("average");
    Ok(AlertCondition::Volume { ratio, of })
}

fn channel(cursor: &mut Cursor<'_>, when: ChannelTrigger) -> Result<AlertCondition, PhraseError> {
    if let Some(TokenKind::Range(low, high)) = cursor.peek().map(|token| token.kind.clone()) {
        cursor.next();
        return Ok(AlertCondition::Channel { when, low, high });
    }
    let low = cursor.number("a price", &[""], "90 and 95")?;
    if !cursor.take("and") && !cursor.take("to") {
        return Err(cursor.missing("\"and\" with the other price", "and 95"));
    }
    let high = cursor.number("a price", &[""], "95")?;
    Ok(AlertCondition::Channel { when, low, high })
}

fn a_move(cursor: &mut Cursor<'_>, direction: MoveDirection) -> Result<AlertCondition, PhraseError> {
    let percent = cursor.number("a percentage", &["%"], "5% today")?;
    if cursor.take("within") || cursor.take("in") {
        let minutes = minutes(cursor, "15 minutes")?;
        return Ok(AlertCondition::PercentWithin { direction, percent, minutes });
    }
    let (base, entry_price) = base(cursor)?;
    Ok(AlertCondition::PercentMove { direction, percent, base, entry_price })
}

fn base(cursor: &mut Cursor<'_>) -> Result<(MoveBase, Option<Decimal>), PhraseError> {
    if !cursor.take("from") {
        cursor.take("today");
        return Ok((MoveBase::PreviousClose, None));
    }
    cursor.take("the");
    if cursor.take("open") {
        return Ok((MoveBase::Open, None));
    }
    if cursor.take("entry") {
        return Ok((MoveBase::Entry, None));
    }
    if cursor.take("close") || cursor.take_all(&["previous", "close"]) {
        return Ok((MoveBase::PreviousClose, None));
    }
    let price = cursor.number("\"open\", \"close\", \"entry\" or a price", &[""], "open")?;
    Ok((MoveBase::Entry, Some(price)))
}

/// `15 minutes`, `2h`.
pub(super) fn minutes(cursor: &mut Cursor<'_>, example: &str) -> Result<u32, PhraseError> {
    let column = cursor.column();
    let is_hours = match cursor.peek().map(|token| &token.kind) {
        Some(TokenKind::Number(_, unit)) => HOURS.contains(&unit.as_str()),
        _ => false,
    };
    let units: &[&str] = if is_hours { &HOURS } else { &MINUTES };
    let number = cursor.whole("a number of minutes", units, example)?;
    let is_spelt = |cursor: &mut Cursor<'_>, words: &[&str]| {
        words.iter().any(|word| !word.is_empty() && cursor.take(word))
    };
    let is_hours = is_hours || is_spelt(cursor, &HOURS);
    if !is_hours {
        is_spelt(cursor, &MINUTES);
    }
    let minutes = number.checked_mul(if is_hours { 60 } else { 1 });
    minutes.ok_or_else(|| PhraseError::new(column, format!("{number} hours are too many")))
}

/// Nothing that a condition begins with.
fn no_condition(cursor: &Cursor<'_>) -> PhraseError {
    let Some(token) = cursor.peek() else {
        return cursor.missing("a condition", "below 90");
    };
    if let TokenKind::Number(_, unit) = &token.kind {
        let price = token.text;
        let before = cursor.before();
        let words: &[&str] = if unit == "%" { &["up", "down"] } else { &["above", "below"] };
        let what = if unit == "%" { "which way is missing" } else { "above or below is missing" };
        let meant = words.iter().map(|word| format!("{before} {word} {price}").trim().to_owned());
        return PhraseError::new(token.column, format!("{what} before {price}")).meaning(meant);
    }
    PhraseError::new(
        token.column,
        format!(
            "'{}' is no condition; write for example \"below 90\", \"down 5% today\" or \"delta 0.45\"",
            short(token.text)
        ),
    )
    .meaning(nearest(token.text))
}
