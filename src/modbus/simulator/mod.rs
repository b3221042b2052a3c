//! A plant that speaks real Modbus TCP, for the demo and the tests.
