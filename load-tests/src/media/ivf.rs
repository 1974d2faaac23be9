//! IVF: a 32-byte file header, then per frame a 12-byte header and the frame. All integers little-endian.

use bytes::Bytes;

use super::{Codec, Frame, MediaError, obu};

const FILE_HEADER: usize = 32;
const FRAME_HEADER: usize = 12;

/// The frames of an IVF file of `codec`.
pub(super) fn frames(codec: Codec, file: &[u8]) -> Result<Vec<Frame>, MediaError> {
    let (header, mut rest) = file
        .split_at_checked(FILE_HEADER)
        .ok_or(MediaError::Truncated { container: "IVF", what: "the file header" })?;
    let name = match codec {
        Codec::Vp9 => b"VP90",
        Codec::Av1 => b"AV01",
        Codec::Vp8 | Codec::H264 | Codec::Opus => b"VP80",
    };
    if !header.starts_with(b"DKIF") || header.get(8..12) != Some(name) {
        return Err(MediaError::Malformed { container: "IVF", what: "not a file of this codec" });
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
        frames.push(match codec {
            Codec::Av1 => obu::temporal_unit(body)?,
            Codec::Vp9 => Frame { body: Bytes::copy_from_slice(body), keyframe: is_vp9_keyframe(body) },
            Codec::Vp8 | Codec::H264 | Codec::Opus => {
                Frame { body: Bytes::copy_from_slice(body), keyframe: is_vp8_keyframe(body) }
            }
        });
        rest = after.get(FRAME_HEADER - 4 + size..).unwrap_or_default();
    }
    Ok(frames)
}

/// RFC 6386 §9.1: the first bit of a frame is 0 for a keyframe, which then carries a start code.
fn is_vp8_keyframe(body: &[u8]) -> bool {
    body.first().is_some_and(|byte| byte & 1 == 0) && body.get(3..6) == Some(&[0x9d, 0x01, 0x2a])
}

/// VP9 bitstream specification §6.2, of profile 0: neither `show_existing_frame` nor `frame_type` is set on a keyframe.
pub fn is_vp9_keyframe(body: &[u8]) -> bool {
    body.first().is_some_and(|byte| byte & 0b1111_1100 == 0b1000_0000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truncated_files_are_errors() {
        let file = super::super::VP8_SMALL;
        assert!(frames(Codec::Vp8, file).is_ok());
        assert!(matches!(frames(Codec::Vp9, file), Err(MediaError::Malformed { .. })));
        for cut in [0, 31, FILE_HEADER + 3, FILE_HEADER + 11, file.len() - 1] {
            assert!(matches!(frames(Codec::Vp8, &file[..cut]), Err(MediaError::Truncated { .. })), "cut at {cut}");
        }
        assert!(matches!(frames(Codec::Vp8, &[b'x'; 64]), Err(MediaError::Malformed { .. })));
    }
}
