//! Rules as a file carries them: said as a person would say them, with their ids.

use super::engine::RULES;
use super::rule::{NewRule, Rule};
use super::rules::{RULES_MAX, put};
use crate::base::error::Checks;
use crate::base::{AlertRuleId, EquipmentId, Error, Result, Timestamp};
use crate::store::audit::{self, Actor};
use crate::store::{Transaction, View};
use std::collections::{BTreeMap, BTreeSet};

/// A rule as a file carries it: its id, the key of its site, and what is said of it.
pub type CarriedRule = (AlertRuleId, String, NewRule);

/// The rules, by site and name.
///
/// # Errors
/// When the data file cannot be read.
pub fn carried_rules(view: &impl View) -> Result<Vec<CarriedRule>> {
    let mut rules = RULES.all(view)?;
    rules.sort_by_key(|rule| (rule.site.clone(), rule.name.to_lowercase(), rule.id));
    let carried = rules.into_iter();
    Ok(carried
        .map(|rule| (rule.id, rule.site.clone(), rule.said()))
        .collect())
}

/// Takes rules over in the caller's transaction; the appliance has to start anew before they are at
/// work. `sites_of` tells the site of each equipment. How many were added and changed.
///
/// # Errors
/// Every refused field, by the number of the rule; a disk that refuses.
pub fn take_rules_over(
    transaction: &Transaction<'_>,
    carried: Vec<CarriedRule>,
    sites_of: &BTreeMap<EquipmentId, String>,
    (actor, now): (&Actor, Timestamp),
) -> Result<(usize, usize)> {
    let stored = RULES.all(transaction)?;
    let mut all: BTreeMap<_, _> = stored.into_iter().map(|rule| (rule.id, rule)).collect();
    let (mut checks, mut seen) = (Checks::default(), BTreeSet::new());
    let (mut added, mut changed) = (0, 0);
    for (number, (id, site, said)) in carried.into_iter().enumerate() {
        let path = format!("{number}.");
        checks.require(
            seen.insert(id),
            &format!("{path}id"),
            "Another one has this id.",
        );
        let Some(new) = checks.merge(&path, Rule::new(said, &site, now))? else {
            continue;
        };
        let strange = new.equipment().into_iter();
        let strange = strange
            .filter(|one| sites_of.get(one) != Some(&site))
            .collect::<Vec<_>>();
        if let Some(one) = strange.first() {
            let field = match *one == new.equipment_id {
                true => "equipment_id",
                false => "condition.term",
            };
            let sentence = format!("There is no equipment {one} in {site}.");
            checks.refuse(&format!("{path}{field}"), sentence);
            continue;
        }
        let (rule, action, details) = match all.get(&id) {
            Some(old) if old.site == site && old.said() == new.said() => continue,
            Some(old) => {
                let rule = Rule {
                    id,
                    revision: old.revision + 1,
                    created_at: old.created_at,
                    ..new
                };
                changed += 1;
                let details = audit::changed_fields(old, &rule);
                (rule, "alert_rule.update", details)
            }
            None => {
                let rule = Rule { id, ..new };
                added += 1;
                let details = serde_json::json!({ "rule": rule });
                (rule, "alert_rule.create", details)
            }
        };
        put(transaction, &rule)?;
        let resource = format!("alert_rule/{id}");
        let object = audit::about(&resource).of(&rule.site);
        audit::append(transaction, now, actor, action, object, details)?;
        all.insert(id, rule);
    }
    checks.finish()?;
    if all.len() > RULES_MAX {
        let sentence = format!("The appliance holds {RULES_MAX} rules at most.");
        return Err(Error::conflict(sentence));
    }
    Ok((added, changed))
}
