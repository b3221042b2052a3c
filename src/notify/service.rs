//! The one who is told what happened, inside the transactions of others, and who knows the rest.

use super::desk::Desk;
use super::known::{Directory, General, Known};
use super::language::Language;
use super::letter::{Enclosed, Enclosures, Letter, LetterState};
use super::occasion::{Occasion, What};
use super::outbox;
use super::outlet::{Outlet, OutletKind};
use super::policy::Policy;
use crate::base::{Clock, LetterId, Level, Result, Timestamp};
use crate::site::{Site, Sites};
use crate::store::table::Table;
use crate::store::{Store, TableName, Transaction, View};
use crate::tls::Trust;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use uuid::Uuid;

pub(super) const OUTLETS: Table<Outlet> = Table::new("notify_outlet", 1);
pub(super) const POLICIES: Table<Policy> = Table::new("notify_policy", 1);
pub(super) const GENERAL: Table<General> = Table::new("notify_general", 1);
/// Apart from the outlets, so that nothing that shows them can show it.
pub(super) const SECRETS: TableName = TableName::new("notify_secret");
/// There is one of it.
pub(super) const ONLY: &[u8] = b"only";

/// Notifications, as one service.
pub struct Notify {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sites: Arc<Sites>,
    people: OnceLock<Arc<dyn Directory>>,
    pub(super) enclosures: OnceLock<Arc<dyn Enclosures>>,
    /// The store is the truth; this is what the last change left.
    known: RwLock<Arc<Known>>,
    /// One change at a time, so that memory and store agree.
    pub(super) changing: tokio::sync::Mutex<()>,
    /// Rung when there is something to send.
    pub(super) bell: tokio::sync::Notify,
    board: Mutex<BTreeMap<OutletKind, Seen>>,
    pub(super) trust: Trust,
}

/// How an outlet did since the start.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) sent_at: Option<Timestamp>,
    pub(super) failed_at: Option<Timestamp>,
    pub(super) said: Option<String>,
}

/// An e-mail about an account: a code to a person who asked for it.
#[derive(Clone)]
pub struct Mail {
    /// His address.
    pub to: String,
    /// His name.
    pub name: Option<String>,
    /// Its subject.
    pub subject: String,
    /// What it says; never shown, and forgotten when it is sent.
    pub text: String,
}

impl Notify {
    /// Reads what is decided. Nobody is known and nothing is sent before
    /// [`Notify::introduce`] and the task of [`Notify::run`].
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn open(store: &Store, clock: Arc<dyn Clock>, sites: Arc<Sites>) -> Result<Self> {
        let known = read_known(&store.read()?)?;
        Ok(Self {
            store: store.clone(),
            clock,
            sites,
            people: OnceLock::new(),
            enclosures: OnceLock::new(),
            known: RwLock::new(Arc::new(known)),
            changing: tokio::sync::Mutex::default(),
            bell: tokio::sync::Notify::new(),
            board: Mutex::default(),
            trust: Trust::default(),
        })
    }

    /// Hands over who knows the people; once.
    pub fn introduce(&self, people: Arc<dyn Directory>) {
        // A second one would be a mistake of the wiring; the first stays.
        let _ = self.people.set(people);
    }

    /// Hands over who has the files that go with letters; once.
    pub fn enclose_by(&self, enclosures: Arc<dyn Enclosures>) {
        // As above.
        let _ = self.enclosures.set(enclosures);
    }

