//! stub
use super::link::Link;
use super::source::DevicePlan;
use crate::base::{Clock, EquipmentId};
use crate::ingest::Inlet;
use std::sync::Arc;
/// d
#[derive(Clone, Debug)]
pub struct Device {
    /// e
    pub equipment: EquipmentId,
    /// p
    pub plan: DevicePlan,
}
/// a
pub struct Acquisition;
impl Acquisition {
    /// s
    pub fn start(_: Arc<dyn Clock>, _: Inlet) -> Self {
        Self
    }
    /// a
    pub fn apply(&self, _: Vec<Device>) {}
    /// l
    pub fn link(&self, _: EquipmentId) -> Option<Link> {
        None
    }
    /// s
    pub async fn stop(&self) {}
}
