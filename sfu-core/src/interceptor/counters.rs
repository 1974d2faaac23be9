//! What a control path counts.

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Everything a chain counts, as values.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct ControlCounters {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl ControlCounters {
            /// Adds another chain's counters, for totals.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }

            /// Every counter with its name, in a fixed order.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }
        }
    };
}

counters! {
    /// RTCP packets that could not be parsed.
    rtcp_malformed,
    /// NACK messages sent to a publisher.
    nacks_sent,
    /// Packets asked for, repeats of the question included.
    packets_nacked,
    /// Missing packets that came after they were asked for.
    packets_repaired,
    /// Missing packets no longer asked for: too old, too often, too many.
    repairs_abandoned,
    /// Of those, the ones forgotten because too many of their stream or transport were missing.
    repairs_shed,
    /// NACK messages received from a subscriber.
    nacks_received,
    /// Packets that a subscriber asked for again while a repeat was on its way, or too often.
    repeats_suppressed,
    /// Packets asked for beyond the limit of one message.
    repeats_shed,
    /// Answered packets forgotten for another one before their time: they may be repeated once too often.
    repeats_forgotten,
    /// PLI messages sent to a publisher.
    plis_sent,
    /// FIR messages sent to a publisher.
    firs_sent,
    /// PLI and new FIR commands received from a subscriber.
    keyframe_requests_received,
    /// Requests that were joined to one already under way.
    keyframe_requests_joined,
    /// Requests not remembered, because keyframes of too many encodings of the track are awaited.
    keyframe_requests_shed,
    /// Requests for streams that take neither PLI nor FIR.
    keyframe_requests_unservable,
    /// Requests given up after the last try.
    keyframe_requests_abandoned,
    /// Limits told to a publisher (REMB), repetitions included.
    send_limits_told,
    /// Feedback about streams that are not bound.
    feedback_unknown_ssrc,
    /// Events dropped because nobody drained them.
    events_shed,
    /// Outgoing messages that could not be written.
    rtcp_unwritable,
}

/// How many, as it is counted.
pub(super) fn whole(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
