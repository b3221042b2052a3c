//! The first run: whoever can read the console owns the appliance, once.

use crate::support::client::Reply;
use crate::support::socket::Socket;
use crate::support::{Appliance, EMAIL, PASSWORD, assert_near, keys};
use indusmind::base::UserId;
use indusmind::base::bucket::Rate;
use indusmind::web::Class;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_new_appliance_asks_for_set_up_and_knows_nobody() {
    let appliance = Appliance::new().await;
    let client = appliance.client();
    let state = client.get("/api/setup").await.data();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        state,
        json!({ "required": true, "version": version, "site_name": null })
    );
    for name in ["admin", "root", "admin@localhost", EMAIL] {
        for password in ["admin", PASSWORD] {
            let request = json!({ "email": name, "password": password });
            client.post("/api/auth/login", &request).await.refused(401);
        }
    }
    client.get("/api/equipment").await.refused(401);
}

#[tokio::test]
async fn set_up_makes_the_site_and_the_administrator() {
    let appliance = Appliance::new().await;
    let made = appliance.set_up().await;
    assert_eq!(keys(&made), ["site", "user"]);
    let site = &made["site"];
    assert_eq!(
        (&site["key"], &site["name"]),
        (&json!("site_a"), &json!("Bottling plant"))
    );
    assert_eq!(site["time_zone"], "Africa/Tunis");
    assert_eq!(
        (&site["currency"], &site["price_per_kwh"]),
        (&json!("TND"), &json!("0.291"))
    );
    let user = &made["user"];
    assert_eq!(
        (&user["email"], &user["role"]),
        (&json!(EMAIL), &json!("Administrator"))
    );
    assert_eq!(
        (&user["role_key"], &user["site"]),
        (&json!("admin"), &json!("site_a"))
    );
    assert!(user["id"].as_str().unwrap().parse::<UserId>().is_ok());
    assert!(!made.to_string().contains(PASSWORD));

    let state = appliance.client().get("/api/setup").await.data();
    assert_eq!(state["required"], false);
    assert_eq!(state["site_name"], "Bottling plant");
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let sites = chief.get("/api/sites").await.data();
    assert_eq!(sites["items"], json!([site]));
    let log = chief.audit().await;
    assert!(
        log.iter()
            .any(|e| e["action"] == "user.create" && e["user"] == "set-up")
    );
}

#[tokio::test]
async fn a_wrong_token_opens_nothing_and_the_right_one_may_be_typed_badly() {
    let appliance = Appliance::new().await;
    let client = appliance.client();
    let right = appliance.setup_token();
    let mut request = appliance.setup_request();
    let short = right[..right.len() - 1].to_owned();
    for wrong in ["", "AAAA-BBBB-CCCC-DDDD", &short, &format!("{right}A")] {
        request["token"] = json!(wrong);
        client.post("/api/setup", &request).await.refused(403);
    }
    assert_eq!(client.get("/api/setup").await.data()["required"], true);
    request["token"] = json!(right.to_lowercase().replace('-', " "));
    client.post("/api/setup", &request).await.created();
}

#[tokio::test]
async fn every_bad_field_of_both_halves_is_named_at_once() {
    let appliance = Appliance::new().await;
    let client = appliance.client();
    let request = json!({
        "token": appliance.setup_token(),
        "site": { "name": " ", "key": "Site A", "time_zone": "Africa/Nowhere", "currency": "euro",
            "price_per_kwh": "-0.1" },
        "administrator": { "email": "nobody", "username": "a b", "name": "", "password": "weak" },
    });
    let expected = [
        "administrator.email",
        "administrator.name",
        "administrator.password",
        "administrator.username",
        "site.currency",
        "site.key",
        "site.name",
        "site.price_per_kwh",
        "site.time_zone",
    ];
    assert_eq!(
        client.post("/api/setup", &request).await.bad_fields(),
        expected
    );
    assert!(appliance.context().auth.users().is_empty());
    assert!(appliance.context().sites.all().is_empty());
    appliance.set_up().await;
}

