//! Media time: 32 bits that wrap, in ticks of the codec's clock.

use std::time::Duration;

/// An RTP timestamp (RFC 3550 §5.1), ticks of the stream's clock rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RtpTime(pub u32);

impl RtpTime {
    /// `ticks` later, modulo 2³².
    pub fn plus(self, ticks: u32) -> RtpTime {
        RtpTime(self.0.wrapping_add(ticks))
    }

    /// Ticks from `other` to `self`, modulo 2³².
    pub fn minus(self, other: RtpTime) -> u32 {
        self.0.wrapping_sub(other.0)
    }

    /// Whether `self` is later than `other`, the short way round.
    pub fn is_after(self, other: RtpTime) -> bool {
        self.0.wrapping_sub(other.0).cast_signed() > 0
    }
}

/// How many ticks of `clock_rate` (Hz) fit into `duration`, modulo 2³².
pub fn ticks(duration: Duration, clock_rate: u32) -> u32 {
    let ticks = duration.as_nanos().saturating_mul(u128::from(clock_rate)) / 1_000_000_000;
    u32::try_from(ticks & u128::from(u32::MAX)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_of_thirty_a_second_is_3000_ticks() {
        assert_eq!(ticks(Duration::from_nanos(33_333_334), 90_000), 3_000);
    }

    #[test]
    fn later_is_judged_across_the_wrap() {
        assert!(RtpTime(5).is_after(RtpTime(u32::MAX - 5)));
        assert!(!RtpTime(u32::MAX - 5).is_after(RtpTime(5)));
    }
}
