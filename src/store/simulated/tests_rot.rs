//! A bit turns over on a disk that lies still: it may be told or passed on, but nothing dies of it.
//!
//! redb checks its pages only when it repairs; so who writes a row gives it a checksum, and the
//! room that writes readings shows there that no wrong one passes.

use super::Torture;
use super::run::{Rot, filled_disk, flip_run};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Flips, unless more are asked for.
const FLIPS: u64 = 1_000;

#[test]
fn a_flipped_bit_ends_no_process() {
    let disks: Vec<_> = (1..=5).map(filled_disk).collect();
    let counts: Mutex<BTreeMap<String, u64>> = Mutex::default();
    let tally = Torture::of(FLIPS).run("a_flipped_bit_ends_no_process", |seed| {
        let number = usize::try_from(seed).unwrap_or_default() % disks.len();
        let (disk, ledger) = &disks[number];
        let rot = flip_run(seed, disk, ledger);
        *counts
            .lock()
            .unwrap()
            .entry(format!("{rot:?}"))
            .or_default() += 1;
        Ok(())
    });
    let counts = counts.into_inner().unwrap();
    println!("{counts:?}");
    assert_eq!(tally.panicked, 0);
    assert!(tally.runs == 1 || counts.contains_key(&format!("{:?}", Rot::Told)));
}
