//! What an operator allows is known where the participants are: from their first moment on, after each change, and to nobody
//! else.

use sfu_core::bitrate::{Caps, RoomCaps};
use sfu_core::command::Command;
use sfu_core::id::{Identity, RoomName};

use crate::client::Role;
use crate::publisher::{Publisher, Publishing};
use crate::world::World;

fn subscribe(bps: u64) -> Caps {
    Caps { subscribe_max_bps: Some(bps), ..Caps::default() }
}

fn of_room(participant: Caps) -> RoomCaps {
    RoomCaps { participant, ..RoomCaps::default() }
}

/// Somebody whose caps come with the join.
fn join(world: &mut World, room: &str, identity: &str, (room_caps, caps): (RoomCaps, Caps)) -> usize {
    let what = Publishing::camera(1);
    let (style, sections) = (what.style, what.sections());
    let role = Role::publisher(Publisher::new(world.start, what));
    world.join(room, identity, role, (style, sections), |join| {
        Command::Publish(sfu_core::command::Join { room_caps, caps, ..join })
    })
}

fn caps(world: &mut World) -> Vec<(String, String, Caps)> {
    let transports = world.stats().transports.into_iter();
    let mut caps: Vec<_> = transports.map(|it| (it.room.to_string(), it.identity.to_string(), it.caps)).collect();
    caps.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    caps
}

fn cap_room(world: &mut World, room: &str, caps: RoomCaps) {
    let request = world.request();
    world.command(Command::CapRoom { request, room: RoomName::new(room).unwrap(), caps });
}

fn cap_participant(world: &mut World, room: &str, identity: &str, caps: Caps) {
    let (room, identity) = (RoomName::new(room).unwrap(), Identity::new(identity).unwrap());
    let request = world.request();
    world.command(Command::CapParticipant { request, room, identity, caps });
}

#[test]
fn caps_come_with_the_join_and_a_participants_own_go_before_the_rooms() {
    let mut world = World::new(70);
    let room = of_room(Caps { video_max_height: Some(360), ..subscribe(800_000) });
    join(&mut world, "capped", "a", (room, Caps::default()));
    join(&mut world, "capped", "b", (room, subscribe(2_000_000)));
    join(&mut world, "free", "a", (RoomCaps::default(), Caps::default()));
    let own = Caps { video_max_height: Some(360), ..subscribe(2_000_000) };
    let known = [("capped", "a", room.participant), ("capped", "b", own), ("free", "a", Caps::default())];
    assert_eq!(caps(&mut world), known.map(|(room, who, caps)| (room.to_owned(), who.to_owned(), caps)));
}

#[test]
fn a_change_reaches_those_it_concerns_on_every_shard_and_nobody_else() {
    let mut world = World::with_shards(71, 2);
    for (room, identity) in [("one", "a"), ("one", "b"), ("other", "a")] {
        join(&mut world, room, identity, (RoomCaps::default(), Caps::default()));
    }
    let bps = |world: &mut World| caps(world).into_iter().map(|it| it.2.subscribe_max_bps).collect::<Vec<_>>();
    cap_room(&mut world, "one", of_room(subscribe(500_000)));
    assert_eq!(bps(&mut world), [Some(500_000), Some(500_000), None]);
    cap_participant(&mut world, "one", "a", subscribe(200_000));
    assert_eq!(bps(&mut world), [Some(200_000), Some(500_000), None]);
    cap_room(&mut world, "one", RoomCaps::default());
    cap_participant(&mut world, "one", "nobody", subscribe(1_000));
    assert_eq!(bps(&mut world), [Some(200_000), None, None]);
    cap_participant(&mut world, "one", "a", Caps::default());
    assert_eq!(bps(&mut world), [None, None, None]);
}

#[test]
fn a_cleared_room_caps_nobody_on_any_shard_and_leaves_others_alone() {
    let mut world = World::with_shards(73, 2);
    let room = of_room(subscribe(800_000));
    for (name, identity) in [("one", "a"), ("one", "b"), ("one", "c"), ("other", "a")] {
        join(&mut world, name, identity, (room, subscribe(300_000)));
    }
    let request = world.request();
    world.command(Command::UncapRoom { request, room: RoomName::new("one").unwrap() });
    let bps: Vec<_> = caps(&mut world).into_iter().map(|it| it.2.subscribe_max_bps).collect();
    assert_eq!(bps, [None, None, None, Some(300_000)]);
}

#[test]
fn of_a_room_and_a_participant_that_are_gone_nothing_is_kept() {
    let mut world = World::new(72);
    let everything = (of_room(subscribe(500_000)), subscribe(200_000));
    let first = join(&mut world, "room", "a", everything);
    world.close(first);
    cap_room(&mut world, "room", everything.0);
    assert_eq!(world.stats().rooms, 0);
    join(&mut world, "room", "a", (RoomCaps::default(), Caps::default()));
    assert_eq!(caps(&mut world), [("room".to_owned(), "a".to_owned(), Caps::default())]);
}
