//! The query of a join: `identity` and `watch`, decoded strictly. Unknown parameters are left alone, as players add their own.

use std::borrow::Cow;

use axum::http::StatusCode;
use percent_encoding::percent_decode_str;
use sfu_core::id::Identity;
use sfu_core::limits::SLOTS_PER_TRANSPORT_MAX;

use super::problem::{Problem, ProblemType};
use crate::directory::Kind;

/// Most characters of a refused name that are told back.
const ECHOED_CHARS_MAX: usize = 40;

/// What a join's query says, checked.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct JoinQuery {
    pub identity: Option<Identity>,
    /// Publishers to watch, in the order of the slots.
    pub watch: Vec<Identity>,
}

impl JoinQuery {
    /// Reads the part of a URL after its question mark (`application/x-www-form-urlencoded`, URL standard).
    pub fn parse(kind: Kind, query: &str) -> Result<Self, Problem> {
        let identity = parameter(query, "identity", "a participant has one identity")?;
        let watch = parameter(query, "watch", "join the identities by commas: watch=a,b")?;
        let identity = identity.map(|name| checked("identity", &name)).transpose()?;
        Ok(Self { identity, watch: watched(kind, watch.as_deref())? })
    }
}

/// The value of a parameter that may stand once; `otherwise` says what to do instead of repeating it.
pub fn parameter(query: &str, name: &str, otherwise: &str) -> Result<Option<String>, Problem> {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut values = pairs.filter(|(key, _)| decoded(key).is_some_and(|key| key == name)).map(|(_, value)| value);
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(bad_query(&format!("{name} stands more than once; {otherwise}")));
    }
    let Some(value) = decoded(value) else {
        let detail = format!("{name} is not UTF-8 once decoded; write each byte of its UTF-8 as %XX");
        return Err(bad_query(&detail));
    };
    Ok(Some(value))
}

/// `None` for what is not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

fn watched(kind: Kind, list: Option<&str>) -> Result<Vec<Identity>, Problem> {
    let names = match (kind, list) {
        (Kind::Whip, Some(_)) => return Err(bad_query("watch is for WHEP; a publisher sends, so leave it out")),
        (Kind::Whip | Kind::Whep | Kind::Meet, None) => return Ok(Vec::new()),
        (Kind::Whep | Kind::Meet, Some(list)) => list.split(',').map(str::trim).filter(|name| !name.is_empty()),
    };
    let watched = names.map(|name| checked("watch", name)).collect::<Result<Vec<_>, _>>()?;
    if watched.len() > SLOTS_PER_TRANSPORT_MAX {
        let named = watched.len();
        return Err(bad_query(&format!("watch names {named} publishers; at most {SLOTS_PER_TRANSPORT_MAX} fit")));
    }
    Ok(watched)
}

fn checked(parameter: &str, name: &str) -> Result<Identity, Problem> {
    Identity::new(name).map_err(|error| bad_query(&format!("{parameter} `{}` {error}", beginning(name))))
}

fn beginning(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(ECHOED_CHARS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", name.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(name),
    }
}

fn bad_query(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, ProblemType::BadQuery, detail)
}
