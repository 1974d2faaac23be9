//! Opens incoming RTP in place (RFC 3711 §3.3). Invariant: nothing about an SSRC is remembered before one of its packets has
//! proved authentic, and no index is accepted twice.

use std::collections::BTreeMap;

use super::drop_reason::DropReason;
use super::gcm::GcmKey;
use super::header::ClearHeader;
use super::packet_index::PacketIndex;
use super::replay::ReplayWindow;
use super::srtp_cipher::{Index, Packet, SrtpCipher};
use super::srtp_keys::{GCM_SALT_BYTES, KeyUse, MasterKey, SrtpProfile};
use crate::id::Ssrc;
use crate::limits::{PACKET_BYTES_MAX, SSRCS_PER_TRANSPORT_MAX, SSRCS_REMEMBERED_MAX};

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

    /// Opens with AEAD_AES_128_GCM under a session key instead of a master key, as RFC 7714 §16 states its vectors.
    pub fn with_session_key(key: GcmKey, salt: [u8; GCM_SALT_BYTES]) -> Self {
        Self { cipher: SrtpCipher::Gcm { key, salt }, windows: Windows::default() }
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
        let highest = self.windows.highest(place, header.ssrc).and_then(PacketIndex::new);
        let index = PacketIndex::estimate(highest, header.sequence_number);
        if !self.windows.is_new(place, header.ssrc, index.get()) {
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

/// Replay windows by SSRC: of the `SSRCS_PER_TRANSPORT_MAX` that sent last. Of those before, the highest index alone is kept,
/// so that they may go on, and nothing of them can be replayed.
#[derive(Debug, Default)]
pub(super) struct Windows {
    /// Sorted.
    by_ssrc: Vec<Sender>,
    silent: BTreeMap<Ssrc, u64>,
    /// Packets so far that proved authentic.
    packets: u64,
}

#[derive(Debug)]
struct Sender {
    ssrc: Ssrc,
    window: ReplayWindow,
    /// `Windows::packets` at its last one.
    last: u64,
}

/// Where an SSRC's window is, or where it would go.
pub(super) type Place = Result<usize, usize>;

impl Windows {
    /// SSRCs that are remembered.
    pub(super) fn len(&self) -> usize {
        self.by_ssrc.len() + self.silent.len()
    }

    pub(super) fn find(&self, ssrc: Ssrc) -> Place {
        self.by_ssrc.binary_search_by_key(&ssrc, |sender| sender.ssrc)
    }

    /// The highest index accepted of an SSRC.
    pub(super) fn highest(&self, place: Place, ssrc: Ssrc) -> Option<u64> {
        match place {
            Ok(known) => self.by_ssrc.get(known).and_then(|sender| sender.window.highest()),
            Err(_) => self.silent.get(&ssrc).copied(),
        }
    }

    /// Whether an index of an SSRC was certainly not accepted yet; changes nothing.
    pub(super) fn is_new(&self, place: Place, ssrc: Ssrc, index: u64) -> bool {
        match place {
            Ok(known) => self.by_ssrc.get(known).is_none_or(|sender| sender.window.is_new(index)),
            Err(_) => self.silent.get(&ssrc).is_none_or(|highest| index > *highest),
        }
    }

    /// Remembers an authentic packet; false if it would be one SSRC too many.
    pub(super) fn accept(&mut self, place: Place, ssrc: Ssrc, index: u64) -> bool {
        self.packets += 1;
        let packets = self.packets;
        let sender = match place {
            Ok(known) => self.by_ssrc.get_mut(known),
            Err(_) => self.begin(ssrc),
        };
        let Some(sender) = sender else { return false };
        sender.last = packets;
        sender.window.accept(index);
        true
    }

    /// Makes a window for an SSRC that has none, at the cost of the one that was not heard for longest.
    fn begin(&mut self, ssrc: Ssrc) -> Option<&mut Sender> {
        let before = self.silent.remove(&ssrc);
        if before.is_none() && self.len() >= SSRCS_REMEMBERED_MAX {
            return None;
        }
        if self.by_ssrc.len() >= SSRCS_PER_TRANSPORT_MAX {
            let (oldest, _) = self.by_ssrc.iter().enumerate().min_by_key(|(_, sender)| sender.last)?;
            let Sender { ssrc, window, .. } = self.by_ssrc.remove(oldest);
            self.silent.extend(window.highest().map(|highest| (ssrc, highest)));
        }
        let place = self.find(ssrc).unwrap_or_else(|free| free);
        let window = before.map_or_else(ReplayWindow::default, ReplayWindow::beyond);
        self.by_ssrc.insert(place, Sender { ssrc, window, last: 0 });
        self.by_ssrc.get_mut(place)
    }
}
