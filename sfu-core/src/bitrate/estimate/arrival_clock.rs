//! The receiver's clock as feedback tells it, without the rounds of its 24 bits, and apart from where it leaps.
//!
//! Invariant: what follows sees a clock that goes at about our pace, or is told that it begins anew.

/// Unit of the reference time, µs.
const REFERENCE_TICK_US: i64 = 64_000;
/// How far the way of a packet may be from the last one's before its clock counts as another, µs. Longer than queues are.
const LEAP_US: i64 = 10_000_000;

/// Unrolls the reference time.
#[derive(Debug, Default)]
pub struct ArrivalClock {
    /// The last reference time, and the same without rounds, in ticks.
    last: Option<(i32, i64)>,
    /// How much later than it was sent the last packet arrived, by two clocks.
    way_us: Option<i64>,
}

/// What is to be added to a feedback's arrival times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rounds(i64);

/// Whether a packet's arrival can be compared with those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuity {
    Same,
    /// The receiver's clock is another one now.
    Anew,
}

impl ArrivalClock {
    /// Takes a feedback's reference time: signed 24 bits.
    pub fn rounds(&mut self, reference: i32) -> Rounds {
        let unrolled = match self.last {
            None => i64::from(reference),
            // The short way round of 24 bits.
            Some((last, unrolled)) => unrolled + i64::from(reference.wrapping_sub(last).wrapping_shl(8) >> 8),
        };
        self.last = Some((reference, unrolled));
        Rounds((unrolled - i64::from(reference)) * REFERENCE_TICK_US)
    }

    /// Notes how long a packet was on its way, by two clocks.
    pub fn note(&mut self, sent_us: u64, arrival_us: i64) -> Continuity {
        let way_us = way(sent_us, arrival_us);
        match self.way_us.replace(way_us) {
            Some(last) if (way_us - last).abs() > LEAP_US => Continuity::Anew,
            Some(_) | None => Continuity::Same,
        }
    }
}

impl Rounds {
    /// An arrival time without rounds.
    pub fn apply(self, arrival_us: i64) -> i64 {
        arrival_us.saturating_add(self.0)
    }
}

/// How much later than it was sent a packet arrived, µs: of two clocks, so that only its changes mean something.
pub fn way(sent_us: u64, arrival_us: i64) -> i64 {
    arrival_us.saturating_sub(i64::try_from(sent_us).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(clock: &mut ArrivalClock, reference: i32) -> i64 {
        clock.rounds(reference).apply(i64::from(reference) * REFERENCE_TICK_US) / REFERENCE_TICK_US
    }

    #[test]
    fn the_reference_time_comes_round() {
        let mut clock = ArrivalClock::default();
        assert_eq!(rounds(&mut clock, 0x7f_fff0), 0x7f_fff0);
        assert_eq!(rounds(&mut clock, -0x80_0000 + 5), 0x80_0005);
        assert_eq!(rounds(&mut clock, 0), 0x100_0000);
        assert_eq!(rounds(&mut clock, 0x7f_ffff), 0x17f_ffff);
        assert_eq!(rounds(&mut clock, -0x80_0000), 0x180_0000);
    }

    #[test]
    fn a_leap_is_told_once() {
        let mut clock = ArrivalClock::default();
        assert_eq!(clock.note(1_000, 500), Continuity::Same);
        assert_eq!(clock.note(2_000, 3_000_000), Continuity::Same);
        assert_eq!(clock.note(3_000, 30_000_000), Continuity::Anew);
        assert_eq!(clock.note(4_000, 30_000_000), Continuity::Same);
        assert_eq!(clock.note(5_000, -30_000_000), Continuity::Anew);
    }
}
