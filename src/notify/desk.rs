//! Where it is decided who hears of an occasion, in the transaction in which it happened.
//!
//! Promises: every occasion leaves at least one letter in the outbox, to be sent or withheld with
//! the reason; nobody is told twice of the same condition within five minutes unless it got worse.

use super::escalation::{Pending, STEPS, step_key};
use super::known::{Directory, Known};
use super::letter::{Letter, LetterState};
use super::occasion::{Occasion, What};
use super::outbox;
use super::outlet::{OutletKind, Settings};
use super::policy::{Hours, Moment, Policy, Recipient};
use super::recipients::{Target, targets};
use super::settings::Until;
use super::text::{self, About};
use crate::base::time::Calendar;
use crate::base::{LetterId, Level, PolicyId, Result, Timestamp};
use crate::site::Site;
use crate::store::table::Table;
use crate::store::{TableName, Transaction, View as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// A condition that was told of is not told of again within this time, ms (S0-35 of the
/// requirements), unless it got worse.
pub(super) const REPEAT_MS: i64 = 5 * 60_000;
/// People that one alert tells at most: more than everybody at a plant is a mistake in a policy.
const TOLD_MAX: usize = 200;

/// What was done about an alert.
pub(super) const ALERTS: Table<AlertNote> = Table::new("notify_alert", 1);
/// When a condition was last told of, by the SHA-256 of its name.
pub(super) const CONDITIONS: Table<LastTold> = Table::new("notify_condition", 1);
/// Alerts for which the horn sounds.
pub(super) const HORNS: TableName = TableName::new("notify_horn");

/// What was done about an alert.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AlertNote {
    pub(super) occasion: Occasion,
    /// Who was told.
    told: Vec<Told>,
    /// Who is asked when nobody acknowledges.
    pub(super) steps: Vec<Pending>,
    /// That it needs nobody any more was said.
    over_told: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Told {
    target: Target,
    policy: PolicyId,
    letter: LetterId,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct LastTold {
    pub(super) at: Timestamp,
    level: Level,
}

/// One decision.
pub(super) struct Desk<'a, 't> {
    pub(super) transaction: &'a Transaction<'t>,
    pub(super) now: Timestamp,
    pub(super) known: &'a Known,
    pub(super) people: Option<&'a dyn Directory>,
    pub(super) sites: &'a [Site],
}

impl Desk<'_, '_> {
    /// An alert began or got worse.
    pub(super) fn raised(&self, occasion: &Occasion) -> Result<()> {
        let key = occasion.alert.as_bytes();
        let known = ALERTS.get(self.transaction, key)?;
        let mut note = known.unwrap_or_else(|| AlertNote {
            occasion: occasion.clone(),
            told: Vec::new(),
            steps: Vec::new(),
            over_told: false,
        });
        note.occasion = occasion.clone();
        note.over_told = false;
        let condition: [u8; 32] = Sha256::digest(&occasion.condition).into();
        let repeat = self.repeat(&condition, occasion)?;
        let moment = Moment::of(self.now, &self.calendar(&occasion.site));
        let concerned = self
            .known
            .policies
            .iter()
            .filter(|p| p.rule.is_for(occasion));
        let (on, off): (Vec<&Policy>, Vec<&Policy>) =
            concerned.partition(|policy| policy.rule.holds_at(moment));
        let mut heard = Vec::new();
        for policy in &on {
            if repeat.is_none() {
                self.tell(&mut note, policy, 0, &mut heard)?;
            }
            self.begin(&mut note, policy)?;
        }
        let reason = repeat.clone().or_else(|| match (on.first(), off.first()) {
            (Some(_), _) => None,
            (None, Some(off)) => Some(format!(
                "Nobody is on shift: the policy {} does not hold at this time.",
                off.rule.name
            )),
            (None, None) => Some(format!(
                "No policy is for alerts of the level {:?} there.",
                occasion.level
            )),
        });
        match reason {
            Some(reason) => self.note_why_not(occasion, &reason)?,
            // Whom nobody could be told of is no repeat the next time.
            None if heard.is_empty() => {}
            None => {
                let told = LastTold {
                    at: self.now,
                    level: occasion.level,
                };
                CONDITIONS.put(self.transaction, &condition, &told)?;
            }
        }
        ALERTS.put(self.transaction, key, &note)
    }

    /// Somebody saw an alert, or it is over.
    pub(super) fn settled(&self, alert: Uuid, how: What) -> Result<()> {
        let Some(mut note) = ALERTS.get(self.transaction, alert.as_bytes())? else {
            return Ok(());
        };
        for pending in std::mem::take(&mut note.steps) {
            self.transaction.remove(STEPS, &step_key(alert, pending))?;
        }
        let mut occasion = note.occasion.clone();
        (occasion.what, occasion.at, occasion.children) = (how, self.now, 0);
        self.withdraw(&mut note)?;
        self.silence(alert, how, &occasion, &note)?;
        if how.is_over() && !note.over_told {
            self.tell_it_is_settled(&occasion, &note, |_| true)?;
            note.over_told = true;
        } else if how == What::Acknowledged && !note.over_told {
            // A push is replaced in silence; what cannot be replaced would be one more message.
            self.tell_it_is_settled(&occasion, &note, |kind| kind == OutletKind::Push)?;
        }
        ALERTS.put(self.transaction, alert.as_bytes(), &note)
    }

    /// Why this occasion repeats what was told a moment ago; `None` when it does not.
    fn repeat(&self, condition: &[u8], occasion: &Occasion) -> Result<Option<String>> {
        let last = CONDITIONS.get(self.transaction, condition)?;
        let same = last.filter(|last| {
            let ago = self.now.since_ms(last.at);
            (0..REPEAT_MS).contains(&ago) && occasion.level <= last.level
        });
        Ok(same.map(|last| {
            let ago_s = self.now.since_ms(last.at) / 1_000;
            format!(
                "The same condition was told of {ago_s} s ago; it is told again after 5 minutes."
            )
        }))
    }

    /// Writes to the recipients of a step; `heard` holds who was written to by another policy.
    pub(super) fn tell(
        &self,
        note: &mut AlertNote,
        policy: &Policy,
        step: usize,
        heard: &mut Vec<Target>,
    ) -> Result<()> {
        let occasion = note.occasion.clone();
        for recipient in policy.rule.recipients_of(step).unwrap_or_default() {
            let Some(kind) = recipient.outlet else {
                continue;
            };
            if let Some(reason) = self.known.hindrance(kind, occasion.level, occasion.late) {
                let target = Target::of_nobody(kind, recipient);
                let letter = self.letter(&occasion, &target, policy, step);
                outbox::put(self.transaction, &letter.withheld(reason))?;
                continue;
            }
            for found in self.targets(recipient, kind, &occasion) {
                let target = match found {
                    Ok(target) => target,
                    Err((target, reason)) => {
                        let letter = self.letter(&occasion, &target, policy, step);
                        outbox::put(self.transaction, &letter.withheld(reason))?;
                        continue;
                    }
                };
                if heard.iter().any(|other| other.is_same_place(&target)) {
                    continue;
                }
                let letter = self.letter(&occasion, &target, policy, step);
                if note.told.len() >= TOLD_MAX {
                    let reason = format!("This alert told {TOLD_MAX} already. Check the policies.");
                    outbox::put(self.transaction, &letter.withheld(reason))?;
                    continue;
                }
                let letter = self.held_for_the_night(letter, policy.rule.quiet_hours, &occasion);
                let letter = self.capped(letter)?;
                outbox::put(self.transaction, &letter)?;
                if kind == OutletKind::Horn {
                    self.transaction
                        .put(HORNS, occasion.alert.as_bytes(), &[])?;
                }
                heard.push(target.clone());
                note.told.retain(|told| !told.target.is_same_place(&target));
                note.told.push(Told {
                    target,
                    policy: policy.id,
                    letter: letter.id,
                });
            }
        }
        Ok(())
    }

    fn targets(
        &self,
        recipient: &Recipient,
        kind: OutletKind,
        occasion: &Occasion,
    ) -> Vec<Result<Target, (Target, String)>> {
        let language = self.known.general.language;
        targets(recipient, kind, &occasion.site, language, self.people)
    }

    /// Quiet hours hold a letter back; Critical and Emergency pass.
    fn held_for_the_night(
        &self,
        mut letter: Letter,
        quiet: Option<Hours>,
        occasion: &Occasion,
    ) -> Letter {
        let calendar = self.calendar(&occasion.site);
        let end = quiet.and_then(|hours| hours.end_after(self.now, &calendar));
        if let Some(end) = end.filter(|_| occasion.level < Level::Critical) {
            letter.next_try = Some(end);
            letter.reason = Some("It waits for the end of the quiet hours.".to_owned());
        }
        letter
    }

    /// Letters that nobody has tried to send yet have nothing to say any more.
    fn withdraw(&self, note: &mut AlertNote) -> Result<()> {
        let mut kept = Vec::new();
        for told in std::mem::take(&mut note.told) {
            let letter = outbox::get(self.transaction, told.letter)?;
            let held = |letter: &Letter| {
                letter.state == LetterState::Queued
                    && letter.tries.is_empty()
                    && letter.next_try > Some(self.now)
            };
            match letter.filter(held) {
                Some(letter) => {
                    let reason = "It was settled before the quiet hours were over.";
                    outbox::put(self.transaction, &letter.withheld(reason))?;
                }
                None => kept.push(told),
            }
        }
        note.told = kept;
        Ok(())
    }

    /// The horn stops when it should, by a letter to it: that is tried until it arrives.
    fn silence(&self, alert: Uuid, how: What, occasion: &Occasion, note: &AlertNote) -> Result<()> {
        let key = alert.as_bytes();
        let until = self.known.outlets.get(&OutletKind::Horn);
        let lamp = until.is_some_and(
            |outlet| matches!(&outlet.settings, Settings::Horn(horn) if horn.until == Until::Over),
        );
        let goes_on = lamp && how == What::Acknowledged;
        if goes_on || self.transaction.get(HORNS, key)?.is_none() {
            return Ok(());
        }
        self.transaction.remove(HORNS, key)?;
        let told = note
            .told
            .iter()
            .find(|t| t.target.outlet == OutletKind::Horn);
        let Some(told) = told else { return Ok(()) };
        let mut letter = self.letter_to(occasion, &told.target, 0);
        letter.policy_id = Some(told.policy);
        outbox::put(self.transaction, &letter)
    }

    /// Tells who was told, by these outlets. A push takes the place of the one before, which is not
    /// sent after it any more.
    fn tell_it_is_settled(
        &self,
        occasion: &Occasion,
        note: &AlertNote,
        by: impl Fn(OutletKind) -> bool,
    ) -> Result<()> {
        for told in &note.told {
            let policies = &self.known.policies;
            let policy = policies.iter().find(|policy| policy.id == told.policy);
            let wanted = policy.is_some_and(|policy| policy.rule.tell_when_over);
            let kind = told.target.outlet;
            let closed = kind == OutletKind::Horn || self.known.open(kind).is_none();
            if !wanted || closed || !by(kind) {
                continue;
            }
            let mut letter = self.letter_to(occasion, &told.target, 0);
            letter.policy_id = Some(told.policy);
            if kind == OutletKind::Push {
                letter.replaces = Some(told.letter);
                let before = outbox::get(self.transaction, told.letter)?;
                if let Some(before) = before.filter(|one| one.state == LetterState::Queued) {
                    let reason = "It was settled before it could be sent.";
                    outbox::put(self.transaction, &before.withheld(reason))?;
                }
            }
            outbox::put(self.transaction, &self.capped(letter)?)?;
        }
        Ok(())
    }

    /// A letter to nobody, which says why.
    pub(super) fn note_why_not(&self, occasion: &Occasion, reason: &str) -> Result<()> {
        let mut letter = self.letter_to(occasion, &Target::nobody(), 0);
        letter.outlet = None;
        outbox::put(self.transaction, &letter.withheld(reason))
    }

    fn letter(&self, occasion: &Occasion, to: &Target, policy: &Policy, step: usize) -> Letter {
        let mut letter = self.letter_to(occasion, to, step);
        letter.policy_id = Some(policy.id);
        letter
    }

    fn letter_to(&self, occasion: &Occasion, to: &Target, step: usize) -> Letter {
        let site = self.sites.iter().find(|site| site.key == occasion.site);
        let calendar = self.calendar(&occasion.site);
        let about = About {
            site: site.map_or(&occasion.site, |site| &site.name),
            calendar: &calendar,
            zone: site.map_or("UTC", |site| &site.time_zone),
            base_url: self.known.general.base_url.as_deref(),
            step,
        };
        let text = text::write(to.language, occasion, about);
        let short = to.outlet.calls_phone() || to.outlet == OutletKind::Push;
        Letter {
            id: LetterId::new(),
            created_at: self.now,
            outlet: Some(to.outlet),
            to: to.to.clone(),
            name: to.name.clone(),
            language: to.language,
            level: occasion.level,
            policy_id: None,
            step,
            occasion: Some(occasion.clone()),
            subject: text.subject,
            text: if short { text.short } else { text.body },
            enclosed: Vec::new(),
            replaces: None,
            confidential: false,
            state: LetterState::Queued,
            reason: None,
            next_try: Some(self.now),
            failed: 0,
            tries: Vec::new(),
            sent_at: None,
        }
    }

    fn calendar(&self, site: &str) -> Calendar {
        let site = self.sites.iter().find(|known| known.key == site);
        site.map_or_else(Calendar::utc, Site::calendar)
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
pub(super) mod tests;
