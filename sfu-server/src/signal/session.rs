//! What each request does: the room is asked, then the media plane, then the room is told.

use std::net::SocketAddr;
use std::sync::Arc;

use sfu_core::command::{LayoutEntry, Muting};
use sfu_core::id::{Identity, Mid, TransportId};

use super::limits::PARTICIPANTS_PER_ROOM_MAX;
use super::outbox::Outbox;
use super::refusal::Refusal;
use super::request::{Checked, Join};
use super::room::{Entry, MemberId, NotJoined, OfferKind, OfferRefused, Rights};
use super::rooms::now;
use super::socket::Session;
use super::wire::{ErrorCode, LeaveReason, RequestId, ServerMessage, Track, TrackUse, VERSION};
use crate::auth::{Denied, Entrant, Grant, Permitted, permitted};
use crate::control::{Answer, ControlError, JoinRequest};
use crate::directory::Kind;
use crate::names;

impl Session {
    /// Carries a request out; every one is answered exactly once, here or by the refusal.
    pub(super) async fn handle(&mut self, id: RequestId, request: Checked, outbox: &Outbox) -> Result<(), Refusal> {
        let Some((member, identity)) = self.member.clone() else {
            return match request {
                Checked::Join(join) => self.join(id, join, outbox),
                Checked::Ping => {
                    self.reply(outbox, &ServerMessage::Pong { id });
                    Ok(())
                }
                Checked::Offer { .. }
                | Checked::Layout(_)
                | Checked::Mute { .. }
                | Checked::Chat { .. }
                | Checked::Leave => Err(Refusal::new(ErrorCode::OutOfOrder, "say join first")),
            };
        };
        match request {
            Checked::Join(_) => return Err(Refusal::new(ErrorCode::OutOfOrder, "this socket has joined already")),
            Checked::Offer { sdp, uses, fresh } => {
                return self.offer(id, (member, identity), sdp, uses, fresh).await;
            }
            Checked::Layout(layout) => {
                self.needs(Grant::Subscribe)?;
                self.layout(member, layout).await?;
            }
            Checked::Mute { mid, muting } => self.mute(member, mid, muting).await?,
            Checked::Chat { text } => {
                self.needs(Grant::Data)?;
                self.with_room(|room| room.chat(now(), member, text));
            }
            Checked::Leave => {
                self.reply(outbox, &ServerMessage::Ok { id });
                self.member = None;
                self.with_room(|room| room.leave(member, LeaveReason::Left));
                outbox.end(1000);
                return Ok(());
            }
            Checked::Ping => {
                self.reply(outbox, &ServerMessage::Pong { id });
                return Ok(());
            }
        }
        self.reply(outbox, &ServerMessage::Ok { id });
        Ok(())
    }

    fn join(&mut self, id: RequestId, join: Join, outbox: &Outbox) -> Result<(), Refusal> {
        if join.version != VERSION {
            let message =
                format!("this server speaks version {VERSION} of the protocol, not {}; reload the page", join.version);
            return Err(Refusal::new(ErrorCode::UnsupportedVersion, message).at("version"));
        }
        if self.state.control.is_draining() {
            return Err(Refusal::new(ErrorCode::Unavailable, ControlError::Draining.to_string()));
        }
        let rooms = Arc::clone(&self.state.rooms);
        if let Some(resume) = &join.resume {
            return self.come_back(id, resume, join.token.as_deref(), outbox);
        }
        let entrant = self.admit(join.token.as_deref())?;
        if !rooms.has_space() {
            return Err(Refusal::new(ErrorCode::Unavailable, "the server is full; try again later"));
        }
        if !self.state.admission.has_place(self.peer) {
            let message =
                "your address has all the participants that it may have, absent ones among them; try again later";
            return Err(Refusal::new(ErrorCode::TooMany, message));
        }
        let made_up = || names::made_up(Kind::Meet).map_err(|error| Refusal::field("identity", error));
        let identity = entrant.identity.or(join.identity).map_or_else(made_up, Ok)?;
        let rights = Rights { grants: entrant.grants, caps: entrant.caps, key: entrant.key };
        let entry = Entry {
            socket: self.socket,
            request: id,
            identity: identity.clone(),
            name: entrant.name.unwrap_or(join.name),
            metadata: join.metadata,
            rights: rights.clone(),
        };
        let entered = rooms.enter(&self.room, self.socket, outbox, |room| room.join(now(), &rooms.terms, entry));
        let member = entered.map_err(not_joined)?;
        tracing::info!(room = %self.room, participant = %identity, "joined");
        self.member = Some((member, identity));
        self.rights = rights;
        Ok(())
    }

    /// Before anything of the room is looked at: who is refused learns nothing of it.
    fn admit(&self, token: Option<&str>) -> Result<Entrant, Refusal> {
        let admitted = self.state.auth.admit(&self.room, token, now().unix_ms / 1_000);
        Ok(admitted.inspect_err(|denied| self.state.metrics.auth.denied(*denied))?)
    }

    fn needs(&self, grant: Grant) -> Result<(), Refusal> {
        if self.rights.grants.has(grant) {
            return Ok(());
        }
        self.state.metrics.auth.denied(Denied::Lacks(grant));
        Err(Denied::Lacks(grant).into())
    }

