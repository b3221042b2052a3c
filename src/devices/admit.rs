//! Letting devices in: the serial number and the key belong together, and nobody sends too often.

use super::record::Device;
use super::registry::Devices;
use crate::base::{DeviceId, Error, ErrorKind, Result};
use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::IpAddr;
use std::num::NonZeroU32;

/// Deliveries of one device, per minute; it may send a backlog of as many at once.
const DELIVERIES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(120).expect("it is not zero");
/// Wrong keys of one address, per minute, before it is told to wait.
const WRONG_KEYS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).expect("it is not zero");
/// Addresses whose wrong keys are counted before idle ones are forgotten.
const ADDRESSES_MAX: usize = 10_000;

/// How often devices may send.
pub(super) struct Limits {
    deliveries: DefaultKeyedRateLimiter<DeviceId>,
    wrong_keys: DefaultKeyedRateLimiter<IpAddr>,
}

impl Limits {
    pub(super) fn new() -> Self {
        Self {
            deliveries: RateLimiter::keyed(Quota::per_minute(DELIVERIES_PER_MINUTE)),
            wrong_keys: RateLimiter::keyed(Quota::per_minute(WRONG_KEYS_PER_MINUTE)),
        }
    }
}

impl Devices {
    /// The device behind a serial number and a key.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`] in the same words whether the serial number is unknown, the
    /// key wrong or the device disabled; [`ErrorKind::RateLimited`] after too many wrong keys of
    /// an address, or too many deliveries of a device.
    pub fn admit(&self, serial: &str, key: &str, address: Option<IpAddr>) -> Result<Device> {
        let limits = &self.limits;
        match self.keyed(serial, key) {
            Ok(device) if device.enabled => {
                limited(
                    &limits.deliveries,
                    &device.id,
                    "This device sends too often.",
                )?;
                return Ok(device);
            }
            Err(Some(device)) => self.lives.wrong_key(device, self.now()),
            Ok(_) | Err(None) => {}
        }
        // The right key is let in whatever others behind the same address do.
        if let Some(address) = address {
            if limits.wrong_keys.len() > ADDRESSES_MAX {
                limits.wrong_keys.retain_recent();
            }
            limited(&limits.wrong_keys, &address, "Too many wrong keys.")?;
        }
        let sentence = "The serial number and the key do not belong together, or the device is \
                        disabled. Check both; an administrator can make a new key.";
        Err(Error::new(ErrorKind::Unauthenticated, sentence))
    }
}

/// Counts one more of these.
fn limited<K: std::hash::Hash + Eq + Clone>(
    limit: &DefaultKeyedRateLimiter<K>,
    who: &K,
    what: &str,
) -> Result<()> {
    limit.check_key(who).map_err(|refused| {
        let wait = refused.wait_time_from(governor::clock::DefaultClock::default().now());
        let seconds = wait.as_secs() + 1;
        let sentence = format!("{what} Try again in {seconds} s.");
        let details = serde_json::json!({ "retry_after_s": seconds });
        Error::new(ErrorKind::RateLimited, sentence).with_details(details)
    })
}
