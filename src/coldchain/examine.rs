//! Looking at one cell: its readings since the last look, what is wrong with it, and what of that
//! is news.

use super::cell::Cell;
use super::excursion::{Excursion, Found, reconcile};
use super::follow::Follow;
use super::service::Coldchain;
use super::sources::Sources;
use super::trouble::{Trouble, troubles};
use super::watch::Dirty;
use crate::alerts::{Finding, Report};
use crate::base::{CellId, Level, Metric, Result, TimeRange, Timestamp};
use crate::devices::{AHEAD_MAX_MS, Device};
use crate::notify::Said;
use std::collections::BTreeMap;

/// How far before something that may have changed it is begun to look, ms: longer than any delay
/// or grace, so that nothing of before matters.
const WARM_UP_MS: i64 = 9 * 3_600_000;
/// How far back it is looked at most for a beginning, ms.
const BACK_TO_MS: i64 = 62 * 86_400_000;
/// How often what lasts is written anew, ms.
const WRITE_EVERY_MS: i64 = 60_000;
/// What ended longer ago than this when it was found came late, ms.
const LATE_MS: i64 = 5 * 60_000;

/// What is in memory of a cell.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// Its readings, followed; absent until they were looked at.
    pub(super) follow: Option<(Vec<String>, Follow)>,
    /// The alerts that stand.
    pub(super) levels: BTreeMap<String, Level>,
    /// Excursions that last.
    pub(super) lasting: Vec<Excursion>,
}

impl State {
    pub(super) const fn of(levels: BTreeMap<String, Level>) -> Self {
        Self {
            follow: None,
            levels,
            lasting: Vec::new(),
        }
    }

    /// Keeps an excursion that is on disk.
    pub(super) fn keep(&mut self, excursion: Excursion) {
        self.lasting.retain(|one| one.id != excursion.id);
        if excursion.lasts() {
            self.lasting.push(excursion);
        }
    }
}

/// What has to be written of a cell.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) cell: CellId,
    pub(super) reports: Vec<Report>,
    /// Excursions, with the condition of the alert that is theirs.
    pub(super) excursions: Vec<(Excursion, Option<String>)>,
    /// Which alerts stand, when that changed.
    pub(super) standing: Option<BTreeMap<String, Level>>,
}

impl Coldchain {
    /// Looks at a cell: at its readings when some came, and at the time.
    pub(super) fn examine(
        &self,
        cell: &Cell,
        dirty: Option<Dirty>,
        devices: &[Device],
        now: Timestamp,
    ) -> Result<Work> {
        let held = self.watch.states().get(&cell.id).cloned();
        let mut state = held.unwrap_or_else(|| State::of(BTreeMap::new()));
        let mut work = Work {
            cell: cell.id,
            reports: Vec::new(),
            excursions: Vec::new(),
            standing: None,
        };
        let sources = self.sources(cell, devices);
        let same = |(probes, _): &(Vec<String>, Follow)| *probes == sources.probes;
        let goes_on = state.follow.as_ref().is_some_and(same);
        let dirty = match dirty {
            None if !goes_on => Some(Dirty {
                from: now.ms(),
                anew: true,
            }),
            asked => asked,
        };
        if let Some(dirty) = dirty.filter(|_| cell.in_use()) {
            let to = |(_, follow): &(Vec<String>, Follow)| follow.to;
            // Of a cell that showed nothing yet the first readings may be of any age.
            let seen_to = state.follow.as_ref().and_then(to);
            let late = seen_to.is_none_or(|to| dirty.from <= to);
            let (stored, found) = if dirty.anew || late || !goes_on {
                self.look_again(cell, &sources, dirty.from, now, &mut state)?
            } else {
                self.go_on(cell, &sources, now, &mut state)?
            };
            self.settle(cell, &state, (&stored, &found), now, &mut work);
        }
        let wrong = match (&state.follow, self.in_service(cell)) {
            (Some((_, follow)), true) => {
                let probes = self.probe_troubles(cell, &sources, devices, now);
                let stands = |key: &str| state.levels.contains_key(key);
                troubles(&cell.said, follow, &probes, now, &stands)
            }
            _ => Vec::new(),
        };
        self.tell(cell, &wrong, now, &mut state, &mut work);
        self.watch.states().insert(cell.id, state);
        Ok(work)
    }

