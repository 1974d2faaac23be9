//! How long packets wait in the queues on their way: what they take longer than the fastest of the last twenty seconds.
//!
//! The fastest of a few bursts counts. Jitter holds up some packets, a queue holds up all: this tells one from the other, which
//! the trend of the delays alone does not.

use std::collections::VecDeque;

use super::bursts::Burst;

/// How long the fastest way is remembered, twice, µs. Clocks drift apart by a millisecond in that time; routes change.
const BASE_US: u64 = 10_000_000;
/// How many bursts, and over how long, all must have waited, µs. Waves of jitter are shorter.
const BURSTS: usize = 6;
const STANDING_US: u64 = 120_000;
/// How many bursts are enough where all waited long.
const BURSTS_LONG: usize = 3;
/// What counts of a difference at most, µs, and how many bursts jitter is the average of: some two seconds of frames.
const JITTER_MAX_US: i64 = 100_000;
const JITTER_MEMORY: i64 = 64;
/// Bursts looked at, at most; 20 of paced packets fill 100 ms.
const BURSTS_MAX: usize = 32;

/// The waiting time of the last bursts.
#[derive(Debug)]
pub struct Queue {
    /// When bursts were sent, and how long they were on their way.
    recent: VecDeque<(u64, i64)>,
    /// The fastest of this span and of the one before.
    base_us: Option<i64>,
    before_us: Option<i64>,
    span_from_us: u64,
    /// How much longer than the fastest of those around it a burst takes, on average.
    jitter_us: i64,
    /// How long every one of the last bursts waited, and of the last three, as of the last one.
    standing_us: u64,
    latest_us: u64,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            recent: VecDeque::with_capacity(BURSTS_MAX),
            base_us: None,
            before_us: None,
            span_from_us: 0,
            jitter_us: 0,
            standing_us: 0,
            latest_us: 0,
        }
    }
}

impl Queue {
    /// Takes a burst, later than those before.
    pub fn add(&mut self, burst: Burst) {
        if burst.first_sent_us.saturating_sub(self.span_from_us) >= BASE_US {
            self.span_from_us = burst.first_sent_us;
            self.before_us = self.base_us.take();
        }
        self.base_us = Some(self.base_us.map_or(burst.way_us, |base| base.min(burst.way_us)));
        if self.recent.len() == BURSTS_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back((burst.first_sent_us, burst.way_us));
        let standing_way_us = self.standing_way_us();
        let beyond_us = burst.way_us.saturating_sub(standing_way_us.unwrap_or(burst.way_us));
        self.jitter_us += (beyond_us.min(JITTER_MAX_US) - self.jitter_us) / JITTER_MEMORY;
        self.judge(standing_way_us);
    }

    fn judge(&mut self, standing_way_us: Option<i64>) {
        self.standing_us = self.waited(standing_way_us);
        self.latest_us = self.waited(self.recent.iter().rev().take(BURSTS_LONG).map(|(_, way_us)| *way_us).min());
    }

    /// How much delays differ from burst to burst on this link, µs.
    pub fn jitter_us(&self) -> u64 {
        u64::try_from(self.jitter_us).unwrap_or(0)
    }

    /// How long every one of the last bursts waited, µs.
    pub fn standing_us(&self) -> u64 {
        self.standing_us
    }

    fn standing_way_us(&self) -> Option<i64> {
        let newest = self.recent.back().map_or(0, |(sent_us, _)| *sent_us);
        let enough = |(place, (sent_us, _)): &(usize, &(u64, i64))| {
            *place < BURSTS || newest.saturating_sub(*sent_us) <= STANDING_US
        };
        self.recent.iter().rev().enumerate().take_while(enough).map(|(_, (_, way_us))| *way_us).min()
    }

    /// How long every one of the last three bursts waited, µs.
    pub fn latest_us(&self) -> u64 {
        self.latest_us
    }

    /// What does not shrink when less is sent is no queue of ours: from now on it is the way.
    pub fn accept(&mut self) {
        self.before_us = None;
        self.base_us = self.recent.iter().map(|(_, way_us)| *way_us).min();
        self.judge(self.standing_way_us());
    }

    /// The clocks have no more to do with each other.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// The fastest way of late, µs, by two clocks.
    pub fn base_us(&self) -> Option<i64> {
        [self.base_us, self.before_us].into_iter().flatten().min()
    }

    fn waited(&self, way_us: Option<i64>) -> u64 {
        let waited = way_us.zip(self.base_us()).map_or(0, |(way, base)| way.saturating_sub(base));
        u64::try_from(waited).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::bursts::Bursts;
    use super::*;

    fn told(queue: &mut Queue, bursts: &mut Bursts, from_ms: u64, ways_ms: impl IntoIterator<Item = i64>) {
        for (frame, way_ms) in (0_u64..).zip(ways_ms) {
            let sent_us = (from_ms + frame * 33) * 1_000;
            let arrival_us = i64::try_from(sent_us).unwrap() + way_ms * 1_000;
            if let Some(burst) = bursts.add(sent_us, arrival_us, arrival_us) {
                queue.add(burst);
            }
        }
    }

    #[test]
    fn jitter_is_no_queue_and_a_queue_is_one() {
        let (mut queue, mut bursts) = (Queue::default(), Bursts::default());
        told(&mut queue, &mut bursts, 0, (0..100).map(|frame| 50 + frame * 7 % 40));
        assert!(queue.standing_us() < 20_000, "{}", queue.standing_us());
        told(&mut queue, &mut bursts, 3_300, (0..20).map(|frame| 150 + frame * 7 % 40));
        assert!((95_000..130_000).contains(&queue.standing_us()), "{}", queue.standing_us());
    }

    #[test]
    fn a_new_way_is_accepted_after_twenty_seconds() {
        let (mut queue, mut bursts) = (Queue::default(), Bursts::default());
        told(&mut queue, &mut bursts, 0, [50; 300]);
        told(&mut queue, &mut bursts, 9_900, [120; 20]);
        assert_eq!(queue.standing_us(), 70_000);
        told(&mut queue, &mut bursts, 10_560, [120; 700]);
        assert_eq!(queue.standing_us(), 0);
    }

    #[test]
    fn what_does_not_shrink_is_the_way() {
        let (mut queue, mut bursts) = (Queue::default(), Bursts::default());
        told(&mut queue, &mut bursts, 0, [50; 30]);
        told(&mut queue, &mut bursts, 990, [120; 40]);
        queue.accept();
        assert_eq!(queue.standing_us(), 0);
    }
}
