//! How far the frames of a window came, and how long they took to the last of all who are due to have them.
//!
//! Invariant: a frame that did not reach everybody has no latency; it is told beside it.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::client::{Cast, PublishedTrack, empty_histogram};
use crate::scenario::Percentiles;

/// So long after its window a frame that somebody lacks will not come: as long as viewers wait for what is missing.
const ON_THE_WAY: Duration = Duration::from_secs(1);

/// The frames that are sent while this is open; of video where there is any.
#[derive(Debug)]
pub struct Followed {
    tracks: Vec<(Arc<PublishedTrack>, Range<u64>)>,
    /// How many viewers are due to have each; nobody knows where the server chooses.
    copies: Option<u32>,
}

/// What became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Reached {
    /// From the publisher's turn to send a frame to the last viewer's having it whole, and all before it: of the frames that
    /// everybody has; where the server chooses who that is, of those that anybody has.
    pub to_the_last: Percentiles,
    /// Of that the clients' own part, at least: from a thread's waking up to its reading of the last socket of those that had it.
    pub queued: Percentiles,
    pub frames: u64,
    /// How many of them everybody has; nobody knows where the server chooses.
    pub to_all: Option<u64>,
}

impl Followed {
    /// From now on.
    pub fn open(cast: &Cast, copies: Option<u32>) -> Self {
        let tracks = cast.tracks();
        let is_seen = tracks.iter().any(|track| track.clip.codec().is_video());
        let tracks = tracks.into_iter().filter(|track| track.clip.codec().is_video() == is_seen);
        let from = |track: Arc<PublishedTrack>| {
            let sent = track.sent.frames();
            (track, sent..sent)
        };
        Self { tracks: tracks.map(from).collect(), copies }
    }

    /// Until now.
    #[must_use]
    pub fn close(mut self) -> Self {
        self.tracks.iter_mut().for_each(|(track, frames)| frames.end = track.sent.frames());
        self
    }

    /// What became of them once they had their time.
    pub async fn settled(self) -> Reached {
        if self.tracks.iter().any(|(_, frames)| !frames.is_empty()) {
            tokio::time::sleep(ON_THE_WAY).await;
        }
        self.reached()
    }

    fn reached(&self) -> Reached {
        let (mut took, mut queued) = (empty_histogram(), empty_histogram());
        let (mut sent, mut to_all) = (0, 0);
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        for (track, frames) in &self.tracks {
            let frames = frames.clone().filter_map(|number| track.sent.spreading(u32::try_from(number).ok()?));
            for frame in frames {
                sent += 1;
                if frame.viewers >= self.copies.unwrap_or(1) {
                    to_all += 1;
                    took.saturating_record(micros(frame.took));
                    queued.saturating_record(micros(frame.queued));
                }
            }
        }
        Reached {
            to_the_last: Percentiles::of(&took),
            queued: Percentiles::of(&queued),
            frames: sent,
            to_all: self.copies.map(|_| to_all),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::media::mark::PublisherTag;
    use crate::media::{Clip, ClipSize, Codec};

    #[test]
    fn a_frame_that_one_of_two_lacks_has_no_latency_and_is_told() {
        let cast = Cast::default();
        let clip = Arc::new(Clip::embedded(Codec::Vp8, ClipSize::Tiny).unwrap());
        let track = Arc::new(PublishedTrack::new(PublisherTag(1), clip));
        cast.join(Arc::clone(&track));
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        track.sent.record(0, start);
        let open = |copies| Followed::open(&cast, copies);
        let (pinned, chosen) = (open(Some(2)), open(None));
        (1..=3).for_each(|number| track.sent.record(number, start));
        let (pinned, chosen) = (pinned.close(), chosen.close());
        track.sent.record(4, start);
        let see = |number, ms| track.sent.see(number, after(ms), Duration::from_millis(1));
        [(0, 1), (0, 1), (1, 2), (2, 2), (2, 30), (4, 1), (4, 1)].into_iter().for_each(|(number, ms)| see(number, ms));
        let reached = pinned.reached();
        assert_eq!((reached.frames, reached.to_all, reached.to_the_last.samples), (3, Some(1), 1));
        assert!((29.0..31.0).contains(&reached.to_the_last.p50_ms), "{reached:?}");
        assert!((0.9..1.1).contains(&reached.queued.p50_ms), "{reached:?}");
        let reached = chosen.reached();
        assert_eq!((reached.frames, reached.to_all, reached.to_the_last.samples), (3, None, 2));
    }
}
