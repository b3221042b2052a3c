//! *pure* — what each outlet needs to know, and what is refused of it.

use crate::base::Level;
use crate::base::error::Checks;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Largest CA certificate file, bytes: a bundle of a few.
const CA_MAX: usize = 64 << 10;

/// How a mail server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MailSecurity)]
pub enum Security {
    /// Plain first, then encrypted; refused when the server does not offer it. Port 587.
    Starttls,
    /// Encrypted from the first byte. Port 465.
    Tls,
    /// Never encrypted: for a server on the same machine or wire. Port 25.
    None,
}

impl Security {
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Starttls => "starttls",
            Self::Tls => "tls",
            Self::None => "none",
        }
    }
}

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SmtpSettings)]
pub struct Smtp {
    /// Its name or address.
    #[schema(example = "mail.plant.example")]
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub security: Security,
    /// Who signs in, if anybody.
    #[serde(default)]
    pub username: Option<String>,
    /// Whom the letters are from.
    #[schema(example = "indusmind@plant.example")]
    pub from: String,
    /// The authority that its certificate must be signed by, PEM; those of the system when absent.
    #[serde(default)]
    pub ca_pem: Option<String>,
}

/// SendGrid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SendgridSettings)]
pub struct Sendgrid {
    /// Whom the letters are from; SendGrid must know this sender.
    pub from: String,
    /// Where its API is.
    #[serde(default = "sendgrid_url")]
    #[schema(example = "https://api.sendgrid.com")]
    pub url: String,
    /// The authority that its certificate must be signed by, PEM; those of the system when absent.
    #[serde(default)]
    pub ca_pem: Option<String>,
}

/// Twilio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TwilioSettings)]
pub struct Twilio {
    /// The account SID.
    #[schema(example = "AC00000000000000000000000000000000")]
    pub account: String,
    /// The number from which it is sent, or a messaging service `MG…`.
    #[schema(example = "+15005550006")]
    pub from: String,
    /// Where its API is.
    #[serde(default = "twilio_url")]
    #[schema(example = "https://api.twilio.com")]
    pub url: String,
    /// The authority that its certificate must be signed by, PEM; those of the system when absent.
    #[serde(default)]
    pub ca_pem: Option<String>,
}

/// A program of somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookSettings)]
pub struct Webhook {
    /// Where it is; what it answers with a redirect is not followed.
    #[schema(example = "https://maintenance.plant.example/hooks/indusmind")]
    pub url: String,
    /// The authority that its certificate must be signed by, PEM; those of the system when absent.
    #[serde(default)]
    pub ca_pem: Option<String>,
}

/// ntfy, or what speaks like it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PushSettings)]
pub struct Push {
    /// The server.
    #[schema(example = "https://ntfy.plant.example")]
    pub url: String,
    /// The topic that telephones subscribe to; a long one nobody guesses.
    pub topic: String,
    /// The authority that its certificate must be signed by, PEM; those of the system when absent.
    #[serde(default)]
    pub ca_pem: Option<String>,
}

/// Until when a horn sounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HornUntil)]
pub enum Until {
    /// Until somebody acknowledges the alert, or it is over.
    #[default]
    Acknowledged,
    /// Until the alert is over: a lamp.
    Over,
}

/// A horn or a lamp on a Modbus coil.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HornSettings)]
pub struct Horn {
    /// Name or address of the Modbus TCP device.
    pub host: String,
    /// Its port.
    #[schema(example = 502)]
    pub port: u16,
    /// Its unit id.
    #[schema(example = 1)]
    pub unit: u8,
    /// The address of the coil, from 0.
    pub coil: u16,
    /// The least serious alert at which it sounds.
    pub from_level: Level,
    /// Until when it sounds.
    #[serde(default)]
    pub until: Until,
}

fn sendgrid_url() -> String {
    "https://api.sendgrid.com".to_owned()
}

fn twilio_url() -> String {
    "https://api.twilio.com".to_owned()
}

