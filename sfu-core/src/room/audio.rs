//! Which publisher each audio slot plays.
//!
//! A sound goes to the slot beside its picture, since browsers keep the sound and the picture of one pair in step (the
//! `i`-th audio and video slot share a stream id). Whoever has no picture takes what is free. Nobody who plays is moved for
//! another's sake, and while somebody speaks it is not even moved by one whose place it is in.

use crate::id::{MediaKind, ParticipantKey, TrackId};
use crate::limits::AUDIBLE_MAX;

use super::routing::{SlotView, Viewer, Wishes};
use super::{Publisher, Voices};

/// An audio track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audible {
    pub participant: ParticipantKey,
    pub track: TrackId,
    /// Whether it is heard now.
    pub speaking: bool,
    /// Whether its publisher muted it.
    pub muted: bool,
    /// Video tracks beside which it belongs, best first: a microphone goes with the camera, else with the screen; the
    /// sound of a screen with the screen alone.
    pub pictures: Vec<TrackId>,
}

/// Who is heard in a room.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heard {
    /// Who has the floor.
    pub dominant: Option<ParticipantKey>,
    /// Who comes first is to be heard first.
    pub audible: Vec<Audible>,
}

impl Heard {
    /// Of these publishers; costs one pass over their tracks.
    pub fn of(publishers: &[Publisher], voices: &Voices) -> Self {
        let mut known: slotmap::SecondaryMap<TrackId, (&Publisher, usize)> = slotmap::SecondaryMap::new();
        for publisher in publishers {
            let audios = publisher.tracks_of(MediaKind::Audio).enumerate();
            known.extend(audios.map(|(index, track)| (track, (publisher, index))));
        }
        let audible = voices.in_order().filter_map(|(track, voice)| {
            let (publisher, index) = *known.get(track)?;
            let videos = publisher.tracks_of(MediaKind::Video);
            let pictures = if index == 0 { videos.collect() } else { videos.skip(index).take(1).collect() };
            let (speaking, muted) = (voice.speaking, voice.muted);
            Some(Audible { participant: publisher.participant, track, speaking, muted, pictures })
        });
        Self { dominant: voices.dominant(), audible: audible.collect() }
    }
}

/// With a layout: everybody as long as the slots suffice, and those who are muted keep their places; else the first of
/// those who are not.
pub(super) fn by_layout(heard: &Heard, viewer: Viewer<'_>) -> Vec<Option<TrackId>> {
    let slots = |kind: MediaKind| viewer.slots.iter().filter(move |slot| slot.kind == kind);
    let places: Vec<&SlotView> = slots(MediaKind::Audio).collect();
    let pictures: Vec<Option<TrackId>> =
        slots(MediaKind::Video).map(|slot| slot.wants).chain(std::iter::repeat(None)).take(places.len()).collect();
    let others = heard.audible.iter().filter(|audible| audible.participant != viewer.own);
    let fit = others.clone().count() <= places.len();
    let count = if fit { places.len() } else { places.len().min(AUDIBLE_MAX) };
    let chosen: Vec<&Audible> = others.filter(|audible| fit || !audible.muted).take(count).collect();

    let mut tracks: Vec<Option<TrackId>> = vec![None; places.len()];
    let plays = |place: usize| places.get(place).and_then(|slot| slot.shows);
    let homes = homes(&chosen, &pictures);
    for (place, track) in stay_put(&chosen, &homes, places.len(), plays) {
        if let Some(slot) = tracks.get_mut(place) {
            *slot = Some(track);
        }
    }
    for (audible, home) in chosen.iter().zip(&homes) {
        if !tracks.contains(&Some(audible.track))
            && let Some(slot) = home.and_then(|place| tracks.get_mut(place))
        {
            slot.get_or_insert(audible.track);
        }
    }
    let keeps_a_place = |place: usize| pictures.get(place).copied().flatten().is_some();
    fill(&mut tracks, chosen.iter().map(|audible| audible.track), plays, keeps_a_place);
    tracks
}

