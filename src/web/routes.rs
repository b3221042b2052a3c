//! Every route of the API, by who is let in.

use super::{
    Context, alert_rules, alerts, alerts_aside, api_tokens, audit, audit_export, auth,
    backup_setup, backups, certificate, coldchain, coldchain_cell, coldchain_import, commissioning,
    configuration, device_push, devices, doctor, documents, energy_bill_year, energy_carbon,
    energy_cost, energy_demand, energy_enpi, energy_idle, energy_plan, energy_production,
    energy_tariffs, energy_tree, equipment, export, history, history_series, jobs, kiosks,
    line_frames, lines, maintenance, meter_events, mqtt, notifications, operations, passwords,
    photo, profiles, realtime, report_schedule, reports, roles, security, sessions, site_logo,
    sites, step_up, storage, support, system, two_factor, update, users, write,
};
use utoipa_axum::router::OpenApiRouter;

/// The routes of the API by who is let in.
pub(super) struct Routes {
    /// Everybody.
    pub(super) public: OpenApiRouter<Context>,
    /// Persons and programs.
    pub(super) open: OpenApiRouter<Context>,
    /// Persons.
    pub(super) protected: OpenApiRouter<Context>,
}

/// Every route, each room's beside the others.
pub(super) fn api() -> Routes {
    let public = OpenApiRouter::new()
        .merge(auth::public())
        .merge(passwords::public())
        .merge(backup_setup::public())
        .merge(kiosks::public())
        .merge(device_push::public());
    let open = OpenApiRouter::new()
        .merge(history::open())
        .merge(history_series::open())
        .merge(export::open())
        .merge(equipment::open())
        .merge(write::open())
        .merge(security::open());
    let protected = OpenApiRouter::new()
        .merge(auth::protected())
        .merge(users::protected())
        .merge(passwords::protected())
        .merge(roles::protected())
        .merge(sessions::protected())
        .merge(two_factor::protected())
        .merge(step_up::protected())
        .merge(api_tokens::protected())
        .merge(kiosks::protected())
        .merge(site_logo::protected())
        .merge(sites::protected())
        .merge(alerts::protected())
        .merge(alerts_aside::protected())
        .merge(alert_rules::protected())
        .merge(audit::protected())
        .merge(audit_export::protected())
        .merge(operations::protected())
        .merge(security::protected())
        .merge(configuration::protected())
        .merge(equipment::protected())
        .merge(doctor::protected())
        .merge(lines::protected())
        .merge(line_frames::protected())
        .merge(profiles::protected())
        .merge(devices::protected())
        .merge(coldchain::protected())
        .merge(coldchain_cell::protected())
        .merge(coldchain_import::protected())
        .merge(mqtt::protected())
        .merge(notifications::protected())
        .merge(commissioning::protected())
        .merge(photo::protected())
        .merge(documents::protected())
        .merge(maintenance::protected())
        .merge(realtime::protected())
        .merge(storage::protected())
        .merge(support::protected())
        .merge(backups::protected())
        .merge(jobs::protected())
        .merge(certificate::protected())
        .merge(meter_events::protected())
        .merge(figures())
        .merge(system::protected())
        .merge(update::protected());
    Routes {
        public,
        open,
        protected,
    }
}

/// What is made of the readings.
fn figures() -> OpenApiRouter<Context> {
    OpenApiRouter::new()
        .merge(energy_tree::protected())
        .merge(energy_tariffs::protected())
        .merge(energy_cost::protected())
        .merge(energy_bill_year::protected())
        .merge(energy_demand::protected())
        .merge(reports::protected())
        .merge(report_schedule::protected())
        .merge(energy_enpi::protected())
        .merge(energy_production::protected())
        .merge(energy_plan::protected())
        .merge(energy_carbon::protected())
        .merge(energy_idle::protected())
}
