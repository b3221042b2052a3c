//! *pure* — one tick row: every batch that was true at the same instant, packed.
//!
//! A value that is a decimal with up to four places is stored as an integer (meters count in
//! tenths and hundredths); one that a 32-bit float holds exactly takes four bytes; anything else
//! eight. Nothing is rounded: what comes out is what went in. `docs/data-file.md` has the bytes.

use super::SeriesId;
use crate::base::{Error, Quality, Result, Timestamp};

/// First byte of a row.
const VERSION: u8 = 2;
/// Rows of the first version, whose checksum does not cover the instant they are filed under.
const WITHOUT_INSTANT: u8 = 1;
/// Version byte and CRC-32.
const HEADER: usize = 5;

/// A batch as it is stored: series by number, and only what differs from the key of the row.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredBatch {
    /// Poll interval of the device, ms.
    pub interval_ms: u32,
    /// When the values reached us.
    pub arrived: Timestamp,
    /// The values, by series.
    pub samples: Vec<StoredSample>,
}

/// One value of a stored batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StoredSample {
    /// Which series.
    pub series: SeriesId,
    /// The value; `None` when it is missing.
    pub value: Option<f64>,
    /// How far to trust it.
    pub quality: Quality,
}

/// Packs the batches of one tick.
#[must_use]
pub fn encode(at: Timestamp, batches: &[StoredBatch]) -> Vec<u8> {
    let mut out = vec![VERSION, 0, 0, 0, 0];
    for batch in batches {
        put_unsigned(&mut out, u64::from(batch.interval_ms));
        put_signed(&mut out, batch.arrived.since_ms(at));
        put_unsigned(&mut out, batch.samples.len() as u64);
        let mut previous = 0;
        for sample in &batch.samples {
            put_signed(&mut out, i64::from(sample.series.0) - previous);
            previous = i64::from(sample.series.0);
            put_value(&mut out, sample.quality, sample.value);
        }
    }
    let checksum = checksum_of(VERSION, at, &out[HEADER..]);
    out[1..HEADER].copy_from_slice(&checksum.to_le_bytes());
    out
}

/// Unpacks a row and shows each batch to `visit`. Nothing is shown of a damaged row.
///
/// # Errors
/// When the checksum does not match or the row has an unknown shape.
pub fn decode(
    at: Timestamp,
    row: &[u8],
    mut visit: impl FnMut(&StoredBatch) -> Result<()>,
) -> Result<()> {
    let damaged = || {
        Error::internal(format!(
            "The readings of {at} are damaged on disk; they are left out."
        ))
    };
    let body = row.get(HEADER..).ok_or_else(damaged)?;
    let known = [VERSION, WITHOUT_INSTANT].contains(&row[0]);
    if !known || checksum_of(row[0], at, body).to_le_bytes() != row[1..HEADER] {
        return Err(damaged());
    }
    let mut input = Input { bytes: body };
    let mut batch = StoredBatch {
        interval_ms: 0,
        arrived: at,
        samples: Vec::new(),
    };
    while !input.bytes.is_empty() {
        read_batch(&mut input, at, &mut batch).ok_or_else(damaged)?;
        visit(&batch)?;
    }
    Ok(())
}

/// The instant is part of it: a key that rots must not move values to another time.
fn checksum_of(version: u8, at: Timestamp, body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    if version != WITHOUT_INSTANT {
        hasher.update(&[version]);
        hasher.update(&at.ms().to_be_bytes());
    }
    hasher.update(body);
    hasher.finalize()
}

fn read_batch(input: &mut Input<'_>, at: Timestamp, batch: &mut StoredBatch) -> Option<()> {
    batch.interval_ms = u32::try_from(input.unsigned()?).ok()?;
    batch.arrived = at.plus_ms(input.signed()?);
    let count = input.unsigned()?;
    batch.samples.clear();
    let mut previous = 0;
    for _ in 0..count {
        previous += input.signed()?;
        let series = SeriesId(u32::try_from(previous).ok()?);
        let (quality, value) = input.value()?;
        batch.samples.push(StoredSample {
            series,
            value,
            quality,
        });
    }
    Some(())
}

