//! Reads what a client says: text into a checked request, or into an error that names the field.
//! Invariant: nothing that is not JSON of a known shape, within every limit, gets past here.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sfu_core::command::{LayoutEntry, Muting};
use sfu_core::id::{Identity, Mid};

use super::check;
use super::limits::{CHAT_BYTES_PER_COST, CHAT_TOKENS, FRAME_TOKENS, MUTE_TOKENS, OFFER_TOKENS};
use super::refusal::Refusal;
use super::wire::{ErrorCode, LayoutSlot, RequestId, TrackUse};

/// A request in which every value is allowed.
#[derive(Debug, Clone, PartialEq)]
pub enum Checked {
    Join(Join),
    Offer { sdp: String, uses: Vec<TrackUse>, fresh: bool },
    Layout(Vec<LayoutEntry>),
    Mute { mid: Mid, muting: Muting },
    Chat { text: String },
    Leave,
    Ping,
}

/// Who comes.
#[derive(Debug, Clone, PartialEq)]
pub struct Join {
    pub version: u32,
    pub name: String,
    pub metadata: BTreeMap<String, String>,
    pub identity: Option<Identity>,
    pub resume: Option<String>,
    pub token: Option<String>,
}

impl Checked {
    /// The request's `type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Join(_) => "join",
            Self::Offer { .. } => "offer",
            Self::Layout(_) => "layout",
            Self::Mute { .. } => "mute",
            Self::Chat { .. } => "chat",
            Self::Leave => "leave",
            Self::Ping => "ping",
        }
    }

    /// Tokens of the bucket that it takes on top of a frame's.
    pub fn extra_cost(&self) -> f64 {
        let cost = match self {
            Self::Offer { .. } => OFFER_TOKENS,
            Self::Chat { text } => {
                let parts = u32::try_from(text.len() / CHAT_BYTES_PER_COST).unwrap_or(u32::MAX);
                CHAT_TOKENS * (1.0 + f64::from(parts))
            }
            Self::Mute { .. } => MUTE_TOKENS,
            Self::Join(_) | Self::Layout(_) | Self::Leave | Self::Ping => FRAME_TOKENS,
        };
        cost - FRAME_TOKENS
    }
}

/// Reads one frame. An error comes with the request's id where that can be read.
pub fn read(text: &str) -> Result<(RequestId, Checked), (Option<RequestId>, Refusal)> {
    let value: Value = serde_json::from_str(text).map_err(|error| (None, malformed(format!("not JSON: {error}"))))?;
    let Value::Object(mut fields) = value else {
        return Err((None, malformed("a message is one JSON object, such as {\"id\":1,\"type\":\"ping\"}")));
    };
    let id = take_id(&mut fields).map_err(|refusal| (None, refusal))?;
    let checked = take_type(&mut fields).and_then(|kind| body(&kind, fields));
    checked.map(|checked| (id, checked)).map_err(|refusal| (Some(id), refusal))
}

fn take_id(fields: &mut Map<String, Value>) -> Result<RequestId, Refusal> {
    let id = fields.remove("id").ok_or_else(|| malformed("id is missing; number your requests").at("id"))?;
    let id = id.as_u64().and_then(|id| RequestId::try_from(id).ok());
    id.ok_or_else(|| malformed(format!("id must be a whole number from 0 to {}", RequestId::MAX)).at("id"))
}

fn take_type(fields: &mut Map<String, Value>) -> Result<String, Refusal> {
    match fields.remove("type") {
        Some(Value::String(kind)) => Ok(kind),
        Some(_) => Err(malformed("type must be a string, such as \"ping\"").at("type")),
        None => Err(malformed("type is missing; it says what is asked for").at("type")),
    }
}

fn body(kind: &str, fields: Map<String, Value>) -> Result<Checked, Refusal> {
    match kind {
        "join" => join(fields_of(fields)?),
        "offer" => {
            let OfferBody { sdp, tracks, fresh } = fields_of(fields)?;
            check::sdp(&sdp)?;
            check::uses(&tracks)?;
            Ok(Checked::Offer { sdp, uses: tracks, fresh })
        }
        "layout" => {
            let LayoutBody { slots } = fields_of(fields)?;
            check::layout(slots).map(Checked::Layout)
        }
        "mute" => {
            let MuteBody { mid, muted } = fields_of(fields)?;
            let muting = if muted { Muting::Muted } else { Muting::Unmuted };
            Ok(Checked::Mute { mid: check::mid("mid", &mid)?, muting })
        }
        "chat" => {
            let ChatBody { text } = fields_of(fields)?;
            check::chat(&text)?;
            Ok(Checked::Chat { text })
        }
        "leave" => fields_of::<NoBody>(fields).map(|NoBody {}| Checked::Leave),
        "ping" => fields_of::<NoBody>(fields).map(|NoBody {}| Checked::Ping),
        unknown => {
            let message =
                format!("type `{unknown}` is unknown; known are join, offer, layout, mute, chat, leave, ping");
            Err(Refusal::new(ErrorCode::UnknownType, message).at("type"))
        }
    }
}

fn join(body: JoinBody) -> Result<Checked, Refusal> {
    let JoinBody { version, name, metadata, identity, resume, token } = body;
    check::name(&name)?;
    check::metadata(&metadata)?;
    let identity = identity.map(|identity| check::identity("identity", &identity)).transpose()?;
    Ok(Checked::Join(Join { version, name, metadata, identity, resume, token }))
}

/// Reads a request's fields; what serde says is turned into the name of the field and a sentence.
fn fields_of<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, Refusal> {
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        let message = error.into_inner().to_string();
        let field = match message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
            Some(missing) if path.is_empty() => missing.to_owned(),
            Some(missing) => format!("{path}.{missing}"),
            None => path,
        };
        invalid(&field, &message)
    })
}

fn invalid(field: &str, message: &str) -> Refusal {
    let refusal = Refusal::new(ErrorCode::InvalidField, format!("{field}: {message}"));
    if field.is_empty() { refusal } else { refusal.at(field) }
}

fn malformed(message: impl Display) -> Refusal {
    Refusal::new(ErrorCode::Malformed, message.to_string())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JoinBody {
    version: u32,
    name: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    identity: Option<String>,
    #[serde(default)]
    resume: Option<String>,
    #[serde(default)]
    token: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfferBody {
    sdp: String,
    #[serde(default)]
    tracks: Vec<TrackUse>,
    #[serde(default)]
    fresh: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayoutBody {
    slots: Vec<LayoutSlot>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MuteBody {
    mid: String,
    muted: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChatBody {
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoBody {}
