//! Encodings that nobody is to be sent are switched off where they are made, and on again in time.

use std::time::Duration;

use sfu_core::bitrate::Caps;
use sfu_core::command::{Command, Muting};
use sfu_core::event::{Event, LimitedBy};
use sfu_core::id::MediaKind::Video;
use sfu_core::id::{Identity, RoomName};
use sfu_core::stats::{SlotState, SwitchState};

use crate::publisher::Publishing;
use crate::world::{Link, World};

const SECOND: Duration = Duration::from_secs(1);
/// Longer than an encoding must be unwanted to be switched off, and a little for it to be noticed.
const LONG: Duration = Duration::from_secs(10);

/// A camera of three encodings of about 120, 220 and 310 kbit/s whose browser does what it is told.
fn publish(world: &mut World, identity: &str, mark: u8) -> usize {
    let publisher =
        world.meet_sending("room", identity, Publishing { rids: vec!["q", "h", "f"], ..Publishing::camera(mark) });
    world.publisher(publisher).heeds_switches = true;
    publisher
}

/// What a publisher was told to send last.
fn told(world: &World, publisher: usize) -> Option<Vec<String>> {
    let wanted = world.clients[publisher].id;
    let mut found = world.events.iter().rev().filter_map(|event| match event {
        Event::Encodings { transport, rids, .. } if *transport == wanted => Some(rids),
        _ => None,
    });
    found.next().map(|rids| rids.iter().map(|rid| rid.0.to_string()).collect())
}

fn times_told(world: &World) -> usize {
    world.events.iter().filter(|event| matches!(event, Event::Encodings { .. })).count()
}

fn height(world: &World, viewer: usize) -> Option<u16> {
    world.status(viewer, 0).layer.and_then(|layer| layer.height)
}

/// Bytes that came of each encoding, the lowest first.
fn bytes(world: &mut World) -> Vec<u64> {
    let mut inbound = world.stats().inbound;
    inbound.sort_by_key(|stream| stream.height);
    inbound.iter().map(|stream| stream.stats.bytes_received).collect()
}

/// When a viewer was first shown an encoding after `from`.
fn shown(world: &mut World, viewer: usize, encoding: u8, from: std::time::Instant) -> Duration {
    let frames = &world.viewer(viewer).slot(Video, 0).frames;
    frames.iter().find(|frame| frame.at >= from && frame.mark.encoding == encoding).expect("it is shown").at - from
}

#[test]
fn what_nobody_wants_is_not_sent_and_comes_back_when_a_tile_grows() {
    let mut world = World::new(140);
    let publisher = publish(&mut world, "a", 1);
    let viewer = world.look("room", "b", (1, 0));
    world.arrange(viewer, &[(0, ("a", "0"), 180)]);
    world.run(5 * SECOND);
    assert_eq!(told(&world, publisher), None, "not before it was unwanted for a while");
    world.run(LONG);
    assert_eq!(told(&world, publisher), Some(vec!["q".to_owned()]));
    let before = bytes(&mut world);
    let plis = world.publisher(publisher).plis.len();
    world.run(5 * SECOND);
    let after = bytes(&mut world);
    assert!(after[0] > before[0] && after[1..] == before[1..], "{before:?} {after:?}");
    assert_eq!(world.publisher(publisher).plis.len(), plis, "nobody asks for what is switched off");
    let saved: u64 = world.stats().inbound.iter().map(|stream| stream.saved_bps()).sum();
    assert!((450_000..600_000).contains(&saved), "{saved}");

    world.arrange(viewer, &[(0, ("a", "0"), 720)]);
    let from = world.now;
    world.run(2 * SECOND);
    assert_eq!(told(&world, publisher), Some(vec!["q".to_owned(), "f".to_owned()]));
    assert_eq!(height(&world, viewer), Some(720));
    let took = shown(&mut world, viewer, 2, from);
    assert!(took < Duration::from_millis(250), "{took:?}");
    world.arrange(viewer, &[(0, ("a", "0"), 360)]);
    world.run(2 * SECOND);
    assert_eq!(height(&world, viewer), Some(360));
    let video = world.viewer(viewer).slot(Video, 0);
    assert!(video.longest_freeze() < Duration::from_millis(100), "{:?}", video.longest_freeze());
    assert_eq!(video.skips(), 0);
    let counters = world.stats().counters;
    assert_eq!((counters.encodings_switched_off, counters.encodings_switched_on), (2, 2));
    world.assert_sound();
    world.assert_told();
}

