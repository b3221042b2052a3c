//! The timetable of backups, and which of them are let go of.

use super::manifest::{Cause, MANIFEST};
use super::place::list;
use super::record::Record;
use super::service::Backups;
use crate::base::Timestamp;
use crate::base::time::Calendar;
use crate::store::audit::Actor;
use std::path::Path;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// How often the timetable is looked at, ms.
const LOOK_EVERY_MS: i64 = 20_000;
/// After a failure it is tried again so much later, ms: a stick may have been plugged in.
const AGAIN_MS: i64 = 3_600_000;

impl Backups {
    /// Keeps to the timetable until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let wake = self.clock.now().plus_ms(LOOK_EVERY_MS);
            let slept = stop.run_until_cancelled(self.clock.sleep_until(wake)).await;
            if slept.is_none() {
                break;
            }
            let record = self.state().record.clone();
            if self.due(&record).is_some_and(|due| due <= self.clock.now()) {
                let timetable = Actor {
                    name: "timetable".to_owned(),
                    ..Actor::default()
                };
                if let Err(error) = self.make(Cause::Timetable, timetable).await {
                    tracing::error!(%error, "the backup of the timetable did not begin");
                }
            }
        }
        // The stop does not wait for a stick.
        if let Some(running) = &self.state().running {
            running.progress.cancel();
        }
    }

    pub(super) fn due(&self, record: &Record) -> Option<Timestamp> {
        let now = self.clock.now();
        let tried = record.tried_at.max(Some(record.since)).unwrap_or(now);
        // A clock that was set back must not silence the timetable.
        let tried = tried.min(now);
        let next = record.settings.due_after(tried, &self.calendar())?;
        match &record.trouble {
            Some(trouble) if Some(trouble.at) >= record.tried_at => {
                Some(next.min(trouble.at.plus_ms(AGAIN_MS)))
            }
            _ => Some(next),
        }
    }

    pub(super) fn calendar(&self) -> Calendar {
        let site = self.sites.first();
        site.map_or_else(Calendar::utc, |site| site.calendar())
    }

    /// Deletes what is not kept any longer. What cannot be deleted is met again by the next.
    pub(super) fn forget_surplus(&self, folder: &Path, record: &Record) {
        let Ok(mut all) = list(folder) else { return };
        all.retain(|one| one.appliance == record.appliance);
        let made_at: Vec<_> = all.iter().map(|one| one.made_at).collect();
        for place in record.settings.keep.surplus(&made_at, &self.calendar()) {
            let path = folder.join(&all[place].id);
            // Without its manifest it is no backup any more, whatever is left of it.
            let _ = std::fs::remove_file(path.join(MANIFEST));
            match std::fs::remove_dir_all(&path) {
                Ok(()) => tracing::info!(backup = %path.display(), "a backup was let go of"),
                Err(error) => tracing::warn!(%error, "an old backup cannot be deleted"),
            }
        }
    }
}
