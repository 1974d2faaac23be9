//! Rooms, and what they are allowed.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use sfu_core::bitrate::RoomCaps;
use sfu_core::id::{Identity, RoomName};

use super::body::{Change, Of};
use super::describe::{Present, Room, RoomList, RoomSettings};
use super::path::{self, RoomPath};
use crate::api::problem::{Document, Problem, ProblemType};
use crate::app::AppState;

/// Rooms that somebody is in or that have settings.
#[utoipa::path(
    get, path = "/api/v1/rooms", operation_id = "list_rooms", tag = "rooms",
    responses((status = 200, description = "The rooms", body = RoomList), (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json")),
)]
pub async fn list(State(state): State<AppState>) -> Json<RoomList> {
    let rooms = all(&state);
    Json(RoomList { rooms: rooms.iter().map(|(name, present)| present.room(name)).collect() })
}

/// A room.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}", operation_id = "get_room", tag = "rooms",
    params(("room" = String, Path)),
    responses((status = 200, description = "The room", body = Room), (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json")),
)]
pub async fn get(State(state): State<AppState>, room: RoomPath) -> Result<Json<Room>, Problem> {
    let room = path::room(room)?;
    let present = one(&state, &room);
    if present.is_empty() {
        return Err(nothing_of(&room));
    }
    Ok(Json(present.room(&room)))
}

/// Sets what a room is allowed, wholly: what is not named is not capped. May come before anybody does, and outlives everybody.
#[utoipa::path(
    put, path = "/api/v1/rooms/{room}", operation_id = "put_room", tag = "rooms",
    params(("room" = String, Path)),
    request_body(content = RoomSettings),
    responses(
        (status = 200, description = "In force, in place of what was set", body = RoomSettings),
        (status = 201, description = "In force; nothing was set", body = RoomSettings),
        (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json"),
        (status = 503, description = "Kept, but not known to be in force", body = Document, content_type = "application/problem+json"),
    ),
)]
pub async fn put(
    State(state): State<AppState>,
    room: RoomPath,
    request: Request,
) -> Result<(StatusCode, Json<RoomSettings>), Problem> {
    let room = path::room(room)?;
    let change = Change::put(Of::Room, request).await?;
    let changed = state.control.cap_room(&room, |_| change.room_caps(RoomCaps::default())).await?;
    tracing::info!(%room, caps = ?changed.caps, "a room's caps were set");
    let status = if changed.is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(changed.caps.into())))
}

/// Changes what a room is allowed, field by field (RFC 7396): null clears, what is absent stays.
#[utoipa::path(
    patch, path = "/api/v1/rooms/{room}", operation_id = "patch_room", tag = "rooms",
    params(("room" = String, Path)),
    request_body(content((RoomSettings = "application/merge-patch+json"), (RoomSettings = "application/json"))),
    responses(
        (status = 200, description = "In force", body = RoomSettings),
        (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json"),
        (status = 503, description = "Kept, but not known to be in force", body = Document, content_type = "application/problem+json"),
    ),
)]
pub async fn patch(
    State(state): State<AppState>,
    room: RoomPath,
    request: Request,
) -> Result<Json<RoomSettings>, Problem> {
    let room = path::room(room)?;
    let change = Change::patch(Of::Room, request).await?;
    let changed = state.control.cap_room(&room, |caps| change.room_caps(caps)).await?;
    tracing::info!(%room, caps = ?changed.caps, "a room's caps were changed");
    Ok(Json(changed.caps.into()))
}

/// Clears what a room and each of its participants are allowed: from now on nothing is capped there.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{room}", operation_id = "delete_room_settings", tag = "rooms",
    params(("room" = String, Path)),
    responses(
        (status = 204, description = "Nothing is set; who is in the room stays"),
        (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json"),
        (status = 503, description = "Cleared, but not known to be in force", body = Document, content_type = "application/problem+json"),
    ),
)]
pub async fn delete(State(state): State<AppState>, room: RoomPath) -> Result<StatusCode, Problem> {
    let room = path::room(room)?;
    let had_settings = state.control.clear_room(&room).await?;
    if !had_settings && one(&state, &room).is_empty() {
        return Err(nothing_of(&room));
    }
    tracing::info!(%room, "a room's caps were cleared");
    Ok(StatusCode::NO_CONTENT)
}

/// Who is in a room, and what is kept of it.
pub fn one(state: &AppState, room: &RoomName) -> Present {
    let resources = state.control.directory.resources_in(room);
    let mut identities: BTreeSet<Identity> = state.rooms.identities(room).into_iter().collect();
    identities.extend(resources.iter().map(|resource| resource.identity.clone()));
    let shards = state.control.directory.shards_of(room);
    let granted = state.control.granted_in(room);
    Present { settings: state.control.room_settings(room), identities, resources, shards, granted }
}

/// The same of every room, by name.
fn all(state: &AppState) -> BTreeMap<RoomName, Present> {
    let mut rooms: BTreeMap<RoomName, Present> = BTreeMap::new();
    for (room, settings) in state.control.all_room_settings() {
        rooms.entry(room).or_default().settings = Some(settings);
    }
    for room in state.rooms.names() {
        let identities = state.rooms.identities(&room);
        rooms.entry(room).or_default().identities.extend(identities);
    }
    for room in state.control.directory.room_names() {
        let shards = state.control.directory.shards_of(&room);
        rooms.entry(room).or_default().shards = shards;
    }
    for resource in state.control.directory.all_resources() {
        let room = rooms.entry(resource.room.clone()).or_default();
        room.identities.insert(resource.identity.clone());
        room.resources.push(resource);
    }
    rooms.retain(|_, room| !room.is_empty());
    rooms
}

/// 404 for a room that is of no account.
pub fn nothing_of(room: &RoomName) -> Problem {
    let detail =
        format!("nobody is in the room `{room}`, and nothing is set for it; PUT sets something before anybody comes");
    Problem::new(StatusCode::NOT_FOUND, ProblemType::NoSuchResource, detail)
}
