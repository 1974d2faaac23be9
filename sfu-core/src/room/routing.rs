//! Who gets what: a pure decision over a room's publishers and one viewer's slots.
//!
//! A slot keeps what it shows for as long as that is published: nobody's joining or leaving disturbs anybody else's picture.

use crate::id::{Identity, MediaKind, ParticipantKey, TrackId};

use super::Publisher;

/// A slot as routing sees it: its kind and what it shows now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotView {
    pub kind: MediaKind,
    pub shows: Option<TrackId>,
}

/// One viewer's wishes.
#[derive(Debug, Clone, Copy)]
pub struct Viewer<'a> {
    /// Publishers by name, slot by slot; empty: whoever is there.
    pub watch: &'a [Identity],
    /// In the order of the viewer's sections.
    pub slots: &'a [SlotView],
}

/// The track of each slot, in order. Every viewer gets the same for the same inputs; ties go to who came first.
pub fn assign(publishers: &[Publisher], speaker: Option<ParticipantKey>, viewer: Viewer<'_>) -> Vec<Option<TrackId>> {
    let videos = positions(viewer.slots, MediaKind::Video);
    let audios = positions(viewer.slots, MediaKind::Audio);
    let shown = match (viewer.watch, videos.len()) {
        ([], 0..=1) => single(publishers, speaker),
        ([], count) => gallery(publishers, viewer.slots, &videos, count),
        (watch, _) => {
            watch.iter().map(|identity| publishers.iter().find(|publisher| publisher.identity == *identity)).collect()
        }
    };
    let mut tracks = vec![None; viewer.slots.len()];
    put(&mut tracks, &videos, video_tracks(&shown, videos.len()));
    put(&mut tracks, &audios, audio_tracks(publishers, &shown, viewer, audios.len()));
    tracks
}

fn positions(slots: &[SlotView], kind: MediaKind) -> Vec<usize> {
    slots.iter().enumerate().filter(|(_, slot)| slot.kind == kind).map(|(position, _)| position).collect()
}

fn put(tracks: &mut [Option<TrackId>], positions: &[usize], values: Vec<Option<TrackId>>) {
    for (position, value) in positions.iter().zip(values) {
        if let Some(place) = tracks.get_mut(*position) {
            *place = value;
        }
    }
}

/// With one picture to show, the active speaker's, or the first that has one.
fn single(publishers: &[Publisher], speaker: Option<ParticipantKey>) -> Vec<Option<&Publisher>> {
    let speaking = publishers.iter().find(|publisher| Some(publisher.participant) == speaker);
    let with_video = publishers.iter().find(|publisher| publisher.track(MediaKind::Video, 0).is_some());
    let speaking = speaking.filter(|publisher| with_video.is_none() || publisher.track(MediaKind::Video, 0).is_some());
    vec![speaking.or(with_video).or(publishers.first())]
}

/// Publishers stay where they are shown; the others fill what is free, in order of arrival.
fn gallery<'p>(
    publishers: &'p [Publisher],
    slots: &[SlotView],
    videos: &[usize],
    count: usize,
) -> Vec<Option<&'p Publisher>> {
    let mut shown: Vec<Option<&Publisher>> = videos
        .iter()
        .map(|position| {
            let track = slots.get(*position)?.shows?;
            publishers.iter().find(|publisher| publisher.track(MediaKind::Video, 0) == Some(track))
        })
        .collect();
    shown.resize(count, None);
    let mut waiting = publishers
        .iter()
        .filter(|publisher| publisher.track(MediaKind::Video, 0).is_some())
        .filter(|publisher| !shown.iter().flatten().any(|known| known.participant == publisher.participant))
        .collect::<Vec<_>>()
        .into_iter();
    for place in &mut shown {
        if place.is_none() {
            *place = waiting.next();
        }
    }
    shown
}

/// Cameras first; slots that are left over show the screens of the same publishers.
fn video_tracks(shown: &[Option<&Publisher>], count: usize) -> Vec<Option<TrackId>> {
    let mut tracks: Vec<Option<TrackId>> =
        shown.iter().take(count).map(|publisher| publisher.and_then(|it| it.track(MediaKind::Video, 0))).collect();
    let mut screens = shown.iter().flatten().filter_map(|publisher| publisher.track(MediaKind::Video, 1));
    tracks.resize_with(count, || screens.next());
    tracks
}

/// Sound goes with its picture; slots that are left over, when nobody was named, play publishers that are not shown.
fn audio_tracks(
    publishers: &[Publisher],
    shown: &[Option<&Publisher>],
    viewer: Viewer<'_>,
    count: usize,
) -> Vec<Option<TrackId>> {
    let mut tracks: Vec<Option<TrackId>> =
        shown.iter().take(count).map(|publisher| publisher.and_then(|it| it.track(MediaKind::Audio, 0))).collect();
    tracks.resize(count, None);
    if !viewer.watch.is_empty() {
        return tracks;
    }
    let mut unheard = publishers
        .iter()
        .filter_map(|publisher| publisher.track(MediaKind::Audio, 0))
        .filter(|track| !tracks.contains(&Some(*track)))
        .collect::<Vec<_>>()
        .into_iter();
    for (place, partner) in tracks.iter_mut().zip(shown.iter().map(Some).chain(std::iter::repeat(None))) {
        // A place beside a picture waits for that picture's sound.
        let reserved = partner.is_some_and(Option::is_some);
        if place.is_none() && !reserved {
            *place = unheard.next();
        }
    }
    tracks
}
