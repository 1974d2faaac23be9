//! An operator's cap holds by choice of layer, within a second, whatever it is changed to; and it is said why a picture is small.

use std::time::{Duration, Instant};

use rand::Rng;
use sfu_core::bitrate::{Caps, RoomCaps};
use sfu_core::command::{Command, Join, Muting};
use sfu_core::event::LimitedBy;
use sfu_core::id::MediaKind::{Audio, Video};
use sfu_core::id::{Identity, RoomName};
use sfu_core::stats::SlotState;

use crate::client::Role;
use crate::offers::{Section, Style};
use crate::publisher::Publishing;
use crate::world::{World, met};

const SECOND: Duration = Duration::from_secs(1);

/// Three encodings of about 120, 220 and 310 kbit/s on the wire, and a microphone.
fn camera(mark: u8) -> Publishing {
    Publishing { rids: vec!["q", "h", "f"], ..Publishing::with_sound(mark) }
}

pub fn subscribe(bps: u64) -> Caps {
    Caps { subscribe_max_bps: Some(bps), ..Caps::default() }
}

pub fn cap_room(world: &mut World, caps: RoomCaps) {
    let request = world.request();
    world.command(Command::CapRoom { request, room: RoomName::new("room").unwrap(), caps });
}

fn cap(world: &mut World, identity: &str, caps: Caps) {
    let (room, identity) = (RoomName::new("room").unwrap(), Identity::new(identity).unwrap());
    let request = world.request();
    world.command(Command::CapParticipant { request, room, identity, caps });
}

/// A viewer of one picture and one sound.
fn scene(seed: u8) -> (World, usize) {
    let mut world = World::new(seed);
    world.arrived = Some(vec![]);
    world.meet_sending("room", "a", camera(1));
    let viewer = world.look("room", "b", (1, 1));
    world.arrange(viewer, &[(0, ("a", "1"), 720)]);
    world.run(3 * SECOND);
    assert_eq!(height(&world, viewer), Some(720));
    (world, viewer)
}

fn height(world: &World, viewer: usize) -> Option<u16> {
    world.status(viewer, 0).layer.and_then(|layer| layer.height)
}

/// The most by which what came to a client within any time since `from` was more than 1.05 of what `cap` allows for that time
/// and a second, bytes.
fn excess(world: &World, client: usize, from: Instant, cap: u64) -> f64 {
    let rate = 1.05 * cap as f64 / 8.0;
    let (mut level, mut last, mut worst) = (0.0_f64, from, 0.0_f64);
    for (to, at, bytes) in world.arrived.as_ref().unwrap().iter().copied() {
        if to == client && at >= from {
            level = (level - rate * (at - last).as_secs_f64()).max(0.0) + bytes as f64;
            last = at;
            worst = worst.max(level - rate);
        }
    }
    worst
}

fn bps(world: &World, client: usize, time: Duration) -> f64 {
    let since = world.now - time;
    let arrived = world.arrived.as_ref().unwrap().iter();
    let bytes: usize = arrived.filter(|(to, at, _)| *to == client && *at >= since).map(|it| it.2).sum();
    bytes as f64 * 8.0 / time.as_secs_f64()
}

#[test]
fn a_cap_lowers_the_layer_within_a_second_and_its_end_brings_it_back() {
    let (mut world, viewer) = scene(80);
    for (bps, wanted) in [(330_000, 360), (340_000, 360), (230_000, 180), (330_000, 360)] {
        cap(&mut world, "b", subscribe(bps));
        world.run(SECOND);
        let status = world.status(viewer, 0);
        assert_eq!((height(&world, viewer), status.limited_by), (Some(wanted), Some(LimitedBy::Cap)), "{bps}");
        assert_eq!(status.limit_bps, Some(bps), "a change of the cap alone is told too");
        let from = world.now;
        world.run(5 * SECOND);
        assert!(excess(&world, viewer, from, bps) <= 0.0, "{bps}");
    }
    cap(&mut world, "b", Caps::default());
    world.run(SECOND);
    let status = world.status(viewer, 0);
    assert_eq!((height(&world, viewer), status.limited_by, status.limit_bps), (Some(720), None, None));
    let video = world.viewer(viewer).slot(Video, 0);
    assert!(video.longest_freeze() < Duration::from_millis(100), "{:?}", video.longest_freeze());
    world.assert_sound();
    world.assert_told();
}

