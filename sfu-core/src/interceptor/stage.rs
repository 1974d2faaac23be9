//! The frame of our own interceptors: passes every packet on, and lets the stage inside look at it.
//!
//! Invariant: each packet passes exactly once, in the order of its arrival.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use ::interceptor::{Attribute, AttributedPacket, Interceptor, Packet, StreamInfo, TaggedPacket};
use ::rtp::header::Header;
use sansio::Protocol;
use shared::TransportContext;
use shared::error::Error;

use super::event::{Control, ControlEvent};

/// What one of our interceptors does with what passes; everything has a default of "nothing".
pub(super) trait Stage: Send + Sync {
    /// An RTP packet arrived from the peer.
    fn handle_arrival(&mut self, _now: Instant, _header: &Header, _out: &mut Outbox) {}
    /// An RTCP packet arrived from the peer.
    fn handle_rtcp(&mut self, _now: Instant, _packet: &dyn ::rtcp::Packet, _out: &mut Outbox) {}
    /// The application says something.
    fn handle_control(&mut self, _now: Instant, _control: &Control, _out: &mut Outbox) {}
    /// Time has passed.
    fn handle_timeout(&mut self, _now: Instant, _out: &mut Outbox) {}
    /// When `handle_timeout` is due next.
    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
    fn bind_remote(&mut self, _info: &StreamInfo) {}
    fn unbind_remote(&mut self, _info: &StreamInfo) {}
    fn bind_local(&mut self, _info: &StreamInfo) {}
    fn unbind_local(&mut self, _info: &StreamInfo) {}
}

/// What a stage emits, and what passes it.
#[derive(Default)]
pub(super) struct Outbox {
    to_application: VecDeque<TaggedPacket>,
    to_peer: VecDeque<TaggedPacket>,
}

/// A packet of the chain; where it came from is the transport's business, not the chain's.
pub(super) fn tagged(now: Instant, message: AttributedPacket) -> TaggedPacket {
    TaggedPacket { now, transport: TransportContext::default(), message }
}

/// An empty RTCP packet that carries a value through the chain.
pub(super) fn carrier<T: Send + Sync + 'static>(now: Instant, value: T) -> TaggedPacket {
    let packet = AttributedPacket::new(Packet::Rtcp(Vec::new()));
    tagged(now, packet.with(Attribute::Custom(Arc::new(value))))
}

impl Outbox {
    /// Tells the application.
    pub(super) fn event(&mut self, now: Instant, event: ControlEvent) {
        // One element is all that is usual here: a queue that starts at the library's four costs a KiB a stage.
        self.to_application.reserve_exact(1);
        self.to_application.push_back(carrier(now, event));
    }

    /// Sends to the peer; the chain puts its own SSRC in as the sender's.
    pub(super) fn send(&mut self, now: Instant, packets: Vec<Box<dyn ::rtcp::Packet>>) {
        if !packets.is_empty() {
            self.to_peer.reserve_exact(1);
            self.to_peer.push_back(tagged(now, AttributedPacket::new(Packet::Rtcp(packets))));
        }
    }
}

/// A stage as an interceptor.
pub(super) struct Staged<S> {
    stage: S,
    out: Outbox,
}

impl<S: Stage> Staged<S> {
    pub(super) fn new(stage: S) -> Self {
        Self { stage, out: Outbox::default() }
    }
}

impl<S: Stage> Protocol<TaggedPacket, TaggedPacket, ()> for Staged<S> {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, message: TaggedPacket) -> Result<(), Error> {
        match &message.message.packet {
            Packet::Rtp(packet) => self.stage.handle_arrival(message.now, &packet.header, &mut self.out),
            Packet::Rtcp(packets) => {
                for packet in packets {
                    self.stage.handle_rtcp(message.now, packet.as_ref(), &mut self.out);
                }
            }
            _ => {}
        }
        self.out.to_application.reserve_exact(1);
        self.out.to_application.push_back(message);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.out.to_application.pop_front()
    }

    fn handle_write(&mut self, message: TaggedPacket) -> Result<(), Error> {
        if let Some(control) = message.message.custom::<Control>() {
            self.stage.handle_control(message.now, control, &mut self.out);
        }
        self.out.to_peer.reserve_exact(1);
        self.out.to_peer.push_back(message);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.out.to_peer.pop_front()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        self.stage.handle_timeout(now, &mut self.out);
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.stage.poll_timeout()
    }
}

impl<S: Stage> Interceptor for Staged<S> {
    fn bind_remote_stream(&mut self, info: &StreamInfo) {
        self.stage.bind_remote(info);
    }

    fn unbind_remote_stream(&mut self, info: &StreamInfo) {
        self.stage.unbind_remote(info);
    }

    fn bind_local_stream(&mut self, info: &StreamInfo) {
        self.stage.bind_local(info);
    }

    fn unbind_local_stream(&mut self, info: &StreamInfo) {
        self.stage.unbind_local(info);
    }
}
