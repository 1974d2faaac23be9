//! RTCP on the wire (RFC 3550 §6, RFC 4585, RFC 5506), read in place: the walk over a compound packet, and transport-wide
//! feedback, which comes too often for a parse that allocates. Pure; knows no room, participant or transport.

pub mod compound;
pub mod twcc;

pub use compound::{Kind, Malformed, RtcpPacket, packets};

#[cfg(test)]
mod tests;
