//! The one way into and out of a transport's control path: typed calls in, events and RTCP datagrams out.
//!
//! After any `handle_*`, `request_*` or `*_sample` call, drain `poll_event` and `poll_rtcp`, then sleep until
//! `poll_timeout`.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::interceptor::{Attribute, AttributedPacket, Interceptor, Packet};
use ::rtp::header::{EXTENSION_PROFILE_ONE_BYTE, Extension, Header};
use bytes::Bytes;

use super::config::{Arrival, ChainConfig, LocalStream, RemoteStream, named};
use super::counters::{Cells, ControlCounters};
use super::event::{Control, ControlEvent, SenderSample};
use super::{outgoing, registry, stage};
use crate::id::{Ssrc, TrackId};
use crate::limits::CONTROL_EVENTS_MAX;
use crate::rtcp::{Kind, RtcpPacket, packets};
use crate::rtp::SeqNo;

/// The interceptors of one transport.
pub struct ControlChain {
    chain: Box<dyn Interceptor>,
    local_ssrc: Ssrc,
    transport_cc: Option<u8>,
    cnames: BTreeMap<Ssrc, Arc<str>>,
    events: VecDeque<ControlEvent>,
    datagrams: VecDeque<Vec<u8>>,
    round_trip: Option<Duration>,
    /// Whether anything happened since the interceptors were last asked what they send: asking walks them all.
    unasked: bool,
    /// What they answered when asked for their next deadline, until anything happens.
    due: Option<Option<Instant>>,
    counters: Arc<Cells>,
}

impl fmt::Debug for ControlChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlChain").field("local_ssrc", &self.local_ssrc).finish_non_exhaustive()
    }
}

impl ControlChain {
    /// A chain with no streams yet.
    pub fn new(config: ChainConfig) -> Self {
        let counters = Arc::<Cells>::default();
        Self {
            chain: registry::build(&config, &counters),
            local_ssrc: config.local_ssrc,
            transport_cc: config.transport_cc(),
            cnames: BTreeMap::new(),
            events: VecDeque::new(),
            datagrams: VecDeque::new(),
            round_trip: None,
            unasked: false,
            due: None,
            counters,
        }
    }

    /// A stream that the peer sends is known: it is reported on, and asked for what is missing.
    pub fn bind_remote(&mut self, stream: &RemoteStream) {
        self.touch();
        self.chain.bind_remote_stream(&stream.info());
    }

    /// The peer's stream is gone.
    pub fn unbind_remote(&mut self, ssrc: Ssrc) {
        self.touch();
        self.chain.unbind_remote_stream(&named(ssrc));
    }

    /// A slot exists: the peer's requests for it are heard.
    pub fn bind_local(&mut self, stream: &LocalStream) {
        self.cnames.insert(stream.ssrc, Arc::clone(&stream.cname));
        self.touch();
        self.chain.bind_local_stream(&named(stream.ssrc));
    }

    /// The slot is gone.
    pub fn unbind_local(&mut self, ssrc: Ssrc) {
        self.cnames.remove(&ssrc);
        self.touch();
        self.chain.unbind_local_stream(&named(ssrc));
    }

    /// An RTP packet arrived, of whatever SSRC: RTX and padding count for transport-wide feedback too.
    pub fn handle_arrival(&mut self, now: Instant, arrival: &Arrival) {
        let mut header = Header {
            version: 2,
            sequence_number: arrival.sequence.0,
            timestamp: arrival.timestamp.0,
            ssrc: arrival.ssrc.0,
            ..Header::default()
        };
        if let (Some(id), Some(number)) = (self.transport_cc, arrival.transport_sequence) {
            header.extension = true;
            header.extension_profile = EXTENSION_PROFILE_ONE_BYTE;
            header.extensions.push(Extension { id, payload: Bytes::copy_from_slice(&number.to_be_bytes()) });
        }
        let packet = ::rtp::Packet { header, ..::rtp::Packet::default() };
        self.read(now, Packet::Rtp(packet));
    }

    /// A missing packet came through its RTX stream (RFC 4588): it is not asked for again. Receiver reports still count
    /// it as lost (RFC 4588 §7).
    pub fn handle_repair(&mut self, now: Instant, ssrc: Ssrc, sequence: SeqNo) {
        self.write(now, Control::Repaired { ssrc, sequence });
    }

    /// An RTCP datagram arrived, decrypted; whether anything may follow from it. Transport-wide feedback in it is left to
    /// `rtcp::twcc::feedbacks`.
    pub fn handle_rtcp(&mut self, now: Instant, datagram: &[u8]) -> bool {
        let mut anything = false;
        for packet in packets(datagram) {
            match packet {
                Ok(packet) => anything |= self.handle_rtcp_packet(now, &packet),
                Err(_) => self.counters.rtcp_malformed.increment(),
            }
        }
        anything
    }

