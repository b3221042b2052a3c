//! A real small file system that runs full at twenty points under everything that the appliance
//! writes: polls, readings that are written, changes, photos, backups, reports, an update, the log.
//!
//! Each time a person signs in, changes, deletes and acknowledges, also while somebody else takes each
//! block that becomes free; what cannot be done is refused with a sentence, the page says what is wrong,
//! and it heals without a restart; at the end nothing acknowledged is missing. `CRASH_FILE_SYSTEM=xfs` takes
//! another kind, `CRASH_POINTS` another number of points.

use crate::appliance::{Appliance, binary, check};
use crate::client::Client;
use crate::full_works::{LINES, Ledger, PAUSE, Run, TRIES, WORKS, Work};
use crate::ledger::Fields;
use crate::plant::Plant;
use crate::small_disk::SmallDisk;
use indusmind::launcher::files::Files;
use indusmind::launcher::home::Home;
use indusmind::launcher::record::{Pair, Record, Slot};
use serde_json::json;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

const DISK_MB: u64 = 4_000;
/// What is left free at each point, kB; after the last the first again.
const LEFT_KB: [u64; 20] = [
    0, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 640, 768, 896, 1_024, 2_048,
];
/// What others leave all the time, bytes: enough for an update, and little enough for the alert.
const BASE_LEFT: u64 = 720 << 20;
/// Rounds in which a full disk has to be met; ten times as many where nothing at all is refused.
const ROUNDS: usize = 4;
/// At each so-manieth point somebody else takes what becomes free.
const GREEDY_EVERY: usize = 4;

/// A home as the launcher makes it, so that updates are taken.
fn installed(place: &Path) -> Home {
    let (home, files) = (Home::at(place.join("home")), Files::default());
    std::fs::create_dir_all(home.data(1)).unwrap();
    let program = place.join("program");
    std::fs::write(&program, "the program that runs").unwrap();
    let hash = home.fill(&files, Slot::A, &program).unwrap();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let (slot, data) = (Slot::A, 1);
    let current = Pair {
        slot,
        hash,
        version,
        data,
    };
    home.write(&files, &mut Record::first(current)).unwrap();
    home
}

/// Starts the appliance on the disk, with its log on it, and a meter that is polled.
async fn begin(place: &Path, home: &Home, plant: &Plant) -> (Appliance, Run) {
    let environment: [(&str, &OsStr); 2] = [
        ("INDUSMIND_LAUNCHED", OsStr::new("1")),
        ("INDUSMIND_HOME", home.path().as_os_str()),
    ];
    let log = place.join("appliance.log");
    let settings = format!("log_file = {log:?}\n");
    let mut appliance = Appliance::start_with(place, &environment, &settings).await;
    let client = Client::new(&appliance.address);
    let token = appliance.setup_token().await;
    client.set_up(&token).await.expect("set-up");
    let client = client.clone().with(&client.login().await.expect("login"));
    let backups = json!({ "settings": { "folder": place.join("backups"), "at": "02:30",
        "days": [1], "keep": { "daily": 1, "weekly": 0, "monthly": 0 }, "encrypt": false } });
    std::fs::create_dir_all(place.join("backups")).unwrap();
    client
        .put("/backups/settings", backups)
        .await
        .expect("a folder");
    let fields = Fields {
        model: "T1".to_owned(),
        location: "Hall".to_owned(),
    };
    let polled = client
        .create("Polled", &fields, Some(plant.modbus(1)))
        .await;
    let written = client.create("Written", &fields, None).await;
    let run = Run {
        client,
        polled: polled.expect("a meter"),
        written: written.expect("a meter"),
        ledger: Ledger::default(),
    };
    (appliance, run)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_full_points_on_real_file_systems_lose_nothing_and_heal() {
    let kind = std::env::var("CRASH_FILE_SYSTEM").unwrap_or_else(|_| "ext4".to_owned());
    let points = std::env::var("CRASH_POINTS").map_or(LEFT_KB.len(), |text| {
        text.parse().expect("CRASH_POINTS is a whole number")
    });
    let outside = tempfile::tempdir().unwrap();
    let place = outside.path().join("disk");
    let Some(disk) = SmallDisk::real(&place, DISK_MB, &kind) else {
        println!(
            "NOT RUN: a disk of its own, because this user may not mount one, or no mkfs.{kind}"
        );
        return;
    };
    let plant = Plant::start().await;
    let home = installed(&place);
    let (mut appliance, mut run) = begin(&place, &home, &plant).await;
    run.heal(0).await;
    let base = disk.fill("others", BASE_LEFT);
    for attempt in 1.. {
        if run.has_alert().await {
            break;
        }
        assert!(attempt < TRIES, "no alert about the disk");
        tokio::time::sleep(PAUSE).await;
    }
    run.acknowledges_what_is_full().await;
    for point in 0..points {
        let session = run.client.login().await.expect("login");
        run.client = run.client.clone().with(&session);
        let more = disk.fill("more", LEFT_KB[point % LEFT_KB.len()] << 10);
        let greedy = point
            .is_multiple_of(GREEDY_EVERY)
            .then(|| disk.greedy("greedy"));
        let mut refused = BTreeSet::new();
        for round in 0.. {
            for n in 0..WORKS.len() {
                let work = WORKS[(n + point) % WORKS.len()];
                if !run.work(work).await {
                    refused.insert(work);
                }
            }
            run.look().await;
            // What is free inside the data file is written to for a while.
            if refused.contains(&Work::Write) || (round >= ROUNDS && !refused.is_empty()) {
                break;
            }
            assert!(
                round < 10 * ROUNDS,
                "point {point}: the disk never was full"
            );
        }
        run.person(point).await;
        let refused_people = refused.contains(&Work::Change);
        assert!(!refused_people, "point {point}: a change was refused");
        assert!(
            run.is_told().await,
            "point {point}: the page says all is well"
        );
        assert!(run.has_alert().await, "point {point}: the alert is gone");
        assert!(!home.staging().exists(), "half of an update is left");
        drop(greedy);
        std::fs::remove_file(more).unwrap();
        run.heal(point).await;
        println!("{kind}: point {point} healed; refused there: {refused:?}");
    }
    std::fs::remove_file(base).unwrap();
    run.look().await;
    appliance.kill_after_us(0).await;
    check(&place);
    for backup in std::fs::read_dir(place.join("backups")).unwrap().flatten() {
        let mut command = std::process::Command::new(binary());
        let proven = command.arg("verify-backup").arg(backup.path()).output();
        let proven = proven.unwrap();
        let said = String::from_utf8_lossy(&proven.stderr);
        assert!(proven.status.success(), "{:?}: {said}", backup.path());
    }
    let appliance = Appliance::start(&place).await;
    let client = Client::new(&appliance.address);
    run.client = client.clone().with(&client.login().await.expect("login"));
    run.read_back().await;
    let ledger = &run.ledger;
    for work in [Work::Write, Work::Photo] {
        assert!(
            ledger.refused.contains_key(&work),
            "{work:?} never met a full disk"
        );
    }
    println!(
        "{kind}: {points} points; {} writings of {LINES}, {} changes and {} polled values are all there; \
         refused: {:?}; at each of them somebody signed in, changed and deleted on the full disk",
        ledger.written.len(),
        ledger.names.len(),
        ledger.shown.len(),
        ledger.refused
    );
    drop((appliance, disk));
}
