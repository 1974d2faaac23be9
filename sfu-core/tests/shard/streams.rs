//! Clients over TCP: they see what the others see; who reads slowly is kept nothing for, harms nobody, and sees the present
//! when it reads again.

use std::time::Duration;

use sfu_core::event::{CloseReason, Event};
use sfu_core::limits::{CONSENT_EXPIRY, SILENT_AFTER, STREAM_LAG_MAX, STREAM_SEND_BYTES_MAX};
use sfu_core::shard::StreamChange;

use crate::publisher::Publishing;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

struct Scene {
    world: World,
    publisher: usize,
    /// Over TCP.
    slow: usize,
    /// Over UDP.
    other: usize,
}

/// A publisher, a viewer over TCP and one over UDP, connected and playing.
fn scene(what: Publishing) -> Scene {
    let mut world = World::new(11);
    let publisher = world.publish("room", "a", what);
    let slow = world.watch("room", (1, 1), &[]);
    world.connect_over_tcp(slow);
    let other = world.watch("room", (1, 1), &[]);
    world.run(SECOND);
    Scene { world, publisher, slow, other }
}

impl Scene {
    fn frames(&mut self, viewer: usize) -> Vec<u32> {
        self.world.viewer(viewer).video().frames.iter().map(|frame| frame.mark.frame).collect()
    }

    /// How late the frames from `first` on were shown, at most.
    fn latest(&mut self, viewer: usize, first: usize) -> Duration {
        let start = self.world.start;
        let late = self.world.viewer(viewer).video().frames[first..]
            .iter()
            .map(|frame| (frame.at - start).saturating_sub(Duration::from_millis(u64::from(frame.mark.captured_ms))));
        late.max().unwrap()
    }
}

#[test]
fn publishers_and_viewers_over_tcp_are_like_others() {
    let mut world = World::new(11);
    let publisher = world.publish("room", "a", Publishing::with_sound(1));
    world.connect_over_tcp(publisher);
    let viewers = [(); 2].map(|()| world.watch("room", (1, 1), &[]));
    world.connect_over_tcp(viewers[0]);
    world.run(5 * SECOND);
    let seen = viewers.map(|viewer| {
        let viewer = world.viewer(viewer);
        assert!(viewer.audio().packets > 200);
        viewer.video().frames.iter().map(|frame| frame.mark.frame).collect::<Vec<_>>()
    });
    assert!(seen[0].len() > 140 && seen[0].windows(2).all(|pair| pair[1] == pair[0] + 1), "{:?}", seen[0]);
    assert_eq!(seen[0].last(), seen[1].last());
    world.assert_sound();
}

#[test]
fn packets_of_all_sizes_share_a_send_and_none_is_padded() {
    let mut scene = scene(Publishing { packets: (12, 7), packet_bytes: 900, ..Publishing::with_sound(1) });
    scene.world.sends_over_tcp.clear();
    let sealed = scene.world.sealed.as_mut().unwrap();
    sealed.clear();
    scene.world.run(SECOND);
    let padded = |(name, bytes): (&(usize, u32, u16), &Vec<u8>)| name.0 == scene.slow && bytes[0] & 0x20 != 0;
    assert!(!scene.world.sealed.as_ref().unwrap().iter().any(padded));
    let frames = scene.world.sends_over_tcp.iter().filter(|packets| **packets >= 7).count();
    assert!(frames >= 28, "{:?}", scene.world.sends_over_tcp);
}

#[test]
fn a_short_stall_costs_time_and_nothing_else() {
    let mut scene = scene(Publishing::with_sound(1));
    let skips = scene.world.stats().slots.skips;
    scene.world.stick(scene.slow);
    scene.world.run(STREAM_LAG_MAX - Duration::from_millis(100));
    scene.world.unstick(scene.slow);
    scene.world.run(SECOND);
    let frames = scene.frames(scene.slow);
    assert!(frames.windows(2).all(|pair| pair[1] == pair[0] + 1), "{frames:?}");
    assert_eq!(scene.world.stats().slots.skips, skips);
    scene.world.assert_sound();
}

#[test]
fn who_does_not_read_is_kept_one_send_for_and_gets_a_keyframe_of_the_present_afterwards() {
    let mut scene = scene(Publishing::with_sound(1));
    let before = scene.frames(scene.slow).len();
    let asked = scene.world.publisher(scene.publisher).plis.len();
    scene.world.stick(scene.slow);
    scene.world.run(10 * SECOND);
    // One send of media; beyond that answers to its checks, and reports.
    let kept = scene.world.stuck[&scene.slow].len();
    assert!(kept < STREAM_SEND_BYTES_MAX, "{kept} bytes");
    assert!(scene.world.stats().counters.streams_blocked >= 1);
    scene.world.unstick(scene.slow);
    scene.world.run(2 * SECOND);
    let after = scene.frames(scene.slow).len();
    assert!(after - before > 45, "{} frames in 2 s", after - before);
    assert_eq!(scene.world.publisher(scene.publisher).plis.len(), asked + 1, "a keyframe is asked for once");
    // What was kept is as old as it is.
    let late = scene.latest(scene.slow, before + 15);
    assert!(late < Duration::from_millis(200), "{late:?}");
    assert!(scene.world.stats().slots.skips >= 2, "picture and sound");
    scene.world.assert_sound();
}

