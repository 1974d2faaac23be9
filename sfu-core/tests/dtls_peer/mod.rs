//! The other end of a [`Connection`]: a DTLS endpoint of the library and a full ICE agent's requests, joined to it by a
//! link on virtual time that loses what a test tells it to.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use crypto::RTCCryptoProvider;
use dtls::config::{ClientAuthType, ConfigBuilder, HandshakeConfig};
use dtls::crypto::Certificate;
use dtls::endpoint::{Endpoint, EndpointEvent};
use dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use sfu_core::transport::*;
use shared::TransportProtocol;
use stun::attributes::{ATTR_ICE_CONTROLLED, ATTR_ICE_CONTROLLING, ATTR_USE_CANDIDATE, ATTR_USERNAME, RawAttribute};
use stun::fingerprint::FINGERPRINT;
use stun::integrity::MessageIntegrity;
use stun::message::{BINDING_REQUEST, Message, Setter, TransactionId};
use stun::textattrs::TextAttribute;

pub const LATENCY: Duration = Duration::from_millis(5);
/// The server's address in the peer's endpoint.
const SERVER: &str = "192.0.2.7:5000";

pub fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub fn pair(remote_port: u16) -> Pair {
    Pair::udp(address("10.0.0.1:7882"), SocketAddr::new(address("10.0.0.2:1").ip(), remote_port))
}

pub fn server_ice() -> IceCredentials {
    IceCredentials { ufrag: "srvfrag1".into(), pwd: "server-password-of-32-characters".into() }
}

pub fn peer_ice() -> IceCredentials {
    IceCredentials { ufrag: "peer".into(), pwd: "peer-password-of-some-length".into() }
}

pub fn provider() -> Arc<dyn RTCCryptoProvider> {
    crypto::default_provider().unwrap()
}

/// What a connectivity check carries.
#[derive(Clone)]
pub struct Check {
    pub username: String,
    pub pwd: String,
    pub nominate: bool,
    pub controlled: bool,
}

impl Check {
    pub fn new() -> Self {
        Self::of(&server_ice(), &peer_ice())
    }

    pub fn of(server: &IceCredentials, peer: &IceCredentials) -> Self {
        Self {
            username: format!("{}:{}", server.ufrag, peer.ufrag),
            pwd: server.pwd.clone(),
            nominate: false,
            controlled: false,
        }
    }

    pub fn nominating(mut self) -> Self {
        self.nominate = true;
        self
    }

    pub fn request(&self) -> Vec<u8> {
        let provider = provider();
        let role = if self.controlled { ATTR_ICE_CONTROLLED } else { ATTR_ICE_CONTROLLING };
        let mut parts: Vec<Box<dyn Setter>> = vec![
            Box::new(TransactionId::new()),
            Box::new(BINDING_REQUEST),
            Box::new(TextAttribute::new(ATTR_USERNAME, self.username.clone())),
            Box::new(RawAttribute { typ: role, length: 8, value: vec![7; 8] }),
        ];
        if self.nominate {
            parts.push(Box::new(RawAttribute { typ: ATTR_USE_CANDIDATE, length: 0, value: vec![] }));
        }
        let integrity = MessageIntegrity::new_short_term_integrity_with_provider(self.pwd.clone(), provider.crypto());
        let mut message = Message::new();
        message.build(&parts).unwrap();
        integrity.add_to(&mut message).unwrap();
        FINGERPRINT.add_to(&mut message).unwrap();
        message.raw
    }
}

/// How the peer does DTLS.
pub struct PeerConfig {
    pub profiles: Vec<SrtpProtectionProfile>,
    pub certificate: Certificate,
}

pub fn ecdsa() -> Certificate {
    Certificate::generate_self_signed(vec!["peer".to_owned()], provider().crypto()).unwrap()
}

pub fn rsa() -> Certificate {
    let names = vec!["peer".to_owned()];
    Certificate::generate_self_signed_with_alg(names, &rcgen::PKCS_RSA_SHA256, provider().crypto()).unwrap()
}

pub const GCM: SrtpProtectionProfile = SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm;
pub const CM: SrtpProtectionProfile = SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80;

