//! What is measured: device profiles, the Modbus source of a device, and the pollers.

pub mod link;
pub mod poller;
pub mod profile;
pub mod source;
pub mod test_read;
pub mod units;
