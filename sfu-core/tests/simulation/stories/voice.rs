//! A link falls to 60 kbit/s, which carries no picture: the voice goes on.

use crate::judge::{Tale, at_least, at_most, until_height_s};
use crate::scene::{SECOND, Scene};

pub fn tell(seed: u8) -> Tale {
    let mut scene = Scene::new(seed);
    let who = scene.watch("b", "delay=25ms", 720);
    scene.world.path(who.client, false, "rate=3M,queue=500ms,delay=25ms");
    scene.run_s(6.0);
    scene.world.path(who.client, false, "rate=60k,queue=500ms,delay=25ms");
    let fell = scene.world.now;
    scene.run_s(20.0);
    let now = scene.world.now;
    let added_ms = scene.added_ms(who, 20.0);
    scene.world.path(who.client, false, "rate=3M,queue=500ms,delay=25ms");
    scene.run_s(15.0);
    let ear = scene.world.viewer(who.client).ear();
    let heard = ear.heard(fell + 4 * SECOND, now) * 100.0;
    let silence = ear.longest_silence(fell, now);
    let eye = scene.world.viewer(who.client).eye(0).0;
    let figures = vec![
        at_least("heard from 4 s after, %", heard, 95.0),
        at_most("longest silence, s", silence.as_secs_f64(), 1.0),
        at_most("a picture again after, s", until_height_s(eye, now, |_| true), 15.0),
    ];
    scene.world.assert_sound();
    Tale { seen: scene.seen_s(who, 3.0), used_percent: None, added_ms, figures }
}
