//! OFX statements in every form and encoding.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(statements) = ttai_ofx::read(bytes) {
        let keys: BTreeSet<&str> = statements.transactions.iter().map(|one| one.key.as_str()).collect();
        assert_eq!(keys.len(), statements.transactions.len(), "each transaction has a key of its own");
    }
});
