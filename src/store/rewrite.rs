//! Writing a file anew beside itself and moving the new one into place: to give back room that is
//! free inside it, and to get away from damage before a change is made.
//!
//! The new file is whole and on disk before its name changes, so a power cut leaves the old one or
//! the new one. A damaged file keeps a second name, `<name>.damaged`, for whoever wants to look.

use super::disk::{Disk, StillDisk, open_still};
use super::file::{DataFile, FileKind};
use super::overlay::Overlay;
use super::read::Reader;
use super::{migrate, names, read_error, write_error};
use crate::base::{Error, Result};
use redb::{Database, DatabaseError, StorageError};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// Bytes of entries that are read, then written, at once: short reads and bounded memory.
pub(super) const PIECE_BYTES: usize = 8 << 20;

/// Some entries of a table.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) entries: Vec<(Vec<u8>, Vec<u8>)>,
    /// Whether there may be more.
    pub(super) more: bool,
    /// Why it ends here before its end.
    pub(super) damage: Option<Error>,
}

/// Whether every page of a file is as it was written, by the checksums of the pages. Reads the
/// whole file and changes nothing.
///
/// # Errors
/// When the disk refuses.
pub(super) fn is_intact(disk: &dyn Disk, name: &str, cache_bytes: usize) -> Result<bool> {
    let still = disk.still(name).map_err(read_error)?;
    let overlay = Overlay::over(still).map_err(read_error)?;
    let looked = catch_unwind(AssertUnwindSafe(|| {
        let mut database = open_still(overlay, cache_bytes)?;
        let intact = database.check_integrity();
        let_go(database);
        intact
    }));
    match looked {
        Ok(Ok(intact)) => Ok(intact),
        Ok(Err(DatabaseError::Storage(StorageError::Io(cause)))) => Err(read_error(cause)),
        Ok(Err(_)) | Err(_) => Ok(false),
    }
}

/// Drops a database without the commit that closes it: redb leaves that out while it unwinds, so
/// it is dropped in a panic that nobody sees. The next opening finds the last commit, as after a
/// power cut.
pub(super) fn let_go(database: Database) {
    let _ = catch_unwind(AssertUnwindSafe(move || {
        let _database = database;
        resume_unwind(Box::new(()));
    }));
}

/// Writes a damaged file anew from what can be read of it, and keeps the damaged one. Returns how
/// many stretches of tables could not be read.
///
/// # Errors
/// When the disk refuses, or nothing of the file can be read.
pub(super) fn salvage(disk: &Arc<dyn Disk>, name: &str, kind: FileKind) -> Result<u64> {
    let still: Arc<dyn Disk> = Arc::new(StillDisk::over(Arc::clone(disk)));
    let damaged = DataFile::open_unchecked(&still, name, kind, &Arc::default())?;
    let lost = copy(disk, &|| damaged.begin_read(), name, kind, true)?;
    let kept = damaged_name(name);
    disk.remove(&kept).map_err(write_error)?;
    disk.link(name, &kept).map_err(write_error)?;
    disk.rename(&unfinished(name), name).map_err(write_error)?;
    Ok(lost)
}

/// Writes a file anew without the room that is free in it. Nobody changes it meanwhile.
///
/// # Errors
/// When the disk refuses, or some of the file cannot be read: then it stays as it is.
pub(super) fn compact(
    disk: &Arc<dyn Disk>,
    read: &dyn Fn() -> Result<Reader>,
    name: &str,
    kind: FileKind,
) -> Result<()> {
    copy(disk, read, name, kind, false)?;
    disk.rename(&unfinished(name), name).map_err(write_error)
}

/// The name that a damaged file keeps.
pub(super) fn damaged_name(name: &str) -> String {
    format!("{name}.damaged")
}

fn unfinished(name: &str) -> String {
    format!("{name}.new")
}

