//! Steps of a packet's walk by themselves, each ready to be done again and again. Shared by the two instruments beside it.
#![allow(dead_code, reason = "each instrument uses a part")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use sfu_core::codec::Codec;
use sfu_core::id::{EncodingId, MediaKind, Mid, ParticipantKey, PayloadType, Ssrc, TrackId};
use sfu_core::limits::RING_BYTES_MAX;
use sfu_core::publish::{Encoding, Received};
use sfu_core::ring::{Retention, Ring};
use sfu_core::room::{Heard, Publisher, Viewer, Voices, Wishes, assign};
use sfu_core::rtcp::{Message, message, packets, twcc};
use sfu_core::rtp::{ExtSeqNo, RtpTime};
use sfu_core::sdp::{ExtensionIds, Feedback, NegotiatedCodec};
use sfu_core::subscribe::{Choice, FirstNumbers, Slot};
use sfu_core::transport::{Connection, DtlsRole, PacketIndex, Pair, SrtpKeys, SrtpProfile};
use slotmap::SlotMap;

use crate::house::{House, slots};
use crate::traffic::PACKETS_PER_FRAME;

/// Header of a packet with one extension, as it stands in `plain`.
const HEADER: [u8; 20] = [0x90, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0xBE, 0xDE, 0, 1, 0x10, 1, 0, 0];
const FRAME: Duration = Duration::from_millis(33);

/// Both ends of a transport that have their keys.
pub struct Sealing {
    now: Instant,
    pair: Pair,
    ours: Connection,
    theirs: Connection,
    plain: Vec<u8>,
    number: u64,
    buffer: Vec<u8>,
}

impl Sealing {
    pub fn new(profile: SrtpProfile, payload: usize) -> Self {
        let keys = SrtpKeys::from_exporter(profile, &vec![1; profile.keying_material_len()], DtlsRole::Server).unwrap();
        let now = Instant::now();
        let pair = Pair::udp("10.0.0.1:7882".parse().unwrap(), "10.0.1.1:4000".parse().unwrap());
        let mut plain = HEADER.to_vec();
        plain.resize(HEADER.len() + payload, 5);
        Self {
            now,
            pair,
            ours: Connection::with_keys(now, pair, &keys),
            theirs: Connection::with_keys(now, pair, &keys.mirrored()),
            plain,
            number: 0,
            buffer: Vec::with_capacity(2_000),
        }
    }

    /// Writes the next packet, for `seal`.
    pub fn write(&mut self) {
        self.number += 1;
        self.buffer.clear();
        self.buffer.extend_from_slice(&self.plain);
        let [.., high, low] = self.number.to_be_bytes();
        self.buffer[2..4].copy_from_slice(&[high, low]);
    }

    pub fn seal(&mut self) {
        let index = PacketIndex::new(self.number).unwrap();
        assert!(self.ours.seal_rtp(index, &mut self.buffer, 0, HEADER.len()));
    }

    /// The packet, sealed.
    pub fn sealed(&mut self) -> Vec<u8> {
        self.write();
        self.seal();
        self.buffer.clone()
    }

    /// Opens a packet that `sealed` made, once.
    pub fn open(&mut self, sealed: &mut [u8]) {
        assert!(self.theirs.open_rtp(self.now, self.pair, sealed).is_ok());
    }
}

/// A ring, and a slot that reads it.
pub struct Forwarding {
    now: Instant,
    encodings: SlotMap<EncodingId, Encoding>,
    encoding: EncodingId,
    slot: Slot,
    number: u64,
    frames: u32,
    payload: Vec<u8>,
    buffer: Vec<u8>,
}

