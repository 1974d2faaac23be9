//! Whose datagram is it: by the verified pair it came on, or by the ICE user name it carries (RFC 8445 §7.3).

use std::collections::HashMap;

use slotmap::SecondaryMap;

use crate::id::{ParticipantKey, TransportId};
use crate::limits::ICE_PAIRS_MAX;
use crate::transport::{DatagramKind, Pair, classify, peek_ufrag};

/// What leads to a participant from outside.
#[derive(Debug, Default)]
pub(super) struct AddressBook {
    ids: HashMap<TransportId, ParticipantKey>,
    ufrags: HashMap<String, ParticipantKey>,
    pairs: HashMap<Pair, ParticipantKey>,
    /// The other way round: what to forget when a participant goes.
    known: SecondaryMap<ParticipantKey, Known>,
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

    /// Notes that a participant was just verified on a pair, which is its own from now on, whoever had it before. Of too
    /// many, the one verified longest ago goes, but never the `selected` one.
    pub(super) fn verified(&mut self, key: ParticipantKey, pair: Pair, selected: Option<Pair>) {
        let Some(known) = self.known.get_mut(key) else { return };
        self.pairs.insert(pair, key);
        known.pairs.retain(|other| *other != pair);
        known.pairs.push(pair);
        if known.pairs.len() <= ICE_PAIRS_MAX {
            return;
        }
        let Some(place) = known.pairs.iter().position(|other| Some(*other) != selected) else { return };
        let oldest = known.pairs.remove(place);
        if self.pairs.get(&oldest) == Some(&key) {
            self.pairs.remove(&oldest);
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
            if self.pairs.get(&pair) == Some(&key) {
                self.pairs.remove(&pair);
            }
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
        self.pairs.get(&pair).copied()
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
        Pair { local: ([10, 0, 0, 1], 7_882).into(), remote: ([10, 0, 0, 2], port).into() }
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
    fn a_pair_is_whose_it_was_last_verified_for() {
        let [one, other] = keys();
        let mut book = AddressBook::default();
        book.add(one, TransportId(1), "one");
        book.add(other, TransportId(2), "other");
        for key in [one, other, one] {
            book.verified(key, pair(1), None);
            assert_eq!(book.addressee(pair(1), RTP), Some(key));
        }
        book.remove(other);
        assert_eq!(book.addressee(pair(1), RTP), Some(one));
    }

    #[test]
    fn pairs_are_bounded_and_the_selected_one_stays() {
        let [key] = keys();
        let mut book = AddressBook::default();
        book.add(key, TransportId(1), "one");
        for port in 0..100 {
            book.verified(key, pair(port), Some(pair(3)));
        }
        assert_eq!(book.pairs.len(), ICE_PAIRS_MAX);
        assert_eq!(book.addressee(pair(3), RTP), Some(key));
        assert_eq!(book.addressee(pair(4), RTP), None);
        assert_eq!(book.addressee(pair(99), RTP), Some(key));
    }
}
