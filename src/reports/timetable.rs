//! Reports that make themselves: every day, week, month or year at an hour of the site, sent by e-mail
//! and put into a folder.

use super::cold::Subject;
use super::output::Format;
use super::record::Report;
use super::service::Reports;
use super::template::{Recipe, Span, Template};
use crate::backup::JobState;
use crate::base::error::Checks;
use crate::base::time::{BucketSize, Calendar};
use crate::base::{Error, PaperId, Result, ScheduleId, Timestamp};
use crate::notify::Language;
use crate::site::Site;
use crate::store::audit::{self, Actor};
use crate::store::table::Table;
use crate::store::{Transaction, View};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use utoipa::ToSchema;

const SCHEDULES: Table<Schedule> = Table::new("report_schedule", 1);
/// How often the timetable is looked at, ms.
pub(super) const LOOK_EVERY_MS: i64 = 20_000;
/// Most entries of the timetable, one for each site that there can be; most addresses of one.
const SCHEDULES_MAX: usize = crate::site::SITES_MAX;
const RECIPIENTS_MAX: usize = 20;

/// An entry of the timetable, as a person writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReportPlan)]
pub struct NewSchedule {
    /// The kind of report.
    pub template: String,
    /// How often: each report is of the last one of these that is over.
    pub every: Span,
    /// At which hour of the site, `06:30`; weeks on Monday, months on the first, years on 1 January.
    #[schema(example = "06:30")]
    pub at: String,
    /// The language.
    #[serde(default)]
    pub language: Language,
    /// In which forms it is handed on.
    pub formats: Vec<Format>,
    /// To which addresses it goes by e-mail.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// A folder of the machine into which it is put: a mounted share or stick.
    #[serde(default)]
    pub folder: Option<String>,
    /// Whether it is kept to.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What a report of cold cells is about.
    #[serde(default, skip_serializing_if = "Subject::is_nothing")]
    pub about: Subject,
}

const fn yes() -> bool {
    true
}

/// How the last report of a timetable went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LastScheduledReport)]
pub struct Last {
    /// When.
    pub at: Timestamp,
    /// The report.
    pub report: PaperId,
    /// What went wrong; `null` when it was made and handed on.
    pub error: Option<String>,
}

/// An entry of the timetable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportSchedule)]
pub struct Schedule {
    /// Its id.
    pub id: ScheduleId,
    /// Key of its site.
    pub site: String,
    /// What is made when.
    #[serde(rename = "plan")]
    pub entry: NewSchedule,
    /// Since when it is so.
    pub since: Timestamp,
    /// When one was last begun.
    pub tried_at: Option<Timestamp>,
    /// How the last one went.
    pub last: Option<Last>,
}

impl Schedule {
    /// When the next one is due; nothing when it is not kept to.
    #[must_use]
    pub fn next_at(&self, now: Timestamp, calendar: &Calendar) -> Option<Timestamp> {
        if !self.entry.enabled {
            return None;
        }
        // A clock that was set back must not silence the timetable.
        let tried = self.tried_at.unwrap_or(self.since).min(now);
        due_after(tried, self.entry.every, &self.entry.at, calendar)
    }
}

/// The first time after an instant at which a timetable is due.
fn due_after(last: Timestamp, every: Span, at: &str, calendar: &Calendar) -> Option<Timestamp> {
    let size = match every {
        Span::Day => BucketSize::Day,
        Span::Week => BucketSize::Week,
        Span::Month | Span::Year => BucketSize::Month,
    };
    let mut start = calendar.bucket_start(last, size);
    // One of thirteen months from here begins a year.
    for _ in 0..14 {
        let day = calendar.date(start);
        let begins = every != Span::Year || day.ends_with("-01-01");
        // In the hour that a zone leaves out, the one after it.
        let due = calendar.instant(&format!("{day}T{at}:00"));
        if let Some(due) = due.filter(|due| begins && *due > last) {
            return Some(due);
        }
        start = calendar.next_bucket(start, size);
    }
    None
}

pub(super) fn all(view: &impl View) -> Result<Vec<Schedule>> {
    SCHEDULES.all(view)
}

pub(super) fn one(view: &impl View, id: ScheduleId) -> Result<Option<Schedule>> {
    SCHEDULES.get(view, id.as_bytes())
}

