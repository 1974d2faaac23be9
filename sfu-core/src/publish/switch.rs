//! Whether an encoding's publisher is asked to send it. What nobody wants is switched off, and on again when somebody does: it
//! keeps its place among the track's encodings meanwhile, with what it cost, so that it can be given as if it were there.
//!
//! Who does not heed it loses nothing: what comes is taken, switched off or not.

use std::time::{Duration, Instant};

use super::encoding::STALLED_AFTER;

/// How long nobody must want an encoding for it to be switched off: who turns a page and turns it back has it still, and each
/// switch costs the publisher a key frame of all it sends.
const UNWANTED_MAX: Duration = Duration::from_secs(8);
/// How long encodings are kept on between which somebody was moved because of its link: links that fall and rise do so
/// again, and over a bad one an encoding that must be switched on first is long in coming.
const MOVED_MAX: Duration = Duration::from_secs(30);
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
    /// Until then it is not switched off, whoever wants it.
    kept_until: Option<Instant>,
}

impl Default for Switch {
    fn default() -> Self {
        Self { asked: Asked::On, unwanted_since: None, kept_until: None }
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

    /// Somebody was given another encoding because of its link: whatever is wanted, this one is not switched off for a while.
    pub fn keep_on(&mut self, now: Instant) {
        self.kept_until = Some(now + MOVED_MAX);
    }

    /// Whether it is not.
    pub fn is_kept(&self, now: Instant) -> bool {
        self.kept_until.is_some_and(|until| now < until)
    }

    /// Decides anew; `true`: the publisher must be told. Nothing is switched off that does not come anyway.
    pub fn weigh(&mut self, now: Instant, used: Use, heard: Option<Instant>) -> bool {
        let comes = heard.is_some_and(|heard| now.saturating_duration_since(heard) < SETTLED_AFTER);
        if used != Use::Unwanted {
            self.unwanted_since = None;
        }
        match (self.asked, used) {
            (Asked::Off { .. }, Use::Wanted) => {
                self.asked = Asked::Again { since: now };
                true
            }
            (Asked::On | Asked::Again { .. }, Use::Unwanted) if comes => {
                self.unwanted_since.get_or_insert(now);
                let is_long = self.due().is_some_and(|due| due <= now);
                if is_long {
                    *self = Self { asked: Asked::Off { since: now }, ..Self::default() };
                }
                is_long
            }
            // It may come again, and is unwanted then as well.
            (Asked::On | Asked::Again { .. }, Use::Unwanted) => {
                self.unwanted_since = heard.map(|_| now);
                false
            }
            (Asked::On | Asked::Again { .. } | Asked::Off { .. }, _) => false,
        }
    }

    /// When it is to be decided anew, though nothing changes.
    pub fn due(&self) -> Option<Instant> {
        self.unwanted_since
            .map(|since| since + UNWANTED_MAX)
            .map(|due| self.kept_until.map_or(due, |kept| due.max(kept)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Seconds until an encoding is switched off that nobody wants, weighed each second, which comes or not.
    fn off_after(switch: &mut Switch, from: Instant, comes: impl Fn(u32) -> bool) -> Option<u32> {
        let heard = |second: u32| (0..=second).rev().find(|at| comes(*at)).map(|at| from + at * SECOND);
        (0..60).find(|second| switch.weigh(from + *second * SECOND, Use::Unwanted, heard(*second)))
    }

    #[test]
    fn what_a_link_moves_somebody_away_from_stays_on_for_longer() {
        let (mut switch, now) = (Switch::default(), Instant::now());
        assert_eq!(off_after(&mut switch, now, |_| true), Some(8));
        let mut switch = Switch::default();
        switch.keep_on(now);
        assert_eq!(off_after(&mut switch, now, |_| true), Some(30));
    }

    #[test]
    fn what_pauses_is_weighed_again() {
        let (mut switch, now) = (Switch::default(), Instant::now());
        assert_eq!(off_after(&mut switch, now, |second| !(5..20).contains(&second)), Some(27));
        let mut switch = Switch::default();
        switch.weigh(now + 3 * SECOND, Use::Unwanted, Some(now));
        assert_eq!(switch.due(), Some(now + 11 * SECOND), "although nothing comes");
    }
}
