//! Who gets what, by example. Cameras send 180, 360 and 720 lines at 150, 500 and 1,500 kbit/s.

use sfu_core::bitrate::{Attention, Constraint, Content, Frames, Given, Held, Rank, Visibility, Wanted, lift};

use super::viewers::{Tile, Viewer};

const CAMERA: [(u16, u64); 3] = [(180, 150), (360, 500), (720, 1_500)];

fn camera(slot: usize) -> Tile {
    Tile::new(slot, &CAMERA)
}

fn cameras(count: usize) -> Viewer {
    Viewer::of((0..count).map(camera).collect())
}

fn constraint(viewer: &Viewer, budget_kbps: u64, place: usize) -> Option<(Constraint, u64)> {
    let grant = viewer.allocate(Some(budget_kbps * 1_000)).grants[place];
    grant.limit.map(|limit| (limit.constraint, limit.missing_bps.div_ceil(1_000)))
}

#[test]
fn everybody_is_seen_before_anybody_is_seen_better() {
    let mut viewer = cameras(4);
    viewer.tiles[3].rank.attention = Attention::Pinned;
    assert_eq!(viewer.places(600), [Some(0); 4]);
    assert_eq!(viewer.places(450), [Some(0), Some(0), None, Some(0)], "and the last of equals waits");
    assert_eq!(viewer.places(1_150), [Some(0), Some(0), Some(0), Some(1)]);
    assert_eq!(
        viewer.places(2_300),
        [Some(0), Some(0), Some(0), Some(2)].map(|place| place),
        "who is pinned has all it wants"
    );
}

#[test]
fn of_equals_the_first_slots_are_served_wherever_they_stand() {
    let mut viewer = cameras(3);
    assert_eq!(viewer.places(300), [Some(0), Some(0), None]);
    assert_eq!(viewer.places(1_000), [Some(1), Some(0), Some(0)]);
    viewer.tiles.reverse();
    assert_eq!(viewer.places(300), [None, Some(0), Some(0)]);
    assert_eq!(viewer.places(1_000), [Some(0), Some(0), Some(1)]);
}

#[test]
fn who_speaks_is_a_step_ahead_of_the_others_and_no_more() {
    let mut viewer = cameras(3);
    viewer.tiles[1].rank.attention = Attention::Speaking;
    assert_eq!(viewer.places(1_000), [Some(0), Some(1), Some(0)]);
    assert_eq!(viewer.places(2_000), [Some(1), Some(1), Some(1)]);
    assert_eq!(viewer.places(2_900), [Some(1), Some(2), Some(1)]);
}

#[test]
fn higher_priority_has_the_better_layer() {
    let mut viewer = cameras(3);
    viewer.tiles[2].rank.priority = 9;
    viewer.tiles[1].rank.priority = 4;
    assert_eq!(viewer.places(1_000), [Some(0), Some(0), Some(1)]);
    assert_eq!(viewer.places(1_400), [Some(0), Some(1), Some(1)]);
    assert_eq!(viewer.places(300), [None, Some(0), Some(0)]);
}

#[test]
fn a_screen_can_be_read_before_faces_are_seen_better() {
    let mut viewer = cameras(3);
    viewer.tiles[0].rank = Rank { content: Content::Screen, ..Rank::ORDINARY };
    viewer.tiles[1].rank.attention = Attention::Pinned;
    assert_eq!(viewer.places(2_100), [Some(2), Some(0), Some(0)]);
    assert_eq!(viewer.places(149), [None; 3]);
    assert_eq!(viewer.places(299), [Some(0), None, None]);
}

#[test]
fn the_height_of_a_screen_comes_before_its_frames_and_a_face_wants_all_of_them() {
    let mut viewer = cameras(1);
    for rung in &mut viewer.tiles[0].ladder {
        rung.thinned_bps = [Some(rung.bps / 2), Some(rung.bps * 7 / 10), None];
    }
    let layer = |viewer: &Viewer, kbps: u64| {
        let Given::Layer { layer, .. } = viewer.allocate(Some(kbps * 1_000)).grants[0].given else { return None };
        Some((viewer.tiles[0].ladder.iter().position(|rung| rung.encoding == layer.encoding).unwrap(), layer.frames))
    };
    let half = Frames::UpTo(1);
    assert_eq!(layer(&viewer, 75), Some((0, Frames::BASE)), "thinned before it is paused");
    assert_eq!(layer(&viewer, 74), None);
    assert_eq!(layer(&viewer, 121), Some((0, half)));
    assert_eq!(layer(&viewer, 175), Some((0, Frames::All)));
    assert_eq!(layer(&viewer, 500), Some((0, Frames::All)), "all frames before more height");
    assert_eq!(layer(&viewer, 1_500), Some((1, Frames::All)));
    viewer.tiles[0].rank.content = Content::Screen;
    assert_eq!(layer(&viewer, 175), Some((0, Frames::BASE)));
    assert_eq!(layer(&viewer, 300), Some((1, Frames::BASE)));
    assert_eq!(layer(&viewer, 900), Some((2, Frames::BASE)));
    assert_eq!(layer(&viewer, 1_210), Some((2, half)));
    assert_eq!(layer(&viewer, 1_725), Some((2, Frames::All)));
}

