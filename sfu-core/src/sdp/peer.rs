//! Who the offer comes from: its ICE credentials, fingerprints and DTLS role, from the section that speaks for the bundle.

use sdp::description::common::Attribute;

use super::{SdpError, text};
use crate::id::Mid;
use crate::limits::FINGERPRINTS_PER_SECTION_MAX;
use crate::transport::{DtlsRole, Fingerprint, FingerprintHash, IceCredentials};

/// The far end of the transport.
#[derive(Debug)]
pub(super) struct Peer {
    pub ice: IceCredentials,
    pub fingerprints: Vec<Fingerprint>,
    /// Ours, if the peer leaves no choice.
    pub role: Option<DtlsRole>,
}

/// Reads the transport's attributes: those of the section `mid`, or else the session's.
pub(super) fn peer(mid: &Mid, section: &[Attribute], session: &[Attribute]) -> Result<Peer, SdpError> {
    let one = |key: &str| values(section, key).next().or_else(|| values(session, key).next());
    let (Some(ufrag), Some(pwd)) = (one("ice-ufrag"), one("ice-pwd")) else {
        return Err(SdpError::NoIceCredentials { mid: mid.clone() });
    };
    let fingerprints = match fingerprints(mid, section)? {
        own if !own.is_empty() => own,
        _ => fingerprints(mid, session)?,
    };
    if fingerprints.is_empty() {
        return Err(no_fingerprint(mid, section, session));
    }
    let role = match one("setup") {
        // An offer without the attribute predates it; its sender waits for us to say who begins.
        None | Some("actpass") => None,
        Some("active") => Some(DtlsRole::Server),
        Some("passive") => Some(DtlsRole::Client),
        Some(other) => return Err(SdpError::Setup { mid: mid.clone(), found: text::excerpt(other) }),
    };
    Ok(Peer { ice: IceCredentials { ufrag: checked_ufrag(ufrag)?, pwd: checked_pwd(pwd)? }, fingerprints, role })
}

/// A username fragment of the length that RFC 8839 §5.4 asks for.
pub(super) fn checked_ufrag(ufrag: &str) -> Result<String, SdpError> {
    let characters = ufrag.chars().count();
    if !(4..=256).contains(&characters) || !ufrag.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SdpError::IceUfrag { characters });
    }
    Ok(ufrag.to_owned())
}

/// A password of the length that RFC 8839 §5.4 asks for.
pub(super) fn checked_pwd(pwd: &str) -> Result<String, SdpError> {
    let characters = pwd.chars().count();
    if !(22..=256).contains(&characters) || !pwd.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SdpError::IcePwd { characters });
    }
    Ok(pwd.to_owned())
}

fn values<'a>(attributes: &'a [Attribute], key: &str) -> impl Iterator<Item = &'a str> {
    attributes
        .iter()
        .filter(move |attribute| attribute.key == key)
        .filter_map(|attribute| attribute.value.as_deref())
        .map(str::trim)
}

fn fingerprints(mid: &Mid, attributes: &[Attribute]) -> Result<Vec<Fingerprint>, SdpError> {
    let mut found = Vec::new();
    for value in values(attributes, "fingerprint").take(FINGERPRINTS_PER_SECTION_MAX) {
        let (name, digits) = value.split_once(' ').unwrap_or((value, ""));
        let (hash, expected) = match name.to_ascii_lowercase().as_str() {
            "sha-256" => (FingerprintHash::Sha256, 32),
            "sha-384" => (FingerprintHash::Sha384, 48),
            "sha-512" => (FingerprintHash::Sha512, 64),
            _ => continue,
        };
        let bytes: Option<Vec<u8>> = digits.trim().split(':').map(byte).collect();
        let Some(bytes) = bytes.filter(|bytes| bytes.len() == expected) else {
            return Err(SdpError::MalformedFingerprint { mid: mid.clone(), expected });
        };
        found.push(Fingerprint { hash, bytes });
    }
    Ok(found)
}

fn byte(digits: &str) -> Option<u8> {
    let well_formed = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    well_formed.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

fn no_fingerprint(mid: &Mid, section: &[Attribute], session: &[Attribute]) -> SdpError {
    let offered: Vec<String> = values(section, "fingerprint")
        .chain(values(session, "fingerprint"))
        .take(FINGERPRINTS_PER_SECTION_MAX)
        .map(|value| text::excerpt(value.split(' ').next().unwrap_or_default()))
        .collect();
    if offered.is_empty() {
        return SdpError::NoFingerprint { mid: mid.clone() };
    }
    SdpError::WeakFingerprint { mid: mid.clone(), offered }
}
