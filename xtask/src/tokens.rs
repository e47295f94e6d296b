//! Rust source as tokens: enough to find names, and not to take a comment or a text for one.

/// A token that can be part of a name, or stand beside one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// An identifier or keyword, without `r#`.
    Word(String),
    /// `::`.
    Path,
    /// Any other character.
    Sign(char),
    /// A text, a character, a number or a lifetime.
    Literal,
}

/// A token and its line, from 1.
pub(crate) type Placed = (usize, Token);

/// The tokens of a file, without comments.
pub(crate) fn tokens(source: &str) -> Vec<Placed> {
    let mut reader = Reader { characters: source.chars().collect(), at: 0, line: 1 };
    let mut found = Vec::new();
    while let Some(token) = reader.next() {
        found.push(token);
    }
    found
}

struct Reader {
    characters: Vec<char>,
    at: usize,
    line: usize,
}

impl Reader {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    fn bump(&mut self) -> Option<char> {
        let character = self.peek(0)?;
        self.at += 1;
        self.line += usize::from(character == '\n');
        Some(character)
    }

    fn skip_while(&mut self, keep: impl Fn(char) -> bool) {
        while self.peek(0).is_some_and(&keep) {
            self.bump();
        }
    }

    fn next(&mut self) -> Option<Placed> {
        loop {
            let line = self.line;
            let token = match (self.peek(0)?, self.peek(1)) {
                (character, _) if character.is_whitespace() => {
                    self.bump();
                    continue;
                }
                ('/', Some('/')) => {
                    self.skip_while(|character| character != '\n');
                    continue;
                }
                ('/', Some('*')) => {
                    self.comment();
                    continue;
                }
                ('"', _) => self.text(),
                ('\'', _) => self.quote(),
                (':', Some(':')) => {
                    self.at += 2;
                    Token::Path
                }
                (character, _) if character.is_ascii_digit() => {
                    self.skip_while(|character| character.is_alphanumeric() || character == '_');
                    Token::Literal
                }
                (character, _) if character.is_alphabetic() || character == '_' => self.word(),
                (character, _) => {
                    self.bump();
                    Token::Sign(character)
                }
            };
            return Some((line, token));
        }
    }

    /// A comment in a comment counts.
    fn comment(&mut self) {
        let mut depth = 0;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => (depth, self.at) = (depth + 1, self.at + 2),
                (Some('*'), Some('/')) => (depth, self.at) = (depth - 1, self.at + 2),
                (Some(_), _) => drop(self.bump()),
                (None, _) => return,
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// `"…"` with escapes.
    fn text(&mut self) -> Token {
        self.bump();
        while let Some(character) = self.bump() {
            match character {
                '\\' => drop(self.bump()),
                '"' => break,
                _ => {}
            }
        }
        Token::Literal
    }

    /// `r"…"` or `r##"…"##`, from its first `#` or quote.
    fn raw_text(&mut self) -> Token {
        let from = self.at;
        self.skip_while(|character| character == '#');
        let hashes = self.at - from;
        self.bump();
        while let Some(character) = self.bump() {
            if character == '"' && (0..hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                self.at += hashes;
                break;
            }
        }
        Token::Literal
    }

    /// A character or a lifetime.
    fn quote(&mut self) -> Token {
        self.bump();
        match (self.peek(0), self.peek(1)) {
            (Some('\\'), _) => {
                self.at += 2;
                self.skip_while(|character| character != '\'');
                self.bump();
            }
            (Some(_), Some('\'')) => {
                self.bump();
                self.bump();
            }
            _ => self.skip_while(|character| character.is_alphanumeric() || character == '_'),
        }
        Token::Literal
    }

    /// A word, or the text that a prefix such as `r` or `b` begins.
    fn word(&mut self) -> Token {
        let from = self.at;
        self.skip_while(|character| character.is_alphanumeric() || character == '_');
        let word: String = self.characters[from..self.at].iter().collect();
        let after_hashes = (0..).find(|ahead| self.peek(*ahead) != Some('#')).unwrap_or_default();
        let raw = matches!(word.as_str(), "r" | "br" | "cr");
        match (self.peek(0), word.as_str()) {
            _ if raw && self.peek(after_hashes) == Some('"') => self.raw_text(),
            (Some('"'), "b" | "c") => self.text(),
            (Some('\''), "b") => self.quote(),
            (Some('#'), "r") => {
                self.bump();
                self.word()
            }
            _ => Token::Word(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(source: &str) -> Vec<String> {
        let word = |(_, token)| if let Token::Word(word) = token { Some(word) } else { None };
        tokens(source).into_iter().filter_map(word).collect()
    }

    #[test]
    fn comments_texts_characters_and_lifetimes_are_no_words() {
        let source = r####"
            a /* x /* y */ z */ b // c
            "d \" e" r"f" r##"g "# h"## b"i" br#"j"# c"k" 'l' '\'' b'm' '\u{6e}' &'o str p 0xq 1u8 r#s
        "####;
        assert_eq!(words(source), ["a", "b", "str", "p", "s"]);
        assert_eq!(tokens("a\n::b").last(), Some(&(2, Token::Word("b".to_owned()))));
        assert_eq!(words("'a' 'b: loop { c('\"', d) }"), ["loop", "c", "d"]);
    }
}
