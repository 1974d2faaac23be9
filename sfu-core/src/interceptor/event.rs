//! What the chain tells the application, and what the application tells the interceptors.

use std::sync::Arc;
use std::time::Duration;

use crate::id::{Ssrc, TrackId};
use crate::rtp::{RtpTime, SeqNo};

/// Something the shard must act on; drained from `ControlChain::poll_event`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlEvent {
    /// A subscriber cannot decode a slot: PLI (RFC 4585 §6.3.1) or a new FIR command (RFC 5104 §4.3.1).
    KeyframeRequested { ssrc: Ssrc },
    /// A subscriber misses packets of a slot (RFC 4585 §6.2.1), and no repeat of them is on its way.
    Retransmit { ssrc: Ssrc, sequences: Vec<SeqNo> },
    /// Packets of a published stream will not be asked for any more; what refers to them cannot be decoded.
    RepairAbandoned { ssrc: Ssrc, packets: usize },
    /// These slots' sender reports are due: answer each that has sent with `ControlChain::sender_sample`.
    SenderReportsDue { ssrcs: Vec<Ssrc> },
    /// A publisher's sender report: this RTP time was sampled at this NTP time (RFC 3550 §6.4.1).
    SenderClock { ssrc: Ssrc, ntp: u64, rtp: RtpTime },
    /// A subscriber's account of a slot.
    Reception(ReceptionReport),
    /// The peer's estimate of what it can receive, bit/s (draft-alvestrand-rmcat-remb-03).
    Remb { bitrate_bps: u64 },
    /// The peer ends a stream (RFC 3550 §6.6).
    Bye { ssrc: Ssrc },
}

/// One report block (RFC 3550 §6.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceptionReport {
    pub ssrc: Ssrc,
    /// Of 256, since the report before.
    pub fraction_lost: u8,
    /// Since the beginning, 24 bits; negative when duplicates outnumber losses.
    pub packets_lost: i32,
    /// Highest sequence number received, with the receiver's count of cycles.
    pub highest_sequence: u32,
    /// RTP ticks.
    pub jitter: u32,
    /// Measured on our own clock from the sender report that it answers, if it is one we remember.
    pub round_trip: Option<Duration>,
}

/// What a slot has sent and where its media clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderSample {
    pub ssrc: Ssrc,
    /// NTP time of now, from the one offset of the publishing participant.
    pub ntp: u64,
    /// The RTP time of the same moment.
    pub rtp: RtpTime,
    /// Packets sent since the slot began.
    pub packets: u32,
    /// Payload bytes sent since the slot began, modulo 2³².
    pub octets: u32,
}

/// What the application tells the interceptors.
#[derive(Debug, Clone)]
pub(super) enum Control {
    RequestKeyframe {
        track: TrackId,
        ssrc: Ssrc,
    },
    KeyframeArrived {
        track: TrackId,
        ssrc: Ssrc,
    },
    /// A packet came through its RTX stream (RFC 4588).
    Repaired {
        ssrc: Ssrc,
        sequence: SeqNo,
    },
    RoundTrip(Duration),
    /// The most that the peer is to send, bit/s.
    LimitSending(Option<u64>),
    SenderSample {
        sample: SenderSample,
        cname: Arc<str>,
    },
}
