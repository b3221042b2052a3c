//! The binary: everything is in the library.

fn main() -> std::process::ExitCode {
    // Before the first thread and the first lookup: see there.
    indusmind::base::glibc::share_heaps();
    indusmind::base::glibc::keep_lookups_static();
    indusmind::cli::main()
}
