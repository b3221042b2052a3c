//! One life of the appliance after another on the same directory.

use crate::Chance;
use crate::appliance::{Appliance, check};
use crate::client::{Client, Session};
use crate::ledger::{Fields, Ledger, Shown, missing};
use crate::plant::{METERS, METRICS, Plant, is_of};
use crate::small_disk::SmallDisk;
use crate::work::{Shared, watch, write};
use indusmind::base::{Clock as _, SystemClock, Timestamp};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// Size of a disk whose power is cut; a smaller xfs is not made.
const DISK_MB: u64 = 400;
/// Writers of equipment at the same time: their changes meet in one commit.
const WRITERS: u32 = 2;
/// The work of a round, µs: at least, and how much more at most.
const WORK_US: (u64, u64) = (50_000, 350_000);
/// One start in so many is itself cut, within this time, µs.
const CUT_STARTS: u64 = 5;
const CUT_START_WITHIN_US: u64 = 80_000;
/// The data file is checked by `indusmind check` each so many rounds.
const CHECK_EVERY: u32 = 10;
/// The polled meters are changed each so many rounds.
const CHANGE_METERS_EVERY: u32 = 7;
/// One question for raw values covers at most this much, ms: 3000 ticks of 100 ms.
const WINDOW_MS: i64 = 300_000;
/// Values shown in the last rounds are read again each round; all of them at the end.
const LOOK_BACK_MS: i64 = 5_000;

/// Where the data lies.
pub(crate) struct Ground {
    /// Where that is on a disk whose power can be cut.
    disk: Option<SmallDisk>,
    place: PathBuf,
    _dir: TempDir,
}

impl Ground {
    /// A directory, on the disk of this machine.
    pub(crate) fn ordinary() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            disk: None,
            place: dir.path().to_path_buf(),
            _dir: dir,
        }
    }

    /// A disk with a file system of this kind; `None` where none can be had.
    pub(crate) fn that_loses_power(kind: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("disk");
        let disk = SmallDisk::real(&place, DISK_MB, kind).filter(|_| SmallDisk::can_be_cut())?;
        Some(Self {
            disk: Some(disk),
            place,
            _dir: dir,
        })
    }

    /// Lets the appliance run for so many microseconds, then ends it, with the power where that can
    /// be cut: what was not flushed is gone.
    async fn end(&self, appliance: &mut Appliance, microseconds: u64) {
        let Some(disk) = &self.disk else {
            return appliance.kill_after_us(microseconds).await;
        };
        appliance.hold_after_us(microseconds).await;
        disk.cut();
        appliance.kill_after_us(0).await;
        disk.mount_again();
    }
}

/// The directory, the plant and the ledger, over all rounds.
pub(crate) struct Rounds {
    ground: Ground,
    _plant: Plant,
    ledger: Shared,
    session: Session,
    /// Ids of the polled meters.
    meters: Vec<String>,
    began: Timestamp,
    cut_starts: u32,
    values_read: usize,
}

impl Rounds {
    /// Sets up an appliance with polled meters, and kills it for the first time.
    pub(crate) async fn begin(ground: Ground, chance: &mut Chance) -> Self {
        let plant = Plant::start().await;
        let began = SystemClock.now();
        let mut appliance = Appliance::start(&ground.place).await;
        let client = Client::new(&appliance.address);
        let token = appliance.setup_token().await;
        client.set_up(&token).await.expect("set-up works");
        let session = client.login().await.expect("the administrator can sign in");
        let client = client.with(&session);
        let (mut ledger, mut meters) = (Ledger::default(), Vec::new());
        for number in 1..=METERS {
            let name = meter_name(number);
            let fields = Fields {
                model: "meter".to_owned(),
                location: "Hall 1".to_owned(),
            };
            ledger.ask(&name, Some(fields.clone()));
            let made = client
                .create(&name, &fields, Some(plant.modbus(number)))
                .await;
            let id = made.expect("a meter can be added");
            ledger.acknowledge(&name, Some(id.clone()));
            meters.push(id);
        }
        ground.end(&mut appliance, chance.below(WORK_US.1)).await;
        Self {
            ground,
            _plant: plant,
            ledger: Arc::new(Mutex::new(ledger)),
            session,
            meters,
            began,
            cut_starts: 0,
            values_read: 0,
        }
    }

