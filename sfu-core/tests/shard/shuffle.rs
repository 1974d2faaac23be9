//! Layouts, mutes, encodings that stop, losses and people who come and go, in any order: no number is ever sealed twice,
//! whatever is decoded can be, and in the end everybody has on the screen what the layout says.

use std::time::Duration;

use rand::Rng;
use rand::seq::IndexedRandom;
use sfu_core::command::Muting::{Muted, Unmuted};
use sfu_core::id::MediaKind::Video;
use sfu_core::stats::SlotState;

use crate::marks::height_of;
use crate::publisher::Publishing;
use crate::screen::Tile;
use crate::world::{Link, World};

const IDENTITIES: [&str; 3] = ["a", "b", "c"];
const SLOTS: usize = 3;

struct Shuffle {
    world: World,
    publishers: Vec<usize>,
    viewers: Vec<usize>,
    mark: u8,
}

impl Shuffle {
    fn new(seed: u8, shards: usize) -> Self {
        let mut shuffle =
            Self { world: World::with_shards(seed, shards), publishers: vec![], viewers: vec![], mark: 0 };
        (0..IDENTITIES.len()).for_each(|place| shuffle.publish(place));
        shuffle.viewers = ["x", "y"].map(|name| shuffle.world.look("room", name, (SLOTS, SLOTS))).to_vec();
        shuffle
    }

    /// Somebody comes, or comes back and ends the connection of before.
    fn publish(&mut self, place: usize) {
        self.mark += 1;
        let rids = if place == 2 { vec![] } else { vec!["q", "h", "f"] };
        let what = Publishing { rids, ..Publishing::with_sound(self.mark) };
        let client = self.world.publish("room", IDENTITIES[place], what);
        self.publishers.truncate(IDENTITIES.len());
        if place < self.publishers.len() {
            self.publishers[place] = client;
        } else {
            self.publishers.push(client);
        }
    }

    fn chance(&mut self, below: u32) -> u32 {
        self.world.rng.random_range(0..below)
    }

    fn lay_out(&mut self) {
        let tiles: Vec<Tile<'_>> = (0..SLOTS)
            .filter_map(|slot| {
                let height = *[0, 90, 180, 200, 360, 400, 720, 1_440].choose(&mut self.world.rng).unwrap();
                let track = (*["a", "b", "c", "nobody"].choose(&mut self.world.rng).unwrap(), "1");
                (self.chance(6) > 0).then_some((slot, track, height))
            })
            .collect();
        let viewer = *self.viewers.choose(&mut self.world.rng).unwrap();
        self.world.arrange(viewer, &tiles);
    }

    fn step(&mut self) {
        let place = self.chance(3) as usize;
        let publisher = self.publishers[place];
        match self.chance(16) {
            0..=6 => self.lay_out(),
            7 | 8 => {
                let track = if self.chance(3) == 0 { "0" } else { "1" };
                let muting = if self.chance(2) == 0 { Muted } else { Unmuted };
                self.world.mute(publisher, track, muting);
            }
            9 | 10 => {
                let stopped = self.chance(4) as u8;
                self.world.publisher(publisher).stopped = Some(stopped);
            }
            11 => self.world.publisher(publisher).begin_anew(),
            12 => self.publish(place),
            _ => {
                let jitter = Duration::from_millis(u64::from(self.chance(40)));
                let loss = f64::from(self.chance(8));
                let client = *[publisher, self.viewers[0], self.viewers[1]].choose(&mut self.world.rng).unwrap();
                self.world.links[client] = Link { loss_up: loss, loss_down: loss, jitter, ..Link::default() };
            }
        }
    }

    fn calm_down(&mut self) {
        self.world.links.iter_mut().for_each(|link| *link = Link::default());
        for publisher in self.publishers.clone() {
            self.world.publisher(publisher).stopped = None;
            for track in ["0", "1"] {
                self.world.mute(publisher, track, Unmuted);
            }
        }
        self.world.run_ms(6_000);
    }
}

#[test]
fn whatever_is_asked_in_whatever_order_numbers_are_used_once_and_the_last_layout_is_shown() {
    for (seed, shards) in [(100, 1), (101, 1), (102, 1), (103, 1), (104, 2), (105, 3)] {
        let mut shuffle = Shuffle::new(seed, shards);
        for _ in 0..150 {
            shuffle.step();
            let pause = shuffle.chance(300);
            shuffle.world.run_ms(pause.into());
        }
        shuffle.calm_down();
        let tiles = [(0, ("c", "1"), 720), (1, ("a", "1"), 360), (2, ("b", "1"), 180)];
        for viewer in shuffle.viewers.clone() {
            shuffle.world.arrange(viewer, &tiles);
        }
        shuffle.world.run_ms(4_000);
        let world = &mut shuffle.world;
        world.assert_sound();
        world.assert_told();
        let now = world.now;
        for viewer in shuffle.viewers.clone() {
            for (slot, encoding) in [(0, 0), (1, 1), (2, 0)] {
                let told = world.status(viewer, slot);
                assert_eq!(told.state, SlotState::Live, "seed {seed}, {told:?}");
                assert_eq!(told.layer.unwrap().height, Some(height_of(encoding)), "seed {seed}, slot {slot}");
                let last = world.viewer(viewer).slot(Video, slot).frames.last().unwrap();
                assert!(now - last.at < Duration::from_millis(100), "seed {seed}: {:?} ago", now - last.at);
                assert_eq!(last.mark.encoding, encoding);
            }
        }
    }
}
