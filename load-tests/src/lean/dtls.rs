//! The client's side of DTLS 1.2 (RFC 6347) for SRTP keys (RFC 5764), on the library's sans-I/O endpoint.
//!
//! All clients of a process share one certificate: making one costs more than the rest of the handshake.

use std::collections::VecDeque;
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use bytes::{Bytes, BytesMut};
use crypto::RTCCryptoProvider;
use dtls::config::{ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use dtls::crypto::Certificate;
use dtls::endpoint::{Endpoint, EndpointEvent};
use dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use shared::TransportProtocol;
use shared::error::Error;

use super::keys::Keys;

/// The server's address as the library knows it (TEST-NET-1, RFC 5737); sockets are somebody else's business.
const SERVER: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 9));
/// The exporter's label for SRTP (RFC 5764 §4.2).
const EXPORTER_LABEL: &str = "EXTRACTOR-dtls_srtp";
/// The library loses its own timer when a record comes in; longer than any handshake, so that ours alone counts.
const LIBRARY_TIMER: Duration = Duration::from_secs(3_600);
/// First wait for an answer; a crowd's server may be busy with others' handshakes, so it is not too short.
const REPEAT_MIN: Duration = Duration::from_millis(400);
/// Longest wait; doubles up to here.
const REPEAT_MAX: Duration = Duration::from_millis(3_200);

/// Who every client of this process is, and how it does DTLS.
pub struct Identity {
    pub provider: Arc<dyn RTCCryptoProvider>,
    /// SHA-256 of the certificate as `a=fingerprint` has it (RFC 8122 §5).
    pub fingerprint: String,
    config: Arc<HandshakeConfig>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl Identity {
    /// Makes a key and a self-signed certificate.
    pub fn generate() -> Result<Self, Error> {
        let provider = crypto::default_provider().map_err(|error| Error::Other(error.to_string()))?;
        let certificate = Certificate::generate_self_signed(vec!["sfu-load".to_owned()], provider.crypto())?;
        let der = certificate.certificate.first().ok_or_else(|| Error::Other("an empty certificate".to_owned()))?;
        let fingerprint = hexadecimal(digest::digest(&digest::SHA256, der).as_ref());
        let config = ConfigBuilder::default()
            .with_crypto_provider(Arc::clone(&provider))
            .with_certificates(vec![certificate])
            .with_srtp_protection_profiles(vec![SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm])
            // Not insecure: the fingerprint is compared before any key is used (RFC 8827 §6.5).
            .with_insecure_skip_verify(true)
            .with_extended_master_secret(ExtendedMasterSecretType::Request)
            .with_flight_interval(LIBRARY_TIMER)
            .with_server_name("webrtc".to_owned())
            .build(true, None)?;
        Ok(Self { provider, fingerprint, config: Arc::new(config) })
    }
}

/// One client's handshake. A viewer leaves by DELETE, as WHEP wants it, so there is no goodbye here.
pub struct Handshake {
    endpoint: Endpoint,
    identity: Arc<Identity>,
    fingerprints: Vec<(String, String)>,
    out: VecDeque<Bytes>,
    flight: Vec<Bytes>,
    repeat: Option<Instant>,
    interval: Duration,
}

impl std::fmt::Debug for Handshake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handshake").field("repeat", &self.repeat).finish_non_exhaustive()
    }
}

/// What a datagram led to.
#[derive(Debug)]
pub enum Progress {
    /// Nothing to be told.
    None,
    /// The keys are there, from a peer with the answer's certificate.
    Done(Box<Keys>),
    /// The handshake cannot succeed any more.
    Failed(String),
    /// The peer said goodbye.
    Closed,
}

impl Handshake {
    /// Sends the first flight at `now`, to a peer whose certificate has one of `fingerprints`.
    pub fn start(now: Instant, identity: Arc<Identity>, fingerprints: Vec<(String, String)>) -> Result<Self, Error> {
        let mut endpoint = Endpoint::new(SERVER, TransportProtocol::UDP, None);
        endpoint.connect(now, SERVER, Arc::clone(&identity.config), None)?;
        let (out, flight) = (VecDeque::new(), Vec::new());
        let mut handshake =
            Self { endpoint, identity, fingerprints, out, flight, repeat: Some(now), interval: REPEAT_MIN };
        handshake.drain(now);
        Ok(handshake)
    }

