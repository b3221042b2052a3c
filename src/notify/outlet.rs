//! *pure* — the ways out to people: their settings, as a person writes them and as they are stored.

use super::settings::{Horn, Push, Sendgrid, Smtp, Twilio, Webhook};
use crate::base::error::Checks;
use crate::base::{Error, Result, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Longest password or token, bytes.
const SECRET_MAX: usize = 1_024;

/// A way out.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OutletKind {
    /// E-mail by a server of the plant or of a provider.
    Smtp,
    /// E-mail by SendGrid.
    Sendgrid,
    /// Short messages by Twilio.
    Sms,
    /// WhatsApp by Twilio.
    Whatsapp,
    /// A program of somebody else.
    Webhook,
    /// ntfy, or what speaks like it.
    Push,
    /// A horn or a lamp on a Modbus coil.
    Horn,
}

impl OutletKind {
    /// Every kind, in the order of the page.
    pub const ALL: [Self; 7] = [
        Self::Smtp,
        Self::Sendgrid,
        Self::Sms,
        Self::Whatsapp,
        Self::Webhook,
        Self::Push,
        Self::Horn,
    ];

    /// Its name in requests and in the data file.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Sendgrid => "sendgrid",
            Self::Sms => "sms",
            Self::Whatsapp => "whatsapp",
            Self::Webhook => "webhook",
            Self::Push => "push",
            Self::Horn => "horn",
        }
    }

    /// The outlet of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn parse(key: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|kind| kind.key() == key);
        found.ok_or_else(|| Error::not_found("outlet", key))
    }

    /// Its number in keys of the data file; never another one.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Smtp => 0,
            Self::Sendgrid => 1,
            Self::Sms => 2,
            Self::Whatsapp => 3,
            Self::Webhook => 4,
            Self::Push => 5,
            Self::Horn => 6,
        }
    }

    /// How many letters go out of it at once: servers count connections, and a coil is one.
    #[must_use]
    pub const fn at_once(self) -> usize {
        match self {
            Self::Horn => 1,
            _ => 4,
        }
    }

    /// Whether it writes to an e-mail address.
    #[must_use]
    pub const fn writes_mail(self) -> bool {
        matches!(self, Self::Smtp | Self::Sendgrid)
    }

    /// Whether it calls a telephone number.
    #[must_use]
    pub const fn calls_phone(self) -> bool {
        matches!(self, Self::Sms | Self::Whatsapp)
    }

    /// Whether it leads to one place, whoever is meant.
    #[must_use]
    pub const fn leads_to_one(self) -> bool {
        matches!(self, Self::Webhook | Self::Push | Self::Horn)
    }

    /// Whether it makes a sound where people are.
    #[must_use]
    pub const fn is_loud(self) -> bool {
        matches!(self, Self::Sms | Self::Whatsapp | Self::Push | Self::Horn)
    }
}

/// What an outlet needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = OutletSettings)]
pub enum Settings {
    /// E-mail by a server.
    Smtp(Smtp),
    /// E-mail by SendGrid.
    Sendgrid(Sendgrid),
    /// Short messages by Twilio.
    Sms(Twilio),
    /// WhatsApp by Twilio.
    Whatsapp(Twilio),
    /// A program of somebody else.
    Webhook(Webhook),
    /// ntfy.
    Push(Push),
    /// A coil.
    Horn(Horn),
}

impl Settings {
    /// Reads the settings of an outlet; what is wrong is named with its place.
    fn read(kind: OutletKind, mut value: Value) -> Result<Self> {
        if let Some(Value::String(said)) = value.as_object_mut().and_then(|map| map.remove("kind"))
            && said != kind.key()
        {
            let sentence = format!("These are the settings of {said}, not of {}.", kind.key());
            return Err(Error::invalid("settings.kind", sentence));
        }
        Ok(match kind {
            OutletKind::Smtp => Self::Smtp(typed(value)?),
            OutletKind::Sendgrid => Self::Sendgrid(typed(value)?),
            OutletKind::Sms => Self::Sms(typed(value)?),
            OutletKind::Whatsapp => Self::Whatsapp(typed(value)?),
            OutletKind::Webhook => Self::Webhook(typed(value)?),
            OutletKind::Push => Self::Push(typed(value)?),
            OutletKind::Horn => Self::Horn(typed(value)?),
        })
    }

