//! The walk over compounds, and transport-wide feedback against the library's own writer.

use ::rtcp::transport_feedbacks::transport_layer_cc::{
    PacketStatusChunk, RecvDelta, RunLengthChunk, StatusChunkTypeTcc, StatusVectorChunk, SymbolSizeTypeTcc,
    SymbolTypeTcc, TransportLayerCc,
};
use proptest::prelude::*;
use shared::marshal::Marshal;

use super::compound::{Kind, Malformed, packets};
use super::twcc::{feedbacks, parse};

#[test]
fn an_empty_report_ahead_hides_nothing() {
    let rr = [0x80, 201, 0, 1, 0, 0, 0, 1];
    let pli = [0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9];
    let compound = [&rr[..], &pli[..]].concat();
    let kinds: Vec<_> = packets(&compound).map(|packet| packet.unwrap().kind).collect();
    assert_eq!(kinds, [Kind::ReceiverReport, Kind::PictureLoss]);
}

#[test]
fn what_precedes_a_malformed_packet_is_delivered() {
    let good = [0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9];
    for bad in [&[0x81, 206, 0, 9, 1, 2, 3, 4][..], &[0x41, 206, 0, 0], &[0x80, 96, 0, 0], &[0x80, 201, 0]] {
        let compound = [&good[..], bad].concat();
        let walk: Vec<_> = packets(&compound).map(|packet| packet.map(|packet| packet.kind)).collect();
        assert_eq!(walk, [Ok(Kind::PictureLoss), Err(Malformed)], "{bad:?}");
    }
}

#[test]
fn padding_is_taken_off_and_checked() {
    let padded = [0xa0, 201, 0, 2, 0, 0, 0, 7, 0, 0, 0, 4];
    let packet = packets(&padded).next().unwrap().unwrap();
    assert_eq!(packet.body, [0, 0, 0, 7]);
    for bad in [0, 9, 12, 255] {
        let mut padded = padded;
        padded[11] = bad;
        assert_eq!(packets(&padded).next(), Some(Err(Malformed)), "{bad}");
    }
}

#[derive(Debug, Clone, Copy)]
enum Status {
    Missing,
    After(i16),
}

fn symbol(status: Status) -> SymbolTypeTcc {
    match status {
        Status::Missing => SymbolTypeTcc::PacketNotReceived,
        Status::After(0..=255) => SymbolTypeTcc::PacketReceivedSmallDelta,
        Status::After(_) => SymbolTypeTcc::PacketReceivedLargeDelta,
    }
}

/// Writes the statuses, two-bit vectors or runs by turns.
fn write(base: u16, reference: u32, statuses: &[Status]) -> Vec<u8> {
    let mut packet_chunks = Vec::new();
    let mut rest = statuses;
    while !rest.is_empty() {
        let run = rest.iter().take_while(|&&status| symbol(status) == symbol(rest[0])).count();
        let taken = if run >= 3 {
            packet_chunks.push(PacketStatusChunk::RunLengthChunk(RunLengthChunk {
                type_tcc: StatusChunkTypeTcc::RunLengthChunk,
                packet_status_symbol: symbol(rest[0]),
                run_length: u16::try_from(run).unwrap(),
            }));
            run
        } else {
            let taken = rest.len().min(7);
            let mut symbol_list: Vec<_> = rest[..taken].iter().map(|&status| symbol(status)).collect();
            symbol_list.resize(7, SymbolTypeTcc::PacketNotReceived);
            packet_chunks.push(PacketStatusChunk::StatusVectorChunk(StatusVectorChunk {
                type_tcc: StatusChunkTypeTcc::StatusVectorChunk,
                symbol_size: SymbolSizeTypeTcc::TwoBit,
                symbol_list,
            }));
            taken
        };
        rest = &rest[taken..];
    }
    let recv_deltas = statuses
        .iter()
        .filter_map(|&status| match status {
            Status::Missing => None,
            Status::After(delta) => Some(RecvDelta { type_tcc_packet: symbol(status), delta: i64::from(delta) * 250 }),
        })
        .collect();
    let packet = TransportLayerCc {
        sender_ssrc: 1,
        media_ssrc: 2,
        base_sequence_number: base,
        packet_status_count: u16::try_from(statuses.len()).unwrap(),
        reference_time: reference,
        fb_pkt_count: 5,
        packet_chunks,
        recv_deltas,
    };
    packet.marshal().unwrap().to_vec()
}

#[test]
fn one_bit_vectors_and_times_before_the_reference() {
    // Base 65535, 3 statuses, reference −1 × 64 ms; one-bit vector: received, missing, received; deltas 4 and 8 ticks.
    let bytes = [0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0, 3, 0xff, 0xff, 0xff, 9, 0b1010_1000, 0, 4, 8];
    let feedback = feedbacks(&bytes).next().unwrap();
    let statuses: Vec<_> = feedback.statuses().map(|status| (status.sequence.0, status.arrival_us)).collect();
    assert_eq!(statuses, [(65_535, Some(-63_000)), (0, None), (1, Some(-61_000))]);
    assert_eq!((feedback.totals.received, feedback.totals.missing), (2, 1));
}

#[test]
fn the_reserved_status_and_missing_deltas_are_refused() {
    let head = [0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 9];
    let reserved = [&head[..], &[0b0110_0000, 3, 0, 0]].concat();
    let short = [&head[..], &[0b0100_0000, 3, 0, 0]].concat();
    let uncovered = [&head[..], &[0b0010_0000, 1, 0, 1]].concat();
    for bytes in [reserved, short, uncovered] {
        assert_eq!(feedbacks(&bytes).count(), 0, "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn statuses_read_back(
        base in any::<u16>(),
        reference in 0u32..1 << 23,
        statuses in proptest::collection::vec(prop_oneof![Just(Status::Missing), (0i16..256).prop_map(Status::After), any::<i16>().prop_map(Status::After)], 1..300),
    ) {
        let bytes = write(base, reference, &statuses);
        let packet = packets(&bytes).next().unwrap().unwrap();
        let feedback = parse(&packet).unwrap();
        let mut time = i64::from(reference) * 64_000;
        let mut sequence = base;
        let mut read = feedback.statuses();
        for status in &statuses {
            let expected = match status {
                Status::Missing => None,
                Status::After(delta) => { time += i64::from(*delta) * 250; Some(time) }
            };
            let status = read.next().unwrap();
            prop_assert_eq!((status.sequence.0, status.arrival_us), (sequence, expected));
            sequence = sequence.wrapping_add(1);
        }
        prop_assert_eq!(read.next(), None);
        let totals = feedback.totals;
        prop_assert_eq!(usize::from(totals.received) + usize::from(totals.missing), statuses.len());
    }

    #[test]
    fn noise_never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = packets(&bytes).count();
        if let Some(header) = bytes.first_chunk_mut() {
            *header = [0x8f, 205, 0, u8::try_from(header.len()).unwrap()];
        }
        let length = u16::try_from((bytes.len() / 4).saturating_sub(1)).unwrap();
        bytes.truncate(usize::from(length + 1) * 4);
        if let Some(field) = bytes.get_mut(2..4) {
            field.copy_from_slice(&length.to_be_bytes());
        }
        for feedback in feedbacks(&bytes) {
            prop_assert_eq!(feedback.statuses().count(), usize::from(feedback.status_count));
        }
    }
}
