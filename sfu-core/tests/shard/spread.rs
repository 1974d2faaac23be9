//! A room that is on several shards serves everybody what it would serve on one.

use std::collections::BTreeSet;
use std::time::Duration;

use sfu_core::command::Muting::{Muted, Unmuted};
use sfu_core::event::{CloseReason, Event};
use sfu_core::id::MediaKind::{Audio, Video};
use sfu_core::id::ShardId;

use crate::marks::Mark;
use crate::publisher::Publishing;
use crate::world::{Link, World};

const SECOND: Duration = Duration::from_secs(1);
const SILENT: u8 = 127;

fn simulcast(mark: u8) -> Publishing {
    Publishing { rids: vec!["q", "h", "f"], ..Publishing::with_sound(mark) }
}

/// What every slot of every viewer received; without sounds where there is loss, which nobody asks repeats of them for.
fn served(world: &World) -> Vec<(usize, BTreeSet<Mark>)> {
    let viewers =
        world.clients.iter().enumerate().filter_map(|(place, client)| Some((place, client.role.viewer.as_ref()?)));
    let is_lossless = world.sent_into_nothing == 0;
    let streams =
        viewers.flat_map(|(place, viewer)| viewer.streams.iter().map(move |stream| (place, &stream.receiver)));
    let compared = streams.filter(|(_, receiver)| is_lossless || receiver.kind == Video);
    compared.map(|(place, receiver)| (place, receiver.marks.clone())).collect()
}

/// Runs a script on one shard, on two and on three: everybody is served the same.
fn the_same_on_any_number_of_shards(script: impl Fn(&mut World)) {
    let run = |shards| {
        let mut world = World::with_shards(1, shards);
        world.unestimated = true;
        script(&mut world);
        world.assert_sound();
        for shard in 0..shards {
            assert_eq!(world.stats_of(shard).counters.relay_packets_dropped, 0);
        }
        world
    };
    let alone = run(1);
    let expected = served(&alone);
    assert!(expected.iter().filter(|(_, marks)| marks.len() > 100).count() >= 2, "nobody saw anything");
    for shards in [2, 3] {
        let mut world = run(shards);
        let copies: u64 = (0..shards).map(|shard| world.stats_of(shard).counters.relay_packets_received).sum();
        assert!(copies > 100, "{copies} packets crossed");
        for (place, ((client, marks), (_, expected))) in served(&world).iter().zip(&expected).enumerate() {
            let lacking: Vec<_> = expected.difference(marks).take(3).collect();
            let added: Vec<_> = marks.difference(expected).take(3).collect();
            assert!(
                lacking.is_empty() && added.is_empty(),
                "{shards} shards, client {client}, slot {place} of all: {} instead of {}; lacks {lacking:?}, has {added:?}",
                marks.len(),
                expected.len(),
            );
        }
    }
}

#[test]
fn viewers_of_a_lossy_publisher_get_the_same_packets() {
    the_same_on_any_number_of_shards(|world| {
        let publisher = world.publish("room", "a", simulcast(1));
        let viewers: Vec<usize> = (0..4).map(|_| world.watch("room", (1, 1), &[])).collect();
        world.run(2 * SECOND);
        world.links[publisher] = Link { loss_up: 8.0, ..Link::default() };
        for viewer in &viewers {
            world.links[*viewer] = Link { loss_down: 8.0, ..Link::default() };
        }
        world.run(4 * SECOND);
        for client in std::iter::once(&publisher).chain(&viewers) {
            world.links[*client] = Link::default();
        }
        world.run(SECOND);
        for viewer in viewers {
            let video = world.viewer(viewer).video();
            assert!(video.repaired > 5 && video.skips() == 0, "{} repaired, {}", video.repaired, video.skips());
        }
    });
}

