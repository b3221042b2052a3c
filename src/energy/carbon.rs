//! What the electricity of a site emits: energy times factor, hour by hour.
//!
//! Factors are never changed: what is entered later has a higher version and wins where both hold.

use super::carbon_factors::{CarbonFactors, CarbonMethod, NewCarbonFactors, newest};
use super::places::millionths;
use crate::base::sample::MetricKind;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{Clock, EquipmentId, Error, Metric, Phase, Result, TimeRange, Timestamp};
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use crate::store::{Store, Transaction};
use crate::tsdb::{Bucket, Query, Resolution, Tsdb};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Key: key of the site, 0, then the version.
const FACTORS: Table<CarbonFactors> = Table::new("carbon_factors", 1);
/// Most factor records of one site.
const FACTORS_MAX: usize = 200;
const HOUR_MS: i64 = 3_600_000;
/// Hours that are asked of the readings at once.
const HOURS_AT_ONCE: i64 = 4_000;
/// Longest range, ms: two years and a day.
const RANGE_MAX_MS: i64 = 732 * 24 * HOUR_MS;

/// What energy emitted by one method.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Emitted {
    /// kg of CO₂ equivalent of the energy that has a factor; `null` when none has.
    pub kg: Option<f64>,
    /// Energy that no factor is known of, kWh.
    pub without_factor_kwh: f64,
    /// Versions of the factors that were used.
    pub versions: Vec<u32>,
}

/// A stretch of time.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CarbonBucket {
    /// Its first instant.
    pub start: Timestamp,
    /// Energy, kWh; `null` when nothing was measured.
    pub energy_kwh: Option<f64>,
    /// By the grid.
    pub location: Emitted,
    /// By the contract.
    pub market: Emitted,
}

/// What a site emitted.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Carbon {
    /// First instant.
    pub from: Timestamp,
    /// First instant after.
    pub to: Timestamp,
    /// Energy, kWh.
    pub energy_kwh: Option<f64>,
    /// How much of the hours of the meters was measured, 0 to 1.
    pub coverage: f64,
    /// By the grid.
    pub location: Emitted,
    /// By the contract.
    pub market: Emitted,
    /// Its days or months.
    pub buckets: Vec<CarbonBucket>,
}

impl Emitted {
    fn add(&mut self, energy: f64, found: Option<(&CarbonFactors, f64)>) {
        match found {
            Some((factors, kg_per_kwh)) => {
                *self.kg.get_or_insert(0.0) += energy * kg_per_kwh;
                if !self.versions.contains(&factors.version) {
                    self.versions.push(factors.version);
                    self.versions.sort_unstable();
                }
            }
            None => self.without_factor_kwh += energy,
        }
    }

    fn tidy(&mut self) {
        self.kg = self.kg.map(millionths);
        self.without_factor_kwh = millionths(self.without_factor_kwh);
    }

    fn join(&mut self, other: &Self) {
        if let Some(kg) = other.kg {
            *self.kg.get_or_insert(0.0) += kg;
        }
        self.without_factor_kwh += other.without_factor_kwh;
        self.versions.extend(&other.versions);
        self.versions.sort_unstable();
        self.versions.dedup();
    }
}

impl Carbon {
    /// Figures to a milliwatt-hour and a milligram: what lies behind is the dirt of binary fractions.
    fn tidy(&mut self) {
        self.energy_kwh = self.energy_kwh.map(millionths);
        self.location.tidy();
        self.market.tidy();
        for bucket in &mut self.buckets {
            bucket.energy_kwh = bucket.energy_kwh.map(millionths);
            bucket.location.tidy();
            bucket.market.tidy();
        }
    }
}

/// The factors of the sites, and what was emitted.
pub struct CarbonBook {
    store: Store,
    clock: Arc<dyn Clock>,
    tsdb: Arc<Tsdb>,
}

impl CarbonBook {
    /// The factors in this store.
    #[must_use]
    pub fn new(store: &Store, clock: Arc<dyn Clock>, tsdb: Arc<Tsdb>) -> Self {
        Self {
            store: store.clone(),
            clock,
            tsdb,
        }
    }

