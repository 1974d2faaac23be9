//! Tokens, made for whoever the administrator vouches for.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body;
use super::describe::ParticipantSettings;
use crate::api::problem::{Document, Fault, Problem, ProblemType};
use crate::app::AppState;
use crate::auth::{Auth, ClaimedCaps, Claims, Grant, MintError, limits, mint};
use crate::signal::now;

/// How long a token is good for if nobody says, s.
pub const TTL_DEFAULT_S: u64 = 60 * 60;

/// What a token is to say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewToken)]
pub struct Wanted {
    /// The room, exactly.
    pub room: String,
    /// Who its bearer is there; two cannot be there at once.
    pub identity: String,
    /// What others see; the bearer's own choice if absent.
    #[serde(default)]
    pub name: Option<String>,
    /// What its bearer may do; at least one, and not `admin`.
    pub grants: Vec<Grant>,
    /// What its bearer is allowed at most.
    #[serde(default)]
    #[schema(value_type = Option<ParticipantSettings>)]
    pub caps: Option<ClaimedCaps>,
    /// How long it is good for, s; 3600 if absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 86_400)]
    pub ttl_seconds: Option<u64>,
    /// The key that signs; the first that can if absent.
    #[serde(default)]
    pub key_id: Option<String>,
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Token {
    pub token: String,
    /// When it is good no more, s since 1970 (UTC).
    pub expires_at: u64,
}

/// Makes a token for a participant of a room. None for administrators: `sfu-server token` makes those, for whoever has the keys.
#[utoipa::path(
    post, path = "/api/v1/tokens", operation_id = "create_token", tag = "tokens",
    request_body(content = Wanted),
    responses(
        (status = 201, description = "The token", body = Token),
        (status = "4XX", description = "Refused, and why", body = Document, content_type = "application/problem+json"),
    ),
)]
pub async fn create(State(state): State<AppState>, request: Request) -> Result<(StatusCode, Json<Token>), Problem> {
    let wanted: Wanted = body::read(request).await?;
    let (room, identity, grants) = (wanted.room.clone(), wanted.identity.clone(), wanted.grants.clone());
    let token = make(&state.auth, wanted, now().unix_ms / 1_000)?;
    tracing::info!(%room, participant = %identity, ?grants, expires_at = token.expires_at, "a token was made");
    Ok((StatusCode::CREATED, Json(token)))
}

/// Signs what is wanted, from now on.
fn make(auth: &Auth, wanted: Wanted, now_s: u64) -> Result<Token, Problem> {
    let Auth::Keys { store, audience } = auth else { return Err(no_keys()) };
    if wanted.grants.contains(&Grant::Admin) {
        return Err(fault(
            "grants",
            "grants: admin is for whoever has the keys: `sfu-server token` makes such a token",
        ));
    }
    let ttl_s = wanted.ttl_seconds.unwrap_or(TTL_DEFAULT_S);
    if !(1..=limits::LIFETIME_MAX_S).contains(&ttl_s) {
        return Err(fault("ttl_seconds", &format!("ttl_seconds must be 1 to {}", limits::LIFETIME_MAX_S)));
    }
    let expires_at = now_s.saturating_add(ttl_s);
    let claims = Claims {
        aud: audience.to_string(),
        exp: expires_at,
        nbf: now_s,
        iat: Some(now_s),
        iss: None,
        sub: None,
        jti: None,
        room: Some(wanted.room),
        identity: Some(wanted.identity),
        name: wanted.name,
        grants: wanted.grants,
        caps: wanted.caps,
    };
    let token = mint(&claims, &store.keys(), wanted.key_id.as_deref()).map_err(|error| match error {
        MintError::NoSigner => fault("key_id", "key_id: no key of this name signs; leave it out for the first that does"),
        MintError::Claims => {
            fault("room", "room, identity, name, grants or caps cannot be so: each grant once and at least one, caps as participants have them")
        }
        MintError::TooLong => fault("name", "the token would be too long"),
        MintError::Signing => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, ProblemType::Blank, error.to_string()),
    })?;
    Ok(Token { token, expires_at })
}

fn fault(field: &str, detail: &str) -> Problem {
    Problem::of_fields(vec![Fault { pointer: format!("#/{field}"), detail: detail.to_owned() }])
}

pub fn no_keys() -> Problem {
    let detail = "the server has no keys: set auth_keys to a file that `sfu-server keys generate` writes";
    Problem::new(StatusCode::CONFLICT, ProblemType::NotReady, detail)
}
