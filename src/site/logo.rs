//! The logo of a site, as it stands on reports. What is sent is unpacked, made as small as paper
//! needs and packed anew, so that nothing of the file that somebody sent goes on to others. Home of
//! png and `zune_jpeg`.

use super::{SITES, Site, Sites};
use crate::base::{Error, ErrorKind, Result, SiteId};
use crate::store::Transaction;
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::Cursor;

pub(super) const LOGOS: Table<Stored> = Table::new("site_logo", 1);
/// Most bytes of a file that is sent.
pub const LOGO_MAX: usize = 2 << 20;
/// Longest side of a picture that is sent, pixels: unpacked it takes four bytes a pixel.
const SIDE_MAX: u32 = 4_000;
/// Most pixels of it.
const PIXELS_MAX: u64 = 8_000_000;
/// What is kept at most, pixels: sharp on paper at the size at which it stands there.
const WIDTH_KEPT: u32 = 640;
const HEIGHT_KEPT: u32 = 240;
const JPG: &[u8] = &[0xFF, 0xD8, 0xFF];
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A logo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// The picture, packed as PNG.
    pub png: Vec<u8>,
    /// Its width, pixels.
    pub width: u32,
    /// Its height, pixels.
    pub height: u32,
}

/// A logo as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) png: String,
    width: u32,
    height: u32,
}

impl Stored {
    pub(super) fn of(logo: &Logo) -> Self {
        Self {
            png: BASE64_STANDARD.encode(&logo.png),
            width: logo.width,
            height: logo.height,
        }
    }
}

/// An unpacked picture: red, green, blue, opacity.
struct Picture {
    width: u32,
    height: u32,
    rgba: Vec<u8>,
}

impl Logo {
    /// A logo from the bytes of a PNG or JPG. Unpacks it: not on a thread of the runtime.
    ///
    /// # Errors
    /// When it is neither, is damaged, or has too many pixels.
    pub fn from_file(content: &[u8]) -> Result<Self> {
        let picture = if content.starts_with(PNG) {
            from_png(content)?
        } else if content.starts_with(JPG) {
            from_jpg(content)?
        } else {
            let sentence = "Send a PNG or a JPG.";
            return Err(Error::new(ErrorKind::UnsupportedMedia, sentence));
        };
        let small = picture.smaller();
        Ok(Self {
            png: small.packed()?,
            width: small.width,
            height: small.height,
        })
    }

    /// The hash of its bytes, which names it.
    #[must_use]
    pub fn hash(&self) -> String {
        let digest = Sha256::digest(&self.png);
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn damaged() -> Error {
    Error::invalid(
        "logo",
        "The picture is damaged. Save it again as PNG or JPG.",
    )
}

fn check(width: u32, height: u32) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    if (1..=PIXELS_MAX).contains(&pixels) && width.max(height) <= SIDE_MAX {
        return Ok(());
    }
    let sentence = format!(
        "The picture has {width} x {height} pixels. Send one of at most 8 megapixels and \
         {SIDE_MAX} pixels a side."
    );
    Err(Error::invalid("logo", sentence))
}

fn from_png(content: &[u8]) -> Result<Picture> {
    let mut decoder = png::Decoder::new(Cursor::new(content));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|_| damaged())?;
    let (width, height) = (reader.info().width, reader.info().height);
    check(width, height)?;
    let size = reader.output_buffer_size().ok_or_else(damaged)?;
    let mut bytes = vec![0; size];
    let frame = reader.next_frame(&mut bytes).map_err(|_| damaged())?;
    bytes.truncate(frame.buffer_size());
    let rgba = match frame.color_type {
        png::ColorType::Rgba => bytes,
        png::ColorType::Rgb => spread(&bytes, 3, |p| [p[0], p[1], p[2], 255]),
        png::ColorType::GrayscaleAlpha => spread(&bytes, 2, |p| [p[0], p[0], p[0], p[1]]),
        png::ColorType::Grayscale => spread(&bytes, 1, |p| [p[0], p[0], p[0], 255]),
        png::ColorType::Indexed => return Err(damaged()),
    };
    Picture::of(width, height, rgba)
}

