//! AV1 temporal units out of low-overhead OBUs (AV1 bitstream specification §5.3), kept as RTP carries them: without sizes of
//! their own, and without delimiters.

use super::{Frame, MediaError, join_nals};

/// Tells all that follows how to decode; stands ahead of every keyframe.
pub const OBU_SEQUENCE_HEADER: u8 = 1;
const OBU_TEMPORAL_DELIMITER: u8 = 2;
const HAS_EXTENSION: u8 = 0x04;
const HAS_SIZE: u8 = 0x02;
/// A size of more than 28 bits belongs to no file of ours.
const LEB128_MAX: usize = 4;

/// Type of an OBU, 0 when it is empty.
pub fn obu_type(obu: &[u8]) -> u8 {
    obu.first().map_or(0, |header| (header >> 3) & 0x0f)
}

/// A number of seven bits a byte, least first (§4.10.5), and what stands behind it.
pub(crate) fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(LEB128_MAX).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}

pub(super) fn temporal_unit(mut rest: &[u8]) -> Result<Frame, MediaError> {
    let mut obus = Vec::new();
    while let Some((&header, behind)) = rest.split_first() {
        if header & (HAS_SIZE | HAS_EXTENSION) != HAS_SIZE {
            return Err(MediaError::Malformed { container: "OBU", what: "without a size, or of a layer" });
        }
        let cut = MediaError::Truncated { container: "OBU", what: "a unit" };
        let (content, after) =
            leb128(behind).and_then(|(length, behind)| behind.split_at_checked(length)).ok_or(cut)?;
        if obu_type(rest) != OBU_TEMPORAL_DELIMITER {
            obus.push([&[header & !HAS_SIZE], content].concat());
        }
        rest = after;
    }
    let keyframe = obus.iter().any(|obu| obu_type(obu) == OBU_SEQUENCE_HEADER);
    Ok(Frame { body: join_nals(obus.iter().map(Vec::as_slice)), keyframe })
}

#[cfg(test)]
mod tests {
    use super::super::split_joined;
    use super::*;

    #[test]
    fn sizes_and_delimiters_are_left_out() {
        let unit = temporal_unit(&[0x12, 0, 0x0a, 2, 7, 8, 0x32, 1, 9]).unwrap();
        let obus: Vec<_> = split_joined(&unit.body).collect();
        assert_eq!(obus, [&[0x08, 7, 8][..], &[0x30, 9]]);
        assert!(unit.keyframe && !temporal_unit(&[0x12, 0, 0x32, 1, 9]).unwrap().keyframe);
        assert!(matches!(temporal_unit(&[0x32, 2, 9]), Err(MediaError::Truncated { .. })));
        assert!(matches!(temporal_unit(&[0x30, 2, 9]), Err(MediaError::Malformed { .. })));
        assert_eq!(leb128(&[0x85, 0x01, 3]), Some((133, &[3][..])));
        assert_eq!(leb128(&[0x85]), None);
    }
}
