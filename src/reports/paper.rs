//! *pure* — what stands on every form of a report beside its figures: period, source, imprint.

use super::document::{Document, Precision, Section};
use super::format::{Dates, quantity};
use super::words::Words;
use crate::base::Timestamp;
use crate::base::time::Calendar;
use crate::site::Logo;

/// In which words, on whose clock, and when a report was made.
#[derive(Clone, Copy, Debug)]
pub struct Paper<'a> {
    /// The words.
    pub words: &'a Words,
    /// The clock of the site.
    pub calendar: &'a Calendar,
    /// When it was made.
    pub made_at: Timestamp,
    /// The logo of the site.
    pub logo: Option<&'a Logo>,
}

impl<'a> Paper<'a> {
    /// Writes times.
    #[must_use]
    pub const fn dates(&self) -> Dates<'a> {
        Dates {
            calendar: self.calendar,
            words: self.words,
        }
    }

    /// The period of a report and whose clock that is.
    #[must_use]
    pub fn period(&self, document: &Document) -> String {
        let days = self.dates().period(document.from, document.to);
        let zone = [("period", &*days), ("zone", &*document.time_zone)];
        self.words.with("paper.period", &zone)
    }

    /// Where the figures of a section come from, and how much of the period was measured.
    #[must_use]
    pub fn source(&self, document: &Document, section: &Section) -> String {
        let source = [("source", &*section.source)];
        let mut line = self.words.with("paper.source", &source);
        if let Some(coverage) = section.coverage {
            let share = quantity(Some(coverage), "%", 1, document.language);
            line.push_str(" · ");
            line.push_str(&self.words.with("paper.coverage", &[("share", &share)]));
        }
        line.push_str(" · ");
        line.push_str(&self.period(document));
        line
    }

    /// When it was made, and by what.
    #[must_use]
    pub fn imprint(&self) -> String {
        let at = self.dates().show(self.made_at, Precision::Minute);
        let version = env!("CARGO_PKG_VERSION");
        self.words
            .with("paper.imprint", &[("at", &at), ("version", version)])
    }
}
