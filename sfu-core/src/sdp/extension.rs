//! RTP header extensions (RFC 8285): which we know, what the offer maps them to, and what we answer.

use std::collections::{BTreeMap, BTreeSet};

use sdp::description::common::Attribute;
use sdp::direction::Direction;

use super::agree::{Way, way};
use super::offer::OfferedSection;
use super::session::Session;
use super::{ExtensionIds, Purpose, SdpError};
use crate::id::Mid;

/// Highest id of a one-byte header (RFC 8285 §4.2).
const ONE_BYTE_ID_MAX: u8 = 14;
/// Id that one-byte headers reserve (RFC 8285 §4.2); mapped to nothing, so that both forms can be mixed.
const RESERVED_ID: u8 = 15;

/// A header extension that we read or write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extension {
    /// RFC 9143 §15.
    Mid,
    /// RFC 8852 §3.1.
    Rid,
    /// RFC 8852 §3.2.
    RepairedRid,
    /// RFC 6464.
    AudioLevel,
    AbsSendTime,
    TransportCc,
    DependencyDescriptor,
}

/// URIs as browsers write them.
const KNOWN: [(Extension, &str); 7] = [
    (Extension::Mid, "urn:ietf:params:rtp-hdrext:sdes:mid"),
    (Extension::Rid, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"),
    (Extension::RepairedRid, "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"),
    (Extension::AudioLevel, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"),
    (Extension::AbsSendTime, "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"),
    (Extension::TransportCc, "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"),
    (
        Extension::DependencyDescriptor,
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
    ),
];

/// One `a=extmap` line with an id that can stand in a packet.
#[derive(Debug, Clone)]
pub(super) struct OfferedExtension {
    pub id: u8,
    uri: String,
    known: Option<Extension>,
    direction: Direction,
}

/// An extension of one section as answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct AgreedExtension {
    pub extension: Extension,
    pub id: u8,
    /// As written in the answer: mirrored from the offer (RFC 8285 §6).
    direction: Option<&'static str>,
}

impl AgreedExtension {
    /// The value of the answer's `a=extmap` line.
    pub fn line(&self) -> String {
        let uri = KNOWN.iter().find(|(known, _)| *known == self.extension).map_or("", |(_, uri)| uri);
        match self.direction {
            Some(direction) => format!("{}/{direction} {uri}", self.id),
            None => format!("{} {uri}", self.id),
        }
    }
}

/// Reads the `a=extmap` lines (RFC 8285 §5) on top of the session's; what cannot stand in a packet is left out, and of an
/// id that is mapped twice the first counts.
pub(super) fn offered(attributes: &[Attribute], session: &[OfferedExtension]) -> Vec<OfferedExtension> {
    let mut extensions: Vec<OfferedExtension> = Vec::new();
    let mut seen = BTreeSet::new();
    for attribute in attributes.iter().filter(|attribute| attribute.key == "extmap") {
        let mut words = attribute.value.as_deref().unwrap_or_default().split_whitespace();
        let (Some(head), Some(uri)) = (words.next(), words.next()) else { continue };
        let (id, direction) = head.split_once('/').unwrap_or((head, "sendrecv"));
        let Some(id) = id.parse::<u8>().ok().filter(|id| *id != 0 && *id != RESERVED_ID) else { continue };
        if seen.insert(id) {
            let known = KNOWN.iter().find(|(_, known)| *known == uri).map(|(extension, _)| *extension);
            extensions.push(OfferedExtension { id, uri: uri.to_owned(), known, direction: Direction::new(direction) });
        }
    }
    extensions.extend(session.iter().filter(|extension| seen.insert(extension.id)).cloned());
    extensions
}

/// What we agree to for one section: known, usable in the direction in which media will flow, and reachable by the header form.
/// A slot is one stream, so it needs no names for several.
pub(super) fn agreed(section: &OfferedSection, purpose: Purpose) -> Vec<AgreedExtension> {
    let way = way(purpose, &section.direction);
    let mut agreed: Vec<AgreedExtension> = Vec::new();
    for offered in &section.extensions {
        let Some(extension) = offered.known else { continue };
        let direction = match (&offered.direction, way) {
            (Direction::SendRecv, _) => None,
            (Direction::SendOnly, Some(Way::In)) => Some("recvonly"),
            (Direction::RecvOnly, Some(Way::Out)) => Some("sendonly"),
            (Direction::SendOnly | Direction::RecvOnly | Direction::Inactive | Direction::Unspecified, _) => continue,
        };
        if matches!(extension, Extension::Rid | Extension::RepairedRid) && way == Some(Way::Out) {
            continue;
        }
        if (offered.id > ONE_BYTE_ID_MAX && !section.mixed) || agreed.iter().any(|other| other.extension == extension) {
            continue;
        }
        agreed.push(AgreedExtension { extension, id: offered.id, direction });
    }
    agreed
}

/// The bundle's one map of ids.
#[derive(Debug, Default)]
pub(super) struct BundleExtensions {
    meanings: BTreeMap<u8, (String, Mid)>,
    /// Of earlier offers too.
    pub known: BTreeMap<u8, Option<Extension>>,
    pub ids: ExtensionIds,
}

impl BundleExtensions {
    /// Ids keep the meanings that earlier offers gave them.
    pub fn after(before: Option<&Session>) -> Self {
        let Some(before) = before else { return Self::default() };
        Self { meanings: BTreeMap::new(), known: before.extensions.clone(), ids: before.ids }
    }

    /// Takes in a section: an id must mean the same in the whole bundle. An extension under a second id keeps its first one
    /// and is taken out of `agreed`.
    pub fn add(&mut self, section: &OfferedSection, agreed: &mut Vec<AgreedExtension>) -> Result<(), SdpError> {
        for offered in &section.extensions {
            let (uri, first) =
                self.meanings.entry(offered.id).or_insert_with(|| (offered.uri.clone(), section.mid.clone()));
            if *uri != offered.uri {
                let (first, second) = (first.clone(), section.mid.clone());
                return Err(SdpError::ExtensionConflict { id: offered.id, first, second });
            }
            if *self.known.entry(offered.id).or_insert(offered.known) != offered.known {
                return Err(SdpError::ExtensionChanged { id: offered.id, mid: section.mid.clone() });
            }
        }
        agreed.retain(|extension| {
            let id = place(&mut self.ids, extension.extension).get_or_insert(extension.id);
            *id == extension.id
        });
        Ok(())
    }
}

/// The ids of one section's extensions.
pub(super) fn ids(agreed: &[AgreedExtension], mixed: bool) -> ExtensionIds {
    let mut ids = ExtensionIds { mixed, ..ExtensionIds::default() };
    for extension in agreed {
        *place(&mut ids, extension.extension) = Some(extension.id);
    }
    ids
}

fn place(ids: &mut ExtensionIds, extension: Extension) -> &mut Option<u8> {
    match extension {
        Extension::Mid => &mut ids.mid,
        Extension::Rid => &mut ids.rid,
        Extension::RepairedRid => &mut ids.repaired_rid,
        Extension::AudioLevel => &mut ids.audio_level,
        Extension::AbsSendTime => &mut ids.abs_send_time,
        Extension::TransportCc => &mut ids.transport_cc,
        Extension::DependencyDescriptor => &mut ids.dependency_descriptor,
    }
}
