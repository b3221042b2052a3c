//! Five tabs of one browser that refresh at once, a thousand times: nobody is thrown out.

use crate::support::{Appliance, EMAIL};
use std::sync::Arc;

const ROUNDS: usize = 1_000;
const TABS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_tabs_refresh_a_thousand_times_without_a_false_alarm() {
    let (appliance, chief) = Appliance::furnished().await;
    let auth = Arc::clone(&appliance.context().auth);
    let mut token = chief.refresh_token.clone();
    let mut last = chief.token.clone();
    let mut previous = String::new();
    for round in 0..ROUNDS {
        let tabs: Vec<_> = (0..TABS)
            .map(|_| {
                let (auth, token) = (Arc::clone(&auth), token.clone());
                tokio::spawn(async move { auth.refresh(&token, None).await })
            })
            .collect();
        let mut next = Vec::new();
        for tab in tabs {
            let signed_in = tab.await.unwrap();
            let signed_in = signed_in.unwrap_or_else(|error| panic!("round {round}: {error}"));
            last = signed_in.token;
            next.push(signed_in.refresh_token);
        }
        assert!(next.iter().all(|other| *other == next[0]), "round {round}");
        assert_ne!(next[0], token, "round {round}");
        previous = std::mem::replace(&mut token, next.swap_remove(0));
        // Most rounds follow each other within the grace time, some long after it.
        appliance.advance(if round % 10 == 9 { 60_000 } else { 1_000 });
    }
    let here = chief.with_token(&last);
    assert_eq!(here.get("/api/auth/me").await.data()["email"], EMAIL);
    let log = here
        .get("/api/audit?action=auth.refresh_reused")
        .await
        .data();
    assert_eq!(log["items"].as_array().map(Vec::len), Some(0));
    // The alarm itself works: the token before this one comes again, too late.
    appliance.advance(20_001);
    assert!(auth.refresh(&previous, None).await.is_err());
    here.get("/api/auth/me").await.refused(401);
}
