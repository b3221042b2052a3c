//! Many cells at once, of a list: everything is checked before anything is made, and then all of it
//! is made in one transaction.

use super::plan::{ImportedCellRow, Plan};
use super::service::Coldchain;
use crate::auth::Reach;
use crate::base::Result;
use crate::devices::MadeDevice;
use crate::exchange::cell_list::Row;
use crate::store::audit::Actor;
use serde::Serialize;
use utoipa::ToSchema;

/// What was made of a list, or would be.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedCells {
    /// Whether it was only looked at: nothing was made.
    pub dry_run: bool,
    /// What each row makes, in the order of the list.
    pub rows: Vec<ImportedCellRow>,
    /// Locations that were not known before.
    pub locations: usize,
    /// Cells that were not known before.
    pub cells: usize,
    /// Devices with their keys, which are not shown again; none when it was only looked at.
    pub devices: Vec<MadeDevice>,
}

impl Coldchain {
    /// Makes the locations, cells and devices of a list that are not there yet, all or none of
    /// them; or only looks at what it would make.
    ///
    /// # Errors
    /// Every refused cell of the table by its line and column; too many; a disk that refuses.
    pub async fn import(
        &self,
        reach: &Reach,
        (rows, dry_run): (Vec<Row>, bool),
        actor: Actor,
    ) -> Result<ImportedCells> {
        let _turn = self.changing.lock().await;
        let mut plan = Plan::of(self, reach);
        for row in rows {
            plan.row(self, row)?;
        }
        let devices = plan.devices.iter().map(|(_, device)| device.clone());
        let devices = self.ground.devices.prepare(devices.collect(), &plan.coming);
        let devices = match devices.await {
            Ok(devices) => Some(devices),
            Err(error) => {
                plan.refuse_devices(error)?;
                None
            }
        };
        plan.check_room({
            let known = self.known();
            (known.cells.len(), known.locations.len())
        })?;
        plan.checks.finish()?;
        let (locations, cells) = (plan.together.locations.len(), plan.together.cells.len());
        let made = match devices {
            Some(devices) if !dry_run => self.join_with(plan.together, devices, actor).await?,
            _ => Vec::new(),
        };
        Ok(ImportedCells {
            dry_run,
            rows: plan.rows,
            locations,
            cells,
            devices: made,
        })
    }
}
