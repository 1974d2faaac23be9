//! Additive or multiplicative increase, multiplicative decrease (draft-ietf-rmcat-gcc-02 §5.5), with what it lacks: growth ends
//! at what was shown to arrive, and a queue that stands is drained.
//!
//! Invariant: the rate is within its bounds, whatever it is told.

use super::rates::{SECOND_US, share};

/// Growth far from where the link was last full, thousandths a second.
const GROWTH: u64 = 80;
/// A packet, bits: one more for each response time near where the link was last full.
const PACKET_BITS: u64 = 9_600;
/// How long the effect of a change takes beyond a round trip, µs: the receiver's feedback interval.
const RESPONSE_US: u64 = 100_000;
/// Thousandths of what arrives that are sent after overuse.
const DECREASE: u64 = 850;
/// A queue above which less is sent, to drain it, and how many thousandths less for each ms.
const DRAIN_FROM_US: u64 = 100_000;
const DRAIN_PER_MS: u64 = 1;
const DRAIN_MAX: u64 = 400;
/// A queue so short is drained, µs; thousandths of the link that are sent then.
const DRAINED_US: u64 = 20_000;
const AFTER_DRAINING: u64 = 900;
/// A queue that a key frame makes on a link that carries the rest, µs: nobody wants a smaller picture for it.
const SHORT_QUEUE_US: u64 = 250_000;
/// Thousandths of what arrives beyond which nothing grows by itself, and a constant, so that hardly anything is not nothing.
const CLAMP: u64 = 1_500;
const CLAMP_EXTRA_BPS: u64 = 10_000;
/// Thousandths of what filled the link last between which growth is careful; what arrives above it has shown that there is more.
const NEAR: (u64, u64) = (850, 1_150);
/// A longer time between two updates counts as so much, µs.
const STEP_MAX_US: u64 = SECOND_US;

/// What a rate may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub min_bps: u64,
    pub max_bps: u64,
}

impl Bounds {
    pub fn clamp(self, bps: u64) -> u64 {
        bps.min(self.max_bps).max(self.min_bps)
    }
}

/// The rate, and what is remembered of the link.
#[derive(Debug)]
pub struct RateControl {
    bps: u64,
    /// What arrived when the link was full last.
    capacity_bps: Option<u64>,
    /// Sent less than the link holds, until its queue is drained.
    draining: bool,
    last_update_us: u64,
    last_decrease_us: Option<u64>,
    round_trip_us: u64,
}

impl RateControl {
    pub fn new(now_us: u64, start_bps: u64) -> Self {
        Self {
            bps: start_bps,
            capacity_bps: None,
            draining: false,
            last_update_us: now_us,
            last_decrease_us: None,
            round_trip_us: 100_000,
        }
    }

    pub fn bps(&self) -> u64 {
        self.bps
    }

    pub fn set_round_trip(&mut self, round_trip_us: u64) {
        self.round_trip_us = round_trip_us.clamp(1_000, SECOND_US);
    }

    /// How long the effect of a change takes to be seen, µs.
    pub fn response_us(&self) -> u64 {
        self.round_trip_us + RESPONSE_US
    }

    /// When the rate was lowered last.
    pub fn last_decrease_us(&self) -> Option<u64> {
        self.last_decrease_us
    }

    /// The link has room: a little more, but no more than what arrives shows.
    pub fn grow(&mut self, now_us: u64, arriving_bps: Option<u64>, bounds: Bounds) {
        let step_us = now_us.saturating_sub(self.last_update_us).min(STEP_MAX_US);
        self.last_update_us = now_us;
        let Some(arriving) = arriving_bps else { return };
        if self.capacity_bps.is_some_and(|capacity| arriving > share(capacity, NEAR.1)) {
            self.capacity_bps = None;
        }
        let near = self.capacity_bps.is_some_and(|capacity| self.bps > share(capacity, NEAR.0));
        let steady = share(self.bps, GROWTH).max(1_000);
        let per_second = if near { steady.min(PACKET_BITS * SECOND_US / self.response_us()) } else { steady };
        let grown = self.bps.saturating_add(per_second.saturating_mul(step_us) / SECOND_US);
        let shown = share(arriving, CLAMP).saturating_add(CLAMP_EXTRA_BPS);
        self.bps = bounds.clamp(grown.min(shown).max(self.bps));
    }

    /// Nothing changes.
    pub fn hold(&mut self, now_us: u64) {
        self.last_update_us = now_us;
    }

    /// The link holds no more than what arrives now, and so much of it waits.
    pub fn decrease(&mut self, now_us: u64, arriving_bps: u64, queue_us: u64, bounds: Bounds) -> bool {
        let soon = self.last_decrease_us.is_some_and(|last| now_us.saturating_sub(last) < self.response_us());
        if soon && arriving_bps >= self.bps / 2 {
            return false;
        }
        let drain = (queue_us.saturating_sub(DRAIN_FROM_US) / 1_000 * DRAIN_PER_MS).min(DRAIN_MAX);
        let target = share(arriving_bps, DECREASE - drain);
        if target >= self.bps {
            return false;
        }
        self.capacity_bps = Some(arriving_bps);
        self.draining = true;
        self.lower_to(now_us, target, bounds);
        true
    }

