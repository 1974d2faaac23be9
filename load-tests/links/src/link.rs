//! A link in one direction as a state machine: told the time, it takes datagrams and says which copies leave when.
//!
//! After any `handle_*`, drain [`Link::poll_datagram`]. Invariant: the same schedule, seed, datagrams and times give the
//! same departures.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::bottleneck::Bottleneck;
use crate::counts::Counts;
use crate::dice::Dice;
use crate::schedule::Schedule;
use crate::spec::{LinkSpec, Order};

/// Datagrams under way at most, whatever rate and delay allow: of 1,200 bytes they are 80 MB.
const UNDER_WAY_MAX: usize = 65_536;

/// A copy of a datagram that leaves.
#[derive(Debug, PartialEq, Eq)]
pub struct Departure<T> {
    pub datagram: T,
    /// When it was to leave.
    pub due: Instant,
}

/// One direction of one client's path.
#[derive(Debug)]
pub struct Link<T> {
    schedule: Schedule,
    /// When the schedule began.
    began: Instant,
    /// How many changes of the schedule were made.
    changes: usize,
    spec: LinkSpec,
    now: Instant,
    dice: Dice,
    bottleneck: Bottleneck<T>,
    under_way: BTreeMap<(Instant, u64), UnderWay<T>>,
    /// Departures are told apart, and sorted where they are due at once, by their number.
    next_number: u64,
    /// When the last datagram that kept its place is due.
    last_due: Instant,
    counts: Counts,
}

#[derive(Debug)]
struct UnderWay<T> {
    datagram: T,
    bytes: u64,
}

impl<T: Clone> Link<T> {
    /// A link whose schedule began at `began`.
    pub fn new(schedule: Schedule, seed: u64, began: Instant) -> Self {
        Self {
            spec: schedule.first(),
            schedule,
            began,
            changes: 0,
            now: began,
            dice: Dice::new(seed),
            bottleneck: Bottleneck::new(began),
            under_way: BTreeMap::new(),
            next_number: 0,
            last_due: began,
            counts: Counts::default(),
        }
    }

    /// Follows another schedule, which begins at `now`; what is under way stays so.
    pub fn handle_schedule(&mut self, schedule: Schedule, now: Instant) {
        self.handle_timeout(now);
        let first = schedule.first();
        (self.schedule, self.began, self.changes) = (schedule, self.now, 0);
        self.become_spec(first, self.now);
    }

    /// Takes a datagram of so many bytes that comes at `now`.
    pub fn handle_datagram(&mut self, datagram: T, bytes: usize, now: Instant) {
        self.handle_timeout(now);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.counts.came += 1;
        self.counts.came_bytes += bytes;
        // Drawn in a blackout too: whom the loss takes afterwards does not depend on it.
        let lost = self.dice.loses(&self.spec.loss);
        if self.spec.blackout {
            self.counts.blacked_out += 1;
        } else if lost {
            self.counts.lost += 1;
        } else {
            match self.bottleneck.push(datagram, bytes, &self.spec, self.now) {
                Ok(wait) => self.counts.queue_max = self.counts.queue_max.max(wait),
                Err(_) => self.counts.overflowed += 1,
            }
            self.transmit(self.now);
        }
    }

    /// Lets the time go on. A time before the last one told is that last one.
    pub fn handle_timeout(&mut self, now: Instant) {
        let now = now.max(self.now);
        while let Some((at, spec)) = self.next_change().filter(|(at, _)| *at <= now) {
            self.transmit(at);
            self.changes += 1;
            self.become_spec(spec, at);
        }
        self.transmit(now);
        self.now = now;
    }

    /// The next copy that is due.
    pub fn poll_datagram(&mut self) -> Option<Departure<T>> {
        let first = self.under_way.first_entry()?;
        let (due, _) = *first.key();
        if due > self.now {
            return None;
        }
        let UnderWay { datagram, bytes } = first.remove();
        self.counts.left += 1;
        self.counts.left_bytes += bytes;
        Some(Departure { datagram, due })
    }

    /// When [`Link::handle_timeout`] is next of use; None while nothing is under way.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let sent = self.bottleneck.next();
        // A change may send what waits sooner.
        let change = sent.and_then(|_| self.next_change()).map(|(at, _)| at);
        let due = self.under_way.first_key_value().map(|((due, _), _)| *due);
        [sent, change, due].into_iter().flatten().min()
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn next_change(&self) -> Option<(Instant, LinkSpec)> {
        let step = self.schedule.change(self.changes)?;
        Some((self.began.checked_add(step.after)?, step.spec))
    }

    fn become_spec(&mut self, spec: LinkSpec, now: Instant) {
        self.counts.overflowed += self.bottleneck.change(&self.spec, &spec, now);
        self.spec = spec;
        self.transmit(now);
    }

    /// Moves what was sent whole by `now` on its way.
    fn transmit(&mut self, now: Instant) {
        while let Some(sent) = self.bottleneck.pop(self.spec.rate, now) {
            if self.under_way.len() >= UNDER_WAY_MAX {
                self.counts.overflowed += 1;
                continue;
            }
            let mut due = sent.at + self.dice.delay(&self.spec, sent.at);
            if self.dice.holds_back(&self.spec) {
                self.counts.held_back += 1;
                due += self.spec.reorder.hold;
            } else if self.spec.order == Order::Kept {
                due = due.max(self.last_due);
                self.last_due = due;
            }
            if self.dice.duplicates(&self.spec) {
                self.counts.duplicated += 1;
                self.depart(sent.datagram.clone(), sent.bytes, due);
            }
            self.depart(sent.datagram, sent.bytes, due);
        }
    }

    fn depart(&mut self, datagram: T, bytes: u64, due: Instant) {
        self.under_way.insert((due, self.next_number), UnderWay { datagram, bytes });
        self.next_number += 1;
    }
}
