//! Runs seeds by the hundred or by the ten thousand, counts, and says how to replay a failure.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many failures are told in full.
const TOLD: usize = 5;

/// A row of seeds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Torture {
    first: u64,
    runs: u64,
    long: bool,
}

/// What came of a row of seeds.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) runs: u64,
    pub(crate) failed: u64,
    pub(crate) panicked: u64,
    told: Vec<(u64, String)>,
}

impl Torture {
    /// So many runs, unless `INDUSMIND_TORTURE` asks for more; from seed 1, unless
    /// `INDUSMIND_SEED` names another.
    pub(crate) fn of(runs: u64) -> Self {
        let number = |name: &str| -> Option<u64> {
            let text = std::env::var(name).ok()?;
            Some(
                text.parse()
                    .expect("INDUSMIND_TORTURE and INDUSMIND_SEED are whole numbers"),
            )
        };
        let asked = number("INDUSMIND_TORTURE");
        Self {
            first: number("INDUSMIND_SEED").unwrap_or(1),
            runs: asked.unwrap_or(runs),
            long: asked.is_some(),
        }
    }

    /// Whether more was asked for than an ordinary run.
    pub(crate) const fn is_long(self) -> bool {
        self.long
    }

    /// As many tries in all, when one run makes `size` of them.
    pub(crate) const fn in_groups_of(mut self, size: u64) -> Self {
        self.runs = self.runs.div_ceil(size);
        self
    }

    /// Runs every seed, on all processors; tells the counts and the first failures.
    pub(crate) fn run(self, test: &str, one: impl Fn(u64) -> Result<(), String> + Sync) -> Tally {
        let next = AtomicU64::new(self.first);
        let end = self.first + self.runs;
        let tally = Mutex::new(Tally::default());
        let work = || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= end {
                    return;
                }
                let outcome = catch_unwind(AssertUnwindSafe(|| one(seed)));
                tally.lock().unwrap().note(seed, outcome);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(work);
            }
        });
        let tally = tally.into_inner().unwrap();
        self.tell(test, &tally);
        tally
    }

    /// Past the capture of the test runner: a run must show its seeds and its counts.
    fn tell(self, test: &str, tally: &Tally) {
        let mut out = std::io::stdout();
        let (first, last) = (self.first, self.first + self.runs - 1);
        let Tally {
            runs,
            failed,
            panicked,
            told,
        } = tally;
        let _ = writeln!(
            out,
            "{test}: {runs} runs, seeds {first} to {last}: {failed} failed, {panicked} of them by a panic"
        );
        for (seed, text) in told {
            let _ = writeln!(
                out,
                "  seed {seed}: {text}\n    INDUSMIND_SEED={seed} INDUSMIND_TORTURE=1 cargo test --lib {test}"
            );
        }
    }
}

impl Tally {
    fn note(&mut self, seed: u64, outcome: std::thread::Result<Result<(), String>>) {
        self.runs += 1;
        let text = match outcome {
            Ok(Ok(())) => return,
            Ok(Err(text)) => text,
            Err(panic) => {
                self.panicked += 1;
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
                format!("it panicked: {}", text.unwrap_or_default())
            }
        };
        self.failed += 1;
        if self.told.len() < TOLD {
            self.told.push((seed, text));
        }
    }
}
