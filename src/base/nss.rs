//! Keeps name lookups inside a static binary.
//!
//! A static glibc still reads the host's `nsswitch.conf`, and for services such as `resolve` or
//! `mdns4` it loads the host's libraries, with a second libc of perhaps another version: a crash
//! (rust-lang/rust#100711). `files` and `dns` are built in and need no library.

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
