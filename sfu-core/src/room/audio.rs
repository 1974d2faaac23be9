//! Which publisher each audio slot plays.

use crate::id::{MediaKind, TrackId};

use super::Publisher;
use super::routing::{Viewer, Wishes};

/// Sound goes with its picture; slots that are left over, when nobody was named, play publishers that are not shown.
pub(super) fn tracks(
    publishers: &[&Publisher],
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
