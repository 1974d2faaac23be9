//! The largest picture's size out of a sequence header (AV1 bitstream §5.5.1).

use super::bits::BitReader;
use super::descriptor::Resolution;

/// Reads the size; `None` if the unit is malformed or ends before it. `header` begins behind the OBU's own header.
pub(super) fn resolution(header: &[u8]) -> Option<Resolution> {
    let mut reader = BitReader::new(header);
    reader.bits(4)?;
    let is_reduced = reader.flag()?;
    if is_reduced {
        reader.bits(5)?;
    } else {
        skip_operating_points(&mut reader)?;
    }
    let width_bits = reader.bits(4)? + 1;
    let height_bits = reader.bits(4)? + 1;
    let width = reader.bits(width_bits)?;
    let height = reader.bits(height_bits)?;
    let side = |less_one: u32| u16::try_from(less_one.saturating_add(1)).ok();
    Some(Resolution { width: side(width)?, height: side(height)? })
}

/// Timing and operating points, which stand before the size.
fn skip_operating_points(reader: &mut BitReader<'_>) -> Option<()> {
    let mut delay_bits = None;
    if reader.flag()? {
        reader.bits(32)?;
        reader.bits(32)?;
        if reader.flag()? {
            skip_uvlc(reader)?;
        }
        if reader.flag()? {
            delay_bits = Some(reader.bits(5)? + 1);
            reader.bits(32)?;
            reader.bits(10)?;
        }
    }
    let has_display_delay = reader.flag()?;
    let points = reader.bits(5)? + 1;
    for _ in 0..points {
        reader.bits(12)?;
        if reader.bits(5)? > 7 {
            reader.flag()?;
        }
        if let Some(bits) = delay_bits
            && reader.flag()?
        {
            reader.bits(bits)?;
            reader.bits(bits)?;
            reader.flag()?;
        }
        if has_display_delay && reader.flag()? {
            reader.bits(4)?;
        }
    }
    Some(())
}

/// uvlc() (§4.10.3).
fn skip_uvlc(reader: &mut BitReader<'_>) -> Option<()> {
    let mut zeros = 0;
    while !reader.flag()? {
        zeros += 1;
        if zeros >= 32 {
            return Some(());
        }
    }
    reader.bits(zeros).map(|_| ())
}
