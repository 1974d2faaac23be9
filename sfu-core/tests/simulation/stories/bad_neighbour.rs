//! One of fifty sits in a cellar and asks for a new picture all the time; the forty-nine others notice nothing.

use crate::camera::LADDER;
use crate::judge::{Tale, at_most};
use crate::publisher::Publishing;
use crate::scene::{GOOD, Scene, Watcher};

const CELLAR: &str = "rate=200k,queue=300ms,delay=150ms,jitter=100ms,loss=30%";
const EACH_S: f64 = 8.0;

pub fn tell(seed: u8) -> Tale {
    // One encoding: fifty larger pictures take a while to seal.
    let what = Publishing { rungs: &LADDER[..1], ..Publishing::camera(1, u64::from(seed)) };
    let mut scene = Scene::with(seed, what);
    let others: Vec<Watcher> = (0..49).map(|place| scene.watch(&format!("v{place}"), GOOD, 180)).collect();
    let bad = scene.watch("bad", GOOD, 180);
    scene.run_s(2.0 + EACH_S);
    let before = frames_per_second(&mut scene, &others);
    let since = scene.world.now;
    scene.link(bad.client, CELLAR);
    scene.world.viewer(bad.client).nags = true;
    scene.run_s(EACH_S);
    let during = frames_per_second(&mut scene, &others);
    let change = (before - during).abs() / before * 100.0;
    let figures = vec![
        at_most("change of the others' frame rate, %", change, 1.0),
        at_most("key frames asked for, /s", scene.key_requests_per_second(since), 1.0),
    ];
    scene.world.assert_sound();
    Tale {
        seen: scene.seen_s(others[0], EACH_S),
        used_percent: None,
        added_ms: scene.added_ms(others[0], EACH_S),
        figures,
    }
}

/// Of all of them, on average.
fn frames_per_second(scene: &mut Scene, who: &[Watcher]) -> f64 {
    who.iter().map(|who| scene.seen_s(*who, EACH_S).fps).sum::<f64>() / who.len() as f64
}
