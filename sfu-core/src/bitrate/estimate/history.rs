//! What was sent under each transport-wide number: noted for every packet at seal, read when feedback speaks of it.
//!
//! A send carries many packets of one size, so that what is noted is runs of them: a viewer's history has long left the
//! processor's caches when its next frame comes, and the less of it there is, the less must be fetched again.
//!
//! Invariant: numbers are given out one after the other, by this alone, so that runs lie in their order; and no more packets are kept
//! than half the numbers there are, so that a number is of one run at most.

use crate::limits::{SEND_HISTORY_RUNS, SEND_HISTORY_RUNS_MAX};
use crate::rtp::SeqNo;

/// How long what was sent is kept while the ring may still grow, µs: a round trip of a second, and feedback that was lost.
const KEPT_US: u32 = 2_000_000;
/// Packets of a run: a bit for each.
const RUN_MAX: u8 = 16;
/// How far back a number may be: half of those that there are.
const BACK_MAX: u16 = u16::MAX / 2;
/// So many runs never have more packets than that.
const RUNS_SAFE: u16 = BACK_MAX / 16;

/// Why a packet was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentKind {
    Media,
    /// A retransmission.
    Repeat,
    /// Sent to be measured, and of no other use.
    Padding,
}

/// The probe that a packet was sent in; numbers come round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterId(pub u8);

/// Packets that left at one time, one number after the other, of one size but for the last, which may be shorter. Sixteen bytes.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// Low bits of the time since the epoch; 71 minutes.
    sent_us: u32,
    first: SeqNo,
    bytes: u16,
    last_bytes: u16,
    /// A bit for each packet: feedback said that it arrived, or that it had not; later feedback may say that it has.
    arrived: u16,
    missing: u16,
    count: u8,
    /// Zero: none.
    cluster: u8,
}

const NONE: Run =
    Run { sent_us: 0, first: SeqNo(0), bytes: 0, last_bytes: 0, arrived: 0, missing: 0, count: 0, cluster: 0 };

impl Run {
    /// Whether a packet, the next one, belongs to it; if so it is counted in.
    #[inline]
    fn joins(&mut self, sent_us: u32, bytes: u16, cluster: u8) -> bool {
        let is_open = (1..RUN_MAX).contains(&self.count) && self.last_bytes == self.bytes;
        if !is_open || sent_us != self.sent_us || cluster != self.cluster || bytes > self.bytes {
            return false;
        }
        self.last_bytes = bytes;
        self.count += 1;
        true
    }

    /// Which of its packets bears a number.
    #[inline]
    fn place_of(&self, sequence: SeqNo) -> Option<u8> {
        let place = sequence.0.wrapping_sub(self.first.0);
        u8::try_from(place).ok().filter(|place| *place < self.count)
    }

    /// Takes feedback's word about one of its packets; `None` if it was told before.
    fn report(&mut self, place: u8, arrived: bool) -> Option<News> {
        let bit = 1_u16 << place;
        let news = match (self.arrived & bit != 0, self.missing & bit != 0, arrived) {
            (false, false, true) => News::Arrived,
            (false, true, true) => News::ArrivedAfterAll,
            (false, false, false) => News::Missing,
            (true, _, _) | (_, true, false) => return None,
        };
        if arrived {
            self.arrived |= bit;
        } else {
            self.missing |= bit;
        }
        Some(news)
    }
}

/// A packet that feedback has told something new of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentPacket {
    /// Since the epoch.
    pub sent_us: u64,
    pub bytes: u32,
    pub cluster: Option<ClusterId>,
    pub news: News,
}

/// What feedback told of a packet, for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    Arrived,
    /// It had been said to be missing.
    ArrivedAfterAll,
    Missing,
}

/// What feedback's word about a number comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    News(SentPacket),
    /// Told before, or out of the history.
    Nothing,
    /// Nothing was sent under it, nor under those after it.
    NotSent,
}

/// The ring of one transport: 1 KiB, growing by doubling to 64 KiB (`SEND_HISTORY_RUNS_MAX`) where that is less than two seconds.
#[derive(Debug)]
pub struct SendHistory {
    /// As many as a power of two.
    runs: Box<[Run]>,
    /// When the first place was written last; low bits.
    turned_us: u32,
    next: SeqNo,
    /// How many of the latest runs are kept, and the place of the newest.
    kept: u16,
    newest: u16,
    /// Where feedback spoke of a packet last: it speaks of the next one next.
    told: u16,
}

impl SendHistory {
    pub fn new() -> Self {
        Self {
            runs: vec![NONE; usize::from(SEND_HISTORY_RUNS)].into(),
            turned_us: 0,
            next: SeqNo(0),
            kept: 0,
            newest: 0,
            told: 0,
        }
    }

    /// The number of the next packet.
    pub fn next(&self) -> SeqNo {
        self.next
    }

