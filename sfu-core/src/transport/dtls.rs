//! DTLS 1.2 of one peer (RFC 6347) around the library's endpoint: proves who the peer is, agrees on SRTP keys (RFC 5764),
//! carries application data.
//!
//! Everything passes [`super::dtls_gate`] before the library sees it. Invariant: nothing of the peer gets out before its
//! certificate has the offer's fingerprint. The library sees one constant address, so that a peer that moves keeps its
//! connection; who may speak is ICE's business.

use std::collections::VecDeque;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use dtls::endpoint::{Endpoint, EndpointEvent};
use dtls::state::State;
use shared::TransportProtocol;
use shared::error::Error;

use super::certificate::{Fingerprint, LocalCertificate};
use super::close_reason::CloseReason;
use super::drop_reason::TransportCounters;
use super::dtls_config::{handshake_config, is_expected, negotiated_profile};
use super::dtls_cookie::HelloVerify;
use super::dtls_flight::{Flight, Repeat};
use super::dtls_gate::{Begun, Expects, Gate, Passed};
use super::dtls_record::{ContentType, next_record};
use super::srtp_keys::{SrtpKeys, SrtpProfile};

/// The peer's address as the library knows it (TEST-NET-1, RFC 5737).
const PEER: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 9));
/// The exporter's label for SRTP (RFC 5764 §4.2).
const EXPORTER_LABEL: &str = "EXTRACTOR-dtls_srtp";

/// Which side of the DTLS handshake is ours (RFC 8842 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DtlsRole {
    /// We answer `setup:passive`.
    Server,
    /// We answer `setup:active`, to an offer with `setup:passive`.
    Client,
}

/// What came out of the handshake.
#[derive(Debug)]
pub(super) struct Established {
    pub(super) keys: SrtpKeys,
    pub(super) cipher_suite: String,
}

#[derive(Debug)]
pub(super) enum DtlsEvent {
    Established(Box<Established>),
    ApplicationData(Bytes),
    Closed(CloseReason),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A server without a ClientHello, or a client that has not been started.
    Idle,
    Handshaking,
    Established,
    Closed,
}

/// One peer's DTLS connection.
pub(super) struct Dtls {
    role: DtlsRole,
    certificate: Arc<LocalCertificate>,
    fingerprints: Arc<[Fingerprint]>,
    phase: Phase,
    endpoint: Option<Endpoint>,
    gate: Gate,
    /// A server's, until the peer has given its cookie back.
    verify: Option<HelloVerify>,
    flight: Flight,
    datagrams: VecDeque<Bytes>,
    events: VecDeque<DtlsEvent>,
}

impl fmt::Debug for Dtls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dtls").field("role", &self.role).field("phase", &self.phase).finish_non_exhaustive()
    }
}

