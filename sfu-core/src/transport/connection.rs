//! The secure transport of one peer as its shard sees it: datagrams in, plaintext out, and back. Second and last step of a
//! packet's walk.
//!
//! After any `handle_*`, drain [`Connection::poll_datagram`] and [`Connection::poll_event`], then wait until
//! [`Connection::poll_timeout`]. Invariants: from a pair that ICE has not verified nothing but STUN is looked at;
//! `Closed` is the last event.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::certificate::{Fingerprint, LocalCertificate};
use super::close_reason::CloseReason;
use super::credentials::IceCredentials;
use super::drop_reason::{DropReason, TransportCounters};
use super::dtls::{Dtls, DtlsEvent, DtlsRole};
use super::ice::{IceResponder, StunOutcome};
use super::open::{Opened, RtpOpener};
use super::packet_index::PacketIndex;
use super::pair::Pair;
use super::seal::RtpSealer;
use super::srtcp::{RtcpOpener, RtcpSealer};
use super::srtp_keys::{SrtpKeys, SrtpProfile};
use crate::limits::{CONNECTION_DATAGRAMS_MAX, CONNECTION_EVENTS_MAX, DTLS_HANDSHAKE_MAX};

/// What offer and answer agreed on.
#[derive(Debug, Clone)]
pub struct ConnectionConfig {
    pub local_ice: IceCredentials,
    pub remote_ice: IceCredentials,
    pub role: DtlsRole,
    /// The peer's certificate must have one of these.
    pub remote_fingerprints: Vec<Fingerprint>,
    pub certificate: Arc<LocalCertificate>,
}

/// Something the shard must hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionEvent {
    /// Peer authenticated, keys there: media can flow. Once.
    Connected,
    /// DTLS application data: SCTP.
    ApplicationData(Bytes),
    /// Over; always the last event.
    Closed(CloseReason),
}

/// Keyed SRTP, both ways.
#[derive(Debug)]
struct Srtp {
    rtp_sealer: RtpSealer,
    rtp_opener: RtpOpener,
    rtcp_sealer: RtcpSealer,
    rtcp_opener: RtcpOpener,
    profile: SrtpProfile,
}

impl Srtp {
    fn new(keys: &SrtpKeys) -> Option<Box<Self>> {
        let profile = keys.profile;
        Some(Box::new(Self {
            rtp_sealer: RtpSealer::new(&keys.local, profile)?,
            rtp_opener: RtpOpener::new(&keys.remote, profile)?,
            rtcp_sealer: RtcpSealer::new(&keys.local, profile)?,
            rtcp_opener: RtcpOpener::new(&keys.remote, profile)?,
            profile,
        }))
    }
}

/// ICE-lite, DTLS and SRTP of one peer.
#[derive(Debug)]
pub struct Connection {
    ice: IceResponder,
    /// `None` where the keys were injected.
    dtls: Option<Box<Dtls>>,
    srtp: Option<Box<Srtp>>,
    cipher_suite: Option<String>,
    /// Where DTLS goes before a pair is nominated: to where it came from.
    dtls_pair: Option<Pair>,
    /// When the handshake must be done; set by the first verified request.
    handshake_deadline: Option<Instant>,
    closed: bool,
    datagrams: VecDeque<(Pair, Bytes)>,
    events: VecDeque<ConnectionEvent>,
    counters: TransportCounters,
}

impl Connection {
    /// Waits for the peer's first connectivity check.
    pub fn new(now: Instant, config: ConnectionConfig) -> Self {
        let ConnectionConfig { local_ice, remote_ice, role, remote_fingerprints, certificate } = config;
        let ice = IceResponder::new(now, certificate.provider().clone(), local_ice, remote_ice);
        Self::with(ice, Some(Box::new(Dtls::new(role, certificate, remote_fingerprints))))
    }

    /// A connection for simulations: `pair` verified and nominated, `keys` agreed on; neither ICE nor DTLS is spoken.
    pub fn with_keys(now: Instant, pair: Pair, keys: &SrtpKeys) -> Self {
        let mut connection = Self::with(IceResponder::fixed(now, pair.canonical()), None);
        connection.install(keys);
        connection
    }

    fn with(ice: IceResponder, dtls: Option<Box<Dtls>>) -> Self {
        Self {
            ice,
            dtls,
            srtp: None,
            cipher_suite: None,
            dtls_pair: None,
            handshake_deadline: None,
            closed: false,
            datagrams: VecDeque::new(),
            events: VecDeque::new(),
            counters: TransportCounters::default(),
        }
    }

    /// Takes in a STUN datagram; the answer goes to [`Self::poll_datagram`].
    pub fn handle_stun(&mut self, now: Instant, pair: Pair, datagram: &[u8]) -> StunOutcome {
        let pair = pair.canonical();
        if self.closed {
            return StunOutcome::Dropped(self.dropped(DropReason::Closed));
        }
        let (outcome, answer) = self.ice.handle(now, pair, datagram, &mut self.counters);
        if let Some(answer) = answer {
            self.queue(pair, answer.into());
        }
        match outcome {
            StunOutcome::Dropped(reason) => {
                self.dropped(reason);
            }
            StunOutcome::Verified { .. } => self.begin_handshake(now, pair),
        }
        outcome
    }

