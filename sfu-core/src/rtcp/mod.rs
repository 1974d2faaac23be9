//! RTCP on the wire (RFC 3550 §6, RFC 4585, RFC 5506), read in place: the walk over a compound packet, what its packets say, and
//! transport-wide feedback. It comes too often for a parse that allocates. Pure; knows no room, participant or transport.

pub mod compound;
pub mod message;
pub mod twcc;

pub use compound::{Kind, Malformed, RtcpPacket, packets};
pub use message::{Block, Message, message};

#[cfg(test)]
mod message_tests;
#[cfg(test)]
mod tests;
