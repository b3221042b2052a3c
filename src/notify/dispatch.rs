//! The one task that empties the outbox: the urgent first, several at once, again after a pause.
//!
//! A letter is marked after it was sent. A cut in between sends it again, under the same id.

use super::desk::{ALERTS, CONDITIONS, REPEAT_MS};
use super::escalation::{Pending, STEPS, step_of};
use super::letter::{Letter, LetterState, Outcome};
use super::outbox;
use super::outlet::OutletKind;
use super::service::Notify;
use crate::base::{LetterId, Result, Timestamp};
use crate::store::table::Table;
use crate::store::{Transaction, View as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often old letters are looked for, ms.
const FORGET_EVERY_MS: i64 = 3_600_000;
/// How often a horn that is to sound is switched on again, ms.
const HORN_EVERY_MS: i64 = 60_000;
/// How long to wait when the disk refuses, ms.
const DISK_PAUSE_MS: i64 = 5_000;
/// How long letters that are under way may take at the stop.
const STOP_WITHIN: Duration = Duration::from_secs(5);
/// Steps of escalations that one transaction takes, so that no commit waits for long.
const STEPS_AT_ONCE: usize = 100;
/// Notes on alerts that are kept, ms; as long as the letters.
const NOTES_MS: i64 = 400 * 24 * 3_600_000;
/// Records that one transaction forgets.
const FORGET_AT_ONCE: usize = 1_000;

/// What is under way.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<()>,
    of: HashMap<Id, (OutletKind, LetterId)>,
}

/// What is to be done, and when to look again.
struct Look {
    letters: Vec<(OutletKind, Letter)>,
    steps: Vec<(Uuid, Pending)>,
    next: Option<Timestamp>,
}

impl UnderWay {
    fn ids(&self, kind: OutletKind) -> BTreeSet<LetterId> {
        let of = self.of.values().filter(|(other, _)| *other == kind);
        of.map(|(_, id)| *id).collect()
    }

