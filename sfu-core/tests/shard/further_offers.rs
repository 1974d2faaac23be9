//! Further offers of a live transport: what they add or take away comes and goes, and nobody else notices.

use std::time::Duration;

use sfu_core::error::RequestError;
use sfu_core::event::Event;
use sfu_core::id::MediaKind::{Audio, Video};
use sfu_core::sdp::SdpError;
use sfu_core::transport::IceCredentials;

use crate::offers::Section;
use crate::publisher::Publishing;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

fn answered(world: &World) -> (&str, &str) {
    match world.events.iter().rev().find(|event| matches!(event, Event::Answered { .. } | Event::Rejected { .. })) {
        Some(Event::Answered { answer, ice_tag, .. }) => (answer, ice_tag),
        other => panic!("{other:?}"),
    }
}

fn rejected(world: &World) -> RequestError {
    match world.events.iter().rev().find(|event| matches!(event, Event::Answered { .. } | Event::Rejected { .. })) {
        Some(Event::Rejected { error, .. }) => error.clone(),
        other => panic!("{other:?}"),
    }
}

/// Somebody comes without camera and microphone and adds them later; two who are there are not disturbed.
#[test]
fn tracks_are_added_and_taken_away_while_others_go_on() {
    let mut world = World::new(70);
    let [a, b] = [1, 2].map(|mark| world.meet("room", &format!("p{mark}"), Publishing::with_sound(mark), 2));
    let late = world.meet("room", "p3", Publishing::nothing(), 2);
    let viewer = world.watch("room", (3, 3), &["p1", "p2", "p3"]);
    world.run(2 * SECOND);
    assert_eq!(world.viewer(late).slot(Audio, 1).publishers(), [2]);

    // Its sections are data, two pairs of slots, and now a microphone and a camera.
    let mut what = Publishing::with_sound(3);
    what.first_ssrc = 3_000;
    let sections = what.sections();
    world.renegotiate(late, |all| all.extend(sections));
    let answer = world.events.iter().rev().find(|event| matches!(event, Event::Answered { .. }));
    let Some(Event::Answered { tracks, .. }) = answer else { panic!() };
    assert_eq!(tracks.iter().map(|track| &*track.mid.0).collect::<Vec<_>>(), ["4", "5"]);
    world.begin_publishing(late, what);
    world.run(3 * SECOND);
    assert_eq!(world.viewer(a).slot(Audio, 0).publishers(), [2]);
    assert_eq!(world.viewer(a).slot(Audio, 1).publishers(), [3]);
    assert_eq!(world.viewer(viewer).slot(Video, 2).publishers(), [3]);

    world.renegotiate(late, |all| {
        for section in all.iter_mut().filter(|section| section.direction == "sendonly") {
            section.direction = "inactive";
        }
    });
    let inbound = world.stats().inbound;
    assert!(inbound.iter().all(|encoding| encoding.identity.as_str() != "p3"), "{inbound:?}");
    // What is still on its way is nobody's.
    world.run(3 * SECOND);
    assert!(world.stats().counters.rtp_unroutable > 0);
    for slot in 0..2 {
        assert!(world.viewer(viewer).slot(Video, slot).longest_freeze() < Duration::from_millis(100));
    }
    assert_eq!(world.viewer(b).slot(Audio, 0).publishers(), [1]);
    world.assert_sound();
}

#[test]
fn slots_are_added_and_taken_away_and_the_others_keep_their_streams() {
    let mut world = World::new(71);
    let viewer = world.meet("room", "me", Publishing::nothing(), 1);
    for mark in 1..=3 {
        world.publish("room", &format!("p{mark}"), Publishing::with_sound(mark));
    }
    world.run(2 * SECOND);
    let first = world.viewer(viewer).stream(Audio, 0).slot.clone();
    world.renegotiate(viewer, |all| {
        all.extend([Audio, Video, Audio, Video].map(|kind| Section::new(kind, "recvonly")));
    });
    world.run(2 * SECOND);
    assert_eq!(world.viewer(viewer).stream(Audio, 0).slot, first);
    for slot in 0..3 {
        assert_eq!(world.viewer(viewer).slot(Audio, slot).publishers(), [slot as u8 + 1]);
        let (audio, video) = (
            world.viewer(viewer).stream(Audio, slot).slot.clone(),
            world.viewer(viewer).stream(Video, slot).slot.clone(),
        );
        assert_eq!((audio.cname, audio.msid), (video.cname, video.msid), "slot {slot}");
    }
    // The first audio slot is stopped: the second and third go on.
    world.renegotiate(viewer, |all| {
        let section = all.iter_mut().find(|section| section.kind == Audio).unwrap();
        section.stopped = true;
        section.direction = "inactive";
    });
    assert!(world.viewer(viewer).streams.iter().all(|stream| stream.slot.ssrc != first.ssrc));
    assert_eq!(world.stats().outbound.len(), 5);
    let packets = world.viewer(viewer).slot(Audio, 1).packets;
    world.run(SECOND);
    assert!(world.viewer(viewer).slot(Audio, 1).packets >= packets + 45);
    // Its m-line is used anew, under another name.
    world.renegotiate(viewer, |all| {
        let place = all.iter().position(|section| section.stopped).unwrap();
        all[place] = Section::new(Audio, "recvonly");
    });
    world.run(SECOND);
    let again = world.viewer(viewer).streams.iter().find(|stream| stream.slot.mid == "6").unwrap();
    assert!(again.receiver.packets > 40 && again.slot.ssrc != first.ssrc);
    assert_eq!(again.slot.msid, first.msid, "the partner of the first video slot again");
    world.assert_sound();
}

