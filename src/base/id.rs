//! Ids: UUID version 7, one type per thing, so that a user is never taken for a meter.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
        )]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, ordered by the time it was made.
            #[must_use]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id as such, for rooms that know no other name of it.
            #[must_use]
            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// The id as a store key: 16 bytes whose order is the order of creation.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The id behind a store key; `None` unless there are 16 bytes.
            #[must_use]
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                Uuid::from_slice(bytes).ok().map(Self)
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id!(
    /// A meter or machine.
    EquipmentId
);
id!(
    /// A person who can sign in.
    UserId
);
id!(
    /// One sign-in on one device, from login to logout.
    SessionId
);
id!(
    /// A screen on a wall.
    KioskId
);
id!(
    /// A plant.
    SiteId
);
id!(
    /// What a program shows to get in.
    ApiTokenId
);
id!(
    /// A document of a meter or machine.
    DocumentId
);
id!(
    /// A sensor that brings its readings itself.
    DeviceId
);
id!(
    /// A scan of a bus or a range of addresses.
    ScanId
);
id!(
    /// A piece of work on a meter or machine.
    MaintenanceId
);
id!(
    /// Something that was done to run the appliance.
    OperationId
);
id!(
    /// A commissioning report of a meter or machine.
    ReportId
);
id!(
    /// An alert.
    AlertId
);
id!(
    /// What makes alerts.
    AlertRuleId
);
id!(
    /// A notification to one recipient.
    LetterId
);
id!(
    /// A rule of who hears what.
    PolicyId
);
id!(
    /// An energy performance indicator.
    EnpiId
);
id!(
    /// An item of the energy plan.
    PlanId
);
id!(
    /// A tariff.
    TariffId
);
id!(
    /// Work that takes minutes.
    JobId
);
id!(
    /// Who has cold cells looked after.
    CustomerId
);
id!(
    /// A place where cold cells stand.
    LocationId
);
id!(
    /// A cold room, a freezer, a display case.
    CellId
);
id!(
    /// A certificate of a probe.
    CalibrationId
);
id!(
    /// A time in which a cell was too warm or too cold.
    ExcursionId
);
id!(
    /// A report of figures, made for people.
    PaperId
);
id!(
    /// A report that is made by a timetable.
    ScheduleId
);
