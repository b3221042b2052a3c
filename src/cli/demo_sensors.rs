//! Four cold cells of the demo, whose sensors push their readings as real ones do: over HTTP, with
//! a key. One door is left open now and then, and one compressor fails.
//!
//! Their keys are made anew at each start and are in memory only.

use super::demo_people::{self, Customers};
use crate::app::App;
use crate::auth::Reach;
use crate::base::time::Calendar;
use crate::base::{Batch, EquipmentId, Error, Metric, Phase, Reading, Result, Timestamp, Unit};
use crate::coldchain::{NewCell, NewCellDevice};
use crate::devices::unit_of;
use crate::store::audit::Actor;
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// How often they push, ms.
const EVERY_MS: i64 = 30_000;
/// How long one delivery may take; the next one comes anyway.
const DELIVERY_WITHIN: Duration = Duration::from_secs(10);
const MINUTE_MS: i64 = 60_000;
/// How often a failing compressor stops, and for how long, ms.
const FAILS_EVERY_MS: i64 = 5 * 60 * MINUTE_MS;
const FAILS_FOR_MS: i64 = 45 * MINUTE_MS;
/// How often a door is left open, and for how long, ms.
const LEFT_EVERY_MS: i64 = 3 * 60 * MINUTE_MS;
const LEFT_FOR_MS: i64 = 14 * MINUTE_MS;

/// When a freezer is defrosted on the clock of its site, each time for so many minutes: every six
/// hours, as most are.
const DEFROSTS_AT: [&str; 4] = ["02:00", "08:00", "14:00", "20:00"];
const DEFROSTS_EVERY_MS: i64 = 6 * 60 * MINUTE_MS;
const FIRST_DEFROST_MS: i64 = 2 * 60 * MINUTE_MS;
const DEFROST_MINUTES: i64 = 20;

/// A cold cell of the demo.
#[derive(Clone, Copy, Debug)]
struct Room {
    serial: &'static str,
    name: &'static str,
    product: &'static str,
    /// Its place among the locations of the demo.
    location: usize,
    wanted: f64,
    most: f64,
    door_is_left: bool,
    compressor_fails: bool,
    defrosts: bool,
}

const ROOMS: [Room; 4] = [
    Room {
        serial: "DEMO-COLD-1",
        name: "Cold room 1",
        product: "Vegetables",
        location: 0,
        wanted: 4.0,
        most: 7.0,
        door_is_left: false,
        compressor_fails: false,
        defrosts: false,
    },
    Room {
        serial: "DEMO-COLD-2",
        name: "Cold room 2",
        product: "Bread, frozen",
        location: 0,
        wanted: -18.0,
        most: -15.0,
        door_is_left: false,
        compressor_fails: false,
        defrosts: true,
    },
    Room {
        serial: "DEMO-COLD-3",
        name: "Fish, fresh",
        product: "Fish on ice",
        location: 1,
        wanted: 1.0,
        most: 3.0,
        door_is_left: true,
        compressor_fails: false,
        defrosts: false,
    },
    Room {
        serial: "DEMO-COLD-4",
        name: "Fish, frozen",
        product: "Fish, frozen",
        location: 2,
        wanted: -20.0,
        most: -17.0,
        door_is_left: false,
        compressor_fails: true,
        defrosts: false,
    },
];

/// A sensor in its cold cell.
pub(super) struct Sensor {
    room: Room,
    key: String,
    /// The clock on the wall beside it.
    calendar: Calendar,
}

/// What a sensor measures at an instant, the same for everyone who asks.
struct Measured {
    temperature: f64,
    humidity: f64,
    door_open: bool,
    battery: f64,
}

#[allow(clippy::cast_precision_loss)] // minutes of a day
fn minutes(ms: i64) -> f64 {
    ms as f64 / MINUTE_MS as f64
}

/// How much warmer it is so long after something began that warms by `rise` a minute for `length`
/// and is gone again within minutes.
fn warmth(since_ms: i64, length_ms: i64, rise: f64) -> f64 {
    if since_ms < length_ms {
        minutes(since_ms) * rise
    } else {
        let gone = minutes(since_ms - length_ms) / 6.0;
        minutes(length_ms) * rise * (-gone).exp()
    }
}

