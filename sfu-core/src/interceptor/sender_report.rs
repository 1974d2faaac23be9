//! Sender reports for slots (RFC 3550 §6.4.1), once a second for each that has sent, from the samples the application
//! supplies: their NTP times come from the publishing participant's one offset, so that lips stay in step. And what the
//! subscriber reports back about them, with the round trip measured on our own clock.
//!
//! Invariant: a slot that is given no sample is not reported on.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::event::{Control, ControlEvent, ReceptionReport, SenderSample};
use super::stage::{Outbox, Stage};
use crate::id::Ssrc;
use crate::limits::SENDER_REPORTS_REMEMBERED_MAX;
use crate::rtcp::{Block, Message};

/// Time between reports: browsers take a synchronisation from the first pair, and round trips from each.
const INTERVAL: Duration = Duration::from_secs(1);
/// A round trip above this is a reception report gone wrong, not a link.
const ROUND_TRIP_MAX: Duration = Duration::from_secs(10);

/// First octet of a packet that is neither padded nor counts anything.
const VERSION: u8 = 0x80;
/// The canonical name among the items of a source description.
const CNAME: u8 = 1;

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
    slots: BTreeMap<Ssrc, Slot>,
}

/// Middle 32 bits of an NTP time (RFC 3550 §4).
fn middle(ntp: u64) -> u32 {
    let [_, _, a, b, c, d, _, _] = ntp.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

impl SenderReports {
    fn report(&mut self, now: Instant, sample: &SenderSample, cname: &str, out: &mut Outbox) {
        let Some(slot) = self.slots.get_mut(&sample.ssrc) else { return };
        slot.sent.rotate_right(1);
        if let Some(newest) = slot.sent.first_mut() {
            *newest = Some(Sent { middle: middle(sample.ntp), at: now });
        }
        slot.due = Some(now + INTERVAL);
        out.report(|bytes| write(bytes, sample, cname));
    }

    fn received(&self, now: Instant, block: &Block, out: &mut Outbox) {
        let Some(slot) = self.slots.get(&block.ssrc) else { return };
        let answered = slot.sent.iter().flatten().find(|sent| sent.middle == block.last_sender_report);
        let round_trip = answered
            .filter(|_| block.last_sender_report != 0)
            .and_then(|sent| now.saturating_duration_since(sent.at).checked_sub(short_duration(block.delay)))
            .filter(|&round_trip| round_trip <= ROUND_TRIP_MAX);
        out.event(ControlEvent::Reception(ReceptionReport {
            ssrc: block.ssrc,
            fraction_lost: block.fraction_lost,
            packets_lost: block.packets_lost,
            highest_sequence: block.highest_sequence,
            jitter: block.jitter,
            round_trip,
        }));
    }
}

/// A sender report and its source's canonical name (RFC 3550 §6.4.1, §6.5.1), without the many small buffers of the library's:
/// each slot has one a second.
fn write(bytes: &mut Vec<u8>, sample: &SenderSample, cname: &str) {
    let ssrc = sample.ssrc.0.to_be_bytes();
    bytes.extend([VERSION, 200, 0, 6]);
    bytes.extend(ssrc);
    bytes.extend(sample.ntp.to_be_bytes());
    bytes.extend([sample.rtp.0, sample.packets, sample.octets].map(u32::to_be_bytes).as_flattened());
    // One octet says how long the name is; names are of our own making, and shorter.
    let name = cname.get(..cname.floor_char_boundary(usize::from(u8::MAX))).unwrap_or_default();
    // The SSRC, the item's type and length, the name, and at least one zero behind it, to a whole word.
    let words = (4 + 2 + name.len() + 1).div_ceil(4);
    let end = bytes.len() + 4 + 4 * words;
    bytes.extend([VERSION | 1, 202, 0, u8::try_from(words).unwrap_or(u8::MAX)]);
    bytes.extend(ssrc);
    bytes.extend([CNAME, u8::try_from(name.len()).unwrap_or(u8::MAX)]);
    bytes.extend(name.as_bytes());
    bytes.resize(end, 0);
}

/// A duration in units of 1/65536 s.
fn short_duration(units: u32) -> Duration {
    Duration::from_nanos((u64::from(units) * 1_000_000_000) >> 16)
}

impl Stage for SenderReports {
    fn handle_rtcp(&mut self, now: Instant, message: &Message<'_>, out: &mut Outbox) {
        if let Message::ReceiverReport { blocks } | Message::SenderReport { blocks, .. } = *message {
            blocks.iter().for_each(|block| self.received(now, &block, out));
        }
    }

    fn handle_control(&mut self, now: Instant, control: &Control, out: &mut Outbox) {
        if let Control::SenderSample { sample, cname } = control {
            self.report(now, sample, cname, out);
        }
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Outbox) {
        let mut ssrcs = Vec::new();
        for (ssrc, slot) in &mut self.slots {
            if slot.due.is_some_and(|due| due <= now) {
                slot.due = None;
                ssrcs.push(*ssrc);
            }
        }
        if !ssrcs.is_empty() {
            out.event(ControlEvent::SenderReportsDue { ssrcs });
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.slots.values().filter_map(|slot| slot.due).min()
    }

    fn bind_local(&mut self, ssrc: Ssrc) {
        self.slots.insert(ssrc, Slot::default());
    }

    fn unbind_local(&mut self, ssrc: Ssrc) {
        self.slots.remove(&ssrc);
    }
}
