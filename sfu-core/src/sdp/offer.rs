//! An offer in our own types: everything the answer depends on, checked; nothing decided yet.

use std::collections::BTreeSet;

use sdp::SessionDescription;
use sdp::description::common::Attribute;
use sdp::description::media::{MediaDescription, MediaName};
use sdp::direction::Direction;

use super::codec::{self, AgreedCodec};
use super::extension::{self, OfferedExtension};
use super::peer::{self, Peer};
use super::source::{self, Sources};
use super::{DataChannel, Purpose, SdpError, data, text};
use crate::id::{MediaKind, Mid};
use crate::limits::SDP_SECTIONS_MAX;

/// A checked offer.
#[derive(Debug)]
pub(super) struct Offer {
    pub peer: Peer,
    /// Members of the BUNDLE group in its order; `None`: no group, so the answer gets none (RFC 9143 §7.3).
    pub bundle: Option<Vec<Mid>>,
    /// `a=extmap-allow-mixed` stands at the session level.
    pub mixed: bool,
    pub sections: Vec<OfferedSection>,
    /// Names of every codec offered, for an error.
    pub codec_names: Vec<String>,
}

/// One m-section as offered.
#[derive(Debug)]
pub(super) struct OfferedSection {
    pub mid: Mid,
    /// The offer names it itself, so the answer must (RFC 5888 §9.1).
    pub mid_given: bool,
    pub media: MediaName,
    /// `None`: not RTP over DTLS, outside the bundle, or refused by the offerer: answered with port 0.
    pub kind: Option<MediaKind>,
    /// An SCTP association; in at most one section, and only if the request is for one.
    pub data: Option<DataChannel>,
    pub direction: Direction,
    pub codecs: Vec<AgreedCodec>,
    pub extensions: Vec<OfferedExtension>,
    pub sources: Sources,
    /// `a=extmap-allow-mixed`, here or at the session level (RFC 8285 §6).
    pub mixed: bool,
    pub rtcp_mux: bool,
    pub rtcp_rsize: bool,
}

impl OfferedSection {
    /// Whether something of ours can answer it; else it is answered with port 0.
    pub fn is_live(&self) -> bool {
        self.kind.is_some() || self.data.is_some()
    }
}

/// Parses an offer and checks what concerns the whole of it.
pub(super) fn parse(offer: &str, purpose: Purpose) -> Result<Offer, SdpError> {
    let session = text::parse(offer)?;
    let mids = mids(&session)?;
    let bundle = bundle(&session);
    let defaults = Defaults::read(&session.attributes, bundle.as_deref());
    let mut sections: Vec<OfferedSection> =
        session.media_descriptions.iter().zip(mids).map(|(media, mid)| section(&defaults, media, mid)).collect();
    // One DTLS connection carries one association.
    let channels = sections.iter_mut().filter(|section| section.data.is_some());
    channels.skip(usize::from(purpose.talks())).for_each(|section| section.data = None);
    let live: Vec<&OfferedSection> = sections.iter().filter(|section| section.is_live()).collect();
    if bundle.is_none() && live.len() > 1 {
        return Err(SdpError::NotBundled { sections: live.len() });
    }
    let codec_names = codec::names(session.media_descriptions.iter().flat_map(|media| &media.attributes));
    // The section that speaks for the transport is the first one in the group that is not refused (RFC 9143 §7.2).
    let tagged =
        bundle.iter().flatten().find_map(|mid| live.iter().find(|section| section.mid == *mid)).or(live.first());
    let Some(tagged) = tagged.map(|section| section.mid.clone()) else {
        return Err(if sections.is_empty() {
            SdpError::NoSection
        } else {
            SdpError::NoMutualCodec { offered: codec_names }
        });
    };
    if let Some(section) = live.iter().find(|section| section.kind.is_some() && !section.rtcp_mux) {
        return Err(SdpError::NoRtcpMux { mid: section.mid.clone() });
    }
    let media = sections.iter().zip(&session.media_descriptions).find(|(section, _)| section.mid == tagged);
    let attributes = media.map(|(_, media)| media.attributes.as_slice()).unwrap_or_default();
    let peer = peer::peer(&tagged, attributes, &session.attributes)?;
    let mixed = defaults.mixed;
    Ok(Offer { peer, bundle, mixed, sections, codec_names })
}

