//! `indusmind export`: everything out of a data directory that no appliance runs on.

use super::{Boot, say, stop_on_signal};
use crate::base::{Clock as _, Result, SystemClock};
use crate::exchange::archive::{Archive, Listed};
use crate::site::Sites;
use crate::tsdb::Tsdb;
use clap::Args;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

#[derive(Args)]
pub(super) struct ExportArgs {
    /// Directory of all data
    #[arg(long, value_name = "DIR", env = "INDUSMIND_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// A new or empty directory for the files
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(args: ExportArgs) -> Result<()> {
    let boot = Boot {
        data_dir: args.data_dir,
        ..Boot::default()
    };
    let store = super::stopped_store(&boot.load()?, "indusmind export")?;
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    let tsdb = Tsdb::open(&store)?;
    let archive = Archive {
        store: &store,
        tsdb: &tsdb,
        sites: Sites::open(&store, Arc::new(SystemClock))?.all(),
        now: SystemClock.now(),
        directory: &args.out,
    };
    let mut tell = |file: Option<&Listed>| {
        if let Some(Listed {
            name, rows, bytes, ..
        }) = file
        {
            say(&format!("{name}: {rows} rows, {bytes} bytes"));
        }
        if stop.is_cancelled() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    let done = archive.write(&mut tell);
    store.close();
    let manifest = done?;
    let rows: u64 = manifest.files.iter().map(|file| file.rows).sum();
    say(&format!(
        "{rows} rows in {} files in {}.",
        manifest.files.len(),
        args.out.display()
    ));
    Ok(())
}
