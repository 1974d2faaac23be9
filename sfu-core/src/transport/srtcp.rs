//! Protects and opens RTCP (RFC 3711 §3.4, RFC 7714 §9). Like RTP: replay-protected, state only after authentication.

use super::drop_reason::DropReason;
use super::open::Windows;
use super::srtp_cipher::{Index, Packet, SrtpCipher};
use super::srtp_keys::{KeyUse, MasterKey, SrtpProfile};
use crate::id::Ssrc;
use crate::limits::PACKET_BYTES_MAX;

/// Bytes in the clear: header of the first packet and its sender's SSRC.
const CLEAR_BYTES: usize = 8;
/// Bytes of E bit and index.
const INDEX_BYTES: usize = 4;
/// Set when the packet is encrypted; unencrypted SRTCP is refused.
const ENCRYPTED_BIT: u32 = 1 << 31;
const VERSION_MASK: u8 = 0xC0;
const VERSION_2: u8 = 0x80;

/// Seals compound RTCP packets; one index runs over all SSRCs, so that none repeats.
#[derive(Debug)]
pub struct RtcpSealer {
    cipher: SrtpCipher,
    next_index: u32,
}

/// Opens compound RTCP packets.
#[derive(Debug)]
pub struct RtcpOpener {
    cipher: SrtpCipher,
    windows: Windows,
}

impl RtcpSealer {
    /// `None` only if the crypto provider fails.
    pub fn new(master: &MasterKey, profile: SrtpProfile) -> Option<Self> {
        SrtpCipher::new(master, profile, KeyUse::Rtcp).map(|cipher| Self { cipher, next_index: 0 })
    }

    /// Appends the protected form of `plain` to `out`; false, with `out` as it was, for what is no RTCP packet or when the
    /// 2³¹ indices of the key are used up.
    #[must_use]
    pub fn seal(&mut self, plain: &[u8], out: &mut Vec<u8>) -> bool {
        let start = out.len();
        out.extend_from_slice(plain);
        let sealed = self.protect(start, out).is_some();
        if !sealed {
            out.truncate(start);
        }
        sealed
    }

    fn protect(&mut self, start: usize, out: &mut Vec<u8>) -> Option<()> {
        let index = self.next_index;
        if index >= ENCRYPTED_BIT {
            return None;
        }
        let packet = out.get_mut(start..)?;
        let ssrc = sender(packet)?;
        let (clear, payload) = packet.split_at_mut_checked(CLEAR_BYTES)?;
        let trailer = (ENCRYPTED_BIT | index).to_be_bytes();
        let tag = self.cipher.encrypt(Packet { ssrc, index: Index::Rtcp(index), clear, payload, trailer }).ok()?;
        self.next_index += 1;
        match self.cipher.profile() {
            SrtpProfile::AeadAes128Gcm => {
                out.extend_from_slice(tag.bytes());
                out.extend_from_slice(&trailer);
            }
            SrtpProfile::Aes128CmHmacSha1_80 => {
                out.extend_from_slice(&trailer);
                out.extend_from_slice(tag.bytes());
            }
        }
        Some(())
    }
}

impl RtcpOpener {
    /// `None` only if the crypto provider fails.
    pub fn new(master: &MasterKey, profile: SrtpProfile) -> Option<Self> {
        let cipher = SrtpCipher::new(master, profile, KeyUse::Rtcp)?;
        Some(Self { cipher, windows: Windows::default() })
    }

    /// SSRCs that sent an authentic packet.
    pub fn ssrc_count(&self) -> usize {
        self.windows.len()
    }

    /// Checks and decrypts `packet` in place and returns the compound packet in it.
    pub fn open<'a>(&mut self, packet: &'a mut [u8]) -> Result<&'a [u8], DropReason> {
        if packet.len() > PACKET_BYTES_MAX {
            return Err(DropReason::RtpTooLong);
        }
        let ssrc = sender(packet).ok_or(DropReason::RtcpMalformed)?;
        let (protected, trailer, tag) = self.cut(packet).ok_or(DropReason::RtcpMalformed)?;
        let word = u32::from_be_bytes(trailer);
        if word & ENCRYPTED_BIT == 0 {
            return Err(DropReason::RtcpMalformed);
        }
        let index = word & !ENCRYPTED_BIT;
        let place = self.windows.find(ssrc);
        if !self.windows.is_new(place, ssrc, u64::from(index)) {
            return Err(DropReason::RtcpReplayed);
        }
        let (clear, payload) = protected.split_at_mut_checked(CLEAR_BYTES).ok_or(DropReason::RtcpMalformed)?;
        let parts = Packet { ssrc, index: Index::Rtcp(index), clear, payload, trailer };
        self.cipher.decrypt(parts, tag).map_err(|_| DropReason::RtcpAuthentication)?;
        if !self.windows.accept(place, ssrc, u64::from(index)) {
            return Err(DropReason::RtcpSsrcLimit);
        }
        Ok(protected)
    }

    /// Header and ciphertext; E bit and index; tag.
    fn cut<'a>(&self, packet: &'a mut [u8]) -> Option<(&'a mut [u8], [u8; INDEX_BYTES], &'a [u8])> {
        let tag_len = self.cipher.tag_len();
        let body_len = packet.len().checked_sub(tag_len + INDEX_BYTES)?;
        let (protected, rest) = packet.split_at_mut_checked(body_len)?;
        match self.cipher.profile() {
            SrtpProfile::AeadAes128Gcm => {
                let (tag, trailer) = rest.split_at_checked(tag_len)?;
                Some((protected, *trailer.first_chunk()?, tag))
            }
            SrtpProfile::Aes128CmHmacSha1_80 => {
                let (trailer, tag) = rest.split_first_chunk()?;
                Some((protected, *trailer, tag))
            }
        }
    }
}

/// The SSRC of a compound packet's first sender, if it is RTCP at all.
fn sender(packet: &[u8]) -> Option<Ssrc> {
    let ([first, _, _, _, ssrc @ ..], _) = packet.split_first_chunk::<CLEAR_BYTES>()?;
    (first & VERSION_MASK == VERSION_2).then(|| Ssrc(u32::from_be_bytes(*ssrc)))
}
