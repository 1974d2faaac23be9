//! What offers and answers of one transport agreed on so far, and what that forbids a further offer (RFC 3264 §8,
//! RFC 9429 §5.2.2): its sections keep their places, its numbers their meanings, its peer its certificate.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::agree::{Agreed, Meaning};
use super::extension::Extension;
use super::offer::{Offer, OfferedSection};
use super::peer::Peer;
use super::{ExtensionIds, Flow, Purpose, SdpError};
use crate::id::{Mid, PayloadType, Ssrc};
use crate::transport::{DtlsRole, Fingerprint, IceCredentials};

/// The state of a transport's offers and answers; changes with each of them.
#[derive(Debug, Clone)]
pub struct Session {
    /// Of the answers' `o=` line; the version rises by one with each (RFC 9429 §5.3.2).
    pub(super) id: u64,
    pub(super) version: u64,
    pub(super) purpose: Purpose,
    pub(super) cname: Arc<str>,
    pub(super) local_ice: IceCredentials,
    pub(super) remote_ice: IceCredentials,
    pub(super) fingerprints: Vec<Fingerprint>,
    pub(super) role: DtlsRole,
    /// As last answered, in order; never fewer than before.
    pub(super) lines: Vec<Line>,
    /// Every payload type that was ever agreed on.
    pub(super) formats: BTreeMap<PayloadType, Meaning>,
    /// Every header extension id that was ever offered; `None`: for one that we do not know.
    pub(super) extensions: BTreeMap<u8, Option<Extension>>,
    pub(super) ids: ExtensionIds,
}

/// One m-section as last answered.
#[derive(Debug, Clone)]
pub(super) struct Line {
    mid: Mid,
    /// The m-line's first word.
    media: String,
    /// Not refused: another may not take its place.
    accepted: bool,
    flow: Flow,
    slot: Option<usize>,
}

impl Line {
    pub fn of(agreed: &Agreed<'_>) -> Self {
        Self {
            mid: agreed.offered.mid.clone(),
            media: agreed.offered.media.media.clone(),
            accepted: agreed.is_accepted(),
            flow: agreed.flow.clone(),
            slot: agreed.slot,
        }
    }
}

/// A slot as it was agreed before.
#[derive(Debug, Clone)]
pub(super) struct KeptSlot {
    pub flow: Flow,
    pub number: usize,
    pub has_rtx: bool,
}

impl Session {
    /// Our username fragment, which names the ICE generation.
    pub fn ice_tag(&self) -> &str {
        &self.local_ice.ufrag
    }

    /// Notes that ICE was restarted by other means than an offer (RFC 8840 §9).
    pub fn restarted(&mut self, local: IceCredentials, remote: IceCredentials) {
        self.local_ice = local;
        self.remote_ice = remote;
    }

    /// Whether a further offer has new credentials: both, or neither (RFC 8839 §4.4.1.1.1).
    pub(super) fn restarts_ice(&self, peer: &Peer) -> Result<bool, SdpError> {
        match (peer.ice.ufrag == self.remote_ice.ufrag, peer.ice.pwd == self.remote_ice.pwd) {
            (true, true) => Ok(false),
            (false, false) => Ok(true),
            (true, false) | (false, true) => Err(SdpError::HalfRestart),
        }
    }

    /// What concerns the whole of a further offer.
    pub(super) fn check(&self, offer: &Offer) -> Result<(), SdpError> {
        self.check_peer(&offer.peer)?;
        let (before, now) = (self.lines.len(), offer.sections.len());
        if now < before {
            return Err(SdpError::SectionsGone { before, now });
        }
        for (place, (line, offered)) in self.lines.iter().zip(&offer.sections).enumerate() {
            let (was, now) = (line.mid.clone(), offered.mid.clone());
            if was != now && line.accepted {
                return Err(SdpError::SectionMoved { place: place.saturating_add(1), was, now });
            }
            if was == now && line.media != offered.media.media {
                return Err(SdpError::KindChanged { mid: now });
            }
        }
        self.check_ssrcs(offer)
    }

    /// The DTLS association outlives every offer (RFC 8842 §5.5).
    fn check_peer(&self, peer: &Peer) -> Result<(), SdpError> {
        let same = |one: &[Fingerprint], other: &[Fingerprint]| one.iter().all(|known| other.contains(known));
        if !same(&self.fingerprints, &peer.fingerprints) || !same(&peer.fingerprints, &self.fingerprints) {
            return Err(SdpError::FingerprintChanged);
        }
        if peer.role.is_some_and(|role| role != self.role) {
            return Err(SdpError::RoleChanged);
        }
        Ok(())
    }

    /// What we send on, nobody else may (RFC 3550 §8.1).
    fn check_ssrcs(&self, offer: &Offer) -> Result<(), SdpError> {
        let ours = self.ssrcs();
        let taken = |section: &OfferedSection| section.sources.every_ssrc.intersection(&ours).next().copied();
        match offer.sections.iter().find_map(|section| Some((section, taken(section)?))) {
            Some((section, ssrc)) => Err(SdpError::SsrcTaken { ssrc, mid: section.mid.clone() }),
            None => Ok(()),
        }
    }

    /// SSRCs of our slots.
    pub(super) fn ssrcs(&self) -> BTreeSet<Ssrc> {
        let ours = |line: &Line| match line.flow {
            Flow::Receives { media, rtx, .. } => [Some(media), rtx],
            Flow::Publishes { .. } | Flow::Inactive => [None, None],
        };
        self.lines.iter().flat_map(ours).flatten().collect()
    }

    /// The slot that a section was before, if it was one.
    pub(super) fn slot(&self, mid: &Mid) -> Option<KeptSlot> {
        let line = self.lines.iter().find(|line| line.mid == *mid)?;
        let Flow::Receives { rtx, .. } = &line.flow else { return None };
        Some(KeptSlot { flow: line.flow.clone(), number: line.slot?, has_rtx: rtx.is_some() })
    }
}
