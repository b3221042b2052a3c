//! The words every room speaks: ids, errors, time and samples.
//!
//! Depends on no other room. Nothing here waits, opens a file or reads the wall clock except
//! through the [`time::Clock`] that a caller hands in.

pub mod bucket;
pub mod error;
pub mod glibc;
pub mod id;
mod instant;
pub mod level;
pub mod request;
pub mod sample;
pub mod secret;
pub mod time;

pub use error::{Error, ErrorKind, FieldError, Result};
pub use id::{
    AlertId, AlertRuleId, EnpiId, JobId, LetterId, PaperId, PlanId, PolicyId, ScheduleId,
};
pub use id::{
    ApiTokenId, DeviceId, DocumentId, EquipmentId, KioskId, MaintenanceId, OperationId, ReportId,
    ScanId,
};
pub use id::{CalibrationId, CellId, CustomerId, ExcursionId, LocationId};
pub use id::{SessionId, SiteId, TariffId, UserId};
pub use level::Level;
pub use sample::{Batch, Metric, Phase, Quality, Reading, SeriesKey, Unit};
pub use time::{Clock, ManualClock, SystemClock, TimeRange, Timestamp};
