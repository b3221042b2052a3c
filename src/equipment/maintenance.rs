//! The maintenance log of equipment: what was done to it, by whom, what it cost, when it is due again.
//!
//! Promises: an entry is on disk with its audit entry, and checked whole; who wrote it stays known
//! when somebody else changes it. What is due is answered from memory.

use super::record::AdminStatus;
use super::registry::Registry;
use super::whose::site_in;
use crate::auth::Reach;
use crate::base::error::Checks;
use crate::base::{
    Clock, DocumentId, EquipmentId, Error, MaintenanceId, Result, Timestamp, UserId,
};
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use crate::store::{Store, Transaction};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use utoipa::ToSchema;

const ENTRIES: Table<MaintenanceEntry> = Table::new("equipment_maintenance", 1);
/// Most entries of one piece of equipment: one a week for twenty years.
const ENTRIES_MAX: usize = 1_000;
/// Longest note, characters.
const NOTES_MAX: usize = 4_000;
/// Longest name of who did it, characters.
const NAME_MAX: usize = 120;
/// Most documents that an entry names.
const DOCUMENTS_MAX: usize = 20;
/// Highest cost, in the currency of the site.
const COST_MAX: u32 = 100_000_000;

/// What kind of work it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MaintenanceKind {
    /// Looked at, and found to be well or not.
    Inspection,
    /// Kept in order as planned.
    Service,
    /// Mended.
    Repair,
    /// Compared with a standard and set right.
    Calibration,
    /// A part or all of it was exchanged.
    Replacement,
    /// Anything else.
    Other,
}

/// What a person says of a piece of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMaintenance {
    /// What kind of work it was.
    #[serde(rename = "type")]
    pub kind: MaintenanceKind,
    /// The calendar day on which it was done, at the site.
    #[schema(example = "2026-11-21")]
    pub date: String,
    /// Who did it; who writes it down when absent.
    #[serde(default)]
    pub performed_by: Option<String>,
    /// What was found and done.
    pub notes: String,
    /// What it cost, in the currency of the site, as a decimal string.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "120.50")]
    pub cost: Option<Decimal>,
    /// The day by which this kind of work is due again.
    #[serde(default)]
    #[schema(example = "2027-11-21")]
    pub next_due: Option<String>,
    /// Documents of the equipment that belong to it.
    #[serde(default)]
    pub documents: Vec<DocumentId>,
}

/// An entry of the maintenance log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MaintenanceEntry {
    /// Its id.
    pub id: MaintenanceId,
    /// Whose log it is in.
    pub equipment_id: EquipmentId,
    /// What was said.
    #[serde(flatten)]
    pub said: NewMaintenance,
    /// Who wrote it down: his user name.
    pub written_by: String,
    /// His id; only he changes it without the right to change equipment.
    pub author: Option<UserId>,
    /// When it was written down.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Work that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// What the equipment is called.
    pub equipment_name: String,
    /// What kind of work.
    pub kind: MaintenanceKind,
    /// The day by which it is due.
    pub date: String,
}

/// The last work of a kind, and the day by which it is due again.
type Last = BTreeMap<(EquipmentId, MaintenanceKind), (String, Option<String>)>;

/// The maintenance logs.
pub struct Maintenance {
    store: Store,
    clock: Arc<dyn Clock>,
    registry: Arc<Registry>,
    /// The store is the truth; this is what is due, as the last change left it.
    last: RwLock<Last>,
}

/// A calendar day, `2026-11-21`.
fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<Timestamp>().is_ok()
}

