//! A disk that is small, to be filled: in memory, or a file system of a real kind in a file.

// Each who includes it takes what it needs.
#![allow(dead_code)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// What a file takes at least, bytes.
const BLOCK: u64 = 4_096;

/// A disk of its own, for who may mount one.
pub struct SmallDisk {
    place: PathBuf,
    image: Option<PathBuf>,
}

impl SmallDisk {
    /// One in memory of so many MB at this path; `None` for a user who may not mount one.
    pub fn mount(path: &Path, mb: usize) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let size = format!("size={mb}m");
        let how = ["-t", "tmpfs", "-o", &size, "tmpfs"];
        let place = path.to_path_buf();
        run("mount", &how, path).then_some(Self { place, image: None })
    }

    /// One of so many MB with a file system of this kind (`ext4`, `xfs`) in a file beside the path;
    /// `None` for a user who may not, and where the tools of that kind are missing.
    pub fn real(path: &Path, mb: u64, kind: &str) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let image = path.with_extension("image");
        std::fs::File::create(&image)
            .unwrap()
            .set_len(mb << 20)
            .unwrap();
        // Nothing is set aside for root, who runs the test.
        let options: &[&str] = if kind == "ext4" {
            &["-q", "-m", "0"]
        } else {
            &["-q"]
        };
        let made = run(&format!("mkfs.{kind}"), options, &image);
        let from = image.to_str().unwrap().to_owned();
        let there = made && run("mount", &["-o", "loop", &from], path);
        let place = path.to_path_buf();
        let image = Some(image);
        there.then_some(Self { place, image })
    }

    /// Bytes that are free.
    pub fn free(&self) -> u64 {
        let mut asked = Command::new("df");
        asked.args(["--output=avail", "-B1"]).arg(&self.place);
        let told = String::from_utf8(asked.output().unwrap().stdout).unwrap();
        let last = told.split_whitespace().next_back();
        last.and_then(|bytes| bytes.parse().ok())
            .expect("df tells a number")
    }

    /// Takes all that is free but so many bytes, with a file of this name; it is given back when
    /// the file is taken away.
    ///
    /// Piece by piece: what the file system notes down about the file takes room as well, and xfs
    /// gives nothing at all to who asks for more than is left beside that.
    pub fn fill(&self, name: &str, but: u64) -> PathBuf {
        let file = self.place.join(name);
        drop(std::fs::File::create(&file).unwrap());
        let (mut taken, mut most) = (0, u64::MAX);
        loop {
            let piece = self.free().saturating_sub(but).min(most) / BLOCK * BLOCK;
            if piece == 0 {
                break file;
            }
            let (at, long) = (taken.to_string(), piece.to_string());
            if run("fallocate", &["-o", &at, "-l", &long], &file) {
                taken += piece;
            } else {
                most = piece / 2;
            }
        }
    }

    /// Somebody else who takes every block at once that becomes free, until it is dropped.
    pub fn greedy(&self, name: &str) -> Greedy {
        let path = self.place.join(name);
        let stop = Arc::<AtomicBool>::default();
        let (stopped, place) = (Arc::clone(&stop), path.clone());
        let thread = std::thread::spawn(move || {
            let mut file = None;
            while !stopped.load(Ordering::Relaxed) {
                // On a full disk even the name of a file may have to wait for room.
                let taken = match &mut file {
                    None => {
                        file = std::fs::File::create(&place).ok();
                        file.is_some()
                    }
                    Some(file) => file.write_all(&[7; 4_096]).is_ok(),
                };
                if !taken {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        });
        let thread = Some(thread);
        Greedy { path, stop, thread }
    }

    /// Makes one in memory larger or smaller.
    pub fn resize(&self, mb: usize) {
        let how = format!("remount,size={mb}m");
        assert!(run("mount", &["-o", &how], &self.place));
    }

    /// Lets nobody write until what is given back is dropped.
    pub fn freeze(&self) -> Frozen<'_> {
        assert!(run("fsfreeze", &["-f"], &self.place));
        Frozen(self)
    }

    /// Whether the power of a real one can be cut here.
    pub fn can_be_cut() -> bool {
        let asked = Command::new("xfs_io").arg("-V").output();
        asked.is_ok_and(|output| output.status.success())
    }

    /// Cuts the power of a real one: nothing that was not flushed reaches it any more, its own
    /// journal included (`FS_IOC_SHUTDOWN`, which ext4 and xfs know).
    pub fn cut(&self) {
        assert!(run("xfs_io", &["-x", "-c", "shutdown"], &self.place));
    }

    /// The power is back: whoever wrote there has ended.
    pub fn mount_again(&self) {
        let image = self.image.as_ref().expect("a real one");
        assert!(run("umount", &[], &self.place));
        let from = image.to_str().unwrap();
        assert!(run("mount", &["-o", "loop", from], &self.place));
    }
}

/// Somebody who leaves nothing to others.
pub struct Greedy {
    path: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Greedy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(std::thread::JoinHandle::join);
        assert!(ended.is_none_or(|ended| ended.is_ok()));
        let gone = std::fs::remove_file(&self.path);
        assert!(gone.is_ok() || !self.path.exists());
    }
}

/// A disk that holds everybody up.
pub struct Frozen<'a>(&'a SmallDisk);

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        run("fsfreeze", &["-u"], &self.0.place);
    }
}

fn run(program: &str, args: &[&str], last: &Path) -> bool {
    let done = Command::new(program).args(args).arg(last).output();
    done.is_ok_and(|output| output.status.success())
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run("umount", &[], &self.place);
        if let Some(image) = &self.image {
            let _ = std::fs::remove_file(image);
        }
    }
}
