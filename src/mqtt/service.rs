//! The subscriber as one service: its settings on disk, its connection, and the test message.

use super::client::Connector;
use super::mapping::{Ready, Refusal, Who, filters, metric_name, ready, translate};
use super::settings::{MqttChange, MqttSettings};
use super::status::{Board, MqttStatus};
use crate::base::secret::readable_code;
use crate::base::{Clock, Error, Result, Timestamp};
use crate::devices::{Devices, Receiver, Target};
use crate::equipment::{AdminStatus, Equipment, Registry};
use crate::exchange::Directory;
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use crate::store::{Store, TableName, View as _};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

const SETTINGS: Table<MqttSettings> = Table::new("mqtt", 1);
/// Apart from the settings, so that nothing that shows them can show it.
const SECRETS: TableName = TableName::new("mqtt_secret");
const THE_ONE: &[u8] = b"broker";

/// The subscriber.
pub struct Mqtt {
    store: Store,
    clock: Arc<dyn Clock>,
    registry: Arc<Registry>,
    devices: Arc<Devices>,
    receiver: Receiver,
    board: Arc<Board>,
    settings: RwLock<MqttSettings>,
    /// The connection there is; changes wait for each other, and for its end.
    running: tokio::sync::Mutex<Option<Running>>,
    stop: CancellationToken,
}

struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// A message to try.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MqttTestMessage)]
pub struct TestMessage {
    /// Its topic.
    #[schema(example = "plant/C-1/env")]
    pub topic: String,
    /// Its payload.
    #[schema(example = "{\"temp\": 4.2}")]
    pub payload: String,
    /// The mappings to try it with; those that are in use when absent.
    #[serde(default)]
    pub mappings: Option<Vec<super::Mapping>>,
}

/// What a message would become, or exactly why not.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MqttTestResult)]
pub struct TestResult {
    /// Whether any reading of it would be taken.
    pub taken: bool,
    /// The mapping that fits, from 0.
    pub mapping: Option<usize>,
    /// Whose readings they are.
    pub equipment_name: Option<String>,
    /// Through which device.
    pub device_name: Option<String>,
    /// What each reading would become.
    pub readings: Vec<TestOutcome>,
    /// Where the message is wrong.
    pub path: Option<String>,
    /// Why it is not taken, and what to do.
    pub reason: Option<String>,
}

/// What one reading of a message would become.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MqttTestReading)]
pub struct TestOutcome {
    /// When it was true; `null` for the arrival.
    pub timestamp: Option<Timestamp>,
    /// Its values.
    pub values: Vec<TestValue>,
    /// Where it is wrong.
    pub path: Option<String>,
    /// Why it is not taken.
    pub reason: Option<String>,
}

/// One value of a message.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MqttTestValue)]
pub struct TestValue {
    /// The quantity, as it is kept.
    pub metric: String,
    /// The conductor, `null` for the whole device.
    #[schema(value_type = Option<String>, example = "L1")]
    pub phase: Option<&'static str>,
    /// The value; `null` for a sensor that says that it has none.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: String,
}

