//! Users: who can sign in, and as what.

use super::access::{Permission, Role};
use super::password;
use super::reach::Reach;
use super::two_factor::TwoFactor;
use crate::base::error::Checks;
use crate::base::{Result, Timestamp, UserId};
use crate::notify::Language;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Passwords that may not come again.
const HISTORY: usize = 5;
/// Browsers that are remembered of one user; a new one beyond this takes the place of the one
/// that was not seen for the longest time.
const DEVICES_MAX: usize = 10;

/// A person who can sign in, as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UserRecord {
    /// His id.
    pub id: UserId,
    /// Login name, lower case.
    pub email: String,
    /// Short login name for shared consoles, lower case.
    pub username: Option<String>,
    /// His name.
    pub name: String,
    /// What he is.
    pub role: Role,
    /// Key of his site.
    pub site: String,
    /// The sites that he reaches; when nobody said, as in records of earlier versions, all of
    /// them for an administrator and his own for everybody else.
    #[serde(default)]
    pub sites: Option<Reach>,
    /// Argon2id hash of his password.
    pub password: String,
    /// Hashes of the passwords before, newest first.
    pub previous_passwords: Vec<String>,
    /// Whether he may sign in.
    pub active: bool,
    /// When he was added.
    pub created_at: Timestamp,
    /// When he last signed in.
    pub last_login: Option<Timestamp>,
    /// Where he is called: `+` and 8 to 15 digits (E.164); records of earlier versions have none.
    #[serde(default)]
    pub phone: Option<String>,
    /// The language of what is written to him; that of the settings when absent.
    #[serde(default)]
    pub language: Option<Language>,
    /// Browsers from which he signed in before, newest first; records of earlier versions have
    /// none.
    #[serde(default)]
    pub devices: Vec<KnownDevice>,
    /// His second factor; records of earlier versions have none.
    #[serde(default)]
    pub two_factor: Option<TwoFactor>,
}

/// A browser from which a user signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownDevice {
    /// SHA-256 of what its cookie holds.
    pub hash: [u8; 32],
    /// When he last signed in from it.
    pub seen_at: Timestamp,
}

/// A user as others see him.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct User {
    /// His id.
    pub id: UserId,
    /// Login name.
    pub email: String,
    /// Short login name.
    pub username: Option<String>,
    /// His name.
    pub name: String,
    /// How his role is shown.
    #[schema(example = "Operator")]
    pub role: &'static str,
    /// His role.
    pub role_key: Role,
    /// Key of his site.
    pub site: String,
    /// The sites that he reaches.
    pub sites: Reach,
    /// Where he is called: `+` and 8 to 15 digits (E.164).
    #[schema(example = "+21650000000")]
    pub phone: Option<String>,
    /// The language of what is written to him; that of the notifications when absent.
    pub language: Option<Language>,
    /// What he may do.
    pub permissions: &'static [Permission],
    /// When he last signed in.
    pub last_login: Option<Timestamp>,
    /// Whether a code is asked for when he signs in.
    pub two_factor: bool,
}

/// What is said of a new user.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// Login name.
    pub email: String,
    /// Short login name for shared consoles.
    pub username: Option<String>,
    /// His name.
    pub name: String,
    /// His password, 8 to 128 characters with upper, lower, digit and symbol.
    pub password: String,
}

impl std::fmt::Debug for NewUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewUser")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

impl NewUser {
    /// Checks everything that can be said without knowing the other users.
    ///
    /// # Errors
    /// Every refused field.
    pub fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        check_email(&mut checks, &self.email);
        check_username(&mut checks, self.username.as_deref());
        check_name(&mut checks, &self.name);
        let login = self.username.as_deref().unwrap_or_default();
        let names = [self.email.as_str(), self.name.as_str(), login];
        checks.merge("", password::check("password", &self.password, &names))?;
        checks.finish()
    }
}

pub(super) fn check_email(checks: &mut Checks, email: &str) {
    let sentence = "Write an address such as name@plant.example.";
    checks.require(is_email(email), "email", sentence);
}

pub(super) fn check_username(checks: &mut Checks, username: Option<&str>) {
    let part = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let word = |name: &str| (2..=40).contains(&name.len()) && name.bytes().all(part);
    let sentence = "2 to 40 characters of a-z, 0-9, dot, _ and -.";
    checks.require(username.is_none_or(word), "username", sentence);
}

/// A telephone number after ITU-T E.164: a country code never begins with 0, and 15 digits are the
/// most there are. Blanks, dashes and brackets of people are taken out by [`plain_phone`] before.
pub(super) fn check_phone(checks: &mut Checks, phone: Option<&str>) {
    let is_number = |phone: &str| {
        phone.strip_prefix('+').is_some_and(|digits| {
            (8..=15).contains(&digits.len())
                && digits.bytes().all(|b| b.is_ascii_digit())
                && !digits.starts_with('0')
        })
    };
    let sentence = "A number with its country code, such as +21650000000.";
    checks.require(phone.is_none_or(is_number), "phone", sentence);
}

