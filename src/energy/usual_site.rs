//! What is usual at a site: now, and for each quarter of the last day; read once for everybody.

use super::history::{Extras, HistoryPoint, HistoryQuery, SiteHistory};
use super::tariff_clock::{Holidays, Local};
use super::tariffs::Tariffs;
use super::usual::{
    Comparison, DAYS_WANTED, DayCurve, NATURES, QUARTERS, UsualDays, UsualRange, comparison,
    range_at, ranges,
};
use crate::base::time::{BucketSize, Calendar};
use crate::base::{EquipmentId, Metric, Phase, Result, TimeRange, Timestamp};
use crate::site::Site;
use crate::tsdb::Resolution;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use utoipa::ToSchema;

const QUARTER_MS: i64 = 900_000;
const DAY_MS: i64 = 86_400_000;
/// Voltage and frequency follow the mains and not the work: so many days before are all alike.
const MAINS_DAYS: usize = 14;
/// A quarter that was measured less than this says little about itself.
const COVERED: f64 = 0.5;
/// Quarters to either side of now that are read of the mains.
const NEAR: usize = 2;

/// What is usual at a site.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SiteUsual {
    /// Active power at this hour, kW.
    pub power: UsualRange,
    /// Voltage at this hour, V.
    pub voltage: UsualRange,
    /// Mains frequency at this hour, Hz.
    pub frequency: UsualRange,
    /// Power factor at this hour.
    #[serde(rename = "powerFactor")]
    pub power_factor: UsualRange,
    /// So many days make a range; fewer give none.
    #[schema(example = 3)]
    pub days_wanted: usize,
    /// Start of the first of the last 96 quarters.
    pub from: Timestamp,
    /// Lower end of the power in each of them, kW; `null` where too few days are known.
    pub low_kw: Vec<Option<f64>>,
    /// Upper end of the power in each of them, kW.
    pub high_kw: Vec<Option<f64>>,
}

/// What was found, and from what.
struct Kept {
    quarter: Timestamp,
    site: Site,
    equipment: Vec<EquipmentId>,
    holidays: Holidays,
    usual: SiteUsual,
}

/// What is usual at each site, computed once for each quarter.
pub struct UsualCache {
    history: SiteHistory,
    tariffs: Arc<Tariffs>,
    last: Mutex<BTreeMap<String, Kept>>,
}

/// Whose figures are read, and on which clock.
struct Asked<'a> {
    equipment: &'a [EquipmentId],
    calendar: Calendar,
}

/// The four quantities of a day.
type Curves = [DayCurve; NATURES.len()];

impl UsualCache {
    /// What this history shows.
    #[must_use]
    pub const fn new(history: SiteHistory, tariffs: Arc<Tariffs>) -> Self {
        let last = Mutex::new(BTreeMap::new());
        Self {
            history,
            tariffs,
            last,
        }
    }

