//! Readings in and out by the command line, on the directory of a stopped appliance.

use crate::support::{Appliance, EMAIL, PASSWORD, assert_near};
use serde_json::json;
use std::path::Path;
use std::process::{Command, Output};

/// Runs a command on the data of an appliance; what it said, and whether it went well.
fn run(data: &Path, arguments: &[&str]) -> (bool, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_indusmind"))
        .args(arguments)
        .env("INDUSMIND_DATA_DIR", data)
        .output()
        .unwrap();
    let said = [stdout, stderr].concat();
    (status.success(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn readings_are_carried_in_and_out() {
    let (mut appliance, chief) = Appliance::furnished().await;
    let meter = json!({ "name": "Main", "type": "Meter", "model": "T1",
        "install_date": "2024-05-01" });
    let id = chief.add_equipment(&meter).await;
    let file = appliance.data_file();
    let data = file.parent().unwrap();
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let table = "timestamp,power\n2026-11-20 08:00:00,10\n2026-11-20 08:01:00,ten\n\
                 2026-11-20 08:02:00,12\n";
    std::fs::write(path("day.csv"), table).unwrap();
    let import = ["import", &path("day.csv"), "--equipment", "Main"];

    let (done, said) = run(data, &import);
    assert!(
        !done && said.contains("in use by") && said.contains("/api/v2/write"),
        "{said}"
    );
    appliance.stop().await;
    let (done, said) = run(data, &import);
    assert!(!done && said.contains("nothing was loaded"), "{said}");
    let place_of_row = format!("{}:3: column power:", path("day.csv"));
    assert!(said.contains(&place_of_row), "{said}");
    let skipping = [&import[..], &["--skip-bad"]].concat();
    let (done, said) = run(data, &[&skipping[..], &["--check"]].concat());
    assert!(done && said.contains("3 rows, 1 of them bad"), "{said}");
    let (done, said) = run(data, &skipping);
    assert!(
        done && said.contains("3 rows, 2 loaded, 1 left out"),
        "{said}"
    );
    let (done, said) = run(data, &skipping);
    assert!(done && said.contains("loaded already"), "{said}");
    let out = path("out");
    let (done, said) = run(data, &["export", "--out", &out]);
    assert!(
        done && said.contains("readings-2026-11.lp.gz: 2 rows"),
        "{said}"
    );
    let (done, said) = run(data, &["export", "--out", &out]);
    assert!(!done && said.contains("not empty"), "{said}");
    let manifest = std::fs::read_to_string(place.path().join("out/manifest.json")).unwrap();
    assert!(manifest.contains("\"sha256\"") && !manifest.contains("password"));
    let (done, said) = run(&place.path().join("nowhere"), &skipping);
    assert!(
        !done && said.contains("There is no data directory"),
        "{said}"
    );

    appliance.start().await;
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let path = format!(
        "/api/historical/consumption?from=2026-11-20&to=2026-11-21&resolution=raw&meter_id={id}"
    );
    let points = chief.get(&path).await.data()["series"].clone();
    // Eight o'clock in Tunis.
    assert_eq!(points[0]["timestamp"], "2026-11-20T07:00:00.000Z");
    assert_near(&points[1]["power"], 12.0, "the second good row");
    assert_eq!(points.as_array().unwrap().len(), 2);
    assert!(
        chief
            .audit()
            .await
            .iter()
            .any(|entry| entry["action"] == "readings.import")
    );
}
