//! One received stream: reordering, repairs, and a decoder that takes whole frames in order and notices everything odd.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use sfu_core::codec::vp8;
use sfu_core::id::MediaKind;
use sfu_core::rtp::{ExtSeqNo, RtpPacket, RtpTime, SeqNo};

use crate::marks::{Mark, VP8_MARK_AT};

/// A decoder waits this long for a repair before it looks for a keyframe.
const PATIENCE: Duration = Duration::from_millis(300);
/// Reordering is not asked about at once.
const NACK_GRACE: Duration = Duration::from_millis(10);
const NACK_REPEAT: Duration = Duration::from_millis(80);
const NACK_TRIES_MAX: u32 = 10;
/// A browser remembers as many.
const MISSING_MAX: u64 = 1_000;

struct Packet {
    timestamp: u32,
    marker: bool,
    begins_frame: bool,
    picture_id: u16,
    tl0: u8,
    temporal: u8,
    mark: Mark,
}

/// A frame that was decoded.
#[derive(Debug, Clone, Copy)]
pub struct Frame {
    pub mark: Mark,
    pub timestamp: u32,
    pub at: Instant,
    /// Frames before it were given up.
    pub after_skip: bool,
    picture_id: u16,
    tl0: u8,
    pub temporal: u8,
}

struct Missing {
    since: Instant,
    asked: Option<Instant>,
    tries: u32,
}

pub struct Receiver {
    pub kind: MediaKind,
    pub frames: Vec<Frame>,
    /// What must never happen.
    pub faults: Vec<String>,
    pub packets: u64,
    /// What came, once or several times.
    pub marks: BTreeSet<Mark>,
    /// When each packet came, and its bytes of payload.
    pub arrivals: Vec<(Instant, usize)>,
    pub repaired: u64,
    pub packets_nacked: u64,
    /// The first packet on the wire, and when.
    pub first: Option<(Instant, Mark)>,
    first_index: Option<u64>,
    waiting: BTreeMap<u64, Packet>,
    /// Numbers already given to the decoder are below this; `None` before the first keyframe.
    next: Option<u64>,
    highest: Option<u64>,
    missing: BTreeMap<u64, Missing>,
    /// Numbers of nothing but padding.
    padding: BTreeSet<u64>,
    /// Those that came before the newest frame.
    padding_since_frame: u16,
    stalled_since: Option<Instant>,
    /// The frame before `next` had no end.
    cut: bool,
    /// When it was last looked for a frame.
    looked: Option<Instant>,
}

impl Receiver {
    pub fn new(kind: MediaKind) -> Self {
        Self {
            kind,
            frames: vec![],
            faults: vec![],
            packets: 0,
            marks: BTreeSet::new(),
            arrivals: vec![],
            repaired: 0,
            packets_nacked: 0,
            first: None,
            first_index: None,
            waiting: BTreeMap::new(),
            next: None,
            highest: None,
            missing: BTreeMap::new(),
            padding: BTreeSet::new(),
            padding_since_frame: 0,
            stalled_since: None,
            cut: false,
            looked: None,
        }
    }

    pub fn media(&mut self, now: Instant, index: u64, packet: &RtpPacket<'_>) {
        let parsed = if packet.payload.is_empty() { None } else { self.parse(packet, packet.payload) };
        if let Some(parsed) = &parsed {
            self.first.get_or_insert((now, parsed.mark));
        }
        self.first_index.get_or_insert(index);
        self.packets += 1;
        self.arrivals.push((now, packet.payload.len()));
        if let Some(highest) = self.highest {
            for index in (highest + 1).max(index.saturating_sub(MISSING_MAX))..index {
                self.missing.insert(index, Missing { since: now, asked: None, tries: 0 });
            }
        } else if index >= 1 << 15 {
            self.faults.push(format!("the first number is {index}"));
        }
        self.highest = self.highest.max(Some(index));
        while self.missing.len() as u64 > MISSING_MAX {
            self.missing.pop_first();
        }
        self.take(now, index, parsed);
    }

    /// A packet in RTX format.
    pub fn repeat(&mut self, now: Instant, packet: &RtpPacket<'_>) {
        let Some((number, payload)) = packet.payload.split_first_chunk() else { return };
        let parsed = if payload.is_empty() { None } else { self.parse(packet, payload) };
        let number = SeqNo(u16::from_be_bytes(*number));
        let Some(index) = self.highest.and_then(|highest| ExtSeqNo(highest).extend(number)) else { return };
        self.repaired += u64::from(self.missing.contains_key(&index.0));
        self.take(now, index.0, parsed);
    }

