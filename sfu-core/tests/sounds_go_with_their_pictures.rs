//! Audio slots: everybody in a small room, the loudest in a large one; each beside its picture where there is one; nobody
//! who speaks is moved or cut off for another's cough.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod house;

use house::{Chamber, House, slots};
use proptest::prelude::*;
use sfu_core::id::MediaKind::{self, Audio, Video};
use sfu_core::id::{ParticipantKey, TrackId};
use sfu_core::limits::AUDIBLE_MAX;
use sfu_core::room::{Heard, Publisher, SlotView, Viewer, Wishes, assign};

const VOICE: u8 = 30;
const SILENT: u8 = 127;

/// A viewer of a chamber, with as many audio slots as video slots.
struct Screen {
    own: ParticipantKey,
    slots: Vec<SlotView>,
}

impl Screen {
    fn new(pairs: usize) -> Self {
        Self { own: ParticipantKey::default(), slots: slots(&[Audio, Video].repeat(pairs)) }
    }

    fn of(kind: MediaKind, slots: &[SlotView]) -> impl Iterator<Item = &SlotView> {
        slots.iter().filter(move |slot| slot.kind == kind)
    }

    /// Shows these publishers' cameras.
    fn lay_out(&mut self, shown: &[Option<&Publisher>]) {
        let mut wants = shown.iter().map(|publisher| publisher.and_then(|it| it.track(Video, 0)));
        for slot in self.slots.iter_mut().filter(|slot| slot.kind == Video) {
            slot.wants = wants.next().flatten();
        }
    }

    fn update(&mut self, room: &Chamber) -> Vec<Option<TrackId>> {
        let heard = Heard::of(&room.publishers, &room.voices);
        let viewer = Viewer { own: self.own, wishes: &Wishes::Layout, slots: &self.slots };
        let tracks = assign(&room.publishers, &heard, viewer);
        for (slot, track) in self.slots.iter_mut().zip(&tracks) {
            slot.shows = *track;
        }
        self.plays()
    }

    fn plays(&self) -> Vec<Option<TrackId>> {
        Self::of(Audio, &self.slots).map(|slot| slot.shows).collect()
    }

    fn pictures(&self) -> Vec<Option<TrackId>> {
        Self::of(Video, &self.slots).map(|slot| slot.wants).collect()
    }
}

fn chamber(people: usize) -> Chamber {
    Chamber::new(House::default().publishers(people, &[Audio, Video]))
}

/// Everybody but these is silent for so long.
fn talk(room: &mut Chamber, millis: u64, who: &[usize]) {
    let levels: Vec<u8> =
        (0..room.publishers.len()).map(|place| if who.contains(&place) { VOICE } else { SILENT }).collect();
    room.talk(millis, &levels);
}

fn sounds(room: &Chamber, places: &[Option<usize>]) -> Vec<Option<TrackId>> {
    places.iter().map(|place| place.and_then(|place| room.publishers[place].track(Audio, 0))).collect()
}

#[test]
fn in_a_small_room_everybody_is_heard_beside_their_picture_or_where_there_is_room() {
    let room = chamber(4);
    let mut screen = Screen::new(4);
    let people = room.publishers.clone();
    screen.lay_out(&[None, Some(&people[3]), None, Some(&people[0])]);
    assert_eq!(screen.update(&room), sounds(&room, &[Some(1), Some(3), Some(2), Some(0)]));
}

#[test]
fn nobody_hears_itself() {
    let room = chamber(2);
    let mut screen = Screen::new(2);
    screen.own = room.publishers[0].participant;
    assert_eq!(screen.update(&room), sounds(&room, &[Some(1), None]));
}

#[test]
fn a_sound_follows_its_picture_and_others_stay() {
    let room = chamber(3);
    let mut screen = Screen::new(4);
    let people = room.publishers.clone();
    screen.lay_out(&[Some(&people[0]), Some(&people[1]), None, None]);
    assert_eq!(screen.update(&room), sounds(&room, &[Some(0), Some(1), Some(2), None]));
    screen.lay_out(&[None, Some(&people[1]), None, Some(&people[0])]);
    assert_eq!(screen.update(&room), sounds(&room, &[None, Some(1), Some(2), Some(0)]));
    screen.lay_out(&[None, Some(&people[0]), None, Some(&people[1])]);
    assert_eq!(screen.update(&room), sounds(&room, &[None, Some(0), Some(2), Some(1)]));
    screen.lay_out(&[]);
    assert_eq!(screen.update(&room), sounds(&room, &[None, Some(0), Some(2), Some(1)]), "pictures went, sounds stay");
}

