//! Reading: from a consistent view of the last commit, or from inside a write.

use super::rewrite::{PIECE_BYTES, Piece};
use super::{TableName, read_error, write_error};
use crate::base::{Error, Result};
use redb::{
    AccessGuard, Database, ReadOnlyTable, ReadTransaction, ReadableDatabase as _,
    ReadableTableMetadata as _, StorageError, TableDefinition, TableError,
};
use std::ops::{Bound, ControlFlow};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Sees a table entry by entry; breaking ends the scan.
pub type Visit<'v> = dyn FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>> + 'v;

/// What can be read: the last commit, or a write transaction that sees its own changes.
pub trait View {
    /// The value of a key.
    ///
    /// # Errors
    /// When the file cannot be read.
    fn get(&self, table: TableName, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// Visits the keys from `from` (included) to `to` (left out) in order.
    ///
    /// # Errors
    /// When the file cannot be read, or what `visit` returned.
    fn scan(&self, table: TableName, from: &[u8], to: &[u8], visit: &mut Visit<'_>) -> Result<()>;

    /// As [`View::scan`], from the last key before `to` down to `from`.
    ///
    /// # Errors
    /// As [`View::scan`].
    fn scan_back(
        &self,
        table: TableName,
        from: &[u8],
        to: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<()>;
}

/// Longest life of a view. While one lives, pages that commits free cannot be used again and the
/// file grows; who needs longer reads in pieces.
const READ_MAX: Duration = Duration::from_secs(5);

/// How long views of the files live: the limit, and what was seen.
#[derive(Debug)]
pub(super) struct Reads {
    limit: Duration,
    longest_us: AtomicU64,
    cut: AtomicU64,
}

/// What was seen of the reads of a store since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadFigures {
    /// How long the longest view of a file lived.
    pub longest: Duration,
    /// Views that were ended because they lived too long.
    pub cut: u64,
}

impl Default for Reads {
    fn default() -> Self {
        Self::within(READ_MAX)
    }
}

impl Reads {
    pub(super) const fn within(limit: Duration) -> Self {
        Self {
            limit,
            longest_us: AtomicU64::new(0),
            cut: AtomicU64::new(0),
        }
    }

    pub(super) fn figures(&self) -> ReadFigures {
        ReadFigures {
            longest: Duration::from_micros(self.longest_us.load(Ordering::Relaxed)),
            cut: self.cut.load(Ordering::Relaxed),
        }
    }
}

/// Reads of one moment. See [`super::Store::read`].
pub struct Reader {
    transaction: ReadTransaction,
    /// The mark of the opening that it reads from.
    suspect: Arc<AtomicBool>,
    reads: Arc<Reads>,
    begun: Instant,
}

impl Drop for Reader {
    fn drop(&mut self) {
        let lived = u64::try_from(self.age().as_micros()).unwrap_or(u64::MAX);
        self.reads.longest_us.fetch_max(lived, Ordering::Relaxed);
    }
}

impl Reader {
    /// Begins to read the last commit; `suspect` is the mark of this opening.
    pub(super) fn begin(
        database: &Database,
        suspect: Arc<AtomicBool>,
        reads: Arc<Reads>,
    ) -> Result<Self> {
        let transaction = attempt(&suspect, || database.begin_read())?;
        Ok(Self {
            transaction,
            suspect,
            reads,
            begun: Instant::now(),
        })
    }

    /// How long it has been read from this view.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.begun.elapsed()
    }

    /// A table that nothing was written to yet does not exist, and is empty.
    fn table(
        &self,
        name: TableName,
    ) -> Result<Option<ReadOnlyTable<&'static [u8], &'static [u8]>>> {
        self.attempt(|| match self.transaction.open_table(name.definition()) {
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            opened => opened.map(Some),
        })
    }

    /// The number of the last migration step of the file.
    pub(super) fn version(&self) -> Result<u64> {
        self.attempt(|| {
            let meta = self.transaction.open_table(super::migrate::META)?;
            let found = meta.get(super::migrate::SCHEMA)?;
            Ok::<_, redb::Error>(found.map_or(0, |version| version.value()))
        })
    }

    /// The names of the tables that rooms wrote.
    pub(super) fn tables(&self) -> Result<Vec<String>> {
        self.attempt(|| {
            let names = self.transaction.list_tables()?;
            let names = names.map(|table| redb::TableHandle::name(&table).to_owned());
            let meta = redb::TableHandle::name(&super::migrate::META).to_owned();
            Ok::<_, StorageError>(names.filter(|name| *name != meta).collect())
        })
    }

    /// How many entries a table has.
    pub(super) fn len(&self, table: &str) -> Result<u64> {
        let definition: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new(table);
        self.attempt(|| {
            let table = self.transaction.open_table(definition)?;
            Ok::<_, redb::Error>(table.len()?)
        })
    }

    /// Entries between two keys, both left out, until there are [`PIECE_BYTES`] of them or one
    /// cannot be read.
    pub(super) fn piece(
        &self,
        table: &str,
        after: Option<&[u8]>,
        before: Option<&[u8]>,
        back: bool,
    ) -> Piece {
        let mut piece = Piece::default();
        let definition: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new(table);
        let side = |key: Option<_>| key.map_or(Bound::Unbounded, Bound::Excluded);
        let entries = &mut piece.entries;
        let more = self.attempt(|| {
            let table = self.transaction.open_table(definition)?;
            let mut range = table.range::<&[u8]>((side(after), side(before)))?;
            let mut bytes = 0;
            while let Some(entry) = if back {
                range.next_back()
            } else {
                range.next()
            } {
                let (key, value) = entry?;
                bytes += key.value().len() + value.value().len();
                entries.push((key.value().to_vec(), value.value().to_vec()));
                if bytes >= PIECE_BYTES {
                    return Ok(true);
                }
            }
            Ok::<_, redb::Error>(false)
        });
        match more {
            Ok(more) => piece.more = more,
            Err(damage) => piece.damage = Some(damage),
        }
        piece
    }

    fn attempt<T, E: Into<redb::Error>>(
        &self,
        read: impl FnOnce() -> std::result::Result<T, E>,
    ) -> Result<T> {
        // The one place that every read passes.
        if self.age() >= self.reads.limit {
            self.reads.cut.fetch_add(1, Ordering::Relaxed);
            return Err(Error::unavailable(
                "The read took too long and was ended, so that the data file does not grow. Ask \
                 for less at once.",
            ));
        }
        attempt(&self.suspect, read)
    }

    /// Shows entries to `visit` until it breaks.
    fn walk<'a>(
        &self,
        mut entries: impl Iterator<Item = Found<'a>>,
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        while let Some((key, value)) = self.attempt(|| entries.next().transpose())? {
            let (key, value) =
                self.attempt(|| Ok::<_, StorageError>((key.value(), value.value())))?;
            if visit(key, value)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Reads, and marks the opening when it serves no further read: the next one opens the file
/// again. redb trusts the pages it reads and may panic on a damaged one; that ends here.
fn attempt<T, E: Into<redb::Error>>(
    suspect: &AtomicBool,
    read: impl FnOnce() -> std::result::Result<T, E>,
) -> Result<T> {
    let spoil = || suspect.store(true, Ordering::Relaxed);
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(cause)) => {
            let cause = cause.into();
            if matches!(
                cause,
                redb::Error::Io(_) | redb::Error::PreviousIo | redb::Error::LockPoisoned(_)
            ) {
                spoil();
            }
            Err(read_error(cause))
        }
        Err(_) => {
            spoil();
            Err(Error::internal(
                "A part of the data file is damaged and cannot be read. Check the disk and \
                 restore the last backup.",
            ))
        }
    }
}

impl View for Reader {
    fn get(&self, table: TableName, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(table) = self.table(table)? else {
            return Ok(None);
        };
        self.attempt(|| {
            let value = table.get(key)?;
            Ok::<_, StorageError>(value.map(|guard| guard.value().to_vec()))
        })
    }

