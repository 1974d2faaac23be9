//! Holds a publisher to its cap that does not hold itself to it: what is above is refused, so that what is below goes on undisturbed.
//! First whole encodings go, the dearest first, as if they were not sent; then pictures that there is only one encoding of, from one
//! frame to a key frame for which there is credit again; sounds last, packet by packet.
//!
//! Invariant: over any time T after the grace no more is taken than 1.05 × cap × (T + 1 s), but for RTCP, which is not refused.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::id::EncodingId;

/// How long after a cap was set or lowered nothing is refused: what asks the publisher down is repeated once a second, and
/// encoders follow within another.
const GRACE: Duration = Duration::from_secs(3);
/// For how much time the cap may be taken at once.
const DEPTH: Duration = Duration::from_secs(1);
/// By which part the cap may be exceeded for good: encoders do not meet theirs better.
const TOLERANCE_PART: u64 = 20;
/// Percent of all credit below which encodings above the lowest are refused; each further one some percent lower, so that it shows
/// first whether the one before was enough.
const UPPER_PERCENT: u64 = 50;
const UPPER_STEP_PERCENT: u64 = 10;
/// The same for the last encoding of a picture: what is left is for sounds.
const LOWEST_PERCENT: u64 = 15;
/// Percent of all credit with which the last encoding of a picture begins again, so that it lasts.
const AGAIN_PERCENT: u64 = 90;
/// How long it is refused at least: each begin costs a key frame.
const SHUT_MIN: Duration = Duration::from_secs(2);
/// How often its key frame is asked for until it comes: who mutes in between sends none.
const ASKED_AGAIN: Duration = Duration::from_secs(2);
/// How long everything that a publisher sends must be within its cap for its upper encodings to be taken again.
const CALM_WINDOWS: u32 = 2;
const WINDOW: Duration = Duration::from_secs(1);
/// After the last refusal, when a publisher is told that all is well.
const QUIET: Duration = Duration::from_secs(5);
/// Stands for no cap, and for whatever is above it, bit/s: no sum of it overflows.
const UNLIMITED_BPS: u64 = 10_000_000_000;

/// Credit is counted in billionths of a bit: what a bit/s brings in a nanosecond.
const PER_BYTE: u64 = 8 * 1_000_000_000;

/// What a stream is to its publisher's others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Sound,
    /// The last encoding of a picture, or the only one.
    Lowest,
    /// Others go on if it does not.
    Upper,
}

/// A packet that is to be judged.
#[derive(Debug, Clone, Copy)]
pub struct Judged {
    pub encoding: EncodingId,
    pub standing: Standing,
    /// Whether it is the dearest of its standing that is still taken.
    pub is_dearest: bool,
    /// Whether a frame begins with it.
    pub begins_frame: bool,
    /// Whether decoding can begin with it.
    pub begins_keyframe: bool,
    pub bytes: usize,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Taken,
    /// And with it its encoding, which was refused before.
    TakenAgain,
    Refused,
    /// And from now on all of its encoding.
    RefusedFirst,
}

/// An encoding that is refused.
#[derive(Debug, Clone, Copy)]
struct Shut {
    standing: Standing,
    since: Instant,
    /// Its next key frame is taken.
    reopens: bool,
    /// When that was asked for last.
    asked: Instant,
}

/// What a publisher is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Something is refused, since the cap is this, bit/s.
    Refused { limit_bps: u64 },
    /// Nothing has been for a while.
    AllTaken,
}

/// One publisher's.
#[derive(Debug)]
pub struct Policer {
    limit_bps: u64,
    grace_until: Instant,
    credit: u64,
    /// What was taken beyond all credit, since it cannot be refused.
    debt: u64,
    filled: Instant,
    window_ends: Instant,
    /// What came in the window, refused or not, bytes.
    offered: u64,
    /// Windows in a row within the cap.
    calm: u32,
    shut: BTreeMap<EncodingId, Shut>,
    refused: Option<Instant>,
    is_told: bool,
}

impl Policer {
    /// Of a publisher that is told now that it may send so many bit/s.
    pub fn new(now: Instant, limit_bps: u64) -> Self {
        let mut policer = Self {
            limit_bps: limit_bps.min(UNLIMITED_BPS),
            grace_until: now + GRACE,
            credit: 0,
            debt: 0,
            filled: now,
            window_ends: now + WINDOW,
            offered: 0,
            calm: 0,
            shut: BTreeMap::new(),
            refused: None,
            is_told: false,
        };
        policer.credit = policer.depth();
        policer
    }

    /// Another cap, or none any more.
    pub fn set_limit(&mut self, now: Instant, limit_bps: Option<u64>) {
        let limit_bps = limit_bps.map_or(UNLIMITED_BPS, |bps| bps.min(UNLIMITED_BPS));
        if limit_bps < self.limit_bps {
            self.grace_until = now + GRACE;
        }
        self.limit_bps = limit_bps;
        (self.credit, self.debt) = (self.depth(), 0);
        self.calm = 0;
    }

    /// Whether there is no cap and nothing is refused any more: it can be forgotten.
    pub fn is_over(&self) -> bool {
        self.limit_bps == UNLIMITED_BPS && self.shut.is_empty() && !self.is_told
    }

