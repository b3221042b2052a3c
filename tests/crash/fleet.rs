//! A fleet of cold cells that push under `kill -9`: what was acknowledged is there, what was not is
//! sent again, and nothing is there twice.
//!
//! `CRASH_DEVICES`, `CRASH_ROUND_MS` and `CRASH_KILLS` say how large it is. The 2,000 devices of the
//! requirement that push every minute are `CRASH_DEVICES=2000 CRASH_ROUND_MS=60000` with
//! `INDUSMIND_BINARY` naming a release build.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

use crate::client::Client;
use crate::{Appliance, Chance};
use indusmind::base::{Clock as _, SystemClock, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Devices, the time over which they spread their pushes, and cuts of a normal run.
const DEVICES: u64 = 200;
const ROUND_MS: u64 = 400;
const KILLS: u64 = 6;
/// Rows of one list of cells.
const LIST: u64 = 400;
/// Pushes under way at once: what a line to the outside carries.
const AT_ONCE: usize = 128;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is a whole number"))
    })
}

/// A device and the readings that it has.
struct Sensor {
    serial: String,
    key: String,
    equipment: String,
    /// All that it measured, by instant.
    measured: BTreeMap<Timestamp, f64>,
    /// What of it was acknowledged.
    acknowledged: BTreeSet<Timestamp>,
}

/// Makes a customer with a cell for each device.
async fn furnish(client: &Client, devices: u64) -> Vec<Sensor> {
    let customer = json!({ "name": "Fleet" });
    client.post("/coldchain/customers", customer).await.unwrap();
    let mut keys = BTreeMap::new();
    for first in (0..devices).step_by(usize::try_from(LIST).unwrap()) {
        let head = "customer,location,cell,set_point_c,max_c,serial_number\n".to_owned();
        let rows =
            (first..devices.min(first + LIST)).map(|n| format!("Fleet,Hall,C-{n},4,99,C-{n}\n"));
        let table = rows.fold(head, |all, row| all + &row);
        let made = client.post_table("/coldchain/cells/import", table).await;
        for one in made.unwrap()["devices"].as_array().expect("devices") {
            let text = |name: &str| one[name].as_str().expect("a text").to_owned();
            keys.insert(text("serial_number"), text("key"));
        }
    }
    let cells = client.every("/coldchain/cells").await.unwrap();
    let sensor = |cell: &Value| {
        let text = |name: &str| cell[name].as_str().expect("a text").to_owned();
        let serial = text("name");
        Sensor {
            key: keys.remove(&serial).expect("each cell has its device"),
            equipment: text("equipment_id"),
            serial,
            measured: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
        }
    };
    cells.iter().map(sensor).collect()
}

/// What a push needs: whose it is, and what it brings.
type Push = (usize, String, String, Timestamp, f64);

/// Sends pushes, spread over a time; which were acknowledged, and after how many ms.
async fn send(client: &Client, pushes: Vec<Push>, over: Duration) -> Vec<(usize, Timestamp, f64)> {
    let (began, many) = (Instant::now(), u32::try_from(pushes.len().max(1)).unwrap());
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut under_way = JoinSet::new();
    for (nth, (at, serial, key, instant, value)) in (0..).zip(pushes) {
        tokio::time::sleep_until((began + over / many * nth).into()).await;
        let (client, room) = (client.clone(), Arc::clone(&room));
        under_way.spawn(async move {
            let _permit = room.acquire().await.expect("nobody closes it");
            let sent = Instant::now();
            let body = json!({ "timestamp": instant, "temperature": value });
            let stored = client.push((&serial, &key), body).await;
            stored.then(|| (at, instant, sent.elapsed().as_secs_f64() * 1e3))
        });
    }
    under_way.join_all().await.into_iter().flatten().collect()
}

/// What is still to be sent of some devices: all that was not acknowledged; of every third device
/// what was, too, as one that did not hear its answer would.
fn repeats(sensors: &[Sensor]) -> Vec<Push> {
    let of = |(at, sensor): (usize, &Sensor)| {
        let last = sensor
            .measured
            .iter()
            .next_back()
            .map(|(instant, _)| *instant);
        let again = move |instant: &Timestamp| {
            !sensor.acknowledged.contains(instant) || (at % 3 == 0 && last == Some(*instant))
        };
        let readings = sensor.measured.iter();
        let some: Vec<Push> = readings
            .filter(|(instant, _)| again(instant))
            .map(|(instant, value)| {
                let (serial, key) = (sensor.serial.clone(), sensor.key.clone());
                (at, serial, key, *instant, *value)
            })
            .collect();
        some
    };
    sensors.iter().enumerate().flat_map(of).collect()
}

