//! The rewriting contract under arbitrary loss, reordering, switches and NACKs: no SRTP index is ever used for two
//! different packets, what goes out can be decoded, and ids and timestamps go on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test's helpers fail the test")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use sfu_core::codec::{Codec, inspect};
use sfu_core::id::{EncodingId, MediaKind, Mid, PayloadType, Ssrc};
use sfu_core::limits::RING_BYTES_MAX;
use sfu_core::publish::{Encoding, Received};
use sfu_core::ring::{Retention, Ring};
use sfu_core::rtp::{ExtSeqNo, RtpPacket, RtpTime, SeqNo};
use sfu_core::sdp::{ExtensionIds, Feedback, NegotiatedCodec};
use sfu_core::subscribe::{Choice, FirstNumbers, Slot};
use slotmap::SlotMap;

const MEDIA: Ssrc = Ssrc(1);
const RTX: Ssrc = Ssrc(2);
const TRANSPORT_CC: u8 = 3;

/// A VP8 encoder and the network behind it.
struct Source {
    id: EncodingId,
    encoding: Encoding,
    sequence: u64,
    frame: u16,
    delayed: Vec<Vec<u8>>,
}

/// What a test payload says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    source: u8,
    sequence: u64,
    frame: u16,
    begins_keyframe: bool,
}

fn mark(payload: &[u8]) -> Mark {
    let body = &payload[6..];
    Mark {
        source: body[0],
        sequence: u64::from_be_bytes(body[1..9].try_into().unwrap()),
        frame: u16::from_be_bytes(body[9..11].try_into().unwrap()),
        begins_keyframe: inspect(Codec::Vp8, payload).unwrap().keyframe_start,
    }
}

impl Source {
    /// Encodes one frame of `packets` packets; `fates` says which of them are lost for now.
    fn frame(&mut self, source: u8, packets: u64, key: bool, fates: u8, now: Instant) {
        self.frame = self.frame.wrapping_add(1);
        for at in 0..packets {
            let start = at == 0;
            let mut payload = vec![if start { 0x90 } else { 0x80 }, 0xc0];
            payload.extend_from_slice(&((self.frame & 0x7fff) | 0x8000).to_be_bytes());
            payload.push(self.frame.to_be_bytes()[1]);
            payload.push(if key { 0 } else { 1 });
            payload.push(source);
            payload.extend_from_slice(&self.sequence.to_be_bytes());
            payload.extend_from_slice(&self.frame.to_be_bytes());
            if start && key {
                payload.extend_from_slice(&[0x9d, 0x01, 0x2a, 0, 1, 0, 1]);
            }
            payload.resize(24 + usize::from(fates), 0);
            if fates >> at & 1 == 1 {
                self.delayed.push(payload);
            } else {
                self.receive(&payload, now);
            }
            self.sequence += 1;
        }
    }

    fn receive(&mut self, payload: &[u8], arrival: Instant) {
        let mark = mark(payload);
        self.encoding.receive(
            MediaKind::Video,
            &Received {
                sequence: ExtSeqNo(mark.sequence),
                timestamp: RtpTime(u32::from(mark.frame) * 3_000 + u32::from(mark.source) * 77_777),
                arrival,
                codec: Codec::Vp8,
                marker: false,
                audio_level: None,
                descriptor: &[],
                payload,
                repeated: false,
            },
            0,
        );
    }
}

