//! *pure* — InfluxDB line protocol: text in, lines or refusals out.
//!
//! `measurement,tag=value field=1.5,other=2i 1795249800000000000`. Escapes are `\,`, `\=` and
//! `\ ` in names and tags, `\"` and `\\` in quoted text; a backslash before anything else stands
//! for itself, as InfluxDB reads it. Quoted text may hold line breaks.

use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;

/// Most tags, and most fields, of a line.
const PARTS_MAX: usize = 256;
/// Most bytes of a line; the longest that a real writer sends has a tenth of it.
const LINE_MAX: usize = 64 << 10;
/// How far the end of quoted text with line breaks is looked for, bytes: a body of unclosed quotes
/// must not cost its length at every line.
const BREAKS_WITHIN: usize = 4 << 10;

/// One point as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Line<'a> {
    /// The line on which it starts, from 1.
    pub number: usize,
    /// What it measures.
    pub measurement: Cow<'a, str>,
    /// Its tags in the order in which they were written.
    pub tags: Vec<Tag<'a>>,
    /// Its fields in the order in which they were written; at least one.
    pub fields: Vec<(Cow<'a, str>, Value<'a>)>,
    /// When, in the unit that the writer agreed on; `None` means the arrival.
    pub timestamp: Option<i64>,
}

/// A tag: its name and its value.
pub type Tag<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// `1.5`, `1e3`; finite.
    Float(f64),
    /// `1i`.
    Integer(i64),
    /// `1u`.
    Unsigned(u64),
    /// `t`, `true`, `F` …
    Boolean(bool),
    /// `"text"`.
    Text(Cow<'a, str>),
}

/// Why a line was not understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The part of it: `tag site`, `field power`, `column 17`.
    pub place: String,
    /// What is wrong and what to do.
    pub sentence: String,
}

/// The lines of a text, without comments and empty ones.
#[must_use]
pub const fn lines(text: &str) -> Lines<'_> {
    Lines {
        rest: text,
        number: 1,
    }
}

/// See [`lines`].
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: &'a str,
    number: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Line<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let number = self.number;
            let (text, length) = cut(self.rest);
            self.rest = &self.rest[length..];
            self.number += text.matches('\n').count() + 1;
            let text = text.strip_suffix('\r').unwrap_or(text);
            let text = text.trim_start_matches([' ', '\t']);
            if !text.is_empty() && !text.starts_with('#') {
                return Some(Scanner::new(text, number).line());
            }
        }
        None
    }
}

/// The first line of a text and how far the next one is. A line break inside quoted text belongs
/// to the line; where the quotes are never closed it does not, so that one slip costs one line.
fn cut(text: &str) -> (&str, usize) {
    let bytes = text.as_bytes();
    let end = |at: usize| (&text[..at], (at + 1).min(text.len()));
    let first = text.find('\n').unwrap_or(text.len());
    // Comments may hold quotes, and a line without them needs no second look.
    if text.trim_start_matches([' ', '\t']).starts_with('#') || !text[..first].contains('"') {
        return end(first);
    }
    let (mut quoted, mut in_fields, mut at) = (false, false, 0);
    while at < bytes.len() && at <= BREAKS_WITHIN {
        match bytes[at] {
            b'\\' => at += 1,
            b'"' if in_fields => quoted = !quoted,
            b' ' => in_fields = true,
            b'\n' if !quoted => return end(at),
            _ => {}
        }
        at += 1;
    }
    // A backslash may have jumped over the end.
    if quoted || at > BREAKS_WITHIN {
        end(first)
    } else {
        end(text.len())
    }
}

/// Walks one line from left to right.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    number: usize,
}

impl<'a> Scanner<'a> {
    const fn new(text: &'a str, number: usize) -> Self {
        Self {
            text,
            at: 0,
            number,
        }
    }

