//! The decision: what of an offer we agree to, section by section and for the bundle as a whole. No text is read or written here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rand::Rng;
use sdp::direction::Direction;

use super::codec::AgreedCodec;
use super::extension::{self, AgreedExtension, BundleExtensions, Extension};
use super::offer::{Offer, OfferedSection};
use super::session::{KeptSlot, Session};
use super::{Codec, Flow, Purpose, SdpError};
use crate::id::{MediaKind, Mid, PayloadType, Ssrc};
use crate::limits::{SLOTS_PER_TRANSPORT_MAX, TRACKS_PER_TRANSPORT_MAX};

/// One section as decided.
#[derive(Debug)]
pub(super) struct Agreed<'a> {
    pub offered: &'a OfferedSection,
    pub flow: Flow,
    /// Empty: refused, and answered with port 0, unless it is for data channels.
    pub codecs: Vec<AgreedCodec>,
    pub extensions: Vec<AgreedExtension>,
    /// Which slot of its kind it is, from 0; audio slot i and video slot i belong together.
    pub slot: Option<usize>,
}

impl Agreed<'_> {
    /// Whether the section becomes part of the bundle.
    pub fn is_accepted(&self) -> bool {
        !self.codecs.is_empty() || self.offered.data.is_some()
    }
}

/// The whole offer as decided.
#[derive(Debug)]
pub(super) struct Agreement<'a> {
    pub sections: Vec<Agreed<'a>>,
    pub bundle: BundleExtensions,
    /// What each payload type stands for, in earlier offers too.
    pub formats: BTreeMap<PayloadType, Meaning>,
}

/// Decides on every section; fails when nothing usable is left, or when the bundle contradicts itself or what was agreed
/// `before`.
pub(super) fn agree<'a>(
    offer: &'a Offer,
    purpose: Purpose,
    cname: &str,
    before: Option<&Session>,
    rng: &mut impl Rng,
) -> Result<Agreement<'a>, SdpError> {
    let mut bundle = BundleExtensions::after(before);
    let mut formats = Formats::after(before);
    let mut slots = Slots::new(offer, cname, before);
    let mut sections = Vec::new();
    let mut mixed = true;
    for offered in &offer.sections {
        let mut agreed =
            Agreed { offered, flow: Flow::Inactive, codecs: Vec::new(), extensions: Vec::new(), slot: None };
        if let Some(kind) = offered.kind.filter(|_| !offered.codecs.is_empty()) {
            agreed.codecs = offered.codecs.clone();
            agreed.extensions = extension::agreed(offered, purpose);
            bundle.add(offered, &mut agreed.extensions)?;
            feedback(&mut agreed);
            mixed &= offered.mixed;
            match way(purpose, &offered.direction) {
                None => {}
                Some(Way::In) => agreed.flow = slots.published(offered),
                Some(Way::Out) => slots.slot(kind, &mut agreed, rng),
            }
            formats.add(&agreed.codecs, &offered.mid)?;
        }
        sections.push(agreed);
    }
    check_counts(&sections)?;
    if before.is_none() {
        check_use(offer, purpose, &sections)?;
    }
    bundle.ids.mixed = mixed;
    Ok(Agreement { sections, bundle, formats: formats.known })
}

/// Which way media flows in a section, as we see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    In,
    Out,
}

/// The way that media takes, if it flows as this request is for.
pub(super) fn way(purpose: Purpose, offered: &Direction) -> Option<Way> {
    match (offered, purpose) {
        (Direction::SendOnly, Purpose::Publish | Purpose::Meet) => Some(Way::In),
        (Direction::RecvOnly, Purpose::Watch | Purpose::Meet) => Some(Way::Out),
        (Direction::SendRecv, Purpose::Publish | Purpose::Meet) => Some(Way::In),
        (Direction::SendRecv, Purpose::Watch) => Some(Way::Out),
        (Direction::SendOnly, Purpose::Watch) | (Direction::RecvOnly, Purpose::Publish) => None,
        (Direction::Inactive | Direction::Unspecified, _) => None,
    }
}

/// Transport-wide feedback needs the numbers that the header extension carries.
fn feedback(agreed: &mut Agreed<'_>) {
    let numbered = agreed.extensions.iter().any(|extension| extension.extension == Extension::TransportCc);
    for codec in &mut agreed.codecs {
        codec.codec.feedback.transport_cc &= numbered;
    }
}

/// What a payload type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Media(Codec),
    Repeat(PayloadType),
}

/// A payload type means one format in the whole bundle (RFC 9143 §9.1.1), and goes on meaning it (RFC 3264 §8.3.2).
#[derive(Debug, Default)]
struct Formats {
    known: BTreeMap<PayloadType, Meaning>,
    /// The section of this offer that named it first.
    named: BTreeMap<PayloadType, Mid>,
}

impl Formats {
    fn after(before: Option<&Session>) -> Self {
        Self { known: before.map(|session| session.formats.clone()).unwrap_or_default(), named: BTreeMap::new() }
    }

