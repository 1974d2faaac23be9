//! Whole frames out of packets, and which of them can be decoded: what libwebrtc's packet buffer, reference finder and frame buffer do.
//! It goes by what the server's rewritten headers say, and a fault is noted where that differs from what the publisher meant.

use std::collections::{BTreeMap, BTreeSet};

use crate::marks::Mark;
use crate::vp8::Told;

/// A packet of a frame.
pub struct Packet {
    pub timestamp: u32,
    pub marker: bool,
    pub told: Told,
    pub bytes: usize,
    /// It was asked for.
    pub repeated: bool,
}

/// A frame of which every packet is here.
#[derive(Debug, Clone, Copy)]
pub struct Whole {
    pub first: u64,
    pub last: u64,
    pub timestamp: u32,
    pub told: Told,
    /// Some of it had to be asked for.
    pub repeated: bool,
    pub bytes: usize,
}

/// Frames of one group by temporal layer, as picture ids.
type Group = [Option<u64>; 3];

#[derive(Default)]
pub struct Frames {
    packets: BTreeMap<u64, Packet>,
    whole: BTreeMap<u64, Whole>,
    /// Of padding alone.
    empty: BTreeSet<u64>,
    /// The last frame that was decoded.
    last: Option<Whole>,
    /// Groups of temporal layers, by TL0PICIDX without rounds.
    groups: BTreeMap<u64, Group>,
    /// What the decoder holds, by who sent it.
    held: BTreeSet<(u8, u8, u32)>,
    pub faults: Vec<String>,
}

impl Frames {
    /// Takes a packet; the frame that it made whole.
    pub fn insert(&mut self, index: u64, packet: Packet) -> Option<Whole> {
        let is_over = self.last.is_some_and(|last| index <= last.last);
        if is_over || self.whole.range(..=index).next_back().is_some_and(|(_, it)| index <= it.last) {
            return None;
        }
        self.packets.entry(index).or_insert(packet);
        let first = self.begin(index)?;
        let last = self.end(index)?;
        let packets: Vec<Packet> = (first..=last).filter_map(|at| self.packets.remove(&at)).collect();
        let head = &packets[0];
        let places =
            packets.iter().zip(0_u8..).all(|(packet, index)| packet.told.mark == Mark { index, ..head.told.mark });
        if !places || packets.len() != usize::from(head.told.mark.count) {
            self.faults.push(format!("{} packets are no frame of {:?}", packets.len(), head.told));
        }
        let repeated = packets.iter().any(|packet| packet.repeated);
        let bytes = packets.iter().map(|packet| packet.bytes).sum();
        let whole = Whole { first, last, timestamp: head.timestamp, told: head.told, repeated, bytes };
        self.whole.insert(first, whole);
        Some(whole)
    }

    /// A packet without media.
    pub fn insert_empty(&mut self, index: u64) {
        self.empty.insert(index);
    }

    fn begin(&self, index: u64) -> Option<u64> {
        let mut at = index;
        loop {
            let packet = self.packets.get(&at)?;
            if packet.told.begins {
                return Some(at);
            }
            at = at.checked_sub(1)?;
        }
    }

    fn end(&self, index: u64) -> Option<u64> {
        let mut at = index;
        while !self.packets.get(&at)?.marker {
            at += 1;
        }
        Some(at)
    }

    /// The next frame that can be decoded.
    pub fn next(&self) -> Option<Whole> {
        self.whole.values().find(|whole| self.is_decodable(whole)).copied()
    }

    fn is_decodable(&self, whole: &Whole) -> bool {
        if whole.told.mark.key {
            return true;
        }
        let Some(last) = self.last else { return false };
        match whole.told.temporal {
            None => (last.last + 1..whole.first).all(|index| self.empty.contains(&index)),
            Some(temporal) => {
                let group = self.group_of(whole);
                let held = |group: u64, layer: usize| self.groups.get(&group).is_some_and(|it| it[layer].is_some());
                match temporal.layer {
                    0 => group > 0 && held(group - 1, 0),
                    _ if temporal.sync => held(group, 0),
                    layer => {
                        held(group, 0) && (1..=usize::from(layer)).all(|below| self.is_unbroken(group, below, whole))
                    }
                }
            }
        }
    }

    /// Whether what a frame of this group refers to in a layer is known: in doubt the layer's last frame, if the group has one.
    fn is_unbroken(&self, group: u64, layer: usize, whole: &Whole) -> bool {
        let Some(known) = self.groups.get(&group) else { return false };
        // Nothing between its group's last known frame and itself is missing.
        let newest = known.iter().flatten().max().copied().unwrap_or(0);
        known[layer].is_some() || u64::from(whole.told.picture_id) == (newest + 1) & 0x7fff
    }

    fn group_of(&self, whole: &Whole) -> u64 {
        let last = self.groups.last_key_value().map_or(1 << 8, |(group, _)| *group);
        let ahead = whole.told.tl0.wrapping_sub(last as u8) as i8;
        last.saturating_add_signed(i64::from(ahead))
    }

    /// Gives a frame to the decoder.
    pub fn decode(&mut self, whole: Whole) {
        let (told, mark) = (whole.told, whole.told.mark);
        let name = |frame| (mark.publisher, mark.encoding, frame);
        if mark.key {
            self.held.clear();
        } else if !self.held.contains(&name(told.refers)) {
            self.faults.push(format!("refers to a frame that was not decoded: {told:?}"));
        }
        self.held.insert(name(mark.frame));
        while self.held.len() > 64 {
            self.held.pop_first();
        }
        if let Some(temporal) = told.temporal {
            let group = self.group_of(&whole);
            let known = self.groups.entry(group).or_default();
            let id = Some(u64::from(told.picture_id));
            if mark.key {
                *known = [id; 3];
            } else if temporal.layer == 0 {
                *known = [id, None, None];
            } else {
                known[usize::from(temporal.layer).min(2)] = id;
            }
            while self.groups.len() > 16 {
                self.groups.pop_first();
            }
        }
        self.last = Some(whole);
        self.packets = self.packets.split_off(&(whole.last + 1));
        self.whole = self.whole.split_off(&(whole.last + 1));
        self.empty = self.empty.split_off(&(whole.last + 1));
    }

    pub fn has_begun(&self) -> bool {
        self.last.is_some()
    }

    /// The first packet that waits for others, if any does.
    pub fn waiting(&self) -> Option<u64> {
        let whole = self.whole.first_key_value().map(|(first, _)| *first);
        let part = self.packets.first_key_value().map(|(first, _)| *first);
        [whole, part].into_iter().flatten().min()
    }
}