    /// What is usual at `now`. Reads the disk: call it outside the runtime's own threads.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn at(&self, site: &Site, equipment: &[EquipmentId], now: Timestamp) -> Result<SiteUsual> {
        let calendar = site.calendar();
        let quarter = calendar.bucket_start(now, BucketSize::Fixed(QUARTER_MS));
        let tariff = self.tariffs.at(&site.key, now, &calendar);
        let holidays = tariff.map_or_else(Holidays::default, |v| Holidays::of(&v.rules));
        // Held while it is computed: who asks at the same time waits and takes what was found.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = last.get(&site.key) {
            let same = kept.quarter == quarter && kept.holidays == holidays;
            if same && kept.site == *site && kept.equipment == equipment {
                return Ok(kept.usual.clone());
            }
        }
        let asked = Asked {
            equipment,
            calendar,
        };
        let usual = self.compute(&asked, &holidays, quarter)?;
        let kept = Kept {
            quarter,
            site: site.clone(),
            equipment: equipment.to_vec(),
            holidays,
            usual: usual.clone(),
        };
        last.insert(site.key.clone(), kept);
        Ok(usual)
    }

    fn compute(
        &self,
        asked: &Asked<'_>,
        holidays: &Holidays,
        quarter: Timestamp,
    ) -> Result<SiteUsual> {
        let calendar = &asked.calendar;
        let today = calendar.bucket_start(quarter, BucketSize::Day);
        let (curves, of) = self.kin(asked, &comparison(today, holidays, calendar))?;
        let here = place(quarter, calendar);
        let at = |n: usize| range_at(&of_quantity(&curves, n), here, of, NATURES[n]);
        let (power, power_factor) = (at(0), at(3));
        let mains = self.mains(asked, today, here)?;
        let of_mains =
            |n: usize| range_at(&of_quantity(&mains, n), here, UsualDays::Any, NATURES[n]);

        let mut at = quarter.minus_ms(DAY_MS - QUARTER_MS);
        let from = at;
        let mut days = BTreeMap::from([(today, ranges(&of_quantity(&curves, 0), of, NATURES[0]))]);
        let (mut low_kw, mut high_kw) = (Vec::new(), Vec::new());
        while at <= quarter {
            let day = calendar.bucket_start(at, BucketSize::Day);
            if let Entry::Vacant(unread) = days.entry(day) {
                let (curves, of) = self.kin(asked, &comparison(day, holidays, calendar))?;
                unread.insert(ranges(&of_quantity(&curves, 0), of, NATURES[0]));
            }
            let range = days[&day][place(at, calendar)];
            low_kw.push(range.low);
            high_kw.push(range.high);
            at = at.plus_ms(QUARTER_MS);
        }
        Ok(SiteUsual {
            power,
            voltage: of_mains(1),
            frequency: of_mains(2),
            power_factor,
            days_wanted: DAYS_WANTED,
            from,
            low_kw,
            high_kw,
        })
    }

    /// The curves of the days that a day is compared with, and of which kind they are.
    fn kin(&self, asked: &Asked<'_>, with: &Comparison) -> Result<(Vec<Curves>, UsualDays)> {
        let whole = |day: &Timestamp| TimeRange {
            from: *day,
            to: asked.calendar.next_bucket(*day, BucketSize::Day),
        };
        let same = self.curves(asked, with.days.iter().map(whole))?;
        match &with.instead {
            Some(others) if same.len() < DAYS_WANTED => {
                let others = self.curves(asked, others.iter().map(whole))?;
                Ok((others, UsualDays::Workdays))
            }
            _ => Ok((same, with.of)),
        }
    }

    /// The hour around a quarter on each of the last days.
    fn mains(&self, asked: &Asked<'_>, today: Timestamp, here: usize) -> Result<Vec<Curves>> {
        let into_day = |quarters: usize| i64::try_from(quarters).unwrap_or(0) * QUARTER_MS;
        let mut day = today;
        let hours = (0..MAINS_DAYS).map(|_| {
            day = asked.calendar.day_before(day);
            TimeRange {
                from: day.plus_ms(into_day(here.saturating_sub(NEAR))),
                to: day.plus_ms(into_day(here + NEAR + 1)),
            }
        });
        self.curves(asked, hours)
    }

    /// What was measured in each of these ranges of one day; those without anything are left out.
    fn curves(
        &self,
        asked: &Asked<'_>,
        ranges: impl Iterator<Item = TimeRange>,
    ) -> Result<Vec<Curves>> {
        let extras = Extras {
            voltage: true,
            frequency: true,
            power_factor: true,
            ..Extras::default()
        };
        let mut all = Vec::new();
        for range in ranges {
            let query = HistoryQuery {
                equipment: asked.equipment.to_vec(),
                range,
                resolution: Resolution::Buckets(BucketSize::Fixed(QUARTER_MS)),
                metric: Metric::POWER,
                phase: Phase::Total,
                calendar: asked.calendar.clone(),
            };
            let mut curves: Curves = std::array::from_fn(|_| vec![Vec::new(); QUARTERS]);
            let mut any = false;
            for point in self.history.points_with(&query, extras)? {
                any |= note(&mut curves, &point, &asked.calendar);
            }
            if any {
                all.push(curves);
            }
        }
        Ok(all)
    }
}

/// Takes the figures of a quarter down, and says whether there were any.
fn note(curves: &mut Curves, point: &HistoryPoint, calendar: &Calendar) -> bool {
    if point.coverage.flatten().unwrap_or(1.0) < COVERED {
        return false;
    }
    let place = place(point.timestamp, calendar);
    let values = [
        point.power,
        point.voltage.flatten(),
        point.frequency.flatten(),
        point.power_factor.flatten(),
    ];
    for (curve, value) in curves.iter_mut().zip(values) {
        curve[place].extend(value);
    }
    values.iter().any(Option::is_some)
}

/// Which quarter of its day a moment lies in, on the clock of the site.
fn place(at: Timestamp, calendar: &Calendar) -> usize {
    let minute = Local::of(at, calendar).minute;
    usize::try_from(minute / 15).map_or(0, |place| place.min(QUARTERS - 1))
}

fn of_quantity(days: &[Curves], quantity: usize) -> Vec<DayCurve> {
    days.iter().map(|day| day[quantity].clone()).collect()
}
