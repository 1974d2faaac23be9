//! A wireless network whose rate is another every fifth of a second: the picture does not follow each of them.

use std::fmt::Write as _;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::judge::{Tale, at_least, at_most};
use crate::scene::Scene;

const SECONDS: u32 = 40;

pub fn tell(seed: u8) -> Tale {
    let mut scene = Scene::new(seed);
    let who = scene.watch("b", "delay=15ms,jitter=5ms", 720);
    scene.world.path(who.client, false, &link(seed));
    scene.run_s(8.0);
    let rest = f64::from(SECONDS) - 8.0;
    scene.run_s(rest);
    let seen = scene.seen_s(who, rest);
    let figures = vec![
        at_least("frames/s", seen.fps, 25.0),
        at_most("longest freeze, s", seen.longest_gap_s, 1.0),
        at_most("flaps a minute", seen.flaps_per_minute, 6.0).not_yet("by 31 of 50; 11 at most"),
    ];
    scene.world.assert_sound();
    Tale { added_ms: scene.added_ms(who, rest), seen, used_percent: None, figures }
}

fn link(seed: u8) -> String {
    let mut rng = StdRng::seed_from_u64(u64::from(seed));
    let mut link = String::new();
    for step in 0..SECONDS * 5 {
        let kbps = rng.random_range(1_500..5_000);
        write!(link, "{}ms:rate={kbps}k,queue=300ms,delay=15ms,jitter=5ms;", step * 200).unwrap();
    }
    link.trim_end_matches(';').to_owned()
}
