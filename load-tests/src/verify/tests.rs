//! A clean stream is clean, and each check finds the stream that was broken for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtp::Packet;

use super::*;
use crate::media::mark::{self, Mark, RunId};
use crate::media::{ClipSize, Codec, Frame};
use crate::packetize::{Packetizer, StreamStart};

const ALICE: PublisherTag = PublisherTag(1);
const BOB: PublisherTag = PublisherTag(2);
const NEAR_WRAP: StreamStart =
    StreamStart { sequence_number: 65_500, timestamp: u32::MAX - 20_000, picture_id: 0x7ffd };

struct Stream {
    clip: Arc<Clip>,
    packetizer: Packetizer,
    publisher: PublisherTag,
    number: u32,
    index: u16,
    run: RunId,
}

impl Stream {
    fn new(codec: Codec, publisher: PublisherTag) -> Self {
        let clip = Arc::new(Clip::embedded(codec, ClipSize::Large).unwrap());
        let packetizer = Packetizer::new(codec, 77, 96, NEAR_WRAP);
        Self { clip, packetizer, publisher, number: 0, index: 0, run: RunId::of_this_process() }
    }

    fn frame(&mut self) -> Vec<Packet> {
        let mark = Mark { run: self.run, ..Mark::new(self.publisher, self.number, self.index) };
        let Frame { body, .. } = self.clip.frame(self.index).unwrap();
        let marked = mark::embed(self.clip.codec(), body, mark);
        let ticks = self.number * self.clip.frame_ticks();
        self.number += 1;
        self.index = self.clip.next_index(self.index);
        self.packetizer.packetize(&marked, ticks)
    }

    fn frames(&mut self, count: usize) -> Vec<Packet> {
        (0..count).flat_map(|_| self.frame()).collect()
    }

    fn keyframe_next(&mut self) {
        self.index = 0;
    }

    /// Frames the encoder makes but nobody sends.
    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.number += 1;
            self.index = self.clip.next_index(self.index);
        }
    }
}

struct Run {
    verifier: TrackVerifier,
    now: Instant,
    outcomes: Vec<Outcome>,
}

impl Run {
    fn new(codec: Codec, expected: Expected) -> Self {
        let clip = Arc::new(Clip::embedded(codec, ClipSize::Large).unwrap());
        let clip_of = Arc::new(move |tag| [ALICE, BOB].contains(&tag).then(|| Arc::clone(&clip)));
        let verifier = TrackVerifier::new(codec, expected, clip_of, DEFAULT_PATIENCE);
        Self { verifier, now: Instant::now(), outcomes: Vec::new() }
    }

    fn feed(&mut self, packets: impl IntoIterator<Item = Packet>) {
        for packet in packets {
            self.verifier.on_packet(self.now, packet, &mut self.outcomes);
        }
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.verifier.on_timeout(self.now, &mut self.outcomes);
    }

    fn only(&self, faults: &[(Fault, u64)]) {
        let found: Vec<_> = self.verifier.report().faults.iter().map(|(fault, count)| (*fault, *count)).collect();
        assert_eq!(found, faults, "{:?}", self.verifier.report().examples);
    }

    fn frames(&self) -> u64 {
        self.verifier.report().frames
    }
}

fn judged(codec: Codec, packets: Vec<Packet>) -> Run {
    let mut run = Run::new(codec, Expected::Publisher(ALICE));
    run.feed(packets);
    run.wait(2 * DEFAULT_PATIENCE);
    run
}

const ALL: [Codec; 5] = [Codec::Vp8, Codec::Vp9, Codec::Av1, Codec::H264, Codec::Opus];
const VIDEO: [Codec; 4] = [Codec::Vp8, Codec::Vp9, Codec::Av1, Codec::H264];

#[test]
fn a_clean_stream_is_clean_through_loop_end_and_every_wrap() {
    for codec in ALL {
        let mut stream = Stream::new(codec, ALICE);
        let count = stream.clip.len() * 2 + 7;
        let run = judged(codec, stream.frames(count));
        run.only(&[]);
        assert_eq!(run.frames(), u64::try_from(count).unwrap());
        assert_eq!(run.outcomes.len(), count);
        assert_eq!(run.outcomes[3], Outcome::Frame { publisher: ALICE, number: 3 });
        assert_eq!(run.verifier.report().keyframes, if codec.is_video() { 3 } else { 0 });
    }
}

#[test]
fn reordering_and_repeats_are_mended() {
    for codec in ALL {
        let mut packets = Stream::new(codec, ALICE).frames(40);
        let moved = packets.remove(20);
        packets.insert(27, moved);
        packets.insert(30, packets[3].clone());
        let run = judged(codec, packets);
        run.only(&[]);
        assert_eq!((run.frames(), run.verifier.report().late, run.verifier.report().duplicates), (40, 2, 1), "{codec}");
    }
}

