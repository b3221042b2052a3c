//! *pure* — numbers and times as people of a language write them, with the digits of the report.

use super::document::{Cell, Column, Holds, Precision, rounded};
use super::words::Words;
use crate::base::Timestamp;
use crate::base::time::Calendar;
use crate::notify::Language;
use rust_decimal::Decimal;

/// What stands for a value that is not known.
pub const UNKNOWN: &str = "–";

/// A number with grouped thousands: `1,234.5`, `1 234,5`, `1.234,5`.
#[must_use]
pub fn number(value: Decimal, decimals: u32, language: Language) -> String {
    let plain = rounded(value, decimals).to_string();
    let (sign, plain) = match plain.strip_prefix('-') {
        // The minus of a printer, not the hyphen.
        Some(rest) => ("\u{2212}", rest),
        None => ("", &*plain),
    };
    let (whole, part) = plain.split_once('.').unwrap_or((plain, ""));
    // The no-break space keeps a number on one line.
    let (group, point) = match language {
        Language::En => (',', '.'),
        Language::Fr => ('\u{202f}', ','),
        Language::Ar => ('.', ','),
    };
    let mut text = String::from(sign);
    for (n, digit) in whole.chars().enumerate() {
        if n > 0 && (whole.len() - n) % 3 == 0 {
            text.push(group);
        }
        text.push(digit);
    }
    if !part.is_empty() {
        text.push(point);
        text.push_str(part);
    }
    text
}

/// A number with its unit.
#[must_use]
pub fn quantity(value: Option<Decimal>, unit: &str, decimals: u32, language: Language) -> String {
    let Some(value) = value else {
        return UNKNOWN.to_owned();
    };
    let number = number(value, decimals, language);
    match unit {
        "" => number,
        "%" if language == Language::En => format!("{number}%"),
        unit => format!("{number}\u{a0}{unit}"),
    }
}

/// Writes times on the clock of a site, in words of a language.
#[derive(Clone, Copy, Debug)]
pub struct Dates<'a> {
    /// The clock.
    pub calendar: &'a Calendar,
    /// The words.
    pub words: &'a Words,
}

impl Dates<'_> {
    /// An instant: `21 Nov 2026`, `21 nov. 2026 09:30`, `نوفمبر 2026`.
    #[must_use]
    pub fn show(&self, at: Timestamp, precision: Precision) -> String {
        let date = self.calendar.date(at);
        let mut parts = date.split('-');
        let mut part = || parts.next().unwrap_or_default().to_owned();
        let (year, month, day) = (part(), part(), part());
        let month = self.words.of(&format!("month.{month}")).to_owned();
        let day = day.trim_start_matches('0');
        match precision {
            Precision::Month => format!("{month} {year}"),
            Precision::Day => format!("{day} {month} {year}"),
            Precision::Minute => format!("{day} {month} {year} {}", self.clock(at)),
        }
    }

    /// Hours and minutes: `09:30`.
    #[must_use]
    pub fn clock(&self, at: Timestamp) -> String {
        let minutes = self.calendar.wall_ms(at).div_euclid(60_000);
        let minutes = minutes.rem_euclid(24 * 60);
        format!("{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// The days of a period, the last one included: `1 Oct 2026 – 31 Oct 2026`.
    #[must_use]
    pub fn period(&self, from: Timestamp, to: Timestamp) -> String {
        let last = to.minus_ms(1);
        let (first, last) = (
            self.show(from, Precision::Day),
            self.show(last, Precision::Day),
        );
        if first == last {
            return first;
        }
        format!("{first} – {last}")
    }

    /// A cell as a person reads it; the unit stands in the head of its column.
    #[must_use]
    pub fn cell(&self, cell: &Cell, column: &Column) -> String {
        match (cell, &column.holds) {
            (Cell::Empty, _) => UNKNOWN.to_owned(),
            (Cell::Text(text), _) => text.clone(),
            (Cell::Number(value), Holds::Number { decimals, .. }) => {
                number(*value, *decimals, self.words.language)
            }
            (Cell::Number(value), _) => value.to_string(),
            (Cell::Time(at), Holds::Time { precision }) => self.show(*at, *precision),
            (Cell::Time(at), _) => at.to_string(),
        }
    }
}

/// The head of a column with its unit: `Energy (kWh)`.
#[must_use]
pub fn head(column: &Column) -> String {
    match &column.holds {
        Holds::Number { unit, .. } if !unit.is_empty() && !column.name.is_empty() => {
            format!("{} ({unit})", column.name)
        }
        _ => column.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_written_as_people_write_them() {
        let value: Decimal = "-1234567.25".parse().unwrap();
        assert_eq!(number(value, 1, Language::En), "\u{2212}1,234,567.3");
        assert_eq!(
            number(value, 1, Language::Fr),
            "\u{2212}1\u{202f}234\u{202f}567,3"
        );
        assert_eq!(number(Decimal::from(1_000), 0, Language::Ar), "1.000");
        assert_eq!(quantity(None, "kWh", 1, Language::En), UNKNOWN);
        let calendar = Calendar::new("Africa/Tunis").unwrap();
        let at: Timestamp = "2026-11-05T23:30:00Z".parse().unwrap();
        let words = Words::of_language(Language::Fr);
        let dates = Dates {
            calendar: &calendar,
            words: &words,
        };
        assert_eq!(dates.show(at, Precision::Minute), "6 nov. 2026 00:30");
        let (from, to) = (at.minus_ms(30 * 60_000), at.plus_ms(23 * 3_600_000));
        assert_eq!(
            dates.period(from, to),
            "6 nov. 2026",
            "one day is named once"
        );
    }
}
