//! What went through a client, to be added up over a crowd.

/// What went through a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// RTP packets received, retransmissions not among them.
    pub packets: u64,
    /// Retransmissions.
    pub repeats: u64,
    /// Bytes of all RTP packets as they came.
    pub bytes: u64,
    /// Packets that were authenticated.
    pub opened: u64,
    pub nacks: u64,
    pub plis: u64,
    /// Datagrams of feedback sent.
    pub feedbacks: u64,
    /// RTP packets sent, retransmissions not among them.
    pub sent: u64,
    /// Retransmissions sent.
    pub resent: u64,
    /// How often a track left out frames since its thread came too late.
    pub resumed: u64,
    /// NACK packets received.
    pub nacks_in: u64,
    /// PLI and FIR received.
    pub plis_in: u64,
    /// RTP and RTCP that came before the keys.
    pub early: u64,
    /// RTP packets of streams that no slot has; padding alone, as bandwidth is probed with, is none.
    pub strays: u64,
    /// RTCP that the keys do not open.
    pub unopened: u64,
    /// Other datagrams of no use: answers to checks that were given up, DTLS out of turn.
    pub ignored: u64,
}

impl Counts {
    /// Sums, to see many clients as one.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.with(other, u64::wrapping_add)
    }

    /// What was added since an earlier moment.
    #[must_use]
    pub fn minus(self, earlier: Self) -> Self {
        self.with(earlier, u64::saturating_sub)
    }

    fn with(self, other: Self, of: fn(u64, u64) -> u64) -> Self {
        Self {
            packets: of(self.packets, other.packets),
            repeats: of(self.repeats, other.repeats),
            bytes: of(self.bytes, other.bytes),
            opened: of(self.opened, other.opened),
            nacks: of(self.nacks, other.nacks),
            plis: of(self.plis, other.plis),
            feedbacks: of(self.feedbacks, other.feedbacks),
            sent: of(self.sent, other.sent),
            resent: of(self.resent, other.resent),
            resumed: of(self.resumed, other.resumed),
            nacks_in: of(self.nacks_in, other.nacks_in),
            plis_in: of(self.plis_in, other.plis_in),
            early: of(self.early, other.early),
            strays: of(self.strays, other.strays),
            unopened: of(self.unopened, other.unopened),
            ignored: of(self.ignored, other.ignored),
        }
    }
}
