//! Equipment and own profiles as a file carries them: said as a person would say them, with their
//! ids, checked together and written together.

use super::connection::clash;
use super::profile::{Origin, Profiles};
use super::profile_file::ProfileFile;
use super::profile_shelf::{PROFILES, sites_with};
use super::record::{AdminStatus, Equipment, NewEquipment};
use super::registry::{EQUIPMENT, EQUIPMENT_MAX};
use crate::base::error::Checks;
use crate::base::{EquipmentId, Error, Result, Timestamp};
use crate::store::audit::{self, Actor};
use crate::store::{Transaction, View};
use std::collections::{BTreeMap, BTreeSet};

/// Equipment as a file carries it: its id, the key of its site, and what is said of it.
pub type CarriedEquipment = (EquipmentId, String, NewEquipment);

impl Equipment {
    /// What would have to be said to make it again.
    #[must_use]
    pub fn said(&self) -> NewEquipment {
        NewEquipment {
            name: self.name.clone(),
            kind: self.kind.clone(),
            model: self.model.clone(),
            install_date: self.install_date.clone(),
            serial_number: self.serial_number.clone(),
            location: self.location.clone(),
            status: self.admin_status,
            in_site_total: self.in_site_total,
            specs: self.specs.clone(),
            modbus: self.modbus.clone(),
        }
    }
}

/// The equipment that is not deleted, by site and name.
///
/// # Errors
/// When the data file cannot be read.
pub fn carried_equipment(view: &impl View) -> Result<Vec<CarriedEquipment>> {
    let mut all = EQUIPMENT.all(view)?;
    all.retain(|equipment| equipment.deleted_at.is_none());
    all.sort_by_key(|one| (one.site.clone(), one.name.to_lowercase(), one.id));
    let carried = all.into_iter();
    Ok(carried
        .map(|one| (one.id, one.site.clone(), one.said()))
        .collect())
}

/// The profiles that people added, by id.
///
/// # Errors
/// When the data file cannot be read.
pub fn carried_profiles(view: &impl View) -> Result<Vec<ProfileFile>> {
    PROFILES.all(view)
}

/// Takes profiles over in the caller's transaction: the profiles that hold afterwards, and how many
/// were added and changed.
///
/// # Errors
/// Every refused field, by the number of the profile; a disk that refuses.
pub fn take_profiles_over(
    transaction: &Transaction<'_>,
    files: Vec<ProfileFile>,
    (actor, now): (&Actor, Timestamp),
) -> Result<(Profiles, usize, usize)> {
    let profiles = Profiles::embedded()?;
    let known = PROFILES.all(transaction)?;
    let known: BTreeMap<_, _> = known.into_iter().map(|f| (f.id.clone(), f)).collect();
    for file in known.values() {
        // One that this version does not take is not usable, and stays as it is.
        if let Ok(profile) = file.check(Origin::Own(Box::new(file.clone()))) {
            profiles.put(profile);
        }
    }
    let (mut checks, mut added, mut changed) = (Checks::default(), 0, 0);
    for (number, file) in files.into_iter().enumerate() {
        let checked = file.check(Origin::Own(Box::new(file.clone())));
        let Some(profile) = checks.merge(&format!("{number}."), checked)? else {
            continue;
        };
        let action = match known.get(&file.id) {
            Some(known) if *known == file => continue,
            Some(_) => {
                changed += 1;
                "profile.update"
            }
            None if profiles.get(&file.id).is_some() => {
                let sentence = "A profile of this id came with the program.";
                checks.refuse(&format!("{number}.id"), sentence);
                continue;
            }
            None => {
                added += 1;
                "profile.create"
            }
        };
        profiles.put(profile);
        PROFILES.put(transaction, file.id.as_bytes(), &file)?;
        let details = serde_json::json!({ "brand": file.brand, "model": file.model });
        let resource = format!("profile/{}", file.id);
        let object = audit::about(&resource).of_all(sites_with(transaction, &file.id)?);
        audit::append(transaction, now, actor, action, object, details)?;
    }
    checks.finish()?;
    Ok((profiles, added, changed))
}

