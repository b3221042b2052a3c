//! What is done on a disk that runs full, what was acknowledged of it, and how it is read back.

use crate::client::{Client, Failure, Outcome};
use crate::ledger::Fields;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// Lines of one writing: what one question about history answers.
pub(crate) const LINES: i64 = 4_000;
const START_MS: i64 = 1_793_491_200_000;
pub(crate) const PAUSE: Duration = Duration::from_millis(200);
/// Looks at something that heals by itself.
pub(crate) const TRIES: usize = 300;
const JPG_HEAD: &[u8] =
    b"\xFF\xD8\xFF\xC0\0\x11\x08\x01\xE0\x02\x80\x03\x01\x22\0\x02\x11\x01\x03\x11\x01";
const FORM: &str = "multipart/form-data; boundary=--a-line-that-no-file-holds";

/// What is done, and may be refused.
pub(crate) const WORKS: [Work; 6] = [
    Work::Write,
    Work::Change,
    Work::Photo,
    Work::Backup,
    Work::Report,
    Work::Update,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    Write,
    Change,
    Photo,
    Backup,
    Report,
    Update,
}

/// What was acknowledged.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) names: Vec<String>,
    /// First second of each writing.
    pub(crate) written: Vec<i64>,
    /// What was refused, which must not be there.
    not_written: Vec<i64>,
    photo: Vec<u8>,
    /// Values that were shown: metric, instant, value.
    pub(crate) shown: Vec<(String, String, f64)>,
    jobs: Vec<String>,
    reports: Vec<String>,
    pub(crate) refused: BTreeMap<Work, usize>,
    count: u32,
}

impl Ledger {
    /// Where the next writing begins: each has its own seconds, none of them to come.
    fn next_second(&self) -> i64 {
        let count = self.written.len() + self.not_written.len();
        i64::try_from(count).expect("a small count") * LINES
    }
}

pub(crate) struct Run {
    pub(crate) client: Client,
    /// Polled; and one that others write.
    pub(crate) polled: String,
    pub(crate) written: String,
    pub(crate) ledger: Ledger,
}

impl Run {
    /// Does one thing; `false` when there was no room for it.
    pub(crate) async fn work(&mut self, work: Work) -> bool {
        self.ledger.count += 1;
        let number = self.ledger.count;
        let done = match work {
            Work::Write => self.write(self.ledger.next_second()).await,
            Work::Change => self.change(number).await,
            Work::Photo => self.photo(number).await,
            Work::Backup => self.begin("/backups", json!({}), work).await,
            Work::Report => {
                let asked = json!({ "template": "data_quality" });
                self.begin("/reports/generate", asked, work).await
            }
            Work::Update => self.update().await,
        };
        let Err(failure) = done else {
            return true;
        };
        self.is_about_the_room(work, failure);
        *self.ledger.refused.entry(work).or_default() += 1;
        false
    }

    fn is_about_the_room(&self, work: Work, failure: Failure) {
        let Failure::Refused(status, body) = failure else {
            panic!("{work:?}: the connection was cut on a full disk");
        };
        let says = ["room", "free", "full"]
            .iter()
            .any(|word| body.contains(word));
        assert!(status == 503 && says, "{work:?}: {status} {body}");
    }

    async fn write(&mut self, second: i64) -> Outcome<()> {
        let line = |n: i64| {
            let at = START_MS + (second + n) * 1_000;
            format!("m,equipment_id={} flow={}.5 {at}\n", self.written, n % 977)
        };
        let (status, retry) = self.client.write((0..LINES).map(line).collect()).await;
        if status == 204 {
            self.ledger.written.push(second);
            return Ok(());
        }
        self.ledger.not_written.push(second);
        assert_eq!((status, retry.as_deref()), (503, Some("10")));
        let code = reqwest::StatusCode::SERVICE_UNAVAILABLE;
        Err(Failure::Refused(code, "room".to_owned()))
    }

