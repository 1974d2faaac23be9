//! What became of the datagrams of a link.

use std::time::Duration;

use serde::{Serialize, Serializer};

/// One direction, of one client or of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    pub came: u64,
    pub came_bytes: u64,
    /// With duplicates.
    pub left: u64,
    pub left_bytes: u64,
    /// By the loss of the link.
    pub lost: u64,
    /// Came in a blackout.
    pub blacked_out: u64,
    /// Found the queue full.
    pub overflowed: u64,
    pub duplicated: u64,
    /// Held back, so that others overtook them.
    pub held_back: u64,
    /// Longest wait in front of the rate.
    #[serde(rename = "queue_ms_max", serialize_with = "as_ms")]
    pub queue_max: Duration,
}

impl Counts {
    /// Of both; the longest wait is the longer one.
    pub fn plus(self, other: Self) -> Self {
        Self {
            came: self.came + other.came,
            came_bytes: self.came_bytes + other.came_bytes,
            left: self.left + other.left,
            left_bytes: self.left_bytes + other.left_bytes,
            lost: self.lost + other.lost,
            blacked_out: self.blacked_out + other.blacked_out,
            overflowed: self.overflowed + other.overflowed,
            duplicated: self.duplicated + other.duplicated,
            held_back: self.held_back + other.held_back,
            queue_max: self.queue_max.max(other.queue_max),
        }
    }

    /// Came and will not leave.
    pub fn dropped(&self) -> u64 {
        self.lost + self.blacked_out + self.overflowed
    }
}

/// Milliseconds with their fraction, for reports.
pub fn as_ms<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64() * 1e3)
}
