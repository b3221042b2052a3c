//! What is learnt of pulses that come late, twice, too early or not at all, and what is cut by them.

use super::super::beat_cut::Minutes;
use super::super::metered::{Metered, SupplyCell};
use super::super::tariff::Rules;
use super::*;
use crate::base::TimeRange;
use crate::base::time::Calendar;
use proptest::prelude::*;
use rust_decimal::Decimal;
use std::collections::BTreeSet;

const MINUTE_MS: i64 = 60_000;
const QUARTER_MS: i64 = 15 * MINUTE_MS;
/// The input is read every five seconds.
const READ_MS: i64 = 5_000;
/// 2026-11-20T12:00 at Tunis, a stroke of the clock.
const NOON: Timestamp = Timestamp::from_ms(1_795_172_400_000);

fn calendar() -> Calendar {
    Calendar::new("Africa/Tunis").unwrap()
}

fn grid(calendar: &Calendar) -> Grid<'_> {
    Grid {
        window_ms: QUARTER_MS,
        calendar,
    }
}

fn at(seconds: i64) -> Timestamp {
    NOON.plus_ms(seconds * 1_000)
}

/// What is learnt of a counter that is read every five seconds until an instant; pulses in seconds
/// after noon.
fn listened(beat: &mut Beat, pulses: &[i64], until_s: i64) {
    let calendar = calendar();
    let grid = grid(&calendar);
    let mut now = beat.seen().map_or(NOON, |seen| seen.plus_ms(READ_MS));
    while now <= at(until_s) {
        let count = pulses.iter().filter(|pulse| at(**pulse) <= now).count();
        beat.read(now, f64::from(u32::try_from(count).unwrap()), grid);
        beat.listen(now, grid);
        now = now.plus_ms(READ_MS);
    }
}

fn heard(pulses: &[i64], until_s: i64) -> Beat {
    let mut beat = Beat::default();
    listened(&mut beat, pulses, until_s);
    beat
}

fn changes(beat: &Beat) -> Vec<(i64, Follows, i64)> {
    let told = |c: &Change| (c.at.since_ms(NOON) / 1_000, c.follows, c.offset_ms / 1_000);
    beat.changes.iter().map(told).collect()
}

#[test]
fn two_pulses_a_window_apart_are_a_beat() {
    // The clock of the utility is 200 s late; one pulse alone could be anything.
    assert_eq!(changes(&heard(&[200], 900)), []);
    let beat = heard(&[200, 1_100], 1_200);
    assert_eq!(changes(&beat), [(200, Follows::Pulse, 200)]);
    let calendar = calendar();
    let window = beat.window_at(at(1_200), grid(&calendar));
    assert_eq!((window.from, window.to), (at(1_100), at(2_000)));
    // A clock that is early: its windows begin before those of ours.
    let early = heard(&[795, 1_695], 1_800);
    assert_eq!(changes(&early), [(795, Follows::Pulse, -105)]);
    // One that is not seen between is no reason to doubt.
    assert_eq!(
        changes(&heard(&[200, 2_000], 2_100)),
        [(200, Follows::Pulse, 200)]
    );
}

#[test]
fn a_counter_of_something_else_is_no_beat() {
    let energy: Vec<i64> = (0..700).map(|n| n * 10).collect();
    assert_eq!(changes(&heard(&energy, 7_000)), []);
    let shots: Vec<i64> = (0..20).map(|n| n * 347).collect();
    assert_eq!(changes(&heard(&shots, 7_000)), []);
}

#[test]
fn a_pulse_that_comes_twice_counts_once() {
    let beat = heard(&[200, 207, 1_100, 1_190, 2_000, 2_004], 2_100);
    assert_eq!(changes(&beat), [(200, Follows::Pulse, 200)]);
    assert_eq!(beat.heard, Some(at(2_000)));
}