    fn take(&mut self, now: Instant, index: u64, packet: Option<Packet>) {
        if let Some(packet) = packet {
            return self.insert(now, index, packet);
        }
        self.missing.remove(&index);
        self.padding.insert(index);
        self.decode(now);
    }

    fn parse(&mut self, packet: &RtpPacket<'_>, payload: &[u8]) -> Option<Packet> {
        let parsed = match self.kind {
            MediaKind::Audio => payload.get(1..).and_then(Mark::read).map(|mark| (mark, true, 0, 0, 0)),
            MediaKind::Video => vp8::parse(payload).and_then(|descriptor| {
                let mark = payload.get(VP8_MARK_AT..).and_then(Mark::read)?;
                let id = descriptor.picture_id?.value.value();
                Some((mark, descriptor.is_frame_start(), id, descriptor.tl0?.value, descriptor.temporal.unwrap_or(0)))
            }),
        };
        let Some((mark, begins_frame, picture_id, tl0, temporal)) = parsed else {
            self.faults.push(format!("a payload of {} bytes without a mark", payload.len()));
            return None;
        };
        self.marks.insert(mark);
        let marker = packet.marker || self.kind == MediaKind::Audio;
        Some(Packet { timestamp: packet.timestamp.0, marker, begins_frame, picture_id, tl0, temporal, mark })
    }

    fn insert(&mut self, now: Instant, index: u64, packet: Packet) {
        self.missing.remove(&index);
        if self.next.is_some_and(|next| index < next) {
            return;
        }
        if let Some(known) = self.waiting.get(&index)
            && (known.mark != packet.mark || known.timestamp != packet.timestamp)
        {
            self.faults.push(format!("number {index} was {:?} and is {:?}", known.mark, packet.mark));
        }
        self.waiting.insert(index, packet);
        self.decode(now);
    }

    /// Decodes what can be decoded.
    pub fn decode(&mut self, now: Instant) {
        self.looked = Some(now);
        loop {
            while let Some(next) = self.next.filter(|next| self.padding.remove(next)) {
                self.next = Some(next + 1);
                self.padding_since_frame += 1;
            }
            self.drop_cut_frame();
            let found = match self.next {
                Some(next) => self.complete(next).map(|end| (next, end, self.cut)),
                None => self.keyframe(),
            };
            if let Some((start, end, skips)) = found {
                self.emit(now, start, end, skips);
                continue;
            }
            let waits = self.next.is_some_and(|next| self.waiting.range(next..).next().is_some());
            self.stalled_since = if waits { self.stalled_since.or(Some(now)) } else { None };
            let patience = if self.kind == MediaKind::Audio { Duration::from_millis(100) } else { PATIENCE };
            if self.stalled_since.is_some_and(|since| now >= since + patience)
                && let Some((start, end, _)) = self.keyframe()
            {
                self.emit(now, start, end, true);
                continue;
            }
            return;
        }
    }

    /// The earliest complete frame that needs no other.
    fn keyframe(&self) -> Option<(u64, u64, bool)> {
        let mut starts = self.waiting.iter().filter(|(_, packet)| packet.begins_frame && packet.mark.key);
        starts.find_map(|(start, _)| Some((*start, self.complete(*start)?, true)))
    }

    /// The last packet of the frame that begins at `start`, if all are here.
    fn complete(&self, start: u64) -> Option<u64> {
        let mut at = start;
        while !self.waiting.get(&at)?.marker {
            at += 1;
            // It was cut short by a change of source: another frame begins.
            if self.waiting.get(&at)?.begins_frame {
                return None;
            }
        }
        Some(at)
    }

    /// A publisher that goes in the middle of a frame leaves it without its end, and without a gap: another one begins.
    fn drop_cut_frame(&mut self) {
        let Some(start) = self.next else { return };
        let mut at = start;
        while let Some(packet) = self.waiting.get(&at) {
            if packet.begins_frame && at != start {
                self.waiting = self.waiting.split_off(&at);
                self.next = Some(at);
                self.cut = true;
                return;
            }
            if packet.marker {
                return;
            }
            at += 1;
        }
    }

