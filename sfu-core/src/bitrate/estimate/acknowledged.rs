//! The rate at which packets arrive, by the receiver's clock.

use std::collections::VecDeque;

use super::rates::rate_of;

/// Arrivals within this time are one point, µs.
const POINT_US: i64 = 10_000;
/// Points kept: more than half a second.
const POINTS_MAX: usize = 64;
/// The window for steady decisions, µs: fifteen frames, so that one large frame does not move it much.
const LONG_US: i64 = 500_000;
/// The window for what the link gives while packets queue in front of it, µs: they leave it evenly then.
const SHORT_US: i64 = 200_000;
/// Points that a rate is made of at least.
const POINTS_MIN: usize = 5;
/// What is so much earlier than the last arrival is of another clock, µs.
const BACK_MAX_US: i64 = 1_000_000;

/// Arrivals of the last half second.
#[derive(Debug)]
pub struct Acknowledged {
    /// When, and how many bytes until then, from any time on. Only what the longer window holds is kept, so that its two ends are
    /// all that a rate must look at.
    points: VecDeque<(i64, u64)>,
}

impl Default for Acknowledged {
    fn default() -> Self {
        Self { points: VecDeque::with_capacity(POINTS_MAX) }
    }
}

impl Acknowledged {
    /// Takes a packet that arrived.
    pub fn add(&mut self, arrival_us: i64, bytes: u32) {
        let mut total = 0;
        if let Some((last_us, sum)) = self.points.back_mut() {
            let after = arrival_us.saturating_sub(*last_us);
            if after < -BACK_MAX_US {
                self.points.clear();
            } else if after < POINT_US {
                *sum = sum.wrapping_add(u64::from(bytes));
                return;
            } else {
                total = *sum;
            }
        }
        let is_old = |(at_us, _): &(i64, u64)| arrival_us.saturating_sub(*at_us) > LONG_US;
        while self.points.len() == POINTS_MAX
            || (self.points.len() >= POINTS_MIN && self.points.front().is_some_and(is_old))
        {
            self.points.pop_front();
        }
        self.points.push_back((arrival_us, total.wrapping_add(u64::from(bytes))));
    }

    /// Over half a second, bit/s; `None` while little has arrived.
    pub fn steady_bps(&self) -> Option<u64> {
        self.since(*self.points.front()?)
    }

    /// Over a fifth of a second, bit/s: what the link gives, if a queue stands in front of it.
    pub fn latest_bps(&self) -> Option<u64> {
        let (newest_us, _) = *self.points.back()?;
        let is_recent = |(at_us, _): &&(i64, u64)| newest_us.saturating_sub(*at_us) <= SHORT_US;
        let recent = self.points.iter().rev().take_while(is_recent).count().max(POINTS_MIN);
        self.since(*self.points.get(self.points.len().checked_sub(recent)?)?)
    }

    /// The clocks have no more to do with each other.
    pub fn reset(&mut self) {
        self.points.clear();
    }

    /// What came after a point, by the time that it took.
    fn since(&self, (from_us, from): (i64, u64)) -> Option<u64> {
        let (to_us, to) = *self.points.back()?;
        let span_us = u64::try_from(to_us.saturating_sub(from_us)).ok()?;
        (self.points.len() >= POINTS_MIN).then(|| rate_of(to.wrapping_sub(from), span_us)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(it: &mut Acknowledged, from_us: i64, count: i64, packets: i64, gap_us: i64) {
        for frame in 0..count {
            for packet in 0..packets {
                it.add(from_us + frame * 33_333 + packet * gap_us, 1_000);
            }
        }
    }

    fn near(bps: Option<u64>, expected: u64) -> bool {
        bps.is_some_and(|bps| bps.abs_diff(expected) < expected / 20)
    }

    #[test]
    fn bursts_of_frames_make_an_even_rate() {
        let mut it = Acknowledged::default();
        frames(&mut it, 0, 60, 10, 100);
        assert!(near(it.steady_bps(), 2_400_000), "{:?}", it.steady_bps());
        assert!(near(it.latest_bps(), 2_400_000), "{:?}", it.latest_bps());
    }

    #[test]
    fn a_fall_is_seen_in_a_fifth_of_a_second() {
        let mut it = Acknowledged::default();
        frames(&mut it, 0, 60, 10, 100);
        for packet in 0..10 {
            it.add(2_000_000 + packet * 26_667, 1_000);
        }
        assert!(near(it.latest_bps(), 300_000), "{:?}", it.latest_bps());
        assert!(it.steady_bps() > Some(400_000));
    }

    #[test]
    fn few_packets_are_no_rate() {
        let mut it = Acknowledged::default();
        frames(&mut it, 0, 2, 2, 100);
        assert_eq!(it.steady_bps(), None);
    }

    #[test]
    fn a_clock_that_leaps_begins_anew() {
        let mut it = Acknowledged::default();
        frames(&mut it, 0, 60, 10, 100);
        frames(&mut it, -900_000_000, 20, 10, 100);
        assert!(near(it.steady_bps(), 2_400_000), "{:?}", it.steady_bps());
        it.add(i64::MAX, 1_000);
        it.add(i64::MIN, 1_000);
    }
}
