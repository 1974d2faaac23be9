//! What packets say, against the library's own writer.

use ::rtcp::goodbye::Goodbye;
use ::rtcp::payload_feedbacks::full_intra_request::{FirEntry, FullIntraRequest};
use ::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use ::rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;
use ::rtcp::receiver_report::ReceiverReport;
use ::rtcp::reception_report::ReceptionReport;
use ::rtcp::sender_report::SenderReport;
use ::rtcp::transport_feedbacks::transport_layer_nack::{NackPair, TransportLayerNack};
use proptest::prelude::*;

use super::{Block, Malformed, Message, message, packets};
use crate::id::Ssrc;
use crate::rtp::{RtpTime, SeqNo};

fn written(packet: &dyn ::rtcp::Packet) -> Vec<u8> {
    packet.marshal().unwrap().to_vec()
}

fn read(bytes: &[u8]) -> Result<Option<Message<'_>>, Malformed> {
    message(&packets(bytes).next().unwrap().unwrap())
}

/// Reads `packet`, whole and with its last word cut off, which must not do.
fn checked(packet: &dyn ::rtcp::Packet, check: impl FnOnce(Message<'_>)) {
    let mut bytes = written(packet);
    check(read(&bytes).unwrap().unwrap());
    let words = bytes.len() / 4 - 2;
    bytes.truncate(bytes.len() - 4);
    bytes[2..4].copy_from_slice(&u16::try_from(words).unwrap().to_be_bytes());
    assert_eq!(read(&bytes), Err(Malformed), "{packet:?}, cut short");
}

fn report() -> impl Strategy<Value = ReceptionReport> {
    let counts = (any::<u32>(), any::<u8>(), 0u32..1 << 24, any::<u32>());
    (counts, any::<u32>(), any::<u32>(), any::<u32>()).prop_map(|(counts, jitter, last_sender_report, delay)| {
        let (ssrc, fraction_lost, total_lost, last_sequence_number) = counts;
        ReceptionReport { ssrc, fraction_lost, total_lost, last_sequence_number, last_sender_report, delay, jitter }
    })
}

fn block(report: &ReceptionReport) -> Block {
    let lost = i32::try_from(report.total_lost).unwrap();
    Block {
        ssrc: Ssrc(report.ssrc),
        fraction_lost: report.fraction_lost,
        packets_lost: if lost < 1 << 23 { lost } else { lost - (1 << 24) },
        highest_sequence: report.last_sequence_number,
        jitter: report.jitter,
        last_sender_report: report.last_sender_report,
        delay: report.delay,
    }
}

proptest! {
    #[test]
    fn reports_read_back(reports in proptest::collection::vec(report(), 1..31), ssrc in any::<u32>(), ntp_time in any::<u64>(), rtp_time in any::<u32>()) {
        let expected: Vec<Block> = reports.iter().map(block).collect();
        let sender = SenderReport { ssrc, ntp_time, rtp_time, reports: reports.clone(), ..SenderReport::default() };
        checked(&sender, |message| {
            let Message::SenderReport { ssrc: from, ntp, rtp, blocks } = message else { panic!("{message:?}") };
            assert_eq!((from, ntp, rtp), (Ssrc(ssrc), ntp_time, RtpTime(rtp_time)));
            assert_eq!(blocks.iter().collect::<Vec<_>>(), expected);
        });
        checked(&ReceiverReport { ssrc, reports, ..ReceiverReport::default() }, |message| {
            let Message::ReceiverReport { blocks } = message else { panic!("{message:?}") };
            assert_eq!(blocks.iter().collect::<Vec<_>>(), expected);
        });
    }

    #[test]
    fn numbers_asked_for_read_back(media_ssrc in any::<u32>(), pairs in proptest::collection::vec(any::<(u16, u16)>(), 1..60)) {
        let nacks: Vec<_> = pairs.into_iter().map(|(packet_id, lost_packets)| NackPair { packet_id, lost_packets }).collect();
        let expected: Vec<SeqNo> = nacks.iter().flat_map(|&pair| pair).map(SeqNo).collect();
        let bytes = written(&TransportLayerNack { sender_ssrc: 1, media_ssrc, nacks });
        let Ok(Some(Message::Nack { media, pairs })) = read(&bytes) else { panic!("{bytes:?}") };
        prop_assert_eq!((media, pairs.sequences().collect::<Vec<_>>()), (Ssrc(media_ssrc), expected));
    }

    #[test]
    fn bitrates_read_back(mantissa in 0u32..1 << 18, exponent in 0u8..64) {
        let [_, a, b, c] = mantissa.to_be_bytes();
        let bytes = [&[0x8f, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0][..], b"REMB", &[0, exponent << 2 | a, b, c]].concat();
        let bits = u128::from(mantissa) << exponent;
        let bitrate_bps = u64::try_from(bits).unwrap_or(u64::MAX);
        prop_assert_eq!(read(&bytes), Ok(Some(Message::Remb { bitrate_bps })));
    }
}

#[test]
fn commands_goodbyes_and_losses_read_back() {
    let fir = [(7, 1), (8, 255)].map(|(ssrc, sequence_number)| FirEntry { ssrc, sequence_number });
    let bytes = written(&FullIntraRequest { sender_ssrc: 1, media_ssrc: 2, fir: fir.to_vec() });
    let Ok(Some(Message::FullIntra { commands })) = read(&bytes) else { panic!("{bytes:?}") };
    assert_eq!(commands.iter().collect::<Vec<_>>(), [(Ssrc(7), 1), (Ssrc(8), 255)]);

    checked(&Goodbye { sources: vec![3, 4], ..Goodbye::default() }, |message| {
        let Message::Goodbye { sources } = message else { panic!("{message:?}") };
        assert_eq!(sources.iter().collect::<Vec<_>>(), [Ssrc(3), Ssrc(4)]);
    });
    checked(&PictureLossIndication { sender_ssrc: 1, media_ssrc: 9 }, |message| {
        assert_eq!(message, Message::PictureLoss { media: Ssrc(9) });
    });
    let remb = ReceiverEstimatedMaximumBitrate { sender_ssrc: 1, bitrate: 1_500_000.0, ssrcs: vec![9] };
    assert_eq!(read(&written(&remb)), Ok(Some(Message::Remb { bitrate_bps: 1_500_000 })));
}

#[test]
fn application_feedback_that_is_no_estimate_is_nothing_to_act_on() {
    assert_eq!(read(&[0x8f, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4]), Ok(None));
    assert_eq!(read(&[0x80, 200, 0, 1, 0, 0, 0, 1]), Err(Malformed));
}
