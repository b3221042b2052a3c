//! *pure* — Student's t and Fisher's F, by the incomplete beta function.
//!
//! Formulas: NIST Digital Library of Mathematical Functions, 8.17 (incomplete beta, continued
//! fraction 8.17.22 evaluated by Lentz's method), 5.10 (Lanczos' series of the gamma function).

/// Terms of the continued fraction: it needs about the root of the larger parameter.
const TERMS_MAX: u32 = 10_000;
/// Halvings that bring an interval of any length below the last digit.
const HALVINGS: u32 = 200;

/// The natural logarithm of the gamma function, `x` > 0.
fn ln_gamma(x: f64) -> f64 {
    // Lanczos' coefficients for g = 7 and nine terms, as they are published.
    const SERIES: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let mut sum = SERIES[0];
    let mut at = x;
    for term in &SERIES[1..] {
        at += 1.0;
        sum += term / at;
    }
    let t = x + 7.5;
    0.5 * (2.0 * std::f64::consts::PI).ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

/// The regularised incomplete beta function `I_x(a, b)`, 0 to 1.
#[must_use]
pub fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p();
    // The fraction converges quickly on this side of the hump; the other follows by symmetry.
    if x < (a + 1.0) / (a + b + 2.0) {
        front.exp() * fraction(a, b, x) / a
    } else {
        1.0 - front.exp() * fraction(b, a, 1.0 - x) / b
    }
}

/// The continued fraction of the incomplete beta function.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    for term in 1..=TERMS_MAX {
        let m = f64::from(term);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        result *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        let step = d * c;
        result *= step;
        if (step - 1.0).abs() < 1e-16 {
            break;
        }
    }
    result
}

/// How likely a Student's t of at least this size, either way, is by chance.
#[must_use]
pub fn t_two_sided(t: f64, freedom: f64) -> f64 {
    if t.is_nan() || freedom <= 0.0 {
        return f64::NAN;
    }
    if t.is_infinite() {
        return 0.0;
    }
    incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t))
}

/// How likely an F of at least this size is by chance.
#[must_use]
pub fn f_above(f: f64, above: f64, below: f64) -> f64 {
    if f.is_nan() || above <= 0.0 || below <= 0.0 {
        return f64::NAN;
    }
    if f.is_infinite() {
        return 0.0;
    }
    incomplete_beta(
        below / 2.0,
        above / 2.0,
        below / (below + above * f.max(0.0)),
    )
}

/// The t that is exceeded either way with the probability `1 - confidence`: 0.90 gives the two
/// ends of a 90 % interval. `None` without degrees of freedom.
#[must_use]
pub fn t_quantile(confidence: f64, freedom: f64) -> Option<f64> {
    if freedom <= 0.0 || !(0.0..1.0).contains(&confidence) {
        return None;
    }
    let target = 1.0 - confidence;
    let (mut low, mut high) = (0.0, 1.0);
    while t_two_sided(high, freedom) > target {
        high *= 2.0;
    }
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if t_two_sided(middle, freedom) > target {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(f64::midpoint(low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a / b - 1.0).abs() < 1e-9
    }

    #[test]
    fn tables_that_are_printed_everywhere() {
        // NIST/SEMATECH e-Handbook, 1.3.6.7.2: upper critical values of Student's t (three digits);
        // more digits follow from the closed forms for one and two degrees of freedom.
        for (confidence, freedom, t) in [
            (0.90, 10.0, 1.812),
            (0.95, 10.0, 2.228),
            (0.90, 30.0, 1.697),
            (0.99, 5.0, 4.032),
        ] {
            let ours = t_quantile(confidence, freedom).unwrap();
            assert!((ours - t).abs() < 6e-4, "{confidence} {freedom}: {ours}");
        }
        let one = t_quantile(0.9, 1.0).unwrap();
        assert!(near(one, (0.45 * std::f64::consts::PI).tan()), "{one}");
        let two = t_quantile(0.9, 2.0).unwrap();
        assert!(near(two, 0.9 * (2.0f64 / (1.0 - 0.81)).sqrt()), "{two}");
        // With one degree above, F is the square of t.
        assert!(near(f_above(4.0, 1.0, 7.0), t_two_sided(2.0, 7.0)));
        // With two above, F has a closed form: (1 + 2F/n)^(-n/2).
        assert!(near(f_above(3.0, 2.0, 12.0), 1.5f64.powi(-6)));
        assert!(t_quantile(0.9, 0.0).is_none());
    }
}
