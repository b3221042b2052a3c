//! E-mails about accounts: the link of an invitation and the code that sets a password anew.
//!
//! Promises: a mail is in the outbox with the code that it brings, or neither is; it is written
//! only to the address of the account, and what is answered over the network tells nobody whether
//! there was one.

use super::credentials::Handed;
use super::link::{self, Purpose};
use super::{Auth, UserRecord};
use crate::base::Result;
use crate::notify::{Language, Mail, Notify};
use crate::store::audit::Actor;
use serde_json::json;
use std::sync::Arc;

/// Whoever asks again within this time has a code on its way, ms: nobody fills a mailbox, and a
/// stranger does not make the codes worthless that were just handed out.
const AGAIN_AFTER_MS: i64 = 15 * 60_000;

/// An account as a mail speaks of it.
pub(super) struct About<'a> {
    /// Whose it is.
    name: &'a str,
    /// Where the page is; nothing is linked without it.
    base_url: Option<&'a str>,
    /// The code or the token of the link.
    secret: &'a str,
}

impl Auth {
    /// Hands over the outbox in which mails about accounts are put; once.
    pub fn write_by(&self, notify: &Arc<Notify>) {
        // A second one would be a mistake of the wiring; the first stays.
        let _ = self.mailer.set(Arc::downgrade(notify));
    }

    /// The outbox, when an outlet for e-mail is set.
    pub(super) fn mailer(&self) -> Option<Arc<Notify>> {
        let mailer = self.mailer.get()?.upgrade();
        mailer.filter(|notify| notify.writes_mail())
    }

    /// Whether codes are sent by e-mail.
    #[must_use]
    pub fn sends_mail(&self) -> bool {
        self.mailer().is_some()
    }

    /// The mail that brings a code to its user; none when no outlet writes e-mail, or a link could
    /// lead nowhere.
    pub(super) fn mail_of(
        &self,
        record: &UserRecord,
        purpose: Purpose,
        secret: &str,
    ) -> Option<(Arc<Notify>, Mail)> {
        let notify = self.mailer()?;
        let general = notify.general();
        let about = About {
            name: &record.name,
            base_url: general.base_url.as_deref(),
            secret,
        };
        let language = record.language.unwrap_or(general.language);
        let (subject, text) = written(language, purpose, &about)?;
        let mail = Mail {
            to: record.email.clone(),
            name: Some(record.name.clone()),
            subject,
            text,
        };
        Some((notify, mail))
    }

    /// Mails a code to somebody who forgot his password; nothing when there is no such user, no
    /// outlet for e-mail, or a code on its way. To be called after the answer is given: how long
    /// it takes would tell who has an account.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn mail_code(&self, login: &str, address: Option<String>) -> Result<()> {
        if self.mailer().is_none() {
            return Ok(());
        }
        let _turn = self.changing.lock().await;
        let found = {
            let known = self.read();
            let mut users = known.users.values();
            users.find(|user| user.answers_to(login)).cloned()
        };
        let Some(record) = found.filter(|user| user.active && !user.is_invited()) else {
            return Ok(());
        };
        if self.has_code(&record)? {
            return Ok(());
        }
        let actor = Actor {
            user: Some(record.id),
            name: record.email.clone(),
            address,
        };
        let (action, details) = ("user.reset_code", json!({ "asked": "by the user" }));
        self.hand_code(record, Purpose::Reset, action, details, actor)
            .await
            .map(|_: Handed| ())
    }

    /// Whether a code for this user was made a moment ago, and waits.
    fn has_code(&self, record: &UserRecord) -> Result<bool> {
        let now = self.clock.now();
        let mut codes = link::resets(&self.store.read()?)?.into_iter();
        Ok(codes.any(|code| {
            let age: i64 = now.since_ms(code.requested_at);
            code.user == record.id && code.used_at.is_none() && (0..AGAIN_AFTER_MS).contains(&age)
        }))
    }
}

