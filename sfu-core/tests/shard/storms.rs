//! Many that ask at once, and one that asks too much: their publisher and their neighbours hardly notice.

use std::time::Duration;

use sfu_core::command::Muting::{Muted, Unmuted};
use sfu_core::event::Event;
use sfu_core::stats::SlotState;

use crate::marks::{nack, pli};
use crate::publisher::Publishing;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn fifty_that_join_and_ask_at_once_cost_the_publisher_few_keyframes() {
    let mut world = World::new(1);
    let publisher = world.publish("room", "a", Publishing::camera(1));
    world.run(SECOND);
    let viewers: Vec<usize> = (0..50).map(|_| world.watch("room", (1, 0), &[])).collect();
    world.run(SECOND);
    let joined = world.publisher(publisher).plis.len();
    assert!((1..=2).contains(&joined), "{joined} requests for 50 joiners");
    for viewer in &viewers {
        assert!(!world.viewer(*viewer).video().frames.is_empty());
    }
    for _ in 0..20 {
        for viewer in &viewers {
            let viewer = world.viewer(*viewer);
            let media = viewer.streams[0].slot.ssrc;
            viewer.rtcp_out.push_back(pli(media));
        }
        world.run_ms(100);
    }
    let asked = world.publisher(publisher).plis.len() - joined;
    assert!((1..=4).contains(&asked), "{asked} requests for 1,000 in 2 s");
    let stats = world.stats();
    assert!(stats.control.keyframe_requests_received >= 1_000, "{:?}", stats.control);
    assert!(stats.control.keyframe_requests_joined > 900, "{:?}", stats.control);
    world.assert_sound();
}

#[test]
fn one_that_asks_for_a_keyframe_all_the_time_gets_one_a_second() {
    let mut world = World::new(2);
    let publisher = world.publish("room", "a", Publishing::camera(1));
    let [bad, good] = [0, 1].map(|_| world.watch("room", (1, 0), &[]));
    world.run(SECOND);
    let before = world.publisher(publisher).plis.len();
    for _ in 0..500 {
        let viewer = world.viewer(bad);
        let media = viewer.streams[0].slot.ssrc;
        viewer.rtcp_out.push_back(pli(media));
        world.run_ms(20);
    }
    let asked = world.publisher(publisher).plis.len() - before;
    assert!((9..=11).contains(&asked), "{asked} in 10 s");
    let video = world.viewer(good).video();
    assert!(video.skips() == 0 && video.longest_freeze() < Duration::from_millis(60));
    world.assert_sound();
}

#[test]
fn one_that_asks_for_repeats_all_the_time_gets_few_and_disturbs_nobody() {
    let mut world = World::new(3);
    let publisher =
        world.publish("room", "a", Publishing { packets: (20, 4), packet_bytes: 1_000, ..Publishing::camera(1) });
    let [bad, good] = [0, 1].map(|_| world.watch("room", (1, 0), &[]));
    world.run(2 * SECOND);
    let highest = world.stats().outbound[0].stats.packets_sent as u16;
    let sent = world.stats().counters.rtp_packets_sent;
    for round in 0..100_u16 {
        let viewer = world.viewer(bad);
        let media = viewer.streams[0].slot.ssrc;
        let first = viewer.streams[0].receiver.first_number().unwrap();
        let numbers: Vec<u16> =
            (0..200).map(|back| first.wrapping_add(highest + round * 8).wrapping_sub(back)).collect();
        viewer.rtcp_out.extend(numbers.chunks(100).map(|numbers| nack(media, numbers)));
        world.run_ms(20);
    }
    let stats = world.stats();
    let repeats = stats.slots.retransmitted_packets_sent;
    let live = stats.counters.rtp_packets_sent - sent - repeats;
    assert!(repeats > 100, "the flood was not answered at all: {:?}", stats.slots);
    assert!(repeats < 4 * live, "{repeats} repeats beside {live} live packets");
    assert!(stats.control.repeats_suppressed > 10_000, "{:?}", stats.control);
    let video = world.viewer(good).video();
    assert!(video.skips() == 0 && video.longest_freeze() < Duration::from_millis(60));
    assert_eq!(world.publisher(publisher).packets_nacked, 0);
    world.assert_sound();
}

