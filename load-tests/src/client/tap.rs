//! Interceptors of the clients' own: one counts at the wire, one takes what the application needs before anything queues it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use interceptor::{Interceptor, Packet, Slot, StreamInfo, TaggedPacket};
use rtc::sansio::Protocol;
use rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use serde::Serialize;
use shared::error::Error;

use super::peer::is_rtx;

/// Nearer to the wire than any interceptor of the library's.
pub(super) const AT_THE_WIRE: Slot = Slot::Custom(500);
/// Behind every interceptor of the library's.
pub(super) const AT_THE_APPLICATION: Slot = Slot::Custom(14_000);

/// What one peer connection's wire saw; shared by every task that asks.
#[derive(Debug, Default)]
pub struct Counters {
    rtp_in: AtomicU64,
    rtp_payload_bytes_in: AtomicU64,
    rtx_in: AtomicU64,
    missing_in: AtomicU64,
    rtp_out: AtomicU64,
    rtx_out: AtomicU64,
    nacks_in: AtomicU64,
    nacks_out: AtomicU64,
    plis_in: AtomicU64,
    plis_out: AtomicU64,
    keyframe_wanted: AtomicBool,
}

/// [`Counters`] at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CountersSnapshot {
    /// RTP packets received, retransmissions not among them.
    pub rtp_in: u64,
    /// Their payload bytes.
    pub rtp_payload_bytes_in: u64,
    /// Retransmissions received by RTX.
    pub rtx_in: u64,
    /// Sequence numbers that were passed over and did not come late either, retransmissions not regarded.
    pub missing_in: u64,
    /// RTP packets sent, retransmissions not among them.
    pub rtp_out: u64,
    /// Retransmissions sent by RTX.
    pub rtx_out: u64,
    /// NACK packets received.
    pub nacks_in: u64,
    /// NACK packets sent.
    pub nacks_out: u64,
    /// PLI and FIR received.
    pub plis_in: u64,
    /// PLI and FIR sent.
    pub plis_out: u64,
}

impl Counters {
    pub fn snapshot(&self) -> CountersSnapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CountersSnapshot {
            rtp_in: read(&self.rtp_in),
            rtp_payload_bytes_in: read(&self.rtp_payload_bytes_in),
            rtx_in: read(&self.rtx_in),
            missing_in: read(&self.missing_in),
            rtp_out: read(&self.rtp_out),
            rtx_out: read(&self.rtx_out),
            nacks_in: read(&self.nacks_in),
            nacks_out: read(&self.nacks_out),
            plis_in: read(&self.plis_in),
            plis_out: read(&self.plis_out),
        }
    }

    /// Whether a keyframe was asked for since the last call.
    pub(super) fn take_keyframe_request(&self) -> bool {
        self.keyframe_wanted.swap(false, Ordering::AcqRel)
    }
}

impl CountersSnapshot {
    /// Sums, to report many clients as one.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            rtp_in: self.rtp_in + other.rtp_in,
            rtp_payload_bytes_in: self.rtp_payload_bytes_in + other.rtp_payload_bytes_in,
            rtx_in: self.rtx_in + other.rtx_in,
            missing_in: self.missing_in + other.missing_in,
            rtp_out: self.rtp_out + other.rtp_out,
            rtx_out: self.rtx_out + other.rtx_out,
            nacks_in: self.nacks_in + other.nacks_in,
            nacks_out: self.nacks_out + other.nacks_out,
            plis_in: self.plis_in + other.plis_in,
            plis_out: self.plis_out + other.plis_out,
        }
    }
}

fn count(counter: &AtomicU64, more: usize) {
    counter.fetch_add(u64::try_from(more).unwrap_or(u64::MAX), Ordering::Relaxed);
}

