//! *pure* — the one table of who may do what.

use crate::base::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a person is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs the appliance.
    Admin,
    /// Cost, peaks, reports.
    EnergyManager,
    /// Watches and acknowledges.
    Operator,
    /// Repairs meters and lines.
    Technician,
    /// Looks.
    Viewer,
    /// A screen on a wall.
    Kiosk,
    /// A customer who sees his own.
    Customer,
}

/// One thing that a route or a domain asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum Permission {
    /// See equipment.
    #[serde(rename = "equipment.read")]
    EquipmentRead,
    /// Add, change and delete equipment; read a device on trial.
    #[serde(rename = "equipment.write")]
    EquipmentWrite,
    /// Write down work on equipment, and change what one wrote oneself.
    #[serde(rename = "maintenance.write")]
    MaintenanceWrite,
    /// See what is said on the lines, byte by byte, and what ails a device.
    #[serde(rename = "lines.read")]
    LinesRead,
    /// See alerts and the rules that make them.
    #[serde(rename = "alerts.read")]
    AlertsRead,
    /// Acknowledge, resolve and comment alerts.
    #[serde(rename = "alerts.acknowledge")]
    AlertsAcknowledge,
    /// Silence alerts for a time.
    #[serde(rename = "alerts.shelve")]
    AlertsShelve,
    /// Make, change and delete the rules of alerts.
    #[serde(rename = "alert_rules.manage")]
    AlertRulesManage,
    /// See live values and history.
    #[serde(rename = "readings.read")]
    ReadingsRead,
    /// Write readings that were measured elsewhere.
    #[serde(rename = "readings.write")]
    ReadingsWrite,
    /// Correct readings that were measured wrong.
    #[serde(rename = "readings.correct")]
    ReadingsCorrect,
    /// Change the site.
    #[serde(rename = "settings.write")]
    SettingsWrite,
    /// Add, change and lock users.
    #[serde(rename = "users.manage")]
    UsersManage,
    /// Make and delete API tokens.
    #[serde(rename = "tokens.manage")]
    TokensManage,
    /// Let screens in and revoke them.
    #[serde(rename = "kiosks.manage")]
    KiosksManage,
    /// Read the audit log and the figures of the appliance itself.
    #[serde(rename = "audit.read")]
    AuditRead,
    /// See who is told what, and what became of it.
    #[serde(rename = "notifications.read")]
    NotificationsRead,
    /// Set outlets and who is told what; addresses to which the appliance sends.
    #[serde(rename = "notifications.manage")]
    NotificationsManage,
    /// Make and delete reports, and set their timetable.
    #[serde(rename = "reports.manage")]
    ReportsManage,
    /// Make, prove and restore backups.
    #[serde(rename = "backups.manage")]
    BackupsManage,
    /// Install another version, or go back.
    #[serde(rename = "update.manage")]
    UpdateManage,
    /// See the cold cells of the customers that one reaches.
    #[serde(rename = "coldchain.read")]
    ColdchainRead,
    /// Report what happened to the safety of another system of the plant.
    #[serde(rename = "security.report")]
    SecurityReport,
}

use Permission::{
    AlertRulesManage, AlertsAcknowledge, AlertsRead, AlertsShelve, BackupsManage, ColdchainRead,
};
use Permission::{
    AuditRead, EquipmentRead, EquipmentWrite, KiosksManage, LinesRead, MaintenanceWrite,
    NotificationsManage, NotificationsRead, ReadingsCorrect, ReadingsRead, ReadingsWrite,
    ReportsManage, SecurityReport, SettingsWrite, TokensManage, UpdateManage, UsersManage,
};

/// What is too dangerous for an open screen that somebody left: method, route below `/api`, and
/// the permission that the route asks for, none where it reaches nothing but one's own. It wants a
/// proof of who sits there, five minutes old at most. Programs come to none of these: no scope of an API token reaches them.
pub const PROOF_WANTED: &[(&str, &str, Option<Permission>)] = &[
    ("POST", "/users/invite", Some(UsersManage)),
    ("POST", "/users/{id}/invite", Some(UsersManage)),
    ("PUT", "/users/{id}", Some(UsersManage)),
    ("PUT", "/admin/users/{id}/role", Some(UsersManage)),
    ("POST", "/admin/users/{id}/reset-token", Some(UsersManage)),
    ("POST", "/admin/users/{id}/2fa/disable", Some(UsersManage)),
    ("POST", "/api-tokens", Some(TokensManage)),
    ("POST", "/kiosks/approve", Some(KiosksManage)),
    ("POST", "/devices/{id}/key", Some(EquipmentWrite)),
    ("PUT", "/system/storage", Some(SettingsWrite)),
    ("PUT", "/backups/settings", Some(BackupsManage)),
    ("POST", "/backups/{id}/restore", Some(BackupsManage)),
    ("POST", "/system/configuration", Some(BackupsManage)),
    (
        "PUT",
        "/notifications/outlets/{kind}",
        Some(NotificationsManage),
    ),
    (
        "POST",
        "/notifications/outlets/{kind}/test",
        Some(NotificationsManage),
    ),
    ("POST", "/update/install", Some(UpdateManage)),
    ("POST", "/update/rollback", Some(UpdateManage)),
    ("POST", "/auth/2fa/recovery-codes", None),
];

/// Whether a route wants a proof, and the permission behind it.
#[must_use]
pub fn wants_proof(method: &str, route: &str) -> Option<Option<Permission>> {
    let mut table = PROOF_WANTED.iter();
    let found = table.find(|(m, r, _)| *m == method && *r == route);
    found.map(|(_, _, permission)| *permission)
}

