//! The picture's size out of a key frame's uncompressed header (VP9 bitstream §6.2), for senders that leave the
//! scalability structure out.

use super::bits::BitReader;
use super::descriptor::Resolution;

/// frame_marker.
const FRAME_MARKER: u32 = 0b10;
/// frame_sync_code (§7.2.1).
const SYNC_CODE: u32 = 0x49_8342;
/// color_space of RGB (§7.2.2).
const RGB: u32 = 7;

/// Reads the size; `None` if this is no key frame, or malformed. `frame` begins behind the payload descriptor.
pub(super) fn resolution(frame: &[u8]) -> Option<Resolution> {
    let mut reader = BitReader::new(frame);
    if reader.bits(2)? != FRAME_MARKER {
        return None;
    }
    let profile = reader.bits(1)? + 2 * reader.bits(1)?;
    if profile == 3 {
        reader.flag()?;
    }
    let is_repeat = reader.flag()?;
    let is_inter = reader.flag()?;
    reader.bits(2)?;
    if is_repeat || is_inter || reader.bits(24)? != SYNC_CODE {
        return None;
    }
    if profile >= 2 {
        reader.flag()?;
    }
    let odd = profile % 2 == 1;
    if reader.bits(3)? == RGB {
        reader.bits(if odd { 1 } else { 0 })?;
    } else {
        reader.bits(if odd { 4 } else { 1 })?;
    }
    let width = u16::try_from(reader.bits(16)?).ok()?.checked_add(1)?;
    let height = u16::try_from(reader.bits(16)?).ok()?.checked_add(1)?;
    Some(Resolution { width, height })
}