#[test]
fn who_is_alone_sends_the_lowest_and_who_comes_sees_it_at_once() {
    let mut world = World::new(141);
    let publisher = publish(&mut world, "a", 1);
    world.run(LONG);
    assert_eq!(told(&world, publisher), Some(vec!["q".to_owned()]));
    let viewer = world.look("room", "b", (1, 0));
    world.arrange(viewer, &[(0, ("a", "0"), 720)]);
    world.run_until(SECOND, |world| world.clients[viewer].connected_at.is_some());
    let from = world.now;
    world.run(2 * SECOND);
    let first = world.viewer(viewer).slot(Video, 0).frames[0];
    assert!(first.at - from < Duration::from_millis(150), "{:?}", first.at - from);
    assert_eq!((first.mark.encoding, height(&world, viewer)), (0, Some(720)));
    let took = shown(&mut world, viewer, 2, from);
    assert!(took < Duration::from_millis(300), "{took:?}");
    // Those who watch without signalling of their own want the highest as well.
    world.close(viewer);
    world.run(LONG);
    assert_eq!(told(&world, publisher), Some(vec!["q".to_owned()]));
    let watcher = world.watch("room", (1, 0), &[]);
    world.run(2 * SECOND);
    assert_eq!(world.viewer(watcher).video().frames.last().unwrap().mark.encoding, 2);
    world.assert_sound();
}

#[test]
fn a_tile_that_grows_and_shrinks_switches_nothing_off() {
    let mut world = World::new(142);
    publish(&mut world, "a", 1);
    let viewer = world.look("room", "b", (1, 0));
    world.arrange(viewer, &[(0, ("a", "0"), 360)]);
    world.run(LONG);
    let before = times_told(&world);
    for _ in 0..6 {
        for height in [720, 180, 360] {
            world.arrange(viewer, &[(0, ("a", "0"), height)]);
            world.run(2 * SECOND);
        }
    }
    let again = times_told(&world) - before;
    assert_eq!(again, 1, "the highest, asked for once");
    world.assert_told();
}

#[test]
fn what_a_budget_does_not_carry_is_not_sent_and_given_when_it_does() {
    let mut world = World::new(143);
    world.arrived = Some(vec![]);
    let publisher = publish(&mut world, "a", 1);
    let viewer = world.look("room", "b", (1, 0));
    world.arrange(viewer, &[(0, ("a", "0"), 720)]);
    world.run(4 * SECOND);
    let cap = |world: &mut World, subscribe_max_bps| {
        let (request, caps) = (world.request(), Caps { subscribe_max_bps, ..Caps::default() });
        let (room, identity) = (RoomName::new("room").unwrap(), Identity::new("b").unwrap());
        world.command(Command::CapParticipant { request, room, identity, caps });
    };
    cap(&mut world, Some(170_000));
    world.run(LONG);
    assert_eq!(told(&world, publisher), Some(vec!["q".to_owned()]));
    let status = world.status(viewer, 0);
    assert_eq!((height(&world, viewer), status.limited_by), (Some(180), Some(LimitedBy::Cap)));
    cap(&mut world, Some(300_000));
    world.run(SECOND);
    assert_eq!(
        (height(&world, viewer), told(&world, publisher).unwrap()),
        (Some(360), vec!["q".to_owned(), "h".to_owned()])
    );
    cap(&mut world, None);
    world.run(SECOND);
    assert_eq!(height(&world, viewer), Some(720));
    // Down from a picture to one that is switched off: what is there below stands in, within the budget.
    world.run(LONG);
    assert_eq!(told(&world, publisher).unwrap(), ["q", "f"]);
    cap(&mut world, Some(300_000));
    world.run(SECOND);
    assert_eq!(height(&world, viewer), Some(360));
    assert!(world.viewer(viewer).slot(Video, 0).longest_freeze() < Duration::from_millis(100));
    world.assert_sound();
    world.assert_told();
}

#[test]
fn what_was_asked_for_again_and_never_comes_keeps_nobody_waiting() {
    let mut world = World::new(144);
    let publisher = publish(&mut world, "a", 1);
    let viewer = world.look("room", "b", (1, 0));
    world.arrange(viewer, &[(0, ("a", "0"), 180)]);
    world.run(LONG);
    world.publisher(publisher).stopped = Some(2);
    world.arrange(viewer, &[(0, ("a", "0"), 720)]);
    let plis = world.publisher(publisher).plis.len();
    world.run(6 * SECOND);
    assert_eq!((world.state(viewer, 0), height(&world, viewer)), (SlotState::Live, Some(360)));
    assert!(world.publisher(publisher).plis.len() <= plis + 1);
    world.run(5 * LONG);
    assert!(times_told(&world) <= 4, "it is not asked for over and over");
    world.publisher(publisher).stopped = None;
    world.run(2 * SECOND);
    assert_eq!(height(&world, viewer), Some(720));
    world.assert_sound();
    world.assert_told();
}

