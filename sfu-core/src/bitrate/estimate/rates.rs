//! Bit rates as whole numbers: bit/s, and shares of them in thousandths, so that nothing is lost or leaps in conversions.

/// Microseconds of a second.
pub const SECOND_US: u64 = 1_000_000;

/// So many thousandths of a rate.
pub fn share(bps: u64, permille: u64) -> u64 {
    bps.saturating_mul(permille) / 1_000
}

/// The rate of so many bytes in a time; `None` in no time.
pub fn rate_of(bytes: u64, span_us: u64) -> Option<u64> {
    bytes.saturating_mul(8 * SECOND_US).checked_div(span_us)
}

/// What a rate carries in a time, bytes.
pub fn bytes_in(bps: u64, span_us: u64) -> u64 {
    bps.saturating_mul(span_us) / (8 * SECOND_US)
}

/// What share of a number another one is, thousandths, 1,000 at most; none of nothing.
pub fn permille(part: u64, whole: u64) -> u16 {
    let share = part.saturating_mul(1_000).checked_div(whole).unwrap_or(0);
    u16::try_from(share.min(1_000)).unwrap_or(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_bytes_and_times_agree() {
        assert_eq!(rate_of(125, 1_000), Some(1_000_000));
        assert_eq!(bytes_in(1_000_000, 1_000), 125);
        assert_eq!(rate_of(125, 0), None);
        assert_eq!(share(2_000, 850), 1_700);
    }

    #[test]
    fn shares_end_at_all() {
        assert_eq!([permille(1, 3), permille(5, 3), permille(1, 0)], [333, 1_000, 0]);
    }

    #[test]
    fn nothing_overflows() {
        assert!(share(u64::MAX, 1_500) > 0);
        assert!(rate_of(u64::MAX, 1).is_some());
        assert!(bytes_in(u64::MAX, u64::MAX) > 0);
    }
}
