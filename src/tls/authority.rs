//! The appliance's own authority: one certificate that browsers are told to trust once, and the
//! short-lived ones that it signs. Keys and times in, certificates out: no store, no clock.
//!
//! The authority may vouch for this machine only (RFC 5280, section 4.2.1.10): names of its own,
//! local names and private addresses. Whoever steals its key cannot pose as a bank to those who
//! trust it. Chromium, Firefox, Safari, OpenSSL and Go keep to such a constraint.

use crate::base::secret::random_bytes;
use crate::base::{Error, Result, Timestamp};
use crate::machine::Names;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

const DAY_MS: i64 = 86_400_000;
/// How long the authority is good, ms: longer than most appliances live.
const AUTHORITY_MS: i64 = 3_653 * DAY_MS;
/// How long a certificate is good, ms: less than any browser asks for (Android 200 days).
const LEAF_MS: i64 = 180 * DAY_MS;
/// How far the start of a certificate lies back, ms: the clocks of browsers differ.
const BACK_MS: i64 = DAY_MS;
/// 2026-11-01. No appliance ran before, whatever its clock says: what is made while the clock stands
/// before it (a dead battery) begins here, and what is there is not judged by such a clock.
const NEVER_BEFORE: Timestamp = Timestamp::from_ms(1_793_491_200_000);
/// 2200-01-01: what lies behind it is a broken clock.
const NEVER_AFTER: Timestamp = Timestamp::from_ms(7_258_118_400_000);

/// Local names that nobody else can own: for these no name has to be told beforehand.
const LOCAL: [&str; 6] = [
    "localhost",
    "local",
    "lan",
    "internal",
    "intranet",
    "home.arpa",
];
/// Private addresses (RFC 1918, 3927, 4193, 4291, 6598).
const PRIVATE: [(&str, u8); 9] = [
    ("127.0.0.0", 8),
    ("10.0.0.0", 8),
    ("172.16.0.0", 12),
    ("192.168.0.0", 16),
    ("169.254.0.0", 16),
    ("100.64.0.0", 10),
    ("::1", 128),
    ("fc00::", 7),
    ("fe80::", 10),
];

/// A time as certificates hold it: whole seconds. A macro because the type has its home elsewhere.
macro_rules! date {
    ($at:expr) => {
        rcgen::date_time_ymd(1970, 1, 1)
            + Duration::from_secs(u64::try_from($at.ms() / 1_000).unwrap_or_default())
    };
}

/// The authority as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Authority {
    /// Its name.
    pub(super) name: String,
    /// Its certificate, DER in Base64.
    pub(super) certificate: String,
    /// Its key, PKCS #8 in Base64.
    key: String,
    /// For which names it may vouch beside local ones and private addresses.
    pub(super) vouches_for: Names,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

/// A certificate that it signed, as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Leaf {
    /// DER in Base64.
    pub(super) certificate: String,
    /// Its key, PKCS #8 in Base64.
    pub(super) key: String,
    /// Whose it is.
    pub(super) names: Names,
    /// Fingerprint of the authority.
    pub(super) authority: String,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

impl Authority {
    /// Makes an authority for a machine of this name, which may vouch for these names.
    pub(super) fn make(host: &str, vouches_for: Names, now: Timestamp) -> Result<Self> {
        let key = KeyPair::generate().map_err(failed)?;
        let [a, b, c] = random_bytes()?;
        // Two appliances with one host name are told apart.
        let name = format!("Indusmind {host} {a:02X}{b:02X}{c:02X}");
        let not_before = now.minus_ms(BACK_MS).min(NEVER_BEFORE);
        let not_after = now.clamp(NEVER_BEFORE, NEVER_AFTER).plus_ms(AUTHORITY_MS);
        let params = authority_params(&name, &vouches_for, not_before, not_after)?;
        let certificate = params.self_signed(&key).map_err(failed)?;
        Ok(Self {
            name,
            certificate: STANDARD.encode(certificate.der()),
            key: STANDARD.encode(key.serialize_der()),
            vouches_for,
            not_before,
            not_after,
        })
    }

