//! Lips and sound: sender reports of a participant's picture and of its sound lead to the same wall clock.

use std::time::Duration;

use sfu_core::id::MediaKind::{Audio, Video};

use crate::publisher::Publishing;
use crate::viewer::Stream;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

/// By how much the wall clock that a receiver computes for the frames after its newest report is ahead of their capture,
/// s. `publisher`: whose frames they must be.
fn offset(stream: &Stream, rate: f64, publisher: u8) -> f64 {
    let report = stream.reports.last().unwrap();
    let frame = stream.receiver.frames.iter().rfind(|frame| frame.at >= report.at).unwrap();
    assert_eq!(frame.mark.publisher, publisher);
    let ticks = frame.timestamp.wrapping_sub(report.rtp).cast_signed();
    let wall = report.ntp as f64 / 4_294_967_296.0 + f64::from(ticks) / rate;
    wall - f64::from(frame.mark.captured_ms) / 1_000.0
}

fn assert_in_step(world: &mut World, viewer: usize, publisher: u8) {
    let viewer = world.viewer(viewer);
    let (video, audio) = (viewer.stream(Video, 0), viewer.stream(Audio, 0));
    let apart = offset(video, 90_000.0, publisher) - offset(audio, 48_000.0, publisher);
    assert!(apart.abs() < 0.003, "picture and sound are {apart} s apart");
    assert_eq!(video.cname, audio.cname);
    assert!(video.cname.is_some());
}

#[test]
fn picture_and_sound_share_a_clock_and_keep_it_through_changes_of_speaker() {
    let mut world = World::new(1);
    let [a, b] = [1, 2].map(|mark| world.publish("room", &format!("p{mark}"), Publishing::with_sound(mark)));
    let viewer = world.watch("room", (1, 1), &[]);
    world.publisher(b).level = 127;
    world.run(4 * SECOND);
    assert_in_step(&mut world, viewer, 1);
    for round in 0..3 {
        let (loud, quiet) = if round % 2 == 0 { (b, a) } else { (a, b) };
        world.publisher(loud).level = 20;
        world.publisher(quiet).level = 127;
        world.run(4 * SECOND);
        assert_in_step(&mut world, viewer, if round % 2 == 0 { 2 } else { 1 });
    }
    world.assert_sound();
}

#[test]
fn a_switch_is_reported_at_once() {
    let mut world = World::new(2);
    let [a, b] = [1, 2].map(|mark| world.publish("room", &format!("p{mark}"), Publishing::with_sound(mark)));
    let viewer = world.watch("room", (1, 1), &[]);
    world.publisher(b).level = 127;
    world.run(4 * SECOND);
    world.publisher(a).level = 127;
    world.publisher(b).level = 20;
    world.run(2 * SECOND);
    for kind in [Video, Audio] {
        let stream = world.viewer(viewer).stream(kind, 0);
        let first = stream.receiver.frames.iter().find(|frame| frame.mark.publisher == 2).unwrap();
        let told = stream.reports.iter().find(|report| report.at >= first.at).unwrap();
        assert!(told.at - first.at < Duration::from_millis(20), "{kind:?}: told after {:?}", told.at - first.at);
    }
    assert_in_step(&mut world, viewer, 2);
}

#[test]
fn nothing_is_reported_before_the_publisher_has_told_its_clock() {
    let mut world = World::new(3);
    world.publish("room", "a", Publishing::with_sound(1));
    let viewer = world.watch("room", (1, 1), &[]);
    world.run(3 * SECOND);
    let reports = &world.viewer(viewer).stream(Video, 0).reports;
    assert!((2..=5).contains(&reports.len()), "{} reports in 3 s", reports.len());
    // The shard's wall clock, not the publisher's: it began at 1,800,000,000 s after 1970.
    let seconds = (reports[0].ntp >> 32) - 2_208_988_800;
    assert!((1_800_000_000..1_800_000_004).contains(&seconds), "{seconds}");
    world.assert_sound();
}
