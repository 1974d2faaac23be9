//! Data channels (RFC 8831) over a transport's DTLS: SCTP by the library, behind a gate that keeps from it what it cannot
//! bear. A peer that breaks the rules loses its association, never its media.

mod association;
mod bucket;
mod channel;
mod channels;
mod counters;
mod gate;
mod message;
mod open_message;
mod packet;
mod receive;

pub use channel::ChannelId;
pub use channels::{DataChannels, DataEvent};
pub use counters::DataCounters;
