//! Who sends more than it may, though it was asked not to, is taken no more of than that: its upper encodings go first, its sound last.

use std::time::{Duration, Instant};

use sfu_core::bitrate::Caps;
use sfu_core::command::{Command, Muting};
use sfu_core::event::Event;
use sfu_core::id::MediaKind::{Audio, Video};
use sfu_core::id::{Identity, RoomName};

use crate::publisher::Publishing;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);
/// For which nothing is refused after a cap was set.
const GRACE: Duration = Duration::from_secs(3);

fn cap(world: &mut World, publish_max_bps: Option<u64>) {
    let (request, caps) = (world.request(), Caps { publish_max_bps, ..Caps::default() });
    let (room, identity) = (RoomName::new("room").unwrap(), Identity::new("a").unwrap());
    world.command(Command::CapParticipant { request, room, identity, caps });
}

/// A publisher and who looks at it at this height.
fn scene(seed: u8, what: Publishing) -> (World, usize, usize) {
    let mut world = World::new(seed);
    let publisher = world.meet_sending("room", "a", what);
    let viewer = world.look("room", "b", (1, 1));
    world.arrange(viewer, &[(0, ("a", "1"), 720)]);
    world.run(4 * SECOND);
    (world, publisher, viewer)
}

/// Three encodings of about 120, 220 and 310 kbit/s, and a microphone.
fn three() -> Publishing {
    Publishing { rids: vec!["q", "h", "f"], ..Publishing::with_sound(1) }
}

/// Bytes that were taken of a publisher so far, and refused.
fn counted(world: &mut World) -> (u64, u64) {
    let stats = world.stats().transports.into_iter().find(|it| it.identity.to_string() == "a").unwrap();
    (stats.bytes_received - stats.bytes_refused, stats.bytes_refused)
}

/// Runs for so long; every 20 ms, what was taken in them.
fn taken(world: &mut World, time: Duration) -> Vec<(Instant, u64)> {
    let end = world.now + time;
    let mut last = counted(world).0;
    let mut all = vec![];
    while world.now < end {
        world.run_ms(20);
        let now = counted(world).0;
        all.push((world.now, now - last));
        last = now;
    }
    all
}

/// The most by which any window had more than 1.05 × cap × (T + 1 s), bytes.
fn excess(taken: &[(Instant, u64)], cap: u64) -> f64 {
    let rate = 1.05 * cap as f64 / 8.0;
    let (mut level, mut worst, mut last) = (0.0_f64, f64::MIN, taken[0].0);
    for (at, bytes) in taken {
        level = (level - rate * (*at - last).as_secs_f64()).max(0.0) + *bytes as f64;
        last = *at;
        worst = worst.max(level - rate);
    }
    worst
}

fn told(world: &World) -> Vec<Option<u64>> {
    let of = |event: &Event| match event {
        Event::PublishRefused { limit_bps, .. } => Some(*limit_bps),
        _ => None,
    };
    world.events.iter().filter_map(of).collect()
}

fn shown(world: &mut World, viewer: usize, since: Instant) -> Vec<u8> {
    let frames = &world.viewer(viewer).slot(Video, 0).frames;
    let mut all: Vec<u8> = frames.iter().filter(|frame| frame.at > since).map(|frame| frame.mark.encoding).collect();
    all.dedup();
    all
}

#[test]
fn the_dearest_encodings_go_first_and_the_others_go_on_undisturbed() {
    let (mut world, _, viewer) = scene(170, three());
    cap(&mut world, Some(420_000));
    world.run(GRACE);
    assert_eq!(counted(&mut world).1, 0, "nothing before it could have heeded it");
    let all = taken(&mut world, 12 * SECOND);
    assert!(excess(&all, 420_000) <= 0.0, "{}", excess(&all, 420_000));
    let since = world.now;
    let frames = world.viewer(viewer).slot(Video, 0).frames.len();
    world.run(5 * SECOND);
    assert_eq!(shown(&mut world, viewer, since), [1], "the next below");
    assert!(world.viewer(viewer).slot(Video, 0).frames.len() > frames + 140);
    let refused: Vec<_> = world.stats().inbound.iter().filter(|it| it.refused).map(|it| it.rid.clone()).collect();
    assert_eq!(refused.len(), 1);
    let video = world.viewer(viewer).slot(Video, 0);
    assert!(video.longest_freeze() < SECOND, "{:?}", video.longest_freeze());
    assert!(world.viewer(viewer).slot(Audio, 0).frames.len() > 1_000, "sounds go on");
    assert_eq!(told(&world), [Some(420_000)]);
    cap(&mut world, None);
    world.run(8 * SECOND);
    assert_eq!(world.status(viewer, 0).layer.unwrap().height, Some(720));
    assert_eq!(told(&world), [Some(420_000), None]);
    world.assert_sound();
    world.assert_told();
}

