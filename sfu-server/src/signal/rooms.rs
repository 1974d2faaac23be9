//! Every room of this process and the sockets in it: takes requests and the shards' news to the room they concern, and does
//! what the room says. Invariant: a room is held for microseconds, never across an await, and is gone with its last participant.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Instant, SystemTime};

use axum::extract::ws::Utf8Bytes;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry as MapEntry;
use sfu_core::command::DataPayload;
use sfu_core::event::{CloseReason, Event};
use sfu_core::id::{Identity, RoomName, TransportId};
use sfu_core::sample::Sample;
use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::sleep_until;

use super::admission::Place;
use super::convert;
use super::limits::PARTICIPANTS_MAX;
use super::outbox::Outbox;
use super::room::{MemberId, Now, Output, Room, SocketId, Terms};
use super::wire::{LeaveReason, Limit, ServerMessage};
use crate::control::{Control, News};
use crate::media::ShardIndex;
use crate::metrics::{Metrics, Shed};

/// The data channel that events go over.
const EVENTS: &str = "events";

/// Rooms, by name.
#[derive(Debug)]
pub struct Rooms {
    pub control: Arc<Control>,
    pub metrics: Arc<Metrics>,
    pub terms: Terms,
    rooms: DashMap<RoomName, Hall>,
    /// Whose room a participant's transport belongs to.
    transports: DashMap<TransportId, RoomName>,
    next_socket: AtomicU64,
    /// In all rooms, by socket.
    participants: AtomicUsize,
    /// For tasks that come back later.
    oneself: Weak<Self>,
}

/// A room and the way to those in it.
#[derive(Debug)]
struct Hall {
    room: Room,
    outboxes: HashMap<SocketId, Outbox>,
    /// Of those whose socket is away: each counts for its address until it is back or gone.
    absent: HashMap<MemberId, Place>,
    /// A task comes back to tell what changed.
    to_be_told: bool,
}

impl Hall {
    fn new(name: &RoomName) -> Self {
        let room = Room::new(name.clone());
        Self { room, outboxes: HashMap::new(), absent: HashMap::new(), to_be_told: false }
    }
}

impl Rooms {
    pub fn new(control: Arc<Control>, metrics: Arc<Metrics>, terms: Terms) -> Arc<Self> {
        Arc::new_cyclic(|oneself| Self {
            control,
            metrics,
            terms,
            rooms: DashMap::new(),
            transports: DashMap::new(),
            next_socket: AtomicU64::new(1),
            participants: AtomicUsize::new(0),
            oneself: Weak::clone(oneself),
        })
    }

