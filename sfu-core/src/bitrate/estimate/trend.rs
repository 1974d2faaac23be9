//! Whether the way gets longer: a line through the last delays, held against a threshold that adapts
//! (draft-ietf-rmcat-gcc-02 §5.3 and §5.4; a line in place of the Kalman filter, as browsers have it since 2016).

use std::collections::VecDeque;

use super::bursts::Burst;

/// Bursts in the line.
const WINDOW: usize = 20;
/// How much of the smoothed delay a new one leaves.
const SMOOTHING: f64 = 0.9;
/// Points closer together make no line, ms²; far more than rounding leaves.
const SPREAD_MIN: f64 = 0.01;
/// Scales the line's slope, with the number of bursts up to `COUNT_MAX`, to what the threshold is made for.
const GAIN: f64 = 4.0;
const COUNT_MAX: u32 = 60;
/// The threshold at first and its bounds, ms.
const THRESHOLD: f64 = 12.5;
const THRESHOLD_RANGE: (f64, f64) = (6.0, 600.0);
/// How fast the threshold rises and falls, per ms (§5.4).
const GAIN_UP: f64 = 0.0087;
const GAIN_DOWN: f64 = 0.039;
/// What is further from the threshold is an exception that it does not follow, ms.
const EXCEPTION: f64 = 15.0;
/// The longest time between two updates of the threshold that counts, ms.
const STEP_MAX_MS: f64 = 100.0;
/// How long the slope must be above it, ms.
const OVERUSE_MS: f64 = 10.0;

/// What the delays say of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Usage {
    #[default]
    Normal,
    /// The queue grows.
    Over,
    /// The queue drains.
    Under,
}

/// The line and its threshold.
#[derive(Debug)]
pub struct Trend {
    last: Option<Burst>,
    first_arrival_us: i64,
    count: u32,
    accumulated_ms: f64,
    smoothed_ms: f64,
    /// When they arrived, and their smoothed delay; ms.
    points: VecDeque<(f64, f64)>,
    sums: Sums,
    threshold: f64,
    before: f64,
    over_ms: f64,
    over_count: u32,
    usage: Usage,
}

impl Default for Trend {
    fn default() -> Self {
        Self {
            last: None,
            first_arrival_us: 0,
            count: 0,
            accumulated_ms: 0.0,
            smoothed_ms: 0.0,
            points: VecDeque::with_capacity(WINDOW),
            sums: Sums::default(),
            threshold: THRESHOLD,
            before: 0.0,
            over_ms: 0.0,
            over_count: 0,
            usage: Usage::Normal,
        }
    }
}

impl Trend {
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// Takes a burst, later than those before.
    pub fn add(&mut self, burst: Burst) {
        let Some(last) = self.last.replace(burst) else {
            self.first_arrival_us = burst.arrival_us;
            return;
        };
        let delta_ms = milliseconds(burst.way_us.saturating_sub(last.way_us));
        let sent_ms =
            milliseconds(i64::try_from(burst.first_sent_us.saturating_sub(last.first_sent_us)).unwrap_or(i64::MAX));
        self.count = (self.count + 1).min(COUNT_MAX);
        self.accumulated_ms += delta_ms;
        self.smoothed_ms = SMOOTHING * self.smoothed_ms + (1.0 - SMOOTHING) * self.accumulated_ms;
        if self.points.len() == WINDOW
            && let Some(oldest) = self.points.pop_front()
        {
            self.sums.add(oldest, -1.0);
        }
        let arrival_ms = milliseconds(burst.arrival_us.saturating_sub(self.first_arrival_us));
        let newest = (arrival_ms, self.smoothed_ms);
        self.points.push_back(newest);
        self.sums.add(newest, 1.0);
        let is_whole = self.points.len() == WINDOW;
        let slope = if is_whole { self.sums.slope().unwrap_or(self.before) } else { 0.0 };
        self.judge(slope, sent_ms);
        self.rebase(burst.arrival_us);
    }

    /// The clocks have no more to do with each other.
    pub fn reset(&mut self) {
        *self = Self { threshold: self.threshold, ..Self::default() };
    }

    /// Keeps the numbers small, however long the meeting.
    fn rebase(&mut self, arrival_us: i64) {
        if arrival_us.saturating_sub(self.first_arrival_us) < 60_000_000 {
            return;
        }
        let (by_us, by_ms) = (60_000_000, 60_000.0);
        self.first_arrival_us = self.first_arrival_us.saturating_add(by_us);
        self.sums = Sums::default();
        for (at, delay) in &mut self.points {
            *at -= by_ms;
            self.sums.add((*at, *delay), 1.0);
        }
    }