/// The name of each section, and whether the offer gave it; one without gets its index, or the next free number.
fn mids(session: &SessionDescription) -> Result<Vec<(Mid, bool)>, SdpError> {
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    for name in session.media_descriptions.iter().filter_map(offered_mid) {
        if !taken.insert(name) {
            return Err(SdpError::DuplicateMid { mid: Mid(text::excerpt(name).into()) });
        }
    }
    let mut spare = session.media_descriptions.len();
    let mut mids = Vec::new();
    for (index, media) in session.media_descriptions.iter().enumerate() {
        if let Some(name) = offered_mid(media) {
            mids.push((Mid(name.into()), true));
            continue;
        }
        let mut name = index.to_string();
        while taken.contains(name.as_str()) {
            name = spare.to_string();
            spare = spare.saturating_add(1);
        }
        mids.push((Mid(name.into()), false));
    }
    Ok(mids)
}

fn offered_mid(media: &MediaDescription) -> Option<&str> {
    media.attribute("mid").flatten().filter(|name| !name.is_empty() && !name.contains(char::is_whitespace))
}

/// The first BUNDLE group that has members; a second transport is not for us.
fn bundle(session: &SessionDescription) -> Option<Vec<Mid>> {
    session.attributes.iter().filter(|attribute| attribute.key == "group").find_map(|attribute| {
        let mut words = attribute.value.as_deref()?.split_whitespace();
        let members: Vec<Mid> =
            (words.next()? == "BUNDLE").then_some(words)?.take(SDP_SECTIONS_MAX).map(|word| Mid(word.into())).collect();
        (!members.is_empty()).then_some(members)
    })
}

/// What the session level says for every section; read once, because there may be many of both.
#[derive(Debug)]
struct Defaults<'a> {
    members: Option<BTreeSet<&'a Mid>>,
    direction: Direction,
    mixed: bool,
    extensions: Vec<OfferedExtension>,
}

impl<'a> Defaults<'a> {
    fn read(attributes: &[Attribute], bundle: Option<&'a [Mid]>) -> Self {
        Self {
            members: bundle.map(|bundle| bundle.iter().collect()),
            direction: direction(attributes).unwrap_or(Direction::SendRecv),
            mixed: has(attributes, "extmap-allow-mixed"),
            extensions: extension::offered(attributes, &[]),
        }
    }
}

fn section(defaults: &Defaults<'_>, media: &MediaDescription, (mid, mid_given): (Mid, bool)) -> OfferedSection {
    let attributes = media.attributes.as_slice();
    // Port 0 refuses a section, unless it only says that the section has no port of its own (RFC 9143 §6).
    let live = media.media_name.port.value != 0 || has(attributes, "bundle-only");
    let within = defaults.members.as_ref().is_none_or(|members| members.contains(&mid));
    let usable = live && within;
    let kind = kind(&media.media_name).filter(|_| usable);
    let codecs = kind.map(|kind| codec::mutual(kind, &media.media_name.formats, attributes)).unwrap_or_default();
    OfferedSection {
        data: data::offered(&mid, &media.media_name, attributes).filter(|_| usable),
        mid,
        mid_given,
        media: media.media_name.clone(),
        kind,
        direction: direction(attributes).unwrap_or_else(|| defaults.direction.clone()),
        codecs,
        extensions: extension::offered(attributes, &defaults.extensions),
        sources: source::sources(attributes),
        mixed: has(attributes, "extmap-allow-mixed") || defaults.mixed,
        rtcp_mux: has(attributes, "rtcp-mux"),
        rtcp_rsize: has(attributes, "rtcp-rsize"),
    }
}

/// Audio or video over SRTP keyed by DTLS (RFC 5764 §8; the shorter name stands in old offers).
fn kind(media: &MediaName) -> Option<MediaKind> {
    let protocol: Vec<&str> = media.protos.iter().map(String::as_str).collect();
    if !matches!(protocol.as_slice(), [.., "RTP", "SAVPF" | "SAVP"]) {
        return None;
    }
    match media.media.as_str() {
        "audio" => Some(MediaKind::Audio),
        "video" => Some(MediaKind::Video),
        _ => None,
    }
}

fn direction(attributes: &[Attribute]) -> Option<Direction> {
    attributes
        .iter()
        .map(|attribute| Direction::new(&attribute.key))
        .find(|direction| *direction != Direction::Unspecified)
}

fn has(attributes: &[Attribute], key: &str) -> bool {
    attributes.iter().any(|attribute| attribute.key == key)
}
