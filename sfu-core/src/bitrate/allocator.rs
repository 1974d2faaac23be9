//! Who gets what of a budget: sounds first, then steps of pictures in one total order, each taken if it still fits.
//!
//! Why steps in an order, and not the best sum of all: it can be told in one sentence why somebody has less than somebody else,
//! and a few bits more or less change the last steps, never all of them.
//!
//! Invariants: the layers given never cost more than the budget leaves; a larger budget takes the same steps up to the first
//! that it has room for and the smaller had not; the same inputs with what came out of them remembered give the same again.

use super::demand::{Constraint, Demand, Given, Grant, Limit};
use super::layer_selector::{self, Wanted};
use super::steps::{self, Claim, Order, Step};

/// Percent over all that is given, sounds included, that must be there for a step up. Measured costs tremble by a tenth around
/// a keyframe, and estimates of a link do as well: what is given is held without it, so that neither takes it away again.
const RESERVE_PERCENT: u64 = 10;

/// What is to be divided, and among whom.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// All that the viewer may be sent, bit/s: the least of its link's estimate and its caps; `None`: unlimited.
    pub budget_bps: Option<u64>,
    /// What its sounds cost, bit/s; they are sent whatever happens.
    pub audio_bps: u64,
    /// The highest pictures that it may be sent, pixels.
    pub video_max_height: Option<u16>,
    /// Whether anything but the first picture of a slot may become better than it was the last time.
    pub may_climb: bool,
    pub demands: &'a [Demand<'a>],
}

/// Who gets what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// In the order of the demands.
    pub grants: Vec<Grant>,
    /// What all of it costs, bit/s, sounds included.
    pub spent_bps: u64,
    /// With how much every slot would get what it wants, bit/s, sounds and reserve included.
    pub wanted_bps: u64,
}

/// What is left for pictures.
#[derive(Debug, Clone, Copy)]
struct Budget {
    total_bps: u64,
    audio_bps: u64,
    may_climb: bool,
}

/// How far a demand has come.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    given: Option<Step>,
    refused: Option<Limit>,
}

/// Divides a budget. Pure: the order of the demands, and what was asked before, change nothing.
pub fn allocate(inputs: &Inputs<'_>) -> Allocation {
    let cap = inputs.video_max_height;
    let aims: Vec<_> = inputs.demands.iter().map(|demand| steps::aim(demand, cap)).collect();
    let mut queue = Vec::new();
    let mut wanted_bps = inputs.audio_bps;
    for (place, (demand, aim)) in inputs.demands.iter().zip(&aims).enumerate() {
        let Some(aim) = aim else { continue };
        let before = queue.len();
        steps::push_steps(&mut queue, place, demand, aim.encoding, cap);
        let whole = queue.get(before..).and_then(<[Step]>::last).map_or(0, |step| step.bps);
        wanted_bps = wanted_bps.saturating_add(whole);
    }
    queue.sort_by_key(|step| step.order);
    let budget = inputs.budget_bps.map(|total_bps| Budget {
        total_bps,
        audio_bps: inputs.audio_bps,
        may_climb: inputs.may_climb,
    });
    let (progress, video_bps) = take(&queue, inputs.demands.len(), budget);
    let grant = |((demand, aim), progress): ((&Demand<'_>, &Option<_>), &Progress)| grant(demand, *aim, progress, cap);
    Allocation {
        grants: inputs.demands.iter().zip(&aims).zip(&progress).map(grant).collect(),
        spent_bps: inputs.audio_bps.saturating_add(video_bps),
        wanted_bps: with_reserve(wanted_bps),
    }
}

/// Takes each step of the queue that fits, and what they cost together. Who is refused a step takes no further ones.
fn take(queue: &[Step], demands: usize, budget: Option<Budget>) -> (Vec<Progress>, u64) {
    let mut all = vec![Progress::default(); demands];
    let mut spent = 0_u64;
    for step in queue {
        let Some(progress) = all.get_mut(step.demand).filter(|progress| progress.refused.is_none()) else { continue };
        let before = progress.given.map_or(0, |given| given.bps);
        let after = spent.saturating_sub(before).saturating_add(step.bps);
        progress.refused = budget.and_then(|budget| budget.refusal(after, &step.order));
        if progress.refused.is_none() {
            progress.given = Some(*step);
            spent = after;
        }
    }
    (all, spent)
}

impl Budget {
    /// Why pictures of `video_bps` together are too many, if they are.
    fn refusal(&self, video_bps: u64, order: &Order) -> Option<Limit> {
        let all = self.audio_bps.saturating_add(video_bps);
        let needed = match order.claim {
            Claim::Held | Claim::First => all,
            Claim::Climb => with_reserve(all),
        };
        let constraint = match self.total_bps {
            total if self.audio_bps > total => Constraint::Audio,
            total if all > total => Constraint::Budget,
            total if needed > total => Constraint::Reserve,
            _ if !self.may_climb && order.claim == Claim::Climb && order.level > 0 => Constraint::Reserve,
            _ => return None,
        };
        Some(Limit { constraint, missing_bps: needed.saturating_sub(self.total_bps) })
    }
}

fn with_reserve(bps: u64) -> u64 {
    bps.saturating_add(bps.saturating_mul(RESERVE_PERCENT).div_ceil(100))
}

fn grant(demand: &Demand<'_>, aim: Option<super::Rung>, progress: &Progress, cap: Option<u16>) -> Grant {
    let given = match progress.given {
        Some(step) => Given::Layer { layer: step.layer, bps: step.bps },
        None if demand.ladder.is_empty() => Given::Nothing,
        None => Given::Paused,
    };
    let limit = progress.refused.or_else(|| beyond_bits(demand, aim, cap));
    Grant { given, aim: aim.map(|rung| rung.encoding), limit }
}

/// Why a slot that is given what it aims at has no more than that.
fn beyond_bits(demand: &Demand<'_>, aim: Option<super::Rung>, cap: Option<u16>) -> Option<Limit> {
    let height = aim.map_or(0, |rung| rung.height);
    let is_cut = |rung: &super::Rung| cap.is_some_and(|cap| rung.height > cap) && rung.height > height;
    let is_capped = demand.ladder.iter().any(is_cut);
    let is_enough = aim.is_some() && layer_selector::is_enough(height, demand.wanted);
    let constraint = match demand.wanted {
        Wanted::Highest if is_capped => Constraint::Height,
        Wanted::Highest => return None,
        Wanted::Height(_) if is_enough || demand.ladder.is_empty() => return None,
        Wanted::Height(_) if is_capped => Constraint::Height,
        Wanted::Height(_) => Constraint::Publisher,
    };
    Some(Limit { constraint, missing_bps: 0 })
}
