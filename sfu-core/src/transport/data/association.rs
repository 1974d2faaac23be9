//! One SCTP association of the library, in the server's role: the peer begins, whatever side of DTLS it is. Since ours never
//! sends an INIT, two of them cannot cross.
//!
//! The library draws its own tags, first numbers and cookies; simulations are not the same bytes twice. Invariant: after
//! each call the library has nothing left to say: `poll_packet` and `poll_event` have it.

use std::collections::VecDeque;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use sctp::{
    DatagramEvent, Endpoint, EndpointConfig, Event, Payload, PayloadProtocolIdentifier, ServerConfig, StreamEvent,
    TimerConfig, TransportConfig,
};
use shared::TransportProtocol;

use super::gate::{Gate, Verdict};
use super::open_message::Reliability;
use super::packet::{self, Tsn};
use crate::limits::{
    DATA_CHANNELS_MAX, DATA_MESSAGE_BYTES_MAX, DATA_PACKET_BYTES_MAX, DATA_PACKETS_WAITING_MAX, DATA_RECEIVE_BYTES_MAX,
};

/// The peer's address as the library knows it (TEST-NET-1, RFC 5737); where packets go is ICE's business.
const PEER: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 9));

/// What an association says.
#[derive(Debug)]
pub(super) enum AssociationEvent {
    Established,
    /// The peer used a stream for the first time.
    StreamOpened,
    /// A whole message; `None` where it is larger than was agreed.
    Message {
        stream: u16,
        kind: PayloadProtocolIdentifier,
        bytes: Option<Bytes>,
    },
    /// Bytes of ours that are acknowledged, or given up.
    Released {
        stream: u16,
        bytes: usize,
    },
    StreamClosed(u16),
}

/// The INIT that began an association.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Init {
    tag: u32,
    first: Tsn,
}

impl Init {
    /// The INIT that a packet consists of.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let chunk = packet::first_chunk(bytes).filter(|chunk| chunk.kind == packet::INIT)?;
        (packet::tag(bytes) == Some(0)).then_some(())?;
        Some(Self { tag: chunk.u32(0)?, first: Tsn(chunk.u32(12)?) })
    }
}

/// One association.
pub(super) struct Association {
    init: Init,
    /// Our answer to it, to be repeated as it was: the library would begin another association instead.
    init_ack: Option<Bytes>,
    endpoint: Endpoint,
    library: sctp::Association,
    gate: Gate,
    packets: VecDeque<Bytes>,
    packets_unsent: u64,
    events: VecDeque<AssociationEvent>,
}

impl fmt::Debug for Association {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Association").field("init", &self.init).field("gate", &self.gate).finish_non_exhaustive()
    }
}

impl Association {
    /// Answers an INIT; `None` if it is none that can be answered.
    pub(super) fn answer(now: Instant, init: Init, packet: Bytes) -> Option<Self> {
        let config = Arc::new(ServerConfig::new(transport_config()));
        let mut endpoint = Endpoint::new(PEER, TransportProtocol::UDP, Arc::new(EndpointConfig::new()), Some(config));
        let (_, DatagramEvent::NewAssociation(library)) = endpoint.handle(now, PEER, None, packet)? else {
            return None;
        };
        let mut association = Self {
            init,
            init_ack: None,
            endpoint,
            library,
            gate: Gate::new(now, init.first),
            packets: VecDeque::new(),
            packets_unsent: 0,
            events: VecDeque::new(),
        };
        association.drain(now);
        Some(association)
    }

    /// Repeats our answer if the INIT is the one that it answered.
    pub(super) fn repeat_answer(&mut self, init: Init) -> bool {
        if init != self.init {
            return false;
        }
        self.packets.extend(self.init_ack.clone().filter(|_| self.packets.is_empty()));
        true
    }

    /// Takes in a packet of the peer, other than an INIT.
    pub(super) fn handle_packet(&mut self, now: Instant, packet: Bytes) -> Verdict {
        if self.packets.len() >= DATA_PACKETS_WAITING_MAX {
            return Verdict::Shed;
        }
        let verdict = self.gate.judge(now, &packet);
        if verdict != Verdict::Passes {
            return verdict;
        }
        match self.endpoint.handle(now, PEER, None, packet) {
            Some((_, DatagramEvent::AssociationEvent(event))) => self.library.handle_event(event),
            _ => return Verdict::Malformed,
        }
        self.drain(now);
        Verdict::Passes
    }

