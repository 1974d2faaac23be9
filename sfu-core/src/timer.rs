//! The one table of timers: what is due when, each timer at most once.

use std::collections::HashMap;
use std::time::Instant;

use slotmap::{DefaultKey, SlotMap};

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
    /// What fits a room's caps is decided anew.
    Caps(RoomName),
    /// Viewers of a track whose pictures changed size too often are given what suits them now.
    Resized(TrackId),
    /// Encodings of a track that nobody wants may have been unwanted for long enough.
    Unwanted(TrackId),
    /// What changed of a viewer's slots since it was last told is told.
    Slots(ParticipantKey),
}

/// Deadlines in order. Setting one twice keeps the later call's.
///
/// A heap whose entries know their place: moving a timer, which every datagram does, looks it up once and allocates nothing.
#[derive(Debug, Default)]
pub struct TimerTable {
    entries: SlotMap<DefaultKey, Entry>,
    keys: HashMap<Timer, DefaultKey>,
    /// Nobody is due before the one at half its place.
    heap: Vec<DefaultKey>,
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    timer: Timer,
    place: usize,
}

impl TimerTable {
    /// Sets, moves or (with `None`) clears a timer.
    pub fn set(&mut self, timer: Timer, at: Option<Instant>) {
        match (self.keys.get(&timer).copied(), at) {
            (None, None) => {}
            (None, Some(at)) => self.insert(timer, at),
            (Some(key), None) => drop(self.remove(key)),
            (Some(key), Some(at)) => {
                let Some(entry) = self.entries.get_mut(key).filter(|entry| entry.at != at) else { return };
                entry.at = at;
                let place = entry.place;
                self.restore(place);
            }
        }
    }

    /// Whether a timer is set.
    pub fn is_set(&self, timer: &Timer) -> bool {
        self.keys.contains_key(timer)
    }

    /// When the earliest is due.
    pub fn next(&self) -> Option<Instant> {
        self.at(0).map(|(at, _)| at)
    }

    /// Takes out the earliest, if it is due at `now`.
    pub fn pop_due(&mut self, now: Instant) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        self.remove(*self.heap.first()?)
    }

    /// How many timers are set.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    fn insert(&mut self, timer: Timer, at: Instant) {
        // Half empty, a table never has to make room for what was taken out of it.
        if self.keys.len() >= self.keys.capacity() / 2 {
            self.keys.reserve(self.keys.capacity() + 1);
        }
        let place = self.heap.len();
        let key = self.entries.insert(Entry { at, timer: timer.clone(), place });
        self.keys.insert(timer, key);
        self.heap.push(key);
        self.restore(place);
    }

    fn remove(&mut self, key: DefaultKey) -> Option<Timer> {
        let Entry { timer, place, .. } = self.entries.remove(key)?;
        self.keys.remove(&timer);
        self.heap.swap_remove(place);
        self.note(place);
        self.restore(place);
        Some(timer)
    }

    /// Moves what stands at `place` to where it belongs.
    fn restore(&mut self, mut place: usize) {
        while place > 0 && self.is_before(place, (place - 1) / 2) {
            self.swap(place, (place - 1) / 2);
            place = (place - 1) / 2;
        }
        loop {
            let (left, right) = (2 * place + 1, 2 * place + 2);
            let child = if self.is_before(right, left) { right } else { left };
            if !self.is_before(child, place) {
                return;
            }
            self.swap(child, place);
            place = child;
        }
    }

    /// Where two are due at once, the order of timers decides, so that all runs are alike. Nobody is before whoever is not there.
    fn is_before(&self, a: usize, b: usize) -> bool {
        matches!((self.at(a), self.at(b)), (Some(a), Some(b)) if a < b)
    }

    fn at(&self, place: usize) -> Option<(Instant, &Timer)> {
        let entry = self.entries.get(*self.heap.get(place)?)?;
        Some((entry.at, &entry.timer))
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.note(a);
        self.note(b);
    }

    /// Tells the entry at `place` that it is there.
    fn note(&mut self, place: usize) {
        if let Some(entry) = self.heap.get(place).and_then(|key| self.entries.get_mut(*key)) {
            entry.place = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};
    use slotmap::KeyData;

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

    #[test]
    fn the_table_is_a_sorted_set() {
        use std::collections::{BTreeMap, BTreeSet};

        let start = Instant::now();
        let mut random = StdRng::seed_from_u64(7);
        let (mut table, mut model) = (TimerTable::default(), BTreeMap::<Timer, Instant>::new());
        for step in 0..20_000_u64 {
            let timer = Timer::Participant(KeyData::from_ffi(1 << 32 | random.random_range(0..200)).into());
            let at = start + Duration::from_millis(step + random.random_range(0..500));
            if random.random_bool(0.1) {
                model.remove(&timer);
                table.set(timer, None);
            } else {
                model.insert(timer.clone(), at);
                table.set(timer, Some(at));
            }
            let now = start + Duration::from_millis(step);
            let order: BTreeSet<_> = model.iter().map(|(timer, at)| (*at, timer.clone())).collect();
            assert_eq!((table.len(), table.next()), (order.len(), order.first().map(|(at, _)| *at)));
            for (_, timer) in order.into_iter().take_while(|(at, _)| *at <= now) {
                assert_eq!(table.pop_due(now).as_ref(), Some(&timer));
                model.remove(&timer);
            }
            assert_eq!(table.pop_due(now), None);
        }
    }
}
