//! stub
use super::{profile::Profiles, source::ModbusSource};
use crate::base::Result;
use serde::Serialize;
use utoipa::ToSchema;
/// t
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TestRead {
    /// o
    pub ok: bool,
}
/// t
/// # Errors
/// x
pub async fn test_read(_s: &ModbusSource, _p: &Profiles) -> Result<TestRead> {
    Ok(TestRead { ok: true })
}
