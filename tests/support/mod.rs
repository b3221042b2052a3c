//! The whole appliance in one process: a temporary directory, a clock that is moved by hand,
//! simulated devices, port 0, and a client.

pub mod client;
pub mod forms;
pub mod https;
pub mod meters;
pub mod small_disk;
pub mod socket;

use client::Client;
use indusmind::app::App;
use indusmind::auth::{NewUser, Role};
use indusmind::base::bucket::Rate;
use indusmind::base::{Clock as _, EquipmentId, ManualClock, Timestamp};
use indusmind::config::Config;
use indusmind::store::audit::Actor;
use indusmind::web::{Class, Context, EdgeSettings};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// When every test begins, unless it says otherwise: half past nine in Tunis, a Saturday.
pub const START: &str = "2026-11-21T08:30:00Z";
/// The administrator that [`Appliance::furnished`] makes.
pub const EMAIL: &str = "chief@plant.example";
/// His password.
pub const PASSWORD: &str = "Night-shift-7";
/// The beat of a meter, ms.
pub const BEAT_MS: i64 = 5_000;
/// How long a condition may take before the test gives up: a busy machine is no bug.
pub const PATIENCE: Duration = Duration::from_secs(45);

/// An appliance, its data directory and its clock.
pub struct Appliance {
    /// Everybody's clock.
    pub clock: ManualClock,
    /// What it is started with the next time.
    pub config: Config,
    _directory: TempDir,
    running: Option<Running>,
}

struct Running {
    address: SocketAddr,
    context: Context,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Limits that no test meets by chance.
fn generous() -> EdgeSettings {
    let mut edge = EdgeSettings::default();
    for class in Class::ALL {
        edge.limits.set(class, Rate::new(10_000, 60, 10_000));
    }
    edge
}

impl Appliance {
    /// A new appliance in an empty directory, before set-up.
    pub async fn new() -> Self {
        Self::with(START, |_| {}).await
    }

