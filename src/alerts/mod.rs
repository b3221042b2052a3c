//! What people have to act on: rules, the life of an alert, storms.
//!
//! Promises: an alert is on disk with the readings that made it, or neither is; one is open per
//! condition, whatever repeats; nothing is forgotten by a restart; an alert that another one
//! stands for is kept and counted, not dropped. Will not do: tell anybody outside (`heard` hands
//! that on), or decide who may do what.

mod act;
mod appliance;
mod aside;
mod beat;
mod book;
mod carried;
mod condition;
mod demand;
mod draft;
mod drift;
mod engine;
mod evaluate;
mod facts;
mod filter;
mod fold;
mod health;
mod heard;
mod index;
mod plant;
mod probe;
mod quality;
mod readings;
mod record;
mod rehearse;
mod replay;
mod report;
mod rule;
mod rules;
mod schedule;
mod service;
mod set_back;
#[cfg(test)]
mod silence_tests;
mod slot;
mod sorted;
mod state;
mod template;
mod usual;
mod watch;
#[cfg(test)]
mod week;
#[cfg(test)]
mod whole_week;
#[cfg(test)]
mod whole_week_model;
#[cfg(test)]
mod whole_week_story;
mod words;

pub use act::{Acknowledgement, Shelving};
pub use appliance::Vitals;
pub use aside::Aside;
pub use carried::{CarriedRule, carried_rules, take_rules_over};
pub use condition::{Comparison, Condition, Operator, Term, WindowFunction};
pub use demand::DemandDanger;
pub use drift::Drifting;
pub use facts::CELL;
pub use filter::{Filter, Sort, Status};
pub use health::{AskForAnswers, AskForDueWork, AskForFailedReports, AskForStuckOutlets, Served};
pub use heard::{Heard, Listener, Occasion, What};
pub use quality::Quality;
pub use record::{Alert, Source, Transition};
pub use rehearse::{Rehearsal, Rehearse};
pub use report::{Finding, Raised, Report};
pub use rule::{NewRule, Rule, Step};
pub use schedule::Schedule;
pub use service::{Alerts, Listed, Paging};
pub use state::AlertState;
pub use template::{RuleWords, Template};
pub use watch::{Finds, Found, watch};
