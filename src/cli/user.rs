//! `indusmind user`: users from the console, so that its owner is never locked out.

use super::{Boot, say};
use crate::auth::{Auth, NewUser, Role};
use crate::base::{Error, Result, SystemClock};
use crate::live::Live;
use crate::site::Sites;
use crate::store::Store;
use crate::store::audit::Actor;
use clap::{Args, Subcommand};
use std::io::BufRead as _;
use std::path::PathBuf;
use std::sync::Arc;

/// Most bytes of a password line.
const LINE_MAX: u64 = 4096;

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Add a user; the password is read from standard input
    Add(AddArgs),
    /// List the users
    List(Place),
    /// Set a user's password, read from standard input, and end his sessions
    Reset(ResetArgs),
}

#[derive(Args)]
pub(super) struct Place {
    /// Directory of all data
    #[arg(long, value_name = "DIR", env = "INDUSMIND_DATA_DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct AddArgs {
    #[command(flatten)]
    place: Place,
    /// E-mail address: the login name
    #[arg(long)]
    email: String,
    /// Name of the person
    #[arg(long)]
    name: String,
    /// Short login name for shared consoles
    #[arg(long)]
    username: Option<String>,
    /// admin, energy_manager, operator, technician, viewer, kiosk or customer
    #[arg(long, default_value = "viewer")]
    role: String,
}

#[derive(Args)]
pub(super) struct ResetArgs {
    #[command(flatten)]
    place: Place,
    /// E-mail address or user name
    login: String,
}

pub(super) async fn run(command: UserCommand) -> Result<()> {
    match command {
        UserCommand::Add(args) => add(args).await,
        UserCommand::List(place) => list(place).await,
        UserCommand::Reset(args) => reset(args).await,
    }
}

/// The rooms that users need, on a directory that no appliance runs on.
async fn open(place: Place) -> Result<(Store, Auth, Sites)> {
    let config = Boot {
        data_dir: place.data_dir,
        ..Boot::default()
    }
    .load()?;
    if !config.data_dir.is_dir() {
        return Err(Error::not_found(
            "data directory",
            config.data_dir.display(),
        ));
    }
    let clock = Arc::new(SystemClock);
    let store = Store::open(&config.data_dir, "indusmind user")?;
    let live = Arc::new(Live::new(Vec::new()));
    let auth = Auth::open(&store, clock.clone(), live).await?;
    let sites = Sites::open(&store, clock)?;
    Ok((store, auth, sites))
}

async fn add(args: AddArgs) -> Result<()> {
    let role = Role::parse(&args.role)?;
    let (store, auth, sites) = open(args.place).await?;
    let site = sites.first().ok_or_else(|| {
        Error::conflict("This appliance is not set up. Start it and open its page first.")
    })?;
    let user = NewUser {
        email: args.email,
        username: args.username,
        name: args.name,
        password: password()?,
    };
    let user = auth
        .add_user(user, role, &site.key, Actor::console(), |_| Ok(()))
        .await?;
    store.close();
    say(&format!("{} may sign in as {}.", user.email, user.role));
    Ok(())
}

async fn list(place: Place) -> Result<()> {
    let (store, auth, _) = open(place).await?;
    for user in auth.users() {
        let last = user
            .last_login
            .map_or_else(|| "never".to_owned(), |at| at.to_string());
        say(&format!(
            "{}\t{}\t{}\tlast login {last}",
            user.email, user.role, user.name
        ));
    }
    store.close();
    Ok(())
}

async fn reset(args: ResetArgs) -> Result<()> {
    let (store, auth, _) = open(args.place).await?;
    let user = auth
        .reset_password(&args.login, password()?, Actor::console())
        .await?;
    store.close();
    say(&format!(
        "{} has a new password; every session of his has ended.",
        user.email
    ));
    Ok(())
}

/// The first line of standard input.
fn password() -> Result<String> {
    use std::io::{IsTerminal as _, Read as _};
    let input = std::io::stdin();
    if input.is_terminal() {
        say("Type the password and press Enter. It will be visible.");
    }
    let mut line = String::new();
    std::io::BufReader::new(input.lock().take(LINE_MAX))
        .read_line(&mut line)
        .map_err(|cause| {
            Error::invalid("password", "The password could not be read.").because(cause)
        })?;
    let line = line.trim_end_matches(['\r', '\n']);
    if line.is_empty() {
        return Err(Error::invalid(
            "password",
            "Send the password on standard input.",
        ));
    }
    Ok(line.to_owned())
}
