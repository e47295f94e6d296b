//! The trail of what was done, chained by hash: whoever changes, drops or inserts an entry breaks the chain there. Keeps nothing.
//!
//! An entry's hash is the SHA-256 of the previous entry's hash (64 hexadecimal digits, zeros before the first) and of the entry's
//! canonical JSON: keys sorted by their code points, no blanks, without the hash itself.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::words::hex;

/// What was done, before it has its place in the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// When.
    pub at: DateTime<Utc>,
    /// Who: a user, a workflow id, `broker`.
    pub actor: String,
    /// What: `intended`, `approved`, `claimed`, `halted`, …
    pub action: String,
    /// What it is about: a client order id, an account.
    pub subject: String,
    /// The evidence: decision, facts, report. Money in it is text, as decimals are written.
    pub detail: Value,
}

/// A record in its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Counts up from 1.
    pub sequence: u64,
    /// What was done.
    pub record: AuditRecord,
    /// Its hash, 64 hexadecimal digits.
    pub hash: String,
}

/// Where a chain is broken, and how.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditBreak {
    /// An entry is missing, repeated or out of place.
    #[error("the audit trail is broken at entry {found}: entry {expected} was expected")]
    Sequence {
        /// Which number should be there.
        expected: u64,
        /// Which is.
        found: u64,
    },
    /// An entry, or the one before it, was changed.
    #[error("the audit trail is broken at entry {0}: it does not match its hash")]
    Hash(u64),
    /// Entries are missing at the end.
    #[error("the audit trail is cut off after entry {found}: {written} entries were written")]
    Cut {
        /// How many were written.
        written: u64,
        /// The last that is there; 0 where none is.
        found: u64,
    },
}

/// Where a chain ends. Kept apart from its entries it shows what was cut off there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// How many entries there are.
    pub sequence: u64,
    /// The hash of the newest.
    pub hash: String,
}

impl Default for AuditHead {
    fn default() -> Self {
        Self { sequence: 0, hash: BEFORE_THE_FIRST.to_owned() }
    }
}

impl From<&AuditEntry> for AuditHead {
    fn from(entry: &AuditEntry) -> Self {
        Self { sequence: entry.sequence, hash: entry.hash.clone() }
    }
}

impl AuditHead {
    /// Puts a record behind it.
    #[must_use]
    pub fn entry(&self, record: AuditRecord) -> AuditEntry {
        let sequence = self.sequence.saturating_add(1);
        let hash = hash(&self.hash, sequence, &record);
        AuditEntry { sequence, record, hash }
    }
}

const BEFORE_THE_FIRST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

impl AuditEntry {
    /// Puts a record behind the last entry.
    #[must_use]
    pub fn after(last: Option<&Self>, record: AuditRecord) -> Self {
        last.map(AuditHead::from).unwrap_or_default().entry(record)
    }
}

/// Checks a chain from its first entry, or from the entry behind `last`, which was checked before.
///
/// Entries cut off at the end are not noticed by the chain: keep the newest hash elsewhere too.
///
/// # Errors
/// [`AuditBreak`] of the first entry that does not fit.
pub fn verify(last: Option<&AuditEntry>, entries: &[AuditEntry]) -> Result<(), AuditBreak> {
    let mut last = last;
    for entry in entries {
        let expected = last.map_or(1, |last| last.sequence.saturating_add(1));
        if entry.sequence != expected {
            return Err(AuditBreak::Sequence { expected, found: entry.sequence });
        }
        let previous = last.map_or(BEFORE_THE_FIRST, |last| last.hash.as_str());
        if hash(previous, entry.sequence, &entry.record) != entry.hash {
            return Err(AuditBreak::Hash(entry.sequence));
        }
        last = Some(entry);
    }
    Ok(())
}

