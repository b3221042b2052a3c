//! Which test looks at the entry of which route that changes something.

/// Routes of which the table of permissions holds no call that succeeds, and the test that looks.
pub(crate) const LOOKED_AT_BY: &[(&str, &str, &str)] = &[
    (
        "DELETE",
        "/reports/{}",
        "reports.rs: a_report_is_kept_until_somebody_deletes_it",
    ),
    (
        "POST",
        "/reports/{}/cancel",
        "reports.rs: a_report_that_waits_can_be_ended",
    ),
    (
        "PUT",
        "/reports/schedule/{}",
        "report_timetable.rs: a_timetable_makes_reports_and_hands_them_on",
    ),
    (
        "DELETE",
        "/reports/schedule/{}",
        "report_timetable.rs: a_timetable_makes_reports_and_hands_them_on",
    ),
    (
        "POST",
        "/update/install",
        "update.rs: a_good_bundle_is_installed_once_it_is_confirmed",
    ),
    (
        "POST",
        "/update/rollback",
        "update.rs: the_version_before_comes_back",
    ),
    (
        "POST",
        "/modbus/scan",
        "commissioning.rs: a_scan_finds_who_is_on_a_bus",
    ),
    (
        "DELETE",
        "/modbus/scan/{}",
        "commissioning.rs: one_scan_at_a_time",
    ),
    (
        "POST",
        "/equipment/{}/belief",
        "commissioning.rs: a_meter_proves_itself",
    ),
    (
        "DELETE",
        "/equipment/{}/belief",
        "commissioning.rs: a_meter_proves_itself",
    ),
    (
        "POST",
        "/equipment/{}/commissioning",
        "commissioning.rs: a_report_holds_the_words",
    ),
    (
        "POST",
        "/corrections",
        "storage.rs: a_correction_changes_the_figures",
    ),
    (
        "POST",
        "/corrections/{}/undo",
        "storage.rs: a_correction_changes_the_figures",
    ),
    (
        "POST",
        "/equipment/{}/meter-exchange",
        "meter_events.rs: an_exchange_of_meters",
    ),
    (
        "POST",
        "/equipment/{}/meter-ratio",
        "meter_events.rs: other_transformers",
    ),
    (
        "POST",
        "/equipment/{}/meter-events/{}/undo",
        "meter_events.rs: an_exchange_of_meters",
    ),
    (
        "PUT",
        "/equipment/{}/maintenance/{}",
        "maintenance.rs: work_is_written",
    ),
    (
        "POST",
        "/coldchain/customers",
        "coldchain_entries.rs: each_change_leaves_its_entry",
    ),
    (
        "PUT",
        "/coldchain/customers/{}",
        "coldchain_entries.rs: each_change_leaves_its_entry",
    ),
    (
        "DELETE",
        "/coldchain/customers/{}",
        "coldchain_entries.rs: each_change_leaves_its_entry",
    ),
    (
        "POST",
        "/coldchain/locations",
        "coldchain_entries.rs: each_change_leaves_its_entry",
    ),
    (
        "PUT",
        "/coldchain/locations/{}",
        "coldchain_entries.rs: each_change_leaves_its_entry",
    ),
    (
        "DELETE",
        "/coldchain/locations/{}",
        "coldchain_entries.rs: each_change_leaves_its_entry",
    ),
    (
        "POST",
        "/coldchain/cells",
        "coldchain_entries.rs: each_change_leaves_its_entry",
    ),
    (
        "PUT",
        "/coldchain/cells/{}",
        "coldchain_entries.rs: each_change_leaves_its_entry",
    ),
    (
        "DELETE",
        "/coldchain/cells/{}",
        "coldchain_entries.rs: each_change_leaves_its_entry",
    ),
    (
        "POST",
        "/coldchain/cells/import",
        "coldchain_entries.rs: each_change_leaves_its_entry",
    ),
    (
        "POST",
        "/coldchain/cells/{}/devices",
        "coldchain_entries.rs: each_change_leaves_its_entry",
    ),
    (
        "POST",
        "/coldchain/cells/{}/calibrations",
        "coldchain_entries.rs: each_change_leaves_its_entry",
    ),
    (
        "DELETE",
        "/coldchain/cells/{}/calibrations/{}",
        "coldchain_entries.rs: each_change_leaves_its_entry",
    ),
    (
        "PUT",
        "/coldchain/cells/{}/excursions/{}/review",
        "coldchain_entries.rs: each_change_leaves_its_entry",
    ),
    (
        "POST",
        "/coldchain/cells/{}/evidence/{}/seal",
        "coldchain_entries.rs: each_change_leaves_its_entry",
    ),
    (
        "PUT",
        "/coldchain/customers/{}/use",
        "coldchain_use.rs: what_leaves_together_comes_back_together",
    ),
    (
        "PUT",
        "/coldchain/locations/{}/use",
        "coldchain_use.rs: what_leaves_together_comes_back_together",
    ),
    (
        "PUT",
        "/coldchain/cells/{}/use",
        "coldchain_use.rs: what_leaves_together_comes_back_together",
    ),
    ("DELETE", "/equipment/{}", "equipment.rs"),
    ("POST", "/backups", "backups.rs: a_backup_is_made_proven"),
    (
        "POST",
        "/backups/{}/verify",
        "backups.rs: a_backup_is_made_proven",
    ),
    (
        "POST",
        "/backups/{}/restore",
        "backups.rs: a_backup_is_made_proven",
    ),
    (
        "POST",
        "/jobs/{}/cancel",
        "backups.rs: a_job_that_is_cancelled",
    ),
    ("POST", "/setup/restore", "backups.rs: a_new_machine_begins"),
    (
        "POST",
        "/alerts/{}/acknowledge",
        "alerts.rs: an_alert_begins_is_acknowledged",
    ),
    (
        "POST",
        "/alerts/acknowledge",
        "alerts.rs: what_changed_since_it_was_seen",
    ),
    (
        "POST",
        "/alerts/{}/resolve",
        "alerts.rs: people_resolve_and_comment",
    ),
    (
        "PATCH",
        "/alerts/{}/resolve",
        "alerts.rs: people_resolve_and_comment",
    ),
    ("POST", "/alerts/{}/shelve", "alerts.rs: the_shelf_silences"),
    (
        "POST",
        "/alerts/{}/suppress",
        "alerts_aside.rs: what_is_set",
    ),
    (
        "POST",
        "/alerts/{}/unsuppress",
        "alerts_aside.rs: what_is_set",
    ),
    (
        "POST",
        "/alerts/{}/out-of-service",
        "alerts_aside.rs: what_is_set",
    ),
    (
        "POST",
        "/alerts/{}/in-service",
        "alerts_aside.rs: what_is_set",
    ),
    (
        "POST",
        "/alerts/{}/unshelve",
        "alerts.rs: the_shelf_silences",
    ),
    (
        "POST",
        "/alerts/{}/comment",
        "alerts.rs: people_resolve_and_comment",
    ),
    ("DELETE", "/api-tokens/{}", "tokens.rs"),
    ("POST", "/setup", "setup.rs"),
    (
        "POST",
        "/auth/2fa/login",
        "two_factor.rs: a_code_is_asked_for",
    ),
    (
        "POST",
        "/auth/2fa/verify",
        "two_factor.rs: a_code_is_asked_for",
    ),
    (
        "POST",
        "/auth/2fa/recovery-codes",
        "two_factor.rs: new_recovery_codes_replace",
    ),
];
