//! What it would take that a slot gets more: the answer to "and how much is missing?".

use crate::id::EncodingId;

use super::allocator::{Inputs, allocate};
use super::demand::{Demand, Frames, Given, Grant};

/// How often a larger budget is tried. Each try passes what the one before was refused for; those who wait before a slot are
/// few, or it is the whole room that lacks bits.
const TRIES_MAX: usize = 32;

/// How much more budget would give the demand at this place its next step, bit/s, whoever is served before it; `None`: bits are
/// not what it lacks. Enough for sure, and the least that a few tries find.
pub fn lift(inputs: &Inputs<'_>, place: usize) -> Option<u64> {
    let (budget, demand) = (inputs.budget_bps?, inputs.demands.get(place)?);
    let now = allocate(inputs);
    let all = now.wanted_bps.saturating_sub(budget);
    let grant = now.grants.get(place)?;
    let mut extra = grant.limit.map(|limit| limit.missing_bps).filter(|missing| *missing > 0)?;
    for _ in 0..TRIES_MAX {
        let more = Inputs { budget_bps: Some(budget.saturating_add(extra)), ..*inputs };
        let then = *allocate(&more).grants.get(place)?;
        if height(demand, &then) > height(demand, grant) {
            return Some(extra);
        }
        extra = extra.saturating_add(then.limit.map_or(all, |limit| limit.missing_bps)).min(all);
    }
    Some(all)
}

/// How far up its ladder a grant is.
fn height(demand: &Demand<'_>, grant: &Grant) -> Option<(usize, Frames)> {
    let place = |encoding: EncodingId| demand.ladder.iter().position(|rung| rung.encoding == encoding);
    match grant.given {
        Given::Layer { layer, .. } => Some((place(layer.encoding)?, layer.frames)),
        Given::Nothing | Given::Paused => None,
    }
}
