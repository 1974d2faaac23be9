//! Publishers that pause, begin anew, or answer late.

use std::time::Duration;

use sfu_core::limits::SSRCS_PER_TRANSPORT_MAX;

use crate::publisher::Publishing;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_publisher_that_begins_a_new_stream_is_followed_without_a_seam() {
    for what in [Publishing::camera(1), Publishing { audio: false, ..Publishing::encoder(1, 60) }] {
        let mut world = World::new(1);
        let publisher = world.publish("room", "a", what);
        let viewer = world.watch("room", (1, 0), &[]);
        world.run(2 * SECOND);
        for _ in 0..3 {
            world.publisher(publisher).begin_anew();
            world.run(2 * SECOND);
        }
        let sent = world.publisher(publisher).frames_sent as usize;
        let video = world.viewer(viewer).video();
        assert!(video.frames.len() + 10 > sent, "{} frames of {sent}", video.frames.len());
        assert_eq!(video.skips(), 0);
        assert_eq!(world.stats().inbound.len(), 1, "the old stream is gone");
        world.assert_sound();
    }
}

#[test]
fn a_publisher_may_begin_anew_more_often_than_it_may_send_streams_at_a_time() {
    let mut world = World::new(9);
    let publisher = world.publish("room", "a", Publishing::with_sound(1));
    let viewer = world.watch("room", (1, 1), &[]);
    world.run(2 * SECOND);
    for _ in 0..2 * SSRCS_PER_TRANSPORT_MAX {
        world.publisher(publisher).begin_anew();
        world.run_ms(100);
    }
    let before = world.viewer(viewer).video().frames.len();
    let heard = world.viewer(viewer).audio().frames.len();
    world.run(2 * SECOND);
    assert!(world.viewer(viewer).video().frames.len() >= before + 58);
    assert!(world.viewer(viewer).audio().frames.len() >= heard + 98);
    assert_eq!(world.stats().inbound.len(), 2, "the old streams are gone");
    world.assert_sound();
}

#[test]
fn a_pause_ends_as_if_it_had_not_been() {
    let mut world = World::new(2);
    let publisher = world.publish("room", "a", Publishing::with_sound(1));
    let viewer = world.watch("room", (1, 1), &[]);
    world.run(2 * SECOND);
    world.publisher(publisher).muted = true;
    world.run(20 * SECOND);
    let before = world.viewer(viewer).video().frames.len();
    world.publisher(publisher).muted = false;
    world.run(SECOND);
    let video = world.viewer(viewer).video();
    assert!(video.frames.len() > before + 25 && video.skips() == 0);
    world.assert_sound();
}

#[test]
fn who_joins_during_a_long_pause_gets_a_picture_when_it_is_over() {
    let mut world = World::new(3);
    let publisher = world.publish("room", "a", Publishing::with_sound(1));
    let first = world.watch("room", (1, 1), &[]);
    world.run(2 * SECOND);
    world.publisher(publisher).muted = true;
    world.publisher(publisher).no_keyframes = true;
    let joiner = world.watch("room", (1, 1), &[]);
    world.run(60 * SECOND);
    world.publisher(publisher).no_keyframes = false;
    world.publisher(publisher).muted = false;
    world.run(6 * SECOND);
    assert!(world.viewer(first).video().frames.len() > 180);
    assert!(world.viewer(joiner).video().frames.len() > 20, "black forever");
    let asked = world.publisher(publisher).plis.len();
    assert!(asked < 30, "{asked} requests in a minute of silence");
    world.assert_sound();
}

#[test]
fn a_publisher_that_takes_long_to_answer_is_asked_with_patience() {
    let mut world = World::new(4);
    let publisher = world.publish("room", "a", Publishing::camera(1));
    world.run(SECOND);
    world.publisher(publisher).no_keyframes = true;
    let viewer = world.watch("room", (1, 0), &[]);
    world.run(60 * SECOND);
    let asked = world.publisher(publisher).plis.len();
    assert!((8..=30).contains(&asked), "{asked} requests in a minute without an answer");
    world.publisher(publisher).no_keyframes = false;
    world.run(6 * SECOND);
    assert!(world.viewer(viewer).video().frames.len() > 20, "black forever");
    world.assert_sound();
}
