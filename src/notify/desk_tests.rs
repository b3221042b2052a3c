//! Who hears of what, and when the next is asked.

use super::super::escalation::{Pending, STEPS, step_of};
use super::super::known::{General, Known, Person};
use super::super::outlet::{OutletChange, OutletKind};
use super::*;
use crate::base::{EquipmentId, UserId};
use crate::site::NewSite;
use crate::store::Store;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Two technicians at `site_a`; one of them has a telephone.
pub struct People;

impl Directory for People {
    fn is_role(&self, role: &str) -> bool {
        ["technician", "viewer"].contains(&role)
    }

    fn with_role(&self, role: &str, site: &str) -> Vec<Person> {
        let person = |name: &str, phone: Option<&str>| Person {
            name: name.to_owned(),
            email: Some(format!("{name}@plant.example")),
            phone: phone.map(str::to_owned),
            language: None,
        };
        match (role, site) {
            ("technician", "site_a") => {
                vec![person("amel", Some("+21650000001")), person("badr", None)]
            }
            _ => Vec::new(),
        }
    }

    fn has_equipment(&self, _: EquipmentId, _: Option<&str>) -> bool {
        true
    }

    fn person(&self, _: UserId) -> Option<Person> {
        None
    }
}

/// These policies, and every outlet open but those of strangers.
pub fn known(policies: &[Value], now: Timestamp) -> Known {
    let change = |settings: Value| -> OutletChange {
        let change = json!({ "enabled": true, "secret": "s", "settings": settings });
        serde_json::from_value(change).unwrap()
    };
    let twilio = json!({ "account": "AC1", "from": "+15005550006" });
    let outlets = [
        (
            OutletKind::Smtp,
            json!({ "host": "a", "port": 25, "security": "none",
            "from": "a@b.example" }),
        ),
        (OutletKind::Sms, twilio),
        (OutletKind::Push, json!({ "url": "http://a", "topic": "t" })),
        (
            OutletKind::Horn,
            json!({ "host": "a", "port": 502, "unit": 1, "coil": 0,
            "from_level": "High" }),
        ),
    ];
    let outlets =
        outlets.map(|(kind, settings)| (kind, change(settings).apply(kind, None, now).unwrap()));
    let policies = policies.iter().map(|rule| Policy {
        id: PolicyId::new(),
        rule: serde_json::from_value(rule.clone()).unwrap(),
        updated_at: now,
    });
    Known {
        outlets: BTreeMap::from(outlets),
        policies: policies.collect(),
        general: General::default(),
    }
}

/// A plant in Tunis.
pub fn site(now: Timestamp) -> Site {
    let site = json!({ "name": "Bottling plant", "time_zone": "Africa/Tunis",
        "currency": "TND" });
    let site: NewSite = serde_json::from_value(site).unwrap();
    Site::new(site, now).unwrap()
}

/// A store, and what is decided in advance.
pub struct Plant {
    store: Store,
    pub known: Known,
    site: Site,
    pub now: Timestamp,
    _directory: tempfile::TempDir,
}

impl Plant {
    /// At half past nine in Tunis on a Saturday, with these policies and every outlet open.
    pub fn with(policies: &[Value]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-11-21T08:30:00Z".parse().unwrap();
        Self {
            store: Store::open(directory.path(), "test").unwrap(),
            known: known(policies, now),
            site: site(now),
            now,
            _directory: directory,
        }
    }

