//! Runs what the boot record names, watches it, and finds the way back when it falls.

use super::child::{self, Child, Lines, STOP_WITHIN};
use super::files::Files;
use super::helpers::Helpers;
use super::home::Home;
use super::manager::{ALIVE, tell_manager};
use super::probe;
use super::record::{Pair, State};
use super::rescue;
use super::switch::{Next, Switch};
use super::trial::{Limits, Trial, Verdict};
use super::words::{Face, Why};
use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often the child is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often the service manager hears that the launcher lives, ms.
const BEAT_EVERY_MS: u64 = 5_000;
/// How often a version on trial is asked, ms.
const PROBE_EVERY_MS: u64 = 3_000;
/// Who gave signs of life and then none for so long hangs, ms.
const HUNG_AFTER_MS: u64 = 30_000;
/// Who is not ready after so long hangs, ms: a large data file is brought up to a new version.
const READY_WITHIN_MS: u64 = 600_000;
/// Who stayed up for so long did not fail to start, ms.
const UP_AFTER_MS: u64 = 60_000;
/// Failed starts before the rescue page opens.
const FALLS_MAX: u32 = 5;
/// How long a version that is given up may take to stop.
const GIVEN_UP_STOPS_WITHIN: Duration = Duration::from_secs(6);
/// How long the launcher waits to hear whether it is to stop as well.
const STOP_COMES_WITHIN: Duration = Duration::from_millis(500);

/// What the launcher was told.
pub struct Settings {
    /// Where everything lies.
    pub home: Home,
    /// What the appliance is started with, without its data directory.
    pub args: Vec<OsString>,
    /// Where the page is when no appliance runs.
    pub page: String,
    /// How long a trial may take.
    pub limits: Limits,
}

/// How a run of the appliance ended.
enum End {
    /// The launcher was told to stop.
    Stopped,
    /// It asks for an update.
    Switch,
    /// It fell, for this reason.
    Fell(Why),
    /// It is on trial and not well.
    GivenUp(String),
}

/// The launcher at work.
pub struct Launcher {
    pub(super) settings: Settings,
    pub(super) files: Files,
    pub(super) lines: Lines,
    pub(super) stopping: Arc<AtomicBool>,
    began: Instant,
    falls: u32,
    /// How the last one fell, until the next one was told.
    fell: Option<&'static str>,
    trial: Option<Trial>,
}

/// A line for the log.
pub fn log(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "launcher: {line}");
}

impl Launcher {
    /// A launcher that stops when `stopping` says so.
    #[must_use]
    pub fn new(settings: Settings, stopping: Arc<AtomicBool>) -> Self {
        Self {
            settings,
            files: Files::default(),
            lines: Lines::default(),
            stopping,
            began: Instant::now(),
            falls: 0,
            fell: None,
            trial: None,
        }
    }

