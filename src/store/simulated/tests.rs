//! Power cuts on the store: after any of them it opens, and nothing acknowledged is missing.

use super::Torture;
use super::run::{Cuts, cut_run, trace_of};

/// Runs of each test, unless more are asked for.
const RUNS: u64 = 500;

#[test]
fn a_power_cut_loses_nothing_acknowledged() {
    let cuts = Cuts {
        again: 0,
        lying_sync: false,
    };
    let tally = Torture::of(RUNS).run("a_power_cut_loses_nothing_acknowledged", |seed| {
        cut_run(seed, cuts)
    });
    assert_eq!(tally.failed, 0);
}

#[test]
fn a_power_cut_inside_the_recovery_loses_nothing_acknowledged() {
    let cuts = Cuts {
        again: 2,
        lying_sync: false,
    };
    let test = "a_power_cut_inside_the_recovery_loses_nothing_acknowledged";
    let tally = Torture::of(RUNS).run(test, |seed| cut_run(seed, cuts));
    assert_eq!(tally.failed, 0);
}

/// The control: a proof that does not notice a disk that lies proves nothing.
#[test]
fn a_disk_that_lies_about_syncs_is_noticed() {
    let cuts = Cuts {
        again: 0,
        lying_sync: true,
    };
    let test = "a_disk_that_lies_about_syncs_is_noticed";
    let tally = Torture::of(RUNS).run(test, |seed| cut_run(seed, cuts));
    assert!(
        tally.runs == 1 || tally.failed * 2 > tally.runs,
        "only {} of {} runs on a lying disk were noticed",
        tally.failed,
        tally.runs
    );
}

#[test]
fn a_seed_means_the_same_run_every_time() {
    for seed in 1..=5 {
        assert_eq!(trace_of(seed), trace_of(seed), "seed {seed}");
    }
    assert_ne!(trace_of(1), trace_of(2));
    assert!(trace_of(1).0 > 0);
}
