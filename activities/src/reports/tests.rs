//! Reports out of material in memory, and composed over a store of their own.