/// *pure* — subject and text of a mail.
fn written(language: Language, purpose: Purpose, about: &About<'_>) -> Option<(String, String)> {
    let (name, secret) = (&language.apart(about.name), about.secret);
    let base = about.base_url.map(|base| base.trim_end_matches('/'));
    match purpose {
        Purpose::Activate => {
            let link = format!("{}/activate#token={secret}", base?);
            let (subject, text) = invitation(language, name, &link);
            Some((subject, language.directed(&text)))
        }
        Purpose::Reset => {
            let page = base.map(|base| format!("{base}/reset"));
            let (subject, text) = reset(language, name, secret, page.as_deref());
            Some((subject, language.directed(&text)))
        }
    }
}

fn invitation(language: Language, name: &str, link: &str) -> (String, String) {
    let (subject, text) = match language {
        Language::En => (
            "Your account at Indusmind",
            format!(
                "Hello {name},\n\nan account was made for you. Choose your password here:\n\n\
                 {link}\n\nThe link works once, for 24 hours. If you expected no account, \
                 do nothing.\n"
            ),
        ),
        Language::Fr => (
            "Votre compte Indusmind",
            format!(
                "Bonjour {name},\n\nun compte a été créé pour vous. Choisissez votre mot de passe \
                 ici :\n\n{link}\n\nLe lien fonctionne une seule fois, pendant 24 heures. Si vous \
                 n'attendiez pas de compte, ne faites rien.\n"
            ),
        ),
        Language::Ar => (
            "حسابك في Indusmind",
            format!(
                "مرحباً {name}،\n\nأُنشئ حساب لك. اختر كلمة المرور هنا:\n\n{link}\n\n\
                 يعمل الرابط مرة واحدة خلال 24 ساعة. إن لم تكن تنتظر حساباً فلا تفعل شيئاً.\n"
            ),
        ),
    };
    (subject.to_owned(), text)
}

fn reset(language: Language, name: &str, code: &str, page: Option<&str>) -> (String, String) {
    let page = page.map(|page| format!("\n\n{page}")).unwrap_or_default();
    let (subject, text) = match language {
        Language::En => (
            "A code for a new password",
            format!(
                "Hello {name},\n\nwith this code you set a new password on the page of the \
                 appliance:\n\n{code}{page}\n\nIt works once, for 24 hours. If you did not ask for \
                 it, do nothing: your password stays as it is.\n"
            ),
        ),
        Language::Fr => (
            "Un code pour un nouveau mot de passe",
            format!(
                "Bonjour {name},\n\navec ce code, vous choisissez un nouveau mot de passe sur la \
                 page de l'appareil :\n\n{code}{page}\n\nIl fonctionne une seule fois, pendant \
                 24 heures. Si vous ne l'avez pas demandé, ne faites rien : votre mot de passe \
                 reste le même.\n"
            ),
        ),
        Language::Ar => (
            "رمز لكلمة مرور جديدة",
            format!(
                "مرحباً {name}،\n\nبهذا الرمز تختار كلمة مرور جديدة على صفحة الجهاز:\n\n\
                 {code}{page}\n\nيعمل مرة واحدة خلال 24 ساعة. إن لم تطلبه فلا تفعل شيئاً: تبقى \
                 كلمة مرورك كما هي.\n"
            ),
        ),
    };
    (subject.to_owned(), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_brings_the_code_and_a_link_only_where_there_is_a_page() {
        for language in [Language::En, Language::Fr, Language::Ar] {
            let mut about = About {
                name: "Amel",
                base_url: None,
                secret: "K7QF-2M9P",
            };
            assert!(written(language, Purpose::Activate, &about).is_none());
            let (subject, text) = written(language, Purpose::Reset, &about).unwrap();
            assert!(!subject.is_empty() && text.contains("Amel") && text.contains("K7QF-2M9P"));
            assert!(!text.contains("http"), "{text}");
            about.base_url = Some("https://plant.example/");
            let (_, text) = written(language, Purpose::Activate, &about).unwrap();
            assert!(
                text.contains("https://plant.example/activate#token=K7QF-2M9P\n"),
                "{text}"
            );
        }
    }
}
