//! The API as the crash test speaks it.

use crate::ledger::Fields;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

const EMAIL: &str = "owner@example.org";
const PASSWORD: &str = "Crash-test-2026";
/// A request that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);
/// Largest page of the list.
const PAGE: usize = 100;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The connection ended: the appliance was killed, and nobody knows what it did.
    Cut,
    /// The appliance refused.
    Refused(StatusCode, String),
}

pub(crate) type Outcome<T> = Result<T, Failure>;

/// A pair of tokens.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    access: String,
    refresh: String,
}

/// One client; cheap to clone.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    access: Option<String>,
}

impl Client {
    /// Nobody yet.
    pub(crate) fn new(address: &str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self {
            http,
            base: format!("{address}/api"),
            access: None,
        }
    }

    /// In the name of a session.
    pub(crate) fn with(mut self, session: &Session) -> Self {
        self.access = Some(session.access.clone());
        self
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Outcome<Value> {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        self.send(request).await
    }

    async fn send(&self, mut request: reqwest::RequestBuilder) -> Outcome<Value> {
        if let Some(access) = &self.access {
            request = request.bearer_auth(access);
        }
        let answer = request.send().await.map_err(|_| Failure::Cut)?;
        let status = answer.status();
        let body = answer.text().await.map_err(|_| Failure::Cut)?;
        if !status.is_success() {
            return Err(Failure::Refused(status, body));
        }
        let mut body: Value = serde_json::from_str(&body).expect("an answer is JSON");
        Ok(body["data"].take())
    }

    pub(crate) async fn get(&self, path: &str) -> Outcome<Value> {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Outcome<Value> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Sends a table of text.
    pub(crate) async fn post_table(&self, path: &str, table: String) -> Outcome<Value> {
        let request = self.http.post(format!("{}{path}", self.base));
        self.send(request.header("Content-Type", "text/csv").body(table))
            .await
    }

    /// Sends a file of this type.
    pub(crate) async fn post_file(&self, path: &str, kind: &str, file: Vec<u8>) -> Outcome<Value> {
        let request = self.http.post(format!("{}{path}", self.base));
        self.send(request.header("Content-Type", kind).body(file))
            .await
    }

    /// The bytes of a file.
    pub(crate) async fn file(&self, path: &str) -> Outcome<Vec<u8>> {
        let request = self.http.get(format!("{}{path}", self.base));
        let access = self.access.as_deref().unwrap_or_default();
        let answer = request.bearer_auth(access).send().await;
        let answer = answer.map_err(|_| Failure::Cut)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(|_| Failure::Cut)?;
        if status.is_success() {
            return Ok(bytes.to_vec());
        }
        let said = String::from_utf8_lossy(&bytes).into_owned();
        Err(Failure::Refused(status, said))
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Outcome<Value> {
        self.ask(Method::PUT, path, Some(body)).await
    }

    /// All items of a list.
    pub(crate) async fn every(&self, path: &str) -> Outcome<Vec<Value>> {
        self.every_of(path, "").await
    }

    /// All items of a list that a query narrows.
    pub(crate) async fn every_of(&self, path: &str, query: &str) -> Outcome<Vec<Value>> {
        let mut all = Vec::new();
        for page in 1.. {
            let path = format!("{path}?page_size={PAGE}&page={page}&{query}");
            let part = self.get(&path).await?;
            all.extend(part["items"].as_array().expect("a page has items").clone());
            if part["has_more"] != true {
                break;
            }
        }
        Ok(all)
    }

    pub(crate) async fn set_up(&self, token: &str) -> Outcome<()> {
        let body = json!({
            "token": token,
            "site": {"name": "Crash plant", "time_zone": "Africa/Tunis", "currency": "TND"},
            "administrator": {"email": EMAIL, "name": "Owner", "password": PASSWORD},
        });
        self.ask(Method::POST, "/setup", Some(body)).await.map(drop)
    }

    pub(crate) async fn is_set_up(&self) -> bool {
        let state = self
            .get("/setup")
            .await
            .expect("the state of set-up is public");
        !state["required"].as_bool().expect("required is a boolean")
    }

    pub(crate) async fn login(&self) -> Outcome<Session> {
        self.login_as(EMAIL, PASSWORD).await
    }

    pub(crate) async fn login_as(&self, email: &str, password: &str) -> Outcome<Session> {
        let body = json!({"email": email, "password": password});
        session(self.ask(Method::POST, "/auth/login", Some(body)).await)
    }

    /// The next pair of a session.
    pub(crate) async fn refresh(&self, last: &Session) -> Outcome<Session> {
        let body = json!({"refresh_token": last.refresh});
        session(self.ask(Method::POST, "/auth/refresh", Some(body)).await)
    }

    /// Adds equipment; answers with its id.
    pub(crate) async fn create(
        &self,
        name: &str,
        fields: &Fields,
        modbus: Option<Value>,
    ) -> Outcome<String> {
        let body = json!({
            "name": name, "type": "meter", "install_date": "2024-05-01", "modbus": modbus,
            "model": fields.model, "location": fields.location,
        });
        let made = self.ask(Method::POST, "/equipment", Some(body)).await?;
        Ok(made["id"].as_str().expect("equipment has an id").to_owned())
    }

    pub(crate) async fn update(&self, id: &str, fields: &Fields) -> Outcome<()> {
        let body = json!({"model": fields.model, "location": fields.location});
        let path = format!("/equipment/{id}");
        self.ask(Method::PUT, &path, Some(body)).await.map(drop)
    }

    pub(crate) async fn delete(&self, id: &str) -> Outcome<()> {
        let path = format!("/equipment/{id}");
        self.ask(Method::DELETE, &path, None).await.map(drop)
    }

    /// All equipment: name, id and fields.
    pub(crate) async fn list(&self) -> Outcome<Vec<(String, String, Fields)>> {
        let mut all = Vec::new();
        for number in 1.. {
            let path = format!("/equipment?page={number}&page_size={PAGE}");
            let page = self.get(&path).await?;
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            all.extend(page["items"].as_array().expect("items").iter().map(|item| {
                let fields = Fields {
                    model: text(&item["model"]),
                    location: text(&item["location"]),
                };
                (text(&item["name"]), text(&item["id"]), fields)
            }));
            if !page["has_more"].as_bool().expect("has_more") {
                break;
            }
        }
        Ok(all)
    }

    /// The good values that are shown now: metric, time, value.
    pub(crate) async fn live(&self, id: &str) -> Outcome<Vec<(String, String, f64)>> {
        let live = self.get(&format!("/equipment/{id}/live")).await?;
        let good = |value: &Value| {
            let text = |key: &str| value[key].as_str().map(str::to_owned);
            (value["quality"] == "good").then(|| {
                Some((
                    text("metric")?,
                    text("timestamp")?,
                    value["value"].as_f64()?,
                ))
            })?
        };
        Ok(live["values"]
            .as_array()
            .expect("values")
            .iter()
            .filter_map(good)
            .collect())
    }

    /// Pushes readings of a device; whether they are on disk.
    pub(crate) async fn push(&self, (serial, key): (&str, &str), body: Value) -> bool {
        let url = format!("{}/readings/devices/{serial}/readings", self.base);
        let request = self.http.post(url).header("x-device-key", key);
        match request.json(&body).send().await {
            Ok(answer) if answer.status().is_success() => true,
            Ok(answer) => panic!("refused: {}", answer.status()),
            Err(_) => false,
        }
    }

    /// Writes line protocol in ms; the status, and when to try again.
    pub(crate) async fn write(&self, lines: String) -> (u16, Option<String>) {
        let url = format!("{}/v2/write?precision=ms", self.base);
        let request = self.http.post(url).body(lines);
        let access = self.access.as_deref().unwrap_or_default();
        let answer = request.bearer_auth(access).send().await;
        let answer = answer.expect("the appliance answers");
        let retry = answer.headers().get("retry-after");
        let retry = retry
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        (answer.status().as_u16(), retry)
    }

    /// The stored ticks of a metric: time and value.
    pub(crate) async fn raw(
        &self,
        id: &str,
        metric: &str,
        from: &str,
        to: &str,
    ) -> Outcome<Vec<(String, f64)>> {
        let path = format!(
            "/historical/consumption?resolution=raw&meter_id={id}&metric={metric}&from={from}&to={to}"
        );
        let window = self.get(&path).await?;
        let point = |point: &Value| {
            Some((
                point["timestamp"].as_str()?.to_owned(),
                point["value"].as_f64()?,
            ))
        };
        Ok(window["series"]
            .as_array()
            .expect("series")
            .iter()
            .filter_map(point)
            .collect())
    }
}

fn session(answer: Outcome<Value>) -> Outcome<Session> {
    let answer = answer?;
    let text = |key: &str| {
        answer[key]
            .as_str()
            .expect("a session has both tokens")
            .to_owned()
    };
    Ok(Session {
        access: text("token"),
        refresh: text("refresh_token"),
    })
}
