//! Lips and sound keep together, as browsers reckon: they draw a line through the last twenty sender reports of each stream.

use std::time::{Duration, Instant};

use sfu_core::command::Muting;
use sfu_core::id::MediaKind::{self, Audio, Video};

use crate::publisher::Publishing;
use crate::viewer::Stream;
use crate::world::{Link, World};

const SECOND: Duration = Duration::from_secs(1);
/// Sender reports that Chromium looks at.
const REPORTS: usize = 20;
/// What ITU-R BT.1359 says people notice, s.
const NOTICED: f64 = 0.045;

fn rate(kind: MediaKind) -> f64 {
    if kind == Audio { 48_000.0 } else { 90_000.0 }
}

fn seconds(ntp: u64) -> f64 {
    // Enough digits are left for microseconds.
    ((ntp >> 32) - 4_008_988_800) as f64 + (ntp & 0xffff_ffff) as f64 / 4_294_967_296.0
}

/// Whose frame a stream showed last at a moment, and by how much its reckoned wall clock is ahead of its capture, s:
/// reckoned by its newest report, and by the line through the last of them.
fn reckoned(stream: &Stream, kind: MediaKind, at: Instant) -> Option<(u8, [f64; 2])> {
    let frame = stream.receiver.frames.iter().rfind(|frame| frame.at <= at)?;
    let known: Vec<_> = stream.reports.iter().filter(|report| report.at <= at).collect();
    let newest = known.last()?;
    let points: Vec<(f64, f64)> = known[known.len().saturating_sub(REPORTS)..]
        .iter()
        .map(|it| (f64::from(it.rtp.wrapping_sub(newest.rtp).cast_signed()) / rate(kind), seconds(it.ntp)))
        .collect();
    let count = points.len() as f64;
    let (mean_x, mean_y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let spread: f64 = points.iter().map(|point| (point.0 - mean_x).powi(2)).sum();
    let rise: f64 = points.iter().map(|point| (point.0 - mean_x) * (point.1 - mean_y)).sum();
    let slope = if spread > 0.0 { rise / spread } else { 1.0 };
    let x = f64::from(frame.timestamp.wrapping_sub(newest.rtp).cast_signed()) / rate(kind);
    let captured = f64::from(frame.mark.captured_ms) / 1_000.0;
    let by_newest = seconds(newest.ntp) + x - captured;
    let by_line = mean_y + slope * (x - mean_x) - captured;
    Some((frame.mark.publisher, [by_newest, by_line]))
}

/// How far a picture and its sound were apart at worst, s, by the newest report and by the line.
#[derive(Debug, Default)]
struct Apart {
    newest: f64,
    line: f64,
    looks: u32,
}

impl Apart {
    /// Looks at a pair of slots for so long, ten times a second, whenever both show the same publisher.
    fn watch(&mut self, world: &mut World, viewer: usize, pair: (usize, usize), time: Duration) {
        for _ in 0..time.as_millis() / 100 {
            world.run(SECOND / 10);
            let at = world.now;
            let viewer = world.viewer(viewer);
            let video = reckoned(viewer.stream(Video, pair.0), Video, at);
            let audio = reckoned(viewer.stream(Audio, pair.1), Audio, at);
            if let (Some((shown, video)), Some((heard, audio))) = (video, audio)
                && shown == heard
            {
                self.newest = self.newest.max((video[0] - audio[0]).abs());
                self.line = self.line.max((video[1] - audio[1]).abs());
                self.looks += 1;
            }
        }
    }

    fn assert(&self, newest: f64, line: f64) {
        assert!(self.looks > 50, "{self:?}");
        assert!(self.newest < newest && self.line < line, "{self:?}");
    }
}

#[test]
fn through_changes_of_speaker_who_are_far_and_near() {
    let mut world = World::new(1);
    let [a, b] = [1, 2].map(|mark| world.publish("room", &format!("p{mark}"), Publishing::with_sound(mark)));
    let viewer = world.watch("room", (1, 1), &[]);
    let link = |delay, jitter| Link {
        delay: Duration::from_millis(delay),
        jitter: Duration::from_millis(jitter),
        ..Link::default()
    };
    (world.links[a], world.links[b]) = (link(5, 3), link(90, 20));
    world.publisher(b).level = 127;
    world.run(5 * SECOND);
    let mut apart = Apart::default();
    for round in 0..6 {
        let (loud, quiet) = if round % 2 == 0 { (b, a) } else { (a, b) };
        world.publisher(loud).level = 20;
        world.publisher(quiet).level = 127;
        apart.watch(&mut world, viewer, (0, 0), 4 * SECOND);
    }
    assert_eq!(world.viewer(viewer).video().publishers(), [1, 2, 1, 2, 1, 2, 1]);
    apart.assert(0.003, NOTICED / 2.0);
    world.assert_sound();
}

#[test]
fn with_clocks_that_drift_and_reports_that_come_late() {
    let mut world = World::new(2);
    let people = [1, 2].map(|mark| world.publish("room", &format!("p{mark}"), Publishing::with_sound(mark)));
    for (place, person) in people.into_iter().enumerate() {
        let publisher = world.publisher(person);
        publisher.drift_ppm = if place == 0 { (50, -50, 50) } else { (-200, 200, -50) };
        publisher.reports_late = SECOND * 7 / 10;
    }
    let viewer = world.watch("room", (1, 1), &[]);
    world.publisher(people[1]).level = 127;
    world.run(5 * SECOND);
    let mut apart = Apart::default();
    for round in 0..10 {
        world.publisher(people[round % 2]).level = 127;
        world.publisher(people[(round + 1) % 2]).level = 20;
        apart.watch(&mut world, viewer, (0, 0), 6 * SECOND);
    }
    apart.assert(0.005, NOTICED / 2.0);
    world.assert_sound();
}

#[test]
fn for_one_who_joins_late() {
    let mut world = World::new(3);
    world.publish("room", "p1", Publishing::with_sound(1));
    world.run(30 * SECOND);
    let viewer = world.watch("room", (1, 1), &[]);
    let mut apart = Apart::default();
    apart.watch(&mut world, viewer, (0, 0), 10 * SECOND);
    apart.assert(0.003, 0.003);
    let first = world.viewer(viewer).video().frames[0].at;
    let told = world.viewer(viewer).stream(Video, 0).reports[0].at;
    assert!(told <= first + Duration::from_millis(5), "told {:?} after the first picture", told - first);
}

#[test]
fn while_a_picture_is_moved_resized_and_muted() {
    let mut world = World::new(4);
    let rids = vec!["q", "h", "f"];
    let cameras = [1, 2].map(|mark| Publishing { rids: rids.clone(), ..Publishing::with_sound(mark) });
    let [a, _b] = cameras.map(|camera| {
        let name = format!("p{}", camera.mark);
        world.publish("room", &name, camera)
    });
    // Video slots are 0 to 2, audio slots 3 to 5.
    let viewer = world.look("room", "eye", (3, 3));
    let camera = |name| (name, "1");
    let mut apart = Apart::default();
    world.arrange(viewer, &[(0, camera("p1"), 180), (1, camera("p2"), 180)]);
    apart.watch(&mut world, viewer, (0, 0), 4 * SECOND);
    for height in [720, 180, 360, 720, 0, 180] {
        world.arrange(viewer, &[(0, camera("p1"), height), (1, camera("p2"), 180)]);
        apart.watch(&mut world, viewer, (0, 0), 2 * SECOND);
    }
    for round in 0..4 {
        let (one, other) = if round % 2 == 0 { (2, 0) } else { (0, 2) };
        world.arrange(viewer, &[(one, camera("p1"), 180), (1, camera("p2"), 180)]);
        apart.watch(&mut world, viewer, (one, one), 3 * SECOND);
        let heard = |world: &mut World, slot| {
            world.viewer(viewer).slot(Audio, slot).frames.last().map(|it| (it.mark.publisher, it.at))
        };
        assert_eq!(heard(&mut world, one).map(|it| it.0), Some(1), "the sound follows");
        let now = world.now;
        assert!(heard(&mut world, other).is_none_or(|(_, at)| now - at > 2 * SECOND), "and is heard once");
    }
    for track in ["0", "1"] {
        world.mute(a, track, Muting::Muted);
        world.run(2 * SECOND);
        world.mute(a, track, Muting::Unmuted);
        apart.watch(&mut world, viewer, (0, 0), 3 * SECOND);
    }
    apart.assert(0.005, NOTICED / 2.0);
    world.assert_sound();
}
