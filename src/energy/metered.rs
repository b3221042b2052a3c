//! *pure* — what was metered in a stretch of time, by the periods and windows of a tariff.

use super::beat::Follows;
use super::beat_cut::{Cut, Grid, Minutes};
use super::tariff::Rules;
use super::tariff_clock::{Local, Periods};
use crate::base::Timestamp;
use crate::base::time::Calendar;
use rust_decimal::Decimal;

/// Energy of a supply in a few minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SupplyCell {
    /// First instant.
    pub start: Timestamp,
    /// What flowed in, mWh, as far as it is known; `None` when nothing is.
    pub import_mwh: Option<i64>,
    /// Whether some meter of the supply is missing in it: its energy counts, but it is no peak.
    pub partial: bool,
    /// What flowed out, mWh.
    pub export_mwh: i64,
    /// Reactive energy, mvarh; `None` when it is not metered.
    pub reactive: Option<i64>,
    /// How much of it was measured, 0 to 1.
    pub coverage: f64,
    /// Whether energy of some meter was shared out by time: it was not read as often as that.
    pub estimated: bool,
}

/// A demand window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// What said when it ended.
    pub follows: Follows,
    /// The place of its period.
    pub period: usize,
    /// Its mean power, kW, exact.
    pub kw: Decimal,
    /// Whether some meter was not read as often as the window is long, was silent in it, or was
    /// corrected: its energy is shared out by time.
    pub estimated: bool,
}

/// What was metered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metered {
    /// Energy that flowed in, mWh, by period.
    pub import_mwh: Vec<i64>,
    /// Reactive energy, mvarh, by period; empty when none is metered.
    pub reactive: Vec<i64>,
    /// Energy that flowed out, mWh.
    pub export_mwh: i64,
    /// The windows of which all is known.
    pub windows: Vec<Window>,
    /// The periods that occur.
    pub occurs: Vec<bool>,
    /// How many windows are not known in full.
    pub missing_windows: usize,
    /// How many windows follow the pulse of the utility, its beat, and the clock; zeros where no
    /// pulse is heard.
    pub told_by: [usize; 3],
    /// Sum of the coverage of the cells, and how many there are.
    pub covered: (f64, usize),
}

/// The mean power of energy that flowed in so many ms, kW; exact where the decimals end, else to a
/// microwatt.
#[must_use]
pub fn mean_kw(mwh: i64, length_ms: i64) -> Decimal {
    let kw = kwh(mwh) * Decimal::from(3_600_000) / Decimal::from(length_ms.max(1));
    kw.round_dp(9)
}

impl Rules {
    /// The demand windows of the rules on a clock.
    #[must_use]
    pub fn grid<'a>(&self, calendar: &'a Calendar) -> Grid<'a> {
        Grid {
            window_ms: i64::from(self.window_minutes) * 60_000,
            calendar,
        }
    }
}

/// Milliwatt-hours as exact kWh.
#[must_use]
pub fn kwh(mwh: i64) -> Decimal {
    Decimal::new(mwh, 6)
}

impl Metered {
    /// What cells say, in the order of time, whose length is [`Rules::cell_minutes`].
    #[must_use]
    pub fn of(rules: &Rules, cells: &[SupplyCell], calendar: &Calendar) -> Self {
        let periods = Periods::of(rules);
        let many = rules.periods.len();
        let mut metered = Self {
            import_mwh: vec![0; many],
            occurs: vec![false; many],
            ..Self::default()
        };
        if cells.iter().any(|cell| cell.reactive.is_some()) {
            metered.reactive = vec![0; many];
        }
        let mut open: Option<Open> = None;
        for cell in cells {
            let local = Local::of(cell.start, calendar);
            let Some(period) = periods.at(local) else {
                continue;
            };
            metered.occurs[period] = true;
            metered.import_mwh[period] += cell.import_mwh.unwrap_or(0);
            metered.export_mwh += cell.export_mwh;
            if let Some(sum) = metered.reactive.get_mut(period) {
                *sum += cell.reactive.unwrap_or(0);
            }
            metered.covered.0 += cell.coverage;
            metered.covered.1 += 1;
            if local.minute.is_multiple_of(rules.window_minutes) || open.is_none() {
                metered.close(open.take(), rules);
                open = Some(Open {
                    start: cell.start,
                    period,
                    cells: 0,
                    mwh: Some(0),
                    estimated: false,
                });
            }
            if let Some(open) = open.as_mut() {
                open.cells += 1;
                open.estimated |= cell.estimated;
                let all = cell.import_mwh.filter(|_| !cell.partial);
                open.mwh = open.mwh.zip(all).map(|(sum, mwh)| sum + mwh);
            }
        }
        metered.close(open, rules);
        metered
    }