#[test]
fn what_was_lost_of_what_is_switched_off_brings_no_requests_for_keyframes() {
    let mut world = World::new(149);
    let publisher = publish(&mut world, "a", 1);
    let viewer = world.look("room", "b", (1, 0));
    world.arrange(viewer, &[(0, ("a", "0"), 180)]);
    world.run(5 * SECOND);
    world.publisher(publisher).no_repeats = true;
    world.links[publisher] = Link { loss_up: 20.0, ..Link::default() };
    assert!(world.run_until(LONG, |world| times_told(world) > 0));
    world.run_ms(200);
    world.links[publisher] = Link::default();
    // What is lost is given up by now, and the lowest has a keyframe again.
    world.run(4 * SECOND);
    let plis = world.publisher(publisher).plis.len();
    world.run(2 * LONG);
    assert_eq!(world.publisher(publisher).plis.len(), plis);
}

#[test]
fn who_does_not_heed_it_serves_its_viewers_as_before() {
    let mut world = World::new(145);
    let publisher = publish(&mut world, "a", 1);
    world.publisher(publisher).heeds_switches = false;
    let viewer = world.look("room", "b", (1, 0));
    world.arrange(viewer, &[(0, ("a", "0"), 180)]);
    world.run(LONG + SECOND);
    assert_eq!(told(&world, publisher), Some(vec!["q".to_owned()]));
    let stats = world.stats();
    assert_eq!(stats.inbound.iter().map(|stream| stream.saved_bps()).sum::<u64>(), 0, "nothing is saved");
    assert!(stats.inbound.iter().any(|stream| stream.switch == SwitchState::Off { heeded: false }));
    world.arrange(viewer, &[(0, ("a", "0"), 720)]);
    let from = world.now;
    world.run(2 * SECOND);
    let took = shown(&mut world, viewer, 2, from);
    assert!(took < Duration::from_millis(150), "{took:?}");
    world.assert_told();
}

#[test]
fn who_cannot_be_told_or_has_one_encoding_is_left_alone() {
    let mut world = World::new(146);
    world.publish("room", "whip", Publishing { rids: vec!["q", "h", "f"], ..Publishing::camera(1) });
    world.meet_sending("room", "one", Publishing::with_sound(2));
    world.run(3 * LONG);
    assert_eq!(times_told(&world), 0);
}

#[test]
fn a_mute_switches_nothing_and_a_new_connection_sends_all_again() {
    let mut world = World::new(147);
    let publisher = publish(&mut world, "a", 1);
    let viewer = world.look("room", "b", (1, 0));
    world.arrange(viewer, &[(0, ("a", "0"), 720)]);
    world.run(LONG);
    assert_eq!(told(&world, publisher).unwrap(), ["q", "f"]);
    world.mute(publisher, "0", Muting::Muted);
    world.run(2 * LONG);
    assert_eq!(times_told(&world), 1);
    world.mute(publisher, "0", Muting::Unmuted);
    world.run(SECOND);
    assert_eq!(height(&world, viewer), Some(720));
    let again = publish(&mut world, "a", 2);
    world.run(SECOND);
    assert_eq!((height(&world, viewer), told(&world, again)), (Some(720), None));
    world.run(LONG);
    assert_eq!(told(&world, again).unwrap(), ["q", "f"]);
    world.assert_sound();
    world.assert_told();
}

#[test]
fn a_viewer_on_another_shard_is_somebody() {
    let mut world = World::with_shards(148, 2);
    world.place = Some(0);
    let publisher = publish(&mut world, "a", 1);
    world.place = Some(1);
    let viewer = world.look("room", "b", (1, 0));
    world.arrange(viewer, &[(0, ("a", "0"), 720)]);
    world.run(LONG);
    assert_eq!(told(&world, publisher).unwrap(), ["q", "f"]);
    assert_eq!(height(&world, viewer), Some(720));
    for (wanted, rids) in [(180, vec!["q"]), (720, vec!["q", "f"]), (360, vec!["q", "h"])] {
        world.arrange(viewer, &[(0, ("a", "0"), wanted)]);
        let from = world.now;
        world.run(LONG);
        assert_eq!(told(&world, publisher).unwrap(), rids);
        assert_eq!(height(&world, viewer), Some(wanted));
        let took = shown(&mut world, viewer, (wanted / 360) as u8, from);
        assert!(took < Duration::from_millis(250), "{took:?}");
    }
    world.close(viewer);
    world.run(LONG);
    assert_eq!(told(&world, publisher).unwrap(), ["q"]);
    world.assert_sound();
}
