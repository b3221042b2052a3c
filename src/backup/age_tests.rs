//! The format against what the age crate wrote, and against whoever changes a byte.

use super::*;

const PASSPHRASE: &str = "correct horse battery staple";
/// The bytes 0 to 4, encrypted by version 0.12 of the age crate with a work factor of 2.
const THEIRS: &str = "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBVeXI5RkdVbEkzU3JGNTFxdTl2Q3NRIDIKVUkxd1VMYzB4NkRMRVNoMjJGUmgvaEZGSm81K2x3V1VKY0tzVHh3M3U4cwotLS0gandDbkVWZTFleTg0WVk3V1Y1cGhST0cyajBsc3BuUmh3emFsVE5yVnlLawpajHWBGude8aFAKvwYKrrZsx9AMPYbVJJ6QAbDa1dyNqnchAVJ";

fn content(key: &AgeKey, file: &[u8]) -> Option<Vec<u8>> {
    let payload = key.payload(file).ok()?;
    let body = &file[usize::try_from(key.head_len()).unwrap()..];
    let plain = Payload::plain_len(body.len() as u64)?;
    let chunks: Vec<_> = body.chunks(CHUNK + TAG).collect();
    let mut all = Vec::new();
    for (number, chunk) in chunks.iter().enumerate() {
        let mut chunk = chunk.to_vec();
        payload.open(number as u64, number + 1 == chunks.len(), &mut chunk)?;
        all.extend(chunk);
    }
    assert_eq!(all.len() as u64, plain);
    Some(all)
}

#[test]
fn a_file_of_the_age_crate_opens() {
    let theirs = base64::engine::general_purpose::STANDARD
        .decode(THEIRS)
        .unwrap();
    let key = AgeKey::open(PASSPHRASE, &theirs).unwrap();
    assert_eq!(content(&key, &theirs).unwrap(), [0, 1, 2, 3, 4]);
    let wrong = AgeKey::open("correct horse", &theirs).map(drop);
    assert_eq!(wrong, Err(Fault::Passphrase));
    for at in 0..theirs.len() {
        let mut changed = theirs.clone();
        changed[at] ^= 1;
        let opened = AgeKey::open(PASSPHRASE, &changed).ok();
        let read = opened.and_then(|key| content(&key, &changed));
        assert_eq!(read, None, "byte {at} was changed");
    }
}

#[test]
fn what_is_written_opens_at_every_length() {
    let key = AgeKey::new(PASSPHRASE, ([7; 16], [9; 16])).unwrap();
    for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
        let plain: Vec<u8> = (0..=250).cycle().take(len).collect();
        let mut sealer = key.writer(Vec::new(), [3; 16]).unwrap();
        sealer.write_all(&plain).unwrap();
        let file = sealer.finish().unwrap();
        assert!(key.fits(&file));
        assert_eq!(content(&key, &file).unwrap(), plain);
        // Cut off, also where a chunk ends.
        for left in [file.len() - 1, file.len().saturating_sub(CHUNK + TAG)] {
            let cut = &file[..left];
            let readable = left >= usize::try_from(key.head_len()).unwrap();
            assert!(!readable || content(&key, cut).is_none(), "{len}: {left}");
        }
    }
    let mut again = key.writer(Vec::new(), [4; 16]).unwrap();
    again.write_all(b"more").unwrap();
    let file = again.finish().unwrap();
    let opened = AgeKey::open(PASSPHRASE, &file).unwrap();
    assert_eq!(content(&opened, &file).unwrap(), b"more");
}

#[test]
fn a_file_that_asks_for_more_memory_than_there_is_is_refused() {
    let theirs = base64::engine::general_purpose::STANDARD
        .decode(THEIRS)
        .unwrap();
    let text = String::from_utf8_lossy(&theirs[..70]).replace("Q 2\n", "Q 40\n");
    let mut asked = text.into_bytes();
    asked.extend_from_slice(&theirs[70..]);
    let opened = AgeKey::open(PASSPHRASE, &asked).map(drop);
    assert_eq!(opened, Err(Fault::TooMuchWork));
}
