//! Follows one stream by its headers alone: what is missing and to be asked for, what is lost for good, whether media time
//! goes on, whether frames end with their marker. Cheap enough for every packet of every client.
//!
//! Invariant: nothing is counted twice, and a fault never stops the following.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::header::ClearHeader;
use crate::verify::Fault;

/// A number is asked for once it is missing so long: reordering on the way is not loss.
const GRACE: Duration = Duration::from_millis(10);
/// Between two requests for the same packet; above most round trips.
const ASK_AGAIN: Duration = Duration::from_millis(60);
/// How often a packet is asked for.
const ASKED_MAX: u8 = 10;
/// What is missing for so long is lost.
const PATIENCE: Duration = Duration::from_millis(1_000);
/// Numbers that may be missing at a time; a jump that is longer counts the rest as lost at once.
const MISSING_MAX: u64 = 1_000;
/// Numbers of which it is known whether they came, to tell a repeat from a straggler.
const WINDOW: u64 = 128;

/// Whether a stream's packets make up frames that end with a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Video: RFC 7741 §4.1, RFC 6184 §5.1.
    Marked,
    /// Audio: each packet is one.
    Single,
}

#[derive(Clone, Copy, Debug)]
struct Missing {
    since: Instant,
    asked: Option<Instant>,
    times: u8,
}

/// The packet with the highest number.
#[derive(Clone, Copy, Debug)]
struct Latest {
    number: u64,
    timestamp: u32,
    marker: bool,
}

/// Follows one SSRC.
#[derive(Debug)]
pub struct StreamWatch {
    framing: Framing,
    latest: Option<Latest>,
    first: u64,
    /// Bit n: the number n below the highest came.
    came: u128,
    missing: BTreeMap<u64, Missing>,
    /// Frames whose end came while something up to it was missing: their timestamps by the ends' numbers. As old as the oldest that
    /// is missing at most, so bounded by the patience with that.
    waiting: BTreeMap<u64, u32>,
    /// Timestamps of the frames that the latest packet made whole.
    ended: Vec<u32>,
    /// Packets that came, repeats not among them.
    pub packets: u64,
    /// Packets that came again.
    pub duplicates: u64,
    /// Packets that were missing, and came.
    pub mended: u64,
    pub lost: u64,
    /// Frames of which every packet came, and of those before them too, or never will.
    pub frames: u64,
    pub faults: BTreeMap<Fault, u64>,
}

impl StreamWatch {
    pub fn new(framing: Framing) -> Self {
        Self {
            framing,
            latest: None,
            first: 0,
            came: 0,
            missing: BTreeMap::new(),
            waiting: BTreeMap::new(),
            ended: Vec::new(),
            packets: 0,
            duplicates: 0,
            mended: 0,
            lost: 0,
            frames: 0,
            faults: BTreeMap::new(),
        }
    }

    /// A packet under its own number, retransmissions back in their original form.
    pub fn on_packet(&mut self, now: Instant, header: &ClearHeader) {
        self.ended.clear();
        let Some(latest) = self.latest else {
            // Starts at 2¹⁶ so that early stragglers fit below.
            let number = 0x1_0000 + u64::from(header.sequence_number);
            self.first = number;
            self.came = 1;
            self.advance(number, header);
            return;
        };
        let number = extended(latest.number, header.sequence_number);
        if number <= latest.number {
            self.late(latest.number - number, number, header);
            return;
        }
        let step = number - latest.number;
        self.came = u32::try_from(step).ok().and_then(|step| self.came.checked_shl(step)).unwrap_or(0) | 1;
        if step == 1 {
            self.check_next(latest, header);
        } else {
            self.miss(now, latest.number + 1, number);
        }
        self.check_time(latest, header);
        self.advance(number, header);
    }

    /// Timestamps of the frames that the latest packet made whole: the last one, and those that waited for it.
    pub fn ended(&self) -> &[u32] {
        &self.ended
    }

    /// The numbers to ask for now.
    pub fn nacks(&mut self, now: Instant) -> Vec<u16> {
        let mut due = Vec::new();
        for (number, missing) in &mut self.missing {
            let at = missing.asked.map_or(missing.since + GRACE, |asked| asked + ASK_AGAIN);
            if at <= now && missing.times < ASKED_MAX {
                missing.asked = Some(now);
                missing.times += 1;
                due.extend(u16::try_from(number & 0xffff));
            }
        }
        due
    }

    /// Gives up on what is missing for too long; how many packets are lost by that.
    pub fn give_up(&mut self, now: Instant) -> u64 {
        let is_over = |_: &u64, missing: &mut Missing| now.saturating_duration_since(missing.since) >= PATIENCE;
        let over: Vec<_> = self.missing.extract_if(.., is_over).map(|(number, _)| number).collect();
        over.iter().for_each(|number| self.break_frame(*number));
        let given_up = u64::try_from(over.len()).unwrap_or(u64::MAX);
        self.lose(given_up);
        // Late by design: counted, and not told as ended.
        self.release();
        self.ended.clear();
        given_up
    }

