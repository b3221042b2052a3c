//! `indusmind import`: readings from files, into a data directory that no appliance runs on.

use super::{Boot, say, stop_on_signal};
use crate::base::time::Calendar;
use crate::base::{Clock as _, Error, ErrorKind, Result, SystemClock};
use crate::equipment::{Equipment, Registry};
use crate::exchange::Directory;
use crate::exchange::import::{Importer, Manner, Outcome, Position};
use crate::exchange::push::Rules;
use crate::exchange::source::Source;
use crate::exchange::table_in::Spelling;
use crate::exchange::words::{Precision, interval};
use crate::site::Sites;
use crate::store::Store;
use crate::tsdb::Tsdb;
use clap::Args;
use std::io::{IsTerminal as _, Write as _};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How often the progress is told on a terminal, and in a log.
const TELL_EVERY: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(10)];

#[derive(Args)]
pub(super) struct ImportArgs {
    /// Directory of all data
    #[arg(long, value_name = "DIR", env = "INDUSMIND_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// CSV (with a header) and line protocol (.lp), packed with gzip or not; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Equipment of tables without such a column: id, name or serial number
    #[arg(long, value_name = "NAME")]
    equipment: Option<String>,
    /// csv or lp, when neither the name nor the first line tells
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Unit of times that are whole numbers: ns, us, ms or s
    #[arg(long, default_value = "ns")]
    precision: String,
    /// How often readings come, for equipment that is not polled: 10s, 500ms, 1m [default: 1m]
    #[arg(long)]
    interval: Option<String>,
    /// Time zone of times without an offset [default: the site's]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Numbers have a comma before their decimals
    #[arg(long)]
    decimal_comma: bool,
    /// Load the good rows of files that have bad ones
    #[arg(long)]
    skip_bad: bool,
    /// Load the other rows of files that have some of a time whose samples are no longer kept
    #[arg(long)]
    skip_forgotten: bool,
    /// Check the files and load nothing
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(args: ImportArgs) -> Result<()> {
    let boot = Boot {
        data_dir: args.data_dir.clone(),
        ..Boot::default()
    };
    let store = super::stopped_store(&boot.load()?, "indusmind import").map_err(|error| {
        if error.kind == ErrorKind::Conflict {
            let way = "Or send the readings to the running one: POST /api/v2/write.";
            return Error::conflict(format!("{} {way}", error.sentence));
        }
        error
    })?;
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    let done = bring_in(&args, &store, &stop).await;
    store.close();
    done
}

async fn bring_in(args: &ImportArgs, store: &Store, stop: &CancellationToken) -> Result<()> {
    let tsdb = Tsdb::open(store)?;
    let mut equipment = Registry::stored(store)?;
    equipment.retain(|one| one.deleted_at.is_none());
    let directory = Directory::of(&equipment);
    let importer = Importer {
        store,
        tsdb: &tsdb,
        directory: &directory,
        manner: manner(args, &tsdb, store, &directory, &equipment)?,
    };
    let open = |path: &PathBuf| Source::open(path, store.path());
    let sources = args.files.iter().map(open).collect::<Result<Vec<_>>>()?;
    check(args, &importer, &sources, stop)?;
    if args.check {
        return Ok(());
    }
    for source in &sources {
        let mut progress = Progress::new(source);
        let mut look = |position: &Position| {
            progress.tell(position);
            if stop.is_cancelled() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        let outcome = importer.load(source, &mut look).await?;
        progress.end();
        let name = &source.name;
        match outcome {
            Outcome::Loaded(Position { rows, refused, .. }) => {
                say(&format!(
                    "{name}: {rows} rows, {} loaded, {refused} left out.",
                    rows - refused
                ));
            }
            Outcome::Known(position) => {
                let when = position
                    .finished_at
                    .map_or_else(String::new, |at| at.to_string());
                say(&format!(
                    "{name}: loaded already ({when}); nothing was changed."
                ));
            }
            Outcome::Stopped(position) => {
                return Err(Error::conflict(format!(
                    "Stopped after {} rows of {name}. The same command goes on from there.",
                    position.rows
                )));
            }
        }
    }
    tsdb.tidy_up(SystemClock.now())
}

fn manner(
    args: &ImportArgs,
    tsdb: &Tsdb,
    store: &Store,
    directory: &Directory,
    equipment: &[Equipment],
) -> Result<Manner> {
    let refused = |path: &str, sentence: &str| Error::invalid(path, sentence);
    let lines = match args.format.as_deref() {
        None => None,
        Some("csv") => Some(false),
        Some("lp") => Some(true),
        Some(_) => return Err(refused("--format", "Use csv or lp.")),
    };
    let precision = Precision::named(&args.precision)
        .ok_or_else(|| refused("--precision", "Use ns, us, ms or s."))?;
    let length = |text: &String| {
        let sentence = "Write 10s, 500ms or 1m, from 100ms to 1h.";
        interval(text).ok_or_else(|| refused("--interval", sentence))
    };
    let find = |name: &String| {
        let found = directory.find(name);
        found.map_err(|sentence| refused("--equipment", &sentence))
    };
    let named = args.equipment.as_ref().map(find).transpose()?;
    let calendar = match &args.time_zone {
        Some(zone) => Calendar::new(zone)?,
        None => {
            let sites = Sites::open(store, Arc::new(SystemClock))?;
            let its = |one: &&Equipment| named.is_none_or(|id| one.id == id);
            let site = equipment
                .iter()
                .find(its)
                .and_then(|one| sites.by_key(&one.site));
            site.or_else(|| sites.first())
                .map_or_else(Calendar::utc, |site| site.calendar())
        }
    };
    Ok(Manner {
        rules: Rules {
            precision,
            interval_ms: args.interval.as_ref().map(length).transpose()?,
            now: SystemClock.now(),
            accepts_from: tsdb.accepts_from(),
            decommissioned: true,
        },
        spelling: Spelling {
            decimal_comma: args.decimal_comma,
            equipment: named,
            calendar,
        },
        lines,
    })
}

/// The first pass: every bad row of every file, before anything is loaded.
fn check(
    args: &ImportArgs,
    importer: &Importer<'_>,
    sources: &[Source],
    stop: &CancellationToken,
) -> Result<()> {
    let (mut rows, mut bad, mut old) = (0, 0, 0);
    for source in sources {
        if importer.is_loaded(source)? {
            continue;
        }
        let mut errors = std::io::stderr().lock();
        let checked = importer.check(source, &mut |fault| {
            let (line, place, sentence) = (fault.line, &fault.place, &fault.sentence);
            let _ = writeln!(errors, "{}:{line}: {place}: {sentence}", source.name);
        })?;
        rows += checked.rows;
        bad += checked.bad;
        if let Some((count, first, last)) = checked.forgotten {
            old += count;
            let kept = importer.manner.rules.accepts_from;
            let _ = writeln!(
                errors,
                "{}: {count} rows, lines {first} to {last}, are of a time before {kept}, whose \
                 samples are no longer kept: nothing can be added there.",
                source.name
            );
        }
        if stop.is_cancelled() {
            return Err(Error::conflict("Stopped; nothing was loaded."));
        }
    }
    if args.check {
        say(&format!(
            "{rows} rows, {bad} of them bad, {old} too old; nothing was loaded."
        ));
    }
    if bad > 0 && !args.skip_bad {
        return Err(Error::invalid(
            "file",
            format!(
                "{bad} of {rows} rows are bad; nothing was loaded. Mend them, or leave them out \
                 with --skip-bad."
            ),
        ));
    }
    if old > 0 && !args.skip_bad && !args.skip_forgotten {
        return Err(Error::invalid(
            "file",
            format!(
                "{old} of {rows} rows are of a time whose samples are no longer kept; nothing was \
                 loaded. --skip-forgotten loads the others."
            ),
        ));
    }
    Ok(())
}

/// How far a file is, on standard error.
struct Progress<'a> {
    source: &'a Source,
    started: Instant,
    told: Instant,
    first_row: Option<u64>,
    terminal: bool,
}

impl<'a> Progress<'a> {
    fn new(source: &'a Source) -> Self {
        Self {
            source,
            started: Instant::now(),
            told: Instant::now(),
            first_row: None,
            terminal: std::io::stderr().is_terminal(),
        }
    }

    #[allow(clippy::cast_precision_loss)] // a progress for a person
    fn tell(&mut self, position: &Position) {
        let first = *self.first_row.get_or_insert(position.rows);
        if self.told.elapsed() < TELL_EVERY[usize::from(!self.terminal)] {
            return;
        }
        self.told = Instant::now();
        let seconds = self.started.elapsed().as_secs_f64();
        let part =
            self.source.read.load(Ordering::Relaxed) as f64 / self.source.bytes.max(1) as f64;
        let rate = (position.rows - first) as f64 / seconds.max(0.001);
        let left = seconds / part.max(0.001) - seconds;
        let end = if self.terminal { "\r" } else { "\n" };
        let _ = write!(
            std::io::stderr().lock(),
            "{}: {} rows, {:.0} %, {rate:.0} rows/s, {left:.0} s left   {end}",
            self.source.name,
            position.rows,
            part * 100.0,
        );
    }

    fn end(&self) {
        if self.terminal && self.first_row.is_some() {
            let _ = writeln!(std::io::stderr().lock());
        }
    }
}
