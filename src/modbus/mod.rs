//! The wire: registers in, words out. Home of tokio-modbus and tokio-serial.
//!
//! Promises: one request at a time per line; every answer is judged byte by byte before anybody
//! decodes it, and noted; after a time-out or any doubt the connection is dropped, so that a late
//! answer is never taken for the next one. Knows registers and words; knows no equipment, no metrics store, no schedule.

pub mod coil;
mod conclude;
mod doubt;
pub mod endpoint;
pub mod error;
mod frame;
mod gate;
pub mod journal;
pub mod line;
pub mod plan;
pub mod register;
pub mod simulator;
pub mod table;
mod transport;

pub use endpoint::{Endpoint, Framing, Parity, SerialSettings};
pub use error::LineError;
pub use journal::Journal;
pub use line::Line;
pub use plan::{Limits, ReadPlan, Request, Timing};
pub use register::{DataType, Decoding, Extras, Register, WordOrder};
pub use table::{Bits, Function};
