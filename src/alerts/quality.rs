//! How good the alerts are, against the figures of EEMUA 191 and ISA-18.2.
//!
//! The core is pure: alerts in, figures out.

use super::index;
use super::record::{ALERTS, Alert};
use super::service::Alerts;
use crate::base::{AlertId, Level, Result, TimeRange, Timestamp};
use crate::notify::Said;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use utoipa::ToSchema;

/// Alerts that one judgement looks at; beyond that it says that it is not all.
const LOOKED_MAX: usize = 20_000;
/// The span of EEMUA's figures, ms.
const TEN_MINUTES_MS: i64 = 600_000;
const HOUR_MS: i64 = 3_600_000;
/// EEMUA 191: what an operator can handle in ten minutes in the long run, and what is a flood.
const STEADY: f64 = 1.0;
const FLOOD: u32 = 10;
/// An alert that is active for longer is stale, ms.
const STALE_MS: i64 = 24 * HOUR_MS;
/// Names in the lists.
const TOP: usize = 10;

/// Alerts of ten minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AlertBin)]
pub struct Bin {
    /// When they begin.
    pub at: Timestamp,
    /// How many there were.
    pub alerts: u32,
}

/// What makes most of the alerts.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AlertOffender)]
pub struct Offender {
    /// What makes it the same alert again.
    pub condition: String,
    /// What it says.
    pub message: String,
    /// The same as facts, which every language has words for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    /// What it is about.
    pub equipment_name: String,
    /// How often it began.
    pub alerts: u32,
    /// Its share of all, 0 to 1.
    pub share: f64,
    /// Whether it comes and goes too often to be of use.
    pub chattering: bool,
}

/// How many alerts a level has.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AlertShare)]
pub struct Share {
    /// The level.
    pub level: Level,
    /// How many.
    pub alerts: u32,
    /// Its share, 0 to 1.
    pub share: f64,
}

/// An alert that stands for long.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = StandingAlert)]
pub struct Standing {
    /// The alert.
    pub id: AlertId,
    /// What it says.
    pub message: String,
    /// The same as facts, which every language has words for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    /// What it is about.
    pub equipment_name: String,
    /// How urgent it is.
    pub level: Level,
    /// Since when its condition holds.
    pub since: Timestamp,
}

/// How good the alerts of a span were.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AlertQuality)]
pub struct Quality {
    /// From here.
    pub from: Timestamp,
    /// To here.
    pub to: Timestamp,
    /// Alerts that began; those for which another stands and those of late readings left out.
    pub alerts: u32,
    /// Whether there were more than are looked at: the figures are of the newest.
    pub is_part: bool,
    /// Mean of ten minutes; 1 is what EEMUA 191 calls acceptable.
    pub per_ten_minutes: f64,
    /// What an operator can handle in ten minutes.
    pub steady_limit: f64,
    /// More than this in ten minutes is a flood.
    pub flood_limit: u32,
    /// Most of one span of ten minutes.
    pub peak_ten_minutes: u32,
    /// Most of one hour.
    pub peak_hour: u32,
    /// Share of the time in flood, 0 to 1; 0.01 is the target.
    pub flood_share: f64,
    /// Spans of ten minutes with more than the limit, newest first.
    pub floods: Vec<Bin>,
    /// Spans of ten minutes that had any, oldest first.
    pub bins: Vec<Bin>,
    /// What makes most of them, ten at most.
    pub top: Vec<Offender>,
    /// Share of those ten, 0 to 1; below 0.05 each is the target.
    pub top_share: f64,
    /// By level; EEMUA 191 aims at 80 % low, 15 % medium, 5 % high.
    pub levels: Vec<Share>,
    /// Conditions that chatter.
    pub chattering: u32,
    /// Active now.
    pub standing: u32,
    /// Active for more than a day, oldest first; ten at most.
    pub stale: Vec<Standing>,
    /// How many those are.
    pub stale_total: u32,
    /// Mean time until somebody said that he knows, s.
    pub mean_time_to_acknowledge_s: Option<f64>,
    /// Share of which somebody said that he knows, 0 to 1.
    pub acknowledged_share: Option<f64>,
    /// On the shelf now.
    pub shelved: u32,
}

impl Alerts {
    /// How good the alerts of a site were. Reads the disk.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn quality(&self, site: &str, range: TimeRange) -> Result<Quality> {
        let reader = self.store.read()?;
        let (mut alerts, mut is_part) = (Vec::new(), false);
        index::walk(&reader, site, (range.from, range.to), &mut |id| {
            if alerts.len() >= LOOKED_MAX {
                is_part = true;
                return Ok(ControlFlow::Break(()));
            }
            let alert = ALERTS.get(&reader, id.as_bytes())?;
            alerts.extend(alert.filter(index::counts));
            Ok(ControlFlow::Continue(()))
        })?;
        drop(reader);
        let open = self.open_of(site);
        let judged = judge(&alerts, &open, range, self.clock.now());
        Ok(Quality { is_part, ..judged })
    }
}

