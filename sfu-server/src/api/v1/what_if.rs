//! What everybody in a room would be given if something else were allowed.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Request, State};
use serde::Serialize;
use sfu_core::bitrate::Caps;
use sfu_core::id::Identity;
use sfu_core::why;
use utoipa::ToSchema;

use super::body::Supposition;
use super::decision::{Given, given};
use super::describe::{ParticipantSettings, RoomSettings};
use super::path::{self, RoomPath};
use super::rooms::{nothing_of, one};
use crate::api::problem::{Document, Problem};
use crate::app::AppState;
use crate::signal::convert;
use crate::signal::wire;

/// What is supposed: settings as in `PATCH`, of the room and of participants by identity. What is not named is as it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Supposition)]
pub struct Supposed {
    #[serde(flatten)]
    room: RoomSettings,
    /// Their own settings, by identity.
    participants: Option<BTreeMap<String, ParticipantSettings>>,
}

/// What everybody who is connected would be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WhatIf {
    room: String,
    /// What the room would be allowed.
    settings: RoomSettings,
    /// By transport.
    viewers: Vec<Viewer>,
}

/// What one viewer would be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Viewer {
    participant: String,
    transport: u64,
    /// The least of what it might be sent, bit/s of UDP payload; `null`: no limit.
    budget_bps: Option<u64>,
    /// Whose limit that would be.
    limited_by: Option<wire::LimitedBy>,
    /// What its slots would be given of that, sounds included, bit/s.
    allotted_bps: u64,
    /// Those that are to show pictures.
    slots: Vec<ViewerSlot>,
}

/// What one slot would be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ViewerSlot {
    mid: String,
    /// Id of the track that it is to show.
    track: Option<String>,
    /// What it is given as things are.
    now: Given,
    /// What it would be given.
    then: Given,
    /// What would keep it from more, if a limit did.
    limited_by: Option<wire::LimitedBy>,
}

/// Tells what everybody in a room would be given if it and these participants were allowed this, by the same decision that is
/// made for them otherwise. Nothing changes. What publishers would send less is not foreseen.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room}/what-if", operation_id = "suppose", tag = "rooms",
    params(("room" = String, Path)),
    request_body(content = Supposed, content_type = "application/json"),
    responses(
        (status = 200, description = "What would be", body = WhatIf),
        (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json"),
        (status = 503, description = "A media thread does not answer", body = Document, content_type = "application/problem+json"),
    ),
)]
pub async fn post(State(state): State<AppState>, room: RoomPath, request: Request) -> Result<Json<WhatIf>, Problem> {
    let room = path::room(room)?;
    let supposed = Supposition::read(request).await?;
    let present = one(&state, &room);
    if present.is_empty() {
        return Err(nothing_of(&room));
    }
    let settings = present.settings.unwrap_or_default();
    let caps = supposed.room.room_caps(settings.caps);
    let own = |(identity, change): (&Identity, &super::body::Change)| -> (Identity, Caps) {
        let own = settings.participants.get(identity).copied().unwrap_or_default();
        (identity.clone(), change.caps(own).over(&state.control.granted_caps(&room, identity)))
    };
    let participants: BTreeMap<Identity, Caps> = supposed.participants.iter().map(own).collect();
    let forecasts = state.control.what_if(&room, caps, &participants).await?;
    let viewers = forecasts.iter().map(viewer).collect();
    Ok(Json(WhatIf { room: room.to_string(), settings: caps.into(), viewers }))
}

fn viewer(forecast: &why::Forecast) -> Viewer {
    let slot = |slot: &why::ForecastSlot| ViewerSlot {
        mid: slot.mid.0.to_string(),
        track: slot.track.as_ref().map(convert::track_id),
        now: given(&slot.now),
        then: given(&slot.then),
        limited_by: slot.limited_by.map(convert::limited_by),
    };
    Viewer {
        participant: forecast.identity.to_string(),
        transport: forecast.transport.0,
        budget_bps: forecast.budget_bps,
        limited_by: forecast.limited_by.map(convert::limited_by),
        allotted_bps: forecast.allotted_bps,
        slots: forecast.slots.iter().map(slot).collect(),
    }
}
