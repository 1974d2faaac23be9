//! Each viewer gets the best that its link carries: pictures become smaller before a queue grows, and larger again when there is
//! room; nobody else notices.

use std::time::Duration;

use sfu_core::bitrate::{Caps, RoomCaps};
use sfu_core::event::LimitedBy;
use sfu_core::id::MediaKind::Audio;
use sfu_core::stats::SlotState;

use crate::caps_hold::{cap_room, subscribe};
use crate::publisher::Publishing;
use crate::world::{Bottleneck, Link, World};

const SECOND: Duration = Duration::from_secs(1);
const QUEUE_MAX: Duration = Duration::from_millis(1_000);

/// Three encodings of about 170, 620 and 1,800 kbit/s on the wire, and a microphone.
fn camera(mark: u8) -> Publishing {
    let rids = vec!["q", "h", "f"];
    Publishing { rids, packets: (9, 3), multiples: [1, 2, 4], packet_bytes: 200, ..Publishing::with_sound(mark) }
}

fn narrow(bps: u64) -> Link {
    let bottleneck = Some(Bottleneck { bps, queue: QUEUE_MAX });
    Link {
        delay: Duration::from_millis(25),
        jitter: Duration::from_millis(5),
        bottleneck,
        in_order: true,
        ..Link::default()
    }
}

/// A viewer of one picture and one sound over a link, who tells what arrives.
fn scene(seed: u8, link: Link) -> (World, usize) {
    let mut world = World::new(seed);
    world.arrived = Some(vec![]);
    world.meet_sending("room", "a", camera(1));
    world.run(2 * SECOND);
    let viewer = view(&mut world, "b", link);
    (world, viewer)
}

fn view(world: &mut World, name: &str, link: Link) -> usize {
    let viewer = world.look("room", name, (1, 1));
    world.links[viewer] = link;
    world.arrange(viewer, &[(0, ("a", "1"), 720)]);
    viewer
}

fn height(world: &World, viewer: usize) -> Option<u16> {
    world.status(viewer, 0).layer.and_then(|layer| layer.height)
}

/// When the picture is of this height, since now.
fn until_height(world: &mut World, viewer: usize, wanted: u16) -> Duration {
    let begin = world.now;
    world.run_until(60 * SECOND, |world| height(world, viewer) == Some(wanted));
    world.now - begin
}

fn cap_everybody(world: &mut World, participant: Caps) {
    cap_room(world, RoomCaps { participant, room_egress_max_bps: None });
}

fn estimate(world: &mut World, viewer: usize) -> Option<u64> {
    let id = world.clients[viewer].id;
    world.stats().transports.iter().find(|it| it.id == id).unwrap().sending.estimate_bps
}

#[test]
fn a_link_that_carries_all_is_given_the_best_picture_within_a_second() {
    let (mut world, viewer) = scene(91, narrow(10_000_000));
    let after = until_height(&mut world, viewer, 720);
    assert!(after < SECOND, "{after:?}");
    assert_eq!(world.status(viewer, 0).limited_by, None);
    world.assert_sound();
}

#[test]
fn whoever_joins_over_a_narrow_link_sees_something_within_a_second() {
    let (mut world, viewer) = scene(92, narrow(400_000));
    world.run_until(SECOND, |world| height(world, viewer).is_some());
    let begin = world.longest_wait(viewer);
    world.run(2 * SECOND);
    world.longest_wait(viewer);
    world.run(10 * SECOND);
    assert_eq!(height(&world, viewer), Some(180));
    assert_eq!(world.status(viewer, 0).limited_by, Some(LimitedBy::Link));
    let waited = world.longest_wait(viewer);
    assert!(waited < SECOND / 4 && begin < SECOND, "{waited:?}, {begin:?} at first");
    world.assert_sound();
}

#[test]
fn pictures_become_smaller_before_a_queue_grows_and_larger_again() {
    let (mut world, viewer) = scene(93, narrow(3_000_000));
    world.run(10 * SECOND);
    assert_eq!(height(&world, viewer), Some(720));
    world.links[viewer] = narrow(350_000);
    world.run(2 * SECOND);
    assert_ne!(height(&world, viewer), Some(720));
    world.longest_wait(viewer);
    world.run(13 * SECOND);
    assert_eq!(height(&world, viewer), Some(180));
    let waited = world.longest_wait(viewer);
    assert!(waited < SECOND / 4, "{waited:?}");
    world.links[viewer] = narrow(3_000_000);
    let after = until_height(&mut world, viewer, 720);
    assert!(after < 10 * SECOND, "{after:?}");
    world.assert_sound();
}

#[test]
fn a_voice_goes_on_where_nothing_else_fits() {
    let (mut world, viewer) = scene(94, narrow(3_000_000));
    world.run(3 * SECOND);
    world.links[viewer] = narrow(80_000);
    world.run(5 * SECOND);
    assert_eq!(world.status(viewer, 0).state, SlotState::Paused);
    let heard = |world: &mut World| {
        world.viewer(viewer).streams.iter().find(|it| it.slot.kind == Audio).unwrap().receiver.frames.len()
    };
    let before = heard(&mut world);
    world.run(4 * SECOND);
    let heard = heard(&mut world) - before;
    assert!(heard > 180, "{heard} of 200");
    world.assert_sound();
}

