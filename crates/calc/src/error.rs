//! Why a request has no answer.

use ttai_calendar::CalendarError;
use ttai_quant::indicators::IndicatorError;
use ttai_quant::levels::LevelsError;
use ttai_quant::margin::MarginError;
use ttai_quant::pricing::PricingError;
use ttai_quant::risk::RiskError;
use ttai_quant::strategy::{EconomicsError, LegError, PayoffError, SelectError};
use ttai_quant::wheel::WheelError;

use crate::request::Operation;

/// What is wrong with a request; the text says which field and what it may be.
#[derive(Debug, thiserror::Error)]
pub enum CalcError {
    /// The line is no JSON.
    #[error("the line is not JSON ({0}); give one JSON object a line")]
    Malformed(String),
    /// The line is JSON, but no object.
    #[error("the line is no JSON object; give one such as {{\"op\": \"session\", \"date\": \"2014-07-03\"}}")]
    NotAnObject,
    /// The line is longer than a request may be.
    #[error("the line is longer than {0} bytes; split the request")]
    LineTooLong(usize),
    /// No `op`.
    #[error("the field 'op' is missing; give one of {}", Operation::names())]
    NoOperation,
    /// An `op` that does not exist.
    #[error("there is no operation '{0}'; 'op' is one of {names}", names = Operation::names())]
    UnknownOperation(String),
    /// A field is missing or holds something else than it should.
    #[error("{operation}: {place}{problem}")]
    Field {
        /// The operation asked for.
        operation: &'static str,
        /// The field, followed by a colon; empty where the problem names it.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// Fields that do not go together, or a question without meaning.
    #[error("{0}")]
    Question(String),
    /// An option that cannot be priced.
    #[error(transparent)]
    Pricing(#[from] PricingError),
    /// A date outside the calendar.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
    /// Bars or periods that no indicator takes.
    #[error(transparent)]
    Indicator(#[from] IndicatorError),
    /// Bars that have no levels.
    #[error(transparent)]
    Levels(#[from] LevelsError),
    /// A leg that is none.
    #[error("leg {place}: {source}")]
    Leg {
        /// Its place, from 1.
        place: usize,
        /// What is wrong with it.
        source: LegError,
    },
    /// Legs without a payoff.
    #[error(transparent)]
    Payoff(#[from] PayoffError),
    /// Legs without economics.
    #[error(transparent)]
    Economics(#[from] EconomicsError),
    /// Legs without a margin.
    #[error(transparent)]
    Margin(#[from] MarginError),
    /// Legs without risk figures.
    #[error(transparent)]
    Risk(#[from] RiskError),
    /// A selection that cannot be made.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// Transactions that no account has.
    #[error(transparent)]
    Wheel(#[from] WheelError),
    /// An answer that is no number, which no request should lead to.
    #[error("the answer is no finite number; the inputs are too extreme to be priced")]
    NotFinite,
}

impl CalcError {
    /// Fields that do not go together.
    pub(crate) fn question(text: impl Into<String>) -> Self {
        Self::Question(text.into())
    }
}
