//! A report of each fault of the program, in the data directory: what, where, which version. It
//! stays there until somebody takes it along.

use crate::base::{Clock as _, SystemClock, Timestamp};
use serde::Serialize;
use std::backtrace::Backtrace;
use std::io::Write as _;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use utoipa::ToSchema;

/// Folder of the data directory.
const FOLDER: &str = "crash";
/// Reports that are kept; a fault that comes with every poll must not fill the disk.
const KEPT: usize = 20;
/// Reports of one run: what fails more often fails by the same fault.
const OF_A_RUN: u32 = 20;
/// Most bytes of a report.
const REPORT_MAX: usize = 64 << 10;

/// Faults of this run, also those of which no report was kept.
static FAULTS: AtomicUsize = AtomicUsize::new(0);

/// How often the program failed inside since its start.
#[must_use]
pub fn faults() -> usize {
    FAULTS.load(Ordering::Relaxed)
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CrashReport)]
pub struct Report {
    /// Name of its file in the folder `crash`.
    pub name: String,
    /// When.
    pub at: Option<Timestamp>,
    /// What it says.
    pub text: String,
}

/// Keeps a report of every fault from now on, beside what is told on the console. The task that
/// failed ends; the others go on.
pub fn keep_reports(data_dir: &Path) {
    let folder = data_dir.join(FOLDER);
    let before = std::panic::take_hook();
    let written = AtomicU32::new(0);
    std::panic::set_hook(Box::new(move |fault| {
        FAULTS.fetch_add(1, Ordering::Relaxed);
        if written.fetch_add(1, Ordering::Relaxed) < OF_A_RUN {
            // The disk may be what failed.
            let _ = write(&folder, &text_of(fault));
        }
        before(fault);
    }));
}

fn text_of(fault: &PanicHookInfo<'_>) -> String {
    let payload = fault.payload();
    let said = payload
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    let place = fault.location().map(ToString::to_string);
    let thread = std::thread::current();
    format!(
        "indusmind {} failed inside at {}\nthread {}\nat {}\n{said}\n\n{}\n",
        env!("CARGO_PKG_VERSION"),
        SystemClock.now(),
        thread.name().unwrap_or("without a name"),
        place.unwrap_or_default(),
        Backtrace::force_capture()
    )
}

fn write(folder: &Path, text: &str) -> std::io::Result<()> {
    crate::store::snapshot::make_closed_folder(folder)?;
    let at = SystemClock.now().ms();
    let path = folder.join(format!("{at}-{}.txt", std::process::id()));
    let end = text.floor_char_boundary(REPORT_MAX);
    let mut file = std::fs::File::create(path)?;
    file.write_all(&text.as_bytes()[..end])?;
    file.sync_all()?;
    let mut all = names(folder);
    let surplus = all.len().saturating_sub(KEPT);
    all.drain(..surplus).try_for_each(std::fs::remove_file)
}

/// The files of the folder, oldest first.
fn names(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    all.sort_unstable();
    all
}

/// The reports of a data directory, newest first.
#[must_use]
pub fn reports(data_dir: &Path) -> Vec<Report> {
    let read = |path: PathBuf| {
        let name = path.file_name()?.to_str()?.to_owned();
        let ms = name.split('-').next()?.parse().ok();
        Some(Report {
            at: ms.map(Timestamp::from_ms),
            text: std::fs::read_to_string(&path).ok()?,
            name,
        })
    };
    let all = names(&data_dir.join(FOLDER)).into_iter().rev();
    all.filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_kept_and_the_oldest_go() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join(FOLDER);
        assert!(reports(place.path()).is_empty());
        std::fs::create_dir(&folder).unwrap();
        for n in 0..30 {
            std::fs::write(folder.join(format!("{}-1.txt", 1_000 + n)), "old").unwrap();
        }
        write(&folder, &"é".repeat(REPORT_MAX)).unwrap();
        let all = reports(place.path());
        assert_eq!(all.len(), KEPT);
        assert!(all[0].text.len() <= REPORT_MAX && all[0].text.starts_with('é'));
        assert_eq!(all[KEPT - 1].at, Some(Timestamp::from_ms(1_011)));
    }
}
