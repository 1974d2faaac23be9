//! How the DTLS library is set up for one handshake: suites, SRTP profiles, and the fingerprint as the only judge of the peer.

use std::sync::Arc;
use std::time::Duration;

use dtls::cipher_suite::CipherSuiteId;
use dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use shared::error::Error;

use super::certificate::{Fingerprint, LocalCertificate};
use super::dtls::DtlsRole;
use super::dtls_cookie::Cookie;
use super::dtls_nonce::CountedNonces;
use super::srtp_keys::SrtpProfile;

/// In order of preference. The RSA suites serve peers that are DTLS server with an RSA certificate; ChaCha20 serves
/// phones without AES instructions.
const CIPHER_SUITES: [CipherSuiteId; 4] = [
    CipherSuiteId::Tls_Ecdhe_Ecdsa_With_Aes_128_Gcm_Sha256,
    CipherSuiteId::Tls_Ecdhe_Rsa_With_Aes_128_Gcm_Sha256,
    CipherSuiteId::Tls_Ecdhe_Ecdsa_With_ChaCha20_Poly1305_Sha256,
    CipherSuiteId::Tls_Ecdhe_Rsa_With_ChaCha20_Poly1305_Sha256,
];
/// The library's own timer is out of use (it loses it); longer than any handshake may take.
const LIBRARY_TIMER: Duration = Duration::from_secs(3_600);
/// Largest datagram of a flight, bytes: fits every path that carries video.
const MTU_BYTES: usize = 1_200;

/// A configuration that accepts a peer if one of `fingerprints` is its certificate's; `cookie` is what a server asks for.
pub(super) fn handshake_config(
    role: DtlsRole,
    certificate: &LocalCertificate,
    fingerprints: Arc<[Fingerprint]>,
    profiles: &[SrtpProfile],
    cookie: Option<Cookie>,
) -> Result<Arc<HandshakeConfig>, Error> {
    let verify = move |chain: &[Vec<u8>], _: &[_]| match is_expected(chain, &fingerprints) {
        true => Ok(()),
        false => Err(Error::ErrNoMatchingCertificateFingerprint),
    };
    let config = ConfigBuilder::default()
        .with_crypto_provider(Arc::new(CountedNonces::new(certificate.provider().clone(), cookie)))
        .with_certificates(vec![certificate.certificate().clone()])
        .with_cipher_suites(CIPHER_SUITES.to_vec())
        .with_srtp_protection_profiles(profiles.iter().copied().map(library_profile).collect())
        .with_client_auth(ClientAuthType::RequireAnyClientCert)
        // Not insecure: self-signed certificates have no chain to verify, the fingerprint decides (RFC 8827 §6.5).
        .with_insecure_skip_verify(true)
        .with_verify_peer_certificate(Some(Arc::new(verify)))
        .with_extended_master_secret(ExtendedMasterSecretType::Request)
        .with_flight_interval(LIBRARY_TIMER)
        .with_mtu(MTU_BYTES)
        .with_server_name("webrtc".to_owned())
        .build(role == DtlsRole::Client, None)?;
    Ok(Arc::new(config))
}

/// Whether the first certificate of a chain has one of the fingerprints (RFC 8122 §5).
pub(super) fn is_expected(chain: &[Vec<u8>], fingerprints: &[Fingerprint]) -> bool {
    chain.first().is_some_and(|der| fingerprints.iter().any(|fingerprint| fingerprint.matches(der)))
}

/// Our name for the profile that the library negotiated.
pub(super) fn negotiated_profile(profile: SrtpProtectionProfile) -> Option<SrtpProfile> {
    match profile {
        SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => Some(SrtpProfile::AeadAes128Gcm),
        SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 => Some(SrtpProfile::Aes128CmHmacSha1_80),
        _ => None,
    }
}

fn library_profile(profile: SrtpProfile) -> SrtpProtectionProfile {
    match profile {
        SrtpProfile::AeadAes128Gcm => SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
        SrtpProfile::Aes128CmHmacSha1_80 => SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
    }
}
