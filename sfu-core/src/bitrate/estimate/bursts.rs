//! Packets that left together are one measurement of the way (draft-ietf-rmcat-gcc-02 §5.2, "pre-filtering" §5.1).
//!
//! What counts of a burst is its fastest packet: a frame's later packets wait behind its first ones, so that large frames
//! would look like queues.

use super::arrival_clock::way;

/// Packets sent within this time are a burst, µs.
const BURST_US: u64 = 5_000;
/// What comes this close behind a burst, and was faster, was held up with it: a radio that sends in batches, µs.
const BATCH_US: i64 = 5_000;
/// A batch longer than this is a queue, µs.
const BATCH_MAX_US: u64 = 100_000;

/// Packets that left together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    pub first_sent_us: u64,
    /// Of its fastest packet.
    pub arrival_us: i64,
    /// How long that was on its way, by two clocks.
    pub way_us: i64,
    last_arrival_us: i64,
}

/// Puts packets together.
#[derive(Debug, Default)]
pub struct Bursts {
    current: Option<Burst>,
}

impl Bursts {
    /// Takes packets that were sent together, of which the first and the last arrived then; the burst before, if they begin another.
    pub fn add(&mut self, sent_us: u64, arrival_us: i64, last_arrival_us: i64) -> Option<Burst> {
        let way_us = way(sent_us, arrival_us);
        let begun = Burst { first_sent_us: sent_us, arrival_us, way_us, last_arrival_us };
        let Some(current) = &mut self.current else {
            self.current = Some(begun);
            return None;
        };
        // Overtaken by a later burst: it tells nothing of the queue now.
        let after_us = sent_us.checked_sub(current.first_sent_us)?;
        let batch = way_us < current.way_us
            && arrival_us.saturating_sub(current.last_arrival_us) <= BATCH_US
            && after_us <= BATCH_MAX_US;
        if after_us > BURST_US && !batch {
            return self.current.replace(begun);
        }
        if way_us < current.way_us {
            (current.way_us, current.arrival_us) = (way_us, arrival_us);
        }
        current.last_arrival_us = current.last_arrival_us.max(last_arrival_us);
        None
    }

    /// The clocks have no more to do with each other.
    pub fn reset(&mut self) {
        self.current = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_a_burst_and_its_first_packet_tells_the_way() {
        let mut bursts = Bursts::default();
        for packet in 0..9_u64 {
            let arrival_us = 50_000 + i64::try_from(packet * 3_000).unwrap();
            assert_eq!(bursts.add(1_000 + packet, arrival_us, arrival_us), None);
        }
        let burst = bursts.add(34_000, 90_000, 90_000).unwrap();
        assert_eq!((burst.first_sent_us, burst.arrival_us, burst.way_us), (1_000, 50_000, 49_000));
    }

    #[test]
    fn what_was_held_up_together_is_a_burst() {
        let mut bursts = Bursts::default();
        assert_eq!(bursts.add(0, 100_000, 100_000), None);
        assert_eq!(bursts.add(20_000, 100_500, 100_500), None);
        assert_eq!(bursts.add(40_000, 101_000, 101_000), None);
        let burst = bursts.add(60_000, 120_000, 120_000).unwrap();
        assert_eq!((burst.way_us, burst.arrival_us), (61_000, 101_000));
    }

    #[test]
    fn what_was_overtaken_is_left_out() {
        let mut bursts = Bursts::default();
        bursts.add(50_000, 100_000, 100_000);
        assert_eq!(bursts.add(10_000, 101_000, 101_000), None);
        assert_eq!(bursts.add(90_000, 140_000, 140_000).unwrap().way_us, 50_000);
    }
}
