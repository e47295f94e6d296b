//! Listings of which single rows may be odd: one that cannot be read is left out and counted, and the others stand.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The rows of a listing that can be read.
#[derive(Clone, Debug)]
pub struct ReadableRows<T> {
    /// In the listing's order.
    pub rows: Vec<T>,
    /// How many cannot be read.
    pub unreadable: usize,
}

/// The same of rows that stand under names.
#[derive(Clone, Debug)]
pub struct NamedRows<T> {
    /// By name.
    pub rows: BTreeMap<String, T>,
    /// How many cannot be read.
    pub unreadable: usize,
}

impl<T> Default for ReadableRows<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), unreadable: 0 }
    }
}

impl<T> Default for NamedRows<T> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), unreadable: 0 }
    }
}

impl<T> ReadableRows<T> {
    /// Takes in another page.
    pub(super) fn extend(&mut self, page: Self) {
        self.rows.extend(page.rows);
        self.unreadable += page.unreadable;
    }
}

impl<T> NamedRows<T> {
    /// Takes in another page.
    pub(super) fn extend(&mut self, page: Self) {
        self.rows.extend(page.rows);
        self.unreadable += page.unreadable;
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for ReadableRows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut found = Self::default();
        for row in Option::<Vec<Value>>::deserialize(deserializer)?.unwrap_or_default() {
            match serde_json::from_value(row) {
                Ok(row) => found.rows.push(row),
                Err(_) => found.unreadable += 1,
            }
        }
        Ok(found)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for NamedRows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut found = Self::default();
        for (name, row) in Option::<BTreeMap<String, Value>>::deserialize(deserializer)?.unwrap_or_default() {
            match serde_json::from_value(row) {
                Ok(row) => {
                    found.rows.insert(name, row);
                }
                Err(_) => found.unreadable += 1,
            }
        }
        Ok(found)
    }
}

/// What a reader must know of rows that were left out: `2 daily bars of Alpaca cannot be used and are left out`.
pub(super) fn left_out(count: usize, one: &str, many: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("one {one} from Alpaca cannot be used and is left out")),
        _ => Some(format!("{count} {many} from Alpaca cannot be used and are left out")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_odd_row_does_not_take_the_others_with_it() {
        let rows: ReadableRows<u32> = serde_json::from_str(r#"[1, "two", null, 4]"#).unwrap();
        assert_eq!((rows.rows, rows.unreadable), (vec![1, 4], 2));
        let named: NamedRows<u32> = serde_json::from_str(r#"{"a": 1, "b": []}"#).unwrap();
        assert_eq!((named.rows.len(), named.unreadable), (1, 1));
        assert!(serde_json::from_str::<ReadableRows<u32>>("null").unwrap().rows.is_empty());
        assert!(serde_json::from_str::<ReadableRows<u32>>("{}").is_err());
    }
}
