//! Typed records: JSON behind a version byte.
//!
//! JSON because a record must still be readable in ten years, by a program that has grown fields
//! since; the byte in front says which shape the reader has to expect.

use super::{TableName, Transaction, View};
use crate::base::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::ops::ControlFlow;

/// A table of records of one type.
#[derive(Debug)]
pub struct Table<T> {
    name: TableName,
    version: u8,
    record: PhantomData<fn() -> T>,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Table<T> {}

impl<T: Serialize + DeserializeOwned> Table<T> {
    /// The table `name` whose records have shape `version`.
    #[must_use]
    pub const fn new(name: &'static str, version: u8) -> Self {
        Self {
            name: TableName::new(name),
            version,
            record: PhantomData,
        }
    }

    /// The record of a key.
    ///
    /// # Errors
    /// When the file cannot be read or the record has a shape that this version does not know.
    pub fn get(&self, view: &impl View, key: &[u8]) -> Result<Option<T>> {
        view.get(self.name, key)?
            .map(|bytes| self.decode(&bytes))
            .transpose()
    }

    /// Stores a record.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn put(&self, transaction: &Transaction<'_>, key: &[u8], record: &T) -> Result<()> {
        transaction.put(self.name, key, &self.encode(record)?)
    }

    /// Forgets a record; `true` when it was there.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove(&self, transaction: &Transaction<'_>, key: &[u8]) -> Result<bool> {
        transaction.remove(self.name, key)
    }

    /// All records in key order.
    ///
    /// # Errors
    /// As [`Table::get`].
    pub fn all(&self, view: &impl View) -> Result<Vec<T>> {
        let mut records = Vec::new();
        // 0xFF*32 lies after every key in use: ids are 16 bytes, hashes 32.
        view.scan(self.name, &[], &[0xFF; 33], &mut |_, bytes| {
            records.push(self.decode(bytes)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(records)
    }

    /// The records whose keys begin like this, in key order.
    ///
    /// # Errors
    /// As [`Table::get`].
    pub fn under(&self, view: &impl View, prefix: &[u8]) -> Result<Vec<T>> {
        let mut records = Vec::new();
        let past = [prefix, &[0xFF; 33]].concat();
        view.scan(self.name, prefix, &past, &mut |_, bytes| {
            records.push(self.decode(bytes)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(records)
    }

    fn encode(&self, record: &T) -> Result<Vec<u8>> {
        let mut bytes = vec![self.version];
        serde_json::to_writer(&mut bytes, record)
            .map_err(|cause| Error::internal("A record cannot be written.").because(cause))?;
        Ok(bytes)
    }

    fn decode(&self, bytes: &[u8]) -> Result<T> {
        let damaged = || {
            Error::internal(format!(
                "A record of the table {} is not readable by this version.",
                self.name.0
            ))
        };
        match bytes.split_first() {
            Some((version, json)) if *version == self.version => {
                serde_json::from_slice(json).map_err(|cause| damaged().because(cause))
            }
            _ => Err(damaged()),
        }
    }
}
