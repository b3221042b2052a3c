//! The order of the queue, and what is kept.

use super::super::letter::Outcome;
use super::super::letter::tests::letter;
use super::*;
use crate::store::Store;

fn with<T: Send + 'static>(
    store: &Store,
    work: impl FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
) -> T {
    store.write_blocking(work).unwrap()
}

fn put_all(store: &Store, letters: &[Letter]) {
    let letters = letters.to_vec();
    with(store, move |tx| {
        letters.iter().try_for_each(|letter| put(tx, letter))
    });
}

fn due_at(store: &Store, now: Timestamp, most: usize) -> Vec<LetterId> {
    let view = store.read().unwrap();
    let found = due(&view, OutletKind::Smtp, now, &BTreeSet::new(), most).unwrap();
    found.into_iter().map(|letter| letter.id).collect()
}

#[test]
fn what_is_urgent_goes_first_and_what_waits_goes_when_it_is_due() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "test").unwrap();
    let now = Timestamp::from_ms(1_000_000);
    let low = letter(OutletKind::Smtp, Level::Low, now.minus_ms(9_000));
    let urgent = letter(OutletKind::Smtp, Level::Emergency, now);
    let late = letter(OutletKind::Smtp, Level::Critical, now.plus_ms(1));
    let other = letter(OutletKind::Sms, Level::Emergency, now);
    put_all(&store, &[low.clone(), urgent.clone(), late.clone(), other]);
    assert_eq!(due_at(&store, now, 9), [urgent.id, low.id]);
    assert_eq!(due_at(&store, now, 1), [urgent.id]);
    {
        let view = store.read().unwrap();
        let skip = BTreeSet::from([urgent.id]);
        let found = due(&view, OutletKind::Smtp, now, &skip, 1).unwrap();
        assert_eq!(found[0].id, low.id);
        let next = next_due(&view, OutletKind::Smtp, now).unwrap();
        assert_eq!(next, Some(now.plus_ms(1)));
        assert_eq!(waiting(&view, OutletKind::Smtp).unwrap(), 3);
    }
    // One that is sent, put off or refused leaves its place in the queue.
    let sent = urgent.after(&Outcome::Sent(String::new()), now, 1);
    let put_off = low.after(&Outcome::Later(String::new(), None), now, 1);
    put_all(&store, &[sent, put_off.clone()]);
    assert!(due_at(&store, now, 9).is_empty());
    assert_eq!(due_at(&store, now.plus_ms(1_000), 9), [late.id, put_off.id]);
}

#[test]
fn what_an_outlet_failed_with_is_due_once_it_is_mended_and_what_has_its_hour_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "test").unwrap();
    let now = Timestamp::from_ms(1_000_000);
    let later = now.plus_ms(300_000);
    let mut failed = letter(OutletKind::Smtp, Level::Low, later);
    failed.failed = 4;
    let quiet = letter(OutletKind::Smtp, Level::Medium, later);
    let mut other = letter(OutletKind::Sms, Level::Critical, later);
    other.failed = 1;
    put_all(&store, &[failed.clone(), quiet.clone(), other]);
    assert!(due_at(&store, now, 9).is_empty());
    with(&store, move |tx| hasten(tx, OutletKind::Smtp, now));
    assert_eq!(due_at(&store, now, 9), [failed.id]);
    assert_eq!(due_at(&store, later, 9), [quiet.id, failed.id]);
    let view = store.read().unwrap();
    assert_eq!(next_due(&view, OutletKind::Sms, now).unwrap(), Some(later));
}

#[test]
fn the_log_is_read_page_by_page_and_old_letters_go() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), "test").unwrap();
    let start = Timestamp::from_ms(0);
    let made = |n| letter(OutletKind::Smtp, Level::Low, start.plus_ms(n));
    let mut letters = vec![made(0)];
    letters.extend((1..25).map(|n| made(n).withheld("no")));
    letters[3].to = "Amel@plant.example".to_owned();
    put_all(&store, &letters);
    let read = |filter: &LogFilter, cursor, limit| {
        page(&store.read().unwrap(), filter, cursor, limit).unwrap()
    };
    let first = read(&LogFilter::default(), None, 10);
    assert_eq!(first.items[0].id, letters[24].id);
    let rest = read(&LogFilter::default(), first.next_cursor, 99);
    assert_eq!((rest.items.len(), rest.next_cursor), (15, None));
    assert_eq!(rest.items[14].id, letters[0].id);
    let filter = LogFilter {
        text: Some("amel".to_owned()),
        ..LogFilter::default()
    };
    assert_eq!(read(&filter, None, 99).items[0].id, letters[3].id);

    let later = start.plus_ms(KEEP_MS + 10);
    assert_eq!(with(&store, move |tx| forget(tx, later)), 9);
    let kept = read(&LogFilter::default(), None, 99).items;
    // The oldest waits to be sent: it stays.
    assert_eq!((kept.len(), kept[15].id), (16, letters[0].id));
}