    /// Those of the names for which it may vouch.
    pub(super) fn permitted(&self, wanted: &Names) -> Names {
        let own = &self.vouches_for;
        let known = |name: &String| {
            let under = |root: &str| {
                let rest = name.strip_suffix(root);
                rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            LOCAL.into_iter().any(under) || own.names.iter().any(|root| under(root))
        };
        let near = |address: &IpAddr| is_private(*address) || own.addresses.contains(address);
        Names {
            names: wanted.names.iter().filter(|n| known(n)).cloned().collect(),
            addresses: wanted.addresses.iter().copied().filter(near).collect(),
        }
    }

    /// Signs a certificate for these names.
    pub(super) fn sign(&self, names: Names, now: Timestamp) -> Result<Leaf> {
        let key = decode(&self.key)?;
        let key = rcgen::KeyPair::try_from(key.as_slice()).map_err(failed)?;
        let params = authority_params(
            &self.name,
            &self.vouches_for,
            self.not_before,
            self.not_after,
        )?;
        let issuer = Issuer::new(params, key);
        let now = now.clamp(NEVER_BEFORE, NEVER_AFTER);
        let not_before = now.minus_ms(BACK_MS);
        let not_after = not_before.plus_ms(LEAF_MS);
        let mut params = CertificateParams::default();
        let main = names.names.iter().find(|name| *name != "localhost");
        let main = main.map_or("localhost", String::as_str);
        params.distinguished_name.push(DnType::CommonName, main);
        params.subject_alt_names = alternatives(&names)?;
        (params.not_before, params.not_after) = (date!(not_before), date!(not_after));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let own = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&own, &issuer).map_err(failed)?;
        Ok(Leaf {
            certificate: STANDARD.encode(certificate.der()),
            key: STANDARD.encode(own.serialize_der()),
            names,
            authority: fingerprint(&decode(&self.certificate)?),
            not_before,
            not_after,
        })
    }
}

impl Leaf {
    /// Whether it is to be used now for these names: it is renewed at two thirds of its life, and
    /// when the clock shows a time at which it was not made. A clock that stands at its beginning
    /// renews nothing: the right time is that of the browsers.
    pub(super) fn serves(&self, wanted: &Names, authority: &str, now: Timestamp) -> bool {
        let life_ms = self.not_after.since_ms(self.not_before);
        let age_ms = now.since_ms(self.not_before);
        (now < NEVER_BEFORE || (0..life_ms / 3 * 2).contains(&age_ms))
            && self.names.cover(wanted)
            && self.authority == authority
    }
}

fn authority_params(
    name: &str,
    vouches_for: &Names,
    not_before: Timestamp,
    not_after: Timestamp,
) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (date!(not_before), date!(not_after));
    let own = vouches_for.names.iter().cloned();
    let names: BTreeSet<String> = LOCAL.map(str::to_owned).into_iter().chain(own).collect();
    let mut permitted: Vec<_> = names.into_iter().map(GeneralSubtree::DnsName).collect();
    for (network, prefix) in PRIVATE {
        permitted.push(subnet(parsed(network)?, prefix));
    }
    for address in &vouches_for.addresses {
        permitted.push(subnet(*address, if address.is_ipv4() { 32 } else { 128 }));
    }
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted,
        excluded_subtrees: Vec::new(),
    });
    Ok(params)
}

fn subnet(address: IpAddr, prefix: u8) -> GeneralSubtree {
    GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, prefix))
}

fn parsed(network: &str) -> Result<IpAddr> {
    network
        .parse()
        .map_err(|_| Error::internal(format!("{network} is no address.")))
}

/// Whether it lies in one of the [`PRIVATE`] networks.
pub(super) fn is_private(address: IpAddr) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(four) => (32, u128::from(four.to_bits())),
        IpAddr::V6(six) => (128, six.to_bits()),
    };
    let (length, wanted) = bits(address);
    PRIVATE.iter().any(|(network, prefix)| {
        let network = network.parse().map(bits);
        network.is_ok_and(|(size, network)| {
            size == length && (wanted ^ network) >> (size - u32::from(*prefix)) == 0
        })
    })
}

fn alternatives(names: &Names) -> Result<Vec<SanType>> {
    let mut all = Vec::new();
    for name in &names.names {
        let name = name.as_str().try_into().map_err(failed)?;
        all.push(SanType::DnsName(name));
    }
    let addresses = names.addresses.iter().copied();
    all.extend(addresses.map(SanType::IpAddress));
    Ok(all)
}

/// The bytes of a stored certificate or key.
pub(super) fn decode(text: &str) -> Result<Vec<u8>> {
    STANDARD.decode(text).map_err(|cause| {
        Error::internal("A stored certificate cannot be read.").because(cause.to_string())
    })
}

/// SHA-256 of a certificate, as browsers show it.
pub(super) fn fingerprint(der: &[u8]) -> String {
    let hash = Sha256::digest(der);
    let pairs: Vec<String> = hash.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}

/// A certificate as text (RFC 7468).
pub(super) fn pem(der_base64: &str) -> String {
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in der_base64.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}

fn failed(cause: rcgen::Error) -> Error {
    Error::internal("A certificate could not be made.").because(cause)
}
