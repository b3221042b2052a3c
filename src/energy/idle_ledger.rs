//! Hours and energy of a machine by state and shift, and what its standing idle costs.

use super::idle::{Cuts, Follower, MachineState, learn};
use super::places::millionths;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{EquipmentId, Error, Metric, Phase, Result, TimeRange, Timestamp};
use crate::site::Site;
use crate::tsdb::{Query, Resolution, SeriesId, Tsdb};
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive as _;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 3_600_000;
/// Minutes that are asked of the readings at once: three days.
const AT_ONCE_MS: i64 = 3 * DAY_MS;
/// Longest range, ms.
const RANGE_MAX_MS: i64 = 93 * DAY_MS;
/// From how long before the end the states are learnt at least, ms.
const LEARN_MS: i64 = 28 * DAY_MS;
/// Most shifts of a day.
const SHIFTS_MAX: usize = 6;

/// The hours and the energy of one shift, over all days.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct ShiftLedger {
    /// When it begins on the clock of the site, `06:00`; `all` for the sum.
    pub shift: String,
    /// Hours switched off.
    pub off_h: f64,
    /// Hours idle.
    pub idle_h: f64,
    /// Hours at work.
    pub run_h: f64,
    /// Hours of which nothing was measured.
    pub unknown_h: f64,
    /// Energy while switched off, kWh.
    pub off_kwh: f64,
    /// Energy while idle, kWh.
    pub idle_kwh: f64,
    /// Energy at work, kWh.
    pub run_kwh: f64,
    /// What the idle energy costs, a decimal: minute by minute at the price of the tariff that is
    /// in force then (energy with levies and taxes, first tier), else at the flat price of the
    /// site; `null` when some of it has no price.
    pub idle_cost: Option<String>,
}

/// What a machine did in a range.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct IdleLedger {
    /// The machine.
    pub equipment_id: EquipmentId,
    /// First instant.
    pub from: Timestamp,
    /// First instant after.
    pub to: Timestamp,
    /// The currency of what idling costs.
    pub currency: String,
    /// Where its states were cut; `null` when they could not be learnt.
    pub cuts: Option<Cuts>,
    /// Whether the cuts were learnt from its power, or given.
    pub learnt: bool,
    /// By shift, in the order of their beginnings.
    pub shifts: Vec<ShiftLedger>,
    /// All of it.
    pub total: ShiftLedger,
    /// What it produced in the range, if all of it is known.
    pub parts: Option<f64>,
    /// Energy for each of them, idle and standby included, kWh.
    pub kwh_per_part: Option<f64>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct IdleQuery {
    /// The machine.
    pub equipment: EquipmentId,
    /// From when to when.
    pub range: TimeRange,
    /// Beginnings of the shifts, minutes after midnight, ascending.
    pub shifts: Vec<u32>,
    /// Cuts that a person gives instead of those that are learnt.
    pub cuts: Option<Cuts>,
}

/// What a kWh costs, and in which currency.
pub struct Prices<'a> {
    /// The price of a moment; `None` when there is none in this currency.
    pub at: &'a dyn Fn(Timestamp) -> Option<Decimal>,
    /// The currency.
    pub currency: String,
}

/// Reads the beginnings of shifts: `06:00,14:00,22:00`.
///
/// # Errors
/// When a time cannot be read, or they do not ascend.
pub fn shifts_of(text: &str) -> Result<Vec<u32>> {
    let minute = |part: &str| {
        let (hour, minute) = part.trim().split_once(':')?;
        let (hour, minute): (u32, u32) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    };
    let found: Option<Vec<u32>> = text.split(',').map(minute).collect();
    let ascending = |shifts: &Vec<u32>| {
        shifts.len() <= SHIFTS_MAX && shifts.windows(2).all(|pair| pair[0] < pair[1])
    };
    found.filter(ascending).ok_or_else(|| {
        let sentence = "Write when shifts begin, in their order, six at most: 06:00,14:00,22:00.";
        Error::invalid("shifts", sentence)
    })
}

