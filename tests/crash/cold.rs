//! Cold cells under `kill -9`: a customer and his site, a cell and its equipment, and all of a list
//! are there after the restart, or none of it.

use crate::client::{Client, Failure, Outcome};
use crate::{Appliance, Chance};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Directories are cut this often; each cut lands within the first tenths of a second of the work.
const ROUNDS: u32 = 16;
/// Cells of a list, each with a sensor, in a location of its own.
const LIST: usize = 5;

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().expect("it is a text").to_owned()
}

/// A list of cells in a place of its own.
fn list(round: u32, step: u32) -> String {
    let head = "customer,location,cell,set_point_c,max_c,serial_number\n".to_owned();
    let row = |n| format!("First,List {round}-{step},Cell {n},4,8,L-{round}-{step}-{n}\n");
    (0..LIST).map(row).fold(head, |all, row| all + &row)
}

/// Makes a customer, then cells and lists until the connection is cut; what was acknowledged.
async fn make(client: Client, location: String, round: u32) -> BTreeSet<String> {
    let mut done = BTreeSet::new();
    let work = async {
        let name = format!("Customer {round}");
        client
            .post("/coldchain/customers", json!({ "name": name }))
            .await?;
        done.insert(name);
        for step in 0.. {
            let name = format!("Cell {round}-{step}");
            let cell = json!({ "location_id": location, "name": name, "set_point_c": 4,
                "max_c": 8 });
            client.post("/coldchain/cells", cell).await?;
            done.insert(name);
            let table = list(round, step);
            client.post_table("/coldchain/cells/import", table).await?;
            done.insert(format!("List {round}-{step}"));
        }
        Ok(())
    };
    let outcome: Outcome<()> = work.await;
    match outcome {
        Err(Failure::Refused(status, body)) => panic!("refused: {status} {body}"),
        _ => done,
    }
}

