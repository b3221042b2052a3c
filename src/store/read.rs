//! A consistent view of the last commit.

use super::{TableName, read_error};
use crate::base::Result;
use redb::{ReadOnlyTable, ReadTransaction, TableError};
use std::ops::ControlFlow;

/// Reads of one moment. See [`super::Store::read`].
pub struct Reader {
    transaction: ReadTransaction,
}

impl Reader {
    pub(super) const fn new(transaction: ReadTransaction) -> Self {
        Self { transaction }
    }

    /// The value of a key.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn get(&self, table: TableName, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(table) = self.table(table)? else {
            return Ok(None);
        };
        let value = table.get(key).map_err(read_error)?;
        Ok(value.map(|guard| guard.value().to_vec()))
    }

    /// Visits the keys from `from` (included) to `to` (left out) in order, until `visit` breaks.
    ///
    /// # Errors
    /// When the file cannot be read, or what `visit` returned.
    pub fn scan(
        &self,
        table: TableName,
        from: &[u8],
        to: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        if from >= to {
            return Ok(());
        }
        let Some(table) = self.table(table)? else {
            return Ok(());
        };
        for entry in table.range(from..to).map_err(read_error)? {
            let (key, value) = entry.map_err(read_error)?;
            if visit(key.value(), value.value())?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// As [`Reader::scan`], from the last key before `to` down to `from`.
    ///
    /// # Errors
    /// As [`Reader::scan`].
    pub fn scan_back(
        &self,
        table: TableName,
        from: &[u8],
        to: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        if from >= to {
            return Ok(());
        }
        let Some(table) = self.table(table)? else {
            return Ok(());
        };
        for entry in table.range(from..to).map_err(read_error)?.rev() {
            let (key, value) = entry.map_err(read_error)?;
            if visit(key.value(), value.value())?.is_break() {
                break;
            }
        }
        Ok(())
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

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}
