//! What keeps a definition from being armed.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{
    AlertCondition, AlertDefinition, AlertLeg, AlertRepeat, AlertSubject, AlertTrigger, MoveBase, PriceSource,
};
use crate::SymbolError;

/// Why an alert is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlertError {
    /// A field that must be there is not.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A word that the field does not know.
    #[error("{field}: '{word}' is not known; {expected}")]
    Unknown {
        /// The field.
        field: &'static str,
        /// The word, its first 40 characters.
        word: String,
        /// What would do.
        expected: &'static str,
    },
    /// Two fields that say the same disagree.
    #[error("{0} contradicts the fields beside it; send only one of them, or the same in both")]
    Contradiction(&'static str),
    /// The symbol is none.
    #[error("symbol: {0}")]
    Symbol(SymbolError),
    /// A text is empty, too long or has control characters.
    #[error("{field} must be {range} without control characters")]
    Text {
        /// The field.
        field: &'static str,
        /// The lengths that it may have.
        range: &'static str,
    },
    /// A number outside what its field may be.
    #[error("{field} must be {range}; it is {value}")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// The number.
        value: Decimal,
        /// What it may be.
        range: &'static str,
    },
    /// Too many of something.
    #[error("{field} has {count} entries; at most {most} are allowed")]
    TooMany {
        /// The field.
        field: &'static str,
        /// How many it has.
        count: usize,
        /// How many it may have.
        most: usize,
    },
    /// `all` and `any` that say nothing more than one level of them would.
    #[error("when: {0}")]
    Tree(&'static str),
    /// A condition that its subject does not have.
    #[error("{subject} has no {what}; {instead}")]
    DoesNotFit {
        /// The subject.
        subject: String,
        /// What it does not have.
        what: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// It would have ended before it began.
    #[error("expires_at: it expired at {0}")]
    Expired(DateTime<Utc>),
}

impl AlertError {
    /// A word that a field of the original designs does not know.
    pub(super) fn unknown(field: &'static str, word: &str) -> Self {
        let expected = match field {
            "alert_type" => "use price, delta or dte, or describe the condition in `when`",
            _ => {
                "use above or below (of a price also crosses_up, crosses_down or crosses), or describe it in `when`"
            }
        };
        Self::Unknown { field, word: word.chars().take(40).collect(), expected }
    }

    /// The field that is wrong.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Missing(field) | Self::Contradiction(field) => field,
            Self::Unknown { field, .. }
            | Self::Text { field, .. }
            | Self::OutOfRange { field, .. }
            | Self::TooMany { field, .. } => field,
            Self::Symbol(_) => "symbol",
            Self::Tree(_) => "when",
            Self::DoesNotFit { .. } => "subject",
            Self::Expired(_) => "expires_at",
        }
    }
}

/// Decimal places that a number may have: what the engine compares with.
const PLACES: u32 = 6;
const LARGEST_LEVEL: Decimal = Decimal::from_parts(10_000_000, 0, 0, false, 0);

impl AlertDefinition {
    /// Whether it can be armed at `now`.
    ///
    /// # Errors
    /// [`AlertError`] names the first field that is wrong, and why.
    pub fn check(&self, now: DateTime<Utc>) -> Result<(), AlertError> {
        self.check_texts()?;
        self.check_terms()?;
        match self.expires_at {
            Some(at) if at <= now => Err(AlertError::Expired(at)),
            _ => Ok(()),
        }
    }

    /// Whether it says something that can come true: its subject, its condition and how they go together.
    ///
    /// # Errors
    /// [`AlertError`] names the first field that is wrong, and why.
    pub fn check_terms(&self) -> Result<(), AlertError> {
        check_subject(&self.subject)?;
        check_tree(&self.condition, 0)?;
        let leaves = self.condition.leaves();
        at_most("when", leaves.len(), Self::MAX_LEAVES)?;
        for leaf in leaves {
            check_numbers(leaf)?;
            check_fit(&self.subject, leaf)?;
        }
        if let Some(entry) = self.entry_price {
            price("entry_price", entry)?;
        }
        self.check_source()?;
        self.check_repeat()
    }

    fn check_texts(&self) -> Result<(), AlertError> {
        if self.subject.is_set() {
            text("id", &self.id, 1, Self::MAX_SET_ID, "1 to 96 characters for several alerts")?;
        }
        text("id", &self.id, 1, Self::MAX_ID, "1 to 128 characters")?;
        if let Some(user) = &self.user_id {
            text("user_id", user, 1, Self::MAX_ID, "1 to 128 characters")?;
        }
        if let Some(note) = &self.note {
            text("note", note, 0, Self::MAX_NOTE, "at most 500 characters")?;
        }
        at_most("channels", self.channels.len(), Self::MAX_CHANNELS)?;
        self.channels.iter().try_for_each(|name| text("channels", name, 1, 64, "names of 1 to 64 characters"))
    }