    /// A new appliance at this time, with changed settings.
    pub async fn with(start: &str, settings: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config {
            data_dir: directory.path().join("data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            log: "off".to_owned(),
            log_json: false,
            dashboard_every_ms: BEAT_MS,
            log_file: None,
            // The limits have tests of their own; elsewhere nobody should meet them.
            edge: generous(),
            certificate: None,
            syslog: None,
            token_in_query: true,
            home: None,
            fell: None,
            update_test_key: None,
        };
        settings(&mut config);
        let mut appliance = Self {
            clock: ManualClock::new(start.parse().unwrap()),
            config,
            _directory: directory,
            running: None,
        };
        appliance.start().await;
        appliance
    }

    /// An appliance that is set up, and a client that is signed in as its administrator.
    pub async fn furnished() -> (Self, Client) {
        Self::furnished_at(START).await
    }

    /// As [`Appliance::furnished`], at this time.
    pub async fn furnished_at(start: &str) -> (Self, Client) {
        let appliance = Self::with(start, |_| {}).await;
        appliance.set_up().await;
        let client = appliance.client().login(EMAIL, PASSWORD).await;
        (appliance, client)
    }

    /// Starts on the same directory.
    pub async fn start(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        // A connection of the last run may still be giving its copy of the directory back.
        let app = eventually("the data directory to be free", || async {
            App::start(&self.config, Arc::new(self.clock.clone()))
                .await
                .ok()
        })
        .await;
        self.running = Some(Running {
            address: app.address,
            context: app.context.clone(),
            stop: app.stop_signal(),
            task: tokio::spawn(app.run_until_stopped()),
        });
    }

    /// Stops as the stop signal does, and waits for the end.
    pub async fn stop(&mut self) {
        let running = self.running.take().expect("it runs");
        running.stop.cancel();
        running.task.await.unwrap();
    }

    /// Waits until it has stopped by itself, to start again.
    pub async fn ended_by_itself(&mut self) {
        let running = self.running.take().expect("it runs");
        running.task.await.unwrap();
    }

    /// Tries to start a second instance on the same directory; the sentence it is refused with.
    pub async fn second_instance(&self) -> String {
        match App::start(&self.config, Arc::new(self.clock.clone())).await {
            Ok(_) => panic!("two instances run on one data directory"),
            Err(error) => error.sentence,
        }
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it runs")
    }

    /// The rooms behind the edge, for what no route shows.
    pub fn context(&self) -> &Context {
        &self.running().context
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.running().address
    }

    /// The file that holds everything.
    pub fn data_file(&self) -> PathBuf {
        self.config.data_dir.join(indusmind::store::DATA_FILE)
    }

    /// A client that is not signed in.
    pub fn client(&self) -> Client {
        Client::new(self.address())
    }

    /// The one-time token, as the console shows it.
    pub fn setup_token(&self) -> String {
        self.context().auth.setup.show().expect("not used yet")
    }

    /// What the first run asks for.
    pub fn setup_request(&self) -> Value {
        json!({
            "token": self.setup_token(),
            "site": { "name": "Bottling plant", "time_zone": "Africa/Tunis", "currency": "TND",
                "price_per_kwh": "0.291" },
            "administrator": { "email": EMAIL, "username": "chief", "name": "Amel B.",
                "password": PASSWORD },
        })
    }

    /// Does the first run.
    pub async fn set_up(&self) -> Value {
        let request = self.setup_request();
        self.client().post("/api/setup", &request).await.created()
    }

    /// As [`Appliance::set_up`], of one that speaks plain HTTP to nobody.
    pub async fn set_up_securely(&self) {
        let host = self.address().to_string();
        let request = https::post("/api/setup", &host, "", &self.setup_request());
        let io = https::connect(self, "localhost").await.unwrap();
        assert_eq!(https::ask(io, &request).await.status, 201);
    }

    /// A client that is signed in with this role.
    pub async fn client_as(&self, role: Role) -> Client {
        let email = format!("{}@plant.example", role.key());
        let user = NewUser {
            email: email.clone(),
            username: None,
            name: role.title().to_owned(),
            password: PASSWORD.to_owned(),
        };
        let auth = &self.context().auth;
        auth.add_user(user, role, "site_a", Actor::console(), |_| Ok(()))
            .await
            .unwrap();
        self.client().login(&email, PASSWORD).await
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock.
    pub fn advance(&self, ms: i64) {
        self.clock
            .advance(Duration::from_millis(u64::try_from(ms).unwrap()));
    }

    /// Waits until the reading of this instant is on disk for each of these.
    pub async fn read_at(&self, equipment: &[&str], at: Timestamp) {
        for id in equipment {
            let id: EquipmentId = id.parse().unwrap();
            eventually(&format!("the reading of {at} from {id}"), || async {
                let last = self.context().live.device(id).last_good;
                (last >= Some(at)).then_some(())
            })
            .await;
        }
    }

    /// Moves the clock to the next beat and waits for its readings.
    pub async fn beat(&self, equipment: &[&str]) -> Timestamp {
        self.beat_of(BEAT_MS, equipment).await
    }

    /// As [`Appliance::beat`] for meters of another interval.
    pub async fn beat_of(&self, interval_ms: i64, equipment: &[&str]) -> Timestamp {
        let next = self.now().floor_to(interval_ms).plus_ms(interval_ms);
        self.advance(next.since_ms(self.now()));
        self.read_at(equipment, next).await;
        next
    }
}

/// Waits until `probe` finds something; says what it waited for when it never does.
pub async fn eventually<T, F>(what: &str, mut probe: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let started = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        let waited = started.elapsed();
        assert!(waited < PATIENCE, "waited {waited:?} in vain for {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Compares numbers that went through a register.
#[track_caller]
pub fn assert_near(found: &Value, expected: f64, what: &str) {
    let number = found
        .as_f64()
        .unwrap_or_else(|| panic!("{what}: {found} is no number; expected {expected}"));
    let tolerance = 1e-6 * expected.abs().max(1.0);
    assert!(
        (number - expected).abs() <= tolerance,
        "{what}: {number}, expected {expected}"
    );
}

/// The names in an object, sorted.
pub fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = object
        .as_object()
        .unwrap_or_else(|| panic!("{object} is no object"))
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}
