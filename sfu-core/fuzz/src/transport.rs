//! What reaches a transport before anybody has proved anything: STUN, DTLS, and SRTP that opens for nobody.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use sfu_core::limits::STUN_AMPLIFICATION_MAX;
use sfu_core::rtp::RtpPacket;
use sfu_core::transport::{
    Connection, ConnectionConfig, ConnectionEvent, DtlsRole, Fingerprint, FingerprintHash, IceCredentials,
    LocalCertificate, MasterKey, Pair, RtcpOpener, RtpOpener, SrtpProfile, StunOutcome, classify, peek_ufrag,
};
use stun::attributes::{ATTR_ICE_CONTROLLING, ATTR_USE_CANDIDATE, ATTR_USERNAME, RawAttribute};
use stun::fingerprint::FINGERPRINT;
use stun::integrity::MessageIntegrity;
use stun::message::{BINDING_REQUEST, Message, Setter, TransactionId};
use stun::textattrs::TextAttribute;

use super::input::Input;

pub fn certificate() -> Arc<LocalCertificate> {
    static CERTIFICATE: OnceLock<Arc<LocalCertificate>> = OnceLock::new();
    CERTIFICATE.get_or_init(|| Arc::new(LocalCertificate::generate().unwrap())).clone()
}

fn ours() -> IceCredentials {
    IceCredentials { ufrag: "ours".into(), pwd: "ours-of-22-characters!".into() }
}

fn theirs() -> IceCredentials {
    IceCredentials { ufrag: "them".into(), pwd: "them-of-22-characters!".into() }
}

fn pair(port: u16) -> Pair {
    Pair::udp(SocketAddr::from(([10, 0, 0, 1], 7_882)), SocketAddr::from(([10, 0, 0, 2], port)))
}

/// A connectivity check with valid integrity, which nominates.
pub fn check(server: &IceCredentials, client_ufrag: &str) -> Vec<u8> {
    let provider = crypto::default_provider().unwrap();
    let parts: Vec<Box<dyn Setter>> = vec![
        Box::new(TransactionId([9; 12])),
        Box::new(BINDING_REQUEST),
        Box::new(TextAttribute::new(ATTR_USERNAME, format!("{}:{client_ufrag}", server.ufrag))),
        Box::new(RawAttribute { typ: ATTR_ICE_CONTROLLING, length: 8, value: vec![7; 8] }),
        Box::new(RawAttribute { typ: ATTR_USE_CANDIDATE, length: 0, value: vec![] }),
    ];
    let integrity = MessageIntegrity::new_short_term_integrity_with_provider(server.pwd.clone(), provider.crypto());
    let mut message = Message::new();
    message.build(&parts).unwrap();
    integrity.add_to(&mut message).unwrap();
    FINGERPRINT.add_to(&mut message).unwrap();
    message.raw
}

fn connection(now: Instant, role: DtlsRole) -> Connection {
    let fingerprint = Fingerprint { hash: FingerprintHash::Sha256, bytes: vec![7; 32] };
    let (local_ice, remote_ice) = (ours(), theirs());
    let config = ConnectionConfig {
        local_ice,
        remote_ice,
        role,
        remote_fingerprints: vec![fingerprint],
        certificate: certificate(),
    };
    Connection::new(now, config)
}

/// One datagram that claims to be STUN: dropped, or answered with little.
pub fn stun(data: &[u8]) {
    let now = Instant::now();
    let (_, _) = (classify(data), peek_ufrag(data));
    let mut connection = connection(now, DtlsRole::Server);
    let outcome = connection.handle_stun(now, pair(4_000), data);
    assert_eq!(connection.is_verified(pair(4_000)), matches!(outcome, StunOutcome::Verified { .. }));
    let mut bytes = 0;
    while let Some((to, answer)) = connection.poll_datagram() {
        assert_eq!(to, pair(4_000));
        bytes += answer.len();
    }
    assert!(bytes <= STUN_AMPLIFICATION_MAX * data.len(), "{bytes} bytes for {}", data.len());
}

