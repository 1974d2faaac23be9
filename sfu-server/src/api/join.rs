//! `POST /whip/{room}` (RFC 9725 §4.2) and `POST /whep/{room}` (draft-ietf-wish-whep): an offer in, an answer and a resource out.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, LINK, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, RequestExt};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sfu_core::id::{Identity, RoomName};

use super::problem::{Problem, ProblemType};
use super::query::JoinQuery;
use super::{SDP, SDP_FRAGMENT, is_media_type};
use crate::app::AppState;
use crate::auth::{Denied, Entrant, Grant, Permitted, bearer, permitted};
use crate::config::IceServer;
use crate::control::{JoinRequest, Joined};
use crate::directory::Kind;
use crate::names;
use crate::signal::now;

/// `Accept-Patch` (RFC 5789 §3.1), which the `http` crate has no name for.
pub const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
/// `Accept-Post` (LDP 1.0 §7.1; RFC 9725 §4.2).
pub const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");

/// Characters that a path segment holds as they are (RFC 3986 §2.3).
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The only way in which a path that found its route can be unreadable.
const NOT_UTF8: &str = "the room's name is not UTF-8 once decoded; write each byte of its UTF-8 as %XX";

/// Answers an offer.
pub async fn join(
    State(state): State<AppState>,
    Extension(kind): Extension<Kind>,
    room: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let Ok(Path(room)) = room else { return Err(bad_name(NOT_UTF8)) };
    let room = RoomName::new(&room).map_err(|error| bad_name(&format!("the room's name {error}")))?;
    let entrant = admit(&state, kind, &room, &request)?;
    let JoinQuery { identity, watch } = JoinQuery::parse(kind, request.uri().query().unwrap_or(""))?;
    let identity = match entrant.identity.clone().or(identity) {
        Some(identity) => identity,
        None => names::made_up(kind).map_err(|error| bad_name(&format!("the made-up identity {error}")))?,
    };
    let offer = allowed(&state, kind, offer(request).await?, &entrant)?;
    let reservation = match kind {
        Kind::Whip => Some(state.rooms.reserve(&room, &identity).ok_or_else(|| identity_taken(&identity))?),
        Kind::Whep | Kind::Meet => None,
    };
    let candidates = |sockets: &[SocketAddr]| state.settings.candidates(sockets, peer);
    let transport = state.control.transport_id();
    let request = JoinRequest {
        kind,
        transport,
        room: room.clone(),
        identity,
        watch,
        offer,
        muted: Vec::new(),
        granted: entrant.caps,
    };
    let joined = state.control.join(request, candidates).await?;
    drop(reservation);
    created(kind, &room, joined, &state.settings.ice_servers)
}

/// Before anything of the room is looked at: who is refused learns nothing of it.
fn admit(state: &AppState, kind: Kind, room: &RoomName, request: &Request) -> Result<Entrant, Problem> {
    let headers = request.headers();
    let admitted = state.auth.reached(headers, request.uri()).and_then(|()| {
        let entrant = state.auth.admit(room, bearer(headers), now().unix_ms / 1_000)?;
        match kind {
            Kind::Whep => entrant.needs(Grant::Subscribe)?,
            Kind::Whip if !entrant.grants.publishes() => return Err(Denied::Lacks(Grant::PublishCamera)),
            Kind::Whip | Kind::Meet => {}
        }
        Ok(entrant)
    });
    Ok(admitted.inspect_err(|denied| state.metrics.auth.denied(*denied))?)
}

/// A publisher's offer as far as its grants go: the rest of it is answered `inactive`.
fn allowed(state: &AppState, kind: Kind, offer: String, entrant: &Entrant) -> Result<String, Problem> {
    if kind != Kind::Whip {
        return Ok(offer);
    }
    let Permitted { sdp, refused, flows } = permitted(&offer, &BTreeMap::new(), &entrant.grants);
    match refused.first() {
        Some(first) if !flows => {
            let denied = Denied::Lacks(first.needs);
            state.metrics.auth.denied(denied);
            Err(denied.into())
        }
        Some(_) | None => Ok(sdp.into_owned()),
    }
}

async fn offer(request: Request) -> Result<String, Problem> {
    if !is_media_type(request.headers(), SDP) {
        let detail = format!("the offer must be sent with Content-Type: {SDP}");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ProblemType::UnsupportedMediaType, detail)
            .with_header(ACCEPT_POST, SDP));
    }
    let body: Result<Bytes, BytesRejection> = request.extract().await;
    text(&body?)
}

/// A body as text, which every SDP is (RFC 8866 §4.5).
pub(super) fn text(body: &Bytes) -> Result<String, Problem> {
    std::str::from_utf8(body).map(str::to_owned).map_err(|error| {
        let detail = format!("the body is not UTF-8 from byte {} on", error.valid_up_to());
        Problem::new(StatusCode::BAD_REQUEST, ProblemType::BadSdp, detail)
    })
}

fn created(kind: Kind, room: &RoomName, joined: Joined, ice_servers: &[IceServer]) -> Result<Response, Problem> {
    let room = utf8_percent_encode(room.as_str(), SEGMENT);
    let location = format!("/{}/{room}/{}", kind.path(), joined.resource);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(SDP));
    headers.insert(ACCEPT_PATCH, HeaderValue::from_static(SDP_FRAGMENT));
    headers.insert(LOCATION, header(&location)?);
    headers.insert(ETAG, header(&format!("\"{}\"", joined.answer.ice_tag))?);
    for server in ice_servers {
        headers.append(LINK, header(&link(server))?);
    }
    Ok((StatusCode::CREATED, headers, joined.answer.sdp).into_response())
}

/// RFC 9725 §4.4.
fn link(server: &IceServer) -> String {
    match &server.credential {
        None => format!("<{}>; rel=\"ice-server\"", server.uri),
        Some((username, credential)) => format!(
            "<{}>; rel=\"ice-server\"; username=\"{username}\"; credential=\"{credential}\"; credential-type=\"password\"",
            server.uri
        ),
    }
}

/// A value made of checked parts as a header; that it is refused would be our own fault.
pub(super) fn header(value: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(value)
        .map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, ProblemType::Blank, "a header cannot be written"))
}

/// A participant by WebSocket keeps its name until it is gone; only a publisher by WHIP gives way to a newer one.
fn identity_taken(identity: &Identity) -> Problem {
    let detail = format!("`{identity}` takes part in this room by its page; choose another identity, or leave it out");
    Problem::new(StatusCode::CONFLICT, ProblemType::IdentityTaken, detail)
}

fn bad_name(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, ProblemType::BadName, detail)
}
