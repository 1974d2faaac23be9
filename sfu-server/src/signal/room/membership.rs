//! Coming, going, and being away for a while.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use sfu_core::id::{Identity, TransportId};

use super::member::{Body, EventChannel, Link, Media, Member, MemberId, Rights, Seat, SocketId, Told, Whip};
use super::{Now, Output, Room, Terms};
use crate::signal::limits::{NO_MEDIA_RESUME, PARTICIPANTS_PER_ROOM_MAX};
use crate::signal::token::Token;
use crate::signal::wire::{Joined, LeaveReason, RequestId, ServerMessage, VERSION};

/// A socket that asks to be let in.
#[derive(Debug)]
pub struct Entry {
    pub socket: SocketId,
    /// The request to answer.
    pub request: RequestId,
    pub identity: Identity,
    pub name: String,
    pub metadata: BTreeMap<String, String>,
    pub rights: Rights,
}

/// Why somebody was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotJoined {
    IdentityTaken,
    /// The token names nobody (any more).
    UnknownToken,
    Full,
}

impl Room {
    /// Lets somebody in, whose socket is told everything.
    pub fn join(&mut self, now: Now, terms: &Terms, entry: Entry) -> Result<MemberId, NotJoined> {
        if self.by_identity.contains_key(&entry.identity) || self.reserved.contains_key(&entry.identity) {
            return Err(NotJoined::IdentityTaken);
        }
        if self.members.len() >= PARTICIPANTS_PER_ROOM_MAX {
            return Err(NotJoined::Full);
        }
        let id = MemberId::next();
        let Entry { socket, request, identity, name, metadata, rights } = entry;
        let seat = Seat {
            rights,
            token: Token::random(id.0),
            previous_token: None,
            link: Link::Here(socket),
            media: Media::None,
            joining: None,
            negotiating: false,
            uses: BTreeMap::new(),
            slots: BTreeMap::new(),
            slots_untold: BTreeSet::new(),
            encodings: BTreeMap::new(),
            publish_refused_bps: None,
            limit: None,
            events: EventChannel::None,
        };
        let body = Body::Room(Box::new(seat));
        let (tracks, told) = (Vec::new(), Told::default());
        self.add(id, Member { identity, name, metadata, joined_at_ms: now.unix_ms, tracks, body, told });
        self.welcome(terms, id, socket, request, Arrival::New);
        Ok(id)
    }

    /// Whom a resume token names.
    pub fn named_by(&mut self, presented: &Token) -> Option<(MemberId, &Identity, &mut Rights)> {
        let id = MemberId(presented.member);
        let Member { identity, body: Body::Room(seat), .. } = self.members.get_mut(&id)? else { return None };
        seat.is_named_by(presented).then_some((id, identity, &mut seat.rights))
    }

    /// Lets a participant come back on another socket; the one before, if it is still there, is ended.
    pub fn resume(
        &mut self,
        terms: &Terms,
        presented: &Token,
        socket: SocketId,
        request: RequestId,
    ) -> Result<(MemberId, Identity, Rights), NotJoined> {
        let id = MemberId(presented.member);
        let seat = self.seat_mut(id).ok_or(NotJoined::UnknownToken)?;
        if !seat.is_named_by(presented) {
            return Err(NotJoined::UnknownToken);
        }
        let next = Token::random(id.0);
        seat.previous_token = Some(std::mem::replace(&mut seat.token, next));
        let before = std::mem::replace(&mut seat.link, Link::Here(socket));
        // The welcome tells every slot.
        seat.slots_untold.clear();
        if let Link::Here(old) = before {
            self.outputs.push_back(Output::End { socket: old, reason: LeaveReason::Replaced });
        }
        self.welcome(terms, id, socket, request, Arrival::Back);
        let back =
            self.members.get(&id).and_then(|member| Some((member.identity.clone(), member.seat()?.rights.clone())));
        let (identity, rights) = back.ok_or(NotJoined::UnknownToken)?;
        if matches!(before, Link::Away { .. }) {
            self.outputs.push_back(Output::Settled(id));
            self.tell_changed(id);
        }
        Ok((id, identity, rights))
    }

    /// A participant's client has said something: it knows its token.
    pub fn spoke(&mut self, member: MemberId) {
        if let Some(seat) = self.seat_mut(member) {
            seat.previous_token = None;
        }
    }

    /// A socket that was last heard at `heard` is gone; its participant may come back, unless its media is gone too.
    pub fn socket_gone(&mut self, now: Instant, heard: Instant, terms: &Terms, socket: SocketId) {
        let found = self.members.iter().find(|(_, member)| member.socket() == Some(socket));
        let Some(id) = found.map(|(id, _)| *id) else { return };
        let Some(seat) = self.seat_mut(id) else { return };
        let until = match seat.media {
            Media::None => (now + terms.resume).min(heard + NO_MEDIA_RESUME),
            Media::Live { .. } | Media::Lost => now + terms.resume,
        };
        seat.link = Link::Away { until };
        if seat.is_silent() {
            self.leave(id, LeaveReason::Lost);
        } else {
            self.tell_changed(id);
        }
    }

    /// When a participant is given up; `None`: its socket is here, or it is gone already.
    pub fn absent_until(&self, member: MemberId) -> Option<Instant> {
        match self.seat(member)?.link {
            Link::Away { until } => Some(until),
            Link::Here(_) => None,
        }
    }

