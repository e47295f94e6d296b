//! Alerts as people write them: `AAPL below 90 or down 5% today, until Friday, to discord`.
//!
//! ```text
//! phrase    = subject [price] condition { [","] option }
//! subject   = SYMBOL | SYMBOL DATE STRIKE("C"|"P") | OCC | "watchlist" NAME | ("+"|"-")N contract …
//!           | "any" ["short"|"long"] ("option"|"call"|"put") | "my" ["short"|"long"] [SYMBOL] ("options"|"calls"|"puts")
//! price     = "last" | "bid" | "ask" | "mid"
//! condition = leaf { ("and"|"or") leaf }, parentheses allowed
//! leaf      = ("above"|"below"|"crosses" ["above"|"below"]) N | ("up"|"down"|"moves") N"%" ["today"|"from open"|"from" N|"within" N "minutes"]
//!           | ("between"|"outside"|"enters"|"leaves") N "and" N | ["bar"] "volume" N"x" | "delta" N | "dte" N | "iv rank" N
//!           | "within" N"%" "of strike" | "ITM" | "OTM" | "profit" N"%" | "loss" N"x" | "spread above" N"%" | "earnings within" N "days"
//! option    = "until" (DAY | DATE [TIME] | TIME) | "for" N UNIT | "to" NAME {"," NAME} | "note" 'TEXT' | "on" [BAR] "close"
//!           | "once" ["a day"|"a" [BAR] "bar"] | "repeat" ["every" N UNIT] ["after" N"%"] | BAR "bars"
//!           | "extended hours" | "overnight" | "regular hours" | "as" ("info"|"warning"|"critical") | "paused"
//! ```
//! Capitals do not matter. [`to_phrase`] writes a definition back.

mod condition;
mod cursor;
mod error;
mod option;
mod subject;
mod token;
mod write;

use chrono::{DateTime, Utc};
use ttai_core::alert::{AlertCondition, AlertDefinition};

pub use error::PhraseError;
pub use write::to_phrase;

use cursor::Cursor;

/// What a phrase is read against.
#[derive(Clone, Copy, Debug)]
pub struct PhraseContext {
    /// The market's time, from which `until Friday` and `for 2 hours` count.
    pub now: DateTime<Utc>,
}

/// Longest phrase, in characters.
pub const MAX_PHRASE: usize = 2_000;

/// Reads a phrase. The definition has no id and no creation date; it is checked otherwise.
///
/// # Errors
/// [`PhraseError`] says where the phrase cannot be read, what belongs there and what may have been meant.
pub fn parse(text: &str, context: PhraseContext) -> Result<AlertDefinition, PhraseError> {
    if text.chars().count() > MAX_PHRASE {
        return Err(PhraseError::new(
            MAX_PHRASE + 1,
            format!("the alert is longer than {MAX_PHRASE} characters"),
        ));
    }
    let tokens = token::tokens(text)?;
    let mut cursor = Cursor::new(&tokens, text);
    let subject = subject::subject(&mut cursor)?;
    let mut definition = AlertDefinition::new("", subject, AlertCondition::Moneyness { itm: true });
    let place = cursor.column();
    definition.condition = condition::condition(&mut cursor, &mut definition.source)?;
    option::options(&mut cursor, &mut definition, context.now)?;
    let named = AlertDefinition { id: "phrase".to_owned(), ..definition.clone() };
    named.check(context.now).map_err(|error| PhraseError::new(place, error.to_string()))?;
    Ok(definition)
}

#[cfg(test)]
mod tests;