#[tokio::test]
async fn what_is_not_understood_is_named_with_its_place() {
    let appliance = Appliance::new().await;
    let client = appliance.client();
    let good = appliance.setup_request();
    let place = |change: fn(&mut Value), path: &'static str| {
        let mut request = good.clone();
        change(&mut request);
        let client = client.clone();
        async move {
            let paths = client.post("/api/setup", &request).await.bad_fields();
            assert_eq!(paths, [path]);
        }
    };
    place(|r| r["site"]["colour"] = json!("red"), "site.colour").await;
    place(|r| r["surprise"] = json!(1), "surprise").await;
    place(|r| r["site"]["name"] = json!(7), "site.name").await;
    place(
        |r| r["administrator"]["password"] = Value::Null,
        "administrator.password",
    )
    .await;
    place(
        |r| r["site"]["price_per_kwh"] = json!("cheap"),
        "site.price_per_kwh",
    )
    .await;
    place(
        |r| drop(r["site"].as_object_mut().unwrap().remove("name")),
        "site.name",
    )
    .await;
    place(
        |r| drop(r.as_object_mut().unwrap().remove("administrator")),
        "administrator",
    )
    .await;
    for text in ["", "{", "[]", "null"] {
        let request = client
            .request(Method::POST, "/api/setup")
            .header("content-type", "application/json")
            .body(text);
        Reply::to(request).await.refused(400);
    }
    assert!(!appliance.context().auth.is_set_up());
}

#[tokio::test]
async fn of_a_hundred_parallel_claims_exactly_one_wins() {
    let appliance = Appliance::new().await;
    let mut claims = tokio::task::JoinSet::new();
    for number in 0..100 {
        let client = appliance.client();
        let mut request = appliance.setup_request();
        request["administrator"]["email"] = json!(format!("claim{number}@plant.example"));
        claims.spawn(async move { (number, client.post("/api/setup", &request).await) });
    }
    let mut winners = Vec::new();
    while let Some(claim) = claims.join_next().await {
        let (number, reply) = claim.unwrap();
        if reply.status == 201 {
            winners.push(number);
        } else {
            reply.refused(409);
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    let users = appliance.context().auth.users();
    assert_eq!(users.len(), 1);
    assert_eq!(users[0].email, format!("claim{}@plant.example", winners[0]));
    assert_eq!(appliance.context().sites.all().len(), 1);
}

#[tokio::test]
async fn set_up_is_done_once_and_stays_done_after_a_restart() {
    let mut appliance = Appliance::new().await;
    let request = appliance.setup_request();
    appliance.set_up().await;
    appliance
        .client()
        .post("/api/setup", &request)
        .await
        .refused(409);
    appliance.stop().await;
    appliance.start().await;
    // The console of the second start has a new token, which opens nothing either.
    let again = appliance.setup_request();
    for request in [request, again] {
        appliance
            .client()
            .post("/api/setup", &request)
            .await
            .refused(409);
    }
    assert_eq!(appliance.context().auth.users().len(), 1);
}

#[tokio::test]
async fn guessing_the_token_is_slowed_down() {
    let five = |config: &mut indusmind::config::Config| {
        config.edge.limits.set(Class::SignIn, Rate::new(5, 60, 5));
    };
    let appliance = Appliance::with(crate::support::START, five).await;
    let client = appliance.client();
    let mut request = appliance.setup_request();
    request["token"] = json!("AAAA-BBBB-CCCC-DDDD");
    for _ in 0..5 {
        client.post("/api/setup", &request).await.refused(403);
    }
    let reply = client.post("/api/setup", &request).await;
    reply.refused(429);
    assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
    // The right token has to wait as well: it cannot be told from a guess.
    let right = appliance.setup_request();
    client.post("/api/setup", &right).await.refused(429);
}

#[tokio::test]
async fn a_site_may_have_a_key_of_its_own_and_no_price() {
    let appliance = Appliance::new().await;
    let mut request = appliance.setup_request();
    request["site"]["key"] = json!("plant_2");
    request["site"]["currency"] = json!("eur");
    request["site"]
        .as_object_mut()
        .unwrap()
        .remove("price_per_kwh");
    let made = appliance
        .client()
        .post("/api/setup", &request)
        .await
        .created();
    assert_eq!(
        (&made["site"]["key"], &made["site"]["currency"]),
        (&json!("plant_2"), &json!("EUR"))
    );
    assert!(made["site"]["price_per_kwh"].is_null());
    let chief = appliance.client().login(EMAIL, PASSWORD).await;
    let field = crate::support::meters::Field::of(&appliance.clock, &[40.0]).await;
    let id = chief.add("Main", &field.modbus(0)).await;
    appliance.read_at(&[&id], appliance.now()).await;
    let mut socket = Socket::open(&chief, "/ws/dashboard:plant_2").await;
    let message = socket.message().await;
    assert_near(
        &message["power"],
        field.meters[0].truth("power", appliance.now()),
        "power",
    );
    assert!(
        message["cost_hour"].is_null(),
        "without a price there is no cost: {message}"
    );
    let today = chief.get("/api/dashboard/today").await.data();
    assert!(today["cost"].is_null());
}
