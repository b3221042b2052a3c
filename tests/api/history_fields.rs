//! Which fields the points of the history have.

use super::history::{Morning, at, point};
use crate::support::{assert_near, keys};

#[tokio::test]
async fn the_optional_fields_come_when_they_are_asked_for() {
    let morning = Morning::new().await;
    let more = "&metric=power&fields=min,max,coverage,frequency,powerFactor,current,temperature";
    let query = format!("&meter_id={}{more}", morning.main);
    let window = morning.ask("15min", &query).await;
    let first = point(&window, "08:00");
    let powers = ["08:00", "08:05", "08:10"].map(|t| morning.meter().truth("power", at(t)));
    let [least, most] = [f64::min, f64::max].map(|pick| powers.into_iter().reduce(pick).unwrap());
    let currents = ["08:00", "08:05", "08:10"].map(|t| morning.meter().truth("current", at(t)));
    let current = currents.into_iter().sum::<f64>() / 3.0;
    for (name, expected) in [
        ("min", least),
        ("max", most),
        ("coverage", 1.0),
        ("frequency", 50.02),
        ("powerFactor", 0.9),
        ("current", current),
        ("temperature", -4.5),
        ("value", powers.iter().sum::<f64>() / 3.0),
    ] {
        assert_near(&first[name], expected, name);
    }
    assert_near(
        &point(&window, "09:00")["coverage"],
        1.0 / 3.0,
        "five minutes of fifteen",
    );
    let hole = point(&window, "09:15");
    assert_near(&hole["coverage"], 0.0, "nothing was seen");
    assert!(hole["min"].is_null() && hole["value"].is_null());
    let one = morning
        .ask("15min", &format!("&meter_id={}&fields=max", morning.main))
        .await;
    assert_eq!(
        keys(point(&one, "08:00")),
        [
            "consumption",
            "max",
            "power",
            "timestamp",
            "value",
            "voltage"
        ]
    );
}

#[tokio::test]
async fn voltage_is_left_out_when_it_is_not_wanted() {
    let morning = Morning::new().await;
    for resolution in ["15min", "raw"] {
        let meter = format!("&meter_id={}", morning.main);
        let mut with = morning.ask(resolution, &meter).await;
        let without = morning
            .ask(resolution, &format!("{meter}&voltage=false"))
            .await;
        let names = ["consumption", "power", "timestamp", "value"];
        assert_eq!(keys(&without["series"][0]), names);
        for point in with["series"].as_array_mut().unwrap() {
            let volts = point.as_object_mut().unwrap().remove("voltage");
            assert!(volts.is_some(), "{point}");
        }
        assert_eq!(with, without, "nothing else changes");
    }
    let refused =
        "/api/historical/consumption?from=2026-11-21&to=2026-11-22&resolution=daily&voltage=no";
    let refused = morning.chief.get(refused).await;
    assert_eq!(refused.status, 400);
}
