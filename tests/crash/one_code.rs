//! A code of the second factor that let somebody in lets nobody in again, though the power fails in
//! the very moment.

use crate::Chance;
use crate::appliance::Appliance;
use crate::client::{Client, Failure};
use crate::small_disk::SmallDisk;
use indusmind::base::{Clock as _, SystemClock};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::path::Path;
use totp_rs::{Builder, Secret};

const DISK_MB: u64 = 400;
/// As the client of this test signs in.
const EMAIL: &str = "owner@example.org";
const PASSWORD: &str = "Crash-test-2026";
/// Recovery codes that are on their way when the power fails.
const UNDER_WAY: usize = 5;
/// Within this time of the request, µs: hashing the password is done before.
const WITHIN_US: u64 = 20_000;

/// What an authenticator shows `ahead` seconds from now.
fn shown(secret: &str, ahead: i64) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_secret(secret).build_noncompliant();
    let seconds = SystemClock.now().ms() / 1_000 + ahead;
    totp.generate(u64::try_from(seconds).unwrap()).to_string()
}

/// The factor switched on; its secret and the recovery codes.
async fn switch_on(client: &Client) -> (String, Vec<String>) {
    let made = client.post("/auth/2fa/setup", json!({ "password": PASSWORD }));
    let made = made.await.expect("a secret");
    let secret = made["secret"].as_str().unwrap().to_owned();
    let first = json!({ "code": shown(&secret, 0) });
    let codes = client.post("/auth/2fa/verify", first).await.expect("codes");
    let codes = codes["recovery_codes"].as_array().unwrap().iter();
    let codes = codes.map(|code| code.as_str().unwrap().to_owned());
    (secret, codes.collect())
}

async fn first_step(appliance: &Appliance) -> Value {
    let request = json!({ "email": EMAIL, "password": PASSWORD });
    let client = Client::new(&appliance.address);
    let answer = client.post("/auth/login", request).await;
    answer.expect("the password is right")["challenge"].take()
}

/// Whether the code lets in; `None` when there was no answer.
async fn lets_in(appliance: &Appliance, challenge: &Value, code: &str) -> Option<bool> {
    let request = json!({ "challenge": challenge, "code": code });
    let client = Client::new(&appliance.address);
    match client.post("/auth/2fa/login", request).await {
        Ok(_) => Some(true),
        Err(Failure::Refused(StatusCode::UNAUTHORIZED, _)) => Some(false),
        Err(Failure::Cut) => None,
        Err(other) => panic!("{other:?}"),
    }
}

/// Ends the power in this moment, and starts on what the disk kept.
async fn cut(mut appliance: Appliance, disk: &SmallDisk, place: &Path) -> Appliance {
    appliance.hold_after_us(0).await;
    disk.cut();
    appliance.kill_after_us(0).await;
    disk.mount_again();
    Appliance::start(place).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_lets_in_once_though_the_power_fails() {
    let mut chance = Chance::of_this_run("a_code_lets_in_once_though_the_power_fails");
    let outside = tempfile::tempdir().unwrap();
    let place = outside.path().join("disk");
    let disk = SmallDisk::real(&place, DISK_MB, "ext4").filter(|_| SmallDisk::can_be_cut());
    let Some(disk) = disk else {
        println!("NOT RUN: a disk that loses power, because this user may not mount one");
        return;
    };
    let mut appliance = Appliance::start(&place).await;
    let client = Client::new(&appliance.address);
    let token = appliance.setup_token().await;
    client.set_up(&token).await.expect("set-up");
    let client = client.clone().with(&client.login().await.expect("login"));
    let (secret, mut codes) = switch_on(&client).await;

    // The answer came: the code is used, whatever happens now. The code of the coming half minute
    // is taken already, that of this one switched the factor on.
    for code in [
        shown(&secret, 30),
        codes.pop().unwrap(),
        codes.pop().unwrap(),
    ] {
        let challenge = first_step(&appliance).await;
        assert_eq!(lets_in(&appliance, &challenge, &code).await, Some(true));
        appliance = cut(appliance, &disk, &place).await;
        let challenge = first_step(&appliance).await;
        assert_eq!(lets_in(&appliance, &challenge, &code).await, Some(false));
    }
    // No answer came, or just one: the code lets in once at most.
    for _ in 0..UNDER_WAY {
        let code = codes.pop().unwrap();
        let challenge = first_step(&appliance).await;
        let before = {
            let (client, code) = (Client::new(&appliance.address), code.clone());
            let request = json!({ "challenge": challenge, "code": code });
            tokio::spawn(async move { client.post("/auth/2fa/login", request).await.is_ok() })
        };
        appliance.hold_after_us(chance.below(WITHIN_US)).await;
        disk.cut();
        appliance.kill_after_us(0).await;
        disk.mount_again();
        appliance = Appliance::start(&place).await;
        let mut times = u32::from(before.await.unwrap());
        for _ in 0..2 {
            let challenge = first_step(&appliance).await;
            let answer = lets_in(&appliance, &challenge, &code).await;
            times += u32::from(answer.expect("an answer"));
        }
        assert!(times <= 1, "{code} let in {times} times");
    }
    drop((appliance, disk));
}
