//! What is larger than a send leaves over a few milliseconds, and no later.

use std::time::{Duration, Instant};

use crate::publisher::Publishing;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);
/// Most bytes of one send, with room for headers.
const SEND_BYTES: usize = 66_000;

#[test]
fn a_large_key_frame_leaves_over_a_few_milliseconds_and_an_ordinary_frame_at_once() {
    let mut world = World::new(1);
    world.publish("room", "a", Publishing { packets: (180, 9), packet_bytes: 60, ..Publishing::camera(1) });
    let viewers = [(); 3].map(|()| world.watch("room", (1, 0), &[]));
    world.run(2 * SECOND);
    for viewer in viewers {
        let video = world.viewer(viewer).video();
        assert!(video.frames.len() > 40 && video.frames[0].mark.key, "{}", video.frames.len());
        assert_eq!(video.skips(), 0);
        let key_frame: Vec<(Instant, usize)> = video.arrivals.iter().copied().take(180).collect();
        let spread = key_frame[179].0 - key_frame[0].0;
        assert!((Duration::from_millis(1)..=Duration::from_millis(4)).contains(&spread), "{spread:?}");
        for (at, _) in &key_frame {
            let together =
                key_frame.iter().filter(|(other, _)| *other >= *at && *other - *at < Duration::from_micros(500));
            let bytes = together.map(|(_, bytes)| bytes).sum::<usize>();
            assert!(bytes <= SEND_BYTES, "{bytes} bytes at once");
        }
        let ordinary: Vec<Instant> = video.arrivals.iter().map(|(at, _)| *at).skip(180).take(9).collect();
        assert_eq!(ordinary[8] - ordinary[0], Duration::ZERO);
    }
    world.assert_sound();
}