fn count_feedback(packets: &[Box<dyn rtcp::Packet>], nacks: &AtomicU64, plis: &AtomicU64) -> bool {
    let nack = packets.iter().filter(|packet| packet.as_any().is::<TransportLayerNack>()).count();
    let pli = packets.iter().filter(|packet| asks_for_keyframe(packet.as_ref())).count();
    count(nacks, nack);
    count(plis, pli);
    pli > 0
}

fn asks_for_keyframe(packet: &dyn rtcp::Packet) -> bool {
    packet.as_any().is::<PictureLossIndication>() || packet.as_any().is::<FullIntraRequest>()
}

/// Counts everything in both directions and passes it on.
pub(super) struct WireCounter {
    counters: Arc<Counters>,
    /// Highest sequence number of each SSRC; a connection has a handful.
    highest: Vec<(u32, u16)>,
    reads: VecDeque<TaggedPacket>,
    writes: VecDeque<TaggedPacket>,
}

impl WireCounter {
    pub(super) fn new(counters: Arc<Counters>) -> Self {
        Self { counters, highest: Vec::new(), reads: VecDeque::new(), writes: VecDeque::new() }
    }

    fn follow(&mut self, ssrc: u32, sequence_number: u16) {
        let Some((_, highest)) = self.highest.iter_mut().find(|(of, _)| *of == ssrc) else {
            self.highest.push((ssrc, sequence_number));
            return;
        };
        let step = sequence_number.wrapping_sub(*highest);
        if step == 0 {
            return;
        }
        if step < 0x8000 {
            *highest = sequence_number;
            count(&self.counters.missing_in, usize::from(step - 1));
        } else {
            let less = |missing: u64| Some(missing.saturating_sub(1));
            let _ = self.counters.missing_in.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for WireCounter {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        match &packet.message.packet {
            Packet::Rtp(rtp) if is_rtx(rtp.header.payload_type) => count(&self.counters.rtx_in, 1),
            Packet::Rtp(rtp) => {
                count(&self.counters.rtp_in, 1);
                count(&self.counters.rtp_payload_bytes_in, rtp.payload.len());
                self.follow(rtp.header.ssrc, rtp.header.sequence_number);
            }
            Packet::Rtcp(packets) => {
                let wanted = count_feedback(packets, &self.counters.nacks_in, &self.counters.plis_in);
                self.counters.keyframe_wanted.fetch_or(wanted, Ordering::AcqRel);
            }
            _ => {}
        }
        self.reads.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.reads.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        match &packet.message.packet {
            Packet::Rtp(rtp) if is_rtx(rtp.header.payload_type) => count(&self.counters.rtx_out, 1),
            Packet::Rtp(_) => count(&self.counters.rtp_out, 1),
            Packet::Rtcp(packets) => {
                count_feedback(packets, &self.counters.nacks_out, &self.counters.plis_out);
            }
            _ => {}
        }
        self.writes.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }
}

impl Interceptor for WireCounter {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}

/// Lets received media end here, behind NACK and feedback but before the application's queues: a viewer that only counts.
#[derive(Default)]
pub(super) struct MediaSink {
    writes: VecDeque<TaggedPacket>,
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for MediaSink {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, _: TaggedPacket) -> Result<(), Error> {
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        None
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.writes.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.writes.pop_front()
    }
}

impl Interceptor for MediaSink {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_passed_over_is_missing_until_it_comes_late() {
        let counters = Arc::<Counters>::default();
        let mut wire = WireCounter::new(Arc::clone(&counters));
        let mut missing_after = |ssrc, sequence_number| {
            wire.follow(ssrc, sequence_number);
            counters.snapshot().missing_in
        };
        assert_eq!(missing_after(1, 65_534), 0);
        assert_eq!(missing_after(2, 7), 0, "each SSRC counts for itself");
        assert_eq!(missing_after(1, 2), 3);
        assert_eq!(missing_after(1, 2), 3, "a repeat changes nothing");
        assert_eq!(missing_after(1, 65_535), 2);
        assert_eq!(missing_after(2, 9), 3);
    }
}