#[test]
fn one_that_is_gone_without_a_word_disturbs_nobody() {
    let mut world = World::new(4);
    world.publish("room", "a", Publishing::with_sound(1));
    let [bad, good] = [0, 1].map(|_| world.watch("room", (1, 1), &[]));
    world.run(SECOND);
    world.clients[bad].dead = true;
    world.run(31 * SECOND);
    assert_eq!(world.closed(bad), Some(sfu_core::event::CloseReason::ConsentExpired));
    let video = world.viewer(good).video();
    assert!(video.skips() == 0 && video.longest_freeze() < Duration::from_millis(60));
    let sent = world.stats().transports.len();
    assert_eq!(sent, 2);
    world.assert_sound();
}

fn slots_told(world: &World) -> usize {
    world.events.iter().filter(|event| matches!(event, Event::Slots { .. })).count()
}

#[test]
fn one_that_changes_its_pictures_size_with_every_packet_costs_its_viewers_a_look_at_times() {
    let mut world = World::new(5);
    let publisher = world.publish("room", "a", Publishing { packets: (8, 8), ..Publishing::camera(1) });
    let viewers: Vec<usize> = (0..20).map(|it| world.look("room", &format!("b{it}"), (1, 0))).collect();
    for viewer in &viewers {
        world.arrange(*viewer, &[(0, ("a", "0"), 180)]);
    }
    world.run(2 * SECOND);
    let (told, before) = (slots_told(&world), world.stats().counters);
    world.publisher(publisher).resizes = true;
    world.run(5 * SECOND);
    let after = world.stats().counters;
    let packets = after.rtp_packets_received - before.rtp_packets_received;
    assert!(packets > 900, "{packets} packets");
    let attached = (after.viewers_attached - before.viewers_attached) / 20;
    assert!((2..=27).contains(&attached), "each viewer was attached {attached} times in 5 s");
    let told = (slots_told(&world) - told) / 20;
    assert!((2..=51).contains(&told), "each viewer was told {told} times in 5 s");
    world.publisher(publisher).resizes = false;
    world.run(SECOND);
    world.assert_told();
}

#[test]
fn one_that_mutes_and_unmutes_without_end_has_its_viewers_told_at_intervals_and_in_the_end() {
    let mut world = World::new(6);
    let publisher = world.publish("room", "a", Publishing::camera(1));
    let viewer = world.look("room", "b", (1, 0));
    world.arrange(viewer, &[(0, ("a", "0"), 180)]);
    world.run(2 * SECOND);
    let told = slots_told(&world);
    for _ in 0..100 {
        for muting in [Muted, Unmuted] {
            world.mute(publisher, "0", muting);
            world.run_ms(5);
        }
    }
    world.mute(publisher, "0", Muted);
    let told = slots_told(&world) - told;
    assert!((2..=11).contains(&told), "told {told} times in a second");
    world.run(SECOND);
    assert_eq!(world.state(viewer, 0), SlotState::Muted);
    world.assert_told();
}

#[test]
fn who_comes_and_goes_costs_nothing_to_those_who_show_something_else() {
    let mut world = World::new(9);
    world.unestimated = true;
    world.publish("room", "a", Publishing::camera(1));
    let viewers: Vec<usize> = (0..20).map(|it| world.look("room", &format!("b{it}"), (2, 0))).collect();
    for viewer in &viewers {
        world.arrange(*viewer, &[(0, ("a", "0"), 180)]);
    }
    world.arrange(viewers[0], &[(0, ("a", "0"), 180), (1, ("late", "0"), 180)]);
    world.run(2 * SECOND);
    let attached = |world: &mut World| world.stats().counters.viewers_attached;
    let before = attached(&mut world);
    let others: Vec<usize> =
        (0..10).map(|it| world.publish("room", &format!("c{it}"), Publishing::camera(2))).collect();
    world.run(SECOND);
    for other in others {
        world.close(other);
    }
    let touched = attached(&mut world) - before;
    assert!(touched <= 20, "{touched} attached, twice each of those who came, for what nobody shows");
    let before = attached(&mut world);
    let late = world.publish("room", "late", Publishing::camera(3));
    world.run(SECOND);
    assert!(attached(&mut world) - before <= 5);
    assert_eq!(world.state(viewers[0], 1), SlotState::Live);
    world.close(late);
    world.run(SECOND);
    assert_eq!(world.state(viewers[0], 1), SlotState::NoSuchTrack);
    assert_eq!(world.state(viewers[0], 0), SlotState::Live);
    world.assert_sound();
    world.assert_told();
}