/// A number without what people write between its digits; nothing when it is empty.
pub(super) fn plain_phone(phone: &str) -> Option<String> {
    let between = |c: &char| !c.is_whitespace() && !"-./()".contains(*c);
    let plain: String = phone.chars().filter(between).collect();
    (!plain.is_empty()).then_some(plain)
}

pub(super) fn check_name(checks: &mut Checks, name: &str) {
    let length = name.trim().chars().count();
    let plain = (1..=120).contains(&length) && !name.chars().any(char::is_control);
    checks.require(plain, "name", "A name of 1 to 120 characters.");
}

impl UserRecord {
    /// The user as others see him.
    #[must_use]
    pub fn public(&self) -> User {
        User {
            id: self.id,
            email: self.email.clone(),
            username: self.username.clone(),
            name: self.name.clone(),
            role: self.role.title(),
            role_key: self.role,
            site: self.site.clone(),
            sites: self.reach(),
            phone: self.phone.clone(),
            language: self.language,
            permissions: self.role.permissions(),
            last_login: self.last_login,
            two_factor: self
                .two_factor
                .as_ref()
                .is_some_and(TwoFactor::is_confirmed),
        }
    }

    /// The sites that he reaches.
    #[must_use]
    pub fn reach(&self) -> Reach {
        match (&self.sites, self.role) {
            (Some(sites), _) => sites.clone(),
            (None, Role::Admin) => Reach::ALL,
            (None, _) => Reach::one(&self.site),
        }
    }

    /// Whether this is what he types as his login name.
    #[must_use]
    pub fn answers_to(&self, login: &str) -> bool {
        let login = login.trim().to_lowercase();
        self.email == login || self.username.as_ref() == Some(&login)
    }

    /// Sets a new password and keeps the old one's hash.
    pub fn set_password(&mut self, hash: String) {
        let old = std::mem::replace(&mut self.password, hash);
        if !old.is_empty() {
            self.previous_passwords.insert(0, old);
        }
        self.previous_passwords.truncate(HISTORY - 1);
    }

    /// The hashes that a new password must not match: the last five.
    #[must_use]
    pub fn last_passwords(&self) -> Vec<String> {
        let mut all = vec![self.password.clone()];
        all.extend(self.previous_passwords.iter().cloned());
        all.retain(|hash| !hash.is_empty());
        all
    }

    /// Whether he was invited and has not chosen a password yet.
    #[must_use]
    pub const fn is_invited(&self) -> bool {
        self.password.is_empty()
    }

    /// Whether he signed in from this browser before.
    #[must_use]
    pub fn knows_device(&self, hash: &[u8; 32]) -> bool {
        self.devices.iter().any(|device| device.hash == *hash)
    }

    /// Notes a sign-in from a browser.
    pub fn meet_device(&mut self, hash: [u8; 32], now: Timestamp) {
        self.devices.retain(|device| device.hash != hash);
        let seen_at = now;
        self.devices.insert(0, KnownDevice { hash, seen_at });
        self.devices.truncate(DEVICES_MAX);
    }
}

/// Good enough to catch a slip: one @ with something on both sides and no blanks.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let text = text.trim();
    text.len() <= 254
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && matches!(text.split_once('@'), Some((name, host))
            if !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_telephone_number_has_a_country_code_and_nothing_between_its_digits() {
        let taken = |phone: &str| {
            let mut checks = Checks::default();
            check_phone(&mut checks, plain_phone(phone).as_deref());
            checks.finish().is_ok()
        };
        for good in ["+216 50 000 000", "+1 (500) 555-0006", "", " "] {
            assert!(taken(good), "{good}");
        }
        for bad in [
            "0021650000000",
            "+0123456789",
            "+1234567",
            "+1234567890123456",
            "+216x",
        ] {
            assert!(!taken(bad), "{bad}");
        }
    }

    #[test]
    fn every_bad_field_of_a_new_user_is_named() {
        let user = NewUser {
            email: "nobody".to_owned(),
            username: Some("a b".to_owned()),
            name: " ".to_owned(),
            password: "weak".to_owned(),
        };
        let error = user.check().unwrap_err();
        let paths: Vec<_> = error
            .fields
            .iter()
            .map(|field| field.path.as_str())
            .collect();
        assert_eq!(paths, ["email", "username", "name", "password"]);
        assert!(!format!("{user:?}").contains("weak"));
    }
}
