//! Congestion as delays tell it: the trend says that the way gets longer, and the queue that everything waits, not some of it.
//!
//! Both together, since each alone is wrong about jitter now and then; and of a sender that sends less than it may more is asked.

use super::arrival_clock::{ArrivalClock, Continuity, Rounds, way};
use super::bursts::Bursts;
use super::onset::Onset;
use super::queue::Queue;
use super::trend::{Trend, Usage};

/// What everything must have waited, µs, for a trend to be congestion: more than clocks and schedulers are off.
const QUEUE_US: u64 = 15_000;
/// The same where the sender is limited by its application: it hardly fills a link, and jitter is likelier.
const QUEUE_LIMITED_US: u64 = 50_000;
/// How many hundredths of the link's jitter come on top.
const JITTER_PERCENT: u64 = 100;
/// So long no jitter holds up three bursts one after the other, µs.
const QUEUE_LONG_US: u64 = 100_000;
/// A queue above which nothing grows, µs.
const QUEUE_GROWTH_US: u64 = 50_000;

/// What delays say of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Congestion {
    /// There is room.
    None,
    /// No reason to send less, nor to send more.
    Doubtful,
    Certain,
}

/// Delays of one transport.
#[derive(Debug, Default)]
pub struct Delay {
    clock: ArrivalClock,
    bursts: Bursts,
    trend: Trend,
    queue: Queue,
    onset: Onset,
}

impl Delay {
    /// Takes a feedback's reference time: signed 24 bits.
    pub fn rounds(&mut self, reference: i32) -> Rounds {
        self.clock.rounds(reference)
    }

    /// Takes packets that were sent together and arrived between two times; whether their clock is still that of those before.
    pub fn add(&mut self, sent_us: u64, arrival_us: i64, last_arrival_us: i64) -> Continuity {
        let continuity = self.clock.note(sent_us, arrival_us);
        if continuity == Continuity::Anew {
            self.bursts.reset();
            self.trend.reset();
            self.queue.reset();
            self.onset.reset();
        }
        self.onset.add(arrival_us, way(sent_us, arrival_us));
        if let Some(burst) = self.bursts.add(sent_us, arrival_us, last_arrival_us) {
            self.trend.add(burst);
            self.queue.add(burst);
        }
        continuity
    }

    /// What delays say of the link now.
    pub fn congestion(&self, application_limited: bool) -> Congestion {
        let (standing_us, latest_us) = (self.queue.standing_us(), self.queue.latest_us());
        let jitter_us = self.queue.jitter_us() * JITTER_PERCENT / 100;
        let enough_us = jitter_us + if application_limited { QUEUE_LIMITED_US } else { QUEUE_US };
        let waits = standing_us >= enough_us || (latest_us >= QUEUE_LONG_US + jitter_us && !application_limited);
        if self.queue.base_us().is_some_and(|base_us| self.onset.is_certain(base_us, jitter_us.cast_signed())) {
            return Congestion::Certain;
        }
        match self.trend.usage() {
            Usage::Over if waits => Congestion::Certain,
            Usage::Over => Congestion::Doubtful,
            Usage::Normal | Usage::Under if standing_us >= QUEUE_GROWTH_US => Congestion::Doubtful,
            Usage::Under => Congestion::Doubtful,
            Usage::Normal => Congestion::None,
        }
    }

    /// How long all packets wait, µs.
    pub fn queue_us(&self) -> u64 {
        self.queue.standing_us()
    }

    /// How long the last few waited, µs.
    pub fn latest_queue_us(&self) -> u64 {
        self.queue.latest_us()
    }

    /// What waits now is no queue of ours.
    pub fn accept_queue(&mut self) {
        self.queue.accept();
    }
}