impl Smtp {
    pub(super) fn check(&self, checks: &mut Checks) {
        host(checks, &self.host);
        checks.require(self.port > 0, "settings.port", "The port is 1 to 65535.");
        mail(checks, "settings.from", &self.from);
        let user = self.username.as_deref().unwrap_or("u");
        let good = (1..=256).contains(&user.len()) && !user.chars().any(char::is_control);
        let sentence = "1 to 256 characters, or leave it out.";
        checks.require(good, "settings.username", sentence);
        authority(checks, self.ca_pem.as_deref());
    }
}

impl Sendgrid {
    pub(super) fn check(&self, checks: &mut Checks) {
        mail(checks, "settings.from", &self.from);
        provider(checks, &self.url);
        authority(checks, self.ca_pem.as_deref());
    }
}

impl Twilio {
    pub(super) fn check(&self, checks: &mut Checks) {
        let word = |text: &str| {
            (2..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        let sentence = "The account SID, which begins with AC.";
        let sid = word(&self.account) && self.account.starts_with("AC");
        checks.require(sid, "settings.account", sentence);
        let service = self.from.starts_with("MG") && word(&self.from);
        let sentence = "A number such as +15005550006, or a messaging service MG….";
        checks.require(is_phone(&self.from) || service, "settings.from", sentence);
        provider(checks, &self.url);
        authority(checks, self.ca_pem.as_deref());
    }
}

impl Webhook {
    pub(super) fn check(&self, checks: &mut Checks) {
        url(checks, &self.url);
        authority(checks, self.ca_pem.as_deref());
    }
}

impl Push {
    pub(super) fn check(&self, checks: &mut Checks) {
        url(checks, &self.url);
        let part = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
        let word = (1..=64).contains(&self.topic.len()) && self.topic.bytes().all(part);
        let sentence = "1 to 64 characters of a-z, 0-9, _ and -.";
        checks.require(word, "settings.topic", sentence);
        authority(checks, self.ca_pem.as_deref());
    }
}

impl Horn {
    pub(super) fn check(&self, checks: &mut Checks) {
        host(checks, &self.host);
        checks.require(self.port > 0, "settings.port", "The port is 1 to 65535.");
        let unit = (1..=247).contains(&self.unit) || self.unit == 255;
        checks.require(unit, "settings.unit", "The unit id is 1 to 247, or 255.");
    }
}

fn host(checks: &mut Checks, host: &str) {
    let named = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
    let good = (1..=253).contains(&host.len()) && host.chars().all(named);
    let sentence = "A name or address, such as 192.168.10.5.";
    checks.require(good, "settings.host", sentence);
}

fn mail(checks: &mut Checks, path: &str, address: &str) {
    let sentence = "Write an address such as indusmind@plant.example.";
    checks.require(is_mail(address), path, sentence);
}

fn authority(checks: &mut Checks, pem: Option<&str>) {
    let pem = pem.unwrap_or_default();
    let is_pem = pem.is_empty() || pem.contains("-----BEGIN CERTIFICATE-----");
    let sentence = "A certificate begins with -----BEGIN CERTIFICATE-----, 64 KiB at most.";
    checks.require(is_pem && pem.len() <= CA_MAX, "settings.ca_pem", sentence);
}

fn url(checks: &mut Checks, url: &str) -> bool {
    let good = super::address::Address::of(url).is_ok() && url.len() <= 2_000;
    let sentence = "An address such as https://host/path, without a user name in it.";
    checks.require(good, "settings.url", sentence);
    good
}

/// A provider gets a key with every message: only encrypted, unless it is this machine.
fn provider(checks: &mut Checks, text: &str) {
    if url(checks, text) {
        let safe = super::address::Address::of(text).is_ok_and(|at| at.tls || at.is_this_machine());
        let sentence = "The key would be sent in the open: use https.";
        checks.require(safe, "settings.url", sentence);
    }
}

/// Whether this looks like an e-mail address.
#[must_use]
pub fn is_mail(address: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !"<>,;:\"()[]\\".contains(c);
    address.len() <= 254
        && address.chars().all(plain)
        && address
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.len() > 2 && !host.contains('@'))
}

/// Whether this is a telephone number as the whole world writes it (E.164).
#[must_use]
pub fn is_phone(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    })
}
