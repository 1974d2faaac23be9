//! When a decoded frame is shown: libwebrtc's jitter estimator and timing.

use std::time::{Duration, Instant};

use sfu_core::rtp::RtpTime;

/// kNoiseStdDevs and kNoiseStdDevOffset.
const DEVIATIONS: f64 = 2.33;
const DEVIATION_OFFSET_MS: f64 = 30.0;
/// kAlphaCountMax.
const COUNT_MAX: f64 = 400.0;
/// kPsi.
const FORGET: f64 = 0.9999;
/// kNackLimit: from then on a round-trip time more is waited.
const REPEATED_MIN: u32 = 3;
const DECODE_MS: f64 = 4.0;
/// kRenderDelay.
const RENDER_MS: f64 = 10.0;
/// kDelayMaxChangeMsPerS.
const CHANGE_MS_PER_S: f64 = 100.0;

#[derive(Default)]
pub struct Playout {
    /// The first frame's time and arrival.
    base: Option<(u32, Instant)>,
    /// How much later than the first, by its clock, frames came, ms, on average.
    offset_ms: f64,
    /// Arrival, media time and bytes of the last frame.
    last: Option<(f64, f64, f64)>,
    /// Of frames' delays and sizes, from one to the next: how they vary together, and sizes alone.
    together: f64,
    sizes: f64,
    /// Of what sizes do not explain.
    variance: f64,
    /// The largest frame, forgotten slowly, and the average, bytes.
    largest: f64,
    average: f64,
    count: f64,
    repeated: u32,
    current_ms: f64,
    changed: Option<f64>,
}

impl Playout {
    fn media_ms(&self, timestamp: u32) -> f64 {
        let base = self.base.map_or(timestamp, |(base, _)| base);
        f64::from(RtpTime(timestamp).0.wrapping_sub(base).cast_signed()) / 90.0
    }

    fn ms(&self, now: Instant) -> f64 {
        self.base.map_or(0.0, |(_, base)| now.saturating_duration_since(base).as_secs_f64() * 1e3)
    }

    /// A frame became whole at `now`.
    pub fn arrived(&mut self, now: Instant, timestamp: u32, bytes: usize, repeated: bool) {
        self.base.get_or_insert((timestamp, now));
        let (at, media) = (self.ms(now), self.media_ms(timestamp));
        self.count = (self.count + 1.0).min(COUNT_MAX);
        let late = at - media;
        // The mean of arrivals, of which what comes much later says nothing.
        let rate = (1.0 / self.count).max(0.005);
        self.offset_ms += rate * (late - self.offset_ms).clamp(-1_000.0, 100.0);
        if repeated {
            self.repeated += 1;
            return;
        }
        let bytes = bytes as f64;
        self.largest = bytes.max(self.largest * FORGET);
        self.average += rate * (bytes - self.average);
        if let Some((last_at, last_media, last_bytes)) = self.last.filter(|(_, last_media, _)| *last_media < media) {
            let (delay, more) = ((at - last_at) - (media - last_media), bytes - last_bytes);
            self.together += rate * (delay * more - self.together);
            self.sizes += rate * (more * more - self.sizes);
            let most = 3.5 * self.variance.sqrt().max(5.0);
            let unexplained = (delay - self.ms_per_byte() * more).clamp(-most, most);
            self.variance += rate * (unexplained * unexplained - self.variance);
        }
        self.last = Some((at, media, bytes));
    }

    /// How much later a frame comes for each byte that it is larger.
    fn ms_per_byte(&self) -> f64 {
        (self.together / self.sizes.max(1.0)).clamp(0.0, 0.05)
    }

    fn target_ms(&self, round_trip: Duration) -> f64 {
        let noise = (DEVIATIONS * self.variance.sqrt() - DEVIATION_OFFSET_MS).max(1.0);
        let repeats = if self.repeated >= REPEATED_MIN { round_trip.as_secs_f64() * 1e3 } else { 0.0 };
        let largest = self.ms_per_byte() * (self.largest - self.average);
        noise + largest + repeats + DECODE_MS + RENDER_MS
    }

    /// When a frame is to be shown; if that is over, now.
    pub fn shows_at(&mut self, now: Instant, timestamp: u32, round_trip: Duration) -> Instant {
        let target = self.target_ms(round_trip);
        let at = self.ms(now);
        let most = self.changed.map_or(target, |changed| (at - changed) / 1e3 * CHANGE_MS_PER_S);
        self.current_ms += (target - self.current_ms).clamp(-most.abs(), most.abs());
        self.changed = Some(at);
        let due = self.media_ms(timestamp) + self.offset_ms + self.current_ms;
        let late = at + DECODE_MS - due;
        if late > 0.0 {
            // UpdateCurrentDelay: who was late once waits longer.
            self.current_ms = (self.current_ms + late).min(target.max(self.current_ms));
        }
        let base = self.base.map_or(now, |(_, base)| base);
        (base + Duration::from_secs_f64(due.max(0.0) / 1e3)).max(now + Duration::from_secs_f64(DECODE_MS / 1e3))
    }
}
