//! A month of cold cells in minutes: devices whose clocks are wrong, networks that are gone for two
//! days, and what they bring afterwards. Every excursion is found once, with the right length: the
//! measure is a direct computation on all that was measured, which knows nothing of the room.

use crate::coldchain::{cell, customer, device, excursions, text};
use crate::push_devices::push;
use crate::support::{Appliance, EMAIL, PASSWORD, eventually};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// How often a device measures, ms, and for how long a value stands.
const STEP_MS: i64 = 5 * MINUTE_MS;
const HOLD_MS: i64 = 2 * STEP_MS;
const LIMIT_C: f64 = 8.0;
const DELAY_MS: i64 = 20 * MINUTE_MS;
/// Steps of the month: how much a device brings at once, ms.
const ROUND_MS: i64 = 12 * HOUR_MS;
const DAYS: i64 = 30;

/// Chance that is the same each time (SplitMix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self, below: u64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        i64::try_from((z ^ (z >> 31)) % below).unwrap()
    }
}

/// What a probe measures: steps of ms since the start, and degrees.
type Measured = BTreeMap<i64, f64>;

/// A month of a probe: well, with warm times of between five minutes and five hours in it.
fn month(seed: u64, skew_ms: i64) -> Measured {
    let mut chance = Chance(seed);
    let mut measured = Measured::new();
    let mut warm = 0;
    for n in 0..DAYS * 24 * HOUR_MS / STEP_MS {
        if warm == 0 && chance.next(90) == 0 {
            warm = 1 + chance.next(60);
        }
        let tenths = match warm {
            0 => 35 + chance.next(10),
            _ => 81 + chance.next(60),
        };
        warm = (warm - 1).max(0);
        #[allow(clippy::cast_precision_loss)] // tenths of a degree
        measured.insert(n * STEP_MS + skew_ms, tenths as f64 / 10.0);
    }
    measured
}

/// The warm times, computed directly: at each instant the warmest value that is fresh.
fn directly(probes: &[Measured]) -> Vec<(i64, i64)> {
    let mut instants: Vec<i64> = probes.iter().flat_map(|one| one.keys().copied()).collect();
    instants.sort_unstable();
    instants.dedup();
    let warmest = |at: i64| {
        let fresh = |one: &Measured| {
            let (of, value) = one
                .range(..=at)
                .next_back()
                .map(|(of, value)| (*of, *value))?;
            (at - of <= HOLD_MS).then_some(value)
        };
        probes.iter().filter_map(fresh).fold(f64::MIN, f64::max)
    };
    let (mut found, mut since) = (Vec::new(), None);
    let last = instants.last().copied().unwrap_or_default();
    for at in instants {
        match (warmest(at) > LIMIT_C, since) {
            (true, None) => since = Some(at),
            (false, Some(begin)) => {
                if at - begin >= DELAY_MS {
                    found.push((begin, at));
                }
                since = None;
            }
            _ => {}
        }
    }
    // What is warm at the end of the month lasts.
    let lasts = since.filter(|begin| last - begin >= DELAY_MS);
    found.extend(lasts.map(|begin| (begin, i64::MAX)));
    found
}

/// A device on its way through the month.
struct Sensor {
    serial: String,
    key: String,
    measured: Measured,
    sent_to: i64,
    /// Until when its network is gone, ms since the start.
    gone_until: i64,
}

impl Sensor {
    /// Brings what was measured before `now`, unless the network is gone.
    async fn bring(&mut self, appliance: &Appliance, start: i64, now: i64) {
        if now < self.gone_until {
            return;
        }
        let waiting = self.measured.range(self.sent_to..now);
        let waiting: Vec<_> = waiting.map(|(at, value)| (*at, *value)).collect();
        for part in waiting.chunks(500) {
            let reading = |(at, value): &(i64, f64)| {
                let at = indusmind::base::Timestamp::from_ms(start + at);
                json!({ "timestamp": at, "temperature": value })
            };
            let readings: Vec<Value> = part.iter().map(reading).collect();
            let body = json!({ "readings": readings });
            push(&appliance.client(), &self.serial, &self.key, &body)
                .await
                .created();
        }
        self.sent_to = now;
    }
}

