//! What browsers send beside the media: padding, streams without a name, repeats ahead of what they repeat.

use std::time::Duration;

use crate::publisher::Publishing;
use crate::world::{Link, World};

const SECOND: Duration = Duration::from_secs(1);
/// Firefox's 1.2 Mbit/s in packets of 255 bytes.
const FIREFOX: u32 = 600;

fn three(mark: u8) -> Publishing {
    Publishing { rids: vec!["q", "h", "f"], ..Publishing::camera(mark) }
}

#[test]
fn a_stream_of_padding_is_counted_reported_and_forwarded_to_nobody() {
    let mut world = World::new(1);
    world.unestimated = true;
    let viewer = world.watch("room", (1, 0), &[]);
    let publisher = world.publish("room", "a", three(1));
    world.publisher(publisher).padding_per_second = FIREFOX;
    world.publisher(publisher).muted = true;
    world.run(2 * SECOND);
    assert_eq!(world.viewer(viewer).video().packets, 0);
    let padding = world.publisher(publisher).padding_sent;
    assert!(padding > 1_000);
    let arrived = world.stats().counters.rtp_padding;
    assert!(padding - arrived < 20, "{arrived} of {padding}");
    let reported = world.publisher(publisher).twcc_received;
    assert!(padding - reported < 100, "{reported} of {padding} in transport-wide feedback");
    world.publisher(publisher).muted = false;
    world.run(3 * SECOND);
    let stats = world.stats();
    assert_eq!(stats.counters.rtp_unroutable, 0);
    assert!(stats.counters.rtp_padding > 2_500);
    let media = world.viewer(viewer).video().packets;
    assert!(media < 300, "{media} packets of 90 frames");
    assert!(world.viewer(viewer).video().frames.len() > 80);
    assert_eq!(world.publisher(publisher).plis.len(), 0, "padding is nothing that a keyframe is asked for");
    world.assert_sound();
}

#[test]
fn repeats_find_their_encoding_although_their_stream_came_first() {
    let mut world = World::new(2);
    let publisher = world.publish("room", "a", three(1));
    world.publisher(publisher).padding_per_second = FIREFOX;
    world.publisher(publisher).muted = true;
    world.run(SECOND);
    world.publisher(publisher).muted = false;
    let viewer = world.watch("room", (1, 0), &[]);
    world.run(SECOND);
    world.links[publisher] = Link { loss_up: 5.0, ..Link::default() };
    world.run(5 * SECOND);
    world.links[publisher] = Link::default();
    world.run(SECOND);
    for inbound in world.stats().inbound {
        assert!(inbound.stats.retransmitted_packets_received > 5, "{inbound:?}");
        assert_eq!(inbound.stats.packets_lost(), 0, "{inbound:?}");
    }
    assert_eq!(world.viewer(viewer).video().skips(), 0);
    assert_eq!(world.stats().counters.rtp_unroutable, 0);
    world.assert_sound();
}

#[test]
fn streams_that_do_not_say_any_more_what_they_are_go_on_where_they_were() {
    let mut world = World::new(3);
    let publisher = world.publish("room", "a", three(1));
    let viewer = world.watch("room", (1, 0), &[]);
    world.run(4 * SECOND);
    let reported_on = world.publisher(publisher).reported_on.clone();
    assert!([1_000, 1_002, 1_004].iter().all(|ssrc| reported_on.contains(ssrc)), "{reported_on:?}");
    world.restart_ice(publisher, 9_999);
    world.run(4 * SECOND);
    assert_eq!(world.stats().counters.rtp_unroutable, 0);
    assert!(world.viewer(viewer).video().frames.len() > 200);
    world.publisher(publisher).begin_anew();
    world.run(4 * SECOND);
    assert_eq!(world.stats().counters.rtp_unroutable, 0);
    assert!(world.viewer(viewer).video().frames.len() > 320);
    world.assert_sound();
}
