//! What the media plane tells: slots, speakers, silence, ends, and publishers by WHIP.

use std::collections::BTreeMap;

use sfu_core::event::{self, CloseReason, PublishedTrack};
use sfu_core::id::{Identity, Mid, Rid, TransportId};

use super::member::{Body, EventChannel, Link, Media, Member, MemberId, Told, Whip, roster_tracks};
use super::{Now, Output, Room};
use crate::control::ChannelState;
use crate::signal::convert;
use crate::signal::wire::{LeaveReason, Limit, LimitedBy, ServerMessage, Slot, Speakers};

/// A limit that moves by less than one part in so many is not told again: nobody sees that in a plot.
const LIMIT_STEPS: u64 = 50;

impl Room {
    /// Slots of a participant whose status changed.
    pub fn slots(&mut self, transport: TransportId, changed: &[event::SlotStatus]) {
        let Some(id) = self.holder_of(transport) else { return };
        let Some(seat) = self.seat_mut(id) else { return };
        let slots: Vec<_> = changed.iter().map(convert::slot).collect();
        seat.slots.extend(slots.iter().map(|slot| (slot.mid.clone(), slot.clone())));
        if seat.negotiating {
            seat.slots_untold.extend(slots.into_iter().map(|slot| slot.mid));
        } else {
            self.tell_member(id, ServerMessage::Slots { slots });
        }
    }

    /// Which encodings of its simulcast a participant is to send. What is said of a transport that is about to give way is nobody's.
    pub fn encodings(&mut self, transport: TransportId, mid: &Mid, rids: &[Rid]) {
        let Some(id) = self.holder_of(transport) else { return };
        let Some(seat) = self.seat_mut(id).filter(|seat| seat.joining.is_none_or(|joining| joining == transport))
        else {
            return;
        };
        let wanted = convert::track_encodings(mid, rids);
        seat.encodings.insert(wanted.mid.clone(), wanted.clone());
        self.tell_member(id, ServerMessage::Encodings { tracks: vec![wanted] });
    }

    /// A participant publishes more than it may, so that some of it is refused, or does not any more.
    pub fn publish_refused(&mut self, transport: TransportId, limit_bps: Option<u64>) {
        let Some(id) = self.holder_of(transport) else { return };
        let Some(seat) = self.seat_mut(id) else { return };
        seat.publish_refused_bps = limit_bps;
        self.tell_member(id, ServerMessage::PublishRefused { limit_bps });
    }

    /// What bounds all that a participant is sent, as it is now. It is told if it keeps pictures from being better, and moved.
    pub fn limit(&mut self, transport: TransportId, limit: Option<Limit>) {
        let Some(id) = self.holder_of(transport) else { return };
        let Some(seat) = self.seat_mut(id) else { return };
        let limit = limit.filter(|_| seat.slots.values().any(lacks_bits));
        let is_as_told = match (seat.limit, limit) {
            (None, None) => true,
            (Some(told), Some(now)) => told.by == now.by && told.bps.abs_diff(now.bps) <= told.bps / LIMIT_STEPS,
            (None, Some(_)) | (Some(_), None) => false,
        };
        if !is_as_told {
            seat.limit = limit;
            self.tell_member(id, ServerMessage::Limit { limit });
        }
    }

    /// Who speaks has changed; those with an open channel for events hear it there.
    pub fn speakers(&mut self, speakers: &event::Speakers) {
        self.speakers = Speakers {
            dominant: speakers.dominant.as_ref().map(Identity::to_string),
            speaking: speakers.speaking.iter().map(Identity::to_string).collect(),
        };
        let message = ServerMessage::Speakers(self.speakers.clone());
        let mut channels = Vec::new();
        let mut sockets = Vec::new();
        for member in self.members.values() {
            let Some(seat) = member.seat() else { continue };
            match (seat.events, seat.transport()) {
                (EventChannel::Open, Some(transport)) => channels.push(transport),
                (EventChannel::Open | EventChannel::None | EventChannel::Blocked, _) => sockets.extend(member.socket()),
            }
        }
        if !channels.is_empty() {
            self.outputs.push_back(Output::Event { to: channels, message: message.clone() });
        }
        if !sockets.is_empty() {
            self.outputs.push_back(Output::Tell { to: sockets, message });
        }
    }

    /// The state of a participant's channel for events changed. What may have been lost with one that takes nothing any more
    /// is said again.
    pub fn events_channel(&mut self, transport: TransportId, state: ChannelState) {
        let Some(id) = self.holder_of(transport) else { return };
        let Some(seat) = self.seat_mut(id) else { return };
        seat.events = match state {
            ChannelState::Open => EventChannel::Open,
            ChannelState::Blocked => EventChannel::Blocked,
            ChannelState::Closed => EventChannel::None,
        };
        if state != ChannelState::Open {
            let message = ServerMessage::Speakers(self.speakers.clone());
            self.tell_member(id, message);
        }
    }

