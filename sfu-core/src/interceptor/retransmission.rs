//! Hears a subscriber's NACKs (RFC 4585 §6.2.1) and tells the application which packets to send again out of the shared
//! ring. A question repeated while the answer is on its way is not answered twice; one after an answer that was lost is, by the
//! packet and a copy of it.
//!
//! Invariant: memory per slot is one table of [`REPEATS_REMEMBERED_MAX`] packets, made at the slot's first loss.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::counters::whole;
use super::event::{Control, ControlEvent};
use super::stage::{Outbox, Stage};
use crate::id::Ssrc;
use crate::limits::{ANSWERS_PER_PACKET_MAX, NACKED_PER_MESSAGE_MAX, REPEATS_REMEMBERED_MAX};
use crate::rtcp::Message;
use crate::rtp::SeqNo;

/// A question within this time after an answer cannot have seen it.
const SUPPRESS_MIN: Duration = Duration::from_millis(20);
/// Round-trip time until reports tell it, as browsers assume.
const ROUND_TRIP_DEFAULT: Duration = Duration::from_millis(100);

/// After this an answered number belongs to another packet, ms: sequence numbers come round in 13 s at 5,000 packets/s.
const FORGET_MS: u32 = 5_000;

/// Eight bytes each: a time in ms since the first question does for what is compared within seconds.
#[derive(Clone, Copy)]
struct Answered {
    sequence: SeqNo,
    /// Questions answered; 0: the place is free.
    count: u8,
    at_ms: u32,
}

const FREE: Answered = Answered { sequence: SeqNo(0), count: 0, at_ms: 0 };

/// The interceptor's stage.
pub(super) struct Retransmission {
    slots: BTreeMap<Ssrc, Vec<Answered>>,
    epoch: Option<Instant>,
    round_trip: Duration,
}

impl Default for Retransmission {
    fn default() -> Self {
        Self { slots: BTreeMap::new(), epoch: None, round_trip: ROUND_TRIP_DEFAULT }
    }
}

impl Retransmission {
    fn handle_nack(&mut self, now: Instant, ssrc: Ssrc, mut asked: impl Iterator<Item = SeqNo>, out: &mut Outbox) {
        out.counters.nacks_received += 1;
        // The smoothed round trip lags behind a shrinking one, and many that ask do not know theirs.
        let round_trip_ms = self.round_trip.as_millis();
        let suppress_ms = (self.round_trip * 3 / 4).max(SUPPRESS_MIN).as_millis();
        let elapsed = now.saturating_duration_since(*self.epoch.get_or_insert(now));
        // The low 32 bits: compared only with each other, by wrapping difference.
        let now_ms = u32::try_from(elapsed.as_millis() & u128::from(u32::MAX)).unwrap_or(0);
        let Some(answered) = self.slots.get_mut(&ssrc) else {
            out.counters.feedback_unknown_ssrc += 1;
            return;
        };
        answered.resize(REPEATS_REMEMBERED_MAX, FREE);
        let (mut sequences, mut copies) = (Vec::new(), Vec::new());
        for sequence in asked.by_ref().take(NACKED_PER_MESSAGE_MAX) {
            let Some(last) = answered.get_mut(usize::from(sequence.0) % REPEATS_REMEMBERED_MAX) else { continue };
            let age_ms = now_ms.wrapping_sub(last.at_ms);
            if last.sequence != sequence || age_ms >= FORGET_MS {
                if last.count > 0 && age_ms < FORGET_MS {
                    out.counters.repeats_forgotten += 1;
                }
                *last = FREE;
            }
            let age_ms = u128::from(age_ms);
            let is_fresh = last.count > 0 && age_ms < suppress_ms;
            if is_fresh || last.count >= ANSWERS_PER_PACKET_MAX {
                out.counters.repeats_suppressed += 1;
                continue;
            }
            // Nobody waits longer for an answer that is on its way: it was lost.
            if last.count > 0 && age_ms >= round_trip_ms {
                copies.push(sequence);
            }
            *last = Answered { sequence, count: last.count + 1, at_ms: now_ms };
            sequences.push(sequence);
        }
        // Behind the others: a burst that takes one may spare its copy.
        sequences.append(&mut copies);
        out.counters.repeats_shed += whole(asked.count());
        if !sequences.is_empty() {
            out.event(ControlEvent::Retransmit { ssrc, sequences });
        }
    }
}

impl Stage for Retransmission {
    fn handle_rtcp(&mut self, now: Instant, message: &Message<'_>, out: &mut Outbox) {
        if let Message::Nack { media, pairs } = *message {
            self.handle_nack(now, media, pairs.sequences(), out);
        }
    }

    fn handle_control(&mut self, _now: Instant, control: &Control, _out: &mut Outbox) {
        if let Control::RoundTrip(round_trip) = control {
            self.round_trip = *round_trip;
        }
    }

    fn bind_local(&mut self, ssrc: Ssrc) {
        self.slots.insert(ssrc, Vec::new());
    }

    fn unbind_local(&mut self, ssrc: Ssrc) {
        self.slots.remove(&ssrc);
    }
}