/// Reads everything back: `whole` when nothing is under way, otherwise what was acknowledged is
/// there and nothing that was never measured.
async fn read_back(client: &Client, sensors: &[Sensor], whole: bool) -> usize {
    let mut read = 0;
    for sensor in sensors {
        let Some((first, _)) = sensor.measured.first_key_value() else {
            continue;
        };
        let to = SystemClock.now().plus_ms(60_000).to_string();
        let from = first.minus_ms(60_000).to_string();
        let found = client.raw(&sensor.equipment, "temperature", &from, &to);
        let found = found.await.unwrap();
        let count = found.len();
        let found: BTreeMap<Timestamp, f64> = found
            .into_iter()
            .map(|(at, value)| (at.parse().expect("an instant"), value))
            .collect();
        assert_eq!(found.len(), count, "{} has a reading twice", sensor.serial);
        for (at, value) in &found {
            let measured = sensor.measured.get(at);
            assert_eq!(measured, Some(value), "{} at {at}", sensor.serial);
        }
        let missing: Vec<_> = (sensor.acknowledged.iter())
            .filter(|at| !found.contains_key(at))
            .collect();
        assert!(missing.is_empty(), "{} lost {missing:?}", sensor.serial);
        if whole {
            assert_eq!(found, sensor.measured, "{}", sensor.serial);
        }
        read += count;
    }
    read
}

async fn signed_in(appliance: &Appliance) -> Client {
    let client = Client::new(&appliance.address);
    client.clone().with(&client.login().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_push_is_lost_and_none_is_there_twice() {
    let mut chance = Chance::of_this_run("fleet");
    let devices = number("CRASH_DEVICES", DEVICES);
    let round_ms = number("CRASH_ROUND_MS", ROUND_MS);
    let kills = number("CRASH_KILLS", KILLS);
    let place = tempfile::tempdir().unwrap();
    let mut appliance = Appliance::start(place.path()).await;
    let nobody = Client::new(&appliance.address);
    let token = appliance.setup_token().await;
    nobody.set_up(&token).await.unwrap();
    let mut client = signed_in(&appliance).await;
    let mut sensors = furnish(&client, devices).await;
    assert_eq!(sensors.len() as u64, devices);
    let (mut times, mut cut, mut read) = (Vec::new(), 0, 0);
    for kill in 1..=kills {
        let now = SystemClock.now();
        let mut pushes = Vec::new();
        for (at, sensor) in sensors.iter_mut().enumerate() {
            // Of this device and this round only: a reading of another is found out.
            let value = (at as f64).mul_add(0.001, kill as f64);
            let value = (value * 1e3).round() / 1e3;
            sensor.measured.insert(now, value);
            pushes.push((at, sensor.serial.clone(), sensor.key.clone(), now, value));
        }
        let fleet = client.clone();
        let over = Duration::from_millis(round_ms);
        let pushing = tokio::spawn(async move { send(&fleet, pushes, over).await });
        appliance
            .kill_after_us(chance.below(round_ms * 1_000))
            .await;
        let done = pushing.await.unwrap();
        cut += sensors.len() - done.len();
        for (at, instant, ms) in done {
            sensors[at].acknowledged.insert(instant);
            times.push(ms);
        }
        appliance = Appliance::start(place.path()).await;
        client = signed_in(&appliance).await;
        read += read_back(&client, &sensors, false).await;
        for (at, instant, _) in send(&client, repeats(&sensors), Duration::ZERO).await {
            sensors[at].acknowledged.insert(instant);
        }
        let all = |sensor: &Sensor| sensor.acknowledged.len() == sensor.measured.len();
        assert!(sensors.iter().all(all), "a device was not let in again");
        read += read_back(&client, &sensors, true).await;
    }
    assert!(
        cut > 0 && !times.is_empty(),
        "every cut fell beside a round"
    );
    times.sort_by(f64::total_cmp);
    let share = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "fleet: {devices} devices, {kills} kills; {} pushes answered before a cut (p50 {:.1} ms, \
         p99 {:.1} ms), {cut} cut off and sent again, {read} readings read back; nothing is lost, \
         nothing is there twice",
        times.len(),
        share(0.5),
        share(0.99)
    );
}
