//! Noise, replays and forgeries into a running session: nobody sees a difference.

use std::net::SocketAddr;
use std::time::Duration;

use rand::Rng;
use rand::seq::IndexedRandom;
use sfu_core::limits::FRAME_HOLD_MAX;

use crate::dtls_peer::Check;
use crate::marks::Mark;
use crate::publisher::Publishing;
use crate::world::World;

/// A copy of a datagram as an attacker would send it.
fn forged(world: &mut World, datagram: &[u8]) -> Vec<u8> {
    let rng = &mut world.rng;
    let mut bytes = datagram.to_vec();
    match rng.random_range(0..6) {
        0 => {}
        1 => bytes.truncate(rng.random_range(0..=bytes.len())),
        2 => {
            let at = rng.random_range(0..bytes.len());
            bytes[at] ^= 1 << rng.random_range(0..8);
        }
        3 => {
            let from = rng.random_range(0..bytes.len());
            rng.fill(&mut bytes[from..]);
        }
        4 => bytes.resize(rng.random_range(0..2_000), 0xaa),
        _ => {
            bytes = vec![0; rng.random_range(0..200)];
            rng.fill(bytes.as_mut_slice());
        }
    }
    bytes
}

/// What a viewer saw and heard in 3 s; with `attacks`, that many datagrams a millisecond are thrown in.
fn play(seed: u8, attacks: usize) -> (World, Vec<(Mark, Duration)>) {
    let mut world = World::new(seed);
    world.publish("room", "a", Publishing::with_sound(1));
    world.publish("room", "b", Publishing::encoder(2, 30));
    let viewer = world.watch("room", (2, 2), &[]);
    world.tap = Some(vec![]);
    let strangers: [SocketAddr; 2] = ["203.0.113.9:9".parse().unwrap(), "10.0.1.1:9".parse().unwrap()];
    for _ in 0..3_000 {
        world.run_ms(1);
        if world.elapsed() < Duration::from_millis(300) {
            continue;
        }
        for _ in 0..attacks {
            let tap = world.tap.as_ref().unwrap();
            let Some((sender, datagram)) = tap.choose(&mut world.rng).cloned() else { continue };
            let bytes = forged(&mut world, &datagram);
            let others = [sender, world.clients[0].address, world.clients[2].address, strangers[0], strangers[1]];
            let from = *others.choose(&mut world.rng).unwrap();
            // A check that is replayed byte by byte from elsewhere is the attack on ICE that consent is for, not noise.
            if from == sender || bytes.first().is_none_or(|first| *first > 3) {
                world.inject(from, bytes);
            }
        }
    }
    world.run_ms(100);
    let start = world.start;
    let streams = &world.viewer(viewer).streams;
    let seen = streams.iter().flat_map(|stream| &stream.receiver.frames);
    let seen = seen.map(|frame| (frame.mark, frame.at - start)).collect();
    (world, seen)
}

#[test]
fn noise_truncation_bit_flips_and_replays_change_nothing_for_anybody() {
    for seed in 1..=3 {
        let (_, quiet) = play(seed, 0);
        let (mut world, noisy) = play(seed, 3);
        assert!(quiet.len() > 300);
        assert_eq!(quiet.len(), noisy.len(), "seed {seed}");
        for ((mark, at), (noisy_mark, noisy_at)) in quiet.iter().zip(&noisy) {
            assert_eq!(mark, noisy_mark, "seed {seed}");
            // A true copy may overtake what it is a copy of, and a frame whose marker came first is held for a moment.
            assert!(*noisy_at <= *at + FRAME_HOLD_MAX, "seed {seed}: {mark:?} came at {noisy_at:?} instead of {at:?}");
        }
        let stats = world.stats();
        assert!(stats.transport.rtp_replayed > 50 && stats.transport.rtp_authentication > 50, "{:?}", stats.transport);
        assert!(stats.counters.datagrams_unaddressed > 50, "{:?}", stats.counters);
        assert_eq!(stats.transports.len(), 3);
        world.assert_sound();
    }
}

#[test]
fn a_datagram_from_a_neighbours_address_is_the_neighbours() {
    let mut world = World::new(9);
    let [a, b] = [1, 2].map(|mark| world.publish("room", &format!("p{mark}"), Publishing::camera(mark)));
    let viewer = world.watch("room", (2, 0), &[]);
    world.run_ms(1_000);
    world.tap = Some(vec![]);
    world.run_ms(100);
    let (from_a, from_b) = (world.clients[a].address, world.clients[b].address);
    let sent_by_a: Vec<_> = world.tap.take().unwrap().into_iter().filter(|(from, _)| *from == from_a).collect();
    let before = world.stats().counters.rtp_packets_received;
    for (_, datagram) in sent_by_a {
        world.inject(from_b, datagram);
    }
    assert_eq!(world.stats().counters.rtp_packets_received, before);
    world.run_ms(1_000);
    assert_eq!(world.viewer(viewer).video().skips(), 0);
    world.assert_sound();
}

#[test]
fn a_participant_that_speaks_from_anothers_address_takes_it_for_a_moment_only() {
    let mut world = World::new(10);
    let victim = world.publish("room", "victim", Publishing::camera(1));
    let attacker = world.publish("room", "attacker", Publishing::camera(2));
    let viewer = world.watch("room", (1, 0), &["victim"]);
    world.run_ms(2_000);
    // Valid checks of the attacker's own, as if they came from the victim's address.
    let check = Check::of(&world.clients[attacker].answer.clone().unwrap().ice, &world.clients[attacker].ice);
    world.inject(world.clients[victim].address, check.request());
    world.run_ms(6_000);
    assert_eq!(world.closed(victim), None);
    let now = world.now;
    let video = world.viewer(viewer).video();
    let last = now - video.frames.last().unwrap().at;
    assert!(last < Duration::from_millis(100), "the victim's picture stands still for {last:?}");
    assert!(video.longest_freeze() < Duration::from_millis(3_000), "{:?}", video.longest_freeze());
    world.assert_sound();
}

#[test]
fn a_roaming_client_keeps_its_media_however_many_addresses_it_had() {
    let mut world = World::new(11);
    let publisher = world.publish("room", "a", Publishing::camera(1));
    let viewer = world.watch("room", (1, 0), &[]);
    world.run_ms(1_000);
    let check = Check::of(&world.clients[publisher].answer.clone().unwrap().ice, &world.clients[publisher].ice);
    for port in 6_000..6_040 {
        let elsewhere = SocketAddr::new(world.clients[publisher].address.ip(), port);
        world.inject(elsewhere, check.request());
        world.run_ms(50);
    }
    world.run_ms(3_000);
    let video = world.viewer(viewer).video();
    assert_eq!(video.skips(), 0);
    assert!(video.longest_freeze() < Duration::from_millis(60), "{:?}", video.longest_freeze());
    world.assert_sound();
}
