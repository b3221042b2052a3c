//! Power cuts, full and broken disks under the readings.

use super::super::{Damage, Listener, Verified};
use super::plant::Plant;
use super::rot::{Answers, Rot, flip_run};
use super::run::{cut_run, filled, filled_disk, refusal_run};
use crate::store::simulated::{Torture, Trouble};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Mutex;

/// Runs with one cut, with three, and on a disk that lies, unless others are asked for.
const RUNS: u64 = 500;
const RUNS_AGAIN: u64 = 200;
const RUNS_LYING: u64 = 60;
/// Flips, unless more are asked for.
const FLIPS: u64 = 100;
/// How full the disk is when it runs full.
const FILL_LEVELS: usize = 145;
/// Up to this level the disk is full when the appliance starts for the first time: all are tried.
const STARTS_FULL: u64 = 8;

#[test]
fn a_power_cut_loses_no_reading() {
    let tally = Torture::of(RUNS).run("a_power_cut_loses_no_reading", |seed| {
        cut_run(seed, 0, false)
    });
    assert_eq!(tally.failed, 0);
}

#[test]
fn a_power_cut_inside_the_recovery_loses_no_reading() {
    let test = "a_power_cut_inside_the_recovery_loses_no_reading";
    let tally = Torture::of(RUNS_AGAIN).run(test, |seed| cut_run(seed, 2, false));
    assert_eq!(tally.failed, 0);
}

/// The control: a proof that does not notice a disk that lies proves nothing.
#[test]
fn readings_on_a_disk_that_lies_are_noticed() {
    let test = "readings_on_a_disk_that_lies_are_noticed";
    let tally = Torture::of(RUNS_LYING).run(test, |seed| cut_run(seed, 0, true));
    assert!(
        tally.runs == 1 || tally.failed * 2 > tally.runs,
        "only {} of {} runs on a lying disk were noticed",
        tally.failed,
        tally.runs
    );
}

#[test]
fn a_full_disk_harms_no_reading() {
    let seed = 5;
    let (_, pages) = refusal_run(seed, Trouble::default()).unwrap();
    let levels = Torture::of(STARTS_FULL + FILL_LEVELS as u64 / 9);
    let tally = levels.run("a_full_disk_harms_no_reading", |level| {
        let step = match levels.is_long() || level <= STARTS_FULL {
            true => level,
            false => (level - STARTS_FULL) * 9,
        };
        let step = usize::try_from(step).unwrap_or(0);
        let trouble = Trouble {
            capacity_pages: Some(pages * (step % FILL_LEVELS) / FILL_LEVELS),
            ..Trouble::default()
        };
        refusal_run(seed + (step / FILL_LEVELS) as u64, trouble).map(drop)
    });
    assert_eq!(tally.failed, 0);
}

fn errors_at_every_operation(test: &str, keeps_failing: bool) {
    let seed = 3;
    let (operations, _) = refusal_run(seed, Trouble::default()).unwrap();
    let every = if Torture::of(0).is_long() { 1 } else { 113 };
    let tally = Torture::of(operations / every).run(test, |place| {
        let trouble = Trouble {
            fail_at_operation: Some(1 + place * every % operations),
            keeps_failing,
            ..Trouble::default()
        };
        refusal_run(seed + place * every / operations, trouble).map(drop)
    });
    assert_eq!(tally.failed, 0);
}

#[test]
fn one_input_output_error_anywhere_harms_no_reading() {
    errors_at_every_operation("one_input_output_error_anywhere_harms_no_reading", false);
}

#[test]
fn a_disk_that_breaks_anywhere_and_is_replaced_harms_no_reading() {
    let test = "a_disk_that_breaks_anywhere_and_is_replaced_harms_no_reading";
    errors_at_every_operation(test, true);
}

/// What a check told.
#[derive(Default)]
struct Told(Vec<Damage>);

impl Listener for Told {
    fn damage(&mut self, damage: &Damage) {
        self.0.push(damage.clone());
    }

    fn progress(&mut self, _: usize, _: usize, _: Verified) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

#[test]
fn a_check_finds_nothing_where_nothing_is_wrong_and_names_the_block_that_is() {
    let (mut hours, mut found) = (0, 0);
    for seed in 1..=4 {
        let disk = filled_disk(seed);
        let plant = Plant::open(&disk).unwrap();
        let mut told = Told::default();
        let verified = plant.tsdb.verify(&mut told).unwrap();
        assert_eq!(told.0, [], "seed {seed}");
        assert!(verified.blocks > 0);
        hours += verified.hours;
        // A block of another content under the same key, as rot leaves it.
        if let Some((volume, at)) = plant.spoil_a_block() {
            let verified = plant.tsdb.verify(&mut told).unwrap();
            assert!(verified.damaged > 0);
            let damage = &told.0[0];
            assert_eq!((&damage.volume, damage.at), (&volume, at));
            assert!(damage.equipment.is_some());
            found += 1;
        }
        plant.close();
    }
    assert!(hours > 50, "{hours} hours were compared");
    assert!(found > 0);
}

#[test]
fn a_flipped_bit_never_becomes_a_value() {
    let disks: Vec<_> = (1..=6)
        .map(|seed| {
            let (disk, twice) = filled(seed);
            let plant = Plant::open(&disk).unwrap();
            let sound = Answers::of(&plant);
            plant.close();
            (disk, sound, twice)
        })
        .collect();
    let counts: Mutex<BTreeMap<Rot, u64>> = Mutex::default();
    let test = "a_flipped_bit_never_becomes_a_value";
    let tally = Torture::of(FLIPS).run(test, |seed| {
        let number = usize::try_from(seed).unwrap_or_default() % disks.len();
        let (disk, sound, twice) = &disks[number];
        let rot = flip_run(seed, disk, (sound, twice))?;
        *counts.lock().unwrap().entry(rot).or_default() += 1;
        Ok(())
    });
    println!("{:?}", counts.lock().unwrap());
    assert_eq!(tally.failed, 0);
}
