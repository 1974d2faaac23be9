//! Somebody who publishes has a link that carries less for a while: its encoders follow, and who watches sees a smaller picture.

use crate::judge::{Tale, at_least, at_most, see, until_height_s};
use crate::scene::{GOOD, SECOND, Scene};

const OFF: &str =
    "an encoding that its publisher switched off is missed only after a while, and the next begins with a key frame";

pub fn tell(seed: u8) -> Tale {
    let mut scene = Scene::new(seed);
    let who = scene.watch("b", GOOD, 720);
    scene.run_s(4.0);
    let publisher = scene.publisher;
    scene.world.path(publisher, true, "rate=800k,queue=500ms,delay=25ms");
    let fell = scene.world.now;
    scene.run_s(15.0);
    let rose = scene.world.now;
    scene.world.path(publisher, true, GOOD);
    scene.run_s(20.0);
    let added_ms = scene.added_ms(who, 34.0);
    let eye = scene.world.viewer(who.client).eye(0).0;
    let narrow = see(eye, fell + 3 * SECOND, rose);
    let figures = vec![
        at_most("smaller after, s", until_height_s(eye, fell, |height| height < 720), 5.0),
        at_most("longest freeze at the fall, s", see(eye, fell, fell + 5 * SECOND).longest_gap_s, 2.0).not_yet(OFF),
        at_least("frames/s while narrow", narrow.fps, 20.0),
        at_most("longest freeze while narrow, s", narrow.longest_gap_s, 1.0).not_yet(OFF),
        at_most("larger again after, s", until_height_s(eye, rose, |height| height == 720), 15.0),
    ];
    scene.world.assert_sound();
    Tale { seen: narrow, used_percent: None, added_ms, figures }
}
