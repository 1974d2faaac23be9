//! What is on a viewer's screen decides what its slots show, and in which encoding.

use std::time::Duration;

use sfu_core::error::RequestError;
use sfu_core::event::Event;
use sfu_core::id::MediaKind::{Audio, Video};
use sfu_core::stats::SlotState;

use crate::marks::height_of;
use crate::publisher::Publishing;
use crate::screen::{mid, name};
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

fn three(mark: u8) -> Publishing {
    Publishing { rids: vec!["q", "h", "f"], ..Publishing::camera(mark) }
}

/// Which encodings a slot showed, one after the other.
fn encodings(world: &mut World, viewer: usize, slot: usize) -> Vec<u8> {
    let frames = &world.viewer(viewer).slot(Video, slot).frames;
    let mut encodings: Vec<u8> = frames.iter().map(|frame| frame.mark.encoding).collect();
    encodings.dedup();
    encodings
}

fn assert_seamless(world: &mut World, viewer: usize, slot: usize) {
    let video = world.viewer(viewer).slot(Video, slot);
    let freeze = video.longest_freeze();
    assert!(freeze < Duration::from_millis(100), "{freeze:?}");
    assert_eq!(video.skips(), 0, "a number is missing");
    world.assert_sound();
    world.assert_told();
}

#[test]
fn the_encoding_follows_the_height_of_the_tile_over_twenty_switches() {
    let mut world = World::new(1);
    world.unestimated = true;
    let publisher = world.publish("room", "a", three(1));
    let viewer = world.look("room", "b", (1, 0));
    world.arrange(viewer, &[(0, ("a", "0"), 180)]);
    world.run(2 * SECOND);
    assert_eq!(world.status(viewer, 0).layer.unwrap().height, Some(180));
    let before = world.publisher(publisher).plis.len();
    let heights = [720, 180, 360, 1_080, 360, 90, 700, 170, 400, 150];
    for height in heights.into_iter().chain(heights) {
        world.arrange(viewer, &[(0, ("a", "0"), height)]);
        world.run_ms(1_500);
        let told = world.status(viewer, 0);
        assert_eq!(told.state, SlotState::Live);
        let layer = told.layer.unwrap();
        let wanted = [0, 1, 2].into_iter().find(|at| height_of(*at) * 10 >= height * 9).unwrap_or(2);
        assert_eq!(layer.height, Some(height_of(wanted)), "a tile of {height}");
        let shown = world.viewer(viewer).slot(Video, 0).frames.last().unwrap().mark.encoding;
        assert_eq!(shown, wanted, "a tile of {height}");
    }
    assert_eq!(encodings(&mut world, viewer, 0).len(), 21, "twenty switches");
    let plis = world.publisher(publisher).plis.len() - before;
    assert!(plis <= 20, "{plis} requests for 20 switches");
    assert_eq!(world.viewer(viewer).plis_sent, 0);
    assert_seamless(&mut world, viewer, 0);
}

#[test]
fn who_changes_its_mind_before_the_keyframe_came_keeps_the_picture() {
    let mut world = World::new(2);
    let publisher = world.publish("room", "a", three(1));
    let viewer = world.look("room", "b", (1, 0));
    world.arrange(viewer, &[(0, ("a", "0"), 180)]);
    world.run(2 * SECOND);
    let before = world.publisher(publisher).plis.len();
    for round in 1..=5 {
        for height in [720, 180, 720, 360, 720, 180] {
            world.arrange(viewer, &[(0, ("a", "0"), height)]);
            world.run_ms(2);
        }
        world.run(2 * SECOND);
        assert_eq!(encodings(&mut world, viewer, 0), [0]);
        let plis = world.publisher(publisher).plis.len() - before;
        assert!(plis <= round, "{plis} requests for {round} changes of mind");
    }
    assert_seamless(&mut world, viewer, 0);
}

#[test]
fn an_encoding_that_stops_before_its_keyframe_came_is_given_up() {
    let mut world = World::new(3);
    let publisher = world.publish("room", "a", three(1));
    let viewer = world.look("room", "b", (1, 0));
    world.arrange(viewer, &[(0, ("a", "0"), 180)]);
    world.run(2 * SECOND);
    world.publisher(publisher).stopped = Some(2);
    world.arrange(viewer, &[(0, ("a", "0"), 720)]);
    world.run(3 * SECOND);
    assert_eq!(encodings(&mut world, viewer, 0), [0, 1], "the highest that sends");
    assert_seamless(&mut world, viewer, 0);
    world.publisher(publisher).stopped = None;
    world.run(2 * SECOND);
    assert_eq!(encodings(&mut world, viewer, 0), [0, 1, 2], "nobody had to ask");
    assert_seamless(&mut world, viewer, 0);
}

