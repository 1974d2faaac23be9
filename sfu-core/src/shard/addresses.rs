//! Whose datagram is it: by the verified pair it came on, or by the ICE user name it carries (RFC 8445 §7.3).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use slotmap::SecondaryMap;

use crate::id::{ParticipantKey, TransportId};
use crate::limits::ICE_PAIRS_MAX;
use crate::transport::{DatagramKind, Pair, classify, peek_ufrag};

/// How long the holder of a pair must be silent for another transport to take it over. Browsers check every 2.5 to 5 s.
const PAIR_HELD: Duration = Duration::from_secs(8);

/// What leads to a participant from outside.
#[derive(Debug, Default)]
pub(super) struct AddressBook {
    ids: HashMap<TransportId, ParticipantKey>,
    ufrags: HashMap<String, ParticipantKey>,
    pairs: HashMap<Pair, Holder>,
    /// The other way round: what to forget when a participant goes.
    known: SecondaryMap<ParticipantKey, Known>,
}

/// Whose a pair is.
#[derive(Debug, Clone, Copy)]
struct Holder {
    key: ParticipantKey,
    /// When something authentic of the holder last came on the pair.
    heard: Instant,
}

#[derive(Debug, Default)]
struct Known {
    id: Option<TransportId>,
    ufrags: Vec<String>,
    pairs: Vec<Pair>,
}

impl AddressBook {
    /// Enters a new participant.
    pub(super) fn add(&mut self, key: ParticipantKey, id: TransportId, ufrag: &str) {
        self.ids.insert(id, key);
        self.known.insert(key, Known { id: Some(id), ..Known::default() });
        self.set_ufrags(key, std::iter::once(ufrag));
    }

    /// Has just these user name fragments of ours lead to a participant: those in use, two while ICE restarts.
    pub(super) fn set_ufrags<'u>(&mut self, key: ParticipantKey, ufrags: impl Iterator<Item = &'u str>) {
        let Some(known) = self.known.get_mut(key) else { return };
        for gone in known.ufrags.drain(..) {
            self.ufrags.remove(&gone);
        }
        for ufrag in ufrags {
            self.ufrags.insert(ufrag.to_owned(), key);
            known.ufrags.push(ufrag.to_owned());
        }
    }

    /// Notes that a participant was just verified on a pair, which is its own from now on, unless another holds it and is
    /// alive: whoever forges a source address proves no more than that it has a transport of its own. Of too many, the one
    /// verified longest ago goes, but never the `selected` one.
    pub(super) fn verified(&mut self, now: Instant, key: ParticipantKey, pair: Pair, selected: Option<Pair>) {
        let Some(known) = self.known.get_mut(key) else { return };
        let held = self
            .pairs
            .get(&pair)
            .is_some_and(|holder| holder.key != key && now.saturating_duration_since(holder.heard) < PAIR_HELD);
        if held {
            return;
        }
        self.pairs.insert(pair, Holder { key, heard: now });
        known.pairs.retain(|other| *other != pair);
        known.pairs.push(pair);
        if known.pairs.len() <= ICE_PAIRS_MAX {
            return;
        }
        let Some(place) = known.pairs.iter().position(|other| Some(*other) != selected) else { return };
        let oldest = known.pairs.remove(place);
        self.release(key, oldest);
    }

    /// Notes that something authentic of its holder came on a pair.
    pub(super) fn heard(&mut self, now: Instant, pair: Pair) {
        if let Some(holder) = self.pairs.get_mut(&pair) {
            holder.heard = now;
        }
    }

    /// Whose a pair is.
    pub(super) fn holder(&self, pair: Pair) -> Option<ParticipantKey> {
        self.pairs.get(&pair).map(|holder| holder.key)
    }

    /// Has a pair of a participant lead nowhere any more.
    pub(super) fn forget_pair(&mut self, key: ParticipantKey, pair: Pair) {
        if let Some(known) = self.known.get_mut(key) {
            known.pairs.retain(|other| *other != pair);
        }
        self.release(key, pair);
    }

    fn release(&mut self, key: ParticipantKey, pair: Pair) {
        if self.pairs.get(&pair).is_some_and(|holder| holder.key == key) {
            self.pairs.remove(&pair);
        }
    }

    /// Forgets a participant.
    pub(super) fn remove(&mut self, key: ParticipantKey) {
        let Some(known) = self.known.remove(key) else { return };
        if let Some(id) = known.id {
            self.ids.remove(&id);
        }
        for ufrag in known.ufrags {
            self.ufrags.remove(&ufrag);
        }
        for pair in known.pairs {
            self.release(key, pair);
        }
    }

    pub(super) fn by_id(&self, id: TransportId) -> Option<ParticipantKey> {
        self.ids.get(&id).copied()
    }

    /// Whose datagram it is. A STUN request says so itself: two transports may follow each other on one pair.
    pub(super) fn addressee(&self, pair: Pair, datagram: &[u8]) -> Option<ParticipantKey> {
        if classify(datagram) == DatagramKind::Stun {
            return self.ufrags.get(peek_ufrag(datagram)?).copied();
        }
        self.holder(pair)
    }
}

#[cfg(test)]
mod tests {
    use slotmap::SlotMap;

    use super::*;

    fn keys<const N: usize>() -> [ParticipantKey; N] {
        let mut participants: SlotMap<ParticipantKey, ()> = SlotMap::with_key();
        [(); N].map(|()| participants.insert(()))
    }

    fn pair(port: u16) -> Pair {
        Pair::udp(([10, 0, 0, 1], 7_882).into(), ([10, 0, 0, 2], port).into())
    }

    const RTP: &[u8] = &[0x80, 96];

    #[test]
    fn restarts_leave_no_fragments_behind() {
        let [key] = keys();
        let mut book = AddressBook::default();
        book.add(key, TransportId(1), "first");
        for restart in 0..100 {
            let next = format!("again{restart}");
            book.set_ufrags(key, ["first", next.as_str()].into_iter());
        }
        assert_eq!(book.ufrags.len(), 2);
        book.remove(key);
        assert!(book.ufrags.is_empty() && book.ids.is_empty());
    }

    #[test]
    fn a_pair_stays_with_its_holder_while_it_is_alive() {
        let [one, other] = keys();
        let (mut book, mut now) = (AddressBook::default(), Instant::now());
        book.add(one, TransportId(1), "one");
        book.add(other, TransportId(2), "other");
        book.verified(now, one, pair(1), None);
        for _ in 0..20 {
            now += Duration::from_secs(5);
            book.verified(now, other, pair(1), None);
            assert_eq!(book.addressee(pair(1), RTP), Some(one));
            book.heard(now, pair(1));
        }
        now += PAIR_HELD;
        book.verified(now, other, pair(1), None);
        assert_eq!(book.addressee(pair(1), RTP), Some(other), "two transports may follow each other");
        book.remove(one);
        assert_eq!(book.addressee(pair(1), RTP), Some(other));
        book.remove(other);
        assert_eq!(book.addressee(pair(1), RTP), None);
    }

    #[test]
    fn pairs_are_bounded_and_the_selected_one_stays() {
        let [key] = keys();
        let mut book = AddressBook::default();
        book.add(key, TransportId(1), "one");
        for port in 0..100 {
            book.verified(Instant::now(), key, pair(port), Some(pair(3)));
        }
        assert_eq!(book.pairs.len(), ICE_PAIRS_MAX);
        assert_eq!(book.addressee(pair(3), RTP), Some(key));
        assert_eq!(book.addressee(pair(4), RTP), None);
        assert_eq!(book.addressee(pair(99), RTP), Some(key));
    }
}
