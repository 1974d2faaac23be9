//! The size of pictures, as each format states it where a decoder can start.

use crate::codec::{Codec, H264Profile, Resolution, inspect};

use super::formats::VP9;

const H264: Codec = Codec::H264 { profile: H264Profile::ConstrainedBaseline };
const AV1: Codec = Codec::Av1 { profile: 0 };
const SIZES: [(u16, u16); 3] = [(1_920, 1_080), (640, 360), (90, 50)];

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn size(codec: Codec, payload: &[u8]) -> Option<(u16, u16)> {
    inspect(codec, payload)?.resolution.map(|Resolution { width, height }| (width, height))
}

/// What x264 writes for 1920×1080, 640×360 and 90×50, twice; for 720×576 interlaced; and for 642×362 in 4:4:4.
const PARAMETER_SETS: [(&str, (u16, u16)); 8] = [
    ("67640028acd940780227e5c044000003000400000300f03c60c658", SIZES[0]),
    ("6742c028d900780227e5c044000003000400000300f03c60c920", SIZES[0]),
    ("6764001eacd940a02ff970110000030001000003003c0f162d96", SIZES[1]),
    ("6742c01ed900a02ff970110000030001000003003c0f162e48", SIZES[1]),
    ("6764000aacd9462792230110000003001000000303c0f1225960", SIZES[2]),
    ("6742c00ad9062792230110000003001000000303c0f1226480", SIZES[2]),
    ("6764001facd940b424d80880000003008000001e0f8b16cb", (720, 576)),
    ("67f4001e919b281485fc7cf80880000003008000001e078b16cb", (642, 362)),
];

#[test]
fn a_parameter_set_of_h264_tells_the_size_less_what_is_cropped() {
    for (hex, expected) in PARAMETER_SETS {
        let unit = bytes(hex);
        assert_eq!(size(H264, &unit), Some(expected), "{hex}");
        let length = u8::try_from(unit.len()).unwrap();
        let aggregate = [&[0x78, 0, length], &unit[..], &[0, 2, 0x68, 0xce]].concat();
        assert_eq!(size(H264, &aggregate), Some(expected), "in an aggregation packet");
        for cut in 1..12 {
            let _ = size(H264, &unit[..cut]);
        }
        assert_eq!(size(H264, &unit[..6]), None, "cut short");
    }
    assert_eq!(size(H264, &[0x65, 0x88, 0x84]), None, "a slice tells nothing");
}

/// A set of High profile with a scaling list of each kind: written out, since no encoder at hand puts them there.
#[test]
fn scaling_lists_are_stepped_over() {
    let mut bits = "01100100 00000000 00011110".to_owned();
    // Set 0, 4:2:0, 8 bits, 8 bits, no bypass; of eight lists the first (ended by a step of -8) and the seventh (64 steps of 0).
    bits += &format!("1 010 1 1 0 1 1 000010001 00000 1 {} 0", "1".repeat(64));
    // Frame numbers, order by type 1 with a cycle of two, three references, no gaps.
    bits += "1 010 0 1 1 011 1 1 00100 0";
    // 20 by 15 macroblocks, frames, direct inference; cropped by 2 lines at the top and 2 at the bottom.
    bits += "000010100 0001111 1 1 1 1 1 010 010 0 1";
    bits.retain(|bit| bit != ' ');
    let padded = format!("{bits:0<width$}", width = bits.len().next_multiple_of(8));
    let mut unit = vec![0x67];
    unit.extend((0..padded.len()).step_by(8).map(|at| u8::from_str_radix(&padded[at..at + 8], 2).unwrap()));
    assert_eq!(size(H264, &unit), Some((320, 236)));
}

#[test]
fn a_vp9_key_frame_tells_its_size_without_a_scalability_structure() {
    let frames =
        ["824983420077f043762238241c184a18", "824983420027f016760a38241c184a10", "8249834200059003160838241c184a00"];
    for (hex, expected) in frames.into_iter().zip(SIZES) {
        let frame = bytes(hex);
        let payload = [&[0b1000_1000, 0x81, 0x23], &frame[..]].concat();
        assert_eq!(size(VP9, &payload), Some(expected));
        let predicted = [&[0b1100_1000, 0x81, 0x23], &frame[..]].concat();
        assert_eq!(size(VP9, &predicted), None);
        assert_eq!(size(VP9, &payload[..8]), None, "cut short");
    }
}

#[test]
fn an_av1_sequence_header_tells_the_size() {
    let headers = ["00000042abbfc3732be401", "0000000cc4ff6736be4010", "000000032d9c4daf9004"];
    for (hex, expected) in headers.into_iter().zip(SIZES) {
        let header = bytes(hex);
        let length = u8::try_from(header.len()).unwrap();
        for obu in [vec![0x08], vec![0x0a, length], vec![0x0c, 0x00]] {
            let payload = [&[0b0001_1000], &obu[..], &header[..]].concat();
            assert_eq!(size(AV1, &payload), Some(expected), "{obu:?}");
        }
        assert_eq!(size(AV1, &[&[0b0001_1000, 0x08], &header[..4]].concat()), None, "cut short");
    }
}