fn from_jpg(content: &[u8]) -> Result<Picture> {
    use zune_jpeg::zune_core::bytestream::ZCursor;
    use zune_jpeg::zune_core::colorspace::ColorSpace;
    use zune_jpeg::zune_core::options::DecoderOptions;
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
    let cursor = ZCursor::new(content);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(cursor, options);
    decoder.decode_headers().map_err(|_| damaged())?;
    let info = decoder.info().ok_or_else(damaged)?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    check(width, height)?;
    let rgb = decoder.decode().map_err(|_| damaged())?;
    Picture::of(width, height, spread(&rgb, 3, |p| [p[0], p[1], p[2], 255]))
}

/// Pixels of so many bytes as four bytes each.
fn spread(bytes: &[u8], each: usize, pixel: impl Fn(&[u8]) -> [u8; 4]) -> Vec<u8> {
    bytes.chunks_exact(each).flat_map(pixel).collect()
}

impl Picture {
    fn of(width: u32, height: u32, rgba: Vec<u8>) -> Result<Self> {
        let whole = width as usize * height as usize * 4 == rgba.len();
        whole
            .then_some(Self {
                width,
                height,
                rgba,
            })
            .ok_or_else(damaged)
    }

    /// The same no larger than what is kept: each pixel is the mean of those that it stands for.
    fn smaller(self) -> Self {
        let (w, h) = (f64::from(self.width), f64::from(self.height));
        let scale = (f64::from(WIDTH_KEPT) / w).min(f64::from(HEIGHT_KEPT) / h);
        if scale >= 1.0 {
            return self;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // below what is kept
        let side = |length: f64| ((length * scale).round() as u32).max(1);
        let (width, height) = (side(w), side(h));
        let mut rgba = Vec::with_capacity(width as usize * height as usize * 4);
        for row in 0..height {
            for column in 0..width {
                let rows = stretch(row, height, self.height);
                let columns = stretch(column, width, self.width);
                rgba.extend(self.mean(rows, columns));
            }
        }
        Self {
            width,
            height,
            rgba,
        }
    }

    /// The mean of a field, each colour by its opacity: what is clear has none.
    fn mean(&self, rows: std::ops::Range<u32>, columns: std::ops::Range<u32>) -> [u8; 4] {
        let (mut sums, mut opacity, mut count) = ([0_u64; 3], 0_u64, 0_u64);
        for row in rows {
            for column in columns.clone() {
                let at = (row as usize * self.width as usize + column as usize) * 4;
                let Some(&[r, g, b, a]) = self.rgba.get(at..at + 4) else {
                    continue;
                };
                for (sum, colour) in sums.iter_mut().zip([r, g, b]) {
                    *sum += u64::from(colour) * u64::from(a);
                }
                opacity += u64::from(a);
                count += 1;
            }
        }
        let byte = |sum: u64, by: u64| u8::try_from((sum + by / 2) / by.max(1)).unwrap_or(255);
        let [r, g, b] = sums.map(|sum| byte(sum, opacity));
        [r, g, b, byte(opacity, count)]
    }

    fn packed(&self) -> Result<Vec<u8>> {
        let broken = |cause: png::EncodingError| {
            Error::internal("The logo cannot be packed.").because(cause)
        };
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(broken)?;
        writer.write_image_data(&self.rgba).map_err(broken)?;
        writer.finish().map_err(broken)?;
        Ok(bytes)
    }
}

/// The pixels of a side that one of fewer stands for.
fn stretch(at: u32, few: u32, many: u32) -> std::ops::Range<u32> {
    let place = |at: u32| u64::from(at) * u64::from(many) / u64::from(few.max(1));
    let narrow = |place: u64| u32::try_from(place).unwrap_or(many);
    let from = narrow(place(at));
    from..narrow(place(at + 1)).max(from + 1).min(many)
}

impl Sites {
    /// The logo of a site; `None` when it has none. Reads the disk.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn logo(&self, site: SiteId) -> Result<Option<Logo>> {
        let found = LOGOS.get(&self.store.read()?, site.as_bytes())?;
        let unpacked = |stored: Stored| {
            let broken = |cause| Error::internal("The logo is damaged.").because(cause);
            Ok(Logo {
                png: BASE64_STANDARD.decode(&stored.png).map_err(broken)?,
                width: stored.width,
                height: stored.height,
            })
        };
        found.map(unpacked).transpose()
    }

