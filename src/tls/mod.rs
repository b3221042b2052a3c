//! HTTPS: an authority and certificates made here, or ones that somebody brought; home of rustls
//! and rcgen.
//!
//! Promises: a certificate is renewed at two thirds of its life and when the machine has a new
//! address, without a restart, whatever the clock says; keys lie in the data file only, which its
//! owner alone can read; files that were brought are read again when they change, and a wrong pair
//! never takes the place of a good one. Will not do: ask anybody on the internet.

mod authority;
mod brought;
mod client;
mod identity;
mod outgoing;
#[cfg(test)]
mod tests;
mod why;
#[cfg(test)]
mod why_tests;

pub use brought::Files;
pub use client::Peer;
pub use outgoing::Trust;
pub use why::why;

use crate::base::{Clock, Error, Result, Timestamp};
use crate::machine::{self, Names};
use crate::store::Store;
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use authority::{Authority, Leaf, decode, fingerprint, is_private, pem};
use identity::{Key, Shown, keyed, server_config};
use serde::Serialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

/// How often addresses, files and the age of the certificate are looked at, ms.
const LOOK_EVERY_MS: i64 = 60_000;
/// The tables are made with the first authority.
const AUTHORITY: Table<Authority> = Table::new("tls_authority", 1);
const LEAF: Table<Leaf> = Table::new("tls_certificate", 1);
/// There is one of each.
const ONLY: &[u8] = b"only";

/// What is decided before the start.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Names and addresses beside those of the machine.
    pub names: Names,
    /// A certificate that somebody brought; without it one is made here.
    pub files: Option<Files>,
}

/// Who says under which names the machine is reached.
pub type Machine = Arc<dyn Fn() -> Names + Send + Sync>;

/// The keeper of the certificate.
pub struct Tls {
    store: Store,
    clock: Arc<dyn Clock>,
    settings: Settings,
    machine: Machine,
    shown: Arc<Shown>,
    acceptor: TlsAcceptor,
    state: Mutex<State>,
}

/// What it knows of what it shows.
#[derive(Clone)]
struct State {
    /// The authority, when it is our own.
    authority: Option<Authority>,
    /// The certificate, when it is our own.
    leaf: Option<Leaf>,
    /// Hash of the files, when they were brought.
    files: [u8; 32],
    /// What is wrong with the files since.
    problem: Option<String>,
}

/// HTTPS of the appliance, as it is shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TlsView {
    /// Whether certificate and key were brought in files; else they were made here.
    pub brought: bool,
    /// SHA-256 of the certificate, as browsers show it.
    pub fingerprint: String,
    /// For whom the certificate is; of one that was brought not known.
    pub names: Vec<String>,
    /// Until when it is good; it is renewed long before. Of one that was brought not known.
    pub not_after: Option<Timestamp>,
    /// The authority that browsers are to trust; absent when the certificate was brought.
    pub authority: Option<AuthorityView>,
    /// What is wrong with the files that were brought: the last good ones are in use.
    pub problem: Option<String>,
}

/// The appliance's own authority.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuthorityView {
    /// Its name.
    pub name: String,
    /// SHA-256 of its certificate: compare it before you trust it.
    pub fingerprint: String,
    /// Where the certificate is.
    pub path: &'static str,
    /// Until when it is good.
    pub not_after: Timestamp,
}

impl Tls {
    /// Reads or makes what is needed.
    ///
    /// # Errors
    /// Files that cannot be used, with their name; a data file that cannot be read or written.
    pub async fn open(store: &Store, clock: Arc<dyn Clock>, settings: Settings) -> Result<Self> {
        Self::open_on(store, clock, settings, Arc::new(machine::here)).await
    }