    /// Counts a datagram that came. Gives the encodings that are to be taken again from their next key frame on, which is to be asked
    /// for: again and again, since a request may come to nothing.
    pub fn count(&mut self, now: Instant, bytes: usize) -> Vec<EncodingId> {
        self.fill(now);
        self.offered = self.offered.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if now >= self.window_ends {
            let is_calm = self.offered.saturating_mul(8) <= self.limit_bps;
            self.calm = if is_calm { self.calm.saturating_add(1) } else { 0 };
            self.offered = 0;
            self.window_ends = now + WINDOW;
        }
        if self.shut.is_empty() {
            return Vec::new();
        }
        let (is_calm, is_full) = (self.calm >= CALM_WINDOWS, self.credit >= self.percent(AGAIN_PERCENT));
        let is_free = self.limit_bps == UNLIMITED_BPS;
        let reopens = |shut: &Shut| match shut.standing {
            Standing::Upper => is_calm || is_free,
            Standing::Lowest | Standing::Sound => is_free || (is_full && now >= shut.since + SHUT_MIN),
        };
        let is_due = |shut: &Shut| if shut.reopens { now >= shut.asked + ASKED_AGAIN } else { reopens(shut) };
        let closed = self.shut.iter_mut().filter(|(_, shut)| is_due(shut));
        closed
            .map(|(encoding, shut)| {
                (shut.reopens, shut.asked) = (true, now);
                *encoding
            })
            .collect()
    }

    /// Takes what is not refused.
    pub fn spend(&mut self, bytes: usize) {
        let beyond = cost(bytes).saturating_sub(self.credit);
        self.credit = self.credit.saturating_sub(cost(bytes));
        self.debt = self.debt.saturating_add(beyond).min(self.depth());
    }

    /// Takes a packet where there is no doubt; `false`: it is to be judged.
    pub fn takes(&mut self, now: Instant, bytes: usize) -> bool {
        let is_sure = self.shut.is_empty() && (now < self.grace_until || self.credit >= self.percent(UPPER_PERCENT));
        if is_sure && now >= self.grace_until {
            self.spend(bytes);
        }
        is_sure
    }

    /// Whether an encoding is refused.
    pub fn is_shut(&self, encoding: EncodingId) -> bool {
        self.shut.contains_key(&encoding)
    }

    /// What becomes of a packet.
    pub fn judge(&mut self, now: Instant, packet: Judged) -> Verdict {
        let verdict = match self.shut.get(&packet.encoding) {
            Some(shut) => self.judge_shut(*shut, packet),
            None => self.judge_open(now, packet),
        };
        match verdict {
            Verdict::Taken => self.spend(packet.bytes),
            Verdict::TakenAgain => {
                self.shut.remove(&packet.encoding);
                self.spend(packet.bytes);
            }
            Verdict::Refused | Verdict::RefusedFirst => {
                self.refused = Some(now);
            }
        }
        if verdict == Verdict::RefusedFirst {
            let shut = Shut { standing: packet.standing, since: now, reopens: false, asked: now };
            self.shut.insert(packet.encoding, shut);
        }
        verdict
    }

    /// An encoding is gone.
    pub fn forget(&mut self, encoding: EncodingId) {
        self.shut.remove(&encoding);
    }

    /// What the publisher is to be told, once.
    pub fn notice(&mut self, now: Instant) -> Option<Notice> {
        let is_refused =
            self.refused.is_some_and(|at| now.saturating_duration_since(at) < QUIET) && self.limit_bps != UNLIMITED_BPS;
        if std::mem::replace(&mut self.is_told, is_refused) == is_refused {
            return None;
        }
        Some(if is_refused { Notice::Refused { limit_bps: self.limit_bps } } else { Notice::AllTaken })
    }

    fn judge_shut(&self, shut: Shut, packet: Judged) -> Verdict {
        let has_credit = self.credit >= self.percent(UPPER_PERCENT);
        match shut.reopens && packet.begins_keyframe && has_credit {
            true => Verdict::TakenAgain,
            false => Verdict::Refused,
        }
    }

    fn judge_open(&self, now: Instant, packet: Judged) -> Verdict {
        if now < self.grace_until {
            return Verdict::Taken;
        }
        let is_spent = self.credit < cost(packet.bytes);
        let least = match packet.standing {
            Standing::Sound => return if is_spent { Verdict::Refused } else { Verdict::Taken },
            Standing::Lowest => self.percent(LOWEST_PERCENT),
            Standing::Upper => {
                let shut = self.shut.values().filter(|shut| shut.standing == Standing::Upper).count();
                let steps = UPPER_STEP_PERCENT.saturating_mul(u64::try_from(shut).unwrap_or(u64::MAX));
                self.percent(UPPER_PERCENT.saturating_sub(steps).max(LOWEST_PERCENT))
            }
        };
        let is_its_turn = packet.is_dearest && packet.begins_frame && self.credit < least;
        if is_spent || is_its_turn { Verdict::RefusedFirst } else { Verdict::Taken }
    }

    fn fill(&mut self, now: Instant) {
        let passed = u64::try_from(now.saturating_duration_since(self.filled).as_nanos()).unwrap_or(u64::MAX);
        self.filled = now;
        let gained = self.rate().saturating_mul(passed);
        let paid = gained.min(self.debt);
        self.debt -= paid;
        self.credit = self.credit.saturating_add(gained - paid).min(self.depth());
    }

    fn rate(&self) -> u64 {
        self.limit_bps + self.limit_bps / TOLERANCE_PART
    }

    fn depth(&self) -> u64 {
        self.rate().saturating_mul(u64::try_from(DEPTH.as_nanos()).unwrap_or(u64::MAX))
    }

    fn percent(&self, percent: u64) -> u64 {
        self.depth() / 100 * percent
    }
}

fn cost(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(PER_BYTE)
}
