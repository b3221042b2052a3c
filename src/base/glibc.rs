//! The unsafe calls of the crate, all of them into glibc: name lookups that stay inside a static
//! binary, and what the allocator keeps for later.
//!
//! A static glibc still reads the host's `nsswitch.conf`, and for services such as `resolve` or
//! `mdns4` it loads the host's libraries, with a second libc of perhaps another version: a crash
//! (rust-lang/rust#100711). `files` and `dns` are built in and need no library.
//!
//! glibc gives every thread a heap of its own, up to eight for each core, and keeps in each what was
//! once used there. Twelve who asked for charts left 57 MB of heap behind that way and leave 41 MB
//! with two heaps (two cores, 15 threads).

/// Makes host lookups use only what is linked in. Call it first in `main`, before any thread.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
pub fn keep_lookups_static() {
    use std::ffi::{c_char, c_int};
    unsafe extern "C" {
        fn __nss_configure_lookup(database: *const c_char, services: *const c_char) -> c_int;
    }
    // SAFETY: both strings end in NUL and live for ever; glibc documents the call as safe before
    // the first lookup, and no other thread exists yet.
    unsafe {
        __nss_configure_lookup(c"hosts".as_ptr(), c"files dns".as_ptr());
    }
}

/// Nothing to do where the C library is linked dynamically.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn keep_lookups_static() {}

/// Heaps of the process: one for each core of the smallest machine that it runs on.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const HEAPS: std::ffi::c_int = 2;

/// Pieces from here on are taken from the system one by one and go back when they are freed, bytes.
/// By itself glibc raises this to the largest piece that was ever freed: after a first password the
/// 19 MiB of each further one came out of the heaps, among what lives longer, and a minute of wrong
/// passwords from fifty addresses left 363 MB behind. With it fixed it leaves 4 MB.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const PIECE_FROM: std::ffi::c_int = 4 << 20;
/// Free room at the end of a heap that is kept, bytes: answers come and go within it.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: std::ffi::c_int = 1 << 20;

/// Makes all threads share a few heaps, and large pieces go back to the system. Call it first in
/// `main`, before any thread.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
pub fn share_heaps() {
    use std::ffi::c_int;
    unsafe extern "C" {
        fn mallopt(parameter: c_int, value: c_int) -> c_int;
    }
    /// `M_ARENA_MAX` of glibc's malloc.h.
    const ARENA_MAX: c_int = -8;
    /// `M_MMAP_THRESHOLD`.
    const MMAP_THRESHOLD: c_int = -3;
    /// `M_TRIM_THRESHOLD`.
    const TRIM_THRESHOLD: c_int = -1;
    // SAFETY: each call takes two numbers and changes settings of the allocator only; no other thread exists
    // yet that could allocate meanwhile.
    unsafe {
        mallopt(ARENA_MAX, HEAPS);
        mallopt(MMAP_THRESHOLD, PIECE_FROM);
        mallopt(TRIM_THRESHOLD, KEPT);
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
