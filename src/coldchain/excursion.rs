//! *pure* — an excursion as it is stored and shown, and how what was found is told from what is
//! stored: late readings may begin one earlier, join two or end one, and none is counted twice.

use super::track::{Run, Side};
use crate::base::{AlertId, CellId, ExcursionId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A time in which a cell was too warm or too cold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Excursion {
    /// Its id.
    pub id: ExcursionId,
    /// The cell.
    pub cell_id: CellId,
    /// Too warm or too cold.
    #[serde(rename = "type")]
    pub side: Side,
    /// The limit, °C.
    pub limit_c: f64,
    /// The first value beyond it.
    pub began_at: Timestamp,
    /// When the delays were over.
    pub counted_at: Timestamp,
    /// The first value that was well again; absent while it lasts.
    pub ended_at: Option<Timestamp>,
    /// From the first value beyond to the first that was well again, or to what is known, s.
    pub duration_s: i64,
    /// Time known to be beyond the limit, s.
    pub beyond_s: i64,
    /// Time of which nothing is known, s.
    pub gap_s: i64,
    /// Time that a door or a defrost excused, s.
    pub excused_s: i64,
    /// The value farthest beyond, °C.
    pub peak_c: f64,
    /// When.
    pub peak_at: Timestamp,
    /// Distance from the limit over time, K·min.
    pub degree_minutes: f64,
    /// Mean kinetic temperature over its time after USP <1079>, with 83.144 kJ/mol, °C.
    pub mean_kinetic_c: f64,
    /// Whether the door was opened in it.
    pub door: bool,
    /// Whether it was defrosted in it.
    pub defrost: bool,
    /// Whether it was found in readings that came late.
    pub late: bool,
    /// Whether readings that came later say that it was none; it is kept because people heard of
    /// it.
    pub withdrawn: bool,
    /// Its alert.
    pub alert_id: Option<AlertId>,
    /// What people found.
    pub review: Option<Review>,
    /// When it was found.
    pub found_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What people found of an excursion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ExcursionReview)]
pub struct Review {
    /// Why it happened.
    pub cause: String,
    /// What was done.
    pub action: String,
    /// What became of the goods, if anything is said.
    pub goods: Option<String>,
    /// Who says so.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What was found in the readings.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Which limit.
    pub side: Side,
    /// The limit, °C.
    pub limit_c: f64,
    /// What it was, or is.
    pub run: Run,
    /// When it was over, ms; absent while it lasts.
    pub end: Option<i64>,
}

impl Found {
    /// As an excursion; `before` is what is stored of it.
    pub(super) fn excursion(
        &self,
        cell: CellId,
        before: Option<&Excursion>,
        (known_to, now, late): (i64, Timestamp, bool),
    ) -> Excursion {
        let run = &self.run;
        let at = Timestamp::from_ms;
        let until = self.end.unwrap_or(known_to).max(run.begin);
        // Figures of a thermometer: more places would only say that they were computed.
        let round = |value: f64, places: f64| (value * places).round() / places;
        Excursion {
            id: before.map_or_else(ExcursionId::new, |one| one.id),
            cell_id: cell,
            side: self.side,
            limit_c: self.limit_c,
            began_at: at(run.begin),
            counted_at: at(run.counts_at.unwrap_or(run.begin)),
            ended_at: self.end.map(at),
            duration_s: (until - run.begin) / 1_000,
            beyond_s: run.beyond_ms / 1_000,
            gap_s: run.gap_ms / 1_000,
            excused_s: run.excused_ms / 1_000,
            peak_c: round(run.peak_c, 100.0),
            peak_at: at(run.peak_at),
            degree_minutes: round(run.degree_minutes(), 10.0),
            mean_kinetic_c: round(run.mean_kinetic_c(), 100.0),
            door: run.door,
            defrost: run.defrost,
            late: before.map_or(late, |one| one.late),
            withdrawn: false,
            alert_id: before.and_then(|one| one.alert_id),
            review: before.and_then(|one| one.review.clone()),
            found_at: before.map_or(now, |one| one.found_at),
            updated_at: now,
        }
    }
}

