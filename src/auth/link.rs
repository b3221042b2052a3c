//! One-time codes: the link of an invitation, and the code with which a password is set anew.
//!
//! Promises: a code works once, for a day, and only its SHA-256 is kept; a new one for the same
//! purpose makes the older ones worthless. Using it up is part of the transaction that it allows.

use crate::base::secret::{random_token, readable_code, token_hash};
use crate::base::{Error, ErrorKind, Result, Timestamp, UserId};
use crate::store::table::Table;
use crate::store::{Transaction, View};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const CODES: Table<Code> = Table::new("one_time_code", 1);
/// How long a code waits, ms.
const LIFETIME_MS: i64 = 24 * 3_600_000;
/// How long one that was used or ended is kept for the list of requests, ms.
const KEPT_MS: i64 = 30 * 24 * 3_600_000;
/// Groups of four characters of a code that is typed: 99 bits.
const GROUPS: usize = 5;

/// What a code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The first password of an invited user.
    Activate,
    /// A new password of somebody who forgot his.
    Reset,
}

/// A code as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Code {
    hash: [u8; 32],
    user: UserId,
    purpose: Purpose,
    made_at: Timestamp,
    expires_at: Timestamp,
    used_at: Option<Timestamp>,
}

/// A code that was made; it is shown once.
pub(super) struct MadeCode {
    /// What the person types or follows.
    pub(super) secret: String,
    pub(super) expires_at: Timestamp,
    stored: Code,
}

/// What an administrator sees of a code that resets a password.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ResetCode {
    /// First characters of the hash: enough to tell two apart, worth nothing.
    pub token: String,
    /// Whose password it sets.
    #[serde(skip)]
    pub user: UserId,
    /// When it was made.
    pub requested_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl MadeCode {
    /// A code that nobody has yet.
    pub(super) fn new(user: UserId, purpose: Purpose, now: Timestamp) -> Result<Self> {
        // A link is followed, a code is read off a slip of paper and typed.
        let secret = match purpose {
            Purpose::Activate => random_token()?,
            Purpose::Reset => readable_code(GROUPS)?,
        };
        let expires_at = now.plus_ms(LIFETIME_MS);
        let stored = Code {
            hash: token_hash(&secret),
            user,
            purpose,
            made_at: now,
            expires_at,
            used_at: None,
        };
        Ok(Self {
            secret,
            expires_at,
            stored,
        })
    }

    /// Stores it in place of the user's older ones of the same purpose.
    pub(super) fn put(&self, transaction: &Transaction<'_>) -> Result<()> {
        forget(transaction, self.stored.made_at, |code| {
            code.user == self.stored.user
                && code.purpose == self.stored.purpose
                && code.used_at.is_none()
        })?;
        CODES.put(transaction, &self.stored.hash, &self.stored)
    }
}

/// Whose code this is, when it still works.
pub(super) fn look_up(
    view: &impl View,
    secret: &str,
    purpose: Purpose,
    now: Timestamp,
) -> Result<UserId> {
    Ok(find(view, secret, purpose, now)?.user)
}

/// Uses a code up, in the transaction that it allows; so it works once, however many try at once.
pub(super) fn use_up(
    transaction: &Transaction<'_>,
    secret: &str,
    purpose: Purpose,
    now: Timestamp,
) -> Result<()> {
    let mut code = find(transaction, secret, purpose, now)?;
    code.used_at = Some(now);
    let hash = code.hash;
    CODES.put(transaction, &hash, &code)
}

/// Makes the waiting codes of a user worthless.
pub(super) fn revoke(transaction: &Transaction<'_>, user: UserId, now: Timestamp) -> Result<()> {
    forget(transaction, now, |code| {
        code.user == user && code.used_at.is_none()
    })
}

/// The codes that reset passwords, newest first.
pub(super) fn resets(view: &impl View) -> Result<Vec<ResetCode>> {
    let mut all = CODES.all(view)?;
    all.retain(|code| code.purpose == Purpose::Reset);
    all.sort_by_key(|code| std::cmp::Reverse(code.made_at));
    let shown = |code: Code| ResetCode {
        token: code.hash[..4].iter().map(|b| format!("{b:02x}")).collect(),
        user: code.user,
        requested_at: code.made_at,
        used_at: code.used_at,
        expires_at: code.expires_at,
    };
    Ok(all.into_iter().map(shown).collect())
}

fn find(view: &impl View, secret: &str, purpose: Purpose, now: Timestamp) -> Result<Code> {
    let typed = secret.trim();
    let typed = match purpose {
        Purpose::Activate => typed.to_owned(),
        // Who reads a code off paper does not care for capitals.
        Purpose::Reset => typed.to_uppercase(),
    };
    let found = CODES.get(view, &token_hash(&typed))?;
    // A clock that was set back must not bring an old code to life for longer.
    let lives = |code: &Code| {
        let age = now.since_ms(code.made_at);
        code.purpose == purpose && code.used_at.is_none() && (0..LIFETIME_MS).contains(&age)
    };
    found.filter(lives).ok_or_else(|| {
        let sentence = "This code is not known, was used or has ended. Ask an administrator for \
                        a new one.";
        Error::new(ErrorKind::Unauthenticated, sentence)
    })
}

/// Removes the codes that are meant, and those that are history.
fn forget(
    transaction: &Transaction<'_>,
    now: Timestamp,
    is_meant: impl Fn(&Code) -> bool,
) -> Result<()> {
    for code in CODES.all(transaction)? {
        if is_meant(&code) || now.since_ms(code.expires_at) > KEPT_MS {
            CODES.remove(transaction, &code.hash)?;
        }
    }
    Ok(())
}
