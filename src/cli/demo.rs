//! `indusmind demo`: the appliance before a simulated plant that speaks real Modbus TCP.
//!
//! Everything but the plant is the real thing: the devices are registered as a person would
//! register them, polled over the wire, stored and shown. What happened before the first start is
//! written from the same plant, so that yesterday can be compared with.

use super::demo_people::{CUSTOMERS, TECHNICIAN};
use super::{
    Boot, demo_energy, demo_rules, demo_sensors, log, page_of, say, say_where, stop_on_signal,
};
use crate::app::App;
use crate::auth::{NewUser, Role};
use crate::base::secret::readable_code;
use crate::base::{Batch, Clock, EquipmentId, Error, Metric, Result, SystemClock, Timestamp};
use crate::equipment::{Equipment, EquipmentChange, ModbusSource, NewEquipment, RegisterSource};
use crate::modbus::Register;
use crate::modbus::simulator::plant::{Plant, PlantDevice};
use crate::modbus::simulator::{Simulator, Wire};
use crate::site::{NewSite, Site, Sites};
use crate::store::audit::Actor;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The plant of every demo: the same machines each time.
const SEED: u64 = 20_261_121;
/// The plant's zone keeps one offset all year, as its simulated shifts do.
const TIME_ZONE: &str = "Africa/Tunis";
const UTC_OFFSET_MS: i64 = 3_600_000;
/// History that is written at the first start, and its step, ms; before it only what indicators
/// and the weekly statement of the voltage want, in coarser steps.
const PAST_MS: i64 = 36 * 3_600_000;
const PAST_STEP_MS: i64 = 60_000;
const LONG_PAST_MS: i64 = demo_energy::DAYS * 24 * 3_600_000;
const LONG_STEP_MS: i64 = 15 * 60_000;
/// Steps of the past that one commit takes.
const STEPS_PER_COMMIT: usize = 60;
const EMAIL: &str = "admin@demo.example";
/// Where the login of a demo is kept, so that a second start can print it again.
const LOGIN_FILE: &str = "demo-login.txt";
/// Where the simulated devices listened, so that the pollers find them after a restart.
const PORTS_FILE: &str = "demo-ports.txt";

#[derive(clap::Args)]
pub(super) struct DemoArgs {
    #[command(flatten)]
    boot: Boot,
    /// Open the page in a browser, if there is a desktop
    #[arg(long)]
    open: bool,
}

