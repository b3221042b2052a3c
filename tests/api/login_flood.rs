//! A flood at the way in, over real connections from many addresses: who comes from a browser that is
//! known still gets in. Counts, no seconds; `INDUSMIND_TORTURE` makes it longer.

use crate::support::client::{Client, Reply};
use crate::support::{Appliance, EMAIL, PASSWORD, START};
use indusmind::config::Config;
use indusmind::web::EdgeSettings;
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Nothing here takes as long: a test that hangs is to end.
const HANGS: Duration = Duration::from_secs(580);

/// Guessers, and how often somebody who is known signs in meanwhile.
fn size() -> (u8, usize) {
    match std::env::var_os("INDUSMIND_TORTURE") {
        Some(_) => (250, 200),
        None => (80, 6),
    }
}

/// Guessers, each with an address and a connection of his own, and what they were answered.
struct Flood {
    stop: Arc<AtomicBool>,
    answers: Arc<Mutex<BTreeMap<u16, usize>>>,
    guessers: Vec<tokio::task::JoinHandle<()>>,
}

impl Flood {
    /// Begins: every guesser from an address of this network, or all from one.
    fn begin(to: SocketAddr, count: u8, many_addresses: bool) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let answers = Arc::new(Mutex::new(BTreeMap::new()));
        let guess = |number: u8| {
            let (stop, answers) = (Arc::clone(&stop), Arc::clone(&answers));
            let last = if many_addresses { number } else { 0 };
            let from = IpAddr::V4(Ipv4Addr::new(127, 0, 1, last.saturating_add(1)));
            let http = reqwest::Client::builder().no_proxy().local_address(from);
            let http = http.build().unwrap();
            // Every other one tries an account that there is.
            let login = if number.is_multiple_of(2) {
                EMAIL
            } else {
                "nobody@plant.example"
            };
            let body = json!({ "email": login, "password": format!("Guess-{number}-x") });
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let asked = http.post(format!("http://{to}/api/auth/login")).json(&body);
                    let status = asked.send().await.unwrap().status().as_u16();
                    *answers.lock().unwrap().entry(status).or_default() += 1;
                }
            })
        };
        let guessers = (0..count).map(guess).collect();
        Self {
            stop,
            answers,
            guessers,
        }
    }

    fn answered(&self) -> usize {
        self.answers.lock().unwrap().values().sum()
    }

    /// Waits until so many more guesses were answered.
    async fn goes_on(&self, more: usize) {
        let until = self.answered() + more;
        while self.answered() < until {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends it; how often each answer was given.
    async fn end(self) -> BTreeMap<u16, usize> {
        self.stop.store(true, Ordering::Relaxed);
        for guesser in self.guessers {
            guesser.await.unwrap();
        }
        Arc::try_unwrap(self.answers).unwrap().into_inner().unwrap()
    }
}

async fn sign_in(client: &Client, device: &str) -> Reply {
    let body = json!({ "email": EMAIL, "password": PASSWORD, "cookie": true });
    let request = client.request(Method::POST, "/api/auth/login").json(&body);
    Reply::to(request.header("cookie", format!("indusmind_device={device}"))).await
}

/// The cookie by which a browser is known after it signed in once.
async fn known_browser(appliance: &Appliance) -> String {
    let reply = sign_in(&appliance.client(), "").await;
    reply.data();
    let cookies = reply.headers("set-cookie");
    let mut held = cookies
        .iter()
        .filter_map(|line| line.strip_prefix("indusmind_device="));
    held.next().unwrap().split(';').next().unwrap().to_owned()
}

/// Signs in while the flood goes on: every time, and the flood is there before and after.
async fn gets_in(appliance: &Appliance, flood: &Flood, device: &str, times: usize) {
    flood.goes_on(60).await;
    for _ in 0..times {
        let reply = sign_in(&appliance.client(), device).await;
        let session = appliance.client().with_session(&reply.data());
        session.get("/api/auth/me").await.data();
        // The session of before does not end by it.
        flood.goes_on(1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_is_known_gets_in_through_a_flood_from_many_addresses_that_no_limit_stops() {
    let (appliance, chief) = Appliance::furnished().await;
    let device = known_browser(&appliance).await;
    let (guessers, times) = size();
    let whole = async {
        let flood = Flood::begin(appliance.address(), guessers, true);
        gets_in(&appliance, &flood, &device, times).await;
        // Who was in stays in, and the account is closed to those whom nobody knows.
        chief.get("/api/auth/me").await.data();
        let stranger = sign_in(&appliance.client(), "").await.status;
        assert!([401, 503].contains(&stranger), "{stranger}");
        let answers = flood.end().await;
        let told: Vec<_> = answers.keys().copied().collect();
        assert!(
            told.iter().all(|status| [401, 503].contains(status)),
            "{answers:?}"
        );
        let known = answers.get(&503).copied().unwrap_or_default();
        assert!(
            known > 0,
            "the line of strangers was never full: {answers:?}"
        );
    };
    tokio::time::timeout(HANGS, whole).await.unwrap();
    let page = chief
        .get("/api/audit?action=auth.account_locked")
        .await
        .data();
    assert!(!page["items"].as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn as_it_ships_a_flood_from_the_same_address_keeps_nobody_out_who_is_known() {
    let shipped = |config: &mut Config| config.edge = EdgeSettings::default();
    let appliance = Appliance::with(START, shipped).await;
    appliance.set_up().await;
    let device = known_browser(&appliance).await;
    let whole = async {
        let flood = Flood::begin(appliance.address(), 40, false);
        // His own bucket holds five in a minute, and one of them was the first.
        gets_in(&appliance, &flood, &device, 3).await;
        let answers = flood.end().await;
        let waits = answers.get(&429).copied().unwrap_or_default();
        let tried: usize = answers.values().sum::<usize>() - waits;
        assert!(tried <= 5 && waits >= 60, "{answers:?}");
    };
    tokio::time::timeout(HANGS, whole).await.unwrap();
}
