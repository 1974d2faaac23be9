//! What a slot would send next, and whether it may wait.

use crate::bitrate::estimate::SentKind;
use crate::ring::PacketMeta;
use crate::rtp::MediaClock;

use super::outgoing::Outgoing;

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

/// What a slot would send next. Nothing is counted and no number given before `Slot::take` has it.
#[derive(Debug, Clone, Copy)]
pub struct Pending<'r> {
    /// Plaintext bytes of the packet.
    pub bytes: usize,
    pub urgency: Urgency,
    /// Whether padding may be added. Not where a repeat goes out under the number of the original, as the same bytes.
    pub may_be_padded: bool,
    /// The packet; of one from the feed all but its numbers.
    pub(super) draft: Outgoing<'r>,
    pub(super) source: Source<'r>,
}

impl Pending<'_> {
    /// Why it is sent.
    pub fn kind(&self) -> SentKind {
        match self.source {
            Source::Feed { .. } => SentKind::Media,
            Source::Repeat => SentKind::Repeat,
        }
    }
}

/// Where a pending packet comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source<'r> {
    /// The first of the repeats that the slot owes.
    Repeat,
    /// The packet at the feed's cursor, in a ring with this clock.
    Feed { meta: &'r PacketMeta, clock: Option<MediaClock> },
}
