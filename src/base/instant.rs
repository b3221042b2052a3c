//! *pure* — instants as text, without asking the calendar.

/// `2026-11-21T08:30:00.000Z`, for the years 1970 to 9999. Answers of thousands of points are
/// mostly instants: the calendar library takes longer for one than the store for its values.
pub(super) fn text(ms: i64) -> Option<[u8; 24]> {
    const DAY_MS: i64 = 24 * 3_600_000;
    if !(0..253_402_300_800_000).contains(&ms) {
        return None;
    }
    let (day, in_day) = (ms / DAY_MS, ms % DAY_MS);
    // Days of the Gregorian calendar counted from March, so that the leap day is a year's last:
    // H. Hinnant, chrono-Compatible Low-Level Date Algorithms.
    let day = day + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year + era * 400 + i64::from(month <= 2);
    let mut text = *b"0000-00-00T00:00:00.000Z";
    let mut put = |at: usize, width: usize, mut rest: i64| {
        for digit in text[at..at + width].iter_mut().rev() {
            *digit += u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
    };
    put(0, 4, year);
    put(5, 2, month);
    put(8, 2, of_year - (153 * from_march + 2) / 5 + 1);
    put(11, 2, in_day / 3_600_000);
    put(14, 2, in_day / 60_000 % 60);
    put(17, 2, in_day / 1_000 % 60);
    put(20, 3, in_day % 1_000);
    Some(text)
}
