//! Who went silent is told once, and once more when it is back; nobody who is merely quiet is taken for gone.

use std::time::Duration;

use sfu_core::event::Event;
use sfu_core::id::TransportId;
use sfu_core::limits::SILENT_AFTER;

use crate::publisher::Publishing;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);
/// Firefox checks this seldom.
const SELDOM: Duration = Duration::from_secs(5);
const NEVER: Duration = Duration::from_secs(1_000);

#[derive(Debug, PartialEq, Eq)]
enum Told {
    Silent(u64),
    Heard(u64),
}

fn told(world: &World) -> Vec<Told> {
    let told = world.events.iter().filter_map(|event| match event {
        Event::Silent { transport: TransportId(id) } => Some(Told::Silent(*id)),
        Event::Heard { transport: TransportId(id) } => Some(Told::Heard(*id)),
        _ => None,
    });
    told.collect()
}

#[test]
fn a_tab_that_is_closed_is_missed_once_within_seconds_and_heard_when_it_is_back() {
    let mut world = World::new(1);
    let gone = world.meet_sending("room", "a", Publishing::with_sound(1));
    let viewer = world.meet_receiving("room", "b", (0, 1));
    world.run(20 * SECOND);
    assert_eq!(told(&world), []);
    world.clients[gone].dead = true;
    let since = world.now;
    assert!(world.run_until(10 * SECOND, |world| !told(world).is_empty()));
    let delay = world.links[gone].delay;
    assert!(
        (SILENT_AFTER - 2 * delay..SILENT_AFTER + SECOND / 10).contains(&(world.now - since)),
        "{:?}",
        world.now - since
    );
    world.run(15 * SECOND);
    assert_eq!(told(&world), [Told::Silent(gone as u64)], "once, and nobody else");
    assert_eq!(world.closed(gone), None);
    world.clients[gone].dead = false;
    world.run(SECOND);
    assert_eq!(told(&world), [Told::Silent(gone as u64), Told::Heard(gone as u64)]);
    world.clients[viewer].dead = true;
    world.run(10 * SECOND);
    assert_eq!(told(&world)[2..], [Told::Silent(viewer as u64)]);
}

#[test]
fn media_goes_on_towards_a_silent_peer() {
    let mut world = World::new(2);
    world.meet_sending("room", "a", Publishing::with_sound(1));
    let viewer = world.meet_receiving("room", "b", (0, 1));
    world.run(SECOND);
    world.links[viewer].loss_up = 100.0;
    world.run(12 * SECOND);
    assert_eq!(told(&world), [Told::Silent(viewer as u64)]);
    assert!(world.viewer(viewer).audio().longest_freeze() < SECOND / 10);
}

#[test]
fn a_browser_that_receives_nothing_and_checks_seldom_is_not_missed() {
    let mut world = World::new(3);
    let viewer = world.meet_receiving("room", "b", (1, 1));
    world.clients[viewer].check_interval = SELDOM;
    world.run(60 * SECOND);
    assert_eq!(told(&world), []);
}

#[test]
fn data_alone_is_a_sign_of_life() {
    let mut world = World::new(4);
    let viewer = world.meet_receiving("room", "b", (1, 1));
    world.run(SECOND);
    world.clients[viewer].check_interval = NEVER;
    world.run(4 * SECOND);
    for _ in 0..4 {
        let now = world.now;
        world.clients[viewer].peer.as_mut().unwrap().send(now, b"data");
        world.run(SELDOM);
        assert_eq!(told(&world), []);
    }
    world.run(SELDOM);
    assert_eq!(told(&world), [Told::Silent(viewer as u64)]);
}

#[test]
fn what_others_send_in_its_name_is_no_sign_of_life() {
    let mut world = World::new(6);
    let gone = world.meet_sending("room", "a", Publishing::with_sound(1));
    world.run(SECOND);
    world.tap = Some(vec![]);
    world.run(SECOND);
    world.clients[gone].dead = true;
    let overheard = world.tap.take().unwrap();
    for (from, datagram) in overheard.into_iter().filter(|(_, datagram)| datagram[0] >= 20).take(20) {
        world.run(SECOND / 2);
        world.inject(from, datagram.clone());
        world.inject(from, [&datagram[..40], &[0; 40]].concat());
    }
    assert_eq!(told(&world), [Told::Silent(gone as u64)]);
}

#[test]
fn clients_without_a_socket_are_not_asked_after() {
    let mut world = World::new(5);
    let publisher = world.publish("room", "a", Publishing::camera(1));
    let viewer = world.watch("room", (1, 0), &[]);
    world.run(SECOND);
    world.clients[publisher].dead = true;
    world.clients[viewer].dead = true;
    world.run(15 * SECOND);
    assert_eq!(told(&world), []);
}
