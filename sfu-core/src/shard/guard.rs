//! One peer's fault costs that peer: what panics while it is done for a participant ends that participant's transport,
//! is counted, and reaches nobody else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::error::RequestError;
use crate::event::{CloseReason, Event};
use crate::id::{ParticipantKey, TransportId};
use crate::timer::Timer;

use super::Shard;

impl Shard {
    /// Does `work` for a participant; if it panics, that participant is ended and everybody else goes on.
    pub(super) fn guard(&mut self, now: Instant, key: ParticipantKey, work: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            self.counters.panics_caught += 1;
            tracing::error!(?key, "a fault of our own ended a transport");
            self.remove_broken(now, key);
        }
    }

    /// Does `work` that belongs to nobody in particular; if it panics, it is left half done and counted.
    pub(super) fn contain(&mut self, work: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            self.counters.panics_caught += 1;
            tracing::error!("a fault of our own, left at that");
        }
    }

    /// Does `work` on a request for a transport; if it panics, the request is refused, and of the transport nothing stays.
    pub(super) fn attempt<T>(
        &mut self,
        now: Instant,
        transport: TransportId,
        work: impl FnOnce(&mut Self) -> Result<T, RequestError>,
    ) -> Result<T, RequestError> {
        let outcome = catch_unwind(AssertUnwindSafe(|| work(self)));
        outcome.unwrap_or_else(|_| {
            self.counters.panics_caught += 1;
            tracing::error!(%transport, "a fault of our own refused a request");
            let keys: Vec<ParticipantKey> = self
                .participants
                .iter()
                .filter(|(_, participant)| participant.membership.id == transport)
                .map(|(key, _)| key)
                .collect();
            for key in keys {
                self.remove_broken(now, key);
            }
            Err(RequestError::Internal)
        })
    }

    /// Like `attempt`, for a transport that nobody has heard of yet: its end is no news either.
    pub(super) fn attempt_new<T>(
        &mut self,
        now: Instant,
        id: TransportId,
        work: impl FnOnce(&mut Self) -> Result<T, RequestError>,
    ) -> Result<T, RequestError> {
        let outcome = self.attempt(now, id, work);
        if outcome.is_err() {
            self.events.retain(|event| !matches!(event, Event::Closed { transport, .. } if *transport == id));
        }
        outcome
    }

    /// Takes a participant out that something went wrong with, come what may.
    pub(super) fn remove_broken(&mut self, now: Instant, key: ParticipantKey) {
        if catch_unwind(AssertUnwindSafe(|| self.remove(now, key, CloseReason::Internal))).is_err() {
            self.participants.remove(key);
            self.names.remove(key);
            self.addresses.remove(key);
            self.timers.set(Timer::Participant(key), None);
            self.timers.set(Timer::Slots(key), None);
            for room in self.rooms.values_mut() {
                room.remove(key);
            }
        }
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
