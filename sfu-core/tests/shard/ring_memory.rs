//! All rings together have a limit: above it each keeps less time, and nobody who watches sees it.

use std::time::Duration;

use crate::publisher::Publishing;
use crate::world::{Link, World};

const SECOND: Duration = Duration::from_secs(1);
const CAMERAS: u8 = 12;
/// Of each camera's ring, where nothing limits it: a second of 2.5 Mbit/s, in a store that doubles.
const RING_BYTES: usize = 512 * 1024;
const RINGS_BYTES_MAX: usize = 2 * 1024 * 1024;

fn camera(mark: u8) -> Publishing {
    Publishing { packets: (9, 9), packet_bytes: 1_100, steps: 0, ..Publishing::camera(mark) }
}

fn ring_bytes(world: &mut World) -> Vec<usize> {
    world.stats().inbound.iter().map(|inbound| inbound.ring_bytes).collect()
}

#[test]
fn rings_share_what_they_may_take_and_grow_again_when_others_are_gone() {
    let mut world = World::with_rings(1, 1, RINGS_BYTES_MAX);
    let viewer = world.watch("room", (usize::from(CAMERAS), 0), &[]);
    world.links[viewer] = Link { loss_down: 2.0, ..Link::default() };
    let first = world.publish("room", "p1", camera(1));
    world.run(2 * SECOND);
    assert_eq!(ring_bytes(&mut world), [RING_BYTES]);
    assert_eq!(world.stats().counters.rings_shrunk, 0);

    let others: Vec<usize> =
        (2..=CAMERAS).map(|mark| world.publish("room", &format!("p{mark}"), camera(mark))).collect();
    for _ in 0..30 {
        world.run(SECOND / 10);
        let total: usize = ring_bytes(&mut world).iter().sum();
        assert!(total <= RINGS_BYTES_MAX, "{total} bytes");
    }
    let rings = ring_bytes(&mut world);
    assert!(rings.iter().all(|bytes| *bytes == rings[0]), "{rings:?}");
    assert!(world.stats().counters.rings_shrunk > 0);
    for place in 0..usize::from(CAMERAS) {
        let slot = world.viewer(viewer).slot(sfu_core::id::MediaKind::Video, place);
        assert!(slot.frames.len() > 75, "{} frames in slot {place}", slot.frames.len());
    }

    others.into_iter().for_each(|other| world.close(other));
    world.run(2 * SECOND);
    assert_eq!(ring_bytes(&mut world), [RING_BYTES]);
    assert!(world.clients[first].closed.is_none());
    world.assert_sound();
}