#[test]
fn what_is_too_late_is_left_out_although_it_could_still_be_sent() {
    let mut scene = scene(Publishing::with_sound(1));
    let before = scene.frames(scene.slow).len();
    scene.world.stick(scene.slow);
    scene.world.run(STREAM_LAG_MAX + Duration::from_millis(400));
    scene.world.unstick(scene.slow);
    scene.world.run(SECOND);
    let (start, slow) = (scene.world.start, scene.slow);
    let late = scene.world.viewer(slow).video().frames[before..]
        .iter()
        .filter(|frame| frame.at - start > Duration::from_millis(u64::from(frame.mark.captured_ms)) + STREAM_LAG_MAX);
    let late = late.count();
    assert!(late <= 2, "{late} frames beyond those that were handed over before");
    assert!(scene.frames(slow).len() > before + 20);
    scene.world.assert_sound();
}

#[test]
fn a_slow_reader_harms_nobody() {
    let mut scene = scene(Publishing::with_sound(1));
    scene.world.stick(scene.slow);
    scene.world.run(5 * SECOND);
    scene.world.unstick(scene.slow);
    scene.world.run(SECOND);
    let frames = scene.frames(scene.other);
    assert!(frames.len() > 200 && frames.windows(2).all(|pair| pair[1] == pair[0] + 1), "{frames:?}");
    let late = scene.latest(scene.other, 10);
    assert!(late < Duration::from_millis(60), "{late:?}");
}

#[test]
fn nothing_is_sent_over_a_closed_connection_and_the_next_one_takes_over() {
    let mut scene = scene(Publishing::with_sound(1));
    let slow = scene.slow;
    scene.world.tell_stream(slow, StreamChange::Closed);
    let gone = scene.world.clients[slow].address;
    scene.world.sends_over_tcp.clear();
    scene.world.run_ms(500);
    assert_eq!(scene.world.sends_over_tcp, [] as [usize; 0]);
    assert_eq!(scene.world.stats().counters.streams_closed, 1);

    scene.world.move_to_port(slow, gone.port() + 1_000);
    scene.world.connect_over_tcp(slow);
    let before = scene.frames(slow).len();
    scene.world.run(5 * SECOND);
    let frames = scene.frames(slow);
    assert!(frames.len() - before > 60, "{} frames", frames.len() - before);
    assert_eq!(scene.world.closed(slow), None);
    scene.world.assert_sound();
}

#[test]
fn whose_only_connection_is_closed_is_missed_and_then_gone_as_others_are() {
    let mut world = World::new(11);
    let gone = world.meet("room", "a", Publishing::with_sound(1), 1);
    world.connect_over_tcp(gone);
    world.run(2 * SECOND);
    world.clients[gone].dead = true;
    world.tell_stream(gone, StreamChange::Closed);
    let is_silent = |world: &World| world.events.iter().any(|event| matches!(event, Event::Silent { .. }));
    assert!(world.run_until(SILENT_AFTER + SECOND, |world| is_silent(world)));
    world.run(CONSENT_EXPIRY);
    assert_eq!(world.closed(gone), Some(CloseReason::ConsentExpired));
}

#[test]
fn who_comes_back_over_udp_is_sent_to_there_while_its_connection_is_still_full() {
    let mut scene = scene(Publishing::with_sound(1));
    let slow = scene.slow;
    scene.world.stick(slow);
    scene.world.run(SECOND);
    let port = scene.world.clients[slow].address.port() + 1_000;
    scene.world.move_to_port(slow, port);
    let before = scene.frames(slow).len();
    scene.world.run(5 * SECOND);
    let frames = scene.frames(slow);
    assert!(frames.len() - before > 60, "{} frames", frames.len() - before);
}

#[test]
fn a_group_of_pictures_is_replayed_over_tcp_too() {
    let mut world = World::new(11);
    world.publish("room", "a", Publishing::encoder(1, 120));
    world.run(3 * SECOND);
    let viewer = world.watch("room", (1, 0), &[]);
    world.connect_over_tcp(viewer);
    world.run(SECOND);
    let frames: Vec<u32> = world.viewer(viewer).video().frames.iter().map(|frame| frame.mark.frame).collect();
    assert!(frames.len() > 90 && frames.windows(2).all(|pair| pair[1] == pair[0] + 1), "{frames:?}");
    assert_eq!(world.stats().slots.skips, 0);
}

#[test]
fn a_connection_is_expected_by_its_first_check_and_held_while_its_participant_is_there() {
    let mut scene = scene(Publishing::camera(1));
    let address = scene.world.clients[scene.slow].address;
    let pair = sfu_core::transport::Pair::tcp(crate::world::SERVER.parse().unwrap(), address);
    let over_udp = sfu_core::transport::Pair::udp(pair.local, pair.remote);
    assert!(scene.world.shards[0].holds(pair) && !scene.world.shards[0].holds(over_udp));
    assert!(scene.world.shards[0].expects(pair, &[0x80, 96]) && !scene.world.shards[0].expects(over_udp, &[0x80, 96]));
    scene.world.close(scene.slow);
    assert!(!scene.world.shards[0].holds(pair) && !scene.world.shards[0].expects(pair, &[0x80, 96]));
}
