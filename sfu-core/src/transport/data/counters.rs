//! What the data channels of a transport count.

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Everything that data channels count, as values.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct DataCounters {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl DataCounters {
            /// Adds another transport's counters, for totals.
            pub fn add(&mut self, other: &Self) {
                $(self.$name = self.$name.saturating_add(other.$name);)*
            }

            /// Every counter of events with its name, in a fixed order; those of bytes are none.
            pub fn events(&self) -> impl Iterator<Item = (&'static str, u64)> {
                let named = [$((stringify!($name), self.$name),)*];
                named.into_iter().filter(|(name, _)| !name.starts_with("bytes_"))
            }
        }
    };
}

counters! {
    /// Associations that both sides set up.
    associations_opened,
    /// Associations that the peer ended, or that ended with us.
    associations_closed,
    /// Associations ended because the peer broke a rule or a limit.
    associations_faulty,
    /// Of those, the ones ended by a panic of the library.
    panics_caught,
    /// Associations refused, because the transport has one or began too many.
    associations_refused,
    channels_opened,
    channels_closed,
    /// Channels reset because there are too many, or whose label or reliability is none.
    channels_refused,
    packets_received,
    packets_sent,
    /// Packets that are no SCTP, or name what cannot be.
    packets_malformed,
    /// Packets dropped above the peer's rate.
    packets_shed,
    /// Packets of ours too large for the path, or too many.
    packets_unsent,
    messages_received,
    /// Bytes of those messages.
    bytes_received,
    /// Messages handed to the association to be sent.
    messages_sent,
    /// Bytes of those messages.
    bytes_sent,
    /// Messages received that are no text, or of no known kind.
    messages_malformed,
    /// Messages received on a stream that is no open channel.
    messages_unopened,
    /// Messages received or to be sent that are larger than was agreed.
    messages_oversized,
    /// Messages to be sent to a channel whose queue is full.
    messages_shed,
    /// Messages to be sent for which no channel is open.
    messages_undelivered,
}
