//! Judges one received track: contiguous, decodable from its first packet on, and frame by frame the publisher's own bytes.
//!
//! Last step of a frame's way. `reorder` puts packets in order and says what stayed missing, `assemble` makes frames of
//! them, `judge` compares each with the publisher's loop; the counts and the first words about each fault end in a
//! [`TrackReport`]. Invariant: a fault is counted once and never stops the judging.

mod assemble;
mod judge;
mod reorder;
mod report;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rtp::Packet;

use crate::media::mark::{Mark, PublisherTag, RunId};
use crate::media::{Clip, Codec};
use assemble::{Assembled, Assembler};
use judge::Judge;
use reorder::{Reorder, Step};

pub use report::{Fault, TrackReport};

/// How long a missing packet is waited for, unless told otherwise: retransmissions need some round trips.
pub const DEFAULT_PATIENCE: Duration = Duration::from_millis(1_000);

/// Every loop a viewer may see.
pub type ClipOf = dyn Fn(PublisherTag) -> Option<Arc<Clip>> + Send + Sync;

/// Whose frames are right on this track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// This publisher's track, always.
    Publisher(PublisherTag),
    /// Any known one of this room (a slot that follows the speaker), or nobody for a while, but changes must begin at a
    /// keyframe.
    Anyone { room: u16 },
}

impl Expected {
    /// Why a frame with this mark may not be here. A publisher's encodings are all its own.
    pub fn stray(self, mark: Mark) -> Option<Fault> {
        let (room, right) = match self {
            Self::Publisher(tag) => (tag.room(), tag.track() == mark.publisher.track()),
            Self::Anyone { room } => (room, true),
        };
        if mark.run != RunId::of_this_process() || mark.publisher.room() != room {
            return Some(Fault::WrongRoom);
        }
        (!right).then_some(Fault::WrongPublisher)
    }
}

/// What a packet led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A whole, right, decodable frame.
    Frame { publisher: PublisherTag, number: u32 },
    /// Nothing can be decoded until a keyframe comes: time to ask for one.
    NeedsKeyframe,
}

/// Judge of one track.
pub struct TrackVerifier {
    reorder: Reorder,
    assembler: Assembler,
    judge: Judge,
    report: TrackReport,
}

impl std::fmt::Debug for TrackVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrackVerifier").field("report", &self.report).finish_non_exhaustive()
    }
}

impl TrackVerifier {
    pub fn new(codec: Codec, expected: Expected, clip_of: Arc<ClipOf>, patience: Duration) -> Self {
        Self {
            reorder: Reorder::new(patience),
            assembler: Assembler::new(codec),
            judge: Judge::new(codec, expected, clip_of),
            report: TrackReport::new(codec),
        }
    }

    /// Takes one packet, retransmissions already back in their original form; pushes what it led to onto `outcomes`.
    pub fn on_packet(&mut self, now: Instant, packet: Packet, outcomes: &mut Vec<Outcome>) {
        self.report.packets += 1;
        self.report.payload_bytes += u64::try_from(packet.payload.len()).unwrap_or(u64::MAX);
        self.reorder.push(now, packet, &mut self.report);
        self.drain(now, outcomes);
    }

    /// Gives up on packets that were waited for long enough.
    pub fn on_timeout(&mut self, now: Instant, outcomes: &mut Vec<Outcome>) {
        self.drain(now, outcomes);
    }

    /// What was seen so far.
    pub fn report(&self) -> &TrackReport {
        &self.report
    }

    fn drain(&mut self, now: Instant, outcomes: &mut Vec<Outcome>) {
        while let Some(step) = self.reorder.poll(now, &mut self.report) {
            let assembled = match step {
                Step::Packet(packet) => self.assembler.push(packet, &mut self.report),
                Step::Gap => self.assembler.gap(),
            };
            match assembled {
                Assembled::Nothing => {}
                Assembled::Frame(frame) => outcomes.extend(self.judge.frame(frame, &mut self.report)),
                Assembled::Broken => outcomes.extend(self.judge.broken()),
            }
        }
    }
}

#[cfg(test)]
mod tests;
