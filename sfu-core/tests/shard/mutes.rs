//! A publisher mutes a track: nothing of it reaches anybody, everybody is told why, and it goes on as if nothing had been.

use std::time::Duration;

use sfu_core::command::Muting::{Muted, Unmuted};
use sfu_core::error::RequestError;
use sfu_core::event::Event;
use sfu_core::id::{MediaKind, Mid};
use sfu_core::stats::SlotState;

use crate::offers::Section;
use crate::publisher::Publishing;
use crate::world::{Link, World};

const SECOND: Duration = Duration::from_secs(1);

/// A publisher and one who looks at its picture and hears it.
fn pair(seed: u8) -> (World, usize, usize) {
    let mut world = World::new(seed);
    let publisher = world.publish("room", "a", Publishing::with_sound(1));
    let viewer = world.look("room", "b", (1, 1));
    world.arrange(viewer, &[(0, ("a", "1"), 180)]);
    world.run(2 * SECOND);
    (world, publisher, viewer)
}

#[test]
fn a_muted_picture_stops_and_goes_on_with_a_keyframe() {
    let (mut world, publisher, viewer) = pair(1);
    let before = world.publisher(publisher).plis.len();
    assert!(matches!(world.mute(publisher, "1", Muted), Event::Done { .. }));
    world.run_ms(50);
    let seen = world.viewer(viewer).video().packets;
    let heard = world.viewer(viewer).audio().packets;
    world.run(5 * SECOND);
    assert_eq!(world.viewer(viewer).video().packets, seen, "something got through");
    assert!(world.viewer(viewer).audio().packets > heard + 200, "only the picture is muted");
    assert_eq!(world.publisher(publisher).plis.len(), before, "a keyframe that nobody sees");
    assert_eq!(world.state(viewer, 0), SlotState::Muted);
    assert!(world.stats().encodings.packets_muted > 200);
    assert_eq!(world.stats().encodings.packets_lost(), 0);
    world.mute(publisher, "1", Unmuted);
    let unmuted = world.now;
    world.run(SECOND);
    assert_eq!(world.publisher(publisher).plis.len(), before + 1);
    assert_eq!(world.state(viewer, 0), SlotState::Live);
    let frames = &world.viewer(viewer).video().frames;
    let next = frames.iter().position(|frame| frame.at > unmuted).unwrap();
    assert!(frames[next].at - unmuted < Duration::from_millis(150), "{:?}", frames[next].at - unmuted);
    let jump = frames[next].timestamp.wrapping_sub(frames[next - 1].timestamp) / 90;
    let pause = (frames[next].at - frames[next - 1].at).as_millis() as u32;
    assert!(jump.abs_diff(pause) < 10, "media time went on by {jump} ms in {pause} ms");
    assert_eq!(world.viewer(viewer).video().skips(), 0);
    assert_eq!(world.viewer(viewer).plis_sent, 0);
    world.assert_sound();
    world.assert_told();
}

#[test]
fn a_muted_microphone_is_silent_at_once_and_is_heard_again_at_once() {
    let (mut world, publisher, viewer) = pair(2);
    world.links[publisher].jitter = Duration::from_millis(15);
    world.mute(publisher, "0", Muted);
    world.run_ms(30);
    let heard = world.viewer(viewer).audio().packets;
    world.run(5 * SECOND);
    assert_eq!(world.viewer(viewer).audio().packets, heard);
    world.mute(publisher, "0", Unmuted);
    let unmuted = world.now;
    world.run(SECOND);
    let audio = world.viewer(viewer).audio();
    let next = audio.frames.iter().position(|frame| frame.at > unmuted).unwrap();
    assert!(audio.frames[next].at - unmuted < Duration::from_millis(50));
    let jump = audio.frames[next].timestamp.wrapping_sub(audio.frames[next - 1].timestamp) / 48;
    let pause = audio.frames[next].mark.captured_ms - audio.frames[next - 1].mark.captured_ms;
    assert_eq!(jump, pause, "media time is the publisher's");
    assert!(world.viewer(viewer).audio().packets > heard + 40);
    assert_eq!(world.viewer(viewer).audio().skips(), 0);
    world.assert_sound();
    world.assert_told();
}

#[test]
fn a_short_pause_is_not_bridged_with_what_was_before_it() {
    let (mut world, publisher, viewer) = pair(5);
    for _ in 0..5 {
        world.look("room", "another", (1, 0));
        let late = world.clients.len() - 1;
        world.arrange(late, &[(0, ("a", "1"), 180)]);
        let live = |world: &mut World| world.viewer(late).video().frames.len() > 1;
        assert!(world.run_until(SECOND, live), "a keyframe has just come");
        world.mute(publisher, "1", Muted);
        world.run_ms(100);
        world.mute(publisher, "1", Unmuted);
        world.run(2 * SECOND);
    }
    let video = world.viewer(viewer).video();
    assert_eq!((video.skips(), video.packets_nacked), (0, 0), "the pause is no loss");
    assert!(video.longest_freeze() < Duration::from_millis(1_200), "{:?}", video.longest_freeze());
    world.assert_sound();
    world.assert_told();
}

