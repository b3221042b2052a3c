//! One try: a letter out of its outlet, and what came of it.

use super::desk::HORNS;
use super::http;
use super::letter::{Enclosed, Letter, Outcome};
use super::outlet::{OutletKind, Settings};
use super::service::{Notify, SECRETS};
use super::settings::Horn;
use super::{email, providers, webhook};
use crate::base::time::duration_ms;
use crate::base::{Error, ErrorKind, Result};
use crate::modbus::{Endpoint, coil};
use crate::store::View as _;
use std::ops::ControlFlow;
use std::time::Duration;
use tokio::time::Instant;

/// How long a horn sounds when it is tried.
const TRIAL_SOUND: Duration = Duration::from_secs(1);

/// A file on its way out with a letter.
pub(super) struct File {
    pub(super) enclosed: Enclosed,
    pub(super) bytes: Vec<u8>,
}

impl Notify {
    /// Tries a letter once; what came of it, and how long it took, ms. A trial also goes out of an
    /// outlet that is switched off.
    pub(super) async fn carry(&self, letter: &Letter, trial: bool) -> (Outcome, u64) {
        let started = Instant::now();
        let outcome = match self.carried(letter, trial).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Later(error.sentence, None),
        };
        let now = self.clock.now();
        if let Some(kind) = letter.outlet {
            let mut board = self.board();
            let seen = board.entry(kind).or_default();
            match &outcome {
                Outcome::Sent(_) => seen.sent_at = Some(now),
                Outcome::Later(said, _) | Outcome::Refused(said) => {
                    (seen.failed_at, seen.said) = (Some(now), Some(said.clone()));
                }
            }
        }
        (outcome, duration_ms(started.elapsed()))
    }

    async fn carried(&self, letter: &Letter, trial: bool) -> Result<Outcome> {
        let known = self.known();
        let Some(kind) = letter.outlet else {
            return Ok(Outcome::Refused("There is nobody to tell.".to_owned()));
        };
        let found = known.outlets.get(&kind);
        let Some(outlet) = found.filter(|outlet| outlet.enabled || trial) else {
            let sentence = "The outlet is not set, or switched off.";
            return Ok(Outcome::Later(sentence.to_owned(), None));
        };
        let secret = self.secret(kind)?;
        let files = match self.fetch(letter).await {
            Ok(files) => files,
            // What was deleted since will not come back.
            Err(error) if error.kind == ErrorKind::NotFound => {
                return Ok(Outcome::Refused(error.sentence));
            }
            Err(error) => return Err(error),
        };
        let (ca, post) = match &outlet.settings {
            Settings::Smtp(smtp) => return Ok(email::send(smtp, &secret, letter, files).await),
            Settings::Horn(horn) => return self.sound(horn, trial).await,
            Settings::Sendgrid(settings) => (
                &settings.ca_pem,
                providers::sendgrid(settings, &secret, letter, &files),
            ),
            Settings::Sms(settings) => (
                &settings.ca_pem,
                providers::twilio(settings, &secret, letter, false),
            ),
            Settings::Whatsapp(settings) => (
                &settings.ca_pem,
                providers::twilio(settings, &secret, letter, true),
            ),
            Settings::Push(settings) => {
                (&settings.ca_pem, providers::push(settings, &secret, letter))
            }
            Settings::Webhook(settings) => {
                let now = self.clock.now();
                let (headers, body) = webhook::message(letter, &secret, now);
                let url = settings.url.clone();
                (&settings.ca_pem, http::Post { url, headers, body })
            }
        };
        Ok(http::post(&self.trust, ca.as_deref(), post).await)
    }

    /// The files that go with a letter.
    async fn fetch(&self, letter: &Letter) -> Result<Vec<File>> {
        let Some(enclosures) = self.enclosures.get().cloned() else {
            return Ok(Vec::new());
        };
        let enclosed = letter.enclosed.clone();
        let read = move || {
            let files = enclosed.into_iter().map(|one| {
                let bytes = enclosures.bytes(&one.key)?;
                Ok(File {
                    enclosed: one,
                    bytes,
                })
            });
            files.collect()
        };
        let read = tokio::task::spawn_blocking(read).await;
        read.unwrap_or_else(|cause| {
            Err(Error::internal("A file of the letter could not be read.").because(cause))
        })
    }

    fn secret(&self, kind: OutletKind) -> Result<String> {
        let stored = self.store.read()?.get(SECRETS, kind.key().as_bytes())?;
        Ok(String::from_utf8(stored.unwrap_or_default()).unwrap_or_default())
    }

    /// Whether an alert stands for which the horn sounds.
    pub(super) fn is_to_sound(&self) -> Result<bool> {
        let mut any = false;
        self.store
            .read()?
            .scan(HORNS, &[], &[0xFF; 17], &mut |_, _| {
                any = true;
                Ok(ControlFlow::Break(()))
            })?;
        Ok(any)
    }

    /// Switches the coil to what is wanted now: a letter that comes late or twice does no harm.
    async fn sound(&self, horn: &Horn, trial: bool) -> Result<Outcome> {
        if trial && let Err(error) = switch(horn, true).await {
            return Ok(Outcome::Later(error, None));
        }
        if trial {
            tokio::time::sleep(TRIAL_SOUND).await;
        }
        let on = self.is_to_sound()?;
        Ok(match switch(horn, on).await {
            Ok(()) if on => Outcome::Sent("The coil is on, and reads back so.".to_owned()),
            Ok(()) => Outcome::Sent("The coil is off, and reads back so.".to_owned()),
            Err(sentence) => Outcome::Later(sentence, None),
        })
    }

    /// Switches the coil on again while an alert stands: a relay that lost power forgot it.
    pub(super) async fn remind_horn(&self) {
        let known = self.known();
        let Some(outlet) = known.open(OutletKind::Horn) else {
            return;
        };
        if let Settings::Horn(horn) = &outlet.settings
            && let Err(error) = self.sound(horn, false).await
        {
            tracing::warn!(%error, "whether the horn is to sound is not known");
        }
    }
}

async fn switch(horn: &Horn, on: bool) -> Result<(), String> {
    let endpoint = Endpoint::tcp(&horn.host, horn.port);
    let switched = coil::switch(&endpoint, horn.unit, horn.coil, on).await;
    switched.map_err(|error| error.to_string())
}
