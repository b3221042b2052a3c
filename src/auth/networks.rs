//! *pure* — addresses and networks from which something is let in.

use std::net::IpAddr;

/// A network: the addresses that begin with the same bits as the first one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    first: IpAddr,
    bits: u32,
}

/// The networks of a list; what is none is left out.
pub(super) fn networks(list: &[String]) -> Vec<Network> {
    list.iter()
        .filter_map(|text| Network::parse(text))
        .collect()
}

impl Network {
    /// `10.0.3.17`, `192.168.7.0/24`, `fd00::/8`; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let first: IpAddr = address.parse().ok()?;
        let most = length_of(first);
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
        (bits <= most).then_some(Self { first, bits })
    }

    /// Whether an address is in it. An IPv4 address that came over IPv6 is what it was.
    pub(super) fn holds(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let length = length_of(self.first);
        if length != length_of(address) {
            return false;
        }
        let differ = number(self.first) ^ number(address);
        // A shift by the whole width is none.
        differ.checked_shr(length - self.bits).unwrap_or(0) == 0
    }
}

const fn length_of(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u32::from(v4).into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_what_begins_alike() {
        for (network, inside, outside) in [
            ("10.0.3.17", "10.0.3.17", "10.0.3.18"),
            ("192.168.7.0/24", "192.168.7.255", "192.168.8.0"),
            ("192.168.7.9/24", "192.168.7.1", "192.168.6.255"),
            ("0.0.0.0/0", "203.0.113.9", "::1"),
            ("fd00::/8", "fdff::1", "fe80::1"),
            ("::1", "::1", "127.0.0.1"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:11.1.2.3"),
        ] {
            let network = Network::parse(network).unwrap();
            assert!(
                network.holds(inside.parse().unwrap()),
                "{network:?} {inside}"
            );
            assert!(
                !network.holds(outside.parse().unwrap()),
                "{network:?} {outside}"
            );
        }
    }

    #[test]
    fn what_is_no_network_is_told() {
        for odd in [
            "",
            "plant",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "10.0.0/8",
        ] {
            assert_eq!(Network::parse(odd), None, "{odd}");
        }
    }
}
