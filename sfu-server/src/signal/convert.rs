//! The core's words in those of the wire.

use sfu_core::event::{self, CurrentLayer, SlotStatus};
use sfu_core::id::{MediaKind, Mid, Rid, TrackName};
use sfu_core::stats;

use super::wire::{Layer, LimitedBy, Slot, SlotState, TrackEncodings, TrackKind};

pub fn slot(status: &SlotStatus) -> Slot {
    Slot {
        mid: status.mid.0.to_string(),
        kind: kind(status.kind),
        track: status.track.as_ref().map(track_id),
        state: state(status.state),
        layer: status.layer.as_ref().map(layer),
        limited_by: status.limited_by.map(limited_by),
        limit_bps: status.limit_bps,
    }
}

pub fn track_encodings(mid: &Mid, rids: &[Rid]) -> TrackEncodings {
    TrackEncodings { mid: mid.0.to_string(), rids: rids.iter().map(|rid| rid.0.to_string()).collect() }
}

pub fn layer(layer: &CurrentLayer) -> Layer {
    Layer { rid: layer.rid.as_ref().map(|rid| rid.0.to_string()), height: layer.height, temporal: layer.temporal }
}

pub fn limited_by(limit: event::LimitedBy) -> LimitedBy {
    match limit {
        event::LimitedBy::Link => LimitedBy::Link,
        event::LimitedBy::Cap => LimitedBy::Cap,
        event::LimitedBy::RoomCap => LimitedBy::RoomCap,
        event::LimitedBy::HeightCap => LimitedBy::HeightCap,
    }
}

pub fn kind(kind: MediaKind) -> TrackKind {
    match kind {
        MediaKind::Audio => TrackKind::Audio,
        MediaKind::Video => TrackKind::Video,
    }
}

pub fn track_id(track: &TrackName) -> String {
    format!("{}@{}", track.mid.0, track.identity)
}

fn state(state: stats::SlotState) -> SlotState {
    match state {
        stats::SlotState::Live => SlotState::Live,
        stats::SlotState::Empty => SlotState::Empty,
        stats::SlotState::Muted => SlotState::Muted,
        stats::SlotState::Hidden => SlotState::Hidden,
        stats::SlotState::Paused => SlotState::Paused,
        stats::SlotState::AwaitingKeyframe => SlotState::AwaitingKeyframe,
        stats::SlotState::AwaitingMedia => SlotState::AwaitingMedia,
        stats::SlotState::Connecting => SlotState::Connecting,
        stats::SlotState::NoSuchTrack => SlotState::NoSuchTrack,
        stats::SlotState::NoMutualCodec => SlotState::NoMutualCodec,
    }
}
