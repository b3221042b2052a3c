//! The machine we run on: what it is called, where it is reached, how many files it may open,
//! what room a disk has; home of nix.

use nix::ifaddrs::getifaddrs;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::statvfs::statvfs;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// Most addresses of a machine that are looked at: a host of containers has hundreds.
const ADDRESSES_MAX: usize = 32;

/// Names and addresses under which somebody is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// Host names, in lower case.
    pub names: BTreeSet<String>,
    /// Addresses.
    pub addresses: BTreeSet<IpAddr>,
}

impl Names {
    /// Adds a name or an address as somebody wrote it; `false` when it is neither.
    pub fn add(&mut self, text: &str) -> bool {
        if let Ok(address) = text.parse() {
            self.addresses.insert(address);
            return true;
        }
        let name = text.trim_end_matches('.').to_lowercase();
        let sane = is_host_name(&name);
        if sane {
            self.names.insert(name);
        }
        sane
    }

    /// Whether all of the other are among these.
    #[must_use]
    pub fn cover(&self, other: &Self) -> bool {
        self.names.is_superset(&other.names) && self.addresses.is_superset(&other.addresses)
    }

    /// All of them as text, names first.
    #[must_use]
    pub fn list(&self) -> Vec<String> {
        let addresses = self.addresses.iter().map(ToString::to_string);
        self.names.iter().cloned().chain(addresses).collect()
    }
}

/// Whether this can be the name of a host (RFC 1123, section 2.1), in lower case.
fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// Under which names and addresses this machine is reached on its own network: `localhost`, its
/// host name, that with `.local`, and the addresses of its interfaces.
#[must_use]
pub fn here() -> Names {
    let mut found = Names::default();
    found.add("localhost");
    found.addresses.insert(Ipv4Addr::LOCALHOST.into());
    found.addresses.insert(Ipv6Addr::LOCALHOST.into());
    if let Some(host) = nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
    {
        found.add(&host);
        let short = host.split('.').next().unwrap_or(&host);
        found.add(&format!("{short}.local"));
    }
    for interface in getifaddrs().into_iter().flatten() {
        let Some(address) = interface.address else {
            continue;
        };
        let four = address.as_sockaddr_in().map(|a| IpAddr::V4(a.ip()));
        let six = address.as_sockaddr_in6().map(|a| IpAddr::V6(a.ip()));
        if let Some(address) = four.or(six).filter(is_reachable)
            && found.addresses.len() < ADDRESSES_MAX
        {
            found.addresses.insert(address);
        }
    }
    found
}

/// Whether somebody else can type it: no address of one link, of all, or of none.
fn is_reachable(address: &IpAddr) -> bool {
    let of_link = match address {
        IpAddr::V4(four) => four.is_link_local(),
        IpAddr::V6(six) => six.is_unicast_link_local(),
    };
    !of_link && !address.is_unspecified() && !address.is_multicast()
}

/// Lets the process open as many files as the system allows it at most, and says how many that
/// is: the usual 1,024 would be used up by connections before a volume is opened.
#[must_use]
pub fn raise_file_limit() -> Option<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => Some(hard),
        Err(_) => Some(soft),
    }
}

/// Bytes that this process may still write on the disk of a folder; `None` when the disk does not
/// say.
#[must_use]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = statvfs(folder).ok()?;
    Some(disk.blocks_available().saturating_mul(disk.fragment_size()))
}

/// Resident memory of this process, MB, where the system tells.
#[must_use]
pub fn resident_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_reached_by_itself() {
        let here = here();
        assert!(here.names.contains("localhost"));
        assert!(here.addresses.contains(&IpAddr::V4(Ipv4Addr::LOCALHOST)));
        assert!(here.list().len() >= 3);
        assert!(free_bytes(Path::new("/")).is_some_and(|bytes| bytes > 0));
        assert_eq!(free_bytes(Path::new("/nowhere/at/all")), None);
        assert!(raise_file_limit().is_some_and(|files| files > 0));
    }

    #[test]
    fn what_is_no_name_is_not_taken_for_one() {
        let mut names = Names::default();
        for good in ["plant", "Plant.Local.", "a-1.example", "10.0.0.7", "::1"] {
            assert!(names.add(good), "{good}");
        }
        for bad in ["", "a b", "-a", "a-", "a..b", "*.example", "a_b", "é"] {
            assert!(!names.add(bad), "{bad}");
        }
        let told = ["a-1.example", "plant", "plant.local", "10.0.0.7", "::1"];
        assert_eq!(names.list(), told);
    }

    #[test]
    fn what_is_free_goes_back_to_the_system() {
        assert!(resident_mb().is_some_and(|mb| mb > 1.0));
        // Small pieces of which only the last stay: a heap does not shrink from its end.
        let pieces: Vec<_> = (0..200_000).map(|_| vec![1_u8; 1_000]).collect();
        let full = resident_mb().unwrap();
        let kept: Vec<_> = pieces.into_iter().skip(199_990).collect();
        crate::base::glibc::give_back();
        let after = resident_mb().unwrap();
        assert!(
            full - after > 50.0,
            "{full} MB, then {after} MB, {} kept",
            kept.len()
        );
    }
}
