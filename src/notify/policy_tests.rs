//! Who hears what, and when.

use super::*;
use serde_json::json;

fn tunis() -> Calendar {
    Calendar::new("Africa/Tunis").unwrap()
}

fn moment(at: &str) -> Moment {
    Moment::of(at.parse().unwrap(), &tunis())
}

fn hours(from: &str, to: &str) -> Hours {
    serde_json::from_value(json!({ "from": from, "to": to })).unwrap()
}

fn end(hours: Hours, at: &str, calendar: &Calendar) -> Option<String> {
    let end = hours.end_after(at.parse().unwrap(), calendar);
    end.map(|end| end.to_string())
}

fn policy(rule: serde_json::Value) -> Result<(), Vec<String>> {
    let rule: NewPolicy = serde_json::from_value(rule).unwrap();
    let checked = rule.check(&|role| role == "technician");
    checked.map_err(|error| error.fields.into_iter().map(|field| field.path).collect())
}

#[test]
fn a_night_shift_belongs_to_the_day_on_which_it_begins() {
    let night = json!({ "days": ["fri"], "from": "22:00", "to": "06:00" });
    let night: Shift = serde_json::from_value(night).unwrap();
    // 20 November 2026 is a Friday; Tunis is an hour ahead of UTC.
    for (at, covered) in [
        ("2026-11-20T20:59:00Z", false),
        ("2026-11-20T21:00:00Z", true),
        ("2026-11-21T04:59:59Z", true),
        ("2026-11-21T05:00:00Z", false),
        ("2026-11-20T03:00:00Z", false),
        ("2026-11-21T21:30:00Z", false),
    ] {
        assert_eq!(night.covers(moment(at)), covered, "{at}");
    }
    let day = json!({ "days": ["sat"], "from": "06:00", "to": "14:00" });
    let day: Shift = serde_json::from_value(day).unwrap();
    assert!(day.covers(moment("2026-11-21T05:00:00Z")));
    assert!(!day.covers(moment("2026-11-21T13:00:00Z")));
}

#[test]
fn quiet_hours_end_on_the_clock_of_the_wall() {
    let night = hours("22:00", "06:30");
    let at = "2026-11-20T23:10:40Z";
    assert_eq!(
        end(night, at, &tunis()).unwrap(),
        "2026-11-21T05:30:00.000Z"
    );
    assert_eq!(end(night, "2026-11-21T05:30:00Z", &tunis()), None);
    let always = hours("08:00", "08:00");
    let next = end(always, "2026-11-21T07:00:00Z", &tunis()).unwrap();
    assert_eq!(next, "2026-11-22T07:00:00.000Z");
    // In Paris this night is an hour longer: 22:00 is two hours ahead of UTC, 06:30 is one.
    let paris = Calendar::new("Europe/Paris").unwrap();
    let long = end(night, "2026-10-24T20:00:00Z", &paris).unwrap();
    assert_eq!(long, "2026-10-25T05:30:00.000Z");
}

#[test]
fn times_of_day_are_read_strictly() {
    for bad in ["", "24:00", "8:00", "08:60", "08", "0800", "+8:00", "08:0"] {
        assert!(
            serde_json::from_value::<DayTime>(json!(bad)).is_err(),
            "{bad}"
        );
    }
    let shown = serde_json::to_value(hours("00:00", "23:59")).unwrap();
    assert_eq!(shown, json!({ "from": "00:00", "to": "23:59" }));
}

#[test]
fn a_policy_that_cannot_be_meant_is_refused_field_by_field() {
    let good = json!({ "name": "Night", "enabled": true, "from_level": "High",
        "recipients": [{ "outlet": "smtp", "role": "technician" }, { "outlet": "horn" },
            { "outlet": "sms", "address": "+21650000000" }] });
    assert_eq!(policy(good), Ok(()));
    let bad = json!({ "name": " ", "enabled": true, "from_level": "High",
        "shifts": [{ "days": [], "from": "06:00", "to": "14:00" }],
        "recipients": [
            { "outlet": "smtp" }, { "role": "technician" }, { "outlet": "horn", "role": "x" },
            { "outlet": "smtp", "role": "nobody" }, { "outlet": "sms", "address": "a@b.example" },
            { "outlet": "smtp", "address": "+21650000000" }],
        "escalation": [{ "after_min": 0, "recipients": [] }] });
    let named = [
        "name",
        "shifts.0.days",
        "recipients.0",
        "recipients.1.outlet",
        "recipients.2",
        "recipients.3.role",
        "recipients.4.address",
        "recipients.5.address",
        "escalation.0.recipients",
        "escalation.0.after_min",
    ];
    assert_eq!(policy(bad).unwrap_err(), named);
}
