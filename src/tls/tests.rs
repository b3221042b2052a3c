//! Certificates that browsers would take, and when they are exchanged.

use super::*;
use crate::base::ManualClock;
use std::net::IpAddr;
use std::time::Duration;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::time_provider::TimeProvider;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const START: &str = "2026-11-21T08:30:00Z";
const DAY: Duration = Duration::from_secs(86_400);

#[derive(Debug)]
struct At(Timestamp);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.ms()).unwrap() / 1_000;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

struct Bench {
    _dir: tempfile::TempDir,
    store: Store,
    clock: ManualClock,
    here: Arc<Mutex<Names>>,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(dir.path(), "test").unwrap(),
            _dir: dir,
            clock: ManualClock::new(START.parse().unwrap()),
            here: Arc::new(Mutex::new(names(&[
                "localhost",
                "plant",
                "plant.local",
                "10.1.2.3",
                "198.51.100.7",
            ]))),
        }
    }

    async fn open(&self, configured: &[&str]) -> Tls {
        let settings = Settings {
            names: names(configured),
            files: None,
        };
        let here = Arc::clone(&self.here);
        let machine: Machine = Arc::new(move || here.lock().unwrap().clone());
        let clock = Arc::new(self.clock.clone());
        Tls::open_on(&self.store, clock, settings, machine)
            .await
            .unwrap()
    }
}

fn names(of: &[&str]) -> Names {
    let mut names = Names::default();
    assert!(of.iter().all(|name| names.add(name)));
    names
}

