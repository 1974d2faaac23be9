//! Packets that left at one time and came at one time: what feedback says of them is one thing, and is looked at once. A frame's
//! packets leave in one send, so that this is most of what there is to say.

use super::history::{News, SentPacket};

/// What came within this time came together, µs: less than measurements of arrivals tell apart, and no more than a packet takes on a
/// link of 3 Mbit/s.
const TOGETHER_US: i64 = 3_000;

/// Packets one after the other, of which none belongs to a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Together {
    pub sent_us: u64,
    /// When the first and the last of them arrived.
    pub first_us: i64,
    pub last_us: i64,
    pub count: u32,
    pub bytes: u32,
}

impl Together {
    /// The first one; `None` if it must be looked at by itself.
    #[inline]
    pub fn begin(packet: SentPacket, arrival_us: Option<i64>) -> Option<Self> {
        let first_us = arrival_us.filter(|_| packet.cluster.is_none() && packet.news == News::Arrived)?;
        Some(Self { sent_us: packet.sent_us, first_us, last_us: first_us, count: 1, bytes: packet.bytes })
    }

    /// Whether a packet belongs to them; if so it is counted among them.
    #[inline]
    pub fn joins(&mut self, packet: SentPacket, arrival_us: Option<i64>) -> bool {
        let Some(next) = Self::begin(packet, arrival_us) else { return false };
        let is_in_order = (self.last_us..self.first_us.saturating_add(TOGETHER_US)).contains(&next.first_us);
        if next.sent_us != self.sent_us || !is_in_order {
            return false;
        }
        self.last_us = next.first_us;
        self.count += 1;
        self.bytes = self.bytes.saturating_add(next.bytes);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::history::ClusterId;
    use super::*;

    const PACKET: SentPacket = SentPacket { sent_us: 1_000, bytes: 1_200, cluster: None, news: News::Arrived };

    #[test]
    fn what_left_and_came_at_one_time_is_counted_together() {
        let mut together = Together::begin(PACKET, Some(50_000)).unwrap();
        assert!(together.joins(PACKET, Some(50_000)));
        assert!(together.joins(PACKET, Some(52_750)));
        let all = Together { sent_us: 1_000, first_us: 50_000, last_us: 52_750, count: 3, bytes: 3_600 };
        assert_eq!(together, all);
    }

    #[test]
    fn what_did_not_is_not() {
        let together = Together::begin(PACKET, Some(50_000)).unwrap();
        for (packet, arrival_us) in [
            (PACKET, Some(53_000)),
            (PACKET, Some(49_750)),
            (SentPacket { sent_us: 1_001, ..PACKET }, Some(50_000)),
            (SentPacket { cluster: Some(ClusterId(1)), ..PACKET }, Some(50_000)),
            (SentPacket { news: News::ArrivedAfterAll, ..PACKET }, Some(50_000)),
            (SentPacket { news: News::Missing, ..PACKET }, None),
        ] {
            let mut one = together;
            assert!(!one.joins(packet, arrival_us), "{packet:?}");
            assert_eq!(one, together);
        }
    }
}
