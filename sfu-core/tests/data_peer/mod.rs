//! A browser's side of data channels, made of the library's: it begins the association and opens channels.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use datachannel::data_channel::DataChannel;
use datachannel::message::Message;
use datachannel::message::message_channel_open::{ChannelType, DataChannelOpen};
use sctp::{
    Association, ClientConfig, DatagramEvent, Endpoint, EndpointConfig, Event, Payload,
    PayloadProtocolIdentifier as Kind, StreamEvent, TimerConfig, TransportConfig,
};
use shared::TransportProtocol;
use shared::marshal::{Marshal, Unmarshal};

const SERVER: &str = "192.0.2.7:5000";

pub struct DataPeer {
    endpoint: Endpoint,
    association: Association,
    out: VecDeque<Bytes>,
    next_stream: u16,
    pub established: bool,
    /// Streams whose channel the server acknowledged.
    pub acknowledged: Vec<u16>,
    /// Streams that are gone, by either side.
    pub gone: Vec<u16>,
    /// Messages by stream, in order of arrival.
    pub received: BTreeMap<u16, Vec<Vec<u8>>>,
    pub kinds: Vec<Kind>,
}

fn server() -> SocketAddr {
    SERVER.parse().unwrap()
}

impl DataPeer {
    /// Begins at once, as browsers do.
    pub fn new(now: Instant) -> Self {
        let timers = TimerConfig { max_t3_rtx_retrans: usize::MAX, ..TimerConfig::default() };
        let transport = TransportConfig::default().with_timer_config(timers).with_max_message_size(1 << 20);
        let mut endpoint = Endpoint::new(server(), TransportProtocol::UDP, Arc::new(EndpointConfig::new()), None);
        let (_, association) = endpoint.connect(now, ClientConfig::new(transport), server()).unwrap();
        let mut peer = Self {
            endpoint,
            association,
            out: VecDeque::new(),
            next_stream: 0,
            established: false,
            acknowledged: vec![],
            gone: vec![],
            received: BTreeMap::new(),
            kinds: vec![],
        };
        peer.drain(now);
        peer
    }

    /// Opens a channel on the next stream of a DTLS client's (RFC 8832 §6).
    pub fn open(&mut self, now: Instant, label: &str, kind: ChannelType, parameter: u32) -> u16 {
        let stream = self.next_stream;
        self.next_stream += 2;
        self.open_on(now, stream, label, kind, parameter);
        stream
    }

    pub fn open_on(&mut self, now: Instant, stream: u16, label: &str, kind: ChannelType, parameter: u32) {
        let open = Message::DataChannelOpen(DataChannelOpen {
            channel_type: kind,
            priority: 256,
            reliability_parameter: parameter,
            label: label.into(),
            protocol: vec![],
        });
        let (unordered, reliability) = DataChannel::get_reliability_params(kind);
        let mut opened = self.association.open_stream(stream, Kind::Binary).unwrap();
        opened.set_reliability_params(unordered, reliability, parameter).unwrap();
        self.write(now, stream, Kind::Dcep, &open.marshal().unwrap());
    }

    pub fn reliable(&mut self, now: Instant, label: &str) -> u16 {
        self.open(now, label, ChannelType::Reliable, 0)
    }

    pub fn send(&mut self, now: Instant, stream: u16, message: &[u8]) {
        self.write(now, stream, Kind::Binary, message);
    }

    pub fn write(&mut self, now: Instant, stream: u16, kind: Kind, message: &[u8]) {
        self.association.stream(stream).unwrap().write_with_ppi(now, message, kind).unwrap();
        self.drain(now);
    }

    /// Uses a stream without opening a channel on it.
    pub fn write_unopened(&mut self, now: Instant, stream: u16, message: &[u8]) {
        self.association.open_stream(stream, Kind::Binary).unwrap();
        self.send(now, stream, message);
    }

    pub fn close(&mut self, now: Instant, stream: u16) {
        self.association.stream(stream).unwrap().stop(now).unwrap();
        self.drain(now);
    }

    /// Ends the association in good order (RFC 9260 §9.2).
    pub fn shut_down(&mut self, now: Instant) {
        self.association.shutdown().unwrap();
        self.drain(now);
    }

    /// Bytes that were not acknowledged yet.
    pub fn unacknowledged(&mut self, stream: u16) -> usize {
        self.association.stream(stream).unwrap().buffered_amount().unwrap()
    }

    pub fn is_closed(&self) -> bool {
        self.association.is_closed()
    }

    pub fn messages(&self, stream: u16) -> &[Vec<u8>] {
        self.received.get(&stream).map_or(&[], Vec::as_slice)
    }

    pub fn handle(&mut self, now: Instant, packet: &[u8]) {
        let packet = Bytes::copy_from_slice(packet);
        if let Some((_, DatagramEvent::AssociationEvent(event))) = self.endpoint.handle(now, server(), None, packet) {
            self.association.handle_event(event);
            self.drain(now);
        }
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        self.association.poll_timeout()
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        self.association.handle_timeout(now);
        self.drain(now);
    }

    pub fn poll(&mut self) -> Option<Bytes> {
        self.out.pop_front()
    }

    fn drain(&mut self, now: Instant) {
        while let Some(event) = self.association.poll() {
            match event {
                Event::Connected => self.established = true,
                Event::AssociationLost { id, .. } => self.gone.push(id),
                Event::Stream(StreamEvent::Readable { id }) => self.read(id),
                _ => {}
            }
        }
        while let Some(transmit) = self.association.poll_transmit(now) {
            let Payload::RawEncode(packets) = transmit.message else { panic!("half a packet") };
            self.out.extend(packets);
        }
    }

    fn read(&mut self, stream: u16) {
        while let Ok(Some(message)) = self.association.stream(stream).and_then(|mut stream| stream.read()) {
            let bytes: BytesMut = message.to_payload(1 << 20).unwrap();
            self.kinds.push(message.ppi);
            if message.ppi == Kind::Dcep {
                assert!(matches!(Message::unmarshal(&mut &*bytes), Ok(Message::DataChannelAck(_))));
                self.acknowledged.push(stream);
            } else {
                self.received.entry(stream).or_default().push(bytes.to_vec());
            }
        }
    }
}
