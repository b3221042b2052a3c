//! Reading: from a consistent view of the last commit, or from inside a write.

use super::{TableName, read_error};
use crate::base::Result;
use redb::{AccessGuard, ReadOnlyTable, ReadTransaction, StorageError, TableError};
use std::ops::ControlFlow;

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

/// Reads of one moment. See [`super::Store::read`].
pub struct Reader {
    transaction: ReadTransaction,
}

impl Reader {
    pub(super) const fn new(transaction: ReadTransaction) -> Self {
        Self { transaction }
    }

    /// A table that nothing was written to yet does not exist, and is empty.
    fn table(
        &self,
        name: TableName,
    ) -> Result<Option<ReadOnlyTable<&'static [u8], &'static [u8]>>> {
        match self.transaction.open_table(name.definition()) {
            Ok(table) => Ok(Some(table)),
            Err(TableError::TableDoesNotExist(_)) => Ok(None),
            Err(cause) => Err(read_error(cause)),
        }
    }
}

impl View for Reader {
    fn get(&self, table: TableName, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(table) = self.table(table)? else {
            return Ok(None);
        };
        let value = table.get(key).map_err(read_error)?;
        Ok(value.map(|guard| guard.value().to_vec()))
    }

    fn scan(&self, table: TableName, from: &[u8], to: &[u8], visit: &mut Visit<'_>) -> Result<()> {
        match self.table(table)? {
            Some(table) if from < to => walk(table.range(from..to).map_err(read_error)?, visit),
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
                walk(table.range(from..to).map_err(read_error)?.rev(), visit)
            }
            _ => Ok(()),
        }
    }
}

type Entry<'a> = (
    AccessGuard<'a, &'static [u8]>,
    AccessGuard<'a, &'static [u8]>,
);

/// Shows entries to `visit` until it breaks.
pub(super) fn walk<'a>(
    entries: impl Iterator<Item = std::result::Result<Entry<'a>, StorageError>>,
    visit: &mut Visit<'_>,
) -> Result<()> {
    for entry in entries {
        let (key, value) = entry.map_err(read_error)?;
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