impl Dtls {
    pub(super) fn new(role: DtlsRole, certificate: Arc<LocalCertificate>, fingerprints: Vec<Fingerprint>) -> Self {
        Self {
            role,
            certificate,
            fingerprints: fingerprints.into(),
            phase: Phase::Idle,
            endpoint: None,
            gate: Gate::default(),
            verify: None,
            flight: Flight::default(),
            datagrams: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// ICE has found the peer: a client begins its handshake, a server waits for the peer's.
    pub(super) fn start(&mut self, now: Instant) {
        if self.role == DtlsRole::Client && self.phase == Phase::Idle {
            self.begin(now, &[SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmHmacSha1_80]);
        }
    }

    /// Takes in a datagram from a verified pair.
    pub(super) fn handle(&mut self, now: Instant, datagram: &[u8], counters: &mut TransportCounters) {
        let expects = self.expects();
        if expects == Expects::ClientHello && self.verify.is_none() {
            self.verify = HelloVerify::new(self.certificate.provider().as_ref());
        }
        let passed = self.gate.pass(expects, self.verify.as_mut(), datagram, counters);
        let Passed { hello, unproven, records, repeated } = passed;
        match hello {
            None if unproven => return self.ask_for_cookie(now),
            None => {}
            Some(Begun { profile: Some(profile), without_cookie }) => {
                self.begin(now, &[profile]);
                self.begin_library(now, without_cookie);
            }
            Some(Begun { profile: None, .. }) => self.fail(CloseReason::DtlsFailed),
        }
        if !records.is_empty() {
            self.read(now, records);
        } else if repeated {
            match self.flight.answer_to_repeat(now) {
                Ok(datagrams) => self.datagrams.extend(datagrams.iter().cloned()),
                Err(reason) => counters.count(reason),
            }
        }
    }

    /// Answers a ClientHello that proves nothing, and keeps nothing of it but that there is a peer to be answered.
    fn ask_for_cookie(&mut self, now: Instant) {
        let Some(verify) = &self.verify else { return };
        let request = Bytes::from(verify.request());
        self.flight.sent(now, vec![request.clone()], Repeat::Identical);
        self.datagrams.push_back(request);
    }

    /// Sends application data; false unless the handshake is done.
    pub(super) fn send(&mut self, now: Instant, data: &[u8]) -> bool {
        let (Phase::Established, Some(endpoint)) = (self.phase, &mut self.endpoint) else { return false };
        let sent = endpoint.write(now, PEER, data).is_ok();
        self.datagrams.extend(transmits(endpoint));
        sent
    }

    /// Says goodbye (close_notify, RFC 5246 §7.2.1) if there is a connection, and ends.
    pub(super) fn close(&mut self, now: Instant) {
        if let (Phase::Established, Some(endpoint)) = (self.phase, &mut self.endpoint)
            && endpoint.close(now).is_ok()
        {
            self.datagrams.extend(transmits(endpoint));
        }
        self.end();
    }

    pub(super) fn poll_datagram(&mut self) -> Option<Bytes> {
        self.datagrams.pop_front()
    }

    pub(super) fn poll_event(&mut self) -> Option<DtlsEvent> {
        self.events.pop_front()
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.flight.deadline()
    }

    /// Sends the last flight again if it is due.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        match self.flight.take_due(now) {
            Some(Repeat::MadeAnew) => self.make_flight_anew(),
            Some(Repeat::Identical) => self.datagrams.extend(self.flight.datagrams().iter().cloned()),
            None => {}
        }
    }

    /// Lets the library's timer go off, at its own time, which is far in the future.
    fn make_flight_anew(&mut self) {
        let Some(endpoint) = &mut self.endpoint else { return };
        if let Some(due) = endpoint.poll_timeout(&PEER)
            && endpoint.handle_timeout(PEER, due).is_ok()
        {
            let datagrams: Vec<Bytes> = transmits(endpoint).collect();
            if !datagrams.is_empty() {
                self.flight.made_anew(datagrams);
            }
        }
        self.datagrams.extend(self.flight.datagrams().iter().cloned());
    }

    fn expects(&self) -> Expects {
        match (self.phase, self.role) {
            (Phase::Idle, DtlsRole::Server) => Expects::ClientHello,
            (Phase::Handshaking, _) => Expects::Handshake,
            (Phase::Established, _) => Expects::Data,
            (Phase::Idle, DtlsRole::Client) | (Phase::Closed, _) => Expects::Nothing,
        }
    }

    /// Sets the library up once the profiles are known.
    fn begin(&mut self, now: Instant, profiles: &[SrtpProfile]) {
        let cookie = self.verify.take().map(|verify| verify.cookie());
        let fingerprints = self.fingerprints.clone();
        let config = match handshake_config(self.role, &self.certificate, fingerprints, profiles, cookie) {
            Ok(config) => config,
            Err(_) => return self.fail(CloseReason::Internal),
        };
        self.phase = Phase::Handshaking;
        match self.role {
            DtlsRole::Server => self.endpoint = Some(Endpoint::new(PEER, TransportProtocol::UDP, Some(config))),
            DtlsRole::Client => {
                let mut endpoint = Endpoint::new(PEER, TransportProtocol::UDP, None);
                if endpoint.connect(now, PEER, config, None).is_err() {
                    return self.fail(CloseReason::Internal);
                }
                self.endpoint = Some(endpoint);
                self.drain(now);
            }
        }
    }

    /// Brings a server's library to where its peer is: it asks for a cookie, as was done before.
    fn begin_library(&mut self, now: Instant, without_cookie: BytesMut) {
        let Some(endpoint) = &mut self.endpoint else { return };
        let outcome = endpoint.read(now, PEER, None, without_cookie);
        transmits(endpoint).for_each(drop);
        if let Err(error) = outcome {
            self.handle_library_error(&error);
        }
    }