    /// Gives up those who did not come back in time.
    pub fn handle_timeout(&mut self, now: Instant) {
        let late = |member: &Member| {
            member.seat().is_some_and(|seat| matches!(seat.link, Link::Away { until } if until <= now))
        };
        let gone: Vec<MemberId> = self.members.iter().filter(|(_, member)| late(member)).map(|(id, _)| *id).collect();
        for id in gone {
            self.leave(id, LeaveReason::Lost);
        }
    }

    /// Somebody is gone for good. Their socket, if it is here, is ended, unless it was their own wish.
    pub fn leave(&mut self, member: MemberId, reason: LeaveReason) {
        let Some(gone) = self.members.remove(&member) else { return };
        self.by_identity.remove(&gone.identity);
        if let (Some(socket), true) = (gone.socket(), reason != LeaveReason::Left) {
            self.outputs.push_back(Output::End { socket, reason });
        }
        self.outputs.push_back(Output::Settled(member));
        if let Some(transport) = gone.transport() {
            self.by_transport.remove(&transport);
        }
        if let Some(seat) = gone.seat() {
            self.seats = self.seats.saturating_sub(1);
            if let Some(joining) = seat.joining {
                self.by_transport.remove(&joining);
            }
            let transports = [seat.transport(), seat.joining];
            self.outputs.extend(transports.into_iter().flatten().map(Output::Close));
        }
        let participant = gone.identity.to_string();
        self.tell_all(ServerMessage::ParticipantLeft { participant, reason });
        self.outputs.push_back(Output::Left { identity: gone.identity, reason });
    }

    /// The server shuts down: every socket is told.
    pub fn drain(&mut self) {
        let sockets: Vec<SocketId> = self.members.values().filter_map(Member::socket).collect();
        let end = |socket| Output::End { socket, reason: LeaveReason::Draining };
        self.outputs.extend(sockets.into_iter().map(end));
        self.outputs.extend(self.members.keys().copied().map(Output::Settled));
        self.members.clear();
        self.by_identity.clear();
        self.by_transport.clear();
        self.seats = 0;
    }

    /// Keeps an identity for a WHIP publisher that is being let in. `false`: a participant by socket has it.
    #[must_use]
    pub fn reserve(&mut self, identity: &Identity) -> bool {
        let holder = self.by_identity.get(identity).and_then(|id| self.members.get(id));
        if holder.is_some_and(|holder| holder.seat().is_some()) {
            return false;
        }
        *self.reserved.entry(identity.clone()).or_insert(0) += 1;
        true
    }

    /// The end of a reservation, whatever it came to.
    pub fn release(&mut self, identity: &Identity) {
        if let Some(count) = self.reserved.get_mut(identity) {
            *count -= 1;
            if *count == 0 {
                self.reserved.remove(identity);
            }
        }
        // The old publisher gave way to one that came to nothing; one that came has taken its place before its client is told.
        let Some(id) = self.by_identity.get(identity).copied() else { return };
        let abandoned = |member: &Member| matches!(&member.body, Body::Whip(Whip { replaced: true, .. }));
        if self.members.get(&id).is_some_and(abandoned) {
            self.leave(id, LeaveReason::Replaced);
        }
    }

    /// Lists somebody who is new and tells the others.
    pub(super) fn add(&mut self, id: MemberId, mut member: Member) {
        let participant = member.participant();
        member.told.state = Some(participant.clone());
        self.seats += usize::from(member.seat().is_some());
        if let Some(transport) = member.transport() {
            self.by_transport.insert(transport, id);
        }
        self.by_identity.insert(member.identity.clone(), id);
        self.members.insert(id, member);
        self.tell_others(id, ServerMessage::ParticipantJoined { participant });
    }

    pub(super) fn holder_of(&self, transport: TransportId) -> Option<MemberId> {
        let holds = |member: &Member| {
            member.transport() == Some(transport) || member.seat().is_some_and(|seat| seat.joining == Some(transport))
        };
        let id = *self.by_transport.get(&transport)?;
        self.members.get(&id).filter(|member| holds(member)).map(|_| id)
    }

    fn welcome(&mut self, terms: &Terms, id: MemberId, socket: SocketId, request: RequestId, arrival: Arrival) {
        if let Some(seat) = self.seat_mut(id) {
            // Its client forgets it with `joined`.
            seat.limit = None;
        }
        // This socket learns here what the others are told later, and must be told in turn if that is taken back before.
        for changed in &self.changed {
            if let Some(member) = self.members.get_mut(changed) {
                member.told.state = None;
            }
        }
        let Some((member, seat)) = self.members.get(&id).and_then(|member| Some((member, member.seat()?))) else {
            return;
        };
        let joined = Joined {
            id: request,
            version: VERSION,
            room: self.name.to_string(),
            participant: member.identity.to_string(),
            resume: seat.token.to_string(),
            resume_seconds: u32::try_from(terms.resume.as_secs()).unwrap_or(u32::MAX),
            media: matches!(seat.media, Media::Live { .. }),
            resumed: matches!(arrival, Arrival::Back),
            ping_interval_ms: u32::try_from(terms.ping_interval.as_millis()).unwrap_or(u32::MAX),
            access: terms.access,
            grants: seat.rights.grants.list(),
            ice_servers: terms.ice_servers.clone(),
            participants: self.members.values().map(Member::participant).collect(),
            chat: self.chat.history(),
            speakers: self.speakers.clone(),
            slots: seat.slots.values().cloned().collect(),
            encodings: seat.encodings.values().cloned().collect(),
            publish_refused_bps: seat.publish_refused_bps,
        };
        self.tell(socket, ServerMessage::Joined(joined));
    }
}

/// Whether somebody was here before.
#[derive(Debug, Clone, Copy)]
enum Arrival {
    New,
    Back,
}
