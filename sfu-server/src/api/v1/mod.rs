//! The operator's API: what is in the rooms, and what rooms and participants are allowed. Control path.
//!
//! Invariant: each route is in the document at `/api/openapi.json`, as both are made of the same handlers.

mod access;
pub(crate) mod body;
mod decision;
mod describe;
mod document;
mod explain;
mod invites;
mod participants;
mod path;
mod rooms;
mod sentences;
mod series;
mod tokens;
mod transports;
mod what_if;
mod why;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::AppState;
use body::BODY_BYTES_MAX;

/// Media type of what is answered, and of whole settings.
const JSON: &str = "application/json";

/// The API's routes, and the document of them.
pub fn router(state: &AppState) -> Router<AppState> {
    let (routes, document) = OpenApiRouter::with_openapi(document::Api::openapi())
        .routes(routes!(rooms::list))
        .routes(routes!(rooms::get, rooms::put, rooms::patch, rooms::delete))
        .routes(routes!(participants::list))
        .routes(routes!(participants::get, participants::patch, participants::delete))
        .routes(routes!(why::why))
        .routes(routes!(what_if::post))
        .routes(routes!(series::of_room))
        .routes(routes!(series::of_participant))
        .routes(routes!(tokens::create))
        .routes(routes!(invites::create, invites::list))
        .routes(routes!(invites::withdraw))
        .layer(from_fn_with_state(state.clone(), access::guard))
        .routes(routes!(invites::exchange))
        .split_for_parts();
    let document: Arc<str> = Arc::from(document.to_json().unwrap_or_default());
    // The document holds no secret: it may be read by whoever may ask this server anything.
    let described = get(move || async move { ([(CONTENT_TYPE, JSON)], document.to_string()) });
    routes.layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).route("/api/openapi.json", described)
}
