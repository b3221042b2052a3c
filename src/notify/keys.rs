//! *pure* — times in keys, so that earlier ones sort first.

use crate::base::Timestamp;

/// Eight bytes whose order is the order of time.
pub const fn time(at: Timestamp) -> [u8; 8] {
    (at.ms() ^ i64::MIN).to_be_bytes()
}

/// The time behind eight bytes.
pub fn time_of(bytes: &[u8]) -> Option<Timestamp> {
    let bytes = bytes.try_into().ok()?;
    Some(Timestamp::from_ms(i64::from_be_bytes(bytes) ^ i64::MIN))
}
