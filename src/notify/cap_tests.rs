//! What the cap on messages to telephones lets through, and what it says of the rest.

use super::super::desk::tests::{Plant, occasion};
use super::super::letter::LetterState;
use super::*;
use serde_json::json;

#[test]
fn beyond_the_cap_messages_are_counted_and_told_at_the_end_of_the_hour() {
    let sms = json!({ "outlet": "sms", "address": "+21650000009" });
    let policy = json!({ "name": "p", "enabled": true, "from_level": "Low", "recipients": [sms] });
    let mut plant = Plant::with(&[policy]);
    plant.known.general.phone_per_hour = 2;
    let begun = plant.now;
    let states = |letters: &[Letter]| letters.iter().map(|l| l.state).collect::<Vec<_>>();
    for n in 0..2 {
        let sent = plant.raise(&occasion(Level::Critical, &format!("c{n}")));
        assert_eq!(states(&sent), [LetterState::Queued]);
        plant.now = plant.now.plus_ms(60_000);
    }
    for n in 2..5 {
        let held = plant.raise(&occasion(Level::Critical, &format!("c{n}")));
        let withheld = held.iter().filter(|l| l.state == LetterState::Withheld);
        assert_eq!(withheld.count(), 1, "{held:?}");
        plant.now = plant.now.plus_ms(60_000);
    }
    let all = plant.letters();
    let said: Vec<_> = all.iter().filter(|l| l.text.contains("more")).collect();
    assert_eq!(said.len(), 1, "one message says it for all");
    assert!(said[0].text.contains("3 more"), "{}", said[0].text);
    assert_eq!(said[0].next_try, Some(begun.plus_ms(HOUR_MS)));
    // Where people may be in danger nothing is held back.
    let emergency = plant.raise(&occasion(Level::Emergency, "e"));
    assert_eq!(states(&emergency), [LetterState::Queued]);
    // The next hour begins anew.
    plant.now = begun.plus_ms(HOUR_MS);
    let next = plant.raise(&occasion(Level::Critical, "c9"));
    assert_eq!(states(&next), [LetterState::Queued]);
}
