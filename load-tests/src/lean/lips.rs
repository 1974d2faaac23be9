//! How far a picture's sound is from it: what sender reports say of both (RFC 3550 §6.4.1), held against when both came.
//!
//! A receiver plays together what was captured at the same time by the sender's clock. Where one stream's mapping of that clock
//! is off, its transit seems longer or shorter than the other's by as much.

use std::time::{Duration, Instant};

/// Above it people see that lips and sound part (ITU-R BT.1359-1: 45 ms of sound ahead are noticed).
pub const APART_MAX: Duration = Duration::from_millis(45);
/// Comparisons, one a second, from which a steady offset is told from one of the beginning or of a machine that was busy: as
/// long as a browser remembers reports.
pub const STEADY: usize = 20;
/// Comparisons that are kept, one a second: an hour.
const SAMPLES_MAX: usize = 3_600;

/// One stream's time by its sender's clock.
#[derive(Debug)]
pub struct MediaClock {
    rate: i64,
    epoch: Instant,
    /// Of the latest report, µs, and the timestamp of the same moment.
    report: Option<(i64, u32)>,
    /// Least transit since it was last taken, µs; the zero has no meaning. What waits in queues only comes later.
    least: Option<i64>,
}

impl MediaClock {
    /// Counts in ticks of `rate` Hz; `epoch` is the same for all streams of a client.
    pub fn new(epoch: Instant, rate: u32) -> Self {
        Self { rate: i64::from(rate), epoch, report: None, least: None }
    }

    /// A sender report: its NTP time and RTP timestamp.
    pub fn on_sender_report(&mut self, ntp: u64, timestamp: u32) {
        let micros = (u128::from(ntp) * 1_000_000) >> 32;
        self.report = i64::try_from(micros).ok().map(|micros| (micros, timestamp));
    }

    /// A frame came whole.
    pub fn on_frame(&mut self, now: Instant, timestamp: u32) {
        let Some((reported, of)) = self.report else { return };
        let ticks = i64::from(timestamp.wrapping_sub(of).cast_signed());
        let captured = reported + ticks * 1_000_000 / self.rate;
        let came = i64::try_from(now.saturating_duration_since(self.epoch).as_micros()).unwrap_or(i64::MAX);
        let transit = came.saturating_sub(captured);
        self.least = Some(self.least.map_or(transit, |least| least.min(transit)));
    }

    fn take_transit(&mut self) -> Option<i64> {
        self.least.take()
    }
}

/// A picture's offsets from its sound.
#[derive(Clone, Debug, Default)]
pub struct LipOffsets {
    /// µs, one a second; positive where the picture would be shown late.
    micros: Vec<i64>,
}

impl LipOffsets {
    /// Holds what came of both since the last call against each other.
    pub fn compare(&mut self, picture: &mut MediaClock, sound: &mut MediaClock) {
        let (Some(picture), Some(sound)) = (picture.take_transit(), sound.take_transit()) else { return };
        if self.micros.len() < SAMPLES_MAX {
            self.micros.push(picture.saturating_sub(sound));
        }
    }

    /// How often both were compared, which is once a second.
    pub fn comparisons(&self) -> usize {
        self.micros.len()
    }

    /// How far both were apart, whichever way, µs.
    pub fn apart(&self) -> impl Iterator<Item = u64> + '_ {
        self.micros.iter().map(|micros| micros.unsigned_abs())
    }

    /// Whether they are too far apart, and not for a moment only.
    pub fn are_apart(&self) -> bool {
        let mut sorted: Vec<_> = self.apart().collect();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
        self.comparisons() >= STEADY && u128::from(median) > APART_MAX.as_micros()
    }
}