    /// What the link was seen to carry: less is sent while its queue drains, and where that is short nothing smaller need be chosen for it.
    pub fn carries_bps(&self, queue_us: u64) -> u64 {
        let held = self.capacity_bps.filter(|_| self.draining && queue_us < SHORT_QUEUE_US);
        held.map_or(self.bps, |capacity| self.bps.max(share(capacity, AFTER_DRAINING)))
    }

    /// Lowers it for another reason.
    pub fn lower_to(&mut self, now_us: u64, bps: u64, bounds: Bounds) {
        self.bps = bounds.clamp(bps.min(self.bps));
        self.last_decrease_us = Some(now_us);
        self.last_update_us = now_us;
    }

    /// Raises it to what was measured.
    pub fn raise_to(&mut self, now_us: u64, bps: u64, bounds: Bounds) {
        self.bps = bounds.clamp(bps.max(self.bps));
        if self.capacity_bps.is_some_and(|capacity| bps > share(capacity, NEAR.1)) {
            self.capacity_bps = None;
        }
        self.last_update_us = now_us;
    }

    /// When the queue of an overuse is drained, what the link was seen to hold is sent again, nearly.
    pub fn note_queue(&mut self, queue_us: u64, bounds: Bounds) {
        if self.draining && queue_us < DRAINED_US {
            self.draining = false;
            let held = self.capacity_bps.map_or(0, |capacity| share(capacity, AFTER_DRAINING));
            self.bps = bounds.clamp(self.bps.max(held));
        }
    }

    /// Other bounds.
    pub fn bound(&mut self, bounds: Bounds) {
        self.bps = bounds.clamp(self.bps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { min_bps: 50_000, max_bps: 10_000_000 };

    /// So many seconds of feedback each 100 ms.
    fn grown(control: &mut RateControl, from_s: u64, seconds: u64, arriving: impl Fn(u64) -> u64) {
        for step in 0..seconds * 10 {
            let arriving = arriving(control.bps());
            control.grow(from_s * SECOND_US + step * 100_000, Some(arriving), BOUNDS);
        }
    }

    #[test]
    fn it_grows_by_eight_percent_a_second() {
        let mut control = RateControl::new(0, 1_000_000);
        grown(&mut control, 0, 10, |bps| bps);
        assert!((2_000_000..2_250_000).contains(&control.bps()), "{}", control.bps());
    }

    #[test]
    fn growth_ends_at_what_arrives_and_a_half() {
        let mut control = RateControl::new(0, 200_000);
        grown(&mut control, 0, 60, |_| 200_000);
        assert_eq!(control.bps(), 310_000);
        grown(&mut control, 60, 10, |_| 50_000);
        assert_eq!(control.bps(), 310_000, "nor is it taken back");
    }

    #[test]
    fn overuse_lowers_it_to_a_share_of_what_arrives_and_drains_the_queue() {
        let mut control = RateControl::new(0, 3_000_000);
        assert!(control.decrease(0, 300_000, 0, BOUNDS));
        assert_eq!(control.bps(), 255_000);
        let mut control = RateControl::new(0, 3_000_000);
        control.decrease(0, 300_000, 400_000, BOUNDS);
        assert_eq!(control.bps(), 165_000);
        control.note_queue(100_000, BOUNDS);
        assert_eq!(control.bps(), 165_000);
        control.note_queue(10_000, BOUNDS);
        assert_eq!(control.bps(), 270_000);
    }

    #[test]
    fn a_change_is_given_time_to_be_seen() {
        let mut control = RateControl::new(0, 1_000_000);
        assert!(control.decrease(0, 900_000, 0, BOUNDS));
        assert!(!control.decrease(100_000, 700_000, 0, BOUNDS));
        assert!(control.decrease(100_000, 300_000, 0, BOUNDS), "but not where it is far off");
        assert!(control.decrease(400_000, 250_000, 0, BOUNDS));
    }

    #[test]
    fn near_a_full_link_it_grows_by_a_packet_for_each_response() {
        let mut control = RateControl::new(0, 6_000_000);
        control.decrease(0, 5_000_000, 0, BOUNDS);
        control.note_queue(0, BOUNDS);
        let before = control.bps();
        grown(&mut control, 0, 2, |bps| bps);
        assert!(control.bps() - before < 110_000, "{}", control.bps() - before);
    }

    #[test]
    fn bounds_hold() {
        let mut control = RateControl::new(0, 1_000_000);
        control.lower_to(0, 0, BOUNDS);
        assert_eq!(control.bps(), 50_000);
        control.raise_to(0, u64::MAX, BOUNDS);
        assert_eq!(control.bps(), 10_000_000);
        control.bound(Bounds { min_bps: 50_000, max_bps: 20_000 });
        assert_eq!(control.bps(), 50_000);
    }
}
