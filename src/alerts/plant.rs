//! What the engine knows of the plant: equipment, its lines and the clocks of its sites.

use crate::base::time::Calendar;
use crate::base::{EquipmentId, Timestamp};
use crate::equipment::{AdminStatus, Equipment, line_key};
use crate::site::Site;
use std::collections::{BTreeMap, HashMap};

/// Devices that must be behind a line before its silence is one alert for all of them.
const LINE_MIN: usize = 2;
/// Devices and lines that must be silent before it is the whole site.
const SITE_MIN: usize = 3;
const SITE_LINES_MIN: usize = 2;

/// A piece of equipment, as far as alerts are concerned.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) name: String,
    pub(super) location: Option<String>,
    pub(super) site: String,
    /// Whether it is neither being worked on nor out of use.
    pub(super) in_service: bool,
    /// The line that it is polled on.
    pub(super) line: Option<String>,
}

/// Devices that fall silent together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// Key of the condition: `line/site_a/tcp:10.0.0.5:502`, `site/site_a`.
    pub(super) condition: String,
    pub(super) site: String,
    /// The line; absent for a site.
    pub(super) line: Option<String>,
    pub(super) members: Vec<EquipmentId>,
}

/// The plant.
#[derive(Debug, Default)]
pub(super) struct Plant {
    machines: HashMap<EquipmentId, Machine>,
    calendars: HashMap<String, Calendar>,
    /// What the sites are called, by their keys.
    names: HashMap<String, String>,
    lines: BTreeMap<(String, String), Vec<EquipmentId>>,
}

impl Plant {
    pub(super) fn of(equipment: &[Equipment], sites: &[Site]) -> Self {
        let mut plant = Self::default();
        for site in sites {
            plant.calendars.insert(site.key.clone(), site.calendar());
            plant.names.insert(site.key.clone(), site.name.clone());
        }
        for one in equipment {
            let line = one
                .modbus
                .as_ref()
                .map(|source| line_key(&source.endpoint()));
            let machine = Machine {
                name: one.name.clone(),
                location: one.location.clone(),
                site: one.site.clone(),
                in_service: one.admin_status == AdminStatus::Active,
                line: line.filter(|_| one.admin_status != AdminStatus::Decommissioned),
            };
            if let Some(line) = &machine.line {
                let key = (machine.site.clone(), line.clone());
                plant.lines.entry(key).or_default().push(one.id);
            }
            plant.machines.insert(one.id, machine);
        }
        plant
    }

    pub(super) fn machine(&self, id: EquipmentId) -> Option<&Machine> {
        self.machines.get(&id)
    }

    pub(super) fn in_service(&self, id: EquipmentId) -> bool {
        self.machine(id).is_some_and(|machine| machine.in_service)
    }

    /// The wall clock of a site.
    pub(super) fn calendar(&self, site: &str) -> Calendar {
        self.calendars
            .get(site)
            .cloned()
            .unwrap_or_else(Calendar::utc)
    }

    /// What people call a group of silent devices: its line by its key, a site by its name.
    pub(super) fn name_of(&self, group: &Group) -> String {
        let site = || self.names.get(&group.site).unwrap_or(&group.site);
        group.line.as_ref().unwrap_or_else(site).clone()
    }

    /// The greatest group of silent devices that this one belongs to: its site, its line, or none.
    pub(super) fn group_of(
        &self,
        id: EquipmentId,
        is_silent: &impl Fn(EquipmentId) -> bool,
    ) -> Option<Group> {
        let machine = self.machine(id)?;
        let line = machine.line.as_ref()?;
        let site = self.site_group(&machine.site);
        if site
            .as_ref()
            .is_some_and(|group| group.is_silent(is_silent))
        {
            return site;
        }
        let group = self.line_group(&machine.site, line)?;
        group.is_silent(is_silent).then_some(group)
    }

    /// The group behind a condition, as the plant is now.
    pub(super) fn group(&self, condition: &str) -> Option<Group> {
        match condition.split_once('/')? {
            ("site", site) => self.site_group(site),
            ("line", rest) => {
                let (site, line) = rest.split_once('/')?;
                self.line_group(site, line)
            }
            _ => None,
        }
    }

