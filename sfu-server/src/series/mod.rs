//! What was sent to whom, second by second, for ten minutes: the proof that caps hold, and what a complaint is answered with.
//!
//! Control path: once a second the shards are asked for a few numbers, as long as somebody is there. Nothing is kept of a second
//! in which nobody was, and an idle server asks nobody. All of it takes at most [`BYTES_MAX`].

mod points;
mod ring;
mod store;
#[cfg(test)]
mod tests;

pub use points::{Narrow, Place, RoomPoint, SlotPoint, TransportPoint, Wide};
pub use ring::Tick;
pub use store::{BYTES_MAX, POINTS_MAX, SERIES_MAX};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sfu_core::event::CurrentLayer;
use sfu_core::id::{Identity, MediaKind, Mid, RoomName, TransportId};
use sfu_core::sample::Sample;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::control::Control;
use crate::signal::{self, Rooms};
use store::Store;

/// How often is sampled.
pub const INTERVAL: Duration = Duration::from_secs(1);

/// Some of the last seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract<T> {
    /// When the first point's second began, ms since 1970 (UTC).
    pub from_ms: u64,
    /// How many points each series has.
    pub points: usize,
    pub of: T,
}

/// A transport's points, and those of its slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfTransport {
    pub transport: TransportId,
    pub points: Vec<TransportPoint>,
    pub slots: Vec<OfSlot>,
}

/// A slot's points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfSlot {
    pub mid: Mid,
    pub kind: MediaKind,
    pub layers: Vec<CurrentLayer>,
    pub points: Vec<SlotPoint>,
}

/// What was sent to whom.
#[derive(Debug)]
pub struct History {
    store: Mutex<Store>,
    /// When seconds began to be counted, ms since 1970 (UTC).
    began_ms: u64,
    began: Instant,
}

impl Default for History {
    fn default() -> Self {
        Self { store: Mutex::new(Store::new(BYTES_MAX)), began_ms: signal::now().unix_ms, began: Instant::now() }
    }
}

impl History {
    /// Takes in what the shards say of a second.
    pub fn take_in(&self, tick: Tick, samples: &[Sample], egress: impl Fn(&RoomName) -> Option<u64>) {
        self.lock().take_in(tick, samples, egress);
    }

    /// The last so many seconds of a room, if anything is known of it.
    pub fn of_room(&self, room: &RoomName, seconds: usize) -> Extract<Option<Vec<RoomPoint>>> {
        let (from, to) = self.last(seconds);
        let points = self.lock().rooms.get(room).map(|room| room.points.between(from, to));
        self.extract(from, to, points)
    }

    /// The same of a participant's transports, in their order; none: nothing is known of it.
    pub fn of_participant(&self, room: &RoomName, identity: &Identity, seconds: usize) -> Extract<Vec<OfTransport>> {
        let (from, to) = self.last(seconds);
        let store = self.lock();
        let its = store.transports.iter().filter(|(_, it)| it.room == *room && it.identity == *identity);
        let mut transports: Vec<OfTransport> = its
            .map(|(transport, it)| OfTransport {
                transport: *transport,
                points: it.points.between(from, to),
                slots: it
                    .slots
                    .iter()
                    .map(|(mid, slot)| OfSlot {
                        mid: mid.clone(),
                        kind: slot.kind,
                        layers: slot.layers.clone(),
                        points: slot.points.between(from, to),
                    })
                    .collect(),
            })
            .collect();
        transports.sort_by_key(|it| it.transport);
        self.extract(from, to, transports)
    }

    /// Series that there was no room for, counted each second.
    pub fn shed(&self) -> u64 {
        self.lock().shed
    }

    /// The last so many seconds that are over.
    fn last(&self, seconds: usize) -> (Tick, Tick) {
        let to = self.tick();
        let seconds = u64::try_from(seconds.min(POINTS_MAX)).unwrap_or(u64::MAX);
        (Tick(to.0.saturating_sub(seconds)), to)
    }

    fn extract<T>(&self, from: Tick, to: Tick, of: T) -> Extract<T> {
        let from_ms = self.began_ms.saturating_add(from.0.saturating_mul(1_000));
        Extract { from_ms, points: usize::try_from(to.0.saturating_sub(from.0)).unwrap_or(0), of }
    }

    /// The second that goes on now.
    fn tick(&self) -> Tick {
        Tick(self.began.elapsed().as_secs())
    }

    /// Held for a few steps, never across an await.
    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Samples once a second for as long as the server runs, and has who is limited told by how much.
pub async fn keep(control: Arc<Control>, history: Arc<History>, rooms: Arc<Rooms>) {
    let mut seconds = interval(INTERVAL);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        seconds.tick().await;
        let tick = history.tick();
        if control.directory.transports() > 0 {
            let samples = control.samples().await;
            let egress = |room: &RoomName| control.room_caps(room).room_egress_max_bps;
            history.take_in(tick, &samples, egress);
            rooms.take_in(&samples);
        } else if !history.lock().is_empty() {
            history.lock().forget(tick);
        }
    }
}