    async fn offer(
        &self,
        id: RequestId,
        (member, identity): (MemberId, Identity),
        sdp: String,
        uses: Vec<TrackUse>,
        fresh: bool,
    ) -> Result<(), Refusal> {
        let control = &self.state.control;
        let Permitted { sdp, refused, flows } = self.permitted(member, &sdp, &uses, fresh);
        if !flows {
            self.needs(refused.first().map_or(Grant::Subscribe, |refused| refused.needs))?;
        }
        let begun = self.with_room(|room| room.begin_offer(member, fresh, || control.transport_id()));
        let kind = begun.unwrap_or(Err(OfferRefused::Gone)).map_err(offer_refused)?;
        // With the offer, so that no packet of a track that is to be muted is forwarded before the shard knows.
        let muted = uses.iter().filter(|stated| stated.muted == Some(true));
        let muted: Vec<Mid> = muted.map(|stated| Mid(Arc::from(stated.mid.as_str()))).collect();
        let answer = match kind {
            OfferKind::New(transport) => self.meet(transport, identity, sdp.into_owned(), muted).await,
            OfferKind::Further(transport) => control.renegotiate(transport, sdp.into_owned(), muted).await,
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                self.with_room(|room| room.offer_refused(member));
                return Err(error.into());
            }
        };
        // Asked of what the others will be told: the media plane reads an offer by rules of its own.
        let listed = self.with_room(|room| room.would_list(member, &answer.tracks, &uses, kind)).unwrap_or_default();
        if listed.iter().any(|track| !self.rights.grants.has(Grant::of(track.source))) {
            return Err(self.published_all_the_same(member, kind));
        }
        let told = self.with_room(|room| room.answered(member, (self.socket, id), kind, answer, (uses, refused)));
        match (told, kind) {
            (Some(to_unmute), OfferKind::New(transport) | OfferKind::Further(transport)) => {
                self.unmute(transport, to_unmute).await;
            }
            // The room went with its last participant.
            (None, OfferKind::New(transport)) => control.close(transport),
            (None, OfferKind::Further(_)) => {}
        }
        Ok(())
    }

    /// What was to be inactive is not: a fault of our own, and nobody shall profit by it.
    fn published_all_the_same(&self, member: MemberId, kind: OfferKind) -> Refusal {
        let (OfferKind::New(transport) | OfferKind::Further(transport)) = kind;
        tracing::error!(room = %self.room, transport = transport.0, "publishes what its token does not allow; it is ended");
        self.with_room(|room| room.offer_refused(member));
        self.state.control.close(transport);
        Refusal::new(ErrorCode::Internal, "the server could not keep to what your token allows")
    }

    /// An offer as far as the participant's grants go.
    fn permitted<'a>(&self, member: MemberId, sdp: &'a str, uses: &[TrackUse], fresh: bool) -> Permitted<'a> {
        let before = if fresh { None } else { self.with_room(|room| room.stated(member)) };
        let mut stated = before.unwrap_or_default();
        stated.extend(uses.iter().map(|stated| (stated.mid.clone(), stated.source)));
        permitted(sdp, &stated, &self.rights.grants)
    }

    async fn meet(
        &self,
        transport: TransportId,
        identity: Identity,
        offer: String,
        muted: Vec<Mid>,
    ) -> Result<Answer, ControlError> {
        let rooms = &self.state.rooms;
        rooms.expect_transport(transport, &self.room);
        let (room, watch) = (self.room.clone(), Vec::new());
        let granted = self.rights.caps;
        let request = JoinRequest { kind: Kind::Meet, transport, room, identity, watch, offer, muted, granted };
        let candidates = |sockets: &[SocketAddr]| self.state.settings.candidates(sockets, self.peer);
        let joined = self.state.control.join(request, candidates).await;
        if joined.is_err() {
            rooms.forget_transport(transport);
        }
        joined.map(|joined| joined.answer)
    }

    /// Tells the shard what an offer unmuted. The roster says it already; a track that is gone needs none.
    async fn unmute(&self, transport: TransportId, tracks: Vec<Track>) {
        for track in tracks {
            let mid = Mid(Arc::from(track.mid.as_str()));
            if let Err(error) = self.state.control.set_muted(transport, mid, Muting::Unmuted).await {
                tracing::debug!(room = %self.room, track = track.id, %error, "not unmuted");
            }
        }
    }

    async fn layout(&self, member: MemberId, layout: Vec<LayoutEntry>) -> Result<(), Refusal> {
        let transport = self.transport(member)?;
        self.state.control.set_layout(transport, layout).await.map_err(Refusal::from)
    }

    async fn mute(&self, member: MemberId, mid: Mid, muting: Muting) -> Result<(), Refusal> {
        let transport = self.transport(member)?;
        self.state.control.set_muted(transport, mid.clone(), muting).await?;
        self.with_room(|room| room.muted(member, &mid.0, muting == Muting::Muted));
        Ok(())
    }

    fn transport(&self, member: MemberId) -> Result<TransportId, Refusal> {
        let transport = self.with_room(|room| room.transport_of(member)).flatten();
        transport.ok_or_else(|| Refusal::new(ErrorCode::OutOfOrder, "there is no media yet; send an offer first"))
    }
}

pub(super) fn not_joined(refused: NotJoined) -> Refusal {
    match refused {
        NotJoined::IdentityTaken => {
            let message = "somebody in the room has this identity; take another, or leave it out";
            Refusal::new(ErrorCode::IdentityTaken, message).at("identity")
        }
        NotJoined::UnknownToken => {
            let message = "the resume token names nobody (any more); join without it";
            Refusal::new(ErrorCode::ResumeFailed, message).at("resume")
        }
        NotJoined::Full => {
            let message = format!("the room holds its {PARTICIPANTS_PER_ROOM_MAX} participants");
            Refusal::new(ErrorCode::TooMany, message)
        }
    }
}

fn offer_refused(refused: OfferRefused) -> Refusal {
    let message = match refused {
        OfferRefused::TransportGone => {
            "the media transport is gone; send an offer of a new peer connection with fresh: true"
        }
        OfferRefused::Busy => "the offer before is being answered; wait for its answer",
        OfferRefused::Gone => "you are not in the room any more; join again",
    };
    Refusal::new(ErrorCode::OutOfOrder, message)
}
