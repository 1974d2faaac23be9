//! What flows is told in few words: bytes, limits, layers, and what of it are key frames.

use std::time::Duration;

use sfu_core::command::Command;
use sfu_core::event::Event;
use sfu_core::id::MediaKind;
use sfu_core::sample::Sample;

use crate::whys::{camera, cap, subscribe};
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

fn sample(world: &mut World) -> Sample {
    let request = world.request();
    world.command(Command::Sample { request });
    match world.events.pop() {
        Some(Event::Sample { sample, .. }) => *sample,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_viewer_is_told_of_with_its_slots_its_limits_and_its_key_frames() {
    let mut world = World::new(140);
    world.meet_sending("room", "a", camera(1));
    let viewer = world.look("room", "b", (2, 1));
    world.arrange(viewer, &[(0, ("a", "1"), 720)]);
    cap(&mut world, "b", subscribe(330_000));
    world.run(3 * SECOND);
    let before = sample(&mut world);
    world.run(2 * SECOND);
    let after = sample(&mut world);
    assert_eq!(after.at - before.at, 2 * SECOND);
    let at = after.viewers.iter().position(|it| it.identity.as_str() == "b").unwrap();
    let (then, now) = (&before.viewers[at], &after.viewers[at]);
    assert_eq!((now.cap_bps, now.slots), (Some(330_000), 2), "of three slots one shows nothing");
    assert!((200_000..330_000).contains(&((now.bytes_sent - then.bytes_sent) * 4)), "{now:?}");
    let picture = after.slots.iter().find(|slot| slot.kind == MediaKind::Video).unwrap();
    let was = before.slots.iter().find(|slot| slot.kind == MediaKind::Video).unwrap();
    assert_eq!(picture.current.as_ref().and_then(|layer| layer.height), Some(360));
    assert_eq!((&picture.current, picture.source), (&picture.target, was.source));
    assert!(picture.bytes_sent > was.bytes_sent && picture.allotted_bps > 0);
    let stats = world.stats();
    let encoding = stats.inbound.iter().find(|it| it.height == Some(360)).unwrap();
    assert_eq!(picture.key_frame_bytes, encoding.stats.key_frame_bytes);
    let share = encoding.stats.key_frame_bytes as f64 / encoding.stats.bytes_received as f64;
    assert!(share > 0.0 && share < 0.5, "{share}");
}