/// Copies all tables into `<name>.new`.
fn copy(
    disk: &Arc<dyn Disk>,
    read: &dyn Fn() -> Result<Reader>,
    name: &str,
    kind: FileKind,
    damaged: bool,
) -> Result<u64> {
    let first = read()?;
    let (version, tables) = (first.version()?, first.tables()?);
    drop(first);
    let named = tables.iter().all(|table| names::is_known(table));
    if damaged && kind == FileKind::Main && !named {
        return Err(Error::unavailable(format!(
            "The data file {} is damaged: the names of its tables cannot be trusted. Restore the last \
             backup; do not delete the file.",
            disk.show(name)
        )));
    }
    let unfinished = unfinished(name);
    disk.remove(&unfinished).map_err(write_error)?;
    let made = disk.make(&unfinished, kind.cache_bytes());
    let made = made.map_err(write_error)?;
    migrate::stamp_as(&made, version)?;
    drop(made);
    let target = DataFile::open_unchecked(disk, &unfinished, kind, &Arc::default())?;
    target.trust();
    let mut lost = 0;
    for table in &tables {
        let (last, damage) = copy_table(read, &target, table, None, false)?;
        let Some(damage) = damage else { continue };
        if !damaged {
            return Err(damage);
        }
        if !kind.may_lose(table) {
            return Err(Error::unavailable(format!(
                "The data file {} is damaged: a part of {table} cannot be read. Restore the last \
                 backup; do not delete the file.",
                disk.show(name)
            ))
            .because(damage));
        }
        lost += 1;
        tracing::error!(file = name, table, error = %damage, "a part of a table is damaged and left out");
        // What lies behind the damage is reached from the end.
        copy_table(read, &target, table, last, true)?;
    }
    Ok(lost)
}

