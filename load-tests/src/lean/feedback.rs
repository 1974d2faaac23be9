//! What a browser's receiver says: receiver reports (RFC 3550 §6.4.2), NACK and PLI (RFC 4585), and transport-wide feedback
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtcp::receiver_report::ReceiverReport;
use rtcp::reception_report::ReceptionReport;
use rtcp::transport_feedbacks::transport_layer_nack::{TransportLayerNack, nack_pairs_from_sequence_numbers};
use shared::marshal::Marshal;

/// Unit of a receive delta, µs.
const DELTA_TICK_US: u128 = 250;
/// Unit of the reference time, in deltas' units: 64 ms.
const REFERENCE_TICKS: i64 = 256;
/// Statuses of one feedback packet; at 50 ms far more than comes.
const STATUSES_MAX: u16 = 1_000;
/// Statuses in a chunk of two-bit symbols.
const CHUNK: usize = 7;

/// Appends a receiver report.
pub fn receiver_report(out: &mut Vec<u8>, sender: u32, reports: Vec<ReceptionReport>) {
    append(out, &ReceiverReport { ssrc: sender, reports, ..ReceiverReport::default() });
}

/// Appends a request for packets.
pub fn nack(out: &mut Vec<u8>, sender: u32, media: u32, numbers: &[u16]) {
    let nacks = nack_pairs_from_sequence_numbers(numbers);
    append(out, &TransportLayerNack { sender_ssrc: sender, media_ssrc: media, nacks });
}

/// Appends a request for a keyframe.
pub fn pli(out: &mut Vec<u8>, sender: u32, media: u32) {
    append(out, &PictureLossIndication { sender_ssrc: sender, media_ssrc: media });
}

/// Appends a packet.
pub fn append(out: &mut Vec<u8>, packet: &impl Marshal) {
    if let Ok(bytes) = packet.marshal() {
        out.extend_from_slice(&bytes);
    }
}

/// Arrivals by transport-wide sequence number, until they are told.
#[derive(Debug)]
pub struct TransportArrivals {
    epoch: Instant,
    highest: Option<u64>,
    /// The first number that was not told yet.
    next: u64,
    arrived: BTreeMap<u64, Instant>,
    count: u8,
}

impl TransportArrivals {
    pub fn new(epoch: Instant) -> Self {
        Self { epoch, highest: None, next: 0, arrived: BTreeMap::new(), count: 0 }
    }

    /// A packet came.
    pub fn record(&mut self, now: Instant, sequence: u16) {
        let number = match self.highest {
            None => 0x1_0000 + u64::from(sequence),
            Some(highest) => {
                let [.., high, low] = highest.to_be_bytes();
                let ahead = sequence.wrapping_sub(u16::from_be_bytes([high, low]));
                if ahead < 0x8000 {
                    highest + u64::from(ahead)
                } else {
                    highest.saturating_sub(0x1_0000 - u64::from(ahead))
                }
            }
        };
        if self.highest.is_none() {
            self.next = number;
        }
        self.highest = self.highest.max(Some(number));
        if number >= self.next {
            self.arrived.entry(number).or_insert(now);
        }
    }

    /// Appends a feedback packet over everything since the last one, if anything came.
    pub fn tell(&mut self, out: &mut Vec<u8>, sender: u32, media: u32) {
        let Some((&last, _)) = self.arrived.last_key_value() else { return };
        let base = self.next.max((last + 1).saturating_sub(u64::from(STATUSES_MAX)));
        let ticks = |at: Instant| {
            let micros = at.saturating_duration_since(self.epoch).max(Duration::ZERO).as_micros();
            i64::try_from(micros / DELTA_TICK_US).unwrap_or(i64::MAX)
        };
        let first = self.arrived.range(base..).next().map_or(0, |(_, at)| ticks(*at));
        let reference = first / REFERENCE_TICKS;
        let mut previous = reference * REFERENCE_TICKS;
        let (mut symbols, mut deltas) = (Vec::new(), Vec::new());
        for number in base..=last {
            let Some(at) = self.arrived.get(&number) else {
                symbols.push(0_u16);
                continue;
            };
            let delta = ticks(*at) - previous;
            previous += delta;
            if let Ok(small) = u8::try_from(delta) {
                symbols.push(1);
                deltas.push(small);
            } else {
                let clamped = delta.clamp(i64::from(i16::MIN), i64::from(i16::MAX));
                symbols.push(2);
                deltas.extend(i16::try_from(clamped).unwrap_or_default().to_be_bytes());
            }
        }
        self.arrived.clear();
        self.next = last + 1;
        let head = (sender, media, base, reference, self.count);
        self.count = self.count.wrapping_add(1);
        write_feedback(out, head, &symbols, &deltas);
    }
}

