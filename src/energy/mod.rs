//! The figures of a site: power now, energy and cost today.
//!
//! Promises: a figure is computed from values that are current and good, or it is absent; energy
//! is the corrected delta of the counters. Will not do: guess what was not measured.

pub mod enpi;
mod history;
mod now;
mod places;
mod raw;
mod today;

pub use history::{Energy, Extras, HistoryPoint, HistoryQuery, HistoryWindow, SiteHistory};
pub use now::{DashboardMetrics, PhaseMetrics, site_now};
pub use raw::RawPlan;
pub use today::{Today, TodayCache};