    /// Gives a site a logo in place of the one it has, or takes it away.
    ///
    /// # Errors
    /// When there is no such site, or no logo to take away; when the disk refuses.
    pub async fn set_logo(&self, id: SiteId, logo: Option<Logo>, actor: Actor) -> Result<Site> {
        let now = self.clock.now();
        let write = move |transaction: &Transaction<'_>| {
            let found = SITES.get(transaction, id.as_bytes())?;
            let mut site = found.ok_or_else(|| Error::not_found("site", id))?;
            let before = site.clone();
            match &logo {
                Some(logo) => {
                    LOGOS.put(transaction, id.as_bytes(), &Stored::of(logo))?;
                }
                None if site.logo.is_none() => {
                    return Err(Error::not_found("logo of site", id));
                }
                None => {
                    LOGOS.remove(transaction, id.as_bytes())?;
                }
            }
            site.logo = logo.as_ref().map(Logo::hash);
            SITES.put(transaction, id.as_bytes(), &site)?;
            let details = audit::changed_fields(&before, &site);
            let resource = format!("site/{id}");
            let object = audit::about(&resource).of(&site.key);
            audit::append(transaction, now, &actor, "site.logo", object, details)?;
            Ok(site)
        };
        let site = self.store.write(write).await?;
        self.reload()?;
        Ok(site)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight grey pixels by eight, as a browser packs them.
    const GREY: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/4gHYSUNDX1BST0ZJTEUAAQEAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH\
        4AABAAEAAAAAAABhY3NwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAA\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAlkZXNjAAAA8AAAACRyWFlaAAAB\
        FAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAAABZAAA\
        AChiVFJDAAABZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJY\
        WVogAAAAAAAAb6IAADj1AAADkFhZWiAAAAAAAABimQAAt4UAABjaWFlaIAAAAAAAACSgAAAPhAAAts9YWVog\
        AAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAPKnAAANWQAAE9AAAApbAAAAAAAAAABtbHVjAAAA\
        AAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADb/2wBDABALDA4M\
        ChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBD\
        ARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2Nj\
        Y2P/wAARCAAIAAgDASIAAhEBAxEB/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAAAAA\
        AAD/xAAUAQEAAAAAAAAAAAAAAAAAAAAA/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQACEQMRAD8AAA//\
        2Q==";

    fn png_of(width: u32, height: u32, pixel: [u8; 4]) -> Vec<u8> {
        let count = width as usize * height as usize;
        let rgba = pixel.repeat(count);
        Picture::of(width, height, rgba).unwrap().packed().unwrap()
    }

    #[test]
    fn a_logo_is_packed_anew_no_larger_than_paper_needs() {
        let large = Logo::from_file(&png_of(1_280, 200, [200, 30, 10, 255])).unwrap();
        assert_eq!((large.width, large.height), (640, 100));
        let again = from_png(&large.png).unwrap();
        assert!(
            again
                .rgba
                .chunks(4)
                .all(|pixel| pixel == [200, 30, 10, 255])
        );
        let small = Logo::from_file(&png_of(3, 5, [1, 2, 3, 0])).unwrap();
        assert_eq!((small.width, small.height), (3, 5));
        // Words that hide behind the picture are gone.
        let mut talks = png_of(2, 2, [9, 9, 9, 255]);
        talks.extend_from_slice(b"<script>");
        let clean = Logo::from_file(&talks).unwrap();
        assert!(!clean.png.windows(8).any(|part| part == b"<script>"));
    }

    #[test]
    fn what_is_no_picture_or_too_large_is_refused() {
        let kind = |content: &[u8]| Logo::from_file(content).unwrap_err().kind;
        assert_eq!(kind(b"GIF89a"), ErrorKind::UnsupportedMedia);
        assert_eq!(kind(b"<svg/>"), ErrorKind::UnsupportedMedia);
        let whole = png_of(20, 20, [1, 2, 3, 255]);
        assert_eq!(kind(&whole[..whole.len() / 2]), ErrorKind::Invalid);
        assert_eq!(
            kind(&[JPG, &[0xE0, 0, 4, 0, 0]].concat()),
            ErrorKind::Invalid
        );
        assert_eq!(kind(&png_of(4_001, 1, [0; 4])), ErrorKind::Invalid);
    }

    #[test]
    fn a_jpg_is_read_too() {
        let logo = Logo::from_file(&BASE64_STANDARD.decode(GREY).unwrap()).unwrap();
        assert_eq!((logo.width, logo.height), (8, 8));
        let pixel = &from_png(&logo.png).unwrap().rgba[..4];
        assert!(pixel[0].abs_diff(128) < 4 && pixel[3] == 255, "{pixel:?}");
    }
}
