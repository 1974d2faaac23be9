//! An audio slot goes from one voice to another: numbers and media time go on, the marker says where the new one begins,
//! nothing of it is heard that was before, and hardly anything is missing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use sfu_core::codec::{Codec, red};
use sfu_core::id::{EncodingId, MediaKind, Mid, PayloadType, Ssrc, TrackId};
use sfu_core::limits::RING_BYTES_SMALL;
use sfu_core::publish::{Encoding, Received};
use sfu_core::ring::{Retention, Ring};
use sfu_core::rtp::{ExtSeqNo, MediaClock, RtpPacket, RtpTime, SeqNo};
use sfu_core::sdp::{ExtensionIds, Feedback, NegotiatedCodec};
use sfu_core::subscribe::{Choice, FirstNumbers, Slot};
use slotmap::SlotMap;

const PACKET: Duration = Duration::from_millis(20);
const TICKS: u32 = 960;
const OPUS: PayloadType = PayloadType(111);
const RED: PayloadType = PayloadType(63);

/// What went out.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sent {
    at: Instant,
    sequence: u16,
    timestamp: u32,
    marker: bool,
    payload_type: PayloadType,
    payload: Vec<u8>,
}

struct Voice {
    id: EncodingId,
    encoding: Encoding,
    codec: Codec,
    next: u64,
    first_timestamp: u32,
    /// How much later than the other's its packets arrive.
    late: Duration,
}

/// Two voices and a slot.
struct Stage {
    began: Instant,
    now: Instant,
    voices: Vec<Voice>,
    slot: Slot,
    sent: Vec<Sent>,
}

impl Stage {
    /// `formats`: what the voices are sent as, and what the slot takes.
    fn new(codec: Codec, formats: &[Codec], in_place: bool) -> Self {
        let began = Instant::now();
        let mut ids: SlotMap<EncodingId, ()> = SlotMap::with_key();
        let mut tracks: SlotMap<TrackId, ()> = SlotMap::with_key();
        let voices = [(40_000, 7, 0), (9, 3_000_000_000, 7)].map(|(next, first_timestamp, late)| Voice {
            id: ids.insert(()),
            encoding: Encoding::new(tracks.insert(()), None, None, Ring::new(Retention::Repeats, RING_BYTES_SMALL)),
            codec,
            next,
            first_timestamp,
            late: Duration::from_millis(late),
        });
        let payload_type = |codec: &Codec| if *codec == Codec::Red { RED } else { OPUS };
        let agreed = |codec: &Codec| NegotiatedCodec {
            codec: *codec,
            payload_type: payload_type(codec),
            rtx: None,
            feedback: Feedback { nack: in_place, ..Feedback::default() },
        };
        let slot = Slot::new(
            Mid("0".into()),
            MediaKind::Audio,
            (Ssrc(1), None),
            formats.iter().map(agreed).collect(),
            ExtensionIds::default(),
            FirstNumbers { media: 100, rtx: 5 },
        );
        Self { began, now: began, voices: voices.into(), slot, sent: vec![] }
    }

    /// Tells what both voices' timestamps mean, as their sender reports would.
    fn report(&mut self) {
        for voice in &mut self.voices {
            let at = self.began + voice.late;
            voice.encoding.ring.clock = Some(MediaClock { timestamp: RtpTime(voice.first_timestamp), at });
        }
    }

    fn switch(&mut self, to: usize) {
        self.slot.attach(self.voices[to].id, &self.voices[to].encoding.ring, self.now);
    }

    /// Both voices speak for so many packets.
    fn speak(&mut self, packets: u32) {
        for _ in 0..packets {
            let frame = u32::try_from((self.now - self.began).as_millis() / PACKET.as_millis()).unwrap();
            for place in 0..self.voices.len() {
                self.now += self.voices[place].late;
                self.receive(place, frame);
                self.drain();
            }
            self.now = self.began + PACKET * (frame + 1);
        }
    }

    fn receive(&mut self, place: usize, frame: u32) {
        let voice = &mut self.voices[place];
        let primary = [0xfc, u8::try_from(place).unwrap(), 1, 2, 3];
        // Two packets of redundancy, as browsers send it.
        let mut payload = vec![];
        if voice.codec == Codec::Red {
            for age in [2, 1] {
                let offset = (age * TICKS) << 10 | 5;
                payload.push(0x80 | OPUS.0);
                payload.extend_from_slice(&offset.to_be_bytes()[1..]);
            }
            payload.push(OPUS.0);
            payload.extend_from_slice(&primary.repeat(2));
        }
        payload.extend_from_slice(&primary);
        voice.encoding.receive(
            MediaKind::Audio,
            &Received {
                sequence: ExtSeqNo(voice.next),
                timestamp: RtpTime(voice.first_timestamp.wrapping_add(frame * TICKS)),
                arrival: self.now,
                codec: voice.codec,
                marker: false,
                audio_level: None,
                descriptor: &[],
                payload: &payload,
                repeated: false,
            },
            0,
        );
        voice.next += 1;
    }

