//! Cold cells whose sensors push every minute, spread over the minute as real ones are: how long each
//! waits for its answer, which comes when its reading is on disk, and whether anything was lost.

use crate::measure::Process;
use crate::report::{Table, figure};
use crate::support::Appliance;
use indusmind::auth::Reach;
use indusmind::base::Clock as _;
use indusmind::coldchain::{NewCellDevice, NewCustomer, NewLocation};
use indusmind::store::audit::Actor;
use reqwest::Method;
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The fleet of the requirement.
const DEVICES: u64 = 2_000;
/// How often each pushes, and for how long it goes on.
const EVERY: Duration = Duration::from_secs(60);
const ROUNDS: u64 = 3;

/// Makes the cells; serial numbers and keys of their devices.
async fn furnish(appliance: &Appliance) -> Vec<(String, String)> {
    appliance.set_up().await;
    let (coldchain, by) = (&appliance.context().coldchain, Actor::console());
    let customer: NewCustomer = serde_json::from_value(json!({ "name": "Fleet" })).unwrap();
    let customer = coldchain.add_customer(customer, by.clone()).await.unwrap();
    let place = NewLocation {
        customer_id: customer.id,
        name: "Store".to_owned(),
        address: None,
    };
    let place = coldchain
        .add_location(&Reach::ALL, place, by.clone())
        .await
        .unwrap();
    let mut devices = Vec::new();
    for number in 0..DEVICES {
        let said = json!({ "location_id": place.id, "name": format!("Cell {number}"),
            "set_point_c": 4, "max_c": 8 });
        let said = serde_json::from_value(said).unwrap();
        let cell = coldchain
            .add_cell(&Reach::ALL, said, by.clone())
            .await
            .unwrap();
        let device = NewCellDevice {
            serial_number: format!("C-{number}"),
            name: None,
            expected_interval_s: None,
            probe: None,
        };
        let made = coldchain
            .add_device(&Reach::ALL, cell.id, device, by.clone())
            .await;
        let made = made.unwrap();
        devices.push((made.device.serial_number, made.key));
    }
    devices
}

/// Measures and prints.
pub(crate) async fn run() {
    let appliance = Arc::new(Appliance::new().await);
    let devices = furnish(&appliance).await;
    let client = Arc::new(appliance.client());
    let (process, began) = (Process::own(), Instant::now());
    let (cpu, written) = (process.cpu(), process.written());
    let mut waiting = tokio::task::JoinSet::new();
    for round in 0..ROUNDS {
        for (n, (serial, key)) in (0..DEVICES).zip(&devices) {
            let due = EVERY.mul_f64(round as f64 + n as f64 / DEVICES as f64);
            tokio::time::sleep_until((began + due).into()).await;
            if n == 0 && round > 0 {
                appliance.clock.advance(EVERY);
            }
            let (client, at) = (Arc::clone(&client), appliance.clock.now());
            let path = format!("/api/readings/devices/{serial}/readings");
            let body = json!({ "timestamp": at, "temperature": 4.0 + (n % 7) as f64,
                "doorStatus": false, "powerStatus": true, "batteryLevel": 80 });
            let key = key.clone();
            waiting.spawn(async move {
                let sent = Instant::now();
                let request = client.request(Method::POST, &path);
                let answer = request.header("x-device-key", key).json(&body).send().await;
                let stored = answer.is_ok_and(|answer| answer.status().as_u16() == 201);
                (sent.elapsed().as_secs_f64() * 1e3, stored)
            });
        }
    }
    let mut times: Vec<f64> = Vec::new();
    let mut lost = 0;
    while let Some(done) = waiting.join_next().await {
        let (ms, stored) = done.unwrap();
        times.push(ms);
        lost += u64::from(!stored);
    }
    times.sort_by(f64::total_cmp);
    let share = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    let title = "2,000 devices of cold cells push every minute, each answered from the disk";
    let head = [
        "pushes",
        "p50 ms",
        "p99 ms",
        "worst ms",
        "not stored",
        "CPU s",
        "written MB",
    ];
    let mut table = Table::new(title, &head);
    table.line([
        times.len().to_string(),
        figure(share(0.5)),
        figure(share(0.99)),
        figure(share(1.0)),
        lost.to_string(),
        figure(process.cpu().since(cpu)),
        figure((process.written() - written) as f64 / 1e6),
    ]);
    table.print();
}
