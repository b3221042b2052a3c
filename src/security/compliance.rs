//! *pure* — what good practice asks of such an appliance, and whether it is so: each check says what
//! it looked at and names whatever fails it. There is no score.

use super::{DAY_MS, Facts, days_since};
use crate::auth::{Account, AccountState, Role};
use crate::base::Timestamp;
use crate::care::{Check, CheckState};
use serde::Serialize;
use utoipa::ToSchema;

/// What was not used for so many days is asked about.
const UNUSED_DAYS: i64 = 90;
/// An invitation that nobody took for so many days.
const INVITED_DAYS: i64 = 7;
/// A key that a device has carried for longer may have been read by many, days.
const KEY_DAYS: i64 = 730;
/// What ends within so many days is renewed in time.
const SOON_DAYS: i64 = 30;
/// What an administrator can do, whoever stole it can do, too.
const MIGHTY: [Role; 2] = [Role::Admin, Role::EnergyManager];

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FindingTone)]
pub enum Tone {
    /// Worth a look.
    Attention,
    /// Something is to be done.
    Bad,
}

/// Something that fails a check.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = SecurityFinding)]
pub struct Finding {
    /// What it is: a word of the page.
    #[schema(example = "mighty_no_factor")]
    pub key: &'static str,
    /// How bad it is.
    pub tone: Tone,
    /// Whom or what it is about.
    pub name: Option<String>,
    /// How many.
    pub count: Option<usize>,
    /// How long, days.
    pub days: Option<i64>,
    /// Since when or until when.
    pub at: Option<Timestamp>,
    /// Where it is mended: `user`, `user/…`, `api_token`, `device/…`, `kiosk`, `system`, `backup`.
    pub object: String,
    /// The look of the appliance at itself that it comes from.
    pub check: Option<Check>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ComplianceResult)]
pub enum CheckResult {
    /// Nothing fails it.
    Met,
    /// Something is worth a look.
    Attention,
    /// Something is to be done.
    Failed,
    /// There is nothing that it could look at.
    NothingThere,
}

/// A check with its evidence.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ComplianceCheck {
    /// What is checked: a word of the page.
    #[schema(example = "administrators_second_factor")]
    pub key: &'static str,
    /// The requirement of IEC 62443-4-2 that it speaks to. That a check is met does not say that the
    /// requirement is.
    #[schema(example = "IEC 62443-4-2 CR 1.1 RE 2")]
    pub reference: &'static str,
    /// How it ended.
    pub result: CheckResult,
    /// How many accounts, keys or looks were looked at.
    pub examined: usize,
    /// What fails it.
    pub findings: Vec<Finding>,
}

/// Every check, in the order of the page: people, doors, keys, the machine.
#[must_use]
pub fn checks(facts: &Facts) -> Vec<ComplianceCheck> {
    let mut all = of_accounts(facts);
    all.extend(of_keys(facts));
    all.extend(of_machine(facts));
    all
}

fn check(
    key: &'static str,
    reference: &'static str,
    examined: usize,
    findings: Vec<Finding>,
) -> ComplianceCheck {
    let worst = findings.iter().map(|finding| finding.tone).max();
    let result = match worst {
        Some(Tone::Bad) => CheckResult::Failed,
        Some(Tone::Attention) => CheckResult::Attention,
        None if examined == 0 => CheckResult::NothingThere,
        None => CheckResult::Met,
    };
    ComplianceCheck {
        key,
        reference,
        result,
        examined,
        findings,
    }
}

fn finding(key: &'static str, tone: Tone, object: impl Into<String>) -> Finding {
    Finding {
        key,
        tone,
        name: None,
        count: None,
        days: None,
        at: None,
        object: object.into(),
        check: None,
    }
}

fn of_user(key: &'static str, tone: Tone, account: &Account) -> Finding {
    Finding {
        name: Some(account.user.name.clone()),
        ..finding(key, tone, format!("user/{}", account.user.id))
    }
}

/// One finding about so many; none about nobody.
fn counted(key: &'static str, object: &str, count: usize) -> Vec<Finding> {
    let one = Finding {
        count: Some(count),
        ..finding(key, Tone::Attention, object)
    };
    Some(one).filter(|_| count > 0).into_iter().collect()
}

fn of_accounts(facts: &Facts) -> Vec<ComplianceCheck> {
    let people: Vec<&Account> = facts.people().collect();
    let is_mighty = |account: &&&Account| MIGHTY.contains(&account.user.role_key);
    let mighty: Vec<_> = people.iter().filter(is_mighty).copied().collect();
    let bare = mighty.iter().filter(|account| !account.user.two_factor);
    let bare = bare.map(|account| of_user("mighty_no_factor", Tone::Bad, account));
    let others: Vec<_> = people.iter().filter(|one| !is_mighty(one)).collect();
    let without = others.iter().filter(|account| !account.user.two_factor);
    let admins = people
        .iter()
        .filter(|a| a.user.role_key == Role::Admin)
        .count();
    let single = usize::from(admins == 1);
    let locked = people.iter().filter(|a| a.state == AccountState::Locked);
    let locked = locked.map(|account| Finding {
        at: account.locked_until,
        ..of_user("locked", Tone::Bad, account)
    });
    let invited = facts.accounts.iter();
    let invited: Vec<_> = invited
        .filter(|a| a.state == AccountState::Invited)
        .collect();
    vec![
        check(
            "administrators_second_factor",
            "IEC 62443-4-2 CR 1.1 RE 2",
            mighty.len(),
            bare.collect(),
        ),
        check(
            "people_second_factor",
            "IEC 62443-4-2 CR 1.1 RE 2",
            others.len(),
            counted("no_factor", "user", without.count()),
        ),
        check(
            "spare_administrator",
            "IEC 62443-4-2 CR 1.3",
            admins,
            counted("one_admin", "user", single),
        ),
        check(
            "accounts_in_use",
            "IEC 62443-4-2 CR 1.3",
            people.len(),
            unused(&people, facts.now),
        ),
        check(
            "invitations",
            "IEC 62443-4-2 CR 1.3",
            invited.len(),
            forgotten(&invited, facts.now),
        ),
        check(
            "locked_accounts",
            "IEC 62443-4-2 CR 1.11",
            people.len(),
            locked.collect(),
        ),
    ]
}

