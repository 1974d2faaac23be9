//! Invites: made, listed and withdrawn by administrators and by who moderates the room; exchanged for a token by whoever has one.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use sfu_core::id::RoomName;
use utoipa::ToSchema;

use super::access::Caller;
use super::body;
use super::path::{self, RoomPath};
use super::tokens::no_keys;
use crate::api::problem::{Document, Fault, Problem, ProblemType};
use crate::app::AppState;
use crate::auth::{
    Auth, Claims, INVITE_LIFETIME_MAX_S, INVITE_USES_MAX, Invite, InviteId, Known, MintError, Role, Unusable, mint,
};
use crate::directory::Kind;
use crate::names;
use crate::signal::now;

/// How long an invite is good for if nobody says, s.
const TTL_DEFAULT_S: u64 = 24 * 60 * 60;
/// How long what it is exchanged for is good, s: a long meeting, and coming back to it.
const TOKEN_TTL_S: u64 = 12 * 60 * 60;

/// What an invite is to be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInvite)]
pub struct Wanted {
    pub role: Role,
    /// How long it is good for, s; 86400 if absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 2_592_000)]
    pub ttl_seconds: Option<u64>,
    /// How often it may be used; once if absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000)]
    pub uses: Option<u16>,
}

/// An invite that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Made {
    id: String,
    room: String,
    role: Role,
    /// When it is good no more, s since 1970 (UTC).
    expires_at: u64,
    uses: u16,
    /// What lets its bearer in.
    code: String,
    /// Where the web page takes it, on this server.
    path: String,
}

/// What is known of an invite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Listed {
    id: String,
    role: Role,
    /// When it is good no more, s since 1970 (UTC).
    expires_at: u64,
    uses: u16,
    used: u16,
    withdrawn: bool,
}

/// Invites of a room that have not expired, by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct InviteList {
    invites: Vec<Listed>,
}

/// What somebody has been sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Brought {
    pub code: String,
}

/// What it was exchanged for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Let {
    room: String,
    identity: String,
    role: Role,
    token: String,
    /// When the token is good no more, s since 1970 (UTC).
    expires_at: u64,
}

/// Makes an invite to a room: a link that lets whoever has it in, so often and for so long.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room}/invites", operation_id = "create_invite", tag = "invites",
    params(("room" = String, Path)),
    request_body(content = Wanted),
    responses(
        (status = 201, description = "The invite; its code is told this once", body = Made),
        (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json"),
    ),
)]
pub async fn create(
    State(state): State<AppState>,
    room: RoomPath,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let room = path::room(room)?;
    let wanted: Wanted = body::read(request).await?;
    let Auth::Keys { store, .. } = &state.auth else { return Err(no_keys()) };
    let now_s = now().unix_ms / 1_000;
    let ttl_s = wanted.ttl_seconds.unwrap_or(TTL_DEFAULT_S);
    let invite = Invite::new(room, wanted.role, now_s, ttl_s, wanted.uses.unwrap_or(1)).ok_or_else(out_of_range)?;
    let code = invite.code(&store.keys()).ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            ProblemType::NotReady,
            "none of the server's keys signs: all are public parts",
        )
    })?;
    let noted = invite.clone();
    kept(&state, move |state| state.invites.add(&noted, now_s)).await?;
    tracing::info!(room = %invite.room, invite = %invite.id, role = ?invite.role, uses = invite.uses, by = by(&caller), "an invite was made");
    Ok((
        StatusCode::CREATED,
        Json(Made {
            id: invite.id.to_string(),
            room: invite.room.to_string(),
            role: invite.role,
            expires_at: invite.expires_s.into(),
            uses: invite.uses,
            path: format!("/i#{code}"),
            code,
        }),
    ))
}

/// Invites of a room that have not expired: those that this server has made, and those that were used here.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room}/invites", operation_id = "list_invites", tag = "invites",
    params(("room" = String, Path)),
    responses((status = 200, description = "The invites", body = InviteList), (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json")),
)]
pub async fn list(State(state): State<AppState>, room: RoomPath) -> Result<Json<InviteList>, Problem> {
    let room = path::room(room)?;
    let listed = |(id, known): (String, Known)| Listed {
        id,
        role: known.role,
        expires_at: known.expires_s.into(),
        uses: known.uses,
        used: known.used,
        withdrawn: known.withdrawn,
    };
    let invites = state.invites.list(&room, now().unix_ms / 1_000).into_iter().map(listed).collect();
    Ok(Json(InviteList { invites }))
}

