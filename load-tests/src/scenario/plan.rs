//! How many of what, for how long, and how strictly judged.

use std::time::Duration;

use serde::Serialize;

use crate::media::mark::PublisherTag;
use crate::media::{ClipSize, Codec};

/// What a run consists of.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    pub rooms: u16,
    /// Publishers in each room.
    pub publishers: u16,
    /// Viewers in each room; each watches all of its room's publishers.
    pub subscribers: u16,
    #[serde(serialize_with = "as_seconds")]
    pub duration: Duration,
    pub codec: Codec,
    pub audio: bool,
    pub clip: ClipSize,
    pub seed: u64,
    /// Viewers of each room that are judged packet by packet; the others count.
    pub judged: u16,
    pub tolerance: Tolerance,
    /// Where clients bind their sockets.
    pub bind: String,
    #[serde(serialize_with = "as_seconds")]
    pub connect_patience: Duration,
    /// Port of a relay to lead all media through.
    pub relay_port: Option<u16>,
}

/// What a judged track may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tolerance {
    /// Nothing at all may be wrong.
    None,
    /// Faults that follow from loss are forgiven while this share of the frames, per cent, comes whole.
    Loss { frames_percent_min: u8 },
}

impl Plan {
    /// Name of room `room`; the seed keeps runs apart.
    pub fn room_name(&self, room: u16) -> String {
        Self::room_named(self.seed, room)
    }

    /// The same of a run with this seed.
    pub fn room_named(seed: u64, room: u16) -> String {
        format!("load-{seed:x}-{room}")
    }

    /// Identity of publisher `publisher` in its room.
    pub fn identity(publisher: u16) -> String {
        format!("p{publisher}")
    }

    /// Tag of a publisher's camera.
    pub fn video_tag(room: u16, publisher: u16) -> PublisherTag {
        PublisherTag((u32::from(room) << 16) | (u32::from(publisher) << 1))
    }

    /// Tag of a publisher's microphone.
    pub fn audio_tag(room: u16, publisher: u16) -> PublisherTag {
        PublisherTag(Self::video_tag(room, publisher).0 | 1)
    }

    /// Viewers over all rooms.
    pub fn viewers(&self) -> u32 {
        u32::from(self.rooms) * u32::from(self.subscribers)
    }

    /// Publishers over all rooms.
    pub fn all_publishers(&self) -> u32 {
        u32::from(self.rooms) * u32::from(self.publishers)
    }
}

fn as_seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}
