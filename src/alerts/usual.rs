//! The usual rules of equipment that is new, each given once: what somebody deletes stays deleted.
//!
//! Limits of a voltage need its nominal one. Where nobody said it, they are given when the first
//! good value tells.

use super::facts::Facts;
use super::rule::Rule;
use super::rules::{RULES_MAX, count, put};
use super::service::Alerts;
use super::template::{Template, templates, voltage};
use crate::base::{Metric, Phase, Result, Timestamp};
use crate::equipment::{AdminStatus, Equipment};
use crate::store::table::Table;
use serde::{Deserialize, Serialize};

/// Equipment that was given its usual rules: deleting them is a decision that stays.
const GIVEN: Table<Given> = Table::new("alert_defaults", 1);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Given {
    at: Timestamp,
    rules: usize,
    /// Whether the limits of its voltage are still to be given; in records of earlier builds they
    /// were given at once.
    #[serde(default)]
    waits_for_voltage: bool,
}

impl Alerts {
    /// What is known of equipment when templates are looked for.
    pub(super) fn facts(&self, equipment: &Equipment) -> Facts {
        let stored = self.tsdb.series_of(equipment.id).into_iter();
        let stored = stored.map(|(_, info)| (info.key.metric, info.key.phase));
        let mut series: Vec<(Metric, Phase)> = stored.collect();
        let plan = equipment.modbus.as_ref();
        if let Some(Ok(plan)) = plan.map(|source| source.check(self.registry.profiles())) {
            let registers = plan.reads.registers().iter();
            series.extend(registers.map(|r| (r.metric.clone(), r.phase)));
        }
        series.sort_unstable();
        series.dedup();
        let mut facts = Facts::of(equipment, series);
        if facts.waits_for_voltage() {
            let (device, now) = (self.live.device(equipment.id), self.clock.now());
            let read = |phase| device.fresh(&Metric::VOLTAGE, phase, now);
            facts.learn(facts.phases(&Metric::VOLTAGE).into_iter().find_map(read));
        }
        facts
    }

    /// Gives equipment that is new its usual rules, once; and those of the voltage to equipment
    /// that has said by now what is nominal.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn give_defaults(&self) -> Result<()> {
        let now = self.clock.now();
        let mut made = Vec::new();
        for (equipment, given) in self.without_defaults()? {
            let facts = self.facts(&equipment);
            let waits_for_voltage = facts.waits_for_voltage();
            let suitable = match given {
                None => templates(equipment.id, &facts),
                Some(_) if waits_for_voltage => continue,
                Some(_) => voltage(equipment.id, &facts),
            };
            let rules = usual(suitable, &equipment.site, now)?;
            let given = Given {
                at: now,
                rules: rules.len() + given.map_or(0, |given| given.rules),
                waits_for_voltage,
            };
            made.push((equipment.id, given, rules));
        }
        if made.is_empty() {
            return Ok(());
        }
        self.change(move |engine, transaction, _| {
            let mut room = RULES_MAX.saturating_sub(count(transaction)?);
            for (id, given, rules) in &made {
                if rules.len() > room {
                    continue;
                }
                room -= rules.len();
                for rule in rules {
                    put(transaction, rule)?;
                }
                GIVEN.put(transaction, id.as_bytes(), given)?;
            }
            engine.outdate(transaction)
        })
        .await?;
        self.reload().await
    }

    /// Equipment in use that still waits for rules, with what it was given before.
    fn without_defaults(&self) -> Result<Vec<(Equipment, Option<Given>)>> {
        let reader = self.store.read()?;
        let mut waits = Vec::new();
        for equipment in self.registry.all() {
            if equipment.admin_status == AdminStatus::Decommissioned {
                continue;
            }
            let given = GIVEN.get(&reader, equipment.id.as_bytes())?;
            if given.as_ref().is_none_or(|given| given.waits_for_voltage) {
                waits.push((equipment, given));
            }
        }
        Ok(waits)
    }
}

fn usual(templates: Vec<Template>, site: &str, now: Timestamp) -> Result<Vec<Rule>> {
    let usual = templates.into_iter().filter(|template| template.by_default);
    usual
        .map(|template| Rule::new(template.rule, site, now))
        .collect()
}