impl Default for PeerConfig {
    fn default() -> Self {
        Self { profiles: vec![CM, GCM], certificate: ecdsa() }
    }
}

impl PeerConfig {
    fn build(&self, role: DtlsRole) -> Arc<HandshakeConfig> {
        let builder = ConfigBuilder::default()
            .with_crypto_provider(provider())
            .with_certificates(vec![self.certificate.clone()])
            .with_srtp_protection_profiles(self.profiles.clone())
            .with_client_auth(ClientAuthType::RequireAnyClientCert)
            .with_insecure_skip_verify(true)
            .with_server_name("peer".to_owned());
        Arc::new(builder.build(role == DtlsRole::Client, None).unwrap())
    }

    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(FingerprintHash::Sha256, &self.certificate.certificate[0])
    }
}

/// The peer's DTLS endpoint.
pub struct Peer {
    endpoint: Endpoint,
    role: DtlsRole,
    pub connected: bool,
    pub closed: bool,
    pub received: Vec<Vec<u8>>,
}

impl Peer {
    pub fn new(now: Instant, role: DtlsRole, config: &PeerConfig) -> Self {
        let built = config.build(role);
        let server = address(SERVER);
        let endpoint = match role {
            DtlsRole::Server => Endpoint::new(server, TransportProtocol::UDP, Some(built)),
            DtlsRole::Client => {
                let mut endpoint = Endpoint::new(server, TransportProtocol::UDP, None);
                endpoint.connect(now, server, built, None).unwrap();
                endpoint
            }
        };
        Self { endpoint, role, connected: false, closed: false, received: vec![] }
    }

    pub fn handle(&mut self, now: Instant, datagram: &[u8]) {
        for event in self.endpoint.read(now, address(SERVER), None, BytesMut::from(datagram)).unwrap_or_default() {
            match event {
                EndpointEvent::HandshakeComplete => self.connected = true,
                EndpointEvent::ApplicationData(data) => self.received.push(data.to_vec()),
                EndpointEvent::PeerClosed => self.closed = true,
                _ => {}
            }
        }
    }

    pub fn poll(&mut self) -> Option<Bytes> {
        self.endpoint.poll_transmit().map(|transmit| transmit.message.freeze())
    }

    pub fn poll_timeout(&self) -> Option<Instant> {
        self.endpoint.poll_timeout(&address(SERVER))
    }

    pub fn handle_timeout(&mut self, now: Instant) {
        self.endpoint.handle_timeout(address(SERVER), now).ok();
    }

    pub fn send(&mut self, now: Instant, data: &[u8]) {
        self.endpoint.write(now, address(SERVER), data).unwrap();
    }

    pub fn close(&mut self, now: Instant) {
        self.endpoint.close(now).unwrap();
    }

    pub fn keys(&self) -> SrtpKeys {
        let state = self.endpoint.get_connection_state(address(SERVER)).unwrap();
        let profile = match state.srtp_protection_profile() {
            GCM => SrtpProfile::AeadAes128Gcm,
            CM => SrtpProfile::Aes128CmHmacSha1_80,
            other => panic!("{other:?}"),
        };
        let material = state.export_keying_material("EXTRACTOR-dtls_srtp", &[], profile.keying_material_len()).unwrap();
        SrtpKeys::from_exporter(profile, material.as_ref(), self.role).unwrap()
    }