pub(super) async fn run(args: DemoArgs) -> Result<()> {
    let mut boot = args.boot;
    boot.data_dir = Some(boot.data_dir.unwrap_or_else(|| PathBuf::from("demo-data")));
    let port_is_free_to_choose = boot.listen.is_none() && boot.config.is_none();
    let mut config = boot.load()?;
    let log = log::start(&config)?;
    if port_is_free_to_choose && std::net::TcpListener::bind(config.listen).is_err() {
        // Somebody who only wants a look shall not have to learn about ports first.
        say(&format!(
            "{} is taken by another program; another port is used.",
            config.listen
        ));
        config.listen.set_port(0);
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let plant = Plant::new(SEED, UTC_OFFSET_MS);
    let simulator = start_plant(&plant, &clock, &config.data_dir).await?;
    let app = App::start(&config, clock).await?;
    stop_on_signal(app.stop_signal())?;
    let password = furnish(&app, &plant, simulator.addresses(), &config.data_dir).await?;
    let sites = app.context.sites.all();
    if let Some(site) = sites.first() {
        let sensors = demo_sensors::furnish(&app, (&site.key, &password), &actor()).await?;
        demo_sensors::start(&app, sensors);
        demo_rules::furnish(&app, &site.key, &actor()).await?;
    }
    let ports: String = simulator
        .addresses()
        .iter()
        .map(|at| format!("{at}\n"))
        .collect();
    if let Err(error) = std::fs::write(config.data_dir.join(PORTS_FILE), ports) {
        tracing::warn!(%error, "the ports of the simulated plant were not kept");
    }
    let address = page_of(app.address, &config);
    say_where(&app, &config);
    say("");
    say(&format!(
        "  A simulated plant with {} meters and machines is running.",
        plant.devices().len()
    ));
    say("  Four cold cells of two customers push their readings over HTTP.");
    say(&format!("  Address:   {address}"));
    say(&format!("  E-mail:    {EMAIL}"));
    say(&format!("  Password:  {password}"));
    say(&format!(
        "  Also:      {TECHNICIAN}, {}, with the same password",
        CUSTOMERS.join(", ")
    ));
    say("");
    say("Press Ctrl-C to stop. The data stays; the next start goes on with it.");
    if args.open {
        super::open_page(&address);
    }
    let restart = app.restart_signal();
    app.run_until_stopped().await;
    if restart.is_cancelled() {
        // A backup or a configuration was taken over: the page waits for the appliance.
        say("Starting again on what is stored now.");
        drop(log);
        return Err(super::run::start_again());
    }
    say("Stopped; everything is on disk.");
    Ok(())
}

/// The demo, as the audit log names it.
fn actor() -> Actor {
    Actor {
        name: "demo".to_owned(),
        ..Actor::default()
    }
}

/// Starts the plant on the ports of the last start, or on free ones when they are taken.
async fn start_plant(plant: &Plant, clock: &Arc<dyn Clock>, data: &Path) -> Result<Simulator> {
    let kept = std::fs::read_to_string(data.join(PORTS_FILE)).unwrap_or_default();
    let kept: Vec<SocketAddr> = kept.lines().filter_map(|line| line.parse().ok()).collect();
    let mut listeners = plant.listeners();
    for (listener, address) in listeners.iter_mut().zip(kept) {
        listener.wire = Wire::Tcp(address);
    }
    if let Ok(simulator) = Simulator::start(Arc::clone(clock), listeners).await {
        return Ok(simulator);
    }
    Simulator::start(Arc::clone(clock), plant.listeners())
        .await
        .map_err(|cause| Error::unavailable("The simulated plant found no port.").because(cause))
}

/// Makes the site, its administrator and its equipment at the first start; afterwards only tells
/// the equipment where its devices listen now. Returns the password.
async fn furnish(app: &App, plant: &Plant, at: &[SocketAddr], directory: &Path) -> Result<String> {
    let context = &app.context;
    let actor = actor();
    let file = directory.join(LOGIN_FILE);
    if context.auth.is_set_up() {
        for equipment in context.registry.all() {
            move_device(app, plant, at, &equipment, &actor).await?;
        }
        return Ok(std::fs::read_to_string(&file).map_or_else(
            |_| format!("as you set it; forgotten? indusmind user reset {EMAIL}"),
            |text| text.trim().to_owned(),
        ));
    }
    // The digit is fixed: a code may happen to have none, and the rule asks for one.
    let password = format!("Demo1-{}", readable_code(2)?);
    keep_login(&file, &password)?;
    let site = set_up(app, &password, &actor).await?;
    let mut pairs = Vec::new();
    for (number, device) in plant.devices().iter().enumerate() {
        let input = describe(device, at)?;
        let equipment = context.registry.create(input, &site, actor.clone()).await?;
        pairs.push((number, equipment.id));
    }
    write_past(app, plant, &pairs).await?;
    if let Some(site) = context.sites.by_key(&site) {
        demo_energy::furnish(app, (plant, &pairs), &site, &actor).await?;
    }
    Ok(password)
}

async fn set_up(app: &App, password: &str, actor: &Actor) -> Result<String> {
    let context = &app.context;
    let site = Site::new(
        NewSite {
            name: "Demo plant".to_owned(),
            key: None,
            time_zone: TIME_ZONE.to_owned(),
            currency: "TND".to_owned(),
            price_per_kwh: "0.291".parse().ok(),
            wishes: None,
        },
        context.clock.now(),
    )?;
    let key = site.key.clone();
    let user = NewUser {
        email: EMAIL.to_owned(),
        username: Some("admin".to_owned()),
        name: "Demo administrator".to_owned(),
        password: password.to_owned(),
    };
    let also = move |tx: &crate::store::Transaction<'_>| Sites::create_in(tx, &site);
    context
        .auth
        .add_user(user, Role::Admin, &key, actor.clone(), also)
        .await?;
    context.sites.reload()?;
    context.auth.setup.close();
    Ok(key)
}

/// A device of the plant as a person would enter it.
fn describe(device: &PlantDevice, at: &[SocketAddr]) -> Result<NewEquipment> {
    let (name, kind, model) = (device.name, device.kind, device.model);
    let input = serde_json::json!({
        "name": name,
        "type": kind,
        "model": model,
        "install_date": "2024-05-01",
        "location": device.location,
        "specs": { "capacity_kw": device.capacity_kw },
        "modbus": source_of(device, at)?,
    });
    serde_json::from_value(input)
        .map_err(|cause| Error::internal("The demo plant is not well described.").because(cause))
}

fn source_of(device: &PlantDevice, at: &[SocketAddr]) -> Result<ModbusSource> {
    let address = at
        .get(device.listener)
        .ok_or_else(|| Error::internal("The demo plant has a device on no line."))?;
    let mut source = ModbusSource::tcp(&address.ip().to_string(), address.port(), device.unit_id);
    source.profile = device.meter.profile().map(str::to_owned);
    if source.profile.is_none() {
        let entry = |register: &Register| (register.name(), RegisterSource::from(register));
        source.registers = device.meter.registers().iter().map(entry).collect();
    }
    Ok(source)
}

/// After a restart the simulated devices listen on other ports.
async fn move_device(
    app: &App,
    plant: &Plant,
    at: &[SocketAddr],
    equipment: &Equipment,
    actor: &Actor,
) -> Result<()> {
    let same = |device: &&Arc<PlantDevice>| device.name == equipment.name;
    let Some(device) = plant.devices().iter().find(same) else {
        return Ok(());
    };
    let Some(source) = equipment.modbus.clone() else {
        return Ok(());
    };
    let moved = source_of(device, at)?;
    if (&moved.host, moved.port) == (&source.host, source.port) {
        return Ok(());
    }
    let modbus = ModbusSource {
        host: moved.host,
        port: moved.port,
        ..source
    };
    let change = EquipmentChange {
        modbus: Some(Some(modbus)),
        ..EquipmentChange::default()
    };
    app.context
        .registry
        .update(equipment.id, change, actor.clone())
        .await?;
    Ok(())
}

/// What the plant did before the first start, as its meters would have shown it.
async fn write_past(app: &App, plant: &Plant, pairs: &[(usize, EquipmentId)]) -> Result<()> {
    let now = app.context.clock.now().floor_to(PAST_STEP_MS);
    // On the strokes of the clock, as meters store their quarters: a counter that was read in between
    // would book the energy of two windows into one where the fine readings begin.
    let near = now.minus_ms(PAST_MS).floor_to(LONG_STEP_MS);
    let far = now.minus_ms(LONG_PAST_MS).floor_to(LONG_STEP_MS);
    write(
        app,
        plant,
        pairs,
        (far, near, LONG_STEP_MS),
        demo_energy::is_wanted,
    )
    .await?;
    write(app, plant, pairs, (near, now, PAST_STEP_MS), |_, _, _| true).await
}

/// Writes what the plant did from one instant to another in steps of so many ms.
async fn write(
    app: &App,
    plant: &Plant,
    pairs: &[(usize, EquipmentId)],
    (from, to, step_ms): (Timestamp, Timestamp, i64),
    wanted: impl Fn(&str, &Metric, i64) -> bool,
) -> Result<()> {
    let now = app.context.clock.now();
    let mut ticks = (0..to.since_ms(from) / step_ms).map(|n| from.plus_ms(n * step_ms));
    loop {
        let part: Vec<Timestamp> = ticks.by_ref().take(STEPS_PER_COMMIT).collect();
        if part.is_empty() {
            return Ok(());
        }
        let batch = |at: Timestamp, (number, equipment): (usize, EquipmentId)| {
            let name = plant.devices().get(number).map_or("", |device| device.name);
            let mut readings = plant.reading(number, at);
            readings.retain(|reading| wanted(name, &reading.metric, now.since_ms(at)));
            Batch {
                equipment,
                at,
                arrived: at,
                interval_ms: u32::try_from(step_ms).unwrap_or(u32::MAX),
                readings,
            }
        };
        let batches: Vec<Batch> = part
            .iter()
            .flat_map(|at| pairs.iter().map(move |pair| (*at, *pair)))
            .map(|(at, pair)| batch(at, pair))
            .collect();
        app.tsdb.append(Arc::new(batches), |_| Ok(())).await?;
    }
}

/// Keeps the login of the demo where only its owner can read it.
fn keep_login(file: &Path, password: &str) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut file| writeln!(file, "{password}"))
        .map_err(|cause| Error::unavailable("The demo login cannot be kept.").because(cause))
}
