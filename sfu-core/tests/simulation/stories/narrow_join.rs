//! Somebody joins over half a megabit: a picture comes at once, and it is one that the link carries.

use std::time::Duration;

use crate::judge::{Tale, at_least, at_most, first_frame_s};
use crate::scene::Scene;

const LINK: &str = "rate=500k,queue=500ms,delay=25ms";

pub fn tell(seed: u8) -> Tale {
    let mut scene = Scene::new(seed);
    let who = scene.watch("b", "delay=25ms", 720);
    scene.world.path(who.client, false, LINK);
    scene.run_s(3.0);
    let settled = scene.world.now;
    let before = scene.bytes_down(who);
    scene.run_s(15.0);
    let used = (scene.bytes_down(who) - before) as f64 * 800.0 / 15.0 / 500e3;
    let now = scene.world.now;
    let queue = scene.queue_ms(who, settled, now, Duration::from_millis(25));
    let seen = scene.seen_s(who, 15.0);
    let eye = scene.world.viewer(who.client).eye(0).0;
    let figures = vec![
        at_most("first frame, s", first_frame_s(eye, who.joined), 1.0),
        at_most("queue from 3 s on, ms", queue, 250.0),
        at_least("frames/s", seen.fps, 25.0),
        at_most("longest freeze, s", seen.longest_gap_s, 1.0),
    ];
    scene.world.assert_sound();
    Tale { added_ms: scene.added_ms(who, 15.0), seen, used_percent: Some(used), figures }
}
