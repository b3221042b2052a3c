//! The start after a past that was sent and not sealed.

use super::*;
use crate::base::{Batch, EquipmentId, Metric, Phase, Quality, Reading, Timestamp, Unit};
use crate::store::Store;
use crate::tsdb::{Damage, Listener, Verified};
use std::ops::ControlFlow;
use std::sync::Arc;

/// More rows than one look reads.
const HOURS: usize = ROWS_AT_ONCE + 100;

/// A value an hour, sent at once.
async fn sent(store: &Store, equipment: EquipmentId) {
    let unit = Unit::new("kW").unwrap();
    let batch = |hour: usize| {
        let at = Timestamp::from_ms(1_700_000_400_000 + i64::try_from(hour).unwrap() * HOUR_MS);
        let value = f64::from(u32::try_from(hour).unwrap());
        Batch {
            equipment,
            at,
            arrived: at,
            interval_ms: 3_600_000,
            readings: vec![Reading::good(
                Metric::POWER,
                Phase::Total,
                unit.clone(),
                value,
            )],
        }
    };
    let tsdb = Tsdb::open(store).unwrap();
    let batches = (0..HOURS).map(batch).collect();
    tsdb.append(Arc::new(batches), |_| Ok(())).await.unwrap();
}

/// The hours that wait to be sealed, and that the newest value is known.
fn waiting(tsdb: &Tsdb) -> usize {
    let newest = tsdb.latest().unwrap();
    let last = f64::from(u32::try_from(HOURS - 1).unwrap());
    assert_eq!(newest[0].value, Some(last));
    assert_eq!(newest[0].quality, Quality::Good);
    tsdb.head_read(crate::tsdb::Head::waiting).len()
}

#[tokio::test]
async fn nobody_waits_until_a_long_past_is_sealed() {
    let hours_at_once = HOURS - ROWS_AT_ONCE + 2;
    for (most, left) in [
        (KEPT, HOURS),
        // With less memory what is old is sealed on the way, and nothing is gone.
        ((usize::MAX, ROWS_AT_ONCE), hours_at_once),
        ((ROWS_AT_ONCE, usize::MAX), hours_at_once),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "start").unwrap();
        sent(&store, EquipmentId::new()).await;
        let tsdb = Tsdb::open_keeping(&store, most).unwrap();
        assert_eq!(waiting(&tsdb), left);
        tsdb.seal_now().unwrap();
        assert_eq!(waiting(&tsdb), 0);
    }
}

/// Takes no damage.
struct Strict;

impl Listener for Strict {
    fn damage(&mut self, damage: &Damage) {
        panic!("{damage:?}");
    }

    fn progress(&mut self, _: usize, _: usize, _: Verified) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Whoever only looks seals it, too, into files that there are not yet: they are made in memory, and
/// nothing of it is on disk.
#[tokio::test]
async fn a_long_past_that_was_not_sealed_is_looked_at_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "start").unwrap();
    sent(&store, EquipmentId::new()).await;
    store.close();
    drop(store);
    let look = Store::look(dir.path()).unwrap();
    let tsdb = Tsdb::open_keeping(&look, (usize::MAX, ROWS_AT_ONCE)).unwrap();
    assert_eq!(waiting(&tsdb), HOURS - ROWS_AT_ONCE + 2);
    let verified = tsdb.verify(&mut Strict).unwrap();
    assert!(
        verified.hours > 100 && verified.damaged == 0,
        "{verified:?}"
    );
    assert!(!dir.path().join(crate::tsdb::FOLDER).exists());
}
