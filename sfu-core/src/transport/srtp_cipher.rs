//! The two SRTP transforms on one packet, in place: AEAD_AES_128_GCM (RFC 7714) and AES128_CM_HMAC_SHA1_80 (RFC 3711).
//! Knows no windows and no SSRC tables; never allocates. Its callers are [`super::seal`], [`super::open`], [`super::srtcp`].

use std::fmt;

use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

use super::gcm::{GcmKey, NONCE_BYTES, TAG_BYTES};
use super::srtp_keys::{GCM_SALT_BYTES, KeyUse, MasterKey, SALT_BYTES, SessionKeys, SrtpProfile};
use crate::id::Ssrc;

/// Bytes of a GCM tag (RFC 7714 §13.2).
pub const GCM_TAG_BYTES: usize = TAG_BYTES;
/// Bytes of a truncated HMAC-SHA1 tag (RFC 3711 §5.2).
pub const SHA1_TAG_BYTES: usize = 10;
/// Longest tag of both profiles.
pub const TAG_BYTES_MAX: usize = GCM_TAG_BYTES;

/// The packet is not authentic, or the provider failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CipherError;

/// A tag and how many of its bytes count.
#[derive(Debug, Clone, Copy)]
pub struct Tag {
    bytes: [u8; TAG_BYTES_MAX],
    len: usize,
}

impl Tag {
    fn new(bytes: &[u8], len: usize) -> Self {
        let mut tag = Self { bytes: [0; TAG_BYTES_MAX], len };
        for (to, from) in tag.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        tag
    }

    /// The bytes to put on the wire.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

/// One direction's keyed transform of RTP or of RTCP.
pub enum SrtpCipher {
    Gcm { key: GcmKey, salt: [u8; GCM_SALT_BYTES] },
    CmSha1 { key: Box<EncryptingKey>, auth: Box<hmac::Key>, salt: [u8; SALT_BYTES] },
}

impl fmt::Debug for SrtpCipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SrtpCipher").field(&self.profile()).finish()
    }
}

impl SrtpCipher {
    /// Derives session keys and sets the transform up; `None` only if the provider fails.
    pub fn new(master: &MasterKey, profile: SrtpProfile, key_use: KeyUse) -> Option<Self> {
        let keys = SessionKeys::derive(master, profile, key_use)?;
        Some(match profile {
            SrtpProfile::AeadAes128Gcm => {
                Self::Gcm { key: GcmKey::new(&keys.cipher)?, salt: *keys.salt.first_chunk()? }
            }
            SrtpProfile::Aes128CmHmacSha1_80 => {
                let key = EncryptingKey::ctr(UnboundCipherKey::new(&AES_128, &keys.cipher).ok()?).ok()?;
                let auth = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &keys.auth);
                Self::CmSha1 { key: Box::new(key), auth: Box::new(auth), salt: keys.salt }
            }
        })
    }

    /// Which transform this is.
    pub fn profile(&self) -> SrtpProfile {
        match self {
            Self::Gcm { .. } => SrtpProfile::AeadAes128Gcm,
            Self::CmSha1 { .. } => SrtpProfile::Aes128CmHmacSha1_80,
        }
    }

    /// Bytes of this transform's tag.
    pub fn tag_len(&self) -> usize {
        match self {
            Self::Gcm { .. } => GCM_TAG_BYTES,
            Self::CmSha1 { .. } => SHA1_TAG_BYTES,
        }
    }

    /// Encrypts `payload` in place and returns the tag over `clear`, `payload` and `trailer`.
    pub fn encrypt(&self, packet: Packet<'_>) -> Result<Tag, CipherError> {
        let Packet { ssrc, index, clear, payload, trailer } = packet;
        match self {
            Self::Gcm { key, salt } => {
                let nonce = gcm_nonce(salt, ssrc, index);
                let tag = match index {
                    Index::Rtp(_) => key.seal(&nonce, clear, payload),
                    Index::Rtcp(_) => key.seal(&nonce, &rtcp_aad(clear, trailer), payload),
                };
                tag.map(|tag| Tag::new(&tag, GCM_TAG_BYTES)).ok_or(CipherError)
            }
            Self::CmSha1 { key, auth, salt } => {
                ctr(key, salt, ssrc, index, payload)?;
                Ok(sha1(auth, clear, payload, trailer))
            }
        }
    }

    /// Checks `tag` and then decrypts `payload` in place; its bytes are worthless after an error.
    pub fn decrypt(&self, packet: Packet<'_>, tag: &[u8]) -> Result<(), CipherError> {
        let Packet { ssrc, index, clear, payload, trailer } = packet;
        match self {
            Self::Gcm { key, salt } => {
                let nonce = gcm_nonce(salt, ssrc, index);
                let opened = match index {
                    Index::Rtp(_) => key.open(&nonce, clear, payload, tag),
                    Index::Rtcp(_) => key.open(&nonce, &rtcp_aad(clear, trailer), payload, tag),
                };
                if opened { Ok(()) } else { Err(CipherError) }
            }
            Self::CmSha1 { key, auth, salt } => {
                let expected = sha1(auth, clear, payload, trailer);
                verify_slices_are_equal(expected.bytes(), tag).map_err(|_| CipherError)?;
                ctr(key, salt, ssrc, index, payload)
            }
        }
    }
}

