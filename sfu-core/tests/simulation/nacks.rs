//! Which packets a browser asks for again, and when (libwebrtc's NackRequester).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// kMaxNackRetries.
const TRIES_MAX: u32 = 10;
/// kMaxNackPackets.
const MISSING_MAX: usize = 1_000;
/// Where packets overtake each other, one is taken for lost when so many came after it.
const OVERTAKEN: u64 = 3;
/// Or when it is so late.
const LATE: Duration = Duration::from_millis(20);

struct Missing {
    since: Instant,
    asked: Option<Instant>,
    tries: u32,
}

#[derive(Default)]
pub struct Nacks {
    highest: Option<u64>,
    missing: BTreeMap<u64, Missing>,
    /// Whether packets were seen to overtake each other.
    reorders: bool,
    pub asked: u64,
}

impl Nacks {
    /// A packet came for the first time, by itself.
    pub fn media(&mut self, now: Instant, index: u64) {
        let known = self.missing.remove(&index);
        self.reorders |= known.is_some_and(|missing| missing.asked.is_none() || now < missing.since + LATE);
        if let Some(highest) = self.highest {
            for index in (highest + 1).max(index.saturating_sub(MISSING_MAX as u64))..index {
                self.missing.insert(index, Missing { since: now, asked: None, tries: 0 });
            }
        }
        self.highest = self.highest.max(Some(index));
        while self.missing.len() > MISSING_MAX {
            self.missing.pop_first();
        }
    }

    /// A packet was repeated.
    pub fn repeated(&mut self, index: u64) {
        self.missing.remove(&index);
    }

    /// Nothing before this is of use any more.
    pub fn forget_before(&mut self, index: u64) {
        self.missing = self.missing.split_off(&index);
    }

    /// Whether something before this is still asked for.
    pub fn hopes_before(&self, index: u64) -> bool {
        self.missing.range(..index).next().is_some()
    }

    /// What to ask for now.
    pub fn due(&mut self, now: Instant, round_trip: Duration) -> Vec<u16> {
        let highest = self.highest.unwrap_or(0);
        let reorders = self.reorders;
        let mut due = vec![];
        self.missing.retain(|index, missing| {
            let is_due = match missing.asked {
                Some(asked) => now >= asked + round_trip,
                None => !reorders || highest >= index + OVERTAKEN || now >= missing.since + LATE,
            };
            if is_due && missing.tries == TRIES_MAX {
                return false;
            }
            if is_due {
                missing.asked = Some(now);
                missing.tries += 1;
                due.push(*index as u16);
            }
            true
        });
        self.asked += due.len() as u64;
        due
    }
}