/// The place beside each one's picture; of two with the same, the first has it.
fn homes(chosen: &[&Audible], pictures: &[Option<TrackId>]) -> Vec<Option<usize>> {
    let mut taken: Vec<usize> = Vec::new();
    let beside = |picture: &TrackId| pictures.iter().position(|beside| *beside == Some(*picture));
    let mut home = |audible: &&Audible| {
        let place = audible.pictures.iter().find_map(beside).filter(|place| !taken.contains(place))?;
        taken.push(place);
        Some(place)
    };
    chosen.iter().map(&mut home).collect()
}

/// Who speaks and stays where it plays: for want of a place beside its picture, or because another such speaker is there.
fn stay_put(
    chosen: &[&Audible],
    homes: &[Option<usize>],
    places: usize,
    plays: impl Fn(usize) -> Option<TrackId>,
) -> Vec<(usize, TrackId)> {
    let place_of = |track: TrackId| (0..places).find(|place| plays(*place) == Some(track));
    let mut moving: Vec<(usize, TrackId, Option<usize>)> = chosen
        .iter()
        .zip(homes)
        .filter(|(audible, _)| audible.speaking)
        .filter_map(|(audible, home)| Some((place_of(audible.track)?, audible.track, *home)))
        .collect();
    let mut staying: Vec<(usize, TrackId)> = Vec::new();
    loop {
        let before = staying.len();
        moving.retain(|(place, track, home)| {
            let goes = home.is_some_and(|home| !staying.iter().any(|(taken, _)| *taken == home));
            if !goes {
                staying.push((*place, *track));
            }
            goes
        });
        if staying.len() == before {
            return staying;
        }
    }
}

/// Without a layout sound goes with its picture; slots that are left over, when nobody was named, play publishers that are
/// not shown.
pub(super) fn by_pictures(
    heard: &Heard,
    shown: &[Option<&Publisher>],
    viewer: Viewer<'_>,
    count: usize,
) -> Vec<Option<TrackId>> {
    let mut tracks: Vec<Option<TrackId>> =
        shown.iter().take(count).map(|publisher| publisher.and_then(|it| it.track(MediaKind::Audio, 0))).collect();
    tracks.resize(count, None);
    if let Wishes::Named(_) = viewer.wishes {
        return tracks;
    }
    // A place beside a picture waits for that picture's sound.
    let is_reserved = |place: usize| shown.get(place).copied().flatten().is_some();
    let mut free: Vec<usize> = (0..count).filter(|place| !is_reserved(*place)).collect();
    let unheard = heard.audible.iter().filter(|it| it.participant != viewer.own && !it.muted);
    let unheard = unheard.filter(|it| !tracks.contains(&Some(it.track)));
    let chosen: Vec<TrackId> = unheard.map(|audible| audible.track).take(free.len()).collect();
    let places: Vec<&SlotView> = viewer.slots.iter().filter(|slot| slot.kind == MediaKind::Audio).collect();
    let mut rest: Vec<Option<TrackId>> = vec![None; free.len()];
    let plays = |index: usize| free.get(index).and_then(|place| places.get(*place)).and_then(|slot| slot.shows);
    fill(&mut rest, chosen.iter().copied(), plays, |_| false);
    for (place, track) in free.drain(..).zip(rest) {
        if let Some(slot) = tracks.get_mut(place) {
            *slot = track;
        }
    }
    tracks
}

/// Gives each of `chosen` that has no place yet a free one: first those who play stay, then the others take places that
/// are nobody's, and those that are kept for somebody else only when nothing else is left.
fn fill(
    tracks: &mut [Option<TrackId>],
    chosen: impl Iterator<Item = TrackId> + Clone,
    plays: impl Fn(usize) -> Option<TrackId>,
    is_kept: impl Fn(usize) -> bool,
) {
    for place in 0..tracks.len() {
        let stays =
            plays(place).filter(|track| chosen.clone().any(|it| it == *track) && !tracks.contains(&Some(*track)));
        if let Some(slot) = tracks.get_mut(place) {
            *slot = slot.or(stays);
        }
    }
    for track in chosen {
        if tracks.contains(&Some(track)) {
            continue;
        }
        let free = |place: &usize| tracks.get(*place).is_some_and(Option::is_none);
        let nobodys = (0..tracks.len()).filter(free).find(|place| !is_kept(*place));
        let Some(place) = nobodys.or_else(|| (0..tracks.len()).find(free)) else { return };
        if let Some(slot) = tracks.get_mut(place) {
            *slot = Some(track);
        }
    }
}
