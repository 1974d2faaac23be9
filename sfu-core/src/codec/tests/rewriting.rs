//! Descriptors written here are read back there, and rewriting moves the ids and nothing else.

use proptest::prelude::*;

use super::formats::VP9;
use crate::codec::{Codec, IdOffsets, PictureId, PictureIds, inspect, rewrite_ids};

#[derive(Debug, Clone)]
struct Written {
    bytes: Vec<u8>,
    ids: PictureIds,
}

fn picture_id() -> impl Strategy<Value = Option<PictureId>> {
    prop_oneof![
        Just(None),
        (0u8..0x80).prop_map(|id| Some(PictureId::Short(id))),
        (0u16..0x8000).prop_map(|id| Some(PictureId::Long(id))),
    ]
}

fn write_id(bytes: &mut Vec<u8>, id: Option<PictureId>) {
    match id {
        None => {}
        Some(PictureId::Short(id)) => bytes.push(id),
        Some(PictureId::Long(id)) => bytes.extend((id | 0x8000).to_be_bytes()),
    }
}

fn flag(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}

prop_compose! {
    fn vp8()(
        id in picture_id(),
        tl0 in any::<Option<u8>>(),
        temporal in proptest::option::of(0u8..4),
        sync in any::<bool>(),
        key in proptest::option::of(0u8..32),
        base in 0u8..0x40,
        body in proptest::collection::vec(any::<u8>(), 1..20),
    ) -> Written {
        let mut bytes = vec![0x80 | (base & 0x37)];
        bytes.push(flag(id.is_some(), 0x80) | flag(tl0.is_some(), 0x40) | flag(temporal.is_some(), 0x20) | flag(key.is_some(), 0x10));
        write_id(&mut bytes, id);
        bytes.extend(tl0);
        if temporal.is_some() || key.is_some() {
            bytes.push(temporal.unwrap_or(0) << 6 | flag(sync, 0x20) | key.unwrap_or(0));
        }
        bytes.extend(body);
        Written { bytes, ids: PictureIds { picture_id: id, tl0, temporal: temporal.unwrap_or(0), spatial: 0 } }
    }
}

prop_compose! {
    fn vp9()(
        id in picture_id(),
        layer in proptest::option::of((0u8..8, 0u8..8, any::<u8>())),
        tl0 in any::<u8>(),
        references in proptest::option::of(proptest::collection::vec(0u8..128, 1..=3)),
        flexible in any::<bool>(),
        ends in 0u8..16,
        body in proptest::collection::vec(any::<u8>(), 1..20),
    ) -> Written {
        let predicted = references.is_some();
        let mut bytes = vec![
            flag(id.is_some(), 0x80) | flag(predicted, 0x40) | flag(layer.is_some(), 0x20) | flag(flexible, 0x10) | (ends & 0x0d),
        ];
        write_id(&mut bytes, id);
        let tl0 = (layer.is_some() && !flexible).then_some(tl0);
        if let Some((temporal, spatial, bits)) = layer {
            bytes.push(temporal << 5 | spatial << 1 | (bits & 0x11));
        }
        bytes.extend(tl0);
        if flexible && let Some(references) = references {
            let last = references.len() - 1;
            bytes.extend(references.iter().enumerate().map(|(index, diff)| diff << 1 | u8::from(index < last)));
        }
        bytes.extend(body);
        let (temporal, spatial, _) = layer.unwrap_or_default();
        Written { bytes, ids: PictureIds { picture_id: id, tl0, temporal, spatial } }
    }
}

fn sum(id: u16, offsets: IdOffsets) -> u32 {
    u32::from(id) + u32::from(offsets.picture_id)
}

fn check(codec: Codec, written: &Written, offsets: IdOffsets) -> Result<(), TestCaseError> {
    let before = inspect(codec, &written.bytes).unwrap();
    prop_assert_eq!(before.ids, Some(written.ids));

    let mut bytes = written.bytes.clone();
    rewrite_ids(codec, &mut bytes, offsets).unwrap();
    let after = inspect(codec, &bytes).unwrap();
    let expected = PictureIds {
        picture_id: written.ids.picture_id.map(|id| match id {
            PictureId::Short(id) => PictureId::Short(u8::try_from(sum(id.into(), offsets) % 128).unwrap()),
            PictureId::Long(id) => PictureId::Long(u16::try_from(sum(id, offsets) % 32_768).unwrap()),
        }),
        tl0: written.ids.tl0.map(|tl0| tl0.wrapping_add(offsets.tl0)),
        ..written.ids
    };
    prop_assert_eq!(after, crate::codec::Inspection { ids: Some(expected), ..before });

    let back = IdOffsets { picture_id: offsets.picture_id.wrapping_neg(), tl0: offsets.tl0.wrapping_neg() };
    rewrite_ids(codec, &mut bytes, back).unwrap();
    prop_assert_eq!(&bytes, &written.bytes, "the way back restores every byte");
    Ok(())
}

proptest! {
    #[test]
    fn vp8_ids_move_alone(written in vp8(), picture_id in any::<u16>(), tl0 in any::<u8>()) {
        check(Codec::Vp8, &written, IdOffsets { picture_id, tl0 })?;
    }

    #[test]
    fn vp9_ids_move_alone(written in vp9(), picture_id in any::<u16>(), tl0 in any::<u8>()) {
        check(VP9, &written, IdOffsets { picture_id, tl0 })?;
    }
}