    /// Notes a packet that leaves, and gives it its number.
    #[inline]
    pub fn push(&mut self, now_us: u64, bytes: usize, cluster: Option<ClusterId>) -> SeqNo {
        let sequence = self.next;
        self.next = SeqNo(sequence.0.wrapping_add(1));
        let (sent_us, bytes) = (low_bits(now_us), u16::try_from(bytes).unwrap_or(u16::MAX));
        let cluster = cluster.map_or(0, |ClusterId(id)| id);
        let newest = self.runs.get_mut(usize::from(self.newest));
        if !newest.is_some_and(|newest| newest.joins(sent_us, bytes, cluster)) {
            let run = Run { sent_us, first: sequence, bytes, last_bytes: bytes, count: 1, cluster, ..NONE };
            self.begin(run);
        }
        sequence
    }

    fn begin(&mut self, run: Run) {
        if self.kept > 0 {
            self.newest = self.place(1);
        }
        if self.newest == 0 {
            self.turn(run.sent_us);
        }
        if let Some(old) = self.runs.get_mut(usize::from(self.newest)) {
            *old = run;
        }
        if self.kept < self.len() {
            self.kept += 1;
        }
        while self.kept > RUNS_SAFE && self.back(self.oldest()) > BACK_MAX {
            self.kept -= 1;
        }
    }

    /// How far back a run begins.
    fn back(&self, place: usize) -> u16 {
        self.runs.get(place).map_or(0, |run| self.next.0.wrapping_sub(run.first.0))
    }

    fn oldest(&self) -> usize {
        usize::from(self.place(1_u16.wrapping_add(self.len() - self.kept)))
    }

    /// The ring begins anew; if it took less than what is kept to fill it, it grows. What is overwritten is not looked at for that:
    /// it would have to be fetched.
    fn turn(&mut self, now: u32) {
        let is_short = now.wrapping_sub(self.turned_us) < KEPT_US && self.len() < SEND_HISTORY_RUNS_MAX;
        if is_short && self.kept == self.len() {
            // What is kept begins at the first place and fills it: the new half follows.
            let mut larger = std::mem::take(&mut self.runs).into_vec();
            self.newest = self.kept;
            larger.resize(larger.len() * 2, NONE);
            self.runs = larger.into();
        } else {
            self.turned_us = now;
        }
    }

    fn len(&self) -> u16 {
        u16::try_from(self.runs.len()).unwrap_or(u16::MAX)
    }

    /// So many after the newest, round the ring.
    #[inline]
    fn place(&self, after: u16) -> u16 {
        self.newest.wrapping_add(after) & (self.len() - 1)
    }

    /// Takes feedback's word about a packet: whether it arrived.
    pub fn report(&mut self, now_us: u64, sequence: SeqNo, arrived: bool) -> Known {
        let back = self.next.0.wrapping_sub(sequence.0);
        if back == 0 || back > BACK_MAX {
            return Known::NotSent;
        }
        let Some((run, place)) = self.find(sequence) else { return Known::Nothing };
        let Some(news) = run.report(place, arrived) else { return Known::Nothing };
        let age_us = low_bits(now_us).wrapping_sub(run.sent_us);
        Known::News(SentPacket {
            sent_us: now_us.saturating_sub(u64::from(age_us)),
            bytes: u32::from(if place + 1 == run.count { run.last_bytes } else { run.bytes }),
            cluster: (run.cluster != 0).then_some(ClusterId(run.cluster)),
            news,
        })
    }

    /// The run of a packet that was sent, and its place there; `None` if it is out of the history.
    fn find(&mut self, sequence: SeqNo) -> Option<(&mut Run, u8)> {
        let last = usize::from(self.told);
        let next = (last + 1) & (self.runs.len() - 1);
        let is_kept =
            |place: usize| usize::from(self.newest).wrapping_sub(place) & (self.runs.len() - 1) < self.kept.into();
        let holds = |place: &usize| {
            is_kept(*place) && self.runs.get(*place).is_some_and(|run| run.place_of(sequence).is_some())
        };
        let place = [last, next].into_iter().find(holds).or_else(|| self.search(sequence))?;
        self.told = u16::try_from(place).unwrap_or(0);
        let run = self.runs.get_mut(place)?;
        let packet = run.place_of(sequence)?;
        Some((run, packet))
    }

    /// By halves: the runs lie in the order of their numbers, the oldest after the newest.
    fn search(&self, sequence: SeqNo) -> Option<usize> {
        let place = |run: u16| (self.oldest() + usize::from(run)) & (self.runs.len() - 1);
        let back = self.next.0.wrapping_sub(sequence.0);
        let (mut from, mut to) = (0, self.kept);
        while from < to {
            let middle = from.midpoint(to);
            let begins_before = self.back(place(middle)) >= back;
            (from, to) = if begins_before { (middle + 1, to) } else { (from, middle) };
        }
        Some(place(from.checked_sub(1)?))
    }
}

impl Default for SendHistory {
    fn default() -> Self {
        Self::new()
    }
}

