//! `indusmind bundle`: makes and shows update bundles, for the maker.

use super::say;
use crate::base::{Error, Result};
use crate::launcher::files::{hash_bytes, hash_file};
use crate::update::bundle;
use crate::update::manifest::{Manifest, PRODUCT};
use crate::update::minisign::{PublicKey, SecretKey};
use clap::{Args, Subcommand};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub(super) enum BundleCommand {
    /// Make a new key: the secret one into a file, the public one on the console
    Key(KeyArgs),
    /// Make a bundle of this very program
    Make(MakeArgs),
    /// Write the manifest of this very program, to be signed with minisign itself
    Manifest(AboutArgs),
    /// Check a bundle with a public key and show what it says
    Show(ShowArgs),
}

#[derive(Args)]
pub(super) struct KeyArgs {
    /// A new file for the secret key; keep it away from the project and from every appliance
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args)]
pub(super) struct AboutArgs {
    /// Another program than this one
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Version of that program [default: of this one]
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// What is new: a text file, in English
    #[arg(long, value_name = "FILE")]
    notes: Option<PathBuf>,
    /// The same in another language, as `fr=FILE`
    #[arg(long = "notes-in", value_name = "LANGUAGE=FILE")]
    notes_in: Vec<String>,
    /// Oldest version that may be updated with it
    #[arg(long, value_name = "VERSION", default_value = "")]
    min_from: String,
    /// It is meant to bring an older version back
    #[arg(long)]
    downgrade: bool,
    /// The manifest
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct MakeArgs {
    #[command(flatten)]
    about: AboutArgs,
    /// The secret key
    #[arg(long, value_name = "FILE", required_unless_present = "signature")]
    key: Option<PathBuf>,
    /// A signature of the file given with --manifest, made by minisign
    #[arg(long, value_name = "FILE", requires = "manifest")]
    signature: Option<PathBuf>,
    /// Where the bundle goes; its name says its version
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
}

#[derive(Args)]
pub(super) struct ShowArgs {
    /// The bundle
    file: PathBuf,
    /// The public key (RW…)
    #[arg(long, value_name = "KEY")]
    key: String,
}

pub(super) fn run(command: &BundleCommand) -> Result<()> {
    match command {
        BundleCommand::Key(args) => key(args),
        BundleCommand::Make(args) => make(args),
        BundleCommand::Manifest(args) => manifest(args),
        BundleCommand::Show(args) => show(args),
    }
}

fn key(args: &KeyArgs) -> Result<()> {
    let key = SecretKey::generate()?;
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&args.out)
        .and_then(|mut file| file.write_all(key.file().as_bytes()));
    written.map_err(|cause| {
        let sentence = format!("{} cannot be written anew.", args.out.display());
        Error::unavailable(sentence).because(cause)
    })?;
    say(&key.public().line());
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|cause| Error::not_found("file", path.display()).because(cause))
}

fn read_text(path: &Path) -> Result<String> {
    let wrong = || Error::invalid(path.display().to_string(), "This is no text.");
    String::from_utf8(read(path)?).map_err(|_| wrong())
}

/// The program that goes into the bundle.
fn program(about: &AboutArgs) -> Result<PathBuf> {
    let own = || {
        let unknown = "This program does not know its place.";
        std::env::current_exe().map_err(|cause| Error::internal(unknown).because(cause))
    };
    about.binary.clone().map_or_else(own, Ok)
}

/// Longest notes, bytes: a page that somebody reads beside a machine.
const NOTES_MAX: usize = 8 << 10;

fn describe(about: &AboutArgs) -> Result<Manifest> {
    let binary = program(about)?;
    let hash = hash_file(&binary);
    let hash = hash.map_err(|cause| Error::not_found("file", binary.display()).because(cause))?;
    let mut notes = BTreeMap::new();
    let mut note = |language: &str, path: &Path| {
        let mut text = read_text(path)?;
        let end = text.floor_char_boundary(NOTES_MAX);
        text.truncate(end);
        notes.insert(language.to_owned(), text);
        Ok::<_, Error>(())
    };
    if let Some(path) = &about.notes {
        note("en", path)?;
    }
    for pair in &about.notes_in {
        let wrong = || Error::invalid("notes-in", "Write LANGUAGE=FILE, as fr=notes.txt.");
        let (language, path) = pair.split_once('=').ok_or_else(wrong)?;
        note(language, Path::new(path))?;
    }
    let own = env!("CARGO_PKG_VERSION").to_owned();
    let version = about.version.clone().unwrap_or(own);
    if crate::update::version_of(&version).is_none() {
        return Err(Error::invalid("version", "Write three numbers, as 1.2.3."));
    }
    Ok(Manifest {
        product: PRODUCT.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        version,
        build: option_env!("INDUSMIND_BUILD")
            .unwrap_or_default()
            .to_owned(),
        min_from: about.min_from.clone(),
        schema: [1, crate::store::schema()],
        bytes: std::fs::metadata(&binary).map_or(0, |about| about.len()),
        sha256: hash,
        notes,
        revoked: Vec::new(),
        downgrade: about.downgrade,
    })
}

fn text_of(manifest: &Manifest) -> Result<Vec<u8>> {
    let unwritten = |cause| Error::internal("The manifest cannot be written.").because(cause);
    serde_json::to_vec_pretty(manifest).map_err(unwritten)
}

fn manifest(args: &AboutArgs) -> Result<()> {
    let text = text_of(&describe(args)?)?;
    let Some(path) = &args.manifest else {
        say(&String::from_utf8_lossy(&text));
        return Ok(());
    };
    std::fs::write(path, text).map_err(|cause| {
        Error::unavailable(format!("{} cannot be written.", path.display())).because(cause)
    })
}

fn make(args: &MakeArgs) -> Result<()> {
    let (text, signature) = match (&args.signature, &args.key, &args.about.manifest) {
        (Some(signature), _, Some(manifest)) => (read(manifest)?, read_text(signature)?),
        (_, Some(key), _) => {
            let (described, key) = (describe(&args.about)?, SecretKey::parse(&read_text(key)?)?);
            let text = text_of(&described)?;
            let comment = format!("{PRODUCT} {}", described.version);
            let signature = key.sign(&text, &comment)?;
            (text, signature)
        }
        _ => return Err(Error::invalid("key", "Say which key signs it: --key FILE.")),
    };
    let described = Manifest::parse(&text)?;
    let binary = read(&program(&args.about)?)?;
    if hash_bytes(&binary) != described.sha256 {
        let sentence = "The manifest is of another program.";
        return Err(Error::invalid("manifest", sentence));
    }
    let name = format!("{PRODUCT}-{}.{}", described.version, bundle::ENDING);
    let path = args.out.join(name);
    bundle::make(&text, &signature, &binary, &path)?;
    say(&format!(
        "{}: version {}, {} bytes, manifest {}",
        path.display(),
        described.version,
        binary.len(),
        hash_bytes(&text)
    ));
    Ok(())
}

fn show(args: &ShowArgs) -> Result<()> {
    let keys = [PublicKey::parse(&args.key)?];
    let opened = bundle::open(&args.file, &keys)?;
    say(&format!("Signed with {}.", opened.key));
    say(&format!("Manifest {}.", opened.manifest_hash));
    say(&String::from_utf8_lossy(&text_of(&opened.manifest)?));
    Ok(())
}