#[test]
fn where_a_pulse_is_missing_the_windows_go_on_in_its_beat() {
    // Those of 2000 and 2900 are lost.
    let pulses = [200, 1_100, 3_800];
    let pulse = (200, Follows::Pulse, 200);
    assert_eq!(changes(&heard(&pulses, 2_085)), [pulse]);
    let held = (2_000, Follows::Held, 200);
    assert_eq!(changes(&heard(&pulses, 2_100)), [pulse, held]);
    let again = (3_800, Follows::Pulse, 200);
    let beat = heard(&pulses, 4_000);
    assert_eq!(changes(&beat), [pulse, held, again]);
    let calendar = calendar();
    let range = TimeRange {
        from: at(0),
        to: at(4_000),
    };
    let cuts = beat.cuts(range, grid(&calendar));
    let ends: Vec<_> = cuts
        .iter()
        .map(|c| (c.to.since_ms(NOON) / 1_000, c.follows))
        .collect();
    assert_eq!(
        ends,
        [
            (200, Follows::Pulse),
            (1_100, Follows::Pulse),
            (2_000, Follows::Held),
            (2_900, Follows::Held),
            (3_800, Follows::Pulse),
        ]
    );
    // Readings that come in late take back that a pulse was missing.
    let mut late = heard(&pulses, 1_200);
    late.listen(at(2_200), grid(&calendar));
    assert_eq!(changes(&late), [pulse, held]);
    listened(&mut late, &[200, 1_100, 2_000], 2_200);
    assert_eq!(changes(&late), [pulse]);
}

#[test]
fn after_a_week_of_silence_the_clock_is_followed() {
    let week = HOLD_MS / 1_000;
    let mut beat = heard(&[200, 1_100], 1_200);
    let calendar = calendar();
    beat.listen(at(1_100 + week), grid(&calendar));
    assert_eq!(beat.at(at(1_100 + week)).follows, Follows::Held);
    beat.listen(at(1_101 + week), grid(&calendar));
    let next = grid(&calendar).next(grid(&calendar).start_of(at(1_101 + week), 0));
    assert_eq!(beat.at(next.minus_ms(1)).follows, Follows::Held);
    assert_eq!(beat.at(next).follows, Follows::Clock);
    assert_eq!(beat.heard, None);
}

#[test]
fn a_clock_that_is_set_moves_the_windows_and_one_that_drifts_too() {
    // The utility sets its clock forward by five minutes after 2000.
    let beat = heard(&[200, 1_100, 2_000, 2_600, 3_500], 3_600);
    assert_eq!(
        changes(&beat),
        [(200, Follows::Pulse, 200), (2_600, Follows::Pulse, -100)]
    );
    let calendar = calendar();
    let grid = grid(&calendar);
    let range = TimeRange {
        from: at(200),
        to: at(3_600),
    };
    let cuts = beat.cuts(range, grid);
    let lengths: Vec<_> = cuts.iter().map(|c| c.length_ms() / 1_000).collect();
    assert_eq!(lengths, [900, 900, 600, 900]);
    let whole: Vec<_> = cuts.iter().map(|c| grid.is_whole(c)).collect();
    assert_eq!(whole, [true, true, false, true]);

    // Each window is a second longer than ours: the edges are never off by more than two readings.
    let pulses: Vec<i64> = (0..200).map(|n| 200 + n * 901).collect();
    let drifting = heard(&pulses, pulses[199] + 20);
    for pair in pulses[1..199].windows(2) {
        let cut = drifting.window_at(at(pair[0] + 450), grid);
        assert!(
            cut.from.since_ms(at(pair[0])).abs() <= 2 * READ_MS,
            "{cut:?}"
        );
    }
    assert!(changes(&drifting).iter().all(|c| c.1 == Follows::Pulse));
}

#[test]
fn an_input_that_was_not_read_for_long_tells_no_beat() {
    let calendar = calendar();
    let grid = grid(&calendar);
    let mut beat = Beat::default();
    // Every five minutes: a pulse may lie anywhere between.
    for n in 0..30 {
        let now = at(n * 300);
        beat.read(now, f64::from(u32::try_from(n / 3).unwrap()), grid);
        beat.listen(now, grid);
    }
    assert_eq!(changes(&beat), []);
    // A contact that closes, and a counter that begins anew: what falls is no pulse.
    let mut contact = Beat::default();
    for s in (0..2_000).step_by(5) {
        let closed = s == 200 || s == 1_100;
        contact.read(at(s), f64::from(u8::from(closed)), grid);
    }
    assert_eq!(changes(&contact), [(200, Follows::Pulse, 200)]);
}

