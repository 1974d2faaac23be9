//! Who gets what: a pure decision over a room's publishers and one viewer's slots.
//!
//! A slot keeps what it shows for as long as that is published: nobody's joining or leaving disturbs anybody else's picture.

use crate::id::{Identity, MediaKind, ParticipantKey, TrackId};

use super::{Heard, Publisher, audio, video};

/// A slot as routing sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotView {
    pub kind: MediaKind,
    /// What it shows now.
    pub shows: Option<TrackId>,
    /// What the viewer's layout gives it, if that is published.
    pub wants: Option<TrackId>,
}

/// How a viewer's video slots are filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wishes {
    /// By whoever is there, in order of arrival; a single slot by whoever speaks.
    Anybody,
    /// By these publishers, slot by slot.
    Named(Vec<Identity>),
    /// By the viewer's layout: `SlotView::wants`.
    Layout,
}

/// One viewer.
#[derive(Debug, Clone, Copy)]
pub struct Viewer<'a> {
    /// Nobody sees or hears itself.
    pub own: ParticipantKey,
    pub wishes: &'a Wishes,
    /// In the order of the viewer's sections.
    pub slots: &'a [SlotView],
}

/// The track of each slot, in order. Every viewer gets the same for the same inputs; ties go to who came first.
///
/// By a layout it costs a few steps for each slot and everybody who is audible, whatever the number of publishers; without
/// one, a few for each publisher and slot.
pub fn assign(publishers: &[Publisher], heard: &Heard, viewer: Viewer<'_>) -> Vec<Option<TrackId>> {
    let videos = positions(viewer.slots, MediaKind::Video);
    let audios = positions(viewer.slots, MediaKind::Audio);
    let mut tracks = vec![None; viewer.slots.len()];
    if *viewer.wishes == Wishes::Layout {
        put(
            &mut tracks,
            &videos,
            viewer.slots.iter().filter(|slot| slot.kind == MediaKind::Video).map(|slot| slot.wants),
        );
        put(&mut tracks, &audios, audio::by_layout(heard, viewer));
        return tracks;
    }
    let others: Vec<&Publisher> = publishers.iter().filter(|publisher| publisher.participant != viewer.own).collect();
    let shown = video::shown(&others, heard.dominant, viewer, &videos);
    put(&mut tracks, &videos, video::tracks(&shown, videos.len()));
    put(&mut tracks, &audios, audio::by_pictures(heard, &shown, viewer, audios.len()));
    tracks
}

fn positions(slots: &[SlotView], kind: MediaKind) -> Vec<usize> {
    slots.iter().enumerate().filter(|(_, slot)| slot.kind == kind).map(|(position, _)| position).collect()
}

fn put(tracks: &mut [Option<TrackId>], positions: &[usize], values: impl IntoIterator<Item = Option<TrackId>>) {
    for (position, value) in positions.iter().zip(values) {
        if let Some(place) = tracks.get_mut(*position) {
            *place = value;
        }
    }
}
