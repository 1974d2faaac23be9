//! The answer: from what was agreed to its text (RFC 9429 §5.3), for an ICE-lite server that bundles everything.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use rand::Rng;
use sdp::description::common::Attribute;
use sdp::description::media::{MediaDescription, RangedPort};
use sdp::description::session::{Origin, SessionDescription, TimeDescription};

use super::agree::{self, Agreed, Agreement};
use super::codec::AgreedCodec;
use super::offer::{self, Offer};
use super::session::{Line, Session};
use super::{
    DataChannel, Feedback, Flow, Negotiated, NegotiatedCodec, Purpose, SdpError, Section, candidate, extension,
};
use crate::id::{MediaKind, Mid};
use crate::limits::DATA_MESSAGE_BYTES_MAX;
use crate::transport::{DtlsRole, Fingerprint, FingerprintHash, IceCredentials};

/// What we say about ourselves.
#[derive(Debug, Clone, Copy)]
pub struct Local<'a> {
    pub ice: &'a IceCredentials,
    pub fingerprint: &'a Fingerprint,
    /// Host candidates, most preferred first.
    pub candidates: &'a [SocketAddr],
    /// Whether each of them is served over TCP too.
    pub tcp: bool,
    /// Stem of the slots' CNAMEs (RFC 7022); each pair of an audio and a video slot appends its number.
    pub cname: &'a str,
}

/// An offer that was accepted.
#[derive(Debug, Clone)]
pub struct Accepted {
    pub negotiated: Negotiated,
    /// SDP (RFC 8866), lines ended by CR LF.
    pub answer: String,
    /// For the transport's next offer.
    pub session: Session,
    pub ice: IceGeneration,
}

/// Whether an offer begins an ICE generation (RFC 8445 §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IceGeneration {
    New,
    Same,
}

/// Answers an offer. `rng` draws the session id and the SSRCs of slots (never 0, unique within offer and answer).
pub fn answer(offer: &str, purpose: Purpose, local: &Local<'_>, rng: &mut impl Rng) -> Result<Accepted, SdpError> {
    let offer = offer::parse(offer, purpose)?;
    let agreement = agree::agree(&offer, purpose, local.cname, None, rng)?;
    let begun = Begun {
        // RFC 9429 §5.2.1: 63 random bits.
        id: rng.random::<u64>() >> 1,
        version: 1,
        purpose,
        cname: local.cname.into(),
        role: offer.peer.role.unwrap_or(DtlsRole::Server),
        ice: IceGeneration::New,
    };
    Ok(accept(&offer, agreement, local, begun))
}

/// Answers a further offer of a transport. What was agreed `before` stays: sections that go on keep their SSRCs, CNAMEs,
/// payload types and header extensions. `local.ice` is used if the offer restarts ICE.
pub fn answer_further(
    offer: &str,
    before: &Session,
    local: &Local<'_>,
    rng: &mut impl Rng,
) -> Result<Accepted, SdpError> {
    let offer = offer::parse(offer, before.purpose)?;
    before.check(&offer)?;
    let restarts = before.restarts_ice(&offer.peer)?;
    let agreement = agree::agree(&offer, before.purpose, &before.cname, Some(before), rng)?;
    let begun = Begun {
        id: before.id,
        version: before.version.saturating_add(1),
        purpose: before.purpose,
        cname: before.cname.clone(),
        role: before.role,
        ice: if restarts { IceGeneration::New } else { IceGeneration::Same },
    };
    let ice = if restarts { local.ice } else { &before.local_ice };
    Ok(accept(&offer, agreement, &Local { ice, ..*local }, begun))
}

/// What an answer goes on with, or begins.
struct Begun {
    id: u64,
    version: u64,
    purpose: Purpose,
    cname: Arc<str>,
    role: DtlsRole,
    ice: IceGeneration,
}

fn accept(offer: &Offer, agreement: Agreement<'_>, local: &Local<'_>, begun: Begun) -> Accepted {
    let Begun { id, version, purpose, cname, role, ice } = begun;
    let answer = session((id, version), role, offer, &agreement, local).marshal();
    let Agreement { sections, bundle, formats } = agreement;
    let session = Session {
        id,
        version,
        purpose,
        cname,
        local_ice: local.ice.clone(),
        remote_ice: offer.peer.ice.clone(),
        fingerprints: offer.peer.fingerprints.clone(),
        role,
        lines: sections.iter().map(Line::of).collect(),
        formats,
        extensions: bundle.known,
        ids: bundle.ids,
    };
    let negotiated = Negotiated {
        remote_ice: offer.peer.ice.clone(),
        remote_fingerprints: offer.peer.fingerprints.clone(),
        role,
        extensions: bundle.ids,
        data: sections.iter().find_map(|agreed| agreed.offered.data.clone()),
        sections: sections.into_iter().filter_map(|agreed| negotiated(agreed, bundle.ids.mixed)).collect(),
    };
    Accepted { negotiated, answer, session, ice }
}