impl Measured {
    fn at(room: Room, at: Timestamp, calendar: &Calendar) -> Self {
        // The compressor of a cold room comes and goes; its door opens every 47 minutes.
        let turns = |period_ms: i64| {
            let part = minutes(at.ms().rem_euclid(period_ms)) / minutes(period_ms);
            (part * std::f64::consts::TAU).sin()
        };
        let since = |every_ms: i64| at.ms().rem_euclid(every_ms);
        let opened = since(47 * MINUTE_MS);
        let left = room.door_is_left.then(|| since(LEFT_EVERY_MS));
        let failed = room.compressor_fails.then(|| since(FAILS_EVERY_MS));
        // Longer beyond its limit than it may be, and yet no excursion: it is being defrosted.
        let since_first = calendar.wall_ms(at) - FIRST_DEFROST_MS;
        let defrosted = (room.defrosts).then(|| since_first.rem_euclid(DEFROSTS_EVERY_MS));
        let warmed = warmth(opened, 2 * MINUTE_MS, 1.0)
            + defrosted.map_or(0.0, |ms| warmth(ms, DEFROST_MINUTES * MINUTE_MS, 0.25))
            + left.map_or(0.0, |ms| warmth(ms, LEFT_FOR_MS, 0.35))
            + failed.map_or(0.0, |ms| warmth(ms, FAILS_FOR_MS, 0.15));
        let door_open = opened < 2 * MINUTE_MS || left.is_some_and(|ms| ms < LEFT_FOR_MS);
        let tenths = |value: f64| (value * 10.0).round() / 10.0;
        let days = minutes(at.ms().rem_euclid(200 * 86_400_000)) / 1_440.0;
        Self {
            temperature: tenths(room.wanted + 0.6 * turns(23 * MINUTE_MS) + warmed),
            humidity: tenths(78.0 + 3.0 * turns(91 * MINUTE_MS) + 2.0 * warmed.min(5.0)),
            door_open,
            battery: (100.0 - days * 0.1).round(),
        }
    }

    fn readings(&self) -> Vec<Reading> {
        let values = [
            ("temperature", self.temperature),
            ("humidity", self.humidity),
            ("door_open", f64::from(u8::from(self.door_open))),
            ("power_ok", 1.0),
            ("battery_level", self.battery),
        ];
        let reading = |(name, value)| {
            let metric = Metric::new(name).ok()?;
            let unit = unit_of(&metric).unwrap_or(Unit::none());
            Some(Reading::good(metric, Phase::Total, unit, value))
        };
        values.into_iter().filter_map(reading).collect()
    }
}

/// Finds the sensors, or adds them with their customers and cells, and gives each a new key.
pub(super) async fn furnish(
    app: &App,
    (site, password): (&str, &str),
    actor: &Actor,
) -> Result<Vec<Sensor>> {
    let context = &app.context;
    let calendar = calendar(app);
    let mut customers: Option<Customers> = None;
    let mut sensors = Vec::new();
    for room in ROOMS {
        let key = match context.devices.by_serial(room.serial) {
            Some(device) => {
                let made = context.devices.renew_key(device.id, actor.clone()).await?;
                made.key
            }
            None => {
                if customers.is_none() {
                    let made = demo_people::furnish(app, (site, password), actor).await?;
                    customers = Some(made);
                }
                let locations = customers
                    .as_ref()
                    .map_or(&[][..], |made| made.locations.as_slice());
                add(app, room, locations, actor).await?
            }
        };
        sensors.push(Sensor {
            room,
            key,
            calendar: calendar.clone(),
        });
    }
    Ok(sensors)
}

/// The clock of the sites of the customers, which is that of the first site.
fn calendar(app: &App) -> Calendar {
    let site = app.context.sites.first();
    site.map_or_else(Calendar::utc, |site| site.calendar())
}

/// Adds a cell with its past and its sensor; the key of that.
async fn add(
    app: &App,
    room: Room,
    locations: &[crate::base::LocationId],
    actor: &Actor,
) -> Result<String> {
    let coldchain = &app.context.coldchain;
    let defrosts = DEFROSTS_AT.iter().filter(|_| room.defrosts);
    let defrosts: Vec<_> = defrosts
        .map(|start| json!({ "start": start, "minutes": DEFROST_MINUTES }))
        .collect();
    let said = json!({ "defrost": defrosts, "location_id": locations.get(room.location), "name": room.name,
        "product": room.product, "set_point_c": room.wanted, "max_c": room.most,
        "high_delay_s": 300, "interval_s": 30 });
    let unlike = |cause: serde_json::Error| {
        Error::internal("The demo plant is not well described.").because(cause)
    };
    let said: NewCell = serde_json::from_value(said).map_err(unlike)?;
    let cell = coldchain.add_cell(&Reach::ALL, said, actor.clone()).await?;
    write_past(app, cell.equipment_id, room).await?;
    let device = NewCellDevice {
        serial_number: room.serial.to_owned(),
        name: Some(format!("Sensor of {}", room.name)),
        expected_interval_s: None,
        probe: None,
    };
    let made = coldchain.add_device(&Reach::ALL, cell.id, device, actor.clone());
    Ok(made.await?.key)
}

