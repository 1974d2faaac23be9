//! Browsers in a room, each publishing and watching over one transport.

use std::time::Duration;

use sfu_core::event::Event;
use sfu_core::id::MediaKind::{Audio, Video};

use crate::publisher::Publishing;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn people_hear_each_other_over_one_transport_each() {
    let mut world = World::new(60);
    let [a, b] = [1, 2].map(|mark| world.meet("room", &format!("p{mark}"), Publishing::with_sound(mark), 2));
    let silent = world.meet("room", "p3", Publishing::nothing(), 2);
    world.run(4 * SECOND);
    assert_eq!(world.viewer(a).slot(Audio, 0).publishers(), [2]);
    assert_eq!(world.viewer(b).slot(Audio, 0).publishers(), [1]);
    assert_eq!(world.viewer(silent).slot(Audio, 0).publishers(), [1]);
    assert_eq!(world.viewer(silent).slot(Audio, 1).publishers(), [2]);
    assert_eq!(world.viewer(a).slot(Video, 0).packets, 0, "no picture without a layout");
    world.assert_sound();
}

#[test]
fn people_see_each_other_once_their_layouts_say_so() {
    let mut world = World::new(63);
    let what = |mark| Publishing { rids: vec!["q", "h", "f"], ..Publishing::with_sound(mark) };
    let [a, b] = [1, 2].map(|mark| world.meet("room", &format!("p{mark}"), what(mark), 1));
    world.lay_out(a, &[Some(("p2", "1"))]);
    world.lay_out(b, &[Some(("p1", "1"))]);
    for client in [a, b] {
        world.links[client].loss_up = 2.0;
        world.links[client].loss_down = 2.0;
    }
    world.run(5 * SECOND);
    for (client, other) in [(a, 2), (b, 1)] {
        assert_eq!(world.viewer(client).video().publishers(), [other]);
        assert!(world.viewer(client).video().longest_freeze() < Duration::from_millis(500));
        let publisher = world.publisher(client);
        assert!(publisher.packets_repeated > 0, "{} asked for", publisher.packets_nacked);
        assert_eq!(world.publisher(client).reported_on.len(), 4, "three encodings and a microphone");
    }
    world.assert_sound();
}

#[test]
fn an_answer_tells_what_is_published() {
    let mut world = World::new(61);
    world.meet("room", "p1", Publishing { rids: vec!["q", "h", "f"], ..Publishing::with_sound(1) }, 1);
    let Some(Event::Answered { tracks, .. }) = world.events.first() else { panic!("{:?}", world.events) };
    let told: Vec<_> = tracks.iter().map(|track| (&*track.mid.0, track.kind, track.rids.len())).collect();
    assert_eq!(told, [("0", Audio, 0), ("1", Video, 3)]);
}

/// Both halves of a control chain at once: what it says as a receiver and as a sender.
#[test]
fn feedback_goes_both_ways_over_one_transport() {
    let mut world = World::new(62);
    let meet = world.meet("room", "p1", Publishing::with_sound(1), 1);
    world.publish("room", "p2", Publishing::with_sound(2));
    let viewer = world.watch("room", (1, 0), &["p1"]);
    world.links[meet].loss_up = 5.0;
    world.run(6 * SECOND);
    let publisher = world.publisher(meet);
    assert!(publisher.packets_nacked > 10 && publisher.packets_repeated > 10, "{}", publisher.packets_nacked);
    assert!(!publisher.plis.is_empty() && publisher.twcc_reports > 30, "{}", publisher.twcc_reports);
    assert_eq!(publisher.reported_on.iter().copied().collect::<Vec<_>>(), [1_000, 1_100], "its streams, no slots");
    let slot = world.viewer(meet).stream(Audio, 0);
    assert_eq!(slot.receiver.publishers(), [2]);
    assert!(slot.reports.len() >= 4 && slot.cname.is_some(), "{}", slot.reports.len());
    assert!(world.viewer(viewer).video().longest_freeze() < Duration::from_millis(400));
    world.assert_sound();
}
