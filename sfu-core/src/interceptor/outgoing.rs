//! Puts what the chain sends into datagrams: receiver reports merged and ordered, our SSRC as the sender's, under the MTU.
//!
//! Invariant: what the library left to chance (random SSRCs, the order of a hash map) does not reach the wire.

use std::collections::VecDeque;

use ::rtcp::receiver_report::ReceiverReport;
use ::rtcp::reception_report::ReceptionReport;

use super::counters::ControlCounters;
use crate::id::Ssrc;

/// Largest datagram of RTCP, bytes before SRTCP: the smallest MTU of IPv6 with room for headers and a tag.
const DATAGRAM_BYTES_MAX: usize = 1_150;
/// Report blocks of one receiver report (5 bits).
const BLOCKS_MAX: usize = 31;
/// Where the sender's SSRC stands in a receiver report and in feedback.
const SENDER_SSRC: std::ops::Range<usize> = 4..8;

/// Puts messages, and reports that are written already, into as few datagrams as they need, receiver reports first (RFC 3550 §6.1).
pub(super) fn pack<'r>(
    messages: impl Iterator<Item = Vec<Box<dyn ::rtcp::Packet>>>,
    reports: impl Iterator<Item = &'r [u8]>,
    local: Ssrc,
    counters: &mut ControlCounters,
    datagrams: &mut VecDeque<Vec<u8>>,
) {
    let mut blocks: Vec<ReceptionReport> = Vec::new();
    let mut units: Vec<Vec<u8>> = Vec::new();
    for packets in messages {
        let mut unit = Vec::new();
        for packet in packets {
            match packet.as_any().downcast_ref::<ReceiverReport>() {
                Some(report) => blocks.extend(report.reports.iter().cloned()),
                None => write(packet.as_ref(), local, &mut unit, counters),
            }
        }
        if !unit.is_empty() {
            units.push(unit);
        }
    }
    blocks.sort_by_key(|block| block.ssrc);
    for blocks in blocks.chunks(BLOCKS_MAX) {
        let mut unit = Vec::new();
        let report = ReceiverReport { ssrc: local.0, reports: blocks.to_vec(), ..ReceiverReport::default() };
        write(&report, local, &mut unit, counters);
        push(datagrams, &unit);
    }
    reports.for_each(|unit| push(datagrams, unit));
    units.iter().for_each(|unit| push(datagrams, unit));
}

fn write(packet: &dyn ::rtcp::Packet, local: Ssrc, unit: &mut Vec<u8>, counters: &mut ControlCounters) {
    let Ok(mut bytes) = packet.marshal() else {
        counters.rtcp_unwritable += 1;
        return;
    };
    let names_sender = matches!(bytes.get(1), Some(201 | 205 | 206));
    if let Some(sender) = bytes.get_mut(SENDER_SSRC).filter(|_| names_sender) {
        sender.copy_from_slice(&local.0.to_be_bytes());
    }
    unit.extend_from_slice(&bytes);
}

fn push(datagrams: &mut VecDeque<Vec<u8>>, unit: &[u8]) {
    match datagrams.back_mut() {
        Some(last) if last.len() + unit.len() <= DATAGRAM_BYTES_MAX => last.extend_from_slice(unit),
        _ => datagrams.push_back(unit.to_vec()),
    }
}