    fn drain(&mut self) {
        let voices = &self.voices;
        let rings = |id| voices.iter().find(|voice| voice.id == id).map(|voice| &voice.encoding.ring);
        while let Some(pending) = self.slot.pending(rings, self.now, Choice::RepeatsFirst) {
            let Some(outgoing) = self.slot.take(pending) else { break };
            let mut bytes = vec![];
            outgoing.write(self.slot.extensions(), 0, &mut bytes);
            assert_eq!(bytes.len(), pending.bytes, "a packet is as long as it was said to be");
            let packet = RtpPacket::parse(&bytes).unwrap();
            self.sent.push(Sent {
                at: self.now,
                sequence: packet.sequence.0,
                timestamp: packet.timestamp.0,
                marker: packet.marker,
                payload_type: packet.payload_type,
                payload: packet.payload.to_vec(),
            });
        }
    }

    /// Which voice a packet is.
    fn voice(sent: &Sent) -> u8 {
        let primary = if sent.payload_type == RED { red::primary(&sent.payload).unwrap().data } else { &sent.payload };
        primary[1]
    }

    fn assert_unbroken(&self) {
        for (before, after) in self.sent.iter().zip(&self.sent[1..]) {
            assert_eq!(after.sequence, before.sequence.wrapping_add(1));
            let switches = Self::voice(before) != Self::voice(after);
            assert_eq!(after.marker, switches);
            let missing = after.timestamp.wrapping_sub(before.timestamp).wrapping_sub(TICKS);
            assert!(missing == 0 || (switches && missing <= TICKS), "{missing} ticks are missing");
            assert!(after.at - before.at <= 2 * PACKET + Duration::from_millis(1));
        }
        assert!(self.sent[0].marker);
    }
}

#[test]
fn numbers_and_media_time_go_on_and_the_marker_says_where() {
    for reported in [false, true] {
        let mut stage = Stage::new(Codec::Opus, &[Codec::Opus], false);
        for round in 0..10 {
            stage.switch(round % 2);
            stage.speak(13);
            if reported {
                stage.report();
            }
        }
        stage.assert_unbroken();
        let mut heard: Vec<u8> = stage.sent.iter().map(Stage::voice).collect();
        heard.dedup();
        assert_eq!(heard, [0, 1].repeat(5));
    }
}

#[test]
fn where_the_clocks_are_known_media_time_gains_nothing_however_often_it_changes() {
    let mut stage = Stage::new(Codec::Opus, &[Codec::Opus], false);
    stage.switch(0);
    stage.speak(5);
    stage.report();
    for round in 0..200 {
        stage.switch(round % 2);
        stage.speak(3);
    }
    stage.assert_unbroken();
    let (first, last) = (&stage.sent[0], stage.sent.last().unwrap());
    let played = Duration::from_millis(u64::from(last.timestamp.wrapping_sub(first.timestamp)) / 48);
    let passed = last.at - first.at;
    assert!(played.abs_diff(passed) <= PACKET, "{played:?} of sound in {passed:?}");
}

#[test]
fn redundancy_of_before_the_change_is_taken_off() {
    let mut stage = Stage::new(Codec::Red, &[Codec::Red, Codec::Opus], false);
    stage.switch(0);
    stage.speak(5);
    stage.switch(1);
    stage.speak(5);
    stage.assert_unbroken();
    let begins = stage.sent.iter().position(|sent| Stage::voice(sent) == 1).unwrap();
    let blocks = |at: usize| red::parse(&stage.sent[at].payload).unwrap().count();
    assert_eq!([begins, begins + 1, begins + 2].map(blocks), [1, 1, 3]);
    assert_eq!([0, 1, 2].map(blocks), [1, 1, 3], "nor is what was before the first");
}

#[test]
fn a_repeat_in_place_of_a_first_packet_is_the_same_packet() {
    let mut stage = Stage::new(Codec::Red, &[Codec::Red, Codec::Opus], true);
    stage.switch(0);
    stage.speak(5);
    stage.switch(1);
    stage.speak(5);
    let before = stage.sent.clone();
    stage.slot.owe_repeats(before.iter().map(|sent| SeqNo(sent.sequence)));
    stage.drain();
    let repeats: Vec<Sent> = stage.sent.split_off(before.len());
    assert_eq!(repeats.len(), before.len());
    for (repeat, original) in repeats.iter().zip(&before) {
        assert_eq!(Sent { at: original.at, ..repeat.clone() }, *original);
    }
}
