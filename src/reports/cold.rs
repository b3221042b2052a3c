//! Reports of cold cells. The room that knows them stands above this one and hands over what makes
//! their pages.

use super::document::{Block, Section};
use super::format::Dates;
use super::progress::Progress;
use super::service::Reports;
use super::template::{Span, Work};
use super::timetable::Schedule;
use super::words::Words;
use crate::auth::Reach;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{CellId, CustomerId, Error, Result, TimeRange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the kinds of reports about cold cells begin with.
const COLD: &str = "cold_";
/// The kind whose pages are of whole months.
const MONTH: &str = "cold_month";

/// Whether a kind of report is one of cold cells.
#[must_use]
pub fn is_cold(template: &str) -> bool {
    template.starts_with(COLD)
}

/// What a report of cold cells is about: one of them, or all of a customer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReportSubject)]
pub struct Subject {
    /// A cold cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<CellId>,
    /// A customer: all of his cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
}

impl Subject {
    /// Whether it names nothing.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.cell.is_none() && self.customer.is_none()
    }

    /// Refuses a subject that does not go with a kind of report.
    pub(super) fn check(self, template: &str) -> Result<()> {
        match (is_cold(template), self.cell, self.customer) {
            (true, None, None) => {
                let sentence = "Name the cold cell or the customer whose cells it is about.";
                Err(Error::invalid("about", sentence))
            }
            (true, Some(_), Some(_)) => {
                let sentence = "Name the cell or the customer, not both.";
                Err(Error::invalid("about", sentence))
            }
            (false, None, None) | (true, _, _) => Ok(()),
            (false, ..) => {
                let sentence = "Only reports of cold cells are about a cell or a customer.";
                Err(Error::invalid("about", sentence))
            }
        }
    }
}

/// What is asked of the room of cold cells.
pub struct ColdAsk<'a> {
    /// Key of the site of the customer.
    pub site: &'a str,
    /// The cell; all of the site when absent.
    pub cell: Option<CellId>,
    /// The period.
    pub range: TimeRange,
    /// Whether it is of a day, hour by hour.
    pub daily: bool,
    /// The clock of the site.
    pub calendar: &'a Calendar,
    /// The words.
    pub words: &'a Words,
    /// Times in words.
    pub dates: Dates<'a>,
    /// How far it is.
    pub progress: &'a Progress,
}

/// Who makes the pages of cold cells.
pub trait ColdPages: Send + Sync {
    /// Key of the site of what a report is about.
    ///
    /// # Errors
    /// When there is no such cell or customer for who reaches this.
    fn site_of(&self, reach: &Reach, about: Subject) -> Result<String>;

    /// The sections of a report. Reads the disk.
    ///
    /// # Errors
    /// When the cell is gone, files cannot be read, or it was cancelled.
    fn sections(&self, ask: &ColdAsk<'_>) -> Result<Vec<Section>>;
}

/// The period that a report tells of: evidence is of whole months, so that the paper names no other
/// days than its tables hold.
pub(super) fn period(template: &str, asked: TimeRange, calendar: &Calendar) -> TimeRange {
    if template != MONTH {
        return asked;
    }
    let last = calendar.bucket_start(asked.to.minus_ms(1), BucketSize::Month);
    TimeRange {
        from: calendar.bucket_start(asked.from, BucketSize::Month),
        to: calendar.next_bucket(last, BucketSize::Month),
    }
}

/// Makes the sections.
pub(super) fn build(work: &Work<'_>) -> Result<Vec<Section>> {
    let w = work.words;
    let ask = ColdAsk {
        site: &work.site.key,
        cell: work.cell,
        range: work.range,
        daily: work.span == Span::Day,
        calendar: &work.calendar,
        words: w,
        dates: work.dates(),
        progress: work.progress,
    };
    let sections = work.sources.cold.sections(&ask)?;
    if !sections.is_empty() {
        return Ok(sections);
    }
    let text = w.of("cold.none").to_owned();
    Ok(vec![Section {
        title: w.of("section.cold").to_owned(),
        blocks: vec![Block::Note { text }],
        source: w.of("source.cold").to_owned(),
        coverage: None,
    }])
}

impl Reports {
    /// Key of the site that an entry makes a report of. Of a customer who is gone the report fails,
    /// and says so.
    pub(super) fn site_about(&self, schedule: &Schedule) -> String {
        let own = || schedule.site.clone();
        if !is_cold(&schedule.entry.template) {
            return own();
        }
        let found = self.sources.cold.site_of(&Reach::ALL, schedule.entry.about);
        found.unwrap_or_else(|_| own())
    }
}