fn write_feedback(
    out: &mut Vec<u8>,
    (sender, media, base, reference, count): (u32, u32, u64, i64, u8),
    symbols: &[u16],
    deltas: &[u8],
) {
    let mut body = Vec::with_capacity(20 + symbols.len() / 3 + deltas.len());
    body.extend(sender.to_be_bytes());
    body.extend(media.to_be_bytes());
    body.extend(u16::try_from(base & 0xffff).unwrap_or_default().to_be_bytes());
    body.extend(u16::try_from(symbols.len()).unwrap_or_default().to_be_bytes());
    let [.., r0, r1, r2] = reference.to_be_bytes();
    body.extend([r0, r1, r2, count]);
    for chunk in symbols.chunks(CHUNK) {
        let filled = chunk.iter().chain(std::iter::repeat(&0)).take(CHUNK);
        let bits = filled.fold(0b11_u16, |bits, symbol| (bits << 2) | symbol);
        body.extend(bits.to_be_bytes());
    }
    body.extend_from_slice(deltas);
    body.resize(body.len().next_multiple_of(4), 0);
    // Version 2, FMT 15, RTPFB; the length in words without the first.
    out.extend([0x8f, 205]);
    out.extend(u16::try_from(body.len() / 4).unwrap_or_default().to_be_bytes());
    out.extend(body);
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use rtcp::transport_feedbacks::transport_layer_cc::{PacketStatusChunk, SymbolTypeTcc, TransportLayerCc};
    use shared::marshal::Unmarshal;

    use super::*;

    fn told(arrivals: &mut TransportArrivals) -> Option<TransportLayerCc> {
        let mut out = Vec::new();
        arrivals.tell(&mut out, 1, 2);
        (!out.is_empty()).then(|| TransportLayerCc::unmarshal(&mut Bytes::from(out)).unwrap())
    }

    #[test]
    fn arrivals_are_told_once_with_their_times_and_gaps() {
        let epoch = Instant::now();
        let mut arrivals = TransportArrivals::new(epoch);
        assert_eq!(told(&mut arrivals), None);
        let at = |ms| epoch + Duration::from_millis(ms);
        for (sequence, ms) in [(65_534, 100), (65_535, 101), (1, 200), (0, 190), (3, 201)] {
            arrivals.record(at(ms), sequence);
        }
        let feedback = told(&mut arrivals).unwrap();
        assert_eq!((feedback.sender_ssrc, feedback.media_ssrc, feedback.base_sequence_number), (1, 2, 65_534));
        assert_eq!((feedback.packet_status_count, feedback.reference_time, feedback.fb_pkt_count), (6, 1, 0));
        let micros: Vec<_> = feedback.recv_deltas.iter().map(|delta| delta.delta).collect();
        assert_eq!(micros, [36_000, 1_000, 89_000, 10_000, 1_000]);
        let PacketStatusChunk::StatusVectorChunk(chunk) = &feedback.packet_chunks[0] else { panic!("a vector") };
        assert_eq!(chunk.symbol_list[2], SymbolTypeTcc::PacketReceivedLargeDelta);
        assert_eq!(chunk.symbol_list[4], SymbolTypeTcc::PacketNotReceived);
        arrivals.record(at(250), 2);
        assert_eq!(told(&mut arrivals), None, "what was told as missing is not told again");
        arrivals.record(at(260), 4);
        let next = told(&mut arrivals).unwrap();
        assert_eq!((next.base_sequence_number, next.packet_status_count, next.fb_pkt_count), (4, 1, 1));
    }
}
