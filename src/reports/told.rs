//! Up to when a report may tell of a site.

use super::template::Sources;
use crate::base::Timestamp;
use crate::energy::Follows;
use crate::site::Site;

/// The minute in which a window of the utility ends has to be over, and its readings have to be
/// there, ms.
const EDGE_MS: i64 = 2 * 60_000;

impl Sources {
    /// Up to when a report that is made now tells what it will tell whenever it is made again: a
    /// demand window of the utility belongs to the time of its middle, and ends after it.
    pub(super) fn told_until(&self, site: &Site, now: Timestamp) -> Timestamp {
        let beat = self.tariffs.beats.of(&site.key);
        if beat.at(now).follows == Follows::Clock {
            return now;
        }
        let window_ms = i64::from(self.tariffs.window_minutes_at(site, now)) * 60_000;
        now.minus_ms(window_ms / 2 + EDGE_MS)
    }
}
