//! *pure* — the demand window that is running: what it will end with, and how much may still be
//! drawn.
//!
//! The energy of what has run is known. The rest is taken at the power of the last ten minutes, long
//! enough that the cycle of a machine does not mislead; of the last five when they depart from those
//! ten in a way that is not usual: then something was switched on or off. Where two of the last four
//! weeks had a window like it at the same time of the same day, the rest changes as it did there:
//! breaks and shifts begin by the clock.

use crate::base::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Minutes whose mean is the recent power.
pub const RECENT_MINUTES: i64 = 5;
/// Minutes whose mean the rest of the window begins with.
pub const STEADY_MINUTES: i64 = 10;
/// Weeks that are looked back upon.
pub const WEEKS: i64 = 4;
/// Fewer weeks say what happened, not what is usual.
const WEEKS_MIN: usize = 2;
/// A share by which the last five minutes depart from the last ten when no cycle does it.
const STEP: f64 = 0.15;
/// How much of both sides of the moment must be known of an earlier week.
const PAST_COVERAGE_MIN: f64 = 0.8;
/// A week that drew less than a half or more than twice as much was another kind of day.
const ALIKE: std::ops::RangeInclusive<f64> = 0.5..=2.0;
/// How far the power may change by habit: the start of a shift after an idle night is within it.
const CHANGE: (f64, f64) = (0.1, 10.0);
const MINUTE_MS: i64 = 60_000;

/// The power of one minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Minute {
    /// First instant.
    pub start: Timestamp,
    /// Mean power, kW; `None` when it is not known of every meter.
    pub kw: Option<f64>,
}

/// The window that is running.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DemandNow {
    /// When it began.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
    /// How much of it has run, s.
    pub elapsed_s: i64,
    /// Energy so far, kWh.
    pub kwh_so_far: f64,
    /// Mean power of what has run, kW.
    pub mean_kw: f64,
    /// Mean power of the last five minutes, kW.
    pub recent_kw: f64,
    /// What the window will end with, kW.
    pub forecast_kw: f64,
    /// How many of the last four weeks had a window like it at the same time of the same day, whose
    /// course the forecast follows; fewer than two are not followed.
    pub weeks: usize,
    /// How much of what has run was measured, 0 to 1. What was not is taken at the mean of the rest.
    pub coverage: f64,
    /// Ordered power, kW.
    pub contracted_kw: Option<f64>,
    /// Power that may be drawn until the end of the window so that it ends at the ordered power, kW;
    /// below zero when it is passed already.
    pub allowed_kw: Option<f64>,
    /// What is still free of that beside the recent power, kW; below zero is what has to go.
    pub available_kw: Option<f64>,
    /// Whether the window will end above the ordered power.
    pub will_exceed: bool,
}

/// The minutes of a window and of the ten before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// Up to now, in the order of time; the last may have begun.
    pub minutes: Vec<Minute>,
    /// Those of the weeks before, of the whole window, as if they were today's.
    pub weeks: Vec<Vec<Minute>>,
}

/// The running window. `None` when none of its minutes and none of the last ones is known.
#[must_use]
pub fn running(
    course: &Course,
    (from, to): (Timestamp, Timestamp),
    now: Timestamp,
    contracted_kw: Option<f64>,
) -> Option<DemandNow> {
    let minutes = &course.minutes;
    let recent_kw = mean(minutes, now.minus_ms(RECENT_MINUTES * MINUTE_MS), now)?.0;
    let (rest_kw, weeks) = rest(course, recent_kw, now, to);
    let elapsed_ms = now.since_ms(from).clamp(0, to.since_ms(from));
    let (mean_kw, covered_ms) = mean(minutes, from, now).unwrap_or((recent_kw, 0));
    let hours = |ms: i64| {
        #[allow(clippy::cast_precision_loss)] // an hour at most
        let ms = ms as f64;
        ms / 3_600_000.0
    };
    let left_ms = to.since_ms(from) - elapsed_ms;
    let so_far = mean_kw * hours(elapsed_ms);
    let whole = hours(to.since_ms(from));
    let forecast_kw = (so_far + rest_kw * hours(left_ms)) / whole;
    // In the last second there is nothing left to steer.
    let allowed = |kw: f64| (kw * whole - so_far) / hours(left_ms.max(1_000));
    let allowed_kw = contracted_kw.map(allowed);
    Some(DemandNow {
        from,
        to,
        elapsed_s: elapsed_ms / 1_000,
        kwh_so_far: so_far,
        mean_kw,
        recent_kw,
        forecast_kw,
        weeks,
        coverage: if elapsed_ms == 0 {
            1.0
        } else {
            hours(covered_ms) / hours(elapsed_ms)
        },
        contracted_kw,
        allowed_kw,
        available_kw: allowed_kw.map(|allowed| allowed - recent_kw),
        will_exceed: contracted_kw.is_some_and(|kw| forecast_kw > kw),
    })
}