    fn line_group(&self, site: &str, line: &str) -> Option<Group> {
        let members = self.lines.get(&(site.to_owned(), line.to_owned()))?.clone();
        (members.len() >= LINE_MIN).then(|| Group {
            condition: format!("line/{site}/{line}"),
            site: site.to_owned(),
            line: Some(line.to_owned()),
            members,
        })
    }

    fn site_group(&self, site: &str) -> Option<Group> {
        let lines = self.lines.iter().filter(|((of, _), _)| of == site);
        let lines: Vec<_> = lines.map(|(_, members)| members).collect();
        let members: Vec<_> = lines.iter().copied().flatten().copied().collect();
        (lines.len() >= SITE_LINES_MIN && members.len() >= SITE_MIN).then(|| Group {
            condition: format!("site/{site}"),
            site: site.to_owned(),
            line: None,
            members,
        })
    }
}

#[cfg(test)]
impl Plant {
    /// A plant of lines with so many devices each.
    pub(super) fn made(lines: &[(&str, usize)]) -> (Self, Vec<EquipmentId>) {
        let count = lines.iter().map(|(_, count)| count).sum();
        let all: Vec<_> = (0..count).map(|_| EquipmentId::new()).collect();
        (Self::with(lines, &all), all)
    }

    /// As [`Plant::made`], of these devices.
    pub(super) fn with(lines: &[(&str, usize)], devices: &[EquipmentId]) -> Self {
        let (mut plant, mut devices) = (Self::default(), devices.iter());
        for (line, count) in lines {
            for id in devices.by_ref().take(*count) {
                let machine = Machine {
                    name: "M".to_owned(),
                    location: None,
                    site: "site_a".to_owned(),
                    in_service: true,
                    line: Some((*line).to_owned()),
                };
                plant.machines.insert(*id, machine);
                let key = ("site_a".to_owned(), (*line).to_owned());
                plant.lines.entry(key).or_default().push(*id);
            }
        }
        plant
    }

    /// The same plant while somebody works on these devices.
    pub(super) fn without(mut self, devices: &[EquipmentId]) -> Self {
        for id in devices {
            if let Some(machine) = self.machines.get_mut(id) {
                machine.in_service = false;
            }
        }
        self
    }
}

impl Group {
    /// Whether none of its devices says anything.
    pub(super) fn is_silent(&self, is_silent: &impl Fn(EquipmentId) -> bool) -> bool {
        self.members.iter().all(|member| is_silent(*member))
    }
}

/// When a device was last heard, and how often it should be.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastHeard {
    pub(super) at: Timestamp,
    pub(super) interval_ms: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_by_the_greatest_group_that_is_silent() {
        let (plant, all) = Plant::made(&[("a", 2), ("b", 2), ("c", 1)]);
        let of = |silent: &[usize], asked: usize| {
            let silent: Vec<_> = silent.iter().map(|n| all[*n]).collect();
            let group = plant.group_of(all[asked], &|id| silent.contains(&id));
            group.map(|group| group.condition)
        };
        assert_eq!(of(&[0], 0), None);
        assert_eq!(of(&[0, 1], 0).as_deref(), Some("line/site_a/a"));
        assert_eq!(of(&[0, 1, 2, 3], 2).as_deref(), Some("line/site_a/b"));
        assert_eq!(of(&[4], 4), None, "one device is no group");
        assert_eq!(of(&[0, 1, 2, 3, 4], 4).as_deref(), Some("site/site_a"));
        assert_eq!(plant.group("line/site_a/b").unwrap().members.len(), 2);
    }

    #[test]
    fn a_silent_site_is_called_by_its_name() {
        let (mut plant, _) = Plant::made(&[("a", 2), ("b", 2)]);
        let name = |plant: &Plant, condition| plant.name_of(&plant.group(condition).unwrap());
        assert_eq!(name(&plant, "site/site_a"), "site_a", "nobody named it");
        let named = ("site_a".to_owned(), "Sfax works".to_owned());
        plant.names.extend([named]);
        assert_eq!(name(&plant, "site/site_a"), "Sfax works");
        assert_eq!(name(&plant, "line/site_a/a"), "a");
    }
}
