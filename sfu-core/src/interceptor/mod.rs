//! The control path of one transport: every RTCP message in and out, and the arrivals that cause them, through
//! interceptors. Media that is forwarded does not pass here: arrivals are told by their headers alone.
//!
//! Towards a publisher: NACK (ours: theirs ticks at 100 ms, retries without end and knows no round-trip time), keyframe
//! requests (ours: aggregated and throttled per published track), the most that it may send (ours), receiver reports and
//! transport-wide feedback (theirs).
//! Towards a subscriber: sender reports (ours: one NTP offset per participant), and NACKs answered out of the shared
//! ring (ours: theirs keeps a buffer per stream). [`ControlChain`] is the one way in and out.
//!
//! Ours are plain stages that are shown messages where these lie; theirs, of the `interceptor` crate, stand beside them
//! ([`reception`]). Invariant: neither an arrival nor feedback that tells nothing new allocates.

mod chain;
mod config;
mod counters;
mod event;
mod keyframe_request;
mod missing_packets;
mod nack_generator;
mod notices;
mod outgoing;
mod reception;
mod retransmission;
mod send_limit;
mod sender_report;
mod stage;
mod stages;

pub use chain::ControlChain;
pub use config::{Arrival, ChainConfig, LocalStream, RemoteStream, Side};
pub use counters::ControlCounters;
pub use event::{ControlEvent, ReceptionReport, SenderSample};
