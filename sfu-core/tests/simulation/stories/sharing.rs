//! Two who live together watch over one link, each for itself: it is enough for both, not for two of the best pictures.

use crate::judge::{Tale, at_least, at_most};
use crate::scene::{Scene, Watcher};

const LINK: &str = "rate=3M,queue=300ms,delay=25ms";

pub fn tell(seed: u8) -> Tale {
    let mut scene = Scene::new(seed);
    let one = scene.watch("b", "delay=25ms", 720);
    scene.world.path(one.client, false, LINK);
    scene.run_s(5.0);
    let two = scene.watch_sharing("c", "delay=25ms", one, 720);
    scene.run_s(15.0);
    let before = scene.bytes_down(one);
    scene.run_s(20.0);
    let used = (scene.bytes_down(one) - before) as f64 * 800.0 / 20.0 / 3e6;
    let bytes = |scene: &mut Scene, who: Watcher| {
        let now = scene.world.now;
        let eye = scene.world.viewer(who.client).eye(0).0;
        eye.bytes_since(now - crate::scene::SECOND * 20) as f64
    };
    let (first, second) = (bytes(&mut scene, one), bytes(&mut scene, two));
    let (seen, other) = (scene.seen_s(one, 20.0), scene.seen_s(two, 20.0));
    let figures = vec![
        at_least("who has less, of who has more", first.min(second) / first.max(second), 0.2),
        at_least("used, %", used, 35.0),
        at_least("frames/s of the worse", seen.fps.min(other.fps), 25.0),
        at_most("longest freeze of the worse, s", seen.longest_gap_s.max(other.longest_gap_s), 1.0),
        at_most("flaps a minute of the worse", seen.flaps_per_minute.max(other.flaps_per_minute), 6.0),
    ];
    scene.world.assert_sound();
    Tale { added_ms: scene.added_ms(one, 20.0), seen, used_percent: Some(used), figures }
}