#[test]
fn a_jump_to_the_keyframe_is_decodable() {
    for codec in VIDEO {
        let mut stream = Stream::new(codec, ALICE);
        let mut packets = stream.frames(10);
        stream.keyframe_next();
        packets.extend(stream.frames(10));
        let run = judged(codec, packets);
        run.only(&[]);
        assert_eq!(run.verifier.report().keyframes, 2);
    }
}

#[test]
fn a_gap_is_lost_breaks_the_chain_and_asks_for_a_keyframe() {
    for codec in VIDEO {
        let mut stream = Stream::new(codec, ALICE);
        let mut packets = stream.frames(5);
        // A keyframe is of several packets whatever the codec.
        stream.keyframe_next();
        let mut hit = stream.frame();
        hit.remove(2);
        packets.extend(hit);
        packets.extend(stream.frames(4));
        stream.keyframe_next();
        packets.extend(stream.frames(5));
        let run = judged(codec, packets);
        run.only(&[(Fault::Lost, 1), (Fault::Undecodable, 4), (Fault::FrameMissing, 1)]);
        assert_eq!(run.frames(), 10, "{codec}");
        assert!(run.outcomes.contains(&Outcome::NeedsKeyframe));
        assert_eq!(run.verifier.report().inexcusable(), 0);
    }
}

#[test]
fn a_missing_packet_is_waited_for_and_no_longer() {
    let mut stream = Stream::new(Codec::Vp8, ALICE);
    let mut packets = stream.frames(3);
    let missing = packets.remove(15);
    let mut run = Run::new(Codec::Vp8, Expected::Publisher(ALICE));
    run.feed(packets.clone());
    run.wait(DEFAULT_PATIENCE / 2);
    run.only(&[]);
    let before = run.frames();
    run.feed([missing.clone()]);
    assert!(run.frames() > before);
    run.only(&[]);

    let mut run = Run::new(Codec::Vp8, Expected::Publisher(ALICE));
    run.feed(packets);
    run.wait(DEFAULT_PATIENCE);
    run.feed([missing]);
    assert_eq!(run.verifier.report().count(Fault::Lost), 1);
}

#[test]
fn the_same_sequence_number_with_other_content_is_found() {
    for codec in ALL {
        let mut packets = Stream::new(codec, ALICE).frames(20);
        let mut again = packets[15].clone();
        let mut payload = again.payload.to_vec();
        *payload.last_mut().unwrap() ^= 1;
        again.payload = Bytes::from(payload);
        packets.push(again);
        judged(codec, packets).only(&[(Fault::RewrittenTwice, 1)]);
    }
}

#[test]
fn a_change_of_ssrc_or_payload_type_is_found() {
    let mut packets = Stream::new(Codec::Vp8, ALICE).frames(4);
    let last = packets.len() - 1;
    packets[last].header.ssrc += 1;
    judged(Codec::Vp8, packets).only(&[(Fault::IdentityChanged, 1)]);
}

#[test]
fn a_start_within_a_frame_or_without_a_keyframe_is_found() {
    for codec in VIDEO {
        let mut stream = Stream::new(codec, ALICE);
        stream.skip(1);
        let run = judged(codec, stream.frames(3));
        assert_eq!(run.verifier.report().count(Fault::NotKeyframeStart), 1, "{codec}");
        assert_eq!(run.frames(), 0);

        let mut packets = Stream::new(codec, ALICE).frames(3);
        packets.drain(..2);
        let run = judged(codec, packets);
        assert!(run.verifier.report().count(Fault::NotKeyframeStart) >= 1, "{codec}");
    }
}

#[test]
fn a_frame_without_its_end_is_found() {
    for codec in VIDEO {
        let mut stream = Stream::new(codec, ALICE);
        let mut packets = stream.frames(2);
        stream.keyframe_next();
        packets.extend(stream.frame());
        // The server ended the frame early and renumbered what followed: nothing is missing by sequence number.
        packets.pop();
        stream.keyframe_next();
        let mut rest = stream.frames(2);
        for packet in &mut rest {
            packet.header.sequence_number = packet.header.sequence_number.wrapping_sub(1);
        }
        packets.extend(rest);
        let run = judged(codec, packets);
        assert_eq!(run.verifier.report().count(Fault::Truncated), 1, "{codec}");
        assert_eq!(run.verifier.report().count(Fault::Lost), 0);
        assert_eq!(run.frames(), 4);
    }
}

#[test]
fn a_picture_id_that_was_not_rewritten_is_found() {
    let mut stream = Stream::new(Codec::Vp8, ALICE);
    let mut packets = stream.frames(3);
    for packet in packets.iter_mut().rev().take(9) {
        let mut payload = packet.payload.to_vec();
        payload[3] ^= 0x40;
        packet.payload = Bytes::from(payload);
    }
    let run = judged(Codec::Vp8, packets);
    assert!(run.verifier.report().count(Fault::PictureIdJump) >= 1);
}

