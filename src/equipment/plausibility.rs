//! Who is believed: each polled device proves itself by physics, and what it shows is stored as
//! bad while it does not.
//!
//! After a restart every device proves itself anew; what a person decided stays.

use super::device_plan::DevicePlan;
use super::physics::{Code, Finding, Proof, State};
use crate::base::{EquipmentId, Quality, Reading, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use utoipa::ToSchema;

/// A person's word that a device is right in spite of what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Belief {
    /// The findings that he looked into; a new one is not covered.
    pub codes: Vec<Code>,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// How far a device has proved itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Plausibility {
    /// What its values say.
    pub state: State,
    /// Whether its readings are believed: it is not suspect, or a person stands for it.
    pub believed: bool,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// The person's word, if there is one.
    pub belief: Option<Belief>,
}

/// The proofs of every polled device.
#[derive(Debug, Default)]
pub struct Watch {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    wanted: HashSet<EquipmentId>,
    proofs: HashMap<EquipmentId, Proof>,
    beliefs: HashMap<EquipmentId, Belief>,
}

impl Known {
    fn excused(&self, id: EquipmentId) -> &[Code] {
        self.beliefs.get(&id).map_or(&[], |belief| &belief.codes)
    }
}

impl Watch {
    /// Takes what a poll brought, and marks what is not to be believed. `values` and `readings`
    /// are in the order of the plan's registers.
    pub(super) fn judge(
        &self,
        id: EquipmentId,
        plan: &DevicePlan,
        at: Timestamp,
        values: &[Option<f64>],
        readings: &mut [Reading],
    ) {
        if values.len() != readings.len() {
            // The device was not asked: nothing was shown.
            return;
        }
        let mut known = self.lock();
        let registers = plan.reads.registers();
        let proof = known
            .proofs
            .entry(id)
            .or_insert_with(|| Proof::new(registers));
        if !proof.is_of(registers) {
            *proof = Proof::new(registers);
        }
        proof.take(at, values);
        let known = &*known;
        let Some(proof) = known.proofs.get(&id) else {
            return;
        };
        for index in proof.doubted(known.excused(id)) {
            let reading = &mut readings[index];
            if reading.value.is_some() {
                reading.quality = Quality::Bad;
            }
        }
    }

    /// Forgets every device that is not polled any more.
    pub(super) fn keep(&self, wanted: &HashSet<EquipmentId>) {
        let mut known = self.lock();
        known.proofs.retain(|id, _| wanted.contains(id));
        known.wanted.clone_from(wanted);
    }

    /// Sets or takes back a person's word.
    pub(super) fn believe(&self, id: EquipmentId, belief: Option<Belief>) {
        let mut known = self.lock();
        match belief {
            Some(belief) => known.beliefs.insert(id, belief),
            None => known.beliefs.remove(&id),
        };
    }

    /// How far a device has proved itself; unknown for one that is not polled.
    #[must_use]
    pub fn of(&self, id: EquipmentId) -> Plausibility {
        let known = self.lock();
        let belief = known.beliefs.get(&id).cloned();
        let Some(proof) = known.proofs.get(&id) else {
            let state = match known.wanted.contains(&id) {
                true => State::Proving,
                false => State::Unknown,
            };
            return Plausibility {
                state,
                believed: true,
                belief,
                ..Plausibility::default()
            };
        };
        let excused = known.excused(id);
        Plausibility {
            state: proof.state(),
            believed: proof.findings().all(|f| excused.contains(&f.code)),
            findings: proof.findings().cloned().collect(),
            belief,
        }
    }

    /// A panic elsewhere leaves proofs behind that the next look corrects.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
