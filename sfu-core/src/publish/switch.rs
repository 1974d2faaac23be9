//! Whether an encoding's publisher is asked to send it. What nobody wants is switched off, and on again when somebody does: it
//! keeps its place among the track's encodings meanwhile, with what it cost, so that it can be given as if it were there.
//!
//! Who does not heed it loses nothing: what comes is taken, switched off or not.

use std::time::{Duration, Instant};

use super::encoding::STALLED_AFTER;

/// How long nobody must want an encoding for it to be switched off: who turns a page and turns it back has it still, and each
/// switch costs the publisher a key frame of all it sends.
const UNWANTED_MAX: Duration = Duration::from_secs(8);
/// How long what was on its way may come after it is switched off: two round trips of a bad link.
const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// How long an encoding that was asked for again is waited for, before its viewers are given what there is: an encoder that
/// begins anew takes 0.3 s, and a link that must be probed first some more.
const RETURN_MAX: Duration = Duration::from_secs(3);

/// What the publisher was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Nothing: it sends by itself.
    On,
    /// To send again, since then; nothing has come yet.
    Again { since: Instant },
    /// Not to send, since then.
    Off { since: Instant },
}

/// Whether anybody is to be sent an encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Wanted,
    Unwanted,
    /// It cannot be said, or it is to be kept whatever is said.
    Kept,
}

/// One encoding's switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switch {
    asked: Asked,
    unwanted_since: Option<Instant>,
}

impl Default for Switch {
    fn default() -> Self {
        Self { asked: Asked::On, unwanted_since: None }
    }
}

impl Switch {
    /// What the publisher was asked last.
    pub fn asked(&self) -> Asked {
        self.asked
    }

    /// Takes over what was asked where the encoding is published.
    pub(super) fn adopt(&mut self, asked: Asked) {
        self.asked = asked;
    }

    pub fn is_off(&self) -> bool {
        matches!(self.asked, Asked::Off { .. })
    }

    /// Notes that something came at `now`.
    pub(super) fn note_heard(&mut self, now: Instant) {
        if let Asked::Again { since } = self.asked
            && now >= since
        {
            self.asked = Asked::On;
        }
    }

    /// Whether nothing comes because of what was asked; `heard` is when something came last.
    pub(super) fn is_away(&self, now: Instant, heard: Option<Instant>) -> bool {
        let Some(heard) = heard else { return false };
        match self.asked {
            Asked::On => false,
            Asked::Again { since } => heard < since,
            Asked::Off { since } => {
                let settles = now < since + SETTLED_AFTER;
                settles || now.saturating_duration_since(heard) >= STALLED_AFTER
            }
        }
    }

    /// Whether it counts as sent although nothing comes: it would come if it were wanted, or is on its way.
    pub(super) fn keeps_its_place(&self, now: Instant) -> bool {
        match self.asked {
            Asked::On => false,
            Asked::Again { since } => now < since + RETURN_MAX,
            Asked::Off { .. } => true,
        }
    }

    /// Decides anew; `true`: the publisher must be told. Nothing is switched off that does not come anyway.
    pub fn weigh(&mut self, now: Instant, used: Use, heard: Option<Instant>) -> bool {
        let comes = heard.is_some_and(|heard| now.saturating_duration_since(heard) < SETTLED_AFTER);
        if used != Use::Unwanted || !comes {
            self.unwanted_since = None;
        }
        match (self.asked, used) {
            (Asked::Off { .. }, Use::Wanted) => {
                self.asked = Asked::Again { since: now };
                true
            }
            (Asked::On | Asked::Again { .. }, Use::Unwanted) if comes => {
                let since = *self.unwanted_since.get_or_insert(now);
                let is_long = now.saturating_duration_since(since) >= UNWANTED_MAX;
                if is_long {
                    *self = Self { asked: Asked::Off { since: now }, unwanted_since: None };
                }
                is_long
            }
            (Asked::On | Asked::Again { .. } | Asked::Off { .. }, _) => false,
        }
    }

    /// When it is to be decided anew, though nothing changes.
    pub fn due(&self) -> Option<Instant> {
        self.unwanted_since.map(|since| since + UNWANTED_MAX)
    }
}
