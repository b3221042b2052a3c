//! *pure* — photos: what a JPG or PNG says of itself in its first bytes.
//!
//! Nothing is unpacked: a picture is taken as it is when its header makes sense and its size is
//! one that every browser shows.

use crate::base::{Error, Result};

/// Most pixels of a photo. Unpacked it takes four bytes a pixel on the phone that shows it.
const PIXELS_MAX: u64 = 40_000_000;
/// Longest side, pixels.
const SIDE_MAX: u32 = 20_000;

/// First bytes of every JPG.
pub(super) const JPG: &[u8] = &[0xFF, 0xD8, 0xFF];
/// First bytes of every PNG.
pub(super) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Width and height of a picture, pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub width: u32,
    pub height: u32,
}

impl Size {
    /// Nothing when a picture of this size may be kept.
    pub(super) fn check(self, place: &str) -> Result<()> {
        let pixels = u64::from(self.width) * u64::from(self.height);
        if (1..=PIXELS_MAX).contains(&pixels) && self.width.max(self.height) <= SIDE_MAX {
            return Ok(());
        }
        let Self { width, height } = self;
        let sentence = format!(
            "The picture has {width} x {height} pixels. Send one of at most 40 megapixels and \
             {SIDE_MAX} pixels a side."
        );
        Err(Error::invalid(place, sentence))
    }
}

/// The size that a PNG names in its header; `None` when the header is not one.
pub(super) fn png_size(bytes: &[u8]) -> Option<Size> {
    let header = bytes.strip_prefix(PNG)?;
    // Length (always 13), name, 13 bytes, checksum over name and bytes.
    let chunk = header.strip_prefix(&[0, 0, 0, 13])?;
    let (covered, rest) = chunk.split_at_checked(17)?;
    let fields = covered.strip_prefix(b"IHDR")?;
    if u32_at(rest, 0)? != crc32fast::hash(covered) {
        return None;
    }
    let (depth, colour) = (fields[8], fields[9]);
    let known = match colour {
        0 => matches!(depth, 1 | 2 | 4 | 8 | 16),
        3 => matches!(depth, 1 | 2 | 4 | 8),
        2 | 4 | 6 => matches!(depth, 8 | 16),
        _ => false,
    };
    // Compression and filter have one value each, interlace two.
    let usual = fields[10] == 0 && fields[11] == 0 && fields[12] <= 1;
    (known && usual).then_some(Size {
        width: u32_at(fields, 0)?,
        height: u32_at(fields, 4)?,
    })
}

/// The size that a JPG names in its frame header; `None` when none comes before the picture.
pub(super) fn jpg_size(bytes: &[u8]) -> Option<Size> {
    if !bytes.starts_with(JPG) {
        return None;
    }
    // Each segment: FF (once or more), marker, length of what follows with the length itself.
    let mut rest = &bytes[2..];
    loop {
        rest = rest.strip_prefix(&[0xFF])?;
        let marker = *rest.first()?;
        if marker == 0xFF {
            continue;
        }
        rest = &rest[1..];
        match marker {
            // Stands alone, without a length.
            0x01 | 0xD0..=0xD7 => continue,
            // The picture or its end before any frame header, or no marker at all.
            0x00 | 0xD8..=0xDA => return None,
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?]));
        let (segment, after) = rest.split_at_checked(length)?;
        // Frame headers; C4, C8 and CC in their midst are tables and a reserve.
        if matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) {
            return frame_size(segment);
        }
        if length < 2 {
            return None;
        }
        rest = after;
    }
}

/// A frame header: length, bits of a sample, height, width, number of colours, three bytes each.
fn frame_size(segment: &[u8]) -> Option<Size> {
    let side = |at: usize| {
        let pair = [*segment.get(at)?, *segment.get(at + 1)?];
        Some(u32::from(u16::from_be_bytes(pair)))
    };
    let (bits, colours) = (*segment.get(2)?, usize::from(*segment.get(7)?));
    let whole = segment.len() == 8 + 3 * colours && (1..=4).contains(&colours);
    (whole && matches!(bits, 8 | 12)).then_some(Size {
        width: side(5)?,
        height: side(3)?,
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut chunk = b"IHDR".to_vec();
        chunk.extend(width.to_be_bytes());
        chunk.extend(height.to_be_bytes());
        chunk.extend([8, 2, 0, 0, 0]);
        let crc = crc32fast::hash(&chunk).to_be_bytes();
        [PNG, &[0, 0, 0, 13], &chunk, &crc].concat()
    }

    fn jpg(width: u16, height: u16) -> Vec<u8> {
        let mut bytes = vec![0xFF, 0xD8];
        bytes.extend([0xFF, 0xE0, 0, 6, b'J', b'F', b'I', b'F']);
        // A table before the frame, filled up with an FF too many.
        bytes.extend([0xFF, 0xFF, 0xDB, 0, 3, 7]);
        bytes.extend([0xFF, 0xC2, 0, 17, 8]);
        bytes.extend(height.to_be_bytes());
        bytes.extend(width.to_be_bytes());
        bytes.extend([3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
        bytes
    }

    #[test]
    fn the_size_is_read_from_the_header() {
        let size = |width, height| Some(Size { width, height });
        assert_eq!(png_size(&png(640, 480)), size(640, 480));
        assert_eq!(jpg_size(&jpg(4_000, 3_000)), size(4_000, 3_000));
        assert_eq!(jpg_size(&png(1, 1)), None);
        assert_eq!(png_size(&jpg(1, 1)), None);
    }

    #[test]
    fn a_header_that_is_cut_or_bent_is_no_header() {
        for whole in [png(640, 480), jpg(640, 480)] {
            for end in 0..whole.len() {
                let cut = &whole[..end];
                assert_eq!(png_size(cut).or(jpg_size(cut)), None, "{end}");
            }
        }
        let mut bent = png(640, 480);
        bent[18] ^= 1;
        assert_eq!(png_size(&bent), None);
        // The picture begins without a frame; a segment of no length would never end.
        assert_eq!(jpg_size(&[0xFF, 0xD8, 0xFF, 0xDA, 0, 2]), None);
        assert_eq!(jpg_size(&[0xFF, 0xD8, 0xFF, 0xE0, 0, 0, 0xFF, 0xE0]), None);
    }

    #[test]
    fn a_picture_that_no_screen_needs_is_refused() {
        let check = |width, height| Size { width, height }.check("photo").is_ok();
        assert!(check(1, 1) && check(8_000, 5_000) && check(20_000, 2_000));
        assert!(!check(0, 10) && !check(10, 0));
        assert!(!check(8_000, 5_001) && !check(20_001, 1) && !check(u32::MAX, u32::MAX));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_stumble(bytes: Vec<u8>, width: u16, at in 0_usize..30, byte: u8) {
            let _ = (png_size(&bytes), jpg_size(&bytes));
            for mut whole in [png(u32::from(width), 7), jpg(width, 7)] {
                let at = at % whole.len();
                whole[at] = byte;
                let _ = (png_size(&whole), jpg_size(&whole));
            }
        }
    }
}
