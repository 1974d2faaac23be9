//! Whoever asks is told what keeps each slot from more, what would lift that, and what was decided before; and what is told to
//! lift it does.

use std::time::Duration;

use sfu_core::bitrate::{Caps, RoomCaps};
use sfu_core::command::{Command, Muting};
use sfu_core::event::{Event, LimitedBy};
use sfu_core::id::{Identity, MediaKind, RoomName, TransportId};
use sfu_core::limits::DECISIONS_REMEMBERED_MAX;
use sfu_core::why::{Decision, Need, Picture, Reason, SlotWhy, Why};

use crate::publisher::Publishing;
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

/// Three encodings of about 120, 220 and 310 kbit/s on the wire, and a microphone.
pub fn camera(mark: u8) -> Publishing {
    Publishing { rids: vec!["q", "h", "f"], ..Publishing::with_sound(mark) }
}

pub fn subscribe(bps: u64) -> Caps {
    Caps { subscribe_max_bps: Some(bps), ..Caps::default() }
}

fn lines(height: u16) -> Caps {
    Caps { video_max_height: Some(height), ..Caps::default() }
}

pub fn cap_room(world: &mut World, caps: RoomCaps) {
    let request = world.request();
    world.command(Command::CapRoom { request, room: RoomName::new("room").unwrap(), caps });
}

pub fn cap(world: &mut World, identity: &str, caps: Caps) {
    let (room, identity) = (RoomName::new("room").unwrap(), Identity::new(identity).unwrap());
    let request = world.request();
    world.command(Command::CapParticipant { request, room, identity, caps });
}

/// A viewer of one picture and one sound.
fn scene(seed: u8) -> (World, usize) {
    let mut world = World::new(seed);
    world.meet_sending("room", "a", camera(1));
    let viewer = world.look("room", "b", (1, 1));
    world.arrange(viewer, &[(0, ("a", "1"), 720)]);
    world.run(3 * SECOND);
    (world, viewer)
}

fn why(world: &mut World, client: usize) -> Why {
    let (request, transport) = (world.request(), world.clients[client].id);
    world.command(Command::Why { request, transport });
    match world.events.pop() {
        Some(Event::Why { request: answered, why }) if answered == request => *why,
        other => panic!("{other:?}"),
    }
}

/// Why its picture is as it is.
fn slot(world: &mut World, viewer: usize) -> SlotWhy {
    let slots = why(world, viewer).slots;
    slots.into_iter().find(|slot| slot.status.kind == MediaKind::Video).unwrap()
}

fn reason(world: &mut World, viewer: usize) -> Reason {
    slot(world, viewer).reason
}

fn height(world: &World, viewer: usize) -> Option<u16> {
    world.status(viewer, 0).layer.and_then(|layer| layer.height)
}

#[test]
fn what_is_told_to_lift_a_cap_is_enough_and_less_is_not() {
    let (mut world, viewer) = scene(120);
    for (bps, shown, next) in [(330_000, Some(360), 720), (200_000, Some(180), 360), (60_000, None, 180)] {
        cap(&mut world, "b", subscribe(bps));
        world.run(SECOND);
        assert_eq!(height(&world, viewer), shown, "{bps}");
        let told = slot(&mut world, viewer);
        assert!(matches!(told.reason, Reason::Budget | Reason::Reserve), "{told:?}");
        let [Need { limit: LimitedBy::Cap, from, to }] = told.needs[..] else { panic!("{:?}", told.needs) };
        assert_eq!((from, told.missing_bps), (bps, to - bps));
        // What pictures cost moves by some parts in a hundred.
        cap(&mut world, "b", subscribe(to - to / 25));
        world.run(SECOND);
        assert_eq!(height(&world, viewer), shown, "{to} is more than it takes");
        cap(&mut world, "b", subscribe(to + to / 25));
        world.run(SECOND);
        assert_eq!(height(&world, viewer), Some(next), "{to}");
    }
    let ladder: Vec<_> = slot(&mut world, viewer).ladder.iter().map(|it| (it.height, it.is_measured)).collect();
    assert_eq!(ladder, [(180, true), (360, true), (720, true)]);
}

#[test]
fn every_limit_that_is_too_low_is_named() {
    let (mut world, viewer) = scene(121);
    let small = world.look("room", "c", (1, 1));
    world.arrange(small, &[(0, ("a", "1"), 180)]);
    world.run(2 * SECOND);
    let participant = Caps { video_max_height: Some(200), ..subscribe(210_000) };
    cap_room(&mut world, RoomCaps { participant, room_egress_max_bps: Some(420_000) });
    world.run(SECOND);
    let told = slot(&mut world, viewer);
    let limits: Vec<LimitedBy> = told.needs.iter().map(|need| need.limit).collect();
    assert_eq!((told.reason, limits), (Reason::Height, vec![LimitedBy::HeightCap, LimitedBy::Cap, LimitedBy::RoomCap]));
    let [Need { to: height_cap, .. }, Need { to: bps, .. }, Need { to: egress, .. }] = told.needs[..] else { panic!() };
    let lifted = Caps { video_max_height: u16::try_from(height_cap).ok(), ..subscribe(bps + bps / 20) };
    for (egress, shown) in [(egress - egress / 10, 180), (egress + egress / 20, 360)] {
        cap_room(&mut world, RoomCaps { participant: lifted, room_egress_max_bps: Some(egress) });
        world.run(2 * SECOND);
        assert_eq!((height(&world, viewer), height(&world, small)), (Some(shown), Some(180)), "{egress}");
    }
}

