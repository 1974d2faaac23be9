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
        self.add_ufrag(key, ufrag);
    }

    /// Enters a user name fragment of ours, after a restart.
    pub(super) fn add_ufrag(&mut self, key: ParticipantKey, ufrag: &str) {
        self.ufrags.insert(ufrag.to_owned(), key);
        if let Some(known) = self.known.get_mut(key) {
            known.ufrags.push(ufrag.to_owned());
        }
    }

    /// Enters a pair whose integrity was verified. It is that participant's from now on, whoever had it before.
    pub(super) fn add_pair(&mut self, key: ParticipantKey, pair: Pair) {
        self.pairs.insert(pair, key);
        let Some(known) = self.known.get_mut(key) else { return };
        known.pairs.push(pair);
        if known.pairs.len() > ICE_PAIRS_MAX {
            let oldest = known.pairs.remove(0);
            if self.pairs.get(&oldest) == Some(&key) {
                self.pairs.remove(&oldest);
            }
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
