//! What a chain and its streams must be told at their start, and the library's stream descriptions made from it.

use std::sync::Arc;

use ::interceptor::{RTPHeaderExtension, StreamInfo};

use crate::id::Ssrc;
use crate::rtp::{RtpTime, SeqNo};

/// The transport-wide sequence number's extension (draft-holmer-rmcat-transport-wide-cc-extensions-01 §2).
const TRANSPORT_CC_URI: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/// The id of the transport-wide sequence number within a chain of [`Side::Both`]; on the wire it is the offer's.
const TRANSPORT_CC_ID: u8 = 1;

/// Which way media flows on the transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The peer publishes: we ask for repairs and keyframes and report reception.
    Publisher {
        /// Id of the transport-wide sequence number, if agreed: feedback is sent.
        transport_cc: Option<u8>,
    },
    /// The peer watches: we answer its requests and report sending.
    Subscriber,
    /// The peer does both over one transport. Feedback on transport-wide sequence numbers is sent once any arrive: a further
    /// offer may agree on them.
    Both,
}

/// What a chain is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainConfig {
    /// Our SSRC in feedback and receiver reports; from the shard's seed, not 0.
    pub local_ssrc: Ssrc,
    pub side: Side,
    /// Build in the interceptor that asks a publisher for repeats, or answers a subscriber's requests.
    pub nack: bool,
    /// Build in the interceptor that asks for keyframes and hears requests for them.
    pub keyframe: bool,
}

impl ChainConfig {
    /// The chain of a transport that publishes.
    pub fn publisher(local_ssrc: Ssrc, transport_cc: Option<u8>) -> Self {
        Self { local_ssrc, side: Side::Publisher { transport_cc }, nack: true, keyframe: true }
    }

    /// The chain of a transport that watches.
    pub fn subscriber(local_ssrc: Ssrc) -> Self {
        Self { local_ssrc, side: Side::Subscriber, nack: true, keyframe: true }
    }

    /// The chain of a transport that does both.
    pub fn both(local_ssrc: Ssrc) -> Self {
        Self { local_ssrc, side: Side::Both, nack: true, keyframe: true }
    }

    /// Under which id the chain's interceptors find transport-wide sequence numbers, if they look for them.
    pub(super) fn transport_cc(&self) -> Option<u8> {
        match self.side {
            Side::Publisher { transport_cc } => transport_cc,
            Side::Both => Some(TRANSPORT_CC_ID),
            Side::Subscriber => None,
        }
    }
}

/// A stream that the peer sends us, with the feedback it takes. RTX streams are not bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteStream {
    pub ssrc: Ssrc,
    /// Hz.
    pub clock_rate: u32,
    pub nack: bool,
    pub pli: bool,
    pub fir: bool,
}

/// A slot's stream, which we send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalStream {
    pub ssrc: Ssrc,
    /// Canonical name of its sender reports (RFC 3550 §6.5.1); shared by streams to be synchronised.
    pub cname: Arc<str>,
}

/// One RTP packet that arrived, by what its header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    pub ssrc: Ssrc,
    pub sequence: SeqNo,
    pub timestamp: RtpTime,
    /// The transport-wide sequence number, if it carries one.
    pub transport_sequence: Option<u16>,
}

impl RemoteStream {
    pub(super) fn info(&self) -> StreamInfo {
        StreamInfo { clock_rate: self.clock_rate, ..named(self.ssrc) }
    }
}

/// The stream under which the transport-wide sequence number of every SSRC is recorded.
pub(super) fn transport_wide_info(id: u8) -> StreamInfo {
    let extension = RTPHeaderExtension { uri: TRANSPORT_CC_URI.to_owned(), id: u16::from(id) };
    StreamInfo { rtp_header_extensions: vec![extension], ..StreamInfo::default() }
}

/// A description that only names the stream.
pub(super) fn named(ssrc: Ssrc) -> StreamInfo {
    StreamInfo { ssrc: ssrc.0, ..StreamInfo::default() }
}
