//! Whether the demand window that is running will pass the contracted power of its tariff period,
//! and what has to go so that it does not.

use super::demand::{DemandNow, running};
use super::supply::Supply;
use super::tree::{Part, Tree};
use super::{Heard, SiteHistory, Tariffs, Trees};
use crate::base::{Metric, Phase, Result, Timestamp};
use crate::equipment::Registry;
use crate::live::Live;
use crate::site::Site;
use rust_decimal::prelude::ToPrimitive as _;
use std::sync::Arc;

/// Before so much of a window has run, its end is mostly a guess, ms.
const EARLY_MS: i64 = 3 * 60_000;
/// Less of what has run is too little to say what will be.
const COVERAGE_MIN: f64 = 0.8;
/// How far the forecast must fall below the contracted power for the danger to be over.
const BAND: f64 = 0.98;
/// Most loads that are named: who has minutes reads no list.
const LOADS_MAX: usize = 4;

/// What draws power now.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// Which one.
    pub part: Part,
    /// Its name.
    pub name: String,
    /// Power, kW.
    pub kw: f64,
}

/// A window that will end above the contracted power.
#[derive(Clone, Debug, PartialEq)]
pub struct Passing {
    /// When the window ends.
    pub to: Timestamp,
    /// What it will end with, kW.
    pub forecast_kw: f64,
    /// Contracted power of the period of the tariff, kW.
    pub contracted_kw: f64,
    /// Whole minutes until its end, begun ones counted.
    pub minutes_left: i64,
    /// What has to go from now on so that it ends at the contracted power, kW; `None` when that is
    /// passed already, whatever is switched off.
    pub excess_kw: Option<f64>,
    /// What may be switched off, the greatest first, until that is reached.
    pub loads: Vec<Load>,
}

/// Whether the window will pass its contracted power. `stands` says that it was told already: then
/// it is over only when the forecast is well below.
#[must_use]
pub fn passing(
    window: &DemandNow,
    loads: Vec<Load>,
    stands: bool,
    now: Timestamp,
) -> Option<Passing> {
    let contracted_kw = window.contracted_kw?;
    let is_passed = window.allowed_kw.is_some_and(|kw| kw <= 0.0);
    let limit = if stands {
        contracted_kw * BAND
    } else {
        contracted_kw
    };
    let is_early = window.elapsed_s * 1_000 < EARLY_MS && !is_passed;
    if is_early || window.coverage < COVERAGE_MIN || window.forecast_kw <= limit {
        return None;
    }
    let excess_kw = window.available_kw.map(|free| (-free).max(0.0));
    let excess_kw = excess_kw.filter(|_| !is_passed);
    Some(Passing {
        to: window.to,
        forecast_kw: window.forecast_kw,
        contracted_kw,
        minutes_left: (window.to.since_ms(now) + 59_999) / 60_000,
        loads: excess_kw.map_or_else(Vec::new, |kw| enough(loads, kw)),
        excess_kw,
    })
}

/// The greatest loads that together are so much.
fn enough(mut loads: Vec<Load>, kw: f64) -> Vec<Load> {
    loads.sort_by(|a, b| b.kw.total_cmp(&a.kw));
    let mut sum = 0.0;
    let mut chosen = Vec::new();
    for load in loads.into_iter().filter(|load| load.kw > 0.0) {
        if sum >= kw || chosen.len() == LOADS_MAX {
            break;
        }
        sum += load.kw;
        chosen.push(load);
    }
    chosen
}

/// What the consumers of a tree draw now, as far as that is known, the greatest first.
#[must_use]
pub fn loads_now(tree: &Tree, live: &Live, registry: &Registry, now: Timestamp) -> Vec<Load> {
    let consumers = tree.nodes.iter().flat_map(|node| &node.consumers);
    let load = |part: &Part| {
        let Part::Meter(id) = part else { return None };
        let kw = live.device(*id).fresh(&Metric::POWER, Phase::Total, now)?;
        let name = registry
            .get(*id)
            .map_or_else(|_| id.to_string(), |one| one.name);
        let part = part.clone();
        Some(Load { part, name, kw })
    };
    let mut loads: Vec<Load> = consumers.filter_map(load).collect();
    loads.sort_by(|a, b| b.kw.total_cmp(&a.kw));
    loads
}

/// Watches the demand of sites.
pub struct DemandWatch {
    /// History.
    pub history: SiteHistory,
    /// Meter trees.
    pub trees: Arc<Trees>,
    /// Tariffs.
    pub tariffs: Arc<Tariffs>,
    /// Current values.
    pub live: Arc<Live>,
    /// Equipment.
    pub registry: Arc<Registry>,
}