#[test]
fn who_comes_during_the_pause_is_told_and_sees_when_it_is_over() {
    let (mut world, publisher, _) = pair(3);
    world.mute(publisher, "1", Muted);
    world.links[publisher] = Link { loss_up: 5.0, ..Link::default() };
    world.run(SECOND);
    let before = world.publisher(publisher).plis.len();
    let late = world.look("room", "c", (1, 1));
    let guest = world.watch("room", (1, 1), &[]);
    world.arrange(late, &[(0, ("a", "1"), 180)]);
    world.run(2 * SECOND);
    assert_eq!(world.state(late, 0), SlotState::Muted);
    assert_eq!(world.viewer(guest).video().packets, 0);
    assert_eq!(world.publisher(publisher).plis.len(), before);
    world.links[publisher] = Link::default();
    world.mute(publisher, "1", Unmuted);
    world.run(SECOND);
    for viewer in [late, guest] {
        let frames = world.viewer(viewer).video().frames.len();
        assert!(frames > 24, "{frames} frames in the first second");
    }
    assert_eq!(world.publisher(publisher).plis.len(), before + 1);
    world.assert_sound();
    world.assert_told();
}

#[test]
fn only_ones_own_tracks_can_be_muted() {
    let (mut world, publisher, viewer) = pair(4);
    for (client, track) in [(publisher, "9"), (viewer, "0")] {
        let wrong = RequestError::NoSuchTrack { mid: Mid(track.into()) };
        let answer = world.mute(client, track, Muted);
        assert!(matches!(answer, Event::Rejected { error, .. } if *error == wrong), "{answer:?}");
    }
    assert!(matches!(world.mute(publisher, "1", Unmuted), Event::Done { .. }), "what it is already");
    assert_eq!(world.state(viewer, 0), SlotState::Live);
}

#[test]
fn a_further_offer_unmutes_nothing() {
    let mut world = World::new(6);
    let [a, b] = [1, 2].map(|mark| world.meet("room", &format!("p{mark}"), Publishing::with_sound(mark), 1));
    world.lay_out(b, &[Some(("p1", "1"))]);
    world.run(2 * SECOND);
    world.mute(a, "1", Muted);
    world.run_ms(100);
    let seen = world.viewer(b).video().packets;
    world.renegotiate(a, |sections| sections.push(Section::new(MediaKind::Video, "recvonly")));
    world.lay_out(a, &[None, Some(("p2", "1"))]);
    world.run(2 * SECOND);
    assert_eq!(world.viewer(b).video().packets, seen);
    assert!(world.viewer(a).slot(MediaKind::Video, 1).frames.len() > 40, "the new slot shows what it is to show");
    world.assert_told();
    world.mute(a, "1", Unmuted);
    world.run(SECOND);
    assert!(world.viewer(b).video().packets > seen + 40);
    world.assert_sound();
    world.assert_told();
}

/// A camera and a microphone that are muted when they are offered, and one who would see and hear them.
#[test]
fn what_is_offered_muted_is_never_forwarded_until_it_is_unmuted() {
    let mut world = World::new(7);
    let b = world.meet("room", "b", Publishing::nothing(), 1);
    world.lay_out(b, &[Some(("a", "1"))]);
    world.run(SECOND);
    // The last two name nothing that is published.
    world.muted = ["0", "1", "2", "77"].map(|mid| Mid(mid.into())).to_vec();
    let a = world.meet("room", "a", Publishing { rids: vec!["q", "h", "f"], ..Publishing::with_sound(1) }, 1);
    world.run(3 * SECOND);
    assert!(world.stats().encodings.packets_muted > 300);
    for kind in [MediaKind::Audio, MediaKind::Video] {
        assert_eq!(world.viewer(b).slot(kind, 0).packets, 0, "{kind:?} got through");
    }
    assert!(!world.events.iter().any(|event| matches!(event, Event::Speakers { .. })), "who is muted says nothing");
    for mid in ["0", "1"] {
        assert!(matches!(world.mute(a, mid, Unmuted), Event::Done { .. }));
    }
    world.run(2 * SECOND);
    for kind in [MediaKind::Audio, MediaKind::Video] {
        assert!(world.viewer(b).slot(kind, 0).frames.len() > 40);
    }
    world.assert_sound();
}

#[test]
fn a_further_offer_mutes_what_it_says_and_what_it_adds_is_born_muted() {
    let mut world = World::new(8);
    let b = world.meet("room", "b", Publishing::nothing(), 2);
    let a = world.meet("room", "a", Publishing::camera(1), 1);
    world.lay_out(b, &[Some(("a", "0")), Some(("a", "3"))]);
    world.run(2 * SECOND);
    assert!(world.viewer(b).slot(MediaKind::Video, 0).frames.len() > 20);
    world.muted = ["0", "3"].map(|mid| Mid(mid.into())).to_vec();
    world.renegotiate(a, |sections| sections.push(Section::new(MediaKind::Video, "sendonly")));
    world.run_ms(50);
    let seen = world.viewer(b).slot(MediaKind::Video, 0).packets;
    world.run(2 * SECOND);
    assert_eq!(world.viewer(b).slot(MediaKind::Video, 0).packets, seen, "it is muted by the offer");
    let muted = world.stats().encodings.packets_muted;
    assert!(muted > 40);
    world.begin_publishing(a, Publishing { first_ssrc: 7_000, ..Publishing::camera(2) });
    world.run(2 * SECOND);
    assert_eq!(world.viewer(b).slot(MediaKind::Video, 1).packets, 0, "it was never unmuted");
    assert!(world.stats().encodings.packets_muted > muted + 40);
    world.mute(a, "3", Unmuted);
    world.run(2 * SECOND);
    assert!(world.viewer(b).slot(MediaKind::Video, 1).frames.len() > 20);
    world.assert_sound();
}
