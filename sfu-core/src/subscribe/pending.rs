//! What a slot would send next, and whether it may wait.

/// Whether a packet may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    Live,
    /// A repeat, or older than `LIVE_AGE_MAX`: goes through the pacer.
    Backlog,
}

/// Which of a slot's packets are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    RepeatsFirst,
    /// Repeats must wait; live frames do not wait for them.
    LiveOnly,
}

/// What a slot would send next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Plaintext bytes of the packet.
    pub bytes: usize,
    pub urgency: Urgency,
    /// Whether padding may be added. Not where a repeat goes out under the number of the original, as the same bytes.
    pub may_be_padded: bool,
}
