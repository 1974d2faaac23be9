//! The chance in a link. Each effect has a generator of its own, so that changing one moves no draw of another.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::spec::{LinkSpec, Loss, Order};

/// How many times its half-width a delay that keeps order takes from one drawn value to the next. Above 2, or a falling
/// delay would let datagrams overtake; a higher value is a tamer link.
const WANDER_PERIODS: u32 = 3;
/// After so long without datagrams the delay starts from where it is.
const CATCH_UP_MAX: u32 = 8;

/// All draws of one link.
#[derive(Debug)]
pub struct Dice {
    loss: StdRng,
    bad: bool,
    jitter: StdRng,
    wander: Option<Wander>,
    reorder: StdRng,
    duplicate: StdRng,
}

/// A value between 0 and 1 on its way from one draw to the next.
#[derive(Clone, Copy, Debug)]
struct Wander {
    from: f64,
    to: f64,
    since: Instant,
}

impl Dice {
    pub fn new(seed: u64) -> Self {
        let random = |effect: u64| StdRng::seed_from_u64(seed.wrapping_mul(4).wrapping_add(effect));
        Self { loss: random(0), bad: false, jitter: random(1), wander: None, reorder: random(2), duplicate: random(3) }
    }

    /// Whether the next datagram is lost.
    pub fn loses(&mut self, loss: &Loss) -> bool {
        let leaves = if self.bad { loss.bad_to_good } else { loss.good_to_bad };
        self.bad ^= leaves.happens(&mut self.loss);
        let share = if self.bad { loss.in_bad } else { loss.in_good };
        share.happens(&mut self.loss)
    }

    /// How long the datagram that leaves the queue at `now` is on its way.
    pub fn delay(&mut self, spec: &LinkSpec, now: Instant) -> Duration {
        let LinkSpec { delay, jitter, order, .. } = *spec;
        if jitter.is_zero() {
            return delay;
        }
        let place = match order {
            Order::Free => self.jitter.random(),
            Order::Kept => self.wandered(jitter * WANDER_PERIODS, now),
        };
        delay.saturating_sub(jitter) + (jitter * 2).mul_f64(place)
    }

    pub fn holds_back(&mut self, spec: &LinkSpec) -> bool {
        spec.reorder.share.happens(&mut self.reorder)
    }

    pub fn duplicates(&mut self, spec: &LinkSpec) -> bool {
        spec.duplicate.happens(&mut self.duplicate)
    }

    fn wandered(&mut self, period: Duration, now: Instant) -> f64 {
        let mut wander = match self.wander {
            Some(wander) => wander,
            None => Wander { from: self.jitter.random(), to: self.jitter.random(), since: now },
        };
        for _ in 0..CATCH_UP_MAX {
            if now.saturating_duration_since(wander.since) < period {
                break;
            }
            wander = Wander { from: wander.to, to: self.jitter.random(), since: wander.since + period };
        }
        let mut way = now.saturating_duration_since(wander.since);
        if way >= period {
            wander.since = now;
            way = Duration::ZERO;
        }
        self.wander = Some(wander);
        wander.from + (wander.to - wander.from) * way.div_duration_f64(period)
    }
}
