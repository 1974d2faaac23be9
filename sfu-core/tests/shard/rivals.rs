//! Two that claim the same: an address, or a place in a track.

use std::time::Duration;

use crate::marks::{MID, Mark, VP8, packet, vp8};
use crate::publisher::Publishing;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn forged_checks_take_nobodys_address_away() {
    let mut world = World::new(9);
    let publisher = world.publish("room", "a", Publishing::camera(1));
    let viewer = world.watch("room", (1, 0), &[]);
    let forger = world.watch("room", (1, 0), &[]);
    world.run(3 * SECOND);
    let before = world.viewer(viewer).video().frames.len();
    let (own, victims) = (world.clients[forger].address, world.clients[publisher].address);
    let server = world.clients[forger].answer.as_ref().unwrap().ice.clone();
    for _ in 0..200 {
        world.clients[forger].address = victims;
        let now = world.now;
        world.clients[forger].check_as(now, &server);
        world.run_ms(1);
        world.clients[forger].address = own;
        world.run_ms(49);
    }
    let frames = world.viewer(viewer).video().frames.len() - before;
    assert!(frames > 290, "{frames} frames in 10 s of forged checks");
    assert_eq!(world.closed(publisher), None);
}

#[test]
fn two_streams_that_claim_one_section_do_not_take_turns() {
    let mut world = World::new(9);
    let publisher = world.publish("room", "a", Publishing::camera(1));
    let viewer = world.watch("room", (1, 0), &[]);
    world.run(2 * SECOND);
    for at in 0..200_u32 {
        let mark = Mark {
            publisher: 1,
            encoding: 0,
            key: at % 30 == 0,
            index: 0,
            count: 1,
            frame: 50_000 + at,
            captured_ms: 0,
            needs_back: 0,
        };
        let name = (5_000, VP8, 100 + u64::from(at));
        let payload = vp8(mark, at as u16, at.to_be_bytes()[3], (0, false), 200);
        let plain = packet(name, true, 3_000 * at, &[(MID, b"0")], &payload);
        world.publisher(publisher).rtp_out.push_back(plain);
        world.run_ms(10);
    }
    let during = world.viewer(viewer).video().frames.len();
    world.run(3 * SECOND);
    let after = world.viewer(viewer).video().frames.len() - during;
    assert!(after > 60, "{after} frames in the 3 s after the second stream ended");
    let switches = world.stats().slots.switches;
    assert!(switches <= 4, "{switches} switches");
}
