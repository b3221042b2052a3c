//! The round in which the appliance looks at itself.

use super::appliance::Vitals;
use super::health::Served;
use super::service::Alerts;
use crate::backup::Backups;
use crate::base::{Clock, Timestamp};
use crate::ingest::{Inlet, Intake};
use crate::machine;
use crate::store::{Room, Store, audit};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How often the appliance looks at itself, ms, and at the longest.
const WATCH_EVERY_MS: i64 = 10_000;
const WATCH_AT_LEAST: Duration = Duration::from_secs(60);
/// Entries of the audit log that are looked at for failed sign-ins, and how old they may be, ms.
const LOGINS_LOOKED_AT: usize = 200;
const LOGINS_WITHIN_MS: i64 = 5 * 60_000;

/// What others found out about the data, the page and the program.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The files in which the weekly examination found damage.
    pub damaged: Vec<String>,
    /// In how many days the certificate ends; absent without HTTPS.
    pub certificate_days: Option<f64>,
    /// How often the program failed inside since its start.
    pub faults: usize,
    /// How the program before this one fell: `silent`, `ended`.
    pub fell: Option<String>,
    /// Whether the clock cannot be right.
    pub clock_is_wrong: bool,
}

/// Asks what was found, as of an instant.
pub type Finds = Arc<dyn Fn(Timestamp) -> Found + Send + Sync>;

/// Looks at the appliance itself until `stop`; its troubles are alerts.
pub async fn watch(
    (alerts, store, inlet, backups): (Arc<Alerts>, Store, Inlet, Arc<Backups>),
    (intake, clock, finds): (Arc<Intake>, Arc<dyn Clock>, Finds),
    stop: CancellationToken,
) {
    let (mut skipped, mut dropped) = (inlet.skipped(), intake.counters().dropped());
    let Found {
        mut faults, fell, ..
    } = finds(clock.now());
    // Of the start: it is told once.
    let mut fell = fell;
    let (mut wall, mut steady) = (clock.now(), Instant::now());
    loop {
        let wake = clock.now().plus_ms(WATCH_EVERY_MS);
        // By the steady clock, too: one that was set back would let nobody look for long.
        let slept = tokio::time::timeout(WATCH_AT_LEAST, clock.sleep_until(wake));
        if stop.run_until_cancelled(slept).await.is_none() {
            return;
        }
        let (now, passed) = (clock.now(), steady.elapsed());
        #[allow(clippy::cast_precision_loss)] // a difference of seconds
        let jump_s = now.since_ms(wall) as f64 / 1_000.0 - passed.as_secs_f64();
        (wall, steady) = (now, Instant::now());
        let failed_logins = count_failed_logins(&store, now);
        let lost = intake.counters().dropped();
        let found = finds(now);
        // With a time that is made up, the machine around it is not the appliance's.
        let real = clock.is_wall();
        let vitals = Vitals {
            disk_used_percent: store.room().filter(|_| real).map(used_percent),
            reserve: store.reserve().filter(|_| real),
            memory_mb: machine::resident_mb().filter(|_| real),
            clock_jump_s: if real { jump_s } else { 0.0 },
            skipped: inlet.skipped().saturating_sub(skipped),
            dropped: lost.saturating_sub(dropped),
            failed_logins,
            silent: alerts.unwatched_and_silent(now),
            due_work: alerts.due_work(now),
            failed_reports: alerts.reports_that_failed(),
            stuck_outlets: alerts.stuck_outlets(now),
            served: served(&alerts, now, real),
            backup_age_h: backups.age_h(now),
            damaged: found.damaged,
            certificate_days: found.certificate_days,
            faults: found.faults.saturating_sub(faults),
            fell: fell.take(),
            clock_wrong: (real && found.clock_is_wrong).then_some(now),
        };
        (skipped, dropped) = (inlet.skipped(), lost);
        faults = found.faults;
        if let Err(error) = alerts.watch_appliance(vitals).await {
            tracing::error!(%error, "the appliance could not note how it is doing");
        }
    }
}

/// How the API answers; how quickly, by a time that is made up, says nothing.
fn served(alerts: &Alerts, now: Timestamp, real: bool) -> Served {
    let served = alerts.served(now);
    Served {
        p95_ms_10_min: served.p95_ms_10_min.filter(|_| real),
        p95_ms_20_min: served.p95_ms_20_min.filter(|_| real),
        ..served
    }
}

#[allow(clippy::cast_precision_loss)] // percent
fn used_percent(room: Room) -> f64 {
    room.total.saturating_sub(room.free) as f64 * 100.0 / room.total.max(1) as f64
}

/// Failed sign-ins of the last five minutes, counted up to a little more than matters.
fn count_failed_logins(store: &Store, now: Timestamp) -> u32 {
    let entries = store
        .read()
        .and_then(|reader| audit::page(&reader, None, LOGINS_LOOKED_AT));
    let recent = |entry: &audit::Entry| {
        entry.action == "auth.login_failed" && now.since_ms(entry.at) < LOGINS_WITHIN_MS
    };
    let entries = entries.unwrap_or_default();
    u32::try_from(entries.iter().filter(|entry| recent(entry)).count()).unwrap_or(u32::MAX)
}
