//! Memory of the process: how much of it is resident, and what the C library keeps for later.
//!
//! glibc gives every thread a heap of its own, up to eight for each core, and keeps in each what was
//! once used there. Twelve people at the page left 57 MB of heap behind that way and leave 41 MB
//! with two heaps, at the same speed (two cores, 15 threads).

/// Heaps of the process: one for each core of the smallest machine that it runs on.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const HEAPS: std::ffi::c_int = 2;

/// Makes all threads share a few heaps. Call it first in `main`, before any thread.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
pub fn share_heaps() {
    use std::ffi::c_int;
    unsafe extern "C" {
        fn mallopt(parameter: c_int, value: c_int) -> c_int;
    }
    /// `M_ARENA_MAX` of glibc's malloc.h.
    const ARENA_MAX: c_int = -8;
    // SAFETY: takes two numbers and changes settings of the allocator only; no other thread exists
    // yet that could allocate meanwhile.
    unsafe {
        mallopt(ARENA_MAX, HEAPS);
    }
}

/// Gives pages that hold nothing back to the system. Some milliseconds of work: call it outside the
/// runtime's own threads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
pub fn give_back() {
    unsafe extern "C" {
        fn malloc_trim(pad: usize) -> std::ffi::c_int;
    }
    // SAFETY: takes the allocator's own locks and touches free memory only; glibc documents it as
    // safe beside other threads.
    unsafe {
        malloc_trim(0);
    }
}

/// Nothing to do with another allocator.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn share_heaps() {}

/// Nothing to do with another allocator.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}

/// Resident memory of this process, MB, where the system tells.
#[must_use]
pub fn resident_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes / 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_goes_back_to_the_system() {
        assert!(resident_mb().is_some_and(|mb| mb > 1.0));
        // Small pieces, every second one kept: the heap cannot shrink from its end.
        let pieces: Vec<_> = (0..200_000).map(|_| vec![1_u8; 1_000]).collect();
        let full = resident_mb().unwrap();
        let kept: Vec<_> = pieces.into_iter().skip(199_990).collect();
        give_back();
        let after = resident_mb().unwrap();
        assert!(
            full - after > 100.0,
            "{full} MB, then {after} MB, {} kept",
            kept.len()
        );
    }
}