    /// Takes in a datagram of DTLS records.
    pub fn handle(&mut self, now: Instant, datagram: &[u8]) -> Progress {
        let outcome = self.endpoint.read(now, SERVER, None, BytesMut::from(datagram));
        self.drain(now);
        let under_way = self.repeat.is_some();
        match outcome {
            Ok(events) => events.into_iter().map(|event| self.event(event)).last().unwrap_or(Progress::None),
            Err(error) if under_way => Progress::Failed(error.to_string()),
            // A record that is repeated or does not open changes nothing about what is agreed on.
            Err(_) => Progress::None,
        }
    }

    /// When [`Self::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.repeat
    }

    /// Sends the last flight again if its answer is late (RFC 6347 §4.2.4), under new record numbers where the library
    /// makes them.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.repeat.is_none_or(|at| now < at) {
            return;
        }
        self.interval = (self.interval * 2).min(REPEAT_MAX);
        let flight = std::mem::take(&mut self.flight);
        if let Some(due) = self.endpoint.poll_timeout(&SERVER) {
            // At the library's own time, which is far in the future.
            let _ = self.endpoint.handle_timeout(SERVER, due);
            self.drain(now);
        }
        if self.flight.is_empty() {
            self.out.extend(flight.iter().cloned());
            self.flight = flight;
        }
        self.repeat = Some(now + self.interval);
    }

    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.out.pop_front()
    }

    fn event(&mut self, event: EndpointEvent) -> Progress {
        match event {
            EndpointEvent::HandshakeComplete => {
                self.repeat = None;
                self.flight.clear();
                self.keys().map_or_else(Progress::Failed, |keys| Progress::Done(Box::new(keys)))
            }
            EndpointEvent::PeerClosed => Progress::Closed,
            _ => Progress::None,
        }
    }

    fn keys(&self) -> Result<Keys, String> {
        let state = self.endpoint.get_connection_state(SERVER).ok_or("no connection")?;
        let der = state.peer_certificates.first().ok_or("the server showed no certificate")?;
        if !self.fingerprints.iter().any(|(hash, expected)| is_fingerprint(hash, expected, der)) {
            return Err("the server's certificate is not the one whose fingerprint it answered".to_owned());
        }
        if state.srtp_protection_profile() != SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm {
            return Err("the server did not take SRTP_AEAD_AES_128_GCM".to_owned());
        }
        let material =
            state.export_keying_material(EXPORTER_LABEL, &[], Keys::MATERIAL_LEN).map_err(|error| error.to_string())?;
        Keys::of_client(material.as_ref(), self.identity.provider.as_ref())
    }

    /// Takes what the library wants sent; during the handshake that is a new flight.
    fn drain(&mut self, now: Instant) {
        let datagrams: Vec<Bytes> =
            std::iter::from_fn(|| self.endpoint.poll_transmit()).map(|transmit| transmit.message.freeze()).collect();
        if datagrams.is_empty() {
            return;
        }
        if self.repeat.is_some() {
            self.flight.clone_from(&datagrams);
            self.repeat = Some(now + self.interval);
        }
        self.out.extend(datagrams);
    }
}

fn is_fingerprint(hash: &str, expected: &str, der: &[u8]) -> bool {
    let algorithm = match hash {
        "sha-256" => &digest::SHA256,
        "sha-384" => &digest::SHA384,
        "sha-512" => &digest::SHA512,
        _ => return false,
    };
    hexadecimal(digest::digest(algorithm, der).as_ref()) == expected
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(3 * bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        let colon = if at == 0 { "" } else { ":" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{colon}{byte:02X}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_of_its_certificate_alone() {
        let expected = hexadecimal(digest::digest(&digest::SHA256, b"certificate").as_ref());
        assert!(is_fingerprint("sha-256", &expected, b"certificate"));
        assert!(
            !is_fingerprint("sha-256", &expected, b"another") && !is_fingerprint("sha-1", &expected, b"certificate")
        );
        assert_eq!(hexadecimal(&[0x0a, 0xff]), "0A:FF");
    }
}
