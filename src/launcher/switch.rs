//! The way of an update: made ready, tried, committed or undone, each with one record.
//!
//! Promises: stopped anywhere, the next start goes on from what the record says, with a binary
//! and the data that belong together. Will not do: start programs; that is given by [`Programs`].

use super::files::{Files, tree_bytes};
use super::home::Home;
use super::record::{Outcome, Pair, Record, State};
use super::words::Step;
use std::io;
use std::path::Path;

/// How often a version on trial is started.
pub const TRIES: u32 = 3;

/// What an update needs besides the disk.
pub trait Programs {
    /// Lets a binary look at data, without changing it.
    ///
    /// # Errors
    /// With what it says, when it cannot work with it.
    fn check(&mut self, binary: &Path, data: &Path) -> Result<(), String>;
    /// Hears how far it is.
    fn tell(&mut self, step: Step, percent: u8);
    /// The time, ms since 1970.
    fn now_ms(&mut self) -> u64;
}

/// What is to be started next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The version that is installed.
    Run(Pair),
    /// A version on trial.
    Try(Pair),
}

/// A home, its disk and the programs.
pub struct Switch<'a> {
    /// Where.
    pub home: &'a Home,
    /// The disk.
    pub files: &'a Files,
    /// Everything else.
    pub programs: &'a mut dyn Programs,
}

impl Switch<'_> {
    /// Brings an update as far as it goes without a start, and says what to start.
    ///
    /// # Errors
    /// When the disk refuses to keep the record, or there is none.
    pub fn advance(&mut self) -> io::Result<Next> {
        let mut record = self.home.record()?;
        if let State::Armed { candidate, copy } = record.state.clone() {
            match self.make_ready(&record, &candidate, copy) {
                Ok(()) => {
                    record.state = State::Trial {
                        candidate,
                        tries: 0,
                        id: record.sequence + 1,
                    };
                    self.home.write(self.files, &mut record)?;
                }
                Err(_) if self.files.is_dead() => return Err(io::Error::other("stopped")),
                Err(why) => self.undo(&mut record, "refused", &why, 0)?,
            }
        }
        if let State::Trial {
            candidate,
            tries,
            id,
        } = record.state.clone()
        {
            if tries < TRIES {
                let tries = tries + 1;
                record.state = State::Trial {
                    candidate: candidate.clone(),
                    tries,
                    id,
                };
                self.home.write(self.files, &mut record)?;
                return Ok(Next::Try(candidate));
            }
            let why = format!("It was started {TRIES} times and did not stay up.");
            self.roll_back(&why)?;
            record = self.home.record()?;
        }
        self.home.sweep(self.files, &record)?;
        Ok(Next::Run(record.current))
    }

    /// Makes the data of the candidate, and lets the candidate look at it.
    fn make_ready(&mut self, record: &Record, candidate: &Pair, copy: bool) -> Result<(), String> {
        self.programs.tell(Step::Checking, 0);
        self.home.verify(candidate).map_err(|why| why.plain())?;
        let data = self.home.data(candidate.data);
        if copy {
            let refused = |error: io::Error| format!("The data could not be copied: {error}.");
            let from = self.home.data(record.current.data);
            let all = tree_bytes(&from).map_err(refused)?.max(1);
            let mut done = 0;
            let programs = &mut *self.programs;
            let mut told = |bytes: u64| {
                done += bytes;
                let percent = u8::try_from((done * 100 / all).min(100)).unwrap_or(100);
                programs.tell(Step::Copying, percent);
            };
            self.files
                .copy_tree(&from, &data, &mut told)
                .and_then(|()| self.files.sync_dir_of(&data))
                .map_err(refused)?;
        } else if !data.is_dir() {
            return Err("The data of that version is no longer kept.".to_owned());
        }
        self.programs.tell(Step::Trying, 100);
        self.programs
            .check(&self.home.binary(candidate.slot), &data)
    }

    /// Keeps the version on trial.
    ///
    /// # Errors
    /// When the disk refuses: the trial goes on.
    pub fn commit(&mut self) -> io::Result<()> {
        let mut record = self.home.record()?;
        let State::Trial { candidate, id, .. } = record.state.clone() else {
            return Ok(());
        };
        record.outcome = Some(Outcome {
            result: "committed".to_owned(),
            version: candidate.version.clone(),
            why: String::new(),
            at_ms: self.programs.now_ms(),
            trial: id,
        });
        if !record.key.is_empty() {
            let floor = candidate.version.clone();
            record.floors.insert(record.key.clone(), floor);
        }
        record.previous = Some(std::mem::replace(&mut record.current, candidate));
        record.state = State::Steady;
        self.home.write(self.files, &mut record)
    }

    /// Gives the version on trial up.
    ///
    /// # Errors
    /// When the disk refuses: then the next start does it.
    pub fn roll_back(&mut self, why: &str) -> io::Result<()> {
        let mut record = self.home.record()?;
        if let State::Trial { id, .. } = record.state {
            self.undo(&mut record, "rolled_back", why, id)?;
        }
        Ok(())
    }

    fn undo(&mut self, record: &mut Record, result: &str, why: &str, trial: u64) -> io::Result<()> {
        let version = match &record.state {
            State::Armed { candidate, .. } | State::Trial { candidate, .. } => {
                candidate.version.clone()
            }
            State::Steady => String::new(),
        };
        record.outcome = Some(Outcome {
            result: result.to_owned(),
            version,
            why: why.to_owned(),
            at_ms: self.programs.now_ms(),
            trial,
        });
        record.state = State::Steady;
        // The slot that was filled for the candidate is no longer what `previous` was.
        let stands = |pair: &Pair| self.home.verify(pair).is_ok();
        record.previous = record.previous.take().filter(stands);
        self.home.write(self.files, record)
    }
}
