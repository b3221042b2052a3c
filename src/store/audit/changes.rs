//! *pure* — what a change changed: each field that differs, before and after.

use serde::Serialize;
use serde_json::{Map, Value, json};

/// Fields that change with every change and say nothing of it.
const ALWAYS: [&str; 2] = ["updated_at", "revision"];

/// The fields that differ between two states of a record, each with what it was and what it is:
/// `{"modbus.port": {"before": 502, "after": 503}}`. Objects are compared field by field, lists
/// whole. Records that hold secrets do not serialise them, or must not be given to this.
#[must_use]
pub fn changed_fields(before: &impl Serialize, after: &impl Serialize) -> Value {
    let whole = |state: serde_json::Result<Value>| state.unwrap_or_default();
    let (before, after) = (
        whole(serde_json::to_value(before)),
        whole(serde_json::to_value(after)),
    );
    let mut changed = Map::new();
    compare("", &before, &after, &mut changed);
    Value::Object(changed)
}

fn compare(path: &str, before: &Value, after: &Value, changed: &mut Map<String, Value>) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        if before != after {
            changed.insert(path.to_owned(), json!({ "before": before, "after": after }));
        }
        return;
    };
    let names = old
        .keys()
        .chain(new.keys().filter(|n| !old.contains_key(*n)));
    for name in names.filter(|name| !ALWAYS.contains(&name.as_str())) {
        let inner = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let of = |state: &Map<String, Value>| state.get(name).cloned().unwrap_or_default();
        compare(&inner, &of(old), &of(new), changed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_named() {
        let before = json!({ "name": "A", "same": 1, "updated_at": 1, "list": [1],
            "modbus": { "port": 502, "host": "a" }, "gone": true });
        let after = json!({ "name": "B", "same": 1, "updated_at": 2, "list": [1, 2],
            "modbus": { "port": 503, "host": "a" }, "new": "x" });
        let changed = changed_fields(&before, &after);
        let expected = json!({
            "name": { "before": "A", "after": "B" },
            "list": { "before": [1], "after": [1, 2] },
            "modbus.port": { "before": 502, "after": 503 },
            "gone": { "before": true, "after": null },
            "new": { "before": null, "after": "x" },
        });
        assert_eq!(changed, expected);
        assert_eq!(changed_fields(&after, &after), json!({}));
    }
}
