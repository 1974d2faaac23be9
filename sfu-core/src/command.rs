//! What the control plane asks of a shard: values only, so that they can cross threads and nodes.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::Bytes;

use crate::bitrate::{Caps, RoomCaps};
use crate::id::{Identity, Mid, RequestId, RoomName, ShardId, TrackName, TransportId};

/// One request to a shard; answered by an [`Event`](crate::event::Event) that carries the same [`RequestId`].
#[derive(Debug, Clone)]
pub enum Command {
    /// Creates a transport that publishes (WHIP, RFC 9725); answered by `Answered` or `Rejected`.
    /// A live publisher of the same identity in the same room is replaced: its transport ends with `CloseReason::Replaced`.
    Publish(Join),
    /// Creates a transport that watches (WHEP); answered by `Answered` or `Rejected`.
    Watch {
        join: Join,
        /// Publishers to show, slot by slot; empty: the room's publishers in order of arrival, or the active speaker in a single slot.
        watch: Vec<Identity>,
    },
    /// Creates a transport that publishes and watches over one connection (a browser in a room); answered by `Answered` or
    /// `Rejected`. Shows no video before a [`Command::SetLayout`]; audio slots are filled by the room. A live publisher of
    /// the same identity in the same room is replaced.
    Meet {
        join: Join,
        /// Its tracks that are muted from the start, so that not a packet of them is forwarded before a
        /// [`Command::SetMuted`] says so. Sections that publish nothing have nothing to mute and are passed over.
        muted: Vec<Mid>,
    },
    /// Applies a further offer of a live transport: tracks and slots added or stopped, ICE restarted; answered by `Answered`
    /// or `Rejected`, which leaves everything as it was.
    Renegotiate {
        request: RequestId,
        transport: TransportId,
        offer: String,
        /// Its tracks that are muted from now on, new ones and others; the others stay as they are.
        muted: Vec<Mid>,
    },
    /// What is on a participant's screen, complete: video slots that are not named show nothing. Answered by `Done` or
    /// `Rejected`.
    SetLayout { request: RequestId, transport: TransportId, layout: Vec<LayoutEntry> },
    /// A publisher mutes or unmutes one of its tracks; while it is muted nothing of it is forwarded. Answered by `Done` or
    /// `Rejected`.
    SetMuted { request: RequestId, transport: TransportId, mid: Mid, muting: Muting },
    /// Sends a message to the data channels of this label (RFC 8831) of everybody who is named; those that are not open, or
    /// whose queue is full, miss it: counted, and told by [`Event::DataBlocked`](crate::event::Event::DataBlocked). One command
    /// for all: what a whole room is told must not fill the way to its shard.
    SendData { transports: Vec<TransportId>, label: String, payload: DataPayload },
    /// Applies an SDP fragment (RFC 8840): candidates are acknowledged, a new ufrag restarts ICE; answered by `Patched` or `Rejected`.
    Patch { request: RequestId, transport: TransportId, fragment: String },
    /// Tells a shard which others have participants of a room that it has participants of, so that they see and hear each
    /// other; not answered. The shard tells those others itself. To be said after each join of a room that is on several
    /// shards: what is known already changes nothing.
    Link { room: RoomName, shards: Vec<ShardId> },
    /// What everybody in a room may send and receive from now on, in place of what its joins brought; answered by `Done`. Nothing
    /// is kept of a room that has nobody here: who joins it brings its caps.
    CapRoom { request: RequestId, room: RoomName, caps: RoomCaps },
    /// A participant's own caps from now on, which go before the room's, over each of its transports; answered by `Done`.
    /// Nothing is kept of who is not here: whoever joins brings them.
    CapParticipant { request: RequestId, room: RoomName, identity: Identity, caps: Caps },
    /// Nothing that a room and its participants were allowed holds from now on, their own caps included; answered by `Done`. One
    /// command for all: clearing a full room must not fill the way to its shard.
    UncapRoom { request: RequestId, room: RoomName },
    /// Asks what flows to everybody who is connected, in as few words as will do to ask each second; answered by `Sample`.
    Sample { request: RequestId },
    /// Asks why each slot of a transport shows what it shows; answered by `Why` or `Rejected`.
    Why { request: RequestId, transport: TransportId },
    /// Asks what everybody in a room would be given if the room, and these participants instead of what is their own now, were
    /// allowed this; answered by `Forecast`, for those who are on this shard. Nothing changes.
    WhatIf { request: RequestId, room: RoomName, caps: RoomCaps, participants: BTreeMap<Identity, Caps> },
    /// Ends a transport; answered by `Closed`. Unknown transports are ignored.
    Close { transport: TransportId },
    /// Ends every transport, politely (DTLS close_notify, RFC 5246 §7.2.1).
    CloseAll,
    /// Asks for every counter of the shard; answered by `Stats`.
    Stats { request: RequestId },
}

/// Who joins which room over what.
#[derive(Debug, Clone)]
pub struct Join {
    pub request: RequestId,
    /// Chosen by the sender, unique within the shard for its lifetime; where rooms are on several shards, among them all.
    pub transport: TransportId,
    pub room: RoomName,
    pub identity: Identity,
    /// The client's offer, SDP (RFC 8866).
    pub offer: String,
    /// Addresses to announce as host candidates, each one of this shard's own sockets; over TCP too if `ShardConfig::tcp`.
    pub candidates: Vec<SocketAddr>,
    /// The room's caps, as they are now: they hold for everybody who is in it.
    pub room_caps: RoomCaps,
    /// The participant's own caps, which go before the room's.
    pub caps: Caps,
}

/// Whether a publisher sends a track for others to see or hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Muting {
    Muted,
    Unmuted,
}

/// What one video slot is to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutEntry {
    /// The slot.
    pub mid: Mid,
    /// Need not exist yet.
    pub track: TrackName,
    /// Height of the element on screen, device pixels; 0: hidden, nothing is sent.
    pub height: u16,
    /// Who is to get the better layer when not everybody can; higher wins.
    pub priority: u8,
}

/// A message of a data channel (RFC 8831 §6.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataPayload {
    Text(String),
    Binary(Bytes),
}
