//! Puts unencrypted handshake messages together from their fragments (RFC 6347 §4.2.3), in order, each once.
//!
//! Invariant: never holds more than `DTLS_REASSEMBLY_BYTES_MAX` bytes, whatever lengths fragments claim, and its work per
//! fragment is bounded by [`DTLS_RANGES_MAX`].

use super::dtls_record::Fragment;
use crate::limits::{DTLS_MESSAGES_AHEAD_MAX, DTLS_RANGES_MAX, DTLS_REASSEMBLY_BYTES_MAX};

/// A complete handshake message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) message_type: u8,
    pub(super) message_seq: u16,
    pub(super) body: Vec<u8>,
}

/// What a fragment did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    /// Kept; `next_message` may have something now.
    Kept,
    /// Of a message that was handed out before: the peer repeats itself.
    Repeated,
    /// Over a limit, or contradicting what came before.
    Refused,
}

#[derive(Debug)]
struct Partial {
    message: Message,
    /// Stretches received, as `(start, end)`; disjoint, in order.
    ranges: Vec<(usize, usize)>,
}

impl Partial {
    fn is_complete(&self) -> bool {
        self.message.body.is_empty() || self.ranges == [(0, self.message.body.len())]
    }

    /// Joins `(start, end)` with what it touches; false if it would leave too many stretches.
    fn cover(&mut self, start: usize, end: usize) -> bool {
        let (mut low, mut high) = (start, end);
        let mut apart: Vec<_> = Vec::with_capacity(self.ranges.len() + 1);
        for &(from, to) in &self.ranges {
            if to < low || from > high {
                apart.push((from, to));
            } else {
                low = low.min(from);
                high = high.max(to);
            }
        }
        if apart.len() >= DTLS_RANGES_MAX {
            return false;
        }
        apart.push((low, high));
        apart.sort_unstable();
        self.ranges = apart;
        true
    }
}

/// The messages of one handshake that are not complete or not in turn yet.
#[derive(Debug, Default)]
pub(super) struct Reassembly {
    next_seq: u16,
    partial: Vec<Partial>,
}

impl Reassembly {
    /// The messages that come after this one.
    pub(super) fn after(message_seq: u16) -> Self {
        Self { next_seq: message_seq.wrapping_add(1), partial: Vec::new() }
    }

    /// Takes in one fragment.
    pub(super) fn push(&mut self, fragment: Fragment<'_>) -> Pushed {
        let ahead = fragment.message_seq.wrapping_sub(self.next_seq);
        if ahead > u16::MAX / 2 {
            return Pushed::Repeated;
        }
        let end = fragment.offset + fragment.body.len();
        let useless = fragment.body.is_empty() && fragment.message_len != 0;
        if ahead >= DTLS_MESSAGES_AHEAD_MAX || end > fragment.message_len || useless {
            return Pushed::Refused;
        }
        let Some(partial) = self.entry(&fragment) else { return Pushed::Refused };
        if partial.message.message_type != fragment.message_type || partial.message.body.len() != fragment.message_len {
            return Pushed::Refused;
        }
        if partial.is_complete() {
            return Pushed::Kept;
        }
        if !partial.cover(fragment.offset, end) {
            return Pushed::Refused;
        }
        if let Some(place) = partial.message.body.get_mut(fragment.offset..end) {
            place.copy_from_slice(fragment.body);
        }
        Pushed::Kept
    }

    /// The next message in turn, if it is complete.
    pub(super) fn next_message(&mut self) -> Option<Message> {
        let next_seq = self.next_seq;
        let place = self.partial.iter().position(|p| p.message.message_seq == next_seq && p.is_complete())?;
        self.next_seq = next_seq.wrapping_add(1);
        Some(self.partial.swap_remove(place).message)
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.partial.iter().map(|partial| partial.message.body.len()).sum()
    }

    fn entry(&mut self, fragment: &Fragment<'_>) -> Option<&mut Partial> {
        let known = self.partial.iter().position(|p| p.message.message_seq == fragment.message_seq);
        let place = match known {
            Some(place) => place,
            None if self.bytes() + fragment.message_len > DTLS_REASSEMBLY_BYTES_MAX => return None,
            None => {
                let message = Message {
                    message_type: fragment.message_type,
                    message_seq: fragment.message_seq,
                    body: vec![0; fragment.message_len],
                };
                self.partial.push(Partial { message, ranges: Vec::new() });
                self.partial.len() - 1
            }
        };
        self.partial.get_mut(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragment(message_seq: u16, message_len: usize, offset: usize, body: &[u8]) -> Fragment<'_> {
        Fragment { message_type: 1, message_len, message_seq, offset, body }
    }

    #[test]
    fn fragments_in_any_order_make_one_message() {
        let mut reassembly = Reassembly::default();
        assert_eq!(reassembly.push(fragment(0, 6, 4, b"ef")), Pushed::Kept);
        assert_eq!(reassembly.push(fragment(0, 6, 0, b"abc")), Pushed::Kept);
        assert_eq!(reassembly.next_message(), None);
        assert_eq!(reassembly.push(fragment(0, 6, 2, b"cd")), Pushed::Kept);
        assert_eq!(reassembly.next_message().unwrap().body, b"abcdef");
        assert_eq!(reassembly.push(fragment(0, 6, 0, b"abc")), Pushed::Repeated);
        assert_eq!(reassembly.bytes(), 0);
    }

    #[test]
    fn messages_come_in_turn() {
        let mut reassembly = Reassembly::default();
        assert_eq!(reassembly.push(fragment(1, 1, 0, b"b")), Pushed::Kept);
        assert_eq!(reassembly.next_message(), None);
        assert_eq!(reassembly.push(fragment(0, 0, 0, b"")), Pushed::Kept);
        assert_eq!(reassembly.next_message().unwrap().body, b"");
        assert_eq!(reassembly.next_message().unwrap().body, b"b");
    }

    #[test]
    fn claimed_lengths_never_hold_more_than_the_limit() {
        let mut reassembly = Reassembly::default();
        for seq in 0..1_000 {
            reassembly.push(fragment(seq, 4_000, 0, b"x"));
            reassembly.push(fragment(0, 4_000, usize::from(seq) * 3, b"x"));
            assert!(reassembly.bytes() <= DTLS_REASSEMBLY_BYTES_MAX);
        }
        assert!(reassembly.partial.iter().all(|partial| partial.ranges.len() <= DTLS_RANGES_MAX));
        assert_eq!(reassembly.push(fragment(7, 1 << 23, 0, b"x")), Pushed::Refused);
    }

    #[test]
    fn a_fragment_beyond_its_message_is_refused() {
        let mut reassembly = Reassembly::default();
        assert_eq!(reassembly.push(fragment(0, 4, 3, b"xx")), Pushed::Refused);
        assert_eq!(reassembly.push(fragment(0, 4, 0, b"")), Pushed::Refused);
        assert_eq!(reassembly.push(fragment(0, 4, 0, b"xx")), Pushed::Kept);
        assert_eq!(reassembly.push(fragment(0, 5, 2, b"xxx")), Pushed::Refused);
    }
}
