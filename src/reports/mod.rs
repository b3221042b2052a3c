//! Reports: figures of other rooms in one document, written as PDF, workbook, text and HTML; home of
//! krilla, rustybuzz and `unicode-bidi`.
//!
//! Promises: every form of a report shows the same figures, each with its period, its clock, how much
//! was measured and where it comes from; what was made can be made again from its recipe, and what is
//! different then is named. Will not do: compute figures that the API does not give.

mod again;
mod alert_quality;
mod cold;
mod compare;
mod cost_centres;
mod data_quality;
mod deliver;
mod document;
mod energy;
mod format;
mod grid;
mod html;
mod left;
mod order;
mod output;
mod paper;
mod pdf;
mod peaks;
mod plot;
mod power_quality;
mod press;
mod progress;
mod record;
mod review;
mod review_indicator;
mod review_plan;
mod scene;
mod service;
mod sheet;
mod sheets;
mod template;
mod text;
mod timetable;
mod told;
mod words;
mod worker;

pub use cold::{ColdAsk, ColdPages, Subject, is_cold};
pub use compare::{Difference, Recomputed};
pub use document::{
    Block, Cell, Chart, Column, Document, Figure, Form, Precision, Section, Series, Table,
};
pub use format::{Dates, quantity};
pub use order::{NewReport, Sight};
pub use output::Format;
pub use progress::{Progress, Stage};
pub use record::Report;
pub use scene::{Scene, draw};
pub use service::{Reports, Written};
pub use template::{Recipe, Sources, Span, TEMPLATES, Template};
pub use timetable::{NewSchedule, Schedule};
pub use words::{Words, template_about};
