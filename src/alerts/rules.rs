//! Rules: made, changed and deleted, each on disk with its entry before it is at work.

use super::engine::{Engine, RULES};
use super::rule::{NewRule, Rule};
use super::service::Alerts;
use super::template::{Template, templates};
use crate::base::{AlertRuleId, EquipmentId, Error, Result, Timestamp};
use crate::store::audit::{self, Actor};
use crate::store::{Transaction, View};
use serde_json::json;

/// Most rules of one appliance.
pub(super) const RULES_MAX: usize = 20_000;
/// Samples that a window is filled with at the start.
const FILL_MAX: usize = 100_000;

impl Alerts {
    /// The rules of a site, by name. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn rules(&self, site: &str) -> Result<Vec<Rule>> {
        let mut rules = RULES.all(&self.store.read()?)?;
        rules.retain(|rule| rule.site == site);
        rules.sort_by_key(|rule| (rule.name.to_lowercase(), rule.id));
        Ok(rules)
    }

    /// One rule of a site.
    ///
    /// # Errors
    /// When there is none there.
    pub fn rule(&self, site: &str, id: AlertRuleId) -> Result<Rule> {
        rule_in(&self.store.read()?, site, id)
    }

    /// Whether the alert of a rule is active.
    #[must_use]
    pub fn is_active(&self, id: AlertRuleId) -> bool {
        let engine = self.engine();
        let open = engine.book.open.get(&format!("rule/{id}"));
        open.is_some_and(|alert| alert.active)
    }

    /// Checks that a rule speaks of equipment of its site.
    fn check_equipment(&self, rule: &Rule) -> Result<()> {
        for id in rule.equipment() {
            let found = self.registry.get(id).ok();
            if found.is_none_or(|equipment| equipment.site != rule.site) {
                let path = match id == rule.equipment_id {
                    true => "equipment_id",
                    false => "condition.term",
                };
                return Err(Error::invalid(path, format!("There is no equipment {id}.")));
            }
        }
        Ok(())
    }

    /// A rule that would be made of this; nothing is stored.
    ///
    /// # Errors
    /// Every refused field.
    pub fn drafted(&self, input: NewRule, site: &str) -> Result<Rule> {
        let rule = Rule::new(input, site, self.clock.now())?;
        self.check_equipment(&rule)?;
        Ok(rule)
    }

    /// Makes a rule; it is at work with the next reading.
    ///
    /// # Errors
    /// Every refused field; too many rules; a disk that refuses.
    pub async fn create_rule(&self, input: NewRule, site: &str, actor: Actor) -> Result<Rule> {
        let rule = self.drafted(input, site)?;
        self.store_rules(vec![rule.clone()], actor).await?;
        Ok(rule)
    }

    /// Makes many rules, all or none of them.
    ///
    /// # Errors
    /// As [`Alerts::create_rule`].
    pub async fn create_rules(&self, inputs: Vec<NewRule>, site: &str, actor: Actor) -> Result<()> {
        let drafted = inputs.into_iter().map(|input| self.drafted(input, site));
        self.store_rules(drafted.collect::<Result<_>>()?, actor)
            .await
    }

    async fn store_rules(&self, rules: Vec<Rule>, actor: Actor) -> Result<()> {
        let now = self.clock.now();
        self.change(move |engine, transaction, _| {
            if count(transaction)? + rules.len() > RULES_MAX {
                let sentence = format!("The appliance holds {RULES_MAX} rules at most.");
                return Err(Error::conflict(sentence));
            }
            for rule in &rules {
                put(transaction, rule)?;
                let details = json!({ "rule": rule });
                audit_rule(transaction, now, &actor, "alert_rule.create", rule, details)?;
            }
            engine.outdate(transaction)
        })
        .await?;
        self.reload().await
    }

    /// Says a rule anew.
    ///
    /// # Errors
    /// When there is none there; every refused field; a disk that refuses.
    pub async fn update_rule(
        &self,
        site: &str,
        id: AlertRuleId,
        input: NewRule,
        actor: Actor,
    ) -> Result<Rule> {
        let now = self.clock.now();
        let changed = self.rule(site, id)?.with(input, now)?;
        self.check_equipment(&changed)?;
        let site = site.to_owned();
        let changed = self
            .change(move |engine, transaction, _| {
                let before = rule_in(transaction, &site, id)?;
                let changed = Rule {
                    revision: before.revision + 1,
                    ..changed
                };
                put(transaction, &changed)?;
                let details = audit::changed_fields(&before, &changed);
                audit_rule(
                    transaction,
                    now,
                    &actor,
                    "alert_rule.update",
                    &changed,
                    details,
                )?;
                engine.outdate(transaction)?;
                Ok(changed)
            })
            .await?;
        self.reload().await?;
        Ok(changed)
    }

    /// Deletes a rule; its alert ends, its history stays.
    ///
    /// # Errors
    /// When there is none there; a disk that refuses.
    pub async fn delete_rule(&self, site: &str, id: AlertRuleId, actor: Actor) -> Result<()> {
        let (site, now) = (site.to_owned(), self.clock.now());
        self.change(move |engine, transaction, _| {
            let rule = rule_in(transaction, &site, id)?;
            delete_in(transaction, &rule, (now, &actor))?;
            engine.outdate(transaction)
        })
        .await?;
        self.reload().await
    }

    /// Deletes the rules of equipment that were made from these templates, in one transaction with
    /// what stands for them from now on.
    ///
    /// # Errors
    /// What `also` returned; a disk that refuses. Then the rules stay.
    pub async fn give_way(
        &self,
        (equipment, templates): (EquipmentId, &'static [&'static str]),
        actor: Actor,
        also: impl FnOnce(&Transaction<'_>) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let now = self.clock.now();
        self.change(move |engine, transaction, _| {
            let mut gone = RULES.all(transaction)?;
            gone.retain(|rule| {
                let template = rule.template.as_deref();
                rule.equipment_id == equipment && template.is_some_and(|t| templates.contains(&t))
            });
            for rule in &gone {
                delete_in(transaction, rule, (now, &actor))?;
            }
            also(transaction)?;
            engine.outdate(transaction)
        })
        .await?;
        self.reload().await
    }

    /// Takes changed rules to work at once, and ends the alerts of those that are gone.
    pub(super) async fn reload(&self) -> Result<()> {
        self.refresh_plant();
        let now = self.clock.now();
        self.change(move |engine, _, draft| {
            engine.beat(now, draft);
            Ok(())
        })
        .await?;
        self.fill_windows();
        Ok(())
    }

    /// The templates that suit a piece of equipment of a site.
    ///
    /// # Errors
    /// When there is none there.
    pub fn templates(&self, site: &str, id: EquipmentId) -> Result<Vec<Template>> {
        let equipment = self.registry.get(id)?;
        if equipment.site != site {
            return Err(Error::not_found("equipment", id));
        }
        Ok(templates(id, &self.facts(&equipment)))
    }

    /// Fills windows that are empty with what was measured before.
    pub(super) fn fill_windows(&self) {
        let now = self.clock.now();
        let empty = |engine: &Engine| -> Vec<_> {
            let slots = engine.slots.iter().enumerate();
            let empty = slots.filter(|(_, slot)| slot.probe.is_empty_window());
            empty
                .map(|(n, slot)| (n, slot.rule.clone(), slot.probe.reach_ms()))
                .collect()
        };
        let empty = empty(&self.engine());
        for (n, rule, reach_ms) in empty {
            let Some((metric, phase)) = rule.condition.quantity() else {
                continue;
            };
            let Some(series) = self.tsdb.find(rule.equipment_id, metric, phase) else {
                continue;
            };
            let range = crate::base::TimeRange {
                from: now.minus_ms(reach_ms),
                to: now,
            };
            let points = match self.tsdb.raw_up_to(&[series], range, FILL_MAX) {
                Ok(points) => points,
                Err(error) => {
                    tracing::warn!(%error, rule = rule.name, "a window begins empty");
                    continue;
                }
            };
            let mut engine = self.engine();
            let slot = engine.slots.get_mut(n).filter(|slot| slot.rule == rule);
            if let Some(slot) = slot.filter(|slot| slot.probe.is_empty_window()) {
                for point in points {
                    if let Some(Some(value)) = point.values.first() {
                        slot.probe.take(&rule, 0, point.at.ms(), *value, 0);
                    }
                }
            }
        }
    }
}