#[test]
fn a_section_turns_round() {
    let mut world = World::new(72);
    let meet = world.meet("room", "p1", Publishing::with_sound(1), 1);
    world.publish("room", "p2", Publishing::with_sound(2));
    world.run(SECOND);
    world.publisher(meet).muted = true;
    world.renegotiate(meet, |all| all.iter_mut().find(|section| section.mid == "0").unwrap().direction = "recvonly");
    world.run(SECOND);
    let stats = world.stats();
    assert!(stats.inbound.iter().all(|encoding| encoding.identity.as_str() != "p1" || &*encoding.mid.0 == "1"));
    assert_eq!(world.viewer(meet).streams.len(), 3);
    world.assert_sound();
}

#[test]
fn what_cannot_be_answered_changes_nothing() {
    let mut world = World::new(73);
    let meet = world.meet("room", "p1", Publishing::with_sound(1), 1);
    let other = world.meet("room", "p2", Publishing::with_sound(2), 1);
    let publisher = world.publish("room", "whip", Publishing::with_sound(3));
    world.run(SECOND);
    let before = world.clients[meet].sections.clone();
    world.renegotiate(meet, |all| drop(all.pop()));
    assert!(matches!(rejected(&world), RequestError::Sdp(SdpError::SectionsGone { before: 5, now: 4 })));
    world.renegotiate(meet, |all| all.clone_from(&before));
    let ssrc = world.viewer(meet).stream(Audio, 0).slot.ssrc;
    world.renegotiate(meet, |all| all[2].ssrcs = Some((ssrc, 77)));
    assert!(matches!(rejected(&world), RequestError::Sdp(SdpError::SsrcTaken { .. })), "{:?}", rejected(&world));
    world.renegotiate(meet, |all| {
        all.clone_from(&before);
        all[1].kind = Video;
    });
    assert!(matches!(rejected(&world), RequestError::Sdp(SdpError::KindChanged { .. })));
    world.renegotiate(publisher, |_| {});
    assert_eq!(rejected(&world), RequestError::OneOfferOnly);
    world.command_offer(sfu_core::id::TransportId(99), String::new());
    assert!(matches!(rejected(&world), RequestError::UnknownTransport(_)));
    world.run(SECOND);
    assert_eq!(world.viewer(other).slot(Audio, 0).publishers(), [1]);
    assert!(world.viewer(meet).slot(Audio, 0).packets > 90);
    world.assert_sound();
}

#[test]
fn new_credentials_restart_ice_and_media_goes_on() {
    let mut world = World::new(74);
    let meet = world.meet("room", "p1", Publishing::with_sound(1), 1);
    let other = world.meet("room", "p2", Publishing::with_sound(2), 1);
    world.run(2 * SECOND);
    let (answer, tag) = answered(&world);
    let (first, tag) = (answer.to_owned(), tag.to_owned());
    // The same again: nothing restarts.
    world.renegotiate(other, |_| {});
    assert_eq!(answered(&world).1, tag);
    assert_eq!(version(answered(&world).0), (version(&first).0, 2));

    let ice = IceCredentials { ufrag: "fresh".into(), pwd: "another-password-of-the-client".into() };
    world.clients[other].ice = ice;
    world.move_to_port(other, 5_555);
    world.renegotiate(other, |_| {});
    assert_ne!(answered(&world).1, tag);
    let before = [meet, other].map(|client| world.viewer(client).slot(Audio, 0).packets);
    world.run(3 * SECOND);
    for (client, before) in [meet, other].into_iter().zip(before) {
        assert!(world.viewer(client).slot(Audio, 0).packets >= before + 145);
    }
    // Only one of the two is half a restart.
    world.clients[other].ice.pwd = "one-more-password-of-the-client".into();
    world.renegotiate(other, |_| {});
    assert_eq!(rejected(&world), RequestError::Sdp(SdpError::HalfRestart));
    world.assert_sound();
}

/// Session id and version of an answer (RFC 8866 §5.2).
fn version(answer: &str) -> (u64, u64) {
    let line = answer.lines().find(|line| line.starts_with("o=")).unwrap();
    let words: Vec<&str> = line.split(' ').collect();
    (words[1].parse().unwrap(), words[2].parse().unwrap())
}

#[test]
fn a_stream_on_one_of_our_own_ssrcs_is_refused() {
    let mut world = World::new(75);
    let meet = world.meet("room", "p1", Publishing::with_sound(1), 1);
    let viewer = world.watch("room", (1, 1), &["p1"]);
    let ssrc = world.viewer(meet).stream(Video, 0).slot.ssrc;
    world.publisher(meet).use_ssrc(ssrc);
    world.run(SECOND);
    assert_eq!(world.viewer(viewer).video().packets, 0);
    assert!(world.viewer(viewer).audio().packets > 20);
    assert!(world.stats().counters.rtp_unroutable > 20);
}