/// Kinds of a value, the low three bits of its tag; the next three are the quality.
const NONE: u8 = 0;
/// 1 to 5: an integer with 0 to 4 decimal places.
const DECIMAL: u8 = 1;
const PLACES_MAX: u8 = 4;
const FLOAT32: u8 = 6;
const FLOAT64: u8 = 7;
const POWERS: [f64; 5] = [1.0, 10.0, 100.0, 1_000.0, 10_000.0];

fn put_value(out: &mut Vec<u8>, quality: Quality, value: Option<f64>) {
    let tag = |kind: u8| kind | ((quality as u8) << 3);
    let Some(value) = value else {
        out.push(tag(NONE));
        return;
    };
    #[allow(clippy::cast_possible_truncation)] // compared right below: used only when exact
    let single = value as f32;
    let fits_single = f64::from(single).to_bits() == value.to_bits();
    match as_decimal(value) {
        // Five bytes of integer beat the float only when there is no exact 32-bit one.
        Some((places, integer)) if !fits_single || integer.unsigned_abs() < 1 << 27 => {
            out.push(tag(DECIMAL + places));
            put_signed(out, integer);
        }
        _ if fits_single => {
            out.push(tag(FLOAT32));
            out.extend_from_slice(&single.to_le_bytes());
        }
        _ => {
            out.push(tag(FLOAT64));
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
}

/// The integer and its decimal places, when they give back exactly this value.
pub(super) fn as_decimal(value: f64) -> Option<(u8, i64)> {
    if value.to_bits() == (-0.0f64).to_bits() || value.abs() >= 9e11 {
        return None;
    }
    (0..=PLACES_MAX).find_map(|places| {
        let power = POWERS[usize::from(places)];
        #[allow(clippy::cast_possible_truncation)] // below 9e15, where f64 holds every integer
        let integer = (value * power).round() as i64;
        (from_decimal(places, integer).to_bits() == value.to_bits()).then_some((places, integer))
    })
}

fn from_decimal(places: u8, integer: i64) -> f64 {
    #[allow(clippy::cast_precision_loss)] // below 9e15
    let whole = integer as f64;
    whole / POWERS[usize::from(places)]
}

fn put_unsigned(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7F) as u8);
}

