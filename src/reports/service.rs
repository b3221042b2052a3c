//! Reports of an appliance that runs: made one after the other, kept, handed out.

use super::compare::{Recomputed, compare};
use super::document::Document;
use super::left::fault;
use super::order::{NewReport, Sight};
use super::output::Format;
use super::paper::Paper;
use super::progress::{Progress, Stage};
use super::record::{self, Report};
use super::template::{Recipe, Sources, Template};
use super::timetable::Schedule;
use super::words::Words;
use crate::backup::JobState;
use crate::base::error::Checks;
use crate::base::time::Calendar;
use crate::base::{Clock, Error, PaperId, Result, ScheduleId, TimeRange, Timestamp};
use crate::notify::Notify;
use crate::site::{Logo, Site};
use crate::store::audit::{self, Actor};
use crate::store::{Store, Transaction};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most reports that wait for their turn: more would be a mistake of a program.
const WAITING_MAX: usize = 20;
/// Longest period of a report, ms: three years with a leap day, as for the figures.
const PERIOD_MAX_MS: i64 = 1_097 * 24 * 3_600_000;

/// A file of a report.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its name.
    pub name: String,
    /// What it is.
    pub format: Format,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Reports of a running appliance.
pub struct Reports {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sources: Sources,
    pub(super) notify: Arc<Notify>,
    pub(super) state: Mutex<State>,
    /// Rung when there is a report to make.
    pub(super) bell: tokio::sync::Notify,
    /// One is made at a time: it reads years.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// One change of the timetable at a time.
    pub(super) changing: tokio::sync::Mutex<()>,
}

/// What waits, what is being made, and the timetable.
#[derive(Default)]
pub(super) struct State {
    pub(super) waiting: VecDeque<(Report, Actor)>,
    pub(super) running: Option<(Report, Arc<Progress>)>,
    pub(super) schedules: BTreeMap<ScheduleId, Schedule>,
    /// On their way to the disk, and to who waits.
    pub(super) asked: BTreeSet<PaperId>,
    /// The disk refused something: what is on it may be forgotten here.
    pub(super) in_doubt: bool,
}

impl Reports {
    /// Opens what is kept.
    ///
    /// # Errors
    /// When the data file cannot be read or written.
    pub async fn open(store: &Store, sources: Sources, notify: Arc<Notify>) -> Result<Self> {
        let clock = Arc::clone(&sources.clock);
        let now = clock.now();
        let left = record::all(&store.read()?)?;
        if left.iter().any(|report| !report.is_over()) {
            let end =
                move |transaction: &Transaction<'_>| super::again::after_stop(transaction, now);
            store.write(end).await?;
        }
        let schedules = super::timetable::all(&store.read()?)?;
        let by_id = schedules.into_iter().map(|one| (one.id, one));
        let state = State {
            schedules: by_id.collect(),
            ..State::default()
        };
        Ok(Self {
            store: store.clone(),
            clock,
            sources,
            notify,
            state: Mutex::new(state),
            bell: tokio::sync::Notify::new(),
            turn: tokio::sync::Mutex::default(),
            changing: tokio::sync::Mutex::default(),
        })
    }

    /// Whether no further report can wait now.
    pub(super) fn is_full(&self) -> bool {
        self.state().waiting.len() >= WAITING_MAX
    }

    /// Asks for a report; it is made when its turn has come.
    ///
    /// # Errors
    /// Every refused field; too many wait; the disk refuses.
    pub async fn generate(&self, asked: NewReport, site: &Site, actor: Actor) -> Result<Report> {
        asked.about.check(&asked.template)?;
        let recipe = self.recipe(&asked, site)?;
        self.ask(recipe, None, actor).await
    }

