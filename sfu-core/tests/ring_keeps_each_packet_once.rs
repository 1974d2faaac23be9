//! A ring stores each number at most once, gives back what was stored, and stays within its bounds.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test's helpers fail the test")]

use std::collections::HashSet;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use sfu_core::codec::{Codec, FrameStart, PictureIds};
use sfu_core::limits::{RING_BYTES_MAX, RING_RETAINED};
use sfu_core::ring::{PacketMeta, Push, Retention, Ring};
use sfu_core::rtp::{ExtSeqNo, RtpTime};

fn meta(sequence: u64, arrival: Instant) -> PacketMeta {
    PacketMeta {
        sequence: ExtSeqNo(sequence),
        timestamp: RtpTime(u32::try_from(sequence / 9).unwrap() * 3_000),
        arrival,
        codec: Codec::Vp8,
        marker: sequence % 9 == 8,
        keyframe_start: sequence.is_multiple_of(900),
        frame_start: FrameStart::No,
        ids: PictureIds::default(),
        frame_number: None,
        audio_level: None,
        repeated: false,
    }
}

/// Bytes that tell which packet they belong to.
fn payload(sequence: u64) -> Vec<u8> {
    let len = 1 + usize::try_from(sequence % 1_200).unwrap();
    sequence.to_be_bytes().into_iter().cycle().take(len).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn under_loss_reordering_repeats_and_jumps(
        steps in proptest::collection::vec((-300_i64..300, 0_u64..40), 1..3_000),
        group in any::<bool>(),
    ) {
        let start = Instant::now();
        let mut now = start;
        let mut ring = Ring::new(if group { Retention::GroupOfPictures } else { Retention::Repeats }, RING_BYTES_MAX);
        let (mut head, mut stored) = (10_000_u64, HashSet::new());
        for (step, wait_ms) in steps {
            now += Duration::from_millis(wait_ms);
            // Mostly forward, now and then far back or far ahead.
            let sequence = if step.abs() < 200 { head + 1 } else { head.saturating_add_signed(step * 7) };
            head = head.max(sequence);
            match ring.push(meta(sequence, now), b"dd", &payload(sequence)) {
                Push::Stored(arrival) => {
                    prop_assert!(stored.insert(sequence), "{sequence} was stored twice");
                    let packet = ring.at(arrival).unwrap();
                    prop_assert!(packet.payload == payload(sequence));
                    prop_assert_eq!(packet.descriptor, b"dd");
                    prop_assert_eq!(ring.by_sequence(ExtSeqNo(sequence)).unwrap().meta.sequence.0, sequence);
                }
                Push::Duplicate => prop_assert!(stored.contains(&sequence)),
                Push::TooLate => prop_assert!(sequence < head),
                Push::TooLarge => prop_assert!(false, "nothing here is too large"),
            }
            prop_assert!(ring.capacity_bytes() <= RING_BYTES_MAX);
        }
        let mut at = ring.start();
        while let Some(packet) = ring.at(at) {
            prop_assert!(packet.payload == payload(packet.meta.sequence.0));
            at = at.next();
        }
        prop_assert_eq!(at, ring.end());
    }
}

#[test]
fn a_second_of_packets_can_be_repeated() {
    let mut now = Instant::now();
    let mut ring = Ring::new(Retention::Repeats, RING_BYTES_MAX);
    let apart = Duration::from_millis(4);
    for sequence in 0..2_000 {
        ring.push(meta(sequence, now), &[], &[7; 1_200]);
        now += apart;
    }
    let kept = u64::try_from(RING_RETAINED.as_millis() / apart.as_millis()).unwrap();
    assert!(ring.by_sequence(ExtSeqNo(1_999 - kept + 1)).is_some());
    assert!(ring.capacity_bytes() <= 1024 * 1024, "{} bytes for 300 kB of packets", ring.capacity_bytes());
}

#[test]
fn a_group_of_pictures_is_kept_whole_for_joiners() {
    let mut now = Instant::now();
    let mut ring = Ring::new(Retention::GroupOfPictures, RING_BYTES_MAX);
    for sequence in 0..1_700 {
        ring.push(meta(sequence, now), &[], &[7; 1_200]);
        now += Duration::from_millis(4);
    }
    let keyframe = ring.keyframe().expect("the keyframe at 900 is 3.2 s old");
    assert_eq!(ring.at(keyframe).unwrap().meta.sequence, ExtSeqNo(900));
}

#[test]
fn a_keyframe_that_had_to_go_is_no_place_to_begin() {
    let now = Instant::now();
    let mut ring = Ring::new(Retention::Repeats, RING_BYTES_MAX);
    ring.push(meta(0, now), &[], &[7; 1_200]);
    assert!(ring.keyframe().is_some());
    for sequence in 1..900 {
        ring.push(meta(sequence, now + Duration::from_secs(5 * sequence)), &[], &[7; 1_200]);
    }
    assert!(ring.keyframe().is_none());
}

#[test]
fn made_smaller_it_keeps_the_newest_and_grows_again_when_it_may() {
    let now = Instant::now();
    let mut ring = Ring::new(Retention::Repeats, RING_BYTES_MAX);
    let mut sequence = 10_000;
    let mut push = |ring: &mut Ring, count: u64| {
        for _ in 0..count {
            sequence += 1;
            assert!(matches!(ring.push(meta(sequence, now), &[], &payload(sequence)), Push::Stored(_)));
            assert!(matches!(ring.push(meta(sequence, now), &[], &payload(sequence)), Push::Duplicate));
        }
        sequence
    };
    push(&mut ring, 1_000);
    assert_eq!(ring.capacity_bytes(), 1024 * 1024);
    for bytes in [256 * 1024, 64 * 1024] {
        ring.allow(bytes);
        assert_eq!(ring.capacity_bytes(), bytes);
        for more in [0, 1, 50, 1_000] {
            let newest = push(&mut ring, more);
            assert_eq!(ring.capacity_bytes(), bytes);
            let numbers = (0..=newest).rev();
            let kept: Vec<u64> = numbers.take_while(|it| ring.by_sequence(ExtSeqNo(*it)).is_some()).collect();
            assert!(kept.iter().all(|it| ring.by_sequence(ExtSeqNo(*it)).unwrap().payload == payload(*it)));
            let kept_bytes: usize = kept.iter().map(|it| payload(*it).len()).sum();
            assert!(kept_bytes > bytes * 15 / 16, "{kept_bytes} of {bytes} bytes");
        }
    }
    ring.allow(usize::MAX);
    push(&mut ring, 1_000);
    assert_eq!(ring.capacity_bytes(), 1024 * 1024);
}