    fn check_source(&self) -> Result<(), AlertError> {
        let is_several = matches!(self.subject, AlertSubject::Legs { .. });
        if is_several && !matches!(self.source, PriceSource::Last | PriceSource::Mid) {
            return misfit(
                &self.subject,
                "bid or ask of its own",
                "leave the source out: its price is the mid",
            );
        }
        if is_several && self.trigger == AlertTrigger::BarClose {
            return misfit(&self.subject, "bars", "let it fire on touch");
        }
        Ok(())
    }

    fn check_repeat(&self) -> Result<(), AlertError> {
        let AlertRepeat::Repeating { cooldown_seconds, rearm_percent } = self.repeat else { return Ok(()) };
        in_range("rearm_percent", rearm_percent, Decimal::ZERO..Decimal::ONE_HUNDRED, "0 to under 100")?;
        let cooldown = Decimal::from(cooldown_seconds);
        in_range(
            "cooldown_seconds",
            cooldown,
            Decimal::ZERO..Decimal::from(604_801),
            "at most 604800 (a week)",
        )
    }
}

fn text(
    field: &'static str,
    value: &str,
    least: usize,
    most: usize,
    range: &'static str,
) -> Result<(), AlertError> {
    let length = value.chars().count();
    let fits = (least..=most).contains(&length) && !value.chars().any(char::is_control);
    if fits && (least == 0 || !value.trim().is_empty()) {
        Ok(())
    } else {
        Err(AlertError::Text { field, range })
    }
}

fn at_most(field: &'static str, count: usize, most: usize) -> Result<(), AlertError> {
    if count <= most { Ok(()) } else { Err(AlertError::TooMany { field, count, most }) }
}

fn in_range(
    field: &'static str,
    value: Decimal,
    allowed: std::ops::Range<Decimal>,
    range: &'static str,
) -> Result<(), AlertError> {
    if !allowed.contains(&value) {
        return Err(AlertError::OutOfRange { field, value, range });
    }
    if value.normalize().scale() > PLACES {
        return Err(AlertError::OutOfRange { field, value, range: "a number of at most 6 decimal places" });
    }
    Ok(())
}

/// Over zero and under a bound.
fn positive(
    field: &'static str,
    value: Decimal,
    below: Decimal,
    range: &'static str,
) -> Result<(), AlertError> {
    if value.is_zero() {
        return Err(AlertError::OutOfRange { field, value, range });
    }
    in_range(field, value, Decimal::ZERO..below, range)
}

fn price(field: &'static str, value: Decimal) -> Result<(), AlertError> {
    positive(field, value, LARGEST_LEVEL, "over 0 and under 10000000")
}

impl AlertSubject {
    /// Whether it is well-formed: a watchlist's name, the legs.
    ///
    /// # Errors
    /// [`AlertError`] names what is wrong.
    pub fn check(&self) -> Result<(), AlertError> {
        check_subject(self)
    }
}

fn check_subject(subject: &AlertSubject) -> Result<(), AlertError> {
    match subject {
        AlertSubject::Watchlist { name } if name.contains(['\'', '"']) => Err(AlertError::Text {
            field: "subject",
            range: "a name of 1 to 64 characters without quotation marks",
        }),
        AlertSubject::Watchlist { name } => text("subject", name, 1, 64, "a name of 1 to 64 characters"),
        AlertSubject::Legs { legs } => check_legs(legs),
        _ => Ok(()),
    }
}

fn check_legs(legs: &[AlertLeg]) -> Result<(), AlertError> {
    at_most("legs", legs.len(), 4)?;
    if legs.len() < 2 {
        return Err(AlertError::Missing("a second leg"));
    }
    for (place, leg) in legs.iter().enumerate() {
        let ratio = Decimal::from(leg.ratio);
        if leg.ratio == 0 || leg.ratio.unsigned_abs() > 100 {
            return Err(AlertError::OutOfRange { field: "ratio", value: ratio, range: "-100 to 100, not 0" });
        }
        if legs.iter().take(place).any(|earlier| earlier.contract == leg.contract) {
            return Err(AlertError::Contradiction("legs"));
        }
    }
    Ok(())
}

fn check_tree(condition: &AlertCondition, depth: usize) -> Result<(), AlertError> {
    let (AlertCondition::All { of } | AlertCondition::Any { of }) = condition else { return Ok(()) };
    if depth >= 2 {
        return Err(AlertError::Tree("`all` and `any` may be nested two deep at most"));
    }
    if of.len() < 2 {
        return Err(AlertError::Tree("`all` and `any` join two conditions or more"));
    }
    if of.iter().any(|inner| inner.kind() == condition.kind()) {
        return Err(AlertError::Tree(
            "an `all` directly in an `all`, or an `any` in an `any`, is one of them",
        ));
    }
    of.iter().try_for_each(|inner| check_tree(inner, depth + 1))
}

