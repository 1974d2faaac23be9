//! What a peer says about itself, made into events: the clock of its streams (SR), the end of one (BYE), and what it
//! believes it can receive (REMB).

use std::time::Instant;

use ::rtcp::goodbye::Goodbye;
use ::rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;
use ::rtcp::sender_report::SenderReport;

use super::event::ControlEvent;
use super::stage::{Outbox, Stage};
use crate::id::Ssrc;
use crate::rtp::RtpTime;

/// The interceptor's stage.
pub(super) struct Notices;

impl Stage for Notices {
    fn handle_rtcp(&mut self, now: Instant, packet: &dyn ::rtcp::Packet, out: &mut Outbox) {
        let packet = packet.as_any();
        if let Some(report) = packet.downcast_ref::<SenderReport>() {
            out.event(
                now,
                ControlEvent::SenderClock {
                    ssrc: Ssrc(report.ssrc),
                    ntp: report.ntp_time,
                    rtp: RtpTime(report.rtp_time),
                },
            );
        } else if let Some(goodbye) = packet.downcast_ref::<Goodbye>() {
            for &source in &goodbye.sources {
                out.event(now, ControlEvent::Bye { ssrc: Ssrc(source) });
            }
        } else if let Some(remb) = packet.downcast_ref::<ReceiverEstimatedMaximumBitrate>() {
            out.event(now, ControlEvent::Remb { bitrate_bps: whole_bits(remb.bitrate) });
        }
    }
}

/// The library hands the bit rate over as a float; the wire has an integer.
fn whole_bits(bitrate: f32) -> u64 {
    #[expect(clippy::as_conversions, reason = "a float to an integer saturates, and there is no other conversion")]
    let bits = bitrate as u64;
    bits
}
