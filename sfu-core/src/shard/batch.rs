//! What may share one send. Over UDP that is a GSO send (Linux `UDP_SEGMENT`): packets of equal size, the last one possibly
//! shorter. Over TCP any packets, up to a limit on their bytes.

use std::num::NonZeroUsize;

use crate::limits::STREAM_SEND_BYTES_MAX;
use crate::transport::{LENGTH_BYTES, Protocol};

/// Most bytes of one send: what fits into a UDP datagram's length, less headers.
const BYTES_MAX: usize = 64_000;
/// Most packets of one send: the kernel's `UDP_MAX_SEGMENTS` of old.
const SEGMENTS_MAX: usize = 64;

/// How many bytes of padding may make a packet as large as the others. Encoders cut a frame into packets that differ by one.
pub(super) const PADDING_MAX: usize = 1;

/// Whether a packet joins the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// It joins, made larger by this many bytes of padding.
    Joins {
        padding: usize,
    },
    /// It joins, and nothing after it can.
    Ends,
    Refused,
}

/// The sizes of a batch so far.
#[derive(Debug)]
pub(super) struct Batch {
    protocol: Protocol,
    segment: Option<NonZeroUsize>,
    segments: usize,
    bytes: usize,
}

impl Batch {
    /// An empty batch.
    pub(super) fn new(protocol: Protocol) -> Self {
        Self { protocol, segment: None, segments: 0, bytes: 0 }
    }

    /// Whether nothing joined yet.
    pub(super) fn is_empty(&self) -> bool {
        self.segments == 0
    }

    /// Fixes the size of an empty batch's packets; else the first one's is.
    pub(super) fn begin(&mut self, segment: usize) {
        self.segment = NonZeroUsize::new(segment);
    }

    /// Decides on a packet of `bytes`, which may be given up to `padding_max` more; if it joins, it is counted.
    pub(super) fn admit(&mut self, bytes: usize, padding_max: usize) -> Admission {
        if self.protocol == Protocol::Tcp {
            return self.admit_frame(bytes);
        }
        let segment = self.segment.map_or(bytes, NonZeroUsize::get);
        if bytes > segment || self.segments >= SEGMENTS_MAX || self.bytes + segment > BYTES_MAX {
            return Admission::Refused;
        }
        self.segment = NonZeroUsize::new(segment);
        self.segments += 1;
        let padding = segment - bytes;
        if padding <= padding_max {
            self.bytes += segment;
            Admission::Joins { padding }
        } else {
            self.bytes += bytes;
            Admission::Ends
        }
    }

    fn admit_frame(&mut self, bytes: usize) -> Admission {
        let bytes = self.bytes + LENGTH_BYTES + bytes;
        if bytes > STREAM_SEND_BYTES_MAX && !self.is_empty() {
            return Admission::Refused;
        }
        self.segments += 1;
        self.bytes = bytes;
        Admission::Joins { padding: 0 }
    }

    /// The size at which the kernel is to cut, if there is anything to cut.
    pub(super) fn segment_size(&self) -> Option<NonZeroUsize> {
        self.segment.filter(|_| self.segments > 1 && self.protocol == Protocol::Udp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AS_IT_IS: Admission = Admission::Joins { padding: 0 };

    #[test]
    fn equal_packets_and_one_shorter_share_a_send() {
        let mut batch = Batch::new(Protocol::Udp);
        assert_eq!(batch.admit(1_200, 0), AS_IT_IS);
        assert_eq!(batch.segment_size(), None, "one packet needs no cutting");
        assert_eq!(batch.admit(1_200, 0), AS_IT_IS);
        assert_eq!(batch.admit(1_201, 1), Admission::Refused);
        assert_eq!(batch.admit(700, 1), Admission::Ends);
        assert_eq!((batch.segment_size().unwrap().get(), batch.segments), (1_200, 3));
    }

    #[test]
    fn a_byte_of_padding_makes_a_frame_even() {
        let mut batch = Batch::new(Protocol::Udp);
        batch.begin(1_201);
        assert_eq!(batch.admit(1_200, 1), Admission::Joins { padding: 1 });
        assert_eq!(batch.admit(1_201, 1), AS_IT_IS);
        assert_eq!(batch.admit(1_200, 0), Admission::Ends, "where padding is not allowed");
    }

    #[test]
    fn no_send_is_larger_than_a_datagram_may_be() {
        let mut batch = Batch::new(Protocol::Udp);
        let joined = (0..100).take_while(|_| batch.admit(1_200, 0) == AS_IT_IS).count();
        assert_eq!(joined, BYTES_MAX / 1_200);
        let mut small = Batch::new(Protocol::Udp);
        assert_eq!((0..100).take_while(|_| small.admit(60, 0) == AS_IT_IS).count(), SEGMENTS_MAX);
    }

    #[test]
    fn frames_of_any_size_share_a_send_over_tcp_unpadded_and_up_to_a_limit() {
        let mut batch = Batch::new(Protocol::Tcp);
        for bytes in [1_200, 80, 1_199, 1_200, 60] {
            assert_eq!(batch.admit(bytes, 1), AS_IT_IS);
        }
        assert_eq!((batch.bytes, batch.segment_size()), (3_739 + 5 * LENGTH_BYTES, None));
        let more = (0..100).take_while(|_| batch.admit(1_200, 0) == AS_IT_IS).count();
        assert_eq!(more, (STREAM_SEND_BYTES_MAX - 3_749) / (1_200 + LENGTH_BYTES));
        assert_eq!(batch.admit(1_200, 0), Admission::Refused);
    }
}
