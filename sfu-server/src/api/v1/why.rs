//! Why a participant sees what it sees.

use axum::Json;
use axum::extract::State;
use sfu_core::error::RequestError;

use super::explain::{Explanation, TransportExplanation};
use super::participants::nothing_of_participant;
use super::path::{self, ParticipantPath};
use super::rooms::one;
use crate::api::problem::{Document, Problem};
use crate::app::AppState;
use crate::control::ControlError;

/// Why a participant sees what it sees: of each slot what keeps it from more, and what would lift that; and what was decided before.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/participants/{participant}/why", operation_id = "explain_participant", tag = "participants",
    params(("room" = String, Path), ("participant" = String, Path, description = "Its identity")),
    responses(
        (status = 200, description = "Why", body = Explanation),
        (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json"),
        (status = 503, description = "A media thread does not answer", body = Document, content_type = "application/problem+json"),
    ),
)]
pub async fn why(State(state): State<AppState>, path: ParticipantPath) -> Result<Json<Explanation>, Problem> {
    let (room, identity) = path::participant(path)?;
    let present = one(&state, &room);
    if !present.knows(&identity) {
        return Err(nothing_of_participant(&room, &identity));
    }
    let mut transports = Vec::new();
    for resource in present.resources.iter().filter(|resource| resource.identity == identity) {
        match state.control.why(resource).await {
            Ok(why) => transports.push(TransportExplanation::of(resource.transport, &why)),
            // It has just ended.
            Err(ControlError::Refused(RequestError::UnknownTransport(_))) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Json(Explanation::of(&room, &identity, transports)))
}