#[test]
fn who_comes_later_has_a_keyframe_asked_for_across_shards() {
    the_same_on_any_number_of_shards(|world| {
        let publisher = world.publish("room", "a", Publishing::with_sound(1));
        world.run_ms(3_010);
        let plis = world.publisher(publisher).plis.len();
        let viewers: Vec<usize> = (0..3).map(|_| world.watch("room", (1, 1), &[])).collect();
        world.run(SECOND);
        assert_eq!(world.publisher(publisher).plis.len(), plis + 1, "one for all");
        for viewer in viewers {
            let (at, first) = world.viewer(viewer).video().first.unwrap();
            assert!(first.key && at - world.start < Duration::from_millis(3_400), "{:?}", at - world.start);
        }
        world.run(SECOND);
    });
}

#[test]
fn a_publisher_that_cannot_be_asked_for_keyframes_is_joined_from_its_last_one() {
    the_same_on_any_number_of_shards(|world| {
        world.publish("room", "a", Publishing::encoder(1, 120));
        world.watch("room", (1, 1), &[]);
        world.run_ms(2_500);
        let late: Vec<usize> = (0..2).map(|_| world.watch("room", (1, 1), &[])).collect();
        world.run(SECOND);
        for viewer in late {
            let (at, first) = world.viewer(viewer).video().first.unwrap();
            assert!(first.key && at - world.start < Duration::from_millis(2_700), "{:?}", at - world.start);
        }
        world.run(3 * SECOND);
    });
}

#[test]
fn a_tile_that_grows_changes_its_encoding_across_shards() {
    the_same_on_any_number_of_shards(|world| {
        world.publish("room", "a", simulcast(1));
        let viewers: Vec<usize> = (0..3).map(|place| world.look("room", &format!("b{place}"), (1, 1))).collect();
        for (viewer, height) in viewers.iter().zip([180, 360, 720]) {
            world.arrange(*viewer, &[(0, ("a", "1"), height)]);
        }
        world.run(3 * SECOND);
        for (viewer, height) in viewers.iter().zip([720, 180, 180]) {
            world.arrange(*viewer, &[(0, ("a", "1"), height)]);
        }
        world.run(3 * SECOND);
        let seen = |world: &mut World, viewer: usize| {
            let mut seen: Vec<u8> = world.viewer(viewer).video().frames.iter().map(|it| it.mark.encoding).collect();
            seen.dedup();
            seen
        };
        assert_eq!(seen(world, viewers[0]).last(), Some(&2));
        assert_eq!(seen(world, viewers[2]).last(), Some(&0));
    });
}

#[test]
fn what_is_muted_on_one_shard_is_muted_on_all() {
    the_same_on_any_number_of_shards(|world| {
        let publisher = world.meet_sending("room", "a", Publishing::with_sound(1));
        let viewers: Vec<usize> = (0..3).map(|place| world.look("room", &format!("b{place}"), (1, 1))).collect();
        for viewer in &viewers {
            world.arrange(*viewer, &[(0, ("a", "1"), 720)]);
        }
        world.run(2 * SECOND);
        for track in ["1", "0"] {
            world.mute(publisher, track, Muted);
        }
        world.run_ms(100);
        let seen: Vec<u64> = viewers.iter().map(|it| world.viewer(*it).video().packets).collect();
        world.run(SECOND);
        for (viewer, seen) in viewers.iter().zip(seen) {
            assert_eq!(world.viewer(*viewer).video().packets, seen);
            assert_eq!(world.state(*viewer, 0), sfu_core::stats::SlotState::Muted);
        }
        for track in ["1", "0"] {
            world.mute(publisher, track, Unmuted);
        }
        world.run(2 * SECOND);
        for viewer in viewers {
            assert_eq!(world.state(viewer, 0), sfu_core::stats::SlotState::Live);
            assert_eq!(world.viewer(viewer).video().skips(), 0);
        }
    });
}

#[test]
fn a_publisher_who_leaves_and_returns_is_shown_again_everywhere() {
    the_same_on_any_number_of_shards(|world| {
        let viewers: Vec<usize> = (0..3).map(|_| world.watch("room", (2, 2), &["a", "b"])).collect();
        let a = world.publish("room", "a", Publishing::with_sound(1));
        world.publish("room", "b", Publishing::with_sound(2));
        world.run(2 * SECOND);
        world.close(a);
        world.run(SECOND);
        world.publish("room", "a", Publishing { first_ssrc: 5_000, ..Publishing::with_sound(3) });
        world.run(2 * SECOND);
        for viewer in viewers {
            assert_eq!(world.viewer(viewer).slot(Video, 0).publishers(), [1, 3]);
            assert_eq!(world.viewer(viewer).slot(Video, 1).publishers(), [2]);
        }
    });
}

