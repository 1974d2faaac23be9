//! Which publisher each video slot shows.

use crate::id::{Identity, MediaKind, ParticipantKey, TrackId};

use super::Publisher;
use super::routing::{SlotView, Viewer, Wishes};

/// The publisher of each video slot, by the viewer's wishes; `videos` are the slots' places among all.
pub(super) fn shown<'p>(
    publishers: &[&'p Publisher],
    speaker: Option<ParticipantKey>,
    viewer: Viewer<'_>,
    videos: &[usize],
) -> Vec<Option<&'p Publisher>> {
    match (viewer.wishes, videos.len()) {
        (Wishes::Anybody, 0..=1) => single(publishers, speaker),
        (Wishes::Anybody, count) => gallery(publishers, viewer.slots, videos, count),
        (Wishes::Named(names), _) => {
            let find = |name: &Identity| publishers.iter().copied().find(|publisher| publisher.identity == *name);
            names.iter().map(find).collect()
        }
        // What a layout gives a slot is known without looking.
        (Wishes::Layout, _) => Vec::new(),
    }
}

/// The track of each video slot: cameras come first, and slots that are left over show the screens of the same publishers.
pub(super) fn tracks(shown: &[Option<&Publisher>], count: usize) -> Vec<Option<TrackId>> {
    let mut tracks: Vec<Option<TrackId>> =
        shown.iter().take(count).map(|publisher| publisher.and_then(|it| it.track(MediaKind::Video, 0))).collect();
    let mut screens = shown.iter().flatten().filter_map(|publisher| publisher.track(MediaKind::Video, 1));
    tracks.resize_with(count, || screens.next());
    tracks
}

/// With one picture to show, the active speaker's, or the first that has one.
fn single<'p>(publishers: &[&'p Publisher], speaker: Option<ParticipantKey>) -> Vec<Option<&'p Publisher>> {
    let speaking = publishers.iter().copied().find(|publisher| Some(publisher.participant) == speaker);
    let with_video = publishers.iter().copied().find(|publisher| publisher.track(MediaKind::Video, 0).is_some());
    let speaking = speaking.filter(|publisher| with_video.is_none() || publisher.track(MediaKind::Video, 0).is_some());
    vec![speaking.or(with_video).or(publishers.first().copied())]
}

/// Publishers stay where they are shown; the others fill what is free, in order of arrival.
fn gallery<'p>(
    publishers: &[&'p Publisher],
    slots: &[SlotView],
    videos: &[usize],
    count: usize,
) -> Vec<Option<&'p Publisher>> {
    let mut shown: Vec<Option<&Publisher>> = videos
        .iter()
        .map(|position| {
            let track = slots.get(*position)?.shows?;
            publishers.iter().copied().find(|publisher| publisher.track(MediaKind::Video, 0) == Some(track))
        })
        .collect();
    shown.resize(count, None);
    let mut waiting = publishers
        .iter()
        .copied()
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