#[test]
fn the_sound_of_a_camera_and_that_of_a_screen_go_with_their_own() {
    let room = Chamber::new(vec![House::default().publisher("a", &[Audio, Video, Video, Audio])]);
    let mut screen = Screen::new(3);
    let a = &room.publishers[0];
    for (slot, wants) in
        screen.slots.iter_mut().filter(|slot| slot.kind == Video).zip([a.track(Video, 1), None, a.track(Video, 0)])
    {
        slot.wants = wants;
    }
    assert_eq!(screen.update(&room), [a.track(Audio, 1), None, a.track(Audio, 0)]);
}

#[test]
fn in_a_large_room_whoever_speaks_is_heard_and_who_was_silent_longest_is_not() {
    let mut room = chamber(6);
    let mut screen = Screen::new(3);
    for speaker in 0..3 {
        talk(&mut room, 2_000, &[speaker]);
    }
    let before = screen.update(&room);
    talk(&mut room, 200, &[5]);
    let after = screen.update(&room);
    let [gone, come] = [0, 5].map(|place: usize| room.publishers[place].track(Audio, 0));
    assert!(before.contains(&gone) && !after.contains(&gone));
    assert_eq!(before.iter().position(|track| *track == gone), after.iter().position(|track| *track == come));
    assert_eq!(before.iter().filter(|track| after.contains(track)).count(), 2, "the others stay where they are");
}

#[test]
fn a_cough_cuts_nobody_off_who_speaks() {
    let mut room = chamber(4);
    let mut screen = Screen::new(2);
    talk(&mut room, 2_000, &[0, 1]);
    let before = screen.update(&room);
    for _ in 0..3 {
        room.talk(300, &[VOICE, VOICE, 5, SILENT]);
        assert_eq!(screen.update(&room), before);
        room.talk(1_500, &[VOICE, VOICE, SILENT, SILENT]);
        assert_eq!(screen.update(&room), before);
    }
    room.talk(300, &[VOICE, SILENT, SILENT, SILENT]);
    room.talk(300, &[VOICE, SILENT, 5, SILENT]);
    assert_eq!(screen.update(&room), before, "nor one who takes breath");
    room.talk(3_000, &[VOICE, VOICE, 5, SILENT]);
    let after = screen.update(&room);
    assert!(after.contains(&room.publishers[2].track(Audio, 0)), "one who goes on and is clearly louder is heard");
}

#[test]
fn one_who_speaks_is_not_moved_by_one_whose_place_it_is_in() {
    let mut room = chamber(4);
    let mut screen = Screen::new(2);
    talk(&mut room, 1_000, &[0, 1]);
    let before = screen.update(&room);
    assert_eq!(before, sounds(&room, &[Some(0), Some(1)]));
    let people = room.publishers.clone();
    screen.lay_out(&[Some(&people[2]), None]);
    talk(&mut room, 1_500, &[0]);
    talk(&mut room, 200, &[0, 2]);
    assert_eq!(screen.update(&room), sounds(&room, &[Some(0), Some(2)]));
    talk(&mut room, 1_500, &[2]);
    assert_eq!(screen.update(&room)[0], room.publishers[2].track(Audio, 0), "it is, once it is silent");
}

#[test]
fn where_not_everybody_fits_few_are_heard_and_the_muted_are_not() {
    let mut room = chamber(40);
    let mut screen = Screen::new(25);
    assert_eq!(screen.update(&room).iter().flatten().count(), AUDIBLE_MAX);
    for place in 0..38 {
        room.voices.set_muted(room.publishers[place].track(Audio, 0).unwrap(), true);
    }
    let left = screen.update(&room);
    let mut left: Vec<TrackId> = left.into_iter().flatten().collect();
    left.sort();
    let mut unmuted: Vec<TrackId> = room.publishers[38..].iter().filter_map(|it| it.track(Audio, 0)).collect();
    unmuted.sort();
    assert_eq!(left, unmuted);
}

#[test]
fn where_everybody_fits_the_muted_keep_their_places() {
    let mut room = chamber(3);
    let mut screen = Screen::new(3);
    let before = screen.update(&room);
    room.voices.set_muted(room.publishers[0].track(Audio, 0).unwrap(), true);
    assert_eq!(screen.update(&room), before);
}

#[test]
fn without_a_layout_the_loudest_get_what_is_left_over() {
    let mut room = Chamber::new(House::default().publishers(4, &[Audio]));
    let mut view = slots(&[Audio, Audio]);
    let mut update = |room: &Chamber| {
        let heard = Heard { dominant: None, ..Heard::of(&room.publishers, &room.voices) };
        let viewer = Viewer { own: ParticipantKey::default(), wishes: &Wishes::Anybody, slots: &view };
        let tracks = assign(&room.publishers, &heard, viewer);
        for (slot, track) in view.iter_mut().zip(&tracks) {
            slot.shows = *track;
        }
        tracks
    };
    assert_eq!(update(&room), sounds(&room, &[Some(0), Some(1)]));
    room.talk(1_000, &[SILENT, SILENT, SILENT, VOICE]);
    assert_eq!(update(&room), sounds(&room, &[Some(0), Some(3)]));
    room.talk(1_000, &[SILENT, SILENT, VOICE, SILENT]);
    assert_eq!(update(&room), sounds(&room, &[Some(0), Some(2)]));
}

