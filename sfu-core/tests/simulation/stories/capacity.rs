//! A link that carried everything carries a tenth of it for a while: the picture becomes smaller before it freezes, and comes back.

use std::time::{Duration, Instant};

use crate::camera::Layers;
use crate::judge::{Figure, Tale, at_least, at_most, see, until_height_s};
use crate::scene::{Scene, Watcher};

const WIDE: &str = "rate=3M,queue=500ms,delay=25ms";
const NARROW: &str = "rate=300k,queue=500ms,delay=25ms";
const DELAY: Duration = Duration::from_millis(25);

pub fn tell(seed: u8) -> Tale {
    let (_, tale, _) = tell_of(Scene::thrifty(seed, Layers::One));
    tale
}

pub fn with_temporal_layers(seed: u8) -> Tale {
    let (_, tale, _) = tell_of(Scene::thrifty(seed, Layers::Three));
    let of_layers = ["queue from 2 s after, ms", "used while narrow, %", "longest freeze while narrow, s"];
    let mark = |it: Figure| if of_layers.contains(&it.name) { it.not_yet(ONE) } else { it };
    Tale { figures: tale.figures.into_iter().map(mark).collect(), ..tale }
}

const LADDER: &str =
    "the largest encoding of 2.2 Mbit/s is 77 % of the link: 2.5 do not fit with what is held in reserve";
const UP: &str = "two of fifty take 15.1 s";
const ONE: &str = "by all of fifty but one, where frames are left out and the queue stays";
const DOWN: &str =
    "the smaller picture is chosen at once, and its key frame passes behind what waits in front of the link";

/// How it went, to be drawn.
pub struct Course {
    pub began: Instant,
    pub fell: Instant,
    pub rose: Instant,
}

pub fn tell_of(scene: Scene) -> (Scene, Tale, Course) {
    let mut scene = scene;
    let who = scene.watch("b", "delay=25ms", 720);
    scene.world.path(who.client, false, WIDE);
    let began = scene.world.now;
    scene.record(who, 7.0);
    let used_before = used(&mut scene, who, 10.0, 3_000_000);
    let fell = scene.world.now;
    scene.world.path(who.client, false, NARROW);
    scene.record(who, 2.0);
    let used_narrow = used(&mut scene, who, 13.0, 300_000);
    let rose = scene.world.now;
    scene.world.path(who.client, false, WIDE);
    scene.record(who, 15.0);
    let used_again = used(&mut scene, who, 10.0, 3_000_000);
    let now = scene.world.now;
    let queue = scene.queue_ms(who, fell + Duration::from_secs(2), rose, DELAY);
    let added_ms = scene.added_ms(who, (now - began).as_secs_f64());
    let eye = scene.world.viewer(who.client).eye(0).0;
    let figures = vec![
        at_least("used before, %", used_before, 80.0).not_yet(LADDER),
        at_most("layer down after, s", until_height_s(eye, fell, |height| height < 720), 2.0).not_yet(DOWN),
        at_most("longest freeze at the fall, s", see(eye, fell, fell + Duration::from_secs(4)).longest_gap_s, 2.5),
        at_most("queue from 2 s after, ms", queue, 250.0),
        at_least("used while narrow, %", used_narrow, 50.0),
        at_most("longest freeze while narrow, s", see(eye, fell + Duration::from_secs(2), rose).longest_gap_s, 1.0),
        at_most("layer up after, s", until_height_s(eye, rose, |height| height == 720), 15.0).not_yet(UP),
        at_least("used again, %", used_again, 80.0).not_yet(LADDER),
        at_most("flaps a minute", see(eye, began, now).flaps_per_minute, 6.0),
        at_most("kept by the server, ms", added_ms, 50.0),
    ];
    let seen = see(eye, began, now);
    scene.world.assert_sound();
    let tale = Tale { seen, used_percent: Some(used_again), added_ms, figures };
    (scene, tale, Course { began, fell, rose })
}

/// What came of what could have come in the next seconds, per cent.
fn used(scene: &mut Scene, who: Watcher, seconds: f64, bps: u64) -> f64 {
    let before = scene.bytes_down(who);
    scene.record(who, seconds);
    (scene.bytes_down(who) - before) as f64 * 800.0 / seconds / bps as f64
}
