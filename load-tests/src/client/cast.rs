//! Who publishes what in this run, and when each frame was sent and last seen: what viewers compare with.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::media::Clip;
use crate::media::mark::PublisherTag;

/// Frames whose sending time is kept, per track: two minutes of video.
const KEPT: usize = 4_096;

/// One track of one publisher.
#[derive(Debug)]
pub struct PublishedTrack {
    pub tag: PublisherTag,
    pub clip: Arc<Clip>,
    pub sent: SendLog,
}

impl PublishedTrack {
    pub fn new(tag: PublisherTag, clip: Arc<Clip>) -> Self {
        Self { tag, clip, sent: SendLog::new() }
    }
}

/// Every track of the run, by its tag.
#[derive(Clone, Debug, Default)]
pub struct Cast {
    tracks: Arc<RwLock<BTreeMap<PublisherTag, Arc<PublishedTrack>>>>,
}

impl Cast {
    pub fn join(&self, track: Arc<PublishedTrack>) {
        self.tracks.write().unwrap_or_else(PoisonError::into_inner).insert(track.tag, track);
    }

    /// Every track there is.
    pub fn tracks(&self) -> Vec<Arc<PublishedTrack>> {
        self.tracks.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub fn track(&self, tag: PublisherTag) -> Option<Arc<PublishedTrack>> {
        self.tracks.read().unwrap_or_else(PoisonError::into_inner).get(&tag).cloned()
    }
}

/// When the latest frames were handed to the socket's side, by frame number; written and read without a lock.
#[derive(Debug)]
pub struct SendLog {
    base: Instant,
    frames: Vec<Times>,
    sent: AtomicU64,
}

/// One frame's.
#[derive(Debug, Default)]
struct Times {
    /// Whose place this is now.
    number: AtomicU32,
    /// When it was sent, in nanoseconds since the log's base, plus one; 0 is never.
    sent: AtomicU64,
    /// The same of the last viewer to have the whole frame.
    seen: AtomicU64,
    /// How many viewers have it.
    viewers: AtomicU32,
    /// Of the time to the last of them, the most that passed from a thread's waking up to its reading of the viewer's socket, ns.
    queued: AtomicU64,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spreading {
    /// To the last viewer who has it; zero while nobody has.
    pub took: Duration,
    /// Of that, what passed while it lay in a socket that its reader was awake for and came to last.
    pub queued: Duration,
    /// How many have it.
    pub viewers: u32,
}

impl Default for SendLog {
    fn default() -> Self {
        Self::new()
    }
}

impl SendLog {
    pub fn new() -> Self {
        let frames = std::iter::repeat_with(Times::default).take(KEPT).collect();
        Self { base: Instant::now(), frames, sent: AtomicU64::new(0) }
    }

    /// Frame `number` goes out from `now` on.
    pub fn record(&self, number: u32, now: Instant) {
        if let Some(frame) = self.place(number) {
            frame.seen.store(0, Ordering::Release);
            frame.queued.store(0, Ordering::Release);
            frame.viewers.store(0, Ordering::Release);
            frame.number.store(number, Ordering::Release);
            frame.sent.store(self.stamp(now), Ordering::Release);
        }
        self.sent.fetch_max(u64::from(number) + 1, Ordering::Release);
    }

    /// A viewer has the whole of frame `number` at `now`, and its thread was awake for `queued` by then. To be called once for each.
    pub fn see(&self, number: u32, now: Instant, queued: Duration) {
        if let Some(frame) = self.frame(number) {
            frame.seen.fetch_max(self.stamp(now), Ordering::AcqRel);
            frame.queued.fetch_max(u64::try_from(queued.as_nanos()).unwrap_or(u64::MAX), Ordering::AcqRel);
            frame.viewers.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// How far frame `number` came; `None` where it was not sent, or is no longer kept.
    pub fn spreading(&self, number: u32) -> Option<Spreading> {
        let frame = self.frame(number)?;
        let (sent, seen) = (frame.sent.load(Ordering::Acquire), frame.seen.load(Ordering::Acquire));
        Some(Spreading {
            took: Duration::from_nanos(seen.saturating_sub(sent)),
            queued: Duration::from_nanos(frame.queued.load(Ordering::Acquire)),
            viewers: frame.viewers.load(Ordering::Acquire),
        })
    }

    /// How long ago frame `number` was sent, if it is among the kept.
    pub fn age(&self, number: u32, now: Instant) -> Option<Duration> {
        let nanos = self.frame(number)?.sent.load(Ordering::Acquire).checked_sub(1)?;
        now.checked_duration_since(self.base + Duration::from_nanos(nanos))
    }

    /// Frames sent so far.
    pub fn frames(&self) -> u64 {
        self.sent.load(Ordering::Acquire)
    }

    /// A frame that was sent, and whose place no later one took.
    fn frame(&self, number: u32) -> Option<&Times> {
        let is_its =
            |frame: &&Times| frame.sent.load(Ordering::Acquire) > 0 && frame.number.load(Ordering::Acquire) == number;
        self.place(number).filter(is_its)
    }

    fn place(&self, number: u32) -> Option<&Times> {
        self.frames.get(usize::try_from(number).ok()? % KEPT)
    }

    fn stamp(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.base).as_nanos()).unwrap_or(u64::MAX - 1) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_takes_as_long_as_to_its_last_viewer() {
        let log = SendLog::new();
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        log.record(3, start);
        assert_eq!(log.spreading(3).map(|frame| frame.viewers), Some(0), "nobody has it");
        assert_eq!(log.spreading(2), None, "it was not sent");
        [(4, 0), (9, 2), (5, 1)]
            .into_iter()
            .for_each(|(ms, queued)| log.see(3, after(ms), Duration::from_millis(queued)));
        let (took, queued) = (Duration::from_millis(9), Duration::from_millis(2));
        assert_eq!(log.spreading(3), Some(Spreading { took, queued, viewers: 3 }));
        let next = 3 + u32::try_from(KEPT).unwrap();
        log.record(next, after(20));
        assert_eq!(log.spreading(3), None, "its place was taken");
        assert_eq!(log.spreading(next).map(|frame| frame.viewers), Some(0), "and nobody has the next");
    }

    #[test]
    fn ages_are_of_the_frames_that_are_kept() {
        let log = SendLog::new();
        let start = Instant::now();
        log.record(3, start);
        assert_eq!(log.age(3, start + Duration::from_millis(7)), Some(Duration::from_millis(7)));
        assert_eq!(log.age(4, start), None);
        log.record(3 + u32::try_from(KEPT).unwrap(), start);
        assert_eq!(log.age(3, start), None, "its place was taken");
        assert_eq!(log.frames(), u64::try_from(4 + KEPT).unwrap());
    }
}
