//! Participants that prove who they are and then talk nonsense: it costs them, and nobody beside them.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use sfu_core::id::MediaKind::Video;
use sfu_core::limits::{RING_BYTES_MAX, SSRCS_PER_TRANSPORT_MAX};

use crate::marks::{OPUS, Plain, VP8, VP8_RTX, feedback, nack, pli, sender_report};
use crate::publisher::Publishing;
use crate::world::World;

/// The last index of each SSRC.
type Indices = BTreeMap<u32, u64>;

/// A well-sealed packet of any content.
fn nonsense(rng: &mut StdRng, indices: &mut Indices) -> Plain {
    let many = rng.random_range(0..400);
    let ssrc = *[1_000, 1_000, 1_001, 1_100, many].choose(rng).unwrap();
    // Ahead of what the publisher itself sends, and never so far that the rollover count is lost.
    let index = indices.entry(ssrc).or_insert(if ssrc == 1_000 { 66_000 } else { 1_000 });
    *index += *[1, 1, 1, 2, 500, 20_000].choose(rng).unwrap();
    let index = *index;
    let contributors = if rng.random_bool(0.9) { 0 } else { rng.random_range(1..16_u8) };
    let extension = rng.random_bool(0.7);
    let padding = u8::from(rng.random_bool(0.2)) << 5;
    let payload_type = *[VP8, VP8, VP8_RTX, OPUS, rng.random::<u8>() & 0x3f].choose(rng).unwrap();
    let mut bytes = vec![0x80 | padding | u8::from(extension) << 4 | contributors];
    bytes.push(payload_type | u8::from(rng.random_bool(0.3)) << 7);
    bytes.extend((index as u16).to_be_bytes());
    bytes.extend(rng.random::<u32>().to_be_bytes());
    bytes.extend(u32::to_be_bytes(ssrc));
    bytes.resize(bytes.len() + 4 * usize::from(contributors), 1);
    if extension {
        let words = rng.random_range(0..12_u16);
        bytes.extend(u16::to_be_bytes(*[0xbede, 0xbede, 0x1000, 0x1234].choose(rng).unwrap()));
        bytes.extend(words.to_be_bytes());
        bytes.extend((0..4 * words).map(|_| *[0x40, 0x30, 0x31, 0xa0, 0, rng.random()].choose(rng).unwrap()));
    }
    let header_len = bytes.len();
    let most = *[4, 40, 1_200].choose(rng).unwrap();
    let length = rng.random_range(0..most);
    bytes.extend((0..length).map(|_| *[0x90, 0xe0, 0x80, 0, rng.random(), rng.random()].choose(rng).unwrap()));
    if padding != 0 && bytes.len() > header_len {
        *bytes.last_mut().unwrap() = rng.random_range(0..8);
    }
    Plain { index, header_len, bytes }
}

/// A well-sealed control packet of any content, about `ssrcs`.
fn control_nonsense(rng: &mut StdRng, ssrcs: &[u32]) -> Vec<u8> {
    let ssrc = *ssrcs.choose(rng).unwrap();
    let numbers: Vec<u16> = (0..rng.random_range(0..60)).map(|_| rng.random()).collect();
    let any: Vec<u8> = (0..4 * rng.random_range(0..40)).map(|_| rng.random()).collect();
    let mut bytes = match rng.random_range(0..7) {
        0 => pli(ssrc),
        1 => nack(ssrc, &numbers),
        2 => sender_report(ssrc, rng.random(), rng.random()),
        3 => feedback(4, 206, 1, 0, &[&ssrc.to_be_bytes()[..], &[rng.random(), 0, 0, 0]].concat()),
        4 => feedback(15, 206, 1, 0, &any),
        5 => feedback(15, 205, 1, ssrc, &any),
        _ => feedback(rng.random_range(0..32), rng.random_range(192..=223), 1, ssrc, &any),
    };
    if rng.random_bool(0.5) {
        let at = rng.random_range(2..bytes.len());
        bytes[at] = rng.random();
    }
    bytes
}

#[test]
fn well_sealed_nonsense_costs_only_its_sender() {
    for seed in 1..=4 {
        let mut world = World::new(seed);
        world.sealed = None;
        world.publish("room", "honest", Publishing::camera(1));
        let liar = world.publish("room", "liar", Publishing::with_sound(2));
        let viewer = world.watch("room", (2, 1), &["honest", "liar"]);
        let heckler = world.watch("room", (2, 1), &["honest", "liar"]);
        world.run_ms(1_000);
        let slots: Vec<u32> = world
            .viewer(heckler)
            .streams
            .iter()
            .flat_map(|stream| [Some(stream.slot.ssrc), stream.slot.rtx])
            .flatten()
            .collect();
        let mut indices = Indices::new();
        for _ in 0..1_500 {
            for _ in 0..5 {
                let packet = nonsense(&mut world.rng, &mut indices);
                world.publisher(liar).rtp_out.push_back(packet);
            }
            let about_media = control_nonsense(&mut world.rng, &[1_000, 1_001, 1_100, 5]);
            world.publisher(liar).rtcp_out.push_back(about_media);
            let about_slots = control_nonsense(&mut world.rng, &slots);
            world.viewer(heckler).rtcp_out.push_back(about_slots);
            world.run_ms(2);
        }
        world.run_ms(1_000);
        let stats = world.stats();
        assert_eq!(stats.counters.panics_caught, 0, "seed {seed}");
        assert!(stats.counters.rtp_packets_received > 5_000, "the nonsense was not opened: {:?}", stats.counters);
        assert!(stats.control.rtcp_malformed > 10, "{:?}", stats.control);
        assert!(stats.inbound.len() <= SSRCS_PER_TRANSPORT_MAX && stats.timers < 20);
        assert!(stats.inbound.iter().all(|inbound| inbound.ring_bytes <= RING_BYTES_MAX));
        let honest = world.viewer(viewer).slot(Video, 0);
        assert!(honest.faults.is_empty(), "seed {seed}: {:?}", honest.faults);
        assert_eq!((honest.publishers(), honest.skips()), (vec![1], 0));
        assert!(honest.longest_freeze() < Duration::from_millis(60), "seed {seed}: {:?}", honest.longest_freeze());
        for client in [liar, viewer, heckler] {
            world.close(client);
        }
        assert_eq!(world.stats().transports.len(), 1);
    }
}
