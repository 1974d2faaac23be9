//! The rate of a link and the queue in front of it: first in, first out, tail drop.
//!
//! Invariant: what waits is never more than the queue allows at the present rate, even where the rate falls while it waits.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::spec::{LinkSpec, Queue};
use crate::units::BitRate;

/// Datagrams at most, whatever the queue allows: of 1,200 bytes they are 80 MB.
const WAITING_MAX: usize = 65_536;

#[derive(Debug)]
struct Waiting<T> {
    datagram: T,
    bytes: u64,
}

/// A datagram that was sent whole.
#[derive(Debug)]
pub struct Sent<T> {
    pub datagram: T,
    pub bytes: u64,
    pub at: Instant,
}

/// There was no room.
#[derive(Debug)]
pub struct Full;

#[derive(Debug)]
pub struct Bottleneck<T> {
    /// The first is being sent.
    waiting: VecDeque<Waiting<T>>,
    /// Of all that wait.
    bytes: u64,
    /// When the first is sent whole; of meaning while something waits.
    first_done: Instant,
}

impl<T> Bottleneck<T> {
    pub fn new(now: Instant) -> Self {
        Self { waiting: VecDeque::new(), bytes: 0, first_done: now }
    }

    /// Takes a datagram that comes at `now`; how long it waits before it is sent.
    pub fn push(&mut self, datagram: T, bytes: u64, spec: &LinkSpec, now: Instant) -> Result<Duration, Full> {
        let wait = self.wait_behind(self.bytes, spec.rate, now);
        let room = match spec.queue {
            Queue::Time(longest) => wait <= longest,
            Queue::Bytes(most) => self.bytes + bytes <= most,
        };
        if self.waiting.is_empty() {
            self.first_done = now + time_of(spec.rate, bytes);
        } else if !room || self.waiting.len() >= WAITING_MAX {
            return Err(Full);
        }
        self.waiting.push_back(Waiting { datagram, bytes });
        self.bytes += bytes;
        Ok(wait)
    }

    /// The next datagram that was sent whole by `now`.
    pub fn pop(&mut self, rate: Option<BitRate>, now: Instant) -> Option<Sent<T>> {
        if self.first_done > now {
            return None;
        }
        let Waiting { datagram, bytes } = self.waiting.pop_front()?;
        self.bytes = self.bytes.saturating_sub(bytes);
        let at = self.first_done;
        if let Some(next) = self.waiting.front() {
            self.first_done = at + time_of(rate, next.bytes);
        }
        Some(Sent { datagram, bytes, at })
    }

    /// Goes on under another rate and queue from `now` on; how many found no room any more.
    pub fn change(&mut self, before: &LinkSpec, after: &LinkSpec, now: Instant) -> u64 {
        let left = self.first_done.saturating_duration_since(now);
        self.first_done = match (before.rate, after.rate) {
            (Some(before), Some(after)) => now + before.rescaled(left, after),
            (None, _) | (_, None) => now,
        };
        let mut shed = 0;
        while self.waiting.len() > 1 {
            let last = self.waiting.back().map_or(0, |last| last.bytes);
            let room = match after.queue {
                Queue::Time(longest) => self.wait_behind(self.bytes.saturating_sub(last), after.rate, now) <= longest,
                Queue::Bytes(most) => self.bytes <= most,
            };
            if room {
                break;
            }
            self.waiting.pop_back();
            self.bytes = self.bytes.saturating_sub(last);
            shed += 1;
        }
        shed
    }

    /// When the next datagram is sent whole.
    pub fn next(&self) -> Option<Instant> {
        (!self.waiting.is_empty()).then_some(self.first_done)
    }

    /// How long the first so many waiting bytes take from `now` on.
    fn wait_behind(&self, bytes: u64, rate: Option<BitRate>, now: Instant) -> Duration {
        let Some(first) = self.waiting.front() else { return Duration::ZERO };
        let first_left = self.first_done.saturating_duration_since(now);
        first_left + time_of(rate, bytes.saturating_sub(first.bytes))
    }
}

fn time_of(rate: Option<BitRate>, bytes: u64) -> Duration {
    rate.map_or(Duration::ZERO, |rate| rate.time_of(bytes))
}