#[test]
fn an_encoding_that_is_switched_off_and_on_again_is_left_and_found_again() {
    let mut world = World::new(4);
    let publisher = world.publish("room", "a", three(1));
    let viewer = world.look("room", "b", (1, 0));
    let other = world.watch("room", (1, 0), &[]);
    world.arrange(viewer, &[(0, ("a", "0"), 720)]);
    world.run(2 * SECOND);
    for _ in 0..3 {
        world.publisher(publisher).stopped = Some(2);
        world.run(3 * SECOND);
        assert_eq!(world.status(viewer, 0).layer.unwrap().height, Some(360));
        world.publisher(publisher).stopped = None;
        world.run(3 * SECOND);
        assert_eq!(world.status(viewer, 0).layer.unwrap().height, Some(720));
    }
    for viewer in [viewer, other] {
        assert!(encodings(&mut world, viewer, 0).ends_with(&[2, 1, 2, 1, 2, 1, 2]));
        let video = world.viewer(viewer).slot(Video, 0);
        assert!(video.longest_freeze() < Duration::from_millis(1_000), "{:?}", video.longest_freeze());
        assert_eq!(video.skips(), 0);
    }
    world.assert_sound();
    world.assert_told();
}

#[test]
fn a_wrong_layout_names_what_is_wrong_and_changes_nothing() {
    let mut world = World::new(5);
    world.publish("room", "a", Publishing::camera(1));
    let viewer = world.look("room", "b", (2, 1));
    world.arrange(viewer, &[(0, ("a", "0"), 180)]);
    world.run(SECOND);
    let cases = [
        (vec![(1, ("a", "0"), 180), (7, ("a", "0"), 180)], RequestError::NoSuchSlot { index: 1, mid: mid(7) }),
        (vec![(2, ("a", "0"), 180)], RequestError::NoSuchSlot { index: 0, mid: mid(2) }),
        (vec![(1, ("a", "0"), 9), (1, ("a", "0"), 9)], RequestError::SlotNamedTwice { index: 1, mid: mid(1) }),
    ];
    for (layout, wrong) in cases {
        let answer = world.arrange(viewer, &layout);
        assert!(matches!(answer, Event::Rejected { error, .. } if *error == wrong), "{answer:?}");
    }
    world.run(SECOND);
    assert_eq!((world.state(viewer, 0), world.state(viewer, 1)), (SlotState::Live, SlotState::Empty));
    assert_seamless(&mut world, viewer, 0);
}

#[test]
fn the_same_layout_again_changes_nothing() {
    let mut world = World::new(6);
    let publisher = world.publish("room", "a", three(1));
    let viewer = world.look("room", "b", (2, 0));
    let layout = [(0, ("a", "0"), 720), (1, ("nobody", "0"), 90)];
    world.arrange(viewer, &layout);
    world.run(2 * SECOND);
    let before = (world.told(viewer, 0).len(), world.told(viewer, 1).len(), world.publisher(publisher).plis.len());
    for _ in 0..20 {
        assert!(matches!(world.arrange(viewer, &layout), Event::Done { .. }));
        world.run_ms(77);
    }
    let after = (world.told(viewer, 0).len(), world.told(viewer, 1).len(), world.publisher(publisher).plis.len());
    assert_eq!(before, after);
    assert_seamless(&mut world, viewer, 0);
}

#[test]
fn two_tiles_change_places_without_a_seam() {
    let mut world = World::new(7);
    for (identity, mark) in [("a", 1), ("b", 2)] {
        world.publish("room", identity, Publishing::camera(mark));
    }
    let viewer = world.look("room", "c", (3, 0));
    let (a, b) = (("a", "0"), ("b", "0"));
    world.arrange(viewer, &[(0, a, 180), (1, b, 180)]);
    world.run(2 * SECOND);
    world.arrange(viewer, &[(0, b, 180), (1, a, 180)]);
    world.run(2 * SECOND);
    for (slot, order) in [(0, [1, 2]), (1, [2, 1])] {
        assert_eq!(world.viewer(viewer).slot(Video, slot).publishers(), order);
        assert_seamless(&mut world, viewer, slot);
    }
    world.arrange(viewer, &[(2, a, 180), (0, b, 180)]);
    world.run(2 * SECOND);
    assert_eq!(world.viewer(viewer).slot(Video, 2).publishers(), [1]);
    assert_seamless(&mut world, viewer, 2);
    assert_seamless(&mut world, viewer, 0);
    let packets = world.viewer(viewer).slot(Video, 1).packets;
    world.run(SECOND);
    assert_eq!(world.viewer(viewer).slot(Video, 1).packets, packets, "a slot that is not named");
    assert_eq!(world.state(viewer, 1), SlotState::Empty);
}