#[test]
fn below_the_lowest_layer_the_picture_pauses_and_the_sound_goes_on() {
    let (mut world, viewer) = scene(81);
    cap(&mut world, "b", subscribe(80_000));
    world.run(SECOND);
    let status = world.status(viewer, 0);
    assert_eq!((status.state, status.limited_by), (SlotState::Paused, Some(LimitedBy::Cap)));
    assert_eq!(status.limit_bps, Some(80_000));
    let (pictures, sounds) =
        (world.viewer(viewer).slot(Video, 0).frames.len(), world.viewer(viewer).slot(Audio, 0).frames.len());
    world.run(3 * SECOND);
    assert_eq!(world.viewer(viewer).slot(Video, 0).frames.len(), pictures);
    assert!(world.viewer(viewer).slot(Audio, 0).frames.len() > sounds + 140);
    cap(&mut world, "b", subscribe(1_000));
    world.run(3 * SECOND);
    assert!(world.viewer(viewer).slot(Audio, 0).frames.len() > sounds + 290, "sounds are exempt");
    cap(&mut world, "b", subscribe(10_000_000));
    world.run(SECOND);
    assert_eq!((height(&world, viewer), world.state(viewer, 0)), (Some(720), SlotState::Live));
    world.assert_sound();
    world.assert_told();
}

#[test]
fn pictures_are_no_higher_than_is_allowed() {
    let (mut world, viewer) = scene(82);
    let height_max = |height| RoomCaps {
        participant: Caps { video_max_height: Some(height), ..Caps::default() },
        ..RoomCaps::default()
    };
    cap_room(&mut world, height_max(400));
    world.run(SECOND);
    let status = world.status(viewer, 0);
    assert_eq!((height(&world, viewer), status.limited_by), (Some(360), Some(LimitedBy::HeightCap)));
    assert_eq!(status.limit_bps, None);
    cap(&mut world, "b", Caps { video_max_height: Some(200), ..Caps::default() });
    world.run(SECOND);
    assert_eq!(height(&world, viewer), Some(180), "its own goes before the room's");
    cap_room(&mut world, RoomCaps::default());
    cap(&mut world, "b", Caps::default());
    world.run(SECOND);
    assert_eq!((height(&world, viewer), world.status(viewer, 0).limited_by), (Some(720), None));
}

#[test]
fn a_rooms_egress_is_shared_by_what_its_viewers_want() {
    let (mut world, large) = scene(83);
    let small = world.look("room", "c", (1, 1));
    world.arrange(small, &[(0, ("a", "1"), 180)]);
    world.run(2 * SECOND);
    cap_room(&mut world, RoomCaps { room_egress_max_bps: Some(560_000), ..RoomCaps::default() });
    world.run(2 * SECOND);
    assert_eq!((height(&world, large), height(&world, small)), (Some(360), Some(180)), "who wants little has it");
    let status = world.status(large, 0);
    assert_eq!(
        (status.limited_by, status.limit_bps),
        (Some(LimitedBy::RoomCap), None),
        "a share moves with every wish"
    );
    world.run(5 * SECOND);
    assert!(bps(&world, large, 4 * SECOND) + bps(&world, small, 4 * SECOND) < 560_000.0);
    cap_room(&mut world, RoomCaps { room_egress_max_bps: Some(80_000), ..RoomCaps::default() });
    world.run(SECOND);
    assert_eq!([large, small].map(|viewer| world.state(viewer, 0)), [SlotState::Paused; 2]);
    cap_room(&mut world, RoomCaps::default());
    world.run(SECOND);
    assert_eq!((height(&world, large), height(&world, small)), (Some(720), Some(180)));
    world.assert_sound();
}

#[test]
fn a_room_on_two_shards_sends_no_more_than_it_may() {
    let mut world = World::with_shards(87, 2);
    world.arrived = Some(vec![]);
    world.meet_sending("room", "a", camera(1));
    let viewers: Vec<usize> = (0..4).map(|place| world.look("room", &format!("v{place}"), (1, 1))).collect();
    for viewer in &viewers {
        world.arrange(*viewer, &[(0, ("a", "1"), 720)]);
    }
    world.run(3 * SECOND);
    assert!(viewers.iter().all(|viewer| height(&world, *viewer) == Some(720)));
    cap_room(&mut world, RoomCaps { room_egress_max_bps: Some(1_000_000), ..RoomCaps::default() });
    world.run(8 * SECOND);
    let sent: f64 = viewers.iter().map(|viewer| bps(&world, *viewer, 5 * SECOND)).sum();
    assert!((500_000.0..1_000_000.0).contains(&sent), "{sent}");
    world.assert_sound();
}

#[test]
fn who_joins_a_capped_room_is_held_from_the_first_packet() {
    let (mut world, _) = scene(84);
    let room_caps = RoomCaps { participant: subscribe(240_000), ..RoomCaps::default() };
    cap_room(&mut world, room_caps);
    let slots = [Video, Audio].map(|kind| Section::new(kind, "recvonly")).to_vec();
    let late = world.join("room", "c", Role::viewer(), (Style::Browser, slots), |join| met(Join { room_caps, ..join }));
    world.arrange(late, &[(0, ("a", "1"), 720)]);
    let from = world.now;
    world.run(6 * SECOND);
    assert_eq!(height(&world, late), Some(180));
    assert!(excess(&world, late, from, 240_000) <= 0.0);
}