/// Withdraws an invite: it lets nobody in any more. Who came by it stays.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{room}/invites/{invite}", operation_id = "withdraw_invite", tag = "invites",
    params(("room" = String, Path), ("invite" = String, Path, description = "Its id")),
    responses(
        (status = 204, description = "It lets nobody in"),
        (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json"),
    ),
)]
pub async fn withdraw(
    State(state): State<AppState>,
    path: Result<Path<(String, String)>, PathRejection>,
    Extension(caller): Extension<Caller>,
) -> Result<StatusCode, Problem> {
    let unknown = || {
        Problem::new(StatusCode::NOT_FOUND, ProblemType::NoSuchResource, "no invite of this id is known in this room")
    };
    let Path((room, id)) = path.map_err(|_| unknown())?;
    let (room, id) = (RoomName::new(&room).map_err(|_| unknown())?, InviteId::parse(&id).ok_or_else(unknown)?);
    let of = room.clone();
    let now_s = now().unix_ms / 1_000;
    kept(&state, move |state| state.invites.withdraw(&of, id, now_s).transpose()).await?.ok_or_else(unknown)?;
    tracing::info!(%room, invite = %id, by = by(&caller), "an invite was withdrawn");
    Ok(StatusCode::NO_CONTENT)
}

/// Exchanges an invite's code for a token of its room, which is one use of it. For everybody.
#[utoipa::path(
    post, path = "/api/v1/invites/exchange", operation_id = "exchange_invite", tag = "invites",
    request_body(content = Brought),
    security(()),
    responses(
        (status = 200, description = "The token", body = Let),
        (status = 410, description = "It was good once", body = Document, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json"),
        (status = 503, description = "It cannot be written down that it is used", body = Document, content_type = "application/problem+json"),
    ),
)]
pub async fn exchange(State(state): State<AppState>, request: Request) -> Result<impl IntoResponse, Problem> {
    let Brought { code } = body::read(request).await?;
    let Auth::Keys { store, audience } = &state.auth else { return Err(no_keys()) };
    let keys = store.keys();
    let invite = Invite::read(&code, &keys).ok_or_else(|| {
        let detail = "this is no invitation of this server, or its key is gone; was the whole link copied?";
        Problem::new(StatusCode::NOT_FOUND, ProblemType::InviteUnknown, detail)
    })?;
    let now_s = now().unix_ms / 1_000;
    let identity = names::made_up(Kind::Meet).map_err(|error| failed(&error))?;
    let expires_at = now_s.saturating_add(TOKEN_TTL_S);
    let claims = Claims {
        aud: audience.to_string(),
        exp: expires_at,
        nbf: now_s,
        iat: Some(now_s),
        iss: None,
        sub: None,
        jti: Some(invite.id.to_string()),
        room: Some(invite.room.to_string()),
        identity: Some(identity.to_string()),
        name: None,
        grants: invite.role.grants(),
        caps: None,
    };
    // Before it counts as used.
    let token = mint(&claims, &keys, None).map_err(|error: MintError| failed(&error))?;
    let used = invite.clone();
    kept(&state, move |state| state.invites.redeem(&used, now_s)).await?;
    tracing::info!(room = %invite.room, participant = %identity, invite = %invite.id, role = ?invite.role, "an invite was used");
    let room = invite.room.to_string();
    let told = Let { room, identity: identity.to_string(), role: invite.role, token, expires_at };
    Ok(([(CACHE_CONTROL, "no-store")], Json(told)))
}

/// Does something that is written down, away from the threads that serve requests.
async fn kept<T: Send + 'static>(
    state: &AppState,
    act: impl FnOnce(&AppState) -> Result<T, Unusable> + Send + 'static,
) -> Result<T, Problem> {
    let state = Arc::new(state.clone());
    let done = tokio::task::spawn_blocking(move || act(&state)).await;
    Ok(done.map_err(|error| failed(&error))??)
}

fn by(caller: &Caller) -> String {
    match caller {
        Caller::Admin => "an administrator".to_owned(),
        Caller::Moderator(moderator) => moderator.identity.to_string(),
    }
}

fn failed(error: &dyn std::error::Error) -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, ProblemType::Blank, error.to_string())
}

fn out_of_range() -> Problem {
    let fault = |field: &str, most: u64| Fault {
        pointer: format!("#/{field}"),
        detail: format!("{field} must be 1 to {most}"),
    };
    Problem::of_fields(vec![fault("ttl_seconds", INVITE_LIFETIME_MAX_S), fault("uses", INVITE_USES_MAX.into())])
}

impl From<Unusable> for Problem {
    fn from(unusable: Unusable) -> Self {
        let (status, kind) = match unusable {
            Unusable::Expired => (StatusCode::GONE, ProblemType::InviteExpired),
            Unusable::UsedUp => (StatusCode::GONE, ProblemType::InviteUsedUp),
            Unusable::Withdrawn | Unusable::Forgotten => (StatusCode::GONE, ProblemType::InviteWithdrawn),
            Unusable::TooMany => (StatusCode::CONFLICT, ProblemType::TooManySettings),
            Unusable::NotKept => (StatusCode::SERVICE_UNAVAILABLE, ProblemType::NotReady),
        };
        Self::new(status, kind, unusable.to_string())
    }
}
