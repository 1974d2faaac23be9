//! Participants of a room, and what they are allowed.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use sfu_core::bitrate::Caps;
use sfu_core::id::{Identity, RoomName};

use super::body::{Change, Of};
use super::describe::{Participant, ParticipantList, ParticipantSettings};
use super::path::{self, ParticipantPath, RoomPath};
use super::rooms::{nothing_of, one};
use super::transports::Transports;
use crate::api::problem::{Document, Problem, ProblemType};
use crate::app::AppState;

/// Participants of a room: those who are in it, and those who have settings of their own.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/participants", operation_id = "list_participants", tag = "participants",
    params(("room" = String, Path)),
    responses((status = 200, description = "The participants", body = ParticipantList), (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json")),
)]
pub async fn list(State(state): State<AppState>, room: RoomPath) -> Result<Json<ParticipantList>, Problem> {
    let room = path::room(room)?;
    let present = one(&state, &room);
    if present.is_empty() {
        return Err(nothing_of(&room));
    }
    let reading = state.meter.read(&state.control).await;
    Ok(Json(ParticipantList { participants: present.participants(&room, &Transports::of(&reading)) }))
}

/// A participant.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/participants/{participant}", operation_id = "get_participant", tag = "participants",
    params(("room" = String, Path), ("participant" = String, Path, description = "Its identity")),
    responses((status = 200, description = "The participant", body = Participant), (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json")),
)]
pub async fn get(State(state): State<AppState>, path: ParticipantPath) -> Result<Json<Participant>, Problem> {
    let (room, identity) = path::participant(path)?;
    let present = one(&state, &room);
    if !present.knows(&identity) {
        return Err(nothing_of_participant(&room, &identity));
    }
    let reading = state.meter.read(&state.control).await;
    Ok(Json(present.participant(&room, &identity, &Transports::of(&reading))))
}

/// Changes what a participant is allowed, field by field (RFC 7396): null clears, what is absent stays. Goes before what its room
/// is allowed, over each of its transports; may come before it does, and outlives it.
#[utoipa::path(
    patch, path = "/api/v1/rooms/{room}/participants/{participant}", operation_id = "patch_participant", tag = "participants",
    params(("room" = String, Path), ("participant" = String, Path, description = "Its identity")),
    request_body(content((ParticipantSettings = "application/merge-patch+json"), (ParticipantSettings = "application/json"))),
    responses(
        (status = 200, description = "In force", body = ParticipantSettings),
        (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json"),
        (status = 503, description = "Kept, but not known to be in force", body = Document, content_type = "application/problem+json"),
    ),
)]
pub async fn patch(
    State(state): State<AppState>,
    path: ParticipantPath,
    request: Request,
) -> Result<Json<ParticipantSettings>, Problem> {
    let (room, identity) = path::participant(path)?;
    let change = Change::patch(Of::Participant, request).await?;
    let changed = state.control.cap_participant(&room, &identity, |caps| change.caps(caps)).await?;
    tracing::info!(%room, participant = %identity, caps = ?changed.caps, "a participant's caps were changed");
    Ok(Json(changed.caps.into()))
}

/// Clears a participant's own settings: from now on it is allowed what its room is.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{room}/participants/{participant}", operation_id = "delete_participant_settings", tag = "participants",
    params(("room" = String, Path), ("participant" = String, Path, description = "Its identity")),
    responses(
        (status = 204, description = "Nothing of its own is set; the participant stays"),
        (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json"),
        (status = 503, description = "Cleared, but not known to be in force", body = Document, content_type = "application/problem+json"),
    ),
)]
pub async fn delete(State(state): State<AppState>, path: ParticipantPath) -> Result<StatusCode, Problem> {
    let (room, identity) = path::participant(path)?;
    let changed = state.control.cap_participant(&room, &identity, |_| Caps::default()).await?;
    let had_settings = !changed.is_new;
    if !had_settings && !one(&state, &room).knows(&identity) {
        return Err(nothing_of_participant(&room, &identity));
    }
    tracing::info!(%room, participant = %identity, "a participant's caps were cleared");
    Ok(StatusCode::NO_CONTENT)
}

pub fn nothing_of_participant(room: &RoomName, identity: &Identity) -> Problem {
    let detail =
        format!("`{identity}` is not in the room `{room}`, and has no settings there; PATCH sets some before it comes");
    Problem::new(StatusCode::NOT_FOUND, ProblemType::NoSuchResource, detail)
}
