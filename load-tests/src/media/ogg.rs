//! Opus packets out of Ogg pages (RFC 3533, RFC 7845): lacing only, no checksums; the file is ours.

use bytes::{Bytes, BytesMut};

use super::{Frame, MediaError};

const PAGE_HEADER: usize = 27;

/// Opus packets of an Ogg file, without the identification and comment headers.
pub(super) fn packets(file: &[u8]) -> Result<Vec<Frame>, MediaError> {
    let mut rest = file;
    let mut packets = Vec::new();
    let mut open = BytesMut::new();
    while !rest.is_empty() {
        let (lacing, body) = page(rest)?;
        let mut at = 0_usize;
        for &length in lacing {
            let end = at + usize::from(length);
            let piece = body.get(at..end).ok_or(MediaError::Truncated { container: "Ogg", what: "a page" })?;
            open.extend_from_slice(piece);
            // A lacing value below 255 ends a packet (RFC 3533 §5).
            if length < u8::MAX {
                packets.push(open.split().freeze());
            }
            at = end;
        }
        rest = body.get(at..).unwrap_or_default();
    }
    if !packets.first().is_some_and(|head| head.starts_with(b"OpusHead")) {
        return Err(MediaError::Malformed { container: "Ogg", what: "not an Opus file" });
    }
    Ok(packets.into_iter().skip(2).map(frame).collect())
}

fn frame(body: Bytes) -> Frame {
    Frame { body, keyframe: true }
}

/// Lacing values of the first page, and everything after them.
fn page(file: &[u8]) -> Result<(&[u8], &[u8]), MediaError> {
    let truncated = MediaError::Truncated { container: "Ogg", what: "a page header" };
    let Some((header, after)) = file.split_at_checked(PAGE_HEADER) else { return Err(truncated) };
    if !header.starts_with(b"OggS") {
        return Err(MediaError::Malformed { container: "Ogg", what: "no page where one should begin" });
    }
    let segments = header.last().copied().map_or(0, usize::from);
    after.split_at_checked(segments).ok_or(truncated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_stereo_of_twenty_milliseconds() {
        for frame in packets(super::super::TONE).unwrap() {
            // RFC 6716 table 2: the configurations of 20 ms; code 0 is one frame a packet.
            let toc = frame.body[0];
            assert!([1, 5, 9, 13, 15, 19, 23, 27, 31].contains(&(toc >> 3)), "configuration {}", toc >> 3);
            assert_eq!(toc & 0b11, 0);
        }
    }

    #[test]
    fn truncated_files_are_errors() {
        let file = super::super::TONE;
        for cut in [10, PAGE_HEADER, file.len() - 1] {
            assert!(packets(&file[..cut]).is_err(), "cut at {cut}");
        }
    }
}