fn negotiated(agreed: Agreed<'_>, mixed: bool) -> Option<Section> {
    let kind = match agreed.offered.media.media.as_str() {
        "audio" => MediaKind::Audio,
        "video" => MediaKind::Video,
        _ => return None,
    };
    let extensions = extension::ids(&agreed.extensions, mixed);
    let codecs: Vec<NegotiatedCodec> = agreed.codecs.into_iter().map(|agreed| agreed.codec).collect();
    Some(Section { mid: agreed.offered.mid.clone(), kind, flow: agreed.flow, codecs, extensions })
}

fn session(
    (id, version): (u64, u64),
    role: DtlsRole,
    offer: &Offer,
    agreement: &Agreement<'_>,
    local: &Local<'_>,
) -> SessionDescription {
    let mut attributes = vec![flag("ice-lite"), value("ice-options", "trickle")];
    if let Some(bundle) = &offer.bundle {
        let mut accepted: BTreeSet<&Mid> =
            agreement.sections.iter().filter(|agreed| agreed.is_accepted()).map(|agreed| &agreed.offered.mid).collect();
        let members: Vec<&str> = bundle.iter().filter(|mid| accepted.remove(mid)).map(|mid| &*mid.0).collect();
        attributes.push(value("group", format!("BUNDLE {}", members.join(" "))));
    }
    if offer.mixed {
        attributes.push(flag("extmap-allow-mixed"));
    }
    attributes.push(value("msid-semantic", "WMS *"));
    let candidates = candidate::lines(local.candidates, local.tcp);
    let section = |agreed: &Agreed<'_>| match (&agreed.offered.data, agreed.codecs.as_slice()) {
        (Some(channel), _) => {
            let transport = transport(agreed, role, offer, local);
            data(agreed, channel, transport, &candidates)
        }
        (None, []) => refused(agreed),
        (None, codecs) => {
            let transport = transport(agreed, role, offer, local);
            accepted(agreed, codecs, offer.mixed, transport, &candidates)
        }
    };
    SessionDescription {
        origin: Origin {
            username: "-".to_owned(),
            session_id: id,
            session_version: version,
            network_type: "IN".to_owned(),
            address_type: "IP4".to_owned(),
            unicast_address: "127.0.0.1".to_owned(),
        },
        session_name: "-".to_owned(),
        time_descriptions: vec![TimeDescription::default()],
        attributes,
        media_descriptions: agreement.sections.iter().map(section).collect(),
        ..SessionDescription::default()
    }
}

/// Port 0 in the place that the offer gave it (RFC 3264 §6).
fn refused(agreed: &Agreed<'_>) -> MediaDescription {
    let mut media = blank(agreed);
    media.media_name.port = RangedPort { value: 0, range: None };
    media.media_name.formats.clone_from(&agreed.offered.media.formats);
    if agreed.offered.mid_given {
        media.attributes.push(value("mid", &*agreed.offered.mid.0));
    }
    media.attributes.push(flag("inactive"));
    media
}

fn blank(agreed: &Agreed<'_>) -> MediaDescription {
    let offered = &agreed.offered.media;
    let mut media = MediaDescription::new_jsep_media_description(offered.media.clone(), Vec::new());
    media.media_name.protos.clone_from(&offered.protos);
    media
}

/// The one SCTP association, on the bundle's DTLS (RFC 8841 §10).
fn data(
    agreed: &Agreed<'_>,
    channel: &DataChannel,
    transport: Vec<Attribute>,
    candidates: &[String],
) -> MediaDescription {
    let mut media = blank(agreed);
    media.media_name.formats.push("webrtc-datachannel".to_owned());
    let lines = &mut media.attributes;
    lines.extend(transport);
    lines.push(value("sctp-port", channel.local_port.to_string()));
    lines.push(value("max-message-size", DATA_MESSAGE_BYTES_MAX.to_string()));
    lines.extend(candidates.iter().map(|line| value("candidate", line)));
    lines.push(flag("end-of-candidates"));
    media
}

/// How the transport is reached and proved, and which section it is.
fn transport(agreed: &Agreed<'_>, role: DtlsRole, offer: &Offer, local: &Local<'_>) -> Vec<Attribute> {
    let mut lines = vec![
        value("ice-ufrag", &local.ice.ufrag),
        value("ice-pwd", &local.ice.pwd),
        value("fingerprint", fingerprint(local.fingerprint)),
        value("setup", setup(role)),
    ];
    if agreed.offered.mid_given || offer.bundle.is_some() {
        lines.push(value("mid", &*agreed.offered.mid.0));
    }
    lines
}

