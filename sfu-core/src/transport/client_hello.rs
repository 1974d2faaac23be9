//! Reads which SRTP profiles a ClientHello offers (RFC 5764 §4.1.1), before the DTLS library sees it: the library takes the
//! client's first match, and browsers list AES-CM before GCM.

use super::srtp_keys::SrtpProfile;

/// Handshake message type of a ClientHello (RFC 5246 §7.4).
pub(super) const CLIENT_HELLO: u8 = 1;
const USE_SRTP: u16 = 14;
const SRTP_AES128_CM_SHA1_80: u16 = 0x0001;
const SRTP_AEAD_AES_128_GCM: u16 = 0x0007;
/// Bytes of version and random.
const FIXED_BYTES: usize = 34;

/// The best profile that both can; `Err` if the message is malformed, `Ok(None)` if there is none in common.
pub(super) fn best_profile(client_hello: &[u8]) -> Result<Option<SrtpProfile>, MalformedHello> {
    let profiles = use_srtp(client_hello).ok_or(MalformedHello)?;
    let offers = |wanted: u16| profiles.chunks_exact(2).any(|profile| profile == wanted.to_be_bytes());
    Ok(if offers(SRTP_AEAD_AES_128_GCM) {
        Some(SrtpProfile::AeadAes128Gcm)
    } else if offers(SRTP_AES128_CM_SHA1_80) {
        Some(SrtpProfile::Aes128CmHmacSha1_80)
    } else {
        None
    })
}

/// What stands before the cookie's length, the cookie, and what stands behind it (RFC 6347 §4.2.1).
pub(super) fn split_cookie(client_hello: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut rest = client_hello.get(FIXED_BYTES..)?;
    let _session_id = short_vector(&mut rest)?;
    let before = client_hello.get(..client_hello.len() - rest.len())?;
    let cookie = short_vector(&mut rest)?;
    Some((before, cookie, rest))
}

/// The bytes are no ClientHello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MalformedHello;

/// The list inside use_srtp; empty without the extension.
fn use_srtp(client_hello: &[u8]) -> Option<&[u8]> {
    let mut rest = client_hello.get(FIXED_BYTES..)?;
    let _session_id = short_vector(&mut rest)?;
    let _cookie = short_vector(&mut rest)?;
    let _cipher_suites = long_vector(&mut rest)?;
    let _compression_methods = short_vector(&mut rest)?;
    if rest.is_empty() {
        return Some(&[]);
    }
    let mut extensions = long_vector(&mut rest)?;
    while !extensions.is_empty() {
        let ([t0, t1], after) = extensions.split_first_chunk::<2>()?;
        extensions = after;
        let mut body = long_vector(&mut extensions)?;
        if u16::from_be_bytes([*t0, *t1]) == USE_SRTP {
            return long_vector(&mut body);
        }
    }
    Some(&[])
}

fn short_vector<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, after) = rest.split_first()?;
    let (vector, after) = after.split_at_checked(usize::from(*len))?;
    *rest = after;
    Some(vector)
}

fn long_vector<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, after) = rest.split_first_chunk::<2>()?;
    let (vector, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
    *rest = after;
    Some(vector)
}
