//! One video slot in a browser: what comes, what is asked for again, and what is shown when.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sfu_core::rtp::{ExtSeqNo, RtpPacket, SeqNo};

use crate::frames::{Frames, Packet, Whole};
use crate::marks::{Mark, height_of};
use crate::nacks::Nacks;
use crate::playout::Playout;
use crate::vp8::{self, Told};

/// Without anything to decode for so long after all was asked for, a key frame is asked for; and again (kMaxWaitForKeyFrame).
const KEY_PATIENCE: Duration = Duration::from_millis(200);
/// Whatever is still hoped for (kMaxWaitForFrame).
const PATIENCE: Duration = Duration::from_secs(3);
/// Who was sent nothing for so long is asked for nothing (kInactiveStreamThreshold).
const INACTIVE: Duration = Duration::from_secs(5);
/// A frame is given to the decoder so long before it is shown.
const DECODE: Duration = Duration::from_millis(4);

/// A frame on the screen.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    pub at: Instant,
    pub mark: Mark,
    pub bytes: usize,
}

impl Shown {
    pub fn height(&self) -> u16 {
        height_of(self.mark.encoding)
    }
}

#[derive(Default)]
pub struct Eye {
    pub nacks: Nacks,
    pub frames: Frames,
    playout: Playout,
    pub shown: Vec<Shown>,
    /// When the first sending of each packet came, with what number: by encoding, frame and place in it.
    pub came: HashMap<(u8, u32, u8), (u16, Instant)>,
    pub repaired: u64,
    pub key_requests: u64,
    next: Option<(Whole, Instant)>,
    highest: Option<u64>,
    waits_since: Option<Instant>,
    asked_key: Option<Instant>,
    /// When a packet came last.
    heard: Option<Instant>,
}

fn part(packet: &RtpPacket<'_>, told: Told, repeated: bool) -> Packet {
    let (timestamp, marker, bytes) = (packet.timestamp.0, packet.marker, packet.payload.len());
    Packet { timestamp, marker, told, bytes, repeated }
}

impl Eye {
    pub fn media(&mut self, now: Instant, index: u64, packet: &RtpPacket<'_>, round_trip: Duration) {
        self.heard = Some(now);
        self.highest = self.highest.max(Some(index));
        self.nacks.media(now, index);
        let Some(told) = vp8::read(packet.payload) else {
            self.frames.insert_empty(index);
            return self.look(now, round_trip);
        };
        self.came.entry((told.mark.encoding, told.mark.frame, told.mark.index)).or_insert((index as u16, now));
        let whole = self.frames.insert(index, part(packet, told, false));
        self.take(now, whole, round_trip);
    }

    /// A packet in RTX format.
    pub fn repeat(&mut self, now: Instant, packet: &RtpPacket<'_>, round_trip: Duration) {
        let Some((number, payload)) = packet.payload.split_first_chunk() else { return };
        let Some(told) = vp8::read(payload) else { return };
        let number = SeqNo(u16::from_be_bytes(*number));
        let Some(index) = self.highest.and_then(|highest| ExtSeqNo(highest).extend(number)) else { return };
        self.nacks.repeated(index.0);
        self.repaired += 1;
        let whole = self.frames.insert(index.0, part(packet, told, true));
        self.take(now, whole, round_trip);
    }

    fn take(&mut self, now: Instant, whole: Option<Whole>, round_trip: Duration) {
        if let Some(whole) = whole {
            self.playout.arrived(now, whole.timestamp, whole.bytes, whole.repeated);
        }
        self.look(now, round_trip);
    }

    /// Bytes of frames decoded since then.
    pub fn bytes_since(&self, since: Instant) -> usize {
        self.shown.iter().filter(|frame| frame.at >= since).map(|frame| frame.bytes).sum()
    }

    /// When `wake` is due.
    pub fn due(&self) -> Option<Instant> {
        self.next.map(|(_, at)| at - DECODE)
    }

    pub fn wake(&mut self, now: Instant, round_trip: Duration) {
        while let Some((whole, at)) = self.next.filter(|(_, at)| *at - DECODE <= now) {
            self.next = None;
            self.frames.decode(whole);
            self.nacks.forget_before(whole.last + 1);
            self.shown.push(Shown { at, mark: whole.told.mark, bytes: whole.bytes });
            self.look(now, round_trip);
        }
    }

    /// Looks what is next.
    fn look(&mut self, now: Instant, round_trip: Duration) {
        let next = self.frames.next();
        self.next = match (self.next, next) {
            (Some((known, at)), Some(next)) if known.first == next.first => Some((known, at)),
            (_, Some(next)) => Some((next, self.playout.shows_at(now, next.timestamp, round_trip))),
            (_, None) => None,
        };
        self.waits_since = match (self.next, self.frames.waiting()) {
            (None, Some(_)) => self.waits_since.or(Some(now)),
            _ => None,
        };
    }

    /// Whether to ask for a key frame now.
    pub fn wants_key(&mut self, now: Instant) -> bool {
        let Some(since) = self.waits_since else { return false };
        let hopes = self.frames.waiting().is_some_and(|first| self.nacks.hopes_before(first + 200));
        let patience = match (self.frames.has_begun(), hopes) {
            (false, _) => Duration::ZERO,
            (true, false) => KEY_PATIENCE,
            (true, true) => PATIENCE,
        };
        let is_active = self.heard.is_some_and(|heard| now < heard + INACTIVE);
        let wants =
            is_active && now >= since + patience && self.asked_key.is_none_or(|asked| now >= asked + KEY_PATIENCE);
        if wants {
            self.asked_key = Some(now);
            self.key_requests += 1;
        }
        wants
    }
}