/// What is the whole appliance's: how its routes below `/api` begin, and the permission behind them.
/// Changing anything there wants somebody who reaches every site, of today and to come; looking wants
/// the permission alone.
const WHOLE_APPLIANCE: &[(&str, Permission)] = &[
    ("/backups", BackupsManage),
    ("/jobs", BackupsManage),
    ("/mqtt", EquipmentWrite),
    ("/notifications/outlets", NotificationsManage),
    ("/notifications/settings", NotificationsManage),
    ("/system", AuditRead),
    ("/update", UpdateManage),
];

/// The permission behind a change of the whole appliance; `None` for every other route.
#[must_use]
pub fn changes_all(method: &str, route: &str) -> Option<Permission> {
    let below = |start: &str| {
        let rest = route.strip_prefix(start);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut table = WHOLE_APPLIANCE.iter();
    let found = table.find(|(start, _)| below(start) && !matches!(method, "GET" | "HEAD"));
    found.map(|(_, permission)| *permission)
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] = [
        Self::Admin,
        Self::EnergyManager,
        Self::Operator,
        Self::Technician,
        Self::Viewer,
        Self::Kiosk,
        Self::Customer,
    ];

    /// What a role may do. What is not listed is refused.
    #[must_use]
    pub const fn permissions(self) -> &'static [Permission] {
        match self {
            Self::Admin => &[
                EquipmentRead,
                EquipmentWrite,
                MaintenanceWrite,
                LinesRead,
                AlertsRead,
                AlertsAcknowledge,
                AlertsShelve,
                AlertRulesManage,
                ReadingsRead,
                ReadingsWrite,
                ReadingsCorrect,
                SettingsWrite,
                UsersManage,
                TokensManage,
                KiosksManage,
                AuditRead,
                NotificationsRead,
                NotificationsManage,
                ReportsManage,
                BackupsManage,
                UpdateManage,
                ColdchainRead,
                SecurityReport,
            ],
            Self::EnergyManager => &[
                EquipmentRead,
                EquipmentWrite,
                MaintenanceWrite,
                LinesRead,
                AlertsRead,
                AlertsAcknowledge,
                AlertsShelve,
                AlertRulesManage,
                ReadingsRead,
                ReadingsCorrect,
                SettingsWrite,
                NotificationsRead,
                ColdchainRead,
                ReportsManage,
            ],
            Self::Technician => &[
                EquipmentRead,
                EquipmentWrite,
                MaintenanceWrite,
                LinesRead,
                AlertsRead,
                AlertsAcknowledge,
                AlertsShelve,
                AlertRulesManage,
                ReadingsRead,
                ColdchainRead,
            ],
            Self::Operator => &[
                EquipmentRead,
                MaintenanceWrite,
                AlertsRead,
                AlertsAcknowledge,
                AlertsShelve,
                ReadingsRead,
                ColdchainRead,
            ],
            Self::Viewer | Self::Kiosk => &[EquipmentRead, AlertsRead, ReadingsRead, ColdchainRead],
            // His cells, by his site; nothing of the plant.
            Self::Customer => &[ColdchainRead],
        }
    }

    /// Whether a role may do this.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }

    /// How the role is shown: `Operator`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Admin => "Administrator",
            Self::EnergyManager => "Energy manager",
            Self::Operator => "Operator",
            Self::Technician => "Technician",
            Self::Viewer => "Viewer",
            Self::Kiosk => "Kiosk",
            Self::Customer => "Customer",
        }
    }

    /// The role's name in requests: `energy_manager`.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::EnergyManager => "energy_manager",
            Self::Operator => "operator",
            Self::Technician => "technician",
            Self::Viewer => "viewer",
            Self::Kiosk => "kiosk",
            Self::Customer => "customer",
        }
    }

    /// The role of this name.
    ///
    /// # Errors
    /// When there is no such role; the sentence lists them.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.key() == name)
            .ok_or_else(|| {
                let names: Vec<_> = Self::ALL.iter().map(|role| role.key()).collect();
                Error::invalid("role", format!("Use one of {}.", names.join(", ")))
            })
    }

    /// Nothing when the role may do this.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`] when it may not.
    pub fn require(self, permission: Permission) -> Result<()> {
        if self.may(permission) {
            return Ok(());
        }
        let name = serde_json::to_value(permission).unwrap_or_default();
        Err(Error::new(
            ErrorKind::Forbidden,
            format!(
                "The role {} may not do this. Ask an administrator.",
                self.title()
            ),
        )
        .with_details(serde_json::json!({ "required_action": name })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_is_not_changing() {
        for role in [Role::Operator, Role::Viewer, Role::Kiosk] {
            assert!(
                role.may(ReadingsRead) && !role.may(EquipmentWrite),
                "{role:?}"
            );
        }
        assert_eq!(Role::Customer.permissions(), [ColdchainRead]);
        assert_eq!(
            Role::Viewer.require(UsersManage).unwrap_err().kind,
            ErrorKind::Forbidden
        );
    }

    #[test]
    fn what_changes_the_whole_appliance_is_known_by_its_route() {
        assert_eq!(changes_all("PUT", "/backups/settings"), Some(BackupsManage));
        assert_eq!(changes_all("POST", "/update/install"), Some(UpdateManage));
        assert_eq!(changes_all("POST", "/backups"), Some(BackupsManage));
        for (method, route) in [
            ("GET", "/backups"),
            ("PUT", "/backupsettings"),
            ("PUT", "/notifications/policies/{id}"),
        ] {
            assert_eq!(changes_all(method, route), None, "{method} {route}");
        }
    }

    #[test]
    fn names_match_the_wire() {
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.key());
            assert_eq!(Role::parse(role.key()).unwrap(), role);
        }
        assert!(Role::parse("root").is_err());
    }
}