#[test]
fn who_heeds_it_late_loses_nothing() {
    let (mut world, publisher, viewer) = scene(171, three());
    cap(&mut world, Some(420_000));
    world.run_ms(2_800);
    world.publisher(publisher).what.packet_bytes = 100;
    world.run(20 * SECOND);
    assert_eq!(counted(&mut world).1, 0);
    assert_eq!(told(&world), []);
    assert_eq!(world.status(viewer, 0).layer.unwrap().height, Some(720));
}

#[test]
fn who_heeds_it_after_it_was_policed_is_taken_whole_again() {
    let (mut world, publisher, viewer) = scene(172, three());
    cap(&mut world, Some(420_000));
    world.run(10 * SECOND);
    assert!(counted(&mut world).1 > 0);
    world.publisher(publisher).what.packet_bytes = 100;
    world.run(10 * SECOND);
    let refused = counted(&mut world).1;
    world.run(10 * SECOND);
    assert_eq!(counted(&mut world).1, refused);
    assert_eq!(world.status(viewer, 0).layer.unwrap().height, Some(720));
    assert_eq!(told(&world), [Some(420_000), None]);
    world.assert_sound();
}

#[test]
fn of_a_single_picture_whole_runs_from_key_frame_to_key_frame_are_taken_and_all_sound() {
    // Of about 500 kbit/s, four times what it may be.
    let what = Publishing { packet_bytes: 1_000, ..Publishing::with_sound(1) };
    let (mut world, _, viewer) = scene(173, what);
    cap(&mut world, Some(150_000));
    world.run(GRACE);
    let all = taken(&mut world, 3 * SECOND);
    let (since, sounds) = (world.now, world.viewer(viewer).slot(Audio, 0).frames.len());
    let more = taken(&mut world, 20 * SECOND);
    let all: Vec<_> = all.into_iter().chain(more).collect();
    assert!(excess(&all, 150_000) <= 0.0, "{}", excess(&all, 150_000));
    let heard = world.viewer(viewer).slot(Audio, 0).frames.len() - sounds;
    assert!(heard > 950, "{heard} of 1,000 sounds");
    let frames = &world.viewer(viewer).slot(Video, 0).frames;
    let seen = frames.iter().filter(|frame| frame.at > since).count();
    assert!((60..400).contains(&seen), "{seen} of 600 frames");
    let plis = world.publisher(0).plis.len();
    assert!(plis < 20, "{plis}");
    // No frame was shown that could not be decoded: the receiver decodes.
    world.assert_sound();
}

#[test]
fn a_cap_below_the_sounds_holds_nevertheless() {
    let (mut world, _, _) = scene(174, Publishing { packet_bytes: 400, ..three() });
    cap(&mut world, Some(20_000));
    world.run(GRACE);
    let all = taken(&mut world, 20 * SECOND);
    // Checks of consent are not counted.
    assert!(excess(&all, 20_000) <= 1_500.0, "{}", excess(&all, 20_000));
}

#[test]
fn who_is_muted_while_a_key_frame_is_awaited_is_seen_again_afterwards() {
    let (mut world, publisher, viewer) = scene(176, Publishing::with_sound(1));
    cap(&mut world, Some(100_000));
    world.run(GRACE + 2 * SECOND);
    assert!(counted(&mut world).1 > 0);
    world.mute(publisher, "1", Muting::Muted);
    world.run(6 * SECOND);
    cap(&mut world, None);
    world.mute(publisher, "1", Muting::Unmuted);
    let since = world.now;
    world.run(6 * SECOND);
    let frames = &world.viewer(viewer).slot(Video, 0).frames;
    let seen = frames.iter().filter(|frame| frame.at > since).count();
    assert!(seen > 60, "{seen} frames in 6 s");
}
