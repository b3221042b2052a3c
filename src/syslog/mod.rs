//! The audit log on its way to a collector, as syslog (RFC 5424) over UDP, TCP or TLS.
//!
//! Promises: the log on disk is the queue, so no commit waits for a collector and nothing is
//! dropped; a collector that was away gets what it missed, from the place that is noted on disk.
//! Over a stream an entry may come twice after an interruption: its sequence tells. Will not do:
//! believe that a datagram arrived.

mod link;
mod message;
#[cfg(test)]
mod tests;

use crate::base::{Clock, Error, Result, Timestamp};
use crate::machine;
use crate::store::Store;
use crate::store::audit;
use crate::store::table::Table;
use crate::tls::{Peer, why};
use link::Link;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

/// How often the log is looked at, ms.
const LOOK_EVERY_MS: i64 = 1_000;
/// How long to wait for a collector that is away, ms.
const AGAIN_MS: i64 = 10_000;
/// Entries that are read and sent at once.
const AT_ONCE: usize = 100;
/// How often the place is noted on disk, ms: so far an entry may be sent again after a restart.
const NOTE_EVERY_MS: i64 = 10_000;
/// The table is made when a collector is first configured. There is one place.
const PLACE: Table<Place> = Table::new("syslog_place", 1);
const ONLY: &[u8] = b"only";

/// Where the collector is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Name or address, and port.
    pub server: String,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// PEM file of the authority that vouches for it; for TLS.
    pub authority: Option<PathBuf>,
}

/// How a collector is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SyslogProtocol)]
pub enum Protocol {
    /// Datagrams (RFC 5426): nobody knows whether they arrive.
    #[default]
    Udp,
    /// A stream (RFC 6587, octet counting).
    Tcp,
    /// A stream with TLS (RFC 5425).
    Tls,
}

/// How far the log was sent, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    sequence: u64,
}

/// How the audit log gets to its collector.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SyslogStatus {
    /// Name or address, and port.
    pub server: String,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// Sequence of the last entry that was sent.
    pub sent: u64,
    /// Entries that wait for the collector.
    pub waiting: u64,
    /// When something was last sent, since the start.
    pub last_sent_at: Option<Timestamp>,
    /// Why nothing can be sent.
    pub problem: Option<String>,
}

/// Sends the audit log.
pub struct Forwarder {
    store: Store,
    clock: Arc<dyn Clock>,
    settings: Settings,
    peer: Option<Peer>,
    host: String,
    state: Mutex<State>,
}

#[derive(Clone, Debug, Default)]
struct State {
    /// The last entry that was handed over.
    sent: u64,
    /// The one before what was handed over last: a stream that broke may have lost that.
    sure: u64,
    /// What is on disk, and since when.
    noted: u64,
    noted_at: Timestamp,
    last_sent_at: Option<Timestamp>,
    problem: Option<String>,
}

impl Forwarder {
    /// The way to this collector. One that is new gets what happens from now on.
    ///
    /// # Errors
    /// A file of the authority that cannot be used; a data file that cannot be read.
    pub fn open(store: &Store, clock: Arc<dyn Clock>, settings: Settings) -> Result<Self> {
        let host = settings
            .server
            .rsplit_once(':')
            .map_or("", |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let peer = match (&settings.authority, settings.protocol) {
            (Some(file), Protocol::Tls) => Some(Peer::new(host, file, "syslog.ca")?),
            _ => None,
        };
        let reader = store.read()?;
        let newest = audit::head(&reader)?.map_or(0, |head| head.sequence);
        let place = PLACE.get(&reader, ONLY)?.map(|place| place.sequence);
        // A data file that was restored may be behind what was sent.
        let sent = place.map_or(newest, |place| place.min(newest));
        let names = machine::here().names;
        let own = names.into_iter().find(|name| name != "localhost");
        Ok(Self {
            store: store.clone(),
            settings,
            peer,
            host: own.unwrap_or_default(),
            state: Mutex::new(State {
                sent,
                sure: sent,
                // Nothing yet: the first place is noted at once.
                noted: place.unwrap_or(u64::MAX),
                noted_at: clock.now().minus_ms(NOTE_EVERY_MS),
                ..State::default()
            }),
            clock,
        })
    }

    /// Sends what is there and what comes, until `stop`.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut link = None;
        loop {
            let round = async {
                let sent = self.round(&mut link).await;
                self.note().await;
                sent
            };
            let wait_ms = match stop.run_until_cancelled(round).await {
                None => return,
                Some(Ok(0)) => LOOK_EVERY_MS,
                Some(Ok(_)) => continue,
                Some(Err(error)) => {
                    link = None;
                    self.failed(&error);
                    AGAIN_MS
                }
            };
            let wake = self.clock.sleep_until(self.clock.now().plus_ms(wait_ms));
            if stop.run_until_cancelled(wake).await.is_none() {
                return;
            }
        }
    }

