//! Who may use the operator's API: whoever bears a token with `admin`, or with `moderate` for what concerns its own room; whoever
//! knows `admin_token`; while there is none, with `admin_local`, whoever asks from this machine itself. Pages of other sites never may, whatever browser they run in.
//!
//! Where the address alone is the proof (`admin_local`), two things could lend it to others. A page whose name is pointed at
//! 127.0.0.1 (DNS rebinding) asks from the browser next door, under that name, and is refused by it. A proxy on this machine asks
//! from loopback for the whole world: what names a client behind it is refused, but a proxy need not, and the `Host` that it leaves
//! as it is is a stranger's to choose. One that passes bytes on (a tunnel) cannot be told at all. So it is not the default.

use std::net::SocketAddr;

use axum::RequestExt;
use axum::extract::{ConnectInfo, MatchedPath, RawPathParams, Request, State};
use axum::http::header::{CACHE_CONTROL, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::api::origin::Origin;
use crate::api::problem::{Problem, ProblemType};
use crate::app::AppState;
use crate::auth::{Auth, Denied, Grant, Participant, Pass, bearer, came_through_proxy, is_asked_as_this_machine};
use crate::signal::now;

/// Where the page that asks stands to us (Fetch metadata); `none`: a person did it.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Routes, by method and path, that a token with `moderate` opens for its own room; every other one is the administrator's.
pub const MODERATED: [(Method, &str); 9] = [
    (Method::GET, "/api/v1/rooms/{room}"),
    (Method::GET, "/api/v1/rooms/{room}/participants"),
    (Method::GET, "/api/v1/rooms/{room}/participants/{participant}"),
    (Method::GET, "/api/v1/rooms/{room}/participants/{participant}/why"),
    (Method::GET, "/api/v1/rooms/{room}/series"),
    (Method::GET, "/api/v1/rooms/{room}/participants/{participant}/series"),
    (Method::GET, "/api/v1/rooms/{room}/invites"),
    (Method::POST, "/api/v1/rooms/{room}/invites"),
    (Method::DELETE, "/api/v1/rooms/{room}/invites/{invite}"),
];

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    Admin,
    /// Of the room in the path, which its token names.
    Moderator(Participant),
}

/// Middleware: refuses whoever may not.
pub async fn guard(State(state): State<AppState>, mut request: Request, next: Next) -> Result<Response, Problem> {
    same_site(request.headers())?;
    let caller = caller(&state, &mut request).await?;
    request.extensions_mut().insert(caller);
    let mut response = next.run(request).await;
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn caller(state: &AppState, request: &mut Request) -> Result<Caller, Problem> {
    let settings = &state.settings;
    let token = bearer(request.headers());
    if token.zip(settings.admin_token.as_ref()).is_some_and(|(token, admin)| admin.is(token)) {
        return Ok(Caller::Admin);
    }
    let asks_for_tokens = matches!(state.auth, Auth::Keys { .. });
    match token {
        Some(token) if asks_for_tokens => {
            let token = token.to_owned();
            let room = room_in_path(request).await;
            let judged = by_token(state, &token, room.as_deref(), request);
            Ok(judged.inspect_err(|denied| state.metrics.auth.denied(*denied))?)
        }
        _ if settings.admin_token.is_some() => Err(not_the_administrators_token(token)),
        _ if settings.admin_local => local(request).map(|()| Caller::Admin),
        _ if asks_for_tokens => {
            state.metrics.auth.denied(Denied::NoToken);
            Err(Denied::NoToken.into())
        }
        _ => Err(no_way_in()),
    }
}

/// The room that the path names; `None`: it names none, or none that can be.
async fn room_in_path(request: &mut Request) -> Option<String> {
    let parameters = request.extract_parts::<RawPathParams>().await.ok()?;
    parameters.iter().find(|(name, _)| *name == "room").map(|(_, room)| room.to_owned())
}

/// By what the token says and which room is asked about, whether or not there is one.
fn by_token(state: &AppState, token: &str, room: Option<&str>, request: &Request) -> Result<Caller, Denied> {
    let participant = match state.auth.pass(Some(token), now().unix_ms / 1_000)? {
        Pass::Admin => return Ok(Caller::Admin),
        Pass::Participant(participant) => participant,
    };
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    if !MODERATED.iter().any(|(method, moderated)| *method == request.method() && *moderated == path) {
        return Err(Denied::Lacks(Grant::Admin));
    }
    if room != Some(participant.room.as_str()) {
        return Err(Denied::OtherRoom);
    }
    if !participant.grants.has(Grant::Moderate) {
        return Err(Denied::Lacks(Grant::Moderate));
    }
    Ok(Caller::Moderator(participant))
}

fn same_site(headers: &HeaderMap) -> Result<(), Problem> {
    let is_foreign = Origin::of(headers).is_some_and(|origin| !origin.is_own);
    let site = headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
    if is_foreign || site.is_some_and(|site| !matches!(site, b"same-origin" | b"none")) {
        let detail = "pages of other sites may not use the operator's API; cors_allow_origin does not concern it";
        return Err(Problem::new(StatusCode::FORBIDDEN, ProblemType::OriginRefused, detail));
    }
    Ok(())
}

/// RFC 6750 §3.
fn not_the_administrators_token(given: Option<&str>) -> Problem {
    let detail = match given {
        Some(_) => "this is not the administrator's token; the operator has it in admin_token",
        None => "send the administrator's token, which the operator has in admin_token, as Authorization: Bearer TOKEN",
    };
    Problem::new(StatusCode::UNAUTHORIZED, ProblemType::NotAdministrator, detail)
        .with_header(WWW_AUTHENTICATE, "Bearer realm=\"sfu\"")
}

fn no_way_in() -> Problem {
    let detail = "the operator's API is closed: set auth_keys and send a token with the grant admin, or set admin_token and send it, or admin_local if no proxy runs on the server's machine";
    Problem::new(StatusCode::FORBIDDEN, ProblemType::NotAdministrator, detail)
}

fn local(request: &Request) -> Result<(), Problem> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    let detail = if !peer.is_some_and(|peer| peer.is_loopback()) {
        "while no admin_token is set, the operator's API is for this machine itself; set one to use it from elsewhere"
    } else if came_through_proxy(request.headers()) {
        "this came through a proxy, which asks for others; set an admin_token to use the operator's API through it"
    } else if !is_asked_as_this_machine(request.headers(), request.uri()) {
        "while no admin_token is set, ask 127.0.0.1, [::1] or localhost: another name may be pointed here by anybody"
    } else {
        return Ok(());
    };
    Err(Problem::new(StatusCode::FORBIDDEN, ProblemType::NotAdministrator, detail))
}