pub(super) fn put(transaction: &Transaction<'_>, schedule: &Schedule) -> Result<()> {
    SCHEDULES.put(transaction, schedule.id.as_bytes(), schedule)
}

fn is_clock(at: &str) -> bool {
    let two = |text: &str, most: u32| {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        digits && text.parse::<u32>().is_ok_and(|n| n < most)
    };
    at.split_once(':')
        .is_some_and(|(h, m)| two(h, 24) && two(m, 60))
}

impl NewSchedule {
    fn check(&self, data: &Path) -> Result<()> {
        let mut checks = Checks::default();
        if checks.merge("", Template::named(&self.template))?.is_some() {
            checks.merge("", self.about.check(&self.template))?;
        }
        checks.require(
            is_clock(&self.at),
            "at",
            "Write hours and minutes, such as 06:30.",
        );
        let forms: BTreeSet<_> = self.formats.iter().collect();
        let once = !forms.is_empty() && forms.len() == self.formats.len();
        checks.require(once, "formats", "Name one form or more, each once.");
        let few = self.recipients.len() <= RECIPIENTS_MAX;
        checks.require(few, "recipients", "At most 20 addresses.");
        for (n, address) in self.recipients.iter().enumerate() {
            let sentence = "Write an e-mail address, such as name@example.com.";
            checks.require(is_address(address), &format!("recipients[{n}]"), sentence);
        }
        if let Some(folder) = &self.folder {
            checks.merge("", crate::backup::check_folder(Path::new(folder), data))?;
        }
        checks.finish()
    }
}

fn is_address(text: &str) -> bool {
    let Some((name, host)) = text.split_once('@') else {
        return false;
    };
    let plain = text.chars().all(|c| !c.is_whitespace() && !c.is_control());
    let few = text.len() <= 254 && !text.contains([',', ';', '<', '>', '"']);
    plain && few && !name.is_empty() && !host.contains('@') && host.len() >= 3
}

impl Reports {
    /// The timetable of a site, each entry with when it is due next.
    #[must_use]
    pub fn schedules(&self, site: &Site) -> Vec<(Schedule, Option<Timestamp>)> {
        let (now, calendar) = (self.clock.now(), site.calendar());
        let state = self.state();
        let here = state.schedules.values().filter(|one| one.site == site.key);
        here.map(|one| (one.clone(), one.next_at(now, &calendar)))
            .collect()
    }

