//! What the API answers, as far as it is shown. Read leniently: what another version of the server leaves out is not known.

use serde::Deserialize;

/// What is allowed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub publish_max_bps: Option<u64>,
    pub subscribe_max_bps: Option<u64>,
    pub room_egress_max_bps: Option<u64>,
    pub video_max_height: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub struct RoomList {
    pub rooms: Vec<Room>,
}

#[derive(Debug, Deserialize)]
pub struct Room {
    pub room: String,
    #[serde(flatten)]
    pub settings: Settings,
    #[serde(default)]
    pub participants: u64,
    #[serde(default)]
    pub transports: u64,
    #[serde(default)]
    pub shards: Vec<u64>,
}

#[derive(Debug, Deserialize)]
pub struct ParticipantList {
    pub participants: Vec<Participant>,
}

#[derive(Debug, Deserialize)]
pub struct Participant {
    pub participant: String,
    #[serde(flatten)]
    pub settings: Settings,
    #[serde(default)]
    pub effective: Settings,
    #[serde(default)]
    pub present: bool,
    #[serde(default)]
    pub transports: Vec<Transport>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Transport {
    pub transport: u64,
    pub protocol: String,
    pub media: Option<Media>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Media {
    pub connected: bool,
    pub received_bps: Option<u64>,
    pub refused_bps: Option<u64>,
    pub sent_bps: Option<u64>,
    #[serde(flatten)]
    pub sending: Sending,
    pub tracks: Vec<Track>,
    pub slots: Vec<Slot>,
}

/// What a viewer may be sent, and is given of that.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sending {
    pub estimate_bps: Option<u64>,
    pub budget_bps: Option<u64>,
    pub limited_by: Option<String>,
    pub allotted_bps: u64,
    pub wanted_bps: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Track {
    pub id: String,
    pub kind: String,
    pub muted: bool,
    pub encodings: Vec<Encoding>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Encoding {
    pub rid: Option<String>,
    pub codec: Option<String>,
    pub height: Option<u64>,
    pub bps: Option<u64>,
    pub sending: String,
    pub refused: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Layer {
    pub rid: Option<String>,
    pub height: Option<u64>,
    pub temporal: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Slot {
    pub mid: String,
    pub kind: String,
    pub track: Option<String>,
    pub state: String,
    pub encoding: Option<Layer>,
    pub target: Option<Layer>,
    pub limited_by: Option<String>,
    pub allotted_bps: u64,
    pub missing_bps: u64,
    pub bps: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub struct Explanation {
    #[serde(default)]
    pub transports: Vec<TransportWhy>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TransportWhy {
    pub transport: u64,
    pub connected: bool,
    #[serde(flatten)]
    pub sending: Sending,
    pub slots: Vec<SlotWhy>,
    pub decisions: Vec<Decision>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SlotWhy {
    pub mid: String,
    pub kind: String,
    pub track: Option<String>,
    pub state: String,
    pub encoding: Option<Layer>,
    pub allotted_bps: u64,
    pub constraint: String,
    pub sentence: String,
    pub lift: Option<Lift>,
    pub ladder: Vec<Rung>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Lift {
    pub bps: u64,
    pub changes: Vec<Change>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Change {
    pub of: String,
    pub setting: Option<String>,
    pub from: u64,
    pub to: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Rung {
    pub rid: Option<String>,
    pub height: u64,
    pub bps: u64,
    pub measured: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Decision {
    pub at_ms: u64,
    pub mid: String,
    pub track: Option<String>,
    pub from: Given,
    pub to: Given,
    pub constraint: String,
    pub budget_bps: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Given {
    pub picture: String,
    pub rid: Option<String>,
    pub height: Option<u64>,
    pub bps: u64,
}

#[derive(Debug, Deserialize)]
pub struct WhatIf {
    #[serde(default)]
    pub viewers: Vec<Viewer>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Viewer {
    pub participant: String,
    pub budget_bps: Option<u64>,
    pub limited_by: Option<String>,
    pub allotted_bps: u64,
    pub slots: Vec<ViewerSlot>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ViewerSlot {
    pub mid: String,
    pub track: Option<String>,
    pub now: Given,
    pub then: Given,
    pub limited_by: Option<String>,
}
