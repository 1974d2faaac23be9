//! Opens incoming RTP in place (RFC 3711 §3.3). Invariant: nothing about an SSRC is remembered before one of its packets has
//! proved authentic, and no index is accepted twice.

use super::drop_reason::DropReason;
use super::header::ClearHeader;
use super::packet_index::PacketIndex;
use super::replay::ReplayWindow;
use super::srtp_cipher::{Index, Packet, SrtpCipher};
use super::srtp_keys::{KeyUse, MasterKey, SrtpProfile};
use crate::id::Ssrc;
use crate::limits::{PACKET_BYTES_MAX, SSRCS_PER_TRANSPORT_MAX};

/// A plaintext packet inside the buffer it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    pub ssrc: Ssrc,
    /// Bytes of header, CSRCs and extension included.
    pub header_len: usize,
    /// Bytes of payload after the header, RTP padding included; the tag behind it is no part of the packet.
    pub payload_len: usize,
    pub index: PacketIndex,
}

impl Opened {
    /// Bytes of header and payload.
    pub fn len(&self) -> usize {
        self.header_len + self.payload_len
    }

    /// Whether there is neither header nor payload; never true of an opened packet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Opens RTP packets of every SSRC under one master key.
#[derive(Debug)]
pub struct RtpOpener {
    cipher: SrtpCipher,
    windows: Windows,
}

impl RtpOpener {
    /// `None` only if the crypto provider fails.
    pub fn new(master: &MasterKey, profile: SrtpProfile) -> Option<Self> {
        let cipher = SrtpCipher::new(master, profile, KeyUse::Rtp)?;
        Some(Self { cipher, windows: Windows::default() })
    }

    /// SSRCs that sent an authentic packet.
    pub fn ssrc_count(&self) -> usize {
        self.windows.len()
    }

    /// Checks and decrypts `packet` in place; its payload is worthless after an error.
    pub fn open(&mut self, packet: &mut [u8]) -> Result<Opened, DropReason> {
        if packet.len() > PACKET_BYTES_MAX {
            return Err(DropReason::RtpTooLong);
        }
        let header = ClearHeader::parse(packet).ok_or(DropReason::RtpMalformed)?;
        let tag_start = packet.len().checked_sub(self.cipher.tag_len()).ok_or(DropReason::RtpMalformed)?;
        let (protected, tag) = packet.split_at_mut_checked(tag_start).ok_or(DropReason::RtpMalformed)?;
        let (clear, payload) = protected.split_at_mut_checked(header.len).ok_or(DropReason::RtpMalformed)?;

        let place = self.windows.find(header.ssrc);
        let window = self.windows.get(place);
        let highest = window.and_then(ReplayWindow::highest).and_then(PacketIndex::new);
        let index = PacketIndex::estimate(highest, header.sequence_number);
        if window.is_some_and(|window| !window.is_new(index.get())) {
            return Err(DropReason::RtpReplayed);
        }

        let payload_len = payload.len();
        let trailer = index.roc().to_be_bytes();
        let parts = Packet { ssrc: header.ssrc, index: Index::Rtp(index.get()), clear, payload, trailer };
        self.cipher.decrypt(parts, tag).map_err(|_| DropReason::RtpAuthentication)?;
        if !self.windows.accept(place, header.ssrc, index.get()) {
            return Err(DropReason::RtpSsrcLimit);
        }
        Ok(Opened { ssrc: header.ssrc, header_len: header.len, payload_len, index })
    }
}

/// Replay windows by SSRC, sorted; at most `SSRCS_PER_TRANSPORT_MAX`.
#[derive(Debug, Default)]
pub(super) struct Windows {
    by_ssrc: Vec<(Ssrc, ReplayWindow)>,
}

/// Where an SSRC's window is, or where it would go.
pub(super) type Place = Result<usize, usize>;

impl Windows {
    pub(super) fn len(&self) -> usize {
        self.by_ssrc.len()
    }

    pub(super) fn find(&self, ssrc: Ssrc) -> Place {
        self.by_ssrc.binary_search_by_key(&ssrc, |(known, _)| *known)
    }

    pub(super) fn get(&self, place: Place) -> Option<&ReplayWindow> {
        self.by_ssrc.get(place.ok()?).map(|(_, window)| window)
    }

    /// Remembers an authentic packet; false if it would be one SSRC too many.
    pub(super) fn accept(&mut self, place: Place, ssrc: Ssrc, index: u64) -> bool {
        match place {
            Ok(known) => {
                if let Some((_, window)) = self.by_ssrc.get_mut(known) {
                    window.accept(index);
                }
                true
            }
            Err(_) if self.by_ssrc.len() >= SSRCS_PER_TRANSPORT_MAX => false,
            Err(free) => {
                let mut window = ReplayWindow::default();
                window.accept(index);
                self.by_ssrc.insert(free.min(self.by_ssrc.len()), (ssrc, window));
                true
            }
        }
    }
}
