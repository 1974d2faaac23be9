//! Which SSRC is which encoding: by what the offer named, by MID and RID, else by payload type (RFC 9143 §9.2, RFC 8852).
//!
//! Only authenticated packets get here, and the number of SSRCs that send is bounded: past it, new ones are refused. Those
//! that sent before are as few as a transport may ever send on (`SSRCS_REMEMBERED_MAX`).

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use crate::id::{EncodingId, MediaKind, Mid, PayloadType, Rid, Ssrc, TrackId};
use crate::limits::SSRCS_PER_TRANSPORT_MAX;
use crate::rtp::RtpPacket;
use crate::sdp::{ExtensionIds, Flow, NegotiatedCodec, OfferedSsrc, Section};

/// Whether a stream carries media or repeats of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamRole {
    Media,
    Repeat,
}

/// Where packets of an SSRC go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    pub track: TrackId,
    pub encoding: EncodingId,
    pub role: StreamRole,
}

/// What an unknown SSRC turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognized {
    pub track: TrackId,
    pub rid: Option<Rid>,
    pub role: StreamRole,
}

/// One published section, as far as telling streams apart goes.
#[derive(Debug)]
struct Published {
    track: TrackId,
    mid: Mid,
    kind: MediaKind,
    codecs: Vec<NegotiatedCodec>,
    ssrcs: Vec<OfferedSsrc>,
    rids: Vec<Rid>,
}

impl Published {
    fn new(track: TrackId, section: &Section) -> Option<Self> {
        let Flow::Publishes { ssrcs, rids } = &section.flow else { return None };
        Some(Self {
            track,
            mid: section.mid.clone(),
            kind: section.kind,
            codecs: section.codecs.clone(),
            ssrcs: ssrcs.clone(),
            rids: rids.clone(),
        })
    }

    fn role_of(&self, payload_type: PayloadType) -> Option<StreamRole> {
        self.codecs.iter().find_map(|codec| match payload_type {
            media if media == codec.payload_type => Some(StreamRole::Media),
            repeat if Some(repeat) == codec.rtx => Some(StreamRole::Repeat),
            _ => None,
        })
    }

    fn names(&self, ssrc: Ssrc) -> bool {
        self.ssrcs.iter().any(|offered| offered.media == ssrc || offered.rtx == Some(ssrc))
    }
}

/// The streams of one transport.
#[derive(Debug)]
pub struct StreamDemux {
    extensions: ExtensionIds,
    sections: Vec<Published>,
    routes: HashMap<Ssrc, Route>,
    /// SSRCs whose place another took, and when.
    retired: HashMap<Ssrc, Instant>,
    /// SSRCs of tracks that ended.
    ended: HashSet<Ssrc>,
}

impl StreamDemux {
    /// Nothing is published yet.
    pub fn new(extensions: ExtensionIds) -> Self {
        let (routes, retired, ended) = (HashMap::new(), HashMap::new(), HashSet::new());
        Self { extensions, sections: Vec::new(), routes, retired, ended }
    }

    /// Adds a section that publishes `track`; others are left alone.
    pub fn add(&mut self, track: TrackId, section: &Section) {
        self.sections.extend(Published::new(track, section));
    }

    /// What header extensions mean from now on.
    pub fn set_extensions(&mut self, extensions: ExtensionIds) {
        self.extensions = extensions;
    }

    /// Takes over what a further offer says of a section.
    pub fn update(&mut self, track: TrackId, section: &Section) {
        if let (Some(known), Some(now)) =
            (self.sections.iter_mut().find(|known| known.track == track), Published::new(track, section))
        {
            *known = now;
        }
    }

    /// Forgets a track that ended. What is still on its way is nobody's, although its payload type may be another's too.
    pub fn remove(&mut self, track: TrackId) {
        self.sections.retain(|section| section.track != track);
        let gone = self.routes.extract_if(|_, route| route.track == track);
        self.ended.extend(gone.map(|(ssrc, _)| ssrc));
    }

    /// Where packets of a known SSRC go.
    pub fn route(&self, ssrc: Ssrc) -> Option<Route> {
        self.routes.get(&ssrc).copied()
    }

    /// What a packet of an unknown SSRC belongs to; `None` if nothing tells, or if there are too many SSRCs.
    pub fn recognize(&self, packet: &RtpPacket<'_>) -> Option<Recognized> {
        if self.routes.len() >= SSRCS_PER_TRANSPORT_MAX {
            return None;
        }
        let section = self.section_of(packet)?;
        let role = section.role_of(packet.payload_type)?;
        let rid_extension = match role {
            StreamRole::Media => self.extensions.rid,
            StreamRole::Repeat => self.extensions.repaired_rid,
        };
        let named = rid_extension.and_then(|id| packet.extensions.get(id));
        let rid = section.rids.iter().find(|rid| named.is_some_and(|bytes| bytes == rid.0.as_bytes())).cloned();
        // A simulcast stream that does not say which it is cannot be told apart from the others.
        if rid.is_none() && !section.rids.is_empty() {
            return None;
        }
        Some(Recognized { track: section.track, rid, role })
    }

    /// Remembers where an SSRC's packets go.
    pub fn learn(&mut self, ssrc: Ssrc, route: Route) {
        self.retired.remove(&ssrc);
        self.ended.remove(&ssrc);
        self.routes.insert(ssrc, route);
    }

    /// When another SSRC took this one's place.
    pub fn retired_at(&self, ssrc: Ssrc) -> Option<Instant> {
        self.retired.get(&ssrc).copied()
    }

    /// Retires every SSRC of an encoding.
    pub fn retire(&mut self, now: Instant, encoding: EncodingId) {
        let gone = self.routes.extract_if(|_, route| route.encoding == encoding);
        self.retired.extend(gone.map(|(ssrc, _)| (ssrc, now)));
    }

    fn section_of(&self, packet: &RtpPacket<'_>) -> Option<&Published> {
        if let Some(mid) = self.extensions.mid.and_then(|id| packet.extensions.get(id)) {
            return self.sections.iter().find(|section| section.mid.0.as_bytes() == mid);
        }
        if let Some(section) = self.sections.iter().find(|section| section.names(packet.ssrc)) {
            return Some(section);
        }
        if self.ended.contains(&packet.ssrc) {
            return None;
        }
        // Senders without MID: the payload type decides if it is one section's alone, else the first of its kind does.
        let mut candidates = self.sections.iter().filter(|section| section.role_of(packet.payload_type).is_some());
        let first = candidates.next()?;
        candidates.all(|section| section.kind == first.kind).then_some(first)
    }
}
