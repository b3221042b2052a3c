//! *pure* — a role or a reach that was taken from somebody after the backup does not come back.

use crate::auth::{Reach, Role};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The user of a backup with no more rights than he has `now`; `None` when he has no more. What was
/// given to him since is not carried over: a restore gives nobody anything.
pub(super) fn lowered(restored: &Value, now: &Value) -> Option<Value> {
    let mut user = restored.clone();
    let (then_role, now_role) = (role(restored)?, role(now)?);
    // Before the role changes: what nobody said of the reach depends on it.
    let (then_reach, now_reach) = (reach(restored, then_role), reach(now, now_role));
    let may = |permission| now_role.permissions().contains(permission);
    if !then_role.permissions().iter().all(may) {
        user["role"] = now["role"].clone();
        if user["sites"].is_null() {
            user["sites"] = json!(then_reach);
        }
    }
    if !now_reach.covers(&then_reach) {
        let left = both(&then_reach, &now_reach);
        let own = user["site"].as_str().unwrap_or_default();
        // A user belongs to a site that he reaches: to one that is left, when there is one.
        if let (false, Some(other)) = (left.sees(own), left.named().next()) {
            user["site"] = json!(other);
        }
        user["sites"] = json!(left);
    }
    (user != *restored).then_some(user)
}

fn role(user: &Value) -> Option<Role> {
    serde_json::from_value(user["role"].clone()).ok()
}

/// As [`crate::auth::UserRecord::reach`] says.
fn reach(user: &Value, role: Role) -> Reach {
    let said = serde_json::from_value(user["sites"].clone()).ok();
    said.unwrap_or_else(|| match role {
        Role::Admin => Reach::ALL,
        _ => Reach::one(user["site"].as_str().unwrap_or_default()),
    })
}

fn both(one: &Reach, other: &Reach) -> Reach {
    let (Reach::Only(one), Reach::Only(other)) = (one, other) else {
        let is_all = matches!(one, Reach::All(_));
        return if is_all { other.clone() } else { one.clone() };
    };
    Reach::Only(one.intersection(other).cloned().collect::<BTreeSet<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::needless_pass_by_value)] // a json! stands where it is called
    fn user(role: &str, site: &str, sites: Value) -> Value {
        json!({ "role": role, "site": site, "sites": sites, "name": "Amira" })
    }

    #[test]
    fn who_has_less_now_gets_no_more_back() {
        let none = Value::Null;
        let chief = user("admin", "a", none.clone());
        // Demoted: an administrator without a word about sites reached all, and keeps them only as
        // far as he reaches them now.
        let viewer = user("viewer", "a", none.clone());
        let left = lowered(&chief, &viewer).unwrap();
        assert_eq!(
            (&left["role"], &left["sites"]),
            (&json!("viewer"), &json!(["a"]))
        );
        assert_eq!(left["name"], "Amira");
        // A step down that leaves rights: the role of now.
        let other = lowered(
            &user("energy_manager", "a", none.clone()),
            &user("technician", "a", none.clone()),
        );
        assert_eq!(other.unwrap()["role"], "technician");
        // Fewer sites, and his own is not among them.
        let fewer = lowered(
            &user("viewer", "a", json!(["a", "b"])),
            &user("viewer", "b", json!(["b", "c"])),
        );
        let fewer = fewer.unwrap();
        assert_eq!(
            (&fewer["site"], &fewer["sites"]),
            (&json!("b"), &json!(["b"]))
        );
        let apart = lowered(&viewer, &user("viewer", "b", none)).unwrap();
        assert_eq!(
            apart["sites"],
            json!([]),
            "he reaches nothing until a person says what"
        );
    }

    #[test]
    fn who_has_as_much_or_more_now_is_as_he_was() {
        for (then, now) in [
            (
                user("viewer", "a", Value::Null),
                user("admin", "a", Value::Null),
            ),
            (
                user("viewer", "a", json!(["a"])),
                user("viewer", "b", json!("all")),
            ),
            (
                user("admin", "a", json!("all")),
                user("admin", "a", Value::Null),
            ),
        ] {
            assert_eq!(lowered(&then, &now), None, "{then} {now}");
        }
    }
}
