//! What may share one GSO send (Linux `UDP_SEGMENT`): packets of equal size, the last one possibly shorter.

use std::num::NonZeroUsize;

/// Most bytes of one send: what fits into a UDP datagram's length, less headers.
const BYTES_MAX: usize = 64_000;
/// Most packets of one send: the kernel's `UDP_MAX_SEGMENTS` of old.
const SEGMENTS_MAX: usize = 64;

/// Whether a packet joins the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    Joins,
    /// It joins, and nothing after it can.
    Ends,
    Refused,
}

/// The sizes of a batch so far.
#[derive(Debug, Default)]
pub(super) struct Batch {
    segment: Option<NonZeroUsize>,
    segments: usize,
    bytes: usize,
}

impl Batch {
    /// Decides on a packet of `bytes`; if it joins, it is counted.
    pub(super) fn admit(&mut self, bytes: usize) -> Admission {
        let Some(segment) = self.segment.map(NonZeroUsize::get) else {
            self.segment = NonZeroUsize::new(bytes);
            self.segments = 1;
            self.bytes = bytes;
            return Admission::Joins;
        };
        if bytes > segment || self.segments >= SEGMENTS_MAX || self.bytes + bytes > BYTES_MAX {
            return Admission::Refused;
        }
        self.segments += 1;
        self.bytes += bytes;
        if bytes < segment { Admission::Ends } else { Admission::Joins }
    }

    /// The size at which the kernel is to cut, if there is anything to cut.
    pub(super) fn segment_size(&self) -> Option<NonZeroUsize> {
        self.segment.filter(|_| self.segments > 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_packets_and_one_shorter_share_a_send() {
        let mut batch = Batch::default();
        assert_eq!(batch.admit(1_200), Admission::Joins);
        assert_eq!(batch.segment_size(), None, "one packet needs no cutting");
        assert_eq!(batch.admit(1_200), Admission::Joins);
        assert_eq!(batch.admit(1_201), Admission::Refused);
        assert_eq!(batch.admit(700), Admission::Ends);
        assert_eq!((batch.segment_size().unwrap().get(), batch.segments), (1_200, 3));
    }

    #[test]
    fn no_send_is_larger_than_a_datagram_may_be() {
        let mut batch = Batch::default();
        let joined = (0..100).take_while(|_| batch.admit(1_200) == Admission::Joins).count();
        assert_eq!(joined, 64_000 / 1_200);
        let mut small = Batch::default();
        assert_eq!((0..100).take_while(|_| small.admit(60) == Admission::Joins).count(), SEGMENTS_MAX);
    }
}
