//! The Dependency Descriptor against a bit writer of the test's own.

use proptest::prelude::*;

use crate::codec::Resolution;
use crate::codec::dependency_descriptor::{Indication, TemplateLayer, parse, parse_mandatory, rewrite_frame_number};

#[derive(Default)]
pub(super) struct Bits(Vec<bool>);

impl Bits {
    pub(super) fn put(&mut self, count: u32, value: u32) -> &mut Self {
        self.0.extend((0..count).rev().map(|bit| (value >> bit) & 1 == 1));
        self
    }

    pub(super) fn non_symmetric(&mut self, bound: u32, value: u32) {
        let width = bound.ilog2() + 1;
        let short = (1 << width) - bound;
        if value < short {
            self.put(width - 1, value);
        } else {
            self.put(width - 1, (value + short) >> 1).put(1, (value + short) & 1);
        }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0
            .chunks(8)
            .map(|bits| bits.iter().enumerate().fold(0, |byte, (i, &bit)| byte | u8::from(bit) << (7 - i)))
            .collect()
    }
}

/// A structure of `spatial` × `temporal` layers, one template and one decode target each; target (s, t) needs what is
/// at or below both.
fn structure(number: u16, offset: u8, spatial: u8, temporal: u8, chains: bool, active: Option<u32>) -> Vec<u8> {
    let layers: Vec<(u8, u8)> = (0..spatial).flat_map(|s| (0..temporal).map(move |t| (s, t))).collect();
    let count = u32::try_from(layers.len()).unwrap();
    let mut bits = Bits::default();
    bits.put(2, 0b10).put(6, u32::from(offset)).put(16, u32::from(number));
    bits.put(1, 1).put(1, u32::from(active.is_some())).put(3, 0);
    bits.put(6, u32::from(offset)).put(5, count - 1);
    for window in layers.windows(2) {
        bits.put(2, if window[0].0 == window[1].0 { 1 } else { 2 });
    }
    bits.put(2, 3);
    for &(s, t) in &layers {
        for &(target_s, target_t) in &layers {
            bits.put(2, if s <= target_s && t <= target_t { 2 } else { 0 });
        }
    }
    layers.iter().for_each(|_| {
        bits.put(1, 1).put(4, 3).put(1, 0);
    });
    let chain_count = if chains { u32::from(spatial) } else { 0 };
    bits.non_symmetric(count + 1, chain_count);
    if chains {
        layers.iter().for_each(|&(s, _)| bits.non_symmetric(chain_count, u32::from(s)));
        layers.iter().for_each(|_| {
            (0..chain_count).for_each(|_| {
                bits.put(4, 1);
            });
        });
    }
    bits.put(1, 1);
    (0..u32::from(spatial)).for_each(|s| {
        bits.put(16, (320 << s) - 1).put(16, (180 << s) - 1);
    });
    if let Some(active) = active {
        bits.put(count, active);
    }
    bits.bytes()
}

#[test]
fn the_structure_of_l3t3_names_layers_targets_and_sizes() {
    let descriptor = parse(&structure(7, 60, 3, 3, true, Some(0b1_1111))).unwrap();
    assert_eq!((descriptor.frame_number, descriptor.template_id), (7, 60));
    assert_eq!(descriptor.active_decode_targets, Some(0b1_1111));
    let structure = descriptor.structure.unwrap();
    assert_eq!(structure.layer(60), Some(TemplateLayer { spatial: 0, temporal: 0 }));
    assert_eq!(structure.layer(1), Some(TemplateLayer { spatial: 1, temporal: 2 }), "ids wrap at 64");
    assert_eq!(structure.layer(5), None);
    assert_eq!(structure.decode_target_layer(8), Some(TemplateLayer { spatial: 2, temporal: 2 }));
    assert_eq!(structure.decode_target_layer(3), Some(TemplateLayer { spatial: 1, temporal: 0 }));
    assert_eq!(structure.decode_target_layer(9), None);
    assert_eq!(structure.indication(60, 0), Some(Indication::Switch));
    assert_eq!(structure.indication(61, 0), Some(Indication::NotPresent));
    assert_eq!(structure.resolutions[2], Some(Resolution { width: 1280, height: 720 }));
    assert_eq!(structure.resolutions[3], None);
}

#[test]
fn three_bytes_are_enough_for_most_packets() {
    let fields = parse_mandatory(&[0xc5, 0x12, 0x34]).unwrap();
    assert!(fields.start_of_frame && fields.end_of_frame && !fields.has_structure);
    assert_eq!((fields.template_id, fields.frame_number), (5, 0x1234));
    assert_eq!(parse(&[0xc5, 0x12, 0x34]).unwrap().structure, None);
    assert_eq!(parse_mandatory(&[0xc5, 0x12]), None);
}

#[test]
fn endless_layers_and_differences_are_refused() {
    assert_eq!(parse(&[0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), None);
    assert_eq!(parse(&[0, 0, 0, 0x80].into_iter().chain([0xff; 200]).collect::<Vec<_>>()), None);
}

proptest! {
    #[test]
    fn structures_read_back(number in any::<u16>(), offset in 0u8..64, spatial in 1u8..=4, temporal in 1u8..=4, chains in any::<bool>(), active in any::<Option<u32>>()) {
        let count = u32::from(spatial) * u32::from(temporal);
        let all = u32::MAX >> (32 - count);
        let active = active.map(|bits| bits & all);
        let bytes = structure(number, offset, spatial, temporal, chains, active);
        let descriptor = parse(&bytes).unwrap();
        prop_assert_eq!(descriptor.frame_number, number);
        prop_assert_eq!(descriptor.active_decode_targets, Some(active.unwrap_or(all)));
        let read = descriptor.structure.unwrap();
        for s in 0..spatial {
            for t in 0..temporal {
                let index = s * temporal + t;
                let layer = Some(TemplateLayer { spatial: s, temporal: t });
                prop_assert_eq!(read.layer((offset + index) % 64), layer);
                prop_assert_eq!(read.decode_target_layer(index), layer);
            }
            prop_assert_eq!(read.resolutions[usize::from(s)].map(|size| u32::from(size.width)), Some(320 << s));
        }
        for cut in 3..bytes.len() - 1 {
            prop_assert_eq!(parse(&bytes[..cut]).and_then(|cut| cut.structure), None);
        }
    }

    #[test]
    fn the_frame_number_moves_alone(mut bytes in proptest::collection::vec(any::<u8>(), 0..40), offset in any::<u16>()) {
        let before = bytes.clone();
        let _ = parse(&bytes);
        if rewrite_frame_number(&mut bytes, offset).is_some() {
            let moved = parse_mandatory(&bytes).unwrap();
            prop_assert_eq!(moved.frame_number, parse_mandatory(&before).unwrap().frame_number.wrapping_add(offset));
            prop_assert_eq!(bytes[0], before[0]);
            prop_assert_eq!(&bytes[3..], &before[3..]);
        } else {
            prop_assert_eq!(bytes, before);
        }
    }
}