/// The mean power of what is left of the window, kW, and how many weeks were like this one.
fn rest(course: &Course, recent_kw: f64, now: Timestamp, to: Timestamp) -> (f64, usize) {
    let steady = |minutes: &[Minute]| {
        let known = mean(minutes, now.minus_ms(STEADY_MINUTES * MINUTE_MS), now);
        known.map(|(kw, _)| kw)
    };
    let steady_kw = steady(&course.minutes).unwrap_or(recent_kw);
    let weeks = course.weeks.iter();
    let habits: Vec<_> = weeks
        .filter_map(|week| Habit::of(week, steady_kw, now, to))
        .collect();
    let is_usual = habits.len() >= WEEKS_MIN;
    let by_habit = |of: fn(&Habit) -> f64| match is_usual {
        true => median(habits.iter().map(of).collect()),
        false => 1.0,
    };
    // A supply that gives as much as it takes has no power to take shares of.
    let is_step = match steady_kw > 0.0 {
        true => (recent_kw / steady_kw / by_habit(|habit| habit.recent) - 1.0).abs() > STEP,
        false => true,
    };
    let rest_kw = match is_step {
        true => recent_kw * by_habit(|habit| habit.after_recent),
        false => steady_kw * by_habit(|habit| habit.after_steady),
    };
    (rest_kw, habits.len())
}

/// How the power of an earlier week went on at this moment, as ratios.
struct Habit {
    /// The last five minutes to the last ten.
    recent: f64,
    /// What was left of the window to the last ten minutes.
    after_steady: f64,
    /// The same to the last five.
    after_recent: f64,
}

impl Habit {
    /// `None` when that week is not known, or drew far more or less than now.
    fn of(week: &[Minute], steady_kw: f64, now: Timestamp, to: Timestamp) -> Option<Self> {
        let known = |from: Timestamp, to: Timestamp| {
            let (kw, covered_ms) = mean(week, from, to)?;
            #[allow(clippy::cast_precision_loss)] // an hour
            let coverage = covered_ms as f64 / to.since_ms(from) as f64;
            (coverage >= PAST_COVERAGE_MIN && kw > 0.0).then_some(kw)
        };
        let steady = known(now.minus_ms(STEADY_MINUTES * MINUTE_MS), now)?;
        let recent = known(now.minus_ms(RECENT_MINUTES * MINUTE_MS), now)?;
        let after = known(now, to)?;
        let change = |from: f64| (after / from).clamp(CHANGE.0, CHANGE.1);
        ALIKE.contains(&(steady / steady_kw)).then(|| Self {
            recent: recent / steady,
            after_steady: change(steady),
            after_recent: change(recent),
        })
    }
}

/// The middle of some numbers; of an even count the mean of the two in the middle.
fn median(mut list: Vec<f64>) -> f64 {
    list.sort_by(f64::total_cmp);
    let upper = list.len() / 2;
    f64::midpoint(list[(list.len() - 1) / 2], list[upper])
}

/// The mean over the known minutes of a span, each by how much of it lies in the span, and how much
/// that is, ms.
fn mean(minutes: &[Minute], from: Timestamp, to: Timestamp) -> Option<(f64, i64)> {
    let (mut sum, mut covered) = (0.0, 0);
    for minute in minutes {
        let begin = minute.start.max(from);
        let end = minute.start.plus_ms(MINUTE_MS).min(to);
        let within = end.since_ms(begin);
        if let Some(kw) = minute.kw.filter(|_| within > 0) {
            #[allow(clippy::cast_precision_loss)] // a minute
            let weight = within as f64;
            sum += kw * weight;
            covered += within;
        }
    }
    #[allow(clippy::cast_precision_loss)] // an hour
    let weight = covered as f64;
    (covered > 0).then(|| (sum / weight, covered))
}

#[cfg(test)]
#[path = "demand_tests.rs"]
mod tests;
