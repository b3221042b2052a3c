//! How many messages go to telephones in an hour, and what is said of the rest.
//!
//! Promises: what is beyond the cap is withheld with that reason, and counted: who was not called
//! gets one message at the end of the hour that says how many there were. Emergencies pass.

use super::desk::Desk;
use super::language::Language;
use super::letter::{Letter, LetterState};
use super::outbox;
use crate::base::{LetterId, Level, Result, Timestamp};
use crate::store::table::Table;
use serde::{Deserialize, Serialize};

/// An hour begins with the first message after the last one was over, by the key of the outlet.
const HOURS: Table<Hour> = Table::new("notify_hour", 1);
const HOUR_MS: i64 = 3_600_000;
/// People of whom it is counted what they were not told; beyond that it is only in the log.
const MORE_MAX: usize = 200;

/// What went out of an outlet in an hour.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Hour {
    begun: Timestamp,
    sent: u32,
    more: Vec<More>,
}

/// What somebody was not told.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct More {
    to: String,
    /// The message that will say so.
    letter: LetterId,
    count: u32,
}

impl Desk<'_, '_> {
    /// A letter to a telephone as it may go out: withheld when the hour is full.
    pub(super) fn capped(&self, letter: Letter) -> Result<Letter> {
        let Some(kind) = letter.outlet.filter(|kind| kind.calls_phone()) else {
            return Ok(letter);
        };
        let key = kind.key().as_bytes();
        let known = HOURS.get(self.transaction, key)?;
        let current = known.filter(|hour| (0..HOUR_MS).contains(&self.now.since_ms(hour.begun)));
        let mut hour = current.unwrap_or_else(|| Hour {
            begun: self.now,
            sent: 0,
            more: Vec::new(),
        });
        let most = self.known.general.phone_per_hour;
        if hour.sent < most || letter.level == Level::Emergency {
            hour.sent = hour.sent.saturating_add(1);
            HOURS.put(self.transaction, key, &hour)?;
            return Ok(letter);
        }
        self.count(&mut hour, &letter)?;
        HOURS.put(self.transaction, key, &hour)?;
        Ok(letter.withheld(format!(
            "{most} messages went out of this outlet within an hour, which is its cap. A message \
             at the end of the hour says how many more there were."
        )))
    }

    /// Counts a letter in the message that its recipient gets at the end of the hour.
    fn count(&self, hour: &mut Hour, letter: &Letter) -> Result<()> {
        let full = hour.more.len() >= MORE_MAX;
        let more = match hour.more.iter_mut().find(|more| more.to == letter.to) {
            Some(more) => more,
            None if full => return Ok(()),
            None => {
                hour.more.push(More {
                    to: letter.to.clone(),
                    letter: LetterId::new(),
                    count: 0,
                });
                let Some(more) = hour.more.last_mut() else {
                    return Ok(());
                };
                more
            }
        };
        more.count += 1;
        let text = text(
            letter.language,
            more.count,
            self.known.general.base_url.as_deref(),
        );
        let said = Letter {
            id: more.letter,
            created_at: self.now,
            policy_id: None,
            occasion: None,
            replaces: None,
            subject: text.clone(),
            text,
            state: LetterState::Queued,
            reason: Some("It says at the end of the hour what the cap held back.".to_owned()),
            next_try: Some(hour.begun.plus_ms(HOUR_MS)),
            ..letter.clone()
        };
        outbox::put(self.transaction, &said)
    }
}

/// How many more there were, in the language of who reads it.
fn text(language: Language, count: u32, base_url: Option<&str>) -> String {
    let said = match language {
        Language::En => format!(
            "Indusmind: {count} more in the last hour, held back by the cap on messages. Look at \
             the alerts."
        ),
        Language::Fr => format!(
            "Indusmind : {count} de plus dans la dernière heure, retenues par la limite de \
             messages. Consultez les alertes."
        ),
        Language::Ar => {
            format!("Indusmind: {count} أخرى في الساعة الأخيرة حجبها حد الرسائل. راجع التنبيهات.")
        }
    };
    let said = language.directed(&said);
    match base_url {
        Some(base) => format!("{said} {}/alerts", base.trim_end_matches('/')),
        None => said,
    }
}

#[cfg(test)]
#[path = "cap_tests.rs"]
mod tests;