    async fn change(&mut self, number: u32) -> Outcome<()> {
        let name = format!("machine {number}");
        let fields = Fields {
            model: format!("model {number:0>100}"),
            location: format!("location {number:0>100}"),
        };
        self.client.create(&name, &fields, None).await?;
        self.ledger.names.push(name);
        Ok(())
    }

    async fn photo(&mut self, number: u32) -> Outcome<()> {
        // Of each number another content, so that each takes room of its own.
        let mixed = |n: u32| n.wrapping_mul(2_654_435_761).wrapping_add(number * 97);
        let tail: Vec<u8> = (0..70_000).map(|n| mixed(n).to_be_bytes()[1]).collect();
        let photo = [JPG_HEAD, &tail, &number.to_be_bytes()].concat();
        let boundary = "----a-line-that-no-file-holds";
        let head = format!(
            "{boundary}\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\n\
             Content-Type: image/jpeg\r\n\r\n"
        );
        let end = format!("\r\n{boundary}--\r\n");
        let body = [head.as_bytes(), &photo, end.as_bytes()].concat();
        let path = format!("/equipment/{}/photo", self.polled);
        self.client.post_file(&path, FORM, body).await?;
        self.ledger.photo = photo;
        Ok(())
    }

    /// Begins what takes its time.
    async fn begin(&mut self, path: &str, asked: Value, work: Work) -> Outcome<()> {
        let begun = match self.client.post(path, asked).await {
            // The one before still waits for the disk.
            Err(Failure::Refused(status, _)) if status == 409 || status == 429 => return Ok(()),
            begun => begun?,
        };
        let id = begun["id"].as_str().expect("an id").to_owned();
        match work {
            Work::Backup => self.ledger.jobs.push(id),
            _ => self.ledger.reports.push(id),
        }
        Ok(())
    }

    /// A bundle of nobody, of 4 MB: with room it is read, and refused for what it is.
    async fn update(&self) -> Outcome<()> {
        let sent = self.client.post_file(
            "/update/bundle",
            "application/octet-stream",
            vec![7; 4 << 20],
        );
        match sent.await {
            Err(Failure::Refused(status, _)) if status == 400 || status == 422 => Ok(()),
            Err(failure) => Err(failure),
            Ok(taken) => panic!("a bundle of nobody was taken: {taken}"),
        }
    }

    /// Whoever is in front of the page is served: there is room for what he does.
    pub(crate) async fn person(&mut self, point: usize) {
        let session = self.client.login().await;
        let session = session.unwrap_or_else(|why| panic!("point {point}: sign-in: {why:?}"));
        let client = self.client.clone().with(&session);
        let name = format!("made at point {point}");
        let fields = |model: &str| Fields {
            model: model.to_owned(),
            location: "Hall".to_owned(),
        };
        let made = client.create(&name, &fields("A"), None).await;
        let id = made.unwrap_or_else(|why| panic!("point {point}: add: {why:?}"));
        let changed = client.update(&id, &fields("B")).await;
        changed.unwrap_or_else(|why| panic!("point {point}: change: {why:?}"));
        if point.is_multiple_of(2) {
            let deleted = client.delete(&id).await;
            deleted.unwrap_or_else(|why| panic!("point {point}: delete: {why:?}"));
        } else {
            self.ledger.names.push(name);
        }
        self.client = client;
    }

    /// Somebody takes note of the alert about the disk.
    pub(crate) async fn acknowledges_what_is_full(&self) {
        let path = "/alerts?status=active&search=disk";
        let found = self.client.get(path).await.expect("alerts");
        let id = found["items"][0]["id"].as_str().expect("an alert");
        let path = format!("/alerts/{id}/acknowledge");
        let done = self.client.post(&path, json!({})).await;
        done.expect("an alert is acknowledged on a full disk");
    }

