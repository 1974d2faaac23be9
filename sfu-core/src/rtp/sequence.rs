//! Sequence numbers: 16 bits on the wire, extended by the count of wraps everywhere else.

/// A sequence number as it stands in a packet (RFC 3550 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SeqNo(pub u16);

impl SeqNo {
    /// Steps from `other` to `self`, the short way round: positive if `self` is newer.
    pub fn distance(self, other: SeqNo) -> i16 {
        self.0.wrapping_sub(other.0).cast_signed()
    }
}

/// A sequence number with its rollovers (RFC 3550 A.1), which is the 48-bit packet index of SRTP (RFC 3711 §3.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExtSeqNo(pub u64);

impl ExtSeqNo {
    /// The 16 bits that go on the wire.
    pub fn seq(self) -> SeqNo {
        let [.., high, low] = self.0.to_be_bytes();
        SeqNo(u16::from_be_bytes([high, low]))
    }

    /// The extended number nearest to `self` whose low bits are `seq`; `None` if that lies before the first.
    pub fn extend(self, seq: SeqNo) -> Option<ExtSeqNo> {
        self.0.checked_add_signed(i64::from(seq.distance(self.seq()))).map(ExtSeqNo)
    }

    /// `steps` further, or back if negative; stops at zero.
    pub fn offset(self, steps: i64) -> ExtSeqNo {
        ExtSeqNo(self.0.saturating_add_signed(steps))
    }

    /// Steps from `other` to `self`.
    pub fn since(self, other: ExtSeqNo) -> i64 {
        self.0.wrapping_sub(other.0).cast_signed()
    }

    /// The next number.
    pub fn next(self) -> ExtSeqNo {
        ExtSeqNo(self.0.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn extending_finds_every_number_within_half_a_cycle(at in 40_000_u64..1 << 40, step in -32_000_i64..32_000) {
            let there = ExtSeqNo(at).offset(step);
            prop_assert_eq!(ExtSeqNo(at).extend(there.seq()), Some(there));
        }
    }

    #[test]
    fn nothing_lies_before_the_first_number() {
        assert_eq!(ExtSeqNo(3).extend(SeqNo(0xfff0)), None);
    }
}
