//! The 48-bit index of an SRTP packet (RFC 3711 §3.3.1): rollover counter and sequence number.

/// Rollover counter · 2¹⁶ + sequence number; below 2⁴⁸.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PacketIndex(u64);

/// One more than the largest index.
const LIMIT: u64 = 1 << 48;
/// Half of the sequence number space: what is farther away lies in another round.
const HALF: u64 = 1 << 15;
const ROUND: u64 = 1 << 16;

impl PacketIndex {
    /// `None` above 2⁴⁸ − 1: the keys are used up.
    pub fn new(index: u64) -> Option<Self> {
        (index < LIMIT).then_some(Self(index))
    }

    /// The index as a number.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The rollover counter.
    pub fn roc(self) -> u32 {
        u32::try_from(self.0 >> 16).unwrap_or(u32::MAX)
    }

    /// The sequence number that stands in the header.
    pub fn sequence_number(self) -> u16 {
        u16::try_from(self.0 & 0xFFFF).unwrap_or(0)
    }

    /// The index nearest to `highest` that ends in `sequence_number`; without a `highest`, the first round.
    pub fn estimate(highest: Option<Self>, sequence_number: u16) -> Self {
        let sequence = u64::from(sequence_number);
        let Some(Self(highest)) = highest else { return Self(sequence) };
        let round = highest - highest % ROUND;
        let same = round + sequence;
        if same > highest + HALF && round >= ROUND {
            Self(same - ROUND)
        } else if same + HALF < highest && same + ROUND < LIMIT {
            Self(same + ROUND)
        } else {
            Self(same)
        }
    }
}