    /// The recipe of what is asked for.
    fn recipe(&self, asked: &NewReport, site: &Site) -> Result<Recipe> {
        let (now, calendar) = (self.clock.now(), site.calendar());
        let mut checks = Checks::default();
        let template = checks.merge("", Template::named(&asked.template))?;
        let mut time = |path: &str, text: &Option<String>| {
            let sentence = "Write a date of the site as 2026-10-01, or an instant.";
            let found = text.as_deref().map(|text| calendar.instant(text));
            checks.require(found != Some(None), path, sentence);
            found.flatten()
        };
        let (from, to) = (time("from", &asked.from), time("to", &asked.to));
        let whole = asked.from.is_some() == asked.to.is_some();
        checks.require(whole, "to", "Give both from and to, or neither.");
        checks.finish()?;
        let range = match (from, to, template) {
            (Some(from), Some(to), _) => TimeRange::new(from, to)?,
            (_, _, Some(template)) => template.span.last(now, &calendar),
            _ => return Err(Error::invalid("template", "Name the kind of report.")),
        };
        let range = super::cold::period(&asked.template, range, &calendar);
        let quarter = crate::base::time::BucketSize::Fixed(15 * 60_000);
        let told = self.told_until(&asked.template, site, range.to);
        let to = range.to.min(calendar.bucket_start(told, quarter));
        if range.from >= to {
            return Err(Error::invalid("from", "That has not come yet."));
        }
        if to.since_ms(range.from) > PERIOD_MAX_MS {
            return Err(Error::invalid("to", "At most three years at once."));
        }
        Ok(Recipe {
            template: asked.template.clone(),
            site: site.key.clone(),
            from: calendar.bucket_start(range.from, quarter),
            to,
            language: asked.language,
            cell: asked.about.cell,
        })
    }

