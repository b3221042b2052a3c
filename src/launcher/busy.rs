//! Whether a process still does something, by what the kernel counts of its work.

use std::time::{Duration, Instant};

/// A process that is looked at now and then.
#[derive(Debug)]
pub struct Busy {
    process: u32,
    done: Option<Work>,
    since: Instant,
}

/// Ticks of a processor that it had, and bytes that it read and wrote.
type Work = (u64, u64);

impl Busy {
    /// Begins to look at a process.
    pub fn of(process: u32) -> Self {
        Self {
            process,
            done: None,
            since: Instant::now(),
        }
    }

    /// For how long it has done nothing; where the kernel does not tell, it counts as busy.
    pub fn idle(&mut self) -> Duration {
        let now = work_of(self.process);
        if now.is_none() || now != self.done {
            (self.done, self.since) = (now, Instant::now());
        }
        self.since.elapsed()
    }
}

fn work_of(process: u32) -> Option<Work> {
    let file = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).ok();
    Some((ticks(&file("stat")?)?, bytes(&file("io")?)))
}

/// `utime` and `stime` of `/proc/PID/stat`. The name of the program before may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut times = rest.split(' ').skip(11).map(str::parse::<u64>);
    Some(times.next()?.ok()? + times.next()?.ok()?)
}

/// All that was read and written, also from memory, of `/proc/PID/io`.
fn bytes(io: &str) -> u64 {
    let counts = |name: &&str| ["rchar", "wchar", "read_bytes", "write_bytes"].contains(name);
    io.lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| counts(name))
        .filter_map(|(_, count)| count.parse::<u64>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_read_behind_any_name() {
        let stat = "7 (a) (b c) S 1 7 7 0 -1 4194560 1 2 3 4 150 25 6 7 20 0 1 0 99 1 2";
        assert_eq!(ticks(stat), Some(175));
        assert_eq!(ticks("7 (a"), None);
        let io = "rchar: 10\nwchar: 5\nsyscr: 900\nread_bytes: 4096\nwrite_bytes: 0\n";
        assert_eq!(bytes(io), 4_111);
    }

    #[test]
    fn who_sleeps_is_idle_and_who_works_is_not() {
        let mut sleeper = std::process::Command::new("sleep")
            .arg("600")
            .spawn()
            .expect("sleep");
        let mut busy = Busy::of(sleeper.id());
        let nap = Duration::from_millis(100);
        // On a loaded machine it may take a while to fall asleep.
        while busy.idle() < nap {
            std::thread::sleep(Duration::from_millis(10));
        }
        sleeper.kill().expect("it is ours");
        sleeper.wait().expect("it ends");
        // Of who is gone nothing is told, and this process reads what it asks.
        assert!(busy.idle() < nap);
        let mut own = Busy::of(std::process::id());
        for _ in 0..3 {
            own.idle();
            std::thread::sleep(nap);
            assert!(work_of(std::process::id()) != own.done);
        }
    }
}
