//! H264 in Annex B: NAL units between start codes, access units between delimiters (the encoder writes one ahead of each).

use bytes::{BufMut, Bytes, BytesMut};

use super::{Frame, MediaError};

/// Slice of an IDR picture (ITU-T H.264 table 7-1).
pub const NAL_IDR: u8 = 5;
/// Supplemental enhancement information.
pub const NAL_SEI: u8 = 6;
/// Sequence parameter set.
pub const NAL_SPS: u8 = 7;
/// Picture parameter set.
pub const NAL_PPS: u8 = 8;
/// Access unit delimiter.
pub const NAL_AUD: u8 = 9;

/// Type of a NAL unit, 0 when it is empty.
pub fn nal_type(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |byte| byte & 0x1f)
}

/// NAL units with their lengths (32 bit, big-endian) ahead: the form in which frames are kept and compared.
pub fn join_nals<'a>(nals: impl IntoIterator<Item = &'a [u8]>) -> Bytes {
    let mut body = BytesMut::new();
    for nal in nals {
        body.put_u32(u32::try_from(nal.len()).unwrap_or(u32::MAX));
        body.put_slice(nal);
    }
    body.freeze()
}

/// The NAL units of a joined body; a truncated tail ends the iteration.
pub fn split_joined(mut body: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, after) = body.split_first_chunk()?;
        let (nal, rest) = after.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        body = rest;
        Some(nal)
    })
}

/// Access units of an Annex B stream, without their delimiters and without SEI (room for the mark's own).
pub(super) fn access_units(file: &[u8]) -> Result<Vec<Frame>, MediaError> {
    let mut units: Vec<Vec<&[u8]>> = Vec::new();
    for nal in nals(file) {
        match (nal_type(nal), units.last_mut()) {
            (NAL_AUD, _) => units.push(Vec::new()),
            (NAL_SEI, _) => {}
            (_, Some(unit)) => unit.push(nal),
            (_, None) => {
                return Err(MediaError::Malformed { container: "Annex B", what: "no delimiter ahead of a unit" });
            }
        }
    }
    Ok(units
        .into_iter()
        .map(|unit| Frame {
            keyframe: unit.iter().any(|nal| nal_type(nal) == NAL_SPS)
                && unit.iter().any(|nal| nal_type(nal) == NAL_IDR),
            body: join_nals(unit),
        })
        .collect())
}

/// NAL units between start codes of three or four bytes.
fn nals(file: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut starts = file.windows(3).enumerate().filter(|(_, code)| *code == [0, 0, 1]).map(|(at, _)| at).peekable();
    std::iter::from_fn(move || {
        let from = starts.next()? + 3;
        let nal = match starts.peek() {
            Some(&next) => file.get(from..next)?,
            None => file.get(from..)?,
        };
        // A fourth start-code byte and trailing zeros belong to no NAL unit (B.1.1).
        let end = nal.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        nal.get(..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_split_at_both_start_codes() {
        let file = [
            0, 0, 0, 1, 9, 0xf0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 1, 6, 3, 0, 0, 1, 0x65, 4, 0, 0, 1, 9, 1,
        ];
        let units = access_units(&file).unwrap();
        assert_eq!(units.len(), 2);
        assert!(units[0].keyframe && !units[1].keyframe);
        let nals: Vec<_> = split_joined(&units[0].body).map(nal_type).collect();
        assert_eq!(nals, [NAL_SPS, NAL_PPS, NAL_IDR]);
    }

    #[test]
    fn a_stream_without_delimiters_is_refused() {
        assert!(matches!(access_units(&[0, 0, 1, 0x65, 1]), Err(MediaError::Malformed { .. })));
    }
}