    pub(super) async fn ask(
        &self,
        recipe: Recipe,
        schedule: Option<ScheduleId>,
        actor: Actor,
    ) -> Result<Report> {
        let now = self.clock.now();
        let words = Words::of_language(recipe.language);
        let report = Report {
            id: PaperId::new(),
            title: words.of(&format!("title.{}", recipe.template)).to_owned(),
            recipe,
            state: JobState::Pending,
            stage: Some(Stage::Waiting),
            progress: 0,
            owner: actor.name.clone(),
            schedule,
            asked_at: now,
            finished_at: None,
            error: None,
            data_hash: None,
            data_bytes: 0,
        };
        if self.is_full() {
            let sentence = "Twenty reports wait already. Wait until some are made.";
            return Err(Error::conflict(sentence));
        }
        let (stored, by) = (report.clone(), actor.clone());
        let write = move |transaction: &Transaction<'_>| {
            record::note(transaction, &stored, &[], now)?;
            let details = json!({ "recipe": stored.recipe });
            let resource = format!("report/{}", stored.id);
            let object = audit::about(&resource).of(&stored.recipe.site);
            audit::append(transaction, now, &by, "report.generate", object, details)
        };
        let _asked = self.asked(report.id);
        let stored = self.store.write(write).await;
        stored.inspect_err(|error| self.doubt(error))?;
        self.state().waiting.push_back((report.clone(), actor));
        self.bell.notify_one();
        Ok(report)
    }

    /// The reports that somebody may see, the newest first.
    ///
    /// # Errors
    /// When the data file cannot be read.
    pub fn list(&self, sight: &Sight) -> Result<Vec<Report>> {
        let mut all = record::all(&self.store.read()?)?;
        all.retain(|report| sight.sees(&report.recipe));
        let state = self.state();
        if let Some((running, progress)) = &state.running
            && let Some(report) = all.iter_mut().find(|report| report.id == running.id)
            && !report.is_over()
        {
            let (stage, percent) = progress.at();
            (report.state, report.stage) = (JobState::Running, Some(stage));
            report.progress = percent;
        }
        drop(state);
        self.note_untold(&mut all);
        Ok(all)
    }

    /// A report that somebody may see.
    ///
    /// # Errors
    /// When there is none of this id.
    pub fn get(&self, sight: &Sight, id: PaperId) -> Result<Report> {
        let found = self.list(sight)?.into_iter().find(|report| report.id == id);
        found.ok_or_else(|| Error::not_found("report", id))
    }

    /// The figures of a report.
    ///
    /// # Errors
    /// When it is not made, or what is stored is damaged.
    pub fn document(&self, report: &Report) -> Result<Document> {
        if report.state != JobState::Success {
            return Err(Error::conflict("The report is not made."));
        }
        record::document(&self.store.read()?, report)
    }

    /// Makes the document of a recipe, and keeps nothing. Reads the disk.
    ///
    /// # Errors
    /// When the site or the template is gone, or the file cannot be read.
    pub fn compute(&self, recipe: &Recipe, progress: &Progress) -> Result<Document> {
        self.sources.document(recipe, progress)
    }

    /// Writes a document as a file that says when it was made, under the logo of its site.
    ///
    /// # Errors
    /// When it is too long for the form.
    pub fn write(
        &self,
        document: &Document,
        format: Format,
        made_at: Timestamp,
        logo: Option<&Logo>,
    ) -> Result<Vec<u8>> {
        // Checked when the site was stored.
        let calendar = Calendar::new(&document.time_zone).unwrap_or_else(|_| Calendar::utc());
        let words = Words::of_language(document.language);
        let paper = Paper {
            words: &words,
            calendar: &calendar,
            made_at,
            logo,
        };
        format.write(document, &paper)
    }

    /// A report as a file.
    ///
    /// # Errors
    /// When it is not made, or it is too long for the form.
    pub fn export(&self, report: &Report, format: Format) -> Result<Written> {
        let document = self.document(report)?;
        let made_at = report.finished_at.unwrap_or(report.asked_at);
        let calendar = Calendar::new(&document.time_zone).unwrap_or_else(|_| Calendar::utc());
        let sites = &self.sources.sites;
        let site = sites
            .by_key(&report.recipe.site)
            .filter(|site| site.logo.is_some());
        let logo = site.map(|site| sites.logo(site.id)).transpose()?.flatten();
        Ok(Written {
            name: self.file_name(report, &calendar.date(document.from), format),
            format,
            bytes: self.write(&document, format, made_at, logo.as_ref())?,
        })
    }

    /// Makes a report again from its recipe, and says what is different. Nothing is changed.
    ///
    /// # Errors
    /// When it was not made, or the file cannot be read.
    pub async fn recompute(self: &Arc<Self>, report: Report) -> Result<Recomputed> {
        let _turn = self.turn.lock().await;
        let own = Arc::clone(self);
        let work = move || {
            let stored = own.document(&report)?;
            let again = own.sources.document(&report.recipe, &Progress::default())?;
            let (_, hash) = record::data_of(&again)?;
            let (differences, changed) = compare(&stored, &again);
            let stored_hash = report.data_hash.unwrap_or_default();
            Ok(Recomputed {
                same: hash == stored_hash,
                stored_hash,
                hash,
                changed,
                differences,
            })
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|cause| Err(fault(cause)))
    }

    /// Ends a report that waits or is being made.
    ///
    /// # Errors
    /// When it is over.
    pub async fn cancel(&self, report: Report, actor: Actor) -> Result<Report> {
        let now = self.clock.now();
        let waited = {
            let mut state = self.state();
            let place = state
                .waiting
                .iter()
                .position(|(one, _)| one.id == report.id);
            let waited = place.and_then(|place| state.waiting.remove(place));
            match (&waited, &state.running) {
                (None, Some((running, progress))) if running.id == report.id => progress.cancel(),
                (None, _) => return Err(Error::conflict("The report is over.")),
                _ => {}
            }
            waited
        };
        let mut ended = report;
        if waited.is_some() {
            ended.state = JobState::Cancelled;
            ended.finished_at = Some(now);
            ended.error = Some("Cancelled before it was begun.".to_owned());
            ended.stage = None;
        }
        let stored = ended.clone();
        let write = move |transaction: &Transaction<'_>| {
            if stored.is_over() {
                record::note(transaction, &stored, &[], now)?;
            }
            let resource = format!("report/{}", stored.id);
            let nothing = json!({});
            audit::append(
                transaction,
                now,
                &actor,
                "report.cancel",
                audit::about(&resource).of(&stored.recipe.site),
                nothing,
            )
        };
        let stored = self.store.write(write).await;
        stored.inspect_err(|error| self.doubt(error))?;
        Ok(ended)
    }

    /// Forgets a report.
    ///
    /// # Errors
    /// When it waits or is being made.
    pub async fn delete(&self, report: Report, actor: Actor) -> Result<()> {
        if !report.is_over() {
            return Err(Error::conflict("End the report before you delete it."));
        }
        let now = self.clock.now();
        let write = move |transaction: &Transaction<'_>| {
            record::remove(transaction, &report)?;
            let resource = format!("report/{}", report.id);
            let details = json!({ "recipe": report.recipe, "data_hash": report.data_hash });
            audit::append(
                transaction,
                now,
                &actor,
                "report.delete",
                audit::about(&resource).of(&report.recipe.site),
                details,
            )
        };
        self.store.write(write).await
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Reports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reports")
    }
}
