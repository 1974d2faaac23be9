//! A client of the shard: connectivity checks, DTLS, SRTP, and on top of them a publisher, a viewer, or both.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sfu_core::id::TransportId;
use sfu_core::rtcp::{RtcpPacket, packets};
use sfu_core::rtp::RtpPacket;
use sfu_core::transport::{
    DatagramKind, DropReason, DtlsRole, IceCredentials, PacketIndex, RtcpOpener, RtcpSealer, RtpOpener, RtpSealer,
    classify,
};

use crate::data_peer::DataPeer;
use crate::dtls_peer::{Check, Peer, PeerConfig};
use crate::marks::Plain;
use crate::offers::{Answer, Section};
use crate::publisher::Publisher;
use crate::viewer::Viewer;

/// Chromium's time between checks of consent.
const CHECK_INTERVAL: Duration = Duration::from_millis(2_500);
/// Until the first one is answered.
const CHECK_RETRY: Duration = Duration::from_millis(200);

struct Keys {
    rtp_sealer: RtpSealer,
    rtp_opener: RtpOpener,
    rtcp_sealer: RtcpSealer,
    rtcp_opener: RtcpOpener,
}

/// What the client is for.
#[derive(Default)]
pub struct Role {
    pub publisher: Option<Box<Publisher>>,
    pub viewer: Option<Box<Viewer>>,
}

impl Role {
    pub fn publisher(publisher: Publisher) -> Self {
        Self { publisher: Some(Box::new(publisher)), viewer: None }
    }

    pub fn viewer() -> Self {
        Self { publisher: None, viewer: Some(Box::default()) }
    }

    fn start(&mut self, now: Instant) {
        self.publisher.iter_mut().for_each(|publisher| publisher.start(now));
        self.viewer.iter_mut().for_each(|viewer| viewer.start(now));
    }

    fn due(&self) -> Option<Instant> {
        let publisher = self.publisher.as_ref().and_then(|publisher| publisher.due());
        [publisher, self.viewer.as_ref().and_then(|viewer| viewer.due())].into_iter().flatten().min()
    }

    fn wake(&mut self, now: Instant) {
        self.publisher.iter_mut().for_each(|publisher| publisher.wake(now));
        self.viewer.iter_mut().for_each(|viewer| viewer.wake(now));
    }

    fn rtcp(&mut self, now: Instant, packet: &RtcpPacket<'_>) {
        self.publisher.iter_mut().for_each(|publisher| publisher.rtcp(now, packet));
        self.viewer.iter_mut().for_each(|viewer| viewer.rtcp(now, packet));
    }

    fn next_rtcp(&mut self) -> Option<Vec<u8>> {
        let publisher = self.publisher.as_mut().and_then(|publisher| publisher.rtcp_out.pop_front());
        publisher.or_else(|| self.viewer.as_mut().and_then(|viewer| viewer.rtcp_out.pop_front()))
    }
}

pub struct Client {
    pub id: TransportId,
    pub address: SocketAddr,
    /// Its shard and its room.
    pub shard: usize,
    pub room: String,
    pub ice: IceCredentials,
    pub config: PeerConfig,
    pub role: Role,
    /// What it last offered.
    pub sections: Vec<Section>,
    /// Why the shard says it is gone.
    pub closed: Option<sfu_core::event::CloseReason>,
    /// Sends nothing any more, hears nothing: the laptop was shut.
    pub dead: bool,
    /// When its DTLS was up, on its own side.
    pub connected_at: Option<Instant>,
    pub peer: Option<Peer>,
    /// Its data channels, once a test wants some.
    pub data: Option<DataPeer>,
    /// Packets that did not open, other than repeats of the same bytes.
    pub unopened: u64,
    /// The server said goodbye.
    pub said_goodbye: bool,
    pub answer: Option<Answer>,
    server_role: DtlsRole,
    /// Time between checks of consent.
    pub check_interval: Duration,
    check: Option<Check>,
    next_check: Option<Instant>,
    checked: bool,
    keys: Option<Keys>,
    outbox: VecDeque<Vec<u8>>,
}

impl Client {
    pub fn new(id: TransportId, address: SocketAddr, ice: IceCredentials, config: PeerConfig, role: Role) -> Self {
        Self {
            id,
            address,
            shard: 0,
            room: String::new(),
            ice,
            config,
            role,
            sections: vec![],
            closed: None,
            dead: false,
            connected_at: None,
            peer: None,
            data: None,
            unopened: 0,
            said_goodbye: false,
            answer: None,
            server_role: DtlsRole::Server,
            check_interval: CHECK_INTERVAL,
            check: None,
            next_check: None,
            checked: false,
            keys: None,
            outbox: VecDeque::new(),
        }
    }

    pub fn answered(&mut self, now: Instant, answer: Answer) {
        self.server_role = if answer.setup == "active" { DtlsRole::Client } else { DtlsRole::Server };
        if self.answer.as_ref().is_none_or(|known| known.ice != answer.ice) {
            self.check_as(now, &answer.ice.clone());
        }
        if let Some(viewer) = &mut self.role.viewer {
            viewer.answered(&answer.slots);
        }
        self.answer = Some(answer);
    }

    /// Checks under these credentials of the server from now on.
    pub fn check_as(&mut self, now: Instant, server: &IceCredentials) {
        self.check = Some(Check::of(server, &self.ice).nominating());
        self.next_check = Some(now);
    }