impl DemandWatch {
    /// What the pulse of the utility of a site says since the last look. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn listen(&self, site: &Site, now: Timestamp) -> Result<Option<Heard>> {
        let minutes = self.tariffs.window_minutes_at(site, now);
        let window_ms = i64::from(minutes) * 60_000;
        self.tariffs.beats.look(site, &self.history, now, window_ms)
    }

    /// Whether the running window of a site will pass its contracted power; nothing where none is
    /// in its tariff. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn look(&self, site: &Site, stands: bool, now: Timestamp) -> Result<Option<Passing>> {
        let calendar = site.calendar();
        let version = self.tariffs.at(&site.key, now, &calendar);
        let Some(rules) = version.map(|version| version.rules) else {
            return Ok(None);
        };
        let contracted = rules.contracted_at(now, &calendar);
        let Some(contracted) = contracted.and_then(|kw| kw.to_f64()) else {
            return Ok(None);
        };
        let tree = self.trees.of(site);
        let supply = Supply::of(site, tree.supply(), &self.history, &self.tariffs);
        let window = supply.window_at(now, &rules);
        let window = (window.from, window.to);
        let course = supply.course(window, now)?;
        let Some(window) = running(&course, window, now, Some(contracted)) else {
            return Ok(None);
        };
        let loads = loads_now(&tree, &self.live, &self.registry, now);
        Ok(passing(&window, loads, stands, now))
    }
}

#[cfg(test)]
mod tests {
    use super::super::demand::{Course, Minute};
    use super::*;

    const MINUTE_MS: i64 = 60_000;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_ms(1_763_683_200_000 + minute * MINUTE_MS)
    }

    /// The window of minute 0 to 15 at a minute, with so much power in each.
    fn window(minute: i64, kw: &[f64], contracted: f64) -> DemandNow {
        let minutes: Vec<Minute> = (0..)
            .zip(kw)
            .map(|(n, kw)| Minute {
                start: at(n),
                kw: Some(*kw),
            })
            .collect();
        let weeks = Vec::new();
        let course = Course { minutes, weeks };
        running(&course, (at(0), at(15)), at(minute), Some(contracted)).unwrap()
    }

    fn load(name: &str, kw: f64) -> Load {
        let id = crate::base::EquipmentId::new();
        let (part, name) = (Part::Meter(id), name.to_owned());
        Load { part, name, kw }
    }

    #[test]
    fn a_window_that_will_pass_names_what_has_to_go() {
        let kw = [vec![100.0; 5], vec![160.0; 5]].concat();
        let loads = vec![load("Fan", 5.0), load("Press", 30.0), load("Oven", 60.0)];
        // 1,300 kW·min have run; 120 kW · 15 min leave 500 for five minutes: 100 kW, 60 less.
        let found = passing(&window(10, &kw, 120.0), loads.clone(), false, at(10)).unwrap();
        assert!((found.forecast_kw - 140.0).abs() < 1e-9);
        assert_eq!((found.minutes_left, found.to), (5, at(15)));
        assert!((found.excess_kw.unwrap() - 60.0).abs() < 1e-9);
        let names = |found: &Passing| -> Vec<String> {
            found.loads.iter().map(|load| load.name.clone()).collect()
        };
        assert_eq!(names(&found), ["Oven"]);
        // 135 kW leave 145 kW: 15 have to go; 117 leave 91: the oven alone is not enough.
        let more = passing(&window(10, &kw, 117.0), loads.clone(), false, at(10)).unwrap();
        assert_eq!(names(&more), ["Oven", "Press"]);
        // It is passed already: nothing that is switched off helps.
        let late = passing(&window(10, &kw, 86.0), loads.clone(), false, at(10)).unwrap();
        assert_eq!((late.excess_kw, late.loads.len()), (None, 0));
        assert_eq!(passing(&window(10, &kw, 141.0), loads, false, at(10)), None);
    }

    #[test]
    fn it_is_told_neither_too_early_nor_off_and_on() {
        let now = |minute: i64, contracted: f64| {
            let kw = vec![140.0; usize::try_from(minute).unwrap()];
            window(minute, &kw, contracted)
        };
        assert_eq!(passing(&now(2, 120.0), Vec::new(), false, at(2)), None);
        assert!(passing(&now(3, 120.0), Vec::new(), false, at(3)).is_some());
        // Two minutes of 1,000 kW are more than 120 kW over a quarter of an hour.
        let fast = window(2, &[1_000.0, 1_000.0], 120.0);
        assert!(passing(&fast, Vec::new(), false, at(2)).is_some());
        // Just below: no beginning, but no end either.
        let near = now(10, 141.0);
        assert_eq!(passing(&near, Vec::new(), false, at(10)), None);
        assert!(passing(&near, Vec::new(), true, at(10)).is_some());
        assert_eq!(passing(&now(10, 150.0), Vec::new(), true, at(10)), None);
    }
}