    fn close(&mut self, open: Option<Open>, rules: &Rules) {
        let Some(open) = open else { return };
        let whole = open.cells * rules.cell_minutes() == rules.window_minutes;
        match open.mwh.filter(|_| whole) {
            Some(mwh) => {
                let per_hour = Decimal::from(60 / rules.window_minutes);
                self.windows.push(Window {
                    start: open.start,
                    end: open.start.plus_ms(i64::from(rules.window_minutes) * 60_000),
                    follows: Follows::Clock,
                    period: open.period,
                    kw: kwh(mwh) * per_hour,
                    estimated: open.estimated,
                });
            }
            None => self.missing_windows += 1,
        }
    }

    /// Takes these windows instead of those of the clock, as far back as there are minutes to cut
    /// them of; a window that is too short or too long for one counts as not known.
    pub fn cut(&mut self, rules: &Rules, cuts: &[Cut], minutes: &Minutes, calendar: &Calendar) {
        let Some(fine_from) = minutes.known_from() else {
            self.told_by = [0, 0, self.windows.len()];
            return;
        };
        self.windows.retain(|window| window.end <= fine_from);
        let by_clock = self.windows.len();
        self.told_by = [0, 0, by_clock];
        let early = cuts.iter().filter(|cut| cut.to <= fine_from).count();
        self.missing_windows = early.saturating_sub(by_clock);
        let (grid, periods) = (rules.grid(calendar), Periods::of(rules));
        for cut in cuts.iter().filter(|cut| cut.to > fine_from) {
            let known = minutes
                .between(cut.from, cut.to)
                .filter(|_| grid.is_whole(cut));
            let period = periods.at(Local::of(cut.middle(), calendar));
            let (Some(mwh), Some(period)) = (known, period) else {
                self.missing_windows += 1;
                continue;
            };
            self.told_by[match cut.follows {
                Follows::Pulse => 0,
                Follows::Held => 1,
                Follows::Clock => 2,
            }] += 1;
            self.windows.push(Window {
                start: cut.from,
                end: cut.to,
                follows: cut.follows,
                period,
                kw: mean_kw(mwh, cut.length_ms()),
                estimated: minutes.is_estimated(cut.from, cut.to),
            });
        }
    }

    /// The greatest window of some periods; of all when none is named. The first of equal ones.
    #[must_use]
    pub fn peak(&self, periods: &[usize]) -> Option<Window> {
        let of = |window: &&Window| periods.is_empty() || periods.contains(&window.period);
        let greater = |best: Window, window: &Window| match window.kw > best.kw {
            true => *window,
            false => best,
        };
        let mut windows = self.windows.iter().filter(of);
        let first = *windows.next()?;
        Some(windows.fold(first, greater))
    }

    /// How many windows say what was shared out by time.
    #[must_use]
    pub fn estimated_windows(&self) -> usize {
        self.windows
            .iter()
            .filter(|window| window.estimated)
            .count()
    }

    /// All energy that flowed in, mWh.
    #[must_use]
    pub fn total_mwh(&self) -> i64 {
        self.import_mwh.iter().sum()
    }
}

struct Open {
    start: Timestamp,
    period: usize,
    cells: u32,
    mwh: Option<i64>,
    estimated: bool,
}
