//! A disk that is small, to be filled.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A disk in memory, for who may make one.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// One of so many MB at this path; `None` for a user who may not mount one.
    pub fn mount(path: &Path, mb: usize) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let this = Self(path.to_path_buf());
        let size = format!("size={mb}m");
        let how = ["-t", "tmpfs", "-o", &size, "tmpfs"];
        this.run("mount", &how).then_some(this)
    }

    /// Makes it larger or smaller.
    pub fn resize(&self, mb: usize) {
        let how = format!("remount,size={mb}m");
        assert!(self.run("mount", &["-o", &how]));
    }

    fn run(&self, program: &str, args: &[&str]) -> bool {
        let done = Command::new(program).args(args).arg(&self.0).output();
        done.is_ok_and(|output| output.status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        self.run("umount", &[]);
    }
}
