//! Temporal layers that a Dependency Descriptor tells of, as Chromium sends VP8 and H264 where it was agreed on: they are left
//! out and come back as those of VP8's own descriptor, and frame numbers keep their gaps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test's helpers fail the test")]

use std::time::{Duration, Instant};

use sfu_core::bitrate::Frames;
use sfu_core::codec::{Codec, H264Profile};
use sfu_core::id::{EncodingId, MediaKind, Mid, PayloadType, Ssrc};
use sfu_core::limits::RING_BYTES_MAX;
use sfu_core::publish::{Encoding, Received};
use sfu_core::ring::{Retention, Ring};
use sfu_core::rtp::{ExtSeqNo, RtpTime};
use sfu_core::sdp::{ExtensionIds, Feedback, NegotiatedCodec};
use sfu_core::subscribe::{Choice, FirstNumbers, Slot};
use slotmap::SlotMap;

/// The templates of libwebrtc's VP8 encoder in three layers, without references and chains: a key frame, two of the lowest layer,
/// two of the middle one, two of the highest.
const STRUCTURE: &[u8] = &[0x80, 0x02, 0x04, 0x4e, 0xaa, 0xaf, 0x28, 0x60, 0x41, 0x00, 0x00];
/// Template and layer of each frame of eight; the first is a switch to all layers, and the key frame has a template of its own.
const PATTERN: [(u8, u8); 8] = [(1, 0), (5, 2), (3, 1), (5, 2), (2, 0), (6, 2), (4, 1), (6, 2)];
const H264: Codec = Codec::H264 { profile: H264Profile::ConstrainedBaseline };

struct Scene {
    id: EncodingId,
    encoding: Encoding,
    slot: Slot,
    now: Instant,
    frame: u16,
}

impl Scene {
    fn new(codec: Codec) -> Self {
        let mut ids: SlotMap<EncodingId, ()> = SlotMap::with_key();
        let mut tracks = SlotMap::with_key();
        let payload_type = PayloadType(96);
        let agreed = NegotiatedCodec { codec, payload_type, rtx: None, feedback: Feedback::default() };
        let extensions = ExtensionIds { dependency_descriptor: Some(7), ..ExtensionIds::default() };
        let first = FirstNumbers { media: 500, rtx: 5 };
        let mid = Mid("0".into());
        let mut slot = Slot::new(mid, MediaKind::Video, (Ssrc(1), None), vec![agreed], extensions, first);
        let encoding = Encoding::new(tracks.insert(()), None, None, Ring::new(Retention::Repeats, RING_BYTES_MAX));
        let (id, now) = (ids.insert(()), Instant::now());
        slot.attach(id, &encoding.ring, now);
        Self { id, encoding, slot, now, frame: 0 }
    }

    /// Sends eight frames of two packets; which layers went out of it, and under which numbers.
    fn cycle(&mut self, codec: Codec) -> (Vec<u8>, Vec<u64>) {
        let (mut layers, mut numbers) = (vec![], vec![]);
        for (template, layer) in PATTERN {
            self.now += Duration::from_millis(33);
            let key = self.frame == 0;
            for index in 0..2_u16 {
                let template = if key { 0 } else { template };
                let mut descriptor = vec![if index == 0 { 0x80 } else { 0x40 } | template];
                descriptor.extend(self.frame.to_be_bytes());
                if key && index == 0 {
                    descriptor.extend(STRUCTURE);
                }
                let payload: &[u8] = match (codec, index) {
                    // A parameter set, or a slice.
                    (Codec::H264 { .. }, 0) if key => &[0x67, 0x42, 0xc0, 0x1f, layer],
                    (Codec::H264 { .. }, _) => &[0x41, 0x9a, 0, 0, layer],
                    (_, 0) if key => &[0x10, 0, 0, 0, layer],
                    (_, 0) => &[0x10, 1, 0, 0, layer],
                    (_, _) => &[0x00, 1, 0, 0, layer],
                };
                let packet = Received {
                    sequence: ExtSeqNo(7_000 + u64::from(self.frame) * 2 + u64::from(index)),
                    timestamp: RtpTime(u32::from(self.frame) * 3_000),
                    arrival: self.now,
                    codec,
                    marker: index == 1,
                    audio_level: None,
                    descriptor: &descriptor,
                    payload,
                    repeated: false,
                };
                self.encoding.receive(MediaKind::Video, &packet, 0);
            }
            let ring = |id| (id == self.id).then_some(&self.encoding.ring);
            while let Some(pending) = self.slot.pending(ring, self.now, Choice::RepeatsFirst) {
                let outgoing = self.slot.take(pending).expect("pending said so");
                assert_eq!(outgoing.frame_number, 0, "frame numbers go out as they came");
                layers.push(outgoing.payload[4]);
                numbers.push(outgoing.sequence.0);
            }
            self.frame += 1;
        }
        layers.dedup();
        (layers, numbers)
    }
}

#[test]
fn they_are_left_out_and_come_back_at_a_switch() {
    for codec in [Codec::Vp8, H264] {
        let mut scene = Scene::new(codec);
        let mut all = vec![];
        let mut cycle = |scene: &mut Scene| {
            let (layers, numbers) = scene.cycle(codec);
            all.extend(numbers);
            layers
        };
        assert_eq!(cycle(&mut scene), [0, 2, 1, 2, 0, 2, 1, 2]);
        scene.slot.set_frames(Frames::UpTo(1));
        assert_eq!(cycle(&mut scene), [0, 1, 0, 1]);
        scene.slot.set_frames(Frames::BASE);
        assert_eq!(cycle(&mut scene), [0], "{codec:?}");
        scene.slot.set_frames(Frames::All);
        assert_eq!(cycle(&mut scene), [0, 2, 1, 2, 0, 2, 1, 2], "the first frame is a switch");
        assert!(all.windows(2).all(|two| two[0] + 1 == two[1]), "{all:?}");
    }
}