#[test]
fn the_same_people_are_heard_and_named_as_speakers() {
    let told = std::cell::RefCell::new(vec![]);
    the_same_on_any_number_of_shards(|world| {
        let people: Vec<usize> =
            (1..=5).map(|mark| world.publish("room", &format!("p{mark}"), Publishing::with_sound(mark))).collect();
        for _ in 0..3 {
            world.watch("room", (1, 2), &[]);
        }
        for turn in 0..4 {
            for (place, client) in people.iter().enumerate() {
                let speaks = place == turn || place == (turn + 2) % 5;
                world.publisher(*client).level = if speaks { 30 + 5 * place as u8 } else { SILENT };
            }
            world.run(3 * SECOND);
        }
        let mut speakers: Vec<_> = world
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Speakers { speakers, .. } => Some(speakers.clone()),
                _ => None,
            })
            .collect();
        speakers.dedup();
        told.borrow_mut().push(speakers);
    });
    let told = told.into_inner();
    let floor = |told: &Vec<sfu_core::event::Speakers>| {
        let mut holders: Vec<_> = told.iter().filter_map(|it| it.dominant.clone()).collect();
        holders.dedup();
        holders
    };
    assert!(floor(&told[0]).len() >= 4, "{:?}", floor(&told[0]));
    assert!(told.iter().all(|it| floor(it) == floor(&told[0])), "{:#?}", told.iter().map(floor).collect::<Vec<_>>());
}

#[test]
fn browsers_meet_across_shards() {
    the_same_on_any_number_of_shards(|world| {
        let people: Vec<usize> =
            (1..=4).map(|mark| world.meet("room", &format!("p{mark}"), simulcast(mark), 3)).collect();
        let names = ["p1", "p2", "p3", "p4"];
        for (place, client) in people.iter().enumerate() {
            let others: Vec<_> =
                names.iter().filter(|name| **name != names[place]).map(|name| Some((*name, "1"))).collect();
            world.lay_out(*client, &others);
        }
        world.run(3 * SECOND);
        for client in &people {
            for slot in 0..3 {
                assert!(world.viewer(*client).slot(Video, slot).longest_freeze() < Duration::from_millis(500));
                assert!(world.viewer(*client).slot(Audio, slot).packets > 100);
            }
        }
    });
}

#[test]
fn lips_keep_together_across_shards() {
    let mut world = World::with_shards(2, 2);
    world.publish("room", "a", Publishing::with_sound(1));
    let there = world.watch("room", (1, 1), &[]);
    world.run(6 * SECOND);
    for kind in [Audio, Video] {
        assert!(world.viewer(there).stream(kind, 0).reports.len() >= 4, "{kind:?}");
    }
}

#[test]
fn the_newest_holder_of_a_name_keeps_it_on_whichever_shard() {
    let mut world = World::with_shards(3, 2);
    let first = world.publish("room", "a", Publishing::with_sound(1));
    let second = world.publish("room", "a", Publishing::with_sound(2));
    assert_eq!((world.closed(first), world.closed(second)), (Some(CloseReason::Replaced), None));
    let viewers: Vec<usize> = (0..2).map(|_| world.watch("room", (1, 1), &["a"])).collect();
    world.run(SECOND);
    for viewer in viewers {
        assert_eq!(world.viewer(viewer).video().publishers(), [2]);
    }
    world.assert_sound();
}

