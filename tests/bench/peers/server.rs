//! A peer as a child process on the loopback.

use super::words::Request;
use crate::measure::Process;
use reqwest::Url;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a peer may take to start, and to tidy up.
const PATIENCE: Duration = Duration::from_secs(180);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Influx,
    Victoria,
}

impl Program {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Influx => "InfluxDB",
            Self::Victoria => "VictoriaMetrics",
        }
    }
}

pub(crate) struct Server {
    pub(crate) program: Program,
    programs: PathBuf,
    place: PathBuf,
    http: reqwest::Client,
    address: String,
    child: Child,
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    taken.local_addr().unwrap().port()
}

/// What InfluxDB is told: tsi1 as for many series, no diary, and a tidy-up soon after the load.
fn influx_settings(place: &Path, port: u16) -> PathBuf {
    let folder = place.display();
    let text = format!(
        "reporting-disabled = true\nbind-address = \"127.0.0.1:{}\"\n\
         [meta]\ndir = \"{folder}/meta\"\n\
         [data]\ndir = \"{folder}/data\"\nwal-dir = \"{folder}/wal\"\nindex-version = \"tsi1\"\n\
         query-log-enabled = false\ncache-snapshot-write-cold-duration = \"5s\"\n\
         compact-full-write-cold-duration = \"5s\"\n\
         [http]\nbind-address = \"127.0.0.1:{port}\"\nlog-enabled = false\n\
         [monitor]\nstore-enabled = false\n[logging]\nlevel = \"error\"\n",
        free_port()
    );
    let file = place.join("influxdb.conf");
    std::fs::write(&file, text).unwrap();
    file
}

fn spawn(program: Program, programs: &Path, place: &Path, port: u16) -> Child {
    let mut command = match program {
        Program::Influx => {
            let mut command = Command::new(programs.join("usr/bin/influxd"));
            command.arg("-config").arg(influx_settings(place, port));
            command
        }
        Program::Victoria => {
            let mut command = Command::new(programs.join("usr/bin/victoria-metrics"));
            command
                .arg(format!("-storageDataPath={}/data", place.display()))
                .arg(format!("-httpListenAddr=127.0.0.1:{port}"))
                .args(["-retentionPeriod=100y", "-loggerLevel=ERROR"]);
            command
        }
    };
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|cause| panic!("{} does not start: {cause}", program.name()))
}

impl Server {
    pub(crate) async fn start(program: Program, programs: &Path, place: &Path) -> Self {
        let port = free_port();
        let server = Self {
            program,
            programs: programs.to_owned(),
            place: place.to_owned(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            address: format!("http://127.0.0.1:{port}"),
            child: spawn(program, programs, place, port),
        };
        server.ready().await;
        server
    }

    async fn ready(&self) {
        let path = match self.program {
            Program::Influx => "/ping",
            Program::Victoria => "/health",
        };
        let began = Instant::now();
        loop {
            let answer = self
                .http
                .get(format!("{}{path}", self.address))
                .send()
                .await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{} does not answer",
                self.program.name()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn process(&self) -> Process {
        Process::of(self.child.id())
    }

    /// Makes a database, where that is done.
    pub(crate) async fn make(&self, database: &str) {
        if self.program == Program::Influx {
            self.post_query(&format!("CREATE DATABASE {database}"))
                .await;
        }
    }

    fn url(&self, path: &str, values: &[(&str, impl AsRef<str>)]) -> Url {
        Url::parse_with_params(&format!("{}{path}", self.address), values).unwrap()
    }

    /// A question that changes something.
    pub(crate) async fn post_query(&self, text: &str) {
        let url = self.url("/query", &[("db", "bench"), ("q", text)]);
        let answer = self.http.post(url).send().await.unwrap();
        let said = answer.text().await.unwrap();
        assert!(!said.contains("error"), "{text}: {said}");
    }

    /// Stores lines.
    pub(crate) async fn write(&self, database: &str, lines: String) {
        let url = self.url("/write", &[("db", database), ("precision", "ms")]);
        let answer = self.http.post(url).body(lines).send().await.unwrap();
        assert!(answer.status().is_success(), "{:?}", answer.text().await);
    }

    /// Asks.
    pub(crate) async fn get(&self, request: &Request) -> String {
        let url = self.url(request.path, &request.values);
        let answer = self.http.get(url).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{request:?}: {text}");
        text
    }

    /// Waits until it has tidied up what was loaded.
    pub(crate) async fn settle(&self) {
        /// Longer than it waits before it tidies up.
        const QUIET: u32 = 8;
        if self.program == Program::Victoria {
            for path in ["/internal/force_flush", "/internal/force_merge"] {
                let answer = self
                    .http
                    .get(format!("{}{path}", self.address))
                    .send()
                    .await;
                assert!(answer.unwrap().status().is_success(), "{path}");
            }
        }
        let (began, mut quiet, mut cpu) = (Instant::now(), 0, self.process().cpu());
        while quiet < QUIET && began.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = self.process().cpu();
            quiet = if now.since(cpu) < 0.1 { quiet + 1 } else { 0 };
            cpu = now;
        }
    }

    /// Stops it as a service manager does and starts it again; how long the start took, s.
    pub(crate) async fn restart(&mut self) -> f64 {
        self.terminate();
        let began = Instant::now();
        let port = self.address.rsplit(':').next().unwrap().parse().unwrap();
        self.child = spawn(self.program, &self.programs, &self.place, port);
        self.ready().await;
        began.elapsed().as_secs_f64()
    }

    fn terminate(&mut self) {
        let told = Command::new("kill")
            .arg(self.child.id().to_string())
            .status();
        assert!(told.unwrap().success(), "the signal was sent");
        self.child.wait().unwrap();
    }

    pub(crate) fn stop(mut self) {
        self.terminate();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
