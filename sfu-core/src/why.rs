//! Why a viewer sees what it sees, and what it would see if something else were allowed: as values, for whoever asks.

use std::time::Duration;

use crate::bitrate::{Caps, Frames, Wanted};
use crate::event::{CurrentLayer, LimitedBy, SlotStatus};
use crate::id::{Identity, Mid, Rid, TrackName, TransportId};
use crate::stats::Sending;

/// Why each slot of a viewer shows what it shows.
#[derive(Debug, Clone)]
pub struct Why {
    pub transport: TransportId,
    /// Whether ICE and DTLS are up.
    pub connected: bool,
    /// What the participant itself is allowed, which goes before its room's.
    pub own_caps: Caps,
    /// What is in force for it.
    pub caps: Caps,
    /// What its room may send to all, bit/s, and its share of that.
    pub room_egress_max_bps: Option<u64>,
    pub share_bps: Option<u64>,
    pub sending: Sending,
    pub slots: Vec<SlotWhy>,
    /// The oldest first.
    pub decisions: Vec<Decision>,
}

/// Why a slot shows what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotWhy {
    pub status: SlotStatus,
    /// The encoding that was decided on.
    pub target: Option<CurrentLayer>,
    /// How large it is to be shown; `None`: not at all.
    pub wanted: Option<Wanted>,
    /// What its pictures are counted with, bit/s.
    pub allotted_bps: u64,
    /// What there is of its track, the smallest first; empty for sounds.
    pub ladder: Vec<Offered>,
    pub reason: Reason,
    /// What has to change, all of it, for the next better pictures; empty: nothing that an operator or a link could change.
    pub needs: Vec<Need>,
    /// How much more budget that is, bit/s of UDP payload; 0: bits are not what is lacking.
    pub missing_bps: u64,
}

/// An encoding that could be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// `None` without simulcast.
    pub rid: Option<Rid>,
    /// Height of its pictures, pixels; assumed while no key frame told it.
    pub height: u16,
    /// What it costs, bit/s.
    pub bps: u64,
    /// Whether that is measured; else it is assumed.
    pub is_measured: bool,
}

/// What keeps a slot from more; of several that which would have to change first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nothing: it has all that there is, or all that it wants.
    Content,
    /// There is something higher, which its size on the screen does not need.
    Layout,
    /// Its publisher sends nothing higher.
    Publisher,
    /// More does not fit the budget.
    Budget,
    /// More would just fit, and be taken away again by the next breath of wind.
    Reserve,
    /// Sounds alone are more than the budget.
    Audio,
    /// Higher pictures are not allowed.
    Height,
    /// It was decided, and begins with the next key frame.
    AwaitingKeyframe,
    /// Nothing of the track has come yet, or nothing that this slot agreed to.
    AwaitingMedia,
    /// Its publisher muted the track.
    Muted,
    /// The viewer's layout gives it no height.
    Hidden,
    /// The viewer's layout does not name it.
    Empty,
    /// The viewer's transport is not up.
    Connecting,
    /// Nobody publishes what it is to show.
    NoSuchTrack,
    /// The publisher's format is none of the slot's.
    NoMutualCodec,
}

/// A limit that is too low: bit/s of UDP payload, or pixels where it is one on heights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    pub limit: LimitedBy,
    /// What it is.
    pub from: u64,
    /// What it would have to be, at least.
    pub to: u64,
}

/// What a slot is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picture {
    /// Nothing: there is nothing to be shown.
    Nothing,
    /// Nothing, for want of bits or because it may not be shown.
    Paused,
    Layer {
        /// `None` without simulcast.
        rid: Option<Rid>,
        /// Of its pictures, pixels, once a key frame told it.
        height: Option<u16>,
        frames: Frames,
        /// What it is counted with, bit/s.
        bps: u64,
    },
}

/// That a slot was given something else than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// How long ago.
    pub age: Duration,
    /// The slot.
    pub mid: Mid,
    /// What it was to show.
    pub track: Option<TrackName>,
    pub from: Picture,
    pub to: Picture,
    /// Why it is no more.
    pub reason: Reason,
    /// Whose limit that was, if one's.
    pub limited_by: Option<LimitedBy>,
    /// Whether the participant had a `subscribe_max_bps` of its own then, which goes before its room's.
    pub is_own_cap: bool,
    /// What bound all slots of the viewer, bit/s of UDP payload; `None`: nothing did.
    pub budget_bps: Option<u64>,
}

/// What a viewer would be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    pub transport: TransportId,
    pub identity: Identity,
    /// The least of what it might be sent, bit/s of UDP payload, and whose limit that would be; `None`: unlimited.
    pub budget_bps: Option<u64>,
    pub limited_by: Option<LimitedBy>,
    /// What its slots would be given, bit/s, sounds included.
    pub allotted_bps: u64,
    /// Those that are to show pictures.
    pub slots: Vec<ForecastSlot>,
}

/// What a slot would be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForecastSlot {
    pub mid: Mid,
    pub track: Option<TrackName>,
    /// What it is given as things are.
    pub now: Picture,
    /// What it would be given.
    pub then: Picture,
    /// What would keep it from more, if a limit did.
    pub limited_by: Option<LimitedBy>,
}
