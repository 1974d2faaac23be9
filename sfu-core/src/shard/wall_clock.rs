//! The wall clock in sender reports: NTP's 32.32 format (RFC 5905 §6), made of instants.

use std::time::{Duration, Instant};

/// Seconds from NTP's epoch, 1900, to Unix', 1970.
const NTP_TO_UNIX_SECONDS: u64 = 2_208_988_800;

/// The NTP time of `now`. `epoch`: an instant and its time since 1970.
pub(super) fn ntp(now: Instant, epoch: (Instant, Duration)) -> u64 {
    let unix = epoch.1 + now.saturating_duration_since(epoch.0);
    let fraction = (u64::from(unix.subsec_nanos()) << 32) / 1_000_000_000;
    (unix.as_secs().wrapping_add(NTP_TO_UNIX_SECONDS) << 32) | fraction
}

/// Ticks of `clock_rate` (Hz) in an NTP difference that may be negative, modulo 2³².
pub(super) fn ticks_between(later: u64, earlier: u64, clock_rate: u32) -> u32 {
    let difference = i128::from(later.wrapping_sub(earlier).cast_signed());
    let ticks = (difference * i128::from(clock_rate)) >> 32;
    u32::try_from(ticks.rem_euclid(1 << 32)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_second_is_half_the_fraction() {
        let start = Instant::now();
        let at = ntp(start + Duration::from_millis(500), (start, Duration::from_secs(100)));
        assert_eq!(at, (NTP_TO_UNIX_SECONDS + 100) << 32 | 1 << 31);
    }

    #[test]
    fn differences_count_both_ways() {
        assert_eq!(ticks_between(3 << 31, 1 << 32, 90_000), 45_000);
        assert_eq!(ticks_between(1 << 32, 3 << 31, 90_000), 45_000_u32.wrapping_neg());
    }
}
