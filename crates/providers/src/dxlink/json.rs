//! A pull parser over the JSON text of one frame. It copies nothing, never recurses and knows nothing of DXLink.
//!
//! Frames of quotes are read a million a second, which a tree of values would not allow.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::number::Number;

/// Deepest nesting that is skipped; a frame's own depth is 4.
const DEPTH_LIMIT: usize = 64;

/// What is wrong with a text, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub(super) struct Fault {
    /// What was expected or is not allowed.
    pub(super) what: &'static str,
    /// Offset in the frame.
    pub(super) at: usize,
}

pub(super) type Read<T> = Result<T, Fault>;

/// A place in the text of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The fault that something was expected here.
    pub(super) fn fault(&self, what: &'static str) -> Fault {
        Fault { what, at: self.at }
    }

    /// The next byte that is no blank, which is not consumed; 0 at the end.
    #[inline]
    pub(super) fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return *byte;
            }
            self.at += 1;
        }
        0
    }

    /// Consumes `wanted` where it comes next.
    #[inline]
    pub(super) fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == wanted;
        self.at += usize::from(found);
        found
    }

    /// Consumes `wanted`, or fails with `what`.
    #[inline]
    pub(super) fn expect(&mut self, wanted: u8, what: &'static str) -> Read<()> {
        if self.take(wanted) { Ok(()) } else { Err(self.fault(what)) }
    }

    /// Nothing but blanks may follow.
    pub(super) fn end(&mut self) -> Read<()> {
        self.peek();
        if self.at == self.text.len() { Ok(()) } else { Err(self.fault("something follows the frame")) }
    }

    /// After a member or an element: whether another one follows, or the closing byte was consumed.
    #[inline]
    pub(super) fn more(&mut self, closing: u8) -> Read<bool> {
        if self.take(b',') {
            Ok(true)
        } else if self.take(closing) {
            Ok(false)
        } else {
            Err(self.fault("a comma or the closing bracket is missing"))
        }
    }

    /// The name of an object's next member, with its colon.
    pub(super) fn key(&mut self) -> Read<Cow<'a, str>> {
        let key = self.string()?;
        self.expect(b':', "a colon is missing")?;
        Ok(key)
    }

    /// A string; borrowed unless it has escapes.
    #[inline]
    pub(super) fn string(&mut self) -> Read<Cow<'a, str>> {
        self.expect(b'"', "a string is missing")?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    let text = self.text.get(start..self.at).ok_or_else(|| self.fault("a string is cut"))?;
                    self.at += 1;
                    return Ok(Cow::Borrowed(text));
                }
                b'\\' => return self.escaped(start),
                0..=0x1f => return Err(self.fault("a control character stands in a string")),
                _ => self.at += 1,
            }
        }
        Err(self.fault("a string has no end"))
    }

    /// A string with escapes: its end is found here, its escapes are read by serde_json.
    #[cold]
    fn escaped(&mut self, start: usize) -> Read<Cow<'a, str>> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b'\\') => self.at += 2,
                Some(b'"') => break,
                Some(_) => self.at += 1,
                None => return Err(self.fault("a string has no end")),
            }
        }
        self.at += 1;
        let quoted = self.text.get(start - 1..self.at).ok_or_else(|| self.fault("a string is cut"))?;
        serde_json::from_str::<String>(quoted).map(Cow::Owned).map_err(|_| self.fault("an escape is wrong"))
    }

    /// A JSON number.
    #[inline]
    pub(super) fn number(&mut self) -> Read<Number<'a>> {
        self.peek();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let (number, length) = Number::read(rest).ok_or_else(|| self.fault("a number is missing"))?;
        self.at += length;
        Ok(number)
    }

    /// A number, or none for `"NaN"`, `"Infinity"`, `"-Infinity"` and null.
    #[inline]
    fn finite(&mut self) -> Read<Option<Number<'a>>> {
        match self.peek() {
            b'"' => self.special().map(|_| None),
            b'n' => self.literal("null").map(|()| None),
            _ => self.number().map(Some),
        }
    }

    fn special(&mut self) -> Read<f64> {
        match self.string()?.as_ref() {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            _ => Err(self.fault("a text stands where a number belongs")),
        }
    }

    /// A JSONDouble: a number, `"NaN"`, `"Infinity"` or `"-Infinity"`; null is NaN.
    #[inline]
    pub(super) fn double(&mut self) -> Read<f64> {
        match self.peek() {
            b'"' => self.special(),
            b'n' => self.literal("null").map(|()| f64::NAN),
            _ => self.number().map(Number::to_f64),
        }
    }

    /// A price: none where the feed has none (`"NaN"`) or where it does not fit a decimal.
    #[inline]
    pub(super) fn price(&mut self) -> Read<Option<Decimal>> {
        Ok(self.finite()?.and_then(Number::to_decimal))
    }

    /// A whole number such as a time in milliseconds; 0 where there is none, a fraction is cut off.
    #[inline]
    pub(super) fn integer(&mut self) -> Read<i64> {
        Ok(self.finite()?.map_or(0, Number::to_i64))
    }

    /// A text; empty for null. Anything else is skipped and read as empty.
    pub(super) fn text(&mut self) -> Read<Cow<'a, str>> {
        if self.peek() == b'"' {
            return self.string();
        }
        self.skip()?;
        Ok(Cow::Borrowed(""))
    }

    /// true or false; anything else is skipped and false.
    pub(super) fn boolean(&mut self) -> Read<bool> {
        match self.peek() {
            b't' => self.literal("true").map(|()| true),
            _ => self.skip().map(|()| false),
        }
    }

    fn literal(&mut self, word: &'static str) -> Read<()> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            return Ok(());
        }
        Err(self.fault("a value is missing"))
    }

    /// Leaves out one value of any kind.
    pub(super) fn skip(&mut self) -> Read<()> {
        let mut open: [u8; DEPTH_LIMIT] = [0; DEPTH_LIMIT];
        let mut depth = 0;
        loop {
            match self.peek() {
                bracket @ (b'{' | b'[') => {
                    self.at += 1;
                    let closing = if bracket == b'{' { b'}' } else { b']' };
                    if !self.take(closing) {
                        *open.get_mut(depth).ok_or_else(|| self.fault("the nesting is too deep"))? = closing;
                        depth += 1;
                        self.member_name(closing)?;
                        continue;
                    }
                }
                b'"' => drop(self.string()?),
                b't' => self.literal("true")?,
                b'f' => self.literal("false")?,
                b'n' => self.literal("null")?,
                _ => drop(self.number()?),
            }
            // A value is behind us: close what ends with it.
            loop {
                let Some(closing) = depth.checked_sub(1).and_then(|top| open.get(top).copied()) else {
                    return Ok(());
                };
                if self.more(closing)? {
                    self.member_name(closing)?;
                    break;
                }
                depth -= 1;
            }
        }
    }

    fn member_name(&mut self, closing: u8) -> Read<()> {
        if closing == b'}' { self.key().map(drop) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn skips(text: &str) -> bool {
        let mut cursor = Cursor::new(text);
        cursor.skip().and_then(|()| cursor.end()).is_ok()
    }

    #[test]
    fn values_of_any_kind_are_skipped() {
        for text in [
            "1",
            "-1.5e-3",
            "\"a\\\"b\"",
            "[]",
            "{}",
            "[1,[2,{\"a\":[]}],null]",
            " {\"a\" : true , \"b\":false} ",
        ] {
            assert!(skips(text), "{text}");
        }
        for text in ["", "[", "{\"a\"}", "[1,]", "{,}", "tru", "\"a", "[1}", "1 2", "\"\u{1}\"", "-", "."] {
            assert!(!skips(text), "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_without_recursion() {
        assert!(skips(&format!("{}{}", "[".repeat(64), "]".repeat(64))));
        assert!(!skips(&"[".repeat(1_000_000)));
    }

    #[test]
    fn strings_are_borrowed_unless_they_have_escapes() {
        assert!(matches!(Cursor::new("\"AAPL\"").string(), Ok(Cow::Borrowed("AAPL"))));
        assert_eq!(Cursor::new(r#""a\u0000\/é""#).string().unwrap(), "a\u{0}/é");
        assert!(Cursor::new(r#""\x""#).string().is_err());
        assert!(Cursor::new("\"\\").string().is_err());
    }

    #[test]
    fn what_is_no_number_is_none_or_nan() {
        for special in ["\"NaN\"", "\"Infinity\"", "\"-Infinity\"", "null"] {
            assert_eq!(Cursor::new(special).price(), Ok(None), "{special}");
            assert_eq!(Cursor::new(special).integer(), Ok(0));
            assert!(!Cursor::new(special).double().unwrap().is_finite());
        }
        assert_eq!(Cursor::new("1.3743299E7").double(), Ok(13_743_299.0));
        assert!(Cursor::new("\"12\"").double().is_err());
    }

    proptest! {
        #[test]
        fn it_agrees_with_serde_json(text in r#"[\[\]{}",:0-9eE+.\-a-c\\ntrufalse ]{0,24}"#) {
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            // Ours is laxer about zeros in front of a number, never stricter.
            prop_assert!(!theirs || skips(&text), "{}", text);
        }
    }
}