#[test]
fn a_hidden_tile_costs_nothing_and_comes_back() {
    let mut world = World::new(8);
    let publisher = world.publish("room", "a", Publishing::with_sound(1));
    let viewer = world.look("room", "b", (1, 1));
    let camera = ("a", "1");
    world.arrange(viewer, &[(0, camera, 180)]);
    world.run(2 * SECOND);
    world.arrange(viewer, &[(0, camera, 0)]);
    world.run_ms(100);
    let packets = world.viewer(viewer).video().packets;
    let heard = world.viewer(viewer).audio().packets;
    world.run(3 * SECOND);
    assert_eq!(world.viewer(viewer).video().packets, packets);
    assert!(world.viewer(viewer).audio().packets > heard + 100, "its sound goes on");
    assert_eq!(world.state(viewer, 0), SlotState::Hidden);
    let before = world.publisher(publisher).plis.len();
    world.arrange(viewer, &[(0, camera, 180)]);
    let shown = world.now;
    world.run(SECOND);
    let first = world.viewer(viewer).video().frames.iter().find(|frame| frame.at > shown).unwrap().at;
    assert!(first - shown < Duration::from_millis(200), "{:?}", first - shown);
    assert_eq!(world.publisher(publisher).plis.len(), before + 1);
    assert_eq!(world.viewer(viewer).video().skips(), 0);
    world.assert_sound();
    world.assert_told();
}

#[test]
fn a_track_may_be_named_before_it_exists_and_outlives_its_publishers_connection() {
    let mut world = World::new(9);
    let viewer = world.look("room", "b", (1, 0));
    world.run(SECOND);
    assert_eq!(world.state(viewer, 0), SlotState::Empty);
    world.arrange(viewer, &[(0, ("a", "0"), 180)]);
    assert_eq!(world.status(viewer, 0).state, SlotState::NoSuchTrack);
    assert_eq!(world.status(viewer, 0).track, Some(name("a", "0")));
    let first = world.publish("room", "a", Publishing::camera(1));
    world.run(SECOND);
    assert_eq!(world.state(viewer, 0), SlotState::Live);
    world.close(first);
    world.run(SECOND);
    assert_eq!(world.state(viewer, 0), SlotState::NoSuchTrack);
    world.publish("room", "a", Publishing::camera(2));
    world.run(SECOND);
    world.publish("room", "a", Publishing::camera(3));
    world.run(SECOND);
    assert_eq!(world.state(viewer, 0), SlotState::Live);
    assert_eq!(world.viewer(viewer).video().publishers(), [1, 2, 3]);
    assert_eq!(world.viewer(viewer).plis_sent, 0);
    world.assert_sound();
    world.assert_told();
}

#[test]
fn people_see_and_hear_each_other_over_one_transport_each() {
    let mut world = World::new(11);
    let people = [1, 2, 3].map(|mark| {
        let what = Publishing { rids: vec!["q", "h", "f"], ..Publishing::with_sound(mark) };
        world.meet("room", &format!("p{mark}"), what, 2)
    });
    let others = [["p2", "p3"], ["p1", "p3"], ["p1", "p2"]];
    for (person, shown) in people.into_iter().zip(others) {
        world.lay_out(person, &shown.map(|identity| Some((identity, "1"))));
    }
    world.run(3 * SECOND);
    for (person, shown) in people.into_iter().zip([[2, 3], [1, 3], [1, 2]]) {
        for (slot, mark) in shown.into_iter().enumerate() {
            assert_eq!(world.viewer(person).slot(Video, slot).publishers(), [mark]);
            assert_eq!(world.viewer(person).slot(Audio, slot).publishers(), [mark], "beside the picture");
            assert_eq!(encodings(&mut world, person, slot).last(), Some(&2));
            assert_seamless(&mut world, person, slot);
        }
        let plis = world.publisher(person).plis.len();
        assert!(plis <= 2, "{plis} requests for two viewers that came at once");
    }
}

#[test]
fn a_room_that_rearranges_itself_asks_each_publisher_once() {
    let mut world = World::new(12);
    let publisher = world.publish("room", "a", three(1));
    let viewers: Vec<usize> = (0..8).map(|n| world.look("room", &format!("v{n}"), (1, 0))).collect();
    let arrange = |world: &mut World, height| {
        for viewer in &viewers {
            world.arrange(*viewer, &[(0, ("a", "0"), height)]);
            world.run_ms(7);
        }
        world.run(3 * SECOND);
    };
    arrange(&mut world, 180);
    let before = world.publisher(publisher).plis.len();
    for height in [720, 180, 360, 720] {
        arrange(&mut world, height);
    }
    let plis = world.publisher(publisher).plis.len() - before;
    assert!(plis <= 4, "{plis} requests for 4 changes of 8 viewers each");
    for viewer in viewers {
        assert_eq!(encodings(&mut world, viewer, 0), [0, 2, 0, 1, 2]);
        assert_seamless(&mut world, viewer, 0);
    }
}

#[test]
fn nobody_is_shown_itself_or_a_sound_as_a_picture() {
    let mut world = World::new(10);
    world.publish("room", "a", Publishing::with_sound(1));
    let viewer = world.look("room", "b", (2, 0));
    world.arrange(viewer, &[(0, ("b", "0"), 180), (1, ("a", "0"), 180)]);
    world.run(SECOND);
    for slot in [0, 1] {
        assert_eq!(world.state(viewer, slot), SlotState::NoSuchTrack);
        assert_eq!(world.viewer(viewer).slot(Video, slot).packets, 0);
    }
    world.assert_told();
}
