//! *pure* — the second factor: codes of an authenticator app (RFC 6238: SHA-1, 6 digits, 30 s), and
//! recovery codes for the day on which the telephone is lost.
//!
//! A code works once: only a step after the last one that was used is taken, and the caller stores
//! that step in the transaction that the code allows.

use crate::base::secret::{random_bytes, readable_code, token_hash};
use crate::base::{Result, Timestamp};
use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Secret};

/// Recovery codes of one user.
const RECOVERY_CODES: usize = 10;
/// Groups of four characters of a recovery code: 118 bits, so a plain hash is enough.
const RECOVERY_GROUPS: usize = 6;
/// Length of a step, s.
const STEP_S: u64 = 30;

/// The second factor of a user, as stored.
#[derive(Clone, Serialize, Deserialize)]
pub struct TwoFactor {
    secret: [u8; 20],
    /// Whether the user has shown a code of it: before that it is not asked for.
    confirmed: bool,
    /// The step of the last code that was used.
    last_step: u64,
    /// SHA-256 of the recovery codes that are left.
    recovery: Vec<[u8; 32]>,
}

/// By what somebody got in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// A code of the app.
    App,
    /// A recovery code; so many are left.
    Recovery(usize),
}

impl TwoFactor {
    /// A factor that is to be confirmed.
    ///
    /// # Errors
    /// When the operating system has no entropy source.
    pub fn new() -> Result<Self> {
        Ok(Self {
            secret: random_bytes()?,
            confirmed: false,
            last_step: 0,
            recovery: Vec::new(),
        })
    }

    /// Whether it is asked for.
    #[must_use]
    pub const fn is_confirmed(&self) -> bool {
        self.confirmed
    }

    /// Recovery codes that are left.
    #[must_use]
    pub const fn recovery_left(&self) -> usize {
        self.recovery.len()
    }

    /// The secret as a person types it into an app.
    #[must_use]
    pub fn secret(&self) -> String {
        Secret::new_stack(self.secret).to_base32()
    }

    /// What the QR code holds: an address that authenticator apps understand.
    #[must_use]
    pub fn address(&self, email: &str) -> String {
        let account: String = email.bytes().map(escaped).collect();
        let secret = self.secret();
        format!("otpauth://totp/Indusmind:{account}?secret={secret}&issuer=Indusmind")
    }

    /// Confirms the factor by a first code; the recovery codes, which are shown once. `None` when
    /// the code does not fit.
    ///
    /// # Errors
    /// When the operating system has no entropy source.
    pub fn confirm(&mut self, code: &str, now: Timestamp) -> Result<Option<Vec<String>>> {
        if !self.takes_step(code, now) {
            return Ok(None);
        }
        let codes = self.renew_recovery()?;
        self.confirmed = true;
        Ok(Some(codes))
    }

    /// New recovery codes in place of all that there were.
    ///
    /// # Errors
    /// When the operating system has no entropy source.
    pub fn renew_recovery(&mut self) -> Result<Vec<String>> {
        let codes: Vec<_> = (0..RECOVERY_CODES)
            .map(|_| readable_code(RECOVERY_GROUPS))
            .collect::<Result<_>>()?;
        self.recovery = codes.iter().map(|code| token_hash(code)).collect();
        Ok(codes)
    }

    /// Uses a code of the app, or a recovery code; `None` when it does not fit or was used.
    pub fn take(&mut self, code: &str, now: Timestamp) -> Option<Used> {
        if !self.confirmed {
            return None;
        }
        if self.takes_step(code, now) {
            return Some(Used::App);
        }
        let hash = token_hash(&code.trim().to_uppercase());
        let place = self.recovery.iter().position(|known| *known == hash)?;
        self.recovery.remove(place);
        Some(Used::Recovery(self.recovery.len()))
    }

    /// Whether it is the code of a step around now that comes after the last one used. The clocks
    /// of a telephone and of a box without internet may be a step apart.
    fn takes_step(&mut self, code: &str, now: Timestamp) -> bool {
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let Ok(now_s) = u64::try_from(now.ms().div_euclid(1_000)) else {
            return false;
        };
        let totp = Builder::new()
            .with_secret(Secret::new_stack(self.secret))
            .with_skew(0)
            .build_noncompliant();
        let around = [now_s + STEP_S, now_s, now_s.saturating_sub(STEP_S)];
        let step = around.iter().find_map(|at| totp.check(&digits, *at));
        match step {
            Some(step) if step > self.last_step => {
                self.last_step = step;
                true
            }
            _ => false,
        }
    }
}

/// A byte as it stands in an address.
fn escaped(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    }
}

impl std::fmt::Debug for TwoFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TwoFactor")
            .field("confirmed", &self.confirmed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_795_000_000_000);

    /// The code of this instant.
    fn code(factor: &TwoFactor, at: Timestamp) -> String {
        let totp = Builder::new().with_secret(Secret::new_stack(factor.secret));
        let seconds = u64::try_from(at.ms() / 1_000).unwrap();
        totp.build_noncompliant().generate(seconds).to_string()
    }

    fn confirmed() -> (TwoFactor, Vec<String>) {
        let mut factor = TwoFactor::new().unwrap();
        let first = code(&factor, NOW);
        assert_eq!(factor.take(&first, NOW), None, "not before it is confirmed");
        let codes = factor.confirm(&first, NOW).unwrap().unwrap();
        (factor, codes)
    }

    /// RFC 6238, appendix B: 94287082 at 59 s, of which six digits.
    #[test]
    fn it_counts_as_the_standard_does() {
        let mut factor = TwoFactor::new().unwrap();
        factor.secret = *b"12345678901234567890";
        assert_eq!(code(&factor, Timestamp::from_ms(59_000)), "287082");
        assert!(factor.takes_step("287 082", Timestamp::from_ms(59_000)));
    }

    #[test]
    fn a_code_works_once_and_a_step_away_at_most() {
        let (mut factor, _) = confirmed();
        let used = code(&factor, NOW);
        assert_eq!(factor.take(&used, NOW), None, "it confirmed the factor");
        let next = code(&factor, NOW.plus_ms(30_000));
        assert_eq!(
            factor.take(&next, NOW),
            Some(Used::App),
            "a telephone ahead"
        );
        assert_eq!(factor.take(&next, NOW.plus_ms(30_000)), None);
        let later = NOW.plus_ms(300_000);
        let old = code(&factor, later);
        assert_eq!(factor.take(&old, later.plus_ms(60_000)), None);
        assert_eq!(factor.take(&old, later.plus_ms(30_000)), Some(Used::App));
        assert_eq!(factor.take("000000x", later), None);
    }

    #[test]
    fn each_recovery_code_works_once() {
        let (mut factor, codes) = confirmed();
        assert_eq!(codes.len(), 10);
        let typed = format!(" {} ", codes[3].to_lowercase());
        assert_eq!(factor.take(&typed, NOW), Some(Used::Recovery(9)));
        assert_eq!(factor.take(&codes[3], NOW), None);
        let stored = serde_json::to_string(&factor).unwrap();
        assert!(codes.iter().all(|code| !stored.contains(code)));
    }

    #[test]
    fn the_address_for_the_app_is_well_formed() {
        let factor = TwoFactor::new().unwrap();
        let address = factor.address("amel+b@plant.example");
        let secret = factor.secret();
        assert_eq!(secret.len(), 32);
        let expected = format!(
            "otpauth://totp/Indusmind:amel%2Bb%40plant.example?secret={secret}&issuer=Indusmind"
        );
        assert_eq!(address, expected);
    }
}