    /// Sends the next entries; how many there were.
    async fn round(&self, link: &mut Option<Link>) -> Result<usize> {
        if link.as_mut().is_some_and(Link::is_closed) {
            *link = None;
            self.go_back();
        }
        let (store, from) = (self.store.clone(), self.state().sent + 1);
        let read = move || audit::piece(&store.read()?, from, u64::MAX, AT_ONCE);
        let read = tokio::task::spawn_blocking(read).await;
        let entries = read.map_err(|cause| {
            Error::internal("The audit log could not be read for syslog.").because(cause)
        })??;
        let Some(last) = entries.last() else {
            return Ok(0);
        };
        let lines: Vec<_> = entries
            .iter()
            .map(|entry| message::line(entry, &self.host))
            .collect();
        let open = match link {
            Some(open) => open,
            None => {
                let opened = Link::open(&self.settings, self.peer.as_ref()).await;
                link.insert(opened.map_err(|cause| self.away(&cause))?)
            }
        };
        open.send(&lines).await.map_err(|cause| self.away(&cause))?;
        let mut state = self.state();
        (state.sure, state.sent) = (state.sent, last.sequence);
        state.last_sent_at = Some(self.clock.now());
        state.problem = None;
        Ok(entries.len())
    }

    fn away(&self, cause: &std::io::Error) -> Error {
        self.go_back();
        let server = &self.settings.server;
        let reason = why(server, cause).unwrap_or_else(|| {
            format!("The collector {server} cannot be reached ({cause}). Check the server.")
        });
        Error::unavailable(format!(
            "{reason} It is set under [syslog]; the entries wait on disk."
        ))
    }

    /// What was handed over last may not have arrived.
    fn go_back(&self) {
        let mut state = self.state();
        state.sent = state.sure;
    }

    fn failed(&self, error: &Error) {
        let told = self.state().problem.replace(error.sentence.clone());
        // Said once, not every ten seconds.
        if told.as_deref() != Some(&error.sentence) {
            tracing::warn!(%error, "the audit log waits for its collector");
        }
    }

    /// Notes the place on disk, now and then.
    async fn note(&self) {
        let now = self.clock.now();
        let place = {
            let state = self.state();
            let is_due = now.since_ms(state.noted_at).abs() >= NOTE_EVERY_MS;
            if state.sent == state.noted || !is_due {
                return;
            }
            Place {
                sequence: state.sent,
            }
        };
        let noted = self
            .store
            .write(move |transaction| PLACE.put(transaction, ONLY, &place))
            .await;
        let mut state = self.state();
        state.noted_at = now;
        match noted {
            Ok(()) => state.noted = place.sequence,
            Err(error) => tracing::debug!(%error, "the place in the audit log was not noted"),
        }
    }

    /// How it goes.
    #[must_use]
    pub fn status(&self) -> SyslogStatus {
        let newest = self.store.read().and_then(|reader| audit::head(&reader));
        let newest = newest.ok().flatten().map_or(0, |head| head.sequence);
        let state = self.state().clone();
        SyslogStatus {
            server: self.settings.server.clone(),
            protocol: self.settings.protocol,
            sent: state.sent,
            waiting: newest.saturating_sub(state.sent),
            last_sent_at: state.last_sent_at,
            problem: state.problem,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Forwarder")
    }
}