    /// Notes what is shown of the polled meter.
    pub(crate) async fn look(&mut self) -> Vec<(String, String, f64)> {
        let shown = self.client.live(&self.polled).await.expect("values");
        self.ledger.shown.extend(shown.iter().take(1).cloned());
        shown
    }

    /// Whether the page says that the disk is full.
    pub(crate) async fn is_told(&self) -> bool {
        let system = self.client.get("/system").await.expect("the state");
        let mut checks = system["checks"].as_array().expect("checks").iter();
        let disk = checks
            .find(|check| check["key"] == "disk")
            .expect("the disk");
        disk["state"] != "ok"
    }

    pub(crate) async fn has_alert(&self) -> bool {
        let path = "/alerts?status=active&search=disk";
        let found = self.client.get(path).await.expect("alerts");
        !found["items"].as_array().expect("items").is_empty()
    }

    /// With room again everything goes, without a restart.
    pub(crate) async fn heal(&mut self, point: usize) {
        let takes_long = |work: &Work| *work == Work::Backup && !point.is_multiple_of(5);
        for work in WORKS.into_iter().filter(|work| !takes_long(work)) {
            for attempt in 1.. {
                if self.work(work).await {
                    break;
                }
                assert!(attempt < TRIES, "point {point}: {work:?} did not heal");
                tokio::time::sleep(PAUSE).await;
            }
        }
        for job in std::mem::take(&mut self.ledger.jobs) {
            self.ends(&format!("/jobs/{job}"), "").await;
        }
        for report in std::mem::take(&mut self.ledger.reports) {
            self.ends(&format!("/reports/{report}"), "report").await;
        }
        let before = self.look().await;
        for attempt in 1.. {
            if self.look().await != before {
                break;
            }
            assert!(attempt < TRIES, "point {point}: nothing is polled");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What was begun ends, and says why when it failed.
    async fn ends(&self, path: &str, within: &str) {
        for attempt in 1.. {
            let shown = self.client.get(path).await.expect("it is known");
            let shown = if within.is_empty() {
                &shown
            } else {
                &shown[within]
            };
            if shown["finished_at"] != Value::Null {
                let failed = shown["error"].as_str();
                let says = failed.is_none_or(|why| why.len() > 20);
                assert!(says, "{path} does not say why it failed: {shown}");
                return;
            }
            assert!(attempt < TRIES, "{path} never ends: {shown}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// After the restart all of it is there, and nothing that was refused.
    pub(crate) async fn read_back(&self) {
        let names: Vec<_> = self.client.list().await.expect("machines");
        let names: Vec<_> = names.into_iter().map(|(name, ..)| name).collect();
        for name in &self.ledger.names {
            assert!(names.contains(name), "{name} was acknowledged and is gone");
        }
        let at = |second: i64| indusmind::base::Timestamp::from_ms(START_MS + second * 1_000);
        for (seconds, expected) in [(&self.ledger.written, LINES), (&self.ledger.not_written, 0)] {
            for second in seconds {
                let (from, to) = (at(*second).to_string(), at(second + LINES).to_string());
                let found = self.client.raw(&self.written, "flow", &from, &to).await;
                let found = i64::try_from(found.expect("history").len()).unwrap();
                assert_eq!(found, expected, "of the writing at {from}");
            }
        }
        for (metric, instant, value) in &self.ledger.shown {
            let from: indusmind::base::Timestamp = instant.parse().expect("an instant");
            let to = from.plus_ms(1).to_string();
            let found = self.client.raw(&self.polled, metric, instant, &to).await;
            let found = found.expect("history");
            assert!(
                found.contains(&(instant.clone(), *value)),
                "{metric} at {instant} was shown and is gone: {found:?}"
            );
        }
        let photo = format!("/equipment/{}/photo", self.polled);
        let photo = self.client.file(&photo).await.expect("the photo");
        assert!(photo == self.ledger.photo, "another photo than the last");
    }
}