fn accepted(
    agreed: &Agreed<'_>,
    codecs: &[AgreedCodec],
    session_mixed: bool,
    transport: Vec<Attribute>,
    candidates: &[String],
) -> MediaDescription {
    let offered = agreed.offered;
    let mut media = blank(agreed);
    let lines = &mut media.attributes;
    lines.extend(transport);
    lines.extend(agreed.extensions.iter().map(|extension| value("extmap", extension.line())));
    if offered.mixed && !session_mixed {
        lines.push(flag("extmap-allow-mixed"));
    }
    lines.push(flag(match agreed.flow {
        Flow::Publishes { .. } => "recvonly",
        Flow::Receives { .. } => "sendonly",
        Flow::Inactive => "inactive",
    }));
    if let Some(slot) = agreed.slot {
        lines.push(value("msid", format!("slot-{slot} slot-{slot}-{}", offered.media.media)));
    }
    lines.push(flag("rtcp-mux"));
    if offered.rtcp_rsize {
        lines.push(flag("rtcp-rsize"));
    }
    for agreed in codecs {
        codec(agreed, &mut media.media_name.formats, lines);
    }
    streams(agreed, lines);
    lines.extend(candidates.iter().map(|line| value("candidate", line)));
    lines.push(flag("end-of-candidates"));
    media
}

fn codec(agreed: &AgreedCodec, formats: &mut Vec<String>, lines: &mut Vec<Attribute>) {
    let NegotiatedCodec { payload_type, rtx, feedback, .. } = &agreed.codec;
    formats.push(payload_type.to_string());
    lines.push(value("rtpmap", format!("{payload_type} {}", agreed.rtpmap)));
    let Feedback { nack, pli, fir, transport_cc, remb } = *feedback;
    let kinds =
        [(remb, "goog-remb"), (transport_cc, "transport-cc"), (fir, "ccm fir"), (nack, "nack"), (pli, "nack pli")];
    for (_, kind) in kinds.iter().filter(|(wanted, _)| *wanted) {
        lines.push(value("rtcp-fb", format!("{payload_type} {kind}")));
    }
    if let Some(fmtp) = &agreed.fmtp {
        lines.push(value("fmtp", format!("{payload_type} {fmtp}")));
    }
    if let Some(rtx) = rtx {
        formats.push(rtx.to_string());
        lines.push(value("rtpmap", format!("{rtx} rtx/{}", agreed.clock)));
        lines.push(value("fmtp", format!("{rtx} apt={payload_type}")));
    }
}

/// RIDs to be received (RFC 8851 §4), or the slot's SSRCs (RFC 5576).
fn streams(agreed: &Agreed<'_>, lines: &mut Vec<Attribute>) {
    match &agreed.flow {
        Flow::Publishes { rids, .. } => {
            let names: Vec<&str> = rids.iter().map(|rid| &*rid.0).collect();
            lines.extend(names.iter().map(|rid| value("rid", format!("{rid} recv"))));
            if agreed.offered.sources.simulcast {
                lines.push(value("simulcast", format!("recv {}", names.join(";"))));
            }
        }
        Flow::Receives { media, rtx, cname, .. } => {
            if let Some(rtx) = rtx {
                lines.push(value("ssrc-group", format!("FID {media} {rtx}")));
            }
            let ssrcs = std::iter::once(media).chain(rtx);
            lines.extend(ssrcs.map(|ssrc| value("ssrc", format!("{ssrc} cname:{cname}"))));
        }
        Flow::Inactive => {}
    }
}

/// RFC 8842 §5.3: an offer of `actpass` or `active` is answered with `passive`, `passive` with `active`.
fn setup(role: DtlsRole) -> &'static str {
    match role {
        DtlsRole::Server => "passive",
        DtlsRole::Client => "active",
    }
}

/// RFC 8122 §5: the hash's name and its bytes in upper-case hexadecimal.
fn fingerprint(fingerprint: &Fingerprint) -> String {
    let name = match fingerprint.hash {
        FingerprintHash::Sha256 => "sha-256",
        FingerprintHash::Sha384 => "sha-384",
        FingerprintHash::Sha512 => "sha-512",
    };
    let bytes: Vec<String> = fingerprint.bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("{name} {}", bytes.join(":"))
}

fn flag(key: &str) -> Attribute {
    Attribute { key: key.to_owned(), value: None }
}

fn value(key: &str, value: impl Into<String>) -> Attribute {
    Attribute { key: key.to_owned(), value: Some(value.into()) }
}