#[test]
fn pictures_cross_only_to_where_somebody_sees_them() {
    let mut world = World::with_shards(4, 2);
    let hears = |world: &mut World| world.stats_of(1).counters.relay_packets_received;
    world.place = Some(0);
    world.publish("room", "a", simulcast(1));
    world.place = Some(1);
    let there = world.look("room", "b", (1, 1));
    world.run(2 * SECOND);
    let sounds = hears(&mut world);
    assert!((80..=110).contains(&sounds), "{sounds} packets of sound in 2 s");
    world.arrange(there, &[(0, ("a", "1"), 720)]);
    world.run(2 * SECOND);
    let both = hears(&mut world) - sounds;
    assert!(both > 400, "{both}");
    assert!(world.viewer(there).video().frames.len() > 50);
    world.arrange(there, &[]);
    world.run_ms(100);
    let before = hears(&mut world);
    world.run(2 * SECOND);
    let after = hears(&mut world) - before;
    assert!((90..=110).contains(&after), "{after}");
    world.assert_sound();
}

#[test]
fn a_shard_that_stands_still_goes_on_at_a_keyframe_and_what_it_missed_is_counted() {
    let mut world = World::with_shards(5, 2);
    world.place = Some(0);
    let publisher =
        world.publish("room", "a", Publishing { packets: (40, 20), packet_bytes: 1_000, ..Publishing::with_sound(1) });
    world.place = Some(1);
    let viewer = world.watch("room", (1, 1), &[]);
    world.run(2 * SECOND);
    world.apart = true;
    world.run(6 * SECOND);
    let plis = world.publisher(publisher).plis.len();
    world.apart = false;
    world.run(2 * SECOND);
    let dropped = world.stats_of(0).counters.relay_packets_dropped;
    assert!(dropped > 1_000, "{dropped} packets of 3,600");
    assert!(world.publisher(publisher).plis.len() > plis);
    let last = *world.viewer(viewer).video().frames.last().unwrap();
    assert!(world.now - last.at < Duration::from_millis(100) && last.mark.frame > 280, "{last:?}");
    world.assert_sound();
}

#[test]
fn a_shard_that_is_lost_takes_its_own_people_alone() {
    let mut world = World::with_shards(6, 2);
    let here = world.publish("room", "a", Publishing::with_sound(1));
    let there = world.publish("room", "b", Publishing::with_sound(2));
    let viewer = world.watch("room", (2, 2), &[]);
    world.run(2 * SECOND);
    assert_eq!(world.viewer(viewer).slot(Video, 1).publishers(), [2]);
    world.apart = true;
    let now = world.now;
    world.shards[0].handle_shard_lost(now, ShardId(1));
    world.run(2 * SECOND);
    assert_eq!((world.closed(here), world.closed(there)), (None, None));
    let seen = |world: &mut World, slot| world.viewer(viewer).slot(Video, slot).frames.last().unwrap().at;
    assert!(seen(&mut world, 0) > now + SECOND && seen(&mut world, 1) < now + SECOND / 10);
    assert_eq!(world.stats_of(0).inbound.len(), 2, "a camera and a microphone");
    world.assert_sound();
}

#[test]
fn nothing_is_left_of_a_room_that_is_over() {
    let mut world = World::with_shards(7, 3);
    let mut everybody: Vec<usize> =
        (1..=3).map(|mark| world.publish("room", &format!("p{mark}"), simulcast(mark))).collect();
    everybody.extend((0..3).map(|_| world.watch("room", (3, 3), &[])));
    world.run(2 * SECOND);
    // The second shard's people go and come back, then all go.
    world.close(everybody[1]);
    world.close(everybody[4]);
    world.run_ms(500);
    assert_eq!(world.stats_of(1).rooms, 0);
    world.place = Some(1);
    let back = world.watch("room", (2, 2), &[]);
    world.run(SECOND);
    assert_eq!(world.viewer(back).slot(Video, 0).publishers(), [1]);
    assert_eq!(world.viewer(back).slot(Video, 1).publishers(), [3]);
    for client in everybody.into_iter().chain([back]) {
        if world.closed(client).is_none() {
            world.close(client);
        }
    }
    for shard in 0..3 {
        let stats = world.stats_of(shard);
        assert_eq!((stats.rooms, stats.timers, stats.inbound.len()), (0, 0, 0));
        assert!((0..3).all(|other| !world.shards[shard].has_relay(ShardId(other))));
    }
    world.assert_sound();
}