#[test]
fn who_unmutes_a_camera_that_trickled_floods_nobody() {
    let (mut world, viewer) = scene(88);
    cap(&mut world, "b", subscribe(330_000));
    world.run(3 * SECOND);
    assert_eq!(height(&world, viewer), Some(360));
    world.mute(0, "1", Muting::Muted);
    // What browsers send of a camera that is off.
    let bytes = std::mem::replace(&mut world.publisher(0).what.packet_bytes, 40);
    world.run(30 * SECOND);
    world.publisher(0).what.packet_bytes = bytes;
    world.mute(0, "1", Muting::Unmuted);
    let before = world.viewer(viewer).slot(Video, 0).frames.len();
    world.run(5 * SECOND);
    assert_eq!(height(&world, viewer), Some(360));
    let shown = &world.viewer(viewer).slot(Video, 0).frames[before..];
    assert!(shown.len() > 100 && shown.iter().all(|frame| frame.mark.encoding < 2));
}

#[test]
fn a_picture_that_is_too_dear_does_not_wait_for_a_key_frame_that_never_comes() {
    let (mut world, viewer) = scene(89);
    world.links[0].loss_down = 100.0;
    cap(&mut world, "b", subscribe(230_000));
    world.run(SECOND);
    let from = world.now;
    world.run(4 * SECOND);
    assert!(excess(&world, viewer, from, 230_000) <= 0.0, "{}", excess(&world, viewer, from, 230_000));
    assert_eq!(world.state(viewer, 0), SlotState::AwaitingKeyframe);
    world.links[0].loss_down = 0.0;
    world.run(6 * SECOND);
    assert_eq!((height(&world, viewer), world.state(viewer, 0)), (Some(180), SlotState::Live));
}

#[test]
fn on_another_shard_the_same_layers_are_given_however_much_nobody_watched_there_before() {
    let mut world = World::with_shards(90, 2);
    world.place = Some(0);
    // Two thirds of what an encoding is taken to cost that nobody has measured.
    let cheap = Publishing { packet_bytes: 60, ..camera(1) };
    world.meet_sending("room", "a", cheap);
    let viewers = [0, 1].map(|place| {
        world.place = Some(place);
        world.look("room", &format!("v{place}"), (1, 1))
    });
    world.run(6 * SECOND);
    cap_room(&mut world, RoomCaps { participant: subscribe(130_000), ..RoomCaps::default() });
    for viewer in viewers {
        world.arrange(viewer, &[(0, ("a", "1"), 180)]);
    }
    world.run(3 * SECOND);
    assert_eq!(
        viewers.map(|viewer| (height(&world, viewer), world.state(viewer, 0))),
        [(Some(180), SlotState::Live); 2]
    );
}

#[test]
fn many_changes_at_once_are_one_look_at_the_room() {
    let mut world = World::new(91);
    let viewers: Vec<usize> = (0..20).map(|place| world.look("room", &format!("v{place}"), (1, 1))).collect();
    world.run(SECOND);
    let before = world.stats().counters.viewers_attached;
    for place in 0..viewers.len() {
        cap(&mut world, &format!("v{place}"), Caps { video_max_height: Some(360), ..Caps::default() });
    }
    world.run(SECOND);
    let looks = world.stats().counters.viewers_attached - before;
    assert!((20..=40).contains(&looks), "{looks}");
}

#[test]
fn a_publisher_is_told_the_most_that_it_may_send() {
    let (mut world, _) = scene(85);
    let told = |world: &mut World| world.stats().control.send_limits_told;
    assert_eq!(told(&mut world), 0);
    cap(&mut world, "a", Caps { publish_max_bps: Some(200_000), ..Caps::default() });
    world.run(3 * SECOND);
    assert!((3..=4).contains(&told(&mut world)));
    cap(&mut world, "a", Caps::default());
    world.run(20 * SECOND);
    assert!((5..=7).contains(&told(&mut world)), "its end is told, and then nothing more");
}

#[test]
fn a_thousand_changes_hold_within_a_second() {
    let (mut world, viewer) = scene(86);
    // Numbers come round.
    world.sealed = None;
    let mut worst = 0.0_f64;
    for round in 0..1_000 {
        let bps = world.rng.random_range(150_000..600_000);
        cap(&mut world, "b", subscribe(bps));
        world.run(SECOND);
        let from = world.now;
        world.run_ms(world.rng.clone().random_range(200..1_500));
        worst = worst.max(excess(&world, viewer, from, bps) / bps as f64);
        assert!(worst <= 0.0, "round {round}: {worst} of a cap of {bps}");
        world.arrived = Some(vec![]);
    }
    world.assert_sound();
}
