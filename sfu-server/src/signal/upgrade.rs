//! `GET /rooms/{room}/ws`: everything that can be refused is refused here, as a problem document, before the socket is one.

use std::net::SocketAddr;

use axum::RequestExt;
use axum::extract::rejection::PathRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use sfu_core::id::RoomName;

use super::admission::Refused;
use super::limits::{FRAME_BYTES_MAX, READ_BUFFER_BYTES};
use super::socket;
use crate::api::origin::Origin;
use crate::api::problem::{Problem, ProblemType};
use crate::app::AppState;
use crate::config::CorsOrigin;

/// Makes a participant's socket of the request.
pub async fn upgrade(
    State(state): State<AppState>,
    room: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let bad_name = |detail: String| Problem::new(StatusCode::BAD_REQUEST, ProblemType::BadName, detail);
    let Ok(Path(room)) = room else {
        return Err(bad_name(
            "the room's name is not UTF-8 once decoded; write each byte of its UTF-8 as %XX".to_owned(),
        ));
    };
    let room = RoomName::new(&room).map_err(|error| bad_name(format!("the room's name {error}")))?;
    check_origin(request.headers(), &state.settings.cors)?;
    let reached = state.auth.reached(request.headers(), request.uri());
    reached.inspect_err(|denied| state.metrics.auth.denied(*denied))?;
    let upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection> = request.extract().await;
    let upgrade = upgrade.map_err(|rejection| {
        let detail = format!("this is a WebSocket's address: {}", rejection.body_text());
        Problem::new(rejection.status(), ProblemType::Blank, detail)
    })?;
    if state.control.is_draining() {
        return Err(unavailable("the server is shutting down; try another one, or this one in a moment"));
    }
    let permit = state.admission.admit(peer).map_err(|refused| match refused {
        Refused::Full => unavailable("the server has all the sockets that it takes; try again later"),
        Refused::FromThisAddress => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            ProblemType::NotReady,
            "your address has all the sockets that it may have; close some, or ask the operator to raise sockets_per_address",
        ),
    })?;
    let session = socket::Session::new(state, room, peer);
    Ok(upgrade
        .max_message_size(FRAME_BYTES_MAX)
        .max_frame_size(FRAME_BYTES_MAX)
        .read_buffer_size(READ_BUFFER_BYTES)
        .on_failed_upgrade(|error| tracing::debug!(%error, "a WebSocket did not come about"))
        .on_upgrade(move |websocket| session.run(websocket, permit)))
}

/// A page may connect from this server's own address, or from an origin on the list (RFC 6455 §10.2). What sends no origin is
/// no page.
fn check_origin(headers: &HeaderMap, allowed: &[CorsOrigin]) -> Result<(), Problem> {
    let Some(origin) = Origin::of(headers) else { return Ok(()) };
    let listed = allowed.iter().any(|allowed| match allowed {
        CorsOrigin::Any => true,
        CorsOrigin::Exactly(exactly) => *exactly == origin.text,
    });
    if origin.is_own || listed {
        return Ok(());
    }
    let detail = "pages of this origin may not connect; the operator allows them by cors_allow_origin";
    Err(Problem::new(StatusCode::FORBIDDEN, ProblemType::OriginRefused, detail))
}

fn unavailable(detail: &str) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, ProblemType::NotReady, detail).with_header(RETRY_AFTER, "5")
}