impl Excursion {
    /// Whether it lasts.
    #[must_use]
    pub const fn lasts(&self) -> bool {
        self.ended_at.is_none() && !self.withdrawn
    }

    fn meets(&self, found: &Found) -> bool {
        let begin = self.began_at.ms() <= found.end.unwrap_or(i64::MAX);
        let end = self.ended_at.map_or(i64::MAX, Timestamp::ms) >= found.run.begin;
        self.side == found.side && begin && end
    }
}

/// What becomes of what is stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// What is found, with the place in `stored` of what it goes on with.
    pub kept: Vec<(usize, Option<usize>)>,
    /// Places in `stored` of those that are none by themselves any more.
    pub withdrawn: Vec<usize>,
}

/// Tells what was found from what is stored, both of the same time, oldest first.
#[must_use]
pub fn reconcile(stored: &[Excursion], found: &[Found]) -> Change {
    let mut change = Change::default();
    let mut taken = vec![false; stored.len()];
    for (n, one) in found.iter().enumerate() {
        let mut meets = (0..stored.len()).filter(|m| !taken[*m] && stored[*m].meets(one));
        let first = meets.next();
        if let Some(first) = first {
            taken[first] = true;
        }
        change.kept.push((n, first));
    }
    let left = |m: &usize| !taken[*m] && !stored[*m].withdrawn;
    change.withdrawn = (0..stored.len()).filter(left).collect();
    change
}

#[cfg(test)]
mod tests {
    use super::super::track::{Look, Rule, Track};
    use super::*;

    fn found(begin: i64, end: Option<i64>) -> Found {
        let rule = Rule {
            side: Side::High,
            limit_c: 8.0,
            dead_band_c: 0.0,
            delay_ms: 0,
            excused_max_ms: 0,
        };
        let mut track = Track::default();
        for at in [begin, begin + 60_000] {
            let look = Look {
                at,
                value_c: Some(9.0),
                door: false,
                defrost: false,
            };
            track.take(&rule, look, 120_000);
        }
        Found {
            side: Side::High,
            limit_c: 8.0,
            run: track.run.unwrap(),
            end,
        }
    }

    fn stored(begin: i64, end: Option<i64>) -> Excursion {
        let now = Timestamp::from_ms(1);
        found(begin, end).excursion(CellId::new(), None, (begin + 60_000, now, false))
    }

    #[test]
    fn what_was_found_again_keeps_its_name_and_its_review() {
        let mut before = stored(600_000, None);
        before.review = Some(Review {
            cause: "Door".to_owned(),
            action: "Closed".to_owned(),
            goods: None,
            by: "tech".to_owned(),
            at: Timestamp::from_ms(2),
        });
        let again = found(300_000, Some(900_000));
        let change = reconcile(std::slice::from_ref(&before), std::slice::from_ref(&again));
        assert_eq!(
            (change.kept, change.withdrawn),
            (vec![(0, Some(0))], vec![])
        );
        let now = Timestamp::from_ms(1_000_000);
        let after = again.excursion(before.cell_id, Some(&before), (900_000, now, true));
        assert_eq!(
            (after.id, after.duration_s, after.late),
            (before.id, 600, false)
        );
        assert_eq!(
            (after.review, after.found_at),
            (before.review, before.found_at)
        );
    }

    #[test]
    fn late_readings_join_two_and_part_one() {
        let two = [
            stored(100_000, Some(200_000)),
            stored(300_000, Some(400_000)),
        ];
        let joined = reconcile(&two, &[found(100_000, Some(400_000))]);
        assert_eq!(
            (joined.kept, joined.withdrawn),
            (vec![(0, Some(0))], vec![1])
        );
        let one = [stored(100_000, Some(400_000))];
        let parts = [found(100_000, Some(200_000)), found(300_000, Some(400_000))];
        let parted = reconcile(&one, &parts);
        assert_eq!(parted.kept, vec![(0, Some(0)), (1, None)]);
        assert!(parted.withdrawn.is_empty());
        let nothing = reconcile(&one, &[]);
        assert_eq!(nothing.withdrawn, vec![0]);
    }
}