    fn scan(&self, table: TableName, from: &[u8], to: &[u8], visit: &mut Visit<'_>) -> Result<()> {
        match self.table(table)? {
            Some(table) if from < to => self.walk(self.attempt(|| table.range(from..to))?, visit),
            _ => Ok(()),
        }
    }

    fn scan_back(
        &self,
        table: TableName,
        from: &[u8],
        to: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<()> {
        match self.table(table)? {
            Some(table) if from < to => {
                self.walk(self.attempt(|| table.range(from..to))?.rev(), visit)
            }
            _ => Ok(()),
        }
    }
}

/// An entry, or why it cannot be read.
type Found<'a> = std::result::Result<
    (
        AccessGuard<'a, &'static [u8]>,
        AccessGuard<'a, &'static [u8]>,
    ),
    StorageError,
>;

/// Shows entries of a table under change to `visit` until it breaks.
pub(super) fn walk<'a>(
    entries: impl Iterator<Item = Found<'a>>,
    visit: &mut Visit<'_>,
) -> Result<()> {
    for entry in entries {
        let (key, value) = entry.map_err(write_error)?;
        if visit(key.value(), value.value())?.is_break() {
            break;
        }
    }
    Ok(())
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redb::backends::InMemoryBackend;

    #[test]
    fn a_view_that_lives_too_long_is_ended_and_counted() {
        let database = Database::builder()
            .create_with_backend(InMemoryBackend::new())
            .unwrap();
        let begin = |reads: &Arc<Reads>| {
            Reader::begin(&database, Arc::default(), Arc::clone(reads)).unwrap()
        };
        let things = TableName::new("things");
        let short = Arc::new(Reads::within(Duration::ZERO));
        let reader = begin(&short);
        assert!(reader.get(things, b"key").is_err());
        assert!(
            reader
                .scan(things, &[], &[9], &mut |_, _| unreachable!())
                .is_err()
        );
        drop(reader);
        assert_eq!(short.figures().cut, 2);
        let usual = Arc::new(Reads::default());
        let reader = begin(&usual);
        assert_eq!(reader.get(things, b"key").unwrap(), None);
        let age = reader.age();
        drop(reader);
        assert_eq!(usual.figures().cut, 0);
        assert!(usual.figures().longest + Duration::from_micros(1) >= age);
    }
}
