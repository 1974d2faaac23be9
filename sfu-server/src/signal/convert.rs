//! The core's words in those of the wire.

use sfu_core::event::{self, SlotStatus};
use sfu_core::id::{MediaKind, TrackName};
use sfu_core::stats;

use super::wire::{Layer, LimitedBy, Slot, SlotState, TrackKind};

pub(super) fn slot(status: &SlotStatus) -> Slot {
    Slot {
        mid: status.mid.0.to_string(),
        kind: match status.kind {
            MediaKind::Audio => TrackKind::Audio,
            MediaKind::Video => TrackKind::Video,
        },
        track: status.track.as_ref().map(track_id),
        state: state(status.state),
        layer: status
            .layer
            .as_ref()
            .map(|layer| Layer { rid: layer.rid.as_ref().map(|rid| rid.0.to_string()), height: layer.height }),
        limited_by: status.limited_by.map(limited_by),
    }
}

fn limited_by(limit: event::LimitedBy) -> LimitedBy {
    match limit {
        event::LimitedBy::Cap => LimitedBy::Cap,
        event::LimitedBy::RoomCap => LimitedBy::RoomCap,
        event::LimitedBy::HeightCap => LimitedBy::HeightCap,
    }
}

fn track_id(track: &TrackName) -> String {
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
