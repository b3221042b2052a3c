//! Whoever changes the file behind our back: each change is named by the first bad entry.

use super::verify::stored;
use super::{AUDIT, Actor, Anchor, Fault, Store, append, head, verify_against};
use crate::base::Timestamp;
use crate::store::simulated::Torture;
use std::collections::BTreeMap;

/// Entries of the log that is tampered with.
const ENTRIES: u64 = 40;

type Log = BTreeMap<Vec<u8>, Vec<u8>>;

/// A seeded source of choices: splitmix64.
struct Choices(u64);

impl Choices {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }
}

fn written(store: &Store) {
    store
        .write_blocking(|tx| {
            (0..ENTRIES).try_for_each(|n| {
                let at = Timestamp::from_ms(i64::try_from(n).unwrap() * 60_000);
                let details = serde_json::json!({ "n": n, "price": 0.1 + 0.2 });
                append(tx, at, &Actor::console(), "test", "thing/1", details)
            })
        })
        .unwrap();
}

fn key(sequence: u64) -> Vec<u8> {
    sequence.to_be_bytes().to_vec()
}

/// Changes the log in one of the ways there are; the first bad entry, and whether only a head that
/// was kept elsewhere can tell.
fn tamper(log: &mut Log, choices: &mut Choices) -> (u64, bool) {
    let victim = 1 + choices.below(ENTRIES - 1);
    match choices.below(5) {
        // A byte becomes another one.
        0 => {
            let bytes = log.get_mut(&key(victim)).unwrap();
            let place = usize::try_from(choices.below(bytes.len() as u64)).unwrap();
            bytes[place] ^= u8::try_from(1 + choices.below(255)).unwrap();
            (victim, false)
        }
        // A whole entry is written anew, with a right hash of its own: the next one tells.
        1 => {
            let mut entry = super::decode(&log[&key(victim)]).unwrap();
            entry.user = "somebody else".to_owned();
            super::seal(&mut entry).unwrap();
            log.insert(key(victim), super::encode(&entry).unwrap());
            (victim + 1, false)
        }
        2 => {
            log.remove(&key(victim));
            (victim, false)
        }
        3 => {
            let other = victim + 1 + choices.below(ENTRIES - victim);
            let (left, right) = (log[&key(victim)].clone(), log[&key(other)].clone());
            log.insert(key(victim), right);
            log.insert(key(other), left);
            (victim, false)
        }
        _ => {
            log.retain(|sequence, _| *sequence <= key(victim));
            (victim + 1, true)
        }
    }
}

fn put(store: &Store, old: Vec<Vec<u8>>, new: Log) {
    store
        .write_blocking(move |tx| {
            tx.remove_all(AUDIT, old)?;
            new.iter()
                .try_for_each(|(key, bytes)| tx.put(AUDIT, key, bytes))
        })
        .unwrap();
}

fn one(seed: u64) -> Result<(), String> {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "test").unwrap();
    written(&store);
    let kept = Anchor::from(head(&store.read().unwrap()).unwrap().unwrap());
    let sound = verify_against(&store, Some(&kept)).unwrap();
    if !sound.intact || sound.entries != ENTRIES {
        return Err(format!("a sound log is called bad: {sound:?}"));
    }
    let mut choices = Choices(seed);
    for _ in 0..CHANGES_OF_A_SEED {
        let before: Log = stored(&store).into_iter().collect();
        let mut after = before.clone();
        let (expected, only_by_head) = tamper(&mut after, &mut choices);
        put(&store, before.keys().cloned().collect(), after.clone());
        let alone = verify_against(&store, None).unwrap();
        let with_head = verify_against(&store, Some(&kept)).unwrap();
        if alone.intact != only_by_head {
            return Err(format!("at {expected}, without a head: {alone:?}"));
        }
        if with_head.first_bad != Some(expected) {
            return Err(format!("at {expected}: {with_head:?}"));
        }
        if only_by_head && with_head.fault != Some(Fault::CutOff) {
            return Err(format!("a cut is no cut: {with_head:?}"));
        }
        put(&store, after.into_keys().collect(), before);
    }
    Ok(())
}

/// A store is opened once for so many changes: opening costs more than a change.
const CHANGES_OF_A_SEED: u64 = 20;

#[test]
fn every_edit_deletion_swap_and_cut_is_named() {
    let asked = Torture::of(100).in_groups_of(CHANGES_OF_A_SEED);
    let tally = asked.run("tampering_tests::every_edit", one);
    assert_eq!(tally.failed, 0);
}

#[test]
fn a_log_that_was_written_anew_is_told_by_a_head_that_was_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "test").unwrap();
    written(&store);
    let kept = head(&store.read().unwrap()).unwrap().unwrap();
    let old = stored(&store).into_iter().map(|(key, _)| key).collect();
    put(&store, old, Log::new());
    store
        .write_blocking(|tx| {
            (0..ENTRIES).try_for_each(|_| {
                let nothing = serde_json::json!({});
                append(
                    tx,
                    Timestamp::from_ms(0),
                    &Actor::console(),
                    "x",
                    "y",
                    nothing,
                )
            })
        })
        .unwrap();
    assert!(verify_against(&store, None).unwrap().intact);
    let told = verify_against(&store, Some(&kept.clone().into())).unwrap();
    assert_eq!(
        (told.first_bad, told.fault),
        (Some(ENTRIES), Some(Fault::OtherChain))
    );
    // The hash alone does not say where it stood.
    let alone: Anchor = kept.hash.parse().unwrap();
    assert_eq!(
        verify_against(&store, Some(&alone)).unwrap().first_bad,
        Some(ENTRIES + 1)
    );
}