#[tokio::test]
async fn a_month_with_outages_and_wrong_clocks_has_each_excursion_once() {
    let (mut appliance, chief) = Appliance::furnished_at("2026-09-01T00:00:00Z").await;
    let start = appliance.now().ms();
    let (_, _, place) = customer(&chief, "Medina Foods").await;
    // One cell with a probe, one with two, whose clocks are four minutes apart from each other.
    let plans: [&[(u64, i64)]; 2] = [&[(1, 0)], &[(2, 0), (3, 4 * MINUTE_MS)]];
    let (mut cells, mut sensors) = (Vec::new(), Vec::new());
    for (n, plan) in plans.iter().enumerate() {
        let said = json!({ "name": format!("Cell {n}"), "high_delay_s": DELAY_MS / 1_000,
            "max_c": LIMIT_C, "interval_s": STEP_MS / 1_000 });
        let id = cell(&chief, &place, said).await;
        let mut probes = Vec::new();
        for (seed, skew_ms) in plan.iter() {
            let serial = format!("S-{seed}");
            let key = device(&chief, &id, &serial).await;
            let measured = month(*seed, *skew_ms);
            probes.push(measured.clone());
            sensors.push(Sensor {
                serial,
                key,
                measured,
                sent_to: 0,
                gone_until: 0,
            });
        }
        cells.push((id, directly(&probes)));
    }
    let mut chance = Chance(99);
    let mut now = 0;
    while now < DAYS * 24 * HOUR_MS {
        appliance.advance(ROUND_MS);
        now += ROUND_MS;
        for sensor in &mut sensors {
            let back = now >= sensor.gone_until;
            if back && sensor.sent_to + ROUND_MS >= now && chance.next(6) == 0 {
                // Gone for two days at most: what is older is not taken any more.
                sensor.gone_until = now + ROUND_MS * (1 + chance.next(3));
            }
            sensor.bring(&appliance, start, now).await;
        }
        if now == 15 * 24 * HOUR_MS {
            appliance.stop().await;
            appliance.start().await;
        }
    }
    for sensor in &mut sensors {
        sensor.gone_until = 0;
        sensor.bring(&appliance, start, now).await;
    }
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    for (id, expected) in &cells {
        assert!(expected.len() > 40, "{}", expected.len());
        all_found(&chief, id, start, expected).await;
    }
}

/// Waits until what is found is what was computed.
async fn all_found(
    chief: &crate::support::client::Client,
    id: &str,
    start: i64,
    expected: &[(i64, i64)],
) {
    let at = |one: &Value, name: &str| {
        let instant: indusmind::base::Timestamp = text(one, name).parse().unwrap();
        instant.ms() - start
    };
    let found = eventually("each excursion once", || async {
        let path = format!("/api/coldchain/cells/{id}/excursions");
        let mut all = excursions(chief, id).await;
        let total = chief.get(&path).await.data()["total"].as_u64().unwrap();
        for page in 2..=total.div_ceil(100) {
            let more = chief
                .get(&format!("{path}?page_size=100&page={page}"))
                .await
                .data();
            all.extend(more["items"].as_array().unwrap().iter().cloned());
        }
        all.retain(|one| one["withdrawn"] == false);
        let span = |one: &Value| {
            let end = one["ended_at"].is_string().then(|| at(one, "ended_at"));
            (at(one, "began_at"), end.unwrap_or(i64::MAX))
        };
        let mut spans: Vec<_> = all.iter().map(span).collect();
        spans.sort_unstable();
        (spans == expected).then_some(all)
    })
    .await;
    for one in &found {
        let measured = one["duration_s"].as_i64().unwrap();
        if one["ended_at"].is_string() {
            let length_ms = at(one, "ended_at") - at(one, "began_at");
            assert_eq!(measured * 1_000, length_ms, "{one}");
            assert_eq!(one["beyond_s"], measured, "{one}");
            assert_eq!(one["gap_s"], 0, "{one}");
        }
    }
}
