//! What the kernel says of a process: CPU, bytes written, memory; and of a folder: blocks on disk.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Instant;

/// A process that is measured: this one, or a child.
#[derive(Clone, Copy)]
pub(crate) struct Process(u32);

/// CPU time of a process up to one instant, counted in two ways.
#[derive(Clone, Copy)]
pub(crate) struct Cpu {
    /// Of the threads that live, s: exact, but forgets a thread that ended.
    threads_s: f64,
    /// Of the whole process, s: complete, but in steps of 10 ms.
    process_s: f64,
}

impl Cpu {
    /// CPU since `earlier`, s.
    pub(crate) fn since(self, earlier: Self) -> f64 {
        /// From here on a step of 10 ms is less than noise.
        const COARSE_IS_ENOUGH_S: f64 = 1.0;
        let coarse = self.process_s - earlier.process_s;
        if coarse > COARSE_IS_ENOUGH_S {
            coarse
        } else {
            (self.threads_s - earlier.threads_s).max(coarse - 0.02)
        }
    }
}

impl Process {
    /// This process.
    pub(crate) fn own() -> Self {
        Self(std::process::id())
    }

    /// Another one.
    pub(crate) const fn of(id: u32) -> Self {
        Self(id)
    }

    fn read(self, name: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{name}", self.0)).unwrap_or_default()
    }

    /// CPU used so far.
    pub(crate) fn cpu(self) -> Cpu {
        let stat = self.read("stat");
        // The name of the program, in parentheses, may hold blanks.
        let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks = |at: usize| rest.split_whitespace().nth(at)?.parse::<f64>().ok();
        let threads = fs::read_dir(format!("/proc/{}/task", self.0));
        let of_thread = |entry: std::io::Result<fs::DirEntry>| {
            let text = fs::read_to_string(entry.ok()?.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<f64>().ok()
        };
        let threads = threads.into_iter().flatten().filter_map(of_thread);
        Cpu {
            threads_s: threads.sum::<f64>() / 1e9,
            process_s: (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0,
        }
    }

    /// What two looks at the CPU and the bytes cost themselves, s: as much as a small tick.
    pub(crate) fn cpu_of_looking(self) -> f64 {
        const LOOKS: u32 = 200;
        let looks = (0..LOOKS).map(|_| {
            let (cpu, _) = (self.cpu(), self.written());
            self.cpu().since(cpu)
        });
        looks.sum::<f64>() / f64::from(LOOKS)
    }

    /// Bytes that were sent to the disk so far.
    pub(crate) fn written(self) -> u64 {
        number_after(&self.read("io"), "write_bytes:")
    }

    /// Memory that is resident, bytes.
    pub(crate) fn resident(self) -> u64 {
        number_after(&self.read("status"), "VmRSS:") * 1_024
    }
}

fn number_after(text: &str, head: &str) -> u64 {
    let rest = text.lines().find_map(|line| line.strip_prefix(head));
    let number = rest.and_then(|rest| rest.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

/// What a file system gives out at once, bytes.
const BLOCK: u64 = 4_096;

/// Blocks that a folder takes on disk, bytes; names with these endings are left out, and so is what a
/// data file holds behind its end for people on a full disk.
pub(crate) fn allocated(folder: &Path, but: &[&str]) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let of = |entry: fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(meta) = entry.metadata() else { return 0 };
        if but.iter().any(|ending| name.ends_with(ending)) {
            0
        } else if meta.is_dir() {
            allocated(&entry.path(), but)
        } else {
            (meta.blocks() * 512).min(meta.len().next_multiple_of(BLOCK))
        }
    };
    entries.map(of).sum()
}

/// Wall time of each run, and the CPU of all.
#[derive(Default)]
pub(crate) struct Times {
    walls_ms: Vec<f64>,
    /// CPU of all runs, s.
    pub(crate) cpu_s: f64,
    /// Bytes written by all runs.
    pub(crate) written: u64,
}

impl Times {
    /// Notes one run.
    pub(crate) fn note(&mut self, began: Instant) {
        self.walls_ms.push(began.elapsed().as_secs_f64() * 1e3);
    }

    /// How many runs.
    pub(crate) fn runs(&self) -> f64 {
        self.walls_ms.len() as f64
    }

    /// The time that this share of the runs does not exceed, ms.
    pub(crate) fn share_ms(&self, share: f64) -> f64 {
        let mut sorted = self.walls_ms.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        sorted
            .get((last as f64 * share).round() as usize)
            .copied()
            .unwrap_or(f64::NAN)
    }

    /// Wall time of all runs, s.
    pub(crate) fn wall_s(&self) -> f64 {
        self.walls_ms.iter().sum::<f64>() / 1e3
    }

    /// CPU per run, ms.
    pub(crate) fn cpu_ms(&self) -> f64 {
        self.cpu_s * 1e3 / self.runs()
    }
}

/// A number without its machine says nothing.
pub(crate) fn machine(folder: &Path) -> String {
    let first = |file: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.lines().next().unwrap_or_default().to_owned()
    };
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let of_folder = |line: &str| {
        let mut words = line.split_whitespace();
        let (device, place, kind) = (words.next()?, words.next()?, words.next()?);
        let below = folder.starts_with(place);
        below.then(|| (place.len(), format!("{kind} on {device}")))
    };
    let disk = mounts.lines().filter_map(of_folder).max_by_key(|(n, _)| *n);
    let disk = disk.map_or_else(|| "unknown".to_owned(), |(_, name)| name);
    format!(
        "machine: {model}, {cores} cores, Linux {}, load {}\ndirectory: {} ({disk})",
        first("/proc/sys/kernel/osrelease"),
        first("/proc/loadavg"),
        folder.display(),
    )
}
