//! When to probe, and how fast: as soon as more is wanted than the estimate, twice the estimate again and again while the link
//! holds it; after one that it did not hold, pauses that grow.
//!
//! Invariant: no probe is faster than what is wanted, nor than the bounds.

use super::cluster::{Cluster, Measurement, Outcome};
use super::history::{ClusterId, SentPacket};
use super::open_probe::given_up_us;
use super::rates::{SECOND_US, share};

/// How long a probe lasts, µs: on a full link it makes a queue as long. Jitter of half of it is borne.
const DURATION_US: u64 = 40_000;
/// What it takes at least, bytes, so that it is more than a few packets on a slow link.
const BYTES_MIN: u64 = 1_600;
/// Thousandths of the estimate that the first probe and later ones try.
const FIRST: u64 = 3_000;
const NEXT: u64 = 2_000;
/// More must be wanted than so many thousandths of the estimate, and a probe tries a little more than is wanted.
const WORTH: u64 = 1_050;
const BEYOND_WANTED: u64 = 1_050;
/// The pause after a probe that the link did not hold, at first and at most, µs. A link that comes back is found after the
/// longest one and half a second for each doubling.
const PAUSE_US: u64 = 2 * SECOND_US;
const PAUSE_MAX_US: u64 = 7 * SECOND_US;
/// The least that a probe tries, bit/s, and the longest pause where less than that is known to be there: who sees nothing waits for it.
const LEAST_BPS: u64 = 300_000;
const PAUSE_LEAST_MAX_US: u64 = 3 * SECOND_US;
/// The pause after one that was of no use, µs.
const PAUSE_UNCLEAR_US: u64 = SECOND_US / 2;
/// What a probe may do now.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    pub estimate_bps: u64,
    /// Bounds of whoever caps it.
    pub max_bps: u64,
    pub response_us: u64,
    /// There is no sign of congestion.
    pub clear: bool,
    /// Lost by chance, thousandths.
    pub chance: u16,
}

/// One cluster at a time.
#[derive(Debug)]
pub struct Probes {
    wanted_bps: u64,
    most_bps: u64,
    last_id: u8,
    current: Option<Measurement>,
    not_before_us: u64,
    pause_us: u64,
    /// Another multiple for the next one, thousandths, or a rate that was known before.
    multiple: u64,
    known_bps: u64,
}

impl Default for Probes {
    fn default() -> Self {
        Self {
            wanted_bps: 0,
            most_bps: u64::MAX,
            last_id: 0,
            current: None,
            not_before_us: 0,
            pause_us: PAUSE_US,
            multiple: FIRST,
            known_bps: 0,
        }
    }
}

impl Probes {
    /// What would be sent, and the most that may be.
    pub fn set_wanted(&mut self, bps: u64, most_bps: u64) {
        (self.wanted_bps, self.most_bps) = (bps, most_bps);
    }

    /// Feedback comes again after it was missed: what was known before is worth trying at once.
    pub fn try_again(&mut self, now_us: u64, bps: u64) {
        (self.not_before_us, self.known_bps) = (now_us, bps);
    }

    /// Takes what feedback says of a cluster's packet.
    pub fn take(&mut self, packet: SentPacket, arrival_us: Option<i64>) {
        let current = self.current.as_mut().filter(|current| Some(current.cluster.id) == packet.cluster);
        if let Some(current) = current {
            current.add(packet.sent_us, packet.bytes, arrival_us);
        }
    }

    /// The outcome of a probe whose packets have all been told of, `newest_sent_us` being the last that was.
    pub fn finish(&mut self, now_us: u64, newest_sent_us: u64, room: Room) -> Option<Outcome> {
        let current = self.current?;
        let until_us = current.cluster.until_us;
        if newest_sent_us < until_us && now_us < given_up_us(current.cluster, room.response_us) {
            return None;
        }
        self.current = None;
        let outcome = current.outcome(room.chance);
        let pause_us = match outcome {
            Outcome::Holds(_) => {
                self.pause_us = PAUSE_US;
                0
            }
            Outcome::Full(_) => {
                let pause_us = self.pause_us;
                let most_us = if room.estimate_bps < LEAST_BPS { PAUSE_LEAST_MAX_US } else { PAUSE_MAX_US };
                self.pause_us = (pause_us * 2).min(most_us);
                pause_us
            }
            Outcome::Unclear => PAUSE_UNCLEAR_US,
        };
        self.not_before_us = now_us + pause_us;
        Some(outcome)
    }

    /// The link is full: there is nothing to find for a while.
    pub fn pause(&mut self, now_us: u64) {
        self.not_before_us = self.not_before_us.max(now_us + self.pause_us);
    }

    /// Begins a probe if there is something to find.
    pub fn begin(&mut self, now_us: u64, room: Room) -> Option<Cluster> {
        if self.current.is_some() || !room.clear || now_us < self.not_before_us || !self.is_worth(room) {
            return None;
        }
        let known = std::mem::take(&mut self.known_bps);
        let bps = share(room.estimate_bps, self.multiple).max(known).max(LEAST_BPS).min(self.target(room));
        self.multiple = NEXT;
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        let least_us = (BYTES_MIN * 8 * SECOND_US).checked_div(bps).unwrap_or(0).min(SECOND_US / 2);
        let until_us = now_us + DURATION_US.max(least_us);
        let cluster = Cluster { id: ClusterId(self.last_id), bps, from_us: now_us, until_us };
        self.current = Some(Measurement::new(cluster));
        Some(cluster)
    }