impl NewMaintenance {
    fn check(&self, documents: &dyn Fn(DocumentId) -> bool) -> Result<()> {
        let mut checks = Checks::default();
        let sentence = "A day such as 2026-11-21.";
        checks.require(is_day(&self.date), "date", sentence);
        let next = self.next_due.as_deref();
        checks.require(next.is_none_or(is_day), "next_due", sentence);
        // Days written like this sort as they follow each other.
        let later = next.is_none_or(|next| next > self.date.as_str());
        let sentence = "It is due again after the day on which it was done.";
        checks.require(later, "next_due", sentence);
        let plain = |text: &str, most: usize| {
            let length = text.trim().chars().count();
            (1..=most).contains(&length)
        };
        let sentence = "Say what was found and done, in 1 to 4000 characters.";
        checks.require(plain(&self.notes, NOTES_MAX), "notes", sentence);
        let name = self.performed_by.as_deref();
        let good =
            name.is_none_or(|name| plain(name, NAME_MAX) && !name.chars().any(char::is_control));
        checks.require(good, "performed_by", "A name of 1 to 120 characters.");
        let range = Decimal::ZERO..=Decimal::from(COST_MAX);
        let good = self.cost.is_none_or(|cost| range.contains(&cost));
        checks.require(good, "cost", "A cost from 0 to 100000000.");
        let known = self.documents.len() <= DOCUMENTS_MAX
            && self.documents.iter().all(|document| documents(*document));
        let sentence = "At most 20 documents, which this equipment has.";
        checks.require(known, "documents", sentence);
        checks.finish()
    }
}

impl MaintenanceEntry {
    fn key(&self) -> [u8; 32] {
        key(self.equipment_id, self.id)
    }
}

/// Equipment first, so that the entries of one lie together.
fn key(equipment: EquipmentId, id: MaintenanceId) -> [u8; 32] {
    let mut key = [0; 32];
    key[..16].copy_from_slice(equipment.as_bytes());
    key[16..].copy_from_slice(id.as_bytes());
    key
}