fn check_numbers(leaf: &AlertCondition) -> Result<(), AlertError> {
    let hundred = Decimal::ONE_HUNDRED;
    let thousand = Decimal::ONE_THOUSAND;
    match leaf {
        AlertCondition::Price { level, .. } => price("level", *level),
        AlertCondition::PercentMove { percent, base, entry_price, .. } => {
            positive("percent", *percent, thousand, "over 0 and under 1000")?;
            match (base, entry_price) {
                (MoveBase::Entry, Some(entry)) => price("entry_price", *entry),
                (_, Some(_)) => Err(AlertError::Contradiction("entry_price")),
                _ => Ok(()),
            }
        }
        AlertCondition::PercentWithin { percent, minutes, .. } => {
            positive("percent", *percent, thousand, "over 0 and under 1000")?;
            positive("minutes", Decimal::from(*minutes), Decimal::from(391), "1 to 390")
        }
        AlertCondition::Channel { low, high, .. } => {
            price("low", *low)?;
            price("high", *high)?;
            if low < high { Ok(()) } else { Err(AlertError::Contradiction("high")) }
        }
        AlertCondition::Volume { ratio, .. } => positive("ratio", *ratio, thousand, "over 0 and under 1000"),
        AlertCondition::Delta { delta, .. } => {
            positive("delta", *delta, Decimal::TWO, "over 0 and at most 1").and_then(|()| {
                in_range("delta", *delta, Decimal::ZERO..Decimal::new(1_000_001, 6), "over 0 and at most 1")
            })
        }
        AlertCondition::Dte { days } => {
            in_range("days", Decimal::from(*days), Decimal::ZERO..Decimal::from(3_651), "0 to 3650")
        }
        AlertCondition::IvRank { rank, .. } => {
            in_range("rank", *rank, Decimal::ZERO..Decimal::new(100_000_001, 6), "0 to 100")
        }
        AlertCondition::StrikeDistance { percent } => {
            positive("percent", *percent, hundred, "over 0 and under 100")
        }
        AlertCondition::Profit { percent } => {
            positive("percent", *percent, Decimal::new(100_000_001, 6), "over 0 and at most 100")
        }
        AlertCondition::Loss { multiple } => {
            positive("multiple", *multiple, thousand, "over 0 and under 1000")
        }
        AlertCondition::Spread { percent, .. } => {
            positive("percent", *percent, thousand, "over 0 and under 1000")
        }
        AlertCondition::Earnings { within_days } => in_range(
            "within_days",
            Decimal::from(*within_days),
            Decimal::ZERO..Decimal::from(366),
            "0 to 365",
        ),
        AlertCondition::Moneyness { .. } | AlertCondition::All { .. } | AlertCondition::Any { .. } => Ok(()),
    }
}

fn misfit(subject: &AlertSubject, what: &'static str, instead: &'static str) -> Result<(), AlertError> {
    Err(AlertError::DoesNotFit { subject: subject.to_string(), what, instead })
}

const NAME_A_CONTRACT: &str =
    "name a contract such as \"AAPL 2014-06-20 630P\" or positions such as \"my AAPL puts\"";

/// Whether the subject has what the condition reads.
fn check_fit(subject: &AlertSubject, leaf: &AlertCondition) -> Result<(), AlertError> {
    let is_share = matches!(subject, AlertSubject::Symbol { .. } | AlertSubject::Watchlist { .. });
    let is_several = matches!(subject, AlertSubject::Legs { .. });
    match leaf {
        AlertCondition::Delta { .. } if is_share => misfit(subject, "delta", NAME_A_CONTRACT),
        AlertCondition::Dte { .. } if is_share => misfit(subject, "expiration", NAME_A_CONTRACT),
        AlertCondition::StrikeDistance { .. } | AlertCondition::Moneyness { .. } if is_share => {
            misfit(subject, "strike", NAME_A_CONTRACT)
        }
        AlertCondition::Profit { .. } | AlertCondition::Loss { .. } if is_share => {
            misfit(subject, "credit", NAME_A_CONTRACT)
        }
        AlertCondition::IvRank { .. } | AlertCondition::Earnings { .. } | AlertCondition::Volume { .. }
            if is_several =>
        {
            misfit(subject, "value of that kind", "set the alert on the underlying or on one contract")
        }
        AlertCondition::Delta { .. }
        | AlertCondition::StrikeDistance { .. }
        | AlertCondition::Moneyness { .. }
        | AlertCondition::Spread { .. }
        | AlertCondition::PercentWithin { .. }
            if is_several =>
        {
            misfit(subject, "value of that kind", "set the alert on one of its contracts")
        }
        AlertCondition::PercentMove { base: MoveBase::Entry, entry_price: Some(_), .. } => Ok(()),
        AlertCondition::PercentMove { .. } if is_several => {
            misfit(subject, "previous close or open", "measure the move from a price: \"down 5% from 2.10\"")
        }
        _ => Ok(()),
    }
}