    /// Repeats what is due, acknowledges what has waited.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.library.handle_timeout(now);
        self.drain(now);
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.library.poll_timeout()
    }

    /// The next packet for the peer.
    pub(super) fn poll_packet(&mut self) -> Option<Bytes> {
        self.packets.pop_front()
    }

    pub(super) fn poll_event(&mut self) -> Option<AssociationEvent> {
        self.events.pop_front()
    }

    /// Packets not sent since the last call: too large, or too many.
    pub(super) fn take_unsent(&mut self) -> u64 {
        std::mem::take(&mut self.packets_unsent)
    }

    /// Whether both sides agreed to begin.
    pub(super) fn is_established(&self) -> bool {
        !self.library.is_handshaking()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.library.is_closed()
    }

    /// Fixes how messages of a stream are delivered.
    pub(super) fn set_reliability(&mut self, stream: u16, reliability: Reliability) {
        let Reliability { unordered, kind, value } = reliability;
        if let Ok(mut stream) = self.library.stream(stream) {
            // Fails for streams that are gone.
            stream.set_reliability_params(unordered, kind, value).ok();
        }
    }

    /// Queues a message; false if the stream is gone.
    pub(super) fn send(&mut self, now: Instant, stream: u16, kind: PayloadProtocolIdentifier, message: &Bytes) -> bool {
        let written = self.library.stream(stream).and_then(|mut it| it.write_chunk_with_ppi(now, message, kind));
        self.drain(now);
        written.is_ok()
    }

    /// Resets our direction of a stream, so that the peer closes its channel.
    pub(super) fn reset(&mut self, now: Instant, stream: u16) {
        if let Ok(mut stream) = self.library.stream(stream) {
            // Fails only where there is nothing to reset.
            stream.stop(now).ok();
        }
        self.drain(now);
    }

    /// Ends the association and tells the peer (RFC 9260 §9.1); what waits is not sent.
    pub(super) fn abort(&mut self, now: Instant) {
        self.packets.clear();
        self.library.abort().ok();
        self.drain(now);
    }

    fn drain(&mut self, now: Instant) {
        while let Some(event) = self.library.poll() {
            self.note(event);
        }
        while self.library.accept_stream().is_some() || self.library.poll_endpoint_event().is_some() {}
        while let Some(transmit) = self.library.poll_transmit(now) {
            if let Payload::RawEncode(packets) = transmit.message {
                packets.into_iter().for_each(|packet| self.queue(packet));
            }
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Connected => self.events.push_back(AssociationEvent::Established),
            Event::Stream(StreamEvent::Opened { .. }) => self.events.push_back(AssociationEvent::StreamOpened),
            Event::Stream(StreamEvent::Readable { id }) => self.read(id),
            Event::Stream(StreamEvent::BufferedAmountReleased { id, n_bytes }) => {
                self.events.push_back(AssociationEvent::Released { stream: id, bytes: n_bytes });
            }
            Event::AssociationLost { id, .. } => self.events.push_back(AssociationEvent::StreamClosed(id)),
            _ => {}
        }
    }

    fn read(&mut self, stream: u16) {
        while let Ok(Some(message)) = self.library.stream(stream).and_then(|mut stream| stream.read()) {
            self.gate.read(message.chunks.len());
            let bytes = message.to_payload(DATA_MESSAGE_BYTES_MAX).ok().map(bytes::BytesMut::freeze);
            self.events.push_back(AssociationEvent::Message { stream, kind: message.ppi, bytes });
        }
    }

    fn queue(&mut self, packet: Bytes) {
        self.gate.sends(&packet);
        if packet.len() > DATA_PACKET_BYTES_MAX || self.packets.len() >= 2 * DATA_PACKETS_WAITING_MAX {
            self.packets_unsent += 1;
            return;
        }
        if self.init_ack.is_none() {
            self.init_ack =
                packet::first_chunk(&packet).filter(|chunk| chunk.kind == packet::INIT_ACK).map(|_| packet.clone());
        }
        self.packets.push_back(packet);
    }
}

fn transport_config() -> TransportConfig {
    // The library's own limits on repeats end nothing: after them it stands still. Whether the peer lives is ICE's to say.
    let timers =
        TimerConfig { max_t3_rtx_retrans: usize::MAX, max_reconfig_retrans: usize::MAX, ..TimerConfig::default() };
    TransportConfig::default()
        .with_max_receive_buffer_size(DATA_RECEIVE_BYTES_MAX)
        .with_max_message_size(u32::try_from(DATA_MESSAGE_BYTES_MAX).unwrap_or(u32::MAX))
        .with_max_num_inbound_streams(DATA_CHANNELS_MAX * 2)
        .with_max_num_outbound_streams(DATA_CHANNELS_MAX * 2)
        .with_timer_config(timers)
}
