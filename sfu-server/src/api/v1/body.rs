//! Settings as they come in a body: a JSON merge patch (RFC 7396) of whole numbers, read strictly. What is absent stays, null
//! clears, and every field that cannot be is named.

use std::collections::BTreeMap;

use axum::RequestExt;
use axum::body::Bytes;
use axum::extract::Request;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use percent_encoding::utf8_percent_encode;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sfu_core::bitrate::{Caps, RoomCaps};
use sfu_core::id::Identity;

use super::JSON;
use crate::api::is_media_type;
use crate::api::join::{ACCEPT_PATCH, SEGMENT};
use crate::api::problem::{Fault, Problem, ProblemType};
use crate::config::Hint;

/// Largest body, bytes; all fields there are take 200, and who supposes something supposes it of some dozens at once.
pub const BODY_BYTES_MAX: usize = 4 * 1024;
/// Media type of a merge patch.
const MERGE_PATCH: &str = "application/merge-patch+json";

/// The least bitrate that is a cap, bit/s: below it not even the packets' own heads fit, and who means less means a mistake.
pub const BPS_MIN: u64 = 1_000;
/// The highest bitrate that is a cap, bit/s: more than a server's link has, so none is meant.
pub const BPS_MAX: u64 = 10_000_000_000;
/// The lowest pictures that are a cap, pixels: a block of most codecs.
pub const HEIGHT_MIN: u64 = 16;
/// The highest pictures that are a cap, pixels: twice the highest that any screen has.
pub const HEIGHT_MAX: u64 = 8_640;

const PUBLISH: &str = "publish_max_bps";
const SUBSCRIBE: &str = "subscribe_max_bps";
const EGRESS: &str = "room_egress_max_bps";
const HEIGHT: &str = "video_max_height";
/// Beside a room's settings, where something is supposed.
const PARTICIPANTS: &str = "participants";

/// Whose settings are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Room,
    Participant,
}

impl Of {
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Room => &[PUBLISH, SUBSCRIBE, EGRESS, HEIGHT],
            Self::Participant => &[PUBLISH, SUBSCRIBE, HEIGHT],
        }
    }
}

/// What a body changes: the fields that it names, and what they are from now on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change(BTreeMap<&'static str, Option<u64>>);

impl Change {
    /// Reads the body of a `PATCH`.
    pub async fn patch(of: Of, request: Request) -> Result<Self, Problem> {
        let accepts = [MERGE_PATCH, JSON];
        if !accepts.iter().any(|accepted| is_media_type(request.headers(), accepted)) {
            return Err(wrong_type(MERGE_PATCH).with_header(ACCEPT_PATCH, MERGE_PATCH));
        }
        Self::read(of, &body(request).await?)
    }

    /// Reads the body of a `PUT`.
    pub async fn put(of: Of, request: Request) -> Result<Self, Problem> {
        if !is_media_type(request.headers(), JSON) {
            return Err(wrong_type(JSON));
        }
        Self::read(of, &body(request).await?)
    }

    fn read(of: Of, body: &[u8]) -> Result<Self, Problem> {
        fields_of(of, &object(body)?).map(Self).map_err(Problem::of_fields)
    }

    /// A participant's caps after it.
    pub fn caps(&self, caps: Caps) -> Caps {
        Caps {
            publish_max_bps: self.after(PUBLISH, caps.publish_max_bps),
            subscribe_max_bps: self.after(SUBSCRIBE, caps.subscribe_max_bps),
            video_max_height: self
                .after(HEIGHT, caps.video_max_height.map(u64::from))
                .and_then(|height| u16::try_from(height).ok()),
        }
    }

    /// A room's caps after it.
    pub fn room_caps(&self, caps: RoomCaps) -> RoomCaps {
        RoomCaps {
            participant: self.caps(caps.participant),
            room_egress_max_bps: self.after(EGRESS, caps.room_egress_max_bps),
        }
    }

    fn after(&self, field: &str, before: Option<u64>) -> Option<u64> {
        self.0.get(field).copied().unwrap_or(before)
    }
}

/// What is supposed of a room and of participants of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Supposition {
    pub room: Change,
    pub participants: BTreeMap<Identity, Change>,
}

impl Supposition {
    /// Reads the body of a question: a room's `PATCH`, with those of participants beside it.
    pub async fn read(request: Request) -> Result<Self, Problem> {
        if !is_media_type(request.headers(), JSON) {
            return Err(wrong_type(JSON));
        }
        let mut fields = object(&body(request).await?)?;
        let participants = fields.remove(PARTICIPANTS).unwrap_or(Value::Null);
        let mut faults = Vec::new();
        let room = fields_of(Of::Room, &fields).map_err(|found| faults.extend(found)).unwrap_or_default();
        let participants = participants_of(participants, &mut faults);
        if faults.is_empty() { Ok(Self { room: Change(room), participants }) } else { Err(Problem::of_fields(faults)) }
    }
}

