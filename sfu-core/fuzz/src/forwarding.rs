//! The plaintext part of a packet's walk: authentic packets of any content into rings, through a slot, out again, with
//! repeats, changes of encoding and readers that fall behind.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sfu_core::codec::{Codec, H264Profile};
use sfu_core::id::{EncodingId, MediaKind, Mid, PayloadType, Ssrc, TrackId};
use sfu_core::limits::RING_BYTES_MAX;
use sfu_core::publish::{Encoding, Received};
use sfu_core::ring::{Retention, Ring};
use sfu_core::rtp::{ExtSeqNo, RtpPacket, RtpTime, SeqNo};
use sfu_core::sdp::{ExtensionIds, Feedback, NegotiatedCodec};
use sfu_core::subscribe::{Choice, FirstNumbers, Slot};
use slotmap::SlotMap;

use super::input::Input;

const VIDEO: [Codec; 4] = [
    Codec::Vp8,
    Codec::Vp9 { profile: 0 },
    Codec::H264 { profile: H264Profile::ConstrainedBaseline },
    Codec::Av1 { profile: 0 },
];

struct Walk {
    now: Instant,
    encodings: SlotMap<EncodingId, Encoding>,
    ids: Vec<EncodingId>,
    numbers: Vec<u64>,
    slot: Slot,
    /// What went out under each (SSRC, number), to hold the contract: one number, one packet.
    sent: HashMap<(Ssrc, ExtSeqNo), Vec<u8>>,
}

fn formats(rtx: bool) -> Vec<NegotiatedCodec> {
    let feedback = Feedback { nack: true, pli: true, ..Feedback::default() };
    let format = |(codec, payload_type): (Codec, u8)| NegotiatedCodec {
        codec,
        payload_type: PayloadType(payload_type),
        rtx: rtx.then_some(PayloadType(payload_type + 1)),
        feedback,
    };
    VIDEO.into_iter().zip((96..).step_by(2)).map(format).collect()
}

impl Walk {
    fn new(input: &mut Input<'_>) -> Self {
        let flags = input.byte();
        let rtx = (flags & 1 != 0).then_some(Ssrc(8));
        let retention = if flags & 2 != 0 { Retention::GroupOfPictures } else { Retention::Repeats };
        let ids = ExtensionIds {
            audio_level: Some(1),
            transport_cc: Some(3),
            dependency_descriptor: Some(5),
            mixed: flags & 4 != 0,
            ..ExtensionIds::default()
        };
        let first = FirstNumbers { media: input.word(), rtx: input.word() };
        let slot = Slot::new(Mid(Arc::from("0")), MediaKind::Video, (Ssrc(7), rtx), formats(rtx.is_some()), ids, first);
        let mut encodings = SlotMap::with_key();
        let ids: Vec<EncodingId> = (0..3)
            .map(|_| {
                encodings.insert(Encoding::new(TrackId::default(), None, None, Ring::new(retention, RING_BYTES_MAX)))
            })
            .collect();
        Self { now: Instant::now(), encodings, ids, numbers: vec![70_000; 3], slot, sent: HashMap::new() }
    }

    fn step(&mut self, op: u8, input: &mut Input<'_>) {
        let which = usize::from(op >> 4) % self.ids.len();
        match op & 0x0f {
            0..=7 => self.receive(which, usize::from(op & 3), input),
            8 => {
                if let Some(encoding) = self.encodings.get(self.ids[which]) {
                    self.slot.attach(self.ids[which], &encoding.ring, self.now);
                }
            }
            9 => self.now += Duration::from_millis(u64::from(input.word())),
            10 => self.slot.owe_repeats((0..input.byte()).map(|_| SeqNo(input.word())).collect::<Vec<_>>()),
            11 => self.slot.clear(),
            12 => {
                self.encodings.remove(self.ids[which]);
                self.slot.detach(self.ids[which]);
                let ring = Ring::new(Retention::Repeats, RING_BYTES_MAX);
                self.ids[which] = self.encodings.insert(Encoding::new(TrackId::default(), None, None, ring));
            }
            13 => self.numbers[which] += u64::from(input.word()),
            _ => self.send(usize::from(input.byte())),
        }
    }

    fn receive(&mut self, which: usize, codec: usize, input: &mut Input<'_>) {
        let back = u64::from(input.byte() & 0x0f);
        self.numbers[which] += 1;
        let descriptor = usize::from(input.byte()) % 64;
        let received = Received {
            sequence: ExtSeqNo(self.numbers[which].saturating_sub(back)),
            timestamp: RtpTime(u32::from(input.word()) << 8),
            arrival: self.now,
            codec: VIDEO[codec],
            marker: input.byte() & 1 != 0,
            audio_level: None,
            descriptor: input.take(descriptor),
            payload: input.blob(),
            repeated: back > 8,
        };
        self.encodings[self.ids[which]].receive(MediaKind::Video, &received, 0);
    }

    fn send(&mut self, count: usize) {
        let rings = |id: EncodingId| self.encodings.get(id).map(|encoding| &encoding.ring);
        for number in 0..count {
            let Some(pending) = self.slot.pending(rings, self.now, Choice::RepeatsFirst) else { break };
            let Some(outgoing) = self.slot.take(pending) else { break };
            let mut bytes = vec![];
            // What differs from one sending to the next stays out, to compare.
            let header = outgoing.write(self.slot.extensions(), 0, &mut bytes);
            assert_eq!(bytes.len(), pending.bytes, "packet {number} is not as long as was said");
            assert!(header <= bytes.len() && RtpPacket::parse(&bytes).is_some());
            let key = (outgoing.ssrc, outgoing.sequence);
            if let Some(known) = self.sent.insert(key, bytes) {
                assert_eq!(Some(&known), self.sent.get(&key), "{key:?} was given to two packets");
            }
        }
        let _ = self.slot.take_keyframe_wish(|_| true);
    }
}

pub fn forwarding(data: &[u8]) {
    let mut input = Input::new(data);
    let mut walk = Walk::new(&mut input);
    for _ in 0..512 {
        let Some(op) = input.next() else { break };
        walk.step(op, &mut input);
    }
    walk.send(10_000);
}