/// One packet, cut up for the transform.
#[derive(Debug)]
pub struct Packet<'a> {
    pub ssrc: Ssrc,
    pub index: Index,
    /// Authenticated, not encrypted: the header.
    pub clear: &'a [u8],
    /// Encrypted in place.
    pub payload: &'a mut [u8],
    /// Authenticated after the payload: ROC or E bit and index.
    pub trailer: [u8; 4],
}

/// The number that makes a packet's nonce unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {
    /// 48 bits: ROC and sequence number.
    Rtp(u64),
    /// 31 bits.
    Rtcp(u32),
}

/// The nonce of RFC 7714 §8.1 (RTP) and §9.1 (RTCP): zeros, SSRC and index, under the salt.
fn gcm_nonce(salt: &[u8; GCM_SALT_BYTES], ssrc: Ssrc, index: Index) -> [u8; NONCE_BYTES] {
    let [s0, s1, s2, s3] = ssrc.0.to_be_bytes();
    let mut nonce = match index {
        Index::Rtp(index) => {
            let [_, _, i0, i1, i2, i3, i4, i5] = index.to_be_bytes();
            [0, 0, s0, s1, s2, s3, i0, i1, i2, i3, i4, i5]
        }
        Index::Rtcp(index) => {
            let [i0, i1, i2, i3] = index.to_be_bytes();
            [0, 0, s0, s1, s2, s3, 0, 0, i0, i1, i2, i3]
        }
    };
    for (to, salt) in nonce.iter_mut().zip(salt) {
        *to ^= salt;
    }
    nonce
}

/// What SRTCP authenticates beside the ciphertext: the first eight bytes, E bit and index (RFC 7714 §9.2).
fn rtcp_aad(clear: &[u8], trailer: [u8; 4]) -> [u8; 12] {
    let mut aad = [0; 12];
    for (to, from) in aad.iter_mut().zip(clear.iter().chain(&trailer)) {
        *to = *from;
    }
    aad
}

/// AES counter mode from `salt · 2¹⁶ xor SSRC · 2⁶⁴ xor index · 2¹⁶` (RFC 3711 §4.1.1).
fn ctr(
    key: &EncryptingKey,
    salt: &[u8; SALT_BYTES],
    ssrc: Ssrc,
    index: Index,
    payload: &mut [u8],
) -> Result<(), CipherError> {
    if payload.is_empty() {
        return Ok(());
    }
    let index = match index {
        Index::Rtp(index) => u128::from(index),
        Index::Rtcp(index) => u128::from(index),
    };
    let mut iv = (u128::from(ssrc.0) << 64 | index << 16).to_be_bytes();
    for (to, salt) in iv.iter_mut().zip(salt) {
        *to ^= salt;
    }
    let context = EncryptionContext::Iv128(FixedLength::from(iv));
    key.less_safe_encrypt(payload, context).map(|_| ()).map_err(|_| CipherError)
}

/// The truncated tag over header, payload and trailer (RFC 3711 §4.2).
fn sha1(auth: &hmac::Key, clear: &[u8], payload: &[u8], trailer: [u8; 4]) -> Tag {
    let mut context = hmac::Context::with_key(auth);
    context.update(clear);
    context.update(payload);
    context.update(&trailer);
    Tag::new(context.sign().as_ref(), SHA1_TAG_BYTES)
}
