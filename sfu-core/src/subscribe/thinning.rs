//! Which frames of a stream are left out, so that its receiver misses nothing: the numbers and picture ids of what is sent close
//! up over them.
//!
//! Picture ids close up as well because receivers take a gap among them for a frame that is still to come, and hold frames of
//! the middle layers back for it. TL0PICIDX needs nothing: the lowest layer is never left out. Frame numbers of the Dependency
//! Descriptor keep their gaps, since its references count in them.
//!
//! What came in order decides, and it decides for good: a packet that is left out has no number, what has not come by then has
//! one, whatever it turns out to be. A late packet of a frame that is left out goes out as padding under the number that waits
//! for it. So a gap upstream is a gap downstream until it is mended, and a repeat is what was sent first.

use crate::bitrate::Frames;
use crate::codec::FrameStart;
use crate::id::EncodingId;
use crate::ring::PacketMeta;

use super::offset_map::{Offsets, Range};
use super::rewriter::Rewriter;

/// What becomes of a packet of the encoding that feeds a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It goes out.
    Sent,
    /// Its number goes out, as padding.
    Padding,
    /// It is left out: nobody is to miss it.
    LeftOut,
    /// It came before the switch, too late, or belongs to what was left.
    Late,
}

impl Rewriter {
    /// What becomes of the next live packet of `encoding`, of which `wanted` is to be sent. To be asked for each, in the order in
    /// which they came.
    pub fn turn(&mut self, encoding: EncodingId, packet: &PacketMeta, wanted: Frames) -> Turn {
        if wanted == Frames::All && self.frames() == Frames::All && self.is_of_current(encoding, packet.sequence) {
            return Turn::Sent;
        }
        match self.range_of(encoding, packet.sequence).copied() {
            None => Turn::Late,
            Some(range) => self.turn_if_thinned(&range, packet, wanted),
        }
    }

    /// Which frames are sent now.
    pub fn frames(&self) -> Frames {
        self.map.current().map_or(Frames::All, |range| range.frames)
    }

    /// Whether that has changed since this was asked last.
    pub fn take_frames_change(&mut self) -> bool {
        std::mem::take(&mut self.frames_changed)
    }

    fn turn_if_thinned(&mut self, range: &Range, packet: &PacketMeta, wanted: Frames) -> Turn {
        let is_new = self.map.current().is_some_and(|current| packet.sequence > current.last_in);
        let frames = if is_new { self.follow(range, packet, wanted) } else { range.frames };
        match (frames.includes(packet.ids.temporal), is_new) {
            (true, _) => Turn::Sent,
            (false, false) => Turn::Padding,
            (false, true) => {
                self.leave_out(packet);
                Turn::LeftOut
            }
        }
    }

    /// Comes closer to what is wanted where a frame begins: what is missing before it is no part of it.
    fn follow(&mut self, range: &Range, packet: &PacketMeta, wanted: Frames) -> Frames {
        if range.frames == wanted || packet.frame_start == FrameStart::No {
            return range.frames;
        }
        let frames = next(range.frames, wanted, packet);
        if frames != range.frames {
            self.shorten_leap(packet.sequence);
            let (first_in, last_in) = (packet.sequence, packet.sequence.offset(-1));
            if let Some(range) = self.map.current().copied() {
                self.map.go_on(first_in, Range { first_in, last_in, frames, ..range });
            }
            self.frames_changed = true;
        }
        frames
    }

    fn leave_out(&mut self, packet: &PacketMeta) {
        self.shorten_leap(packet.sequence);
        let Some(range) = self.map.current().copied() else { return };
        let is_further_part = self.left_out.replace(packet.timestamp) == Some(packet.timestamp);
        let was_left_out = range.last_in < range.first_in;
        // What is missing between two packets of a frame is a part of it.
        let from = if is_further_part && was_left_out { range.first_in } else { packet.sequence };
        let mut offsets =
            Offsets { sequence: range.offsets.sequence + from.since(packet.sequence) - 1, ..range.offsets };
        if !is_further_part {
            offsets.ids.picture_id = offsets.ids.picture_id.wrapping_sub(1);
        }
        let (first_in, last_in) = (packet.sequence.next(), packet.sequence);
        self.map.go_on(from, Range { first_in, last_in, offsets, ..range });
    }
}

/// Which frames are sent from one on that was sent or left out as `now` says. Down at once; up where all that a frame needs was
/// sent: at a key frame, at a frame that is sent and is a switch to all that is above it, or by one layer where a frame of it needs
/// the lowest alone (RFC 7741 §4.2, Y).
fn next(now: Frames, wanted: Frames, packet: &PacketMeta) -> Frames {
    if packet.keyframe_start || wanted < now {
        return wanted;
    }
    let temporal = packet.ids.temporal;
    match (now, packet.frame_start) {
        (Frames::UpTo(_), FrameStart::SwitchUp) if now.includes(temporal) => wanted,
        (Frames::UpTo(highest), FrameStart::LayerSync) if highest.checked_add(1) == Some(temporal) => {
            Frames::UpTo(temporal).min(wanted)
        }
        (Frames::UpTo(_) | Frames::All, _) => now,
    }
}
