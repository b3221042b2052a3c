//! The command line: one file per command.

mod audit;
mod backup;
mod bundle;
mod check;
mod config;
mod demo;
mod demo_energy;
mod demo_people;
mod demo_rules;
mod demo_sensors;
mod export;
mod import;
mod install;
mod log;
mod manager;
mod portable;
mod replay;
mod run;
mod simulate;
mod support;
mod user;

use crate::app::App;
use crate::base::{Error, Result};
use crate::config::{Config, Overrides};
use crate::store::Store;
use crate::web::PlainHttp;
use clap::{Args, Parser, Subcommand};
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Whether the binary needs nothing of its host.
const LINKAGE: &str = if cfg!(target_feature = "crt-static") {
    concat!(env!("CARGO_PKG_VERSION"), " (static)")
} else {
    concat!(env!("CARGO_PKG_VERSION"), " (dynamic)")
};

/// A signal this long after the first means that a person does not want to wait.
const IMPATIENT_AFTER: Duration = Duration::from_secs(1);
/// How long work that nobody waits for any more may go on at the stop.
const STRAGGLERS_WITHIN: Duration = Duration::from_millis(500);

/// Energy monitoring for a factory in one file.
#[derive(Parser)]
#[command(name = "indusmind", version = LINKAGE, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    boot: Boot,
}

/// What every command that opens the appliance takes.
#[derive(Args, Clone, Debug, Default)]
struct Boot {
    /// Directory of all data [default: the platform's place for it]
    #[arg(long, value_name = "DIR", env = "INDUSMIND_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// Address and port of the page [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT", env = "INDUSMIND_LISTEN")]
    listen: Option<String>,
    /// Boot file
    #[arg(long, value_name = "FILE", env = "INDUSMIND_CONFIG")]
    config: Option<PathBuf>,
    /// What the log tells: error, warn, info, debug [default: info]
    #[arg(long, value_name = "FILTER", env = "INDUSMIND_LOG")]
    log: Option<String>,
    /// To whom plain HTTP is spoken: loopback, allowed (to everybody) or never [default: loopback]
    #[arg(long, value_name = "WHOM", env = "INDUSMIND_PLAIN_HTTP", value_parser = plain_http)]
    plain_http: Option<PlainHttp>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the appliance (the default)
    Run(Boot),
    /// Run it with a simulated plant of 12 meters and machines
    Demo(demo::DemoArgs),
    /// Be a virtual meter: any profile, over Modbus TCP, with faults on demand
    Simulate(simulate::SimulateArgs),
    /// Add, list or let back in users; stop the appliance first
    #[command(subcommand)]
    User(user::UserCommand),
    /// Check the configuration and the data directory; changes nothing
    Check(Boot),
    /// Gather what helps to find a fault into one file, without secrets; changes nothing
    Support(support::SupportArgs),
    /// Take what people set up out as a readable file, or put it in; stop the appliance first
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Verify the audit log; stop the appliance first
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Bring in readings from CSV and line protocol; stop the appliance first
    Import(import::ImportArgs),
    /// Write everything into files that any program reads; stop the appliance first
    Export(export::ExportArgs),
    /// Make a backup on a stick or share; stop the appliance first, or use its page
    Backup(backup::BackupArgs),
    /// Prove that a backup is what was written and opens; changes nothing
    VerifyBackup(backup::BackupPlace),
    /// Put a backup in the place of the data, which are kept aside; stop the appliance first
    Restore(backup::RestoreArgs),
    /// Restore a backup into a scratch folder, read all of it, and take it away again
    Drill(backup::DrillArgs),
    /// Make it a service of this machine; done twice it changes nothing more
    Install(install::InstallArgs),
    /// Take the service away; the data stays
    Uninstall(install::UninstallArgs),
    /// Join the appliance and its launcher into one file that installs itself
    #[command(hide = true)]
    Installer(install::InstallerArgs),
    /// Make and show update bundles, for the maker
    #[command(subcommand, hide = true)]
    Bundle(bundle::BundleCommand),
    /// Print the API document (OpenAPI 3.1)
    #[command(hide = true)]
    Openapi,
}

