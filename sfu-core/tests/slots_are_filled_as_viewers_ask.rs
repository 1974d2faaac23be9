//! Routing: watch lists, galleries, a single slot that follows the speaker; nobody's picture moves when others come and go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test's helpers fail the test")]

mod house;

use house::{House, assigned, slots};
use sfu_core::id::Identity;
use sfu_core::id::MediaKind::{Audio, Video};
use sfu_core::room::{Publisher, Wishes};

fn named(names: &[&str]) -> Wishes {
    Wishes::Named(names.iter().map(|name| Identity::new(name).unwrap()).collect())
}

#[test]
fn a_watch_list_pins_camera_and_sound_slot_by_slot() {
    let mut house = House::default();
    let a = house.publisher("a", &[Audio, Video]);
    let b = house.publisher("b", &[Video, Audio]);
    let tracks = assigned(
        &[a.clone(), b.clone()],
        None,
        &named(&["b", "nobody", "a"]),
        &slots(&[Video, Audio, Video, Video, Audio, Audio]),
    );
    let (video, audio) = (|p: &Publisher| p.track(Video, 0), |p: &Publisher| p.track(Audio, 0));
    assert_eq!(tracks, [video(&b), audio(&b), None, video(&a), None, audio(&a)]);
}

#[test]
fn a_screen_comes_after_the_camera() {
    let mut house = House::default();
    let a = house.publisher("a", &[Video, Audio, Video]);
    let watch = |count| assigned(std::slice::from_ref(&a), None, &named(&["a"]), &slots(&[Video, Video][..count]));
    assert_eq!(watch(1), [a.track(Video, 0)]);
    assert_eq!(watch(2), [a.track(Video, 0), a.track(Video, 1)]);
}

#[test]
fn in_a_gallery_nobody_moves_when_others_come_and_go() {
    let mut house = House::default();
    let [a, b, c] = ["a", "b", "c"].map(|name| house.publisher(name, &[Audio, Video]));
    let mut view = slots(&[Video, Video, Audio, Audio]);
    let mut show = |publishers: &[Publisher]| {
        let tracks = assigned(publishers, None, &Wishes::Anybody, &view);
        for (slot, track) in view.iter_mut().zip(&tracks) {
            slot.shows = *track;
        }
        tracks
    };
    let (video, audio) = (|p: &Publisher| p.track(Video, 0), |p: &Publisher| p.track(Audio, 0));
    assert_eq!(show(std::slice::from_ref(&a)), [video(&a), None, audio(&a), None]);
    assert_eq!(show(&[a.clone(), b.clone(), c.clone()]), [video(&a), video(&b), audio(&a), audio(&b)]);
    assert_eq!(show(&[b.clone(), c.clone()]), [video(&c), video(&b), audio(&c), audio(&b)]);
}

#[test]
fn a_single_slot_follows_the_speaker_and_shows_somebody_until_then() {
    let mut house = House::default();
    let [a, b] = ["a", "b"].map(|name| house.publisher(name, &[Audio, Video]));
    let both = [a.clone(), b.clone()];
    let view = slots(&[Video, Audio]);
    let show = |speaker| assigned(&both, speaker, &Wishes::Anybody, &view);
    assert_eq!(show(None), [a.track(Video, 0), a.track(Audio, 0)]);
    assert_eq!(show(Some(b.participant)), [b.track(Video, 0), b.track(Audio, 0)]);
}

#[test]
fn a_listener_without_video_hears_everybody_it_has_slots_for() {
    let mut house = House::default();
    let [a, b, c] = ["a", "b", "c"].map(|name| house.publisher(name, &[Audio]));
    let tracks = assigned(&[a.clone(), b.clone(), c.clone()], None, &Wishes::Anybody, &slots(&[Audio, Audio]));
    assert_eq!(tracks, [a.track(Audio, 0), b.track(Audio, 0)]);
}
