//! Energy performance of the demo: what the moulding hall produced, two indicators with their
//! baselines, a plan, and a figure for its carbon. From a week ago on the presses make fewer parts
//! of the same energy, so that a drift is to be seen.

use crate::app::App;
use crate::base::time::BucketSize;
use crate::base::{EquipmentId, Error, Metric, Phase, Result, Timestamp};
use crate::energy::NewCarbonFactors;
use crate::energy::enpi::{Entry, NewBaseline, NewEnpi, NewPlanItem};
use crate::modbus::simulator::plant::Plant;
use crate::site::{DemandPulse, Site, SiteChange, SiteWishes};
use crate::store::audit::Actor;
use serde_json::{Value, json};

/// Days that the readings of the demo reach back, and those of the end that no baseline sees.
pub(super) const DAYS: i64 = 35;
const DAYS_AFTER: i64 = 13;
/// Since when the presses are worse, days ago, and what is left of their parts.
const WORSE_DAYS: i64 = 7;
const WORSE: f64 = 0.9;
const DAY_MS: i64 = 24 * 3_600_000;
/// What a part of the demo takes, kWh, and what the presses take without any, kWh a day.
const KWH_PER_PART: f64 = 0.42;
const KWH_IDLE: f64 = 210.0;
const PRODUCT: &str = "Caps";
const PRESSES: [&str; 3] = [
    "Injection press 1",
    "Injection press 2",
    "Injection press 3",
];
const OFFICES: &str = "Offices and lighting";
/// Whose spare input counts the pulses of the utility.
const PULSE_OF: &str = "Packaging line";
const COMPRESSORS: [&str; 2] = ["Main compressor", "Compressor 2"];

/// The meter whose voltage is known for more than a week.
const VOLTAGE_OF: &str = "Chiller 1";
const VOLTAGE_DAYS: i64 = 15;

/// Whether a reading of the long past is kept, that of so many ms ago: what the machines used, and
/// the voltage of one. A demo starts on small machines.
pub(super) fn is_wanted(name: &str, metric: &Metric, ago_ms: i64) -> bool {
    let voltage = [Metric::VOLTAGE, Metric::FREQUENCY].contains(metric);
    if name == VOLTAGE_OF && voltage {
        return ago_ms <= VOLTAGE_DAYS * DAY_MS;
    }
    // Of every machine what it used: a report of last week that knows half of the plant would look
    // as if the other half had failed.
    [Metric::CONSUMPTION, Metric::POWER].contains(metric)
}

/// The plant of the demo: its devices by number, each with its equipment.
pub(super) type Pairs<'a> = &'a [(usize, EquipmentId)];

