//! What may be chosen when levels are sought; everything else is a documented constant beside its rule.

/// How far back levels are sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LevelSettings {
    /// A level counts when its last touch lies within this many of the last bars; any number, 0 for no levels.
    pub lookback: usize,
    /// At most this many supports, resistances and tested levels are returned each, the best of them, beside the extremes of the year and of the
    /// history and the level of the latest swing; 0 for no extremes either.
    pub maximum_levels: usize,
}

impl Default for LevelSettings {
    /// Two years of daily bars and four levels to each side.
    fn default() -> Self {
        Self { lookback: 504, maximum_levels: 4 }
    }
}