    fn emit(&mut self, now: Instant, start: u64, end: u64, skips: bool) {
        let packets: Vec<Packet> = (start..=end).filter_map(|at| self.waiting.remove(&at)).collect();
        self.waiting = self.waiting.split_off(&end);
        self.missing = self.missing.split_off(&end);
        self.next = Some(end + 1);
        self.stalled_since = None;
        self.cut = false;
        let first = &packets[0];
        let whole = packets.iter().zip(0_u8..).all(|(packet, index)| {
            let expected = Mark { index, ..first.mark };
            packet.mark == expected && packet.timestamp == first.timestamp && packet.picture_id == first.picture_id
        });
        if !whole || packets.len() != usize::from(first.mark.count) || !first.begins_frame {
            self.faults.push(format!("{} packets are no frame of {:?}", packets.len(), first.mark));
        }
        let frame = Frame {
            mark: first.mark,
            timestamp: first.timestamp,
            at: now,
            after_skip: skips,
            picture_id: first.picture_id,
            tl0: first.tl0,
            temporal: first.temporal,
        };
        self.check_order(&frame);
        self.padding_since_frame = 0;
        self.frames.push(frame);
    }

    fn check_order(&mut self, frame: &Frame) {
        let Some(last) = self.frames.last().copied() else { return };
        let mut fault = |what: &str| self.faults.push(format!("{what}: {frame:?} after {last:?}"));
        if frame.after_skip && !frame.mark.key {
            fault("goes on without a keyframe");
        }
        if !RtpTime(frame.timestamp).is_after(RtpTime(last.timestamp)) {
            fault("media time stands still");
        }
        if frame.after_skip {
            return;
        }
        // Where padding stands for a frame that came late and is left out, its picture id is missing.
        let ids = frame.picture_id.wrapping_sub(last.picture_id.wrapping_add(1)) & 0x7fff;
        let tl0 = last.tl0.wrapping_add(u8::from(frame.temporal == 0));
        if self.kind == MediaKind::Video && (ids > self.padding_since_frame || frame.tl0 != tl0) {
            fault("ids have a gap");
        }
        let source = |mark: &Mark| (mark.publisher, mark.encoding);
        let needed = frame.mark.frame - u32::from(frame.mark.needs_back);
        let since_keyframe = self.frames.iter().rev().take_while(|known| source(&known.mark) == source(&frame.mark));
        if !frame.mark.key && !since_keyframe.take(16).any(|known| known.mark.frame == needed) {
            fault("refers to a frame that was not decoded");
        }
    }

    /// The wire's form of the first number.
    pub fn first_number(&self) -> Option<u16> {
        self.first_index.map(|index| index as u16)
    }

    /// Whether nothing can be decoded before another keyframe comes.
    pub fn wants_keyframe(&self, now: Instant) -> bool {
        let stalled = self.stalled_since.is_some_and(|since| now >= since + PATIENCE);
        self.kind == MediaKind::Video && (stalled || (self.next.is_none() && self.packets > 0))
    }

    /// Numbers to ask for now.
    pub fn nacks(&mut self, now: Instant) -> Vec<u16> {
        self.missing.retain(|_, missing| missing.tries < NACK_TRIES_MAX);
        let mut due = vec![];
        for (index, missing) in &mut self.missing {
            let at = missing.asked.map_or(missing.since + NACK_GRACE, |asked| asked + NACK_REPEAT);
            if at <= now && self.kind == MediaKind::Video {
                missing.asked = Some(now);
                missing.tries += 1;
                due.push(*index as u16);
            }
        }
        self.packets_nacked += due.len() as u64;
        due
    }

    /// The longest time without a new frame, from the first one until now.
    pub fn longest_freeze(&self) -> Duration {
        let since_last = self.frames.last().zip(self.looked).map(|(frame, now)| now - frame.at);
        let between = self.frames.windows(2).map(|pair| pair[1].at - pair[0].at);
        between.chain(since_last).max().expect("a frame was seen")
    }

    pub fn skips(&self) -> usize {
        self.frames.iter().skip(1).filter(|frame| frame.after_skip).count()
    }

    /// Whose frames they were, without repeats.
    pub fn publishers(&self) -> Vec<u8> {
        let mut publishers: Vec<u8> = self.frames.iter().map(|frame| frame.mark.publisher).collect();
        publishers.dedup();
        publishers
    }
}