    fn judge(&mut self, slope: f64, sent_ms: f64) {
        let trend = f64::from(self.count) * slope * GAIN;
        if trend > self.threshold {
            self.over_ms += if self.over_count == 0 { sent_ms / 2.0 } else { sent_ms };
            self.over_count = self.over_count.saturating_add(1);
            if self.over_ms > OVERUSE_MS && self.over_count > 1 && slope >= self.before {
                (self.over_ms, self.over_count) = (0.0, 0);
                self.usage = Usage::Over;
            }
        } else {
            (self.over_ms, self.over_count) = (0.0, 0);
            self.usage = if trend < -self.threshold { Usage::Under } else { Usage::Normal };
        }
        self.before = slope;
        self.adapt(trend.abs(), sent_ms);
    }

    /// Follows what is usual on this link.
    fn adapt(&mut self, trend: f64, step_ms: f64) {
        if trend > self.threshold + EXCEPTION {
            return;
        }
        let gain = if trend < self.threshold { GAIN_DOWN } else { GAIN_UP };
        self.threshold += gain * (trend - self.threshold) * step_ms.min(STEP_MAX_MS);
        self.threshold = self.threshold.clamp(THRESHOLD_RANGE.0, THRESHOLD_RANGE.1);
    }
}

/// Of the points of the line, so that a new one need not look at all others. Made anew each minute ([`Trend::rebase`]), so that
/// what rounding leaves of the points that are gone stays far below anything that matters.
#[derive(Debug, Default)]
struct Sums {
    count: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
}

impl Sums {
    /// Adds a point, or takes it away again.
    fn add(&mut self, (x, y): (f64, f64), sign: f64) {
        self.count += sign;
        self.x += sign * x;
        self.y += sign * y;
        self.xx += sign * x * x;
        self.xy += sign * x * y;
    }

    /// Least squares.
    fn slope(&self) -> Option<f64> {
        let below = self.xx - self.x * self.x / self.count;
        let above = self.xy - self.x * self.y / self.count;
        (below > SPREAD_MIN).then(|| above / below)
    }
}

/// Half an hour either way at most.
fn milliseconds(us: i64) -> f64 {
    let bounded = us.clamp(i64::from(i32::MIN), i64::from(i32::MAX));
    f64::from(i32::try_from(bounded).unwrap_or(0)) / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::super::bursts::Bursts;
    use super::*;

    /// Frames at 30 a second whose way grows by so much with each.
    fn grown(trend: &mut Trend, bursts: &mut Bursts, frames: std::ops::Range<u64>, step_us: i64) -> Vec<Usage> {
        let mut said = vec![];
        for frame in frames.clone() {
            let sent_us = frame * 33_000;
            let later = i64::try_from(frame - frames.start).unwrap() * step_us;
            let arrival_us = i64::try_from(sent_us).unwrap() + 50_000 + later;
            if let Some(burst) = bursts.add(sent_us, arrival_us, arrival_us) {
                trend.add(burst);
                said.push(trend.usage());
            }
        }
        said
    }

    #[test]
    fn an_even_way_is_normal() {
        let said = grown(&mut Trend::default(), &mut Bursts::default(), 0..1_000, 0);
        assert!(said.iter().all(|usage| *usage == Usage::Normal));
    }

    #[test]
    fn a_growing_queue_is_overuse_and_a_draining_one_is_not() {
        let (mut trend, mut bursts) = (Trend::default(), Bursts::default());
        grown(&mut trend, &mut bursts, 0..100, 0);
        let said = grown(&mut trend, &mut bursts, 100..115, 30_000);
        assert!(said[..9].contains(&Usage::Over), "{said:?}");
        let said = grown(&mut trend, &mut bursts, 115..160, -5_000);
        assert!(said.contains(&Usage::Under));
        assert_ne!(said.last(), Some(&Usage::Over));
    }

    #[test]
    fn a_long_meeting_keeps_its_precision() {
        let (mut trend, mut bursts) = (Trend::default(), Bursts::default());
        grown(&mut trend, &mut bursts, 0..100_000, 0);
        let said = grown(&mut trend, &mut bursts, 100_000..100_015, 30_000);
        assert!(said.contains(&Usage::Over));
    }
}
