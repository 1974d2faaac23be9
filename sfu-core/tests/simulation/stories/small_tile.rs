//! Somebody looks at a small tile for half a minute, over a radio that jitters; then makes it large. That little was sent says nothing
//! of the link.

use crate::judge::{Tale, at_least, at_most, until_height_s};
use crate::scene::Scene;

const LINK: &str = "rate=2M,delay=40ms,jitter=15ms";

pub fn tell(seed: u8) -> Tale {
    let mut scene = Scene::new(seed);
    let who = scene.watch("b", LINK, 180);
    scene.run_s(3.0);
    let mut lowest = f64::MAX;
    for _ in 0..60 {
        scene.run_s(0.5);
        lowest = lowest.min(scene.estimate_bps(who).unwrap_or(f64::MAX));
    }
    let seen = scene.seen_s(who, 30.0);
    let enlarged = scene.world.now;
    scene.world.arrange(who.client, &[(0, ("a", "1"), 360)]);
    scene.run_s(6.0);
    let eye = scene.world.viewer(who.client).eye(0).0;
    let figures = vec![
        at_least("lowest estimate, kbit/s", lowest / 1e3, 500.0),
        at_most("360 lines after, s", until_height_s(eye, enlarged, |height| height == 360), 2.0),
        at_least("frames/s", seen.fps, 28.0),
    ];
    scene.world.assert_sound();
    Tale { added_ms: scene.added_ms(who, 30.0), seen, used_percent: None, figures }
}
