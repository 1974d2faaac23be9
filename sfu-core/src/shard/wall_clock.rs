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

/// The moment at one NTP time, when it is another at `now`; `None` if it is before all time.
pub(super) fn moment(now: Instant, ntp_now: u64, ntp: u64) -> Option<Instant> {
    let difference = ntp.wrapping_sub(ntp_now).cast_signed();
    let nanos = (u128::from(difference.unsigned_abs()) * 1_000_000_000) >> 32;
    let distance = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
    if difference < 0 { now.checked_sub(distance) } else { now.checked_add(distance) }
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
    fn a_moment_may_be_before_now_or_after() {
        let now = Instant::now() + Duration::from_secs(10);
        assert_eq!(moment(now, 3 << 31, 1 << 32), Some(now - Duration::from_millis(500)));
        assert_eq!(moment(now, 1 << 32, 3 << 31), Some(now + Duration::from_millis(500)));
    }
}