    /// The factors of a site, oldest version first. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn factors(&self, site: &str) -> Result<Vec<CarbonFactors>> {
        FACTORS.under(&self.store.read()?, &prefix(site))
    }

    /// Enters factors as the next version.
    ///
    /// # Errors
    /// Every refused field; too many; a disk that refuses.
    pub async fn enter(
        &self,
        site: &str,
        said: NewCarbonFactors,
        actor: Actor,
    ) -> Result<CarbonFactors> {
        said.check()?;
        let (now, prefix, site) = (self.clock.now(), prefix(site), site.to_owned());
        let write = move |transaction: &Transaction<'_>| {
            let all = FACTORS.under(transaction, &prefix)?;
            if all.len() >= FACTORS_MAX {
                let sentence = format!("A site has {FACTORS_MAX} records of factors at most.");
                return Err(Error::conflict(sentence));
            }
            let made = CarbonFactors {
                version: all.last().map_or(0, |last| last.version) + 1,
                said,
                by: actor.name.clone(),
                at: now,
            };
            let key = [prefix.as_slice(), &made.version.to_be_bytes()].concat();
            FACTORS.put(transaction, &key, &made)?;
            let details = json!({ "version": made.version, "name": made.said.name,
                "method": made.said.method, "source": made.said.source, "year": made.said.year });
            audit::append(
                transaction,
                now,
                &actor,
                "carbon.factors",
                audit::about("carbon_factors").of(&site),
                details,
            )?;
            Ok(made)
        };
        self.store.write(write).await
    }

    /// What meters of a site emitted in a range, in days or months of its calendar: for each hour
    /// its energy times the newest factor that holds. Reads the disk.
    ///
    /// # Errors
    /// When the range is too long; when the files cannot be read.
    pub fn emitted(
        &self,
        (site, calendar): (&str, &Calendar),
        meters: &[EquipmentId],
        range: TimeRange,
        size: BucketSize,
    ) -> Result<Carbon> {
        if range.length_ms() > RANGE_MAX_MS {
            return Err(Error::invalid("to", "At most two years at once."));
        }
        let factors = self.factors(site)?;
        let mut buckets: BTreeMap<Timestamp, CarbonBucket> = BTreeMap::new();
        let (mut coverage, mut hours) = (0.0, 0.0);
        let mut from = calendar.bucket_start(range.from, BucketSize::Fixed(HOUR_MS));
        while from < range.to {
            let to = from.plus_ms(HOURS_AT_ONCE * HOUR_MS).min(range.to);
            for (start, energy, share) in self.hours(meters, TimeRange { from, to }, calendar)? {
                coverage += share;
                hours += 1.0;
                let key = calendar.bucket_start(start, size);
                let bucket = buckets.entry(key).or_insert_with(|| CarbonBucket {
                    start: key,
                    energy_kwh: None,
                    location: Emitted::default(),
                    market: Emitted::default(),
                });
                let Some(energy) = energy else { continue };
                *bucket.energy_kwh.get_or_insert(0.0) += energy;
                let of = |method| newest(&factors, method, start, calendar);
                bucket.location.add(energy, of(CarbonMethod::Location));
                bucket.market.add(energy, of(CarbonMethod::Market));
            }
            from = to;
        }
        let mut all = Carbon {
            from: range.from,
            to: range.to,
            energy_kwh: None,
            coverage: if hours > 0.0 {
                millionths(coverage / hours)
            } else {
                0.0
            },
            location: Emitted::default(),
            market: Emitted::default(),
            buckets: buckets.into_values().collect(),
        };
        for bucket in &all.buckets {
            if let Some(energy) = bucket.energy_kwh {
                *all.energy_kwh.get_or_insert(0.0) += energy;
            }
            all.location.join(&bucket.location);
            all.market.join(&bucket.market);
        }
        all.tidy();
        Ok(all)
    }

    /// Energy and coverage of each hour: what the counters grew by, or mean power where there is
    /// no counter.
    fn hours(
        &self,
        meters: &[EquipmentId],
        range: TimeRange,
        calendar: &Calendar,
    ) -> Result<Vec<(Timestamp, Option<f64>, f64)>> {
        let found = |metric: Metric, id: EquipmentId| {
            let kind = metric.kind();
            self.tsdb
                .find(id, &metric, Phase::Total)
                .map(|series| (series, kind))
        };
        let of = |id: &EquipmentId| {
            found(Metric::CONSUMPTION, *id).or_else(|| found(Metric::POWER, *id))
        };
        let columns: Vec<_> = meters.iter().filter_map(of).collect();
        let buckets = self.tsdb.buckets_within(&Query {
            series: columns.iter().map(|(series, _)| *series).collect(),
            range,
            resolution: Resolution::Buckets(BucketSize::Fixed(HOUR_MS)),
            calendar: calendar.clone(),
        })?;
        #[allow(clippy::cast_precision_loss)] // some hundred meters
        let count = meters.len().max(1) as f64;
        let sum = |bucket: Bucket<'_>| {
            let (mut energy, mut share) = (None, 0.0);
            for ((_, kind), summary) in columns.iter().zip(bucket.columns) {
                let Some(summary) = summary else { continue };
                share += summary.coverage(HOUR_MS) / count;
                *energy.get_or_insert(0.0) += match kind {
                    MetricKind::Counter => summary.delta,
                    MetricKind::Gauge => summary.weighted_sum / 3_600_000.0,
                };
            }
            (bucket.start, energy, share)
        };
        Ok(buckets.iter().map(sum).collect())
    }
}

fn prefix(site: &str) -> Vec<u8> {
    [site.as_bytes(), &[0]].concat()
}
