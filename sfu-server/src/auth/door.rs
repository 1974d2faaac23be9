//! What routes and sockets ask: may whoever brings this come in?

use std::sync::Arc;

use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, StatusCode, Uri};
use sfu_core::bitrate::Caps;
use sfu_core::id::{Identity, RoomName};

use super::bearer::{came_through_proxy, is_asked_as_this_machine};
use super::claims::{Participant, Pass};
use super::grants::{Grant, Grants};
use super::keys::KeysError;
use super::store::KeyStore;
use super::verify::{TokenError, key_of, verify};
use crate::api::problem::{Problem, ProblemType};
use crate::config::Config;
use crate::signal::wire::Access;

/// Whether tokens are asked for.
#[derive(Debug, Clone)]
pub enum Auth {
    /// No: everybody may come into every room, and nobody is an administrator by a token.
    Open(Openness),
    /// Yes, of one that these keys have signed for this audience.
    Keys { store: Arc<KeyStore>, audience: Arc<str> },
}

/// Why nobody is asked for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Openness {
    /// There are no keys, and the server is reached from its own machine alone.
    Development,
    /// The operator wants it so (`insecure_no_auth`).
    Insecure,
}

/// Somebody who may come into a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrant {
    /// `None`: whichever it likes.
    pub identity: Option<Identity>,
    /// What others see; `None`: whatever it says.
    pub name: Option<String>,
    pub grants: Grants,
    pub caps: Caps,
    /// The name of the key that signed its token; `None`: there was none.
    pub key: Option<String>,
}

/// Why somebody may not do something. None of it depends on whether a room is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error(
        "this needs a token, and there is none; ask for an invitation, or for a token to send as Authorization: Bearer TOKEN"
    )]
    NoToken,
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("the token is for another room; capital and small letters are different")]
    OtherRoom,
    #[error("the token does not allow this ({})", .0.name())]
    Lacks(Grant),
    #[error(
        "the server is in development mode, for its own machine alone, and this came through a proxy; the operator sets auth_keys, or \
         insecure_no_auth to let everybody in"
    )]
    ThroughProxy,
    #[error(
        "the server is in development mode, for its own machine alone: ask it as 127.0.0.1, [::1] or localhost, since another name may be \
         pointed here by anybody; the operator sets auth_keys, or insecure_no_auth to let everybody in"
    )]
    OtherHost,
}

impl Denied {
    /// For the counter.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::Token(TokenError::Invalid) => "invalid",
            Self::Token(TokenError::Expired) => "expired",
            Self::Token(TokenError::NotYet) => "not_yet",
            Self::OtherRoom => "other_room",
            Self::Lacks(_) => "grant",
            Self::ThroughProxy => "proxy",
            Self::OtherHost => "host",
        }
    }

    /// Whether another token might do, rather than more rights.
    pub fn is_unauthorized(self) -> bool {
        matches!(self, Self::NoToken | Self::Token(_))
    }
}

/// RFC 6750 §3.
impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let (status, kind, challenge) = match denied {
            Denied::NoToken => (StatusCode::UNAUTHORIZED, ProblemType::TokenNeeded, "Bearer realm=\"sfu\""),
            Denied::Token(TokenError::Expired) => (
                StatusCode::UNAUTHORIZED,
                ProblemType::TokenExpired,
                "Bearer realm=\"sfu\", error=\"invalid_token\", error_description=\"expired\"",
            ),
            Denied::Token(TokenError::Invalid | TokenError::NotYet) => {
                (StatusCode::UNAUTHORIZED, ProblemType::TokenInvalid, "Bearer realm=\"sfu\", error=\"invalid_token\"")
            }
            Denied::OtherRoom | Denied::Lacks(_) | Denied::ThroughProxy | Denied::OtherHost => {
                (StatusCode::FORBIDDEN, ProblemType::NotAllowed, "Bearer realm=\"sfu\", error=\"insufficient_scope\"")
            }
        };
        Self::new(status, kind, denied.to_string()).with_header(WWW_AUTHENTICATE, challenge)
    }
}

impl Entrant {
    /// Somebody who was not asked for a token.
    pub fn anybody() -> Self {
        Self { identity: None, name: None, grants: Grants::of_anybody(), caps: Caps::default(), key: None }
    }

    /// Refuses who lacks a grant.
    pub fn needs(&self, grant: Grant) -> Result<(), Denied> {
        if self.grants.has(grant) { Ok(()) } else { Err(Denied::Lacks(grant)) }
    }
}

impl Auth {
    /// What the configuration asks for.
    pub fn open(config: &Config) -> Result<Self, KeysError> {
        Ok(match &config.auth_keys {
            None if config.insecure_no_auth => Self::Open(Openness::Insecure),
            None => Self::Open(Openness::Development),
            Some(path) => Self::Keys {
                store: Arc::new(KeyStore::open(path)?),
                audience: Arc::from(config.auth_audience.as_str()),
            },
        })
    }

    /// Refuses what came through a proxy while only this machine is meant, or what was sent to a name that is not this machine's own:
    /// proxies and tunnels need not say what they are, and a page's name can be pointed at 127.0.0.1 (DNS rebinding).
    pub fn reached(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Denied> {
        match self {
            Self::Open(Openness::Development) if came_through_proxy(headers) => Err(Denied::ThroughProxy),
            Self::Open(Openness::Development) if !is_asked_as_this_machine(headers, uri) => Err(Denied::OtherHost),
            Self::Open(_) | Self::Keys { .. } => Ok(()),
        }
    }

    /// As the page is told.
    pub fn access(&self) -> Access {
        match self {
            Self::Keys { .. } => Access::Token,
            Self::Open(Openness::Development) => Access::Development,
            Self::Open(Openness::Insecure) => Access::Insecure,
        }
    }

    /// Whether `token` lets its bearer into this room at `now_s`, seconds since 1970 (UTC).
    pub fn admit(&self, room: &RoomName, token: Option<&str>, now_s: u64) -> Result<Entrant, Denied> {
        let entrant = match self {
            Self::Open(_) => Entrant::anybody(),
            Self::Keys { .. } => {
                let Participant { room: theirs, identity, name, grants, caps } = self.participant(token, now_s)?;
                if theirs != *room {
                    return Err(Denied::OtherRoom);
                }
                Entrant { identity: Some(identity), name, grants, caps, key: token.and_then(key_of) }
            }
        };
        entrant.needs(Grant::Join)?;
        Ok(entrant)
    }

    /// Whether what a key has signed is good still; without one nothing was signed.
    pub fn is_in_force(&self, key: Option<&str>) -> bool {
        key.is_none_or(|key| self.store().is_none_or(|store| store.keys().find(key).is_some()))
    }

    /// Who bears this token; nobody where none is asked for.
    pub fn pass(&self, token: Option<&str>, now_s: u64) -> Result<Pass, Denied> {
        let Self::Keys { store, audience } = self else { return Err(Denied::NoToken) };
        Ok(verify(token.ok_or(Denied::NoToken)?, &store.keys(), audience, now_s)?)
    }

    fn participant(&self, token: Option<&str>, now_s: u64) -> Result<Participant, Denied> {
        match self.pass(token, now_s)? {
            Pass::Participant(participant) => Ok(participant),
            Pass::Admin => Err(Denied::Lacks(Grant::Join)),
        }
    }

    /// The keys, where there are any.
    pub fn store(&self) -> Option<&Arc<KeyStore>> {
        match self {
            Self::Open(_) => None,
            Self::Keys { store, .. } => Some(store),
        }
    }
}
