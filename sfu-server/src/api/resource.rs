//! A WHIP or WHEP resource after its birth: trickle and ICE restart by `PATCH` (RFC 9725 §4.3), the end by `DELETE` (§4.5).

use axum::Extension;
use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, Request, State};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use sfu_core::event::PatchOutcome;

use super::join::{ACCEPT_PATCH, header, text};
use super::problem::{Problem, ProblemType};
use super::{SDP_FRAGMENT, is_media_type};
use crate::app::AppState;
use crate::directory::{Kind, Resource, ResourceId};

/// The parts of a resource's URL.
type ResourcePath = Result<Path<(String, String)>, PathRejection>;

/// Trickled candidates are acknowledged with 204, an ICE restart is answered with 200 and a new `ETag`.
pub async fn patch(
    State(state): State<AppState>,
    Extension(kind): Extension<Kind>,
    path: ResourcePath,
    request: Request,
) -> Result<Response, Problem> {
    let (_, resource) = find(&state, kind, path)?;
    if !is_media_type(request.headers(), SDP_FRAGMENT) {
        let detail = format!("candidates and ICE restarts must be sent with Content-Type: {SDP_FRAGMENT}");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ProblemType::UnsupportedMediaType, detail)
            .with_header(ACCEPT_PATCH, SDP_FRAGMENT));
    }
    precondition(request.headers(), &resource.ice_tag)?;
    let body: Result<Bytes, BytesRejection> = request.extract().await;
    match state.control.patch(&resource, text(&body?)?).await? {
        PatchOutcome::Trickled => Ok(StatusCode::NO_CONTENT.into_response()),
        PatchOutcome::Restarted { fragment, ice_tag } => {
            let etag = header(&format!("\"{ice_tag}\""))?;
            let headers = [(ETAG, etag), (CONTENT_TYPE, header(SDP_FRAGMENT)?)];
            Ok((StatusCode::OK, headers, fragment).into_response())
        }
    }
}

/// Ends the resource; `If-Match` means nothing here (RFC 9725 §4.3.1).
pub async fn delete(
    State(state): State<AppState>,
    Extension(kind): Extension<Kind>,
    path: ResourcePath,
) -> Result<StatusCode, Problem> {
    let (id, _) = find(&state, kind, path)?;
    state.control.delete(id).map(|_| StatusCode::OK).ok_or_else(Problem::no_such_resource)
}

/// The live resource of this URL: right protocol, right room, right id.
fn find(state: &AppState, kind: Kind, path: ResourcePath) -> Result<(ResourceId, Resource), Problem> {
    let found = path.ok().and_then(|Path((room, id))| {
        let id = ResourceId::parse(&id)?;
        let resource = state.control.directory.get(id)?;
        (resource.kind == kind && resource.room.as_str() == room).then_some((id, resource))
    });
    found.ok_or_else(Problem::no_such_resource)
}

/// RFC 9725 §4.3.1: a trickle names the ICE generation it belongs to, a restart says `*`; without either it is 428 (RFC 6585 §3).
/// A weak tag counts as the strong one: proxies that compress answers weaken tags, and a generation has but one form.
fn precondition(headers: &HeaderMap, ice_tag: &str) -> Result<(), Problem> {
    let mut tags =
        headers.get_all(IF_MATCH).iter().flat_map(|value| value.to_str().unwrap_or("").split(',')).peekable();
    if tags.peek().is_none() {
        let detail = format!(
            "send If-Match: \"{ice_tag}\" with candidates of this ICE generation, If-Match: * with an ICE restart"
        );
        return Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, ProblemType::PreconditionRequired, detail));
    }
    let current = format!("\"{ice_tag}\"");
    let names_it = |tag: &str| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == current;
    if tags.any(|tag| names_it(tag.trim())) {
        return Ok(());
    }
    let detail = format!(
        "If-Match does not name the present ICE generation, which is {current}; send candidates of that one, or restart ICE with If-Match: *"
    );
    Err(Problem::new(StatusCode::PRECONDITION_FAILED, ProblemType::PreconditionFailed, detail))
}
