//! Every way in which a transport ends, and that nothing stays behind.

use std::time::Duration;

use sfu_core::command::Command;
use sfu_core::event::{CloseReason, Event, PatchOutcome};
use sfu_core::limits::{CONSENT_EXPIRY, ICE_START_MAX};

use crate::publisher::Publishing;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

fn assert_empty(world: &mut World) {
    let stats = world.stats();
    assert_eq!((stats.rooms, stats.timers), (0, 0));
    assert!(stats.transports.is_empty() && stats.inbound.is_empty() && stats.outbound.is_empty());
    assert_eq!(stats.counters.transports_opened, stats.counters.transports_closed);
    assert_eq!(world.shards[0].poll_timeout(), None);
}

#[test]
fn closing_says_goodbye_and_leaves_nothing() {
    let mut world = World::new(1);
    let publisher = world.publish("room", "a", Publishing::with_sound(1));
    let viewer = world.watch("room", (1, 1), &[]);
    world.run(2 * SECOND);
    world.close(publisher);
    world.run_ms(100);
    assert_eq!(world.closed(publisher), Some(CloseReason::Requested));
    assert!(world.clients[publisher].said_goodbye && !world.clients[viewer].said_goodbye);
    world.close(viewer);
    world.run_ms(100);
    assert!(world.clients[viewer].said_goodbye);
    assert_empty(&mut world);
    world.assert_sound();
}

#[test]
fn everybody_is_sent_home_at_once() {
    let mut world = World::new(2);
    let places = [
        world.publish("room", "a", Publishing::with_sound(1)),
        world.publish("other", "a", Publishing::encoder(2, 60)),
        world.watch("room", (1, 1), &[]),
        world.watch("other", (2, 2), &[]),
    ];
    world.run(2 * SECOND);
    // One that never connected.
    world.watch("other", (1, 0), &[]);
    world.command(Command::CloseAll);
    world.run_ms(100);
    for place in places {
        assert_eq!(world.closed(place), Some(CloseReason::Requested));
        assert!(world.clients[place].said_goodbye, "transport {place}");
    }
    assert_empty(&mut world);
}

#[test]
fn a_peer_that_says_goodbye_is_gone_at_once() {
    let mut world = World::new(3);
    let publisher = world.publish("room", "a", Publishing::camera(1));
    let viewer = world.watch("room", (1, 0), &[]);
    world.run(SECOND);
    for place in [viewer, publisher] {
        let now = world.now;
        world.clients[place].peer.as_mut().unwrap().close(now);
        world.run_ms(50);
        assert_eq!(world.closed(place), Some(CloseReason::PeerClosed));
        world.clients[place].dead = true;
    }
    assert_empty(&mut world);
}

#[test]
fn consent_expires_and_nobody_waits_for_those_who_never_came() {
    let mut world = World::new(4);
    let publisher = world.publish("room", "a", Publishing::with_sound(1));
    let viewer = world.watch("room", (1, 1), &[]);
    world.run(SECOND);
    let never = world.watch("room", (1, 1), &[]);
    world.clients[never].dead = true;
    world.clients[publisher].dead = true;
    let left = world.now;
    world.run_until(2 * CONSENT_EXPIRY, |world| world.closed(publisher).is_some());
    assert_eq!(world.closed(publisher), Some(CloseReason::ConsentExpired));
    assert!(world.now - left <= CONSENT_EXPIRY && world.now - left > CONSENT_EXPIRY - 3 * SECOND);
    world.run_until(ICE_START_MAX, |world| world.closed(never).is_some());
    assert_eq!(world.closed(never), Some(CloseReason::IceTimeout));
    assert_eq!(world.closed(viewer), None);
    world.clients[viewer].dead = true;
    world.run(2 * CONSENT_EXPIRY);
    assert_empty(&mut world);
}

#[test]
fn ice_restarts_while_media_flows() {
    let mut world = World::new(5);
    let publisher = world.publish("room", "a", Publishing::with_sound(1));
    let viewer = world.watch("room", (1, 1), &[]);
    world.run(2 * SECOND);
    world.restart_ice(viewer, 5_001);
    world.run(2 * SECOND);
    world.restart_ice(publisher, 5_002);
    world.run(40 * SECOND);
    assert_eq!((world.closed(viewer), world.closed(publisher)), (None, None));
    let video = world.viewer(viewer).video();
    assert_eq!(video.skips(), 0);
    assert!(video.longest_freeze() < Duration::from_millis(100), "{:?}", video.longest_freeze());
    world.assert_sound();
}

#[test]
fn a_trickled_fragment_is_acknowledged_and_an_old_one_changes_nothing() {
    let mut world = World::new(6);
    let publisher = world.publish("room", "a", Publishing::camera(1));
    world.run(SECOND);
    let ufrag = world.clients[publisher].ice.ufrag.clone();
    world.patch(publisher, format!("a=ice-ufrag:{ufrag}\r\na=ice-pwd:whatever-it-may-be-now-22\r\n"));
    assert!(matches!(world.events.last(), Some(Event::Patched { outcome: PatchOutcome::Trickled, .. })));
    world.patch(publisher, "a=ice-ufrag:other\r\n".into());
    assert!(matches!(world.events.last(), Some(Event::Rejected { .. })), "{:?}", world.events.last());
    world.run(SECOND);
    assert_eq!(world.closed(publisher), None);
}

#[test]
fn what_is_closed_is_forgotten_however_often_it_happens() {
    let mut world = World::new(7);
    for round in 0..10 {
        let publisher = world.publish("room", "a", Publishing { audio: round % 2 == 0, ..Publishing::camera(1) });
        let viewer = world.watch("room", (1, 1), &[]);
        world.run_ms(400);
        let (first, second) = if round % 3 == 0 { (viewer, publisher) } else { (publisher, viewer) };
        world.close(first);
        world.run_ms(100);
        world.close(second);
        world.run_ms(50);
        assert_empty(&mut world);
    }
}
