//! *pure* — versions, in the order of their numbers.

/// Major, minor and patch.
pub type Version = (u64, u64, u64);

/// The numbers of `1.2.3`; `None` when it is not written so. What is not understood is lower than
/// every version.
#[must_use]
pub fn version_of(text: &str) -> Option<Version> {
    let mut parts = text.split('.').map(|part| {
        let digits =
            !part.is_empty() && part.len() <= 9 && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse().ok()).flatten()
    });
    let version = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_in_the_order_of_their_numbers() {
        assert!(version_of("0.10.0") > version_of("0.9.9"));
        assert!(version_of("1.0.0") > version_of("0.99.99"));
        for text in [
            "",
            "1",
            "1.2",
            "1.2.3.4",
            "1.2.x",
            "1.2.-3",
            "1..3",
            "1.2.3-rc1",
        ] {
            assert_eq!(version_of(text), None, "{text}");
        }
    }
}