    /// Each packet walks the chain by itself, so that none can hide behind another.
    fn handle_rtcp_packet(&mut self, now: Instant, packet: &RtcpPacket<'_>) -> bool {
        match packet.kind {
            Kind::SenderReport
            | Kind::ReceiverReport
            | Kind::Goodbye
            | Kind::Nack
            | Kind::PictureLoss
            | Kind::FullIntra => {}
            // Application feedback of other kinds than REMB is not malformed, and not for us.
            Kind::ApplicationFeedback if packet.body.get(8..12) == Some(b"REMB") => {}
            Kind::ApplicationFeedback
            | Kind::SourceDescription
            | Kind::TransportCc
            | Kind::ExtendedReport
            | Kind::Other => return false,
        }
        match ::rtcp::packet::unmarshal(&mut Bytes::from(packet.without_padding())) {
            Ok(packets) => {
                self.read(now, Packet::Rtcp(packets));
                true
            }
            Err(_) => {
                self.counters.rtcp_malformed.increment();
                false
            }
        }
    }

    /// Somebody needs a keyframe of `track`, in its encoding `ssrc`. Any number of calls becomes few requests.
    pub fn request_keyframe(&mut self, now: Instant, track: TrackId, ssrc: Ssrc) {
        self.write(now, Control::RequestKeyframe { track, ssrc });
    }

    /// A keyframe of the encoding has begun to arrive.
    pub fn keyframe_arrived(&mut self, now: Instant, track: TrackId, ssrc: Ssrc) {
        self.write(now, Control::KeyframeArrived { track, ssrc });
    }

    /// Sends a slot's sender report: at its first packet, and in answer to `ControlEvent::SenderReportsDue`.
    pub fn sender_sample(&mut self, now: Instant, sample: SenderSample) {
        let Some(cname) = self.cnames.get(&sample.ssrc).cloned() else { return };
        self.write(now, Control::SenderSample { sample, cname });
    }

    /// A better measure of the round trip than the chain's own (from answered reports or repeats).
    pub fn set_round_trip(&mut self, now: Instant, round_trip: Duration) {
        self.round_trip = Some(round_trip);
        self.write(now, Control::RoundTrip(round_trip));
    }

    /// Smoothed round trip to a subscriber; `None` until a reception report told it.
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.touch();
        if let Err(error) = self.chain.handle_timeout(now) {
            tracing::debug!(%error, "an interceptor failed on its timer");
        }
        self.collect(now);
    }

    /// When `handle_timeout` is due next.
    pub fn poll_timeout(&mut self) -> Option<Instant> {
        *self.due.get_or_insert_with(|| self.chain.poll_timeout())
    }

    /// The next thing the shard must act on.
    pub fn poll_event(&mut self) -> Option<ControlEvent> {
        self.events.pop_front()
    }

    /// The next RTCP datagram for the peer, to be sealed; of reduced size (RFC 5506) where no report is due.
    pub fn poll_rtcp(&mut self) -> Option<Vec<u8>> {
        if self.datagrams.is_empty() && std::mem::take(&mut self.unasked) {
            let messages = std::iter::from_fn(|| self.chain.poll_write()).collect();
            self.datagrams.extend(outgoing::datagrams(messages, self.local_ssrc, &self.counters));
        }
        self.datagrams.pop_front()
    }

    /// What the chain has counted so far.
    pub fn counters(&self) -> ControlCounters {
        self.counters.read()
    }

    fn touch(&mut self) {
        self.unasked = true;
        self.due = None;
    }

    fn read(&mut self, now: Instant, packet: Packet) {
        self.touch();
        if let Err(error) = self.chain.handle_read(stage::tagged(now, AttributedPacket::new(packet))) {
            tracing::debug!(%error, "an interceptor failed on a packet");
        }
        self.collect(now);
    }

    fn write(&mut self, now: Instant, control: Control) {
        self.touch();
        if let Err(error) = self.chain.handle_write(stage::carrier(now, control)) {
            tracing::debug!(%error, "an interceptor failed on a control");
        }
        self.collect(now);
    }

    fn collect(&mut self, now: Instant) {
        let known = self.round_trip;
        while let Some(message) = self.chain.poll_read() {
            for attribute in &message.message.attributes {
                let Attribute::Custom(value) = attribute else { continue };
                if let Some(event) = value.downcast_ref::<ControlEvent>() {
                    self.take(event.clone());
                }
            }
        }
        if let Some(round_trip) = self.round_trip.filter(|_| self.round_trip != known) {
            self.set_round_trip(now, round_trip);
        }
    }

    fn take(&mut self, event: ControlEvent) {
        if let ControlEvent::Reception(report) = &event
            && let Some(sample) = report.round_trip
        {
            self.round_trip = Some(self.round_trip.map_or(sample, |smoothed| (smoothed * 7 + sample) / 8));
        }
        if self.events.len() < CONTROL_EVENTS_MAX {
            self.events.push_back(event);
        } else {
            self.counters.events_shed.increment();
        }
    }
}