    /// As [`Tls::open`], on a machine that is reached like this.
    ///
    /// # Errors
    /// As [`Tls::open`].
    pub async fn open_on(
        store: &Store,
        clock: Arc<dyn Clock>,
        settings: Settings,
        machine: Machine,
    ) -> Result<Self> {
        let (key, state) = match &settings.files {
            Some(files) => {
                let brought = files.read()?;
                (brought.key, State::brought(brought.hash))
            }
            None => own(store, clock.now(), &settings, machine()).await?,
        };
        let shown = Arc::new(Shown::new(key));
        let config = server_config(Arc::clone(&shown))?;
        Ok(Self {
            store: store.clone(),
            clock,
            settings,
            machine,
            shown,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            state: Mutex::new(state),
        })
    }

    /// Speaks TLS with a client that has said hello.
    ///
    /// # Errors
    /// When they find no common way, or the client leaves.
    pub async fn accept<IO>(&self, io: IO) -> std::io::Result<TlsStream<IO>>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.acceptor.accept(io).await
    }

    /// Looks at addresses, age and files, and exchanges the certificate when one of them asks for
    /// it; `true` when it did.
    ///
    /// # Errors
    /// Files that cannot be used: the certificate before them stays. A disk that refuses.
    pub async fn look(&self) -> Result<bool> {
        match &self.settings.files {
            Some(files) => self.read_again(files),
            None => self.renew().await,
        }
    }

    fn read_again(&self, files: &Files) -> Result<bool> {
        let read = files.read();
        let mut state = self.state();
        match read {
            Ok(brought) => {
                let changed = state.files != brought.hash;
                if changed {
                    self.shown.put(brought.key);
                }
                *state = State::brought(brought.hash);
                Ok(changed)
            }
            Err(error) => {
                let told = state.problem.replace(error.sentence.clone());
                // Said once, not every minute.
                if told.as_deref() == Some(&error.sentence) {
                    return Ok(false);
                }
                Err(error)
            }
        }
    }

    async fn renew(&self) -> Result<bool> {
        let (now, wanted) = (self.clock.now(), (self.machine)());
        let state = self.state().clone();
        if let (Some(authority), Some(leaf)) = (&state.authority, &state.leaf) {
            let wanted = authority.permitted(&all(&self.settings, wanted.clone()));
            if leaf.serves(&wanted, &leaf.authority, now) {
                return Ok(false);
            }
        }
        let (key, state) = own(&self.store, now, &self.settings, wanted).await?;
        self.shown.put(key);
        *self.state() = state;
        Ok(true)
    }

    /// Keeps looking until `stop`.
    pub async fn keep(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let wake = self.clock.now().plus_ms(LOOK_EVERY_MS);
            let slept = stop.run_until_cancelled(self.clock.sleep_until(wake)).await;
            if slept.is_none() {
                return;
            }
            match self.look().await {
                Ok(false) => {}
                Ok(true) => tracing::info!("another certificate is shown from now on"),
                Err(error) => tracing::error!(%error, "the certificate could not be exchanged"),
            }
        }
    }

    /// What is shown.
    #[must_use]
    pub fn view(&self) -> TlsView {
        let state = self.state().clone();
        let key = self.shown.get();
        let leaf = state.leaf.as_ref();
        TlsView {
            brought: self.settings.files.is_some(),
            fingerprint: key
                .cert
                .first()
                .map(|der| fingerprint(der))
                .unwrap_or_default(),
            names: leaf.map(|leaf| leaf.names.list()).unwrap_or_default(),
            not_after: leaf.map(|leaf| leaf.not_after),
            authority: state.authority.as_ref().map(AuthorityView::of),
            problem: state.problem,
        }
    }

    /// The certificate of the authority as text, for browsers and programs that are to trust it.
    #[must_use]
    pub fn authority_pem(&self) -> Option<String> {
        let state = self.state();
        state.authority.as_ref().map(|own| pem(&own.certificate))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    const fn brought(files: [u8; 32]) -> Self {
        Self {
            authority: None,
            leaf: None,
            files,
            problem: None,
        }
    }
}

impl AuthorityView {
    fn of(authority: &Authority) -> Self {
        let der = decode(&authority.certificate).unwrap_or_default();
        Self {
            name: authority.name.clone(),
            fingerprint: fingerprint(&der),
            path: "/ca.crt",
            not_after: authority.not_after,
        }
    }
}