#[test]
fn time_that_does_not_go_on_is_found() {
    for codec in ALL {
        let mut packets = Stream::new(codec, ALICE).frames(3);
        let (first, last) = (packets[0].header.timestamp, packets[packets.len() - 1].header.timestamp);
        for packet in packets.iter_mut().filter(|packet| packet.header.timestamp == last) {
            packet.header.timestamp = first.wrapping_sub(9_000);
        }
        judged(codec, packets).only(&[(Fault::TimestampBackwards, 1)]);
    }
}

#[test]
fn whole_frames_left_out_are_found_although_the_sequence_numbers_agree() {
    for codec in ALL {
        let mut stream = Stream::new(codec, ALICE);
        let mut packets = stream.frames(3);
        stream.skip(2);
        packets.extend(stream.frames(3));
        let run = judged(codec, packets);
        assert_eq!(run.verifier.report().count(Fault::FrameMissing), 2, "{codec}");
        assert_eq!(run.verifier.report().count(Fault::Undecodable), if codec.is_video() { 3 } else { 0 }, "{codec}");
    }
}

#[test]
fn moving_on_to_a_keyframe_is_told_apart_from_a_broken_chain() {
    for codec in VIDEO {
        let mut stream = Stream::new(codec, ALICE);
        let mut packets = stream.frames(3);
        stream.skip(38);
        stream.keyframe_next();
        packets.extend(stream.frames(3));
        let run = judged(codec, packets);
        run.only(&[(Fault::MovedOn, 38)]);
        assert_eq!(run.frames(), 6, "{codec}: what follows can be decoded");
    }
}

#[test]
fn another_rooms_frames_and_those_of_another_run_are_found() {
    let elsewhere = PublisherTag(ALICE.0 | (7 << 16));
    for codec in ALL {
        judged(codec, Stream::new(codec, elsewhere).frames(4)).only(&[(Fault::WrongRoom, 4)]);
        let mut stream = Stream::new(codec, ALICE);
        stream.run = RunId(stream.run.0 ^ 1);
        judged(codec, stream.frames(4)).only(&[(Fault::WrongRoom, 4)]);
        let mut anyone = Run::new(codec, Expected::Anyone { room: 0 });
        anyone.feed(Stream::new(codec, elsewhere).frames(4));
        anyone.only(&[(Fault::WrongRoom, 4)]);
    }
}

/// Each sound can be decoded by itself, so nothing but the marks tells of those that were left out with their numbers closed.
#[test]
fn sounds_left_out_of_one_who_is_heard_are_found_whoever_chooses() {
    for expected in [Expected::Publisher(ALICE), Expected::Anyone { room: 0 }] {
        let mut run = Run::new(Codec::Opus, expected);
        let mut alice = Stream::new(Codec::Opus, ALICE);
        for _ in 0..5 {
            run.feed(alice.frame());
            alice.skip(1);
        }
        run.only(&[(Fault::FrameMissing, 4)]);
    }
}

#[test]
fn another_publishers_frames_are_found() {
    for codec in ALL {
        let run = judged(codec, Stream::new(codec, BOB).frames(4));
        run.only(&[(Fault::WrongPublisher, 4)]);
        assert_eq!(run.frames(), 0);
        let run = judged(codec, Stream::new(codec, PublisherTag(9)).frames(4));
        run.only(&[(Fault::WrongPublisher, 4)]);
    }
}

#[test]
fn altered_bytes_are_found() {
    for codec in ALL {
        let mut packets = Stream::new(codec, ALICE).frames(1);
        let payload = packets[0].payload.clone();
        let mut altered = payload.to_vec();
        altered[60] ^= 0x20;
        packets[0].payload = Bytes::from(altered);
        let run = judged(codec, packets);
        assert!(run.verifier.report().count(Fault::Altered) >= 1, "{codec}");
        assert_eq!(run.frames(), 0);
    }
}

#[test]
fn a_slot_may_change_publishers_at_a_keyframe_only() {
    for codec in VIDEO {
        let switch = |at_keyframe: bool| {
            let (mut alice, mut bob) = (Stream::new(codec, ALICE), Stream::new(codec, BOB));
            let mut run = Run::new(codec, Expected::Anyone { room: 0 });
            run.feed(alice.frames(5));
            if !at_keyframe {
                bob.skip(3);
            }
            bob.packetizer = std::mem::replace(&mut alice.packetizer, Packetizer::new(codec, 0, 0, NEAR_WRAP));
            bob.number += 5;
            run.feed(bob.frames(5));
            run
        };
        switch(true).only(&[]);
        let mut back = Run::new(codec, Expected::Anyone { room: 0 });
        let mut alice = Stream::new(codec, ALICE);
        back.feed(alice.frames(3));
        alice.skip(9);
        alice.keyframe_next();
        back.feed(alice.frames(3));
        back.only(&[]);
        let wrong = switch(false);
        assert_eq!(wrong.verifier.report().count(Fault::NotKeyframeStart), 1, "{codec}");
    }
}
