//! The figures of a site: power now, energy and cost today.
//!
//! Promises: a figure is computed from values that are current and good, or it is absent; energy
//! is the corrected delta of the counters. Will not do: guess what was not measured.

mod balance;
mod beat;
mod beat_cut;
mod beats;
mod bill;
mod bill_label;
mod bill_lines;
mod bill_power;
mod bill_reading;
mod bill_reason;
#[cfg(test)]
mod bill_tests;
mod bill_twin;
#[cfg(test)]
mod bill_whole_tests;
mod carbon;
mod carbon_factors;
mod carried;
mod cost;
mod demand;
pub mod enpi;
mod fine;
mod history;
mod idle;
mod idle_ledger;
mod metered;
mod now;
mod peaks;
mod places;
mod quality_en50160;
mod quality_week;
mod raw;
mod readings;
mod sparse;
mod steer;
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
mod usual;
mod usual_site;

pub use balance::{
    Balance, BalancePart, BalanceQuery, EnergyFigure, SeriesOf, TreePoint, balance, tree_series,
};
pub use beat::{Beat, Follows};
pub use beat_cut::{Cut, Grid};
pub use beats::{Beats, Heard};
pub use bill::{Bill, BillLine, BillPeak};
pub use bill_label::Label as BillLabel;
pub use bill_reading::Reading as BillReading;
pub use bill_reason::Reason as BillReason;
pub use bill_twin::{BillTwin, TwinLine, TypedLine, twin};
pub use carbon::{Carbon, CarbonBook, CarbonBucket, Emitted};
pub use carbon_factors::{CarbonFactors, CarbonMethod, CarbonTable, NewCarbonFactors};
pub use carried::{CarriedTariff, CarriedVersion, carried_tariffs, take_tariffs_over};
pub use cost::PeriodCost;
pub use demand::{DemandNow, running};
pub use history::{Energy, Extras, HistoryPoint, HistoryQuery, HistoryWindow, SiteHistory};
pub use idle::Cuts;
pub use idle_ledger::{
    IdleLedger, IdleQuery, Prices as IdlePrices, ShiftLedger, ledger as idle_ledger, shifts_of,
};
pub use metered::Window;
pub use now::{DashboardMetrics, PhaseMetrics, site_now};
pub use peaks::{Peak, Share};
pub use quality_en50160::{Characteristic, Line as QualityLine, Verdict};
pub use quality_week::{QualityWeek, quality_week};
pub use raw::RawPlan;
pub use readings::{to_kwh, to_mwh};
pub use steer::{DemandWatch, Load, Passing, loads_now};
pub use supply::{CostBucket, Supply};
pub use tariff_examples::{TariffExample, tariff_examples};
pub use tariffs::{NewTariff, NewVersion, Tariff, TariffChange, Tariffs, Version};
pub use today::{TargetFrom, Today, TodayCache};
pub use tree_figures::{Amount, Figures};
pub use trees::{StoredTree, Trees};
pub use usual::{UsualDays, UsualRange};
pub use usual_site::{SiteUsual, UsualCache};
