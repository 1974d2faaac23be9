//! The series of everybody who is there, or was within ten minutes.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use sfu_core::event::CurrentLayer;
use sfu_core::id::{EncodingId, Identity, MediaKind, Mid, RoomName, TransportId};
use sfu_core::sample::{Sample, SlotSample, ViewerSample};

use super::points::{Narrow, Place, RoomPoint, SlotPoint, TransportPoint, Wide};
use super::ring::{BLOCK, Ring, Tick};

/// How long points are kept, s, and how many that is.
pub const POINTS_MAX: usize = 600;
/// What all points of a node may take, bytes. A transport takes 14 KiB for ten minutes and each of its slots 9.4, so that
/// this is 2,000 viewers of a webinar, or eight meetings of 30; with more, all are kept for less time.
pub const BYTES_MAX: usize = 64 * 1024 * 1024;
/// Series beyond which there are no new ones: each could be kept for half a minute yet.
pub const SERIES_MAX: usize = 40_000;
/// Layers that a slot's series knows by name; a slot that shows many people one after the other sees the same few again.
const LAYERS_MAX: usize = 64;

/// A room.
#[derive(Debug)]
pub(super) struct RoomSeries {
    pub points: Ring<RoomPoint>,
}

/// One connection of a participant.
#[derive(Debug)]
pub(super) struct TransportSeries {
    pub room: RoomName,
    pub identity: Identity,
    pub points: Ring<TransportPoint>,
    pub slots: BTreeMap<Mid, SlotSeries>,
    /// What was counted last, and when.
    last: Option<Counted>,
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    at: Instant,
    sent: u64,
    received: u64,
}

/// One slot.
#[derive(Debug)]
pub(super) struct SlotSeries {
    pub kind: MediaKind,
    pub points: Ring<SlotPoint>,
    /// Those that it was fed by or was to be, by their places in points.
    pub layers: Vec<CurrentLayer>,
    last: Option<CountedSlot>,
}

#[derive(Debug, Clone, Copy)]
struct CountedSlot {
    at: Instant,
    sent: u64,
    source: Option<EncodingId>,
    key_frames: u64,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Store {
    pub rooms: HashMap<RoomName, RoomSeries>,
    pub transports: HashMap<TransportId, TransportSeries>,
    /// Series that there was no room for, counted each second.
    pub shed: u64,
    /// What all points may take.
    bytes_max: usize,
}

impl Store {
    /// Nothing yet; all points may take so many bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self { rooms: HashMap::new(), transports: HashMap::new(), shed: 0, bytes_max }
    }

    /// Takes in what the shards say of a second. `egress` tells what a room may send.
    pub fn take_in(&mut self, tick: Tick, samples: &[Sample], egress: impl Fn(&RoomName) -> Option<u64>) {
        let points_max = self.points_max();
        let mut rooms: HashMap<&RoomName, RoomPoint> = HashMap::new();
        let mut series = self.series();
        for sample in samples {
            let mut slots = sample.slots.iter();
            for viewer in &sample.viewers {
                let its_slots = slots.by_ref().take(viewer.slots);
                let is_known = self.transports.contains_key(&viewer.transport);
                if !is_known && series >= SERIES_MAX {
                    its_slots.for_each(drop);
                    self.shed += 1;
                    continue;
                }
                let its = self.transports.entry(viewer.transport).or_insert_with(|| TransportSeries::new(tick, viewer));
                let before = its.slots.len();
                let point = its.take_in(tick, (sample.at, viewer), its_slots, points_max);
                series += usize::from(!is_known) + its.slots.len().saturating_sub(before);
                rooms.entry(&viewer.room).or_default().add(point);
            }
        }
        for (room, mut point) in rooms {
            point.egress_max = Wide::of(egress(room));
            let its = self.rooms.entry(room.clone()).or_insert_with(|| RoomSeries { points: Ring::new(tick) });
            its.points.push(tick, point, points_max);
        }
        self.forget(tick);
    }

    /// Forgets what is too old, and who was there for nothing else.
    pub fn forget(&mut self, tick: Tick) {
        let points_max = self.points_max();
        self.rooms.retain(|_, room| {
            room.points.keep(tick, points_max);
            !room.points.is_empty()
        });
        self.transports.retain(|_, transport| {
            transport.points.keep(tick, points_max);
            transport.slots.retain(|_, slot| {
                slot.points.keep(tick, points_max);
                !slot.points.is_empty()
            });
            !transport.points.is_empty()
        });
    }

