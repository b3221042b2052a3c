//! A full disk harms nothing that is stored, and heals without a restart.
//!
//! The limit on the size of files stands for the disk: a write beyond it fails, as on a full one.

use crate::appliance::{Appliance, check, data_in};
use crate::client::{Client, Failure};
use crate::ledger::Fields;
use std::time::Duration;

/// Changes that are tried until one is refused; each adds more than a page to the file.
const CHANGES_MAX: u32 = 5_000;
/// Tries after the disk has room again; the funnel and the writer come back by themselves.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

fn fields(number: u32) -> Fields {
    // Long, so that the file grows soon.
    Fields {
        model: format!("model {number:0>100}"),
        location: format!("location {number:0>100}"),
    }
}

/// A reading of the first of November.
fn line(meter: &str, second: i64) -> String {
    const START_MS: i64 = 1_793_491_200_000;
    format!(
        "m,equipment_id={meter} flow=1.5 {}\n",
        START_MS + second * 1_000
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_and_heals() {
    let place = tempfile::tempdir().unwrap();
    let mut appliance = Appliance::start_with_errors_for_limits(place.path()).await;
    let client = Client::new(&appliance.address);
    client
        .set_up(&appliance.setup_token().await)
        .await
        .expect("set-up");
    let client = client.clone().with(&client.login().await.expect("login"));

    let size = data_in(place.path())
        .join("indusmind.redb")
        .metadata()
        .unwrap()
        .len();
    appliance.limit_files(Some(size));
    let mut acknowledged = Vec::new();
    let mut refused = None;
    for number in 0..CHANGES_MAX {
        let name = format!("machine {number}");
        match client.create(&name, &fields(number), None).await {
            Ok(_) => acknowledged.push(name),
            Err(Failure::Refused(status, body)) => {
                refused = Some((name, status.as_u16(), body));
                break;
            }
            Err(Failure::Cut) => panic!("the appliance ended on a full disk"),
        }
    }
    let (name, status, body) = refused.expect("the disk never was full");
    assert_eq!(status, 503, "{body}");
    assert!(
        body.contains("room"),
        "the refusal does not say what to do: {body}"
    );
    let known = client
        .list()
        .await
        .expect("reading works on a full disk")
        .len();
    assert_eq!(
        known,
        acknowledged.len(),
        "a refused change is shown, or one is missing"
    );

    // Readings that others write: refused whole, with the time of the next try.
    let meter = client.list().await.unwrap().remove(0).1;
    let lines: String = (0..20_000).map(|n| line(&meter, n)).collect();
    assert_eq!(client.write(lines).await, (503, Some("10".to_owned())));

    appliance.limit_files(None);
    for attempt in 1.. {
        match client.create(&name, &fields(0), None).await {
            Ok(_) => break,
            Err(failure) if attempt == TRIES => panic!("it did not heal: {failure:?}"),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    acknowledged.push(name);
    assert_eq!(client.write(line(&meter, 30_000)).await, (204, None));
    appliance.kill_after_us(0).await;
    check(place.path());

    let appliance = Appliance::start(place.path()).await;
    let client = Client::new(&appliance.address);
    let client = client
        .clone()
        .with(&client.login().await.expect("login after the restart"));
    let names: Vec<_> = client
        .list()
        .await
        .unwrap()
        .into_iter()
        .map(|(name, ..)| name)
        .collect();
    for name in &acknowledged {
        assert!(names.contains(name), "{name} was acknowledged and is gone");
    }
    let points = client.raw(&meter, "flow", "2026-11-01", "2026-11-02").await;
    let points = points.expect("history after the restart");
    assert_eq!(
        points.len(),
        1,
        "what was refused is there, or what was taken is not"
    );
    println!(
        "full disk: {} changes were acknowledged, none is missing",
        acknowledged.len()
    );
}
