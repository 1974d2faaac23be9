//! Who sees whom: nobody's packets end up in anybody else's picture, whatever numbers they share.

use std::time::Duration;

use sfu_core::event::CloseReason;
use sfu_core::id::MediaKind::{Audio, Video};
use sfu_core::stats::SlotState;

use crate::publisher::Publishing;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn two_publishers_on_the_same_ssrcs_and_mids_are_never_crossed() {
    let mut world = World::new(1);
    world.publish("room", "a", Publishing::with_sound(1));
    world.publish("room", "b", Publishing::with_sound(2));
    world.publish("elsewhere", "a", Publishing::with_sound(3));
    let both = world.watch("room", (2, 2), &[]);
    let other = world.watch("elsewhere", (2, 2), &[]);
    world.run(5 * SECOND);
    for kind in [Video, Audio] {
        assert_eq!(world.viewer(both).slot(kind, 0).publishers(), [1]);
        assert_eq!(world.viewer(both).slot(kind, 1).publishers(), [2]);
        assert_eq!(world.viewer(other).slot(kind, 0).publishers(), [3]);
        assert_eq!(world.viewer(other).slot(kind, 1).packets, 0);
    }
    let stats = world.stats();
    assert_eq!(stats.rooms, 2);
    assert_eq!(stats.counters.rtp_unroutable, 0);
    world.assert_sound();
}

#[test]
fn a_watch_list_pins_slots_and_an_absent_source_starts_later() {
    let mut world = World::new(2);
    world.publish("room", "a", Publishing::with_sound(1));
    world.publish("room", "b", Publishing::with_sound(2));
    let viewer = world.watch("room", (2, 2), &["late", "b"]);
    world.run(2 * SECOND);
    assert_eq!(world.viewer(viewer).slot(Video, 0).packets, 0);
    assert_eq!(world.viewer(viewer).slot(Video, 1).publishers(), [2]);
    let states: Vec<SlotState> = world.stats().outbound.iter().map(|slot| slot.state).collect();
    // Audio comes first in the offer.
    assert_eq!(states, [SlotState::NoSuchTrack, SlotState::Live, SlotState::NoSuchTrack, SlotState::Live]);
    world.publish("room", "late", Publishing::with_sound(3));
    world.run(2 * SECOND);
    for kind in [Video, Audio] {
        assert_eq!(world.viewer(viewer).slot(kind, 0).publishers(), [3]);
        assert_eq!(world.viewer(viewer).slot(kind, 1).publishers(), [2]);
    }
    assert_eq!(world.viewer(viewer).slot(Video, 1).longest_freeze().as_millis() / 60, 0);
    world.assert_sound();
}

#[test]
fn a_single_slot_follows_the_speaker_without_a_seam() {
    let mut world = World::new(3);
    let [a, b] = [1, 2].map(|mark| world.publish("room", &format!("p{mark}"), Publishing::with_sound(mark)));
    let viewer = world.watch("room", (1, 1), &[]);
    world.publisher(b).level = 127;
    world.run(2 * SECOND);
    assert_eq!(world.viewer(viewer).video().publishers(), [1]);
    for round in 0..4 {
        let (loud, quiet) = if round % 2 == 0 { (b, a) } else { (a, b) };
        world.publisher(loud).level = 20;
        world.publisher(quiet).level = 127;
        world.run(3 * SECOND);
    }
    assert_eq!(world.viewer(viewer).video().publishers(), [1, 2, 1, 2, 1]);
    assert_eq!(world.viewer(viewer).audio().publishers(), [1, 2, 1, 2, 1]);
    let video = world.viewer(viewer).video();
    assert_eq!((video.skips(), world.viewer(viewer).audio().skips()), (0, 0), "every number, in order");
    let freeze = world.viewer(viewer).video().longest_freeze();
    assert!(freeze < Duration::from_millis(80), "the old picture goes on until the new one begins: {freeze:?}");
    assert_eq!(world.viewer(viewer).plis_sent, 0);
    world.assert_sound();
}

#[test]
fn a_replaced_publisher_ends_and_its_viewers_go_on_with_the_new_one() {
    let mut world = World::new(4);
    let old = world.publish("room", "a", Publishing::with_sound(1));
    let viewer = world.watch("room", (1, 1), &[]);
    world.run(2 * SECOND);
    let new = world.publish("room", "a", Publishing::with_sound(2));
    world.run(2 * SECOND);
    assert_eq!((world.closed(old), world.closed(new)), (Some(CloseReason::Replaced), None));
    assert!(world.clients[old].said_goodbye);
    assert_eq!(world.viewer(viewer).video().publishers(), [1, 2]);
    assert_eq!(world.viewer(viewer).audio().publishers(), [1, 2]);
    let viewer = world.viewer(viewer);
    assert_eq!((viewer.video().skips(), viewer.audio().skips(), viewer.plis_sent), (0, 0, 0));
    assert!(viewer.video().longest_freeze() < Duration::from_millis(300), "{:?}", viewer.video().longest_freeze());
    world.assert_sound();
}

#[test]
fn a_viewer_does_not_take_a_publishers_name() {
    let mut world = World::new(5);
    let publisher = world.publish("room", "viewer", Publishing::camera(1));
    let viewer = world.watch("room", (1, 0), &[]);
    world.run(SECOND);
    assert_eq!(world.closed(publisher), None);
    assert!(!world.viewer(viewer).video().frames.is_empty());
    world.assert_sound();
}

#[test]
fn publishers_come_and_go_and_the_gallery_does_not_flicker() {
    let mut world = World::new(6);
    let a = world.publish("room", "a", Publishing::camera(1));
    world.publish("room", "b", Publishing::camera(2));
    let viewer = world.watch("room", (2, 0), &[]);
    world.run(SECOND);
    world.publish("room", "c", Publishing::camera(3));
    world.run(SECOND);
    world.close(a);
    world.run(SECOND);
    assert_eq!(world.viewer(viewer).slot(Video, 0).publishers(), [1, 3]);
    assert_eq!(world.viewer(viewer).slot(Video, 1).publishers(), [2]);
    assert!(world.viewer(viewer).slot(Video, 1).longest_freeze() < Duration::from_millis(60));
    assert_eq!(world.viewer(viewer).slot(Video, 0).skips(), 0);
    world.assert_sound();
}