impl Mqtt {
    /// Reads the settings, and connects when they say so, until `stop`.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub async fn start(
        store: &Store,
        clock: Arc<dyn Clock>,
        registry: Arc<Registry>,
        devices: Arc<Devices>,
        receiver: Receiver,
    ) -> Result<Self> {
        let settings = SETTINGS.get(&store.read()?, THE_ONE)?.unwrap_or_default();
        let mqtt = Self {
            store: store.clone(),
            clock,
            registry,
            devices,
            receiver,
            board: Arc::default(),
            settings: RwLock::new(settings),
            running: tokio::sync::Mutex::default(),
            stop: CancellationToken::new(),
        };
        // Settings that a newer version wrote must not keep the pollers from starting.
        if let Err(error) = mqtt.connect(Vec::new()).await {
            tracing::error!(%error, "the broker is not connected to");
        }
        Ok(mqtt)
    }

    /// The settings, without the password.
    #[must_use]
    pub fn settings(&self) -> MqttSettings {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        settings.clone()
    }

    /// How the connection is doing.
    #[must_use]
    pub fn status(&self) -> MqttStatus {
        self.board.show()
    }

    /// Changes the settings; the connection follows at once.
    ///
    /// # Errors
    /// Every refused field; a disk that refuses, then everything stays.
    pub async fn change(&self, change: MqttChange, actor: Actor) -> Result<MqttSettings> {
        let mut running = self.running.lock().await;
        let (old, now) = (self.settings(), self.clock.now());
        let made_id = format!("indusmind-{}", readable_code(2)?.to_lowercase());
        let settings = old.with(&change, made_id, now)?;
        self.refuse_unknown(&settings)?;
        let (stored, password) = (settings.clone(), change.password);
        let details = audited(&old, &settings, password.is_some());
        self.store
            .write(move |transaction| {
                SETTINGS.put(transaction, THE_ONE, &stored)?;
                match password.as_deref() {
                    None => {}
                    Some("") => {
                        transaction.remove(SECRETS, THE_ONE)?;
                    }
                    Some(password) => transaction.put(SECRETS, THE_ONE, password.as_bytes())?,
                }
                audit::append(transaction, now, &actor, "mqtt.update", "mqtt", details)
            })
            .await?;
        *self
            .settings
            .write()
            .unwrap_or_else(PoisonError::into_inner) = settings.clone();
        let same_broker = (&old.host, old.port, &old.client_id)
            == (&settings.host, settings.port, &settings.client_id);
        let obsolete = if same_broker {
            ready(&old.mappings)
                .map(|old| filters(&old))
                .unwrap_or_default()
        } else {
            Vec::new()
        };
        end(running.take()).await;
        *running = self.connector(obsolete)?;
        Ok(settings)
    }

    async fn connect(&self, obsolete: Vec<String>) -> Result<()> {
        *self.running.lock().await = self.connector(obsolete)?;
        Ok(())
    }

    /// Starts the connection that the settings ask for.
    fn connector(&self, obsolete: Vec<String>) -> Result<Option<Running>> {
        let settings = self.settings();
        let now = self.clock.now();
        if !settings.enabled || self.stop.is_cancelled() {
            self.board.connection(super::Connection::Disabled, now);
            return Ok(None);
        }
        let secret = self.store.read()?.get(SECRETS, THE_ONE)?;
        let connector = Connector {
            mappings: ready(&settings.mappings)?,
            password: String::from_utf8(secret.unwrap_or_default()).unwrap_or_default(),
            settings,
            obsolete,
            board: Arc::clone(&self.board),
            receiver: self.receiver.clone(),
            clock: Arc::clone(&self.clock),
        };
        self.board.connection(super::Connection::Connecting, now);
        let (registry, devices) = (Arc::clone(&self.registry), Arc::clone(&self.devices));
        let book = move |who: Who<'_>| find(&registry, &devices, who);
        let stop = self.stop.child_token();
        let task = tokio::spawn(connector.run(book, stop.clone()));
        Ok(Some(Running { stop, task }))
    }

    /// Ends the connection for good; what is under way is stored and acknowledged.
    pub async fn stop(&self) {
        self.stop.cancel();
        let running = self.running.lock().await.take();
        end(running).await;
    }

    /// What a message would become.
    ///
    /// # Errors
    /// When the mappings that came with it are not valid.
    pub fn test(&self, message: &TestMessage) -> Result<TestResult> {
        let own = self.settings().mappings;
        let mappings: Vec<Ready> = ready(message.mappings.as_ref().unwrap_or(&own))?;
        let book = |who: Who<'_>| find(&self.registry, &self.devices, who);
        let payload = message.payload.as_bytes();
        let taken = match translate(&mappings, &message.topic, payload, &book) {
            Ok(taken) => taken,
            Err(Refusal { path, reason }) => {
                return Ok(TestResult {
                    taken: false,
                    mapping: None,
                    equipment_name: None,
                    device_name: None,
                    readings: Vec::new(),
                    path: Some(path),
                    reason: Some(reason),
                });
            }
        };
        let equipment = self.registry.get(taken.target.equipment).ok();
        let device = taken.target.device.and_then(|id| self.devices.get(id).ok());
        let prefix = taken.target.prefix.as_deref();
        let readings: Vec<TestOutcome> = taken
            .parcel
            .readings
            .into_iter()
            .map(|parsed| outcome(parsed, prefix))
            .collect();
        Ok(TestResult {
            taken: readings.iter().any(|reading| reading.reason.is_none()),
            mapping: Some(taken.mapping),
            equipment_name: equipment.map(|equipment| equipment.name),
            device_name: device.map(|device| device.name),
            readings,
            path: None,
            reason: None,
        })
    }

    /// Devices and equipment that a mapping names must be there.
    fn refuse_unknown(&self, settings: &MqttSettings) -> Result<()> {
        let mut checks = crate::base::error::Checks::default();
        for (n, mapping) in settings.mappings.iter().enumerate() {
            let device = mapping
                .device_id
                .is_none_or(|id| self.devices.get(id).is_ok());
            let path = format!("mappings.{n}.device_id");
            checks.require(device, &path, "There is no such device.");
            let known = |id| self.registry.get(id).is_ok();
            let equipment = mapping.equipment_id.is_none_or(known);
            let path = format!("mappings.{n}.equipment_id");
            checks.require(equipment, &path, "There is no such equipment.");
        }
        checks.finish()
    }
}