/// Takes equipment over in the caller's transaction; what the file does not name stays. How many
/// were added and changed.
///
/// # Errors
/// Every refused field, by the number of the equipment; a line that two want to be different; a disk
/// that refuses.
pub fn take_equipment_over(
    transaction: &Transaction<'_>,
    carried: Vec<CarriedEquipment>,
    (profiles, sites): (&Profiles, &BTreeSet<String>),
    (actor, now): (&Actor, Timestamp),
) -> Result<(usize, usize)> {
    let stored = EQUIPMENT.all(transaction)?;
    let mut all: BTreeMap<_, _> = stored.into_iter().map(|one| (one.id, one)).collect();
    let (mut checks, mut added, mut changed) = (Checks::default(), 0, 0);
    let mut places = BTreeMap::new();
    for (number, (id, site, said)) in carried.into_iter().enumerate() {
        let path = format!("{number}.");
        let new = checks.merge(&path, Equipment::new(said, &site, profiles, now))?;
        let known_site = sites.contains(&site);
        checks.require(known_site, &format!("{path}site"), "There is no such site.");
        let once = places.insert(id, number).is_none();
        checks.require(once, &format!("{path}id"), "Another one has this id.");
        let Some(new) = new.filter(|_| known_site && once) else {
            continue;
        };
        let (record, action, details) = match all.get(&id) {
            Some(old) if old.deleted_at.is_none() => {
                if old.site == site && old.said() == new.said() {
                    continue;
                }
                let record = Equipment {
                    id,
                    photo: old.photo.clone(),
                    revision: old.revision + 1,
                    created_at: old.created_at,
                    ..new
                };
                changed += 1;
                let details = audit::changed_fields(old, &record);
                (record, "equipment.update", details)
            }
            _ => {
                added += 1;
                let details = serde_json::to_value(new.said()).unwrap_or_default();
                (Equipment { id, ..new }, "equipment.create", details)
            }
        };
        EQUIPMENT.put(transaction, id.as_bytes(), &record)?;
        let resource = format!("equipment/{id}");
        let object = audit::about(&resource).of(&record.site);
        audit::append(transaction, now, actor, action, object, details)?;
        all.insert(id, record);
    }
    all.retain(|_, one| one.deleted_at.is_none());
    refuse_clashes(&all, &places, &mut checks);
    checks.finish()?;
    if all.len() > EQUIPMENT_MAX {
        let sentence = format!("The appliance holds {EQUIPMENT_MAX} pieces of equipment at most.");
        return Err(Error::conflict(sentence));
    }
    Ok((added, changed))
}

/// Refuses devices of the file that want a line to be something else than it is for others.
fn refuse_clashes(
    all: &BTreeMap<EquipmentId, Equipment>,
    places: &BTreeMap<EquipmentId, usize>,
    checks: &mut Checks,
) {
    let polled = |one: &Equipment| {
        let active = one.admin_status != AdminStatus::Decommissioned;
        let source = one.modbus.as_ref().filter(|_| active);
        source.map(super::ModbusSource::endpoint)
    };
    let mut ends: Vec<_> = (all.values())
        .filter_map(|one| Some((one, polled(one)?)))
        .collect();
    // Those that stay come first, so that the newcomer is named.
    ends.sort_by_key(|(one, _)| places.get(&one.id));
    for (at, (one, end)) in ends.iter().enumerate() {
        let Some(number) = places.get(&one.id) else {
            continue;
        };
        let found = (ends[..at].iter()).find_map(|(other, old)| clash(end, old, &other.name));
        if let Some((path, sentence)) = found {
            checks.refuse(&format!("{number}.{path}"), sentence);
        }
    }
}