    pub fn is_connected(&self) -> bool {
        self.keys.is_some()
    }

    /// When `wake` is due.
    pub fn due(&self) -> Option<Instant> {
        if self.dead {
            return None;
        }
        let peer = self.peer.as_ref().and_then(Peer::poll_timeout);
        let media = self.role.due().filter(|_| self.is_connected());
        let data = self.data.as_ref().and_then(DataPeer::poll_timeout);
        [self.next_check, peer, media, data].into_iter().flatten().min()
    }

    pub fn wake(&mut self, now: Instant) {
        if self.dead {
            return;
        }
        if self.next_check.is_some_and(|at| at <= now) {
            self.outbox.extend(self.check.as_ref().map(Check::request));
            self.next_check = Some(now + if self.checked { self.check_interval } else { CHECK_RETRY });
        }
        if let Some(peer) = &mut self.peer
            && peer.poll_timeout().is_some_and(|at| at <= now)
        {
            peer.handle_timeout(now);
        }
        if self.is_connected() {
            self.role.wake(now);
        }
        if let Some(data) = &mut self.data
            && data.poll_timeout().is_some_and(|at| at <= now)
        {
            data.handle_timeout(now);
        }
        self.exchange_data(now);
    }

    pub fn handle(&mut self, now: Instant, mut datagram: Vec<u8>) {
        if self.dead {
            return;
        }
        match classify(&datagram) {
            DatagramKind::Stun => self.check_answered(now),
            DatagramKind::Dtls => {
                let Some(peer) = &mut self.peer else { return };
                peer.handle(now, &datagram);
                self.said_goodbye |= peer.closed;
                if peer.connected && self.keys.is_none() {
                    self.take_keys(now);
                }
                self.exchange_data(now);
            }
            DatagramKind::Rtp => {
                let Some(keys) = &mut self.keys else { return };
                match keys.rtp_opener.open(&mut datagram) {
                    Ok(opened) => {
                        let packet = RtpPacket::parse(&datagram[..opened.len()]).unwrap();
                        let Some(viewer) = &mut self.role.viewer else { panic!("media towards a publisher") };
                        viewer.rtp(now, opened.index.get(), &packet);
                    }
                    Err(DropReason::RtpReplayed) => {}
                    Err(_) => self.unopened += 1,
                }
            }
            DatagramKind::Rtcp => {
                let Some(keys) = &mut self.keys else { return };
                let Ok(plain) = keys.rtcp_opener.open(&mut datagram) else {
                    self.unopened += 1;
                    return;
                };
                for packet in packets(plain) {
                    self.role.rtcp(now, &packet.unwrap());
                }
            }
            DatagramKind::Unknown => panic!("noise from the server"),
        }
    }

    /// Begins an association.
    pub fn begin_data(&mut self, now: Instant) {
        self.data = Some(DataPeer::new(now));
        self.exchange_data(now);
    }

    /// Does something with the data channels, and sends what comes of it.
    pub fn with_data<T>(&mut self, now: Instant, work: impl FnOnce(&mut DataPeer) -> T) -> T {
        let outcome = work(self.data.as_mut().unwrap());
        self.exchange_data(now);
        outcome
    }

    fn exchange_data(&mut self, now: Instant) {
        let (Some(peer), Some(data)) = (&mut self.peer, &mut self.data) else { return };
        for packet in std::mem::take(&mut peer.received) {
            data.handle(now, &packet);
        }
        while let Some(packet) = data.poll() {
            peer.send(now, &packet);
        }
    }

    fn check_answered(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.checked, true) {
            self.next_check = Some(now + CHECK_INTERVAL);
            let role = match self.server_role {
                DtlsRole::Server => DtlsRole::Client,
                DtlsRole::Client => DtlsRole::Server,
            };
            self.peer = Some(Peer::new(now, role, &self.config));
        }
    }

    fn take_keys(&mut self, now: Instant) {
        let keys = self.peer.as_ref().unwrap().keys();
        let profile = keys.profile;
        self.keys = Some(Keys {
            rtp_sealer: RtpSealer::new(&keys.local, profile).unwrap(),
            rtp_opener: RtpOpener::new(&keys.remote, profile).unwrap(),
            rtcp_sealer: RtcpSealer::new(&keys.local, profile).unwrap(),
            rtcp_opener: RtcpOpener::new(&keys.remote, profile).unwrap(),
        });
        self.connected_at = Some(now);
        self.role.start(now);
    }

    /// The next datagram to send.
    pub fn poll(&mut self) -> Option<Vec<u8>> {
        if self.dead {
            return None;
        }
        if let Some(datagram) = self.outbox.pop_front() {
            return Some(datagram);
        }
        if let Some(datagram) = self.peer.as_mut().and_then(Peer::poll) {
            return Some(datagram.to_vec());
        }
        let keys = self.keys.as_mut()?;
        let rtp = self.role.publisher.as_mut().and_then(|publisher| publisher.rtp_out.pop_front());
        if let Some(plain) = self.role.next_rtcp() {
            let mut datagram = vec![];
            assert!(keys.rtcp_sealer.seal(&plain, &mut datagram));
            self.outbox.push_back(datagram);
        }
        if let Some(Plain { index, header_len, mut bytes }) = rtp {
            let index = PacketIndex::new(index).unwrap();
            assert!(keys.rtp_sealer.seal(index, &mut bytes, 0, header_len));
            self.outbox.push_back(bytes);
        }
        self.outbox.pop_front()
    }
}
