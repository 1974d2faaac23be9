//! Who went silent: a browser tab that is closed says nothing, and its transport would stay until consent is over.
//!
//! Costs a packet one comparison: what is authentic is noted by the transport as it comes, and whether anything came is
//! looked at when a timer says so, which is set again once in `SILENT_AFTER`.

use std::time::Instant;

use crate::event::Event;
use crate::id::ParticipantKey;
use crate::limits::SILENT_AFTER;

use super::Shard;

/// Whether a peer is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Liveness {
    /// Nobody asks: not connected yet, or a client without a socket beside its transport.
    Unwatched,
    /// It counts as silent at `look_at` unless something came since.
    Heard {
        look_at: Instant,
    },
    Silent,
}

impl Liveness {
    /// A transport that has just connected.
    pub fn begin(now: Instant) -> Self {
        Self::Heard { look_at: now + SILENT_AFTER }
    }

    /// When to look.
    pub fn due(self) -> Option<Instant> {
        match self {
            Self::Heard { look_at } => Some(look_at),
            Self::Unwatched | Self::Silent => None,
        }
    }

    fn is_to_be_looked_at(self, now: Instant) -> bool {
        match self {
            Self::Unwatched => false,
            Self::Heard { look_at } => look_at <= now,
            Self::Silent => true,
        }
    }

    /// How things stand at `now`; `heard`: when something authentic last came.
    fn looked_at(self, now: Instant, heard: Instant) -> Self {
        let silent_at = heard + SILENT_AFTER;
        match self {
            Self::Unwatched => Self::Unwatched,
            Self::Heard { .. } | Self::Silent if silent_at <= now => Self::Silent,
            Self::Heard { .. } | Self::Silent => Self::Heard { look_at: silent_at },
        }
    }
}

impl Shard {
    /// Notices that a peer went silent, or is back.
    pub(super) fn look_for_silence(&mut self, now: Instant, key: ParticipantKey) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        let before = participant.liveness;
        if !before.is_to_be_looked_at(now) {
            return;
        }
        let Some(heard) = participant.connection.last_heard() else { return };
        participant.liveness = before.looked_at(now, heard);
        let transport = participant.membership.id;
        match (before == Liveness::Silent, participant.liveness == Liveness::Silent) {
            (false, true) => self.events.push_back(Event::Silent { transport }),
            (true, false) => self.events.push_back(Event::Heard { transport }),
            (true, true) | (false, false) => {}
        }
    }
}
