//! The store under load, as the rooms above use it: rows go into the data file, a period that is
//! over is handed over into a volume, an old volume is forgotten.

use super::SimulatedDisk;
use super::ledger::{Change, Key, Period, Rows, Seen};
use crate::base::{Error, Result, Timestamp};
use crate::store::{Store, TableName, View, Volumes, audit};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

const ROWS: TableName = TableName::new("rows");
const SEALED: TableName = TableName::new("sealed");
/// After every key in use.
const END: &[u8] = &[0xFF; 4];

pub(super) struct Plant {
    store: Store,
    volumes: Volumes,
}

impl Plant {
    pub(super) fn open(disk: &SimulatedDisk) -> Result<Self> {
        let store = Store::on(Arc::new(disk.clone()), Path::new("simulated"))?;
        let volumes = store.volumes("volumes");
        Ok(Self { store, volumes })
    }

    /// Stops in order, as on Ctrl-C.
    pub(super) fn close(self) {
        self.store.close();
        self.volumes.close();
    }

    pub(super) fn close_volumes(&self) {
        self.volumes.close();
    }

    pub(super) fn read(&self) -> Result<Seen> {
        let (audited, broken) = audit::verify(&self.store)?;
        let reader = self.store.read()?;
        if let Some(sequence) = broken {
            return Err(Error::internal(format!("audit entry {sequence} is broken")));
        }
        let mut seen = Seen {
            main: rows_of(&reader, ROWS)?,
            audited,
            ..Seen::default()
        };
        for info in self.volumes.list()? {
            let period = info.name.parse().map_err(|cause| {
                Error::internal("a volume has a name nobody gave").because(Box::new(cause))
            })?;
            seen.volumes.insert(period);
            if let Some(volume) = self.volumes.get(&info.name)? {
                seen.sealed.extend(rows_of(&volume.read()?, SEALED)?);
            }
        }
        Ok(seen)
    }

    pub(super) fn apply(&self, change: &Change) -> Result<()> {
        match change.clone() {
            Change::Forget(period) => self.volumes.forget(&name_of(period)),
            Change::Put(rows) => self.store.write_blocking(move |transaction| {
                for (key, value) in &rows {
                    transaction.put(ROWS, key, value)?;
                }
                note(transaction, "rows.put", rows.len())
            }),
            Change::Remove(keys) => self.store.write_blocking(move |transaction| {
                transaction.remove_all(ROWS, &keys)?;
                note(transaction, "rows.remove", keys.len())
            }),
        }
    }

    /// Copies a period into its volume, and only then removes it from the data file.
    pub(super) fn hand_over(&self, period: Period) -> Result<()> {
        let rows: Rows = rows_of(&self.store.read()?, ROWS)?
            .range([period, 0, 0]..=[period, 255, 255])
            .map(|(key, value)| (*key, value.clone()))
            .collect();
        let volume = self.volumes.get_or_make(&name_of(period))?;
        volume.write(|transaction| {
            for (key, value) in &rows {
                transaction.put(SEALED, key, value)?;
            }
            Ok(())
        })?;
        self.store
            .write_blocking(move |transaction| transaction.remove_all(ROWS, rows.keys()))
    }
}

fn name_of(period: Period) -> String {
    format!("{period:03}")
}

fn note(transaction: &crate::store::Transaction<'_>, action: &str, count: usize) -> Result<()> {
    let actor = audit::Actor::console();
    let details = serde_json::json!({ "rows": count });
    audit::append(
        transaction,
        Timestamp::from_ms(0),
        &actor,
        action,
        "rows",
        details,
    )?;
    Ok(())
}

fn rows_of(view: &impl View, table: TableName) -> Result<Rows> {
    let mut rows = Rows::new();
    view.scan(table, &[], END, &mut |key, value| {
        let key = Key::try_from(key).map_err(|_| Error::internal("a key nobody wrote"))?;
        rows.insert(key, value.to_vec());
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(rows)
}
