//! A reader's place in a ring.

use std::time::{Duration, Instant};

use crate::bitrate::Frames;
use crate::id::EncodingId;
use crate::ring::{Arrival, Retention, Ring};

/// A cursor into one encoding's ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Feed {
    pub(super) encoding: EncodingId,
    pub(super) cursor: Arrival,
    pub(super) state: FeedState,
    /// Nothing that came before this begins the stream: what comes into a replica may be older than its readers.
    pub(super) since: Option<Instant>,
    /// Which of its frames are to be sent.
    pub(super) frames: Frames,
}

/// How far a feed has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FeedState {
    /// Nothing at or after the cursor can be decoded yet.
    AwaitingKeyframe,
    /// The packet at the cursor begins the stream.
    Beginning,
    Live,
}

impl Feed {
    /// A reader that attaches at `now` and may begin with a keyframe that is `age_max` old.
    pub(super) fn new(encoding: EncodingId, ring: &Ring, now: Instant, age_max: Duration) -> Self {
        let since = now.checked_sub(age_max).filter(|_| ring.retention != Retention::GroupOfPictures);
        let (cursor, state) = (first_cursor(ring, now, age_max), FeedState::AwaitingKeyframe);
        Self { encoding, cursor, state, since, frames: Frames::All }
    }

    /// Where the stream begins, once that is there.
    pub(super) fn beginning(&self, ring: &Ring) -> Option<Arrival> {
        let keyframe = ring.keyframe().filter(|keyframe| *keyframe >= self.cursor)?;
        ring.at(keyframe).filter(|packet| Some(packet.meta.arrival) >= self.since).map(|_| keyframe)
    }
}

/// Where a reader begins that attaches now: at a keyframe that is new enough, else at the next one to come.
fn first_cursor(ring: &Ring, now: Instant, age_max: Duration) -> Arrival {
    if ring.retention == Retention::GroupOfPictures {
        return ring.start();
    }
    let fresh = ring.keyframe().filter(|keyframe| {
        ring.at(*keyframe).is_some_and(|packet| now.saturating_duration_since(packet.meta.arrival) <= age_max)
    });
    fresh.unwrap_or_else(|| ring.end())
}
