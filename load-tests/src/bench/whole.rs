//! Whether a server did all of a row's work. Who delivers less did less than it was asked to, so what it spent on a packet is no
//! cost of this load.

use super::report::{RowReport, Spread};

/// Share of what is due that must come, per cent.
pub(super) const DELIVERED_MIN: f64 = 97.0;
/// Frames come in bursts, so what is sent and what comes is in doubt at both ends of a window; together so long, s.
const IN_DOUBT: f64 = 0.09;
/// Share of packets that may never come, per cent; numbers are counted, there is no doubt.
const LOST_MAX: f64 = 1.0;

/// Share of what is due that must come in a window of so many seconds, per cent: less in one that is short.
pub(super) fn delivered_min(seconds: f64) -> f64 {
    DELIVERED_MIN.min(100.0 - 100.0 * IN_DOUBT / seconds.max(IN_DOUBT))
}

impl RowReport {
    /// Whether the whole work was done, in every window. Where the server chooses whom viewers see, nobody knows what is due.
    pub fn is_whole(&self) -> bool {
        let came = self.delivered_percent.is_none_or(|delivered| delivered.min >= self.delivered_min_percent);
        self.absent == 0 && came && self.lost_percent <= LOST_MAX && self.ns_per_packet.min > 0.0
    }

    /// CPU time of the server for each packet; none where it did not do the whole work.
    pub fn cost(&self) -> Option<Spread> {
        self.is_whole().then_some(self.ns_per_packet)
    }

    /// What is missing of the whole work, in words.
    pub fn shortfall(&self) -> Option<String> {
        let due = self.delivered_percent.map_or_else(String::new, |delivered| {
            format!("{:.1} % of what was due came in the worst window, ", delivered.min)
        });
        let words = format!(
            "{due}{:.1} % of all never, {} viewers were absent: what it cost is not the cost of this load",
            self.lost_percent, self.absent
        );
        (!self.is_whole()).then_some(words)
    }
}
