//! Counts as figures.

/// Exact below 2⁵³, which no counter here comes near.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "there is no other way from u64 to f64")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