    fn do_at_desk(&self, work: impl FnOnce(&Desk<'_, '_>) -> Result<()> + Send + 'static) {
        let (known, sites, now) = (self.known.clone(), vec![self.site.clone()], self.now);
        let work = move |transaction: &Transaction<'_>| {
            work(&Desk {
                transaction,
                now,
                known: &known,
                people: Some(&People),
                sites: &sites,
            })
        };
        self.store.write_blocking(work).unwrap();
    }

    /// Something happens; the letters that it brought, oldest first.
    pub fn raise(&self, occasion: &Occasion) -> Vec<Letter> {
        let occasion = occasion.clone();
        self.brings(move |desk| desk.raised(&occasion))
    }

    fn settle(&self, alert: Uuid, how: What) -> Vec<Letter> {
        self.brings(move |desk| desk.settled(alert, how))
    }

    fn brings(
        &self,
        work: impl FnOnce(&Desk<'_, '_>) -> Result<()> + Send + 'static,
    ) -> Vec<Letter> {
        let before = self.letters().len();
        self.do_at_desk(work);
        self.letters().split_off(before)
    }

    pub fn letters(&self) -> Vec<Letter> {
        let view = self.store.read().unwrap();
        let page = outbox::page(&view, &outbox::LogFilter::default(), None, 100);
        let mut items = page.unwrap().items;
        items.reverse();
        items
    }

    /// The steps that wait.
    fn steps(&self) -> Vec<(Uuid, Pending)> {
        let (view, mut steps) = (self.store.read().unwrap(), Vec::new());
        view.scan(STEPS, &[], &[0xFF; 42], &mut |key, _| {
            steps.extend(step_of(key));
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        steps
    }

    fn horns(&self, alert: Uuid) -> bool {
        let view = self.store.read().unwrap();
        view.get(HORNS, alert.as_bytes()).unwrap().is_some()
    }
}

/// Something that happens at a machine.
pub fn occasion(level: Level, condition: &str) -> Occasion {
    Occasion {
        alert: Uuid::now_v7(),
        condition: condition.to_owned(),
        site: "site_a".to_owned(),
        equipment: Some(EquipmentId::new()),
        equipment_name: "Compressor".to_owned(),
        location: String::new(),
        level,
        message: "Too hot".to_owned(),
        said: None,
        advice: None,
        advice_code: None,
        value: None,
        threshold: None,
        unit: String::new(),
        at: Timestamp::from_ms(0),
        what: What::Raised,
        late: false,
        children: 0,
    }
}

/// Address and state of each letter, with the reason of those that are withheld.
fn summary(letters: &[Letter]) -> Vec<String> {
    let one = |letter: &Letter| match letter.state {
        LetterState::Withheld => format!("- {}", letter.reason.clone().unwrap_or_default()),
        _ => letter.to.clone(),
    };
    letters.iter().map(one).collect()
}

/// A policy with these fields.
pub fn rule(more: &Value) -> Value {
    let mut rule = json!({ "name": "Day", "enabled": true, "from_level": "Medium",
        "recipients": [{ "outlet": "smtp", "role": "technician" }] });
    for (name, value) in more.as_object().unwrap() {
        rule[name] = value.clone();
    }
    rule
}

#[test]
fn everybody_of_a_role_hears_and_a_repeat_is_held_for_five_minutes() {
    let mut plant = Plant::with(&[rule(&json!({}))]);
    let first = occasion(Level::High, "hot");
    let both = ["amel@plant.example", "badr@plant.example"];
    assert_eq!(summary(&plant.raise(&first)), both);
    plant.now = plant.now.plus_ms(REPEAT_MS - 1);
    let again = summary(&plant.raise(&occasion(Level::High, "hot")));
    assert!(
        again.len() == 1 && again[0].contains("299 s ago"),
        "{again:?}"
    );
    // Another condition, and a worse one, are news.
    assert_eq!(plant.raise(&occasion(Level::High, "cold")).len(), 2);
    assert_eq!(
        summary(&plant.raise(&occasion(Level::Critical, "hot"))),
        both
    );
    plant.now = plant.now.plus_ms(REPEAT_MS);
    assert_eq!(summary(&plant.raise(&occasion(Level::High, "hot"))), both);
}

#[test]
fn whoever_is_not_told_is_named_with_the_reason() {
    let plant = Plant::with(&[rule(&json!({ "recipients": [
        { "outlet": "sms", "role": "technician" }, { "outlet": "webhook" },
        { "outlet": "smtp", "role": "viewer" }, { "outlet": "push" },
        { "outlet": "smtp", "user_id": UserId::new() },
        { "outlet": "sms", "address": "+21650000001" }] }))]);
    let told = summary(&plant.raise(&occasion(Level::Critical, "a")));
    assert_eq!(
        told,
        [
            "+21650000001",
            "- No telephone number is known of badr.",
            "- The outlet is not set, or switched off.",
            "- Nobody who may sign in has the role viewer at the site site_a.",
            "",
            "- This user was deleted or may not sign in any more.",
        ]
    );
    let told = summary(&plant.raise(&occasion(Level::High, "b")));
    assert_eq!(told[0], "- SMS goes out for Critical and Emergency only.");
    let late = Occasion {
        late: true,
        ..occasion(Level::Critical, "c")
    };
    let told = summary(&plant.raise(&late));
    assert_eq!(told[0], "- The reading came late: no sound is made for it.");
    let told = summary(&plant.raise(&occasion(Level::Low, "d")));
    assert_eq!(told, ["- No policy is for alerts of the level Low there."]);
}

#[test]
fn shifts_and_quiet_hours_follow_the_clock_of_the_site() {
    let night = json!([{ "days": ["fri", "sat"], "from": "22:00", "to": "06:00" }]);
    let mut plant = Plant::with(&[rule(&json!({ "name": "Night", "shifts": night }))]);
    let told = summary(&plant.raise(&occasion(Level::High, "a")));
    let expected = "- Nobody is on shift: the policy Night does not hold at this time.";
    assert_eq!(told, [expected]);
    plant.now = "2026-11-21T21:30:00Z".parse().unwrap();
    assert_eq!(plant.raise(&occasion(Level::High, "a")).len(), 2);

    let quiet = json!({ "quiet_hours": { "from": "22:00", "to": "06:00" } });
    let mut plant = Plant::with(&[rule(&quiet)]);
    plant.now = "2026-11-21T21:30:00Z".parse().unwrap();
    let held = occasion(Level::High, "a");
    let letters = plant.raise(&held);
    let end: Timestamp = "2026-11-22T05:00:00Z".parse().unwrap();
    assert!(letters.iter().all(|letter| letter.next_try == Some(end)));
    let passed = plant.raise(&occasion(Level::Critical, "b"));
    assert_eq!(passed[0].next_try, Some(plant.now));
    // Settled in the night: nobody needs to hear of it in the morning.
    plant.settle(held.alert, What::Acknowledged);
    let view = plant.store.read().unwrap();
    let held = outbox::get(&view, letters[0].id).unwrap().unwrap();
    assert_eq!(held.state, LetterState::Withheld);
}

#[test]
fn the_next_are_asked_until_somebody_acknowledges() {
    let steps = json!({ "escalation": [
        { "recipients": [{ "outlet": "sms", "address": "+21650000009" }] },
        { "after_min": 5, "recipients": [{ "outlet": "smtp", "address": "boss@plant.example" }] }]});
    let mut plant = Plant::with(&[rule(&steps)]);
    let alert = occasion(Level::Medium, "a");
    plant.raise(&alert);
    let due = |plant: &Plant| plant.steps()[0].1.due.since_ms(plant.now) / 60_000;
    assert_eq!(due(&plant), 60);
    // It gets worse: there is less time, and everybody hears again.
    let worse = Occasion {
        level: Level::Critical,
        what: What::Rose,
        ..alert.clone()
    };
    assert_eq!(plant.raise(&worse).len(), 2);
    assert_eq!((plant.steps().len(), due(&plant)), (1, 15));
    let (id, first) = plant.steps()[0];
    plant.now = first.due;
    let letters = plant.brings(move |desk| desk.escalate(id, first));
    assert_eq!(summary(&letters), ["+21650000009"]);
    assert!(letters[0].step == 1 && !letters[0].text.is_empty());
    assert_eq!(due(&plant), 5);
    // A step that was taken is not taken twice.
    assert!(
        plant
            .brings(move |desk| desk.escalate(id, first))
            .is_empty()
    );
    plant.settle(id, What::Acknowledged);
    assert!(plant.steps().is_empty());
}

#[test]
fn those_who_were_told_hear_once_that_it_is_over() {
    let plant = Plant::with(&[rule(&json!({ "tell_when_over": true }))]);
    let alert = occasion(Level::High, "a");
    plant.raise(&alert);
    assert!(plant.settle(alert.alert, What::Acknowledged).is_empty());
    let over = plant.settle(alert.alert, What::Returned);
    assert_eq!(summary(&over), ["amel@plant.example", "badr@plant.example"]);
    assert!(
        over[0].subject.contains("Back to normal"),
        "{}",
        over[0].subject
    );
    assert!(plant.settle(alert.alert, What::Resolved).is_empty());
    assert!(plant.settle(Uuid::now_v7(), What::Resolved).is_empty());
    let plant = Plant::with(&[rule(&json!({}))]);
    plant.raise(&alert);
    assert!(plant.settle(alert.alert, What::Resolved).is_empty());
}

#[test]
fn the_horn_sounds_from_its_level_until_somebody_acknowledges() {
    let horn = json!({ "recipients": [{ "outlet": "horn" }] });
    let plant = Plant::with(&[rule(&horn)]);
    let told = summary(&plant.raise(&occasion(Level::Medium, "a")));
    assert_eq!(told, ["- The horn sounds from the level High on."]);
    let alert = occasion(Level::High, "b");
    assert_eq!(plant.raise(&alert).len(), 1);
    assert!(plant.horns(alert.alert));
    // A letter to the horn brings it what is wanted then.
    assert_eq!(plant.settle(alert.alert, What::Acknowledged).len(), 1);
    assert!(!plant.horns(alert.alert));
    assert!(plant.settle(alert.alert, What::Resolved).is_empty());
}

#[test]
fn two_policies_write_to_one_person_once() {
    let other = rule(&json!({ "name": "B", "recipients": [
        { "outlet": "smtp", "address": "Amel@plant.example" },
        { "outlet": "smtp", "address": "chief@plant.example" }] }));
    let plant = Plant::with(&[rule(&json!({})), other]);
    let told = summary(&plant.raise(&occasion(Level::High, "a")));
    let three = [
        "amel@plant.example",
        "badr@plant.example",
        "chief@plant.example",
    ];
    assert_eq!(told, three);
}
