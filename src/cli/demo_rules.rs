//! Rules of the demo, on top of the usual ones: something is to be seen within the hour.

use crate::alerts::NewRule;
use crate::app::App;
use crate::base::{EquipmentId, Error, Result};
use crate::store::audit::Actor;
use serde_json::{Value, json};

/// What marks a rule of the demo, so that a second start makes no second one.
const TEMPLATE: &str = "demo";

/// The rules, by the name of their equipment.
fn rules() -> [(&'static str, Value); 2] {
    [
        // It drops out for 40 s every seven minutes.
        (
            "Material dryer",
            json!({ "level": "Medium", "condition": { "kind": "no_data", "silent_s": 20 },
                "note": "Check the plug of its network cable." }),
        ),
        (
            "Compressor 2",
            json!({ "level": "Medium", "metric": "power", "operator": ">", "threshold": 42,
                "steps": [{ "threshold": 50, "level": "High" }], "dead_band": 2, "on_delay_s": 30,
                "off_delay_s": 30, "note": "Look for an open drain or a leak." }),
        ),
    ]
}

/// Makes them, once.
pub(super) async fn furnish(app: &App, site: &str, actor: &Actor) -> Result<()> {
    let alerts = &app.context.alerts;
    let known = alerts.rules(site)?;
    if known
        .iter()
        .any(|rule| rule.template.as_deref() == Some(TEMPLATE))
    {
        return Ok(());
    }
    let equipment = app.context.registry.all();
    for (name, said) in rules() {
        let Some(found) = equipment.iter().find(|one| one.name == name) else {
            continue;
        };
        let rule = rule_of(found.id, said)?;
        alerts.create_rule(rule, site, actor.clone()).await?;
    }
    Ok(())
}

fn rule_of(equipment: EquipmentId, mut said: Value) -> Result<NewRule> {
    if let Some(object) = said.as_object_mut() {
        object.insert("equipment_id".to_owned(), json!(equipment));
        object.insert("template".to_owned(), json!(TEMPLATE));
    }
    serde_json::from_value(said)
        .map_err(|cause| Error::internal("A rule of the demo is none.").because(cause))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::Rule;
    use crate::base::Timestamp;

    #[test]
    fn the_rules_of_the_demo_are_rules() {
        for (name, said) in rules() {
            let said = rule_of(EquipmentId::new(), said).unwrap();
            let rule = Rule::new(said, "site_a", Timestamp::from_ms(0));
            assert!(rule.is_ok(), "{name}: {rule:?}");
        }
    }
}
