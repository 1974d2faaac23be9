//! Names in the API's paths, checked.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use sfu_core::id::{Identity, RoomName};

use crate::api::problem::{Problem, ProblemType};

/// The room in a path.
pub type RoomPath = Result<Path<String>, PathRejection>;
/// The room and the participant in a path.
pub type ParticipantPath = Result<Path<(String, String)>, PathRejection>;

pub fn room(path: RoomPath) -> Result<RoomName, Problem> {
    let Path(room) = path.map_err(|_| not_utf8())?;
    room_name(&room)
}

pub fn participant(path: ParticipantPath) -> Result<(RoomName, Identity), Problem> {
    let Path((room, identity)) = path.map_err(|_| not_utf8())?;
    let identity = Identity::new(&identity).map_err(|error| bad_name(format!("the participant's identity {error}")))?;
    Ok((room_name(&room)?, identity))
}

fn room_name(room: &str) -> Result<RoomName, Problem> {
    RoomName::new(room).map_err(|error| bad_name(format!("the room's name {error}")))
}

/// The only way in which a path that found its route can be unreadable.
fn not_utf8() -> Problem {
    bad_name("a name in the path is not UTF-8 once decoded; write each byte of its UTF-8 as %XX".to_owned())
}

fn bad_name(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, ProblemType::BadName, detail)
}
