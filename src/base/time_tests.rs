//! Instants, buckets and calendars.

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn instants_are_written_as_the_calendar_library_writes_them() {
    let days = (0..2_932_890)
        .step_by(13)
        .map(|day| day * 86_400_000 + 40_271_009);
    let edges = [0, 951_782_399_999, 951_782_400_000, 253_402_200_000_000];
    for ms in days.chain(edges) {
        let at = Timestamp::from_ms(ms);
        assert_eq!(at.to_string(), format!("{:.3}", at.jiff()));
    }
    let before = Timestamp::from_ms(-1);
    assert_eq!(before.to_string(), "1969-12-31T23:59:59.999Z");
}

#[test]
fn instants_read_back_as_they_were_written() {
    let instant = at("2026-11-21T09:30:00.250+01:00");
    assert_eq!(instant.to_string(), "2026-11-21T08:30:00.250Z");
    assert_eq!(at("2026-11-21"), at("2026-11-21T00:00:00Z"));
    assert!("yesterday".parse::<Timestamp>().is_err());
}

#[test]
fn a_day_has_23_24_or_25_hours() {
    let paris = Calendar::new("Europe/Paris").unwrap();
    let hours = |noon: &str| {
        let start = paris.bucket_start(at(noon), BucketSize::Day);
        paris.next_bucket(start, BucketSize::Day).since_ms(start) / 3_600_000
    };
    assert_eq!(hours("2026-03-29T12:00:00Z"), 23);
    assert_eq!(hours("2026-06-15T12:00:00Z"), 24);
    assert_eq!(hours("2026-10-25T12:00:00Z"), 25);
}

#[test]
fn weeks_start_on_monday_and_months_on_the_first() {
    let tunis = Calendar::new("Africa/Tunis").unwrap();
    let sunday = at("2026-11-22T12:00:00Z");
    assert_eq!(
        tunis.bucket_start(sunday, BucketSize::Week),
        at("2026-11-15T23:00:00Z")
    );
    let month = tunis.bucket_start(sunday, BucketSize::Month);
    assert_eq!(month, at("2026-10-31T23:00:00Z"));
    assert_eq!(
        tunis.next_bucket(month, BucketSize::Month),
        at("2026-11-30T23:00:00Z")
    );
    assert_eq!(tunis.date(at("2026-11-21T23:30:00Z")), "2026-11-22");
}

#[test]
fn an_hour_follows_the_clock_of_the_site() {
    let kolkata = Calendar::new("Asia/Kolkata").unwrap();
    let start = kolkata.bucket_start(at("2026-11-21T08:50:00Z"), BucketSize::Fixed(3_600_000));
    assert_eq!(start, at("2026-11-21T08:30:00Z"));
}

#[tokio::test]
async fn a_manual_clock_wakes_who_waits_for_it() {
    let clock = ManualClock::new(Timestamp::from_ms(0));
    let waiting = clock.clone();
    let waiter = tokio::spawn(async move {
        waiting.sleep_until(Timestamp::from_ms(5_000)).await;
        waiting.now()
    });
    clock.advance(Duration::from_secs(4));
    clock.advance(Duration::from_secs(1));
    assert_eq!(waiter.await.unwrap(), Timestamp::from_ms(5_000));
}

#[test]
fn a_time_without_an_offset_is_on_the_wall_clock_of_the_site() {
    let paris = Calendar::new("Europe/Paris").unwrap();
    for (text, instant) in [
        ("2026-11-21 08:30:00", "2026-11-21T07:30:00Z"),
        ("2026-07-21T08:30", "2026-07-21T06:30:00Z"),
        ("2026-11-21 08:30:00.250", "2026-11-21T07:30:00.250Z"),
        ("2026-11-21T08:30:00Z", "2026-11-21T08:30:00Z"),
        ("2026-11-21T08:30:00+05:00", "2026-11-21T03:30:00Z"),
        // An hour that the clocks jump over is read as the one after, one that comes twice as
        // the first.
        ("2026-03-29 02:30:00", "2026-03-29T01:30:00Z"),
        ("2026-10-25 02:30:00", "2026-10-25T00:30:00Z"),
    ] {
        assert_eq!(paris.instant(text), Some(at(instant)), "{text}");
    }
    for bad in ["", "noon", "21/11/2026 08:30", "2026-13-01 00:00"] {
        assert_eq!(paris.instant(bad), None, "{bad}");
    }
}
