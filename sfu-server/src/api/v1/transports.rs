//! A participant's transports: what it publishes, what it is shown, how fast.

use std::collections::HashMap;

use serde::Serialize;
use sfu_core::command::Muting;
use sfu_core::event::SlotStatus;
use sfu_core::id::TransportId;
use sfu_core::stats::{InboundRtp, OutboundRtp, SlotRates, SwitchState, TrackStats, TransportStats, codec_name};
use utoipa::ToSchema;

use super::describe::ParticipantSettings;
use crate::directory::{Kind, Resource};
use crate::rates::{Rates, Reading};
use crate::signal::convert;
use crate::signal::wire;

/// One connection of a participant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Transport {
    /// Its number, which no other has while the server runs.
    transport: u64,
    protocol: Protocol,
    /// The media thread that serves it.
    shard: usize,
    /// What the media thread says of it; `null` if that does not answer, or does not know it any more.
    media: Option<Media>,
}

/// How somebody takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Publishes (RFC 9725).
    Whip,
    /// Watches (draft-ietf-wish-whep).
    Whep,
    /// Both, with a WebSocket beside it.
    Room,
}

/// What flows over a transport.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Media {
    /// Whether ICE and DTLS are up.
    connected: bool,
    /// The agreed SRTP profile.
    srtp_cipher: Option<&'static str>,
    /// What is in force for it.
    caps: ParticipantSettings,
    /// What comes from it, of whatever kind, bit/s of UDP payload; `null` until it was measured.
    received_bps: Option<u64>,
    /// Of that, what is refused because it is above `publish_max_bps`, bit/s; `null` until it was measured.
    refused_bps: Option<u64>,
    /// What goes to it, of whatever kind, bit/s of UDP payload; `null` until it was measured.
    sent_bps: Option<u64>,
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
    tracks: Vec<Track>,
    slots: Vec<Slot>,
}

/// A published track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Track {
    /// Names it in layouts and slots: `mid@identity`.
    id: String,
    /// Its section of the publisher's offer.
    mid: String,
    kind: wire::TrackKind,
    /// Whether its publisher holds it back.
    muted: bool,
    /// Those that something came of, in the order in which they began.
    encodings: Vec<Encoding>,
}

/// One RTP stream of a track.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Encoding {
    /// `null` without simulcast.
    rid: Option<String>,
    codec: Option<&'static str>,
    /// Of its pictures, pixels; `null` until a keyframe told it.
    height: Option<u16>,
    /// What it costs whoever is sent it, bit/s of UDP payload; `null` until it was measured.
    bps: Option<u64>,
    sending: Sending,
    /// Whether it is refused, because its publisher sends more than `publish_max_bps`.
    refused: bool,
}

/// Whether an encoding is to be sent by its publisher. Who publishes by WHIP is asked nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sending {
    /// As its publisher likes.
    On,
    /// Nobody wants it, and it is not sent: `bps` is what that saves.
    Off,
    /// Nobody wants it; its publisher was told so and sends it still.
    AskedOff,
    /// Somebody wants it again; its publisher was told so, and it has not come yet.
    AskedOn,
}

impl From<SwitchState> for Sending {
    fn from(state: SwitchState) -> Self {
        match state {
            SwitchState::On => Self::On,
            SwitchState::Off { heeded: true } => Self::Off,
            SwitchState::Off { heeded: false } => Self::AskedOff,
            SwitchState::AskedFor => Self::AskedOn,
        }
    }
}

/// A receiving section: what it carries, and if nothing, why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Slot {
    mid: String,
    kind: wire::TrackKind,
    /// Id of the track that it shows or is to show.
    track: Option<String>,
    state: wire::SlotState,
    /// The encoding that feeds it.
    encoding: Option<wire::Layer>,
    /// The encoding that was decided on; another than feeds it while its key frame is awaited.
    target: Option<wire::Layer>,
    /// What keeps its pictures from being better, or from being sent at all.
    limited_by: Option<wire::LimitedBy>,
    /// What its pictures are counted with in its viewer's budget, bit/s.
    allotted_bps: u64,
    /// By how much the budget is too small for the next better pictures, bit/s; 0: that is not what keeps them.
    missing_bps: u64,
    /// What goes out, bit/s of media, without headers and padding; `null` until it was measured.
    bps: Option<u64>,
}

