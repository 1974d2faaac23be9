//! The one table of timers: what is due when, each timer at most once.

use std::collections::{BTreeSet, HashMap};
use std::time::Instant;

use crate::id::{EncodingId, ParticipantKey, RoomName, TrackId};

/// Everything that can be due.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timer {
    /// ICE, DTLS, the control chain, reports and pacing of one participant: the earliest of them.
    Participant(ParticipantKey),
    /// An unfinished frame has waited long enough.
    Flush(EncodingId),
    /// Who has the floor is decided anew.
    Speaker(RoomName),
    /// Viewers of a track whose pictures changed size too often are given what suits them now.
    Resized(TrackId),
    /// What changed of a viewer's slots since it was last told is told.
    Slots(ParticipantKey),
}

/// Deadlines in order. Setting one twice keeps the later call's.
#[derive(Debug, Default)]
pub struct TimerTable {
    order: BTreeSet<(Instant, Timer)>,
    due: HashMap<Timer, Instant>,
}

impl TimerTable {
    /// Sets, moves or (with `None`) clears a timer.
    pub fn set(&mut self, timer: Timer, at: Option<Instant>) {
        let known = self.due.get(&timer).copied();
        if known == at {
            return;
        }
        if let Some(known) = known {
            self.order.remove(&(known, timer.clone()));
        }
        match at {
            Some(at) => {
                self.order.insert((at, timer.clone()));
                self.due.insert(timer, at);
            }
            None => {
                self.due.remove(&timer);
            }
        }
    }

    /// Whether a timer is set.
    pub fn is_set(&self, timer: &Timer) -> bool {
        self.due.contains_key(timer)
    }

    /// When the earliest is due.
    pub fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes out the earliest, if it is due at `now`.
    pub fn pop_due(&mut self, now: Instant) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        let (_, timer) = self.order.pop_first()?;
        self.due.remove(&timer);
        Some(timer)
    }

    /// How many timers are set.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn timers_come_in_order_and_once() {
        let start = Instant::now();
        let room = |name| Timer::Speaker(RoomName::new(name).unwrap());
        let mut table = TimerTable::default();
        table.set(room("late"), Some(start + Duration::from_secs(2)));
        table.set(room("moved"), Some(start + Duration::from_secs(9)));
        table.set(room("moved"), Some(start + Duration::from_secs(1)));
        table.set(room("cleared"), Some(start));
        table.set(room("cleared"), None);
        assert_eq!(table.next(), Some(start + Duration::from_secs(1)));
        assert_eq!(table.pop_due(start), None);
        let end = start + Duration::from_secs(3);
        assert_eq!(table.pop_due(end), Some(room("moved")));
        assert_eq!(table.pop_due(end), Some(room("late")));
        assert!(table.pop_due(end).is_none() && table.is_empty());
    }
}
