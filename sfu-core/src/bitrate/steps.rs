//! The steps in which slots climb their ladders, and the order in which they are taken.
//!
//! Everybody is given a lowest picture before anybody is given a better one; then a screen is made readable, who is pinned is
//! given all it wants, and the others climb together, a step each, whoever speaks first. Hidden slots have what is left.

use std::borrow::Cow;
use std::cmp::Reverse;

use crate::id::EncodingId;

use super::demand::{Attention, Content, Demand, Frames, Held, Layer, Rank, Visibility};
use super::layer_selector::select;
use super::{Rung, THINNINGS_MAX};

/// The height from which on the text of a screen can be read, pixels: of a full one at half its size.
const READABLE_HEIGHT: u16 = 720;

/// Which steps are taken first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// The first of a slot.
    Lowest,
    /// Of a screen, to where it can be read.
    Readable,
    /// Of who is pinned.
    Pinned,
    Further,
}

/// With what right a step is asked for, the better first. Where everything else is equal, nothing is taken away to be given to
/// somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Claim {
    /// It was given the last time.
    Held,
    /// The first of a slot that begins.
    First,
    Climb,
}

/// A step's place among all; of the same stage, level and rank those that are held, then the cheapest, so that most are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order {
    pub visibility: Reverse<Visibility>,
    pub stage: Stage,
    /// How many steps the slot has taken before.
    pub level: usize,
    pub rank: Reverse<Rank>,
    pub claim: Claim,
    /// What it costs beyond the step before.
    pub extra_bps: u64,
    pub slot: usize,
}

/// One slot's climb from one layer to the next.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub order: Order,
    /// Whose it is, among the demands.
    pub demand: usize,
    pub layer: Layer,
    /// What the slot costs after it: at least what it cost before, be the layer cheaper.
    pub bps: u64,
}

/// What a slot would get if there were bits for all: what [`select`] chooses of all that is not too high.
pub(super) fn aim(demand: &Demand<'_>, cap: Option<u16>) -> Option<Rung> {
    let allowed = match cap {
        None => Cow::Borrowed(demand.ladder),
        Some(_) => demand.ladder.iter().filter(|rung| is_allowed(rung, cap)).copied().collect(),
    };
    let chosen = select(&allowed, demand.wanted, demand.memory.aim)?;
    allowed.iter().find(|rung| rung.encoding == chosen).copied()
}

/// Appends the steps of one demand up to its aim, the first one first.
pub(super) fn push_steps(queue: &mut Vec<Step>, place: usize, demand: &Demand<'_>, aim: EncodingId, cap: Option<u16>) {
    let held = held(demand);
    let (mut level, mut bps_before, mut height_before) = (0, 0, 0);
    for (at, rung) in demand.ladder.iter().enumerate().filter(|(_, rung)| is_allowed(rung, cap)) {
        let is_last = rung.encoding == aim;
        for (frames, bps) in layers(rung, demand.rank.content, level, is_last).into_iter().flatten() {
            let bps = bps.max(bps_before);
            let claim = match held {
                Some(held) if held >= (at, frames) => Claim::Held,
                None if level == 0 && demand.memory.held != Held::Paused => Claim::First,
                _ => Claim::Climb,
            };
            let order = Order {
                visibility: Reverse(demand.rank.visibility),
                stage: stage(demand.rank, level, height_before),
                level,
                rank: Reverse(demand.rank),
                claim,
                extra_bps: bps - bps_before,
                slot: demand.slot,
            };
            queue.push(Step { order, demand: place, layer: Layer { encoding: rung.encoding, frames }, bps });
            level += 1;
            bps_before = bps;
            height_before = rung.height;
        }
        if is_last {
            return;
        }
    }
}

/// How a rung is climbed, with what each layer costs. A face is thinned before it is paused, and otherwise wants all frames: one
/// that moves in jerks is noticed before one that is less sharp. Of a screen the height comes before the frames.
fn layers(rung: &Rung, content: Content, level: usize, is_last: bool) -> [Option<(Frames, u64)>; THINNINGS_MAX + 1] {
    let is_thinned = |highest: u8| match content {
        Content::Camera => level == 0,
        Content::Screen => is_last || highest == 0,
    };
    let mut layers = [None; THINNINGS_MAX + 1];
    let thinned = rung.thinned_bps.iter().zip(0_u8..).map(|(bps, highest)| {
        bps.filter(|_| is_thinned(highest)).map(|bps| (Frames::UpTo(highest), bps.min(rung.bps)))
    });
    let has_base = rung.thinned_bps.first().is_some_and(Option::is_some);
    let is_whole = is_last || !has_base || content == Content::Camera;
    let whole = is_whole.then_some((Frames::All, rung.bps));
    layers.iter_mut().zip(thinned.chain([whole])).for_each(|(layer, found)| *layer = found);
    layers
}

fn stage(rank: Rank, level: usize, height_before: u16) -> Stage {
    match rank.content {
        _ if level == 0 => Stage::Lowest,
        Content::Screen if height_before < READABLE_HEIGHT => Stage::Readable,
        Content::Screen | Content::Camera if rank.attention == Attention::Pinned => Stage::Pinned,
        Content::Screen | Content::Camera => Stage::Further,
    }
}

/// How high the slot was the last time, by the rungs there are now.
fn held(demand: &Demand<'_>) -> Option<(usize, Frames)> {
    let Held::Layer(layer) = demand.memory.held else { return None };
    let at = demand.ladder.iter().position(|rung| rung.encoding == layer.encoding)?;
    Some((at, layer.frames))
}

fn is_allowed(rung: &Rung, cap: Option<u16>) -> bool {
    cap.is_none_or(|cap| rung.height <= cap)
}