#[derive(Debug, Clone)]
enum Step {
    Frame { source: usize, packets: u64, key: bool, fates: u8 },
    Late { source: usize, pick: usize },
    Attach { source: usize },
    Drain,
    Nack { back: u16, count: u16 },
    Wait { ms: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let source = 0_usize..3;
    let fates = prop_oneof![3 => Just(0_u8), 1 => any::<u8>()];
    proptest::collection::vec(
        prop_oneof![
            8 => (source.clone(), 1_u64..6, proptest::bool::weighted(0.2), fates)
                .prop_map(|(source, packets, key, fates)| Step::Frame { source, packets, key, fates }),
            2 => (source.clone(), any::<usize>()).prop_map(|(source, pick)| Step::Late { source, pick }),
            1 => source.prop_map(|source| Step::Attach { source }),
            6 => Just(Step::Drain),
            2 => (0_u16..300, 1_u16..20).prop_map(|(back, count)| Step::Nack { back, count }),
            1 => (0_u64..400).prop_map(|ms| Step::Wait { ms }),
        ],
        1..250,
    )
}

/// A receiver that believes nothing: every packet by its SSRC and full index.
#[derive(Default)]
struct Receiver {
    sent: BTreeMap<(Ssrc, u64), Vec<u8>>,
    newest: Option<u16>,
}

fn drain(slot: &mut Slot, sources: &[Source], receiver: &mut Receiver, now: Instant, transport_sequence: &mut u16) {
    let rings = |id: EncodingId| sources.iter().find(|source| source.id == id).map(|source| &source.encoding.ring);
    while let Some(pending) = slot.pending(rings, now, Choice::RepeatsFirst) {
        let outgoing = slot.take(pending).expect("pending said so");
        let mut bytes = Vec::new();
        *transport_sequence += 1;
        outgoing.write(slot.extensions(), *transport_sequence, &mut bytes);
        assert_eq!(bytes.len(), pending.bytes);
        if outgoing.original.is_none() {
            let newest = receiver.newest.get_or_insert(outgoing.sequence.seq().0);
            if outgoing.sequence.seq().distance(SeqNo(*newest)) > 0 {
                *newest = outgoing.sequence.seq().0;
            }
        }
        let index = (outgoing.ssrc, outgoing.sequence.0);
        if let Some(before) = receiver.sent.insert(index, bytes.clone()) {
            assert!(before == bytes, "index {index:?} was used for two different packets");
        }
    }
}

/// Puts repeats back where they belong (RFC 4588 §4) and walks the stream as a decoder would.
fn judge(receiver: &Receiver) {
    let mut stream: BTreeMap<u64, (Mark, u16, RtpTime)> = BTreeMap::new();
    for ((ssrc, index), bytes) in &receiver.sent {
        let packet = RtpPacket::parse(bytes).unwrap();
        let (number, payload) = if *ssrc == RTX {
            let original = SeqNo(u16::from_be_bytes(packet.payload[..2].try_into().unwrap()));
            (ExtSeqNo(40_000).extend(original).unwrap().0, &packet.payload[2..])
        } else {
            (*index, packet.payload)
        };
        let picture_id = inspect(Codec::Vp8, payload).unwrap().ids.unwrap().picture_id.unwrap().value();
        let entry = (mark(payload), picture_id, packet.timestamp);
        if let Some(known) = stream.insert(number, entry) {
            assert_eq!(known, entry, "the repeat of {number} differs from its first sending");
        }
    }
    let mut previous: Option<(u64, (Mark, u16, RtpTime))> = None;
    for (number, entry @ (mark, picture_id, timestamp)) in stream {
        match previous {
            Some((before, (old, old_picture, old_time))) if before + 1 == number => {
                if old.source == mark.source && old.sequence + 1 == mark.sequence {
                    let frames = mark.frame.wrapping_sub(old.frame);
                    assert_eq!(picture_id, old_picture.wrapping_add(frames) & 0x7fff, "picture ids at {number}");
                    assert_eq!(timestamp.minus(old_time), u32::from(frames) * 3_000, "timestamps at {number}");
                } else {
                    assert!(mark.begins_keyframe, "{number}: {old:?} is followed by {mark:?}");
                    assert_eq!(
                        picture_id,
                        old_picture.wrapping_add(1) & 0x7fff,
                        "picture ids over the switch at {number}"
                    );
                    assert!(timestamp.is_after(old_time), "time stands still over the switch at {number}");
                }
            }
            None => assert!(mark.begins_keyframe, "the stream begins with {mark:?}"),
            Some(_) => {}
        }
        previous = Some((number, entry));
    }
}

fn run(steps: Vec<Step>, rtx: bool) -> Receiver {
    let mut ids: SlotMap<EncodingId, ()> = SlotMap::with_key();
    let mut tracks = SlotMap::with_key();
    let mut sources: Vec<Source> = (0..3_u64)
        .map(|at| Source {
            id: ids.insert(()),
            encoding: Encoding::new(tracks.insert(()), None, None, Ring::new(Retention::Repeats, RING_BYTES_MAX)),
            sequence: 65_000 + at * 300,
            frame: 32_700,
            delayed: Vec::new(),
        })
        .collect();
    let codec = NegotiatedCodec {
        codec: Codec::Vp8,
        payload_type: PayloadType(96),
        rtx: rtx.then_some(PayloadType(97)),
        feedback: Feedback { nack: true, ..Feedback::default() },
    };
    let mut slot = Slot::new(
        Mid("0".into()),
        MediaKind::Video,
        (MEDIA, rtx.then_some(RTX)),
        vec![codec],
        ExtensionIds { transport_cc: Some(TRANSPORT_CC), ..ExtensionIds::default() },
        FirstNumbers { media: 32_000, rtx: 5 },
    );
    let (mut now, mut receiver, mut transport_sequence) = (Instant::now(), Receiver::default(), 0);
    slot.attach(sources[0].id, &sources[0].encoding.ring, now);
    for step in steps {
        match step {
            Step::Frame { source, packets, key, fates } => {
                now += Duration::from_millis(11);
                sources[source].frame(u8::try_from(source).unwrap(), packets, key, fates, now);
            }
            Step::Late { source, pick } => {
                let source = &mut sources[source];
                if !source.delayed.is_empty() {
                    let payload = source.delayed.remove(pick % source.delayed.len());
                    source.receive(&payload, now);
                }
            }
            Step::Attach { source } => slot.attach(sources[source].id, &sources[source].encoding.ring, now),
            Step::Drain => drain(&mut slot, &sources, &mut receiver, now, &mut transport_sequence),
            Step::Nack { back, count } => {
                let newest = receiver.newest.unwrap_or(32_000);
                slot.owe_repeats((0..count).map(|at| SeqNo(newest.wrapping_sub(back).wrapping_add(at))));
            }
            Step::Wait { ms } => now += Duration::from_millis(ms),
        }
    }
    drain(&mut slot, &sources, &mut receiver, now, &mut transport_sequence);
    receiver
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn with_rtx(steps in steps()) {
        judge(&run(steps, true));
    }

    #[test]
    fn with_repeats_in_place(steps in steps()) {
        let receiver = run(steps, false);
        prop_assert!(receiver.sent.keys().all(|(ssrc, _)| *ssrc == MEDIA));
        judge(&receiver);
    }
}

#[test]
fn a_switch_a_loss_and_a_repeat_all_happen_in_these_runs() {
    let frame = |source, key, fates| Step::Frame { source, packets: 4, key, fates };
    let steps = vec![
        frame(0, true, 0),
        Step::Drain,
        frame(0, false, 0b0010),
        Step::Attach { source: 1 },
        frame(1, true, 0),
        Step::Drain,
        Step::Late { source: 0, pick: 0 },
        Step::Nack { back: 7, count: 8 },
        Step::Drain,
    ];
    let receiver = run(steps, true);
    judge(&receiver);
    let count = |wanted| receiver.sent.keys().filter(|(ssrc, _)| *ssrc == wanted).count();
    assert_eq!(
        (count(MEDIA), count(RTX)),
        (8, 8),
        "the frame that was being sent at the switch gives way to the keyframe"
    );
}