#[inline]
fn low_bits(us: u64) -> u32 {
    u32::try_from(us & u64::from(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(known: Known) -> SentPacket {
        match known {
            Known::News(packet) => packet,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_run_has_sixteen_bytes() {
        assert_eq!(size_of::<Run>(), 16);
    }

    #[test]
    fn numbers_come_round_and_are_found() {
        let mut history = SendHistory::new();
        for count in 0..200_000_u64 {
            let sequence = history.push(count * 10_000, 100 + usize::from(count % 7 == 0), None);
            assert_eq!(u64::from(sequence.0), count % 65_536);
            let back = SeqNo(sequence.0.wrapping_sub(100));
            if count > 100 {
                let packet = news(history.report(count * 10_000, back, true));
                assert_eq!(packet.sent_us, (count - 100) * 10_000);
                assert_eq!(packet.bytes, 100 + u32::from((count - 100) % 7 == 0));
            }
        }
        assert_eq!(history.len(), 256, "two seconds of packets fit");
    }

    #[test]
    fn it_grows_to_hold_two_seconds_and_no_further_than_its_limit() {
        let mut history = SendHistory::new();
        for count in 0..3_000_u64 {
            history.push(count * 2_000, 100, None);
        }
        assert_eq!(history.len(), 1_024);
        assert_eq!(news(history.report(6_000_000, SeqNo(2_001), true)).sent_us, 4_002_000);
        for count in 0..60_000_u64 {
            history.push(6_000_000 + count, 100, None);
        }
        assert_eq!(history.len(), SEND_HISTORY_RUNS_MAX);
    }

    #[test]
    fn of_two_packets_with_one_number_the_younger_is_meant() {
        let (mut history, mut told) = (SendHistory::new(), std::collections::HashSet::new());
        // Batches of sixteen, fast enough for the largest ring, which then has room for more packets than there are numbers.
        for count in 0..400_000_u64 {
            let now_us = count / 16 * 100;
            history.push(now_us, 1_000, None);
            let back = 1 + count * 7_919 % u64::from(BACK_MAX).min(count + 1);
            let packet = count + 1 - back;
            let sequence = SeqNo(u16::try_from(packet % 65_536).unwrap());
            let is_held = back <= u64::from(history.back(history.oldest()));
            match history.report(now_us, sequence, true) {
                Known::News(news) => {
                    assert_eq!(news.sent_us, packet / 16 * 100, "{count}, {back} back");
                    assert!(is_held && told.insert(packet));
                }
                Known::Nothing => assert!(!is_held || told.contains(&packet), "{count}, {back} back"),
                Known::NotSent => panic!("{count}, {back} back"),
            }
        }
        assert!(told.len() > 200_000);
        assert!(history.kept >= RUNS_SAFE && history.kept < SEND_HISTORY_RUNS_MAX);
    }

    #[test]
    fn what_leaves_at_once_in_one_size_is_one_run() {
        let mut history = SendHistory::new();
        let sizes = [1_200, 1_200, 700, 700, 700, 900, 900, 1_200];
        for bytes in sizes {
            history.push(5, bytes, None);
        }
        history.push(5, 1_200, Some(ClusterId(1)));
        history.push(6, 1_200, Some(ClusterId(1)));
        for _ in 0..40 {
            history.push(7, 1_000, None);
        }
        let counts: Vec<_> = history.runs.iter().map(|run| run.count).take_while(|count| *count > 0).collect();
        assert_eq!(counts, [3, 2, 2, 1, 1, 1, 16, 16, 8]);
        for (sequence, bytes) in (0..).zip(sizes) {
            assert_eq!(news(history.report(9, SeqNo(sequence), true)).bytes, u32::try_from(bytes).unwrap());
        }
        let (first, last) = (news(history.report(9, SeqNo(10), true)), news(history.report(9, SeqNo(49), false)));
        assert_eq!((first.sent_us, first.cluster, last.news), (7, None, News::Missing));
        assert_eq!(news(history.report(9, SeqNo(8), true)).cluster, Some(ClusterId(1)), "told late");
    }

    #[test]
    fn each_packet_is_news_once() {
        let mut history = SendHistory::new();
        let (one, two) = (history.push(5, 100, None), history.push(6, 100, Some(ClusterId(9))));
        assert_eq!(news(history.report(9, one, false)).news, News::Missing);
        assert_eq!(history.report(9, one, false), Known::Nothing);
        assert_eq!(news(history.report(9, one, true)).news, News::ArrivedAfterAll);
        assert_eq!(history.report(9, one, true), Known::Nothing);
        let packet = news(history.report(9, two, true));
        assert_eq!((packet.news, packet.cluster), (News::Arrived, Some(ClusterId(9))));
        assert_eq!(history.report(9, two, false), Known::Nothing, "what arrived is not lost afterwards");
    }

    #[test]
    fn what_was_not_sent_and_what_is_long_gone_say_nothing() {
        let mut history = SendHistory::new();
        assert_eq!(history.report(0, SeqNo(0), true), Known::NotSent);
        for count in 0..40_000_u64 {
            history.push(count * 10_000, 100, None);
        }
        assert_eq!(history.report(0, SeqNo(40_000), true), Known::NotSent);
        assert_eq!(history.report(0, SeqNo(0), true), Known::NotSent);
        assert_eq!(history.report(0, SeqNo(20_000), true), Known::Nothing);
    }
}