    /// An event that could not be sent to these transports' channels goes by socket.
    pub fn events_missed(&mut self, transports: &[TransportId], message: ServerMessage) {
        let missed = |member: &&Member| member.transport().is_some_and(|transport| transports.contains(&transport));
        let to: Vec<_> = self.members.values().filter(missed).filter_map(Member::socket).collect();
        if !to.is_empty() {
            self.outputs.push_back(Output::Tell { to, message });
        }
    }

    /// Nothing comes from a transport: with the socket gone as well, its participant is.
    pub fn silent(&mut self, transport: TransportId) {
        let Some(id) = self.set_heard(transport, false) else { return };
        match self.seat(id).map(|seat| seat.link) {
            Some(Link::Away { .. }) => self.leave(id, LeaveReason::Lost),
            Some(Link::Here(_)) => {
                self.tell_member(id, ServerMessage::RestartIce {});
                self.tell_changed(id);
            }
            None => self.tell_changed(id),
        }
    }

    /// A transport is heard again.
    pub fn heard(&mut self, transport: TransportId) {
        if let Some(id) = self.set_heard(transport, true) {
            self.tell_changed(id);
        }
    }

    /// A transport is gone.
    pub fn closed(&mut self, transport: TransportId, reason: CloseReason) {
        let Some(id) = self.holder_of(transport) else { return };
        self.by_transport.remove(&transport);
        let Some(member) = self.members.get_mut(&id) else { return };
        match &mut member.body {
            Body::Whip(whip) if reason == CloseReason::Replaced => whip.replaced = true,
            Body::Whip(_) => self.leave(id, left_because(reason)),
            Body::Room(_) => self.media_lost(id, transport),
        }
    }

    /// Somebody publishes by WHIP, for the first time or instead of a transport before.
    pub fn published(&mut self, now: Now, identity: Identity, transport: TransportId, published: &[PublishedTrack]) {
        let tracks = roster_tracks(&identity, published, &BTreeMap::new(), &[]);
        let body = Body::Whip(Whip { transport, heard: true, replaced: false });
        if let Some(id) = self.by_identity.get(&identity).copied() {
            if let Some(member) = self.members.get_mut(&id).filter(|member| member.seat().is_none()) {
                member.tracks = tracks;
                if let Some(before) = member.transport() {
                    self.by_transport.remove(&before);
                }
                member.body = body;
                self.by_transport.insert(transport, id);
                self.tell_changed(id);
            }
            return;
        }
        let name = identity.to_string();
        let metadata = BTreeMap::new();
        let told = Told::default();
        self.add(MemberId::next(), Member { identity, name, metadata, joined_at_ms: now.unix_ms, tracks, body, told });
    }

    fn set_heard(&mut self, transport: TransportId, now_heard: bool) -> Option<MemberId> {
        let id = self.holder_of(transport)?;
        let heard = match &mut self.members.get_mut(&id)?.body {
            Body::Whip(whip) => &mut whip.heard,
            Body::Room(seat) => match &mut seat.media {
                Media::Live { transport: live, heard } if *live == transport => heard,
                Media::Live { .. } | Media::None | Media::Lost => return None,
            },
        };
        (std::mem::replace(heard, now_heard) != now_heard).then_some(id)
    }

    fn media_lost(&mut self, id: MemberId, transport: TransportId) {
        let Some(member) = self.members.get_mut(&id) else { return };
        let Some(seat) = member.seat_mut() else { return };
        if seat.joining == Some(transport) {
            // Its answer is on the way, and will find it gone.
            seat.joining = None;
            return;
        }
        seat.media = Media::Lost;
        seat.slots.clear();
        seat.slots_untold.clear();
        seat.encodings.clear();
        seat.publish_refused_bps = None;
        seat.limit = None;
        seat.events = EventChannel::None;
        if seat.joining.is_some() {
            // Gave way to the new one, whose answer is told next.
            return;
        }
        let is_away = matches!(seat.link, Link::Away { .. });
        member.tracks.clear();
        if is_away {
            self.leave(id, LeaveReason::Lost);
        } else {
            self.tell_member(id, ServerMessage::MediaLost {});
            self.tell_changed(id);
        }
    }
}

fn left_because(reason: CloseReason) -> LeaveReason {
    match reason {
        CloseReason::Requested | CloseReason::PeerClosed => LeaveReason::Left,
        CloseReason::Replaced => LeaveReason::Replaced,
        CloseReason::IceTimeout
        | CloseReason::ConsentExpired
        | CloseReason::DtlsFailed
        | CloseReason::FingerprintMismatch => LeaveReason::Lost,
        CloseReason::Internal => LeaveReason::Failed,
    }
}

/// Whether a slot's pictures would be better if more might be sent.
fn lacks_bits(slot: &Slot) -> bool {
    match slot.limited_by {
        Some(LimitedBy::Link | LimitedBy::Cap | LimitedBy::RoomCap) => true,
        Some(LimitedBy::HeightCap) | None => false,
    }
}
