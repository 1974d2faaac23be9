//! The first frame comes soon, whoever comes first, and it can be decoded.

use std::time::Duration;

use crate::publisher::Publishing;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_joiners_first_packet_begins_a_keyframe_sent_after_its_dtls_is_up() {
    let mut world = World::new(1);
    let publisher = world.publish("room", "a", Publishing::with_sound(1));
    world.run(3 * SECOND);
    assert_eq!(world.publisher(publisher).plis.len(), 0, "nobody watches");
    let viewer = world.watch("room", (1, 1), &[]);
    world.run(SECOND);
    let connected = world.clients[viewer].connected_at.unwrap();
    let video = world.viewer(viewer).video();
    let (at, mark) = video.first.unwrap();
    assert!(mark.key && mark.index == 0, "{mark:?}");
    assert!(at >= connected);
    let waited = video.frames[0].at - connected;
    assert!(waited < Duration::from_millis(120), "{waited:?}");
    assert!(video.frames.len() > 20);
    assert!(world.viewer(viewer).audio().frames.len() > 40);
    assert_eq!(world.publisher(publisher).plis.len(), 1);
    world.assert_sound();
}

#[test]
fn a_viewer_that_came_first_starts_with_the_publisher() {
    let mut world = World::new(2);
    let viewer = world.watch("room", (1, 1), &[]);
    world.run(2 * SECOND);
    assert_eq!(world.viewer(viewer).video().packets, 0);
    let publisher = world.publish("room", "a", Publishing::with_sound(1));
    world.run(SECOND);
    let began = world.clients[publisher].connected_at.unwrap();
    let video = world.viewer(viewer).video();
    assert_eq!(video.frames[0].mark.frame, 1, "not even the first frame is missed");
    assert!(video.frames[0].at - began < Duration::from_millis(50));
    world.assert_sound();
}

#[test]
fn a_late_joiner_of_an_encoder_without_pli_starts_from_the_ring_and_catches_up_paced() {
    let mut world = World::new(3);
    let what = Publishing { packets: (40, 4), packet_bytes: 1_000, ..Publishing::encoder(1, 240) };
    let publisher = world.publish("room", "a", what);
    world.run(7 * SECOND);
    let viewer = world.watch("room", (1, 1), &[]);
    world.run(2 * SECOND);
    let connected = world.clients[viewer].connected_at.unwrap();
    let video = world.viewer(viewer).video();
    let waited = video.frames[0].at - connected;
    assert!(waited < Duration::from_millis(100), "{waited:?}");
    assert!(video.frames[0].mark.key && video.frames[0].mark.frame == 1, "{:?}", video.frames[0]);
    assert_eq!(video.skips(), 0);
    let last = video.frames.last().unwrap();
    assert_eq!(last.mark.frame as usize, video.frames.len(), "all of the group, in order");
    // 20 Mbit/s of UDP payload, with a burst of 5 ms, plus what is live.
    let window = Duration::from_millis(50);
    let most = (0..video.arrivals.len()).map(|first| {
        let begins = video.arrivals[first].0;
        video.arrivals[first..]
            .iter()
            .take_while(|(at, _)| *at < begins + window)
            .map(|(_, bytes)| bytes)
            .sum::<usize>()
    });
    let most = most.max().unwrap();
    assert!(most > 80_000, "no catching up was seen: {most}");
    assert!(most < 150_000, "{most} bytes in {window:?}");
    let end = world.elapsed();
    let behind =
        end - Duration::from_millis(u64::from(world.viewer(viewer).video().frames.last().unwrap().mark.captured_ms));
    assert!(behind < Duration::from_millis(70), "{behind:?} behind at the end");
    assert!(world.publisher(publisher).plis.is_empty());
    world.assert_sound();
}

#[test]
fn a_slot_begins_although_the_publishers_only_keyframe_was_long_ago() {
    let mut world = World::new(4);
    let publisher = world.publish("room", "a", Publishing::camera(1));
    world.run(8 * SECOND);
    for _ in 0..3 {
        let viewer = world.watch("room", (1, 0), &[]);
        world.run(3 * SECOND);
        assert!(world.viewer(viewer).video().frames.len() > 80);
    }
    assert_eq!(world.publisher(publisher).plis.len(), 3);
    let counted = world.stats().inbound[0].stats.key_frames_received;
    assert_eq!(counted, 4, "the first, and one for each; what leaves the ring does not count as another");
    world.assert_sound();
}