    fn line(mut self) -> Result<Line<'a>, Fault> {
        if self.text.len() > LINE_MAX {
            let sentence = format!("A line has at most {LINE_MAX} bytes. Send fewer fields.");
            return Err(self.fault("line", sentence));
        }
        if self.text.contains('\u{FFFD}') {
            return Err(self.fault("line", "This is not UTF-8. Write the text in UTF-8."));
        }
        let measurement = self.word(b", ");
        if measurement.is_empty() {
            return Err(self.here("A line starts with the name of a measurement."));
        }
        let tags = self.tags()?;
        if self.skip_blanks() == 0 {
            return Err(self.here("After a blank come the fields, such as power=1.5."));
        }
        let fields = self.fields()?;
        self.skip_blanks();
        let timestamp = self.timestamp()?;
        Ok(Line {
            number: self.number,
            measurement,
            tags,
            fields,
            timestamp,
        })
    }

    fn tags(&mut self) -> Result<Vec<Tag<'a>>, Fault> {
        let mut tags = Vec::new();
        while self.take(b',') {
            let key = self.word(b",= ");
            if key.is_empty() || !self.take(b'=') {
                return Err(self.here("A tag is written as name=value."));
            }
            let value = self.word(b",= ");
            if value.is_empty() {
                let place = format!("tag {key}");
                return Err(self.fault(
                    &place,
                    "This tag has no value. Give it one or leave it out.",
                ));
            }
            tags.push((key, value));
            if tags.len() > PARTS_MAX {
                return Err(self.here(format!("A line has at most {PARTS_MAX} tags.")));
            }
        }
        Ok(tags)
    }

    fn fields(&mut self) -> Result<Vec<(Cow<'a, str>, Value<'a>)>, Fault> {
        let mut fields = Vec::new();
        loop {
            let key = self.word(b",= ");
            if key.is_empty() || !self.take(b'=') {
                return Err(self.here("A field is written as name=value, such as power=1.5."));
            }
            let value = self.value(&key)?;
            fields.push((key, value));
            if fields.len() > PARTS_MAX {
                return Err(self.here(format!("A line has at most {PARTS_MAX} fields.")));
            }
            if !self.take(b',') {
                return Ok(fields);
            }
        }
    }

    fn value(&mut self, key: &str) -> Result<Value<'a>, Fault> {
        if self.peek() == Some(b'"') {
            return self.quoted(key);
        }
        let start = self.at;
        while self.peek().is_some_and(|byte| byte != b',' && byte != b' ') {
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        number(text).map_err(|sentence| self.fault(&format!("field {key}"), sentence))
    }

    fn quoted(&mut self, key: &str) -> Result<Value<'a>, Fault> {
        let start = self.at + 1;
        let mut end = start;
        let bytes = self.text.as_bytes();
        while end < bytes.len() && bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        if end >= bytes.len() {
            let place = format!("field {key}");
            return Err(self.fault(&place, "The quoted text does not end. Close it with \"."));
        }
        self.at = end + 1;
        let inside = &self.text[start..end];
        Ok(Value::Text(unescaped(inside, b"\"\\")))
    }

    fn timestamp(&mut self) -> Result<Option<i64>, Fault> {
        let rest = self.text[self.at..].trim_end_matches([' ', '\t']);
        if rest.is_empty() {
            return Ok(None);
        }
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        match rest.parse() {
            Ok(time) if plain => Ok(Some(time)),
            _ => Err(self.fault(
                "timestamp",
                "The time is a whole number in the precision of the request, and the last thing \
                 on the line.",
            )),
        }
    }

    /// Everything up to one of `ends` that is not escaped.
    fn word(&mut self, ends: &[u8]) -> Cow<'a, str> {
        let (start, bytes) = (self.at, self.text.as_bytes());
        while let Some(byte) = bytes.get(self.at) {
            let escapes =
                *byte == b'\\' && bytes.get(self.at + 1).is_some_and(|b| b",= ".contains(b));
            if escapes {
                self.at += 2;
            } else if ends.contains(byte) {
                break;
            } else {
                self.at += 1;
            }
        }
        unescaped(&self.text[start..self.at], b",= ")
    }

    fn skip_blanks(&mut self) -> usize {
        let start = self.at;
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
        self.at - start
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn fault(&self, place: &str, sentence: impl Into<String>) -> Fault {
        Fault {
            line: self.number,
            place: clipped(place),
            sentence: sentence.into(),
        }
    }

    fn here(&self, sentence: impl Into<String>) -> Fault {
        self.fault(&format!("column {}", self.at + 1), sentence)
    }
}

/// A place for a person: a name of any length is shown by its beginning.
fn clipped(place: &str) -> String {
    const SHOWN: usize = 80;
    let shown: String = place
        .chars()
        .filter(|c| !c.is_control())
        .take(SHOWN)
        .collect();
    if place.chars().count() > SHOWN {
        shown + "…"
    } else {
        shown
    }
}

/// A number or a truth value.
fn number(text: &str) -> Result<Value<'static>, &'static str> {
    const WRONG: &str = "This is no number. Write 1.5, 1i, 1u or true; text stands in quotes.";
    match text {
        "" => return Err("This field has no value."),
        "t" | "T" | "true" | "True" | "TRUE" => return Ok(Value::Boolean(true)),
        "f" | "F" | "false" | "False" | "FALSE" => return Ok(Value::Boolean(false)),
        _ => {}
    }
    let too_large = |_| "This number is larger than a whole number can be.";
    if let Some(digits) = whole(text, b'i') {
        return digits.parse().map(Value::Integer).map_err(too_large);
    }
    if let Some(digits) = whole(text, b'u').filter(|digits| !digits.starts_with('-')) {
        return digits.parse().map(Value::Unsigned).map_err(too_large);
    }
    let bare = text.trim_start_matches(['-', '+']);
    if ["nan", "inf", "infinity"].contains(&bare.to_ascii_lowercase().as_str()) {
        return Err("NaN and infinity are no readings. Leave the field out.");
    }
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    match text.parse::<f64>() {
        Ok(value) if plain && value.is_finite() => Ok(Value::Float(value)),
        Ok(_) if plain => Err("This number is larger than a reading can be."),
        _ => Err(WRONG),
    }
}

/// The digits before a suffix, with their sign.
fn whole(text: &str, suffix: u8) -> Option<&str> {
    let digits = text.strip_suffix(char::from(suffix))?;
    let bare = digits.strip_prefix('-').unwrap_or(digits);
    let plain = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
    plain.then_some(digits)
}

/// Text without the backslashes before any of `specials`.
fn unescaped<'a>(text: &'a str, specials: &[u8]) -> Cow<'a, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let special = |next: &&char| u8::try_from(**next).is_ok_and(|b| specials.contains(&b));
        match chars.peek().filter(special) {
            Some(next) if c == '\\' => {
                plain.push(*next);
                chars.next();
            }
            _ => plain.push(c),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
