//! What a stream costs: bytes in, steady bit/s out.
//!
//! An allocation rests on these figures, and a layer that is given and taken away with each keyframe is worse than none. So what
//! counts is the mean of some seconds, or what was kept up for the last of them if that is more: a keyframe moves it little, a
//! picture that begins to move is noticed within two seconds, and one that holds still is believed slowly.

use std::time::{Duration, Instant};

/// What is counted together. Browsers spread a large keyframe over 0.1 to 0.3 s, so that it falls into two at most.
const SPAN: Duration = Duration::from_millis(500);
/// Spans in a second.
const SPANS_PER_SECOND: u64 = 2;
/// Spans over which the mean is taken: 4 s, in which a keyframe of a third of a second's bits is a twelfth.
const SPANS: usize = 8;
/// Spans before which nothing is known. The first of all is not among them: it has the keyframe that each stream begins with.
const SPANS_ENOUGH: usize = 4;
/// Spans throughout which more must come to be believed at once: one more than a keyframe falls into.
const SPANS_KEPT_UP: usize = 3;
/// By which part a rate falls in a span, at most; half of it takes 5.5 s.
const FALL_DIVISOR: u64 = 16;

/// Measures one stream. Costs a comparison per packet, and less than 100 bytes.
#[derive(Debug, Clone, Default)]
pub struct RateMeter {
    /// When the span that is being counted began.
    began: Option<Instant>,
    bytes: u32,
    /// The bytes of the spans before, in a circle; `next` is the oldest.
    spans: [u32; SPANS],
    next: usize,
    /// How many spans are known, at most `SPANS`.
    known: usize,
    /// Whether the first span is over, which says nothing.
    is_running: bool,
    bps: Option<u64>,
}

impl RateMeter {
    /// Counts what came, or was sent.
    pub fn add(&mut self, now: Instant, bytes: usize) {
        match self.began {
            None => self.began = Some(now),
            Some(began) => {
                let passed = now.saturating_duration_since(began);
                if passed >= SPAN {
                    self.close(began, now, passed);
                }
            }
        }
        self.bytes = self.bytes.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// What the stream costs, bit/s; `None` until that is known. What stopped costs what it did: it may go on at any time.
    pub fn bps(&self) -> Option<u64> {
        self.bps
    }

    fn close(&mut self, began: Instant, now: Instant, passed: Duration) {
        let over = usize::try_from(passed.as_millis() / SPAN.as_millis()).unwrap_or(usize::MAX);
        if over > SPANS {
            // It stopped, and begins anew; what is known of it stands until more is.
            *self = Self { began: Some(now), bps: self.bps, ..Self::default() };
            return;
        }
        for _ in 0..over {
            self.close_span();
        }
        self.began = Some(began + SPAN * u32::try_from(over).unwrap_or(1));
    }

    fn close_span(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if !std::mem::replace(&mut self.is_running, true) {
            return;
        }
        if let Some(span) = self.spans.get_mut(self.next) {
            *span = bytes;
        }
        self.next = (self.next + 1) % SPANS;
        self.known = (self.known + 1).min(SPANS);
        if self.known >= SPANS_ENOUGH {
            let measured = self.mean().max(self.kept_up());
            let least = self.bps.map_or(0, |before| before - before / FALL_DIVISOR);
            self.bps = Some(measured.max(least));
        }
    }

    /// Of all known spans, bit/s. Those that are not known are 0.
    fn mean(&self) -> u64 {
        let bytes: u64 = self.spans.iter().copied().map(u64::from).sum();
        let known = u64::try_from(self.known).unwrap_or(1).max(1);
        bytes * 8 * SPANS_PER_SECOND / known
    }

    /// What came in each of the last spans, bit/s.
    fn kept_up(&self) -> u64 {
        let last = (1..=SPANS_KEPT_UP).filter_map(|back| self.spans.get((self.next + SPANS - back) % SPANS));
        u64::from(last.copied().min().unwrap_or(0)) * 8 * SPANS_PER_SECOND
    }
}
