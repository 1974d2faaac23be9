//! A viewer is told what each slot waits for, until it shows something; why nothing will ever come is told too.

use std::time::Duration;

use sfu_core::id::MediaKind::Video;
use sfu_core::stats::SlotState;

use crate::publisher::Publishing;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);
const CAMERA: (&str, &str) = ("a", "0");

/// Somebody whose handshake takes longer than slots are told apart, and who wants the camera; one slot, in one codec.
fn far_away(world: &mut World, identity: &str, codec: &'static str) -> usize {
    let viewer = world.look_in("room", identity, codec);
    world.links[viewer].delay = Duration::from_millis(80);
    world.arrange(viewer, &[(0, CAMERA, 180)]);
    viewer
}

/// The states that a slot was told to be in, one after the other.
fn states(world: &World, viewer: usize) -> Vec<SlotState> {
    let mut states: Vec<SlotState> = world.told(viewer, 0).into_iter().map(|status| status.state).collect();
    states.dedup();
    states
}

#[test]
fn a_slot_waits_for_its_transport_then_for_a_keyframe_then_shows() {
    let mut world = World::new(1);
    let publisher = world.publish("room", "a", Publishing::camera(1));
    world.run(SECOND);
    world.publisher(publisher).no_keyframes = true;
    let viewer = far_away(&mut world, "b", "VP8");
    world.run(2 * SECOND);
    assert_eq!(states(&world, viewer), [SlotState::Empty, SlotState::Connecting, SlotState::AwaitingKeyframe]);
    let video = world.viewer(viewer).slot(Video, 0);
    assert_eq!(video.frames.len(), 0, "nothing that could be decoded has come");
    world.publisher(publisher).no_keyframes = false;
    world.run(2 * SECOND);
    let order = [SlotState::Empty, SlotState::Connecting, SlotState::AwaitingKeyframe, SlotState::Live];
    assert_eq!(states(&world, viewer), order);
    assert!(world.viewer(viewer).slot(Video, 0).frames.len() > 20);
    world.assert_sound();
    world.assert_told();
}

#[test]
fn a_slot_waits_for_media_while_its_track_sends_nothing() {
    let mut world = World::new(2);
    let publisher = world.publish("room", "a", Publishing::camera(1));
    world.publisher(publisher).muted = true;
    let viewer = far_away(&mut world, "b", "VP8");
    world.run(2 * SECOND);
    assert_eq!(states(&world, viewer), [SlotState::Empty, SlotState::Connecting, SlotState::AwaitingMedia]);
    world.publisher(publisher).muted = false;
    world.run(SECOND);
    assert_eq!(world.state(viewer, 0), SlotState::Live);
    world.assert_sound();
    world.assert_told();
}

#[test]
fn a_slot_that_took_another_codec_says_so_and_carries_nothing() {
    let mut world = World::new(3);
    world.publish("room", "a", Publishing::camera(1));
    let viewer = far_away(&mut world, "b", "VP9");
    let other = far_away(&mut world, "c", "VP8");
    world.run(2 * SECOND);
    assert_eq!(states(&world, viewer), [SlotState::Empty, SlotState::Connecting, SlotState::NoMutualCodec]);
    assert_eq!(world.viewer(viewer).slot(Video, 0).packets, 0);
    assert_eq!(world.state(other, 0), SlotState::Live);
    world.assert_sound();
    world.assert_told();
}