fn hash(previous: &str, sequence: u64, record: &AuditRecord) -> String {
    let content = serde_json::json!({
        "sequence": sequence, "at": record.at, "actor": record.actor, "action": record.action,
        "subject": record.subject, "detail": record.detail,
    });
    hex(&Sha256::digest(format!("{previous}{}", Canonical(&content))))
}

/// JSON in the one form that is hashed, whatever order maps have in this build.
struct Canonical<'v>(&'v Value);

impl fmt::Display for Canonical<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Object(map) => {
                let mut fields: Vec<_> = map.iter().collect();
                fields.sort_by(|one, other| one.0.cmp(other.0));
                f.write_str("{")?;
                for (at, (name, value)) in fields.into_iter().enumerate() {
                    let comma = if at > 0 { "," } else { "" };
                    write!(f, "{comma}{}:{}", Value::from(name.as_str()), Canonical(value))?;
                }
                f.write_str("}")
            }
            Value::Array(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    let comma = if at > 0 { "," } else { "" };
                    write!(f, "{comma}{}", Canonical(item))?;
                }
                f.write_str("]")
            }
            plain => write!(f, "{plain}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::at;

    fn record(action: &str, detail: Value) -> AuditRecord {
        AuditRecord {
            at: at("2014-06-06T10:00"),
            actor: "mia".to_owned(),
            action: action.to_owned(),
            subject: "ttai-1".to_owned(),
            detail,
        }
    }

    fn chain() -> Vec<AuditEntry> {
        let mut entries: Vec<AuditEntry> = Vec::new();
        for action in ["intended", "approved", "claimed", "filled"] {
            let next = AuditEntry::after(
                entries.last(),
                record(action, json!({"b": "5.05", "a": [1, {"d": null, "c": 2}]})),
            );
            entries.push(next);
        }
        entries
    }

    #[test]
    fn canonical_json_is_sorted_and_without_blanks() {
        let value: Value =
            serde_json::from_str(r#"{"b": [1, {"z": "x\n", "y": null}], "a": "5.05"}"#).unwrap();
        assert_eq!(Canonical(&value).to_string(), r#"{"a":"5.05","b":[1,{"y":null,"z":"x\n"}]}"#);
    }

    #[test]
    fn a_chain_holds_across_the_store_and_in_parts() {
        let text = serde_json::to_string(&chain()).unwrap();
        let read: Vec<AuditEntry> = serde_json::from_str(&text).unwrap();
        assert_eq!(verify(None, &read), Ok(()));
        assert_eq!(verify(Some(&read[1]), &read[2..]), Ok(()));
        assert_eq!(verify(None, &[]), Ok(()));
        // Pinned: a changed form would break every stored trail. Computed by Python's hashlib over the canonical text.
        assert_eq!(read[0].hash, "e8fdf5d2d97457b311598870639380bdcbef7b4bd2cbf1598914eef23b4d3ad8");
    }

    #[test]
    fn the_first_broken_entry_is_named() {
        let tampered = |change: fn(&mut Vec<AuditEntry>)| {
            let mut entries = chain();
            change(&mut entries);
            verify(None, &entries).unwrap_err()
        };
        assert_eq!(tampered(|entries| entries[1].record.detail["b"] = json!("5.06")), AuditBreak::Hash(2));
        assert_eq!(tampered(|entries| entries[2].record.actor.push('x')), AuditBreak::Hash(3));
        assert_eq!(tampered(|entries| entries[0].hash.replace_range(..1, "x")), AuditBreak::Hash(1));
        let gap = AuditBreak::Sequence { expected: 2, found: 3 };
        assert_eq!(tampered(|entries| drop(entries.remove(1))), gap);
        assert_eq!(tampered(|entries| entries.swap(1, 2)), gap);
        // Whoever rewrites an entry and its hash breaks the next one.
        let rewritten = |entries: &mut Vec<AuditEntry>| {
            entries[1] = AuditEntry::after(Some(&entries[0]), record("rejected", json!({})));
        };
        assert_eq!(tampered(rewritten), AuditBreak::Hash(3));
    }
}
