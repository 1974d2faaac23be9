//! A train goes through a tunnel: nothing comes through for three seconds, and then everything is as before.

use crate::judge::{Tale, at_least, at_most, first_frame_s};
use crate::scene::{GOOD, Scene, Watcher};

pub fn at_the_viewer(seed: u8) -> Tale {
    watch(seed, |_, who| who.client)
}

pub fn at_the_publisher(seed: u8) -> Tale {
    watch(seed, |scene, _| scene.publisher)
}

fn watch(seed: u8, whose: fn(&Scene, Watcher) -> usize) -> Tale {
    let mut scene = Scene::new(seed);
    let who = scene.watch("b", GOOD, 720);
    scene.run_s(4.0);
    let whose = whose(&scene, who);
    scene.link(whose, "blackout");
    scene.run_s(3.0);
    scene.link(whose, GOOD);
    let back = scene.world.now;
    scene.run_s(12.0);
    let returned = first_frame_s(scene.world.viewer(who.client).eye(0).0, back);
    let closed = [scene.publisher, who.client].map(|client| scene.world.closed(client));
    assert_eq!(closed, [None; 2], "nobody has to join again");
    let seen = scene.seen_s(who, 10.0);
    let figures = vec![at_most("picture back, s", returned, 1.0), at_least("frames/s, from 2 s after", seen.fps, 28.0)];
    scene.world.assert_sound();
    Tale { added_ms: scene.added_ms(who, 10.0), seen, used_percent: None, figures }
}
