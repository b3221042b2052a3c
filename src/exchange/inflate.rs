//! Unpacking gzip within a limit that is measured while reading: what a header declares is no
//! promise.

use crate::base::{Error, ErrorKind, Result};
use flate2::read::MultiGzDecoder;
use std::io::Read as _;

/// The bytes of a gzip body, at most `most` of them.
///
/// # Errors
/// When the body is no gzip, is cut off, or holds more.
pub fn gunzip(packed: &[u8], most: usize) -> Result<Vec<u8>> {
    let mut plain = Vec::new();
    let mut reader = MultiGzDecoder::new(packed).take(most as u64 + 1);
    reader.read_to_end(&mut plain).map_err(|cause| {
        let sentence = "The body is no whole gzip. Send it again, or without Content-Encoding.";
        Error::invalid("body", sentence).because(cause)
    })?;
    if plain.len() > most {
        return Err(too_large(most));
    }
    Ok(plain)
}

/// A body that holds more than `most` bytes.
#[must_use]
pub fn too_large(most: usize) -> Error {
    let sentence = format!(
        "The request holds more than {} MB. Send it in smaller parts.",
        most / 1_000_000
    );
    Error::new(ErrorKind::TooLarge, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write as _;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let bomb = packed(&vec![0; 5_000_000]);
        assert!(bomb.len() < 10_000);
        let error = gunzip(&bomb, 1_000_000).unwrap_err();
        assert_eq!(error.kind, ErrorKind::TooLarge);
        assert_eq!(gunzip(&packed(b"abc"), 3).unwrap(), b"abc");
    }

    #[test]
    fn parts_that_were_packed_one_by_one_are_one_text() {
        let both = [packed(b"a\n"), packed(b"b\n")].concat();
        assert_eq!(gunzip(&both, 100).unwrap(), b"a\nb\n");
    }

    #[test]
    fn what_is_cut_off_or_no_gzip_is_refused() {
        let whole = packed(b"abc");
        for bad in [&whole[..whole.len() - 3], b"abc", b""] {
            assert_eq!(gunzip(bad, 100).unwrap_err().kind, ErrorKind::Invalid);
        }
    }
}
