//! demo
use super::Boot;
use crate::base::Result;
#[derive(clap::Args)]
pub(super) struct DemoArgs {
    #[command(flatten)]
    boot: Boot,
}
pub(super) async fn run(args: DemoArgs) -> Result<()> {
    super::run::run(args.boot).await
}
