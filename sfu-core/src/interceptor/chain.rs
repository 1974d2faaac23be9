//! The one way into and out of a transport's control path: typed calls in, events and RTCP datagrams out.
//!
//! After any `handle_*`, `request_*` or `*_sample` call, drain `poll_event` and `poll_rtcp`, then sleep until
//! `poll_timeout`.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::error::Error;

use super::config::{Arrival, ChainConfig, LocalStream, RemoteStream, Side};
use super::counters::ControlCounters;
use super::event::{Control, ControlEvent, SenderSample};
use super::reception::Reception;
use super::stage::Outbox;
use super::stages::Stages;
use crate::id::{Ssrc, TrackId};
use crate::rtcp::{Message, RtcpPacket, message, packets};
use crate::rtp::SeqNo;

/// The interceptors of one transport.
pub struct ControlChain {
    stages: Stages,
    /// Towards a peer that publishes.
    reception: Option<Reception>,
    out: Outbox,
    local_ssrc: Ssrc,
    cnames: BTreeMap<Ssrc, Arc<str>>,
    datagrams: VecDeque<Vec<u8>>,
    /// Whether anything happened since the interceptors were last asked what they send: asking walks them all.
    unasked: bool,
    /// What they answered when asked for their next deadline, until anything happens.
    due: Option<Option<Instant>>,
}

impl fmt::Debug for ControlChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlChain").field("local_ssrc", &self.local_ssrc).finish_non_exhaustive()
    }
}

impl ControlChain {
    /// A chain with no streams yet.
    pub fn new(config: ChainConfig) -> Self {
        let publishes = matches!(config.side, Side::Publisher { .. } | Side::Both);
        Self {
            stages: Stages::new(&config),
            reception: publishes.then(|| Reception::new(config.transport_cc())),
            out: Outbox::default(),
            local_ssrc: config.local_ssrc,
            cnames: BTreeMap::new(),
            datagrams: VecDeque::new(),
            unasked: false,
            due: None,
        }
    }

    /// A stream that the peer sends is known: it is reported on, and asked for what is missing.
    pub fn bind_remote(&mut self, stream: &RemoteStream) {
        self.touch();
        self.stages.each().for_each(|stage| stage.bind_remote(stream));
        if let Some(reception) = &mut self.reception {
            reception.bind(stream);
        }
    }

    /// The peer's stream is gone.
    pub fn unbind_remote(&mut self, ssrc: Ssrc) {
        self.touch();
        self.stages.each().for_each(|stage| stage.unbind_remote(ssrc));
        if let Some(reception) = &mut self.reception {
            reception.unbind(ssrc);
        }
    }

    /// A slot exists: the peer's requests for it are heard.
    pub fn bind_local(&mut self, stream: &LocalStream) {
        self.cnames.insert(stream.ssrc, Arc::clone(&stream.cname));
        self.touch();
        self.stages.each().for_each(|stage| stage.bind_local(stream.ssrc));
    }

    /// The slot is gone.
    pub fn unbind_local(&mut self, ssrc: Ssrc) {
        self.cnames.remove(&ssrc);
        self.touch();
        self.stages.each().for_each(|stage| stage.unbind_local(ssrc));
    }

    /// An RTP packet arrived, of whatever SSRC: RTX and padding count for transport-wide feedback too.
    pub fn handle_arrival(&mut self, now: Instant, arrival: &Arrival) {
        self.touch();
        self.stages.each().for_each(|stage| stage.handle_arrival(now, arrival, &mut self.out));
        note(self.reception.as_mut().map(|reception| reception.handle_arrival(now, arrival)));
    }

    /// A missing packet came through its RTX stream (RFC 4588): it is not asked for again. Receiver reports still count
    /// it as lost (RFC 4588 §7).
    pub fn handle_repair(&mut self, now: Instant, ssrc: Ssrc, sequence: SeqNo) {
        self.control(now, &Control::Repaired { ssrc, sequence });
    }

    /// An RTCP datagram arrived, decrypted; whether anything may follow from it. Transport-wide feedback in it is left to
    /// `rtcp::twcc::feedbacks`.
    pub fn handle_rtcp(&mut self, now: Instant, datagram: &[u8]) -> bool {
        let mut anything = false;
        for packet in packets(datagram) {
            match packet.and_then(|packet: RtcpPacket<'_>| message(&packet)) {
                Ok(Some(message)) => {
                    anything = true;
                    self.handle_message(now, &message);
                }
                Ok(None) => {}
                Err(_) => self.out.counters.rtcp_malformed += 1,
            }
        }
        anything
    }

