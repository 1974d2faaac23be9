//! What slots are given, and were, as the API says it.

use serde::Serialize;
use sfu_core::bitrate::Frames;
use sfu_core::why;
use utoipa::ToSchema;

use super::explain::{Constraint, constraint};
use crate::signal::convert;
use crate::signal::wire;

/// That a slot was given something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Decision {
    /// When, ms since 1970 (UTC).
    at_ms: u64,
    mid: String,
    /// Id of the track that the slot was to show.
    track: Option<String>,
    from: Given,
    to: Given,
    /// Why it was no more.
    constraint: Constraint,
    /// Whose limit that was, if one's.
    limited_by: Option<wire::LimitedBy>,
    /// What might be sent then, bit/s of UDP payload; `null`: no limit.
    budget_bps: Option<u64>,
}

/// What a slot is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Given {
    picture: Picture,
    /// `null` without simulcast, and without a picture.
    rid: Option<String>,
    /// Of its pictures, pixels; `null` until a key frame told it, and without a picture.
    height: Option<u16>,
    /// What it is counted with, bit/s.
    bps: u64,
}

/// Whether a slot is given pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Picture {
    /// There is nothing to be shown.
    Nothing,
    /// For want of bits, or because it may not be shown.
    Paused,
    /// Those of its lowest temporal layer.
    Thinned,
    Whole,
}

pub fn decision(decision: &why::Decision, now_ms: u64) -> Decision {
    let age_ms = u64::try_from(decision.age.as_millis()).unwrap_or(u64::MAX);
    Decision {
        at_ms: now_ms.saturating_sub(age_ms),
        mid: decision.mid.0.to_string(),
        track: decision.track.as_ref().map(convert::track_id),
        from: given(&decision.from),
        to: given(&decision.to),
        constraint: constraint(decision.reason, decision.limited_by, decision.is_own_cap),
        limited_by: decision.limited_by.map(convert::limited_by),
        budget_bps: decision.budget_bps,
    }
}

pub fn given(picture: &why::Picture) -> Given {
    let without = |picture| Given { picture, rid: None, height: None, bps: 0 };
    match picture {
        why::Picture::Nothing => without(Picture::Nothing),
        why::Picture::Paused => without(Picture::Paused),
        why::Picture::Layer { rid, height, frames, bps } => Given {
            picture: match frames {
                Frames::UpTo(_) => Picture::Thinned,
                Frames::All => Picture::Whole,
            },
            rid: rid.as_ref().map(|rid| rid.0.to_string()),
            height: *height,
            bps: *bps,
        },
    }
}