    /// Runs until it is told to stop.
    pub fn run(mut self) -> ExitCode {
        while !self.is_stopping() {
            let (pair, on_trial) = match self.next() {
                Ok(Next::Run(pair)) => (pair, false),
                Ok(Next::Try(pair)) => (pair, true),
                Err(error) => {
                    let why = self.no_record(&error);
                    rescue::offer(&mut self, why);
                    continue;
                }
            };
            let end = match self.settings.home.verify(&pair) {
                Ok(()) => self.watch(&pair, on_trial),
                Err(why) if on_trial => End::GivenUp(why.plain()),
                Err(why) => {
                    self.falls = FALLS_MAX;
                    End::Fell(why)
                }
            };
            match end {
                End::Stopped => break,
                End::Switch => self.falls = 0,
                End::Fell(why) if on_trial => {
                    log(&format!("the version on trial fell: {}", why.plain()));
                }
                End::Fell(why) => self.fell(why),
                End::GivenUp(why) => self.give_up(&why),
            }
        }
        ExitCode::SUCCESS
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    fn no_record(&self, error: &std::io::Error) -> Why {
        let home = &self.settings.home;
        match home.record() {
            Err(_) => Why::NoRecord(home.path().display().to_string()),
            Ok(_) => Why::Disk(error.to_string()),
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// What is to be started, after what an update asks for was done.
    fn next(&mut self) -> std::io::Result<Next> {
        let (home, armed) = (self.settings.home.clone(), self.is_armed());
        let mut helpers = Helpers::new(self, armed);
        let mut switch = Switch {
            home: &home,
            files: &self.files,
            programs: &mut helpers,
        };
        let next = switch.advance()?;
        match &next {
            Next::Run(pair) => {
                self.trial = None;
                log(&format!(
                    "starting {} in slot {}",
                    pair.version,
                    pair.slot.name()
                ));
            }
            Next::Try(pair) => {
                log(&format!(
                    "trying {} in slot {}",
                    pair.version,
                    pair.slot.name()
                ));
                let (limits, now) = (self.settings.limits, self.now_ms());
                let trial = self.trial.get_or_insert_with(|| Trial::begin(limits, now));
                trial.started_again();
            }
        }
        Ok(next)
    }

    fn is_armed(&self) -> bool {
        let record = self.settings.home.record();
        record.is_ok_and(|record| matches!(record.state, State::Armed { .. }))
    }

    /// Starts a pair and stays with it.
    fn watch(&mut self, pair: &Pair, mut on_trial: bool) -> End {
        let home = self.settings.home.clone();
        let mut args = self.settings.args.clone();
        args.extend(["--data-dir".into(), home.data(pair.data).into()]);
        let binary = home.binary(pair.slot);
        let fell = self.fell.take();
        let mut child = match Child::start((&binary, &args), home.path(), fell, &self.lines) {
            Ok(child) => child,
            Err(error) => return End::Fell(Why::NotStarted(error.to_string())),
        };
        let started = self.now_ms();
        let (mut beat_at, mut probe_at) = (0, 0);
        loop {
            thread::sleep(LOOK_EVERY);
            let now = self.now_ms();
            if child.listen(now) {
                tell_manager("READY=1");
            }
            if now >= beat_at {
                beat_at = now + BEAT_EVERY_MS;
                tell_manager(ALIVE);
            }
            if self.is_stopping() {
                child.stop(STOP_WITHIN);
                return End::Stopped;
            }
            if let Some(status) = child.ended() {
                return self.ended(status);
            }
            if on_trial {
                if now >= probe_at && child.signs.ready {
                    probe_at = now + PROBE_EVERY_MS;
                    child.signs.page = child.address.as_deref().map(probe::ask);
                }
                match self.judge(now, &mut child) {
                    Verdict::Wait => {}
                    Verdict::Keep => on_trial = false,
                    Verdict::GiveUp(why) => {
                        child.stop(GIVEN_UP_STOPS_WITHIN);
                        return End::GivenUp(why);
                    }
                }
            } else if let Some(why) = hangs(&child, now, started) {
                child.stop(Duration::ZERO);
                return End::Fell(why);
            }
            if now - started > UP_AFTER_MS {
                self.falls = 0;
            }
        }
    }

    /// Looks at a version on trial, and commits it when it is time.
    fn judge(&mut self, now: u64, child: &mut Child) -> Verdict {
        let Some(trial) = &mut self.trial else {
            return Verdict::Wait;
        };
        let verdict = trial.judge(now, &child.signs);
        if verdict != Verdict::Keep {
            return verdict;
        }
        let home = self.settings.home.clone();
        let mut helpers = Helpers::new(self, false);
        let mut switch = Switch {
            home: &home,
            files: &self.files,
            programs: &mut helpers,
        };
        if let Err(error) = switch.commit() {
            log(&format!("the update cannot be committed yet: {error}"));
            return Verdict::Wait;
        }
        log("the update is committed");
        self.trial = None;
        child.say_committed();
        Verdict::Keep
    }

    fn ended(&self, status: std::process::ExitStatus) -> End {
        if self.is_armed() {
            return End::Switch;
        }
        // Who stops everything at once tells both; who of them hears it first is chance.
        let until = Instant::now() + STOP_COMES_WITHIN;
        while Instant::now() < until {
            if self.is_stopping() {
                return End::Stopped;
            }
            thread::sleep(LOOK_EVERY);
        }
        End::Fell(Why::Ended(status.to_string()))
    }

    /// Waits longer after each fall, and opens the rescue page after some.
    fn fell(&mut self, why: Why) {
        self.falls += 1;
        self.fell = match &why {
            Why::Silent | Why::NotReady => Some("silent"),
            Why::Ended(_) => Some("ended"),
            _ => None,
        };
        log(&why.plain());
        if self.falls >= FALLS_MAX {
            self.falls = 0;
            rescue::offer(self, why);
            return;
        }
        let until = Instant::now() + Duration::from_secs(1 << self.falls.min(4));
        while Instant::now() < until && !self.is_stopping() {
            tell_manager(ALIVE);
            thread::sleep(LOOK_EVERY);
        }
    }

    fn give_up(&mut self, why: &str) {
        log(&format!("the version on trial is given up: {why}"));
        self.trial = None;
        let home = self.settings.home.clone();
        let mut helpers = Helpers::new(self, false);
        let mut switch = Switch {
            home: &home,
            files: &self.files,
            programs: &mut helpers,
        };
        if let Err(error) = switch.roll_back(why) {
            log(&format!("the way back cannot be written down: {error}"));
            thread::sleep(Duration::from_secs(1));
        }
    }

    /// What the rescue page shows.
    pub(super) fn rescue_face(&self, why: Why) -> Face {
        let home = &self.settings.home;
        let previous = home.record().ok().and_then(|record| record.previous);
        let usable = |pair: &Pair| home.verify(pair).is_ok() && home.data(pair.data).is_dir();
        Face::Rescue {
            why,
            lines: child::lines(&self.lines),
            previous: previous.filter(usable).map(|pair| pair.version),
        }
    }
}

fn hangs(child: &Child, now: u64, started: u64) -> Option<Why> {
    match child.signs.beat_at_ms {
        Some(at) if now.saturating_sub(at) > HUNG_AFTER_MS => Some(Why::Silent),
        None if now.saturating_sub(started) > READY_WITHIN_MS => Some(Why::NotReady),
        _ => None,
    }
}
