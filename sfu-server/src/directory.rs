//! Who is where: rooms and their shards, HTTP resources and their transports. Control path; media never touches it.
//! Invariant: a room is listed exactly while transports of it live or are being made, and each of those is counted once, on
//! its own shard.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use sfu_core::id::{Identity, RoomName, TransportId};

use crate::media::ShardIndex;
use crate::placement::{Home, Load, place};

/// Names a WHIP or WHEP resource: 128 random bits, so that knowing one is the right to end it (RFC 9725 §4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResourceId(u128);

impl ResourceId {
    /// Draws one from the operating system's generator.
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// Reads what `Display` wrote; anything else names no resource.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        well_formed.then(|| u128::from_str_radix(text, 16).ok().map(Self)).flatten()
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Which protocol a resource speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Publishes (RFC 9725).
    Whip,
    /// Watches (draft-ietf-wish-whep).
    Whep,
    /// Publishes and watches: a participant of a room, by its WebSocket. HTTP never sees it.
    Meet,
}

impl Kind {
    /// First segment of its URLs.
    pub fn path(self) -> &'static str {
        match self {
            Self::Whip => "whip",
            Self::Whep => "whep",
            Self::Meet => "rooms",
        }
    }
}

/// A live transport as HTTP sees it.
#[derive(Debug, Clone)]
pub struct Resource {
    pub kind: Kind,
    pub room: RoomName,
    pub identity: Identity,
    pub transport: TransportId,
    pub shard: ShardIndex,
    /// Names its ICE generation, the ETag without quotes.
    pub ice_tag: String,
}

/// A room's transports on one shard.
#[derive(Debug)]
struct Share {
    shard: ShardIndex,
    /// That live or are being made.
    transports: usize,
    /// One of them was answered: the shard knows the room.
    answered: bool,
}

/// The shards that a room is on; the first is its home.
#[derive(Debug, Default)]
struct Room(Vec<Share>);

impl Room {
    fn home(&self) -> Option<Home> {
        let shard = self.0.first()?.shard;
        Some(Home { shard, transports: self.0.iter().map(|share| share.transports).sum() })
    }

    fn share(&mut self, shard: ShardIndex) -> Option<&mut Share> {
        self.0.iter_mut().find(|share| share.shard == shard)
    }
}

/// A transport that was answered and is not closed yet.
#[derive(Debug, Clone, Copy)]
struct Listed {
    id: ResourceId,
    shard: ShardIndex,
}

/// Rooms and resources of this process.
#[derive(Debug)]
pub struct Directory {
    rooms: DashMap<RoomName, Room>,
    resources: DashMap<ResourceId, Resource>,
    by_transport: DashMap<TransportId, Listed>,
    publishers: DashMap<(RoomName, Identity), ResourceId>,
    /// Transports per shard.
    loads: Vec<AtomicUsize>,
    /// Load of its home at which a room spreads, percent.
    spread_percent: u32,
}

impl Directory {
    /// An empty directory over this many shards, whose rooms spread when their home is so busy.
    pub fn new(shards: usize, spread_percent: u32) -> Self {
        Self {
            rooms: DashMap::new(),
            resources: DashMap::new(),
            by_transport: DashMap::new(),
            publishers: DashMap::new(),
            loads: (0..shards).map(|_| AtomicUsize::new(0)).collect(),
            spread_percent,
        }
    }

    /// Counts a transport in before it is made and says which shard it goes to. `busy`: how busy a shard is, percent, if it
    /// takes transports. `None`: no shard does.
    pub fn reserve(&self, room: &RoomName, busy: impl Fn(ShardIndex) -> Option<u32>) -> Option<ShardIndex> {
        let entry = self.rooms.entry(room.clone());
        let home = if let Entry::Occupied(entry) = &entry { entry.get().home() } else { None };
        let counts = self.loads.iter().map(|load| load.load(Ordering::Relaxed)).enumerate();
        let loads = counts.filter_map(|(index, transports)| {
            let shard = ShardIndex(index);
            Some(Load { shard, busy_percent: busy(shard)?, transports })
        });
        let shard = place(home, &loads.collect::<Vec<_>>(), self.spread_percent)?;
        let mut room = entry.or_default();
        match room.share(shard) {
            Some(share) => share.transports += 1,
            None => room.0.push(Share { shard, transports: 1, answered: false }),
        }
        self.load(shard).map(|load| load.fetch_add(1, Ordering::Relaxed));
        Some(shard)
    }

    /// Takes a reserved or ended transport out of the count; the room goes with its last.
    pub fn release(&self, room: &RoomName, shard: ShardIndex) {
        let Entry::Occupied(mut entry) = self.rooms.entry(room.clone()) else { return };
        let Some(share) = entry.get_mut().share(shard) else { return };
        share.transports = share.transports.saturating_sub(1);
        self.load(shard).map(|load| load.fetch_sub(1, Ordering::Relaxed));
        entry.get_mut().0.retain(|share| share.transports > 0);
        if entry.get().0.is_empty() {
            entry.remove();
        }
    }