    fn add(&mut self, codecs: &[AgreedCodec], mid: &Mid) -> Result<(), SdpError> {
        for codec in codecs.iter().map(|agreed| &agreed.codec) {
            let media = (codec.payload_type, Meaning::Media(codec.codec));
            let repeat = codec.rtx.map(|rtx| (rtx, Meaning::Repeat(codec.payload_type)));
            for (payload_type, meaning) in [Some(media), repeat].into_iter().flatten() {
                let same = *self.known.entry(payload_type).or_insert(meaning) == meaning;
                match self.named.get(&payload_type) {
                    _ if same => drop(self.named.entry(payload_type).or_insert_with(|| mid.clone())),
                    None => return Err(SdpError::PayloadTypeChanged { payload_type, mid: mid.clone() }),
                    Some(first) => {
                        let (first, second) = (first.clone(), mid.clone());
                        return Err(SdpError::PayloadTypeConflict { payload_type, first, second });
                    }
                }
            }
        }
        Ok(())
    }
}

/// Hands out what must be unique within the transport.
#[derive(Debug)]
struct Slots<'a> {
    cname: &'a str,
    before: Option<&'a Session>,
    /// Numbers of slots that are there, by kind.
    audio: BTreeSet<usize>,
    video: BTreeSet<usize>,
    /// SSRCs of ours and of the peer's.
    used: BTreeSet<Ssrc>,
    /// SSRCs that a section before this one announced.
    announced: BTreeSet<Ssrc>,
}

impl<'a> Slots<'a> {
    fn new(offer: &Offer, cname: &'a str, before: Option<&'a Session>) -> Self {
        let theirs = offer.sections.iter().flat_map(|section| section.sources.every_ssrc.iter().copied());
        let used = theirs.chain(before.into_iter().flat_map(Session::ssrcs)).collect();
        let numbers = |wanted: MediaKind| {
            let sections = offer.sections.iter().filter(|section| section.kind == Some(wanted));
            sections.filter_map(|section| Some(before?.slot(&section.mid)?.number)).collect()
        };
        let (audio, video) = (numbers(MediaKind::Audio), numbers(MediaKind::Video));
        Self { cname, before, audio, video, used, announced: BTreeSet::new() }
    }

    /// A track of the peer's; an SSRC that an earlier section announced stays with that one.
    fn published(&mut self, offered: &OfferedSection) -> Flow {
        let sources = &offered.sources;
        let ssrcs = sources.ssrcs.iter().filter(|ssrc| self.announced.insert(ssrc.media)).copied().collect();
        Flow::Publishes { ssrcs, rids: sources.rids.clone() }
    }

    /// A slot: the one that the section was before, or a new one under the lowest number that is free.
    fn slot(&mut self, kind: MediaKind, agreed: &mut Agreed<'_>, rng: &mut impl Rng) {
        if let Some(KeptSlot { flow, number, has_rtx }) = self.before.and_then(|it| it.slot(&agreed.offered.mid)) {
            (agreed.flow, agreed.slot) = (flow, Some(number));
            // A slot that began without a stream of repeats does not get one later.
            agreed.codecs.iter_mut().filter(|_| !has_rtx).for_each(|agreed| agreed.codec.rtx = None);
            return;
        }
        let numbers = match kind {
            MediaKind::Audio => &mut self.audio,
            MediaKind::Video => &mut self.video,
        };
        let slot = (0..).find(|number| !numbers.contains(number)).unwrap_or_default();
        numbers.insert(slot);
        let cname = Arc::from(format!("{}-{slot}", self.cname));
        let media = self.draw(rng);
        let rtx = agreed.codecs.iter().any(|agreed| agreed.codec.rtx.is_some()).then(|| self.draw(rng));
        (agreed.flow, agreed.slot) = (Flow::Receives { media, rtx, cname, pair: slot }, Some(slot));
    }

    /// A fresh SSRC: never 0, never one that is known (RFC 3550 §8.1).
    fn draw(&mut self, rng: &mut impl Rng) -> Ssrc {
        let mut number: u32 = rng.random();
        while number == 0 || !self.used.insert(Ssrc(number)) {
            number = number.wrapping_add(1);
        }
        Ssrc(number)
    }
}

/// Keeps one transport from taking more than its share.
fn check_counts(sections: &[Agreed<'_>]) -> Result<(), SdpError> {
    let tracks = sections.iter().filter(|agreed| matches!(agreed.flow, Flow::Publishes { .. })).count();
    let slots = sections.iter().filter(|agreed| matches!(agreed.flow, Flow::Receives { .. })).count();
    if tracks > TRACKS_PER_TRANSPORT_MAX {
        return Err(SdpError::TooManyTracks { tracks });
    }
    if slots > SLOTS_PER_TRANSPORT_MAX {
        return Err(SdpError::TooManySlots { slots });
    }
    Ok(())
}

/// A transport must begin with something to do.
fn check_use(offer: &Offer, purpose: Purpose, sections: &[Agreed<'_>]) -> Result<(), SdpError> {
    let flows = sections.iter().any(|agreed| !matches!(agreed.flow, Flow::Inactive));
    if flows || sections.iter().any(|agreed| agreed.offered.data.is_some()) {
        return Ok(());
    }
    let right_way = |section: &OfferedSection| section.kind.is_some() && way(purpose, &section.direction).is_some();
    if offer.sections.iter().any(right_way) {
        return Err(SdpError::NoMutualCodec { offered: offer.codec_names.clone() });
    }
    Err(match purpose {
        Purpose::Publish => SdpError::NothingPublished,
        Purpose::Watch => SdpError::NothingWatched,
        Purpose::Meet => SdpError::NothingFlows,
    })
}
