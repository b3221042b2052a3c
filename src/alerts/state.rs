//! *pure* — the life of an alarm after ISA-18.2 / IEC 62682: one table of what follows on what.
//!
//! What an operator sees as one alert is a walk through this table, from the first raise until it
//! is normal again. Every pair of a state and an event has its cell.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where an alarm stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// Nothing is wrong, or it is over and known to be.
    Normal,
    /// It is wrong, and nobody has said that he knows.
    Unacknowledged,
    /// It is wrong, and somebody knows.
    Acknowledged,
    /// It is over, and nobody has said that he knows it was.
    ReturnedUnacknowledged,
    /// It is over, has to be reset by hand, and nobody knows.
    LatchedUnacknowledged,
    /// It is over, has to be reset by hand, and somebody knows.
    LatchedAcknowledged,
    /// An operator silenced it for a time, with a reason.
    Shelved,
    /// Silent by design: another alert says it for all.
    Suppressed,
    /// Its equipment is being worked on.
    OutOfService,
}

/// What happens to an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Its condition holds.
    Raise,
    /// Its condition got worse by a level.
    Rise,
    /// Its condition no longer holds.
    Clear,
    /// As [`Event::Clear`], of an alarm that has to be reset by hand.
    ClearLatching,
    /// Somebody knows.
    Acknowledge,
    /// Somebody says that it is over.
    Resolve,
    /// Somebody silences it for a time.
    Shelve,
    /// The time is over, and the condition holds.
    UnshelveActive,
    /// The time is over, and the condition does not hold.
    UnshelveNormal,
    /// Another alert says it for all.
    Suppress,
    /// It speaks for itself again, and the condition holds.
    UnsuppressActive,
    /// It speaks for itself again, and the condition does not hold.
    UnsuppressNormal,
    /// Work on its equipment begins.
    Remove,
    /// The work is over, and the condition holds.
    RestoreActive,
    /// The work is over, and the condition does not hold.
    RestoreNormal,
}

/// What an event does to a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It goes there.
    To(AlertState),
    /// It stays: what the event says is so already, or does not touch it.
    Stay,
    /// It must not: the sentence says what to do instead.
    Refused(&'static str),
}

const SHELVED: Step = Step::Refused("This alert is shelved. Take it off the shelf first.");
const FOLDED: Step =
    Step::Refused("Another alert stands for this one. Acknowledge that one instead.");
const IN_WORK: Step = Step::Refused(
    "This alert is out of service. Put it, or its equipment, back into service first.",
);

impl AlertState {
    /// Every state.
    pub const ALL: [Self; 9] = [
        Self::Normal,
        Self::Unacknowledged,
        Self::Acknowledged,
        Self::ReturnedUnacknowledged,
        Self::LatchedUnacknowledged,
        Self::LatchedAcknowledged,
        Self::Shelved,
        Self::Suppressed,
        Self::OutOfService,
    ];

    /// Whether it is over and known to be: nothing is left to do.
    #[must_use]
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Normal)
    }

    /// Whether it asks for somebody.
    #[must_use]
    pub const fn calls(self) -> bool {
        matches!(
            self,
            Self::Unacknowledged | Self::ReturnedUnacknowledged | Self::LatchedUnacknowledged
        )
    }

    /// The one table.
    pub(super) const fn after(self, event: Event) -> Step {
        use AlertState as S;
        use Event as E;
        use Step::{Stay, To};
        match (event, self) {
            (
                E::Raise | E::Rise,
                S::Normal
                | S::ReturnedUnacknowledged
                | S::LatchedUnacknowledged
                | S::LatchedAcknowledged,
            )
            | (E::Rise, S::Acknowledged)
            | (E::UnshelveActive, S::Shelved)
            | (E::UnsuppressActive, S::Suppressed)
            | (E::RestoreActive, S::OutOfService) => To(S::Unacknowledged),

            (E::Clear, S::Unacknowledged) => To(S::ReturnedUnacknowledged),
            (E::ClearLatching, S::Unacknowledged) => To(S::LatchedUnacknowledged),
            (E::ClearLatching, S::Acknowledged) | (E::Acknowledge, S::LatchedUnacknowledged) => {
                To(S::LatchedAcknowledged)
            }

            (E::Acknowledge, S::Unacknowledged) => To(S::Acknowledged),
            (E::Acknowledge, S::Shelved) => SHELVED,
            (E::Acknowledge, S::Suppressed) => FOLDED,
            (E::Acknowledge | E::Shelve, S::OutOfService) => IN_WORK,

            (E::Resolve, S::Normal) | (E::Shelve, S::Shelved) => Stay,
            (E::Resolve, _)
            | (E::Clear, S::Acknowledged)
            | (E::Acknowledge, S::ReturnedUnacknowledged)
            | (E::UnshelveNormal, S::Shelved)
            | (E::UnsuppressNormal, S::Suppressed)
            | (E::RestoreNormal, S::OutOfService) => To(S::Normal),

            (E::Shelve, _) => To(S::Shelved),
            (E::Suppress | E::Remove, S::OutOfService)
            | (E::Suppress, S::Shelved | S::Suppressed) => Stay,
            (E::Suppress, _) => To(S::Suppressed),
            (E::Remove, _) => To(S::OutOfService),
            _ => Stay,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [Event; 15] = [
        Event::Raise,
        Event::Rise,
        Event::Clear,
        Event::ClearLatching,
        Event::Acknowledge,
        Event::Resolve,
        Event::Shelve,
        Event::UnshelveActive,
        Event::UnshelveNormal,
        Event::Suppress,
        Event::UnsuppressActive,
        Event::UnsuppressNormal,
        Event::Remove,
        Event::RestoreActive,
        Event::RestoreNormal,
    ];

    /// The table as the standard's picture has it, one row a state, one column an event, in the
    /// order of the lists above: `.` stays, `x` is refused, a letter is where it goes.
    const PICTURE: [(char, &str); 9] = [
        ('N', "UU....S..D..O.."),
        ('U', "..RLANS..D..O.."),
        ('A', ".UNK.NS..D..O.."),
        ('R', "UU..NNS..D..O.."),
        ('L', "UU..KNS..D..O.."),
        ('K', "UU...NS..D..O.."),
        ('S', "....xN.UN...O.."),
        ('D', "....xNS...UNO.."),
        ('O', "....xNx......UN"),
    ];

    #[test]
    fn every_pair_of_state_and_event_is_decided_as_in_the_picture() {
        let letter = |state: AlertState| {
            let place = AlertState::ALL.iter().position(|s| *s == state).unwrap();
            PICTURE[place].0
        };
        for (state, (_, row)) in AlertState::ALL.into_iter().zip(PICTURE) {
            assert_eq!(row.len(), EVENTS.len());
            for (event, expected) in EVENTS.into_iter().zip(row.chars()) {
                let found = match state.after(event) {
                    Step::To(next) => letter(next),
                    Step::Stay => '.',
                    Step::Refused(sentence) => {
                        assert!(sentence.ends_with('.'));
                        'x'
                    }
                };
                assert_eq!(found, expected, "{state:?} {event:?}");
            }
        }
    }

    #[test]
    fn nothing_that_is_closed_calls() {
        for state in AlertState::ALL {
            assert!(!(state.is_closed() && state.calls()), "{state:?}");
        }
    }
}
