//! Once a week every page of every file is read and compared with its checksum, and the audit log
//! walked: rot is found while there is a backup that is older than it. The data file, which is always in
//! use, is looked at on a copy.

use crate::base::{Clock, Result, Timestamp};
use crate::store::table::Table;
use crate::store::{DATA_FILE, Store, Volumes, audit};
use crate::tsdb::{FOLDER, Tsdb};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

const EXAMINED: Table<Integrity> = Table::new("integrity", 1);
const ONLY: &[u8] = b"only";
/// How often, ms.
const EVERY_MS: i64 = 7 * 86_400_000;
/// How often it is looked whether a week is over, and how long after the start at the earliest, ms.
const LOOK_EVERY_MS: i64 = 3_600_000;
/// Pause between two files: whoever wants the disk meanwhile gets it.
const PAUSE: Duration = Duration::from_millis(200);

/// What an examination found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Integrity {
    /// When.
    pub at: Timestamp,
    /// How many files were read.
    pub files: usize,
    /// What is not as it was written.
    pub damaged: Vec<String>,
}

/// Examines the files of an appliance that runs.
pub struct Examiner {
    store: Store,
    tsdb: Arc<Tsdb>,
    clock: Arc<dyn Clock>,
    last: Mutex<Option<Integrity>>,
}

impl Examiner {
    /// With what the last examination found.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn open(store: &Store, tsdb: &Arc<Tsdb>, clock: Arc<dyn Clock>) -> Result<Self> {
        store.forget_copy();
        Ok(Self {
            last: Mutex::new(EXAMINED.get(&store.read()?, ONLY)?),
            store: store.clone(),
            tsdb: Arc::clone(tsdb),
            clock,
        })
    }

    /// What the last one found.
    #[must_use]
    pub fn last(&self) -> Option<Integrity> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    /// Examines everything. Changes wait while the data file is copied; volumes are not changed
    /// while one is read. What cannot be read any more is damaged.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn examine(&self) -> Result<Integrity> {
        let mut damaged = Vec::new();
        if !self.store.examine()? {
            damaged.push(DATA_FILE.to_owned());
        }
        let infos = self.tsdb.hold(Volumes::list)?;
        for info in &infos {
            std::thread::sleep(PAUSE);
            // One that was forgotten meanwhile is no damage.
            let intact = self.tsdb.hold(|volumes| match volumes.get(&info.name)? {
                Some(_) => volumes.is_intact(&info.name),
                None => Ok(true),
            });
            if let Err(error) = &intact {
                tracing::error!(%error, file = info.name, "a file cannot be read");
            }
            if !intact.unwrap_or_default() {
                damaged.push(format!("{FOLDER}/{}.redb", info.name));
            }
        }
        if let (_, Some(entry)) = audit::verify(&self.store)? {
            damaged.push(format!("audit/{entry}"));
        }
        let found = Integrity {
            at: self.clock.now(),
            files: infos.len() + 1,
            damaged,
        };
        let stored = found.clone();
        self.store
            .write_blocking(move |transaction| EXAMINED.put(transaction, ONLY, &stored))?;
        if !found.damaged.is_empty() {
            tracing::error!(damaged = ?found.damaged, "files are damaged; restore a backup");
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(found.clone());
        Ok(found)
    }

    /// Examines once a week until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let wake = self.clock.now().plus_ms(LOOK_EVERY_MS);
            let slept = stop.run_until_cancelled(self.clock.sleep_until(wake)).await;
            if slept.is_none() {
                return;
            }
            let now = self.clock.now();
            let is_due = |last: Integrity| now.since_ms(last.at).abs() >= EVERY_MS;
            if !self.last().is_none_or(is_due) {
                continue;
            }
            let own = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || own.examine()).await {
                Ok(Ok(found)) => tracing::info!(files = found.files, "files were examined"),
                Ok(Err(error)) => tracing::error!(%error, "files wait to be examined"),
                Err(error) => tracing::error!(%error, "the examination of the files failed"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ManualClock;
    use crate::store::TableName;

    #[test]
    fn damage_in_a_file_that_is_in_use_is_found_and_remembered() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "test").unwrap();
        let tsdb = Arc::new(Tsdb::open(&store).unwrap());
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(1_795_249_800_000)));
        let volume = store.volumes(FOLDER).get_or_make("raw-2026-11").unwrap();
        volume
            .write(|tx| {
                (0..40_u8).try_for_each(|n| tx.put(TableName::new("hour"), &[n], &[n; 3_000]))
            })
            .unwrap();
        drop(volume);
        let examiner = Examiner::open(&store, &tsdb, clock).unwrap();
        assert_eq!(examiner.last(), None);
        let found = examiner.examine().unwrap();
        assert_eq!((found.files, found.damaged.len()), (2, 0));
        let path = dir.path().join("readings/raw-2026-11.redb");
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(64).position(|run| run == [7; 64]).unwrap();
        bytes[at + 100] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let found = examiner.examine().unwrap();
        assert_eq!(found.damaged, ["readings/raw-2026-11.redb"]);
        let again = Examiner::open(&store, &tsdb, Arc::new(crate::base::SystemClock)).unwrap();
        assert_eq!(again.last(), Some(found));
    }
}