#[test]
fn what_is_read_more_often_tells_the_same_edge_more_exactly() {
    let calendar = calendar();
    let grid = grid(&calendar);
    let mut beat = Beat::default();
    // Read every minute, a pulse of 200 s after a stroke is seen 240 s after it.
    for minute in 0..20 {
        let count = f64::from(u8::from(minute >= 4)) + f64::from(u8::from(minute >= 19));
        beat.read(at(minute * 60), count, grid);
    }
    assert_eq!(changes(&beat), [(240, Follows::Pulse, 240)]);
    for s in (1_145..2_100).step_by(5) {
        beat.read(at(s), if s >= 2_000 { 3.0 } else { 2.0 }, grid);
    }
    let exact = (2_000, Follows::Pulse, 200);
    assert_eq!(changes(&beat), [(240, Follows::Pulse, 240), exact]);
    let range = TimeRange {
        from: at(600),
        to: at(2_700),
    };
    let cuts = beat.cuts(range, grid);
    let lengths: Vec<_> = cuts.iter().map(|c| c.length_ms() / 1_000).collect();
    assert_eq!(lengths, [900, 860, 900]);
    assert!(cuts.iter().all(|cut| grid.is_whole(cut)));
}

fn rules() -> Rules {
    Rules::flat("TND", Decimal::ONE)
}

fn minute_cells(from: Timestamp, energy: &[Option<i64>]) -> Vec<SupplyCell> {
    let cell = |(n, mwh): (i64, &Option<i64>)| SupplyCell {
        start: from.plus_ms(n * MINUTE_MS),
        import_mwh: *mwh,
        coverage: 1.0,
        ..SupplyCell::default()
    };
    (0..).zip(energy).map(cell).collect()
}

fn quarters(cells: &[SupplyCell]) -> Vec<SupplyCell> {
    let quarter = |part: &[SupplyCell]| SupplyCell {
        import_mwh: part.iter().map(|cell| cell.import_mwh).sum(),
        ..part[0]
    };
    cells.chunks(15).map(quarter).collect()
}

/// 60 kW, and 120 kW for the fifteen minutes from 12:03:20 on: by the clock a peak of 106.666 kW in
/// the first quarter and of 73.333 kW in the second, by the pulse of the utility 120 kW.
#[test]
fn a_peak_of_the_utility_is_found_where_the_clock_cuts_it_in_two() {
    let mut energy = vec![Some(1_000_000); 45];
    energy[3] = Some(1_000_000 * 20 / 60 + 2_000_000 * 40 / 60 + 1);
    energy[4..18].fill(Some(2_000_000));
    energy[18] = Some(2_000_000 * 20 / 60 + 1_000_000 * 40 / 60 + 1);
    let cells = minute_cells(at(0), &energy);
    let calendar = calendar();
    let (rules, beat) = (rules(), heard(&[200, 1_100], 1_200));
    let mut metered = Metered::of(&rules, &quarters(&cells), &calendar);
    let by_clock = metered.peak(&[]).unwrap();
    assert_eq!(by_clock.start, at(0));
    assert!(by_clock.kw < Decimal::from(107), "{}", by_clock.kw);
    let range = TimeRange {
        from: at(0),
        to: at(2_700),
    };
    let mut cuts = beat.cuts(range, rules.grid(&calendar));
    cuts.retain(|cut| at(0) <= cut.from && cut.to <= at(2_700));
    let before = metered.import_mwh.clone();
    metered.cut(&rules, &cuts, &Minutes::of(&cells), &calendar);
    let peak = metered.peak(&[]).unwrap();
    assert_eq!((peak.start, peak.end), (at(200), at(1_100)));
    assert_eq!(peak.follows, Follows::Pulse);
    // The two minutes at its edges are known as a whole only: by hand two thirds of 1.667 kWh, 14
    // minutes of 2 kWh and a third of 1.333 kWh, 29.556 kWh of the 30 in truth.
    assert_eq!(peak.kw.round_dp(3), "118.222".parse().unwrap());
    // What lies before the first pulse is no window.
    assert_eq!((metered.told_by, metered.missing_windows), ([2, 0, 0], 1));
    // Energy by period is that of the clock of the tariff.
    assert_eq!(metered.import_mwh, before);
}