/// The ledger of a machine. Reads the disk.
///
/// # Errors
/// When its power is not measured; when the range is too long; when the files cannot be read.
pub fn ledger(
    tsdb: &Arc<Tsdb>,
    site: &Site,
    query: &IdleQuery,
    prices: &Prices<'_>,
) -> Result<IdleLedger> {
    let range = query.range;
    if range.length_ms() > RANGE_MAX_MS {
        return Err(Error::invalid("to", "At most 93 days at once."));
    }
    let series = tsdb
        .find(query.equipment, &Metric::POWER, Phase::Total)
        .ok_or_else(|| {
            Error::invalid(
                "equipment_id",
                "Its power is not measured: nothing can be learnt from it.",
            )
        })?;
    let calendar = site.calendar();
    let learn_from = range.from.min(range.to.minus_ms(LEARN_MS));
    let wide = TimeRange {
        from: if query.cuts.is_some() {
            range.from
        } else {
            learn_from
        },
        to: range.to,
    };
    let minutes = minutes(tsdb, series, wide, &calendar)?;
    let cuts = query.cuts.or_else(|| {
        let known: Vec<f64> = minutes.iter().filter_map(|(_, power)| *power).collect();
        learn(&known)
    });
    let inside = minutes
        .iter()
        .filter(|(at, _)| *at >= range.from && *at < range.to);
    let (shifts, costs) = add_up(inside.copied(), cuts, (&query.shifts, &calendar), prices.at);
    let mut total = sum(&shifts);
    let all: Option<Decimal> = costs.into_iter().sum();
    total.idle_cost = all.map(|cost| cost.round_dp(2).to_string());
    Ok(IdleLedger {
        equipment_id: query.equipment,
        from: range.from,
        to: range.to,
        currency: prices.currency.clone(),
        cuts,
        learnt: query.cuts.is_none(),
        shifts,
        total,
        parts: None,
        kwh_per_part: None,
    })
}

impl IdleLedger {
    /// The same beside what the machine produced.
    #[must_use]
    pub fn with_parts(mut self, parts: Option<f64>) -> Self {
        let energy = self.total.off_kwh + self.total.idle_kwh + self.total.run_kwh;
        self.parts = parts;
        self.kwh_per_part = parts
            .filter(|parts| *parts > 0.0)
            .map(|parts| energy / parts);
        self
    }
}

/// The mean power of each minute, kW.
fn minutes(
    tsdb: &Tsdb,
    series: SeriesId,
    range: TimeRange,
    calendar: &Calendar,
) -> Result<Vec<(Timestamp, Option<f64>)>> {
    let mut all = Vec::new();
    let mut from = range.from.floor_to(MINUTE_MS);
    while from < range.to {
        let to = from.plus_ms(AT_ONCE_MS).min(range.to);
        let buckets = tsdb.buckets(&Query {
            series: vec![series],
            range: TimeRange { from, to },
            resolution: Resolution::Buckets(BucketSize::Fixed(MINUTE_MS)),
            calendar: calendar.clone(),
        })?;
        all.extend(buckets.iter().map(|bucket| {
            let known = bucket.columns[0].filter(|summary| summary.covered_ms > 0);
            (bucket.start, known.map(|summary| summary.mean()))
        }));
        from = to;
    }
    Ok(all)
}

/// Which shift a minute of the day belongs to: before the first one of the day it is the last.
fn shift_of(shifts: &[u32], minute: u32) -> usize {
    let begun = shifts.iter().filter(|start| **start <= minute).count();
    (begun + shifts.len() - 1) % shifts.len()
}

/// Hours and energy by shift, and what idling cost in each, exact. Without cuts every measured
/// hour is one at work.
fn add_up(
    minutes: impl Iterator<Item = (Timestamp, Option<f64>)>,
    cuts: Option<Cuts>,
    (shifts, calendar): (&[u32], &Calendar),
    price: &dyn Fn(Timestamp) -> Option<Decimal>,
) -> (Vec<ShiftLedger>, Vec<Option<Decimal>>) {
    const HOUR: f64 = 1.0 / 60.0;
    let name = |start: &u32| ShiftLedger {
        shift: format!("{:02}:{:02}", start / 60, start % 60),
        ..ShiftLedger::default()
    };
    let mut ledgers: Vec<ShiftLedger> = shifts.iter().map(name).collect();
    let mut costs = vec![Some(Decimal::ZERO); shifts.len()];
    // Prices change at a quarter of an hour at the earliest.
    let mut priced: Option<(Timestamp, Option<Decimal>)> = None;
    let mut machine = cuts.map(Follower::new);
    for (at, power) in minutes {
        let shift = shift_of(shifts, calendar.week_minute(at) % 1_440);
        let ledger = &mut ledgers[shift];
        let state = match &mut machine {
            Some(machine) => machine.next(power),
            None => power.map(|_| MachineState::Run),
        };
        let energy = power.unwrap_or(0.0) * HOUR;
        let (hours, kwh) = match state {
            Some(MachineState::Off) => (&mut ledger.off_h, &mut ledger.off_kwh),
            Some(MachineState::Idle) => (&mut ledger.idle_h, &mut ledger.idle_kwh),
            Some(MachineState::Run) => (&mut ledger.run_h, &mut ledger.run_kwh),
            None => {
                ledger.unknown_h += HOUR;
                continue;
            }
        };
        *hours += HOUR;
        *kwh += energy;
        if state == Some(MachineState::Idle) {
            let quarter = at.floor_to(15 * MINUTE_MS);
            let held = priced.filter(|(known, _)| *known == quarter);
            let (_, each) = *priced.insert(held.unwrap_or_else(|| (quarter, price(quarter))));
            let cost = Decimal::from_f64(energy).zip(each);
            costs[shift] = costs[shift]
                .zip(cost)
                .map(|(sum, (kwh, price))| sum + kwh * price);
        }
    }
    for (ledger, cost) in ledgers.iter_mut().zip(&costs) {
        ledger.idle_cost = cost.map(|cost| cost.round_dp(2).to_string());
        ledger.tidy();
    }
    (ledgers, costs)
}

