//! Whose equipment is, inside a transaction: for entries of the audit log.

use super::registry::EQUIPMENT;
use crate::base::{EquipmentId, Result};
use crate::store::Transaction;

/// Key of the site of a piece of equipment, deleted ones too; `None` when there never was such a one.
///
/// # Errors
/// When the file cannot be read.
pub fn site_in(transaction: &Transaction<'_>, id: EquipmentId) -> Result<Option<String>> {
    let equipment = EQUIPMENT.get(transaction, id.as_bytes())?;
    Ok(equipment.map(|equipment| equipment.site))
}
