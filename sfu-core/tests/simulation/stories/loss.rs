//! Somebody's radio loses packets, and the people on the screen go on moving.

use crate::judge::{Figure, Seen, Tale, at_least, at_most};
use crate::scene::{GOOD, SECOND, Scene};

const A_LITTLE: &str = "delay=50ms,jitter=20ms,loss=5%";
const MUCH: &str = "delay=100ms,jitter=50ms,loss=20%";

const THIRD_TRY: &str = "who is asked twice in vain for a packet is later than a browser's buffer is long";
const SWITCHED: &str =
    "since encodings that nobody watches are switched off, who changes waits for one of them to begin over a bad link";
const ENCODER: &str =
    "a publisher's own estimate takes its jitter for a queue: it switches encodings off, one after the other";

pub fn a_little_at_the_viewer(seed: u8) -> Tale {
    watch(seed, GOOD, A_LITTLE, 0.1, a_little)
}

pub fn a_little_at_the_publisher(seed: u8) -> Tale {
    watch(seed, A_LITTLE, GOOD, 0.1, a_little)
}

pub fn much_at_the_viewer(seed: u8) -> Tale {
    watch(seed, GOOD, MUCH, 0.2, much)
}

pub fn much_at_the_publisher(seed: u8) -> Tale {
    watch(seed, MUCH, GOOD, 0.2, much_published)
}

fn a_little(seen: &Seen) -> Vec<Figure> {
    vec![at_least("frames/s", seen.fps, 28.0), at_most("frozen, %", seen.frozen_percent, 1.0).not_yet(THIRD_TRY)]
}

fn much(seen: &Seen) -> Vec<Figure> {
    vec![at_least("frames/s", seen.fps, 15.0), at_most("longest freeze, s", seen.longest_gap_s, 1.5).not_yet(SWITCHED)]
}

fn much_published(seen: &Seen) -> Vec<Figure> {
    much(seen)
        .into_iter()
        .map(|it| if it.name == "frames/s" { it } else { Figure { not_yet: Some(ENCODER), ..it } })
        .collect()
}

/// Everything is well; then the link goes bad, and after three seconds, in which a viewer's buffer finds its length, it is looked
/// for thirty.
fn watch(seed: u8, publisher: &str, viewer: &str, round_trip_s: f64, judge: fn(&Seen) -> Vec<Figure>) -> Tale {
    let mut scene = Scene::new(seed);
    let who = scene.watch("b", GOOD, 720);
    scene.run_s(3.0);
    scene.link(scene.publisher, publisher);
    scene.link(who.client, viewer);
    scene.world.viewer(who.client).round_trip = Some(SECOND.mul_f64(round_trip_s));
    scene.run_s(33.0);
    let seen = scene.seen_s(who, 30.0);
    let figures = judge(&seen);
    let added_ms = scene.added_ms(who, 30.0);
    scene.world.assert_sound();
    Tale { seen, used_percent: None, added_ms, figures }
}