fn sum(shifts: &[ShiftLedger]) -> ShiftLedger {
    let start = ShiftLedger {
        shift: "all".to_owned(),
        ..ShiftLedger::default()
    };
    let mut sum = shifts.iter().fold(start, |all, one| ShiftLedger {
        off_h: all.off_h + one.off_h,
        idle_h: all.idle_h + one.idle_h,
        run_h: all.run_h + one.run_h,
        unknown_h: all.unknown_h + one.unknown_h,
        off_kwh: all.off_kwh + one.off_kwh,
        idle_kwh: all.idle_kwh + one.idle_kwh,
        run_kwh: all.run_kwh + one.run_kwh,
        ..all
    });
    sum.tidy();
    sum
}

impl ShiftLedger {
    /// Sums of sixtieths to a millionth: what lies behind is the dirt of binary fractions.
    fn tidy(&mut self) {
        let hours = [
            &mut self.off_h,
            &mut self.idle_h,
            &mut self.run_h,
            &mut self.unknown_h,
        ];
        let energy = [&mut self.off_kwh, &mut self.idle_kwh, &mut self.run_kwh];
        for figure in hours.into_iter().chain(energy) {
            *figure = millionths(*figure);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_go_to_their_shift_on_the_clock_of_the_site() {
        let calendar = Calendar::new("Africa/Tunis").unwrap();
        let shifts = shifts_of("06:00, 14:00,22:00").unwrap();
        // From 05:00 to 07:00 in Tunis: an hour of the night shift, an hour of the first.
        let start: Timestamp = "2026-11-20T04:00:00Z".parse().unwrap();
        let minutes = (0..120).map(|n| {
            let power = match n {
                0..30 => Some(0.1),
                30..90 => Some(3.0),
                90..110 => Some(30.0),
                _ => None,
            };
            (start.plus_ms(n * MINUTE_MS), power)
        });
        let cuts = Cuts {
            off_below_kw: 1.0,
            run_above_kw: 10.0,
        };
        // Five cents until six in the morning, then twenty; no price after half past six.
        let (six, half): (Timestamp, Timestamp) =
            (start.plus_ms(60 * MINUTE_MS), start.plus_ms(90 * MINUTE_MS));
        let price =
            |at: Timestamp| (at < half).then(|| Decimal::new(if at < six { 5 } else { 20 }, 2));
        let (found, costs) = add_up(minutes, Some(cuts), (&shifts, &calendar), &price);
        // They are told to a millionth.
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
        let (first, night) = (&found[0], &found[2]);
        assert_eq!(
            (first.shift.as_str(), night.shift.as_str()),
            ("06:00", "22:00")
        );
        assert!(near(night.off_h, 0.5) && near(night.idle_h, 0.5) && near(night.idle_kwh, 1.5));
        assert!(
            near(first.idle_h, 0.5) && near(first.run_h, 20.0 / 60.0),
            "{first:?}"
        );
        assert!(
            near(first.unknown_h, 10.0 / 60.0) && near(first.run_kwh, 10.0),
            "{first:?}"
        );
        // 30 min at 3 kW: 1.5 kWh at 0.05, and as much at 0.20.
        assert_eq!(night.idle_cost.as_deref(), Some("0.08"));
        assert_eq!(first.idle_cost.as_deref(), Some("0.30"));
        assert_eq!(
            costs
                .iter()
                .copied()
                .sum::<Option<Decimal>>()
                .map(|c| c.round_dp(4)),
            Some("0.375".parse().unwrap())
        );
        let all = sum(&found);
        assert!(
            near(all.off_h + all.idle_h + all.run_h + all.unknown_h, 2.0),
            "{all:?}"
        );
        for wrong in ["6", "14:00,06:00", "24:00", "06:00,06:00", ""] {
            assert!(shifts_of(wrong).is_err(), "{wrong}");
        }
    }
}