    fn check(&self, checks: &mut Checks) {
        match self {
            Self::Smtp(smtp) => smtp.check(checks),
            Self::Sendgrid(sendgrid) => sendgrid.check(checks),
            Self::Sms(twilio) => twilio.check(checks),
            Self::Whatsapp(twilio) => twilio.check(checks),
            Self::Webhook(webhook) => webhook.check(checks),
            Self::Push(push) => push.check(checks),
            Self::Horn(horn) => horn.check(checks),
        }
    }

    /// Where the secret is sent to: whoever may change it shall not get the secret of the old one.
    fn secret_goes_to(&self) -> String {
        let of = |parts: &[&str], ca: &Option<String>| {
            format!("{} {}", parts.join(" "), ca.as_deref().unwrap_or_default())
        };
        match self {
            Self::Smtp(s) => {
                let open = if s.username.is_some() {
                    s.security.key()
                } else {
                    ""
                };
                of(&[&s.host, &s.port.to_string(), open], &s.ca_pem)
            }
            Self::Sendgrid(s) => of(&[&s.url], &s.ca_pem),
            Self::Sms(s) | Self::Whatsapp(s) => of(&[&s.url, &s.account], &s.ca_pem),
            // What is signed shows no secret; a token is sent.
            Self::Webhook(_) => String::new(),
            Self::Push(s) => of(&[&s.url], &s.ca_pem),
            Self::Horn(_) => String::new(),
        }
    }

    /// What cannot work without a secret says so.
    const fn needs_secret(&self) -> Option<&'static str> {
        match self {
            Self::Sendgrid(_) => Some("Give the API key of SendGrid."),
            Self::Sms(_) | Self::Whatsapp(_) => Some("Give the auth token of the Twilio account."),
            Self::Webhook(_) => Some("Give a secret with which the messages are signed."),
            Self::Smtp(smtp) if smtp.username.is_some() => Some("Give the password."),
            _ => None,
        }
    }
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T> {
    if !value.is_object() {
        return Err(Error::invalid("settings", "The settings are an object."));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let (path, message) = (error.path().to_string(), error.inner().to_string());
        // The reader reports a field that is missing or unknown at the object around it.
        let named = |start: &str| message.strip_prefix(start)?.split('`').next();
        if let Some(field) = named("missing field `") {
            return Error::invalid(format!("settings.{field}"), "This field is needed.");
        }
        match named("unknown field `").or(Some(path.as_str())) {
            Some(field) if field != "." => {
                Error::invalid(format!("settings.{field}"), format!("{message}."))
            }
            _ => Error::invalid("settings", format!("{message}.")),
        }
    })
}

/// An outlet as it is stored and shown; the secret is not among it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Outlet {
    /// Whether anything goes out of it.
    pub enabled: bool,
    /// Whether a password or token is kept; it is never shown.
    pub has_secret: bool,
    /// What it needs to know.
    pub settings: Settings,
    /// When this was last changed.
    pub updated_at: Timestamp,
}

/// New settings of an outlet, as a whole.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutletChange {
    /// Whether anything goes out of it.
    pub enabled: bool,
    /// What it needs to know, as `OutletSettings`; `kind` may be left out, the address says it.
    pub settings: Value,
    /// Password, key or token: absent keeps the one that is kept, empty forgets it. It is to be
    /// given again when it would be sent to another place.
    #[serde(default)]
    #[schema(write_only)]
    pub secret: Option<String>,
}

