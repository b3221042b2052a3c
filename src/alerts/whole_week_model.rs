//! What a story amounts to by a look at the whole of it, second by second: written from what the rules
//! say to people, with none of the code that judges readings.

use super::whole_week_story::{CHANCE_S, LATE, OFF_S, ON_S, SILENT_S, Story};

/// How long a reading stands, s: two of its intervals.
const STANDS_S: i64 = 120;
/// The rule about silence.
pub(super) const SILENCE: usize = 7;
/// Hours of the shift in which the rule of a shift holds, as minutes of the day.
const SHIFT: std::ops::Range<usize> = 2 * 60..4 * 60;
const DAY_MIN: usize = 24 * 60;

/// What one rule has seen so far.
#[derive(Default)]
struct Watch {
    /// What the last reading says, and since when, s.
    raw: bool,
    since: i64,
    /// Until when that stands, s.
    stands: i64,
    /// What counts, and how often it began to.
    on: bool,
    rises: u32,
}

/// The process began here: the step that was told next, and whether somebody had looked after the one
/// before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) step: usize,
    pub(super) looked: bool,
}

impl Watch {
    fn turn(&mut self, raw: bool, second: i64) {
        if raw != self.raw {
            (self.raw, self.since) = (raw, second);
        }
    }

    /// A delay that is over makes it count.
    fn look(&mut self, second: i64) {
        let delay_s = if self.raw { ON_S } else { OFF_S };
        if self.raw != self.on && second >= self.since + delay_s {
            self.on = self.raw;
            self.rises += u32::from(self.on);
        }
    }
}

impl Story {
    /// Whether the model can tell what a device's rules say: late readings are judged as they come, and
    /// while somebody works on a machine its rules say nothing.
    pub(super) fn is_plain(&self, device: usize) -> bool {
        device != LATE && !self.work.iter().any(|(of, ..)| *of == device)
    }

    /// How often a rule begins to count when the power never fails.
    pub(super) fn truth(&self, device: usize, rule: usize) -> u32 {
        let mut watch = Watch {
            stands: -1,
            ..Watch::default()
        };
        // After the last reading an hour goes by.
        for second in 0..i64::try_from(self.steps + 60).unwrap() * 60 {
            if second <= watch.stands {
                watch.look(second);
            }
            let step = usize::try_from(second / 60).unwrap();
            match second % 60 {
                0 => {
                    if let Some(raw) = self.says(device, rule, step, watch.raw) {
                        watch.turn(raw && in_force(rule, step), second);
                        watch.stands = second + STANDS_S;
                        watch.look(second);
                    }
                }
                // A shift begins and ends for what stands, too: half a minute after the hour.
                30 if rule == 5 && watch.raw && !in_force(rule, step) => watch.turn(false, second),
                30 if rule == 5 && in_force(rule, step) && !watch.on && !watch.raw => {
                    let last = (0..=step).rev().find_map(|n| self.power(device, n));
                    let stands = second <= watch.stands;
                    watch.turn(stands && last.is_some_and(|power| power > 76.0), second);
                }
                _ => {}
            }
        }
        watch.rises
    }

    /// Whether late readings corrected what stood before anybody had looked at it: the power failed
    /// in between. What nobody saw to last is then not told, and that is right.
    pub(super) fn is_corrected_unseen(&self, starts: &[Start]) -> bool {
        let late = |at: &Start| !at.looked && self.brings(LATE, at.step).len() > 1;
        starts.iter().any(|at| at.step < self.steps && late(at))
    }

    /// How often a device was silent for long enough and for its delay after that. Silence is noticed
    /// by a look, half a minute after each step, unless the power failed before that look was on disk;
    /// and after a start each device has five minutes to speak. What was not heard before a start counts,
    /// and what was noticed goes on over one until the device speaks: the delay, and what was told.
    pub(super) fn silences(&self, device: usize, starts: &[Start]) -> u32 {
        let (mut watch, mut started, mut heard) = (Watch::default(), 0, 0);
        let lost = |step| starts.iter().any(|at| at.step == step + 1 && !at.looked);
        // In the hour after the last reading somebody looks at each minute.
        for second in 0..=i64::try_from(self.steps + 59).unwrap() * 60 {
            watch.look(second);
            let step = usize::try_from(second / 60).unwrap();
            if second % 60 == 0 {
                if starts.iter().any(|start| start.step == step) {
                    started = second;
                }
                if self.power(device, step).is_some() {
                    heard = second;
                    watch.turn(false, second);
                }
            }
            let looked = match second % 60 {
                0 => step >= self.steps,
                30 => step < self.steps && !lost(step),
                _ => false,
            };
            let is_normal = !watch.raw && !watch.on;
            let listened = second - started >= CHANCE_S;
            if looked && is_normal && listened && second - heard >= SILENT_S {
                watch.turn(true, second);
            }
        }
        watch.rises
    }

    fn power(&self, device: usize, step: usize) -> Option<f64> {
        let value = self.values[device].get(step).copied().flatten();
        value.map(|(power, _)| power)
    }

    /// What the reading of a step says, if there is one and it says anything.
    fn says(&self, device: usize, rule: usize, step: usize, held: bool) -> Option<bool> {
        let (power, mode) = self.values[device].get(step).copied().flatten()?;
        let is_two = (mode - 2.0).abs() < 0.1;
        Some(match rule {
            0 => power > if held { 75.0 } else { 80.0 },
            // By more than 4 a minute over five minutes, and 78 on the mean of six.
            1 => self.slope(device, step, 5)? > 4.0,
            2 => self.mean(device, step, 6)? > 78.0,
            3 => is_two,
            4 => power > 60.0 && is_two,
            5 => power > if held { 71.0 } else { 76.0 },
            _ => power > if held { 83.0 } else { 88.0 },
        })
    }

    /// The readings of the last minutes with their steps, once they span half of the time.
    fn last(&self, device: usize, step: usize, minutes: usize) -> Option<Vec<(usize, f64)>> {
        let first = (step + 1).saturating_sub(minutes);
        let there = (first..=step).filter_map(|n| Some((n, self.power(device, n)?)));
        let there: Vec<_> = there.collect();
        (2 * (step - there.first()?.0) >= minutes).then_some(there)
    }

    fn slope(&self, device: usize, step: usize, minutes: usize) -> Option<f64> {
        let last = self.last(device, step, minutes)?;
        let ((from, before), (to, after)) = (*last.first()?, *last.last()?);
        let minutes = u32::try_from(to - from).unwrap();
        Some((after - before) / f64::from(minutes))
    }

    fn mean(&self, device: usize, step: usize, minutes: usize) -> Option<f64> {
        let last = self.last(device, step, minutes)?;
        let sum: f64 = last.iter().map(|(_, power)| power).sum();
        Some(sum / f64::from(u32::try_from(last.len()).unwrap()))
    }
}

/// Whether a rule holds at this minute of the story, which begins at midnight.
fn in_force(rule: usize, step: usize) -> bool {
    rule != 5 || SHIFT.contains(&(step % DAY_MIN))
}