    fn over(&mut self, joined: std::result::Result<(Id, ()), tokio::task::JoinError>) {
        let id = match &joined {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        self.of.remove(&id);
        if let Err(error) = joined {
            tracing::error!(%error, "a letter was not tried to its end");
        }
    }
}

impl Notify {
    /// Sends what is in the outbox until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut under_way = UnderWay::default();
        let (mut forget_at, mut horn_at) = (self.clock.now(), self.clock.now());
        while !stop.is_cancelled() {
            let now = self.clock.now();
            let mut wake_at = match self.round(&mut under_way, &stop).await {
                Ok(next) => next.unwrap_or(forget_at),
                Err(error) => {
                    tracing::error!(%error, "letters wait: the outbox cannot be read");
                    now.plus_ms(DISK_PAUSE_MS)
                }
            };
            if now >= horn_at {
                horn_at = now.plus_ms(HORN_EVERY_MS);
                if self.is_to_sound().unwrap_or(false) {
                    let this = Arc::clone(&self);
                    under_way
                        .tasks
                        .spawn(async move { this.remind_horn().await });
                }
            }
            if now >= forget_at || forget_at.since_ms(now) > FORGET_EVERY_MS {
                forget_at = now.plus_ms(FORGET_EVERY_MS);
                self.forget().await;
            }
            wake_at = wake_at.min(horn_at).min(forget_at);
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.bell.notified() => {}
                () = self.clock.sleep_until(wake_at) => {}
                Some(joined) = under_way.tasks.join_next_with_id() => under_way.over(joined),
            }
        }
        let finish = async { while under_way.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_WITHIN, finish).await.is_err() {
            tracing::warn!("letters that are under way are sent again after the next start");
        }
    }

    /// Starts what is due; when to look again.
    async fn round(
        self: &Arc<Self>,
        under_way: &mut UnderWay,
        stop: &CancellationToken,
    ) -> Result<Option<Timestamp>> {
        let free: BTreeMap<OutletKind, (usize, BTreeSet<LetterId>)> = OutletKind::ALL
            .into_iter()
            .map(|kind| {
                let ids = under_way.ids(kind);
                (kind, (kind.at_once().saturating_sub(ids.len()), ids))
            })
            .collect();
        let (this, now) = (Arc::clone(self), self.clock.now());
        let look = tokio::task::spawn_blocking(move || this.look(now, &free));
        let look = look.await.map_err(|cause| {
            crate::base::Error::internal("The outbox could not be looked at.").because(cause)
        })??;
        for (kind, letter) in look.letters {
            let (this, stop, id) = (Arc::clone(self), stop.clone(), letter.id);
            let task = async move { this.deliver(letter, &stop).await };
            let handle = under_way.tasks.spawn(task);
            under_way.of.insert(handle.id(), (kind, id));
        }
        if look.steps.is_empty() {
            return Ok(look.next);
        }
        self.ask_the_next(look.steps).await?;
        // Letters to them are in the outbox now.
        Ok(Some(now))
    }

    fn look(
        &self,
        now: Timestamp,
        free: &BTreeMap<OutletKind, (usize, BTreeSet<LetterId>)>,
    ) -> Result<Look> {
        let view = self.store.read()?;
        let (mut letters, mut next) = (Vec::new(), None);
        let mut earlier = |at: Option<Timestamp>| {
            next = [next, at].into_iter().flatten().min();
        };
        for (kind, (room, skip)) in free {
            // One that is full wakes us when a letter is done with.
            if *room > 0 {
                let due = outbox::due(&view, *kind, now, skip, *room)?;
                letters.extend(due.into_iter().map(|letter| (*kind, letter)));
                earlier(outbox::next_due(&view, *kind, now)?);
            }
        }
        let mut steps = Vec::new();
        view.scan(STEPS, &[], &[0xFF; 42], &mut |key, _| {
            let Some((alert, step)) = step_of(key) else {
                return Ok(ControlFlow::Continue(()));
            };
            if step.due > now || steps.len() >= STEPS_AT_ONCE {
                earlier(Some(step.due));
                return Ok(ControlFlow::Break(()));
            }
            steps.push((alert, step));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(Look {
            letters,
            steps,
            next,
        })
    }

    async fn ask_the_next(self: &Arc<Self>, steps: Vec<(Uuid, Pending)>) -> Result<()> {
        let this = Arc::clone(self);
        let work = move |transaction: &Transaction<'_>| {
            this.at_the_desk(transaction, |desk| {
                let mut steps = steps.iter();
                steps.try_for_each(|(alert, step)| desk.escalate(*alert, *step))
            })
        };
        self.store.write(work).await
    }

    /// Tries a letter and marks what came of it.
    async fn deliver(self: Arc<Self>, letter: Letter, stop: &CancellationToken) {
        let (outcome, took_ms) = self.carry(&letter, false).await;
        loop {
            let (outcome, now) = (outcome.clone(), self.clock.now());
            let id = letter.id;
            let marked = self
                .store
                .write(move |transaction| mark(transaction, id, &outcome, now, took_ms));
            let Err(error) = marked.await else { return };
            // As long as it is not marked it counts as under way, so it is not sent again.
            tracing::error!(%error, "what came of a letter is not noted yet");
            let pause = self.clock.sleep_until(now.plus_ms(DISK_PAUSE_MS));
            if stop.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    async fn forget(&self) {
        let now = self.clock.now();
        let done = self.store.write(move |transaction| {
            let letters = outbox::forget(transaction, now)?;
            let notes = forget_some(transaction, ALERTS, |note| {
                now.since_ms(note.occasion.at) > NOTES_MS
            })?;
            forget_some(transaction, CONDITIONS, |told| {
                !(0..REPEAT_MS).contains(&now.since_ms(told.at))
            })?;
            Ok((letters, notes))
        });
        match done.await {
            Ok((0, 0)) => {}
            Ok((letters, alerts)) => tracing::info!(letters, alerts, "old letters were forgotten"),
            Err(error) => tracing::error!(%error, "old letters wait to be forgotten"),
        }
    }
}

/// Notes what came of a try. One that was withdrawn meanwhile was sent all the same.
pub(super) fn mark(
    transaction: &Transaction<'_>,
    id: LetterId,
    outcome: &Outcome,
    now: Timestamp,
    took_ms: u64,
) -> Result<()> {
    let Some(letter) = outbox::get(transaction, id)? else {
        return Ok(());
    };
    let arrived = matches!(outcome, Outcome::Sent(_));
    if letter.state != LetterState::Queued && !arrived {
        return Ok(());
    }
    outbox::put(transaction, &letter.after(outcome, now, took_ms))
}

/// Forgets the records that are over, some at a time.
fn forget_some<T: Serialize + DeserializeOwned>(
    transaction: &Transaction<'_>,
    table: Table<T>,
    is_over: impl Fn(&T) -> bool,
) -> Result<usize> {
    let mut gone = Vec::new();
    table.scan(transaction, &[], &[0xFF; 33], &mut |key, record| {
        if is_over(&record) {
            gone.push(key.to_vec());
        }
        Ok(match gone.len() < FORGET_AT_ONCE {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        })
    })?;
    transaction.remove_all(table.name(), &gone)?;
    Ok(gone.len())
}
