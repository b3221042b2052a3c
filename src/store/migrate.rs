//! Numbered steps that bring an older data file up to this version.
//!
//! Steps are additive and run in one transaction with the new number: a cut in between leaves
//! the old version, whole. A file of a newer version is refused, never guessed at.

use super::file::FileKind;
use super::{read_error, write_error};
use crate::base::{Error, Result};
use redb::{Database, Durability, ReadableDatabase as _, TableDefinition};

pub(super) const META: TableDefinition<'static, &str, u64> = TableDefinition::new("meta");
pub(super) const SCHEMA: &str = "schema";

/// One step: what it brings, and how. Its number is its place in its list, from 1.
struct Step {
    brings: &'static str,
    apply: fn(&redb::WriteTransaction) -> Result<()>,
}

/// All steps of the data file, oldest first. Never change one that was released; add one.
const MAIN: &[Step] = &[
    Step {
        brings: "the first schema; tables appear with their first record",
        apply: |_| Ok(()),
    },
    Step {
        brings: "readings are sealed into volumes; the quarters kept here are folded again there",
        apply: |transaction| {
            let quarters: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("ts_quarter");
            transaction
                .delete_table(quarters)
                .map(drop)
                .map_err(write_error)
        },
    },
];

/// All steps of a volume.
const VOLUME: &[Step] = &[Step {
    brings: "blocks by hour, day and month",
    apply: |_| Ok(()),
}];

const fn steps(kind: FileKind) -> &'static [Step] {
    match kind {
        FileKind::Main => MAIN,
        FileKind::Volume => VOLUME,
    }
}

pub(super) const fn newest(kind: FileKind) -> u64 {
    steps(kind).len() as u64
}

/// Marks a new, empty file with the version of this program.
pub(super) fn stamp(database: &Database, kind: FileKind) -> Result<()> {
    migrate(database, kind, 0)
}

/// Marks a new, empty file with the version of the one that it is a copy of.
pub(super) fn stamp_as(database: &Database, version: u64) -> Result<()> {
    let mut transaction = database.begin_write().map_err(write_error)?;
    transaction
        .set_durability(Durability::Immediate)
        .map_err(write_error)?;
    transaction.set_quick_repair(true);
    {
        let mut meta = transaction.open_table(META).map_err(write_error)?;
        meta.insert(SCHEMA, version).map_err(write_error)?;
    }
    transaction.commit().map_err(write_error)
}

/// Brings an opened file up to this version.
pub(super) fn run(database: &Database, kind: FileKind) -> Result<()> {
    let found = {
        let transaction = database.begin_read().map_err(read_error)?;
        let meta = transaction.open_table(META).map_err(|cause| {
            Error::unavailable("The data file was not made by indusmind.").because(cause)
        })?;
        meta.get(SCHEMA)
            .map_err(read_error)?
            .map_or(0, |version| version.value())
    };
    if found > newest(kind) {
        return Err(Error::conflict(format!(
            "The data file has schema {found}; this version of indusmind knows {} at most. \
             Install the version that wrote it, or a newer one.",
            newest(kind)
        )));
    }
    if found < newest(kind) {
        migrate(database, kind, found)
    } else {
        Ok(())
    }
}

fn migrate(database: &Database, kind: FileKind, found: u64) -> Result<()> {
    let mut transaction = database.begin_write().map_err(write_error)?;
    transaction
        .set_durability(Durability::Immediate)
        .map_err(write_error)?;
    transaction.set_quick_repair(true);
    for (number, step) in (1..)
        .zip(steps(kind))
        .skip_while(|(number, _)| *number <= found)
    {
        tracing::debug!(
            step = number,
            brings = step.brings,
            "migrating the data file"
        );
        (step.apply)(&transaction)?;
    }
    {
        let mut meta = transaction.open_table(META).map_err(write_error)?;
        meta.insert(SCHEMA, newest(kind)).map_err(write_error)?;
    }
    transaction.commit().map_err(write_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_newer_version_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::create(dir.path().join("x.redb")).unwrap();
        let kind = FileKind::Main;
        stamp(&database, kind).unwrap();
        run(&database, kind).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction
            .open_table(META)
            .unwrap()
            .insert(SCHEMA, newest(kind) + 1)
            .unwrap();
        transaction.commit().unwrap();
        let error = run(&database, kind).unwrap_err();
        assert!(error.sentence.contains("schema"), "{error}");
    }
}
