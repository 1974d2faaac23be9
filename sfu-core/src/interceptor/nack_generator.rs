//! Asks a publisher for what did not arrive (RFC 4585 §6.2.1): after a short grace for reordering, again each round
//! trip, a bounded number of times, and then not any more.
//!
//! Invariant: at most [`MISSING_MAX`] packets of a stream are remembered as missing, none longer than [`GIVE_UP`].

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::interceptor::StreamInfo;
use ::rtcp::transport_feedbacks::transport_layer_nack::{TransportLayerNack, nack_pairs_from_sequence_numbers};
use ::rtp::header::Header;

use super::config::takes;
use super::counters::Cells;
use super::event::{Control, ControlEvent};
use super::stage::{Outbox, Stage};
use crate::id::Ssrc;
use crate::rtp::{ExtSeqNo, SeqNo};

/// How long a packet may be late before it is asked for. Above the reordering of access networks, below a frame.
const GRACE: Duration = Duration::from_millis(15);
/// This many newer packets end the grace early: reordering seldom reaches so far.
const NEWER_PACKETS: u64 = 3;
/// A repeat of the question waits at least this long; a browser's pacer needs some of it.
const REPEAT_MIN: Duration = Duration::from_millis(20);
/// Times a packet is asked for. Half of the questions and half of the answers may be lost, and it still comes.
const TRIES_MAX: u8 = 10;
/// A packet older than this is of no use: a decoder has asked for a keyframe by then.
const GIVE_UP: Duration = Duration::from_secs(1);
/// Missing packets remembered of one stream: half a second of 20 Mbit/s. More is a keyframe's business.
const MISSING_MAX: usize = 1_000;
/// A jump of the sequence number beyond this, confirmed by the next packet, is a restart (RFC 3550 A.1).
const JUMP_MAX: u16 = 3_000;
/// Sequence numbers of one message: keeps it under the MTU even if each takes a pair of its own.
const SEQUENCES_PER_MESSAGE: usize = 250;
/// Round-trip time until one is measured, as browsers assume.
const ROUND_TRIP_DEFAULT: Duration = Duration::from_millis(100);

struct Missing {
    sequence: ExtSeqNo,
    noticed: Instant,
    /// The stream's arrivals when it was noticed.
    noticed_arrivals: u64,
    asked: Option<Instant>,
    tries: u8,
}

#[derive(Default)]
struct Stream {
    highest: Option<ExtSeqNo>,
    arrivals: u64,
    /// Ordered by sequence number.
    missing: VecDeque<Missing>,
    /// The number that would confirm a restart.
    restart: Option<SeqNo>,
}

/// The NACK interceptor's stage.
pub(super) struct NackGenerator {
    streams: BTreeMap<u32, Stream>,
    /// Smoothed time from a question to its answer.
    round_trip: Duration,
    counters: Arc<Cells>,
}

impl NackGenerator {
    pub(super) fn new(counters: Arc<Cells>) -> Self {
        Self { streams: BTreeMap::new(), round_trip: ROUND_TRIP_DEFAULT, counters }
    }

    fn repeat_after(&self) -> Duration {
        (self.round_trip * 5 / 4).max(REPEAT_MIN)
    }

    fn abandon(&self, now: Instant, ssrc: u32, packets: usize, out: &mut Outbox) {
        if packets > 0 {
            self.counters.repairs_abandoned.add(packets);
            out.event(now, ControlEvent::RepairAbandoned { ssrc: Ssrc(ssrc), packets });
        }
    }

    /// Asks for what is due in one stream, gives up what is too old.
    fn ask(&mut self, now: Instant, ssrc: u32, out: &mut Outbox) {
        let repeat_after = self.repeat_after();
        let Some(stream) = self.streams.get_mut(&ssrc) else { return };
        let before = stream.missing.len();
        stream.missing.retain(|missing| !missing.is_hopeless(now, repeat_after));
        let abandoned = before - stream.missing.len();
        if stream.missing.is_empty() {
            // A burst's memory goes with it.
            stream.missing = VecDeque::new();
        }
        let mut due = Vec::new();
        for missing in &mut stream.missing {
            if missing.due(stream.arrivals, repeat_after) <= now {
                missing.asked = Some(now);
                missing.tries += 1;
                due.push(missing.sequence.seq().0);
            }
        }
        self.abandon(now, ssrc, abandoned, out);
        self.counters.packets_nacked.add(due.len());
        for sequences in due.chunks(SEQUENCES_PER_MESSAGE) {
            self.counters.nacks_sent.increment();
            let nacks = nack_pairs_from_sequence_numbers(sequences);
            out.send(now, vec![Box::new(TransportLayerNack { sender_ssrc: 0, media_ssrc: ssrc, nacks })]);
        }
    }

    fn repaired(&mut self, now: Instant, ssrc: u32, sequence: SeqNo) {
        let Some(missing) = self.streams.get_mut(&ssrc).and_then(|stream| stream.take(sequence)) else { return };
        let Some(asked) = missing.asked else { return };
        self.counters.packets_repaired.increment();
        // An answer to a question asked twice says nothing about the round trip (Karn).
        if missing.tries == 1 {
            self.round_trip = (self.round_trip * 7 + now.saturating_duration_since(asked)) / 8;
        }
    }
}