#[test]
fn who_is_sent_little_is_not_taken_for_who_has_a_narrow_link() {
    let (mut world, viewer) = scene(95, narrow(10_000_000));
    world.arrange(viewer, &[(0, ("a", "1"), 180)]);
    world.run(10 * SECOND);
    let before = estimate(&mut world, viewer).unwrap();
    world.run(20 * SECOND);
    assert!(estimate(&mut world, viewer).unwrap() >= before);
    world.arrange(viewer, &[(0, ("a", "1"), 720)]);
    let after = until_height(&mut world, viewer, 720);
    assert!(after < SECOND, "{after:?}");
}

#[test]
fn who_never_says_what_arrives_is_sent_everything() {
    let mut world = World::new(96);
    world.meet_sending("room", "a", camera(1));
    world.run(2 * SECOND);
    let viewer = world.look("room", "b", (1, 1));
    world.viewer(viewer).tells_nothing = true;
    world.arrange(viewer, &[(0, ("a", "1"), 720)]);
    world.run(5 * SECOND);
    assert_eq!((height(&world, viewer), world.status(viewer, 0).limited_by), (Some(720), None));
    assert_eq!(estimate(&mut world, viewer), None);
}

#[test]
fn probes_never_pass_a_cap() {
    let (mut world, viewer) = scene(97, narrow(10_000_000));
    cap_everybody(&mut world, subscribe(600_000));
    world.run(10 * SECOND);
    world.arrived.as_mut().unwrap().clear();
    world.run(20 * SECOND);
    let bits: usize = world.arrived.as_ref().unwrap().iter().filter(|it| it.0 == viewer).map(|it| it.2 * 8).sum();
    assert!(bits < 600_000 * 20, "{bits}");
    assert_eq!(world.status(viewer, 0).limited_by, Some(LimitedBy::Cap));
}

#[test]
fn what_a_cap_held_back_comes_back_at_once() {
    let (mut world, viewer) = scene(98, narrow(10_000_000));
    world.run(5 * SECOND);
    cap_everybody(&mut world, subscribe(300_000));
    world.run(5 * SECOND);
    assert_eq!(height(&world, viewer), Some(180));
    cap_everybody(&mut world, Caps::default());
    let after = until_height(&mut world, viewer, 720);
    assert!(after < SECOND / 2, "{after:?}");
}

#[test]
fn one_narrow_link_is_felt_by_nobody_else() {
    let (mut world, viewer) = scene(99, narrow(300_000));
    let other = view(&mut world, "c", narrow(10_000_000));
    world.run(20 * SECOND);
    assert_eq!((height(&world, viewer), height(&world, other)), (Some(180), Some(720)));
}

#[test]
fn a_guess_lifts_nobodys_cap() {
    let mut world = World::new(100);
    world.arrived = Some(vec![]);
    let names: Vec<String> = (0..12).map(|place| format!("a{place}")).collect();
    for (mark, name) in (1..).zip(&names) {
        world.meet_sending("room", name, camera(mark));
    }
    let cap = 1_600_000;
    world.run(3 * SECOND);
    let viewer = world.look("room", "b", (12, 0));
    cap_everybody(&mut world, subscribe(cap));
    world.links[viewer] = narrow(20_000_000);
    let tiles: Vec<_> = (0..).zip(&names).map(|(place, name)| (place, (name.as_str(), "1"), 180)).collect();
    world.arrange(viewer, &tiles);
    let began = world.now;
    world.run(10 * SECOND);
    let bytes: usize = world.arrived.as_ref().unwrap().iter().filter(|it| it.0 == viewer).map(|it| it.2).sum();
    let allowed = 1.05 * cap as f64 * ((world.now - began).as_secs_f64() + 1.0) / 8.0;
    assert!((bytes as f64) < allowed, "{bytes} of {allowed}");
    let paused = (0..12).filter(|place| world.state(viewer, *place) == SlotState::Paused).count();
    assert!((1..12).contains(&paused), "{paused} of 12 are paused");
}

#[test]
fn who_waits_in_an_empty_room_is_not_taken_for_one_that_says_nothing() {
    let mut world = World::new(101);
    let viewer = world.look("room", "b", (1, 1));
    world.links[viewer] = narrow(400_000);
    world.run(5 * SECOND);
    world.meet_sending(
        "room",
        "a",
        Publishing {
            packets: (9, 3),
            multiples: [1, 2, 4],
            packet_bytes: 200,
            rids: vec!["q", "h", "f"],
            ..Publishing::with_sound(1)
        },
    );
    world.arrange(viewer, &[(0, ("a", "1"), 720)]);
    let mut heights = vec![];
    for _ in 0..40 {
        world.run_ms(50);
        heights.extend(height(&world, viewer));
    }
    assert!(heights.first().is_some_and(|height| *height < 720), "{heights:?}");
}