/// Copies what is behind the key `low` in a table, `back` from its end or else up to its end,
/// until it cannot be read; returns the last key of a copy upwards, and why it ended early.
fn copy_table(
    read: &dyn Fn() -> Result<Reader>,
    target: &DataFile,
    table: &str,
    mut low: Option<Vec<u8>>,
    back: bool,
) -> Result<(Option<Vec<u8>>, Option<Error>)> {
    let mut high: Option<Vec<u8>> = None;
    loop {
        let piece = read()?.piece(table, low.as_deref(), high.as_deref(), back);
        if !piece.entries.is_empty() {
            target.change(|transaction| transaction.put_named(table, &piece.entries))?;
        }
        let last = piece.entries.last().map(|(key, _)| key.clone());
        if back {
            high = last.or(high);
        } else {
            low = last.or(low);
        }
        if piece.damage.is_some() || !piece.more {
            return Ok((low, piece.damage));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::simulated::{LossModel, SimulatedDisk, Trouble};
    use crate::store::{Store, TableName, View as _};
    use std::path::Path;

    const ROWS: TableName = TableName::new("hour");

    fn fill(directory: &Path) {
        fill_one(&Store::open(directory, "test").unwrap());
    }

    fn fill_one(store: &Store) {
        let volume = store.volumes("readings").get_or_make("one").unwrap();
        for round in 0..20_u8 {
            volume
                .write(|transaction| {
                    (0..20_u8).try_for_each(|n| transaction.put(ROWS, &[n], &[round; 3_000]))
                })
                .unwrap();
        }
        volume
            .write(|transaction| transaction.remove_all(ROWS, (5..20_u8).map(|n| [n])))
            .unwrap();
        store.close();
    }

    fn rows(directory: &Path) -> Vec<(Vec<u8>, usize)> {
        rows_of(&Store::open(directory, "test").unwrap())
    }

    fn rows_of(store: &Store) -> Vec<(Vec<u8>, usize)> {
        let volume = store.volumes("readings").get("one").unwrap().unwrap();
        let mut rows = Vec::new();
        let reader = volume.read().unwrap();
        reader
            .scan(ROWS, &[], &[0xFF; 2], &mut |key, value| {
                rows.push((key.to_vec(), value.len()));
                Ok(std::ops::ControlFlow::Continue(()))
            })
            .unwrap();
        // The file is let go of when the writer thread has ended.
        store.close();
        rows
    }

    #[test]
    fn room_that_is_free_inside_a_file_comes_back_and_its_rows_stay() {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path());
        let before = rows(dir.path());
        assert_eq!(before.len(), 5);
        let store = Store::open(dir.path(), "test").unwrap();
        let volumes = store.volumes("readings");
        let bytes = |volumes: &crate::store::Volumes| volumes.list().unwrap()[0].bytes;
        let whole = bytes(&volumes);
        let volume = volumes.get("one").unwrap().unwrap();
        let old = volume.read().unwrap();
        assert!(volume.give_back(20, 0).unwrap());
        // Who reads on from the old file may finish; who begins reads the new one.
        assert_eq!(old.get(ROWS, &[0]).unwrap().unwrap().len(), 3_000);
        volume
            .write(|transaction| transaction.put(ROWS, &[99], b"after"))
            .unwrap();
        drop((old, volume));
        volumes.close();
        assert!(bytes(&volumes) < whole, "{} of {whole}", bytes(&volumes));
        store.close();
        drop((volumes, store));
        let mut expected = before;
        expected.push((vec![99], 5));
        assert_eq!(rows(dir.path()), expected);
    }

    /// Writes a file anew on a disk that refuses one operation of it, goes on with the file on a
    /// disk that works, and cuts the power. Returns whether it was written anew, and the operations
    /// that took.
    fn refused_at(place: u64, model: LossModel) -> (Result<bool>, u64) {
        let on = |disk: &SimulatedDisk| {
            Store::on(Arc::new(disk.clone()), Path::new("simulated")).unwrap()
        };
        let disk = SimulatedDisk::empty(1);
        fill_one(&on(&disk));
        let store = on(&disk);
        let volumes = store.volumes("readings");
        let volume = volumes.get("one").unwrap().unwrap();
        let put = |key: u8| {
            let put = volume.write(|transaction| transaction.put(ROWS, &[key], b"more"));
            put.unwrap();
        };
        put(98);
        let before = disk.operations();
        disk.set_trouble(Trouble {
            fail_at_operation: Some(before + place),
            ..Trouble::default()
        });
        let done = volume.give_back(20, 0);
        let operations = disk.operations() - before;
        disk.set_trouble(Trouble::default());
        put(99);
        disk.cut();
        drop((volume, volumes, store));
        let disk = disk.after_cut(model, place);
        let keys: Vec<u8> = rows_of(&on(&disk)).iter().map(|(key, _)| key[0]).collect();
        assert_eq!(
            keys,
            [0, 1, 2, 3, 4, 98, 99],
            "operation {place}, {model:?}"
        );
        (done, operations)
    }

    /// The new file may have the name already when the disk refuses: the process must not go on
    /// with the old one, which nobody finds again, nor with the new one before its name is on disk.
    #[test]
    fn what_is_stored_after_a_file_could_not_be_written_anew_is_there_after_a_cut() {
        let (done, operations) = refused_at(u64::MAX / 2, LossModel::KeepAll);
        assert!(done.unwrap());
        for model in LossModel::ALL {
            let refused = |place: &u64| refused_at(*place, model).0.is_err();
            let refused: Vec<u64> = (1..=operations).filter(refused).collect();
            // The last one makes the new name durable.
            assert_eq!(refused.last(), Some(&operations), "{model:?}");
        }
    }

    /// A table of another name is no table that was never written.
    #[test]
    fn a_bit_that_turns_over_in_the_name_of_a_table_loses_it_in_no_silence() {
        let dir = tempfile::tempdir().unwrap();
        let name = TableName::new("ts_correction");
        let store = Store::open(dir.path(), "test").unwrap();
        store
            .write_blocking(move |transaction| transaction.put(name, b"1", b"excluded"))
            .unwrap();
        store.close();
        drop(store);
        let path = dir.path().join(crate::store::DATA_FILE);
        let sound = std::fs::read(&path).unwrap();
        let (word, mut refused) = (b"ts_correction", 0);
        for at in (0..sound.len() - word.len()).filter(|at| sound[*at..].starts_with(word)) {
            let mut damaged = sound.clone();
            damaged[at + 7] ^= 1;
            std::fs::write(&path, &damaged).unwrap();
            match Store::open(dir.path(), "test") {
                Ok(store) => {
                    let kept = store.read().unwrap().get(name, b"1").unwrap();
                    assert_eq!(kept.as_deref(), Some(&b"excluded"[..]), "{at}");
                    store.close();
                }
                Err(error) => {
                    assert!(error.to_string().contains("names of its tables"), "{error}");
                    refused += 1;
                }
            }
        }
        assert!(refused > 0);
    }

    #[test]
    fn no_page_that_is_damaged_outlives_a_change_or_ends_the_process() {
        let dir = tempfile::tempdir().unwrap();
        fill(dir.path());
        let path = dir.path().join("readings/one.redb");
        let kept = dir.path().join("readings/one.redb.damaged");
        let sound = std::fs::read(&path).unwrap();
        let mut found = 0;
        for page in 1..sound.len() / 4096 {
            let _ = std::fs::remove_file(&kept);
            let mut damaged = sound.clone();
            damaged[page * 4096 + 11] ^= 0x10;
            std::fs::write(&path, &damaged).unwrap();
            let store = Store::open(dir.path(), "test").unwrap();
            let volume = store.volumes("readings").get("one");
            let changed = volume.and_then(|volume| {
                let volume = volume.expect("the file is there");
                volume.write(|transaction| transaction.put(ROWS, &[99], b"after"))
            });
            // The file is let go of when the writer thread has ended.
            store.close();
            drop(store);
            if kept.exists() {
                found += 1;
                assert_eq!(std::fs::read(&kept).unwrap().len(), sound.len());
            }
            if changed.is_ok() {
                let disk = crate::store::disk::RealDisk::new(dir.path().to_path_buf());
                assert!(is_intact(&disk, "readings/one.redb", 1 << 20).unwrap());
            }
        }
        assert!(found >= 5, "{found} damaged pages were found");
    }
}