    /// Hands records to the library and takes what comes out.
    fn read(&mut self, now: Instant, records: BytesMut) {
        let Some(endpoint) = &mut self.endpoint else { return };
        let outcome = endpoint.read(now, PEER, None, records);
        self.drain(now);
        match outcome {
            Ok(events) => events.into_iter().for_each(|event| self.handle_library_event(event)),
            Err(error) => self.handle_library_error(&error),
        }
    }

    fn handle_library_event(&mut self, event: EndpointEvent) {
        match event {
            EndpointEvent::HandshakeComplete if self.phase == Phase::Handshaking => self.establish(),
            EndpointEvent::ApplicationData(data) if self.phase == Phase::Established => {
                self.events.push_back(DtlsEvent::ApplicationData(data.freeze()));
            }
            EndpointEvent::PeerClosed => self.fail(CloseReason::PeerClosed),
            _ => {}
        }
    }

    fn handle_library_error(&mut self, error: &Error) {
        match (self.phase, error) {
            (Phase::Handshaking, Error::ErrNoMatchingCertificateFingerprint) => {
                self.fail(CloseReason::FingerprintMismatch);
            }
            (Phase::Handshaking, _) => self.fail(CloseReason::DtlsFailed),
            // Only an authentic record can raise this: plaintext alerts do not get past the gate.
            (Phase::Established, Error::ErrAlertFatalOrClose) => self.fail(CloseReason::PeerClosed),
            (Phase::Established | Phase::Idle | Phase::Closed, _) => {}
        }
    }

    /// The handshake is done: who is it, and what are the keys?
    fn establish(&mut self) {
        let Some(state) = self.endpoint.as_ref().and_then(|endpoint| endpoint.get_connection_state(PEER)) else {
            return self.fail(CloseReason::Internal);
        };
        if !is_expected(&state.peer_certificates, &self.fingerprints) {
            return self.fail(CloseReason::FingerprintMismatch);
        }
        let Some(established) = established(state, self.role) else {
            return self.fail(CloseReason::DtlsFailed);
        };
        self.phase = Phase::Established;
        self.gate = Gate::default();
        match self.role {
            DtlsRole::Server => self.flight.finish(),
            // The peer's last flight came after ours: it has all of it.
            DtlsRole::Client => self.flight.clear(),
        }
        self.events.push_back(DtlsEvent::Established(Box::new(established)));
    }

    fn fail(&mut self, reason: CloseReason) {
        self.end();
        self.events.push_back(DtlsEvent::Closed(reason));
    }

    fn end(&mut self) {
        self.phase = Phase::Closed;
        self.verify = None;
        self.endpoint = None;
        self.gate = Gate::default();
        self.flight.clear();
    }

    /// Takes what the library wants sent; during the handshake that is a new flight.
    fn drain(&mut self, now: Instant) {
        let Some(endpoint) = &mut self.endpoint else { return };
        let datagrams: Vec<Bytes> = transmits(endpoint).collect();
        if self.phase == Phase::Handshaking && !datagrams.is_empty() {
            let repeat = self.repeat_of(&datagrams);
            self.flight.sent(now, datagrams.clone(), repeat);
        }
        self.datagrams.extend(datagrams);
    }

    /// A client's first flight and its last are made anew.
    fn repeat_of(&self, datagrams: &[Bytes]) -> Repeat {
        let first = self.flight.is_first();
        let last = datagrams.iter().any(|datagram| contains(datagram, ContentType::ChangeCipherSpec));
        match self.role {
            DtlsRole::Client if first || last => Repeat::MadeAnew,
            DtlsRole::Client | DtlsRole::Server => Repeat::Identical,
        }
    }
}

fn contains(mut datagram: &[u8], content: ContentType) -> bool {
    std::iter::from_fn(|| next_record(&mut datagram)).any(|record| record.content == content)
}

fn transmits(endpoint: &mut Endpoint) -> impl Iterator<Item = Bytes> {
    std::iter::from_fn(|| endpoint.poll_transmit()).map(|transmit| transmit.message.freeze())
}

fn established(state: &State, role: DtlsRole) -> Option<Established> {
    let profile = negotiated_profile(state.srtp_protection_profile())?;
    let material = state.export_keying_material(EXPORTER_LABEL, &[], profile.keying_material_len()).ok()?;
    let keys = SrtpKeys::from_exporter(profile, material.as_ref(), role)?;
    let cipher_suite = state.cipher_suite().map(|suite| suite.id().to_string()).unwrap_or_default();
    Some(Established { keys, cipher_suite })
}
