//! The binary: everything is in the library.

fn main() -> std::process::ExitCode {
    // Before the first thread and the first lookup: see there.
    indusmind::base::memory::share_heaps();
    indusmind::base::nss::keep_lookups_static();
    indusmind::cli::main()
}
