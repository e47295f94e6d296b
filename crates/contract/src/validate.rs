//! Checks of params that need no market: done by clients before a start and by workflows at their beginning.

/// Which field is wrong, and what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct ValidationError {
    /// The field, dotted.
    pub field: String,
    /// What is wrong and what to send instead.
    pub message: String,
}

impl ValidationError {
    /// An error about `field`.
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), message: message.into() }
    }
}

/// Params that can be checked.
pub trait Validate {
    /// Checks every field.
    ///
    /// # Errors
    /// The first field that cannot be used.
    fn validate(&self) -> Result<(), ValidationError>;
}

/// A checked text: how it is read and shown. The type is a tuple of one `String` with a `FromStr`, and derives its serde
/// traits with `#[serde(try_from = "String", into = "String")]`.
macro_rules! checked_text {
    ($name:ty) => {
        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::validate::ValidationError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}
pub(crate) use checked_text;

/// A finite number within `[low, high]`.
pub(crate) fn in_range(field: &str, value: f64, low: f64, high: f64) -> Result<(), ValidationError> {
    if value.is_finite() && (low..=high).contains(&value) {
        return Ok(());
    }
    // A percentage where a fraction is wanted.
    let fraction = value / 100.0;
    let meant = if low == 0.0 && high == 1.0 && (1.0..=100.0).contains(&value) {
        format!("; did you mean {fraction:.2}?")
    } else {
        String::new()
    };
    Err(ValidationError::new(field, format!("{value} is not between {low} and {high}{meant}")))
}
