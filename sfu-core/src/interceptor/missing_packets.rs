//! The packets of a transport's streams that did not arrive, as runs of consecutive numbers that share their fate, and when
//! each run is due.
//!
//! Invariant: what an arrival, a repair or the next deadline costs grows with the logarithm of what is missing; all else is
//! paid by the questions that are asked, of which there are at most [`NACK_TRIES_MAX`] for a packet.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::id::Ssrc;
use crate::limits::{MISSING_RETAINED, NACK_TRIES_MAX};
use crate::rtp::ExtSeqNo;

/// How long a packet may be late before it is asked for. Above the reordering of access networks, below a frame.
const GRACE: Duration = Duration::from_millis(15);
/// This many newer packets end the grace early: reordering seldom reaches so far.
const NEWER_PACKETS: u64 = 3;

/// A run's stream and first number.
type Key = (Ssrc, ExtSeqNo);

#[derive(Clone, Copy)]
struct Run {
    last: ExtSeqNo,
    noticed: Instant,
    /// The stream's arrivals that end the grace.
    newer_at: u64,
    asked: Option<Instant>,
    tries: u8,
}

impl Run {
    fn packets(&self, first: ExtSeqNo) -> usize {
        usize::try_from(self.last.since(first) + 1).unwrap_or(0)
    }

    /// When the grace ends or, once it was asked for, the run is given up, whatever arrives.
    fn deadline(&self) -> Instant {
        self.noticed + if self.asked.is_some() { MISSING_RETAINED } else { GRACE }
    }
}

/// What was missing and has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// When it was asked for last.
    pub(super) asked: Option<Instant>,
    pub(super) tries: u8,
}

/// What is to be done about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Ask,
    Abandon,
}

/// A run that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) ssrc: Ssrc,
    pub(super) first: ExtSeqNo,
    pub(super) last: ExtSeqNo,
    pub(super) fate: Fate,
}

/// The missing packets of one transport.
#[derive(Default)]
pub(super) struct MissingPackets {
    runs: BTreeMap<Key, Run>,
    /// Every run by [`Run::deadline`].
    deadlines: BTreeSet<(Instant, Key)>,
    /// The runs not asked for yet by [`Run::newer_at`].
    unasked: BTreeSet<(Ssrc, u64, ExtSeqNo)>,
    /// The runs asked for, by when that was.
    asked: BTreeSet<(Instant, Key)>,
    packets: BTreeMap<Ssrc, usize>,
    packets_total: usize,
    /// Runs touched so far.
    #[cfg(test)]
    pub(super) steps: usize,
}

impl MissingPackets {
    /// The numbers from `first` to `last` did not arrive, as the stream's arrival number `arrivals` tells.
    pub(super) fn note(&mut self, now: Instant, ssrc: Ssrc, (first, last): (ExtSeqNo, ExtSeqNo), arrivals: u64) {
        let newer_at = arrivals.saturating_add(NEWER_PACKETS - 1);
        self.insert((ssrc, first), Run { last, noticed: now, newer_at, asked: None, tries: 0 });
    }

    /// A packet has come; `None` if it was not missing.
    pub(super) fn take(&mut self, ssrc: Ssrc, sequence: ExtSeqNo) -> Option<Found> {
        let (&key, run) = self.runs.range((ssrc, ExtSeqNo(0))..=(ssrc, sequence)).next_back()?;
        if run.last < sequence {
            return None;
        }
        let run = self.remove(key)?;
        if key.1 < sequence {
            self.insert(key, Run { last: sequence.offset(-1), ..run });
        }
        if sequence < run.last {
            self.insert((ssrc, sequence.next()), run);
        }
        Some(Found { asked: run.asked, tries: run.tries })
    }

    /// Forgets a stream's missing packets; returns how many those were.
    pub(super) fn forget(&mut self, ssrc: Ssrc) -> usize {
        let packets = self.packets_of(ssrc);
        while let Some((&key, _)) = self.runs.range((ssrc, ExtSeqNo(0))..=(ssrc, ExtSeqNo(u64::MAX))).next() {
            self.remove(key);
        }
        packets
    }

    /// Packets missing of one stream.
    pub(super) fn packets_of(&self, ssrc: Ssrc) -> usize {
        self.packets.get(&ssrc).copied().unwrap_or(0)
    }

