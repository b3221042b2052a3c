//! `kill -9`, again and again: what the API acknowledged or showed is there after the restart.
//!
//! The real binary runs on a real directory while writers use its API, pollers read a simulated
//! plant and watchers note each value that was shown. At a random moment it is killed, started
//! again, and everything is checked against the ledger. `CRASH_ROUNDS` and `CRASH_SEED` change
//! the length and the chance; `INDUSMIND_BINARY` names another binary.

// Helpers of a test end it like a test does, and tell how far it is.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod appliance;
mod backup;
mod client;
mod cold;
mod deaf_browsers;
mod fleet;
mod full_disk;
mod full_points;
mod full_works;
mod heartbeat;
mod ledger;
mod one_code;
mod plant;
mod rounds;
mod slow_disk;
#[path = "../support/small_disk.rs"]
mod small_disk;
mod work;

use appliance::Appliance;
use client::Client;
use rounds::{Ground, Rounds};
use std::time::Instant;

/// Rounds of a normal run; nightly runs set `CRASH_ROUNDS`.
const ROUNDS: u32 = 200;
/// Power cuts on each real file system.
const CUTS: u32 = 25;
/// Directories on which set-up is cut.
const SETUPS: u32 = 12;

/// Tells how far the test is. Past the capture of the test runner, which drops what a passing test
/// prints: a run must show its seed and its counts.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($words)*);
    }};
}

/// Chance from a seed that is printed: SplitMix64, because a seed must mean the same in ten years.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The seed of this run.
    fn of_this_run(test: &str) -> Self {
        let seed = std::env::var("CRASH_SEED").map_or_else(
            |_| {
                let now = std::time::SystemTime::now();
                let since = now.duration_since(std::time::UNIX_EPOCH).unwrap();
                u64::from(since.subsec_nanos()) ^ since.as_secs()
            },
            |text| text.parse().expect("CRASH_SEED is a whole number"),
        );
        say!("{test}: CRASH_SEED={seed}");
        Self(seed)
    }

    /// An independent stream.
    pub(crate) fn split(&mut self) -> Self {
        Self(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_kill_nine() {
    let rounds = std::env::var("CRASH_ROUNDS").map_or(ROUNDS, |text| {
        text.parse().expect("CRASH_ROUNDS is a whole number")
    });
    let began = Instant::now();
    let mut chance = Chance::of_this_run("kill -9");
    let mut run = Rounds::begin(Ground::ordinary(), &mut chance).await;
    for round in 1..=rounds {
        run.round(round, &mut chance).await;
        if round % 25 == 0 {
            say!("kill -9: round {round} of {rounds}, {}", run.told());
        }
    }
    run.finish().await;
    let seconds = began.elapsed().as_secs();
    say!(
        "kill -9: {rounds} rounds in {seconds} s, {}; nothing is missing",
        run.told()
    );
}

/// Real file systems, whose journals are cut off, too: what was flushed has to be enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_by_power_cuts_on_real_file_systems() {
    let cuts = std::env::var("CRASH_CUTS").map_or(CUTS, |text| {
        text.parse().expect("CRASH_CUTS is a whole number")
    });
    for kind in ["ext4", "xfs"] {
        let mut chance = Chance::of_this_run(kind);
        let Some(ground) = Ground::that_loses_power(kind) else {
            say!(
                "NOT RUN: power cuts on {kind}: no mount for this user, no mkfs.{kind} or no xfs_io"
            );
            continue;
        };
        let mut run = Rounds::begin(ground, &mut chance).await;
        for round in 1..=cuts {
            run.round(round, &mut chance).await;
        }
        run.finish().await;
        say!(
            "{kind}: {cuts} power cuts, {}; nothing is missing",
            run.told()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn set_up_is_done_whole_or_not_at_all() {
    let mut chance = Chance::of_this_run("set-up");
    let mut done = 0;
    for _ in 0..SETUPS {
        let place = tempfile::tempdir().unwrap();
        let mut appliance = Appliance::start(place.path()).await;
        let client = Client::new(&appliance.address);
        let token = appliance.setup_token().await;
        let asked = tokio::spawn(async move { client.set_up(&token).await });
        appliance.kill_after_us(chance.below(120_000)).await;
        let acknowledged = asked.await.unwrap().is_ok();

        let mut appliance = Appliance::start(place.path()).await;
        let client = Client::new(&appliance.address);
        if client.is_set_up().await {
            done += 1;
        } else {
            assert!(!acknowledged, "set-up was acknowledged, and is gone");
            let token = appliance.setup_token().await;
            client
                .set_up(&token)
                .await
                .expect("set-up works after the cut");
        }
        client.login().await.expect("the administrator can sign in");
        assert!(
            client.set_up("any token").await.is_err(),
            "set-up is open twice"
        );
        appliance.kill_after_us(0).await;
    }
    say!("set-up: {SETUPS} cuts, {done} times it was done before the cut");
}
