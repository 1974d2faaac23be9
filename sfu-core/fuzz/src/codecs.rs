//! Payload formats, each with its rewriting where it has one.

use sfu_core::codec::{
    self, Codec, H264Profile, IdOffsets, dependency_descriptor as descriptor, h264 as h264_format, inspect,
    opus as opus_format, red as red_format,
};

/// Moves ids there and back: the same payload again, and inspected as it was but for the ids.
fn rewriting(codec: Codec, data: &[u8]) {
    let before = inspect(codec, data);
    let mut payload = data.to_vec();
    let there = IdOffsets { picture_id: 12_345, tl0: 200 };
    let moved = codec::rewrite_ids(codec, &mut payload, there);
    assert_eq!(payload.len(), data.len());
    let Some(before) = before else {
        assert!(moved.is_none() && payload == data, "a malformed payload was changed");
        return;
    };
    assert!(moved.is_some());
    let after = inspect(codec, &payload).unwrap();
    assert_eq!((after.keyframe_start, after.resolution), (before.keyframe_start, before.resolution));
    let back = IdOffsets { picture_id: 0_u16.wrapping_sub(12_345), tl0: 0_u8.wrapping_sub(200) };
    codec::rewrite_ids(codec, &mut payload, back).unwrap();
    assert_eq!(payload, data);
}

pub fn vp8(data: &[u8]) {
    rewriting(Codec::Vp8, data);
}

pub fn vp9(data: &[u8]) {
    rewriting(Codec::Vp9 { profile: 0 }, data);
}

pub fn h264(data: &[u8]) {
    let parsed = h264_format::parse(data);
    let inspected = inspect(Codec::H264 { profile: H264Profile::ConstrainedBaseline }, data);
    assert_eq!(parsed.is_some(), inspected.is_some());
}

pub fn av1(data: &[u8]) {
    let parsed = codec::av1::parse(data);
    assert_eq!(parsed.is_some(), inspect(Codec::Av1 { profile: 0 }, data).is_some());
}

pub fn opus(data: &[u8]) {
    if let Some(toc) = opus_format::parse(data) {
        assert!(toc.frame_samples() > 0);
    }
    let _ = opus_format::is_dtx(data);
    let _ = inspect(Codec::Opus, data);
}

pub fn red(data: &[u8]) {
    let _ = inspect(Codec::Red, data);
    let Some(blocks) = red_format::parse(data) else {
        assert!(red_format::primary(data).is_none());
        return;
    };
    let blocks: Vec<_> = blocks.collect();
    let bytes: usize = blocks.iter().map(|block| block.data.len()).sum();
    assert!(bytes < data.len());
    let primary = red_format::primary(data).unwrap().data.to_vec();
    let mut stripped = data.to_vec();
    let length = red_format::strip_to_primary(&mut stripped).unwrap();
    stripped.truncate(length);
    assert_eq!(red_format::parse(&stripped).unwrap().count(), 1);
    assert_eq!(red_format::primary(&stripped).unwrap().data, primary);
}

pub fn dependency_descriptor(data: &[u8]) {
    let mandatory = descriptor::parse_mandatory(data);
    if let Some(parsed) = descriptor::parse(data) {
        assert_eq!(mandatory.map(|fields| fields.frame_number), Some(parsed.frame_number));
        if let Some(structure) = &parsed.structure {
            for template in 0..64 {
                let _ = structure.layer(template);
                for target in 0..33 {
                    let _ = structure.indication(template, target);
                }
            }
            for target in 0..33 {
                let _ = structure.decode_target_layer(target);
            }
        }
    }
    let mut moved = data.to_vec();
    let done = descriptor::rewrite_frame_number(&mut moved, 1_000);
    assert_eq!(done.is_some(), mandatory.is_some());
    if let (Some(before), Some(after)) = (mandatory, descriptor::parse_mandatory(&moved)) {
        assert_eq!(after.frame_number, before.frame_number.wrapping_add(1_000));
    }
}
