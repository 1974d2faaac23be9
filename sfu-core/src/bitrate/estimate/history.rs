//! What was sent under each transport-wide number: written once for every packet at seal, read when feedback speaks of it.
//!
//! Invariant: numbers are given out one after the other, by this alone, so that a number's place is its low bits and a number
//! is known exactly while it is among the latest `kept`.

use crate::limits::{SEND_HISTORY_ENTRIES, SEND_HISTORY_ENTRIES_MAX};
use crate::rtp::SeqNo;

/// How long what was sent is kept while the ring may still grow, µs: a round trip of a second, and feedback that was lost.
const KEPT_US: u32 = 2_000_000;

/// Why a packet was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentKind {
    Media,
    /// A retransmission.
    Repeat,
    /// Sent to be measured, and of no other use.
    Padding,
}

/// What is known of a packet's fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    UnderWay,
    /// Feedback said that it had not come; later feedback may say that it has.
    Missing,
    Arrived,
}

/// The probe that a packet was sent in; numbers come round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterId(pub u8);

/// Eight bytes.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Low bits of the time since the epoch; 71 minutes.
    sent_us: u32,
    bytes: u16,
    /// Zero: none.
    cluster: u8,
    fate: Fate,
}

const UNUSED: Entry = Entry { sent_us: 0, bytes: 0, cluster: 0, fate: Fate::Arrived };

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

/// The ring of one transport: 4 KiB, growing by doubling to 64 KiB (`SEND_HISTORY_ENTRIES_MAX`) where that is less than two
/// seconds of packets.
#[derive(Debug)]
pub struct SendHistory {
    /// As many as a power of two.
    entries: Box<[Entry]>,
    next: SeqNo,
    /// How many of the latest numbers are kept.
    kept: u16,
    /// When the first place was written last; low bits.
    turned_us: u32,
}

impl SendHistory {
    pub fn new() -> Self {
        Self { entries: vec![UNUSED; SEND_HISTORY_ENTRIES].into(), next: SeqNo(0), kept: 0, turned_us: 0 }
    }

    /// The number of the next packet.
    pub fn next(&self) -> SeqNo {
        self.next
    }

    /// Notes a packet that leaves, and gives it its number.
    #[inline]
    pub fn push(&mut self, now_us: u64, bytes: usize, cluster: Option<ClusterId>) -> SeqNo {
        let sequence = self.next;
        let entry = Entry {
            sent_us: low_bits(now_us),
            bytes: u16::try_from(bytes).unwrap_or(u16::MAX),
            cluster: cluster.map_or(0, |ClusterId(id)| id),
            fate: Fate::UnderWay,
        };
        if self.place(sequence) == 0 {
            self.turn(entry.sent_us);
        }
        let place = self.place(sequence);
        if let Some(old) = self.entries.get_mut(place) {
            *old = entry;
        }
        self.next = SeqNo(sequence.0.wrapping_add(1));
        if usize::from(self.kept) < self.entries.len() {
            self.kept += 1;
        }
        sequence
    }

    /// The ring begins anew; if it took less than what is kept to fill it, it grows. What is overwritten is not looked at for that:
    /// it has long left the processor's caches.
    #[cold]
    fn turn(&mut self, now: u32) {
        let is_short = now.wrapping_sub(self.turned_us) < KEPT_US && self.entries.len() < SEND_HISTORY_ENTRIES_MAX;
        if is_short && usize::from(self.kept) == self.entries.len() {
            self.grow();
        }
        if self.place(self.next) == 0 {
            self.turned_us = now;
        }
    }

    fn grow(&mut self) {
        let mut larger: Box<[Entry]> = vec![UNUSED; self.entries.len() * 2].into();
        for back in 1..=self.kept {
            let sequence = SeqNo(self.next.0.wrapping_sub(back));
            let place = usize::from(sequence.0) & (larger.len() - 1);
            if let (Some(old), Some(new)) = (self.entries.get(self.place(sequence)), larger.get_mut(place)) {
                *new = *old;
            }
        }
        self.entries = larger;
    }

    #[inline]
    fn place(&self, sequence: SeqNo) -> usize {
        usize::from(sequence.0) & (self.entries.len() - 1)
    }

    /// Takes feedback's word about a packet: whether it arrived.
    pub fn report(&mut self, now_us: u64, sequence: SeqNo, arrived: bool) -> Known {
        let back = self.next.0.wrapping_sub(sequence.0);
        if back == 0 || back > u16::MAX / 2 {
            return Known::NotSent;
        }
        let place = self.place(sequence);
        let kept = back <= self.kept;
        let Some(entry) = self.entries.get_mut(place).filter(|_| kept) else { return Known::Nothing };
        let news = match (entry.fate, arrived) {
            (Fate::UnderWay, true) => News::Arrived,
            (Fate::Missing, true) => News::ArrivedAfterAll,
            (Fate::UnderWay, false) => News::Missing,
            (Fate::Missing, false) | (Fate::Arrived, _) => return Known::Nothing,
        };
        entry.fate = if arrived { Fate::Arrived } else { Fate::Missing };
        let age_us = low_bits(now_us).wrapping_sub(entry.sent_us);
        Known::News(SentPacket {
            sent_us: now_us.saturating_sub(u64::from(age_us)),
            bytes: u32::from(entry.bytes),
            cluster: (entry.cluster != 0).then_some(ClusterId(entry.cluster)),
            news,
        })
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
    fn an_entry_has_eight_bytes() {
        assert_eq!(size_of::<Entry>(), 8);
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
        assert_eq!(history.entries.len(), SEND_HISTORY_ENTRIES, "two seconds of packets fit");
    }

    #[test]
    fn it_grows_to_hold_two_seconds_and_no_further_than_its_limit() {
        let mut history = SendHistory::new();
        for count in 0..3_000_u64 {
            history.push(count * 1_000, 100, None);
        }
        assert_eq!(history.entries.len(), 2_048);
        assert_eq!(news(history.report(3_000_000, SeqNo(1_500), true)).sent_us, 1_500_000);
        for count in 0..60_000_u64 {
            history.push(3_000_000 + count, 100, None);
        }
        assert_eq!(history.entries.len(), SEND_HISTORY_ENTRIES_MAX);
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