/// Reads a body of this shape, strictly; the field that is at fault is named.
pub async fn read<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    if !is_media_type(request.headers(), JSON) {
        return Err(wrong_type(JSON));
    }
    let fields = object(&body(request).await?)?;
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path.replace(['.', '['], "/").replace(']', "") };
        Problem::of_fields(vec![Fault { pointer: format!("#/{path}"), detail: error.into_inner().to_string() }])
    })
}

fn participants_of(named: Value, faults: &mut Vec<Fault>) -> BTreeMap<Identity, Change> {
    let mut read = BTreeMap::new();
    let at = |name: &str| format!("#/{PARTICIPANTS}/{}", escaped(name));
    let object = || "must be an object of settings by identity".to_owned();
    let named = match named {
        Value::Null => return read,
        Value::Object(named) => named,
        _ => {
            faults.push(Fault { pointer: format!("#/{PARTICIPANTS}"), detail: format!("{PARTICIPANTS} {}", object()) });
            return read;
        }
    };
    for (name, settings) in named {
        match (Identity::new(&name), settings) {
            (Err(error), _) => {
                faults.push(Fault { pointer: at(&name), detail: format!("the participant's identity {error}") });
            }
            (Ok(identity), Value::Object(fields)) => match fields_of(Of::Participant, &fields) {
                Ok(fields) => drop(read.insert(identity, Change(fields))),
                Err(found) => faults.extend(found.into_iter().map(|fault| {
                    let pointer = format!("{}/{}", at(&name), fault.pointer.trim_start_matches("#/"));
                    Fault { pointer, ..fault }
                })),
            },
            (Ok(_), _) => faults.push(Fault { pointer: at(&name), detail: "must be an object of settings".to_owned() }),
        }
    }
    read
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    let bad = |detail: String| Problem::new(StatusCode::BAD_REQUEST, ProblemType::BadJson, detail);
    match serde_json::from_slice(body).map_err(|error| bad(format!("this is not JSON: {error}")))? {
        Value::Object(fields) => Ok(fields),
        _ => Err(bad(format!("send an object, such as {{\"{SUBSCRIBE}\": 800000}}"))),
    }
}

fn wrong_type(wanted: &str) -> Problem {
    let detail = format!("settings must be sent with Content-Type: {wanted}");
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, ProblemType::UnsupportedMediaType, detail)
}

async fn body(request: Request) -> Result<Bytes, Problem> {
    let body: Result<Bytes, BytesRejection> = request.extract().await;
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = format!("at most {BODY_BYTES_MAX} bytes are accepted, which hold all the fields there are, for a room or some dozen participants");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, ProblemType::BodyTooLarge, detail)
        }
        status => Problem::new(status, ProblemType::Blank, rejection.body_text()),
    })
}

fn fields_of(of: Of, fields: &Map<String, Value>) -> Result<BTreeMap<&'static str, Option<u64>>, Vec<Fault>> {
    let (mut read, mut faults) = (BTreeMap::new(), Vec::new());
    for (name, value) in fields {
        match field(of, name, value) {
            Ok((name, value)) => {
                read.insert(name, value);
            }
            Err(detail) => faults.push(Fault { pointer: format!("#/{}", escaped(name)), detail }),
        }
    }
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

fn field(of: Of, name: &str, value: &Value) -> Result<(&'static str, Option<u64>), String> {
    let known = of.fields();
    let Some(known) = known.iter().find(|known| **known == name) else {
        let hint = Hint::nearest(name, known.iter().map(|known| (*known).to_owned()));
        return Err(format!("`{}` is no setting{hint}; known are: {}", shown(name), known.join(", ")));
    };
    let (least, most, unit) =
        if *known == HEIGHT { (HEIGHT_MIN, HEIGHT_MAX, "pixels") } else { (BPS_MIN, BPS_MAX, "bit/s") };
    match value {
        Value::Null => Ok((known, None)),
        Value::Number(number) if number.as_u64().is_some_and(|number| (least..=most).contains(&number)) => {
            Ok((known, number.as_u64()))
        }
        Value::Number(_) => {
            Err(format!("{known} must be a whole number from {least} to {most} {unit}, or null for no cap"))
        }
        Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            Err(format!("{known} must be a number of {unit}, without quotes, or null for no cap"))
        }
    }
}

/// Most characters of an unknown field's name that are told back.
const ECHOED_CHARS_MAX: usize = 40;

fn shown(name: &str) -> String {
    name.chars().take(ECHOED_CHARS_MAX).collect()
}

/// RFC 6901 §3 and §6.
fn escaped(name: &str) -> String {
    utf8_percent_encode(&shown(name).replace('~', "~0").replace('/', "~1"), SEGMENT).to_string()
}