    /// An alert began or got worse: decides in the caller's transaction who hears of it. Call
    /// [`Notify::wake`] after the commit.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn raised(&self, transaction: &Transaction<'_>, occasion: &Occasion) -> Result<()> {
        self.at_the_desk(transaction, |desk| desk.raised(occasion))
    }

    /// Somebody saw an alert, or it is over: nobody else is asked, in the caller's transaction.
    /// Call [`Notify::wake`] after the commit.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn settled(&self, transaction: &Transaction<'_>, alert: Uuid, how: What) -> Result<()> {
        self.at_the_desk(transaction, |desk| desk.settled(alert, how))
    }

    /// Something was put in the outbox, and is committed.
    pub fn wake(&self) {
        self.bell.notify_one();
    }

    /// Puts an e-mail in the outbox; `None` when no outlet writes e-mail. Call [`Notify::wake`]
    /// after the commit.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn mail(&self, transaction: &Transaction<'_>, mail: Mail) -> Result<Option<LetterId>> {
        let known = self.known();
        let Some(outlet) = known.mail() else {
            return Ok(None);
        };
        let letter = Letter {
            to: mail.to,
            name: mail.name,
            subject: mail.subject,
            text: mail.text,
            confidential: true,
            ..self.blank(outlet, known.general.language)
        };
        outbox::put(transaction, &letter)?;
        Ok(Some(letter.id))
    }

    /// Puts an e-mail with files in the outbox; `None` when no outlet writes e-mail. Call
    /// [`Notify::wake`] after the commit.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn mail_with(
        &self,
        transaction: &Transaction<'_>,
        mail: Mail,
        enclosed: Vec<Enclosed>,
    ) -> Result<Option<LetterId>> {
        let known = self.known();
        let Some(outlet) = known.mail() else {
            return Ok(None);
        };
        let letter = Letter {
            to: mail.to,
            name: mail.name,
            level: Level::Informational,
            subject: mail.subject,
            text: mail.text,
            enclosed,
            ..self.blank(outlet, known.general.language)
        };
        outbox::put(transaction, &letter)?;
        Ok(Some(letter.id))
    }

    /// Whether an outlet for e-mail is set and switched on.
    #[must_use]
    pub fn writes_mail(&self) -> bool {
        self.known().mail().is_some()
    }

    pub(super) fn at_the_desk<T>(
        &self,
        transaction: &Transaction<'_>,
        work: impl FnOnce(&Desk<'_, '_>) -> Result<T>,
    ) -> Result<T> {
        let (known, sites): (Arc<Known>, Vec<Site>) = (self.known(), self.sites.all());
        work(&Desk {
            transaction,
            now: self.clock.now(),
            known: &known,
            people: self.people.get().map(AsRef::as_ref),
            sites: &sites,
        })
    }

    /// A letter about nothing yet, to be sent now.
    pub(super) fn blank(&self, outlet: OutletKind, language: Language) -> Letter {
        let now = self.clock.now();
        Letter {
            id: LetterId::new(),
            created_at: now,
            outlet: Some(outlet),
            to: String::new(),
            name: None,
            language,
            level: Level::High,
            policy_id: None,
            step: 0,
            occasion: None,
            subject: String::new(),
            text: String::new(),
            enclosed: Vec::new(),
            replaces: None,
            confidential: false,
            state: LetterState::Queued,
            reason: None,
            next_try: Some(now),
            failed: 0,
            tries: Vec::new(),
            sent_at: None,
        }
    }

    pub(super) fn people(&self) -> Option<&dyn Directory> {
        self.people.get().map(AsRef::as_ref)
    }

    pub(super) fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads again what is decided, after a change of it.
    pub(super) fn reload(&self) -> Result<()> {
        let known = Arc::new(read_known(&self.store.read()?)?);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(())
    }

    pub(super) fn board(&self) -> MutexGuard<'_, BTreeMap<OutletKind, Seen>> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_known(view: &impl View) -> Result<Known> {
    let mut outlets = BTreeMap::new();
    for kind in OutletKind::ALL {
        if let Some(outlet) = OUTLETS.get(view, kind.key().as_bytes())? {
            outlets.insert(kind, outlet);
        }
    }
    let mut policies = POLICIES.all(view)?;
    policies.sort_by(|a, b| a.rule.name.cmp(&b.rule.name));
    Ok(Known {
        outlets,
        policies,
        general: GENERAL.get(view, ONLY)?.unwrap_or_default(),
    })
}

impl std::fmt::Debug for Notify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Notify")
    }
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail")
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}