    pub fn is_empty(&self) -> bool {
        self.rooms.is_empty() && self.transports.is_empty()
    }

    fn series(&self) -> usize {
        let slots: usize = self.transports.values().map(|transport| transport.slots.len()).sum();
        slots + self.transports.len()
    }

    /// For how many seconds all of them fit.
    fn points_max(&self) -> usize {
        let slots = self.series() - self.transports.len();
        let a_second = self.rooms.len() * size_of::<RoomPoint>()
            + self.transports.len() * size_of::<TransportPoint>()
            + slots * size_of::<SlotPoint>();
        let fit = self.bytes_max.checked_div(a_second).unwrap_or(usize::MAX);
        fit.saturating_sub(BLOCK).clamp(BLOCK, POINTS_MAX)
    }
}

impl RoomPoint {
    fn add(&mut self, point: TransportPoint) {
        let sum = |sum: Wide, more: Narrow| {
            Wide::of(sum.bps().map_or(more.bps(), |sum| Some(sum + more.bps()?)).or(sum.bps()))
        };
        self.transports = self.transports.saturating_add(1);
        self.allotted = sum(self.allotted, point.allotted);
        self.sent = sum(self.sent, point.sent);
        self.received = sum(self.received, point.received);
    }
}

impl TransportSeries {
    fn new(tick: Tick, viewer: &ViewerSample) -> Self {
        let (room, identity) = (viewer.room.clone(), viewer.identity.clone());
        Self { room, identity, points: Ring::new(tick), slots: BTreeMap::new(), last: None }
    }

    fn take_in<'s>(
        &mut self,
        tick: Tick,
        (at, viewer): (Instant, &ViewerSample),
        slots: impl Iterator<Item = &'s SlotSample>,
        points_max: usize,
    ) -> TransportPoint {
        let now = Counted { at, sent: viewer.bytes_sent, received: viewer.bytes_received };
        let last = self.last.replace(now);
        let point = TransportPoint {
            cap: Wide::of(viewer.cap_bps),
            estimate: Narrow::of(viewer.estimate_bps),
            allotted: Narrow::of(Some(viewer.allotted_bps)),
            sent: Narrow::of(last.and_then(|last| rate((last.at, last.sent), (at, now.sent)))),
            received: Narrow::of(last.and_then(|last| rate((last.at, last.received), (at, now.received)))),
        };
        self.points.push(tick, point, points_max);
        for slot in slots {
            let new = || SlotSeries { kind: slot.kind, points: Ring::new(tick), layers: Vec::new(), last: None };
            match self.slots.get_mut(&slot.mid) {
                Some(its) => its.take_in(tick, at, slot, points_max),
                None => self.slots.entry(slot.mid.clone()).or_insert_with(new).take_in(tick, at, slot, points_max),
            }
        }
        point
    }
}

impl SlotSeries {
    fn take_in(&mut self, tick: Tick, at: Instant, slot: &SlotSample, points_max: usize) {
        let (sent, source, key_frames) = (slot.bytes_sent, slot.source, slot.key_frame_bytes);
        let last = self.last.replace(CountedSlot { at, sent, source, key_frames });
        // What an encoding brought before it fed this slot was not sent here.
        let same = last.filter(|last| source.is_some() && last.source == source);
        let point = SlotPoint {
            allotted: Narrow::of(Some(slot.allotted_bps)),
            sent: Narrow::of(last.and_then(|last| rate((last.at, last.sent), (at, sent)))),
            key_frames: Narrow::of(same.and_then(|last| rate((last.at, last.key_frames), (at, key_frames)))),
            current: self.place(slot.current.as_ref()),
            target: self.place(slot.target.as_ref()),
        };
        self.points.push(tick, point, points_max);
    }

    fn place(&mut self, layer: Option<&CurrentLayer>) -> Place {
        let Some(layer) = layer else { return Place::of(None) };
        let known = self.layers.iter().position(|known| known == layer);
        if known.is_none() && self.layers.len() < LAYERS_MAX {
            self.layers.push(layer.clone());
            return Place::of(Some(self.layers.len() - 1));
        }
        Place::of(known)
    }
}

/// Bit/s between two counts of bytes.
fn rate((then, before): (Instant, u64), (now, after): (Instant, u64)) -> Option<u64> {
    let micros = u64::try_from(now.checked_duration_since(then)?.as_micros()).ok().filter(|micros| *micros > 0)?;
    Some(after.checked_sub(before)?.saturating_mul(8_000_000) / micros)
}
