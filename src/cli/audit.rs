//! `indusmind audit verify`: is the log what was written? Changes nothing.

use super::{Boot, say};
use crate::base::{Error, Result};
use crate::store::audit::{self, Anchor, Fault, PartVerdict, Verdict};
use crate::store::{self, Store};
use clap::{Args, Subcommand};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub(super) enum AuditCommand {
    /// Walk the chain and name the first bad entry; stop the appliance first
    Verify(VerifyArgs),
}

#[derive(Args)]
pub(super) struct VerifyArgs {
    /// Directory of all data
    #[arg(long, value_name = "DIR", env = "INDUSMIND_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// The head of an earlier export, SEQUENCE:HASH or the hash: tells a log whose end was cut off
    #[arg(long, value_name = "HEAD")]
    head: Option<String>,
    /// Walk the chain in this file instead, an export as JSON, whole or of some sites
    #[arg(long, value_name = "FILE", conflicts_with = "data_dir")]
    export: Option<PathBuf>,
}

pub(super) fn run(command: AuditCommand) -> Result<()> {
    match command {
        AuditCommand::Verify(args) => verify(args),
    }
}

fn verify(args: VerifyArgs) -> Result<()> {
    let anchor = args.head.map(|head| head.parse::<Anchor>()).transpose()?;
    if let Some(path) = args.export {
        return verify_export(&path, anchor.as_ref());
    }
    let boot = Boot {
        data_dir: args.data_dir,
        ..Boot::default()
    };
    let directory = boot.load()?.data_dir;
    if !directory.join(store::DATA_FILE).exists() {
        return Err(Error::not_found("data directory", directory.display()));
    }
    if let Some(owner) = store::inspect(&directory)? {
        return Err(Error::conflict(format!(
            "The data directory is in use by {}. Stop it first, or verify on its page.",
            owner.name
        )));
    }
    let store = Store::look(&directory)?;
    let verdict = audit::verify_against(&store, anchor.as_ref());
    store.close();
    tell(&verdict?, anchor.is_some())
}

fn verify_export(path: &Path, anchor: Option<&Anchor>) -> Result<()> {
    let file = File::open(path)
        .map_err(|cause| Error::not_found("export", path.display()).because(cause))?;
    let found = audit::verify_part(BufReader::new(file), anchor)?;
    let PartVerdict {
        shown,
        left_out,
        believed,
        ..
    } = found;
    if let Some(sequence) = found.first_bad {
        return Err(Error::internal(format!(
            "The first bad entry of this export is {sequence}: it is not what was written, is missing, \
             or is not under the head. Export the log again and compare."
        )));
    }
    let (shown, head) = (shown, found.head);
    say(&format!(
        "Export of the audit log: {shown} entries, each what was written and in its place."
    ));
    if left_out > 0 {
        say(&format!(
            "It is a part: {left_out} entries are left out, and proven by their hashes."
        ));
    }
    if believed > 0 {
        let sentence = "are of earlier versions, which have one hash: their place is believed.";
        say(&format!("{believed} of them {sentence}"));
    }
    if let Some(head) = head {
        say(&format!("Head of the chain: {head}"));
    }
    Ok(())
}

fn tell(verdict: &Verdict, against_head: bool) -> Result<()> {
    let Verdict { entries, head, .. } = verdict;
    let (Some(sequence), Some(fault)) = (verdict.first_bad, verdict.fault) else {
        say(&format!(
            "Audit log: {entries} entries, the chain is intact."
        ));
        if let Some(head) = head {
            say(&format!("Head of the chain, to be kept elsewhere: {head}"));
        }
        if !against_head {
            say("Whether entries were cut off at the end shows only with --head.");
        }
        return Ok(());
    };
    let what = match fault {
        Fault::Changed => "it is not what was written",
        Fault::Missing => "it was removed, or another entry stands in its place",
        Fault::CutOff => "the log ends before it, and the head that was kept is newer",
        Fault::OtherChain => "the log was written anew: the head belongs to another chain",
    };
    Err(Error::internal(format!(
        "The first bad entry of the audit log is {sequence}: {what}. Keep the file as it is and \
         compare it with a backup."
    )))
}
