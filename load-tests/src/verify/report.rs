//! What a track's judge found: counts, and the first words about each kind of fault.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::media::Codec;

/// Words kept for each kind of fault; the count goes on.
const EXAMPLES_MAX: usize = 3;

/// What can be wrong with a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A packet never came, not even again.
    Lost,
    /// A sequence number came twice with different content.
    RewrittenTwice,
    /// SSRC or payload type changed under way.
    IdentityChanged,
    /// The first packet, or the first after a change of publisher, does not begin a keyframe. (Where loss delays a
    /// handshake's end, media may be sent before the viewer can open it.)
    NotKeyframeStart,
    /// A frame ended without its marker, or holds packets that do not fit together.
    Truncated,
    /// PictureID or TL0PICIDX did not go up by one from frame to frame.
    PictureIdJump,
    /// A frame's timestamp is not above its predecessor's.
    TimestampBackwards,
    /// A frame whose predecessor is not the one it was coded from.
    Undecodable,
    /// Frames of the publisher that were never seen between two that were.
    FrameMissing,
    /// Frames left out between two neighbours by sequence number, of which the second is a keyframe: the server fell
    /// behind and moved on to the present. A viewer sees a picture that stands still, and nothing broken.
    MovedOn,
    /// A frame of another room, or of another run.
    WrongRoom,
    /// Another publisher's frame.
    WrongPublisher,
    /// A frame of an encoding that does not fit the height that was asked for, longer after the asking than a switch takes.
    WrongLayer,
    /// Sound and picture are further apart than people forgive, by what sender reports say.
    LipsApart,
    /// A frame that no publisher ever sent in these bytes.
    Altered,
    /// A packet that the keys of its connection do not open.
    NotAuthentic,
    /// A packet of a stream that was not answered: nobody asked for it here.
    Stray,
}

impl Fault {
    /// Whether loss on the way can cause it; the others are faults of the server whatever the link does.
    pub const fn may_follow_loss(self) -> bool {
        match self {
            Self::Lost | Self::NotKeyframeStart | Self::Undecodable | Self::FrameMissing | Self::MovedOn => true,
            Self::RewrittenTwice
            | Self::IdentityChanged
            | Self::Truncated
            | Self::PictureIdJump
            | Self::TimestampBackwards
            | Self::WrongRoom
            | Self::WrongPublisher
            | Self::WrongLayer
            | Self::LipsApart
            | Self::Altered
            | Self::NotAuthentic
            | Self::Stray => false,
        }
    }
}

/// Findings on one received track.
#[derive(Clone, Debug, Serialize)]
pub struct TrackReport {
    pub codec: Codec,
    /// RTP packets handed in, repeats included.
    pub packets: u64,
    /// Payload bytes of those.
    pub payload_bytes: u64,
    /// Identical repeats: harmless.
    pub duplicates: u64,
    /// Packets that came after a later one: mended or reordered.
    pub late: u64,
    /// Whole, right, decodable frames.
    pub frames: u64,
    /// Of those, keyframes.
    pub keyframes: u64,
    pub faults: BTreeMap<Fault, u64>,
    pub examples: Vec<String>,
}

impl TrackReport {
    pub(super) fn new(codec: Codec) -> Self {
        Self {
            codec,
            packets: 0,
            payload_bytes: 0,
            duplicates: 0,
            late: 0,
            frames: 0,
            keyframes: 0,
            faults: BTreeMap::new(),
            examples: Vec::new(),
        }
    }

    pub(super) fn fault(&mut self, fault: Fault, count: u64, words: impl FnOnce() -> String) {
        let seen = self.faults.entry(fault).or_insert(0);
        if *seen == 0 || self.examples.len() < EXAMPLES_MAX {
            self.examples.push(format!("{fault:?}: {}", words()));
        }
        *seen += count;
    }

    /// How often `fault` was found.
    pub fn count(&self, fault: Fault) -> u64 {
        self.faults.get(&fault).copied().unwrap_or(0)
    }

    /// Whether nothing at all was wrong.
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// Faults that no loss on the way excuses.
    pub fn inexcusable(&self) -> u64 {
        self.faults.iter().filter(|(fault, _)| !fault.may_follow_loss()).map(|(_, count)| count).sum()
    }
}
