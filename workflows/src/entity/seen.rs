//! Keys of the messages that an entity accepted last.

use std::collections::{BTreeMap, VecDeque};

use ttai_contract::entity::SeenKey;

/// How many keys an entity remembers. A message that is sent again is recognized while fewer than this many others came in
/// between, across continue-as-new and worker deaths; the store, where keys are unique, is the longer memory.
pub(super) const SEEN_KEYS: usize = 4_096;

/// The newest [`SEEN_KEYS`] keys with their messages' fingerprints.
#[derive(Clone, Debug, Default)]
pub(super) struct SeenKeys {
    order: VecDeque<String>,
    fingerprints: BTreeMap<String, u32>,
}

impl SeenKeys {
    pub(super) fn fingerprint(&self, key: &str) -> Option<u32> {
        self.fingerprints.get(key).copied()
    }

    /// Remembers a key that is new, and forgets the oldest.
    pub(super) fn insert(&mut self, key: String, fingerprint: u32) {
        self.order.push_back(key.clone());
        self.fingerprints.insert(key, fingerprint);
        while self.order.len() > SEEN_KEYS {
            if let Some(oldest) = self.order.pop_front() {
                self.fingerprints.remove(&oldest);
            }
        }
    }

    pub(super) fn carry(&self) -> Vec<SeenKey> {
        let seen = |key: &String| {
            Some(SeenKey { key: key.clone(), fingerprint: self.fingerprints.get(key).copied()? })
        };
        self.order.iter().filter_map(seen).collect()
    }
}

impl FromIterator<SeenKey> for SeenKeys {
    fn from_iter<I: IntoIterator<Item = SeenKey>>(keys: I) -> Self {
        let mut seen = Self::default();
        keys.into_iter().for_each(|SeenKey { key, fingerprint }| seen.insert(key, fingerprint));
        seen
    }
}

/// FNV-1a: the same in every build, which `std`'s hashers do not promise.
pub(super) fn fingerprint(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_key_is_forgotten_first_and_the_rest_survives_being_carried() {
        let mut seen = SeenKeys::default();
        for n in 0..=SEEN_KEYS {
            seen.insert(format!("key {n}"), u32::try_from(n).unwrap());
        }
        let seen: SeenKeys = seen.carry().into_iter().collect();
        assert_eq!((seen.fingerprint("key 0"), seen.fingerprint("key 1")), (None, Some(1)));
        assert_eq!(seen.carry().len(), SEEN_KEYS);
    }

    #[test]
    fn fingerprints_are_fnv_1a() {
        assert_eq!(fingerprint(b""), 0x811c_9dc5);
        assert_eq!(fingerprint(b"foobar"), 0xbf9c_f968);
    }
}
