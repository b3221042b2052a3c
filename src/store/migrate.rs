//! Numbered steps that bring an older data file up to this version.
//!
//! Steps are additive and run in one transaction with the new number: a cut in between leaves
//! the old version, whole. A file of a newer version is refused, never guessed at.

use super::{read_error, write_error};
use crate::base::{Error, Result};
use redb::{Database, Durability, ReadableDatabase as _, TableDefinition};

const META: TableDefinition<'static, &str, u64> = TableDefinition::new("meta");
const SCHEMA: &str = "schema";

/// One step: what it brings, and how. Its number is its place in [`STEPS`], from 1.
struct Step {
    brings: &'static str,
    apply: fn(&redb::WriteTransaction) -> Result<()>,
}

/// All steps, oldest first. Never change one that was released; add one.
const STEPS: &[Step] = &[Step {
    brings: "the first schema; tables appear with their first record",
    apply: |_| Ok(()),
}];

fn newest() -> u64 {
    STEPS.len() as u64
}

/// Marks a new, empty file with the version of this program.
pub(super) fn stamp(database: &Database) -> Result<()> {
    migrate(database, 0)
}

/// Brings an opened file up to this version.
pub(super) fn run(database: &Database) -> Result<()> {
    let found = {
        let transaction = database.begin_read().map_err(read_error)?;
        let meta = transaction.open_table(META).map_err(|cause| {
            Error::unavailable("The data file was not made by indusmind.").because(cause)
        })?;
        meta.get(SCHEMA)
            .map_err(read_error)?
            .map_or(0, |version| version.value())
    };
    if found > newest() {
        return Err(Error::conflict(format!(
            "The data file has schema {found}; this version of indusmind knows {} at most. \
             Install the version that wrote it, or a newer one.",
            newest()
        )));
    }
    if found < newest() {
        migrate(database, found)
    } else {
        Ok(())
    }
}

fn migrate(database: &Database, found: u64) -> Result<()> {
    let mut transaction = database.begin_write().map_err(write_error)?;
    transaction
        .set_durability(Durability::Immediate)
        .map_err(write_error)?;
    transaction.set_quick_repair(true);
    for (number, step) in (1..).zip(STEPS).skip_while(|(number, _)| *number <= found) {
        tracing::debug!(
            step = number,
            brings = step.brings,
            "migrating the data file"
        );
        (step.apply)(&transaction)?;
    }
    {
        let mut meta = transaction.open_table(META).map_err(write_error)?;
        meta.insert(SCHEMA, newest()).map_err(write_error)?;
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
        stamp(&database).unwrap();
        run(&database).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction
            .open_table(META)
            .unwrap()
            .insert(SCHEMA, newest() + 1)
            .unwrap();
        transaction.commit().unwrap();
        let error = run(&database).unwrap_err();
        assert!(error.sentence.contains("schema"), "{error}");
    }
}