    /// Start, compare with the ledger, work, kill.
    pub(crate) async fn round(&mut self, round: u32, chance: &mut Chance) {
        while chance.below(CUT_STARTS) == 0 {
            let mut cut = Appliance::spawn(&self.ground.place);
            let within = chance.below(CUT_START_WITHIN_US);
            self.ground.end(&mut cut, within).await;
            self.cut_starts += 1;
        }
        if round.is_multiple_of(CHECK_EVERY) {
            check(&self.ground.place);
        }
        let mut appliance = Appliance::start(&self.ground.place).await;
        let client = self.sign_in_again(&appliance).await;
        self.compare(&client).await;
        let recent = SystemClock.now().minus_ms(LOOK_BACK_MS);
        self.compare_values(&client, recent.max(self.began)).await;
        if round.is_multiple_of(CHANGE_METERS_EVERY) {
            self.change_a_meter(&client, round, chance).await;
        }

        let mut busy = Vec::new();
        for writer in 1..=WRITERS {
            let owner = format!("writer {writer} ");
            let (client, ledger) = (client.clone(), Arc::clone(&self.ledger));
            let chance = chance.split();
            busy.push(tokio::spawn(write(client, ledger, owner, round, chance)));
        }
        for id in &self.meters {
            let (client, ledger) = (client.clone(), Arc::clone(&self.ledger));
            busy.push(tokio::spawn(watch(client, ledger, id.clone())));
        }
        let work_us = WORK_US.0 + chance.below(WORK_US.1);
        self.ground.end(&mut appliance, work_us).await;
        for task in busy {
            task.await.expect("no writer and no watcher was refused");
        }
    }

    /// The last start: everything that was ever acknowledged or shown.
    pub(crate) async fn finish(&mut self) {
        check(&self.ground.place);
        let appliance = Appliance::start(&self.ground.place).await;
        let client = self.sign_in_again(&appliance).await;
        self.compare(&client).await;
        self.compare_values(&client, self.began).await;
        let ledger = self.ledger.lock().unwrap();
        assert!(ledger.acknowledged > 0, "no change was ever acknowledged");
        assert!(ledger.shown_count() > 0, "no value was ever shown");
    }

    /// What was done so far, for the person who watches.
    pub(crate) fn told(&self) -> String {
        let ledger = self.ledger.lock().unwrap();
        format!(
            "{} changes acknowledged, {} values shown, {} values read back, \
             {} changes cut (of them {} done), {} starts cut",
            ledger.acknowledged,
            ledger.shown_count(),
            self.values_read,
            ledger.cut_and_done + ledger.cut_and_undone,
            ledger.cut_and_done,
            self.cut_starts
        )
    }

    /// A refresh token that was handed out is good after the crash: it was acknowledged too.
    async fn sign_in_again(&mut self, appliance: &Appliance) -> Client {
        let client = Client::new(&appliance.address);
        let next = client.refresh(&self.session).await;
        self.session = next.expect("the session survives the crash");
        client.with(&self.session)
    }

    async fn compare(&self, client: &Client) {
        let listed = client.list().await.expect("the equipment can be listed");
        let wrong = self.ledger.lock().unwrap().settle(&listed);
        assert!(wrong.is_empty(), "after the crash:\n{}", wrong.join("\n"));
    }

    /// Each value that was shown since `from` is stored.
    async fn compare_values(&mut self, client: &Client, from: Timestamp) {
        let shown = self.ledger.lock().unwrap().shown_since(&from.to_string());
        let mut stored = BTreeSet::new();
        for (number, id) in (1..=METERS).zip(&self.meters) {
            for metric in METRICS {
                let mut start = from;
                while start < SystemClock.now() {
                    let end = start.plus_ms(WINDOW_MS);
                    let window = (start.to_string(), end.to_string());
                    let raw = client.raw(id, metric, &window.0, &window.1).await;
                    for (at, value) in raw.expect("raw values can be read") {
                        assert!(is_of(number, metric, value), "{id} {metric} {at}: {value}");
                        stored.insert(Shown::new(id, metric, &at, value));
                    }
                    start = end;
                }
            }
        }
        self.values_read += stored.len();
        let lost = missing(&shown, &stored);
        assert!(
            lost.is_empty(),
            "lost by the crash:
{}",
            lost.join(
                "
"
            )
        );
    }

    /// Changes a polled meter: its poller is told while readings are being written.
    async fn change_a_meter(&self, client: &Client, round: u32, chance: &mut Chance) {
        let number = 1 + u8::try_from(chance.below(u64::from(METERS))).unwrap();
        let fields = Fields {
            model: format!("meter {round}"),
            location: "Hall 2".to_owned(),
        };
        let (name, id) = (meter_name(number), &self.meters[usize::from(number) - 1]);
        self.ledger.lock().unwrap().ask(&name, Some(fields.clone()));
        client
            .update(id, &fields)
            .await
            .expect("a meter can be changed");
        self.ledger.lock().unwrap().acknowledge(&name, None);
    }
}

fn meter_name(number: u8) -> String {
    format!("meter {number}")
}