#[allow(clippy::cast_precision_loss)] // counts and seconds
fn share(part: u32, of: u32) -> f64 {
    if of == 0 {
        return 0.0;
    }
    f64::from(part) / f64::from(of)
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Figures of the alerts that began in a range, and of those that are open now.
fn judge(alerts: &[Alert], open: &[Alert], range: TimeRange, now: Timestamp) -> Quality {
    let all: u32 = number(alerts.len());
    let count = |step: i64| {
        let mut bins: BTreeMap<i64, u32> = BTreeMap::new();
        for alert in alerts {
            *bins.entry(alert.timestamp.floor_to(step).ms()).or_default() += 1;
        }
        bins
    };
    let (bins, hours) = (count(TEN_MINUTES_MS), count(HOUR_MS));
    let spans = (range.length_ms() / TEN_MINUTES_MS).max(1);
    let spans = u32::try_from(spans).unwrap_or(u32::MAX);
    let bin = |(at, alerts): (&i64, &u32)| Bin {
        at: Timestamp::from_ms(*at),
        alerts: *alerts,
    };
    let mut floods: Vec<Bin> = bins.iter().filter(|(_, n)| **n > FLOOD).map(bin).collect();
    floods.reverse();
    let (top, top_share) = top_of(alerts);
    let levels = Level::ALL.into_iter().map(|level| {
        let of = number(alerts.iter().filter(|alert| alert.level == level).count());
        Share {
            level,
            alerts: of,
            share: share(of, all),
        }
    });
    let known = alerts.iter().filter_map(|alert| {
        let at = alert.acknowledged_at.filter(|_| alert.acknowledged)?;
        Some(at.since_ms(alert.detected_at).max(0))
    });
    let known: Vec<i64> = known.collect();
    #[allow(clippy::cast_precision_loss)] // far below 2^53 ms
    let mean_s = |times: &[i64]| times.iter().sum::<i64>() as f64 / times.len() as f64 / 1_000.0;
    let (stale, stale_total) = stale_of(open, now);
    let chatters = alerts.iter().filter(|alert| alert.chattering);
    let mut chattering: Vec<_> = chatters.map(|alert| &alert.condition).collect();
    chattering.sort_unstable();
    chattering.dedup();
    Quality {
        from: range.from,
        to: range.to,
        alerts: all,
        is_part: false,
        per_ten_minutes: share(all, spans),
        steady_limit: STEADY,
        flood_limit: FLOOD,
        peak_ten_minutes: bins.values().copied().max().unwrap_or(0),
        peak_hour: hours.values().copied().max().unwrap_or(0),
        flood_share: share(number(floods.len()), spans),
        floods,
        bins: bins.iter().map(bin).collect(),
        top,
        top_share,
        levels: levels.collect(),
        chattering: number(chattering.len()),
        standing: number(open.iter().filter(|alert| alert.active).count()),
        stale,
        stale_total,
        mean_time_to_acknowledge_s: (!known.is_empty()).then(|| mean_s(&known)),
        acknowledged_share: (all > 0).then(|| share(number(known.len()), all)),
        shelved: number(
            open.iter()
                .filter(|alert| alert.shelved_until.is_some())
                .count(),
        ),
    }
}

fn top_of(alerts: &[Alert]) -> (Vec<Offender>, f64) {
    let mut by_condition: HashMap<&str, (u32, &Alert)> = HashMap::new();
    for alert in alerts {
        let entry = by_condition.entry(&alert.condition).or_insert((0, alert));
        entry.0 = entry.0.saturating_add(alert.occurrences);
    }
    let all: u32 = by_condition.values().map(|(count, _)| *count).sum();
    let mut top: Vec<_> = by_condition.into_values().collect();
    top.sort_by_key(|(count, alert)| (std::cmp::Reverse(*count), alert.condition.clone()));
    top.truncate(TOP);
    let of_top: u32 = top.iter().map(|(count, _)| *count).sum();
    let offender = |(count, alert): (u32, &Alert)| Offender {
        condition: alert.condition.clone(),
        message: alert.message.clone(),
        said: alert.said.clone(),
        equipment_name: alert.equipment_name.clone(),
        alerts: count,
        share: share(count, all),
        chattering: alert.chattering,
    };
    (top.into_iter().map(offender).collect(), share(of_top, all))
}

fn stale_of(open: &[Alert], now: Timestamp) -> (Vec<Standing>, u32) {
    let old = |alert: &&Alert| alert.active && now.since_ms(alert.last_triggered_at) > STALE_MS;
    let mut stale: Vec<&Alert> = open.iter().filter(old).collect();
    stale.sort_by_key(|alert| alert.last_triggered_at);
    let total = number(stale.len());
    let standing = |alert: &&Alert| Standing {
        id: alert.id,
        message: alert.message.clone(),
        said: alert.said.clone(),
        equipment_name: alert.equipment_name.clone(),
        level: alert.level,
        since: alert.last_triggered_at,
    };
    (stale.iter().take(TOP).map(standing).collect(), total)
}
