//! The client: plain HTTP, and answers that are checked against the one shape before a test sees
//! them.

use super::{eventually, keys};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// The code that belongs to each status of a refusal.
const CODES: [(u16, &str); 11] = [
    (400, "VALIDATION_ERROR"),
    (401, "UNAUTHENTICATED"),
    (403, "INSUFFICIENT_PERMISSIONS"),
    (404, "RESOURCE_NOT_FOUND"),
    (405, "METHOD_NOT_ALLOWED"),
    (409, "CONFLICT"),
    (413, "PAYLOAD_TOO_LARGE"),
    (415, "UNSUPPORTED_MEDIA_TYPE"),
    (429, "RATE_LIMITED"),
    (500, "INTERNAL_ERROR"),
    (503, "UNAVAILABLE"),
];

/// A client of one appliance, signed in or not.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    address: SocketAddr,
    /// Access token; empty before the sign-in.
    pub token: String,
    /// Refresh token; empty before the sign-in.
    pub refresh_token: String,
}

impl Client {
    /// A client that is not signed in.
    pub fn new(address: SocketAddr) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            http,
            address,
            token: String::new(),
            refresh_token: String::new(),
        }
    }

    /// Where the appliance is.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// This client, signed in.
    pub async fn login(&self, login: &str, password: &str) -> Self {
        let request = json!({ "email": login, "password": password });
        let session = self.post("/api/auth/login", &request).await.data();
        self.with_session(&session)
    }

    /// This client with the tokens of a session.
    pub fn with_session(&self, session: &Value) -> Self {
        let text = |name: &str| session[name].as_str().unwrap_or_default().to_owned();
        Self {
            token: text("token"),
            refresh_token: text("refresh_token"),
            ..self.clone()
        }
    }

    /// This client with another access token.
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..self.clone()
        }
    }

    /// A request that the test finishes itself.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.address);
        let request = self.http.request(method, url);
        if self.token.is_empty() {
            request
        } else {
            request.bearer_auth(&self.token)
        }
    }

    /// Shows again who is at the screen, as dangerous actions want it.
    pub async fn prove(&self) {
        let proof = json!({ "password": super::PASSWORD });
        self.post("/api/auth/step-up", &proof).await.data();
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Reply {
        Reply::to(self.request(Method::GET, path)).await
    }

    /// `POST` with JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        Reply::to(self.request(Method::POST, path).json(body)).await
    }

    /// `PUT` with JSON.
    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        Reply::to(self.request(Method::PUT, path).json(body)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> Reply {
        Reply::to(self.request(Method::DELETE, path)).await
    }

    /// Adds equipment that is polled like this; returns its id.
    pub async fn add(&self, name: &str, modbus: &Value) -> String {
        let body = json!({ "name": name, "type": "Energy meter", "model": "T1",
            "install_date": "2024-05-01", "modbus": modbus });
        self.add_equipment(&body).await
    }

    /// Adds equipment; returns its id.
    pub async fn add_equipment(&self, body: &Value) -> String {
        let created = self.post("/api/equipment", body).await.created();
        created["id"].as_str().unwrap().to_owned()
    }

    /// One value of equipment as `/live` shows it.
    pub async fn live_value(&self, id: &str, metric: &str, phase: Option<&str>) -> Value {
        let live = self.live(id).await;
        let values = live["values"].as_array().unwrap();
        let is = |v: &&Value| v["metric"] == metric && v["phase"].as_str() == phase;
        let found = values.iter().find(is);
        found
            .unwrap_or_else(|| panic!("no {metric} {phase:?} in {live}"))
            .clone()
    }

    /// What `/live` shows of equipment.
    pub async fn live(&self, id: &str) -> Value {
        self.get(&format!("/api/equipment/{id}/live")).await.data()
    }

    /// Waits until equipment has this status.
    pub async fn status_becomes(&self, id: &str, status: &str) {
        eventually(&format!("{id} to be {status}"), || async {
            (self.live(id).await["status"] == status).then_some(())
        })
        .await;
    }

    /// The audit log, newest first: action, resource, details and who.
    pub async fn audit(&self) -> Vec<Value> {
        let page = self.get("/api/audit?limit=100").await.data();
        page["items"].as_array().unwrap().clone()
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub text: String,
}

impl Reply {
    /// The answer to a request.
    pub async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("the appliance answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("the body arrives whole");
        Self {
            status,
            headers,
            text,
        }
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// Every header of this name.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let all = self.headers.get_all(name).iter();
        all.filter_map(|value| value.to_str().ok()).collect()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in {} {}", self.status, self.text))
    }

    /// What was asked for, after `200`.
    #[track_caller]
    pub fn data(&self) -> Value {
        self.success(200)
    }

    /// What was made, after `201`.
    #[track_caller]
    pub fn created(&self) -> Value {
        self.success(201)
    }

    #[track_caller]
    fn success(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        let body = self.json();
        assert_eq!(keys(&body), ["data", "success", "timestamp"]);
        assert_eq!(body["success"], true);
        assert!(!self.header("x-request-id").is_empty());
        body["data"].clone()
    }

    /// The refusal, after its shape and code were checked against the status.
    #[track_caller]
    pub fn refused(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        let body = self.json();
        let shape = [
            "details",
            "error",
            "error_code",
            "request_id",
            "success",
            "timestamp",
        ];
        assert_eq!(keys(&body), shape);
        let code = CODES.iter().find(|(known, _)| *known == status).unwrap().1;
        assert_eq!(
            (&body["success"], &body["error_code"]),
            (&json!(false), &json!(code))
        );
        assert_eq!(body["request_id"], self.header("x-request-id"));
        let sentence = body["error"].as_str().unwrap();
        assert!(sentence.len() > 5, "{sentence:?} tells nobody what to do");
        body
    }

    /// A `403` that wants a proof of who is at the screen.
    #[track_caller]
    pub fn wants_proof(&self) {
        assert_eq!(self.status, 403, "{}", self.text);
        assert_eq!(self.json()["error_code"], "STEP_UP_REQUIRED");
    }

    /// The refused fields of a `400`, sorted.
    #[track_caller]
    pub fn bad_fields(&self) -> Vec<String> {
        let body = self.refused(400);
        let fields = body["details"]["fields"].as_array();
        let fields = fields.unwrap_or_else(|| panic!("no fields in {body}"));
        let told = |field: &Value| !field["message"].as_str().unwrap().is_empty();
        assert!(fields.iter().all(told), "{body}");
        let path = |field: &Value| field["path"].as_str().unwrap().to_owned();
        let mut paths: Vec<_> = fields.iter().map(path).collect();
        paths.sort();
        paths
    }
}