/// What of a change belongs in the audit log: no certificate, no password.
fn audited(old: &MqttSettings, new: &MqttSettings, password: bool) -> serde_json::Value {
    let open = |of: &MqttSettings| {
        serde_json::json!({
            "enabled": of.enabled, "host": of.host, "port": of.port, "tls": of.tls,
            "username": of.username, "client_id": of.client_id, "mappings": of.mappings,
        })
    };
    let mut details = audit::changed_fields(&open(old), &open(new));
    details["password_changed"] = password.into();
    details["certificate_changed"] = (old.ca_pem != new.ca_pem).into();
    details
}

async fn end(running: Option<Running>) {
    if let Some(Running { stop, task }) = running {
        stop.cancel();
        if let Err(error) = task.await {
            tracing::error!(%error, "the connection to the broker did not end cleanly");
        }
    }
}

fn outcome(
    parsed: std::result::Result<crate::devices::Parsed, Refusal>,
    prefix: Option<&str>,
) -> TestOutcome {
    match parsed {
        Ok(parsed) => TestOutcome {
            timestamp: parsed.at,
            values: parsed
                .readings
                .iter()
                .map(|reading| TestValue {
                    metric: metric_name(&reading.metric, prefix),
                    phase: reading.phase.line(),
                    value: reading.value,
                    unit: reading.unit.as_str().to_owned(),
                })
                .collect(),
            path: None,
            reason: None,
        },
        Err(why) => TestOutcome {
            timestamp: None,
            values: Vec::new(),
            path: Some(why.path),
            reason: Some(why.reason),
        },
    }
}

/// Who is meant by a mapping.
fn find(registry: &Registry, devices: &Devices, who: Who<'_>) -> Result<Target, String> {
    let sentence = |error: Error| error.sentence;
    let device = match who {
        Who::Serial(serial) => devices
            .by_serial(serial)
            .ok_or_else(|| format!("There is no device {serial}. Add it first."))?,
        Who::Device(id) => devices.get(id).map_err(sentence)?,
        Who::Named(name) => {
            let id = Directory::of(&registry.all()).find(name)?;
            return target(&registry.get(id).map_err(sentence)?);
        }
        Who::Equipment(id) => return target(&registry.get(id).map_err(sentence)?),
    };
    if !device.enabled {
        return Err(format!("The device {} is disabled.", device.serial_number));
    }
    devices.target(&device).map_err(sentence)
}

fn target(equipment: &Equipment) -> Result<Target, String> {
    if equipment.admin_status == AdminStatus::Decommissioned {
        return Err(format!(
            "{} is decommissioned. Set it to active first.",
            equipment.name
        ));
    }
    Ok(Target {
        equipment: equipment.id,
        interval_ms: 0,
        device: None,
        prefix: None,
    })
}

impl std::fmt::Debug for Mqtt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mqtt")
    }
}
