//! Access tokens: JWT, one algorithm, every claim required, checked against our own clock.

use super::access::Role;
use crate::base::secret::random_bytes;
use crate::base::{Error, ErrorKind, Result, SessionId, Timestamp, UserId};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode_header};
use serde::{Deserialize, Serialize};

/// How long an access token lives, s.
pub const LIFETIME_S: i64 = 3_600;
/// How far the clocks of two machines may differ, s.
pub(super) const LEEWAY_S: i64 = 5;
const ISSUER: &str = "indusmind";
const AUDIENCE: &str = "indusmind-api";

/// What a token says. The role and scope in it are for other programs to read; this appliance
/// looks them up at each request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub sub: UserId,
    /// The session.
    pub sid: SessionId,
    /// His role when the token was made.
    pub role: Role,
    /// His site.
    pub scope: String,
    iss: String,
    aud: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

/// Signs and checks tokens with one key of this appliance.
#[derive(Clone)]
pub struct Tokens {
    number: u32,
    signing: EncodingKey,
    checking: DecodingKey,
}

impl Tokens {
    /// Tokens under this 256-bit key, which they name by its number.
    #[must_use]
    pub fn new(number: u32, key: &[u8; 32]) -> Self {
        Self {
            number,
            signing: EncodingKey::from_secret(key),
            checking: DecodingKey::from_secret(key),
        }
    }

    /// A fresh key.
    ///
    /// # Errors
    /// When the operating system has no entropy source.
    pub fn new_key() -> Result<[u8; 32]> {
        random_bytes()
    }

    /// A token for a session.
    ///
    /// # Errors
    /// When signing fails.
    pub fn sign(
        &self,
        user: UserId,
        session: SessionId,
        role: Role,
        scope: &str,
        now: Timestamp,
    ) -> Result<String> {
        let now_s = now.ms().div_euclid(1000);
        let claims = Claims {
            sub: user,
            sid: session,
            role,
            scope: scope.to_owned(),
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            iat: now_s,
            nbf: now_s,
            exp: now_s + LIFETIME_S,
        };
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(self.number.to_string());
        jsonwebtoken::encode(&header, &claims, &self.signing)
            .map_err(|cause| Error::internal("A token could not be signed.").because(cause))
    }

    /// What a token says, when it is ours and in time.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`] for anything else.
    pub fn check(&self, token: &str, now: Timestamp) -> Result<Claims> {
        let mut rule = Validation::new(Algorithm::HS256);
        rule.set_issuer(&[ISSUER]);
        rule.set_audience(&[AUDIENCE]);
        rule.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // Time is checked below, against the clock that the rest of the appliance goes by.
        rule.validate_exp = false;
        rule.validate_nbf = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.checking, &rule)
            .map_err(|cause| refused().because(cause))?
            .claims;
        let now_s = now.ms().div_euclid(1000);
        let in_time = claims.nbf <= now_s + LEEWAY_S && now_s < claims.exp + LEEWAY_S;
        if in_time { Ok(claims) } else { Err(refused()) }
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

/// The number of the key that a token names. Only a number is looked up: nothing that a token says
/// of its key reaches a file or an address.
pub(super) fn key_number(token: &str) -> Result<u32> {
    let header = decode_header(token).map_err(|cause| refused().because(cause))?;
    // Tokens of earlier versions name no key.
    let named = header.kid.as_deref().unwrap_or("0");
    named.parse().map_err(|_| refused())
}

pub(super) fn refused() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "Sign in again: the session is over.",
    )
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
