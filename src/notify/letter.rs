//! *pure* — one message to one recipient, from the decision to its arrival.

use super::language::Language;
use super::occasion::Occasion;
use super::outlet::OutletKind;
use super::schedule;
use crate::base::{LetterId, Level, PolicyId, Result, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;
use utoipa::ToSchema;

/// Tries that are kept of a letter; one that was retried by hand forgets the oldest.
const TRIES_KEPT: usize = 30;
/// Longest answer of a server that is kept, characters.
const SAID_MAX: usize = 300;

/// What became of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    /// It waits for its first or next try.
    Queued,
    /// A server took it.
    Sent,
    /// A server refused it for good.
    Failed,
    /// It was tried as often as it may be.
    Dead,
    /// It was not to be sent; the reason says why.
    Withheld,
}

/// One try to send a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeliveryTry)]
pub struct Try {
    /// When it was over.
    pub at: Timestamp,
    /// How long it took, ms.
    pub took_ms: u64,
    /// What the server said, or why none was reached.
    pub said: String,
}

/// A file that goes with a letter. It is fetched when the letter is sent: the outbox holds none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Enclosure)]
pub struct Enclosed {
    /// Its name.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// By what whoever has it knows it.
    pub key: String,
}

/// Who has the files that go with letters.
pub trait Enclosures: Send + Sync {
    /// The bytes of a file. Reads the disk.
    ///
    /// # Errors
    /// When it is gone.
    fn bytes(&self, key: &str) -> Result<Vec<u8>>;
}

/// A letter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Delivery)]
pub struct Letter {
    /// Its id; receivers see it and can tell a letter that came twice.
    pub id: LetterId,
    /// When it was decided on.
    pub created_at: Timestamp,
    /// By which outlet; `null` when there was nobody to tell.
    pub outlet: Option<OutletKind>,
    /// Address, number or place.
    pub to: String,
    /// Who that is, when it is known.
    pub name: Option<String>,
    /// In which language.
    pub language: Language,
    /// How urgent it is.
    pub level: Level,
    /// The policy that asked for it.
    pub policy_id: Option<PolicyId>,
    /// Which step of it: 0 for who is told at once.
    pub step: usize,
    /// What it is about; `null` for tests and letters about accounts.
    pub occasion: Option<Occasion>,
    /// Its subject.
    pub subject: String,
    /// What it says; empty when it held a secret.
    pub text: String,
    /// What goes with it.
    #[serde(default)]
    pub enclosed: Vec<Enclosed>,
    /// The letter whose place it takes where the outlet can do that: a push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<LetterId>,
    /// Whether it holds a code: then it is never shown, and forgotten when it is sent.
    pub confidential: bool,
    /// What became of it.
    pub state: LetterState,
    /// Why it was not sent, or what it waits for.
    pub reason: Option<String>,
    /// When it is tried next.
    pub next_try: Option<Timestamp>,
    /// Tries that failed since it was queued.
    pub failed: usize,
    /// The tries, oldest first.
    pub tries: Vec<Try>,
    /// When a server took it.
    pub sent_at: Option<Timestamp>,
}

/// What came of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A server took it.
    Sent(String),
    /// It may work later; not earlier than what the server asked for.
    Later(String, Option<Duration>),
    /// It will never work like this.
    Refused(String),
}

impl Outcome {
    /// What was said.
    #[must_use]
    pub fn said(&self) -> &str {
        match self {
            Self::Sent(said) | Self::Later(said, _) | Self::Refused(said) => said,
        }
    }
}

impl Letter {
    /// The letter after a try.
    #[must_use]
    pub fn after(mut self, outcome: &Outcome, now: Timestamp, took_ms: u64) -> Self {
        let said: String = outcome.said().chars().take(SAID_MAX).collect();
        if self.tries.len() >= TRIES_KEPT {
            self.tries.remove(0);
        }
        self.tries.push(Try {
            at: now,
            took_ms,
            said: said.clone(),
        });
        self.next_try = None;
        match outcome {
            Outcome::Sent(_) => {
                self.state = LetterState::Sent;
                self.reason = None;
                self.sent_at = Some(now);
                if self.confidential {
                    self.text.clear();
                }
            }
            Outcome::Refused(_) => {
                self.state = LetterState::Failed;
                self.reason = Some(said);
            }
            Outcome::Later(_, asked) => {
                self.failed += 1;
                self.reason = Some(said);
                let pause = self
                    .outlet
                    .and_then(|kind| schedule::pause(kind, self.failed, *asked));
                match pause {
                    Some(pause) => {
                        let ms = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
                        self.next_try = Some(now.plus_ms(ms));
                        self.state = LetterState::Queued;
                    }
                    None => self.state = LetterState::Dead,
                }
            }
        }
        self
    }

