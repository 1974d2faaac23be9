//! TCP connections as the core sees them (RFC 6544): a pair that may refuse more, and may be gone from one moment to the next.
//!
//! Who reads over a connection that takes no more stands still: its cursors stay in the rings, nothing is queued for it. Once it
//! goes on, slots that are too far behind move on to the present, as after a loss that nobody can mend.

use std::time::Instant;

use crate::transport::Pair;

use super::Shard;

/// What became of a TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamChange {
    /// It takes no more for now: media and data wait; what little else there is to say is still given out.
    Blocked,
    /// It takes more again.
    Writable,
    /// It is no more.
    Closed,
}

impl Shard {
    /// Takes in what became of the connection between the two addresses of `pair`.
    pub fn handle_stream(&mut self, now: Instant, pair: Pair, change: StreamChange) {
        self.now = Some(now);
        let pair = pair.canonical();
        let Some(key) = self.addresses.holder(pair) else { return };
        self.guard(now, key, |shard| {
            let Some(participant) = shard.participants.get_mut(key) else { return };
            let blocked = &mut participant.egress.blocked;
            match change {
                StreamChange::Blocked => {
                    *blocked = Some(pair);
                    shard.counters.streams_blocked += 1;
                    return;
                }
                StreamChange::Writable => *blocked = blocked.filter(|known| *known != pair),
                StreamChange::Closed => {
                    *blocked = blocked.filter(|known| *known != pair);
                    participant.connection.forget_pair(pair);
                    shard.addresses.forget_pair(key, pair);
                    shard.counters.streams_closed += 1;
                }
            }
            shard.settle(now, key);
        });
    }

    /// Whether somebody here may be meant by what a connection begins with: a STUN request that names a transport, or anything
    /// at all on a pair that was verified. What is not expected belongs to a stranger.
    pub fn expects(&self, pair: Pair, datagram: &[u8]) -> bool {
        self.addresses.addressee(pair.canonical(), datagram).is_some()
    }

    /// Whether a participant was verified on this pair and is still here.
    pub fn holds(&self, pair: Pair) -> bool {
        self.addresses.holder(pair.canonical()).is_some()
    }
}
