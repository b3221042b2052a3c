//! *pure* — the languages of messages: their words, numbers and times.

use crate::base::time::Calendar;
use crate::base::{Level, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A language of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
    /// Arabic.
    Ar,
}

/// Short names of the months in English.
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl Language {
    /// The word for a level.
    #[must_use]
    pub const fn level(self, level: Level) -> &'static str {
        match (self, level) {
            (Self::En, Level::Informational) => "Information",
            (Self::En, Level::Low) => "Low",
            (Self::En, Level::Medium) => "Medium",
            (Self::En, Level::High) => "High",
            (Self::En, Level::Critical) => "Critical",
            (Self::En, Level::Emergency) => "Emergency",
            (Self::Fr, Level::Informational) => "Information",
            (Self::Fr, Level::Low) => "Faible",
            (Self::Fr, Level::Medium) => "Moyen",
            (Self::Fr, Level::High) => "Élevé",
            (Self::Fr, Level::Critical) => "Critique",
            (Self::Fr, Level::Emergency) => "Urgence",
            (Self::Ar, Level::Informational) => "معلومة",
            (Self::Ar, Level::Low) => "منخفض",
            (Self::Ar, Level::Medium) => "متوسط",
            (Self::Ar, Level::High) => "مرتفع",
            (Self::Ar, Level::Critical) => "حرج",
            (Self::Ar, Level::Emergency) => "طوارئ",
        }
    }

    /// A unit as the language writes it: symbols are the same in all, sizes of memory are not.
    #[must_use]
    pub fn unit(self, unit: &str) -> &str {
        match (self, unit) {
            (Self::Fr, "MB") => "Mo",
            (Self::Ar, "MB") => "ميغابايت",
            _ => unit,
        }
    }

    /// A name or an amount as it stands within a sentence: in Arabic it is set apart, so that what is
    /// Latin of it turns nothing around. The marks are of Unicode and are not seen.
    #[must_use]
    pub fn apart(self, text: &str) -> String {
        match self {
            Self::Ar => format!("\u{2068}{text}\u{2069}"),
            Self::En | Self::Fr => text.to_owned(),
        }
    }

    /// A plain text as it is sent: each line in which there is Arabic begins with the mark of its
    /// direction, because readers take that of the first letter, and many a line begins with a name.
    #[must_use]
    pub fn directed(self, text: &str) -> String {
        if self != Self::Ar {
            return text.to_owned();
        }
        let is_arabic = |line: &str| line.contains(|c| ('\u{600}'..='\u{6ff}').contains(&c));
        let lines = text.split('\n').map(|line| match line {
            line if is_arabic(line) && !line.starts_with('\u{200f}') => format!("\u{200f}{line}"),
            line => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// A number as people write it, with at most two decimals: `1,234.5`, `1 234,5`, `1.234,5`.
    #[must_use]
    pub fn number(self, value: f64) -> String {
        let plain = format!("{value:.2}");
        self.grouped(plain.trim_end_matches('0').trim_end_matches('.'))
    }

    /// A number that is written with a point and without groups, as people write it.
    #[must_use]
    pub fn grouped(self, plain: &str) -> String {
        let (sign, plain) = plain
            .strip_prefix('-')
            .map_or(("", plain), |rest| ("-", rest));
        let (whole, part) = plain.split_once('.').unwrap_or((plain, ""));
        // The no-break space keeps a number on one line.
        let (group, point) = match self {
            Self::En => (',', '.'),
            Self::Fr => ('\u{202f}', ','),
            Self::Ar => ('.', ','),
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

    /// An instant on the wall clock of a site: `21 Nov 2026, 09:30`, `21/11/2026 09:30`.
    #[must_use]
    pub fn time(self, at: Timestamp, calendar: &Calendar) -> String {
        let date = calendar.date(at);
        let minutes = calendar.wall_ms(at).div_euclid(60_000).rem_euclid(24 * 60);
        let clock = format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let parts: Vec<&str> = date.split('-').collect();
        let [year, month, day] = parts.as_slice() else {
            return format!("{date} {clock}");
        };
        match self {
            Self::En => {
                let number = month.parse::<usize>().unwrap_or(1);
                let name = MONTHS[number.clamp(1, 12) - 1];
                let day = day.trim_start_matches('0');
                format!("{day} {name} {year}, {clock}")
            }
            Self::Fr | Self::Ar => format!("{day}/{month}/{year} {clock}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        assert_eq!(Language::En.number(1_234_567.891), "1,234,567.89");
        assert_eq!(Language::Fr.number(-1_234.5), "-1\u{202f}234,5");
        assert_eq!(Language::Ar.number(123_456.0), "123.456");
        assert_eq!(Language::En.number(0.001), "0");
        assert_eq!(Language::En.number(70.0), "70");
    }

    #[test]
    fn an_arabic_line_keeps_its_direction_whatever_it_begins_with() {
        let text = "Compressor 3: حرج\n\nhttps://plant.example/alerts";
        let directed = "\u{200f}Compressor 3: حرج\n\nhttps://plant.example/alerts";
        assert_eq!(Language::Ar.directed(text), directed);
        assert_eq!(Language::Ar.directed(directed), directed);
        assert_eq!(Language::En.directed(text), text);
        assert_eq!(Language::Ar.apart("Hall 2"), "\u{2068}Hall 2\u{2069}");
        assert_eq!(Language::Fr.apart("Hall 2"), "Hall 2");
    }

    #[test]
    fn times_are_those_of_the_wall_clock() {
        let at: Timestamp = "2026-11-05T23:30:00Z".parse().unwrap();
        let tunis = Calendar::new("Africa/Tunis").unwrap();
        assert_eq!(Language::En.time(at, &tunis), "6 Nov 2026, 00:30");
        assert_eq!(Language::Fr.time(at, &tunis), "06/11/2026 00:30");
    }
}