    /// Whether a packet is waited for.
    pub fn is_missing_some(&self) -> bool {
        !self.missing.is_empty()
    }

    /// The highest number so far, extended (RFC 3550 §6.4.1), and how many were expected up to it.
    pub fn extent(&self) -> Option<(u32, u64)> {
        let highest = self.latest?.number;
        let extended = u32::try_from((highest - 0x1_0000) & 0xffff_ffff).unwrap_or(0);
        Some((extended, (highest + 1).saturating_sub(self.first)))
    }

    fn advance(&mut self, number: u64, header: &ClearHeader) {
        self.packets += 1;
        let marker = header.marker;
        self.latest = Some(Latest { number, timestamp: header.timestamp, marker });
        self.end(number, header);
    }

    /// A frame ends with this packet if it says so.
    fn end(&mut self, number: u64, header: &ClearHeader) {
        if header.marker || self.framing == Framing::Single {
            self.waiting.insert(number, header.timestamp);
        }
        self.release();
    }

    /// Frames that nothing is missing of end.
    fn release(&mut self) {
        let whole_below = self.missing.first_key_value().map_or(u64::MAX, |(number, _)| *number);
        while let Some(frame) = self.waiting.first_entry().filter(|frame| *frame.key() < whole_below) {
            self.ended.push(frame.remove());
            self.frames += 1;
        }
    }

    fn late(&mut self, below: u64, number: u64, header: &ClearHeader) {
        let mends = self.missing.remove(&number).is_some();
        if mends {
            self.mended += 1;
        } else if number >= self.first {
            let bit = u32::try_from(below).ok().filter(|_| below < WINDOW).and_then(|below| 1_u128.checked_shl(below));
            if bit.is_none_or(|bit| self.came & bit != 0) {
                self.duplicates += 1;
                return;
            }
        }
        self.came |= u32::try_from(below).ok().and_then(|below| 1_u128.checked_shl(below)).unwrap_or(0);
        self.packets += 1;
        if mends {
            self.end(number, header);
        }
    }

    fn miss(&mut self, now: Instant, from: u64, to: u64) {
        let kept = from.max(to.saturating_sub(MISSING_MAX));
        self.lose(kept - from);
        self.missing.extend((kept..to).map(|number| (number, Missing { since: now, asked: None, times: 0 })));
        while self.missing.len() > usize::try_from(MISSING_MAX).unwrap_or(usize::MAX) {
            if let Some((number, _)) = self.missing.pop_first() {
                self.break_frame(number);
            }
            self.lose(1);
        }
    }

    /// The frame that a number is of will never be whole: of pictures the one that ends next.
    fn break_frame(&mut self, number: u64) {
        let next = self.waiting.range(number..).next().map(|(end, _)| *end);
        if let Some(end) = next.filter(|_| self.framing == Framing::Marked) {
            self.waiting.remove(&end);
        }
    }

    fn lose(&mut self, count: u64) {
        self.lost += count;
        self.fault(Fault::Lost, count);
    }

    /// Neighbours by number: a frame's packets share a timestamp, and its last one has the marker.
    fn check_next(&mut self, latest: Latest, header: &ClearHeader) {
        if self.framing == Framing::Single {
            return;
        }
        let same_frame = latest.timestamp == header.timestamp;
        // What is padded and follows a frame's end may be padding alone, as bandwidth is probed with.
        if same_frame == latest.marker && !(same_frame && header.padded) {
            self.fault(Fault::Truncated, 1);
        }
    }

    fn check_time(&mut self, latest: Latest, header: &ClearHeader) {
        let step = header.timestamp.wrapping_sub(latest.timestamp);
        let stands_still = step == 0 && self.framing == Framing::Single;
        if step > u32::MAX / 2 || stands_still {
            self.fault(Fault::TimestampBackwards, 1);
        }
    }

    /// Counts a fault.
    pub fn fault(&mut self, fault: Fault, count: u64) {
        if count > 0 {
            *self.faults.entry(fault).or_insert(0) += count;
        }
    }
}

/// The number nearest to the highest one that ends in these 16 bits (RFC 3550 A.1).
fn extended(highest: u64, sequence_number: u16) -> u64 {
    let [.., high, low] = highest.to_be_bytes();
    let ahead = sequence_number.wrapping_sub(u16::from_be_bytes([high, low]));
    if ahead < 0x8000 { highest + u64::from(ahead) } else { highest.saturating_sub(0x1_0000 - u64::from(ahead)) }
}