/// Names of the machine and those that were configured.
fn all(settings: &Settings, mut here: Names) -> Names {
    here.names.extend(settings.names.names.iter().cloned());
    here.addresses.extend(settings.names.addresses.iter());
    here
}

/// What is stored, as far as it still serves; the rest is made and stored.
async fn own(
    store: &Store,
    now: Timestamp,
    settings: &Settings,
    here: Names,
) -> Result<(Key, State)> {
    let (known, leaf) = {
        let reader = store.read()?;
        (AUTHORITY.get(&reader, ONLY)?, LEAF.get(&reader, ONLY)?)
    };
    // An authority that may not vouch for what somebody configured is of no use to him.
    let known = known.filter(|known| known.permitted(&settings.names).cover(&settings.names));
    let new_authority = known.is_none();
    let authority = match known {
        Some(known) => known,
        None => new(settings, &here, now)?,
    };
    let here = all(settings, here);
    let wanted = authority.permitted(&here);
    let of = fingerprint(&decode(&authority.certificate)?);
    let leaf = match leaf.filter(|leaf| leaf.serves(&wanted, &of, now)) {
        Some(leaf) => leaf,
        None => {
            if !wanted.cover(&here) {
                let (all, names) = (here.list(), wanted.list());
                let missing: Vec<_> = all.into_iter().filter(|n| !names.contains(n)).collect();
                tracing::warn!(
                    ?missing,
                    "browsers will warn at these: add them under [edge] names"
                );
            }
            let leaf = authority.sign(wanted, now)?;
            let kept = keep(
                store,
                now,
                new_authority.then(|| authority.clone()),
                leaf.clone(),
            );
            match kept.await {
                // A disk that is full is no reason to show a certificate that is too old.
                Err(error) if !new_authority => {
                    tracing::error!(%error, "the new certificate is in memory only");
                }
                other => other?,
            }
            leaf
        }
    };
    let chain = vec![decode(&leaf.certificate)?.into()];
    let key = PrivatePkcs8KeyDer::from(decode(&leaf.key)?);
    let key = keyed(chain, key.into())
        .map_err(|cause| Error::internal("The certificate cannot be used.").because(cause))?;
    let state = State {
        authority: Some(authority),
        leaf: Some(leaf),
        files: [0; 32],
        problem: None,
    };
    Ok((key, state))
}

/// An authority for this machine and what was configured.
fn new(settings: &Settings, here: &Names, now: Timestamp) -> Result<Authority> {
    let mut vouches_for = settings.names.clone();
    vouches_for.names.extend(here.names.iter().cloned());
    // Some plants number their machines with addresses that belong to others.
    let unusual = here.addresses.iter().filter(|a| !is_private(**a));
    vouches_for.addresses.extend(unusual);
    let is_other = |name: &&String| *name != "localhost" && !name.ends_with(".local");
    let host = here.names.iter().find(is_other);
    Authority::make(host.map_or("appliance", String::as_str), vouches_for, now)
}

async fn keep(
    store: &Store,
    now: Timestamp,
    authority: Option<Authority>,
    leaf: Leaf,
) -> Result<()> {
    let actor = Actor {
        name: "appliance".to_owned(),
        ..Actor::default()
    };
    let work = move |transaction: &crate::store::Transaction<'_>| {
        if let Some(authority) = &authority {
            AUTHORITY.put(transaction, ONLY, authority)?;
            let view = AuthorityView::of(authority);
            let details = serde_json::json!({ "name": view.name, "fingerprint": view.fingerprint });
            audit::append(transaction, now, &actor, "tls.authority", "tls", details)?;
        }
        LEAF.put(transaction, ONLY, &leaf)?;
        let details = serde_json::json!({ "fingerprint": fingerprint(&decode(&leaf.certificate)?),
            "names": leaf.names.list(), "not_after": leaf.not_after });
        audit::append(transaction, now, &actor, "tls.certificate", "tls", details)
    };
    store.write(work).await
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}