/// Bytes of a cookie, and where it stands in a HelloVerifyRequest (RFC 6347 §4.2.1) behind the headers of record and message.
const COOKIE_BYTES: usize = 20;
const COOKIE_ASKED_AT: usize = 28;
/// Where the length of the session id stands in a ClientHello, and behind the id that of the cookie.
const SESSION_ID_AT: usize = 59;

/// The cookie that a datagram of ours asks for.
pub fn cookie_asked(datagram: &[u8]) -> Option<Vec<u8>> {
    let asks = datagram.first() == Some(&22) && datagram.get(13) == Some(&3);
    asks.then(|| datagram.get(COOKIE_ASKED_AT..COOKIE_ASKED_AT + COOKIE_BYTES).map(<[u8]>::to_vec)).flatten()
}

/// Puts the cookie where a ClientHello has one, which no input could guess: else nothing behind it is ever reached.
pub fn with_cookie(datagram: &[u8], cookie: Option<&Vec<u8>>) -> Vec<u8> {
    let mut bytes = datagram.to_vec();
    let hello = bytes.first() == Some(&22) && bytes.get(13) == Some(&1);
    let at = SESSION_ID_AT + 1 + usize::from(bytes.get(SESSION_ID_AT).copied().unwrap_or(0));
    let has_one = bytes.get(at).is_some_and(|len| usize::from(*len) == COOKIE_BYTES);
    if let Some(cookie) = cookie.filter(|_| hello && has_one)
        && let Some(place) = bytes.get_mut(at + 1..at + 1 + COOKIE_BYTES)
    {
        place.copy_from_slice(cookie);
    }
    bytes
}

/// Datagrams from a verified address, each with its length in front, and time that passes between them. The peer has no
/// certificate that was announced, so that nothing of it connects.
pub fn dtls(data: &[u8]) {
    let mut now = Instant::now();
    let mut input = Input::new(data);
    let role = input.choose(&[DtlsRole::Server, DtlsRole::Client]);
    let mut connection = connection(now, role);
    assert_eq!(
        connection.handle_stun(now, pair(4_000), &check(&ours(), "them")),
        StunOutcome::Verified { first: true }
    );
    let (mut sent, mut cookie) = (0, None);
    for _ in 0..32 {
        let Some(pause) = input.next() else { break };
        connection.handle_dtls(now, pair(4_000), &with_cookie(input.blob(), cookie.as_ref()));
        now += Duration::from_millis(u64::from(pause) * 4);
        while connection.poll_timeout().is_some_and(|due| due <= now) {
            connection.handle_timeout(now);
        }
        while let Some(event) = connection.poll_event() {
            assert_ne!(event, ConnectionEvent::Connected);
        }
        while let Some((_, datagram)) = connection.poll_datagram() {
            cookie = cookie_asked(&datagram).or(cookie);
            sent += 1;
        }
    }
    assert!(sent < 1_000, "{sent} datagrams");
}

/// A plaintext packet; and the same bytes as if they were sealed, which nobody's key did.
pub fn rtp(data: &[u8]) {
    if let Some(packet) = RtpPacket::parse(data) {
        let bytes: usize = packet.extensions.iter().map(|(_, value)| value.len()).sum();
        assert!(bytes + packet.payload.len() + 12 <= data.len());
        for id in 0..=255 {
            let found = packet.extensions.iter().find(|(known, _)| *known == id);
            assert_eq!(packet.extensions.get(id), found.map(|(_, value)| value));
        }
    }
    for profile in [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmHmacSha1_80] {
        let key = MasterKey { key: [3; 16], salt: [4; 14] };
        let (mut rtp, mut rtcp) = (RtpOpener::new(&key, profile).unwrap(), RtcpOpener::new(&key, profile).unwrap());
        assert!(rtp.open(&mut data.to_vec()).is_err() && rtcp.open(&mut data.to_vec()).is_err());
        assert_eq!((rtp.ssrc_count(), rtcp.ssrc_count()), (0, 0));
    }
}
