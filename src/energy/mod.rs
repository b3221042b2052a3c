//! The figures of a site: power now, energy and cost today.
//!
//! Promises: a figure is computed from values that are current and good, or it is absent; energy
//! is the corrected delta of the counters. Will not do: guess what was not measured.

mod balance;
mod bill;
mod bill_lines;
mod bill_power;
#[cfg(test)]
mod bill_tests;
mod bill_twin;
mod cost;
mod demand;
pub mod enpi;
mod history;
mod metered;
mod now;
mod peaks;
mod places;
mod raw;
mod readings;
mod supply;
pub mod tariff;
mod tariff_charge;
mod tariff_check;
mod tariff_clock;
mod tariff_examples;
mod tariffs;
mod today;
pub mod tree;
mod tree_check;
mod tree_figures;
#[cfg(test)]
mod tree_tests;
mod trees;

pub use balance::{Balance, BalanceQuery, EnergyFigure, SeriesOf, TreePoint, balance, tree_series};
pub use bill::{Bill, BillLine, BillPeak};
pub use bill_twin::{BillTwin, TwinLine, TypedLine, twin};
pub use cost::PeriodCost;
pub use demand::{DemandNow, running};
pub use history::{Energy, Extras, HistoryPoint, HistoryQuery, HistoryWindow, SiteHistory};
pub use now::{DashboardMetrics, PhaseMetrics, site_now};
pub use peaks::{Peak, Share};
pub use raw::RawPlan;
pub use readings::{to_kwh, to_mwh};
pub use supply::{CostBucket, Supply};
pub use tariff_examples::{TariffExample, tariff_examples};
pub use tariffs::{NewTariff, NewVersion, Tariff, TariffChange, Tariffs, Version};
pub use today::{Today, TodayCache};
pub use tree_figures::{Amount, Figures};
pub use trees::{StoredTree, Trees};
