//! *pure* — numbers, times and text as cells of a file, written into a buffer that is used again.
//!
//! An export writes ten million of them: the forms that meters send (a few decimals) are written
//! by hand, everything else in the way of the standard library. Nothing is rounded.

use crate::base::Timestamp;
use std::io::Write as _;

/// The powers of ten up to the decimals that are written by hand.
const POWERS: [f64; 5] = [1.0, 1e1, 1e2, 1e3, 1e4];
/// Below this, four decimals more stay within the 15 digits that a double keeps apart.
const BY_HAND_BELOW: f64 = 1e11;
const DAY_MS: i64 = 86_400_000;

/// Writes the shortest decimal that reads back as this value; nothing when it is not finite.
pub fn push_decimal(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        return;
    }
    let minus_zero = value == 0.0 && value.is_sign_negative();
    if value.abs() < BY_HAND_BELOW && !minus_zero {
        for (places, power) in POWERS.iter().enumerate() {
            let scaled = value * power;
            #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
            // below 1e15, which both hold exactly
            let whole = (scaled + 0.5_f64.copysign(scaled)) as i64;
            #[allow(clippy::cast_precision_loss, clippy::float_cmp)] // exactly the same, or not
            if whole as f64 / power == value {
                push_places(out, whole, places);
                return;
            }
        }
    }
    // Writing to memory cannot fail.
    let _ = write!(out, "{value}");
}

/// Writes a whole number with its last `places` digits behind the point.
fn push_places(out: &mut Vec<u8>, whole: i64, places: usize) {
    if whole < 0 {
        out.push(b'-');
    }
    let mut digits = [b'0'; 24];
    let (mut rest, mut at) = (whole.unsigned_abs(), digits.len());
    while rest > 0 || digits.len() - at <= places {
        at -= 1;
        #[allow(clippy::cast_possible_truncation)] // a digit
        let digit = (rest % 10) as u8;
        digits[at] = b'0' + digit;
        rest /= 10;
    }
    let point = digits.len() - places;
    out.extend_from_slice(&digits[at..point]);
    if places > 0 {
        out.push(b'.');
        out.extend_from_slice(&digits[point..]);
    }
}

/// Writes instants as RFC 3339 in UTC with milliseconds; remembers the date it wrote last.
#[derive(Clone, Debug, Default)]
pub struct TimeWriter {
    day: Option<i64>,
    date: Vec<u8>,
}

impl TimeWriter {
    /// Writes `2026-11-21T08:30:00.000Z`.
    pub fn push(&mut self, out: &mut Vec<u8>, at: Timestamp) {
        let (day, in_day) = (at.ms().div_euclid(DAY_MS), at.ms().rem_euclid(DAY_MS));
        if self.day != Some(day) {
            self.day = Some(day);
            // The calendar is asked once a day.
            let midnight = Timestamp::from_ms(day.saturating_mul(DAY_MS)).to_string();
            self.date.clear();
            let date = midnight.split('T').next().unwrap_or_default();
            self.date.extend_from_slice(date.as_bytes());
        }
        out.extend_from_slice(&self.date);
        let mut clock = *b"T00:00:00.000Z";
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within a day
        let mut put = |at: usize, width: usize, value: i64| {
            let mut rest = value as u32;
            for place in (at..at + width).rev() {
                clock[place] = b'0' + (rest % 10) as u8;
                rest /= 10;
            }
        };
        put(1, 2, in_day / 3_600_000);
        put(4, 2, in_day / 60_000 % 60);
        put(7, 2, in_day / 1_000 % 60);
        put(10, 3, in_day % 1_000);
        out.extend_from_slice(&clock);
    }
}

/// Writes text as a CSV cell. A spreadsheet takes text that starts with `=`, `+`, `-`, `@`, a tab
/// or a return for a formula and runs it: an apostrophe before it makes it text again.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    let text = neutral(text);
    if text.contains(['"', ',', ';', '\n', '\r']) {
        out.push(b'"');
        out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

/// Text that no spreadsheet takes for a formula.
#[must_use]
pub fn neutral(text: &str) -> std::borrow::Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(value: f64) -> String {
        let mut out = Vec::new();
        push_decimal(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    fn time(ms: i64) -> String {
        let mut out = Vec::new();
        TimeWriter::default().push(&mut out, Timestamp::from_ms(ms));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_look_as_people_write_them() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (7.0, "7"),
            (-0.05, "-0.05"),
            (230.1, "230.1"),
            (0.0001, "0.0001"),
            (0.000_01, "0.00001"),
            (1e10 + 0.25, "10000000000.25"),
            (99_999_999_999.5, "99999999999.5"),
            (1e15, "1000000000000000"),
            (f64::from(12.34_f32), "12.34000015258789"),
            (f64::NAN, ""),
            (f64::INFINITY, ""),
        ] {
            assert_eq!(decimal(value), text);
        }
    }

    #[test]
    fn text_cannot_become_a_formula() {
        let cell = |text: &str| {
            let mut out = Vec::new();
            push_text(&mut out, text);
            String::from_utf8(out).unwrap()
        };
        for (text, shown) in [
            ("Main meter", "Main meter"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            ("a,\"b\"", "\"a,\"\"b\"\"\""),
        ] {
            assert_eq!(cell(text), shown);
        }
    }

    proptest! {
        #[test]
        fn the_quick_way_writes_what_the_slow_way_writes(
            value in prop_oneof![
                any::<f64>().prop_filter("finite", |v| v.is_finite()),
                (-1e13..1e13_f64).prop_map(|v| (v / 10.0).round() / 1e3),
                (-1_000_000..1_000_000_i32, 0..6_i32)
                    .prop_map(|(n, places)| f64::from(n) / 10_f64.powi(places)),
                any::<f32>().prop_filter("finite", |v| v.is_finite()).prop_map(f64::from),
            ],
        ) {
            prop_assert_eq!(decimal(value), format!("{value}"));
            prop_assert_eq!(decimal(value).parse::<f64>().unwrap().to_bits(), value.to_bits());
        }

        #[test]
        fn times_are_those_of_the_calendar(ms in -62_135_596_800_000..253_402_200_000_000_i64) {
            prop_assert_eq!(time(ms), Timestamp::from_ms(ms).to_string());
        }
    }

    #[test]
    fn the_date_that_is_remembered_is_the_right_one() {
        let mut writer = TimeWriter::default();
        let mut out = Vec::new();
        for ms in [DAY_MS - 1, DAY_MS, DAY_MS - 1, -1] {
            out.clear();
            writer.push(&mut out, Timestamp::from_ms(ms));
            assert_eq!(out, Timestamp::from_ms(ms).to_string().into_bytes());
        }
    }
}