/// Enters all of it, once, after the past was written.
pub(super) async fn furnish(
    app: &App,
    (plant, pairs): (&Plant, Pairs<'_>),
    site: &Site,
    actor: &Actor,
) -> Result<()> {
    let enpis = &app.context.enpis;
    let ids = |names: &[&str]| -> Vec<EquipmentId> {
        let named = |number: usize| plant.devices().get(number).map(|device| device.name);
        let of = pairs
            .iter()
            .filter(|(n, _)| named(*n).is_some_and(|name| names.contains(&name)));
        of.map(|(_, id)| *id).collect()
    };
    let today = midnight(app, site);
    let days = (1..DAYS).rev().map(|back| today.minus_ms(back * DAY_MS));
    let entries = days
        .map(|from| produced(plant, from, today))
        .collect::<Vec<_>>();
    let entries = (1..).zip(entries).collect();
    enpis
        .bring(&site.key, entries, Vec::new(), actor.clone())
        .await?;

    let parts = json!([{ "name": "parts", "unit": "part",
        "source": { "from": "production", "product": PRODUCT } }]);
    let presses = json!({ "name": "Presses by parts", "kind": "model", "period": "day",
        "equipment": ids(&PRESSES), "variables": parts,
        "note": "The three injection presses. What they need follows the parts that they make." });
    let presses = indicator(app, site, presses, actor).await?;
    let air = json!({ "name": "Compressed air by parts", "kind": "model", "period": "day",
        "equipment": ids(&COMPRESSORS), "variables": parts,
        "note": "Both compressors. Leaks show as energy that no part explains." });
    indicator(app, site, air, actor).await?;
    let offices = json!({ "name": OFFICES, "kind": "value", "period": "day",
        "equipment": ids(&[OFFICES]) });
    enpis
        .create(read(offices)?, &site.key, actor.clone())
        .await?;

    aim(app, site, actor).await?;
    follow_pulse(app, site, ids(&[PULSE_OF]), actor).await?;

    let at = |days: i64| today.plus_ms(days * DAY_MS);
    let plan = [
        json!({ "kind": "objective", "name": "Presses: 5 % less by spring", "owner": "Amel",
            "due": at(120), "state": "doing", "enpi_id": presses, "since": at(-DAYS_AFTER),
            "target_fraction": 0.05 }),
        json!({ "kind": "action", "name": "Find why press 2 needs more since last week",
            "owner": "Karim", "due": at(5), "equipment": ids(&["Injection press 2"]) }),
        json!({ "kind": "significant_use", "name": "Tunnel ovens", "owner": "Amel",
            "equipment": ids(&["Oven line A", "Oven line B"]),
            "note": "More than a third of the energy of the plant." }),
    ];
    for item in plan {
        let item: NewPlanItem = read(item)?;
        enpis.add_to_plan(item, &site.key, actor.clone()).await?;
    }
    let factors: NewCarbonFactors = read(json!({ "name": "Grid, a figure of the demo",
        "method": "location", "year": 2025, "valid_from": at(-400),
        "source": "Made up for the demo: enter the figure that your grid publishes.",
        "table": { "by": "flat", "kg_per_kwh": 0.45 } }))?;
    app.context
        .carbon
        .enter(&site.key, factors, actor.clone())
        .await?;
    Ok(())
}

/// The utility of the demo ends its demand windows by a clock of its own, and gives a pulse.
async fn follow_pulse(
    app: &App,
    site: &Site,
    read_by: Vec<EquipmentId>,
    actor: &Actor,
) -> Result<()> {
    let Some(equipment) = read_by.into_iter().next() else {
        return Ok(());
    };
    let metric = Metric::new("sync_pulse_count")?;
    let wishes = SiteWishes {
        demand_pulse: Some(DemandPulse { equipment, metric }),
        ..site.wishes.clone()
    };
    let change = SiteChange {
        wishes: Some(wishes),
        ..SiteChange::default()
    };
    app.context
        .sites
        .change(site.id, change, actor.clone())
        .await?;
    Ok(())
}

/// What the whole plant may use in a day: the target of the dashboard.
async fn aim(app: &App, site: &Site, actor: &Actor) -> Result<()> {
    let whole = json!({ "name": "Site, energy of a day", "kind": "value", "period": "day",
        "equipment": app.context.trees.supply_meters(&site.key),
        "note": "All that the plant takes in. The dashboard holds the running day against it." });
    let whole = indicator(app, site, whole, actor).await?;
    let at = |days: i64| midnight(app, site).plus_ms(days * DAY_MS);
    let objective: NewPlanItem = read(json!({ "kind": "objective",
        "name": "Site: 3 % less each day", "owner": "Amel", "due": at(200), "state": "doing",
        "enpi_id": whole, "since": at(-DAYS_AFTER), "target_fraction": 0.03 }))?;
    let enpis = &app.context.enpis;
    let made = enpis.add_to_plan(objective, &site.key, actor.clone());
    made.await.map(|_| ())
}

/// Makes an indicator and its baseline, up to two weeks ago.
async fn indicator(app: &App, site: &Site, said: Value, actor: &Actor) -> Result<Value> {
    let enpis = &app.context.enpis;
    let said: NewEnpi = read(said)?;
    let made = enpis.create(said, &site.key, actor.clone()).await?;
    let today = midnight(app, site);
    let asked = NewBaseline {
        from: today.minus_ms((DAYS - 1) * DAY_MS),
        to: today.minus_ms(DAYS_AFTER * DAY_MS),
        note: "The first weeks of the demo.".to_owned(),
        excluded: Vec::new(),
        preview: false,
    };
    let (book, place, id) = (enpis.clone(), site.clone(), made.id);
    let drafted = tokio::task::spawn_blocking(move || book.drafted(&place, id, asked)).await;
    let drafted = drafted.unwrap_or_else(|_| Err(Error::internal("No baseline was computed.")))?;
    enpis
        .keep_baseline(&site.key, drafted, actor.clone())
        .await?;
    Ok(json!(made.id))
}

/// What the presses made on a day: what their energy allows, a little more or less.
fn produced(plant: &Plant, from: Timestamp, today: Timestamp) -> Entry {
    let to = from.plus_ms(DAY_MS);
    let presses = plant.devices().iter().filter(|d| PRESSES.contains(&d.name));
    let counter = |at: Timestamp| -> f64 {
        let of = presses.clone();
        of.map(|device| device.truth(&Metric::CONSUMPTION, Phase::Total, at))
            .sum()
    };
    let energy = counter(to) - counter(from);
    let ago = today.since_ms(from).div_euclid(DAY_MS);
    // No two days are alike: a spread of 4 % by the golden section, the same at each start.
    #[allow(clippy::cast_precision_loss)] // days
    let luck = 0.98 + 0.04 * (ago as f64 * 0.618_034).fract();
    let worse = if ago <= WORSE_DAYS { WORSE } else { 1.0 };
    Entry {
        product: PRODUCT.to_owned(),
        equipment_id: None,
        from,
        to,
        quantity: ((energy - KWH_IDLE).max(0.0) / KWH_PER_PART * luck * worse).round(),
        unit: "parts".to_owned(),
        note: String::new(),
    }
}

fn read<T: serde::de::DeserializeOwned>(said: Value) -> Result<T> {
    serde_json::from_value(said)
        .map_err(|cause| Error::internal("The demo is not well described.").because(cause))
}

/// When the day of the site began.
fn midnight(app: &App, site: &Site) -> Timestamp {
    let now = app.context.clock.now();
    site.calendar().bucket_start(now, BucketSize::Day)
}
