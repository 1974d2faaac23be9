//! What keeps a participant's slots from more, as the API says it.

use serde::Serialize;
use sfu_core::bitrate::Wanted;
use sfu_core::event::LimitedBy;
use sfu_core::id::{Identity, RoomName, TransportId};
use sfu_core::why::{self, Need, Offered, Reason, SlotWhy};
use utoipa::ToSchema;

use super::decision::{Decision, decision};
use super::sentences;
use crate::signal::{convert, now};

use crate::signal::wire;

/// Why a participant sees what it sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Explanation {
    room: String,
    /// Its identity.
    participant: String,
    /// Of each of its connections for media, the first first; none while it is not in the room.
    transports: Vec<TransportExplanation>,
}

/// The same of one connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TransportExplanation {
    transport: u64,
    /// Whether ICE and DTLS are up.
    connected: bool,
    /// What its link carries, bit/s of UDP payload; `null` while it says nothing of what arrives.
    estimate_bps: Option<u64>,
    /// The least of what it may be sent, bit/s of UDP payload; `null`: no limit.
    budget_bps: Option<u64>,
    /// Whose limit that is.
    limited_by: Option<wire::LimitedBy>,
    /// What its slots were given of that, sounds included, bit/s.
    allotted_bps: u64,
    /// What they would take without a limit, bit/s.
    wanted_bps: u64,
    slots: Vec<SlotExplanation>,
    /// What its slots were given that they were not given before: the last hundred, the oldest first.
    decisions: Vec<Decision>,
}

/// Why a slot shows what it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SlotExplanation {
    mid: String,
    kind: wire::TrackKind,
    /// Id of the track that it shows or is to show.
    track: Option<String>,
    state: wire::SlotState,
    /// The encoding that feeds it.
    encoding: Option<wire::Layer>,
    /// The encoding that was decided on.
    target: Option<wire::Layer>,
    /// Height at which its viewer shows it, pixels; 0: hidden, `null`: it takes the highest there is.
    wanted_height: Option<u16>,
    /// What its pictures are counted with, bit/s.
    allotted_bps: u64,
    /// What keeps it from more.
    constraint: Constraint,
    /// The same in one sentence.
    sentence: String,
    /// The cheapest change after which it is given the next better pictures; `null`: nobody can change that by a limit.
    lift: Option<Lift>,
    /// What its track's encodings cost, the smallest first.
    ladder: Vec<Rung>,
}

/// What keeps a slot from more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Constraint {
    /// Nothing.
    None,
    /// What the participant itself may be sent.
    ParticipantCap,
    /// What each participant of the room may be sent.
    RoomCap,
    /// The participant's share of what the room may send to all.
    RoomEgressCap,
    /// What the viewer's link carries.
    Link,
    /// How high pictures may be.
    HeightCap,
    /// More would just fit, and be taken away again by the next breath of wind.
    Reserve,
    /// Sounds alone take all that may be sent.
    Audio,
    /// The size at which the viewer shows it.
    Layout,
    /// The publisher sends nothing higher.
    Publisher,
    AwaitingKeyframe,
    AwaitingMedia,
    /// By its publisher.
    Muted,
    /// By its viewer.
    Hidden,
    /// The viewer gave it nothing to show.
    Empty,
    /// The viewer's connection is not up.
    NotConnected,
    NoSuchTrack,
    NoMutualCodec,
}

/// What would give a slot the next better pictures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Lift {
    /// How much more may have to be sent, bit/s of UDP payload; 0: bits are not what is lacking.
    bps: u64,
    /// Everything that has to change, together.
    changes: Vec<Change>,
}

/// A limit that is too low.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Change {
    pub of: ChangeOf,
    /// The setting's name; `null` of a link.
    pub setting: Option<Setting>,
    /// What it is.
    pub from: u64,
    /// What it would have to be, at least.
    pub to: u64,
}

/// Whose limit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeOf {
    Participant,
    Room,
    /// The viewer's: no setting changes it.
    Link,
}

/// A setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    SubscribeMaxBps,
    RoomEgressMaxBps,
    VideoMaxHeight,
}

/// An encoding of a track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Rung {
    /// `null` without simulcast.
    rid: Option<String>,
    /// Of its pictures, pixels.
    height: u16,
    /// What it costs, bit/s.
    bps: u64,
    /// Whether that is measured; else it is assumed.
    measured: bool,
}

