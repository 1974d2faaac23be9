//! Offers of a participant: which transport they are for, and what an answer changes.

use std::collections::{BTreeMap, HashSet};

use sfu_core::event::PublishedTrack;
use sfu_core::id::TransportId;

use super::member::{EventChannel, Media, MemberId, SocketId, roster_tracks};
use super::{Output, Room};
use crate::control::Answer;
use crate::signal::wire::{RefusedTrack, RequestId, ServerMessage, Slot, Track, TrackSource, TrackUse};

/// What an offer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferKind {
    /// A transport that is to be made.
    New(TransportId),
    /// The one that is there.
    Further(TransportId),
}

/// Why an offer cannot be taken now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferRefused {
    /// The transport that it continues is gone.
    TransportGone,
    /// The offer before it is not answered.
    Busy,
    /// The participant is gone.
    Gone,
}

impl Room {
    /// Says what an offer is for; `made` names a transport if one is to be made.
    pub fn begin_offer(
        &mut self,
        member: MemberId,
        fresh: bool,
        made: impl FnOnce() -> TransportId,
    ) -> Result<OfferKind, OfferRefused> {
        let seat = self.seat_mut(member).ok_or(OfferRefused::Gone)?;
        if seat.negotiating {
            return Err(OfferRefused::Busy);
        }
        let kind = match (seat.media, fresh) {
            (Media::Live { transport, .. }, false) => OfferKind::Further(transport),
            (Media::Lost, false) => return Err(OfferRefused::TransportGone),
            (Media::Live { .. } | Media::Lost, true) | (Media::None, _) => OfferKind::New(made()),
        };
        if let OfferKind::New(transport) = kind {
            seat.joining = Some(transport);
        }
        seat.negotiating = true;
        if let OfferKind::New(transport) = kind {
            self.by_transport.insert(transport, member);
        }
        Ok(kind)
    }

    /// What a participant said its sections are for, by mid.
    pub fn stated(&self, member: MemberId) -> BTreeMap<String, TrackSource> {
        let uses = self.seat(member).map(|seat| &seat.uses);
        uses.into_iter().flatten().map(|(mid, stated)| (mid.clone(), stated.source)).collect()
    }

    /// What the roster would say of an offer that is answered by these tracks.
    pub fn would_list(
        &self,
        member: MemberId,
        published: &[PublishedTrack],
        uses: &[TrackUse],
        kind: OfferKind,
    ) -> Vec<Track> {
        let found = self.members.get(&member).and_then(|found| Some((found, found.seat()?)));
        let Some((found, seat)) = found else { return Vec::new() };
        let mut stated = match kind {
            OfferKind::New(_) => BTreeMap::new(),
            OfferKind::Further(_) => seat.uses.clone(),
        };
        stated.extend(uses.iter().map(|stated| (stated.mid.clone(), stated.clone())));
        roster_tracks(&found.identity, published, &stated, &[])
    }

    /// An offer was answered: the answer, then what it changed. Gives the tracks that it unmuted,
    /// which the shard must be told.
    pub fn answered(
        &mut self,
        member: MemberId,
        to: (SocketId, RequestId),
        kind: OfferKind,
        answer: Answer,
        (uses, refused): (Vec<TrackUse>, Vec<RefusedTrack>),
    ) -> Vec<Track> {
        let Some(seat) = self.seat_mut(member) else {
            // Gone meanwhile: nobody wants what was made.
            if let OfferKind::New(transport) = kind {
                self.outputs.push_back(Output::Close(transport));
            }
            return Vec::new();
        };
        seat.negotiating = false;
        let mids = mids_of(&answer.sdp);
        seat.slots.retain(|mid, _| mids.contains(mid.as_str()));
        seat.slots_untold.retain(|mid| mids.contains(mid.as_str()));
        // What was said of a track that is gone does not hold for the next one of its section.
        seat.encodings.retain(|mid, _| answer.tracks.iter().any(|track| *track.mid.0 == **mid));
        if let OfferKind::New(transport) = kind {
            // `joining` is taken away when the new transport ends before this.
            let made = seat.joining.take() == Some(transport);
            let before = seat.transport();
            seat.media = if made { Media::Live { transport, heard: true } } else { Media::Lost };
            seat.events = EventChannel::None;
            seat.encodings.clear();
            seat.publish_refused_bps = None;
            seat.uses.clear();
            if let Some(before) = before {
                self.by_transport.remove(&before);
            }
            self.outputs.extend(before.map(Output::Close));
        }
        let (socket, id) = to;
        self.tell(socket, ServerMessage::Answer { id, sdp: answer.sdp, refused });
        if self.seat(member).is_some_and(|seat| seat.media == Media::Lost) {
            self.tell(socket, ServerMessage::MediaLost {});
            self.withdraw_tracks(member);
            return Vec::new();
        }
        let to_unmute = self.publish(member, &answer.tracks, uses, kind);
        self.tell_changed(member);
        self.tell_untold_slots(member);
        to_unmute
    }