impl OutletChange {
    /// The outlet with this change.
    pub(super) fn apply(
        &self,
        kind: OutletKind,
        old: Option<&Outlet>,
        now: Timestamp,
    ) -> Result<Outlet> {
        let settings = Settings::read(kind, self.settings.clone())?;
        let had_secret = old.is_some_and(|old| old.has_secret);
        let has_secret = match &self.secret {
            Some(secret) => !secret.is_empty(),
            None => had_secret,
        };
        let mut checks = Checks::default();
        settings.check(&mut checks);
        let moved =
            old.is_some_and(|old| old.settings.secret_goes_to() != settings.secret_goes_to());
        let kept = had_secret && self.secret.is_none();
        let sentence = "It would be sent to another place: type it again.";
        checks.require(!(moved && kept), "secret", sentence);
        if let Some(sentence) = settings.needs_secret() {
            checks.require(has_secret || !self.enabled, "secret", sentence);
        }
        let secret = self.secret.as_deref().unwrap_or_default();
        let plain = secret.len() <= SECRET_MAX && !secret.chars().any(char::is_control);
        let sentence = "1,024 bytes at most, without line breaks.";
        checks.require(plain, "secret", sentence);
        checks.finish()?;
        Ok(Outlet {
            enabled: self.enabled,
            has_secret,
            settings,
            updated_at: now,
        })
    }
}

impl std::fmt::Debug for OutletChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutletChange")
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn apply(kind: OutletKind, old: Option<&Outlet>, change: Value) -> Result<Outlet> {
        let change: OutletChange = serde_json::from_value(change).unwrap();
        change.apply(kind, old, Timestamp::from_ms(0))
    }

    fn fields(result: Result<Outlet>) -> Vec<String> {
        let fields = result.unwrap_err().fields.into_iter();
        fields.map(|field| field.path).collect()
    }

    fn mail(host: &str) -> Value {
        json!({ "host": host, "port": 587, "security": "starttls", "username": "u",
            "from": "plant@example.org" })
    }

    #[test]
    fn the_password_does_not_follow_to_another_server() {
        let first = json!({ "enabled": true, "settings": mail("a"), "secret": "s" });
        let kept = apply(OutletKind::Smtp, None, first).unwrap();
        assert!(kept.has_secret);
        let same = json!({ "enabled": false, "settings": mail("a") });
        assert!(
            apply(OutletKind::Smtp, Some(&kept), same)
                .unwrap()
                .has_secret
        );
        let mut open = mail("a");
        open["security"] = json!("none");
        for settings in [mail("b"), open] {
            let change = json!({ "enabled": true, "settings": settings });
            assert_eq!(
                fields(apply(OutletKind::Smtp, Some(&kept), change)),
                ["secret"]
            );
        }
        let forgotten = json!({ "enabled": false, "settings": mail("b"), "secret": "" });
        assert!(
            !apply(OutletKind::Smtp, Some(&kept), forgotten)
                .unwrap()
                .has_secret
        );
    }

    #[test]
    fn refused_fields_are_named() {
        let change = json!({ "enabled": true, "settings": { "host": "a b", "port": 0,
            "security": "none", "from": "nobody" } });
        let named = ["settings.host", "settings.port", "settings.from"];
        assert_eq!(fields(apply(OutletKind::Smtp, None, change)), named);
        let change = json!({ "enabled": true, "settings": { "host": "a", "port": "x" } });
        assert_eq!(
            fields(apply(OutletKind::Smtp, None, change)),
            ["settings.port"]
        );
        for settings in [
            json!({ "url": "http://a" }),
            json!({ "topic": "t", "x": 1 }),
        ] {
            let change = json!({ "enabled": true, "settings": settings });
            let field = &fields(apply(OutletKind::Push, None, change))[0];
            assert!(
                ["settings.topic", "settings.x"].contains(&field.as_str()),
                "{field}"
            );
        }
        let change = json!({ "enabled": true, "settings": { "kind": "horn" } });
        assert_eq!(
            fields(apply(OutletKind::Push, None, change)),
            ["settings.kind"]
        );
        let change = json!({ "enabled": true, "settings": { "url": "https://a.example/x" } });
        assert_eq!(fields(apply(OutletKind::Webhook, None, change)), ["secret"]);
        let change = json!({ "enabled": true, "settings": { "url": "ftp://u@a" }, "secret": "s" });
        assert_eq!(
            fields(apply(OutletKind::Webhook, None, change)),
            ["settings.url"]
        );
    }

    #[test]
    fn no_two_kinds_share_a_name_or_a_number() {
        for (n, kind) in OutletKind::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(kind.number()), n);
            assert_eq!(OutletKind::parse(kind.key()).unwrap(), kind);
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.key());
        }
    }
}
