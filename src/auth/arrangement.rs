//! *pure* — what a screen on a wall shows: its pages in turn, when it dims, whether it sounds.

use crate::base::Result;
use crate::base::error::Checks;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// Pages that a screen may go round.
const PAGES_MAX: usize = 20;
/// How long a page may stand, s.
const SECONDS: std::ops::RangeInclusive<u32> = 5..=3_600;
/// Minutes of a day.
const DAY_MINUTES: u32 = 24 * 60;

/// What a screen shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Arrangement {
    /// Its pages in turn, 1 to 20 of them, each once.
    pub pages: Vec<WallPage>,
    /// The hours in which it is dark, by the clock of the site; `null` when it never is.
    pub night: Option<WallNight>,
    /// Whether alerts sound until somebody acknowledges them.
    pub sound: bool,
}

/// A page of a wall.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WallPage {
    /// Its name, as the page of the appliance knows it: `overview`, `flow`, `live`, `alerts`.
    #[schema(example = "overview")]
    pub name: String,
    /// How long it stands, s: 5 to 3600.
    #[schema(example = 20)]
    pub seconds: u32,
}

/// The night of a wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WallNight {
    /// When it begins, minutes of the day.
    #[schema(example = 1320)]
    pub from: u32,
    /// When it ends, minutes of the day; not when it begins.
    #[schema(example = 360)]
    pub to: u32,
}

impl Arrangement {
    /// Nothing when a screen can show it.
    ///
    /// # Errors
    /// Every refused field, by its place: `arrangement.pages.2.seconds`.
    pub(super) fn check(&self) -> Result<()> {
        let mut checks = Checks::default();
        let count = (1..=PAGES_MAX).contains(&self.pages.len());
        checks.require(count, "arrangement.pages", "1 to 20 pages.");
        let mut seen = BTreeSet::new();
        for (place, page) in self.pages.iter().take(PAGES_MAX).enumerate() {
            let at = |field: &str| format!("arrangement.pages.{place}.{field}");
            let letters =
                |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b);
            let named = (1..=40).contains(&page.name.len()) && page.name.bytes().all(letters);
            checks.require(named, &at("name"), "The name of a page, such as overview.");
            let first = seen.insert(&page.name);
            checks.require(first, &at("name"), "Each page once.");
            let stands = SECONDS.contains(&page.seconds);
            checks.require(stands, &at("seconds"), "From 5 to 3600 seconds.");
        }
        if let Some(night) = self.night {
            let sentence = "A minute of the day, from 0 to 1439.";
            checks.require(night.from < DAY_MINUTES, "arrangement.night.from", sentence);
            checks.require(night.to < DAY_MINUTES, "arrangement.night.to", sentence);
            let sentence = "Another minute than it begins; leave the night out when it never dims.";
            checks.require(night.from != night.to, "arrangement.night.to", sentence);
        }
        checks.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(name: &str, seconds: u32) -> WallPage {
        WallPage {
            name: name.to_owned(),
            seconds,
        }
    }

    #[test]
    fn what_no_screen_can_show_is_refused_at_its_place() {
        let good = Arrangement {
            pages: vec![page("overview", 20), page("alerts", 5)],
            night: Some(WallNight {
                from: 1_320,
                to: 360,
            }),
            sound: false,
        };
        assert!(good.check().is_ok());
        let wrong = Arrangement {
            pages: vec![
                page("overview", 4),
                page("Two words", 20),
                page("overview", 20),
            ],
            night: Some(WallNight {
                from: 1_440,
                to: 1_440,
            }),
            sound: true,
        };
        let refused = wrong.check().unwrap_err();
        let paths: Vec<_> = refused
            .fields
            .iter()
            .map(|field| field.path.as_str())
            .collect();
        let expected = [
            "arrangement.pages.0.seconds",
            "arrangement.pages.1.name",
            "arrangement.pages.2.name",
            "arrangement.night.from",
            "arrangement.night.to",
            "arrangement.night.to",
        ];
        assert_eq!(paths, expected);
        let none = Arrangement {
            pages: Vec::new(),
            ..good
        };
        assert!(none.check().is_err());
    }
}