impl Missing {
    fn due(&self, arrivals: u64, repeat_after: Duration) -> Instant {
        match self.asked {
            Some(asked) => asked + repeat_after,
            None if arrivals.saturating_sub(self.noticed_arrivals) + 1 >= NEWER_PACKETS => self.noticed,
            None => self.noticed + GRACE,
        }
    }

    /// Too old, or the last question had its round trip.
    fn is_hopeless(&self, now: Instant, repeat_after: Duration) -> bool {
        let exhausted = self.tries >= TRIES_MAX && self.asked.is_some_and(|asked| now >= asked + repeat_after);
        exhausted || now >= self.noticed + GIVE_UP
    }
}

impl Stream {
    /// Notes an arrival; returns how many missing packets had to be dropped for it.
    fn arrive(&mut self, now: Instant, sequence: SeqNo) -> usize {
        let Some(highest) = self.highest else {
            // A cycle up, so that packets from before the first one have a number too.
            self.highest = Some(ExtSeqNo(1 << 16).offset(i64::from(sequence.0)));
            return 0;
        };
        let step = sequence.distance(highest.seq());
        if step.unsigned_abs() > JUMP_MAX {
            return self.jump(sequence);
        }
        self.restart = None;
        self.arrivals += 1;
        if step <= 0 {
            self.take(sequence);
            return 0;
        }
        let arrived = highest.offset(i64::from(step));
        let mut sequence = highest.next();
        while sequence < arrived {
            self.missing.push_back(Missing {
                sequence,
                noticed: now,
                noticed_arrivals: self.arrivals,
                asked: None,
                tries: 0,
            });
            sequence = sequence.next();
        }
        self.highest = Some(arrived);
        if self.missing.len() <= MISSING_MAX {
            return 0;
        }
        std::mem::take(&mut self.missing).len()
    }

    /// One stray packet is ignored; two in a row begin the stream anew.
    fn jump(&mut self, sequence: SeqNo) -> usize {
        if self.restart != Some(sequence) {
            self.restart = Some(SeqNo(sequence.0.wrapping_add(1)));
            return 0;
        }
        let dropped = self.missing.len();
        *self = Stream { highest: Some(ExtSeqNo(1 << 16).offset(i64::from(sequence.0))), ..Stream::default() };
        dropped
    }

    fn take(&mut self, sequence: SeqNo) -> Option<Missing> {
        let sequence = self.highest?.extend(sequence)?;
        let index = self.missing.binary_search_by_key(&sequence, |missing| missing.sequence).ok()?;
        let missing = self.missing.remove(index);
        if self.missing.is_empty() {
            self.missing = VecDeque::new();
        }
        missing
    }
}

impl Stage for NackGenerator {
    fn handle_arrival(&mut self, now: Instant, header: &Header, out: &mut Outbox) {
        let sequence = SeqNo(header.sequence_number);
        let Some(stream) = self.streams.get_mut(&header.ssrc) else { return };
        if stream.is_behind(sequence) {
            // Late, or a repeat on its own SSRC where RTX was not agreed.
            self.repaired(now, header.ssrc, sequence);
        }
        let Some(stream) = self.streams.get_mut(&header.ssrc) else { return };
        let dropped = stream.arrive(now, sequence);
        let waiting = !stream.missing.is_empty();
        self.abandon(now, header.ssrc, dropped, out);
        if waiting {
            self.ask(now, header.ssrc, out);
        }
    }

    fn handle_control(&mut self, now: Instant, control: &Control, _out: &mut Outbox) {
        match control {
            Control::Repaired { ssrc, sequence } => self.repaired(now, ssrc.0, *sequence),
            Control::RoundTrip(round_trip) => self.round_trip = *round_trip,
            Control::RequestKeyframe { .. } | Control::KeyframeArrived { .. } | Control::SenderSample { .. } => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Outbox) {
        let waiting: Vec<u32> =
            self.streams.iter().filter(|(_, stream)| !stream.missing.is_empty()).map(|(&ssrc, _)| ssrc).collect();
        for ssrc in waiting {
            self.ask(now, ssrc, out);
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let repeat_after = self.repeat_after();
        let dues = self.streams.values().flat_map(|stream| {
            stream
                .missing
                .iter()
                .map(|missing| missing.due(stream.arrivals, repeat_after).min(missing.noticed + GIVE_UP))
        });
        dues.min()
    }

    fn bind_remote(&mut self, info: &StreamInfo) {
        if takes(info, "nack", "") {
            self.streams.insert(info.ssrc, Stream::default());
        }
    }

    fn unbind_remote(&mut self, info: &StreamInfo) {
        self.streams.remove(&info.ssrc);
    }
}

impl Stream {
    fn is_behind(&self, sequence: SeqNo) -> bool {
        self.highest.is_some_and(|highest| sequence.distance(highest.seq()) < 0)
    }
}
