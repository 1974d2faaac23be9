//! Sender reports for slots (RFC 3550 §6.4.1), once a second for each that has sent, from the samples the application
//! supplies: their NTP times come from the publishing participant's one offset, so that lips stay in step. And what the
//! subscriber reports back about them, with the round trip measured on our own clock.
//!
//! Invariant: a slot that is given no sample is not reported on.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ::interceptor::StreamInfo;
use ::rtcp::receiver_report::ReceiverReport;
use ::rtcp::reception_report::ReceptionReport as Block;
use ::rtcp::sender_report::SenderReport;
use ::rtcp::source_description::{SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem};
use bytes::Bytes;

use super::event::{Control, ControlEvent, ReceptionReport, SenderSample};
use super::stage::{Outbox, Stage};
use crate::id::Ssrc;
use crate::limits::SENDER_REPORTS_REMEMBERED_MAX;

/// Time between reports: browsers take a synchronisation from the first pair, and round trips from each.
const INTERVAL: Duration = Duration::from_secs(1);
/// A round trip above this is a reception report gone wrong, not a link.
const ROUND_TRIP_MAX: Duration = Duration::from_secs(10);

#[derive(Clone, Copy)]
struct Sent {
    /// Middle 32 bits of the report's NTP time, as the peer will quote it.
    middle: u32,
    at: Instant,
}

#[derive(Default)]
struct Slot {
    sent: [Option<Sent>; SENDER_REPORTS_REMEMBERED_MAX],
    /// Set while samples come: when the next one is due.
    due: Option<Instant>,
}

/// The interceptor's stage.
#[derive(Default)]
pub(super) struct SenderReports {
    slots: BTreeMap<u32, Slot>,
}

/// Middle 32 bits of an NTP time (RFC 3550 §4).
fn middle(ntp: u64) -> u32 {
    let [_, _, a, b, c, d, _, _] = ntp.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

impl SenderReports {
    fn report(&mut self, now: Instant, sample: &SenderSample, cname: &str, out: &mut Outbox) {
        let Some(slot) = self.slots.get_mut(&sample.ssrc.0) else { return };
        slot.sent.rotate_right(1);
        if let Some(newest) = slot.sent.first_mut() {
            *newest = Some(Sent { middle: middle(sample.ntp), at: now });
        }
        slot.due = Some(now + INTERVAL);
        let report = SenderReport {
            ssrc: sample.ssrc.0,
            ntp_time: sample.ntp,
            rtp_time: sample.rtp.0,
            packet_count: sample.packets,
            octet_count: sample.octets,
            ..SenderReport::default()
        };
        let item =
            SourceDescriptionItem { sdes_type: SdesType::SdesCname, text: Bytes::copy_from_slice(cname.as_bytes()) };
        let chunk = SourceDescriptionChunk { source: sample.ssrc.0, items: vec![item] };
        out.send(now, vec![Box::new(report), Box::new(SourceDescription { chunks: vec![chunk] })]);
    }

    fn received(&self, now: Instant, block: &Block, out: &mut Outbox) {
        let Some(slot) = self.slots.get(&block.ssrc) else { return };
        let answered = slot.sent.iter().flatten().find(|sent| sent.middle == block.last_sender_report);
        let round_trip = answered
            .filter(|_| block.last_sender_report != 0)
            .and_then(|sent| now.saturating_duration_since(sent.at).checked_sub(short_duration(block.delay)))
            .filter(|&round_trip| round_trip <= ROUND_TRIP_MAX);
        // 24 bits, signed.
        let packets_lost = (block.total_lost << 8).cast_signed() >> 8;
        out.event(
            now,
            ControlEvent::Reception(ReceptionReport {
                ssrc: Ssrc(block.ssrc),
                fraction_lost: block.fraction_lost,
                packets_lost,
                highest_sequence: block.last_sequence_number,
                jitter: block.jitter,
                round_trip,
            }),
        );
    }
}

/// A duration in units of 1/65536 s.
fn short_duration(units: u32) -> Duration {
    Duration::from_nanos((u64::from(units) * 1_000_000_000) >> 16)
}

impl Stage for SenderReports {
    fn handle_rtcp(&mut self, now: Instant, packet: &dyn ::rtcp::Packet, out: &mut Outbox) {
        let packet = packet.as_any();
        let blocks = if let Some(report) = packet.downcast_ref::<ReceiverReport>() {
            &report.reports
        } else if let Some(report) = packet.downcast_ref::<SenderReport>() {
            &report.reports
        } else {
            return;
        };
        for block in blocks {
            self.received(now, block, out);
        }
    }

    fn handle_control(&mut self, now: Instant, control: &Control, out: &mut Outbox) {
        if let Control::SenderSample { sample, cname } = control {
            self.report(now, sample, cname, out);
        }
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Outbox) {
        let mut ssrcs = Vec::new();
        for (&ssrc, slot) in &mut self.slots {
            if slot.due.is_some_and(|due| due <= now) {
                slot.due = None;
                ssrcs.push(Ssrc(ssrc));
            }
        }
        if !ssrcs.is_empty() {
            out.event(now, ControlEvent::SenderReportsDue { ssrcs });
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.slots.values().filter_map(|slot| slot.due).min()
    }

    fn bind_local(&mut self, info: &StreamInfo) {
        self.slots.insert(info.ssrc, Slot::default());
    }

    fn unbind_local(&mut self, info: &StreamInfo) {
        self.slots.remove(&info.ssrc);
    }
}
