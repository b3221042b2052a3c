//! *pure* — which of the readings that are not believed hang together.

use super::{FASTER, Reading, grows_within, power, slack};

/// Three readings, the newest the last of them, each of which the counter could have grown to from
/// the one before; `None` while there are none. The earliest first: its growth is not lost.
pub(super) fn confirmed(held: &[Reading], known: Known) -> Option<[Reading; 3]> {
    let (last, others) = held.split_last()?;
    for (n, first) in others.iter().enumerate() {
        for second in &others[n + 1..] {
            if hang_together([*first, *second, *last], known) {
                return Some([*first, *second, *last]);
            }
        }
    }
    None
}

/// How fast a counter grew from one reading to a later one, units per ms.
pub(super) fn rate(from: Reading, to: Reading) -> f64 {
    #[allow(clippy::cast_precision_loss)] // decades at most
    let time = (to.at - from.at).max(1) as f64;
    (to.value - from.value) / time
}

/// What is known of a counter whose readings are held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) pace: Option<i16>,
    pub(super) places: u8,
    /// The fastest that it can grow, units per ms.
    pub(super) most: Option<f64>,
}

/// A step of three may be faster than the counter lately grew when the other one is as well, but
/// not beyond all bounds.
fn hang_together([first, second, third]: [Reading; 3], known: Known) -> bool {
    let pace = known.pace.map_or(0.0, power);
    let most = known.most.map_or(f64::INFINITY, |most| most.max(pace));
    let grows = |from: Reading, to: Reading, other: f64| {
        let growth = to.value - from.value;
        let rate = FASTER * pace.max(other).min(most);
        growth >= 0.0
            && (grows_within(growth, rate, to.at - from.at)
                || growth <= slack(known.places, from.value, to.value))
    };
    grows(first, second, rate(second, third)) && grows(second, third, rate(first, second))
}
