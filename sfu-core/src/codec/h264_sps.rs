//! The picture's size out of a sequence parameter set (ITU-T H.264 §7.3.2.1.1), cropping applied.

use super::bits::BitReader;
use super::descriptor::Resolution;

/// Bytes of a parameter set that are looked at; the size stands before the first optional part, so within the first 30 of
/// those without scaling lists, and within 200 of those with them.
const BYTES_MAX: usize = 256;
/// Side of a macroblock, pixels.
const MACROBLOCK: u32 = 16;
/// Longest cycle of offsets that a set may list (§7.4.2.1.1).
const REFERENCES_IN_CYCLE_MAX: u32 = 255;

/// Reads the size; `None` if the unit is malformed or ends before it. `unit` begins with its NAL header.
pub(super) fn resolution(unit: &[u8]) -> Option<Resolution> {
    let mut bytes = [0; BYTES_MAX];
    let len = unescape(unit.get(1..)?, &mut bytes);
    let mut reader = BitReader::new(bytes.get(..len)?);
    let profile = reader.byte(8)?;
    reader.bits(16)?;
    golomb(&mut reader)?;
    let chroma = if has_chroma_format(profile) { read_chroma(&mut reader)? } else { 1 };
    golomb(&mut reader)?;
    skip_picture_order(&mut reader)?;
    golomb(&mut reader)?;
    reader.flag()?;
    let width = golomb(&mut reader)?.checked_add(1)?.checked_mul(MACROBLOCK)?;
    let map_units = golomb(&mut reader)?.checked_add(1)?.checked_mul(MACROBLOCK)?;
    let fields = if reader.flag()? { 1 } else { 2 };
    if fields == 2 {
        reader.flag()?;
    }
    reader.flag()?;
    let (mut across, mut down) = (0, 0);
    if reader.flag()? {
        let sum = |reader: &mut BitReader<'_>| golomb(reader)?.checked_add(golomb(reader)?);
        across = sum(&mut reader)?.checked_mul(if matches!(chroma, 1 | 2) { 2 } else { 1 })?;
        down = sum(&mut reader)?.checked_mul(if chroma == 1 { 2 } else { 1 })?.checked_mul(fields)?;
    }
    Some(Resolution {
        width: u16::try_from(width.checked_sub(across)?).ok()?,
        height: u16::try_from(map_units.checked_mul(fields)?.checked_sub(down)?).ok()?,
    })
}

/// Leaves out the bytes that keep start codes from appearing (§7.4.1); returns how many are left.
fn unescape(unit: &[u8], into: &mut [u8; BYTES_MAX]) -> usize {
    let mut zeros = 0;
    let kept = unit.iter().filter(|byte| {
        let escapes = zeros >= 2 && **byte == 3;
        zeros = if **byte == 0 { zeros + 1 } else { 0 };
        !escapes
    });
    into.iter_mut().zip(kept).map(|(place, byte)| *place = *byte).count()
}

fn has_chroma_format(profile: u8) -> bool {
    matches!(profile, 44 | 83 | 86 | 100 | 110 | 118 | 122 | 128 | 134 | 135 | 138 | 139 | 244)
}

/// chroma_format_idc and what follows on it; 0, as for monochrome, where the planes are coded apart.
fn read_chroma(reader: &mut BitReader<'_>) -> Option<u32> {
    let format = golomb(reader)?;
    let apart = format == 3 && reader.flag()?;
    golomb(reader)?;
    golomb(reader)?;
    reader.flag()?;
    if reader.flag()? {
        for list in 0..if format == 3 { 12 } else { 8 } {
            if reader.flag()? {
                skip_scaling_list(reader, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Some(if apart { 0 } else { format })
}

fn skip_scaling_list(reader: &mut BitReader<'_>, entries: u32) -> Option<()> {
    let mut last = 8;
    for _ in 0..entries {
        let next = last + signed_golomb(reader)?.rem_euclid(256);
        last = next.rem_euclid(256);
        if last == 0 {
            return Some(());
        }
    }
    Some(())
}

fn skip_picture_order(reader: &mut BitReader<'_>) -> Option<()> {
    match golomb(reader)? {
        0 => {
            golomb(reader)?;
        }
        1 => {
            reader.flag()?;
            golomb(reader)?;
            golomb(reader)?;
            let offsets = golomb(reader).filter(|count| *count <= REFERENCES_IN_CYCLE_MAX)?;
            for _ in 0..offsets {
                golomb(reader)?;
            }
        }
        _ => {}
    }
    Some(())
}

/// ue(v) (§9.1).
fn golomb(reader: &mut BitReader<'_>) -> Option<u32> {
    let mut zeros = 0;
    while !reader.flag()? {
        zeros += 1;
        if zeros > 31 {
            return None;
        }
    }
    (1u32 << zeros).checked_sub(1)?.checked_add(reader.bits(zeros)?)
}

/// se(v) (§9.1.1).
fn signed_golomb(reader: &mut BitReader<'_>) -> Option<i32> {
    let code = i32::try_from(golomb(reader)?).ok()?;
    Some(if code % 2 == 1 { code / 2 + 1 } else { -(code / 2) })
}
