//! A disk that holds everybody up makes the answers slow, and somebody is told of that.

use crate::appliance::Appliance;
use crate::client::Client;
use crate::ledger::Fields;
use crate::small_disk::SmallDisk;
use std::time::Duration;
use tokio::task::JoinSet;

const DISK_MB: u64 = 400;
/// Changes that wait for the disk, and for how long: longer than anybody should.
const SLOW: u32 = 30;
const HELD: Duration = Duration::from_millis(2_500);
/// Looks at what the appliance says of itself every ten seconds.
const TRIES: usize = 300;
const PAUSE: Duration = Duration::from_millis(200);
/// Answers without which a share says nothing.
const QUICK: u32 = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_a_disk_makes_slow_are_an_alert() {
    let outside = tempfile::tempdir().unwrap();
    let place = outside.path().join("disk");
    let Some(disk) = SmallDisk::real(&place, DISK_MB, "ext4") else {
        println!("NOT RUN: a disk of its own, because this user may not mount one");
        return;
    };
    let mut appliance = Appliance::start(&place).await;
    let client = Client::new(&appliance.address);
    let token = appliance.setup_token().await;
    client.set_up(&token).await.expect("set-up");
    let client = client.clone().with(&client.login().await.expect("login"));
    for _ in 0..QUICK {
        client.list().await.expect("machines");
    }
    let told = async || {
        let found = client.get("/alerts?status=active&search=answers").await;
        let found = found.expect("alerts");
        let items = found["items"].as_array().expect("items");
        items.first().map(|alert| alert["level"].clone())
    };
    assert_eq!(told().await, None, "all was quick");

    let frozen = disk.freeze();
    let mut waiting = JoinSet::new();
    for number in 0..SLOW {
        let client = client.clone();
        let fields = Fields {
            model: "T1".to_owned(),
            location: "Hall".to_owned(),
        };
        waiting.spawn(async move {
            let name = format!("machine {number}");
            client.create(&name, &fields, None).await.map(drop)
        });
    }
    tokio::time::sleep(HELD).await;
    drop(frozen);
    for done in waiting.join_all().await {
        done.expect("late, and done all the same");
    }
    for attempt in 1.. {
        if let Some(level) = told().await {
            assert_eq!(level, "High");
            break;
        }
        assert!(attempt < TRIES, "nobody is told that answers are slow");
        tokio::time::sleep(PAUSE).await;
    }
    drop((appliance, disk));
}
