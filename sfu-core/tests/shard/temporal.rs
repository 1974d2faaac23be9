//! Where bits are scarce, frames are left out before a picture pauses, at once and without a key frame; nobody misses them.

use std::time::{Duration, Instant};

use rand::Rng;
use sfu_core::bitrate::Caps;
use sfu_core::command::Command;
use sfu_core::event::LimitedBy;
use sfu_core::id::MediaKind::Video;
use sfu_core::id::{Identity, RoomName};
use sfu_core::stats::SlotState;

use crate::publisher::{L1T3, Publishing};
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

/// Three encodings of about 120, 220 and 310 kbit/s on the wire, of which the lowest layer is a quarter and the two lowest half.
fn camera(mark: u8) -> Publishing {
    Publishing { rids: vec!["q", "h", "f"], temporal: L1T3, ..Publishing::with_sound(mark) }
}

fn cap(world: &mut World, bps: Option<u64>) {
    let (room, identity) = (RoomName::new("room").unwrap(), Identity::new("b").unwrap());
    let caps = Caps { subscribe_max_bps: bps, ..Caps::default() };
    let request = world.request();
    world.command(Command::CapParticipant { request, room, identity, caps });
}

/// A viewer of one picture and one sound.
fn scene(mut world: World, height: u16) -> (World, usize) {
    world.meet_sending("room", "a", camera(1));
    world.place = world.place.map(|_| 1);
    let viewer = world.look("room", "b", (1, 1));
    world.arrange(viewer, &[(0, ("a", "1"), height)]);
    world.run(6 * SECOND);
    (world, viewer)
}

fn layer(world: &World, viewer: usize) -> Option<(Option<u16>, Option<u8>)> {
    world.status(viewer, 0).layer.map(|layer| (layer.height, layer.temporal))
}

/// Frames in a second, and the longest time between two, since then.
fn pace(world: &mut World, viewer: usize, since: Instant) -> (f64, Duration) {
    let now = world.now;
    let frames = &world.viewer(viewer).slot(Video, 0).frames;
    let shown: Vec<Instant> = frames.iter().map(|frame| frame.at).filter(|at| *at >= since).collect();
    let longest = shown.windows(2).map(|two| two[1] - two[0]).max().unwrap_or(now - since);
    (shown.len() as f64 / (now - since).as_secs_f64(), longest)
}

fn assert_pace(world: &mut World, viewer: usize, fps: f64) {
    let since = world.now;
    world.run(3 * SECOND);
    let (found, longest) = pace(world, viewer, since);
    assert!((found - fps).abs() < 1.0, "{found} frames a second for {fps}");
    assert!(longest.as_secs_f64() < 1.5 / fps, "{longest:?} without a frame at {fps}");
}

#[test]
fn below_the_lowest_encoding_half_of_the_frames_are_shown_then_a_quarter_and_all_come_back() {
    let (mut world, viewer) = scene(World::new(110), 180);
    assert_eq!(layer(&world, viewer), Some((Some(180), None)));
    let requests = world.publisher(0).plis.len();
    for (bps, temporal, fps) in [(130_000, Some(1), 15.0), (95_000, Some(0), 7.5)] {
        cap(&mut world, Some(bps));
        world.run(SECOND);
        assert_eq!((layer(&world, viewer), world.state(viewer, 0)), (Some((Some(180), temporal)), SlotState::Live));
        assert_eq!(world.status(viewer, 0).limited_by, Some(LimitedBy::Cap));
        assert_pace(&mut world, viewer, fps);
    }
    cap(&mut world, Some(70_000));
    world.run(SECOND);
    assert_eq!(world.state(viewer, 0), SlotState::Paused);
    cap(&mut world, Some(95_000));
    world.run(SECOND);
    assert_eq!(layer(&world, viewer), Some((Some(180), Some(0))));
    let since_pause = world.publisher(0).plis.len();
    cap(&mut world, None);
    world.run(SECOND);
    assert_eq!(layer(&world, viewer), Some((Some(180), None)));
    assert_pace(&mut world, viewer, 30.0);
    assert_eq!(world.publisher(0).plis.len(), since_pause, "frames come and go without a key frame");
    assert_eq!(since_pause - requests, 1, "and a pause ends with one");
    assert_eq!(world.viewer(viewer).slot(Video, 0).packets_nacked, 0, "nobody misses what was left out");
    world.assert_sound();
    world.assert_told();
}

#[test]
fn while_the_key_frame_of_a_smaller_picture_does_not_come_the_larger_goes_on_with_fewer_frames() {
    let (mut world, viewer) = scene(World::new(111), 720);
    assert_eq!(layer(&world, viewer), Some((Some(720), None)));
    world.publisher(0).no_keyframes = true;
    // All of the smallest, or half of the frames of the largest.
    cap(&mut world, Some(220_000));
    world.run_ms(100);
    let since = world.now;
    world.run(2 * SECOND);
    let (fps, longest) = pace(&mut world, viewer, since);
    assert!((7.0..9.0).contains(&fps) && longest < Duration::from_millis(200), "{fps} {longest:?}");
    assert_eq!(layer(&world, viewer), Some((Some(720), Some(0))));
    world.publisher(0).no_keyframes = false;
    world.run(31 * SECOND);
    assert_eq!(layer(&world, viewer), Some((Some(180), None)));
    world.assert_sound();
    world.assert_told();
}

#[test]
fn on_another_shard_frames_are_left_out_as_well() {
    let mut world = World::with_shards(112, 2);
    world.place = Some(0);
    let (mut world, viewer) = scene(world, 180);
    cap(&mut world, Some(130_000));
    world.run(SECOND);
    assert_eq!(layer(&world, viewer), Some((Some(180), Some(1))));
    assert_pace(&mut world, viewer, 15.0);
    world.assert_sound();
    world.assert_told();
}

#[test]
fn through_loss_on_both_sides_what_is_shown_never_needs_what_was_left_out() {
    let (mut world, viewer) = scene(World::new(113), 720);
    world.links[0].loss_up = 3.0;
    world.links[viewer].loss_down = 3.0;
    for _ in 0..40 {
        let bps = world.rng.random_range(80_000..500_000);
        cap(&mut world, Some(bps));
        let ms = world.rng.random_range(100..1_500);
        world.run_ms(ms);
    }
    cap(&mut world, None);
    world.links[0].loss_up = 0.0;
    world.links[viewer].loss_down = 0.0;
    world.run(3 * SECOND);
    let left_out = world.stats().slots.packets_left_out;
    assert!(left_out > 100, "{left_out}");
    assert_eq!(layer(&world, viewer), Some((Some(720), None)));
    assert_pace(&mut world, viewer, 30.0);
    world.assert_sound();
    world.assert_told();
}