/// Everything is whole, and what was acknowledged is there.
async fn check(client: &Client, acknowledged: &BTreeSet<String>) -> Outcome<()> {
    let cells = client.every("/coldchain/cells").await?;
    let equipment = client.every("/equipment").await?;
    let devices = client.every("/devices").await?;
    let locations = client.every("/coldchain/locations").await?;
    let customers = client.every("/coldchain/customers").await?;
    let sites = client.every("/sites").await?;
    let furnished: BTreeSet<_> = equipment.iter().map(|one| text(one, "id")).collect();
    let used: BTreeSet<_> = cells.iter().map(|one| text(one, "equipment_id")).collect();
    assert_eq!(
        furnished, used,
        "equipment without a cell, or the other way round"
    );
    assert_eq!(
        sites.len(),
        customers.len() + 1,
        "a site without its customer"
    );
    let mut lists: BTreeMap<String, usize> = BTreeMap::new();
    for cell in &cells {
        let place = text(cell, "location_name");
        if place.starts_with("List") {
            *lists.entry(place).or_default() += 1;
        }
    }
    assert!(lists.values().all(|cells| *cells == LIST), "{lists:?}");
    assert_eq!(
        locations.len(),
        lists.len() + 1,
        "a location of half a list"
    );
    assert_eq!(devices.len(), lists.len() * LIST, "sensors of half a list");
    let mut there: BTreeSet<_> = cells.iter().map(|one| text(one, "name")).collect();
    there.extend(customers.iter().map(|one| text(one, "name")));
    there.extend(lists.into_keys());
    let gone: Vec<_> = acknowledged.difference(&there).collect();
    assert!(gone.is_empty(), "acknowledged, and gone: {gone:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cold_cells_are_made_whole_or_not_at_all() {
    let mut chance = Chance::of_this_run("cold cells");
    let place = tempfile::tempdir().unwrap();
    let mut appliance = Appliance::start(place.path()).await;
    let client = Client::new(&appliance.address);
    let token = appliance.setup_token().await;
    client.set_up(&token).await.unwrap();
    let client = client.clone().with(&client.login().await.unwrap());
    let first = json!({ "name": "First" });
    let first = client.post("/coldchain/customers", first).await.unwrap();
    let hall = json!({ "customer_id": first["id"], "name": "Hall" });
    let hall = client.post("/coldchain/locations", hall).await.unwrap();
    let mut acknowledged = BTreeSet::new();
    for round in 1..=ROUNDS {
        let client = Client::new(&appliance.address);
        let client = client.clone().with(&client.login().await.unwrap());
        let making = tokio::spawn(make(client, text(&hall, "id"), round));
        appliance.kill_after_us(chance.below(400_000)).await;
        acknowledged.extend(making.await.unwrap());
        appliance = Appliance::start(place.path()).await;
        let client = Client::new(&appliance.address);
        let client = client.clone().with(&client.login().await.unwrap());
        check(&client, &acknowledged).await.unwrap();
    }
    assert!(!acknowledged.is_empty(), "nothing was made before a cut");
}

/// Takes a customer out of use with all that is his, or brings him back; whether that was answered.
async fn come_or_go(client: Client, (customer, in_use): (String, bool)) -> bool {
    let path = format!("/coldchain/customers/{customer}/use");
    match client.put(&path, json!({ "in_use": in_use })).await {
        Ok(told) => {
            assert_eq!(told["cells"], LIST, "all of it moves");
            true
        }
        Err(Failure::Cut) => false,
        Err(Failure::Refused(status, body)) => panic!("refused: {status} {body}"),
    }
}

/// Whether all that is a customer's is in use; panics when some of it is and some is not.
async fn whole(client: &Client, customer: &str) -> bool {
    let mut states = BTreeMap::new();
    let mut note = |what: String, in_use: bool| states.insert(what, in_use);
    for list in ["customers", "locations", "cells"] {
        let path = format!("/coldchain/{list}");
        let all = client.every_of(&path, "retired=true").await.unwrap();
        let his = |one: &&Value| one["id"] == customer || one["customer_id"] == customer;
        for one in all.iter().filter(his) {
            note(
                format!("{list} {}", text(one, "name")),
                one["retired_at"].is_null(),
            );
        }
    }
    for one in client.every("/devices").await.unwrap() {
        note(text(&one, "serial_number"), one["enabled"] == true);
    }
    for one in client.every("/equipment").await.unwrap() {
        let name = format!("equipment {}", text(&one, "id"));
        note(name, one["status"] != "decommissioned");
    }
    assert_eq!(states.len(), 1 + LIST + 3 * LIST, "{states:?}");
    let in_use = states.values().all(|in_use| *in_use);
    let out = states.values().all(|in_use| !*in_use);
    assert!(in_use || out, "half of it is out of use: {states:?}");
    in_use
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_leaves_use_whole_or_not_at_all() {
    let mut chance = Chance::of_this_run("out of use");
    let place = tempfile::tempdir().unwrap();
    let mut appliance = Appliance::start(place.path()).await;
    let client = Client::new(&appliance.address);
    let token = appliance.setup_token().await;
    client.set_up(&token).await.unwrap();
    let mut client = client.clone().with(&client.login().await.unwrap());
    let first = json!({ "name": "First" });
    let first = client.post("/coldchain/customers", first).await.unwrap();
    let table = (1..=LIST).map(|n| format!("First,Hall {n},Cell {n},4,8,S-{n}\n"));
    let head = "customer,location,cell,set_point_c,max_c,serial_number\n".to_owned();
    let table = table.fold(head, |all, row| all + &row);
    let import = client.post_table("/coldchain/cells/import", table);
    import.await.unwrap();
    let customer = text(&first, "id");
    let (mut in_use, mut answered) = (true, 0);
    for _ in 1..=ROUNDS {
        let moving = tokio::spawn(come_or_go(client.clone(), (customer.clone(), !in_use)));
        appliance.kill_after_us(chance.below(60_000)).await;
        let acknowledged = moving.await.unwrap();
        appliance = Appliance::start(place.path()).await;
        client = Client::new(&appliance.address);
        client = client.clone().with(&client.login().await.unwrap());
        let now = whole(&client, &customer).await;
        assert!(now != in_use || !acknowledged, "acknowledged, and undone");
        answered += u32::from(acknowledged);
        in_use = now;
    }
    // Whatever the cuts left, all of it moves from there.
    assert!(come_or_go(client.clone(), (customer.clone(), !in_use)).await);
    assert_eq!(whole(&client, &customer).await, !in_use);
    println!("out of use: {ROUNDS} cuts, {answered} times it was answered before the cut");
}
