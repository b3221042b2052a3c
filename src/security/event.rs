//! *pure* — which entries of the audit log are about who gets in, and how grave they are.

use crate::base::{Timestamp, UserId};
use crate::store::audit::{Entry, Filter, Outcome};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a reported event is called in the audit log.
pub const REPORTED: &str = "security.reported";

/// What the log says when somebody was not let in.
pub const REFUSALS: &[&str] = &[
    "auth.login_failed",
    "auth.login_refused_locked",
    "auth.account_locked",
    "auth.second_step_failed",
    "auth.second_step_refused_locked",
    "auth.session_locked",
    "auth.code_refused",
    "auth.password_refused",
    "auth.refresh_reused",
];

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SecurityCategory)]
pub enum Category {
    /// Somebody was not let in.
    Refused,
    /// Somebody came, went, or showed who he is.
    Access,
    /// Who may come was changed.
    Account,
    /// Tokens, keys of devices, screens.
    Key,
    /// The appliance itself: its version, its backups, what was set up.
    System,
    /// Another system of the plant reported it.
    Reported,
}

impl Category {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Refused,
        Self::Access,
        Self::Account,
        Self::Key,
        Self::System,
        Self::Reported,
    ];

    /// The actions of the log that belong to it.
    #[must_use]
    pub const fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Refused => REFUSALS,
            Self::Access => &["auth"],
            Self::Account => &["user"],
            Self::Key => &["api_token", "kiosk", "device"],
            Self::System => &["update", "backup", "configuration", "audit", "support"],
            Self::Reported => &["security"],
        }
    }

    /// The category of an entry; `None` when it is not about safety.
    #[must_use]
    pub fn of(entry: &Entry) -> Option<Self> {
        if REFUSALS.contains(&entry.action.as_str()) {
            return Some(Self::Refused);
        }
        let family = entry.action.split('.').next().unwrap_or_default();
        Self::ALL[1..]
            .iter()
            .copied()
            .find(|category| category.actions().contains(&family))
    }

    /// The filter that lets the entries of a category through, or those of all of them.
    #[must_use]
    pub fn filter(of: Option<Self>) -> Filter {
        let actions: Vec<String> = match of {
            Some(category) => category.actions().iter().map(|a| (*a).to_owned()).collect(),
            None => Self::ALL[1..]
                .iter()
                .flat_map(|category| category.actions())
                .map(|a| (*a).to_owned())
                .collect(),
        };
        Filter {
            actions,
            // Under the same family stand refusals.
            outcome: (of == Some(Self::Access)).then_some(Outcome::Success),
            ..Filter::default()
        }
    }
}

/// How grave it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SecuritySeverity)]
pub enum Severity {
    /// Good to know.
    Info,
    /// Worth a look.
    Warning,
    /// Something is to be done.
    Critical,
}

/// An entry of the audit log that is about safety.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SecurityEvent {
    /// Its place in the audit log.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// What it is about.
    pub category: Category,
    /// How grave it is.
    pub severity: Severity,
    /// What happened: `auth.login_failed`.
    #[schema(example = "auth.login_failed")]
    pub action: String,
    /// Who, if signed in.
    pub user_id: Option<UserId>,
    /// Who, for a person.
    pub user: String,
    /// From where.
    pub address: Option<String>,
    /// To what.
    pub resource: String,
    /// What the log says of it.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
    /// Id of the request behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// How grave an entry is by itself: what makes a threat of several is decided elsewhere.
fn severity_of(entry: &Entry, category: Category) -> Severity {
    match (category, entry.action.as_str()) {
        (Category::Reported, _) => {
            serde_json::from_value(entry.details["severity"].clone()).unwrap_or(Severity::Warning)
        }
        (_, "auth.refresh_reused") => Severity::Critical,
        (Category::Refused, _) => Severity::Warning,
        (_, "user.two_factor_off") => Severity::Warning,
        (Category::System, _) if entry.outcome() == Outcome::Refused => Severity::Warning,
        _ => Severity::Info,
    }
}

impl SecurityEvent {
    /// The event of an entry; `None` when it is not about safety.
    #[must_use]
    pub fn of(entry: Entry) -> Option<Self> {
        let category = Category::of(&entry)?;
        let severity = severity_of(&entry, category);
        Some(Self {
            sequence: entry.sequence,
            at: entry.at,
            category,
            severity,
            action: entry.action,
            user_id: entry.user_id,
            user: entry.user,
            address: entry.address,
            resource: entry.resource,
            details: entry.details,
            request_id: entry.request_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::security::fixtures::entry;
    use serde_json::json;

    #[test]
    fn each_entry_has_the_category_whose_filter_takes_it() {
        for (action, category) in [
            ("auth.login_failed", Some(Category::Refused)),
            ("auth.refresh_reused", Some(Category::Refused)),
            ("auth.login", Some(Category::Access)),
            ("user.invite", Some(Category::Account)),
            ("api_token.create", Some(Category::Key)),
            ("backup.restore", Some(Category::System)),
            (REPORTED, Some(Category::Reported)),
            ("equipment.update", None),
            ("authors.update", None),
        ] {
            let entry = entry(1, 0, action, "amel", None);
            assert_eq!(Category::of(&entry), category, "{action}");
            for one in Category::ALL {
                let takes = Category::filter(Some(one)).takes(&entry);
                assert_eq!(takes, category == Some(one), "{action} and {one:?}");
            }
            assert_eq!(Category::filter(None).takes(&entry), category.is_some());
        }
    }

    #[test]
    fn what_another_system_says_is_as_grave_as_it_says() {
        let mut told = entry(1, 0, REPORTED, "token:Firewall", None);
        for (said, severity) in [
            (json!("critical"), Severity::Critical),
            (json!("info"), Severity::Info),
            (json!("terrible"), Severity::Warning),
        ] {
            told.details = json!({ "severity": said });
            let event = SecurityEvent::of(told.clone()).unwrap();
            assert_eq!(event.severity, severity);
        }
        assert!(SecurityEvent::of(entry(1, 0, "meter.exchange", "x", None)).is_none());
    }
}
