//! Who gets a place among the open connections, and for whom some are kept.
//!
//! Nobody who connects has said yet who he is. So places are kept for whom a flood from elsewhere
//! cannot pose as: this machine itself, and the addresses from which somebody was let in within
//! the last day (a kiosk, a person, a device with its key).

use crate::base::Timestamp;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Places of the kept ones that one address may take, so that a flood from a known one leaves
/// some to the others.
const KEPT_PER_ADDRESS: usize = 16;
/// Addresses that are remembered: the oldest is forgotten.
const KNOWN_MAX: usize = 1_024;
/// For how long, ms.
const KNOWN_MS: i64 = 24 * 3_600_000;

/// How many places there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatLimits {
    /// Open connections.
    pub total: usize,
    /// Those of one address, or of one IPv6 network of 64 bits.
    pub per_address: usize,
    /// Those of the total that are kept.
    pub kept: usize,
}

impl Default for SeatLimits {
    /// Far above what a plant has browsers, far below what a machine bears.
    fn default() -> Self {
        Self {
            total: 2_000,
            per_address: 200,
            kept: 100,
        }
    }
}

/// The places.
#[derive(Debug)]
pub struct Seats {
    limits: SeatLimits,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
    kept_by_address: HashMap<IpAddr, usize>,
    known: HashMap<IpAddr, Timestamp>,
    refused: u64,
}

/// A place; given back when dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Arc<Seats>,
    network: IpAddr,
    kept: bool,
}

impl Seats {
    /// All free.
    #[must_use]
    pub fn new(limits: SeatLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            taken: Mutex::default(),
        })
    }

    /// A place for a connection from this address, if there is one.
    pub fn take(self: &Arc<Self>, address: IpAddr, now: Timestamp) -> Option<Seat> {
        let network = network_of(address);
        let limits = self.limits;
        let mut taken = self.taken();
        let own = is_this_machine(address);
        let of_address = taken.by_address.get(&network).copied().unwrap_or_default();
        // A proxy on this machine brings everybody's connections.
        let crowded = !own && of_address >= limits.per_address;
        let ordinary = taken.total < limits.total.saturating_sub(limits.kept);
        let known = own || taken.knows(network, now);
        let kept = taken
            .kept_by_address
            .get(&network)
            .copied()
            .unwrap_or_default();
        let kept_left = taken.total < limits.total && (own || kept < KEPT_PER_ADDRESS);
        if crowded || !(ordinary || known && kept_left) {
            taken.refused += 1;
            return None;
        }
        taken.total += 1;
        *taken.by_address.entry(network).or_default() += 1;
        if !ordinary {
            *taken.kept_by_address.entry(network).or_default() += 1;
        }
        drop(taken);
        Some(Seat {
            seats: Arc::clone(self),
            network,
            kept: !ordinary,
        })
    }

    /// Remembers that somebody was let in from this address.
    pub fn know(&self, address: IpAddr, now: Timestamp) {
        let mut taken = self.taken();
        let network = network_of(address);
        if taken.known.len() >= KNOWN_MAX && !taken.known.contains_key(&network) {
            let oldest = taken.known.iter().min_by_key(|(_, at)| **at);
            if let Some(oldest) = oldest.map(|(network, _)| *network) {
                taken.known.remove(&oldest);
            }
        }
        taken.known.insert(network, now);
    }

    /// How many are taken.
    #[must_use]
    pub fn count(&self) -> usize {
        self.taken().total
    }

    /// How many connections found no place.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.taken().refused
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn knows(&self, network: IpAddr, now: Timestamp) -> bool {
        let at = self.known.get(&network);
        at.is_some_and(|at| now.since_ms(*at) < KNOWN_MS)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        taken.total = taken.total.saturating_sub(1);
        give_back(&mut taken.by_address, self.network);
        if self.kept {
            give_back(&mut taken.kept_by_address, self.network);
        }
    }
}

fn give_back(counts: &mut HashMap<IpAddr, usize>, network: IpAddr) {
    if let Some(count) = counts.get_mut(&network) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(&network);
        }
    }
}

/// Whether a connection comes from this machine. Only the usual addresses: the rest of 127.0.0.0/8
/// is nobody in particular.
#[must_use]
pub fn is_this_machine(address: IpAddr) -> bool {
    address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST
}

/// What counts as one address: a host has a whole network of 64 bits in IPv6.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) if !six.is_loopback() => {
            Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).into()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_793_491_200_000);

    fn at(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    fn fill(seats: &Arc<Seats>, address: IpAddr) -> Vec<Seat> {
        std::iter::from_fn(|| seats.take(address, NOW)).collect()
    }

    #[test]
    fn a_flood_leaves_the_kept_places_to_those_who_are_known() {
        let limits = SeatLimits {
            total: 100,
            per_address: 30,
            kept: 40,
        };
        let seats = Seats::new(limits);
        seats.know(at(99), NOW);
        seats.know(at(98), NOW);
        let mut flood: Vec<Seat> = (0..10).flat_map(|n| fill(&seats, at(n))).collect();
        assert_eq!(flood.len(), 60);
        assert!(seats.take(at(50), NOW).is_none());
        // One known address has some of them, another has others, and the machine the rest.
        let first = fill(&seats, at(99));
        assert_eq!(first.len(), KEPT_PER_ADDRESS);
        assert_eq!(fill(&seats, at(98)).len(), KEPT_PER_ADDRESS);
        assert_eq!(
            fill(&seats, IpAddr::from([127, 0, 0, 1])).len(),
            40 - first.len()
        );
        // Nobody stays known for ever.
        drop(first);
        assert!(seats.take(at(99), NOW.plus_ms(KNOWN_MS)).is_none());
        flood.truncate(59);
        assert!(seats.take(at(50), NOW).is_some());
        drop(flood);
        assert_eq!(seats.count(), 0);
        assert!(seats.refused() > 0);
        assert!(seats.taken().by_address.is_empty() && seats.taken().kept_by_address.is_empty());
    }

    #[test]
    fn one_address_has_a_share() {
        let seats = Seats::new(SeatLimits::default());
        assert_eq!(fill(&seats, at(1)).len(), 200);
        assert_eq!(fill(&seats, IpAddr::from([127, 0, 0, 1])).len(), 2_000);
        let six = |text: &str| text.parse::<IpAddr>().unwrap();
        let held = fill(&seats, six("2001:db8::1"));
        assert!(seats.take(six("2001:db8::ffff"), NOW).is_none());
        assert!(seats.take(six("2001:db8:0:1::1"), NOW).is_some());
        drop(held);
        assert_eq!(network_of(six("::ffff:10.0.0.1")), at(1));
        assert_eq!(network_of(six("::1")), six("::1"));
    }

    #[test]
    fn what_is_known_is_bounded() {
        let seats = Seats::new(SeatLimits::default());
        for n in 0..3_000_u32 {
            seats.know(Ipv4Addr::from_bits(n).into(), NOW.plus_ms(i64::from(n)));
        }
        assert_eq!(seats.taken().known.len(), KNOWN_MAX);
    }
}
