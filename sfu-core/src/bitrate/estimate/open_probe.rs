//! A probe whose outcome is not known yet: what has left of it, and what is to leave.

use super::cluster::Cluster;
use super::history::ClusterId;
use super::rates::{SECOND_US, bytes_in};

/// Padding leaves in portions of so long, µs.
const PORTION_US: u64 = 5_000;
/// The smallest portion that is worth a packet, bytes; padding packets of RTP have up to 255 bytes of it.
const PORTION_BYTES_MIN: u64 = 200;
/// How long its outcome is awaited beyond a response, µs.
const PATIENCE_US: u64 = 400_000;

/// A probe under way.
#[derive(Debug, Clone, Copy)]
pub struct OpenProbe {
    cluster: Cluster,
    /// Since it began, media among them.
    sent_bytes: u64,
}

impl OpenProbe {
    pub fn new(cluster: Cluster) -> Self {
        Self { cluster, sent_bytes: 0 }
    }

    /// A packet leaves; the cluster that it belongs to.
    #[inline]
    pub fn note_sent(&mut self, now_us: u64, bytes: u64) -> Option<ClusterId> {
        if now_us >= self.cluster.until_us {
            return None;
        }
        self.sent_bytes += bytes;
        Some(self.cluster.id)
    }

    /// How many bytes of padding are to leave now.
    pub fn padding_due(&self, now_us: u64) -> u64 {
        if now_us >= self.cluster.until_us {
            return 0;
        }
        let elapsed_us = now_us.saturating_sub(self.cluster.from_us) + PORTION_US;
        let due = bytes_in(self.cluster.bps, elapsed_us).saturating_sub(self.sent_bytes);
        if due < self.portion() { 0 } else { due }
    }

    /// When padding is due next, or the outcome is given up.
    pub fn timeout_us(&self, response_us: u64) -> u64 {
        let cluster = self.cluster;
        let bits = (self.sent_bytes + self.portion()) * 8;
        // Rounded up: a timer that comes a little early would come again and again.
        let needs_us = bits.saturating_mul(SECOND_US).div_ceil(cluster.bps.max(1));
        let portion_us = (cluster.from_us + needs_us).saturating_sub(PORTION_US).max(cluster.from_us);
        if portion_us < cluster.until_us { portion_us } else { given_up_us(cluster, response_us) }
    }

    /// What leaves at once, bytes.
    fn portion(&self) -> u64 {
        bytes_in(self.cluster.bps, PORTION_US).max(PORTION_BYTES_MIN)
    }
}

/// When feedback of a probe is awaited no longer.
pub fn given_up_us(cluster: Cluster, response_us: u64) -> u64 {
    cluster.until_us + response_us + PATIENCE_US
}