#[test]
fn a_window_is_known_when_each_of_its_minutes_is() {
    let mut energy = vec![Some(500_000); 60];
    energy[20] = None;
    let cells = minute_cells(at(0), &energy);
    let calendar = calendar();
    let (rules, beat) = (rules(), heard(&[200, 1_100], 1_200));
    let range = TimeRange {
        from: at(200),
        to: at(3_000),
    };
    let mut metered = Metered::of(&rules, &quarters(&cells), &calendar);
    let cuts = beat.cuts(range, rules.grid(&calendar));
    metered.cut(&rules, &cuts, &Minutes::of(&cells), &calendar);
    let kw: Vec<_> = metered.windows.iter().map(|w| (w.start, w.kw)).collect();
    let thirty = Decimal::from(30);
    assert_eq!(kw, [(at(200), thirty), (at(2_000), thirty)]);
    assert_eq!(metered.missing_windows, 1);

    // Minutes are kept for a year, quarters for ever: what lies before is cut by the clock.
    let mut energy = vec![None; 30];
    energy.extend(vec![Some(500_000); 60]);
    let coarse = quarters(&minute_cells(at(0), &vec![Some(500_000); 90]));
    let mut metered = Metered::of(&rules, &coarse, &calendar);
    let range = TimeRange {
        from: at(0),
        to: at(5_000),
    };
    let cuts = beat.cuts(range, rules.grid(&calendar));
    let fine = Minutes::of(&minute_cells(at(0), &energy));
    metered.cut(&rules, &cuts, &fine, &calendar);
    let told: Vec<_> = metered.windows.iter().map(|w| w.follows).collect();
    assert_eq!(
        told,
        [
            Follows::Clock,
            Follows::Clock,
            Follows::Pulse,
            Follows::Pulse,
            Follows::Pulse
        ]
    );
    assert_eq!(metered.told_by, [3, 0, 2]);
}

proptest! {
    /// Whatever the pulses are, windows follow each other without a hole, each knows its energy
    /// when its minutes are known, and their energies add up to that of the whole stretch.
    #[test]
    fn parts_add_up_to_the_whole(
        phase in 0_i64..900,
        drift in -3_i64..=3,
        lost in prop::collection::btree_set(0_usize..40, 0..8),
        extra in prop::collection::vec(0_i64..36_000, 0..6),
        energy in prop::collection::vec(0_i64..3_000_000, 720),
    ) {
        let regular = (0..40_usize).filter(|n| !lost.contains(n));
        let regular = regular.map(|n| phase + i64::try_from(n).unwrap() * (900 + drift));
        let pulses: BTreeSet<i64> = regular.chain(extra).collect();
        let beat = heard(&pulses.into_iter().collect::<Vec<_>>(), 36_000);
        prop_assert!(beat.changes.windows(2).all(|pair| pair[0].at < pair[1].at));
        let calendar = calendar();
        let range = TimeRange { from: at(1_800), to: at(36_000) };
        let cuts = beat.cuts(range, grid(&calendar));
        prop_assert!(cuts.windows(2).all(|pair| pair[0].to == pair[1].from));
        let known: Vec<_> = energy.iter().copied().map(Some).collect();
        let minutes = Minutes::of(&minute_cells(at(0), &known));
        let parts = cuts.iter().map(|cut| minutes.between(cut.from, cut.to).unwrap());
        let whole = minutes.between(cuts[0].from, cuts.last().unwrap().to).unwrap();
        prop_assert_eq!(parts.sum::<i64>(), whole);
        // A window holds the middle of the range that it is counted in, and only one does.
        let (left, right) = (
            beat.cuts(TimeRange { from: range.from, to: at(17_321) }, grid(&calendar)),
            beat.cuts(TimeRange { from: at(17_321), to: range.to }, grid(&calendar)),
        );
        prop_assert_eq!([left, right].concat(), cuts);
    }
}
