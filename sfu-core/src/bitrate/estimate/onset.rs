//! A link that suddenly carries much less: what is on its way comes later with each packet, long before bursts make a line.
//!
//! A line through the delays wants several bursts, and each takes as long as its packets to arrive: on a link that gives a tenth
//! of what it gave, the better part of a second, while all that is sent meanwhile waits in front of it.

/// Arrivals within this time are looked at together, µs.
const STRIDE_US: i64 = 20_000;
/// How many strides all must have waited: longer than what a radio holds back comes in once it is let go.
const STRIDES: usize = 5;
/// What everything waited at least, µs, beyond jitter, and what the newest waited.
const WAITED_US: i64 = 60_000;
const NEWEST_WAITED_US: i64 = 150_000;

/// The fastest way of each of the last strides, the newest last.
#[derive(Debug, Default)]
pub struct Onset {
    strides: [Option<i64>; STRIDES],
    /// When the newest began.
    since_us: i64,
}

impl Onset {
    /// Takes a packet that arrived after `way_us`.
    #[inline]
    pub fn add(&mut self, arrival_us: i64, way_us: i64) {
        let after_us = arrival_us.saturating_sub(self.since_us);
        if !(0..STRIDE_US).contains(&after_us) {
            // What comes out of order belongs to what is over.
            if after_us > -STRIDE_US && after_us < 0 {
                return;
            }
            let is_next = (0..3 * STRIDE_US).contains(&after_us);
            self.begin(arrival_us, is_next);
        }
        if let Some(newest) = self.strides.last_mut() {
            *newest = Some(newest.map_or(way_us, |fastest| fastest.min(way_us)));
        }
    }

    /// Whether everything that came lately waited, and ever longer, on a way whose fastest is `base_us`.
    pub fn is_certain(&self, base_us: i64, jitter_us: i64) -> bool {
        let waited_us = |way: &Option<i64>| way.map(|way| way.saturating_sub(base_us).saturating_sub(jitter_us));
        let grows = self.strides.iter().zip(self.strides.iter().skip(1)).all(|(before, after)| before < after);
        let first_us = self.strides.first().and_then(waited_us);
        let newest_us = self.strides.last().and_then(waited_us);
        grows && first_us >= Some(WAITED_US) && newest_us >= Some(NEWEST_WAITED_US)
    }

    /// The clocks have no more to do with each other.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Begins a stride; where nothing came for long, nothing is known of before.
    fn begin(&mut self, arrival_us: i64, is_next: bool) {
        if is_next {
            self.strides.rotate_left(1);
            if let Some(newest) = self.strides.last_mut() {
                *newest = None;
            }
        } else {
            self.strides = [None; STRIDES];
        }
        self.since_us = arrival_us;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of 30 packets at 30 a second over a link that takes so long for each packet; when it is certain, ms after the first.
    fn certain_after(packet_us: i64, ways_us: impl Fn(i64) -> i64) -> Option<i64> {
        let (mut onset, mut free_us) = (Onset::default(), 0);
        for packet in 0..300 {
            let sent_us = packet / 30 * 33_000;
            free_us = free_us.max(sent_us) + packet_us;
            let arrival_us = free_us + ways_us(sent_us);
            onset.add(arrival_us, arrival_us - sent_us);
            if onset.is_certain(25_000, 5_000) {
                return Some(arrival_us / 1_000);
            }
        }
        None
    }

    #[test]
    fn a_tenth_of_what_it_carried_is_seen_within_a_fifth_of_a_second() {
        let after = certain_after(6_400, |_| 25_000).unwrap();
        assert!((150..250).contains(&after), "{after}");
    }

    #[test]
    fn jitter_and_what_a_radio_held_back_are_none() {
        assert_eq!(certain_after(800, |sent_us| 25_000 + sent_us * 7 % 100_000), None);
        // Everything stands still for 400 ms, and comes at once.
        assert_eq!(certain_after(800, |sent_us| 25_000 + (400_000 - sent_us).max(0)), None);
    }
}
