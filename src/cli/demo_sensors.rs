//! Two sensors of the demo that push their readings as real ones do: over HTTP, with a key.
//!
//! Their keys are made anew at each start and are in memory only.

use crate::app::App;
use crate::base::{Batch, EquipmentId, Error, Metric, Phase, Reading, Result, Timestamp, Unit};
use crate::devices::{NewDevice, unit_of};
use crate::equipment::NewEquipment;
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
/// Their cold rooms: serial number of the sensor, name, wanted temperature.
const ROOMS: [(&str, &str, f64); 2] = [
    ("DEMO-COLD-1", "Cold room 1", 4.0),
    ("DEMO-COLD-2", "Cold room 2", -18.0),
];

/// A sensor in its cold room.
pub(super) struct Sensor {
    serial: &'static str,
    key: String,
    wanted: f64,
}

/// What a sensor measures at an instant, the same for everyone who asks.
struct Measured {
    temperature: f64,
    humidity: f64,
    door_open: bool,
    battery: f64,
}

impl Measured {
    fn at(wanted: f64, at: Timestamp) -> Self {
        // The compressor of a cold room comes and goes; its door opens every 47 minutes.
        let turns = |period_ms: i64| {
            #[allow(clippy::cast_precision_loss)] // a part of one turn
            let part = at.ms().rem_euclid(period_ms) as f64 / period_ms as f64;
            (part * std::f64::consts::TAU).sin()
        };
        let since_opened = at.ms().rem_euclid(47 * MINUTE_MS);
        let door_open = since_opened < 2 * MINUTE_MS;
        #[allow(clippy::cast_precision_loss)] // minutes
        let warmed = match since_opened {
            ms if ms < 2 * MINUTE_MS => ms as f64 / MINUTE_MS as f64,
            ms => 2.0 * (-((ms - 2 * MINUTE_MS) as f64) / (6.0 * MINUTE_MS as f64)).exp(),
        };
        let tenths = |value: f64| (value * 10.0).round() / 10.0;
        #[allow(clippy::cast_precision_loss)] // days
        let days = at.ms().rem_euclid(200 * 86_400_000) as f64 / 86_400_000.0;
        Self {
            temperature: tenths(wanted + 0.6 * turns(23 * MINUTE_MS) + warmed),
            humidity: tenths(78.0 + 3.0 * turns(91 * MINUTE_MS) + 2.0 * warmed),
            door_open,
            battery: (100.0 - days * 0.1).round(),
        }
    }

    fn readings(&self) -> Vec<Reading> {
        let values = [
            ("temperature", self.temperature),
            ("humidity", self.humidity),
            ("door_open", f64::from(u8::from(self.door_open))),
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

/// Finds the sensors, or adds them with their cold rooms, and gives each a new key.
pub(super) async fn furnish(app: &App, site: &str, actor: &Actor) -> Result<Vec<Sensor>> {
    let context = &app.context;
    let mut sensors = Vec::new();
    for (serial, name, wanted) in ROOMS {
        let key = match context.devices.by_serial(serial) {
            Some(device) => {
                let made = context.devices.renew_key(device.id, actor.clone()).await?;
                made.key
            }
            None => {
                let room = describe(name)?;
                let room = context.registry.create(room, site, actor.clone()).await?;
                write_past(app, room.id, wanted).await?;
                let device = NewDevice {
                    serial_number: serial.to_owned(),
                    name: Some(format!("Sensor of {name}")),
                    equipment_id: room.id,
                    expected_interval_s: 30,
                    metric_prefix: None,
                };
                context.devices.create(device, actor.clone()).await?.key
            }
        };
        sensors.push(Sensor {
            serial,
            key,
            wanted,
        });
    }
    Ok(sensors)
}

fn describe(name: &str) -> Result<NewEquipment> {
    let room = json!({ "name": name, "type": "Cold room", "model": "K2", "location": "Cold store",
        "install_date": "2024-05-01", "in_site_total": false });
    serde_json::from_value(room)
        .map_err(|cause| Error::internal("The demo plant is not well described.").because(cause))
}

/// What the sensor would have pushed in the last day and a half, by the minute.
async fn write_past(app: &App, room: EquipmentId, wanted: f64) -> Result<()> {
    let now = app.context.clock.now().floor_to(MINUTE_MS);
    let batch = |at: Timestamp| Batch {
        equipment: room,
        at,
        arrived: at,
        interval_ms: 60_000,
        readings: Measured::at(wanted, at).readings(),
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
                        tracing::warn!(serial = sensor.serial, status, "a push was refused");
                    }
                    Ok(Err(error)) => tracing::warn!(%error, "a demo sensor did not get through"),
                    Err(_) => tracing::warn!(serial = sensor.serial, "a push took too long"),
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
    let measured = Measured::at(sensor.wanted, at);
    let body = json!({ "timestamp": at, "temperature": measured.temperature,
        "humidity": measured.humidity, "doorStatus": measured.door_open, "powerStatus": true,
        "batteryLevel": measured.battery, "firmwareVersion": "demo-1.0" });
    let line = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(line)).await?;
    let connection = tokio::spawn(connection);
    let path = format!("/api/readings/devices/{}/readings", sensor.serial);
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

    #[test]
    fn a_cold_room_warms_while_its_door_is_open() {
        let at = |minutes: i64| Measured::at(4.0, Timestamp::from_ms(minutes * MINUTE_MS));
        assert!(at(0).door_open && at(1).door_open && !at(2).door_open && at(47).door_open);
        let day: Vec<_> = (0..1_440).map(at).collect();
        let warmest = day.iter().map(|m| m.temperature).fold(f64::MIN, f64::max);
        let coldest = day.iter().map(|m| m.temperature).fold(f64::MAX, f64::min);
        assert!((3.0..=4.0).contains(&coldest), "{coldest}");
        assert!((4.6..=7.0).contains(&warmest), "{warmest}");
        assert!(day.iter().all(|m| (60.0..=100.0).contains(&m.humidity)));
    }
}