impl Forwarding {
    pub fn new() -> Self {
        let mut encodings = SlotMap::with_key();
        let ring = Ring::new(Retention::Repeats, RING_BYTES_MAX);
        let encoding = encodings.insert(Encoding::new(TrackId::default(), None, None, ring));
        let format = NegotiatedCodec {
            codec: Codec::Vp8,
            payload_type: PayloadType(96),
            rtx: Some(PayloadType(97)),
            feedback: Feedback { nack: true, pli: true, ..Feedback::default() },
        };
        let ids = ExtensionIds { transport_cc: Some(3), ..ExtensionIds::default() };
        let (ssrcs, first) = ((Ssrc(7), Some(Ssrc(8))), FirstNumbers { media: 1, rtx: 1 });
        let slot = Slot::new(Mid(Arc::from("0")), MediaKind::Video, ssrcs, vec![format], ids, first);
        // A VP8 keyframe's first packet, with picture id and TL0PICIDX; the others have the same size.
        let mut payload = vec![0x90, 0xe0, 0x80, 1, 1, 0, 0, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 2, 0x68, 1];
        payload.resize(1_150, 0x55);
        let (now, buffer) = (Instant::now(), Vec::with_capacity(64_000));
        let mut made = Self { now, encodings, encoding, slot, number: 70_000, frames: 0, payload, buffer };
        let ring = &made.encodings[encoding].ring;
        made.slot.attach(encoding, ring, now);
        for _ in 0..60 {
            made.store();
            assert_eq!(made.rewrite(), usize::from(PACKETS_PER_FRAME));
        }
        made
    }

    /// Stores a frame; how many packets it has.
    pub fn store(&mut self) -> usize {
        self.now += FRAME;
        self.frames += 1;
        for index in 1..=PACKETS_PER_FRAME {
            self.number += 1;
            let received = Received {
                sequence: ExtSeqNo(self.number),
                timestamp: RtpTime(self.frames * 3_000),
                arrival: self.now,
                codec: Codec::Vp8,
                marker: index == PACKETS_PER_FRAME,
                audio_level: None,
                descriptor: &[],
                payload: &self.payload,
                repeated: false,
            };
            self.encodings[self.encoding].receive(MediaKind::Video, &received, 0);
        }
        usize::from(PACKETS_PER_FRAME)
    }

    /// Writes all that the slot has to send; how many packets that were.
    pub fn rewrite(&mut self) -> usize {
        self.buffer.clear();
        let rings = |id: EncodingId| self.encodings.get(id).map(|encoding| &encoding.ring);
        let mut packets = 0;
        while let Some(pending) = self.slot.pending(rings, self.now, Choice::RepeatsFirst) {
            let Some(outgoing) = self.slot.take(pending) else { break };
            outgoing.write(self.slot.extensions(), 1, &mut self.buffer);
            packets += 1;
        }
        packets
    }
}

/// A receiver report of one block.
pub fn report(ssrc: u32) -> Vec<u8> {
    let mut bytes = vec![0x81, 201, 0, 7, 0, 0, 0, 1];
    bytes.extend(ssrc.to_be_bytes());
    bytes.extend([3, 0, 0, 5, 0, 0, 0, 9]);
    bytes.extend([0; 12]);
    bytes
}

/// What a viewer's browser sends at once: a receiver report of one block, feedback on 20 packets, and a NACK of three.
pub fn compound() -> Vec<u8> {
    let mut bytes = report(7);
    bytes.extend([0x8f, 205, 0, 10, 0, 0, 0, 1, 0, 0, 0, 7, 0, 9, 0, 20, 0, 0, 9, 1, 0x20, 20]);
    bytes.extend([4; 20]);
    bytes.extend([0; 2]);
    bytes.extend([0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 7, 0, 9, 0, 3]);
    bytes
}

/// Reads all that a compound says; how many things those are.
pub fn read(compound: &[u8]) -> usize {
    let said = |packet| match message(&packet) {
        Ok(Some(Message::ReceiverReport { blocks })) => blocks.iter().count(),
        Ok(Some(Message::Nack { pairs, .. })) => pairs.sequences().count(),
        _ => twcc::parse(&packet).map_or(0, |feedback| usize::from(feedback.totals.received)),
    };
    packets(compound).map_while(Result::ok).map(said).sum()
}

/// A room of people who all publish.
pub struct Routing {
    publishers: Vec<Publisher>,
    voices: Voices,
}

impl Routing {
    pub fn new(people: usize) -> Self {
        let publishers = House::default().publishers(people, &[MediaKind::Audio, MediaKind::Video]);
        let mut voices = Voices::default();
        voices.follow(Instant::now(), &publishers);
        Self { publishers, voices }
    }

    /// Decides what somebody gets who has just come with 16 pairs of slots.
    pub fn join(&self) -> usize {
        let heard = Heard::of(&self.publishers, &self.voices);
        let slots = slots(&[MediaKind::Audio, MediaKind::Video].repeat(16));
        let viewer = Viewer { own: ParticipantKey::default(), wishes: &Wishes::Anybody, slots: &slots };
        assign(&self.publishers, &heard, viewer).iter().flatten().count()
    }
}
