//! `indusmind backup`, `verify-backup`, `restore`, `drill`: backups from the console. They work on a
//! directory that no appliance runs on; verify and drill touch no directory of an appliance.

use super::{Boot, check, say, stop_on_signal};
use crate::backup::{self, Cause, LetIn, Making, Manifest, Phase, Place, Progress, ShutOut, Since};
use crate::base::{Clock as _, Error, Result, SystemClock};
use crate::site::Sites;
use crate::store::audit::Actor;
use crate::store::switch::{self, Held};
use crate::tsdb::Tsdb;
use clap::Args;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How often the progress is told, on a terminal only.
const TELL_EVERY: Duration = Duration::from_millis(300);
/// Most bytes of a file with a passphrase.
const PASSPHRASE_FILE_MAX: u64 = 4096;
/// How a backup from the console names its appliance, when that made none itself yet.
const CONSOLE: &str = "console";

#[derive(Args)]
pub(super) struct BackupArgs {
    /// Directory of all data
    #[arg(long, value_name = "DIR", env = "INDUSMIND_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// The folder for the backup: a stick or a mounted share
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    #[command(flatten)]
    secret: Secret,
}

#[derive(Args)]
pub(super) struct BackupPlace {
    /// The folder of the backup, the one with manifest.json
    #[arg(value_name = "BACKUP")]
    from: PathBuf,
    #[command(flatten)]
    secret: Secret,
}

#[derive(Args)]
pub(super) struct RestoreArgs {
    #[command(flatten)]
    place: BackupPlace,
    /// Directory of all data
    #[arg(long, value_name = "DIR", env = "INDUSMIND_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Machines of the backup that get in again [default: all that were not revoked since; devices where
    /// no data here tell that]
    #[arg(long, value_name = "WHICH")]
    let_in: Option<Machines>,
}

/// As [`LetIn`].
#[derive(Clone, Copy, clap::ValueEnum)]
enum Machines {
    /// API tokens, kiosks and devices
    All,
    /// Devices with their keys; API tokens and kiosks are made anew
    Devices,
    /// None; devices need new keys: for a machine or a backup that came into other hands
    Nobody,
}

impl From<Machines> for LetIn {
    fn from(machines: Machines) -> Self {
        match machines {
            Machines::All => Self::All,
            Machines::Devices => Self::Devices,
            Machines::Nobody => Self::Nobody,
        }
    }
}

#[derive(Args)]
pub(super) struct DrillArgs {
    #[command(flatten)]
    place: BackupPlace,
    /// A folder with room for all data; what is put there goes again [default: the system's for temporary files]
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
}

