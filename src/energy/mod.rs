//! The figures of a site: power now, energy and cost today.
//!
//! Promises: a figure is computed from values that are current and good, or it is absent; energy
//! is the corrected delta of the counters. Will not do: guess what was not measured.

mod balance;
mod history;
mod now;
mod places;
mod raw;
mod readings;
mod today;
pub mod tree;
mod tree_check;
mod tree_figures;
#[cfg(test)]
mod tree_tests;
mod trees;

pub use balance::{Balance, BalanceQuery, EnergyFigure, SeriesOf, TreePoint, balance, tree_series};
pub use history::{Energy, Extras, HistoryPoint, HistoryQuery, HistoryWindow, SiteHistory};
pub use now::{DashboardMetrics, PhaseMetrics, site_now};
pub use raw::RawPlan;
pub use readings::{to_kwh, to_mwh};
pub use today::{Today, TodayCache};
pub use tree_figures::{Amount, Figures};
pub use trees::{StoredTree, Trees};
