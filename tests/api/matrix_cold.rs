//! The rows of the cold cells in the matrix: their success has tests of its own.

use crate::permissions::{ACT, WRITE};
use indusmind::auth::Role;

/// Rows of routes whose success is looked at in the tests of the cold cells.
pub const COLD: &[(&str, &str, &[Role])] = &[
    ("POST", "/coldchain/customers", &[Role::Admin]),
    ("GET", "/coldchain/customers/{}", &Role::ALL),
    ("PUT", "/coldchain/customers/{}", &[Role::Admin]),
    ("DELETE", "/coldchain/customers/{}", &[Role::Admin]),
    ("PUT", "/coldchain/customers/{}/use", &[Role::Admin]),
    ("POST", "/coldchain/locations", WRITE),
    ("PUT", "/coldchain/locations/{}", WRITE),
    ("DELETE", "/coldchain/locations/{}", WRITE),
    ("PUT", "/coldchain/locations/{}/use", WRITE),
    ("POST", "/coldchain/cells", WRITE),
    ("GET", "/coldchain/cells/{}", &Role::ALL),
    ("PUT", "/coldchain/cells/{}", WRITE),
    ("DELETE", "/coldchain/cells/{}", WRITE),
    ("PUT", "/coldchain/cells/{}/use", WRITE),
    ("POST", "/coldchain/cells/import", WRITE),
    ("POST", "/coldchain/cells/{}/devices", WRITE),
    ("GET", "/coldchain/cells/{}/calibrations", &Role::ALL),
    ("POST", "/coldchain/cells/{}/calibrations", WRITE),
    ("DELETE", "/coldchain/cells/{}/calibrations/{}", WRITE),
    ("GET", "/coldchain/cells/{}/excursions", &Role::ALL),
    ("PUT", "/coldchain/cells/{}/excursions/{}/review", ACT),
    ("GET", "/coldchain/cells/{}/evidence/{}", &Role::ALL),
    ("GET", "/coldchain/cells/{}/evidence/{}/csv", &Role::ALL),
    ("POST", "/coldchain/cells/{}/evidence/{}/seal", WRITE),
    ("GET", "/readings/coldcells/{}/readings", &Role::ALL),
];