    /// A name for a socket.
    pub fn socket_id(&self) -> SocketId {
        SocketId(self.next_socket.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether another participant fits into this process.
    pub fn has_space(&self) -> bool {
        self.participants.load(Ordering::Relaxed) < PARTICIPANTS_MAX
    }

    /// Lets a socket try to enter a room, which is made if there is none; the outbox stays with the room if it is let in.
    pub fn enter<T, E>(
        &self,
        name: &RoomName,
        socket: SocketId,
        outbox: &Outbox,
        attempt: impl FnOnce(&mut Room) -> Result<T, E>,
    ) -> Result<T, E> {
        self.with_hall(name, |hall| {
            let entered = attempt(&mut hall.room)?;
            hall.outboxes.insert(socket, outbox.clone());
            Ok(entered)
        })
    }

    /// Does something with a room, if it is there.
    pub fn with<T>(&self, name: &RoomName, act: impl FnOnce(&mut Room) -> T) -> Option<T> {
        let MapEntry::Occupied(mut entry) = self.rooms.entry(name.clone()) else { return None };
        let result = self.act(name, entry.get_mut(), |hall| act(&mut hall.room));
        if entry.get().room.is_empty() {
            entry.remove();
        }
        Some(result)
    }

    /// Who is in a room.
    pub fn identities(&self, name: &RoomName) -> Vec<Identity> {
        self.rooms.get(name).map(|hall| hall.room.identities()).unwrap_or_default()
    }

    /// Rooms that somebody is in.
    pub fn names(&self) -> Vec<RoomName> {
        self.rooms.iter().map(|hall| hall.key().clone()).collect()
    }

    /// Notes whose transport it will be, before anything can happen to it.
    pub fn expect_transport(&self, transport: TransportId, room: &RoomName) {
        self.transports.insert(transport, room.clone());
    }

    /// A transport that came to nothing.
    pub fn forget_transport(&self, transport: TransportId) {
        self.transports.remove(&transport);
    }

    /// Keeps an identity for a WHIP publisher until the reservation is dropped; `None`: a participant by socket has it.
    pub fn reserve(self: &Arc<Self>, room: &RoomName, identity: &Identity) -> Option<Reservation> {
        self.with_hall(room, |hall| hall.room.reserve(identity)).then(|| Reservation {
            rooms: Arc::clone(self),
            room: room.clone(),
            identity: identity.clone(),
        })
    }

    /// Takes in a shard's events until its thread ends.
    pub async fn listen(self: Arc<Self>, shard: ShardIndex, mut events: UnboundedReceiver<Event>) {
        while let Some(event) = events.recv().await {
            self.control.handle_event(shard, event, |news| self.handle_news(news));
        }
        for (transport, room) in self.control.shard_ended(shard) {
            self.handle_news(News::Closed { transport, room, reason: CloseReason::Internal });
        }
    }

    /// Takes what bounds each viewer to those whose pictures it bounds.
    pub fn take_in(&self, samples: &[Sample]) {
        for viewer in samples.iter().flat_map(|sample| &sample.viewers) {
            let limit = viewer.limit.map(|(bps, by)| Limit { by: convert::limited_by(by), bps });
            self.with_owner(viewer.transport, |room| room.limit(viewer.transport, limit));
        }
    }

    /// Ends every socket: the server shuts down.
    pub fn drain(&self) {
        let names: Vec<RoomName> = self.rooms.iter().map(|entry| entry.key().clone()).collect();
        for name in names {
            self.with(&name, Room::drain);
        }
    }

    fn handle_news(&self, news: News) {
        match news {
            News::Published { room, identity, transport, tracks } => {
                self.transports.insert(transport, room.clone());
                self.with_hall(&room, |hall| hall.room.published(now(), identity, transport, &tracks));
            }
            News::Slots { transport, slots } => self.with_owner(transport, |room| room.slots(transport, &slots)),
            News::Encodings { transport, mid, rids } => {
                self.with_owner(transport, |room| room.encodings(transport, &mid, &rids));
            }
            News::PublishRefused { transport, limit_bps } => {
                self.with_owner(transport, |room| room.publish_refused(transport, limit_bps));
            }
            News::Speakers { room, speakers } => {
                self.with(&room, |room| room.speakers(&speakers));
            }
            News::Silent { transport } => self.with_owner(transport, |room| room.silent(transport)),
            News::Heard { transport } => self.with_owner(transport, |room| room.heard(transport)),
            News::Channel { transport, label, state } if label == EVENTS => {
                self.with_owner(transport, |room| room.events_channel(transport, state));
            }
            News::Channel { .. } => {}
            News::Closed { transport, room, reason } => {
                self.transports.remove(&transport);
                self.with(&room, |room| room.closed(transport, reason));
            }
        }
    }

    fn with_owner(&self, transport: TransportId, act: impl FnOnce(&mut Room)) {
        let room = self.transports.get(&transport).map(|room| room.clone());
        room.and_then(|room| self.with(&room, act));
    }

    /// As `with`, in a room that is made if there is none.
    fn with_hall<T>(&self, name: &RoomName, act: impl FnOnce(&mut Hall) -> T) -> T {
        let mut entry = match self.rooms.entry(name.clone()) {
            MapEntry::Occupied(entry) => entry,
            MapEntry::Vacant(entry) => entry.insert_entry(Hall::new(name)),
        };
        let result = self.act(name, entry.get_mut(), act);
        if entry.get().room.is_empty() {
            entry.remove();
        }
        result
    }

    fn act<T>(&self, name: &RoomName, hall: &mut Hall, act: impl FnOnce(&mut Hall) -> T) -> T {
        let before = hall.room.seats();
        let result = act(hall);
        self.carry_out(name, hall);
        let after = hall.room.seats();
        self.count(before, after);
        result
    }

    fn count(&self, before: usize, after: usize) {
        if after == before {
            return;
        }
        if after > before {
            self.participants.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.participants.fetch_sub(before - after, Ordering::Relaxed);
        }
        let change = i64::try_from(after).unwrap_or(0) - i64::try_from(before).unwrap_or(0);
        self.metrics.signal.participants.inc_by(change);
    }

    /// Does all that the room asks for, then tells what changed, now or when it is time.
    fn carry_out(&self, name: &RoomName, hall: &mut Hall) {
        self.drain_outputs(name, hall);
        let mut due = hall.room.tell_changes(now().instant);
        while hall.room.has_output() {
            self.drain_outputs(name, hall);
            due = hall.room.tell_changes(now().instant);
        }
        if let (Some(due), false) = (due, hall.to_be_told) {
            hall.to_be_told = self.come_back(name.clone(), due);
        }
    }

    /// Has the room acted on once more at that time. `false`: the runtime ends.
    fn come_back(&self, name: RoomName, at: Instant) -> bool {
        let (Some(rooms), Ok(runtime)) = (self.oneself.upgrade(), Handle::try_current()) else { return false };
        runtime.spawn(async move {
            sleep_until(at.into()).await;
            let MapEntry::Occupied(mut entry) = rooms.rooms.entry(name.clone()) else { return };
            // A room that was made anew meanwhile is told early, which is no harm.
            rooms.act(&name, entry.get_mut(), |hall| hall.to_be_told = false);
            if entry.get().room.is_empty() {
                entry.remove();
            }
        });
        true
    }

    /// A socket that overflows is gone, which the room may have something to say about.
    fn drain_outputs(&self, name: &RoomName, hall: &mut Hall) {
        while let Some(output) = hall.room.poll_output() {
            match output {
                Output::Tell { to, message } => self.tell(hall, &to, &message),
                Output::End { socket, reason } => {
                    if let Some(outbox) = hall.outboxes.remove(&socket) {
                        self.end(&outbox, reason);
                    }
                }
                Output::Event { to, message } => {
                    let payload = DataPayload::Text(self.written(&message).as_str().to_owned());
                    let missed = self.control.send_data(to, EVENTS, &payload);
                    if !missed.is_empty() {
                        self.metrics.signal.shed(Shed::Event);
                        hall.room.events_missed(&missed, message);
                    }
                }
                Output::Close(transport) => self.control.close(transport),
                Output::Settled(member) => {
                    hall.absent.remove(&member);
                }
                Output::Left { identity, reason } => {
                    tracing::info!(room = %name, participant = %identity, ?reason, "left");
                }
            }
        }
    }

    fn tell(&self, hall: &mut Hall, to: &[SocketId], message: &ServerMessage) {
        let text = self.written(message);
        for socket in to {
            let Some(outbox) = hall.outboxes.get(socket) else { continue };
            if outbox.push(&text).is_err() {
                self.metrics.signal.shed(Shed::SlowReader);
                hall.outboxes.remove(socket);
                let now = now().instant;
                hall.room.socket_gone(now, now, &self.terms, *socket);
            } else {
                self.metrics.signal.messages_sent.inc();
            }
        }
    }

    /// The last words to a socket, in or out of a room.
    pub fn end(&self, outbox: &Outbox, reason: LeaveReason) {
        let (code, message) = last_words(reason);
        let ended = self.written(&ServerMessage::Ended { reason, message: message.to_owned() });
        // An overflow ends the socket just as well.
        let _ = outbox.push(&ended);
        outbox.end(code);
    }

    /// A message as it goes over the wire.
    pub fn written(&self, message: &ServerMessage) -> Utf8Bytes {
        let text = serde_json::to_string(message).unwrap_or_else(|error| {
            tracing::error!(%error, "a message cannot be written");
            String::from("{\"type\":\"error\",\"code\":\"internal\",\"message\":\"a message cannot be written\"}")
        });
        Utf8Bytes::from(text)
    }

    /// A participant's socket, last heard at `heard`, is gone. Says when the participant is given up, if it is absent now; its
    /// place is held so long.
    pub fn socket_gone(
        &self,
        name: &RoomName,
        socket: SocketId,
        member: MemberId,
        heard: Instant,
        place: impl FnOnce() -> Place,
    ) -> Option<Instant> {
        let MapEntry::Occupied(mut entry) = self.rooms.entry(name.clone()) else { return None };
        let absent_until = self.act(name, entry.get_mut(), |hall| {
            hall.outboxes.remove(&socket);
            hall.room.socket_gone(now().instant, heard, &self.terms, socket);
            let absent_until = hall.room.absent_until(member);
            if absent_until.is_some() {
                hall.absent.insert(member, place());
            }
            absent_until
        });
        if entry.get().room.is_empty() {
            entry.remove();
        }
        absent_until
    }
}

/// Keeps an identity for as long as it lives.
#[derive(Debug)]
pub struct Reservation {
    rooms: Arc<Rooms>,
    room: RoomName,
    identity: Identity,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.rooms.with(&self.room, |room| room.release(&self.identity));
    }
}

/// The time, which tests may hold.
pub fn now() -> Now {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Now {
        instant: tokio::time::Instant::now().into_std(),
        unix_ms: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
    }
}

/// Close code (RFC 6455 §7.4.1) and explanation.
fn last_words(reason: LeaveReason) -> (u16, &'static str) {
    match reason {
        LeaveReason::Left => (1000, "you left"),
        LeaveReason::Lost => (1000, "nothing was heard of you for too long; join again"),
        LeaveReason::Replaced => (1000, "you came in from elsewhere, which took your place here"),
        LeaveReason::Draining => (1012, "the server shuts down; join again in a moment"),
        LeaveReason::Misbehaved => (1008, "too much was said too fast, or too little read"),
        LeaveReason::Failed => (1011, "a fault of the server's own; join again"),
    }
}
