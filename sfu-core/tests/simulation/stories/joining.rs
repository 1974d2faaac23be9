//! A lecture has begun, and people come in late: each sees it at once, and the lecturer's camera is not asked by each of them.

use rand::Rng;

use crate::judge::{Tale, at_most, first_frame_s};
use crate::scene::{Scene, Watcher};

const LAN: &str = "delay=1ms,jitter=500us";
const THROTTLE: &str =
    "a key frame a second is asked for, and one that is not older than 400 ms is shown: the unluckiest wait for 600";
const LATE: usize = 20;

pub fn tell(seed: u8) -> Tale {
    let mut scene = Scene::new(seed);
    scene.link(scene.publisher, LAN);
    let early = scene.watch("early", LAN, 720);
    scene.run_s(3.0);
    let since = scene.world.now;
    let mut late: Vec<Watcher> = vec![];
    for place in 0..LATE {
        let after = scene.world.rng.random_range(0.0..0.5);
        scene.run_s(after);
        late.push(scene.watch(&format!("v{place}"), LAN, 720));
    }
    scene.run_s(2.0);
    let asked = scene.key_requests_per_second(since);
    let mut first: Vec<f64> =
        late.iter().map(|who| first_frame_s(scene.world.viewer(who.client).eye(0).0, who.joined) * 1e3).collect();
    first.sort_by(f64::total_cmp);
    let figures = vec![
        at_most("first frame, the 19th of 20, ms", first[LATE - 2], 700.0).not_yet(THROTTLE),
        at_most("first frame, the last, ms", first[LATE - 1], 1_000.0),
        at_most("key frames asked for, /s", asked, 1.25),
    ];
    scene.world.assert_sound();
    Tale { seen: scene.seen_s(early, 5.0), used_percent: None, added_ms: scene.added_ms(early, 5.0), figures }
}
