//! What each slot was told to carry, and what it showed.

use super::judge::Clock;
pub use super::report::SlotCourse;
use super::report::{ShownSpan, ToldSpan};
use crate::lean::diary::Shown;
use crate::lean::{Shape, SlotsTold};
use crate::media::mark::PublisherTag;
use crate::scenario::Plan;

/// Between two frames of a picture that has not stopped, s: a person sees more.
const GAP_MAX_S: f64 = 0.5;

/// Height of a frame's encoding, pixels; `None` for sounds.
pub(super) fn height_of(shape: &Shape, of: PublisherTag) -> Option<u16> {
    // Microphones have the odd numbers.
    let is_video = of.0 & 1 == 0;
    shape.heights().get(usize::from(of.encoding())).copied().filter(|_| is_video)
}

/// What `viewer` was told of the slot that shows `publisher`, from 0 to `end`.
pub(super) fn told(clock: Clock, said: &[SlotsTold], (viewer, publisher): (&str, &str), end: f64) -> Vec<ToldSpan> {
    let mut spans: Vec<ToldSpan> = Vec::new();
    for message in said.iter().filter(|message| message.participant == viewer) {
        let is_of = |track: &str| track.split_once('@').is_some_and(|(_, identity)| identity == publisher);
        let mut pictures = message.slots.iter().filter(|slot| slot.kind == "video");
        let Some(slot) = pictures.rfind(|slot| slot.track.as_deref().is_some_and(is_of)) else { continue };
        let at = clock.at(message.at).clamp(0.0, end);
        if let Some(last) = spans.last_mut() {
            last.until_s = at;
        }
        spans.push(ToldSpan {
            from_s: at,
            until_s: end,
            state: slot.state.clone(),
            height: slot.layer.as_ref().and_then(|layer| layer.height),
            limited_by: slot.limited_by.clone(),
        });
    }
    spans.retain(|span| span.until_s > span.from_s);
    spans
}

/// What a viewer showed of `publisher` from 0 to `end`.
pub(super) fn shown(clock: Clock, frames: &[Shown], shape: &Shape, publisher: u16, end: f64) -> Vec<ShownSpan> {
    let mut spans: Vec<ShownSpan> = Vec::new();
    for frame in frames.iter().filter(|frame| frame.of.track() == Plan::video_tag(0, publisher)) {
        let (at, Some(height)) = (clock.at(frame.at), height_of(shape, frame.of)) else { continue };
        if !(0.0..=end).contains(&at) {
            continue;
        }
        match spans.last_mut().filter(|last| last.height == height && at - last.until_s <= GAP_MAX_S) {
            Some(last) => (last.until_s, last.frames) = (at, last.frames + 1),
            None => spans.push(ShownSpan { from_s: at, until_s: at, height, frames: 1 }),
        }
    }
    spans
}

/// The longest time from 0 to `end` in which a viewer heard nothing of one of the first `publishers`, s.
pub(super) fn sound_gap(clock: Clock, frames: &[Shown], publishers: u16, end: f64) -> f64 {
    let of = |publisher| {
        let microphone = Plan::audio_tag(0, publisher);
        let heard = frames.iter().filter(|frame| frame.of == microphone).map(|frame| clock.at(frame.at));
        let heard = heard.filter(|at| (0.0..=end).contains(at)).chain([end]);
        heard.fold((0.0, 0.0_f64), |(last, longest), at| (at, longest.max(at - last))).1
    };
    (0..publishers).map(of).fold(0.0, f64::max)
}
