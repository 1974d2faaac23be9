//! A client that really connected: its DTLS endpoint, its SRTP keys, and what it was told of the server.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Instant;

use sfu_core::id::TransportId;
use sfu_core::transport::{
    DropReason, DtlsRole, IceCredentials, PacketIndex, RtcpOpener, RtcpSealer, RtpOpener, RtpSealer,
};

use super::super::dtls_peer::{Peer, PeerConfig};
use super::super::marks::Plain;
use super::super::offers::{Answer, Section};
use super::packets::LAST_INDEX_BEFORE;

struct Keys {
    rtp_sealer: RtpSealer,
    rtp_opener: RtpOpener,
    rtcp_sealer: RtcpSealer,
    rtcp_opener: RtcpOpener,
}

pub struct Client {
    pub id: TransportId,
    /// What it sends says so, and nothing that says another may reach it.
    pub room: u8,
    /// Where it sends from now.
    pub address: SocketAddr,
    /// Addresses from which a check under its credentials came.
    pub verified: HashSet<SocketAddr>,
    pub ice: IceCredentials,
    pub config: PeerConfig,
    /// What it last offered with success.
    pub sections: Vec<Section>,
    pub answer: Option<Answer>,
    pub peer: Option<Peer>,
    pub closed: bool,
    /// The SSRCs on which the server sends to it, or did.
    pub slots: Vec<u32>,
    keys: Option<Keys>,
    /// The next index on each SSRC of its own.
    indices: HashMap<u32, u64>,
}

impl Client {
    pub fn new(place: usize, room: u8, sections: Vec<Section>) -> Self {
        let number = u16::try_from(place).unwrap();
        Self {
            id: TransportId(u64::from(number)),
            room,
            address: SocketAddr::from(([10, 0, 1, 1], 4_000 + number)),
            verified: HashSet::new(),
            ice: IceCredentials { ufrag: format!("cl{place:04}"), pwd: format!("password-of-client-{place:08}") },
            config: PeerConfig::default(),
            sections,
            answer: None,
            peer: None,
            closed: false,
            slots: vec![],
            keys: None,
            indices: HashMap::new(),
        }
    }

    pub fn is_connected(&self) -> bool {
        self.keys.is_some()
    }

    /// Its own DTLS begins once its first check was sent.
    pub fn begin(&mut self, now: Instant) {
        let role = match self.answer.as_ref().map(|answer| answer.setup.as_str()) {
            Some("active") => DtlsRole::Server,
            _ => DtlsRole::Client,
        };
        self.peer = Some(Peer::new(now, role, &self.config));
    }

    pub fn dtls(&mut self, now: Instant, datagram: &[u8]) {
        let Some(peer) = &mut self.peer else { return };
        peer.handle(now, datagram);
        peer.received.clear();
        if peer.connected && self.keys.is_none() {
            let keys = peer.keys();
            let profile = keys.profile;
            self.keys = Some(Keys {
                rtp_sealer: RtpSealer::new(&keys.local, profile).unwrap(),
                rtp_opener: RtpOpener::new(&keys.remote, profile).unwrap(),
                rtcp_sealer: RtcpSealer::new(&keys.local, profile).unwrap(),
                rtcp_opener: RtcpOpener::new(&keys.remote, profile).unwrap(),
            });
        }
    }

    /// The index that a packet on this SSRC is to have.
    pub fn index(&mut self, ssrc: u32, step: i64) -> u64 {
        let last = self.indices.entry(ssrc).or_insert(LAST_INDEX_BEFORE);
        let index = last.saturating_add_signed(step);
        *last = index.max(*last);
        index
    }

    pub fn seal_rtp(&mut self, plain: Plain) -> Option<Vec<u8>> {
        let Plain { index, header_len, mut bytes } = plain;
        let index = PacketIndex::new(index)?;
        self.keys.as_mut()?.rtp_sealer.seal(index, &mut bytes, 0, header_len).then_some(bytes)
    }

    pub fn seal_rtcp(&mut self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut datagram = vec![];
        self.keys.as_mut()?.rtcp_sealer.seal(plain, &mut datagram).then_some(datagram)
    }

    /// A packet in the clear, or why it does not open.
    pub fn open_rtp<'a>(&mut self, datagram: &'a mut [u8]) -> Result<&'a [u8], DropReason> {
        let keys = self.keys.as_mut().unwrap();
        let length = keys.rtp_opener.open(datagram)?.len();
        Ok(&datagram[..length])
    }

    /// The same of RTCP; `None` if it is not for this client.
    pub fn open_rtcp<'a>(&mut self, datagram: &'a mut [u8]) -> Option<&'a [u8]> {
        self.keys.as_mut()?.rtcp_opener.open(datagram).ok()
    }
}