    /// An offer was refused: all is as before.
    pub fn offer_refused(&mut self, member: MemberId) {
        let Some(seat) = self.seat_mut(member) else { return };
        seat.negotiating = false;
        if let Some(joining) = seat.joining.take() {
            self.by_transport.remove(&joining);
        }
        let Some(seat) = self.seat_mut(member) else { return };
        if seat.media == Media::Lost {
            self.withdraw_tracks(member);
        }
        self.tell_untold_slots(member);
    }

    /// What a lost transport published is gone.
    fn withdraw_tracks(&mut self, member: MemberId) {
        if let Some(found) = self.members.get_mut(&member) {
            found.tracks.clear();
            self.tell_changed(member);
        }
    }

    /// Notes what was muted.
    pub fn muted(&mut self, member: MemberId, mid: &str, muted: bool) {
        let Some(found) = self.members.get_mut(&member) else { return };
        let track = found.tracks.iter_mut().find(|track| track.mid == mid && track.muted != muted);
        if let Some(track) = track {
            track.muted = muted;
            self.tell_changed(member);
        }
    }

    fn publish(
        &mut self,
        member: MemberId,
        published: &[PublishedTrack],
        uses: Vec<TrackUse>,
        kind: OfferKind,
    ) -> Vec<Track> {
        let Some(found) = self.members.get_mut(&member) else { return Vec::new() };
        let Some(seat) = found.seat_mut() else { return Vec::new() };
        let stated = uses.iter().filter_map(|stated| Some((stated.mid.clone(), stated.muted?))).collect::<Vec<_>>();
        let is_published = |mid: &str| published.iter().any(|track| &*track.mid.0 == mid);
        seat.uses.extend(uses.into_iter().map(|stated| (stated.mid.clone(), stated)));
        // What is gone is forgotten, so that many offers cannot pile up.
        seat.uses.retain(|mid, _| is_published(mid));
        let uses = seat.uses.clone();
        let before = match kind {
            OfferKind::New(_) => Vec::new(),
            OfferKind::Further(_) => std::mem::take(&mut found.tracks),
        };
        found.tracks = roster_tracks(&found.identity, published, &uses, &before);
        let mut to_unmute = Vec::new();
        for (mid, muted) in stated {
            let Some(track) = found.tracks.iter_mut().find(|track| track.mid == mid) else { continue };
            if std::mem::replace(&mut track.muted, muted) && !muted {
                to_unmute.push(track.clone());
            }
        }
        to_unmute
    }

    fn tell_untold_slots(&mut self, member: MemberId) {
        let Some(seat) = self.seat_mut(member) else { return };
        let untold = std::mem::take(&mut seat.slots_untold);
        let slots: Vec<Slot> = untold.iter().filter_map(|mid| seat.slots.get(mid)).cloned().collect();
        if !slots.is_empty() {
            self.tell_member(member, ServerMessage::Slots { slots });
        }
    }
}

/// Mids of the sections that an answer takes (RFC 8843 §7: `a=mid` within a section; RFC 3264 §6: port zero refuses it).
/// A slot whose section is not among them is gone: what was told of it would pile up.
fn mids_of(answer: &str) -> HashSet<&str> {
    let mut mids = HashSet::new();
    let mut taken = false;
    for line in answer.lines() {
        if let Some(media) = line.strip_prefix("m=") {
            taken = media.split(' ').nth(1) != Some("0");
        }
        mids.extend(line.strip_prefix("a=mid:").filter(|_| taken));
    }
    mids
}
