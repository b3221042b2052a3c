//! *pure* — the values of a column: integers with decimal places where that is exact.

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

    /// Makes this decimals of so many places and returns their memory, to be filled.
    pub(super) fn decimals(&mut self, places: u8) -> &mut Vec<i64> {
        let mut ints = Vec::new();
        if let Self::Decimal { ints: old, .. } = self {
            std::mem::swap(&mut ints, old);
        }
        *self = Self::Decimal { places, ints };
        match self {
            Self::Decimal { ints, .. } => ints,
            Self::Float(_) => unreachable!("made decimals on the line above"),
        }
    }

    /// Makes this floats and returns their memory, to be filled.
    pub(super) fn floats(&mut self) -> &mut Vec<f64> {
        if !matches!(self, Self::Float(_)) {
            *self = Self::Float(Vec::new());
        }
        match self {
            Self::Float(floats) => floats,
            Self::Decimal { .. } => unreachable!("made floats on the line above"),
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
pub(in crate::tsdb) fn integer_of(value: f64, power: f64) -> Option<i64> {
    let scaled = value * power;
    let rounded = (scaled + ROUNDER) - ROUNDER;
    let same = (rounded / power).to_bits() == value.to_bits();
    #[allow(clippy::cast_possible_truncation)] // a whole number below 2^51
    (same && scaled.abs() < EXACT_MAX).then_some(rounded as i64)
}
