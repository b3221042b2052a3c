//! *pure* — the values of a column: integers with decimal places where that is exact.

use super::bytes::{Input, damaged, put_len};
use super::ints;
use crate::base::Result;

/// Most decimal places; meters count in thousandths at most, the rest is for derived units.
pub(super) const PLACES_MAX: u8 = 6;
/// Powers of ten that are exact.
const POWERS: [f64; 7] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];
/// Integers up to here are exact as a float, also after rounding.
const EXACT_MAX: f64 = 2_251_799_813_685_248.0;
/// Adding and taking away this rounds to the nearest integer below [`EXACT_MAX`].
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// The values of a column.
#[derive(Clone, Debug)]
pub enum Values {
    /// Each is an integer divided by 10 to the power of `places`.
    Decimal {
        /// Decimal places, 0 to 6.
        places: u8,
        /// The integers.
        ints: Vec<i64>,
    },
    /// Anything else.
    Float(Vec<f64>),
}

impl PartialEq for Values {
    /// Bit for bit: 0.0 and -0.0 are two values here.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Decimal { places, ints },
                Self::Decimal {
                    places: others,
                    ints: other,
                },
            ) => places == others && ints == other,
            (Self::Float(one), Self::Float(other)) => one
                .iter()
                .map(|value| value.to_bits())
                .eq(other.iter().map(|value| value.to_bits())),
            _ => false,
        }
    }
}

impl Values {
    /// Packs values as decimals with the fewest places at which every one comes back bit for
    /// bit, else as floats.
    #[must_use]
    pub fn from_f64(values: &[f64]) -> Self {
        let mut ints: Vec<i64> = Vec::with_capacity(values.len());
        let mut places = 0_usize;
        for value in values {
            let exact = (places..POWERS.len()).find_map(|more| {
                let int = integer_of(*value, POWERS[more])?;
                Some((more, int))
            });
            let Some((more, int)) = exact else {
                return Self::Float(values.to_vec());
            };
            if more > places {
                // The same quotient of larger numbers: still exact while they are.
                let scale = 10_i64.pow(u32::try_from(more - places).unwrap_or_default());
                for earlier in &mut ints {
                    match earlier.checked_mul(scale) {
                        Some(int) if int.unsigned_abs() < 1 << 51 => *earlier = int,
                        _ => return Self::Float(values.to_vec()),
                    }
                }
                places = more;
            }
            ints.push(int);
        }
        Self::Decimal {
            places: u8::try_from(places).unwrap_or_default(),
            ints,
        }
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Decimal { ints, .. } => ints.len(),
            Self::Float(floats) => floats.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at a place; `None` behind the last.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<f64> {
        match self {
            Self::Decimal { places, ints } => ints.get(at).map(|int| decimal(*int, *places)),
            Self::Float(floats) => floats.get(at).copied(),
        }
    }

    /// All values, in the unit of the series.
    #[must_use]
    pub fn to_f64(&self) -> Vec<f64> {
        match self {
            Self::Decimal { places, ints } => {
                ints.iter().map(|int| decimal(*int, *places)).collect()
            }
            Self::Float(floats) => floats.clone(),
        }
    }
}

/// The value of an integer with this many decimal places (0 to 6).
#[must_use]
#[allow(clippy::cast_precision_loss)] // such integers are below 2^51
pub(super) fn decimal(int: i64, places: u8) -> f64 {
    int as f64 / POWERS[usize::from(places.min(PLACES_MAX))]
}

/// The integer that gives back exactly this value when divided by `power`.
pub(super) fn integer_of(value: f64, power: f64) -> Option<i64> {
    let scaled = value * power;
    let rounded = (scaled + ROUNDER) - ROUNDER;
    let same = (rounded / power).to_bits() == value.to_bits();
    #[allow(clippy::cast_possible_truncation)] // a whole number below 2^51
    (same && scaled.abs() < EXACT_MAX).then_some(rounded as i64)
}

/// Tag of floats; below are the decimals by their places.
const FLOAT: u8 = 0x10;
/// Tag of floats that the library does not make shorter.
const FLOAT_PLAIN: u8 = 0x11;

/// Writes the values of a column.
pub(super) fn put_values(out: &mut Vec<u8>, values: &Values) {
    match values {
        Values::Decimal { places, ints } => {
            out.push(*places);
            ints::put_ints(out, ints);
        }
        Values::Float(floats) => put_floats(out, floats),
    }
}

/// Reads `count` values.
pub(super) fn read_values(input: &mut Input<'_>, count: usize, values: &mut Values) -> Result<()> {
    let tag = input.byte()?;
    if tag > PLACES_MAX {
        if !matches!(values, Values::Float(_)) {
            *values = Values::Float(Vec::new());
        }
        if let Values::Float(floats) = values {
            read_floats(input, tag, count, floats)?;
        }
        return Ok(());
    }
    if !matches!(values, Values::Decimal { .. }) {
        *values = Values::Decimal {
            places: tag,
            ints: Vec::new(),
        };
    }
    if let Values::Decimal { places, ints } = values {
        *places = tag;
        ints::read_ints(input, count, ints)?;
    }
    Ok(())
}

/// Writes floats as they are or by the library, whichever is shorter.
fn put_floats(out: &mut Vec<u8>, floats: &[f64]) {
    let config = pco::ChunkConfig::default();
    match pco::standalone::simple_compress(floats, &config) {
        Ok(packed) if packed.len() + 3 < floats.len() * 8 => {
            out.push(FLOAT);
            put_len(out, packed.len());
            out.extend(packed);
        }
        _ => {
            out.push(FLOAT_PLAIN);
            out.extend(floats.iter().flat_map(|value| value.to_le_bytes()));
        }
    }
}

fn read_floats(input: &mut Input<'_>, tag: u8, count: usize, floats: &mut Vec<f64>) -> Result<()> {
    floats.clear();
    match tag {
        FLOAT => {
            let length = input.count(input.rest.len())?;
            let packed = input.take(length)?;
            floats.resize(count, 0.0);
            let read = pco::standalone::simple_decompress_into(packed, floats);
            if !read.is_ok_and(|read| read.n_processed == count) {
                return Err(damaged());
            }
        }
        FLOAT_PLAIN => {
            for _ in 0..count {
                floats.push(f64::from_le_bytes(input.array()?));
            }
        }
        _ => return Err(damaged()),
    }
    Ok(())
}
