//! Workflow ids, built in one place.

use ttai_core::Symbol;

use crate::subject::{DEFAULT_USER, UserId};
use crate::validate::ValidationError;

/// Longest key of a client, in characters.
pub const LONGEST_KEY: usize = 128;

/// `analysis-{symbol}-{client key or uuid}`.
#[must_use]
pub fn analysis(symbol: &Symbol, key: &str) -> String {
    format!("analysis-{symbol}-{key}")
}

/// A child analysis: `analysis-{symbol}-{parent id}`.
#[must_use]
pub fn child_analysis(symbol: &Symbol, parent_workflow_id: &str) -> String {
    format!("analysis-{symbol}-{parent_workflow_id}")
}

/// The screen that a scheduled one has as its child: `scheduled-screener-{parent id}`.
#[must_use]
pub fn scheduled_screen(parent_workflow_id: &str) -> String {
    format!("scheduled-screener-{parent_workflow_id}")
}

/// The run of a saved screener that runs by itself: the same for each of its runs, so that the server refuses a second one while one
/// is under way. Of a name that does not fit into an id there is what fits, and a hash of all of it.
#[must_use]
pub fn auto_run_screen(user: &UserId, name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    let id = if plain == name { plain } else { format!("{plain}-{:016x}", fnv1a(name.as_bytes())) };
    for_user(&format!("auto-screen-{id}"), user)
}

/// The FNV-1a hash, the same in every program.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The report of one user of a run for everyone: `{parent id}/{user_id}`.
#[must_use]
pub fn report_of_user(parent_workflow_id: &str, user: &UserId) -> String {
    format!("{parent_workflow_id}/{user}")
}

/// The symbol of an analysis' id; none of another id.
#[must_use]
pub fn symbol_of_analysis(workflow_id: &str) -> Option<Symbol> {
    let rest = workflow_id.strip_prefix("analysis-")?;
    Symbol::new(rest.split_once('-')?.0).ok()
}

/// A well-known id as the user owns it: unchanged for `default`, else `{id}/{user_id}`.
#[must_use]
pub fn for_user(id: &str, user: &UserId) -> String {
    if user.as_str() == DEFAULT_USER { id.to_owned() } else { format!("{id}/{user}") }
}

/// Refuses a client's key that would not make a readable workflow id.
///
/// # Errors
/// A key that is empty, longer than [`LONGEST_KEY`], or has other characters than letters, digits and `. _ : @ + - /`.
pub fn check_key(key: &str) -> Result<(), ValidationError> {
    let fits = (1..=LONGEST_KEY).contains(&key.len())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || "._:@+-/".contains(c));
    if fits {
        return Ok(());
    }
    Err(ValidationError::new(
        "key",
        format!("use 1 to {LONGEST_KEY} letters, digits and . _ : @ + - / only, or leave it out"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_wire_names() {
        let symbol = Symbol::new("BRK.B").unwrap();
        let id = analysis(&symbol, "k1");
        assert_eq!(id, "analysis-BRK.B-k1");
        assert_eq!(symbol_of_analysis(&id), Some(symbol));
        assert_eq!(symbol_of_analysis("price-alerts"), None);
        assert_eq!(for_user("price-alerts", &UserId::default()), "price-alerts");
        assert_eq!(for_user("price-alerts", &"ann".parse().unwrap()), "price-alerts/ann");
        let ann: UserId = "ann".parse().unwrap();
        assert_eq!(auto_run_screen(&ann, "cheap-puts"), "auto-screen-cheap-puts/ann");
        let spaced = auto_run_screen(&UserId::default(), "High IV");
        assert!(spaced.starts_with("auto-screen-High-IV-") && spaced.len() == 36, "{spaced}");
        assert_ne!(spaced, auto_run_screen(&UserId::default(), "High-IV"));
        assert_ne!(spaced, auto_run_screen(&UserId::default(), "High/IV"));
    }

    #[test]
    fn keys_make_readable_ids() {
        for good in ["k1", "2026-11-28", "screen/7", "a:b@c+d_e.f"] {
            assert_eq!(check_key(good), Ok(()), "{good}");
        }
        for bad in ["", "a\nb", "a b", "ü", &"k".repeat(LONGEST_KEY + 1)] {
            assert!(check_key(bad).is_err(), "{bad:?}");
        }
    }
}
