//! One room: who is here, what was said, who speaks. A state machine that is told the time: requests and news go in, what is
//! to be done is drained from [`Room::poll_output`].
//! Invariant: an identity is held by one participant; a participant leaves the roster exactly once, and is told to the others.

mod chat;
mod media;
mod member;
mod membership;
mod negotiation;

pub use member::{MemberId, Rights, SocketId};
pub use membership::{Entry, NotJoined};
pub use negotiation::{OfferKind, OfferRefused};

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use sfu_core::id::{Identity, RoomName, TransportId};

use self::chat::Chat;
use self::member::{Member, Seat, Told};
use super::limits::CHANGE_INTERVAL;
use super::wire::{Access, IceServer, LeaveReason, ServerMessage, Speakers};

/// The time, on both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    pub instant: Instant,
    /// For people: ms since 1970 (UTC).
    pub unix_ms: u64,
}

/// What holds for every room of this server.
#[derive(Debug, Clone)]
pub struct Terms {
    /// How long a socket may be away.
    pub resume: Duration,
    pub ping_interval: Duration,
    pub ice_servers: Vec<IceServer>,
    pub access: Access,
}

/// Something to be done, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    Tell {
        to: Vec<SocketId>,
        message: ServerMessage,
    },
    /// The last words to a socket.
    End {
        socket: SocketId,
        reason: LeaveReason,
    },
    /// Over the data channel for events.
    Event {
        to: Vec<TransportId>,
        message: ServerMessage,
    },
    /// Nobody needs this transport any more.
    Close(TransportId),
    /// Somebody came back or is gone: no longer absent.
    Settled(MemberId),
    /// Somebody is gone, for the log.
    Left {
        identity: Identity,
        reason: LeaveReason,
    },
}

/// A room and everybody in it.
#[derive(Debug)]
pub struct Room {
    name: RoomName,
    /// In order of arrival.
    members: BTreeMap<MemberId, Member>,
    by_identity: HashMap<Identity, MemberId>,
    /// Identities for which a WHIP publisher is being let in, and how many times.
    reserved: HashMap<Identity, usize>,
    /// Who holds a transport, or did: whoever is found here is asked.
    by_transport: HashMap<TransportId, MemberId>,
    /// Participants by socket.
    seats: usize,
    /// Those of whom the others may have to be told something.
    changed: BTreeSet<MemberId>,
    chat: Chat,
    speakers: Speakers,
    outputs: VecDeque<Output>,
}

impl Room {
    pub fn new(name: RoomName) -> Self {
        Self {
            name,
            members: BTreeMap::new(),
            by_identity: HashMap::new(),
            reserved: HashMap::new(),
            by_transport: HashMap::new(),
            seats: 0,
            changed: BTreeSet::new(),
            chat: Chat::default(),
            speakers: Speakers::default(),
            outputs: VecDeque::new(),
        }
    }

    /// What is to be done next; drained after every call that changes something.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether something is to be done.
    pub fn has_output(&self) -> bool {
        !self.outputs.is_empty()
    }

    /// Nobody is here and nobody is coming.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.reserved.is_empty()
    }

    /// Who is here.
    pub fn identities(&self) -> Vec<Identity> {
        self.members.values().map(|member| member.identity.clone()).collect()
    }

    /// Participants by socket, absent ones among them.
    pub fn seats(&self) -> usize {
        self.seats
    }

    /// Takes a message in for everybody.
    pub fn chat(&mut self, now: Now, member: MemberId, text: String) {
        let Some(author) = self.members.get(&member) else { return };
        let (from, name) = (author.identity.to_string(), author.name.clone());
        let message = self.chat.add(from, name, text, now.unix_ms);
        self.tell_all(ServerMessage::Chat { message });
    }

    /// The transport that carries a participant's media, if there is one.
    pub fn transport_of(&self, member: MemberId) -> Option<TransportId> {
        self.seat(member)?.transport()
    }

    fn seat(&self, member: MemberId) -> Option<&Seat> {
        self.members.get(&member)?.seat()
    }

    fn seat_mut(&mut self, member: MemberId) -> Option<&mut Seat> {
        self.members.get_mut(&member)?.seat_mut()
    }

    fn tell(&mut self, socket: SocketId, message: ServerMessage) {
        self.outputs.push_back(Output::Tell { to: vec![socket], message });
    }

    /// Tells a participant, if its socket is here.
    fn tell_member(&mut self, member: MemberId, message: ServerMessage) {
        if let Some(socket) = self.members.get(&member).and_then(Member::socket) {
            self.tell(socket, message);
        }
    }

    fn tell_all(&mut self, message: ServerMessage) {
        self.tell_where(|_| true, message);
    }

    fn tell_others(&mut self, oneself: MemberId, message: ServerMessage) {
        self.tell_where(|member| member != oneself, message);
    }

    fn tell_where(&mut self, wanted: impl Fn(MemberId) -> bool, message: ServerMessage) {
        let listeners = self.members.iter().filter(|(id, _)| wanted(**id));
        let to: Vec<SocketId> = listeners.filter_map(|(_, member)| member.socket()).collect();
        if !to.is_empty() {
            self.outputs.push_back(Output::Tell { to, message });
        }
    }

    /// Has everybody told how a participant is now.
    fn tell_changed(&mut self, member: MemberId) {
        self.changed.insert(member);
    }

    /// Tells everybody of those who are not as was told, each at most once in `CHANGE_INTERVAL`: what somebody does must not
    /// cost everybody else as much. Says when those are due who changed too soon.
    pub fn tell_changes(&mut self, now: Instant) -> Option<Instant> {
        let mut due: Option<Instant> = None;
        for id in std::mem::take(&mut self.changed) {
            let Some(member) = self.members.get_mut(&id) else { continue };
            let participant = member.participant();
            if member.told.state.as_ref() == Some(&participant) {
                continue;
            }
            let next = member.told.at.map_or(now, |at| at + CHANGE_INTERVAL);
            if next > now {
                self.changed.insert(id);
                due = Some(due.map_or(next, |due| due.min(next)));
                continue;
            }
            member.told = Told { state: Some(participant.clone()), at: Some(now) };
            self.tell_all(ServerMessage::ParticipantChanged { participant });
        }
        due
    }
}
