//! From bytes to lines to the `sdp` crate's syntax tree, with the limits of a hostile world and line numbers in errors.

use std::io::Cursor;

use sdp::SessionDescription;

use super::SdpError;
use crate::limits::{SDP_BYTES_MAX, SDP_EXCERPT_CHARS_MAX, SDP_LINES_MAX, SDP_SECTIONS_MAX};

/// One `<letter>=<value>` line (RFC 8866 §5).
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// 1 is the first.
    pub number: usize,
    pub letter: u8,
    pub value: &'a str,
    whole: &'a str,
}

/// Cuts a text into its lines and checks their form; blank lines are skipped, a lone LF ends a line too.
pub(super) fn lines(text: &str) -> Result<Vec<Line<'_>>, SdpError> {
    if text.len() > SDP_BYTES_MAX {
        return Err(SdpError::TooLong { bytes: text.len() });
    }
    let mut lines = Vec::new();
    let mut sections = 0;
    for (index, raw) in text.split('\n').enumerate() {
        let number = index.saturating_add(1);
        if number > SDP_LINES_MAX {
            return Err(SdpError::TooManyLines);
        }
        let whole = raw.strip_suffix('\r').unwrap_or(raw);
        if whole.chars().any(|c| c.is_control() && c != '\t') {
            return Err(SdpError::ControlCharacter { line: number });
        }
        if whole.trim().is_empty() {
            continue;
        }
        let Some((letter, value)) = whole.split_once('=').filter(|(name, _)| name.len() == 1) else {
            return Err(SdpError::NotAField { line: number, found: excerpt(whole) });
        };
        let letter = letter.bytes().next().unwrap_or_default();
        sections += usize::from(letter == b'm');
        if sections > SDP_SECTIONS_MAX {
            return Err(SdpError::TooManySections);
        }
        lines.push(Line { number, letter, value: value.trim(), whole });
    }
    Ok(lines)
}

/// Parses a whole description. Fields that nobody reads here (bandwidth, connection, titles, time zones, …) are left out
/// first, so that an odd one refuses no offer.
pub(super) fn parse(text: &str) -> Result<SessionDescription, SdpError> {
    let lines = lines(text)?;
    let kept: Vec<&Line<'_>> = lines
        .iter()
        .filter(|line| !matches!(line.letter, b'i' | b'u' | b'e' | b'p' | b'c' | b'b' | b'z' | b'k' | b'r'))
        .collect();
    let mut joined = String::with_capacity(text.len());
    for line in &kept {
        joined.push_str(line.whole);
        joined.push('\n');
    }
    let mut cursor = Cursor::new(joined.as_bytes());
    SessionDescription::unmarshal(&mut cursor).map_err(|error| {
        if matches!(error, shared::error::Error::SdpInvalidSyntax(field) if field.is_empty()) {
            return SdpError::Truncated;
        }
        // The parser tells no place, but where it stopped reading is the place: in a line, or just behind its LF.
        let consumed = usize::try_from(cursor.position()).unwrap_or(usize::MAX).saturating_sub(1);
        let index = joined.bytes().take(consumed).filter(|byte| *byte == b'\n').count();
        kept.get(index)
            .map_or(SdpError::Truncated, |line| SdpError::Malformed { line: line.number, found: excerpt(line.whole) })
    })
}

/// The beginning of a piece of the offer, for an error.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(SDP_EXCERPT_CHARS_MAX).collect()
}
