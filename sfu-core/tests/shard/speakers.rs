//! The control plane is told who speaks: soon, seldom, and when a speaker leaves.

use std::time::{Duration, Instant};

use sfu_core::event::{Event, Speakers};

use crate::publisher::Publishing;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);
const SILENT: u8 = 127;
const VOICE: u8 = 30;

fn told(world: &World) -> Vec<(Vec<String>, Option<String>)> {
    let names = |speakers: &Speakers| speakers.speaking.iter().map(ToString::to_string).collect::<Vec<_>>();
    let told = world.events.iter().filter_map(|event| match event {
        Event::Speakers { room, speakers } => {
            assert_eq!(room.to_string(), "room");
            Some((names(speakers), speakers.dominant.as_ref().map(ToString::to_string)))
        }
        _ => None,
    });
    told.collect()
}

fn people(world: &mut World, count: u8) -> Vec<usize> {
    let people: Vec<usize> =
        (1..=count).map(|mark| world.publish("room", &format!("p{mark}"), Publishing::with_sound(mark))).collect();
    for place in &people {
        world.publisher(*place).level = SILENT;
    }
    people
}

#[test]
fn who_speaks_is_told_within_a_moment_and_who_has_the_floor_within_a_second() {
    let mut world = World::new(1);
    let people = people(&mut world, 3);
    world.run(2 * SECOND);
    assert_eq!(told(&world), []);
    world.publisher(people[0]).level = VOICE;
    assert!(world.run_until(SECOND / 5, |world| !told(world).is_empty()));
    world.run(2 * SECOND);
    let name = |place: usize| format!("p{}", place + 1);
    assert_eq!(told(&world).last(), Some(&(vec![name(0)], Some(name(0)))));
    world.publisher(people[1]).level = VOICE - 20;
    world.run(SECOND / 2);
    assert_eq!(told(&world).last(), Some(&(vec![name(1), name(0)], Some(name(0)))), "the loudest first");
    world.publisher(people[0]).level = SILENT;
    assert!(world.run_until(SECOND * 13 / 10, |world| told(world).last() == Some(&(vec![name(1)], Some(name(1))))));
    world.publisher(people[1]).level = SILENT;
    world.run(2 * SECOND);
    assert_eq!(told(&world).last(), Some(&(vec![], Some(name(1)))), "the floor is kept through silence");
    let so_far = told(&world).len();
    assert!(so_far <= 7, "{:?}", told(&world));
    world.run(20 * SECOND);
    assert_eq!(told(&world).len(), so_far, "nothing new, nothing told");
    world.assert_sound();
}

#[test]
fn a_speaker_who_leaves_is_no_speaker_any_more() {
    let mut world = World::new(2);
    let people = people(&mut world, 2);
    world.publisher(people[0]).level = VOICE;
    world.run(2 * SECOND);
    assert_eq!(told(&world).last(), Some(&(vec!["p1".into()], Some("p1".into()))));
    world.close(people[0]);
    world.run(SECOND / 2);
    assert_eq!(told(&world).last(), Some(&(vec![], None)));
    world.assert_sound();
}

#[test]
fn one_whose_packets_stop_without_a_word_falls_silent() {
    let mut world = World::new(3);
    let people = people(&mut world, 1);
    world.publisher(people[0]).level = VOICE;
    world.run(2 * SECOND);
    world.clients[people[0]].dead = true;
    world.run(2 * SECOND);
    assert_eq!(told(&world).last(), Some(&(vec![], Some("p1".into()))));
}

#[test]
fn however_they_chatter_it_is_told_five_times_a_second_at_most() {
    let mut world = World::new(4);
    let people = people(&mut world, 6);
    let mut at: Vec<Instant> = vec![];
    for step in 0..400_usize {
        for (place, client) in people.iter().enumerate() {
            let period = 20 + 7 * place;
            world.publisher(*client).level = if step % period < 4 { VOICE } else { SILENT };
        }
        let before = told(&world).len();
        world.run(SECOND / 20);
        at.extend((before..told(&world).len()).map(|_| world.now));
    }
    assert!(at.len() > 20, "{}", at.len());
    for moments in at.windows(6) {
        assert!(moments[5] - moments[0] >= SECOND * 9 / 10, "{moments:?}");
    }
    world.assert_sound();
}