#[test]
fn each_reason_is_told_as_it_is() {
    let (mut world, viewer) = scene(122);
    assert_eq!(reason(&mut world, viewer), Reason::Content);
    world.arrange(viewer, &[(0, ("a", "1"), 180)]);
    world.run(SECOND);
    assert_eq!(reason(&mut world, viewer), Reason::Layout);
    world.arrange(viewer, &[(0, ("a", "1"), 1_440)]);
    world.run(SECOND);
    let told = slot(&mut world, viewer);
    assert_eq!((told.reason, told.needs), (Reason::Publisher, vec![]));
    cap(&mut world, "b", lines(400));
    world.run(SECOND);
    let told = slot(&mut world, viewer);
    let need = Need { limit: LimitedBy::HeightCap, from: 400, to: 720 };
    assert_eq!((told.reason, told.needs, told.missing_bps), (Reason::Height, vec![need], 0));
    cap(&mut world, "b", subscribe(20_000));
    world.run(SECOND);
    assert_eq!(reason(&mut world, viewer), Reason::Audio);
    cap(&mut world, "b", Caps::default());
    world.mute(0, "1", Muting::Muted);
    assert_eq!(reason(&mut world, viewer), Reason::Muted);
    world.mute(0, "1", Muting::Unmuted);
    world.arrange(viewer, &[(0, ("a", "1"), 0)]);
    assert_eq!(reason(&mut world, viewer), Reason::Hidden);
    world.arrange(viewer, &[]);
    assert_eq!(reason(&mut world, viewer), Reason::Empty);
    world.arrange(viewer, &[(0, ("nobody", "1"), 720)]);
    assert_eq!(reason(&mut world, viewer), Reason::NoSuchTrack);
    let late = world.look("room", "c", (1, 1));
    world.arrange(late, &[(0, ("a", "1"), 720)]);
    assert_eq!(reason(&mut world, late), Reason::Connecting);
    world.assert_sound();
}

#[test]
fn a_climb_that_waits_for_its_key_frame_says_so() {
    let (mut world, viewer) = scene(123);
    world.arrange(viewer, &[(0, ("a", "1"), 180)]);
    world.run(SECOND);
    world.publisher(0).no_keyframes = true;
    world.arrange(viewer, &[(0, ("a", "1"), 720)]);
    world.run(SECOND);
    let told = slot(&mut world, viewer);
    assert_eq!((height(&world, viewer), told.reason), (Some(180), Reason::AwaitingKeyframe));
    assert_eq!(told.target.and_then(|target| target.height), Some(720));
}

#[test]
fn who_is_not_there_has_no_reason() {
    let (mut world, _) = scene(124);
    let request = world.request();
    world.command(Command::Why { request, transport: TransportId(77) });
    assert!(matches!(world.events.pop(), Some(Event::Rejected { .. })));
}

fn heights(decisions: &[Decision]) -> Vec<(Option<u16>, Option<u16>)> {
    let height = |picture: &Picture| match picture {
        Picture::Layer { height, .. } => *height,
        Picture::Nothing | Picture::Paused => None,
    };
    decisions.iter().map(|it| (height(&it.from), height(&it.to))).collect()
}

#[test]
fn decisions_are_remembered_with_what_they_were_for() {
    let (mut world, viewer) = scene(125);
    let before = why(&mut world, viewer).decisions.len();
    assert!((1..=4).contains(&before), "it began: {before}");
    cap(&mut world, "b", subscribe(230_000));
    world.run(2 * SECOND);
    cap(&mut world, "b", subscribe(60_000));
    world.run(3 * SECOND);
    world.close(0);
    world.run(SECOND);
    let decisions = why(&mut world, viewer).decisions[before..].to_vec();
    assert_eq!(heights(&decisions), [(Some(720), Some(180)), (Some(180), None), (None, None)]);
    let [low, paused, gone] = &decisions[..] else { panic!() };
    assert_eq!((low.budget_bps, low.limited_by), (Some(230_000), Some(LimitedBy::Cap)));
    assert!((Duration::from_millis(5_900)..=6 * SECOND).contains(&low.age), "{:?}", low.age);
    assert_eq!((&paused.to, paused.budget_bps), (&Picture::Paused, Some(60_000)));
    assert!(matches!(low.reason, Reason::Budget | Reason::Reserve), "{low:?}");
    assert_eq!((&gone.from, &gone.to, gone.reason), (&Picture::Paused, &Picture::Nothing, Reason::NoSuchTrack));
    assert_eq!(low.track.as_ref().map(|track| (track.identity.as_str(), &*track.mid.0)), Some(("a", "1")));
    assert_eq!(low.mid, slot(&mut world, viewer).status.mid);
}

/// A cap that is looked at five times a second decides nothing as long as the same comes of it.
#[test]
fn nothing_is_remembered_while_nothing_changes_and_never_more_than_a_hundred() {
    let (mut world, viewer) = scene(126);
    cap(&mut world, "b", subscribe(230_000));
    world.run(SECOND);
    let before = why(&mut world, viewer).decisions.len();
    world.run(10 * SECOND);
    assert_eq!(why(&mut world, viewer).decisions.len(), before);
    for round in 0..120 {
        world.arrange(viewer, &[(0, ("a", "1"), if round % 2 == 0 { 0 } else { 180 })]);
        world.run_ms(20);
    }
    let decisions = why(&mut world, viewer).decisions;
    assert_eq!(decisions.len(), DECISIONS_REMEMBERED_MAX);
    assert!(decisions.is_sorted_by(|a, b| a.age >= b.age), "the oldest first");
    assert!(decisions.last().unwrap().age < SECOND / 10);
}
