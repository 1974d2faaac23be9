//! Routing: watch lists, galleries, a single slot that follows the speaker; nobody's picture moves when others come and go.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test's helpers fail the test")]

use std::time::{Duration, Instant};

use sfu_core::id::{Identity, MediaKind, Mid, ParticipantKey, TrackId};
use sfu_core::room::{ActiveSpeaker, Publication, Publisher, SlotView, Viewer, Wishes, assign};
use slotmap::SlotMap;

struct House {
    participants: SlotMap<ParticipantKey, ()>,
    tracks: SlotMap<TrackId, ()>,
}

impl House {
    fn new() -> Self {
        Self { participants: SlotMap::with_key(), tracks: SlotMap::with_key() }
    }

    fn publisher(&mut self, name: &str, kinds: &[MediaKind]) -> Publisher {
        Publisher {
            participant: self.participants.insert(()),
            identity: Identity::new(name).unwrap(),
            tracks: kinds
                .iter()
                .enumerate()
                .map(|(place, kind)| Publication {
                    track: self.tracks.insert(()),
                    mid: Mid(place.to_string().into()),
                    kind: *kind,
                })
                .collect(),
        }
    }
}

use MediaKind::{Audio, Video};

fn slots(kinds: &[MediaKind]) -> Vec<SlotView> {
    kinds.iter().map(|kind| SlotView { kind: *kind, shows: None, wants: None }).collect()
}

fn named(names: &[&str]) -> Wishes {
    Wishes::Named(names.iter().map(|name| Identity::new(name).unwrap()).collect())
}

#[test]
fn a_watch_list_pins_camera_and_sound_slot_by_slot() {
    let mut house = House::new();
    let a = house.publisher("a", &[Audio, Video]);
    let b = house.publisher("b", &[Video, Audio]);
    let tracks = assign(
        &[a.clone(), b.clone()],
        None,
        Viewer {
            own: ParticipantKey::default(),
            wishes: &named(&["b", "nobody", "a"]),
            slots: &slots(&[Video, Audio, Video, Video, Audio, Audio]),
        },
    );
    let (video, audio) = (|p: &Publisher| p.track(Video, 0), |p: &Publisher| p.track(Audio, 0));
    assert_eq!(tracks, [video(&b), audio(&b), None, video(&a), None, audio(&a)]);
}

#[test]
fn a_screen_comes_after_the_camera() {
    let mut house = House::new();
    let a = house.publisher("a", &[Video, Audio, Video]);
    let watch = |count| {
        assign(
            std::slice::from_ref(&a),
            None,
            Viewer { own: ParticipantKey::default(), wishes: &named(&["a"]), slots: &slots(&[Video, Video][..count]) },
        )
    };
    assert_eq!(watch(1), [a.track(Video, 0)]);
    assert_eq!(watch(2), [a.track(Video, 0), a.track(Video, 1)]);
}

#[test]
fn in_a_gallery_nobody_moves_when_others_come_and_go() {
    let mut house = House::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| house.publisher(name, &[Audio, Video]));
    let mut view = slots(&[Video, Video, Audio, Audio]);
    let mut show = |publishers: &[Publisher]| {
        let tracks =
            assign(publishers, None, Viewer { own: ParticipantKey::default(), wishes: &Wishes::Anybody, slots: &view });
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
    let mut house = House::new();
    let [a, b] = ["a", "b"].map(|name| house.publisher(name, &[Audio, Video]));
    let both = [a.clone(), b.clone()];
    let view = slots(&[Video, Audio]);
    let show = |speaker| {
        assign(&both, speaker, Viewer { own: ParticipantKey::default(), wishes: &Wishes::Anybody, slots: &view })
    };
    assert_eq!(show(None), [a.track(Video, 0), a.track(Audio, 0)]);
    assert_eq!(show(Some(b.participant)), [b.track(Video, 0), b.track(Audio, 0)]);
}

#[test]
fn a_listener_without_video_hears_everybody_it_has_slots_for() {
    let mut house = House::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| house.publisher(name, &[Audio]));
    let tracks = assign(
        &[a.clone(), b.clone(), c.clone()],
        None,
        Viewer { own: ParticipantKey::default(), wishes: &Wishes::Anybody, slots: &slots(&[Audio, Audio]) },
    );
    assert_eq!(tracks, [a.track(Audio, 0), b.track(Audio, 0)]);
}

#[test]
fn the_floor_changes_hands_for_a_voice_and_not_for_a_cough() {
    let mut house = House::new();
    let [a, b] = ["a", "b"].map(|_| house.participants.insert(()));
    let (mut speaker, mut now) = (ActiveSpeaker::default(), Instant::now());
    let mut talk = |speaker: &mut ActiveSpeaker, millis: u32, levels: [u8; 2]| {
        for _ in 0..millis / 20 {
            now += Duration::from_millis(20);
            speaker.heard(now, a, Some(0x80 | levels[0]), false);
            speaker.heard(now, b, Some(0x80 | levels[1]), false);
            speaker.evaluate(now);
        }
        speaker.current()
    };
    assert_eq!(talk(&mut speaker, 1_000, [30, 127]), Some(a));
    assert_eq!(talk(&mut speaker, 300, [40, 10]), Some(a), "a cough");
    assert_eq!(talk(&mut speaker, 500, [30, 127]), Some(a));
    assert_eq!(talk(&mut speaker, 3_000, [127, 30]), Some(b));
    assert_eq!(talk(&mut speaker, 3_000, [127, 127]), Some(b), "silence changes nothing");
}