impl Explanation {
    /// Of a participant's connections.
    pub fn of(room: &RoomName, identity: &Identity, transports: Vec<TransportExplanation>) -> Self {
        Self { room: room.to_string(), participant: identity.to_string(), transports }
    }
}

impl TransportExplanation {
    /// What a shard says of one connection.
    pub fn of(transport: TransportId, why: &why::Why) -> Self {
        let now_ms = now().unix_ms;
        Self {
            transport: transport.0,
            connected: why.connected,
            estimate_bps: why.sending.estimate_bps,
            budget_bps: why.sending.budget_bps,
            limited_by: why.sending.limited_by.map(convert::limited_by),
            allotted_bps: why.sending.allotted_bps,
            wanted_bps: why.sending.wanted_bps,
            slots: why.slots.iter().map(|slot| slot_explanation(why, slot)).collect(),
            decisions: why.decisions.iter().map(|it| decision(it, now_ms)).collect(),
        }
    }
}

fn slot_explanation(why: &why::Why, slot: &SlotWhy) -> SlotExplanation {
    let wire::Slot { mid, kind, track, state, layer: encoding, .. } = convert::slot(&slot.status);
    let lift = (!slot.needs.is_empty())
        .then(|| Lift { bps: slot.missing_bps, changes: slot.needs.iter().map(|need| change(why, *need)).collect() });
    SlotExplanation {
        mid,
        kind,
        track,
        state,
        encoding,
        target: slot.target.as_ref().map(convert::layer),
        wanted_height: match slot.wanted {
            None => Some(0),
            Some(Wanted::Height(height)) => Some(height),
            Some(Wanted::Highest) => None,
        },
        allotted_bps: slot.allotted_bps,
        constraint: constraint(slot.reason, why.sending.limited_by, why.own_caps.subscribe_max_bps.is_some()),
        sentence: sentences::of(why, slot),
        lift,
        ladder: slot.ladder.iter().map(rung).collect(),
    }
}

/// The constraint by the name of the setting that makes it.
pub fn constraint(reason: Reason, limited_by: Option<LimitedBy>, is_own_cap: bool) -> Constraint {
    match reason {
        Reason::Budget => match limited_by {
            Some(LimitedBy::Link) => Constraint::Link,
            Some(LimitedBy::RoomCap) => Constraint::RoomEgressCap,
            Some(LimitedBy::HeightCap) => Constraint::HeightCap,
            Some(LimitedBy::Cap) | None if is_own_cap => Constraint::ParticipantCap,
            Some(LimitedBy::Cap) | None => Constraint::RoomCap,
        },
        Reason::Content => Constraint::None,
        Reason::Layout => Constraint::Layout,
        Reason::Publisher => Constraint::Publisher,
        Reason::Reserve => Constraint::Reserve,
        Reason::Audio => Constraint::Audio,
        Reason::Height => Constraint::HeightCap,
        Reason::AwaitingKeyframe => Constraint::AwaitingKeyframe,
        Reason::AwaitingMedia => Constraint::AwaitingMedia,
        Reason::Muted => Constraint::Muted,
        Reason::Hidden => Constraint::Hidden,
        Reason::Empty => Constraint::Empty,
        Reason::Connecting => Constraint::NotConnected,
        Reason::NoSuchTrack => Constraint::NoSuchTrack,
        Reason::NoMutualCodec => Constraint::NoMutualCodec,
    }
}

/// The setting that makes a limit: a participant's own goes before its room's.
fn change(why: &why::Why, need: Need) -> Change {
    let own = |is_own: bool| if is_own { ChangeOf::Participant } else { ChangeOf::Room };
    let (of, setting) = match need.limit {
        LimitedBy::Link => (ChangeOf::Link, None),
        LimitedBy::Cap => (own(why.own_caps.subscribe_max_bps.is_some()), Some(Setting::SubscribeMaxBps)),
        LimitedBy::RoomCap => (ChangeOf::Room, Some(Setting::RoomEgressMaxBps)),
        LimitedBy::HeightCap => (own(why.own_caps.video_max_height.is_some()), Some(Setting::VideoMaxHeight)),
    };
    Change { of, setting, from: need.from, to: need.to }
}

fn rung(offered: &Offered) -> Rung {
    let Offered { rid, height, bps, is_measured } = offered;
    Rung { rid: rid.as_ref().map(|rid| rid.0.to_string()), height: *height, bps: *bps, measured: *is_measured }
}
