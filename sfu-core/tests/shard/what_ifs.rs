//! What somebody supposes is answered as it would be, on every shard of a room, and changes nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use sfu_core::bitrate::{Caps, RoomCaps};
use sfu_core::command::Command;
use sfu_core::event::{Event, LimitedBy};
use sfu_core::id::{Identity, MediaKind, RoomName};
use sfu_core::why::{Forecast, Picture};

use crate::whys::{camera, cap, cap_room, subscribe};
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

/// Two who publish, and three who look at them at different sizes.
fn scene(seed: u8, shards: usize) -> World {
    let mut world = World::with_shards(seed, shards);
    for (place, name) in ["a", "b"].into_iter().enumerate() {
        world.meet_sending("room", name, camera(1 + place as u8));
    }
    for (name, heights) in [("v", [720, 720]), ("w", [720, 180]), ("x", [360, 180])] {
        let viewer = world.look("room", name, (2, 2));
        world.arrange(viewer, &[(0, ("a", "1"), heights[0]), (1, ("b", "1"), heights[1])]);
    }
    world.run(6 * SECOND);
    world
}

fn forecasts(world: &mut World, caps: RoomCaps, participants: &[(&str, Caps)]) -> Vec<Forecast> {
    let participants: BTreeMap<Identity, Caps> =
        participants.iter().map(|(name, caps)| (Identity::new(name).unwrap(), *caps)).collect();
    let request = world.request();
    let before = world.events.len();
    world.command(Command::WhatIf { request, room: RoomName::new("room").unwrap(), caps, participants });
    let mut all = Vec::new();
    for event in world.events.drain(before..) {
        let Event::Forecast { forecasts, .. } = event else { panic!("{event:?}") };
        all.extend(forecasts);
    }
    all.sort_by_key(|forecast| forecast.transport);
    all
}

type Given = (Option<u16>, Option<LimitedBy>);

/// What each viewer would be given.
fn supposed(forecasts: &[Forecast]) -> Vec<(String, Vec<Given>, Option<u64>)> {
    let height = |picture: &Picture| match picture {
        Picture::Layer { height, .. } => *height,
        Picture::Paused | Picture::Nothing => None,
    };
    let one = |it: &Forecast| {
        let slots = it.slots.iter().map(|slot| (height(&slot.then), slot.limited_by)).collect();
        (it.identity.to_string(), slots, it.budget_bps)
    };
    forecasts.iter().filter(|it| !it.slots.is_empty()).map(one).collect()
}

/// What each viewer is given.
fn given(world: &mut World) -> Vec<(String, Vec<Given>, Option<u64>)> {
    let stats = world.stats();
    let mut transports = stats.transports;
    transports.sort_by_key(|it| it.id);
    let slots = |id| {
        let slots = stats.outbound.iter().filter(move |it| it.transport == id && it.kind == MediaKind::Video);
        slots.map(|it| (it.target.as_ref().and_then(|target| target.height), it.limited_by)).collect::<Vec<_>>()
    };
    let all = transports.iter().map(|it| (it.identity.to_string(), slots(it.id), it.sending.budget_bps));
    all.filter(|it| !it.1.is_empty()).collect()
}

fn egress(bps: u64) -> RoomCaps {
    RoomCaps { room_egress_max_bps: Some(bps), ..RoomCaps::default() }
}

/// Budgets that are shares move with what pictures cost.
fn agree(supposed: &[(String, Vec<Given>, Option<u64>)], given: &[(String, Vec<Given>, Option<u64>)]) {
    let without_shares = |all: &[(String, Vec<Given>, Option<u64>)]| -> Vec<(String, Vec<Given>)> {
        all.iter().map(|(name, slots, _)| (name.clone(), slots.clone())).collect()
    };
    assert_eq!(without_shares(supposed), without_shares(given));
    for ((name, _, supposed), (_, _, given)) in supposed.iter().zip(given) {
        let (Some(supposed), Some(given)) = (supposed, given) else {
            assert_eq!(supposed, given, "{name}");
            continue;
        };
        assert!(supposed.abs_diff(*given) <= given / 20, "{name}: {supposed} was supposed, {given} is");
    }
}

#[test]
fn what_is_answered_is_what_comes_of_it() {
    for (seed, shards) in [(130, 1), (131, 2)] {
        let mut world = scene(seed, shards);
        let height = Caps { video_max_height: Some(360), ..subscribe(600_000) };
        for (room, own) in [
            (RoomCaps { participant: subscribe(400_000), ..RoomCaps::default() }, vec![]),
            (RoomCaps { participant: height, ..egress(1_200_000) }, vec![]),
            (egress(900_000), vec![("v", subscribe(250_000))]),
            (egress(250_000), vec![]),
            (RoomCaps::default(), vec![("v", subscribe(2_000_000)), ("w", subscribe(100_000))]),
            (RoomCaps::default(), vec![("v", Caps::default()), ("w", Caps::default())]),
        ] {
            let supposed = supposed(&forecasts(&mut world, room, &own));
            cap_room(&mut world, room);
            own.iter().for_each(|(name, caps)| cap(&mut world, name, *caps));
            world.run(2 * SECOND);
            agree(&supposed, &given(&mut world));
        }
        world.assert_sound();
    }
}

#[test]
fn nothing_changes() {
    let mut world = scene(132, 1);
    cap_room(&mut world, egress(900_000));
    world.run(SECOND);
    let state = |world: &World| format!("{:?}", world.shards[0]);
    let before = state(&world);
    let told = forecasts(&mut world, egress(250_000), &[("v", subscribe(100_000))]);
    assert!(told.iter().any(|it| it.slots.iter().any(|slot| slot.now != slot.then)), "{told:?}");
    assert!(before == state(&world), "somebody asked, and something is not as it was");
}

#[test]
fn of_a_room_that_is_not_there_nothing_would_come() {
    let mut world = World::new(133);
    assert_eq!(forecasts(&mut world, egress(250_000), &[]), []);
}
