//! A disk that is full or broken for a while: nothing acknowledged is lost, and when it works
//! again the same process does too.

use super::run::refusal_run;
use super::{Torture, Trouble};
use std::sync::Mutex;

/// How full the disk is when it runs full.
const FILL_LEVELS: usize = 145;

#[test]
fn a_full_disk_harms_nothing_and_heals_itself() {
    let seed = 7;
    let honest = refusal_run(seed, Trouble::default()).unwrap();
    let sum = Mutex::new((0, 0, 0));
    let levels = Torture::of(FILL_LEVELS as u64).run(
        "a_full_disk_harms_nothing_and_heals_itself",
        |level| {
            let step = usize::try_from(level).unwrap_or_default();
            let capacity = honest.pages * (step % FILL_LEVELS) / FILL_LEVELS;
            let trouble = Trouble {
                capacity_pages: Some(capacity),
                ..Trouble::default()
            };
            let refusals = refusal_run(seed + level / FILL_LEVELS as u64, trouble)?;
            let mut sum = sum.lock().unwrap();
            *sum = (
                sum.0 + u64::from(refusals.steps > 0),
                sum.1 + refusals.steps,
                sum.2 + refusals.settlings,
            );
            Ok(())
        },
    );
    let (full, steps, settlings) = *sum.lock().unwrap();
    println!(
        "{full} disks ran full, {steps} changes were refused, {settlings} of their repetitions"
    );
    assert_eq!(levels.failed, 0);
    assert!(full > 0);
}

fn errors_at_every_operation(test: &str, keeps_failing: bool) {
    let seed = 11;
    let honest = refusal_run(seed, Trouble::default()).unwrap();
    let every = if Torture::of(0).is_long() { 1 } else { 9 };
    let runs = honest.operations / every;
    let tally = Torture::of(runs).run(test, |place| {
        let trouble = Trouble {
            fail_at_operation: Some(1 + place * every % honest.operations),
            keeps_failing,
            ..Trouble::default()
        };
        refusal_run(seed + place * every / honest.operations, trouble).map(drop)
    });
    assert_eq!(tally.failed, 0);
}

#[test]
fn one_input_output_error_anywhere_harms_nothing() {
    errors_at_every_operation("one_input_output_error_anywhere_harms_nothing", false);
}

#[test]
fn a_disk_that_breaks_anywhere_and_is_replaced_harms_nothing() {
    errors_at_every_operation(
        "a_disk_that_breaks_anywhere_and_is_replaced_harms_nothing",
        true,
    );
}