/// What the sensor would have pushed in the last day and a half, by the minute.
async fn write_past(app: &App, equipment: EquipmentId, room: Room) -> Result<()> {
    let now = app.context.clock.now().floor_to(MINUTE_MS);
    let calendar = calendar(app);
    let batch = |at: Timestamp| Batch {
        equipment,
        at,
        arrived: at,
        interval_ms: 60_000,
        readings: Measured::at(room, at, &calendar).readings(),
    };
    let past = (1..36 * 60)
        .rev()
        .map(|n| batch(now.minus_ms(n * MINUTE_MS)));
    let past = std::sync::Arc::new(past.collect());
    app.tsdb.append(past, |_| Ok(())).await
}

/// Pushes every half minute until the appliance stops.
pub(super) fn start(app: &App, sensors: Vec<Sensor>) {
    let (clock, stop) = (app.context.clock.clone(), app.stop_signal());
    let address = app.address;
    let pushing = async move {
        loop {
            let now = clock.now();
            for sensor in &sensors {
                let pushed = tokio::time::timeout(DELIVERY_WITHIN, push(address, sensor, now));
                match pushed.await {
                    Ok(Ok(status)) if status < 300 => {}
                    Ok(Ok(status)) => {
                        tracing::warn!(serial = sensor.room.serial, status, "a push was refused");
                    }
                    Ok(Err(error)) => tracing::warn!(%error, "a demo sensor did not get through"),
                    Err(_) => tracing::warn!(serial = sensor.room.serial, "a push took too long"),
                }
            }
            let next = now.floor_to(EVERY_MS).plus_ms(EVERY_MS);
            let slept = stop.run_until_cancelled(clock.sleep_until(next)).await;
            if slept.is_none() {
                return;
            }
        }
    };
    tokio::spawn(pushing);
}

/// One delivery, as any sensor sends it; the status of the answer.
async fn push(
    mut address: SocketAddr,
    sensor: &Sensor,
    at: Timestamp,
) -> std::result::Result<u16, Box<dyn std::error::Error + Send + Sync>> {
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let measured = Measured::at(sensor.room, at, &sensor.calendar);
    let body = json!({ "timestamp": at, "temperature": measured.temperature,
        "humidity": measured.humidity, "doorStatus": measured.door_open, "powerStatus": true,
        "batteryLevel": measured.battery, "firmwareVersion": "demo-1.0" });
    let line = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(line)).await?;
    let connection = tokio::spawn(connection);
    let path = format!("/api/readings/devices/{}/readings", sensor.room.serial);
    let request = Request::post(path)
        .header(HOST, address.to_string())
        .header(CONTENT_TYPE, "application/json")
        .header("x-device-key", &sensor.key)
        .body(body.to_string())?;
    let status = sender.send_request(request).await?.status().as_u16();
    connection.abort();
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(room: Room) -> Vec<Measured> {
        let utc = Calendar::utc();
        let at = |minutes: i64| Measured::at(room, Timestamp::from_ms(minutes * MINUTE_MS), &utc);
        (0..1_440).map(at).collect()
    }

    fn ends(day: &[Measured]) -> (f64, f64) {
        let all = || day.iter().map(|measured| measured.temperature);
        (
            all().fold(f64::MAX, f64::min),
            all().fold(f64::MIN, f64::max),
        )
    }

    #[test]
    fn a_cold_room_warms_while_its_door_is_open() {
        let day = day(ROOMS[0]);
        assert!(day[0].door_open && day[1].door_open && !day[2].door_open && day[47].door_open);
        let (coldest, warmest) = ends(&day);
        assert!((3.0..=4.0).contains(&coldest), "{coldest}");
        assert!((4.6..=7.0).contains(&warmest), "{warmest}");
        assert!(day.iter().all(|m| (60.0..=100.0).contains(&m.humidity)));
    }

    #[test]
    fn two_cells_stay_well_and_two_do_not() {
        let beyond = |room: Room| ends(&day(room)).1 > room.most;
        assert_eq!(ROOMS.map(beyond), [false, true, true, true]);
        // The second one is beyond its limit for longer than its five minutes, but only while it is
        // defrosted and in the twenty minutes of grace after it.
        let all = day(ROOMS[1]);
        let (mut most, mut lasting) = (0, 0);
        for (minute, measured) in all.iter().enumerate() {
            let warm = measured.temperature > ROOMS[1].most;
            lasting = if warm { lasting + 1 } else { 0 };
            most = most.max(lasting);
            let since = (minute + 4 * 60) % (6 * 60);
            assert!(
                !warm || since < 40,
                "minute {minute}: {}",
                measured.temperature
            );
        }
        assert!(most > 5, "{most}");
        let open = day(ROOMS[2])
            .windows(10)
            .any(|ten| ten.iter().all(|m| m.door_open));
        assert!(open, "its door is left open");
    }
}
