//! What is held, on the file system of the test, and as if nothing more were free.

use super::*;
use std::io::Write as _;

const PAGE: u64 = 4_096;
const BYTES: [u8; 4_096] = [3; 4_096];

/// A file of two pages with a reserve; `None` where the file system keeps none.
fn file_in(folder: &Path) -> Option<(Arc<Reserve>, AheadFile)> {
    let path = folder.join("file");
    let mut file = File::create(&path).unwrap();
    file.write_all(&[BYTES, BYTES].concat()).unwrap();
    drop(file);
    let reserve = Arc::new(Reserve::default());
    let file = reserve.open(&path).unwrap();
    reserve.state().map(|_| (reserve, file))
}

fn blocks(folder: &Path) -> u64 {
    std::fs::metadata(folder.join("file")).unwrap().blocks() * 512
}

#[test]
fn room_is_held_behind_what_is_written_and_moves_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let Some((reserve, file)) = file_in(folder.path()) else {
        return;
    };
    let whole = reserve.state().unwrap().whole;
    assert_eq!(reserve.state().unwrap().held, whole);
    assert!(blocks(folder.path()) >= 2 * PAGE + whole);
    assert_eq!(file.len().unwrap(), 2 * PAGE);
    // Longer, written up to its end, shorter again: it is whole each time.
    file.set_len(40 * PAGE).unwrap();
    file.write(39 * PAGE, &BYTES).unwrap();
    assert_eq!(reserve.state().unwrap().held, whole);
    assert!(blocks(folder.path()) >= 40 * PAGE + whole);
    file.set_len(4 * PAGE).unwrap();
    assert_eq!(reserve.state().unwrap().held, whole);
    assert!(blocks(folder.path()) >= 4 * PAGE + whole);
    assert!(reserve.ahead_bytes() >= whole);
    // The next opening finds nearly all of it, and asks nobody for it.
    let again = Ahead {
        file: File::open(folder.path().join("file")).ok(),
        written: 4 * PAGE,
        whole,
        ..Ahead::default()
    };
    assert!(again.found() + 3 * PIECE >= whole, "{again:?}");
}

#[test]
fn on_a_full_disk_only_people_use_it_and_it_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let Some((reserve, file)) = file_in(folder.path()) else {
        return;
    };
    // As if nothing more were free: the next block that is asked for is refused.
    let own = {
        let mut ahead = reserve.lock();
        ahead.whole = 160 * PAGE;
        ahead.taken = ahead.written + ahead.whole;
        let read_only = File::open(folder.path().join("file")).unwrap();
        ahead.file.replace(read_only)
    };
    let refused = reserve.spare(|| file.write(2 * PAGE, &BYTES)).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
    // What was written before takes nothing.
    reserve.spare(|| file.write(PAGE, &BYTES)).unwrap();
    assert!(!reserve.state().unwrap().is_in_use());
    for n in 0..90 {
        file.write((2 + n) * PAGE, &BYTES).unwrap();
    }
    let state = reserve.state().unwrap();
    assert_eq!(state.held, 70 * PAGE);
    assert!(state.is_in_use() && state.is_low());
    reserve.lock().file = own;
    reserve.renew();
    assert_eq!(reserve.state().unwrap().held, 160 * PAGE);
    reserve.spare(|| file.write(92 * PAGE, &BYTES)).unwrap();
}

#[test]
fn what_is_given_back_is_free_and_the_next_opening_holds_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let Some((reserve, file)) = file_in(folder.path()) else {
        return;
    };
    let whole = reserve.state().unwrap().whole;
    reserve.give_back();
    assert!(
        blocks(folder.path()) <= 2 * PAGE + PIECE,
        "it is held still"
    );
    // What is written when it ends is written.
    file.write(2 * PAGE, &BYTES).unwrap();
    file.set_len(3 * PAGE).unwrap();
    reserve.renew();
    assert!(
        blocks(folder.path()) <= 3 * PAGE + PIECE,
        "it is held again"
    );
    drop(file);
    let path = folder.path().join("file");
    assert_eq!(std::fs::read(&path).unwrap(), BYTES.repeat(3));
    let again = Arc::new(Reserve::default());
    again.open(&path).unwrap();
    assert_eq!(again.state().unwrap().held, whole);
}

#[test]
fn an_empty_file_is_no_data_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    File::create(&path).unwrap();
    assert!(Arc::new(Reserve::default()).open(&path).is_err());
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
}