fn unused(people: &[&Account], now: Timestamp) -> Vec<Finding> {
    let found = people.iter().filter_map(|account| {
        let days = days_since(account.user.last_login.unwrap_or(account.created_at), now);
        (days >= UNUSED_DAYS).then(|| Finding {
            days: Some(days),
            ..of_user("unused_account", Tone::Attention, account)
        })
    });
    found.collect()
}

fn forgotten(invited: &[&Account], now: Timestamp) -> Vec<Finding> {
    let found = invited.iter().filter_map(|account| {
        let days = days_since(account.created_at, now);
        (days >= INVITED_DAYS).then(|| Finding {
            days: Some(days),
            ..of_user("invited", Tone::Attention, account)
        })
    });
    found.collect()
}

fn of_keys(facts: &Facts) -> Vec<ComplianceCheck> {
    let anywhere = facts
        .tokens
        .iter()
        .filter(|token| token.addresses.is_empty() && token.expires_at > facts.now);
    let named = |key, name: &str, object: String| Finding {
        name: Some(name.to_owned()),
        ..finding(key, Tone::Attention, object)
    };
    let old = facts.devices.iter().filter_map(|device| {
        let days = days_since(device.made_at, facts.now);
        (days >= KEY_DAYS).then(|| Finding {
            days: Some(days),
            ..named(
                "old_device_key",
                &device.name,
                format!("device/{}", device.id),
            )
        })
    });
    let gone = facts.kiosks.iter().filter_map(|kiosk| {
        let days = days_since(kiosk.last_seen_at.unwrap_or(kiosk.approved_at), facts.now);
        (days >= SOON_DAYS).then(|| Finding {
            days: Some(days),
            ..named("kiosk_gone", &kiosk.name, "kiosk".to_owned())
        })
    });
    let tokens = facts.tokens.len();
    vec![
        check(
            "token_life",
            "IEC 62443-4-2 CR 1.5",
            tokens,
            token_lives(facts),
        ),
        check(
            "token_addresses",
            "IEC 62443-4-2 CR 1.2",
            tokens,
            counted("token_anywhere", "api_token", anywhere.count()),
        ),
        check(
            "device_keys",
            "IEC 62443-4-2 CR 1.5",
            facts.devices.len(),
            old.collect(),
        ),
        check(
            "screens",
            "IEC 62443-4-2 CR 1.3",
            facts.kiosks.len(),
            gone.collect(),
        ),
    ]
}

fn token_lives(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for token in &facts.tokens {
        let named = |key| Finding {
            name: Some(token.name.clone()),
            ..finding(key, Tone::Attention, "api_token")
        };
        let left_ms = token.expires_at.since_ms(facts.now);
        if left_ms <= 0 {
            found.push(named("token_over"));
            continue;
        }
        if left_ms <= SOON_DAYS * DAY_MS {
            found.push(Finding {
                at: Some(token.expires_at),
                ..named("token_ends")
            });
        }
        let days = days_since(token.last_used_at.unwrap_or(token.created_at), facts.now);
        if days >= UNUSED_DAYS {
            found.push(Finding {
                days: Some(days),
                ..named("token_unused")
            });
        }
    }
    found
}

/// What the appliance looks at itself that is about safety: what is checked, the requirement, the
/// look behind it, and the room in which it is mended.
const LOOKS: [(&str, &str, &str, &str); 4] = [
    (
        "encryption",
        "IEC 62443-4-2 CR 3.1 RE 1",
        "certificate",
        "system",
    ),
    ("data_files", "IEC 62443-4-2 CR 3.4", "integrity", "system"),
    ("clock", "IEC 62443-4-2 CR 2.11 RE 1", "clock", "system"),
    ("backups", "IEC 62443-4-2 CR 7.3", "backup", "backup"),
];

fn of_machine(facts: &Facts) -> impl Iterator<Item = ComplianceCheck> {
    LOOKS.into_iter().map(|(key, reference, look, object)| {
        let looks: Vec<_> = facts
            .checks
            .iter()
            .filter(|check| check.key == look)
            .collect();
        let findings = looks.iter().filter_map(|look| {
            // Plain HTTP is no fault of the appliance, and a finding.
            let is_plain = look.code == "certificate_none";
            let tone = match look.state {
                CheckState::Bad => Tone::Bad,
                CheckState::Ok if !is_plain => return None,
                CheckState::Ok | CheckState::Attention => Tone::Attention,
            };
            Some(Finding {
                check: Some((*look).clone()),
                ..finding("check", tone, object)
            })
        });
        check(key, reference, looks.len(), findings.collect())
    })
}

#[cfg(test)]
#[path = "compliance_tests.rs"]
mod tests;
