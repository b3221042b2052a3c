//! `indusmind support`: the file for whoever helps from afar, where the page cannot be asked.

use super::{Boot, say};
use crate::base::{Clock as _, Error, Result, SystemClock};
use crate::care;
use crate::config::Config;
use crate::equipment::Registry;
use crate::site::Sites;
use crate::store::{self, DATA_FILE, Store, audit};
use crate::web::DOOR;
use clap::Args;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Files of the data directory that are named; more than an appliance makes in ten years.
const FILES_MAX: usize = 2_000;
/// How long the appliance may take to say a part of its answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// Longest answer, bytes: 50,000 frames fit ten times over.
const ANSWER_MAX: u64 = 256 << 20;

#[derive(Args)]
pub(super) struct SupportArgs {
    #[command(flatten)]
    boot: Boot,
    /// The file to write; - for standard output [default: indusmind-support-TIME.json here]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: SupportArgs) -> Result<()> {
    let config = args.boot.load()?;
    let now = SystemClock.now();
    let content = gather(&config)?;
    let mut text = serde_json::to_string_pretty(&content)
        .map_err(|cause| Error::internal("The file cannot be made.").because(cause))?;
    text.push('\n');
    if args.out.as_deref() == Some(Path::new("-")) {
        say(text.trim_end());
        return Ok(());
    }
    let stamp: String = (now.to_string().chars().take(19))
        .filter(|c| !"-:".contains(*c))
        .collect();
    let out = args
        .out
        .unwrap_or_else(|| format!("indusmind-support-{stamp}Z.json").into());
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(&out).and_then(|mut file| {
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
    });
    written.map_err(|cause| {
        let sentence = format!(
            "{} cannot be written. Name another place with --out.",
            out.display()
        );
        Error::unavailable(sentence).because(cause)
    })?;
    say(&format!(
        "{} holds what helps to find a fault. Passwords, keys and tokens are not in it.",
        out.display()
    ));
    match (
        content["content"]["error"].as_str(),
        content["content"]["lines"].is_array(),
    ) {
        (Some(error), _) => say(&format!("What is missing: {error}")),
        (None, true) => say(&format!(
            "It holds what was said on the lines: indusmind simulate --replay {} says it again.",
            out.display()
        )),
        (None, false) => {}
    }
    Ok(())
}

/// Gathers it. Like the file of the page it is made of what is shown, never of the tables that hold
/// secrets; a part that cannot be read says why, and the others are there.
fn gather(config: &Config) -> Result<Value> {
    let data = &config.data_dir;
    let running = store::inspect(data)?.map(|owner| owner.name);
    let here = data.join(DATA_FILE).exists();
    let content = match (&running, here) {
        (None, true) => {
            look_into(data).unwrap_or_else(|error| json!({ "error": error.to_string() }))
        }
        (Some(_), _) => ask(&data.join(DOOR)).unwrap_or_else(
            |cause| json!({ "error": format!("The appliance was not asked: {cause}.") }),
        ),
        _ => Value::Null,
    };
    Ok(json!({
        "made_at": SystemClock.now(),
        "made_by": "indusmind support",
        "version": env!("CARGO_PKG_VERSION"),
        "static_binary": cfg!(target_feature = "crt-static"),
        "running": running,
        "machine": care::machine(),
        "memory_mb": crate::machine::resident_mb(),
        "clock_synced": care::clock_state().synced,
        "configuration": {
            "data_dir": data,
            "listen": config.listen,
            "https": config.https(),
            "log": config.log,
            "syslog": config.syslog.is_some(),
        },
        "files": files_of(data),
        "content": content,
        "faults": care::reports(data),
        "log": config.log_file.as_ref().and_then(|log| care::end_of(&log.path)),
    }))
}

/// What the appliance that runs says of itself, with the frames of its lines.
fn ask(door: &Path) -> std::io::Result<Value> {
    let stream = UnixStream::connect(door)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    let mut text = Vec::new();
    stream.take(ANSWER_MAX).read_to_end(&mut text)?;
    if text.is_empty() {
        let sentence = "it lets in only who it runs as, and root";
        return Err(std::io::Error::new(
            std::io::ErrorKind::PermissionDenied,
            sentence,
        ));
    }
    Ok(serde_json::from_slice(&text)?)
}

/// What the data of a stopped appliance say; nothing is changed.
fn look_into(data: &Path) -> Result<Value> {
    let store = Store::look(data)?;
    let looked = shown(&store);
    store.close();
    looked
}

fn shown(store: &Store) -> Result<Value> {
    let (entries, bad) = audit::verify(store)?;
    let reader = store.read()?;
    Ok(json!({
        "tables": reader.counts()?,
        "audit": { "entries": entries, "first_bad": bad, "head": audit::head(&reader)? },
        "sites": Sites::open(store, Arc::new(SystemClock))?.all(),
        "equipment": Registry::stored(store)?,
    }))
}

/// Names and sizes of what lies in the data directory, bytes.
fn files_of(data: &Path) -> Value {
    let mut found = Vec::new();
    let mut folders = vec![data.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type());
            if kind.is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if found.len() < FILES_MAX {
                let name = path.strip_prefix(data).unwrap_or(&path).to_path_buf();
                found.push((name, entry.metadata().map(|data| data.len()).ok()));
            }
        }
    }
    found.sort();
    json!(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Overrides;
    use crate::store::TableName;

    fn config(data: &Path) -> Config {
        Config::load(Overrides {
            data_dir: Some(data.to_path_buf()),
            ..Overrides::default()
        })
        .unwrap()
    }

    #[test]
    fn it_says_what_is_there_and_no_secret_stopped_running_and_broken() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        let store = Store::open(&data, "process 4711").unwrap();
        let put = |tx: &store::Transaction<'_>| {
            for table in ["user", "api_token", "push_device", "mqtt", "token_key"] {
                tx.put(TableName::new(table), b"1", b"SECRET-HASH")?;
            }
            let (now, by) = (SystemClock.now(), audit::Actor::console());
            audit::append(tx, now, &by, "test.done", "test", json!({}))
        };
        store.write_blocking(put).unwrap();
        let runs = gather(&config(&data)).unwrap();
        assert!(runs["running"].as_str().unwrap().contains("4711"), "{runs}");
        // Its page does not run here, so nobody answers.
        let why = runs["content"]["error"].as_str().unwrap();
        assert!(why.contains("not asked"), "{why}");
        store.close();
        drop(store);
        let stopped = gather(&config(&data)).unwrap();
        assert_eq!(stopped["running"], Value::Null);
        assert_eq!(stopped["content"]["audit"]["entries"], 1, "{stopped}");
        assert_eq!(stopped["content"]["tables"]["user"], 1);
        assert!(stopped["files"].to_string().contains(DATA_FILE));
        assert!(!stopped.to_string().contains("SECRET-HASH"));

        std::fs::write(data.join(DATA_FILE), b"SECRET-HASH and no data file").unwrap();
        let broken = gather(&config(&data)).unwrap();
        assert!(broken["content"]["error"].is_string(), "{broken}");
        assert!(!broken.to_string().contains("SECRET-HASH"));
    }

    #[test]
    fn the_file_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("support.json");
        let args = |out: &Path| SupportArgs {
            boot: Boot {
                data_dir: Some(place.path().to_path_buf()),
                ..Boot::default()
            },
            out: Some(out.to_path_buf()),
        };
        run(args(&out)).unwrap();
        let mode = std::fs::metadata(&out).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let error = run(args(&place.path().join("nowhere/file"))).unwrap_err();
        assert!(error.sentence.contains("--out"), "{error}");
    }
}
