//! What is measured: device profiles, the Modbus source of a device, and the pollers.

mod backoff;
pub mod device_plan;
mod line_task;
pub mod link;
pub mod poller;
pub mod profile;
mod profile_file;
pub mod source;
pub mod test_read;
pub mod units;
