//! What a receiver report says of one stream (RFC 3550 §6.4.1).

use std::time::Instant;

use rtcp::reception_report::ReceptionReport;

use super::stream::StreamWatch;

/// Largest loss that a report can tell: 24 bits, signed.
const TOTAL_LOST_MAX: u32 = 0x7f_ffff;

/// Jitter, and what was said in the last report.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reception {
    expected: u64,
    received: u64,
    /// The middle 32 bits of the last sender report's NTP time, and when it came.
    sender_report: Option<(u32, Instant)>,
    last: Option<(Instant, u32)>,
    /// Interarrival jitter in ticks of the media clock, times sixteen (RFC 3550 A.8).
    jitter_scaled: u64,
}

impl Reception {
    /// A packet came.
    pub fn on_packet(&mut self, now: Instant, timestamp: u32, clock_rate: u32) {
        let Some((at, last)) = self.last.replace((now, timestamp)) else { return };
        let elapsed = now.saturating_duration_since(at).as_micros().saturating_mul(u128::from(clock_rate)) / 1_000_000;
        let transit = i64::try_from(elapsed).unwrap_or(i64::MAX);
        let media = i64::from(timestamp.wrapping_sub(last).cast_signed());
        let difference = transit.saturating_sub(media).unsigned_abs();
        self.jitter_scaled = self.jitter_scaled + difference - ((self.jitter_scaled + 8) >> 4);
    }

    /// A sender report came: the middle 32 bits of its NTP time.
    pub fn on_sender_report(&mut self, now: Instant, middle: u32) {
        self.sender_report = Some((middle, now));
    }

    /// The block for a report at `now`; `None` before the first packet.
    pub fn block(&mut self, now: Instant, ssrc: u32, watch: &StreamWatch) -> Option<ReceptionReport> {
        let (last_sequence_number, expected) = watch.extent()?;
        let received = watch.packets;
        let lately = expected.saturating_sub(self.expected).max(1);
        let came = received.saturating_sub(self.received);
        let fraction = lately.saturating_sub(came).saturating_mul(256) / lately;
        (self.expected, self.received) = (expected, received);
        let (last_sender_report, delay) = self.sender_report.map_or((0, 0), |(middle, at)| {
            let delay = now.saturating_duration_since(at).as_micros().saturating_mul(65_536) / 1_000_000;
            (middle, u32::try_from(delay).unwrap_or(u32::MAX))
        });
        let total_lost = u32::try_from(expected.saturating_sub(received)).unwrap_or(u32::MAX).min(TOTAL_LOST_MAX);
        Some(ReceptionReport {
            ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            total_lost,
            last_sequence_number,
            jitter: u32::try_from(self.jitter_scaled >> 4).unwrap_or(u32::MAX),
            last_sender_report,
            delay,
        })
    }
}
