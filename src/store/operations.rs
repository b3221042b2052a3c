//! The operations log: what was done to keep the appliance running, apart from the audit log, which
//! says who changed what. Starts and stops, clean-ups, imports.
//!
//! Promises: an entry lands with what it is about, or neither does; ten thousand are kept. It is no
//! proof: it has no chain.

use super::audit::Actor;
use super::table::Table;
use super::{Store, Transaction, View};
use crate::base::{OperationId, Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use utoipa::ToSchema;

const OPERATIONS: Table<Operation> = Table::new("operation", 1);
/// Entries that are kept: years of an appliance that is cleaned up each day.
const KEPT_MAX: usize = 10_000;
/// Entries of a page.
pub const PAGE_MAX: usize = 100;
/// After every id.
const PAST_IDS: [u8; 17] = [0xFF; 17];

/// An entry of the operations log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Operation {
    /// Its id; later ones sort behind.
    pub id: OperationId,
    /// When.
    pub at: Timestamp,
    /// What was done: `appliance.start`, `appliance.stop`, `sessions.cleanup`, `readings.import`,
    /// `backup.restore`.
    #[schema(example = "appliance.start")]
    pub action: String,
    /// Who did it: a user name, `console`, or `appliance`.
    pub by: String,
    /// What came of it.
    #[schema(value_type = Object)]
    pub details: Value,
}

/// Who the appliance itself is in the log.
#[must_use]
pub fn appliance() -> Actor {
    Actor {
        name: "appliance".to_owned(),
        ..Actor::default()
    }
}

/// Adds an entry in the caller's transaction, and forgets the oldest beyond those that are kept.
///
/// # Errors
/// When the disk refuses.
pub fn append(
    transaction: &Transaction<'_>,
    at: Timestamp,
    actor: &Actor,
    action: &str,
    details: Value,
) -> Result<()> {
    let operation = Operation {
        id: OperationId::new(),
        at,
        action: action.to_owned(),
        by: actor.name.clone(),
        details,
    };
    OPERATIONS.put(transaction, operation.id.as_bytes(), &operation)?;
    let (mut count, mut oldest) = (0_usize, Vec::new());
    transaction.scan(OPERATIONS.name(), &[], &PAST_IDS, &mut |key, _| {
        count += 1;
        if count == 1 {
            oldest = key.to_vec();
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if count > KEPT_MAX {
        transaction.remove(OPERATIONS.name(), &oldest)?;
    }
    Ok(())
}

/// The entries before one, newest first, and where the next page begins.
///
/// # Errors
/// When the data file cannot be read.
pub fn page(
    view: &impl View,
    before: Option<OperationId>,
    limit: usize,
) -> Result<(Vec<Operation>, Option<OperationId>)> {
    let to = before.map_or(PAST_IDS.to_vec(), |id| id.as_bytes().to_vec());
    let (limit, mut items, mut more) = (limit.clamp(1, PAGE_MAX), Vec::new(), false);
    OPERATIONS.scan_back(view, &[], &to, &mut |_, operation| {
        more = items.len() >= limit;
        if more {
            return Ok(ControlFlow::Break(()));
        }
        items.push(operation);
        Ok(ControlFlow::Continue(()))
    })?;
    let next = items.last().map(|operation: &Operation| operation.id);
    Ok((items, next.filter(|_| more)))
}

/// Notes the start, and whether the stop before it was clean. What cannot be noted stops nothing.
pub async fn note_start(store: &Store, at: Timestamp) {
    let noted = store.write(move |transaction| {
        let (last, _) = page(transaction, None, 1)?;
        let after = match last.first().map(|last| last.action.as_str()) {
            None => "nothing",
            Some("appliance.stop" | "readings.import") => "a stop",
            Some("backup.restore") => "a restore",
            Some(_) => "a cut",
        };
        let details = json!({ "version": env!("CARGO_PKG_VERSION"), "after": after });
        append(transaction, at, &appliance(), "appliance.start", details)
    });
    if let Err(error) = noted.await {
        tracing::warn!(%error, "the start is not in the operations log");
    }
}

/// Notes the stop, as the last thing that is written.
pub async fn note_stop(store: &Store, at: Timestamp) {
    let noted = store.write(move |transaction| {
        append(transaction, at, &appliance(), "appliance.stop", json!({}))
    });
    if let Err(error) = noted.await {
        tracing::warn!(%error, "the stop is not in the operations log");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pages_go_back_and_a_start_knows_how_the_last_run_ended() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), "test").unwrap();
        let at = Timestamp::from_ms(0);
        note_start(&store, at).await;
        note_start(&store, at).await;
        note_stop(&store, at).await;
        note_start(&store, at).await;
        let restored = move |transaction: &Transaction<'_>| {
            append(transaction, at, &appliance(), "backup.restore", json!({}))
        };
        store.write(restored).await.unwrap();
        note_start(&store, at).await;
        let view = store.read().unwrap();
        let (all, none) = page(&view, None, 100).unwrap();
        let after: Vec<_> = all.iter().map(|one| one.details["after"].clone()).collect();
        assert_eq!(
            after,
            [
                json!("a restore"),
                Value::Null,
                json!("a stop"),
                Value::Null,
                json!("a cut"),
                json!("nothing")
            ]
        );
        assert!(none.is_none());
        let (first, next) = page(&view, None, 3).unwrap();
        let (rest, end) = page(&view, next, 3).unwrap();
        assert_eq!([first, rest].concat(), all);
        assert!(end.is_none());
    }
}
