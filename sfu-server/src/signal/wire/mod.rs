//! What goes over the WebSocket of `GET /rooms/{room}/ws`: one JSON object per text frame. `web/src/client/wire.ts` is
//! generated from here.

mod client;
mod server;
mod status;

pub use client::{ClientMessage, LayoutSlot, Request, RequestId, TrackSource, TrackUse};
pub use server::{Access, ErrorCode, IceServer, Joined, LeaveReason, RefusedTrack, ServerMessage};
pub use status::{
    ChatMessage, Layer, Limit, LimitedBy, Participant, Presence, Slot, SlotState, Speakers, Track, TrackEncodings,
    TrackKind, Via,
};

/// Version of this protocol. A client states the one it speaks when it joins and is refused if it is another.
pub const VERSION: u32 = 1;
