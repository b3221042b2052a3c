//! *pure* — how often an outlet is tried, and when it is given up.

use super::outlet::OutletKind;
use std::time::Duration;

/// E-mail, webhook and push: 1, 2 and 4 s, then minutes, for about six hours. A server that is
/// being restarted gets the letter; one that is gone for a shift is a dead letter that people see.
const PATIENT_S: [u64; 13] = [
    1, 2, 4, 60, 120, 300, 600, 900, 1_800, 3_600, 3_600, 3_600, 7_200,
];
/// Telephones: three tries, five seconds apart. Who is called out has to be called now or another.
const URGENT_S: [u64; 2] = [5, 5];
/// A horn is tried as long as the alert may still stand: it is switched to what is wanted then.
const HORN_S: [u64; 10] = [1, 2, 4, 8, 15, 30, 60, 60, 60, 60];
/// The longest that a server may ask us to wait.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

/// How long to wait after so many tries that failed; `None` when that was the last. A server that
/// named a time is not asked earlier.
#[must_use]
pub fn pause(kind: OutletKind, failed: usize, asked: Option<Duration>) -> Option<Duration> {
    let steps: &[u64] = match kind {
        OutletKind::Sms | OutletKind::Whatsapp => &URGENT_S,
        OutletKind::Horn => &HORN_S,
        _ => &PATIENT_S,
    };
    let own = Duration::from_secs(*steps.get(failed.checked_sub(1)?)?);
    Some(own.max(asked.unwrap_or_default().min(RETRY_AFTER_MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(kind: OutletKind) -> Vec<u64> {
        (1..)
            .map_while(|failed| pause(kind, failed, None))
            .map(|pause| pause.as_secs())
            .collect()
    }

    #[test]
    fn telephones_are_tried_three_times_and_mail_for_hours() {
        assert_eq!(pauses(OutletKind::Sms), [5, 5]);
        assert_eq!(pauses(OutletKind::Whatsapp), [5, 5]);
        assert_eq!(pauses(OutletKind::Smtp)[..4], [1, 2, 4, 60]);
        let hours = pauses(OutletKind::Webhook).iter().sum::<u64>() / 3_600;
        assert_eq!(hours, 6);
    }

    #[test]
    fn a_server_that_names_a_time_is_not_asked_earlier() {
        let after = |failed, s| pause(OutletKind::Push, failed, Some(Duration::from_secs(s)));
        assert_eq!(after(1, 30), Some(Duration::from_secs(30)));
        assert_eq!(after(4, 30), Some(Duration::from_secs(60)));
        assert_eq!(after(1, 86_400), Some(RETRY_AFTER_MAX));
        assert_eq!(after(99, 30), None);
    }
}