    /// Goes on with readings that are newer than what was seen.
    fn go_on(
        &self,
        cell: &Cell,
        sources: &Sources,
        now: Timestamp,
        state: &mut State,
    ) -> Result<(Vec<Excursion>, Vec<Found>)> {
        let stored = state.lasting.clone();
        let Some((_, follow)) = &mut state.follow else {
            return Ok((stored, Vec::new()));
        };
        let from = follow
            .to
            .map_or(now.minus_ms(WARM_UP_MS), |to| Timestamp::from_ms(to + 1));
        let found = self.follow_on(cell, sources, (from, now), follow)?;
        Ok((stored, found))
    }

    /// Follows readings; what ended, and what lasts.
    fn follow_on(
        &self,
        cell: &Cell,
        sources: &Sources,
        (from, now): (Timestamp, Timestamp),
        follow: &mut Follow,
    ) -> Result<Vec<Found>> {
        let to = now.plus_ms(AHEAD_MAX_MS + 1);
        let mut ended = Vec::new();
        self.each_point(sources, TimeRange { from, to }, &mut |at, values| {
            ended.extend(follow.take(&cell.said, &sources.calendar, at.ms(), values));
        })?;
        let over = ended.into_iter().map(|one| Found {
            limit_c: follow.limit_c(one.side).unwrap_or_default(),
            side: one.side,
            run: one.run,
            end: Some(one.end),
        });
        let mut found: Vec<Found> = over.collect();
        let known_to = follow.to.unwrap_or(now.ms()).min(now.ms());
        let lasting = follow.standing(known_to).into_iter();
        found.extend(lasting.map(|(side, limit_c, run)| Found {
            side,
            limit_c,
            run,
            end: None,
        }));
        Ok(found)
    }

    /// Looks at readings again, from before the first that may have changed something. It begins
    /// where the cell was well, so that no beginning is cut off.
    fn look_again(
        &self,
        cell: &Cell,
        sources: &Sources,
        from: i64,
        now: Timestamp,
        state: &mut State,
    ) -> Result<(Vec<Excursion>, Vec<Found>)> {
        let mut stored = self.stored_excursions(cell.id)?;
        // What was taken back is over, whatever it says: it goes on with nothing.
        stored.retain(|one| !one.withdrawn);
        let touched = |one: &&Excursion| one.ended_at.is_none_or(|end| end.ms() >= from);
        let first = stored
            .iter()
            .filter(touched)
            .map(|one| one.began_at.ms())
            .min();
        let earliest = now.ms() - BACK_TO_MS;
        let mut back = WARM_UP_MS;
        let (start, follow, found) = loop {
            let start = (from.min(first.unwrap_or(from)) - back).max(earliest.min(from));
            let mut follow = Follow::new(&cell.said, sources.probes.len(), sources.hold_ms);
            let begins = self.begins_calm(cell, sources, start)?;
            if !begins && start > earliest {
                back *= 2;
                continue;
            }
            let from = Timestamp::from_ms(start);
            let found = self.follow_on(cell, sources, (from, now), &mut follow)?;
            break (start, follow, found);
        };
        state.follow = Some((sources.probes.clone(), follow));
        state.lasting = stored.iter().filter(|one| one.lasts()).cloned().collect();
        // What began before was over by then: nothing of it can be found again.
        let within = |one: &Excursion| one.began_at.ms() >= start;
        Ok((stored.into_iter().filter(within).collect(), found))
    }

    /// Whether nothing is beyond a limit in the first readings after an instant.
    fn begins_calm(&self, cell: &Cell, sources: &Sources, start: i64) -> Result<bool> {
        let mut follow = Follow::new(&cell.said, sources.probes.len(), sources.hold_ms);
        let to = Timestamp::from_ms(start + 2 * sources.hold_ms);
        let from = Timestamp::from_ms(start);
        let mut calm = true;
        self.each_point(sources, TimeRange { from, to }, &mut |at, values| {
            follow.take(&cell.said, &sources.calendar, at.ms(), values);
            calm &= follow.is_well();
        })?;
        Ok(calm)
    }