    pub fn server_certificate(&self) -> Vec<u8> {
        self.endpoint.get_connection_state(address(SERVER)).unwrap().peer_certificates[0].clone()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Towards {
    Connection,
    Peer,
}

/// A connection and its peer on virtual time.
pub struct World {
    pub now: Instant,
    pub start: Instant,
    pub connection: Connection,
    pub certificate: Arc<LocalCertificate>,
    pub peer: Peer,
    pub events: Vec<ConnectionEvent>,
    pub pair: Pair,
    /// DTLS datagrams sent so far, both ways.
    pub sent: usize,
    flying: VecDeque<(Instant, Towards, Bytes)>,
}

impl World {
    /// ICE done and nominated; the first DTLS datagram not sent yet.
    pub fn new(role: DtlsRole, config: &PeerConfig, expected: Fingerprint) -> Self {
        let now = Instant::now();
        let certificate = Arc::new(LocalCertificate::generate().unwrap());
        let connection = Connection::new(
            now,
            ConnectionConfig {
                local_ice: server_ice(),
                remote_ice: peer_ice(),
                role,
                remote_fingerprints: vec![expected],
                certificate: certificate.clone(),
            },
        );
        let peer_role = match role {
            DtlsRole::Server => DtlsRole::Client,
            DtlsRole::Client => DtlsRole::Server,
        };
        let peer = Peer::new(now, peer_role, config);
        let flying = VecDeque::new();
        let mut world =
            Self { now, start: now, connection, certificate, peer, events: vec![], pair: pair(4000), sent: 0, flying };
        let pair = world.pair;
        let outcome = world.connection.handle_stun(now, pair, &Check::new().nominating().request());
        assert_eq!(outcome, StunOutcome::Verified { first: true });
        assert!(world.connection.poll_datagram().is_some(), "the check is answered");
        world
    }

    pub fn with(role: DtlsRole, config: &PeerConfig) -> Self {
        Self::new(role, config, config.fingerprint())
    }

    /// A world whose handshake is done.
    pub fn connected(role: DtlsRole, config: &PeerConfig) -> Self {
        let mut world = Self::with(role, config);
        world.run(Duration::from_secs(9), |_, _| false);
        assert!(world.is_connected(), "{:?}", world.events);
        world.events.clear();
        world
    }

    pub fn is_connected(&self) -> bool {
        self.connection.is_connected() && self.peer.connected
    }

    pub fn elapsed(&self) -> Duration {
        self.now - self.start
    }

    /// Runs until both ends are connected and nothing flies, or `limit` has passed; `lose` is told each datagram's number.
    pub fn run(&mut self, limit: Duration, mut lose: impl FnMut(usize, Towards) -> bool) {
        self.run_with(limit, |number, towards, datagram| if lose(number, towards) { vec![] } else { vec![datagram] });
    }

    /// Like [`Self::run`]; `tamper` replaces each datagram by none or more.
    pub fn run_with(&mut self, limit: Duration, mut tamper: impl FnMut(usize, Towards, Bytes) -> Vec<Bytes>) {
        let end = self.now + limit;
        loop {
            self.collect(&mut tamper);
            if self.flying.is_empty() && self.is_connected() {
                return;
            }
            let due = [self.flying.front().map(|f| f.0), self.connection.poll_timeout(), self.peer_timeout()];
            let Some(next) = due.into_iter().flatten().min() else { return };
            if next > end {
                self.now = end;
                return;
            }
            self.now = self.now.max(next);
            self.step();
        }
    }

    fn peer_timeout(&self) -> Option<Instant> {
        self.peer.poll_timeout()
    }

    fn step(&mut self) {
        let now = self.now;
        while self.flying.front().is_some_and(|f| f.0 <= now) {
            let (_, towards, datagram) = self.flying.pop_front().unwrap();
            match towards {
                Towards::Connection => self.connection.handle_dtls(now, self.pair, &datagram),
                Towards::Peer => self.peer.handle(now, &datagram),
            }
        }
        if self.connection.poll_timeout().is_some_and(|at| at <= now) {
            self.connection.handle_timeout(now);
        }
        if self.peer_timeout().is_some_and(|at| at <= now) {
            self.peer.handle_timeout(now);
        }
    }

    fn collect(&mut self, tamper: &mut impl FnMut(usize, Towards, Bytes) -> Vec<Bytes>) {
        while let Some(event) = self.connection.poll_event() {
            self.events.push(event);
        }
        let at = self.now + LATENCY;
        while let Some((pair, datagram)) = self.connection.poll_datagram() {
            assert_eq!(pair, self.pair);
            self.flying.extend(tamper(self.sent, Towards::Peer, datagram).into_iter().map(|d| (at, Towards::Peer, d)));
            self.sent += 1;
        }
        while let Some(datagram) = self.peer.poll() {
            let tampered = tamper(self.sent, Towards::Connection, datagram);
            self.flying.extend(tampered.into_iter().map(|d| (at, Towards::Connection, d)));
            self.sent += 1;
        }
    }
}