pub(super) fn count(transaction: &Transaction<'_>) -> Result<usize> {
    RULES.all(transaction).map(|rules| rules.len())
}

pub(super) fn put(transaction: &Transaction<'_>, rule: &Rule) -> Result<()> {
    Engine::forget_rule_memory(transaction, rule)?;
    RULES.put(transaction, rule.id.as_bytes(), rule)
}

fn delete_in(
    transaction: &Transaction<'_>,
    rule: &Rule,
    (now, actor): (Timestamp, &Actor),
) -> Result<()> {
    Engine::forget_rule_memory(transaction, rule)?;
    RULES.remove(transaction, rule.id.as_bytes())?;
    let details = json!({
        "name": rule.name,
        "equipment_id": rule.equipment_id,
        "condition": rule.condition,
    });
    let action = "alert_rule.delete";
    audit_rule(transaction, now, actor, action, rule, details)
}

fn rule_in(view: &impl View, site: &str, id: AlertRuleId) -> Result<Rule> {
    let rule = RULES.get(view, id.as_bytes())?;
    let rule = rule.filter(|rule| rule.site == site);
    rule.ok_or_else(|| Error::not_found("alert rule", id))
}

fn audit_rule(
    transaction: &Transaction<'_>,
    now: Timestamp,
    actor: &Actor,
    action: &str,
    rule: &Rule,
    details: serde_json::Value,
) -> Result<()> {
    let resource = format!("alert_rule/{}", rule.id);
    let object = audit::about(&resource).of(&rule.site);
    audit::append(transaction, now, actor, action, object, details)
}