    /// Each packet of a compound by itself, so that none can hide behind another.
    fn handle_message(&mut self, now: Instant, message: &Message<'_>) {
        self.touch();
        let known = self.out.round_trip;
        self.stages.each().for_each(|stage| stage.handle_rtcp(now, message, &mut self.out));
        if let Message::SenderReport { ssrc, ntp, .. } = *message {
            note(self.reception.as_mut().map(|reception| reception.handle_sender_report(now, ssrc, ntp)));
        }
        if let Some(round_trip) = self.out.round_trip.filter(|_| self.out.round_trip != known) {
            self.set_round_trip(now, round_trip);
        }
    }

    /// Somebody needs a keyframe of `track`, in its encoding `ssrc`. Any number of calls becomes few requests.
    pub fn request_keyframe(&mut self, now: Instant, track: TrackId, ssrc: Ssrc) {
        self.control(now, &Control::RequestKeyframe { track, ssrc });
    }

    /// A keyframe of the encoding has begun to arrive.
    pub fn keyframe_arrived(&mut self, now: Instant, track: TrackId, ssrc: Ssrc) {
        self.control(now, &Control::KeyframeArrived { track, ssrc });
    }

    /// The most that the peer is to send on all its streams together, bit/s of UDP payload; `None`: whatever it can. A peer that
    /// never had a limit is told nothing.
    pub fn limit_sending(&mut self, now: Instant, limit: Option<u64>) {
        self.control(now, &Control::LimitSending(limit));
    }

    /// Sends a slot's sender report: at its first packet, and in answer to `ControlEvent::SenderReportsDue`.
    pub fn sender_sample(&mut self, now: Instant, sample: SenderSample) {
        let Some(cname) = self.cnames.get(&sample.ssrc).cloned() else { return };
        self.control(now, &Control::SenderSample { sample, cname });
    }

    /// A better measure of the round trip than the chain's own (from answered reports or repeats).
    pub fn set_round_trip(&mut self, now: Instant, round_trip: Duration) {
        self.out.round_trip = Some(round_trip);
        self.control(now, &Control::RoundTrip(round_trip));
    }

    /// Smoothed round trip to a subscriber; `None` until a reception report told it.
    pub fn round_trip(&self) -> Option<Duration> {
        self.out.round_trip
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.touch();
        self.stages.each().for_each(|stage| stage.handle_timeout(now, &mut self.out));
        note(self.reception.as_mut().map(|reception| reception.handle_timeout(now)));
    }

    /// When `handle_timeout` is due next.
    pub fn poll_timeout(&mut self) -> Option<Instant> {
        let (stages, reception) = (&mut self.stages, &mut self.reception);
        *self.due.get_or_insert_with(|| {
            let reception = reception.as_mut().and_then(Reception::poll_timeout);
            stages.each().filter_map(|stage| stage.poll_timeout()).chain(reception).min()
        })
    }

    /// The next thing the shard must act on.
    pub fn poll_event(&mut self) -> Option<ControlEvent> {
        self.out.poll_event()
    }

    /// The next RTCP datagram for the peer, to be sealed; of reduced size (RFC 5506) where no report is due.
    pub fn poll_rtcp(&mut self) -> Option<Vec<u8>> {
        if self.datagrams.is_empty() && std::mem::take(&mut self.unasked) {
            let (out, reception) = (&mut self.out, &mut self.reception);
            let theirs = std::iter::from_fn(|| reception.as_mut().and_then(Reception::poll_message));
            out.pack(theirs, self.local_ssrc, &mut self.datagrams);
        }
        self.datagrams.pop_front()
    }

    /// What the chain has counted so far.
    pub fn counters(&self) -> ControlCounters {
        self.out.counters
    }

    fn touch(&mut self) {
        self.unasked = true;
        self.due = None;
    }

    fn control(&mut self, now: Instant, control: &Control) {
        self.touch();
        self.stages.each().for_each(|stage| stage.handle_control(now, control, &mut self.out));
    }
}

/// What the library's interceptors refuse costs that report alone.
fn note(outcome: Option<Result<(), Error>>) {
    if let Some(Err(error)) = outcome {
        tracing::debug!(%error, "an interceptor failed");
    }
}