/// Whether a browser that trusts this authority takes what the appliance shows at this name.
async fn trusts(tls: &Tls, authority: &str, name: &str, at: Timestamp) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(authority.as_bytes()).unwrap();
    roots.add(root).unwrap();
    let config = ClientConfig::builder_with_details(
        Arc::new(aws_lc_rs::default_provider()),
        Arc::new(At(at)),
    );
    let config = config.with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let (near, far) = tokio::io::duplex(64 << 10);
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let (client, _server) = tokio::join!(connector.connect(name, near), tls.accept(far));
    client.map(drop).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_browser_that_trusts_the_authority_takes_every_name_of_the_machine() {
    let bench = Bench::new();
    let tls = bench.open(&["meters.plant.example", "203.0.113.9"]).await;
    let (authority, now) = (tls.authority_pem().unwrap(), bench.clock.now());
    for name in [
        "localhost",
        "plant",
        "plant.local",
        "10.1.2.3",
        "198.51.100.7",
        "meters.plant.example",
        "203.0.113.9",
    ] {
        trusts(&tls, &authority, name, now).await.unwrap();
    }
    for other in ["example.com", "10.1.2.4", "plant.example"] {
        trusts(&tls, &authority, other, now).await.unwrap_err();
    }
    // Another appliance's authority vouches for nothing here.
    let stranger = Bench::new().open(&[]).await.authority_pem().unwrap();
    trusts(&tls, &stranger, "plant", now).await.unwrap_err();
    // The clock of a browser may be off by hours.
    for off_ms in [-20 * 3_600_000, 20 * 3_600_000] {
        trusts(&tls, &authority, "plant", now.plus_ms(off_ms))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn the_authority_may_not_vouch_for_what_is_not_here() {
    let now = START.parse().unwrap();
    let own = Authority::make("plant", names(&["plant"]), now).unwrap();
    let wanted = names(&[
        "plant",
        "a.plant",
        "plant.local",
        "bank.example",
        "10.0.0.1",
        "8.8.8.8",
    ]);
    let permitted = own.permitted(&wanted);
    assert_eq!(
        permitted.list(),
        ["a.plant", "plant", "plant.local", "10.0.0.1"]
    );
    assert_eq!(
        own.permitted(&names(&["explant", "172.32.0.1", "11.0.0.1"])),
        Names::default()
    );
    // Even with its key in wrong hands.
    let bench = Bench::new();
    let tls = bench.open(&[]).await;
    let leaf = own
        .sign(names(&["bank.example", "plant", "8.8.8.8"]), now)
        .unwrap();
    let key = PrivatePkcs8KeyDer::from(decode(&leaf.key).unwrap());
    let chain = vec![decode(&leaf.certificate).unwrap().into()];
    tls.shown.put(keyed(chain, key.into()).unwrap());
    let refused = trusts(&tls, &pem(&own.certificate), "bank.example", now).await;
    let refused = refused.unwrap_err();
    assert!(refused.contains("NameConstraint"), "{refused}");
}

#[tokio::test]
async fn a_certificate_is_renewed_at_two_thirds_of_its_life() {
    let bench = Bench::new();
    let tls = bench.open(&[]).await;
    let (first, authority) = (tls.view(), tls.authority_pem().unwrap());
    let life_ms = first.not_after.unwrap().since_ms(bench.clock.now());
    assert_eq!(life_ms, 179 * 86_400_000);
    bench.clock.advance(DAY * 118);
    assert!(!tls.look().await.unwrap());
    bench.clock.advance(DAY * 2);
    assert!(tls.look().await.unwrap());
    assert_ne!(tls.view().fingerprint, first.fingerprint);
    let now = bench.clock.now();
    trusts(&tls, &authority, "plant", now).await.unwrap();
    // After a restart the same one is shown, from the data file.
    let again = bench.open(&[]).await;
    assert_eq!(again.view().fingerprint, tls.view().fingerprint);
    assert_eq!(again.authority_pem().unwrap(), authority);
}

#[tokio::test]
async fn a_new_address_brings_a_new_certificate_and_a_lost_one_does_not() {
    let bench = Bench::new();
    let tls = bench.open(&[]).await;
    let authority = tls.authority_pem().unwrap();
    let now = bench.clock.now();
    bench
        .here
        .lock()
        .unwrap()
        .addresses
        .insert(IpAddr::from([192, 168, 7, 7]));
    trusts(&tls, &authority, "192.168.7.7", now)
        .await
        .unwrap_err();
    assert!(tls.look().await.unwrap());
    trusts(&tls, &authority, "192.168.7.7", now).await.unwrap();
    bench.here.lock().unwrap().addresses.clear();
    assert!(!tls.look().await.unwrap());
    // A public address for which the authority may not vouch is left out, and nothing breaks.
    bench
        .here
        .lock()
        .unwrap()
        .addresses
        .insert(IpAddr::from([8, 8, 8, 8]));
    assert!(!tls.look().await.unwrap());
}

#[tokio::test]
async fn a_wrong_clock_keeps_nobody_out() {
    let bench = Bench::new();
    bench.clock.set(Timestamp::from_ms(60_000));
    let tls = bench.open(&[]).await;
    let authority = tls.authority_pem().unwrap();
    // The clock is set; then it jumps into the next century and comes back.
    for (at, what) in [
        (START, "set"),
        ("2126-01-01T00:00:00Z", "far ahead"),
        (START, "back"),
        ("2027-02-01T00:00:00Z", "months later"),
    ] {
        bench.clock.set(at.parse().unwrap());
        tls.look().await.unwrap();
        if what != "far ahead" {
            let now = bench.clock.now();
            let taken = trusts(&tls, &authority, "plant", now).await;
            assert_eq!(taken, Ok(()), "{what}");
        }
        assert_eq!(tls.authority_pem().unwrap(), authority, "{what}");
    }
}

#[tokio::test]
async fn a_clock_that_lost_its_battery_exchanges_nothing() {
    let bench = Bench::new();
    let first = bench.open(&[]).await.view().fingerprint;
    let browser = bench.clock.now().plus_ms(86_400_000);
    bench.clock.set(Timestamp::from_ms(60_000));
    // Started anew, years before: browsers know the time, and take what they took.
    let tls = bench.open(&[]).await;
    assert!(!tls.look().await.unwrap());
    assert_eq!(tls.view().fingerprint, first);
    // A new address has to have a certificate all the same, and one that is good today.
    bench.here.lock().unwrap().add("10.9.9.9");
    assert!(tls.look().await.unwrap());
    assert!(!tls.look().await.unwrap());
    let authority = tls.authority_pem().unwrap();
    trusts(&tls, &authority, "10.9.9.9", browser).await.unwrap();
}

#[tokio::test]
async fn a_configured_name_outside_brings_a_new_authority() {
    let bench = Bench::new();
    let first = bench.open(&[]).await.authority_pem().unwrap();
    assert_eq!(
        bench.open(&["hall.local"]).await.authority_pem().unwrap(),
        first
    );
    let tls = bench.open(&["meters.example"]).await;
    let second = tls.authority_pem().unwrap();
    assert_ne!(second, first);
    trusts(&tls, &second, "meters.example", bench.clock.now())
        .await
        .unwrap();
    let reader = bench.store.read().unwrap();
    let told: Vec<_> = audit::page(&reader, None, 10)
        .unwrap()
        .into_iter()
        .map(|e| e.action)
        .collect();
    assert_eq!(
        told.iter()
            .filter(|action| *action == "tls.authority")
            .count(),
        2,
        "{told:?}"
    );
}

#[tokio::test]
async fn files_are_read_again_and_a_wrong_pair_changes_nothing() {
    let bench = Bench::new();
    let dir = tempfile::tempdir().unwrap();
    let files = Files {
        certificate: dir.path().join("plant.pem"),
        key: dir.path().join("plant.key"),
    };
    let now = bench.clock.now();
    let pair = || {
        let own = Authority::make("plant", names(&["plant"]), now).unwrap();
        let leaf = own.sign(names(&["plant"]), now).unwrap();
        let key = pem(&leaf.key).replace("CERTIFICATE", "PRIVATE KEY");
        (pem(&leaf.certificate), key, pem(&own.certificate))
    };
    let (first, second) = (pair(), pair());
    let put = |certificate: &str, key: &str| {
        std::fs::write(&files.certificate, certificate).unwrap();
        std::fs::write(&files.key, key).unwrap();
    };
    let open = || {
        let settings = Settings {
            names: Names::default(),
            files: Some(files.clone()),
        };
        Tls::open(&bench.store, Arc::new(bench.clock.clone()), settings)
    };
    let missing = open().await.unwrap_err();
    assert!(missing.to_string().contains("plant.pem"), "{missing}");
    for (certificate, key, named) in [
        ("nothing", first.1.as_str(), "plant.pem"),
        (&first.0, "nothing", "plant.key"),
        (&first.0, &second.1, "plant.key"),
    ] {
        put(certificate, key);
        let refused = open().await.unwrap_err().to_string();
        assert!(refused.contains(named), "{refused}");
    }
    put(&first.0, &first.1);
    let tls = open().await.unwrap();
    trusts(&tls, &first.2, "plant", now).await.unwrap();
    assert!(!tls.look().await.unwrap());
    // Half of the new pair: said once, and the old pair stays.
    put(&second.0, &first.1);
    tls.look().await.unwrap_err();
    assert!(!tls.look().await.unwrap());
    assert!(tls.view().problem.unwrap().contains("plant.key"));
    trusts(&tls, &first.2, "plant", now).await.unwrap();
    put(&second.0, &second.1);
    assert!(tls.look().await.unwrap());
    trusts(&tls, &second.2, "plant", now).await.unwrap();
    assert_eq!(tls.view().problem, None);
    assert_eq!(tls.authority_pem(), None);
}
