//! Production entries of a site: brought, read and deleted.

use super::production::{self, Entry, ProductionReport, RefusedEntry, Taken};
use super::service::Enpis;
use crate::base::{EquipmentId, Error, ErrorKind, Result, TimeRange, Timestamp};
use crate::store::Transaction;
use crate::store::audit::{self, Actor};
use serde_json::{Value, json};

/// Most replaced entries that one audit entry writes out; more are counted.
const WRITTEN_OUT: usize = 50;

impl Enpis {
    /// Takes entries, each with its line: those that are well are stored in one transaction, the
    /// others are named.
    ///
    /// # Errors
    /// When there are too many, or the disk refuses; then nothing is stored.
    pub async fn bring(
        &self,
        site: &str,
        entries: Vec<(u64, Entry)>,
        mut refused: Vec<RefusedEntry>,
        actor: Actor,
    ) -> Result<ProductionReport> {
        if entries.len() > production::ENTRIES_MAX {
            let most = production::ENTRIES_MAX;
            let sentence = format!("Bring {most} entries at once at most. Split the list.");
            return Err(Error::invalid("entries", sentence));
        }
        let mut good = Vec::with_capacity(entries.len());
        for (line, entry) in entries {
            let place = entry
                .equipment_id
                .map_or(Ok(()), |id| self.check_one("equipment_id", id, site));
            match entry.check().and(place) {
                Ok(()) => good.push((line, entry)),
                Err(error) => refused.extend(named(line, error)?),
            }
        }
        let (now, site) = (self.clock.now(), site.to_owned());
        let write = move |transaction: &Transaction<'_>| {
            let mut report = ProductionReport::default();
            let mut replaced = Vec::new();
            for (line, entry) in good {
                match production::put(transaction, &site, &entry) {
                    Ok((Taken::Created, _)) => report.created += 1,
                    Ok((Taken::Unchanged, _)) => report.unchanged += 1,
                    Ok((Taken::Changed, before)) => {
                        report.changed += 1;
                        if replaced.len() < WRITTEN_OUT {
                            replaced.push(json!({ "before": before, "after": entry }));
                        }
                    }
                    Err(error) => refused.extend(named(line, error)?),
                }
            }
            refused.sort_by_key(|refusal| refusal.line);
            report.refused = refused;
            if report.created + report.changed > 0 {
                let details = json!({ "created": report.created, "changed": report.changed,
                    "refused": report.refused.len(), "replaced": Value::Array(replaced) });
                audit::append(
                    transaction,
                    now,
                    &actor,
                    "production.enter",
                    audit::about("production").of(&site),
                    details,
                )?;
            }
            Ok(report)
        };
        self.store.write(write).await
    }

    /// The entries of a site that touch a range, of one product or all. Reads the disk.
    ///
    /// # Errors
    /// When the range is none or holds too many.
    pub fn production(
        &self,
        site: &str,
        product: Option<&str>,
        range: TimeRange,
    ) -> Result<Vec<Entry>> {
        let range = TimeRange::new(range.from, range.to)?;
        production::of_site(&self.store.read()?, site, product, range)
    }

    /// What a machine produced in a range, as it was entered; `None` when nothing was. Reads the
    /// disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn produced(
        &self,
        site: &str,
        product: &str,
        equipment: EquipmentId,
        range: TimeRange,
    ) -> Result<Option<f64>> {
        let of = Some(equipment);
        let entries = production::of_one(&self.store.read()?, site, product, of, range)?;
        Ok((!entries.is_empty()).then(|| entries.iter().map(|entry| entry.within(range)).sum()))
    }

    /// Deletes the entry of a product and machine that begins at this instant.
    ///
    /// # Errors
    /// When there is none; when the disk refuses.
    pub async fn forget_production(
        &self,
        site: &str,
        (product, equipment, from): (String, Option<EquipmentId>, Timestamp),
        actor: Actor,
    ) -> Result<()> {
        let (now, site) = (self.clock.now(), site.to_owned());
        let write = move |transaction: &Transaction<'_>| {
            let entry = production::remove(transaction, &site, &product, equipment, from)?;
            let details = json!({ "entry": entry });
            audit::append(
                transaction,
                now,
                &actor,
                "production.delete",
                audit::about("production").of(&site),
                details,
            )
        };
        self.store.write(write).await
    }
}

/// What is wrong with the entry of a line; anything else than a refusal goes on.
fn named(line: u64, error: Error) -> Result<Vec<RefusedEntry>> {
    if error.kind != ErrorKind::Invalid {
        return Err(error);
    }
    let name = |field: crate::base::FieldError| RefusedEntry {
        line,
        field: field.path,
        message: field.message,
    };
    Ok(error.fields.into_iter().map(name).collect())
}
