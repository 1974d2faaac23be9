//! A probe: packets that leave at a higher rate than the estimate for a moment, and what their arrival says.
//!
//! What is measured lies between the first packets and the last ones (the end of what left first, and the end of what left
//! last), so that packets which leave together are no rate of their own.

use super::history::ClusterId;
use super::rates::{permille, rate_of, share};

/// Packets sent within this time left together, µs.
const TOGETHER_US: u64 = 1_000;
/// Packets that a measurement is made of at least.
const PACKETS_MIN: u32 = 5;
/// Thousandths of the rate sent below which what arrives shows a full link.
const SATURATED: u64 = 900;
/// What of a full link's rate is believed, thousandths: others had a part in it, and room is left for the queue to drain.
const BELIEVED: u64 = 900;
/// Thousandths of the planned rate that must have been sent.
const SENT_MIN: u64 = 500;
/// Thousandths of the packets that may be lost beyond what chance takes.
const LOST_MAX: u16 = 150;

/// Packets that leave for a measurement; while it lasts, media counts as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cluster {
    pub id: ClusterId,
    pub bps: u64,
    /// When it begins and ends, since the epoch.
    pub from_us: u64,
    pub until_us: u64,
}

/// What a probe has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The link holds this much, at least, bit/s.
    Holds(u64),
    /// The link is full at this, bit/s.
    Full(u64),
    /// Nothing that could be used.
    Unclear,
}

/// What became of a cluster's packets.
#[derive(Debug, Clone, Copy)]
pub struct Measurement {
    pub cluster: Cluster,
    packets: u32,
    lost: u32,
    bytes: u64,
    /// Of all packets, lost or not.
    sent_bytes: u64,
    first: Option<Edge>,
    last: Option<Edge>,
}

/// Packets that left together.
#[derive(Debug, Clone, Copy)]
struct Edge {
    sent_us: u64,
    /// Of the last of them.
    arrival_us: i64,
    bytes: u64,
    sent_bytes: u64,
}

impl Measurement {
    pub fn new(cluster: Cluster) -> Self {
        Self { cluster, packets: 0, lost: 0, bytes: 0, sent_bytes: 0, first: None, last: None }
    }

    /// Takes one of the cluster's packets, in the order of sending.
    pub fn add(&mut self, sent_us: u64, bytes: u32, arrival_us: Option<i64>) {
        let bytes = u64::from(bytes);
        self.sent_bytes += bytes;
        let Some(arrival_us) = arrival_us else {
            self.lost += 1;
            return;
        };
        self.packets += 1;
        self.bytes += bytes;
        let begun = Edge { sent_us, arrival_us, bytes: self.bytes, sent_bytes: self.sent_bytes };
        let first = self.first.get_or_insert(begun);
        if sent_us.saturating_sub(first.sent_us) < TOGETHER_US {
            *first = Edge { sent_us: first.sent_us, arrival_us: first.arrival_us.max(arrival_us), ..begun };
        }
        let last = self.last.get_or_insert(Edge { sent_bytes: self.sent_bytes - bytes, ..begun });
        if sent_us.saturating_sub(last.sent_us) < TOGETHER_US {
            last.arrival_us = last.arrival_us.max(arrival_us);
        } else {
            // What was sent before it, for the rate of sending.
            *last = Edge { sent_bytes: self.sent_bytes - bytes, ..begun };
        }
    }

    /// What it comes to; `chance` is lost of a thousand in any case.
    pub fn outcome(&self, chance: u16) -> Outcome {
        let (Some(first), Some(last)) = (self.first, self.last) else { return Outcome::Unclear };
        let lost = permille(u64::from(self.lost), u64::from(self.lost + self.packets));
        if self.packets < PACKETS_MIN {
            return Outcome::Unclear;
        }
        let sent_us = last.sent_us.saturating_sub(first.sent_us);
        let arrived_us = u64::try_from(last.arrival_us.saturating_sub(first.arrival_us)).unwrap_or(0);
        let sent = rate_of(last.sent_bytes, sent_us);
        let arrived = rate_of(self.bytes.saturating_sub(first.bytes), arrived_us);
        let (Some(sent_bps), Some(arrived_bps)) = (sent, arrived) else { return Outcome::Unclear };
        if sent_bps < share(self.cluster.bps, SENT_MIN) {
            return Outcome::Unclear;
        }
        let kept = 1_000 - u64::from(lost);
        if lost > chance + LOST_MAX || arrived_bps < share(share(sent_bps, kept), SATURATED) {
            return Outcome::Full(share(arrived_bps, BELIEVED));
        }
        // Chance takes its part of whatever is sent.
        let arrived_bps = arrived_bps.saturating_mul(1_000).checked_div(kept).unwrap_or(arrived_bps);
        Outcome::Holds(sent_bps.min(arrived_bps).min(self.cluster.bps))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLUSTER: Cluster = Cluster { id: ClusterId(1), bps: 1_000_000, from_us: 0, until_us: 40_000 };

    /// Bursts of 5 ms at 1 Mbit/s over a link of so much.
    fn over(link_bps: u64, lost: impl Fn(u64) -> bool) -> Outcome {
        let mut measurement = Measurement::new(CLUSTER);
        let mut free_us = 0;
        for packet in 0..24_u64 {
            let sent_us = packet / 3 * 5_000;
            free_us = free_us.max(sent_us) + 208 * 8 * 1_000_000 / link_bps;
            let arrival_us = (!lost(packet)).then(|| i64::try_from(free_us).unwrap() + 50_000);
            measurement.add(sent_us, 208, arrival_us);
        }
        measurement.outcome(0)
    }

    #[test]
    fn a_wide_link_holds_what_was_sent() {
        assert_eq!(over(10_000_000, |_| false), Outcome::Holds(998_400));
    }

    #[test]
    fn a_full_link_shows_what_it_holds() {
        assert_eq!(over(600_000, |_| false), Outcome::Full(540_064));
        assert_eq!(over(1_200_000, |_| false), Outcome::Holds(998_400));
    }

    #[test]
    fn chance_takes_its_part() {
        let Outcome::Holds(bps) = over(10_000_000, |packet| packet % 10 == 5) else { panic!() };
        assert!((900_000..=1_000_000).contains(&bps), "{bps}");
        assert!(matches!(over(10_000_000, |packet| packet % 3 == 1), Outcome::Full(_)));
    }

    #[test]
    fn few_packets_say_nothing() {
        assert_eq!(over(1_000_000, |packet| packet > 3), Outcome::Unclear);
        assert_eq!(Measurement::new(CLUSTER).outcome(0), Outcome::Unclear);
        let mut backwards = Measurement::new(CLUSTER);
        (0..20).for_each(|packet| backwards.add(packet * 2_000, 200, Some(-i64::try_from(packet).unwrap() * 9_000)));
        assert_eq!(backwards.outcome(0), Outcome::Unclear);
    }
}
