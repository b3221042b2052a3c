//! *pure* — when the machines of the simulated factory work.

/// The week of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Schedule {
    /// 06:00 to 22:00 on working days with breaks, Saturday morning, else idle.
    TwoShifts,
    /// Day and night on working days with breaks, Saturday until 22:00, else idle.
    ThreeShifts,
    /// Follows the heat of the day and the work in the halls.
    Cooling,
    /// 07:00 to 18:00 on working days, a little light at night.
    Offices,
}

/// Breaks of the early, the late and the night shift: start and end, minutes of the day.
const BREAKS: [(f64, f64); 5] = [
    (570.0, 585.0),
    (720.0, 750.0),
    (1_050.0, 1_080.0),
    (1_170.0, 1_185.0),
    (120.0, 150.0),
];

/// How long machines take to start and to wind down, minutes.
const RAMP: f64 = 4.0;

impl Schedule {
    /// The share of full load at this minute of the week, from Monday 00:00.
    #[must_use]
    pub(super) fn share(self, minute: usize) -> f64 {
        let day = minute / 1440;
        // Below 1440, so the conversion cannot fail.
        let time = f64::from(u16::try_from(minute % 1440).unwrap_or(0));
        let (workday, saturday) = (day < 5, day == 5);
        match self {
            Self::TwoShifts => {
                let work = match (workday, saturday) {
                    (true, _) => span(time, 360.0, 1_320.0),
                    (_, true) => span(time, 360.0, 840.0),
                    _ => 0.0,
                };
                0.06 + 0.68 * work * pauses(time, 0.45)
            }
            Self::ThreeShifts => {
                let work = match day {
                    0 => span(time, 300.0, 2_000.0),
                    1..=4 => 1.0,
                    5 => span(time, -600.0, 1_320.0),
                    _ => 0.0,
                };
                0.08 + 0.62 * work * pauses(time, 0.6)
            }
            Self::Cooling => {
                let heat = span(time, 540.0, 1_140.0) * 0.6 + 0.4;
                let work = if workday { 1.0 } else { 0.35 };
                0.1 + 0.6 * smooth(time, heat) * work
            }
            Self::Offices => {
                let work = if workday {
                    span(time, 420.0, 1_080.0)
                } else {
                    0.0
                };
                0.12 + 0.6 * work
            }
        }
    }
}

/// 1 inside, 0 outside, with ramps at both ends.
fn span(time: f64, from: f64, to: f64) -> f64 {
    let up = ((time - from) / RAMP + 0.5).clamp(0.0, 1.0);
    let down = ((to - time) / RAMP + 0.5).clamp(0.0, 1.0);
    up.min(down)
}

/// What is left of the work while people pause.
fn pauses(time: f64, left: f64) -> f64 {
    let depth = |&(from, to): &(f64, f64)| span(time, from, to);
    let pause = BREAKS.iter().map(depth).fold(0.0, f64::max);
    1.0 - (1.0 - left) * pause
}

/// The heat of the day comes and goes slowly: a half wave between 07:00 and 23:00.
fn smooth(time: f64, heat: f64) -> f64 {
    let wave = ((time - 420.0) / 960.0 * std::f64::consts::PI)
        .sin()
        .max(0.0);
    0.35 + 0.65 * wave * heat
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_stay_between_idle_and_full() {
        for schedule in [
            Schedule::TwoShifts,
            Schedule::ThreeShifts,
            Schedule::Cooling,
            Schedule::Offices,
        ] {
            for minute in 0..10_080 {
                let share = schedule.share(minute);
                assert!(
                    (0.05..=0.95).contains(&share),
                    "{schedule:?} {minute} {share}"
                );
            }
        }
    }

    #[test]
    fn people_pause_and_stop_on_sunday() {
        let tuesday = 1440;
        let work = Schedule::TwoShifts.share(tuesday + 600);
        assert!(Schedule::TwoShifts.share(tuesday + 735) < 0.6 * work);
        assert!(Schedule::TwoShifts.share(tuesday + 200) < 0.1);
        assert!(Schedule::TwoShifts.share(6 * 1440 + 600) < 0.1);
        assert!(Schedule::ThreeShifts.share(tuesday + 200) > 0.6);
    }
}
