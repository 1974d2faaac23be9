//! Protects outgoing RTP in place (RFC 3711 §3.3, RFC 7714 §7.1). Last step of a packet's walk before the socket.
//!
//! Invariant, kept by the caller: one (SSRC, index) is sealed at most once with different bytes. The index comes from the
//! rewriter, never from a guess here.

use super::gcm::GcmKey;
use super::header::ClearHeader;
use super::packet_index::PacketIndex;
use super::srtp_cipher::{Index, Packet, SrtpCipher, TAG_BYTES_MAX, Tag};
use super::srtp_keys::{GCM_SALT_BYTES, KeyUse, MasterKey, SrtpProfile};

/// Seals RTP packets of every SSRC under one master key.
#[derive(Debug)]
pub struct RtpSealer {
    cipher: SrtpCipher,
}

impl RtpSealer {
    /// `None` only if the crypto provider fails.
    pub fn new(master: &MasterKey, profile: SrtpProfile) -> Option<Self> {
        SrtpCipher::new(master, profile, KeyUse::Rtp).map(|cipher| Self { cipher })
    }

    /// Seals with AEAD_AES_128_GCM under a session key instead of a master key, as RFC 7714 §16 states its vectors.
    pub fn with_session_key(key: GcmKey, salt: [u8; GCM_SALT_BYTES]) -> Self {
        Self { cipher: SrtpCipher::Gcm { key, salt } }
    }

    /// Bytes that sealing adds to a packet.
    pub fn overhead(&self) -> usize {
        self.cipher.tag_len()
    }

    /// Most bytes that sealing adds under any profile.
    pub const OVERHEAD_MAX: usize = TAG_BYTES_MAX;

    /// Encrypts the payload of `packet[start..]`, whose header takes `header_len` bytes, and appends the tag. Allocates only
    /// if `packet` lacks room for [`Self::overhead`] bytes. False, with the packet cut back to `start`, if `header_len` or
    /// the header's sequence number does not fit.
    #[must_use]
    pub fn seal(&mut self, index: PacketIndex, packet: &mut Vec<u8>, start: usize, header_len: usize) -> bool {
        let tag = packet.get_mut(start..).and_then(|bytes| self.protect(index, bytes, header_len));
        match tag {
            Some(tag) => packet.extend_from_slice(tag.bytes()),
            None => packet.truncate(start),
        }
        tag.is_some()
    }

    fn protect(&self, index: PacketIndex, packet: &mut [u8], header_len: usize) -> Option<Tag> {
        let header = ClearHeader::parse(packet)?;
        if header.len != header_len || header.sequence_number != index.sequence_number() {
            debug_assert!(false, "header {header:?}, index {index:?}, header_len {header_len}");
            return None;
        }
        let (clear, payload) = packet.split_at_mut_checked(header_len)?;
        let trailer = index.roc().to_be_bytes();
        let index = Index::Rtp(index.get());
        self.cipher.encrypt(Packet { ssrc: header.ssrc, index, clear, payload, trailer }).ok()
    }
}
