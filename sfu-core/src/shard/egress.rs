//! The walk outwards: one participant after another, everything pending for it sealed back to back into one send.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::id::{EncodingId, ParticipantKey, Ssrc};
use crate::timer::Timer;
use crate::transport::Protocol;

use super::fill::{Filled, More, single};
use super::participant::Participant;
use super::{Shard, Transmit};

impl Shard {
    /// Writes the next datagrams for one peer into `buffer` (cleared first), or returns `None` when there is nothing to send.
    pub fn poll_transmit(&mut self, now: Instant, buffer: &mut Vec<u8>) -> Option<Transmit> {
        buffer.clear();
        loop {
            if let Some((pair, bytes)) = self.last_words.pop_front() {
                return Some(single(pair, &bytes, buffer));
            }
            let key = self.send_queue.front()?;
            if self.participants.get_mut(key).is_some_and(|it| std::mem::take(&mut it.egress.unsettled)) {
                self.guard(now, key, |shard| shard.settle(now, key));
            }
            let Filled { transmit, more } = self.fill(now, key, buffer);
            if more == More::No {
                self.send_queue.pop();
                self.guard(now, key, |shard| shard.idle(now, key));
            }
            if let Some(transmit) = transmit {
                self.counters.transmits += 1;
                if transmit.pair.protocol == Protocol::Udp {
                    self.counters.batches.note(transmit.datagrams(buffer.len()));
                }
                return Some(transmit);
            }
        }
    }

    fn fill(&mut self, now: Instant, key: ParticipantKey, buffer: &mut Vec<u8>) -> Filled {
        let Some(participant) = self.participants.get_mut(key) else { return Filled::NOTHING };
        let (media, counters) = (&self.media, &mut self.counters);
        let filled = catch_unwind(AssertUnwindSafe(|| participant.fill(now, media, counters, buffer)));
        if let Ok(filled) = filled {
            participant.egress.bytes_sent += u64::try_from(buffer.len()).unwrap_or(0);
            return filled;
        }
        buffer.clear();
        self.counters.panics_caught += 1;
        tracing::error!(?key, "a fault of our own ended a transport");
        self.remove_broken(now, key);
        Filled::NOTHING
    }

    /// A participant has nothing more to send now.
    fn idle(&mut self, now: Instant, key: ParticipantKey) {
        let Some(participant) = self.participants.get_mut(key) else { return };
        participant.egress.queued = false;
        let beyond_media = std::mem::take(&mut participant.egress.beyond_media);
        let can_be_asked = |encoding| {
            let known = self.media.encodings.get(encoding);
            known.is_some_and(|known| known.ssrc.is_some() && !known.is_away(now))
        };
        let Aftermath { wishes, switched, changed } = participant.aftermath(can_be_asked);
        for encoding in wishes {
            self.request_keyframe(now, encoding);
        }
        // What was left is not read any more.
        if !switched.is_empty() {
            self.follow_reads(now, key);
        }
        for ssrc in switched {
            self.report(now, key, ssrc);
        }
        if changed {
            self.look_at_slots(key);
        }
        if beyond_media && let Some(participant) = self.participants.get_mut(key) {
            let due = participant.next_due(now);
            self.timers.set(Timer::Participant(key), due);
        }
    }
}

/// What sending made of a participant's slots.
#[derive(Debug, Default)]
struct Aftermath {
    /// Encodings that must be asked for a keyframe.
    wishes: Vec<EncodingId>,
    /// SSRCs of slots that show something else: the receiver must know the new media clock at once.
    switched: Vec<Ssrc>,
    /// Whether any slot does something else than before.
    changed: bool,
}

impl Participant {
    /// Looks at every slot once: this is done after each packet that anybody sends, and a viewer may have dozens.
    fn aftermath(&mut self, can_be_asked: impl Fn(EncodingId) -> bool) -> Aftermath {
        let mut found = Aftermath::default();
        for assigned in &mut self.slots {
            found.wishes.extend(assigned.slot.take_keyframe_wish(&can_be_asked));
            found.switched.extend(assigned.take_switch());
            found.changed |= assigned.slot.take_change();
        }
        found
    }
}