/// What the shards say, by transport.
#[derive(Debug)]
pub struct Transports<'a> {
    stats: HashMap<TransportId, Parts<'a>>,
    rates: &'a Rates,
}

#[derive(Debug, Default)]
struct Parts<'a> {
    transport: Option<&'a TransportStats>,
    tracks: Vec<&'a TrackStats>,
    inbound: Vec<&'a InboundRtp>,
    outbound: Vec<&'a OutboundRtp>,
}

impl<'a> Transports<'a> {
    /// Sorts what the shards say by transport.
    pub fn of(reading: &'a Reading) -> Self {
        let mut stats: HashMap<TransportId, Parts<'a>> = HashMap::new();
        for (_, shard) in &reading.shards {
            for transport in &shard.transports {
                stats.entry(transport.id).or_default().transport = Some(transport);
            }
            for track in &shard.tracks {
                stats.entry(track.transport).or_default().tracks.push(track);
            }
            for stream in &shard.inbound {
                stats.entry(stream.transport).or_default().inbound.push(stream);
            }
            for slot in &shard.outbound {
                stats.entry(slot.transport).or_default().outbound.push(slot);
            }
        }
        Self { stats, rates: &reading.rates }
    }

    /// The transport of a resource.
    pub fn describe(&self, resource: &Resource) -> Transport {
        let parts = self.stats.get(&resource.transport);
        Transport {
            transport: resource.transport.0,
            protocol: match resource.kind {
                Kind::Whip => Protocol::Whip,
                Kind::Whep => Protocol::Whep,
                Kind::Meet => Protocol::Room,
            },
            shard: resource.shard.0,
            media: parts.and_then(|parts| self.media(parts)),
        }
    }

    fn media(&self, parts: &Parts<'_>) -> Option<Media> {
        let transport = parts.transport?;
        let tracks: Vec<Track> =
            parts.tracks.iter().map(|track| self.track(transport, track, &parts.inbound)).collect();
        let slots: Vec<Slot> = parts.outbound.iter().map(|slot| self.slot(slot)).collect();
        Some(Media {
            connected: transport.connected,
            srtp_cipher: transport.srtp_cipher,
            caps: transport.caps.into(),
            received_bps: self.rates.received(transport.id),
            refused_bps: self.rates.refused(transport.id),
            sent_bps: self.rates.sent(transport.id),
            estimate_bps: transport.sending.estimate_bps,
            budget_bps: transport.sending.budget_bps,
            limited_by: transport.sending.limited_by.map(convert::limited_by),
            allotted_bps: transport.sending.allotted_bps,
            wanted_bps: transport.sending.wanted_bps,
            tracks,
            slots,
        })
    }

    fn track(&self, transport: &TransportStats, track: &TrackStats, inbound: &[&InboundRtp]) -> Track {
        let encodings = inbound.iter().filter(|stream| stream.mid == track.mid).map(|stream| Encoding {
            rid: stream.rid.as_ref().map(|rid| rid.0.to_string()),
            codec: stream.codec.map(codec_name),
            height: stream.height,
            bps: stream.bps,
            sending: stream.switch.into(),
            refused: stream.refused,
        });
        Track {
            id: format!("{}@{}", track.mid.0, transport.identity),
            mid: track.mid.0.to_string(),
            kind: convert::kind(track.kind),
            muted: track.muting == Muting::Muted,
            encodings: encodings.collect(),
        }
    }

    fn slot(&self, slot: &OutboundRtp) -> Slot {
        let bps = self.rates.slot(slot.transport, &slot.mid);
        let SlotRates { allotted_bps, missing_bps } = slot.rates;
        let target = slot.target.as_ref().map(convert::layer);
        let OutboundRtp { mid, kind, track, state, layer, limited_by, .. } = slot.clone();
        let status = convert::slot(&SlotStatus { mid, kind, track, state, layer, limited_by, limit_bps: None });
        let wire::Slot { mid, kind, track, state, layer: encoding, limited_by, limit_bps: _ } = status;
        Slot { mid, kind, track, state, encoding, target, limited_by, allotted_bps, missing_bps, bps }
    }
}
