//! What was sent to whom, second by second: in columns, so that ten minutes are some kilobytes.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::participants::nothing_of_participant;
use super::path::{self, ParticipantPath, RoomPath};
use super::rooms::{nothing_of, one};
use crate::api::problem::{Document, Problem, ProblemType};
use crate::api::query;
use crate::app::AppState;
use crate::series::{
    Extract, INTERVAL, Narrow, OfSlot, OfTransport, POINTS_MAX, Place, RoomPoint, SlotPoint, TransportPoint,
};
use crate::signal::convert;
use crate::signal::wire;

/// Rates or limits, bit/s, of one second after the other; `null`: not known, or not limited.
type Column = Vec<Option<u64>>;

/// What was sent to everybody in a room: sums over the connections that were up, of one second after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RoomSeries {
    room: String,
    /// When the first point of each column was taken, ms since 1970 (UTC); it says what flowed in the second before.
    from_ms: u64,
    /// From one point to the next, ms.
    interval_ms: u64,
    /// How many points each column has.
    points: usize,
    /// How many connections were up.
    transports: Vec<u32>,
    /// What the room might send.
    room_egress_max_bps: Column,
    /// What slots were given, sounds included.
    allotted_bps: Column,
    /// UDP payload that was sent.
    sent_bps: Column,
    /// UDP payload that was received.
    received_bps: Column,
}

/// What was sent to a participant, of one second after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ParticipantSeries {
    room: String,
    /// Its identity.
    participant: String,
    /// When the first point of each column was taken, ms since 1970 (UTC); it says what flowed in the second before.
    from_ms: u64,
    /// From one point to the next, ms.
    interval_ms: u64,
    /// How many points each column has.
    points: usize,
    /// Its connections, those that are gone too.
    transports: Vec<TransportSeries>,
}

/// What was sent over one connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TransportSeries {
    transport: u64,
    /// The least of its caps and its share of its room's egress.
    cap_bps: Column,
    /// What its link carries, by estimate.
    estimate_bps: Column,
    /// What its slots were given, sounds included.
    allotted_bps: Column,
    /// UDP payload that was sent.
    sent_bps: Column,
    /// UDP payload that was received.
    received_bps: Column,
    /// Those that something was sent on.
    slots: Vec<SlotSeries>,
}

/// What was sent on one slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SlotSeries {
    mid: String,
    kind: wire::TrackKind,
    /// What `current` and `target` name by their places here.
    layers: Vec<wire::Layer>,
    /// The layer that fed it.
    current: Vec<Option<usize>>,
    /// The layer that was decided on.
    target: Vec<Option<usize>>,
    /// What its pictures were counted with.
    allotted_bps: Column,
    /// Media that was sent, without headers and padding.
    sent_bps: Column,
    /// Media of key frames in what fed it.
    key_frame_bps: Column,
}

/// What was sent to everybody in a room together, second by second for the last ten minutes.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/series", operation_id = "get_room_series", tag = "rooms",
    params(("room" = String, Path), ("seconds" = Option<u64>, Query, minimum = 1, maximum = 600, description = "How many of the last seconds; 600 if absent")),
    responses((status = 200, description = "The series", body = RoomSeries), (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json")),
)]
pub async fn of_room(
    State(state): State<AppState>,
    room: RoomPath,
    RawQuery(query): RawQuery,
) -> Result<Json<RoomSeries>, Problem> {
    let room = path::room(room)?;
    let seconds = seconds(query.as_deref())?;
    let Extract { from_ms, points, of } = state.history.of_room(&room, seconds);
    if of.is_none() && one(&state, &room).is_empty() {
        return Err(nothing_of(&room));
    }
    let of = of.unwrap_or_else(|| vec![RoomPoint::default(); points]);
    let column = |value: fn(&RoomPoint) -> Option<u64>| of.iter().map(value).collect::<Column>();
    Ok(Json(RoomSeries {
        room: room.to_string(),
        from_ms,
        interval_ms: interval_ms(),
        points,
        transports: of.iter().map(|point| point.transports).collect(),
        room_egress_max_bps: column(|point| point.egress_max.bps()),
        allotted_bps: column(|point| point.allotted.bps()),
        sent_bps: column(|point| point.sent.bps()),
        received_bps: column(|point| point.received.bps()),
    }))
}

/// What was sent to a participant, second by second for the last ten minutes: over each of its connections, and on each slot.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/participants/{participant}/series", operation_id = "get_participant_series", tag = "participants",
    params(
        ("room" = String, Path), ("participant" = String, Path, description = "Its identity"),
        ("seconds" = Option<u64>, Query, minimum = 1, maximum = 600, description = "How many of the last seconds; 600 if absent"),
    ),
    responses((status = 200, description = "The series", body = ParticipantSeries), (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json")),
)]
pub async fn of_participant(
    State(state): State<AppState>,
    path: ParticipantPath,
    RawQuery(query): RawQuery,
) -> Result<Json<ParticipantSeries>, Problem> {
    let (room, identity) = path::participant(path)?;
    let seconds = seconds(query.as_deref())?;
    let Extract { from_ms, points, of } = state.history.of_participant(&room, &identity, seconds);
    if of.is_empty() && !one(&state, &room).knows(&identity) {
        return Err(nothing_of_participant(&room, &identity));
    }
    Ok(Json(ParticipantSeries {
        room: room.to_string(),
        participant: identity.to_string(),
        from_ms,
        interval_ms: interval_ms(),
        points,
        transports: of.iter().map(transport).collect(),
    }))
}

fn transport(of: &OfTransport) -> TransportSeries {
    let column = |value: fn(&TransportPoint) -> Narrow| of.points.iter().map(|point| value(point).bps()).collect();
    TransportSeries {
        transport: of.transport.0,
        cap_bps: of.points.iter().map(|point| point.cap.bps()).collect(),
        estimate_bps: column(|point| point.estimate),
        allotted_bps: column(|point| point.allotted),
        sent_bps: column(|point| point.sent),
        received_bps: column(|point| point.received),
        slots: of.slots.iter().map(slot).collect(),
    }
}

fn slot(of: &OfSlot) -> SlotSeries {
    let column = |value: fn(&SlotPoint) -> Narrow| of.points.iter().map(|point| value(point).bps()).collect();
    let places = |value: fn(&SlotPoint) -> Place| of.points.iter().map(|point| value(point).place()).collect();
    SlotSeries {
        mid: of.mid.0.to_string(),
        kind: convert::kind(of.kind),
        layers: of.layers.iter().map(convert::layer).collect(),
        current: places(|point| point.current),
        target: places(|point| point.target),
        allotted_bps: column(|point| point.allotted),
        sent_bps: column(|point| point.sent),
        key_frame_bps: column(|point| point.key_frames),
    }
}

fn seconds(text: Option<&str>) -> Result<usize, Problem> {
    let given = query::parameter(text.unwrap_or_default(), "seconds", "ask for one number of seconds")?;
    let Some(given) = given else { return Ok(POINTS_MAX) };
    let seconds = given.parse().ok().filter(|seconds| (1..=POINTS_MAX).contains(seconds));
    seconds.ok_or_else(|| {
        let detail = format!("seconds must be a whole number from 1 to {POINTS_MAX}");
        Problem::new(StatusCode::BAD_REQUEST, ProblemType::BadQuery, detail)
    })
}

fn interval_ms() -> u64 {
    u64::try_from(INTERVAL.as_millis()).unwrap_or(u64::MAX)
}