    /// Tells what was found from what is stored.
    fn settle(
        &self,
        cell: &Cell,
        state: &State,
        (stored, found): (&[Excursion], &[Found]),
        now: Timestamp,
        work: &mut Work,
    ) {
        let known_to = state.follow.as_ref().and_then(|(_, follow)| follow.to);
        let known_to = known_to.unwrap_or(now.ms());
        let change = reconcile(stored, found);
        for (n, place) in change.kept {
            let (one, before) = (&found[n], place.map(|place| &stored[place]));
            let late = one.end.is_some_and(|end| now.ms() - end > LATE_MS);
            let excursion = one.excursion(cell.id, before, (known_to, now, late));
            let news = before.is_none_or(|before| differs(before, &excursion, now));
            if !news {
                continue;
            }
            let key = one.side.word();
            let condition = match (before, one.end) {
                (None, None) => Some(self.condition(cell, key, false)),
                (None, Some(end)) => {
                    let condition = self.condition(cell, key, late);
                    let finding = self.past_finding(cell, &condition, &excursion);
                    work.reports.push(Report::Holds(Box::new(finding)));
                    let over = Report::Over(condition.clone(), Timestamp::from_ms(end));
                    work.reports.push(over);
                    Some(condition)
                }
                // The clock may have raised the alert before the reading came that counts.
                (Some(before), _) if before.alert_id.is_none() => {
                    Some(self.condition(cell, key, before.late))
                }
                (Some(_), _) => None,
            };
            work.reports.extend(condition.clone().map(Report::Ask));
            work.excursions.push((excursion, condition));
        }
        for place in change.withdrawn {
            let withdrawn = Excursion {
                withdrawn: true,
                updated_at: now,
                ..stored[place].clone()
            };
            work.excursions.push((withdrawn, None));
        }
    }

    fn condition(&self, cell: &Cell, key: &str, late: bool) -> String {
        let late = if late { "/late" } else { "" };
        format!("cell/{}/{key}{late}", cell.id)
    }

    /// The alert of an excursion that was over when it was found.
    fn past_finding(&self, cell: &Cell, condition: &str, excursion: &Excursion) -> Finding {
        let minutes = excursion.duration_s / 60;
        let trouble = Trouble {
            key: excursion.side.word(),
            kind: excursion.side.word(),
            level: Level::High,
            said: Said::of("cell_past")
                .number("limit", format!("{:.1} °C", excursion.limit_c))
                .number("minutes", minutes)
                .number("worst", format!("{:.1} °C", excursion.peak_c)),
            value: Some(excursion.peak_c),
            threshold: Some(excursion.limit_c),
            unit: "°C",
            metric: Some(Metric::TEMPERATURE),
            since: excursion.began_at,
            advice: "cell_past",
        };
        self.finding(cell, condition.to_owned(), &trouble, excursion.late)
    }

    fn finding(&self, cell: &Cell, condition: String, trouble: &Trouble, late: bool) -> Finding {
        let location = self.known().locations.get(&cell.said.location_id).cloned();
        Finding {
            condition,
            site: cell.site.clone(),
            level: trouble.level,
            equipment: cell.equipment_id,
            equipment_name: cell.said.name.clone(),
            location: location.map(|location| location.name),
            said: trouble.said.clone().name("name", &cell.said.name),
            value: trouble.value,
            threshold: trouble.threshold,
            unit: trouble.unit.to_owned(),
            kind: trouble.kind.to_owned(),
            metric: trouble.metric.clone(),
            at: trouble.since,
            advice: trouble.advice,
            late,
        }
    }

    /// Makes reports of what is news.
    fn tell(
        &self,
        cell: &Cell,
        wrong: &[Trouble],
        now: Timestamp,
        state: &mut State,
        work: &mut Work,
    ) {
        let mut levels = BTreeMap::new();
        for trouble in wrong {
            levels.insert(trouble.key.to_owned(), trouble.level);
            let stood = state.levels.get(trouble.key);
            if stood.is_none_or(|stood| trouble.level > *stood) {
                let condition = self.condition(cell, trouble.key, false);
                let finding = self.finding(cell, condition, trouble, false);
                work.reports.push(Report::Holds(Box::new(finding)));
            }
        }
        for key in state.levels.keys().filter(|key| !levels.contains_key(*key)) {
            let ended = work.excursions.iter().map(|(excursion, _)| excursion);
            let ended = ended.filter(|one| one.side.word() == key);
            let at = ended.filter_map(|one| one.ended_at).max();
            let condition = self.condition(cell, key, false);
            work.reports
                .push(Report::Over(condition, at.unwrap_or(now)));
        }
        if state.levels != levels {
            work.standing = Some(levels.clone());
            state.levels = levels;
        }
    }
}

/// Whether a change of an excursion is worth a write.
fn differs(before: &Excursion, after: &Excursion, now: Timestamp) -> bool {
    let told = |one: &Excursion| (one.began_at, one.counted_at, one.ended_at, one.withdrawn);
    let same = Excursion {
        updated_at: before.updated_at,
        ..after.clone()
    };
    told(before) != told(after)
        || (same != *before
            && (after.ended_at.is_some() || now.since_ms(before.updated_at) >= WRITE_EVERY_MS))
}