fn put_signed(out: &mut Vec<u8>, value: i64) {
    // Zigzag: small negative numbers become small unsigned ones.
    put_unsigned(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

struct Input<'a> {
    bytes: &'a [u8],
}

impl Input<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*first)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*first)
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    fn value(&mut self) -> Option<(Quality, Option<f64>)> {
        let tag = self.byte()?;
        let quality = Quality::from_code(tag >> 3)?;
        let value = match tag & 7 {
            NONE => None,
            FLOAT32 => Some(f64::from(f32::from_le_bytes(self.take()?))),
            FLOAT64 => Some(f64::from_le_bytes(self.take()?)),
            decimal => Some(from_decimal(decimal - DECIMAL, self.signed()?)),
        };
        Some((quality, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(at: Timestamp, batches: &[StoredBatch]) -> Vec<StoredBatch> {
        let mut back = Vec::new();
        decode(at, &encode(at, batches), |batch| {
            back.push(batch.clone());
            Ok(())
        })
        .unwrap();
        back
    }

    fn sample(series: u32, value: f64) -> StoredSample {
        StoredSample {
            series: SeriesId(series),
            value: Some(value),
            quality: Quality::Good,
        }
    }

    #[test]
    fn a_meter_of_tenths_takes_few_bytes() {
        let at = Timestamp::from_ms(1_795_000_000_000);
        let samples = (0..12)
            .map(|n| sample(n, f64::from(2301 + n) / 10.0))
            .collect();
        let batch = StoredBatch {
            interval_ms: 5_000,
            arrived: at.plus_ms(20),
            samples,
        };
        let row = encode(at, std::slice::from_ref(&batch));
        assert!(row.len() <= 10 + 12 * 4, "{} bytes", row.len());
        assert_eq!(round_trip(at, std::slice::from_ref(&batch)), [batch]);
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let at = Timestamp::from_ms(0);
        let batch = StoredBatch {
            interval_ms: 1,
            arrived: at,
            samples: vec![sample(7, 0.1)],
        };
        let row = encode(at, &[batch]);
        for bit in 0..row.len() * 8 {
            let mut rotten = row.clone();
            rotten[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(at, &rotten, |_| Ok(())).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_row_under_another_instant_is_noticed() {
        let at = Timestamp::from_ms(1_795_000_000_000);
        let batch = StoredBatch {
            interval_ms: 1,
            arrived: at,
            samples: vec![sample(7, 0.1)],
        };
        let row = encode(at, &[batch]);
        assert!(decode(at, &row, |_| Ok(())).is_ok());
        for bit in 0..43 {
            let moved = Timestamp::from_ms(at.ms() ^ (1 << bit));
            assert!(decode(moved, &row, |_| Ok(())).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_row_of_the_first_version_is_still_read() {
        let at = Timestamp::from_ms(0);
        let batch = StoredBatch {
            interval_ms: 1,
            arrived: at,
            samples: vec![sample(7, 0.1)],
        };
        let mut row = encode(at, &[batch]);
        row[0] = WITHOUT_INSTANT;
        let checksum = crc32fast::hash(&row[HEADER..]);
        row[1..HEADER].copy_from_slice(&checksum.to_le_bytes());
        let mut samples = 0;
        decode(at, &row, |batch| {
            samples += batch.samples.len();
            Ok(())
        })
        .unwrap();
        assert_eq!(samples, 1);
    }

    fn any_sample() -> impl Strategy<Value = StoredSample> {
        let value = prop_oneof![
            Just(None),
            any::<f32>()
                .prop_filter("finite", |v| v.is_finite())
                .prop_map(|v| Some(v.into())),
            any::<f64>()
                .prop_filter("finite", |v| v.is_finite())
                .prop_map(Some),
            (any::<i32>(), 0..5u8).prop_map(|(i, places)| Some(from_decimal(places, i.into()))),
            Just(Some(-0.0)),
        ];
        (any::<u32>(), value, 0..6u8).prop_map(|(series, value, quality)| StoredSample {
            series: SeriesId(series),
            value,
            quality: Quality::from_code(quality).unwrap(),
        })
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(
            at in -1_000_000_000_000..4_000_000_000_000i64,
            lag in -10_000..10_000i64,
            interval_ms in any::<u32>(),
            runs in proptest::collection::vec(proptest::collection::vec(any_sample(), 0..30), 0..4),
        ) {
            let at = Timestamp::from_ms(at);
            let batches: Vec<_> = runs
                .into_iter()
                .map(|samples| StoredBatch { interval_ms, arrived: at.plus_ms(lag), samples })
                .collect();
            let back = round_trip(at, &batches);
            prop_assert_eq!(back.len(), batches.len());
            for (ours, theirs) in back.iter().zip(&batches) {
                prop_assert_eq!(ours.arrived, theirs.arrived);
                for (left, right) in ours.samples.iter().zip(&theirs.samples) {
                    prop_assert_eq!(left.series, right.series);
                    prop_assert_eq!(left.quality, right.quality);
                    prop_assert_eq!(left.value.map(f64::to_bits), right.value.map(f64::to_bits));
                }
            }
        }

        #[test]
        fn rubbish_is_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut row = vec![VERSION];
            row.extend(checksum_of(VERSION, Timestamp::from_ms(0), &bytes).to_le_bytes());
            row.extend(&bytes);
            let _ = decode(Timestamp::from_ms(0), &row, |_| Ok(()));
            let _ = decode(Timestamp::from_ms(0), &bytes, |_| Ok(()));
        }
    }
}