    /// When the next may begin, if there is something to find.
    pub fn begin_us(&self, room: Room) -> Option<u64> {
        (self.current.is_none() && self.is_worth(room)).then_some(self.not_before_us)
    }

    fn target(&self, room: Room) -> u64 {
        share(self.wanted_bps, BEYOND_WANTED).min(self.most_bps).min(room.max_bps)
    }

    fn is_worth(&self, room: Room) -> bool {
        self.target(room) >= share(room.estimate_bps, WORTH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bitrate::estimate::history::News;
    use crate::bitrate::estimate::open_probe::OpenProbe;

    const ROOM: Room =
        Room { estimate_bps: 500_000, max_bps: 10_000_000, response_us: 200_000, clear: true, chance: 0 };

    /// Sends a whole probe over a link and tells of it; its rate, how much was sent and the outcome.
    fn probed(probes: &mut Probes, at_us: u64, room: Room, link_bps: u64) -> Option<(u64, u64, Outcome)> {
        let cluster = probes.begin(at_us, room)?;
        let (mut free_us, mut sent, mut open) = (at_us, 0, OpenProbe::new(cluster));
        while let Some(due_us) = Some(open.timeout_us(room.response_us)).filter(|due_us| *due_us < cluster.until_us) {
            assert!(open.padding_due(due_us) > 0, "a timer that comes for nothing");
            while open.padding_due(due_us) > 0 {
                let id = open.note_sent(due_us, 220).unwrap();
                sent += 220;
                free_us = free_us.max(due_us) + 220 * 8 * 1_000_000 / link_bps;
                let packet = SentPacket { sent_us: due_us, bytes: 220, cluster: Some(id), news: News::Arrived };
                probes.take(packet, Some(i64::try_from(free_us).unwrap()));
            }
        }
        assert_eq!(probes.finish(cluster.until_us, cluster.until_us - 1, room), None);
        let outcome = probes.finish(cluster.until_us + 100_000, cluster.until_us, room)?;
        Some((cluster.bps, sent, outcome))
    }

    #[test]
    fn it_climbs_to_what_is_wanted_and_no_further() {
        let mut probes = Probes::default();
        assert_eq!(probes.begin(0, ROOM), None, "nothing more is wanted");
        probes.set_wanted(4_000_000, u64::MAX);
        let mut estimate_bps = 500_000;
        let mut rates = vec![];
        for at in 0..5 {
            let room = Room { estimate_bps, ..ROOM };
            let Some((bps, sent, outcome)) = probed(&mut probes, at * 1_000_000, room, 100_000_000) else { break };
            let Outcome::Holds(holds) = outcome else { panic!("{outcome:?}") };
            assert!(holds > bps * 9 / 10, "{holds} of {bps}");
            assert!(sent * 8 <= bps / 18, "{sent}");
            rates.push(bps);
            estimate_bps = estimate_bps.max(holds);
        }
        assert_eq!(rates[0], 1_500_000);
        assert!(rates.len() <= 4 && rates.iter().all(|bps| *bps <= 4_200_000), "{rates:?}");
        assert!(estimate_bps > 3_900_000, "{estimate_bps}");
    }

    #[test]
    fn a_cap_is_never_passed() {
        let mut probes = Probes::default();
        probes.set_wanted(4_000_000, 700_000);
        assert_eq!(probed(&mut probes, 0, ROOM, 100_000_000).unwrap().0, 700_000);
        probes.set_wanted(4_000_000, 510_000);
        assert_eq!(probes.begin(1_000_000, ROOM), None, "nor is a probe made for nothing");
    }

    #[test]
    fn pauses_grow_while_the_link_holds_no_more() {
        let mut probes = Probes::default();
        probes.set_wanted(4_000_000, u64::MAX);
        let (mut at_us, mut pauses) = (0, vec![]);
        for _ in 0..5 {
            let (_, _, outcome) = probed(&mut probes, at_us, ROOM, 500_000).unwrap();
            assert!(matches!(outcome, Outcome::Full(_)));
            let next_us = probes.begin_us(ROOM).unwrap();
            assert_eq!(probes.begin(next_us - 1, ROOM), None);
            pauses.push((next_us - at_us) / 1_000_000);
            at_us = next_us;
        }
        assert_eq!(pauses, [2, 4, 7, 7, 7]);
        let known_us = at_us - 5_000_000;
        probes.try_again(known_us, 3_000_000);
        assert_eq!(probes.begin(known_us, ROOM).unwrap().bps, 3_000_000, "what was known is tried at once");
    }

    #[test]
    fn there_is_no_probe_while_the_link_is_full() {
        let mut probes = Probes::default();
        probes.set_wanted(4_000_000, u64::MAX);
        assert_eq!(probes.begin(0, Room { clear: false, ..ROOM }), None);
        probes.pause(0);
        assert_eq!(probes.begin(1_000_000, ROOM), None);
        assert!(probes.begin(2_000_000, ROOM).is_some());
    }

    #[test]
    fn media_is_padding_enough() {
        let mut probes = Probes::default();
        probes.set_wanted(4_000_000, u64::MAX);
        let mut open = OpenProbe::new(probes.begin(0, ROOM).unwrap());
        assert!(open.padding_due(0) > 0);
        assert!(open.note_sent(0, 20_000).is_some());
        assert_eq!(open.padding_due(30_000), 0);
        assert_eq!(open.note_sent(50_000, 100), None, "it is over");
        assert_eq!(open.timeout_us(200_000), 640_000, "its outcome is given up some time");
        assert_eq!(probes.finish(640_000, 0, ROOM), Some(Outcome::Unclear));
    }
}
