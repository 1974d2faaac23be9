//! What goes on of a picture while the key frame of a cheaper one is awaited: as many of its frames as what the slot was given
//! carries, from the next frame on.

use std::time::{Duration, Instant};

use crate::bitrate::{Frames, THINNINGS_MAX};
use crate::event::LimitedBy;
use crate::publish::Costs;

use super::allotment::Budget;
use super::media::Media;
use super::participant::AssignedSlot;

/// How long a picture that costs too much goes on all the same: the key frame is asked for at once, and again after as long.
const TOO_DEAR_MAX: Duration = Duration::from_millis(500);
/// How long a queue it may build up meanwhile in front of a link that carries less: it would delay everything behind it.
const QUEUE_MAX: Duration = Duration::from_millis(100);

impl AssignedSlot {
    /// Has what feeds the slot, while something else is awaited, cost no more than it was given: by fewer frames at once, and
    /// where even the fewest are too much, by none after a while.
    pub fn spare_what_is_left(&mut self, media: &Media, now: Instant, budget: Option<Budget>) {
        let left = self.slot.encoding().filter(|left| self.slot.target() != Some(*left));
        let Some(encoding) = left.and_then(|left| media.encodings.get(left)) else { return };
        let Some(budget) = budget else { return self.slot.set_frames_of_what_is_left(Frames::All) };
        let (frames, excess_bps) = spared(encoding.costs(), self.decided.rates().allotted_bps);
        self.slot.set_frames_of_what_is_left(frames);
        if excess_bps > 0 {
            self.slot.stop_what_is_left(now, patience(budget, excess_bps));
        }
    }
}

/// The most frames of an encoding that cost no more than `bps`, else the fewest; and how much more they cost, bit/s.
fn spared(costs: Costs, bps: u64) -> (Frames, u64) {
    let Some(whole_bps) = costs.bps.filter(|cost| *cost > bps) else { return (Frames::All, 0) };
    let limits = (0_u8..).take(THINNINGS_MAX);
    let thinned = limits.zip(costs.thinned_bps).filter_map(|(highest, cost)| Some((Frames::UpTo(highest), cost?)));
    let most = thinned.clone().filter(|(_, cost)| *cost <= bps).last();
    let (frames, cost) = most.or_else(|| thinned.clone().next()).unwrap_or((Frames::All, whole_bps));
    (frames, cost.saturating_sub(bps))
}

/// How long a picture may go on that costs `excess_bps` more than it was given, while another is awaited.
fn patience(budget: Budget, excess_bps: u64) -> Duration {
    match budget.by {
        LimitedBy::Link => {
            let queue_us = u64::try_from(QUEUE_MAX.as_micros()).unwrap_or(u64::MAX);
            let us = queue_us.saturating_mul(budget.bps).checked_div(excess_bps);
            us.map_or(TOO_DEAR_MAX, Duration::from_micros).min(TOO_DEAR_MAX)
        }
        LimitedBy::Cap | LimitedBy::RoomCap | LimitedBy::HeightCap => TOO_DEAR_MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_frames_go_on_as_fit_and_the_fewest_where_none_do() {
        let costs = Costs { bps: Some(1_000), thinned_bps: [Some(400), Some(600), None] };
        let spared = |bps| spared(costs, bps);
        assert_eq!(spared(1_000), (Frames::All, 0));
        assert_eq!(spared(999), (Frames::UpTo(1), 0));
        assert_eq!(spared(599), (Frames::BASE, 0));
        assert_eq!(spared(390), (Frames::BASE, 10));
    }

    #[test]
    fn what_cannot_be_thinned_goes_on_whole() {
        let costs = Costs { bps: Some(1_000), thinned_bps: [None; THINNINGS_MAX] };
        assert_eq!(spared(costs, 999), (Frames::All, 1));
        assert_eq!(spared(Costs::default(), 0), (Frames::All, 0), "nobody knows what it costs");
    }
}