/// One step of a room's life.
#[derive(Debug, Clone)]
enum Step {
    Talk(Vec<bool>),
    LayOut(Vec<Option<usize>>),
    Leave(usize),
    Join,
    Mute(usize, bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop::collection::vec(any::<bool>(), 20).prop_map(Step::Talk),
        2 => prop::collection::vec(prop::option::of(0_usize..20), 12).prop_map(Step::LayOut),
        1 => (0_usize..20).prop_map(Step::Leave),
        1 => Just(Step::Join),
        1 => (0_usize..20, any::<bool>()).prop_map(|(place, muted)| Step::Mute(place, muted)),
    ];
    prop::collection::vec(step, 1..30)
}

fn check(room: &Chamber, screen: &Screen, before: &[Option<TrackId>]) -> Result<(), TestCaseError> {
    let (plays, pictures) = (screen.plays(), screen.pictures());
    let heard = Heard::of(&room.publishers, &room.voices);
    let others: Vec<_> = heard.audible.iter().filter(|it| it.participant != screen.own).collect();
    let mut distinct: Vec<TrackId> = plays.iter().flatten().copied().collect();
    distinct.sort();
    distinct.dedup();
    prop_assert_eq!(distinct.len(), plays.iter().flatten().count(), "a track twice");
    prop_assert!(distinct.iter().all(|track| others.iter().any(|it| it.track == *track)), "itself, or nobody");
    let due: Vec<TrackId> = if others.len() <= plays.len() {
        others.iter().map(|it| it.track).collect()
    } else {
        let count = plays.len().min(AUDIBLE_MAX);
        others.iter().filter(|it| !it.muted).map(|it| it.track).take(count).collect()
    };
    prop_assert!(due.iter().all(|track| distinct.contains(track)), "one of the loudest is missing");
    prop_assert_eq!(due.len(), distinct.len());
    for it in others.iter().filter(|it| it.speaking && distinct.contains(&it.track)) {
        let was = before.iter().position(|track| *track == Some(it.track));
        let is = plays.iter().position(|track| *track == Some(it.track));
        let followed = is.and_then(|place| pictures[place]).is_some_and(|picture| it.pictures.contains(&picture));
        prop_assert!(was.is_none() || was == is || followed, "{was:?} to {is:?} while it speaks");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_first_are_heard_once_and_stay(
        people in 1_usize..16,
        pairs in 1_usize..12,
        own in prop::option::of(0_usize..16),
        steps in steps(),
    ) {
        let mut house = House::default();
        let mut room = Chamber::new(house.publishers(people, &[Audio, Video]));
        let mut screen = Screen::new(pairs);
        if let Some(own) = own {
            screen.own = room.publishers[own % people].participant;
        }
        screen.update(&room);
        for step in steps {
            let before = screen.plays();
            match step {
                Step::Talk(who) => {
                    let who: Vec<usize> = (0..room.publishers.len()).filter(|place| who[place % 20]).collect();
                    talk(&mut room, 100, &who);
                }
                Step::LayOut(shown) => {
                    let publishers = room.publishers.clone();
                    let shown: Vec<Option<&Publisher>> = shown
                        .iter()
                        .map(|place| publishers.get((*place)?).filter(|it| it.participant != screen.own))
                        .collect();
                    screen.lay_out(&shown);
                }
                Step::Leave(place) if place < room.publishers.len() => {
                    let gone = room.publishers.remove(place);
                    room.voices.follow(room.now, &room.publishers);
                    for slot in &mut screen.slots {
                        slot.wants = slot.wants.filter(|track| !gone.publishes(*track));
                    }
                }
                Step::Leave(_) => {}
                Step::Join => {
                    room.publishers.push(house.publisher("late", &[Audio, Video]));
                    room.voices.follow(room.now, &room.publishers);
                }
                Step::Mute(place, muted) => {
                    if let Some(track) = room.publishers.get(place).and_then(|it| it.track(Audio, 0)) {
                        room.voices.set_muted(track, muted);
                    }
                }
            }
            let after = screen.update(&room);
            check(&room, &screen, &before)?;
            prop_assert_eq!(screen.update(&room), after, "an unchanged room changes no slot");
        }
    }
}