    /// Notes that a shard knows a room, and gives the others that do. Of two that are asked about, the second is told of the
    /// first.
    pub fn others_with(&self, room: &RoomName, shard: ShardIndex) -> Vec<ShardIndex> {
        let Some(mut room) = self.rooms.get_mut(room) else { return Vec::new() };
        if let Some(share) = room.share(shard) {
            share.answered = true;
        }
        room.0.iter().filter(|share| share.answered && share.shard != shard).map(|share| share.shard).collect()
    }

    /// The shards that have transports of a room, or on which some are being made.
    pub fn shards_of(&self, room: &RoomName) -> Vec<ShardIndex> {
        let room = self.rooms.get(room);
        room.map(|room| room.0.iter().map(|share| share.shard).collect()).unwrap_or_default()
    }

    /// Rooms that have transports, or that some are being made for.
    pub fn room_names(&self) -> Vec<RoomName> {
        self.rooms.iter().map(|room| room.key().clone()).collect()
    }

    /// Every live resource of a room, by transport.
    pub fn resources_in(&self, room: &RoomName) -> Vec<Resource> {
        let mut resources: Vec<Resource> =
            self.resources.iter().filter(|resource| resource.room == *room).map(|resource| resource.clone()).collect();
        resources.sort_by_key(|resource| resource.transport);
        resources
    }

    /// Every live resource.
    pub fn all_resources(&self) -> Vec<Resource> {
        self.resources.iter().map(|resource| resource.clone()).collect()
    }

    /// Lists a transport that was answered. A publisher takes the place of the one with its identity, whose resource is
    /// gone from this moment.
    pub fn insert(&self, resource: Resource) -> ResourceId {
        let id = ResourceId::random();
        self.by_transport.insert(resource.transport, Listed { id, shard: resource.shard });
        if resource.kind == Kind::Whip {
            let key = (resource.room.clone(), resource.identity.clone());
            let replaced = self.publishers.insert(key, id);
            replaced.map(|replaced| self.resources.remove(&replaced));
        }
        self.resources.insert(id, resource);
        id
    }

    /// The live resource with this id.
    pub fn get(&self, id: ResourceId) -> Option<Resource> {
        self.resources.get(&id).map(|resource| resource.clone())
    }

    /// Notes a new ICE generation.
    pub fn set_ice_tag(&self, transport: TransportId, ice_tag: &str) {
        let id = self.by_transport.get(&transport).map(|listed| listed.id);
        if let Some(mut resource) = id.and_then(|id| self.resources.get_mut(&id)) {
            resource.ice_tag = ice_tag.to_owned();
        }
    }

    /// Takes a resource away at its owner's wish; the transport stays counted until it is closed.
    pub fn retire(&self, id: ResourceId) -> Option<Resource> {
        let (_, resource) = self.resources.remove(&id)?;
        self.forget_publisher(&resource, id);
        Some(resource)
    }

    /// Takes a closed transport out, resource and count. `false`: it was not listed, so nothing was counted out.
    pub fn remove(&self, transport: TransportId, room: &RoomName) -> bool {
        let Some((_, Listed { id, shard })) = self.by_transport.remove(&transport) else { return false };
        if let Some((_, resource)) = self.resources.remove(&id) {
            self.forget_publisher(&resource, id);
        }
        self.release(room, shard);
        true
    }

    /// The shard that a transport lives on, if it was answered and is not closed.
    pub fn shard_of(&self, transport: TransportId) -> Option<ShardIndex> {
        self.by_transport.get(&transport).map(|listed| listed.shard)
    }

    /// Takes a dead shard's part of every room, and its resources, out; gives the transports that had a resource.
    pub fn remove_shard(&self, shard: ShardIndex) -> Vec<(TransportId, RoomName)> {
        let lost = self.resources.iter().filter(|resource| resource.shard == shard);
        let lost = lost.map(|resource| (resource.transport, resource.room.clone())).collect();
        self.by_transport.retain(|_, listed| listed.shard != shard);
        self.resources.retain(|_, resource| resource.shard != shard);
        self.publishers.retain(|_, id| self.resources.contains_key(id));
        self.rooms.retain(|_, room| {
            room.0.retain(|share| share.shard != shard);
            !room.0.is_empty()
        });
        self.load(shard).map(|load| load.swap(0, Ordering::Relaxed));
        lost
    }

    /// Rooms with at least one transport.
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// Transports that live or are being made.
    pub fn transports(&self) -> usize {
        self.loads.iter().map(|load| load.load(Ordering::Relaxed)).sum()
    }

    /// The same of one shard.
    pub fn transports_on(&self, shard: ShardIndex) -> usize {
        self.load(shard).map_or(0, |load| load.load(Ordering::Relaxed))
    }

    /// Live resources of a kind.
    pub fn resources(&self, kind: Kind) -> usize {
        self.resources.iter().filter(|resource| resource.kind == kind).count()
    }

    fn load(&self, shard: ShardIndex) -> Option<&AtomicUsize> {
        self.loads.get(shard.0)
    }

    fn forget_publisher(&self, resource: &Resource, id: ResourceId) {
        if resource.kind == Kind::Whip {
            let key = (resource.room.clone(), resource.identity.clone());
            self.publishers.remove_if(&key, |_, publisher| *publisher == id);
        }
    }
}
