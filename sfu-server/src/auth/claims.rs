//! What a token says (RFC 7519 §4), read strictly: a claim that is not known, or stands there twice, refuses it. A misspelt `caps` must
//! not be nobody's.

use serde::{Deserialize, Serialize};
use sfu_core::bitrate::Caps;
use sfu_core::id::{Identity, RoomName};

use super::grants::{Grant, Grants};
use super::limits::{CLOCK_AHEAD_MAX_S, LIFETIME_MAX_S};
use super::object;
use super::verify::TokenError;
use crate::api::v1::body::{BPS_MAX, BPS_MIN, HEIGHT_MAX, HEIGHT_MIN};
use crate::signal::is_name;

/// Claims as they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Which server it is for; one text, no list.
    pub aud: String,
    /// Seconds since 1970 (UTC), whole ones.
    pub exp: u64,
    pub nbf: u64,
    /// When it was made; not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// Who made it; not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Whom it is about elsewhere; not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Its own name; not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub grants: Vec<Grant>,
    #[serde(default, deserialize_with = "object::some", skip_serializing_if = "Option::is_none")]
    pub caps: Option<ClaimedCaps>,
}

/// What a token's bearer is allowed at most, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimedCaps {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish_max_bps: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribe_max_bps: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video_max_height: Option<u16>,
}

/// What a token lets its bearer do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pass {
    /// In one room, as one participant.
    Participant(Participant),
    /// The operator's API.
    Admin,
}

/// Who comes into a room, and what it may do there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    pub room: RoomName,
    pub identity: Identity,
    /// What others see; the client's own choice if there is none.
    pub name: Option<String>,
    pub grants: Grants,
    pub caps: Caps,
}

impl Claims {
    /// Whether they hold at `now_s`, for `audience`, and for what.
    pub(super) fn check(&self, audience: &str, now_s: u64) -> Result<Pass, TokenError> {
        if self.aud != audience {
            return Err(TokenError::Invalid);
        }
        let lifetime = self.exp.checked_sub(self.nbf).filter(|lifetime| (1..=LIFETIME_MAX_S).contains(lifetime));
        lifetime.ok_or(TokenError::Invalid)?;
        if self.exp <= now_s {
            return Err(TokenError::Expired);
        }
        if self.nbf > now_s.saturating_add(CLOCK_AHEAD_MAX_S) {
            return Err(TokenError::NotYet);
        }
        self.pass().ok_or(TokenError::Invalid)
    }

    /// What they are for; `None`: nothing that there is.
    pub(super) fn pass(&self) -> Option<Pass> {
        let grants = Grants::of(&self.grants)?;
        let caps = self.caps.unwrap_or_default().checked()?;
        if grants.has(Grant::Admin) {
            // Of the whole server: a room beside it would be misunderstood.
            let is_alone = self.grants.len() == 1 && self.room.is_none() && self.identity.is_none();
            return (is_alone && self.name.is_none() && self.caps.is_none()).then_some(Pass::Admin);
        }
        let room = RoomName::new(self.room.as_deref()?).ok()?;
        let identity = Identity::new(self.identity.as_deref()?).ok()?;
        let is_named = self.name.as_deref().is_none_or(is_name);
        let participant = Participant { room, identity, name: self.name.clone(), grants, caps };
        (is_named && !participant.grants.is_empty()).then_some(Pass::Participant(participant))
    }
}

impl ClaimedCaps {
    fn checked(self) -> Option<Caps> {
        let Self { publish_max_bps, subscribe_max_bps, video_max_height } = self;
        let bps =
            [publish_max_bps, subscribe_max_bps].into_iter().flatten().all(|bps| (BPS_MIN..=BPS_MAX).contains(&bps));
        let height = video_max_height.is_none_or(|height| (HEIGHT_MIN..=HEIGHT_MAX).contains(&u64::from(height)));
        (bps && height).then_some(Caps { publish_max_bps, subscribe_max_bps, video_max_height })
    }
}
