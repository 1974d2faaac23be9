//! Who is where: rooms and their shards, HTTP resources and their transports. Control path; media never touches it.
//! Invariant: a room is listed exactly while transports of it live or are being made, and each of those is counted once.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use sfu_core::id::{Identity, RoomName, TransportId};

use crate::media::ShardIndex;

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

#[derive(Debug)]
struct Room {
    shard: ShardIndex,
    /// Transports that live or are being made.
    transports: usize,
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
}

impl Directory {
    /// An empty directory over this many shards.
    pub fn new(shards: usize) -> Self {
        Self {
            rooms: DashMap::new(),
            resources: DashMap::new(),
            by_transport: DashMap::new(),
            publishers: DashMap::new(),
            loads: (0..shards).map(|_| AtomicUsize::new(0)).collect(),
        }
    }

    /// Counts a transport in before it is made and says which shard its room lives on: a new room goes to the shard with
    /// the fewest transports among those `usable`. `None`: no shard is.
    pub fn reserve(&self, room: &RoomName, usable: impl Fn(ShardIndex) -> bool) -> Option<ShardIndex> {
        let mut entry = match self.rooms.entry(room.clone()) {
            Entry::Occupied(entry) => entry.into_ref(),
            Entry::Vacant(entry) => {
                let shards = self.loads.iter().enumerate().filter(|(index, _)| usable(ShardIndex(*index)));
                let (index, _) = shards.min_by_key(|(_, load)| load.load(Ordering::Relaxed))?;
                entry.insert(Room { shard: ShardIndex(index), transports: 0 })
            }
        };
        entry.transports += 1;
        self.load(entry.shard).map(|load| load.fetch_add(1, Ordering::Relaxed));
        Some(entry.shard)
    }

    /// Takes a reserved or ended transport out of the count; the room goes with its last.
    pub fn release(&self, room: &RoomName) {
        let Entry::Occupied(mut entry) = self.rooms.entry(room.clone()) else { return };
        entry.get_mut().transports = entry.get().transports.saturating_sub(1);
        self.load(entry.get().shard).map(|load| load.fetch_sub(1, Ordering::Relaxed));
        if entry.get().transports == 0 {
            entry.remove();
        }
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
        let Some((_, Listed { id, .. })) = self.by_transport.remove(&transport) else { return false };
        if let Some((_, resource)) = self.resources.remove(&id) {
            self.forget_publisher(&resource, id);
        }
        self.release(room);
        true
    }

    /// The shard that a transport lives on, if it was answered and is not closed.
    pub fn shard_of(&self, transport: TransportId) -> Option<ShardIndex> {
        self.by_transport.get(&transport).map(|listed| listed.shard)
    }

    /// Takes a dead shard's rooms and resources out; gives the transports that had a resource.
    pub fn remove_shard(&self, shard: ShardIndex) -> Vec<(TransportId, RoomName)> {
        let lost = self.resources.iter().filter(|resource| resource.shard == shard);
        let lost = lost.map(|resource| (resource.transport, resource.room.clone())).collect();
        self.by_transport.retain(|_, listed| listed.shard != shard);
        self.resources.retain(|_, resource| resource.shard != shard);
        self.publishers.retain(|_, id| self.resources.contains_key(id));
        self.rooms.retain(|_, room| room.shard != shard);
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
