//! The appliance behind its API: in a process of its own, so that its CPU is not that of the
//! client, with a clock that stands still where the readings end.

use crate::generator::METRICS;
use crate::measure::Process;
use crate::questions::{CONSUMPTION, Form, HOUR_MS, POWER, QUARTER_MS, Question, VOLTAGE};
use crate::support::client::Client;
use crate::support::{Appliance, EMAIL, PASSWORD, START};
use indusmind::base::{EquipmentId, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// First word of the command line of the child.
pub(crate) const COMMAND: &str = "serve";

/// Sets up an appliance with so many meters, and stops it.
pub(crate) async fn furnish(data: &Path, meters: u32) -> Vec<EquipmentId> {
    let mut appliance = Appliance::with(START, |config| config.data_dir = data.to_owned()).await;
    let mut request = appliance.setup_request();
    // The days of the answers are those of the questions.
    request["site"]["time_zone"] = json!("Etc/UTC");
    let client = appliance.client();
    client.post("/api/setup", &request).await.created();
    let client = client.login(EMAIL, PASSWORD).await;
    let mut ids = Vec::new();
    for number in 0..meters {
        let body = json!({ "name": format!("Meter {number}"), "type": "Energy meter",
            "model": "T1", "install_date": "2024-05-01" });
        ids.push(client.add_equipment(&body).await.parse().unwrap());
    }
    drop(client);
    appliance.stop().await;
    ids
}

/// The child: serves until its input ends.
pub(crate) async fn serve(data: &str, now_ms: &str) {
    let now = Timestamp::from_ms(now_ms.parse().unwrap()).to_string();
    let mut appliance = Appliance::with(&now, |config| config.data_dir = data.into()).await;
    println!("{}", appliance.address());
    let wait = || std::io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(wait).await.unwrap().unwrap();
    appliance.stop().await;
}

/// A served data directory, and a client that is signed in.
pub(crate) struct Served {
    child: Child,
    client: Client,
    meters: Vec<String>,
}

impl Served {
    /// Starts the child and signs in.
    pub(crate) async fn start(data: &Path, now_ms: i64) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(COMMAND)
            .arg(data)
            .arg(now_ms.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let console = child.stdout.take().unwrap();
        BufReader::new(console).read_line(&mut line).unwrap();
        let client = Client::new(line.trim().parse().unwrap());
        let client = client.login(EMAIL, PASSWORD).await;
        let list = client.get("/api/equipment?limit=100").await.data();
        let mut meters: Vec<_> = list["items"].as_array().unwrap().iter().collect();
        meters.sort_by_key(|meter| {
            let name = meter["name"].as_str().unwrap();
            name.rsplit(' ').next().unwrap().parse::<u32>().unwrap()
        });
        let id = |meter: &&Value| meter["id"].as_str().unwrap().to_owned();
        Self {
            meters: meters.iter().map(id).collect(),
            child,
            client,
        }
    }

    /// The process that answers.
    pub(crate) fn process(&self) -> Process {
        Process::of(self.child.id())
    }

    /// The paths that answer a question; nothing where the API has no such question.
    pub(crate) fn paths(&self, question: &Question) -> Vec<String> {
        let time = |ms: i64| Timestamp::from_ms(ms).to_string();
        let resolution = match question.form {
            Form::Buckets(QUARTER_MS) => "15min",
            Form::Buckets(HOUR_MS) => "1hour",
            Form::Buckets(_) => "daily",
            Form::Raw => "raw",
            Form::FromRaw(_) => return Vec::new(),
            Form::Last => {
                let path = |id: &String| format!("/api/equipment/{id}/live");
                return self.meters.iter().map(path).collect();
            }
        };
        let mut path = format!(
            "/api/historical/consumption?from={}&to={}&resolution={resolution}",
            time(question.range.0),
            time(question.range.1),
        );
        if let [meter] = question.meters[..] {
            path += &format!("&meter_id={}", self.meters[meter as usize]);
        }
        // The peers are not asked for what the question does not name.
        if !question.metrics.contains(&VOLTAGE) {
            path += "&voltage=false";
        }
        if question.metrics.len() > 2 {
            path += "&fields=powerFactor,current,temperature";
        }
        vec![path]
    }

    /// Asks, and gives the text of the last answer back.
    pub(crate) async fn ask(&self, paths: &[String]) -> String {
        let mut text = String::new();
        for path in paths {
            let request = self.client.request(Method::GET, path);
            let response = request.send().await.unwrap();
            assert_eq!(response.status().as_u16(), 200, "{path}");
            text = response.text().await.unwrap();
        }
        text
    }

    /// Ends it; the directory is free again.
    pub(crate) fn stop(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

/// Sums of the asked columns over the points of an answer: what a chart shows must be what the
/// store says.
pub(crate) fn sums(text: &str, question: &Question) -> Vec<f64> {
    let answer: Value = serde_json::from_str(text).unwrap();
    let points = answer["data"]["series"].as_array().unwrap();
    let name = |metric: usize| match metric {
        POWER => "power",
        CONSUMPTION => "consumption",
        3 => "powerFactor",
        metric => METRICS[metric].metric,
    };
    let measured = points.iter().filter(|point| !point["power"].is_null());
    let measured: Vec<_> = measured.collect();
    let sum = |metric: &usize| {
        let values = measured.iter().map(|point| point[name(*metric)].as_f64());
        values.flatten().sum()
    };
    question.metrics.iter().map(sum).collect()
}