    /// Packets missing of all streams.
    pub(super) fn packets(&self) -> usize {
        self.packets_total
    }

    /// When [`Self::pop_due`] has something, if nothing arrives before.
    pub(super) fn next_due(&self, repeat_after: Duration) -> Option<Instant> {
        let deadline = self.deadlines.first().map(|&(at, _)| at);
        let repeat = self.asked.first().map(|&(asked, _)| asked + repeat_after);
        deadline.into_iter().chain(repeat).min()
    }

    /// The next run whose time has come, which counts as asked for again `repeat_after` the last time, or is gone.
    pub(super) fn pop_due(&mut self, now: Instant, repeat_after: Duration) -> Option<Due> {
        let repeat = self.asked.first().filter(|&&(asked, _)| asked + repeat_after <= now);
        let due = repeat.or_else(|| self.deadlines.first().filter(|&&(at, _)| at <= now));
        let &(_, key) = due?;
        let run = *self.runs.get(&key)?;
        let exhausted = run.tries >= NACK_TRIES_MAX && run.asked.is_some_and(|asked| asked + repeat_after <= now);
        if exhausted || now >= run.noticed + MISSING_RETAINED {
            self.remove(key);
            return Some(Due { ssrc: key.0, first: key.1, last: run.last, fate: Fate::Abandon });
        }
        self.ask(now, key)
    }

    /// The next run of a stream whose grace ended with its arrival number `arrivals`; it counts as asked for.
    pub(super) fn pop_overtaken(&mut self, now: Instant, ssrc: Ssrc, arrivals: u64) -> Option<Due> {
        let overtaken = (ssrc, 0, ExtSeqNo(0))..=(ssrc, arrivals, ExtSeqNo(u64::MAX));
        let &(_, _, first) = self.unasked.range(overtaken).next()?;
        self.ask(now, (ssrc, first))
    }

    fn ask(&mut self, now: Instant, key: Key) -> Option<Due> {
        self.step();
        let run = self.runs.get_mut(&key)?;
        let before = *run;
        run.asked = Some(now);
        run.tries = before.tries.saturating_add(1);
        let deadline = run.deadline();
        match before.asked {
            Some(asked) => drop(self.asked.remove(&(asked, key))),
            None => {
                self.unasked.remove(&(key.0, before.newer_at, key.1));
                self.deadlines.remove(&(before.deadline(), key));
                self.deadlines.insert((deadline, key));
            }
        }
        self.asked.insert((now, key));
        Some(Due { ssrc: key.0, first: key.1, last: before.last, fate: Fate::Ask })
    }

    fn insert(&mut self, key: Key, run: Run) {
        self.step();
        let (ssrc, first) = key;
        self.deadlines.insert((run.deadline(), key));
        match run.asked {
            Some(asked) => self.asked.insert((asked, key)),
            None => self.unasked.insert((ssrc, run.newer_at, first)),
        };
        let packets = run.packets(first);
        *self.packets.entry(ssrc).or_default() += packets;
        self.packets_total += packets;
        self.runs.insert(key, run);
    }

    fn remove(&mut self, key: Key) -> Option<Run> {
        self.step();
        let run = self.runs.remove(&key)?;
        let (ssrc, first) = key;
        self.deadlines.remove(&(run.deadline(), key));
        match run.asked {
            Some(asked) => self.asked.remove(&(asked, key)),
            None => self.unasked.remove(&(ssrc, run.newer_at, first)),
        };
        let packets = run.packets(first);
        self.packets_total = self.packets_total.saturating_sub(packets);
        if let Some(left) = self.packets.get_mut(&ssrc) {
            *left = left.saturating_sub(packets);
            if *left == 0 {
                self.packets.remove(&ssrc);
            }
        }
        if self.runs.is_empty() {
            self.release();
        }
        Some(run)
    }

    /// A burst's memory goes with it.
    fn release(&mut self) {
        self.runs = BTreeMap::new();
        self.deadlines = BTreeSet::new();
        self.unasked = BTreeSet::new();
        self.asked = BTreeSet::new();
    }

    #[cfg_attr(not(test), expect(clippy::unused_self, reason = "counts in tests only"))]
    fn step(&mut self) {
        #[cfg(test)]
        {
            self.steps += 1;
        }
    }
}
