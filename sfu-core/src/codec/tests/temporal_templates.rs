//! Temporal layers by Dependency Descriptor, with the templates of libwebrtc's VP8 encoder in three layers.

use super::dependency_descriptor::Bits;
use crate::codec::dependency_descriptor::{parse, parse_mandatory};
use crate::codec::{FrameStart, TemporalTemplates};

/// Layer and indications for three decode targets: a key frame, the frames of the lowest layer, of the middle, of the highest.
const TEMPLATES: [(u32, &str); 7] =
    [(0, "SSS"), (0, "SSS"), (0, "SRR"), (1, "-SS"), (1, "-DS"), (2, "--D"), (2, "--D")];

/// A key frame's descriptor with these templates, from `id_offset` on; `spatial`: the last one is of another spatial layer.
fn descriptor(id_offset: u32, spatial: bool) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(2, 0b10).put(6, id_offset).put(16, 700);
    bits.put(5, 0b10000).put(6, id_offset).put(5, 2);
    for window in TEMPLATES.windows(2) {
        bits.put(2, window[1].0 - window[0].0);
    }
    bits.put(2, if spatial { 2 } else { 3 });
    if spatial {
        bits.put(2, 3);
    }
    let symbol = |symbol: char| match symbol {
        'D' => 1,
        'S' => 2,
        'R' => 3,
        _ => 0,
    };
    let templates = TEMPLATES.iter().chain(spatial.then_some(&(0, "SSS")));
    for indications in templates.clone().map(|(_, indications)| indications) {
        indications.chars().for_each(|found| {
            bits.put(2, symbol(found));
        });
    }
    templates.for_each(|_| {
        bits.put(1, 0);
    });
    bits.non_symmetric(4, 0);
    bits.put(1, 0);
    bits.bytes()
}

fn templates(id_offset: u32) -> TemporalTemplates {
    TemporalTemplates::of(&parse(&descriptor(id_offset, false)).unwrap().structure.unwrap()).unwrap()
}

fn find(known: &TemporalTemplates, bytes: &[u8]) -> Option<(u8, FrameStart)> {
    known.find(&parse_mandatory(bytes).unwrap(), bytes)
}

#[test]
fn each_template_tells_layer_and_where_more_layers_may_begin() {
    use FrameStart::{SwitchUp, Yes};
    for id_offset in [0, 60] {
        let known = templates(id_offset);
        let expected =
            [(0, SwitchUp), (0, SwitchUp), (0, Yes), (1, SwitchUp), (1, SwitchUp), (2, SwitchUp), (2, SwitchUp)];
        for (place, expected) in (0_u8..).zip(expected) {
            let id = (u8::try_from(id_offset).unwrap() + place) % 64;
            assert_eq!(find(&known, &[0x80 | id, 0, 1]), Some(expected), "{place} from {id_offset} on");
            assert_eq!(find(&known, &[id, 0, 1]), Some((expected.0, FrameStart::No)), "in the midst of a frame");
            assert_eq!(find(&known, &[0x80 | id, 0, 1, 0x20]), Some((expected.0, Yes)), "with indications of its own");
        }
        let after = (u8::try_from(id_offset).unwrap() + 7) % 64;
        assert_eq!(find(&known, &[0x80 | after, 0, 1]), None, "of another structure");
    }
}

#[test]
fn of_spatial_layers_nothing_is_said() {
    let structure = parse(&descriptor(3, true)).unwrap().structure.unwrap();
    assert_eq!(structure.templates, 8);
    assert_eq!(TemporalTemplates::of(&structure), None);
}
