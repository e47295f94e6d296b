//! Colour on a terminal, and nothing but the text anywhere else.

/// Whether text is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// For a terminal.
    Colour,
    /// For a pipe, a file, or a reader that wants none.
    Plain,
}

/// What a piece of text is, and so how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// A title or a column's head.
    Head,
    /// Speaks for a trade.
    Good,
    /// Wants care.
    Careful,
    /// Speaks against a trade.
    Bad,
    /// Beside the point.
    Aside,
}

impl Tone {
    /// The terminal's attributes (ECMA-48).
    const fn attributes(self) -> &'static str {
        match self {
            Self::Head => "1",
            Self::Good => "1;32",
            Self::Careful => "1;33",
            Self::Bad => "1;31",
            Self::Aside => "2",
        }
    }
}

impl Paint {
    /// The text in its tone.
    pub(super) fn tone(self, tone: Tone, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Colour if text.is_empty() => String::new(),
            Self::Colour => format!("\u{1b}[{}m{text}\u{1b}[0m", tone.attributes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colour_adds_anything() {
        assert_eq!(Paint::Plain.tone(Tone::Bad, "REJECT"), "REJECT");
        assert_eq!(Paint::Colour.tone(Tone::Bad, "REJECT"), "\u{1b}[1;31mREJECT\u{1b}[0m");
        assert_eq!(Paint::Colour.tone(Tone::Head, ""), "");
    }
}