    /// Adds an entry, or replaces the one of this id.
    ///
    /// # Errors
    /// Every refused field; there is none of this id; there are too many; the disk refuses.
    pub async fn put_schedule(
        &self,
        id: Option<ScheduleId>,
        entry: NewSchedule,
        site: &Site,
        actor: Actor,
    ) -> Result<Schedule> {
        let _changing = self.changing.lock().await;
        entry.check(self.store.path())?;
        let before = match id {
            Some(id) => Some(self.schedule(site, id)?),
            None if self.state().schedules.len() >= SCHEDULES_MAX => {
                let sentence = format!("The timetable holds {SCHEDULES_MAX} entries at most.");
                return Err(Error::conflict(sentence));
            }
            None => None,
        };
        let now = self.clock.now();
        let schedule = Schedule {
            id: id.unwrap_or_default(),
            site: site.key.clone(),
            since: now,
            tried_at: None,
            last: before.as_ref().and_then(|before| before.last.clone()),
            entry,
        };
        let action = match &before {
            Some(_) => "report_schedule.change",
            None => "report_schedule.create",
        };
        let stored = schedule.clone();
        let write = move |transaction: &Transaction<'_>| {
            SCHEDULES.put(transaction, stored.id.as_bytes(), &stored)?;
            let details = json!({ "before": before.map(|b| b.entry), "after": stored.entry });
            let resource = format!("report_schedule/{}", stored.id);
            let object = audit::about(&resource).of(&stored.site);
            audit::append(transaction, now, &actor, action, object, details)
        };
        self.store.write(write).await?;
        self.state().schedules.insert(schedule.id, schedule.clone());
        Ok(schedule)
    }

    /// Takes an entry out of the timetable.
    ///
    /// # Errors
    /// When there is none of this id, or the disk refuses.
    pub async fn delete_schedule(&self, site: &Site, id: ScheduleId, actor: Actor) -> Result<()> {
        let _changing = self.changing.lock().await;
        let schedule = self.schedule(site, id)?;
        let now = self.clock.now();
        let write = move |transaction: &Transaction<'_>| {
            SCHEDULES.remove(transaction, id.as_bytes())?;
            let details = json!({ "before": schedule.entry });
            let resource = format!("report_schedule/{id}");
            let action = "report_schedule.delete";
            let object = audit::about(&resource).of(&schedule.site);
            audit::append(transaction, now, &actor, action, object, details)
        };
        self.store.write(write).await?;
        self.state().schedules.remove(&id);
        Ok(())
    }

    fn schedule(&self, site: &Site, id: ScheduleId) -> Result<Schedule> {
        let found = self.state().schedules.get(&id).cloned();
        let found = found.filter(|schedule| schedule.site == site.key);
        found.ok_or_else(|| Error::not_found("timetable entry", id))
    }

    /// The titles of entries whose last report was not made or not handed on.
    #[must_use]
    pub fn in_trouble(&self) -> Vec<String> {
        let state = self.state();
        let failed = |one: &&Schedule| {
            let last = one.last.as_ref();
            one.entry.enabled && last.is_some_and(|last| last.error.is_some())
        };
        let words = super::words::Words::of_language(Language::En);
        let title = |one: &Schedule| {
            words
                .of(&format!("title.{}", one.entry.template))
                .to_owned()
        };
        state.schedules.values().filter(failed).map(title).collect()
    }

    /// Asks for the reports that are due. One that was missed for long is made once.
    pub(super) async fn keep_to_timetable(&self) {
        let now = self.clock.now();
        let schedules: Vec<Schedule> = self.state().schedules.values().cloned().collect();
        // Those for which there is no room now are asked for at a later look.
        for schedule in schedules.into_iter().take_while(|_| !self.is_full()) {
            let Some(site) = self.sources.sites.by_key(&schedule.site) else {
                continue;
            };
            let calendar = site.calendar();
            let due = schedule
                .next_at(now, &calendar)
                .is_some_and(|due| due <= now);
            if !due {
                continue;
            }
            let range = schedule.entry.every.last(now, &calendar);
            let recipe = Recipe {
                template: schedule.entry.template.clone(),
                site: self.site_about(&schedule),
                from: range.from,
                to: range.to,
                language: schedule.entry.language,
                cell: schedule.entry.about.cell,
            };
            // It is asked for at a later look, so that a stop in between loses nothing.
            if !self.is_told(&recipe) {
                continue;
            }
            let timetable = Actor {
                name: "timetable".to_owned(),
                ..Actor::default()
            };
            let begun = self.ask(recipe, Some(schedule.id), timetable).await;
            let noted = match begun {
                Ok(_) => self.mark(schedule.id, |one| one.tried_at = Some(now)).await,
                Err(error) => Err(error),
            };
            if let Err(error) = noted {
                tracing::error!(%error, "a report of the timetable did not begin");
            }
        }
    }

    /// Changes what is known of an entry that is still there.
    async fn mark(&self, id: ScheduleId, change: impl FnOnce(&mut Schedule)) -> Result<()> {
        let _changing = self.changing.lock().await;
        let Some(mut schedule) = self.state().schedules.get(&id).cloned() else {
            return Ok(());
        };
        change(&mut schedule);
        let stored = schedule.clone();
        let write = move |transaction: &Transaction<'_>| {
            SCHEDULES.put(transaction, stored.id.as_bytes(), &stored)
        };
        self.store.write(write).await?;
        self.state().schedules.insert(id, schedule);
        Ok(())
    }

    /// Hands a report of the timetable on, and notes how that went.
    pub(super) async fn deliver(self: &std::sync::Arc<Self>, report: Report) {
        let Some(id) = report.schedule else { return };
        let Some(entry) = self.state().schedules.get(&id).map(|one| one.entry.clone()) else {
            return;
        };
        let error = match report.state {
            JobState::Success => self.handed_on(&report, &entry).await.err(),
            _ => Some(Error::unavailable(report.error.clone().unwrap_or_default())),
        };
        let last = Last {
            at: self.clock.now(),
            report: report.id,
            error: error.map(|error| match &error.fields[..] {
                [field] => field.message.clone(),
                _ => error.sentence,
            }),
        };
        if let Err(error) = self.mark(id, |one| one.last = Some(last)).await {
            tracing::error!(%error, "how a report of the timetable went could not be noted");
        }
    }
}

#[cfg(test)]
#[path = "timetable_tests.rs"]
mod tests;