impl Maintenance {
    /// Reads what is due.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn open(store: &Store, clock: Arc<dyn Clock>, registry: Arc<Registry>) -> Result<Self> {
        let mut last = Last::new();
        for entry in ENTRIES.all(&store.read()?)? {
            keep_last(&mut last, &entry);
        }
        Ok(Self {
            store: store.clone(),
            clock,
            registry,
            last: RwLock::new(last),
        })
    }

    /// The log of equipment, the latest day first.
    ///
    /// # Errors
    /// When there is no such equipment for him; when the data file cannot be read.
    pub fn of(&self, equipment: EquipmentId, reach: &Reach) -> Result<Vec<MaintenanceEntry>> {
        self.registry.seen(equipment, reach)?;
        let mut all = ENTRIES.under(&self.store.read()?, equipment.as_bytes())?;
        all.sort_by(|a, b| (&b.said.date, b.created_at).cmp(&(&a.said.date, a.created_at)));
        Ok(all)
    }

    fn one(&self, equipment: EquipmentId, id: MaintenanceId) -> Result<MaintenanceEntry> {
        let found = ENTRIES.get(&self.store.read()?, &key(equipment, id))?;
        found.ok_or_else(|| Error::not_found("maintenance entry", id))
    }

    /// Writes work down.
    ///
    /// # Errors
    /// When there is no such equipment for him; every refused field; a log that is full.
    pub async fn add(
        &self,
        (equipment, reach): (EquipmentId, &Reach),
        mut said: NewMaintenance,
        documents: &(dyn Fn(DocumentId) -> bool + Sync),
        actor: Actor,
    ) -> Result<MaintenanceEntry> {
        if self.of(equipment, reach)?.len() >= ENTRIES_MAX {
            let sentence = "This log has 1000 entries. Delete some that nobody needs.";
            return Err(Error::conflict(sentence));
        }
        said.check(documents)?;
        said.performed_by.get_or_insert_with(|| actor.name.clone());
        let now = self.clock.now();
        let entry = MaintenanceEntry {
            id: MaintenanceId::new(),
            equipment_id: equipment,
            written_by: actor.name.clone(),
            author: actor.user,
            created_at: now,
            updated_at: now,
            said,
        };
        let details = json!(entry.said);
        self.keep(entry, "maintenance.add", details, actor).await
    }

    /// Changes an entry as a whole; one of somebody else only with `any`.
    ///
    /// # Errors
    /// As [`Maintenance::add`]; when it is of somebody else.
    pub async fn change(
        &self,
        (equipment, reach, id): (EquipmentId, &Reach, MaintenanceId),
        (mut said, any): (NewMaintenance, bool),
        documents: &(dyn Fn(DocumentId) -> bool + Sync),
        actor: Actor,
    ) -> Result<MaintenanceEntry> {
        self.registry.seen(equipment, reach)?;
        let before = self.one(equipment, id)?;
        if !any && (before.author.is_none() || before.author != actor.user) {
            let sentence = "Somebody else wrote this. Ask him, or who may change equipment.";
            return Err(Error::new(crate::base::ErrorKind::Forbidden, sentence));
        }
        said.check(documents)?;
        let by = before.said.performed_by.clone();
        said.performed_by = said.performed_by.or(by);
        let details = audit::changed_fields(&before.said, &said);
        let entry = MaintenanceEntry {
            said,
            updated_at: self.clock.now(),
            ..before
        };
        self.keep(entry, "maintenance.update", details, actor).await
    }

    /// Takes an entry out; the audit log keeps what it said.
    ///
    /// # Errors
    /// When there is none; a disk that refuses.
    pub async fn delete(
        &self,
        (equipment, reach, id): (EquipmentId, &Reach, MaintenanceId),
        actor: Actor,
    ) -> Result<()> {
        self.registry.seen(equipment, reach)?;
        let entry = self.one(equipment, id)?;
        let now = self.clock.now();
        self.store
            .write(move |transaction| {
                ENTRIES.remove(transaction, &entry.key())?;
                let details = json!(entry.said);
                noted(
                    transaction,
                    now,
                    &actor,
                    "maintenance.delete",
                    &entry,
                    details,
                )
            })
            .await?;
        self.learn(equipment)
    }

    async fn keep(
        &self,
        entry: MaintenanceEntry,
        action: &'static str,
        details: Value,
        actor: Actor,
    ) -> Result<MaintenanceEntry> {
        let (stored, now) = (entry.clone(), self.clock.now());
        self.store
            .write(move |transaction| {
                ENTRIES.put(transaction, &stored.key(), &stored)?;
                noted(transaction, now, &actor, action, &stored, details)
            })
            .await?;
        self.learn(entry.equipment_id)?;
        Ok(entry)
    }

    /// Reads again what is due of some equipment.
    fn learn(&self, equipment: EquipmentId) -> Result<()> {
        let all = ENTRIES.under(&self.store.read()?, equipment.as_bytes())?;
        let mut last = self.last.write().unwrap_or_else(PoisonError::into_inner);
        last.retain(|(of, _), _| *of != equipment);
        for entry in &all {
            keep_last(&mut last, entry);
        }
        Ok(())
    }

    /// Work that is due at equipment in use; `today` tells the day at a site.
    #[must_use]
    pub fn due(&self, today: &dyn Fn(&str) -> String) -> Vec<Due> {
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
        let mut due: Vec<_> = last
            .iter()
            .filter_map(|((id, kind), (_, next))| {
                let equipment = self.registry.get(*id).ok()?;
                let date = next.clone()?;
                let used = equipment.admin_status != AdminStatus::Decommissioned;
                (used && date <= today(&equipment.site)).then_some(Due {
                    equipment_name: equipment.name,
                    kind: *kind,
                    date,
                })
            })
            .collect();
        due.sort_by(|a, b| a.date.cmp(&b.date));
        due
    }
}

/// Work of a kind that was done later is the one that says when it is due again.
fn keep_last(last: &mut Last, entry: &MaintenanceEntry) {
    let place = (entry.equipment_id, entry.said.kind);
    let known = last.get(&place);
    if known.is_none_or(|(date, _)| *date <= entry.said.date) {
        let said = (entry.said.date.clone(), entry.said.next_due.clone());
        last.insert(place, said);
    }
}

fn noted(
    transaction: &Transaction<'_>,
    now: Timestamp,
    actor: &Actor,
    action: &str,
    entry: &MaintenanceEntry,
    details: Value,
) -> Result<()> {
    let resource = format!("equipment/{}/maintenance/{}", entry.equipment_id, entry.id);
    let object = audit::about(&resource).of_all(site_in(transaction, entry.equipment_id)?);
    audit::append(transaction, now, actor, action, object, details)
}
