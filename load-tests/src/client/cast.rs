//! Who publishes what in this run, and when each frame was sent and last seen: what viewers compare with.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
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
    /// Nanoseconds since `base`, plus one; 0 is never.
    at: Vec<AtomicU64>,
    /// The same of the last viewer to have the whole frame.
    seen: Vec<AtomicU64>,
    sent: AtomicU64,
}

impl Default for SendLog {
    fn default() -> Self {
        Self::new()
    }
}

impl SendLog {
    pub fn new() -> Self {
        let never = || std::iter::repeat_with(AtomicU64::default).take(KEPT).collect();
        Self { base: Instant::now(), at: never(), seen: never(), sent: AtomicU64::new(0) }
    }

    /// Frame `number`'s last packet goes out at `now`.
    pub fn record(&self, number: u32, now: Instant) {
        if let Some((at, seen)) = self.place(number) {
            seen.store(0, Ordering::Release);
            at.store(self.stamp(now), Ordering::Release);
        }
        self.sent.fetch_max(u64::from(number) + 1, Ordering::Release);
    }

    /// A viewer has the whole of frame `number` at `now`.
    pub fn see(&self, number: u32, now: Instant) {
        if let Some((_, seen)) = self.place(number) {
            seen.fetch_max(self.stamp(now), Ordering::AcqRel);
        }
    }

    /// How long frame `number` took to the last viewer who has it; `None` while nobody has.
    pub fn to_the_last(&self, number: u32) -> Option<Duration> {
        let (at, seen) = self.place(number)?;
        let (at, seen) = (at.load(Ordering::Acquire), seen.load(Ordering::Acquire));
        (at > 0 && seen > 0).then(|| Duration::from_nanos(seen.saturating_sub(at)))
    }

    /// How long ago frame `number` was sent, if it is among the kept.
    pub fn age(&self, number: u32, now: Instant) -> Option<Duration> {
        let kept = u64::try_from(KEPT).unwrap_or(u64::MAX);
        if u64::from(number) + kept < self.sent.load(Ordering::Acquire) {
            return None;
        }
        let nanos = self.place(number)?.0.load(Ordering::Acquire).checked_sub(1)?;
        now.checked_duration_since(self.base + Duration::from_nanos(nanos))
    }

    /// Frames sent so far.
    pub fn frames(&self) -> u64 {
        self.sent.load(Ordering::Acquire)
    }

    fn place(&self, number: u32) -> Option<(&AtomicU64, &AtomicU64)> {
        let place = usize::try_from(number).ok()? % KEPT;
        Some((self.at.get(place)?, self.seen.get(place)?))
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
        assert_eq!(log.to_the_last(3), None, "nobody has it");
        [4, 9, 5].into_iter().for_each(|ms| log.see(3, after(ms)));
        assert_eq!(log.to_the_last(3), Some(Duration::from_millis(9)));
        log.record(3 + u32::try_from(KEPT).unwrap(), after(20));
        assert_eq!(log.to_the_last(3), None, "its place was taken");
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