    /// Whether who reaches these sites only sees it, all letters when there are none: it is about
    /// an alert of one of them.
    pub(super) fn is_within(&self, sites: Option<&BTreeSet<String>>) -> bool {
        let of = |sites: &BTreeSet<String>| {
            let occasion = self.occasion.as_ref();
            occasion.is_some_and(|occasion| sites.contains(&occasion.site))
        };
        sites.is_none_or(of)
    }

    /// The same letter, not to be sent for this reason.
    #[must_use]
    pub fn withheld(mut self, reason: impl Into<String>) -> Self {
        self.state = LetterState::Withheld;
        self.reason = Some(reason.into());
        self.next_try = None;
        self
    }

    /// The letter, queued anew by hand.
    #[must_use]
    pub fn again(mut self, now: Timestamp) -> Self {
        self.state = LetterState::Queued;
        self.next_try = Some(now);
        self.failed = 0;
        self.reason = Some("It is tried again by hand.".to_owned());
        self
    }

    /// Whether it can be tried again by hand.
    #[must_use]
    pub const fn can_be_tried_again(&self) -> bool {
        matches!(self.state, LetterState::Failed | LetterState::Dead)
    }

    /// The letter as it is shown: without a code that it holds.
    #[must_use]
    pub fn shown(mut self) -> Self {
        if self.confidential {
            self.text.clear();
        }
        self
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn letter(outlet: OutletKind, level: Level, at: Timestamp) -> Letter {
        Letter {
            id: LetterId::new(),
            created_at: at,
            outlet: Some(outlet),
            to: "a@b.example".to_owned(),
            name: None,
            language: Language::En,
            level,
            policy_id: None,
            step: 0,
            occasion: None,
            subject: "s".to_owned(),
            text: "t".to_owned(),
            enclosed: Vec::new(),
            replaces: None,
            confidential: false,
            state: LetterState::Queued,
            reason: None,
            next_try: Some(at),
            failed: 0,
            tries: Vec::new(),
            sent_at: None,
        }
    }

    #[test]
    fn an_sms_is_tried_three_times_five_seconds_apart_and_then_dead() {
        let mut now = Timestamp::from_ms(0);
        let mut sms = letter(OutletKind::Sms, Level::Critical, now);
        for _ in 0..2 {
            sms = sms.after(&Outcome::Later("busy".to_owned(), None), now, 7);
            assert_eq!(sms.next_try, Some(now.plus_ms(5_000)));
            now = now.plus_ms(5_000);
        }
        sms = sms.after(&Outcome::Later("busy".to_owned(), None), now, 7);
        assert_eq!((sms.state, sms.next_try), (LetterState::Dead, None));
        assert_eq!(sms.tries.len(), 3);
        assert!(sms.can_be_tried_again());
        sms = sms
            .again(now)
            .after(&Outcome::Sent("ok".to_owned()), now, 7);
        assert_eq!((sms.state, sms.reason), (LetterState::Sent, None));
    }

    #[test]
    fn a_code_is_forgotten_when_it_is_sent_and_never_shown() {
        let now = Timestamp::from_ms(0);
        let mut code = letter(OutletKind::Smtp, Level::High, now);
        code.confidential = true;
        assert_eq!(code.clone().shown().text, "");
        assert_eq!(code.after(&Outcome::Sent(String::new()), now, 1).text, "");
    }

    #[test]
    fn a_letter_that_is_tried_for_ever_stays_small() {
        let now = Timestamp::from_ms(0);
        let mut letter = letter(OutletKind::Smtp, Level::High, now);
        for _ in 0..100 {
            letter = letter.again(now);
            letter = letter.after(&Outcome::Refused("é".repeat(9_999)), now, 1);
        }
        assert_eq!(letter.tries.len(), TRIES_KEPT);
        assert_eq!(letter.tries[0].said.chars().count(), SAID_MAX);
    }
}
