//! Whether a server did all of a row's work. Who delivers less did less than it was asked to, so what it spent on a packet is no
//! cost of this load.

use super::report::{RowReport, Spread};

/// Share of what is due that must come, per cent; below what a rate over a window leaves in doubt.
const DELIVERED_MIN: f64 = 97.0;
/// Share of packets that may never come, per cent; numbers are counted, there is no doubt.
const LOST_MAX: f64 = 1.0;

impl RowReport {
    /// Whether the whole work was done, in every window. Where the server chooses whom viewers see, nobody knows what is due.
    pub fn is_whole(&self) -> bool {
        let came = self.delivered_percent.is_none_or(|delivered| delivered.min >= DELIVERED_MIN);
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
