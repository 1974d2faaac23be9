//! IVF: a 32-byte file header, then per frame a 12-byte header and the frame. All integers little-endian.

use bytes::Bytes;

use super::{Frame, MediaError};

const FILE_HEADER: usize = 32;
const FRAME_HEADER: usize = 12;

/// VP8 frames of an IVF file.
pub(super) fn frames(file: &[u8]) -> Result<Vec<Frame>, MediaError> {
    let (header, mut rest) = file
        .split_at_checked(FILE_HEADER)
        .ok_or(MediaError::Truncated { container: "IVF", what: "the file header" })?;
    if !header.starts_with(b"DKIF") || header.get(8..12) != Some(b"VP80") {
        return Err(MediaError::Malformed { container: "IVF", what: "not a VP8 file" });
    }
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let (size, after) =
            rest.split_first_chunk().ok_or(MediaError::Truncated { container: "IVF", what: "a frame header" })?;
        let size = usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX);
        let body = after
            .get(FRAME_HEADER - 4..)
            .and_then(|after| after.get(..size))
            .ok_or(MediaError::Truncated { container: "IVF", what: "a frame" })?;
        frames.push(Frame { body: Bytes::copy_from_slice(body), keyframe: is_keyframe(body) });
        rest = after.get(FRAME_HEADER - 4 + size..).unwrap_or_default();
    }
    Ok(frames)
}

/// RFC 6386 §9.1: the first bit of a frame is 0 for a keyframe, which then carries a start code.
fn is_keyframe(body: &[u8]) -> bool {
    body.first().is_some_and(|byte| byte & 1 == 0) && body.get(3..6) == Some(&[0x9d, 0x01, 0x2a])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncated_files_are_errors() {
        let file = super::super::VP8_SMALL;
        assert!(frames(file).is_ok());
        for cut in [0, 31, FILE_HEADER + 3, FILE_HEADER + 11, file.len() - 1] {
            assert!(matches!(frames(&file[..cut]), Err(MediaError::Truncated { .. })), "cut at {cut}");
        }
        assert!(matches!(frames(&[b'x'; 64]), Err(MediaError::Malformed { .. })));
    }
}
