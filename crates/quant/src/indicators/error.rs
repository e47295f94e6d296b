//! What indicators refuse.

/// Why an indicator cannot be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum IndicatorError {
    /// A period outside its range, in inputs.
    #[error("a {name} of {value} bars is out of range; use {minimum} to {maximum}")]
    Period {
        /// Which period.
        name: &'static str,
        /// What was asked for.
        value: usize,
        /// The shortest period that has a meaning.
        minimum: usize,
        /// The longest period.
        maximum: usize,
    },
    /// The fast average of a MACD is not faster than the slow one.
    #[error(
        "a fast period of {fast} bars is not shorter than the slow period of {slow}; exchange or change them"
    )]
    PeriodOrder {
        /// The fast period.
        fast: usize,
        /// The slow period.
        slow: usize,
    },
    /// A band width that is not above 0 or over 1e6.
    #[error("a band width of {0} standard deviations is out of range; use a positive number such as 2")]
    Width(f64),
    /// A number that is no price: not finite or beyond ±1e100; for a logarithmic return also one that is not above 0.
    #[error("value {index} is {value}, which is no price; leave it out or repair it")]
    Value {
        /// Index in the slice.
        index: usize,
        /// The number.
        value: f64,
    },
    /// A bar that cannot be: prices must be 1e-100 to 1e100, low ≤ open, close ≤ high, volume 0 to 1e100.
    #[error("bar {index} is impossible ({bar}); leave it out or repair it")]
    Bar {
        /// Index in the slice.
        index: usize,
        /// The bar's numbers.
        bar: String,
    },
    /// A buffer that does not fit the values.
    #[error("the buffer has room for {found} values where {expected} come; make both equally long")]
    Length {
        /// Number of values.
        expected: usize,
        /// Length of the buffer.
        found: usize,
    },
}

/// The longest period, as in TA-Lib.
const MAXIMUM_PERIOD: usize = 100_000;

/// Accepts a period from `minimum` to [`MAXIMUM_PERIOD`].
pub(super) fn check_period(
    name: &'static str,
    value: usize,
    minimum: usize,
) -> Result<usize, IndicatorError> {
    if (minimum..=MAXIMUM_PERIOD).contains(&value) {
        Ok(value)
    } else {
        Err(IndicatorError::Period { name, value, minimum, maximum: MAXIMUM_PERIOD })
    }
}