    /// Takes in a DTLS datagram; ignored and counted unless its pair is verified.
    pub fn handle_dtls(&mut self, now: Instant, pair: Pair, datagram: &[u8]) {
        let pair = pair.canonical();
        if let Err(reason) = self.check_pair(pair) {
            self.dropped(reason);
            return;
        }
        let Some(dtls) = &mut self.dtls else {
            self.dropped(DropReason::DtlsUnexpected);
            return;
        };
        self.dtls_pair = Some(pair);
        dtls.handle(now, datagram, &mut self.counters);
        let before = self.events.len();
        self.drain_dtls();
        // The handshake's records are in the clear; what has something to say was decrypted.
        if self.events.len() > before {
            self.ice.heard(now, pair);
        }
    }

    /// Opens an SRTP packet in place.
    pub fn open_rtp(&mut self, now: Instant, pair: Pair, packet: &mut [u8]) -> Result<Opened, DropReason> {
        let pair = pair.canonical();
        let opened = self
            .check_pair(pair)
            .and_then(|()| self.srtp.as_mut().ok_or(DropReason::NotConnected))
            .and_then(|srtp| srtp.rtp_opener.open(packet));
        match opened {
            Ok(_) => self.ice.heard(now, pair),
            Err(reason) => self.counters.count(reason),
        }
        opened
    }

