//! What is stored of backups: the settings, and how the last ones went.

use super::settings::BackupSettings;
use crate::base::secret::random_bytes;
use crate::base::{Result, Timestamp};
use crate::store::table::Table;
use crate::store::{Store, TableName, Transaction, View};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const RECORD: Table<Record> = Table::new("backup", 1);
/// The passphrase, as it is used: what is made at night asks nobody.
const SECRET: TableName = TableName::new("backup_secret");
const ONLY: &[u8] = b"only";

/// How backups stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// A random number: whose backups lie in a folder that several appliances share.
    pub(super) appliance: String,
    /// The settings.
    pub(super) settings: BackupSettings,
    /// Since when folder and time are as they are.
    pub(super) since: Timestamp,
    /// When one was last begun.
    pub(super) tried_at: Option<Timestamp>,
    /// The last one that is good.
    pub(super) last_good: Option<Good>,
    /// Why there is no newer one.
    pub(super) trouble: Option<Trouble>,
}

/// A backup that was proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = GoodBackup)]
pub struct Good {
    /// Its name.
    pub id: String,
    /// As of when.
    pub at: Timestamp,
    /// Bytes that it takes.
    pub bytes: u64,
}

/// A backup that could not be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BackupTrouble)]
pub struct Trouble {
    /// When.
    pub at: Timestamp,
    /// Why, and what to do.
    pub sentence: String,
}

/// Reads how backups stand, and the passphrase; the usual settings where nothing was stored.
pub(super) fn read(view: &impl View, now: Timestamp) -> Result<(Record, Option<String>)> {
    let secret = view.get(SECRET, ONLY)?;
    let secret = secret.and_then(|bytes| String::from_utf8(bytes).ok());
    let record = match RECORD.get(view, ONLY)? {
        Some(record) => record,
        None => Record {
            appliance: super::manifest::hex(&random_bytes::<4>()?),
            settings: BackupSettings::default(),
            since: now,
            tried_at: None,
            last_good: None,
            trouble: None,
        },
    };
    Ok((record, secret))
}

/// The random number that the appliance of a store gave itself; `None` before it had to.
///
/// # Errors
/// When the data file cannot be read.
pub fn appliance_of(store: &Store) -> Result<Option<String>> {
    let record = RECORD.get(&store.read()?, ONLY)?;
    Ok(record.map(|record| record.appliance))
}

pub(super) fn write(transaction: &Transaction<'_>, record: &Record) -> Result<()> {
    RECORD.put(transaction, ONLY, record)
}

pub(super) fn write_secret(transaction: &Transaction<'_>, secret: Option<&str>) -> Result<()> {
    match secret {
        Some(secret) => transaction.put(SECRET, ONLY, secret.as_bytes()),
        None => transaction.remove(SECRET, ONLY).map(drop),
    }
}
