//! A participant joins: the offer is answered, its transport waits for the first connectivity check.

use std::time::Instant;

use rand::Rng;

use crate::command::Join;
use crate::error::RequestError;
use crate::event::{CloseReason, Event, PublishedTrack};
use crate::id::{Mid, ParticipantKey, Ssrc};
use crate::interceptor::{ChainConfig, ControlChain};
use crate::limits::TRANSPORTS_PER_SHARD_MAX;
use crate::publish::StreamDemux;
use crate::room::{Publisher, Wishes};
use crate::sdp::{self, Local, Negotiated, Purpose, Session};
use crate::subscribe::{Burst, Pacer};
use crate::transport::{Connection, ConnectionConfig, IceCredentials};

use super::Shard;
use super::allotment::Allotment;
use super::data::Data;
use super::decisions::Decisions;
use super::liveness::Liveness;
use super::participant::{Egress, Membership, Participant};
use super::sections::published_tracks;

impl Shard {
    /// Answers an offer with a new transport whose tracks of the sections `muted` are, or says why not.
    pub(super) fn join(&mut self, now: Instant, join: Join, purpose: Purpose, wishes: Wishes, muted: &[Mid]) {
        let request = join.request;
        let transport = join.transport;
        match self.attempt_new(now, transport, |shard| shard.admit(now, join, purpose, wishes, muted)) {
            Ok(Admitted { answer, ice_tag, tracks }) => {
                self.counters.transports_opened += 1;
                self.events.push_back(Event::Answered { request, transport, answer, ice_tag, tracks });
            }
            Err(error) => {
                self.counters.transports_refused += 1;
                self.events.push_back(Event::Rejected { request, error });
            }
        }
    }

    fn admit(
        &mut self,
        now: Instant,
        join: Join,
        purpose: Purpose,
        wishes: Wishes,
        muted: &[Mid],
    ) -> Result<Admitted, RequestError> {
        if self.participants.len() >= TRANSPORTS_PER_SHARD_MAX {
            return Err(RequestError::ShardFull);
        }
        let ice = IceCredentials::generate(&mut self.rng);
        let cname = format!("{:016x}", self.rng.random::<u64>());
        let local = Local {
            ice: &ice,
            fingerprint: self.config.certificate.fingerprint(),
            candidates: &join.candidates,
            tcp: self.config.tcp,
            cname: &cname,
        };
        let accepted = sdp::answer(&join.offer, purpose, &local, &mut self.rng)?;
        if purpose.publishes() {
            self.replace(now, &join);
        }
        let ice_tag = ice.ufrag.clone();
        let config = ConnectionConfig {
            local_ice: ice,
            remote_ice: accepted.negotiated.remote_ice.clone(),
            role: accepted.negotiated.role,
            remote_fingerprints: accepted.negotiated.remote_fingerprints.clone(),
            certificate: self.config.certificate.clone(),
        };
        let connection = Connection::new(now, config);
        self.rooms.entry(join.room.clone()).or_default().caps = join.room_caps;
        let Join { transport: id, room, identity, caps, .. } = join;
        let membership = Membership { id, room, identity, purpose, wishes, caps };
        let tracks = published_tracks(&accepted.negotiated);
        let key = self.enter(now, membership, connection, (accepted.negotiated, accepted.session));
        if let Some(participant) = self.participants.get_mut(key) {
            participant.candidates = join.candidates;
        }
        self.addresses.add(key, id, &ice_tag);
        self.mute_stated(now, key, muted);
        Ok(Admitted { answer: accepted.answer, ice_tag, tracks })
    }

    /// A publisher's name has one holder: the newest.
    fn replace(&mut self, now: Instant, join: &Join) {
        let holder = self.rooms.get(&join.room).and_then(|room| room.publisher(&join.identity));
        if let Some(holder) = holder.map(|publisher| publisher.participant) {
            self.remove(now, holder, CloseReason::Replaced);
        }
    }

    /// Makes a participant of a connection and what was agreed, and tells the room.
    pub(super) fn enter(
        &mut self,
        now: Instant,
        membership: Membership,
        connection: Connection,
        (negotiated, session): (Negotiated, Session),
    ) -> ParticipantKey {
        let local_ssrc = Ssrc(self.rng.random_range(1..=u32::MAX));
        let chain = match membership.purpose {
            Purpose::Publish => ChainConfig::publisher(local_ssrc, negotiated.extensions.transport_cc),
            Purpose::Watch => ChainConfig::subscriber(local_ssrc),
            Purpose::Meet => ChainConfig::both(local_ssrc),
        };
        let room = membership.room.clone();
        let purpose = membership.purpose;
        let identity = membership.identity.clone();
        let transport = membership.id;
        let key = self.names.insert(());
        let participant = Participant {
            membership,
            connection,
            chain: ControlChain::new(chain),
            extensions: negotiated.extensions,
            demux: StreamDemux::new(negotiated.extensions),
            tracks: Vec::new(),
            slots: Vec::new(),
            reads: Vec::new(),
            session,
            sections: Vec::new(),
            candidates: Vec::new(),
            egress: Egress {
                pacer: Pacer::new(now),
                burst: Burst::default(),
                paced_until: None,
                blocked: None,
                link: None,
                bytes_sent: 0,
                queued: false,
                beyond_media: false,
                unsettled: false,
            },
            allotment: Allotment::default(),
            decisions: Decisions::default(),
            bytes_received: 0,
            bytes_refused: 0,
            send_limit: None,
            policer: None,
            status_stale: false,
            status_told: None,
            ntp_offset: None,
            liveness: Liveness::Unwatched,
            data: Data::default(),
        };
        self.participants.insert(key, participant);
        self.apply_sections(key, negotiated);
        let tracks = self.publications(key);
        let members = self.rooms.entry(room.clone()).or_default();
        if purpose.watches() {
            members.viewers.push(key);
        }
        if purpose.publishes() {
            self.seat(&room, Publisher { participant: key, identity, tracks }, transport);
            self.announce(key);
            self.route_room(now, &room);
        }
        self.route_viewer(now, key);
        self.look_after_caps(now, &room);
        self.settle(now, key);
        key
    }
}

/// What an answered offer came to.
#[derive(Debug)]
pub(super) struct Admitted {
    pub answer: String,
    pub ice_tag: String,
    pub tracks: Vec<PublishedTrack>,
}