#[derive(Args)]
struct Secret {
    /// File whose first line is the passphrase; - for standard input
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Secret {
    fn read(&self) -> Result<Option<String>> {
        let Some(path) = &self.passphrase_file else {
            return Ok(None);
        };
        let mut text = String::new();
        let read = if path == Path::new("-") {
            (std::io::stdin().lock().take(PASSPHRASE_FILE_MAX)).read_to_string(&mut text)
        } else {
            std::fs::File::open(path)
                .and_then(|file| file.take(PASSPHRASE_FILE_MAX).read_to_string(&mut text))
        };
        read.map_err(|cause| {
            let sentence = format!("The passphrase cannot be read from {}.", path.display());
            Error::invalid("passphrase-file", sentence).because(cause)
        })?;
        let line = text.lines().next().unwrap_or_default();
        if line.is_empty() {
            let sentence = "The first line of the file is to be the passphrase.";
            return Err(Error::invalid("passphrase-file", sentence));
        }
        Ok(Some(line.to_owned()))
    }
}

pub(super) fn make(args: BackupArgs) -> Result<()> {
    let passphrase = args.secret.read()?;
    let boot = Boot {
        data_dir: args.data_dir,
        ..Boot::default()
    };
    let store = super::stopped_store(&boot.load()?, "indusmind backup")?;
    let folder = args.to.canonicalize().unwrap_or(args.to);
    let tsdb = Tsdb::open(&store)?;
    let site = Sites::open(&store, Arc::new(SystemClock))?.first();
    let appliance = backup::appliance_of(&store)?;
    let making = Making {
        store: &store,
        tsdb: &tsdb,
        folder: &folder,
        passphrase: passphrase.as_deref(),
        appliance: appliance.as_deref().unwrap_or(CONSOLE),
        site: site.map(|site| site.name),
        cause: Cause::Console,
        now: SystemClock.now(),
    };
    let made = told(|progress| making.run(progress));
    store.close();
    let made = made?;
    say(&format!(
        "{}: {} files, {} MB, proven. It is good.",
        folder.join(&made.id).display(),
        made.files.len(),
        made.stored_bytes() >> 20
    ));
    tell_head(&made);
    Ok(())
}

pub(super) fn verify(args: &BackupPlace) -> Result<()> {
    let place = Place::open(&args.from, args.secret.read()?.as_deref())?;
    told(|progress| backup::verify(&place, progress))?;
    let made = &place.manifest;
    say(&format!(
        "The backup of {} by version {} is good: {} files, every hash, page and count.",
        made.made_at,
        made.version,
        made.files.len()
    ));
    tell_head(made);
    Ok(())
}

pub(super) fn restore(args: RestoreArgs) -> Result<()> {
    let boot = Boot {
        data_dir: args.data_dir,
        ..Boot::default()
    };
    let data = boot.load()?.data_dir;
    let place = Place::open(&args.place.from, args.place.secret.read()?.as_deref())?;
    let since = Since::of_directory(&data);
    let nobody_knows = !matches!(since, Since::Known(_));
    let let_in = args.let_in.map_or_else(|| since.usual(), LetIn::from);
    // Not opened for good: what is there may be what the backup is needed for.
    let held = Held::take(&data, "indusmind restore")?;
    let (actor, now) = (Actor::console(), SystemClock.now());
    let chosen = (since, Some(let_in));
    let out = told(|progress| backup::stage(&place, &data, chosen, (&actor, now), progress))?;
    held.switch()?;
    say(&format!(
        "{} holds the data of {}. Everybody signs in anew.",
        data.display(),
        place.manifest.made_at
    ));
    tell_who_gets_in(let_in, nobody_knows, &out);
    say(&format!(
        "What was there lies in {} beside it; delete that when all is well.",
        data.join(format!("{}*", switch::KEPT)).display()
    ));
    Ok(())
}

fn tell_who_gets_in(let_in: LetIn, nobody_knows: bool, out: &ShutOut) {
    if *out != ShutOut::default() {
        say(&format!(
            "Not let in again: {} API tokens, {} kiosks, {} users; {} devices are disabled or keep another \
             key than that of the backup; {} users keep the lower role or the fewer sites of now.",
            out.tokens, out.kiosks, out.users, out.devices, out.demoted
        ));
    }
    match let_in {
        LetIn::Nobody => say(
            "Every device needs a new key, every kiosk is paired anew. Let everybody choose a new password.",
        ),
        LetIn::Devices if nobody_knows => say(
            "Devices go on with the keys of the backup; API tokens are made and kiosks paired anew. Nothing \
             here knows what was revoked after the backup: look through users and devices.",
        ),
        LetIn::All if nobody_knows => say(
            "Nothing here knows what was revoked after the backup: it lets in everybody and everything that \
             got in then, with the roles of then. Look through users, API tokens, kiosks and devices.",
        ),
        LetIn::All | LetIn::Devices => (),
    }
}

pub(super) fn drill(args: DrillArgs) -> Result<()> {
    let began = Instant::now();
    let place = Place::open(&args.place.from, args.place.secret.read()?.as_deref())?;
    let scratch = args.scratch.unwrap_or_else(std::env::temp_dir);
    let folder = scratch.join(format!("indusmind-drill-{}", std::process::id()));
    let done = told(|progress| backup::rehearse(&place, &folder, progress));
    let looked = done.and_then(|store| {
        let looked = check::look_into(&store, &store.blobs());
        store.close();
        looked
    });
    let _ = std::fs::remove_dir_all(&folder);
    looked?;
    say(&format!(
        "The backup of {} was restored beside, opened and read to the end in {} s. Nothing else was \
         touched.",
        place.manifest.made_at,
        began.elapsed().as_secs()
    ));
    Ok(())
}

fn tell_head(made: &Manifest) {
    if let Some(head) = &made.audit {
        say(&format!(
            "Head of its audit log, to be kept elsewhere: {head}"
        ));
    }
    if !made.damaged.is_empty() {
        say(&format!(
            "{} photos or documents were missing or damaged when it was made.",
            made.damaged.len()
        ));
    }
}

/// Does work and tells how far it is; Ctrl-C ends it and leaves nothing of it.
fn told<T>(work: impl FnOnce(&Progress) -> Result<T>) -> Result<T> {
    let progress = Progress::default();
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let terminal = std::io::stderr().is_terminal();
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                if stop.is_cancelled() {
                    progress.cancel();
                }
                if terminal {
                    let (phase, percent) = progress.at();
                    let word = word_of(phase);
                    let _ = write!(std::io::stderr().lock(), "\r{word} {percent} %   ");
                }
                std::thread::park_timeout(TELL_EVERY);
            }
            if terminal {
                let _ = write!(std::io::stderr().lock(), "\r{:40}\r", "");
            }
        });
        let done = work(&progress);
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        done
    })
}

const fn word_of(phase: Phase) -> &'static str {
    match phase {
        Phase::Snapshot => "Copying the data file",
        Phase::Copy => "Copying files",
        Phase::Verify => "Proving",
        Phase::Prepare => "Opening",
    }
}
