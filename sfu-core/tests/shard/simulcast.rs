//! A publisher of three encodings: each viewer gets one of them, whole.

use std::time::Duration;

use sfu_core::codec::Codec;
use sfu_core::command::Muting;
use sfu_core::id::MediaKind::{Audio, Video};
use sfu_core::id::{TrackName, TransportId};

use crate::publisher::Publishing;
use crate::world::{Link, World};

const SECOND: Duration = Duration::from_secs(1);

fn three() -> Publishing {
    Publishing { rids: vec!["q", "h", "f"], ..Publishing::with_sound(1) }
}

#[test]
fn a_viewer_of_a_simulcast_gets_exactly_one_encoding() {
    let mut world = World::new(1);
    world.unestimated = true;
    let early = world.watch("room", (1, 1), &[]);
    let publisher = world.publish("room", "a", three());
    world.run(2 * SECOND);
    let late = world.watch("room", (1, 1), &[]);
    world.run(2 * SECOND);
    for viewer in [early, late] {
        let video = world.viewer(viewer).video();
        let mut encodings: Vec<u8> = video.frames.iter().map(|frame| frame.mark.encoding).collect();
        encodings.dedup();
        assert_eq!(encodings.len(), 1, "{encodings:?}");
        assert!(video.frames.len() > 50 && video.skips() == 0);
    }
    assert_eq!(world.viewer(late).video().frames[0].mark.encoding, 2, "who joins later gets the largest");
    let stats = world.stats();
    let video: Vec<_> = stats.inbound.iter().filter(|inbound| inbound.rid.is_some()).collect();
    assert_eq!(video.len(), 3);
    assert!(video.iter().all(|inbound| inbound.stats.packets_received > 100));
    assert!(video.iter().all(|inbound| matches!(inbound.codec, Some(Codec::Vp8))));
    assert!(video.iter().all(|inbound| inbound.height.is_some() && inbound.transport == TransportId(1)));
    let track = stats.tracks.iter().find(|track| track.kind == Video).unwrap();
    assert_eq!((track.transport, track.muting, &track.mid), (TransportId(1), Muting::Unmuted, &video[0].mid));
    let shown: Vec<_> =
        stats.outbound.iter().filter(|slot| slot.kind == Video).map(|slot| slot.track.clone()).collect();
    let name = TrackName { identity: video[0].identity.clone(), mid: track.mid.clone() };
    assert_eq!(shown, [Some(name.clone()), Some(name)]);
    assert!(world.publisher(publisher).twcc_reports > 10, "or the upper encodings never start");
    world.assert_sound();
}

#[test]
fn lost_packets_of_each_encoding_are_repaired_by_their_own_rtx_streams() {
    let mut world = World::new(2);
    let publisher = world.publish("room", "a", three());
    let viewer = world.watch("room", (1, 1), &[]);
    world.run(SECOND);
    world.links[publisher] = Link { loss_up: 5.0, ..Link::default() };
    world.run(5 * SECOND);
    world.links[publisher] = Link::default();
    world.run(SECOND);
    let stats = world.stats();
    for inbound in stats.inbound.iter().filter(|inbound| inbound.rid.is_some()) {
        assert!(inbound.stats.retransmitted_packets_received > 5, "{inbound:?}");
        assert_eq!(inbound.stats.packets_lost(), 0, "{inbound:?}");
    }
    assert_eq!(world.viewer(viewer).video().skips(), 0);
    world.assert_sound();
}

#[test]
fn a_request_for_one_encoding_is_one_request_for_the_track() {
    let mut world = World::new(3);
    let publisher = world.publish("room", "a", three());
    world.run(SECOND);
    for _ in 0..5 {
        world.watch("room", (1, 0), &[]);
    }
    world.run(SECOND);
    let plis = world.publisher(publisher).plis.len();
    assert!((1..=2).contains(&plis), "{plis}");
}

#[test]
fn two_simulcasts_with_the_same_rids_and_ssrcs_are_never_crossed() {
    let mut world = World::new(4);
    for mark in [1, 2] {
        world.publish("room", &format!("p{mark}"), Publishing { mark, ..three() });
    }
    let viewer = world.watch("room", (2, 2), &[]);
    world.run(4 * SECOND);
    for (place, mark) in [(0, 1), (1, 2)] {
        for kind in [Video, Audio] {
            let slot = world.viewer(viewer).slot(kind, place);
            assert_eq!((slot.publishers(), slot.skips()), (vec![mark], 0));
        }
    }
    assert_eq!(world.stats().counters.rtp_unroutable, 0);
    world.assert_sound();
}
