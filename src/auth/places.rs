//! *pure* — from where a key is used: one that moves is used here and then there; one that was
//! copied is used here, there and here again.

use crate::base::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Places that are kept of one key.
const PLACES_MAX: usize = 5;
/// Who comes back later than this may have moved back, ms.
const BACK_WITHIN_MS: i64 = 24 * HOUR_MS;
/// How finely a use is told, ms: a write an hour, not one per request.
const HOUR_MS: i64 = 3_600_000;

/// A place from which a key is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KeyPlace {
    /// Its address.
    pub address: String,
    /// The hour in which it was last used from there.
    pub last_used_at: Timestamp,
    /// The hour in which it was last used from there again, after it was used from elsewhere less
    /// than a day before: two hold it.
    #[serde(default)]
    pub returned_at: Option<Timestamp>,
}

/// Whether a use changes nothing of the places; the newest stands last.
pub(super) fn is_told(places: &[KeyPlace], from: &str, now: Timestamp) -> bool {
    let last = places.last();
    last.is_some_and(|last| last.address == from && last.last_used_at == now.floor_to(HOUR_MS))
}

/// Notes a use; `true` when it is worth a write.
pub(super) fn note(places: &mut Vec<KeyPlace>, from: &str, now: Timestamp) -> bool {
    let hour = now.floor_to(HOUR_MS);
    let found = places.iter().position(|place| place.address == from);
    let Some(at) = found else {
        // A flood of addresses is told by what is kept; the disk is not asked for each of them.
        let is_flood = places.len() >= PLACES_MAX && places[0].last_used_at == hour;
        if places.len() >= PLACES_MAX {
            places.remove(0);
        }
        places.push(KeyPlace {
            address: from.to_owned(),
            last_used_at: hour,
            returned_at: None,
        });
        return !is_flood;
    };
    let is_last = at + 1 == places.len();
    let mut place = places.remove(at);
    let (before, returned) = (place.last_used_at, place.returned_at);
    if !is_last && now.since_ms(place.last_used_at) < BACK_WITHIN_MS {
        place.returned_at = Some(hour);
    }
    place.last_used_at = hour;
    let is_worth = before != hour || returned != place.returned_at;
    places.push(place);
    is_worth
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);

    fn returned(places: &[KeyPlace]) -> usize {
        places.iter().filter(|p| p.returned_at.is_some()).count()
    }

    #[test]
    fn who_moves_is_not_two() {
        let mut places = Vec::new();
        assert!(note(&mut places, "a", NOW));
        assert!(is_told(&places, "a", NOW) && !is_told(&places, "b", NOW));
        assert!(!note(&mut places, "a", NOW), "an hour is written once");
        assert!(note(&mut places, "b", NOW.plus_ms(HOUR_MS)));
        assert!(note(&mut places, "b", NOW.plus_ms(2 * HOUR_MS)));
        // Back after more than a day: it moved back.
        note(&mut places, "a", NOW.plus_ms(30 * HOUR_MS));
        assert_eq!(returned(&places), 0);
    }

    #[test]
    fn here_there_and_here_again_is_two() {
        let mut places = Vec::new();
        for (from, worth) in [
            ("a", true),
            ("b", true),
            ("a", true),
            ("b", true),
            ("a", false),
        ] {
            assert_eq!(note(&mut places, from, NOW), worth, "{from} {places:?}");
        }
        assert_eq!(returned(&places), 2);
        assert_eq!(places.last().unwrap().address, "a");
    }

    #[test]
    fn a_flood_of_addresses_takes_bounded_memory_and_few_writes() {
        let mut places = Vec::new();
        let worth = (0..1_000).filter(|n| note(&mut places, &n.to_string(), NOW));
        assert_eq!(worth.count(), PLACES_MAX);
        assert_eq!(places.len(), PLACES_MAX);
    }
}