#[test]
fn hidden_slots_have_what_is_left() {
    let mut viewer = cameras(2);
    viewer.tiles[0].rank = Rank { visibility: Visibility::Hidden, attention: Attention::Pinned, ..Rank::ORDINARY };
    assert_eq!(viewer.places(299), [None, Some(0)]);
    assert_eq!(viewer.places(649), [None, Some(1)]);
    assert_eq!(viewer.places(650), [Some(0), Some(1)]);
}

#[test]
fn what_is_shown_is_held_and_a_step_up_needs_a_reserve() {
    let climbing = cameras(1);
    assert_eq!(climbing.places(1_649), [Some(1)]);
    assert_eq!(constraint(&climbing, 1_649, 0), Some((Constraint::Reserve, 1)));
    assert_eq!(constraint(&climbing, 1_400, 0), Some((Constraint::Budget, 250)));
    assert_eq!(climbing.places(1_650), [Some(2)]);
    assert_eq!(constraint(&climbing, 1_650, 0), None);
    let holding = Viewer::of(vec![camera(0).holding(2)]);
    assert_eq!(holding.places(1_500), [Some(2)]);
    assert_eq!(holding.places(1_499), [Some(1)]);
    assert_eq!(constraint(&holding, 1_499, 0), Some((Constraint::Budget, 1)));
}

#[test]
fn who_has_a_better_layer_keeps_it_from_equals() {
    let viewer = Viewer::of(vec![camera(0), camera(1).holding(1), camera(2)]);
    assert_eq!(viewer.places(800), [Some(0), Some(1), Some(0)]);
    let mut viewer = viewer;
    viewer.tiles[2].rank.attention = Attention::Speaking;
    assert_eq!(viewer.places(800), [Some(0), Some(1), Some(0)], "the speaker's step has no reserve yet");
    assert_eq!(viewer.places(950), [Some(0), Some(0), Some(1)]);
}

#[test]
fn who_begins_is_shown_at_once_and_who_was_paused_comes_back_with_a_reserve() {
    let mut viewer = cameras(1);
    assert_eq!(viewer.places(150), [Some(0)]);
    viewer.tiles[0].memory.held = Held::Paused;
    assert_eq!(viewer.places(164), [None]);
    assert_eq!(constraint(&viewer, 164, 0), Some((Constraint::Reserve, 1)));
    assert_eq!(viewer.places(165), [Some(0)]);
    let joined = Viewer::of(vec![camera(0).holding(1), camera(1)]);
    assert_eq!(joined.places(600), [Some(0), Some(0)], "a newcomer is seen at the expense of who is seen better");
}

#[test]
fn sounds_come_first_and_pictures_are_paused_when_they_alone_are_too_much() {
    let mut viewer = cameras(2);
    viewer.audio_bps = 100_000;
    assert_eq!(viewer.places(400), [Some(0), Some(0)]);
    assert_eq!(viewer.places(399), [Some(0), None]);
    assert_eq!(viewer.places(99), [None, None]);
    assert_eq!(constraint(&viewer, 99, 0), Some((Constraint::Audio, 151)));
    assert_eq!(viewer.allocate(Some(99_000)).spent_bps, 100_000);
}

#[test]
fn pictures_are_as_high_as_allowed_and_no_higher() {
    let mut viewer = Viewer::of(vec![camera(0), Tile::new(1, &[(1_080, 2_000)])]);
    viewer.video_max_height = Some(400);
    assert_eq!(viewer.places(9_000), [Some(1), None]);
    assert_eq!(constraint(&viewer, 9_000, 0), Some((Constraint::Height, 0)));
    assert_eq!(constraint(&viewer, 9_000, 1), Some((Constraint::Height, 0)));
    assert_eq!(viewer.allocate(None).grants[1].given, Given::Paused);
    viewer.tiles[0].wanted = Wanted::Height(350);
    assert_eq!(constraint(&viewer, 9_000, 0), None, "the layout wants no more");
}

#[test]
fn a_publisher_that_sends_nothing_higher_is_the_reason() {
    let mut viewer = cameras(1);
    viewer.tiles[0].wanted = Wanted::Height(1_080);
    assert_eq!(constraint(&viewer, 9_000, 0), Some((Constraint::Publisher, 0)));
    assert_eq!(constraint(&viewer, 400, 0).map(|(constraint, _)| constraint), Some(Constraint::Budget));
}

#[test]
fn what_lifts_a_slot_counts_those_who_are_served_before_it() {
    let mut viewer = cameras(3);
    viewer.tiles[0].rank.attention = Attention::Speaking;
    assert_eq!(viewer.places(460), [Some(0); 3]);
    let of = |place: usize| viewer.ask(Some(460_000), |inputs| lift(inputs, place)).unwrap();
    // 800 kbit/s and a reserve are 880, and each further step is 350 and a reserve.
    assert_eq!((of(0), of(1), of(2)), (420_000, 805_000, 1_190_000));
}