    /// Opens an SRTCP packet in place and returns the compound packet.
    pub fn open_rtcp<'a>(&mut self, now: Instant, pair: Pair, packet: &'a mut [u8]) -> Result<&'a [u8], DropReason> {
        let pair = pair.canonical();
        let opened = self
            .check_pair(pair)
            .and_then(|()| self.srtp.as_mut().ok_or(DropReason::NotConnected))
            .and_then(|srtp| srtp.rtcp_opener.open(packet));
        match opened {
            Ok(_) => self.ice.heard(now, pair),
            Err(reason) => self.counters.count(reason),
        }
        opened
    }

    /// Seals `packet[start..]` in place; see [`RtpSealer::seal`]. False, with the packet cut back to `start`, without keys.
    #[must_use]
    pub fn seal_rtp(&mut self, index: PacketIndex, packet: &mut Vec<u8>, start: usize, header_len: usize) -> bool {
        match &mut self.srtp {
            Some(srtp) => srtp.rtp_sealer.seal(index, packet, start, header_len),
            None => {
                packet.truncate(start);
                false
            }
        }
    }

    /// Bytes that sealing adds to an RTP packet; the larger of both profiles before one is agreed on.
    pub fn rtp_overhead(&self) -> usize {
        self.srtp.as_ref().map_or(RtpSealer::OVERHEAD_MAX, |srtp| srtp.rtp_sealer.overhead())
    }

    /// Appends the protected form of a compound RTCP packet to `out`; false, with `out` as it was, without keys.
    #[must_use]
    pub fn seal_rtcp(&mut self, plain: &[u8], out: &mut Vec<u8>) -> bool {
        self.srtp.as_mut().is_some_and(|srtp| srtp.rtcp_sealer.seal(plain, out))
    }

    /// Sends DTLS application data; false unless connected.
    pub fn send_application_data(&mut self, now: Instant, data: &[u8]) -> bool {
        let sent = self.dtls.as_mut().is_some_and(|dtls| dtls.send(now, data));
        self.drain_dtls();
        sent
    }

    /// The next STUN answer or DTLS datagram to send.
    pub fn poll_datagram(&mut self) -> Option<(Pair, Bytes)> {
        self.datagrams.pop_front()
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<ConnectionEvent> {
        self.events.pop_front()
    }

    /// When [`Self::handle_timeout`] is due; `None` means never.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.closed {
            return None;
        }
        let resend = self.dtls.as_ref().and_then(|dtls| dtls.poll_timeout());
        [self.ice.deadline(), self.handshake_deadline, resend].into_iter().flatten().min()
    }

    /// Repeats a lost DTLS flight; ends the connection when consent or patience is over.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.closed {
            return;
        }
        if let Some(reason) = self.ice.expired(now) {
            return self.end(now, reason);
        }
        if self.handshake_deadline.is_some_and(|deadline| now >= deadline) {
            return self.end(now, CloseReason::DtlsFailed);
        }
        if let Some(dtls) = &mut self.dtls {
            dtls.handle_timeout(now);
        }
        self.drain_dtls();
    }

    /// Forgets a pair whose TCP connection is closed: nothing is sent on it any more. The transport lives on as long as its
    /// consent does, and goes on over the next pair that the peer nominates, or nominated before.
    pub fn forget_pair(&mut self, pair: Pair) {
        let pair = pair.canonical();
        self.ice.forget(pair);
        self.dtls_pair = self.dtls_pair.filter(|known| *known != pair);
    }

    /// The pair to send on: the latest nominated, or until then the one that DTLS comes from.
    pub fn selected_pair(&self) -> Option<Pair> {
        self.ice.selected().or(self.dtls_pair)
    }

    /// When an authentic datagram last came from the peer: STUN with integrity, SRTP, SRTCP, or DTLS application data.
    pub fn last_heard(&self) -> Option<Instant> {
        self.ice.last_heard()
    }

    /// Whether a datagram other than STUN would be looked at from this pair.
    pub fn is_verified(&self, pair: Pair) -> bool {
        self.ice.is_verified(pair.canonical())
    }

    /// Whether the peer is authenticated and media can flow.
    pub fn is_connected(&self) -> bool {
        self.srtp.is_some() && !self.closed
    }

    /// Begins a new ICE generation over the same DTLS and SRTP (RFC 8445 §9); the old one serves until the new one's first
    /// nominated pair validates.
    pub fn restart_ice(&mut self, _now: Instant, local: IceCredentials, remote: IceCredentials) {
        self.ice.restart(local, remote);
    }

    /// Says goodbye to the peer and ends, with `CloseReason::Requested`.
    pub fn close(&mut self, now: Instant) {
        if !self.closed {
            self.end(now, CloseReason::Requested);
        }
    }

    /// Whether the peer's username fragment belongs to an ICE generation that is known; another one restarts ICE.
    pub fn is_remote_ufrag(&self, ufrag: &str) -> bool {
        self.ice.knows_remote(ufrag)
    }

    /// Our username fragments in use, for finding the transport of a STUN request; two while ICE restarts.
    pub fn local_ufrags(&self) -> impl Iterator<Item = &str> {
        self.ice.local_ufrags()
    }

    /// The SRTP profile agreed on.
    pub fn profile(&self) -> Option<SrtpProfile> {
        self.srtp.as_ref().map(|srtp| srtp.profile)
    }

    /// The DTLS cipher suite agreed on, by its registered name.
    pub fn cipher_suite(&self) -> Option<&str> {
        self.cipher_suite.as_deref()
    }

    /// SSRCs that sent an authentic RTP packet.
    pub fn ssrc_count(&self) -> usize {
        self.srtp.as_ref().map_or(0, |srtp| srtp.rtp_opener.ssrc_count())
    }

    /// What was dropped, and why.
    pub fn counters(&self) -> &TransportCounters {
        &self.counters
    }

    fn begin_handshake(&mut self, now: Instant, pair: Pair) {
        let Some(dtls) = &mut self.dtls else { return };
        if self.handshake_deadline.is_none() && self.srtp.is_none() {
            self.handshake_deadline = Some(now + DTLS_HANDSHAKE_MAX);
        }
        self.dtls_pair.get_or_insert(pair);
        dtls.start(now);
        self.drain_dtls();
    }

    fn check_pair(&self, pair: Pair) -> Result<(), DropReason> {
        if self.closed {
            return Err(DropReason::Closed);
        }
        if self.ice.is_verified(pair) { Ok(()) } else { Err(DropReason::UnverifiedPair) }
    }

    fn dropped(&mut self, reason: DropReason) -> DropReason {
        self.counters.count(reason);
        reason
    }

    fn install(&mut self, keys: &SrtpKeys) {
        self.srtp = Srtp::new(keys);
        self.handshake_deadline = None;
        match self.srtp {
            Some(_) => self.events.push_back(ConnectionEvent::Connected),
            None => self.finish(CloseReason::Internal),
        }
    }

    /// Moves what DTLS wants sent and said into the queues.
    fn drain_dtls(&mut self) {
        self.drain_datagrams();
        while let Some(event) = self.dtls.as_mut().and_then(|dtls| dtls.poll_event()) {
            match event {
                DtlsEvent::Established(established) => {
                    self.cipher_suite = Some(established.cipher_suite);
                    self.install(&established.keys);
                }
                DtlsEvent::ApplicationData(_) if self.events.len() >= CONNECTION_EVENTS_MAX => {
                    self.dropped(DropReason::EventLimit);
                }
                DtlsEvent::ApplicationData(data) if !self.closed => {
                    self.events.push_back(ConnectionEvent::ApplicationData(data));
                }
                DtlsEvent::ApplicationData(_) => {}
                DtlsEvent::Closed(reason) => self.finish(reason),
            }
        }
    }

    fn drain_datagrams(&mut self) {
        let pair = self.selected_pair();
        while let Some(datagram) = self.dtls.as_mut().and_then(|dtls| dtls.poll_datagram()) {
            if let Some(pair) = pair {
                self.queue(pair, datagram);
            }
        }
    }

    fn queue(&mut self, pair: Pair, datagram: Bytes) {
        if self.datagrams.len() < CONNECTION_DATAGRAMS_MAX {
            self.datagrams.push_back((pair, datagram));
        } else {
            self.dropped(DropReason::DatagramLimit);
        }
    }

    fn end(&mut self, now: Instant, reason: CloseReason) {
        if let Some(dtls) = &mut self.dtls {
            dtls.close(now);
        }
        self.drain_datagrams();
        self.finish(reason);
    }

    fn finish(&mut self, reason: CloseReason) {
        if !self.closed {
            self.closed = true;
            self.events.push_back(ConnectionEvent::Closed(reason));
        }
    }
}
