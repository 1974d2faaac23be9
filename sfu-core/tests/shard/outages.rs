//! What stops, comes late or is asked for in masses holds up nothing else.

use std::time::Duration;

use sfu_core::id::MediaKind;

use crate::marks::{MID, VP8_RTX, nack, packet};
use crate::publisher::Publishing;
use crate::world::{Link, World};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn padding_before_the_first_frame_costs_no_keyframe() {
    let mut world = World::new(9);
    let viewer = world.watch("room", (1, 0), &[]);
    world.run(SECOND);
    let publisher = world.publish("room", "a", Publishing::camera(1));
    world.publisher(publisher).muted = true;
    world.run(SECOND);
    let padding = packet((1_001, VP8_RTX, 77), false, 0, &[(MID, b"0")], &[0, 0]);
    world.publisher(publisher).rtp_out.push_back(padding);
    world.run_ms(40);
    // The publisher's own first keyframe is lost on the way.
    world.links[publisher] = Link { loss_up: 100.0, ..Link::default() };
    world.publisher(publisher).muted = false;
    world.run_ms(100);
    world.links[publisher] = Link::default();
    world.run(SECOND);
    let frames = world.viewer(viewer).video().frames.len();
    assert!(frames > 20, "{frames} frames in the first second");
}

#[test]
fn repeats_hold_up_no_live_frame() {
    let mut world = World::new(9);
    let what = Publishing { packets: (30, 20), packet_bytes: 1_000, ..Publishing::camera(1) };
    world.publish("room", "a", what);
    let viewer = world.watch("room", (1, 0), &[]);
    world.run(3 * SECOND);
    let stream = world.viewer(viewer).stream(MediaKind::Video, 0);
    let ssrc = stream.slot.ssrc;
    let last = stream.receiver.first_number().unwrap().wrapping_add(stream.receiver.packets as u16);
    let before = stream.receiver.frames.len();
    let asked: Vec<u16> = (3..503).map(|back| last.wrapping_sub(back)).collect();
    for some in asked.chunks(100) {
        world.viewer(viewer).rtcp_out.push_back(nack(ssrc, some));
    }
    world.run(SECOND);
    assert!(world.stats().slots.retransmitted_packets_sent > 400);
    let start = world.now - world.elapsed();
    let late = world.viewer(viewer).video().frames[before..]
        .iter()
        .map(|frame| (frame.at - start).saturating_sub(Duration::from_millis(u64::from(frame.mark.captured_ms))))
        .max();
    assert!(late < Some(Duration::from_millis(60)), "a live frame was {late:?} late");
}

#[test]
fn viewers_of_an_encoding_that_stops_get_another() {
    let mut world = World::new(9);
    let what = Publishing { rids: vec!["q", "h", "f"], ..Publishing::with_sound(1) };
    let publisher = world.publish("room", "a", what);
    world.run(2 * SECOND);
    let viewer = world.watch("room", (1, 1), &[]);
    world.run(2 * SECOND);
    let before = world.viewer(viewer).video().frames.len();
    world.publisher(publisher).stopped = Some(2);
    world.run(10 * SECOND);
    let frames = world.viewer(viewer).video().frames.len() - before;
    assert!(frames > 240, "{frames} frames in the 10 s after the highest encoding stopped");
}

#[test]
fn a_publisher_without_a_wall_clock_sets_nobodys() {
    let mut world = World::new(9);
    let publisher = world.publish("room", "a", Publishing::with_sound(1));
    world.publisher(publisher).no_wall_clock = true;
    let viewer = world.watch("room", (1, 1), &[]);
    world.run(5 * SECOND);
    assert!(world.viewer(viewer).video().frames.len() > 100);
    assert!(world.viewer(viewer).stream(MediaKind::Video, 0).reports.is_empty());
}
