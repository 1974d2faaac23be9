//! What the values of a request may be; each check names the field that breaks it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use sfu_core::command::LayoutEntry;
use sfu_core::id::{Identity, Mid, TrackName};
use sfu_core::limits::{SDP_BYTES_MAX, SLOTS_PER_TRANSPORT_MAX, TRACKS_PER_TRANSPORT_MAX};

use super::limits::{
    CHAT_BYTES_MAX, METADATA_BYTES_MAX, METADATA_ENTRIES_MAX, METADATA_KEY_BYTES_MAX, METADATA_VALUE_BYTES_MAX,
    MID_BYTES_MAX, NAME_BYTES_MAX,
};
use super::refusal::Refusal;
use super::wire::{ErrorCode, LayoutSlot, TrackUse};

/// Whether others may be shown this name.
pub fn is_name(text: &str) -> bool {
    name(text).is_ok()
}

pub(super) fn name(name: &str) -> Result<(), Refusal> {
    bounded("name", name, NAME_BYTES_MAX)?;
    if name.trim().is_empty() {
        return Err(Refusal::field("name", "is empty; say how others shall see you"));
    }
    match name.chars().find(|c| c.is_control() || turns_text(*c)) {
        Some(c) => Err(Refusal::field("name", format!("holds U+{:04X}, which cannot be seen", u32::from(c)))),
        None => Ok(()),
    }
}

/// Characters that turn what stands beside them, or end a line.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

pub(super) fn metadata(metadata: &BTreeMap<String, String>) -> Result<(), Refusal> {
    if metadata.len() > METADATA_ENTRIES_MAX {
        return Err(too_many("metadata", "entries", metadata.len(), METADATA_ENTRIES_MAX));
    }
    for (key, value) in metadata {
        if key.is_empty() {
            return Err(Refusal::field("metadata", "has an empty key"));
        }
        bounded("metadata", key, METADATA_KEY_BYTES_MAX)?;
        visible("metadata", key, |_| false)?;
        let field = format!("metadata.{key}");
        bounded(&field, value, METADATA_VALUE_BYTES_MAX)?;
        visible(&field, value, |_| false)?;
    }
    let bytes: usize = metadata.iter().map(|(key, value)| key.len() + value.len()).sum();
    if bytes > METADATA_BYTES_MAX {
        let message = format!("metadata is {bytes} bytes long in UTF-8; at most {METADATA_BYTES_MAX} are possible");
        return Err(Refusal::new(ErrorCode::TooLarge, message).at("metadata"));
    }
    Ok(())
}

pub(super) fn identity(field: &str, name: &str) -> Result<Identity, Refusal> {
    Identity::new(name).map_err(|error| Refusal::field(field, error))
}

pub(super) fn sdp(sdp: &str) -> Result<(), Refusal> {
    bounded("sdp", sdp, SDP_BYTES_MAX)
}

pub(super) fn chat(text: &str) -> Result<(), Refusal> {
    bounded("text", text, CHAT_BYTES_MAX)?;
    if text.trim().is_empty() {
        return Err(Refusal::field("text", "is empty"));
    }
    visible("text", text, |c| matches!(c, '\n' | '\r' | '\t'))
}

/// Control characters mean nothing to people, and six bytes of JSON each to everybody's sockets.
fn visible(field: &str, text: &str, allowed: impl Fn(char) -> bool) -> Result<(), Refusal> {
    match text.chars().find(|c| c.is_control() && !allowed(*c)) {
        Some(c) => Err(Refusal::field(field, format!("holds U+{:04X}, which cannot be seen", u32::from(c)))),
        None => Ok(()),
    }
}

/// RFC 9143 §8: a token (RFC 8866 §9).
pub(super) fn mid(field: &str, mid: &str) -> Result<Mid, Refusal> {
    bounded(field, mid, MID_BYTES_MAX)?;
    let is_token = |byte: u8| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]".contains(&byte);
    if mid.is_empty() || !mid.bytes().all(is_token) {
        return Err(Refusal::field(field, "is no mid; take it from a transceiver's mid"));
    }
    Ok(Mid(Arc::from(mid)))
}

pub(super) fn uses(uses: &[TrackUse]) -> Result<(), Refusal> {
    if uses.len() > TRACKS_PER_TRANSPORT_MAX {
        return Err(too_many("tracks", "entries", uses.len(), TRACKS_PER_TRANSPORT_MAX));
    }
    let mut seen = HashSet::new();
    for (index, entry) in uses.iter().enumerate() {
        let field = format!("tracks[{index}].mid");
        mid(&field, &entry.mid)?;
        if !seen.insert(&entry.mid) {
            return Err(Refusal::field(&field, "names a section again; name each once"));
        }
    }
    Ok(())
}

pub(super) fn layout(slots: Vec<LayoutSlot>) -> Result<Vec<LayoutEntry>, Refusal> {
    if slots.len() > SLOTS_PER_TRANSPORT_MAX {
        return Err(too_many("slots", "entries", slots.len(), SLOTS_PER_TRANSPORT_MAX));
    }
    let mut seen = HashSet::new();
    let mut layout = Vec::with_capacity(slots.len());
    for (index, slot) in slots.into_iter().enumerate() {
        let LayoutSlot { mid: name, track, height, priority } = slot;
        let field = format!("slots[{index}].mid");
        let mid = mid(&field, &name)?;
        if !seen.insert(mid.clone()) {
            return Err(Refusal::field(&field, "names a slot again; name each once"));
        }
        let track = track_name(&format!("slots[{index}].track"), &track)?;
        layout.push(LayoutEntry { mid, track, height, priority });
    }
    Ok(layout)
}

/// Reads `mid@identity`; an identity may hold further `@`.
fn track_name(field: &str, text: &str) -> Result<TrackName, Refusal> {
    let Some((section, owner)) = text.split_once('@') else {
        return Err(Refusal::field(field, "is no track id; take it from a participant's tracks"));
    };
    Ok(TrackName { identity: identity(field, owner)?, mid: mid(field, section)? })
}

fn bounded(field: &str, text: &str, bytes_max: usize) -> Result<(), Refusal> {
    if text.len() <= bytes_max {
        return Ok(());
    }
    let message = format!("{field} is {} bytes long in UTF-8; at most {bytes_max} are possible", text.len());
    Err(Refusal::new(ErrorCode::TooLarge, message).at(field))
}

fn too_many(field: &str, what: &str, count: usize, max: usize) -> Refusal {
    Refusal::new(ErrorCode::TooMany, format!("{field} has {count} {what}; at most {max} are possible")).at(field)
}