/// Runs the command line; the code is what the process ends with.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail(&Error::internal("No threads for the appliance.").because(error));
        }
    };
    let done = match cli.command {
        None => runtime.block_on(run::run(portable::settle(cli.boot))),
        Some(Command::Run(boot)) => runtime.block_on(run::run((boot, false))),
        Some(Command::Demo(args)) => runtime.block_on(demo::run(args)),
        Some(Command::Simulate(args)) => runtime.block_on(simulate::run(args)),
        Some(Command::User(command)) => runtime.block_on(user::run(command)),
        Some(Command::Check(boot)) => check::run(boot),
        Some(Command::Support(args)) => support::run(args),
        Some(Command::Config(command)) => config::run(command),
        Some(Command::Audit(command)) => audit::run(command),
        Some(Command::Import(args)) => runtime.block_on(import::run(args)),
        Some(Command::Export(args)) => export::run(args),
        Some(Command::Backup(args)) => backup::make(args),
        Some(Command::VerifyBackup(args)) => backup::verify(&args),
        Some(Command::Restore(args)) => backup::restore(args),
        Some(Command::Drill(args)) => backup::drill(args),
        Some(Command::Install(args)) => install::install(&args),
        Some(Command::Uninstall(args)) => install::uninstall(&args),
        Some(Command::Installer(args)) => install::installer(&args),
        Some(Command::Bundle(command)) => bundle::run(&command),
        Some(Command::Openapi) => crate::web::document().map(|json| say(json.trim_end())),
    };
    // A question that is still reading the disk must not hold the stop up.
    runtime.shutdown_timeout(STRAGGLERS_WITHIN);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

impl Boot {
    fn load(self) -> Result<Config> {
        Config::load(Overrides {
            config: self.config,
            data_dir: self.data_dir,
            listen: self.listen,
            log: self.log,
            plain_http: self.plain_http,
        })
    }
}

/// The data directory for a command that works on it while no appliance does.
fn stopped_store(config: &Config, owner: &str) -> Result<Store> {
    if config.data_dir.is_dir() {
        Store::open(&config.data_dir, owner)
    } else {
        Err(Error::not_found(
            "data directory",
            config.data_dir.display(),
        ))
    }
}

/// A line for the person at the console. A console that is gone is no reason to stop a plant.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn plain_http(text: &str) -> Result<PlainHttp, String> {
    match text {
        "loopback" => Ok(PlainHttp::Loopback),
        "allowed" => Ok(PlainHttp::Allowed),
        "never" => Ok(PlainHttp::Never),
        _ => Err("write loopback, allowed or never".to_owned()),
    }
}

/// The address under which this machine reaches its own page: by plain HTTP where it may, because
/// no browser knows the authority of a new appliance.
fn page_of(listening: SocketAddr, config: &Config) -> String {
    let address = this_machine(listening);
    let local = address.ip().is_loopback() && config.edge.plain_http != PlainHttp::Never;
    let scheme = if config.https() && !local {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://{address}")
}

/// Where this machine reaches what listens there.
fn this_machine(mut listening: SocketAddr) -> SocketAddr {
    if listening.ip().is_unspecified() {
        listening.set_ip(match listening.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    listening
}

/// Opens a page in the browser of the desktop, when there is one.
fn open_page(address: &str) {
    let desktop = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    if desktop {
        let browser = std::process::Command::new("xdg-open").arg(address).spawn();
        if let Err(error) = browser {
            tracing::info!(%error, "no browser could be opened");
        }
    }
}

fn fail(error: &Error) -> ExitCode {
    let _ = writeln!(std::io::stderr().lock(), "indusmind: {error}");
    ExitCode::FAILURE
}

/// What stands on the console at the start, before anything else.
fn say_where(app: &App, config: &Config) {
    let scheme = if config.https() { "https" } else { "http" };
    say(&format!("Listening on {scheme}://{}", app.address));
    if let Some(authority) = app
        .context
        .tls
        .as_ref()
        .and_then(|tls| tls.view().authority)
    {
        say(&format!(
            "Browsers are to trust {} ({}); its SHA-256 is",
            authority.path, authority.name
        ));
        say(&format!("  {}", authority.fingerprint));
    }
    if let Some(name) = app.context.local_name.announced() {
        let port = app.address.port();
        say(&format!("In this network also {scheme}://{name}:{port}"));
    }
    say(&format!("Data in {}", config.data_dir.display()));
}

/// Lets Ctrl-C and SIGTERM ask for the stop. Another one a while later does not wait for it; the
/// doubles that wrappers send at once do no harm.
fn stop_on_signal(stop: CancellationToken) -> Result<()> {
    let asked_at = OnceLock::new();
    ctrlc::set_handler(move || {
        let first = *asked_at.get_or_init(Instant::now);
        if stop.is_cancelled() && first.elapsed() > IMPATIENT_AFTER {
            std::process::exit(130);
        }
        stop.cancel();
    })
    .map_err(|cause| Error::internal("Signals cannot be handled.").because(cause))
}
