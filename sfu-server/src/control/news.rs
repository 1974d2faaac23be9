//! What a shard tells that concerns a room's participants, in the words of the control plane.

use sfu_core::event::{CloseReason, Event, PublishedTrack, SlotStatus, Speakers};
use sfu_core::id::{Identity, Mid, Rid, RoomName, TransportId};

/// Something that happened to a room or a participant's media.
#[derive(Debug)]
pub enum News {
    /// Somebody publishes by WHIP.
    Published {
        room: RoomName,
        identity: Identity,
        transport: TransportId,
        tracks: Vec<PublishedTrack>,
    },
    /// Slots whose status changed.
    Slots {
        transport: TransportId,
        slots: Vec<SlotStatus>,
    },
    /// Which encodings of a published simulcast are to be sent.
    Encodings {
        transport: TransportId,
        mid: Mid,
        rids: Vec<Rid>,
    },
    /// More is published than may be, bit/s, and some of it refused; `None`: not any more.
    PublishRefused {
        transport: TransportId,
        limit_bps: Option<u64>,
    },
    Speakers {
        room: RoomName,
        speakers: Speakers,
    },
    /// Nothing authentic came for a while.
    Silent {
        transport: TransportId,
    },
    Heard {
        transport: TransportId,
    },
    /// A data channel changed.
    Channel {
        transport: TransportId,
        label: String,
        state: ChannelState,
    },
    /// A transport is gone; its last news.
    Closed {
        transport: TransportId,
        room: RoomName,
        reason: CloseReason,
    },
}

/// Whether a data channel takes messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelState {
    Open,
    /// Its queue is full.
    Blocked,
    Closed,
}

impl News {
    /// Reads an event that needs nothing of the control plane's own; `None` for any other.
    pub(super) fn of(event: Event) -> Option<Self> {
        let channel = |transport, label, state| Self::Channel { transport, label, state };
        Some(match event {
            Event::Slots { transport, slots } => Self::Slots { transport, slots },
            Event::Encodings { transport, mid, rids } => Self::Encodings { transport, mid, rids },
            Event::PublishRefused { transport, limit_bps } => Self::PublishRefused { transport, limit_bps },
            Event::Speakers { room, speakers } => Self::Speakers { room, speakers },
            Event::Silent { transport } => Self::Silent { transport },
            Event::Heard { transport } => Self::Heard { transport },
            Event::DataOpened { transport, label } | Event::DataWritable { transport, label } => {
                channel(transport, label, ChannelState::Open)
            }
            Event::DataBlocked { transport, label } => channel(transport, label, ChannelState::Blocked),
            Event::DataClosed { transport, label } => channel(transport, label, ChannelState::Closed),
            // The shards are not told to listen to any label.
            Event::Data { .. }
            | Event::Answered { .. }
            | Event::Patched { .. }
            | Event::Done { .. }
            | Event::Stats { .. }
            | Event::Sample { .. }
            | Event::Why { .. }
            | Event::Forecast { .. }
            | Event::Rejected { .. }
            | Event::Connected { .. }
            | Event::Closed { .. } => return None,
        })
    }
}
