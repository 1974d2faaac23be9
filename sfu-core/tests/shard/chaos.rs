//! A room in which everything happens in any order: whoever is left at the end sees and hears, and nothing odd was seen.

use std::time::Duration;

use rand::Rng;
use rand::seq::IndexedRandom;
use sfu_core::stats::SlotState;

use crate::publisher::Publishing;
use crate::world::{Link, World};

const PUBLISHERS_MAX: usize = 4;
const VIEWERS_MAX: usize = 4;
const IDENTITIES: [&str; 3] = ["a", "b", "c"];

struct Chaos {
    world: World,
    mark: u8,
    port: u16,
}

impl Chaos {
    /// Those who are here, publishers or viewers.
    fn here(&self, publishers: bool) -> Vec<usize> {
        let clients = self.world.clients.iter().enumerate();
        let here = clients.filter(|(_, client)| {
            client.closed.is_none() && !client.dead && client.role.publisher.is_some() == publishers
        });
        here.map(|(place, _)| place).collect()
    }

    fn one(&mut self, publishers: bool) -> Option<usize> {
        self.here(publishers).choose(&mut self.world.rng).copied()
    }

    fn publish(&mut self) {
        if self.here(true).len() >= PUBLISHERS_MAX {
            return;
        }
        self.mark += 1;
        let what = match self.world.rng.random_range(0..4) {
            0 => Publishing::encoder(self.mark, 45),
            1 => Publishing { rids: vec!["q", "h"], ..Publishing::with_sound(self.mark) },
            2 => Publishing::camera(self.mark),
            _ => Publishing::with_sound(self.mark),
        };
        let identity = *IDENTITIES.choose(&mut self.world.rng).unwrap();
        self.world.publish("room", identity, what);
    }

    fn watch(&mut self) {
        if self.here(false).len() >= VIEWERS_MAX {
            return;
        }
        let slots = *[(1, 1), (2, 2), (3, 1), (1, 0)].choose(&mut self.world.rng).unwrap();
        let watch: &[&str] = [&[][..], &[], &["b", "a"], &["c", "nobody", "c"]].choose(&mut self.world.rng).unwrap();
        self.world.watch("room", slots, watch);
    }

    fn step(&mut self) {
        match self.world.rng.random_range(0..14) {
            0 | 1 => self.publish(),
            2 | 3 => self.watch(),
            4 => {
                let publishers = self.world.rng.random();
                let Some(place) = self.one(publishers) else { return };
                self.world.close(place);
            }
            5 => {
                let publishers = self.world.rng.random();
                let Some(place) = self.one(publishers) else { return };
                self.world.clients[place].dead = true;
            }
            6 | 7 => {
                let Some(place) = self.one(true) else { return };
                let muted = self.world.rng.random();
                self.world.publisher(place).muted = muted;
            }
            8 | 9 => {
                let Some(place) = self.one(true) else { return };
                let level = *[10, 30, 127].choose(&mut self.world.rng).unwrap();
                self.world.publisher(place).level = level;
            }
            10 => {
                let Some(place) = self.one(true) else { return };
                self.world.publisher(place).begin_anew();
            }
            11 => {
                let publishers = self.world.rng.random();
                let Some(place) = self.one(publishers).filter(|place| self.world.clients[*place].is_connected()) else {
                    return;
                };
                self.port += 1;
                self.world.restart_ice(place, self.port);
            }
            _ => {
                let publishers = self.world.rng.random();
                let Some(place) = self.one(publishers) else { return };
                let loss = f64::from(self.world.rng.random_range(0..10_u8));
                let jitter = Duration::from_millis(self.world.rng.random_range(0..30));
                self.world.links[place] = Link { loss_up: loss, loss_down: loss, jitter, ..Link::default() };
            }
        }
    }

    /// Everybody well again, and time to notice.
    fn calm_down(&mut self) {
        self.world.links.iter_mut().for_each(|link| *link = Link::default());
        for place in self.here(true) {
            self.world.publisher(place).muted = false;
        }
        self.world.run_ms(35_000);
    }
}

/// How many streams play in the end.
fn live_after(seed: u8, shards: usize) -> usize {
    let mut live = 0;
    let mut chaos = Chaos { world: World::with_shards(seed, shards), mark: 0, port: 9_000 };
    chaos.world.sealed = None;
    for _ in 0..100 {
        chaos.step();
        let pause = chaos.world.rng.random_range(0..400);
        chaos.world.run_ms(pause);
    }
    chaos.calm_down();
    let viewers = chaos.here(false);
    let world = &mut chaos.world;
    world.assert_sound();
    let now = world.now;
    let outbound = world.stats().outbound;
    for viewer in viewers {
        assert_eq!(world.closed(viewer), None);
        for stream in &world.viewer(viewer).streams {
            let told = outbound.iter().find(|slot| slot.ssrc.0 == stream.slot.ssrc).unwrap();
            if told.state == SlotState::NoSuchTrack {
                continue;
            }
            let last = stream.receiver.frames.last().map(|frame| now - frame.at);
            let plays = last.is_some_and(|last| last < Duration::from_millis(100));
            assert!(plays, "seed {seed}, viewer {viewer}: last frame {last:?} ago, {told:?}");
            live += 1;
        }
    }
    world.command(sfu_core::command::Command::CloseAll);
    let stats = world.stats();
    assert_eq!((stats.rooms, stats.timers, stats.transports.len()), (0, 0, 0), "seed {seed}");
    live
}

/// It takes as long as everything else together: each seed on a thread of its own.
#[test]
fn whatever_happens_whoever_is_left_sees_and_hears() {
    let rooms = [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1), (6, 1), (7, 2), (8, 3)];
    let rooms = rooms.map(|(seed, shards)| std::thread::spawn(move || live_after(seed, shards)));
    let live: usize = rooms.into_iter().map(|room| room.join().unwrap()).sum();
    assert!(live > 0, "nothing was tested");
}
