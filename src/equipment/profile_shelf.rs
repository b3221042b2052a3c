//! The profiles that people add: on disk first, then shared with everybody at once.

use super::profile::{Origin, Profile, Profiles};
use super::profile_file::ProfileFile;
use super::record::Equipment;
use super::registry::{EQUIPMENT, Registry};
use crate::auth::Reach;
use crate::base::{Error, ErrorKind, Result};
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use crate::store::{Store, View};
use serde_json::json;
use std::collections::BTreeSet;

pub(super) const PROFILES: Table<ProfileFile> = Table::new("profiles", 1);
/// The most profiles that people add; each is held in memory.
const OWN_MAX: usize = 500;

/// Puts what people added beside what came with the program. A record that a newer program no
/// longer takes is left where it is and said in the log: the equipment that needs it is not polled.
pub(super) fn load(store: &Store, profiles: &Profiles) -> Result<()> {
    for file in PROFILES.all(&store.read()?)? {
        match own(&file) {
            Ok(profile) => profiles.put(profile),
            Err(error) => tracing::error!(%error, profile = file.id, "a profile is not usable"),
        }
    }
    Ok(())
}

fn own(file: &ProfileFile) -> Result<Profile> {
    file.check(Origin::Own(Box::new(file.clone())))
}

/// The sites whose equipment is read with a profile: a change of it is one of theirs. One that
/// nothing is read with is of the whole appliance.
pub(super) fn sites_with(view: &impl View, profile: &str) -> Result<BTreeSet<String>> {
    let mut all = EQUIPMENT.all(view)?;
    all.retain(|equipment| equipment.deleted_at.is_none() && equipment.uses(profile));
    Ok(all.into_iter().map(|equipment| equipment.site).collect())
}

/// Nobody changes how equipment is read that is not there for him.
fn refuse_others(users: &[Equipment], reach: &Reach) -> Result<()> {
    if users.iter().all(|equipment| reach.sees(&equipment.site)) {
        return Ok(());
    }
    let sentence = "Equipment of a site that you do not reach is read with this profile. Copy it \
                    under an id of your own.";
    Err(Error::new(ErrorKind::Forbidden, sentence))
}

impl Registry {
    /// The profile of this id.
    ///
    /// # Errors
    /// When there is none.
    pub fn profile(&self, id: &str) -> Result<std::sync::Arc<Profile>> {
        let found = self.profiles.get(id);
        found.ok_or_else(|| Error::not_found("profile", id))
    }

    /// The equipment that is read with a profile, by name.
    #[must_use]
    pub fn users_of(&self, profile: &str) -> Vec<Equipment> {
        let mut users: Vec<_> = self.all();
        users.retain(|equipment| equipment.uses(profile));
        users.sort_by_key(|equipment| equipment.name.to_lowercase());
        users
    }

    /// Adds a profile.
    ///
    /// # Errors
    /// Every refused field; an id that is taken; a disk that refuses.
    pub async fn add_profile(&self, file: ProfileFile, actor: Actor) -> Result<()> {
        let profile = own(&file)?;
        let _turn = self.changing.lock().await;
        if self.profiles.get(&file.id).is_some() {
            return Err(Error::conflict(format!(
                "There is a profile {} already. Choose another id.",
                file.id
            )));
        }
        if self.profiles.list().filter(|p| !p.is_builtin()).count() >= OWN_MAX {
            return Err(Error::conflict(format!(
                "The appliance holds {OWN_MAX} profiles of your own at most. Delete one first."
            )));
        }
        self.store_profile(file, actor, "profile.create").await?;
        self.profiles.put(profile);
        Ok(())
    }

    /// Changes a profile; equipment that uses it is read in the new way at once.
    ///
    /// # Errors
    /// When there is none, or it came with the program; every refused field; equipment that
    /// could not be read any more, or that who asks does not reach; a disk that refuses.
    pub async fn change_profile(
        &self,
        id: &str,
        mut file: ProfileFile,
        reach: &Reach,
        actor: Actor,
    ) -> Result<()> {
        if file.id != id {
            let message = format!("The id stays {id}. Add a profile to have another one.");
            return Err(Error::invalid("id", message));
        }
        let _turn = self.changing.lock().await;
        let old = self.own_profile(id)?;
        file.revision = old.revision.saturating_add(1);
        let profile = own(&file)?;
        let trial = self.profiles.with(profile.clone());
        let users = self.users_of(id);
        refuse_others(&users, reach)?;
        for equipment in users {
            let source = equipment.modbus.as_ref();
            if let Some(Err(error)) = source.map(|source| source.check(&trial)) {
                return Err(Error::conflict(format!(
                    "{} could not be read any more: {error}",
                    equipment.name
                )));
            }
        }
        self.store_profile(file, actor, "profile.update").await?;
        self.profiles.put(profile);
        self.poll();
        self.live.tell_registry();
        Ok(())
    }

    /// Deletes a profile that no equipment uses.
    ///
    /// # Errors
    /// When there is none, or it came with the program; while equipment uses it; a disk that
    /// refuses.
    pub async fn delete_profile(&self, id: &str, reach: &Reach, actor: Actor) -> Result<()> {
        let _turn = self.changing.lock().await;
        let old = self.own_profile(id)?;
        let users = self.users_of(id);
        refuse_others(&users, reach)?;
        if !users.is_empty() {
            let names: Vec<_> = users.iter().map(|e| e.name.as_str()).collect();
            // Enough to go and look; all of them are in the details.
            let shown = names[..names.len().min(5)].join(", ");
            let ids: Vec<_> = users.iter().map(|equipment| equipment.id).collect();
            return Err(Error::conflict(format!(
                "{} of your equipment is read with this profile: {shown}. Choose another one \
                 there first.",
                names.len()
            ))
            .with_details(json!({ "equipment": ids })));
        }
        let (key, now) = (id.to_owned(), self.clock.now());
        self.store
            .write(move |transaction| {
                PROFILES.remove(transaction, key.as_bytes())?;
                let resource = format!("profile/{key}");
                let details = json!({ "brand": old.brand, "model": old.model });
                audit::append(
                    transaction,
                    now,
                    &actor,
                    "profile.delete",
                    &resource,
                    details,
                )
            })
            .await?;
        self.profiles.remove(id);
        Ok(())
    }

    /// A profile that people added.
    fn own_profile(&self, id: &str) -> Result<std::sync::Arc<Profile>> {
        let profile = self.profile(id)?;
        if profile.is_builtin() {
            let sentence = format!("{id} came with the program. Copy it under an id of your own.");
            return Err(Error::conflict(sentence));
        }
        Ok(profile)
    }

    async fn store_profile(
        &self,
        file: ProfileFile,
        actor: Actor,
        action: &'static str,
    ) -> Result<()> {
        let now = self.clock.now();
        self.store
            .write(move |transaction| {
                PROFILES.put(transaction, file.id.as_bytes(), &file)?;
                let resource = format!("profile/{}", file.id);
                let details = json!({ "brand": file.brand, "model": file.model,
                    "revision": file.revision, "registers": file.registers.len() });
                let object = audit::about(&resource).of_all(sites_with(transaction, &file.id)?);
                audit::append(transaction, now, &actor, action, object, details)
            })
            .await
    }
}
