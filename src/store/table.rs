//! Typed records: JSON behind a version byte.
//!
//! JSON because a record must still be readable in ten years, by a program that has grown fields
//! since; the byte in front says which shape the reader has to expect. A CRC-32 over key and content
//! tells a record that rotted: a digit that turned into another is JSON all the same.

use super::{TableName, Transaction, View};
use crate::base::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::ops::ControlFlow;

/// Set in the first byte of a record that carries its CRC-32; those of earlier builds do not.
const CHECKED: u8 = 0x80;

/// A record as it is stored under a key.
#[must_use]
pub fn seal(version: u8, key: &[u8], json: &[u8]) -> Vec<u8> {
    let mut bytes = vec![version | CHECKED];
    bytes.extend_from_slice(&crc_of(version, key, json).to_le_bytes());
    bytes.extend_from_slice(json);
    bytes
}

/// The JSON of a record that is stored under a key; `None` when it is damaged or of a shape that
/// this version does not know.
#[must_use]
pub fn unseal<'b>(version: u8, key: &[u8], bytes: &'b [u8]) -> Option<&'b [u8]> {
    let (first, rest) = bytes.split_first()?;
    if *first == version {
        return Some(rest);
    }
    let (crc, json) = rest.split_first_chunk()?;
    let sound = *first == version | CHECKED && crc_of(version, key, json).to_le_bytes() == *crc;
    sound.then_some(json)
}

fn crc_of(version: u8, key: &[u8], json: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[version]);
    crc.update(key);
    crc.update(json);
    crc.finalize()
}

/// What is done with each record of a scan.
pub type TypedVisit<'v, T> = dyn FnMut(&[u8], T) -> Result<ControlFlow<()>> + 'v;

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
            .map(|bytes| self.decode(key, &bytes))
            .transpose()
    }

    /// Stores a record.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn put(&self, transaction: &Transaction<'_>, key: &[u8], record: &T) -> Result<()> {
        transaction.put(self.name, key, &self.encode(key, record)?)
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
        view.scan(self.name, &[], &[0xFF; 33], &mut |key, bytes| {
            records.push(self.decode(key, bytes)?);
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
        view.scan(self.name, prefix, &past, &mut |key, bytes| {
            records.push(self.decode(key, bytes)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(records)
    }

    /// The table, for what its keys alone tell.
    #[must_use]
    pub const fn name(&self) -> TableName {
        self.name
    }

    /// Visits the records from `from` (included) to `to` (left out) in the order of their keys.
    ///
    /// # Errors
    /// As [`Table::get`], or what `visit` returned.
    pub fn scan(
        &self,
        view: &impl View,
        from: &[u8],
        to: &[u8],
        visit: &mut TypedVisit<'_, T>,
    ) -> Result<()> {
        view.scan(self.name, from, to, &mut |key, bytes| {
            visit(key, self.decode(key, bytes)?)
        })
    }

    /// As [`Table::scan`], from the last key before `to` down to `from`.
    ///
    /// # Errors
    /// As [`Table::scan`].
    pub fn scan_back(
        &self,
        view: &impl View,
        from: &[u8],
        to: &[u8],
        visit: &mut TypedVisit<'_, T>,
    ) -> Result<()> {
        view.scan_back(self.name, from, to, &mut |key, bytes| {
            visit(key, self.decode(key, bytes)?)
        })
    }

    fn encode(&self, key: &[u8], record: &T) -> Result<Vec<u8>> {
        let json = serde_json::to_vec(record)
            .map_err(|cause| Error::internal("A record cannot be written.").because(cause))?;
        Ok(seal(self.version, key, &json))
    }

    fn decode(&self, key: &[u8], bytes: &[u8]) -> Result<T> {
        let damaged = || {
            Error::internal(format!(
                "A record of the table {} is damaged, or of a newer version. Restore the last \
                 backup, or install the version that wrote it.",
                self.name.0
            ))
        };
        let json = unseal(self.version, key, bytes).ok_or_else(damaged)?;
        serde_json::from_slice(json).map_err(|cause| damaged().because(cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_rotted_is_told_and_one_of_an_earlier_build_is_read() {
        let (key, json) = (b"key".as_slice(), br#"{"by":12.5}"#.as_slice());
        let stored = seal(1, key, json);
        assert_eq!(unseal(1, key, &stored), Some(json));
        let earlier = [&[1], json].concat();
        assert_eq!(unseal(1, key, &earlier), Some(json));
        assert_eq!(unseal(1, b"kez", &stored), None);
        assert_eq!(unseal(2, key, &stored), None);
        for bit in 0..stored.len() * 8 {
            let mut rotten = stored.clone();
            rotten[bit / 8] ^= 1 << (bit % 8);
            // The mark itself: then it is no JSON.
            let read = unseal(1, key, &rotten);
            let value = read.map(serde_json::from_slice::<serde_json::Value>);
            assert!(value.is_none_or(|value| value.is_err()), "bit {bit}");
        }
    }
}
