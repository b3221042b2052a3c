//! *pure* — who a recipient of a policy is, and where he is reached.

use super::known::{Directory, Person};
use super::language::Language;
use super::outlet::OutletKind;
use super::policy::Recipient;
use serde::{Deserialize, Serialize};

/// Where a letter goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Target {
    pub(super) outlet: OutletKind,
    /// Address or number; empty for an outlet that leads to one place.
    pub(super) to: String,
    pub(super) name: Option<String>,
    pub(super) language: Language,
}

impl Target {
    /// Nobody at all.
    pub(super) const fn nobody() -> Self {
        Self {
            outlet: OutletKind::Smtp,
            to: String::new(),
            name: None,
            language: Language::En,
        }
    }

    /// Who is meant, before it is known where he is reached.
    pub(super) fn of_nobody(outlet: OutletKind, recipient: &Recipient) -> Self {
        let role = recipient.role.clone();
        let user = recipient.user_id.map(|user| user.to_string());
        Self {
            outlet,
            to: recipient.address.clone().unwrap_or_default(),
            name: role.or(user),
            language: recipient.language.unwrap_or_default(),
        }
    }

    /// Whether both arrive at the same place.
    pub(super) fn is_same_place(&self, other: &Self) -> bool {
        self.outlet == other.outlet && self.to.eq_ignore_ascii_case(&other.to)
    }
}

/// Where a recipient is reached by an outlet, person by person, or why not.
pub(super) fn targets(
    recipient: &Recipient,
    kind: OutletKind,
    site: &str,
    language: Language,
    people: Option<&dyn Directory>,
) -> Vec<Result<Target, (Target, String)>> {
    let meant = Target {
        language: recipient.language.unwrap_or(language),
        ..Target::of_nobody(kind, recipient)
    };
    if kind.leads_to_one() || recipient.address.is_some() {
        return vec![Ok(Target {
            name: None,
            ..meant
        })];
    }
    let reach = |person: Person| {
        let own = recipient.language.or(person.language).unwrap_or(language);
        let to = if kind.calls_phone() {
            person.phone
        } else {
            person.email
        };
        let target = |to: String| Target {
            outlet: kind,
            to,
            name: Some(person.name.clone()),
            language: own,
        };
        let what = if kind.calls_phone() {
            "telephone number"
        } else {
            "e-mail address"
        };
        match to {
            Some(to) => Ok(target(to)),
            None => Err((
                target(String::new()),
                format!("No {what} is known of {}.", person.name),
            )),
        }
    };
    if let Some(user) = recipient.user_id {
        let person = people.and_then(|people| people.person(user));
        let sentence = "This user was deleted or may not sign in any more.";
        return vec![person.map_or_else(|| Err((meant, sentence.to_owned())), reach)];
    }
    let role = recipient.role.as_deref().unwrap_or_default();
    let persons = people.map(|people| people.with_role(role, site));
    let persons = persons.unwrap_or_default();
    if persons.is_empty() {
        let sentence = format!("Nobody who may sign in has the role {role} at the site {site}.");
        return vec![Err((meant, sentence))];
    }
    persons.into_iter().map(reach).collect()
}
