//! A backup and a restore that are killed: what is called a backup is whole, and the data are the
//! old ones or the restored ones.

use crate::Chance;
use crate::appliance::{Appliance, binary, check, data_in};
use crate::client::Client;
use crate::ledger::Fields;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// Kills of each kind; `CRASH_ROUNDS` changes it.
const KILLS: u64 = 12;

fn kills() -> u64 {
    std::env::var("CRASH_ROUNDS").map_or(KILLS, |text| {
        text.parse().expect("CRASH_ROUNDS is a whole number")
    })
}

fn command(words: &[&str], paths: &[&Path]) -> Command {
    let mut command = Command::new(binary());
    command.args(words).args(paths).env_remove("INDUSMIND_LOG");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn told(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

fn backup(place: &Path, stick: &Path) -> Command {
    let mut command = command(&["backup", "--data-dir"], &[&data_in(place)]);
    command.arg("--to").arg(stick);
    command
}

fn restore(place: &Path, from: &Path) -> Command {
    let mut command = command(&["restore"], &[from]);
    command.arg("--data-dir").arg(data_in(place));
    command
}

/// Starts it and kills it after so many microseconds; whether it was through before.
fn kill_after_us(mut command: Command, microseconds: u64) -> bool {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    std::thread::sleep(Duration::from_micros(microseconds));
    let through = child.try_wait().expect("it can be asked").is_some();
    let _ = child.kill();
    child.wait().expect("a killed child ends");
    through
}

/// The folders that are called backups.
fn backups(stick: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(stick).unwrap().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.extension().is_none()).collect()
}

/// Starts the appliance and signs in; sets it up when it is new.
async fn start(place: &Path) -> (Appliance, Client) {
    let mut appliance = Appliance::start(place).await;
    let client = Client::new(&appliance.address);
    if !client.is_set_up().await {
        let token = appliance.setup_token().await;
        client.set_up(&token).await.expect("set-up");
    }
    let session = client.login().await.expect("login");
    (appliance, client.with(&session))
}

/// Adds a machine and kills the appliance; the machines that there are.
async fn add(place: &Path, number: u64) -> Vec<String> {
    let (appliance, client) = start(place).await;
    let fields = Fields {
        model: "T1".to_owned(),
        location: "Hall".to_owned(),
    };
    let name = format!("machine {number}");
    client
        .create(&name, &fields, None)
        .await
        .expect("a machine");
    names(appliance, &client).await
}

async fn machines(place: &Path) -> Vec<String> {
    let (appliance, client) = start(place).await;
    names(appliance, &client).await
}

async fn names(mut appliance: Appliance, client: &Client) -> Vec<String> {
    let all = client.list().await.expect("the machines");
    appliance.kill_after_us(0).await;
    all.into_iter().map(|(name, ..)| name).collect()
}

/// What lies in a folder that a drill was given.
fn left_in(scratch: &Path) -> usize {
    std::fs::read_dir(scratch).unwrap().count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_proves_a_backup_touches_nothing_and_leaves_nothing() {
    let (place, stick) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let scratch = tempfile::tempdir().unwrap();
    add(place.path(), 1).await;
    let made = backup(place.path(), stick.path()).output().unwrap();
    assert!(made.status.success(), "{}", told(&made));
    let good = backups(stick.path()).remove(0);
    let drill = || {
        let mut command = command(&["drill"], &[&good]);
        command.arg("--scratch").arg(scratch.path());
        command.output().unwrap()
    };
    let done = drill();
    assert!(done.status.success(), "{}", told(&done));
    assert_eq!(left_in(scratch.path()), 0);
    // The appliance that it is of goes on as it was.
    assert_eq!(machines(place.path()).await, ["machine 1"]);

    let largest = std::fs::read_dir(&good).unwrap().flatten();
    let largest = largest.max_by_key(|entry| entry.metadata().unwrap().len());
    let largest = largest.unwrap().path();
    let mut bytes = std::fs::read(&largest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&largest, bytes).unwrap();
    let refused = drill();
    assert!(!refused.status.success(), "{}", told(&refused));
    assert_eq!(left_in(scratch.path()), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_backup_is_none_and_a_killed_restore_is_old_or_new() {
    let mut chance = Chance::of_this_run("backup");
    let (place, stick) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    add(place.path(), 1).await;
    let began = std::time::Instant::now();
    let whole = backup(place.path(), stick.path()).output().unwrap();
    assert!(whole.status.success(), "{}", told(&whole));
    let takes_us = u64::try_from(began.elapsed().as_micros()).unwrap();
    let good = backups(stick.path()).remove(0);

    let mut through = 0;
    for _ in 0..kills() {
        let at = chance.below(takes_us + takes_us / 4);
        through += u64::from(kill_after_us(backup(place.path(), stick.path()), at));
        for one in backups(stick.path()) {
            let proven = command(&["verify-backup"], &[&one]).output().unwrap();
            assert!(
                proven.status.success(),
                "{}: {}",
                one.display(),
                told(&proven)
            );
            if one != good {
                std::fs::remove_dir_all(one).unwrap();
            }
        }
    }
    let again = backup(place.path(), stick.path()).output().unwrap();
    assert!(again.status.success(), "{}", told(&again));
    let left = std::fs::read_dir(stick.path()).unwrap().count();
    assert_eq!(left, 2, "what was not through is taken away by the next");

    let new = ["machine 1".to_owned()];
    let (mut olds, mut news) = (0, 0);
    let mut takes_us = 0;
    for round in 0..kills() {
        let mut old = add(place.path(), 100 + round).await;
        old.sort_unstable();
        let began = std::time::Instant::now();
        if round == 0 {
            let done = restore(place.path(), &good).output().unwrap();
            assert!(done.status.success(), "{}", told(&done));
            takes_us = u64::try_from(began.elapsed().as_micros()).unwrap();
        } else {
            let at = chance.below(takes_us + takes_us / 4);
            kill_after_us(restore(place.path(), &good), at);
        }
        // The start goes on where the switch was cut off.
        let mut found = machines(place.path()).await;
        found.sort_unstable();
        assert!(
            found == old || found == new,
            "round {round}: {found:?}, not {old:?}"
        );
        check(place.path());
        olds += u64::from(found == old);
        news += u64::from(found == new);
    }
    assert!(news > 0);
    use std::io::Write as _;
    let _ = writeln!(
        std::io::stdout(),
        "backup: {} kills, {through} too late; restore: {olds} old, {news} new",
        kills()
    );
}
