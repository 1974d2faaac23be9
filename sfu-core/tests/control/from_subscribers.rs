//! A subscriber's NACK, PLI and FIR become events, whatever stands beside them, and repetitions do not multiply.

use rtcp::Packet;
use rtcp::payload_feedbacks::full_intra_request::{FirEntry, FullIntraRequest};
use rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;
use rtcp::receiver_report::ReceiverReport;
use rtcp::transport_feedbacks::transport_layer_nack::{TransportLayerNack, nack_pairs_from_sequence_numbers};
use sfu_core::id::Ssrc;
use sfu_core::interceptor::{ChainConfig, ControlEvent};
use sfu_core::rtp::SeqNo;

use crate::{Bench, LOCAL, MEDIA, OTHER, ms, slot};

fn nack(ssrc: Ssrc, sequences: &[u16]) -> Box<dyn Packet> {
    let nacks = nack_pairs_from_sequence_numbers(sequences);
    Box::new(TransportLayerNack { sender_ssrc: 9, media_ssrc: ssrc.0, nacks })
}

fn pli(ssrc: Ssrc) -> Box<dyn Packet> {
    Box::new(PictureLossIndication { sender_ssrc: 9, media_ssrc: ssrc.0 })
}

fn fir(ssrc: Ssrc, command: u8) -> Box<dyn Packet> {
    let fir = vec![FirEntry { ssrc: ssrc.0, sequence_number: command }];
    Box::new(FullIntraRequest { sender_ssrc: 9, media_ssrc: 0, fir })
}

fn empty_report() -> Box<dyn Packet> {
    Box::new(ReceiverReport::default())
}

fn retransmit(sequences: &[u16]) -> ControlEvent {
    ControlEvent::Retransmit { ssrc: MEDIA, sequences: sequences.iter().copied().map(SeqNo).collect() }
}

#[test]
fn an_empty_report_ahead_hides_neither_pli_nor_nack() {
    let mut bench = Bench::subscriber();
    bench.receive(&[empty_report(), pli(MEDIA), nack(MEDIA, &[5, 6, 40])]);
    assert_eq!(bench.events(), [ControlEvent::KeyframeRequested { ssrc: MEDIA }, retransmit(&[5, 6, 40])]);
}

#[test]
fn without_their_interceptors_neither_is_heard() {
    let config = ChainConfig::subscriber(LOCAL);
    let mut bench = Bench::new(ChainConfig { nack: false, ..config });
    bench.chain.bind_local(&slot(MEDIA));
    bench.receive(&[pli(MEDIA), nack(MEDIA, &[5])]);
    assert_eq!(bench.events(), [ControlEvent::KeyframeRequested { ssrc: MEDIA }]);

    let mut bench = Bench::new(ChainConfig { keyframe: false, ..config });
    bench.chain.bind_local(&slot(MEDIA));
    bench.receive(&[pli(MEDIA), nack(MEDIA, &[5])]);
    assert_eq!(bench.events(), [retransmit(&[5])]);
}

#[test]
fn feedback_about_streams_that_are_not_slots_is_counted() {
    let mut bench = Bench::subscriber();
    bench.receive(&[pli(OTHER), nack(OTHER, &[5]), fir(OTHER, 1)]);
    assert_eq!(bench.events(), []);
    assert_eq!(bench.counters().feedback_unknown_ssrc, 3);
    bench.chain.unbind_local(MEDIA);
    bench.receive(&[pli(MEDIA)]);
    assert_eq!(bench.counters().feedback_unknown_ssrc, 4);
}

#[test]
fn a_packet_is_not_sent_again_while_a_repeat_is_on_its_way() {
    let mut bench = Bench::subscriber();
    bench.chain.set_round_trip(bench.now, ms(100));
    bench.receive(&[nack(MEDIA, &[5])]);
    bench.run_until(ms(60));
    bench.receive(&[nack(MEDIA, &[5, 6])]);
    assert_eq!(bench.events(), [retransmit(&[5]), retransmit(&[6])]);
    bench.run_until(ms(80));
    bench.receive(&[nack(MEDIA, &[5])]);
    assert_eq!(bench.events(), [retransmit(&[5])]);
    assert_eq!(bench.counters().repeats_suppressed, 1);
}

#[test]
fn when_the_repeat_was_lost_the_next_goes_out_twice_behind_the_others() {
    let mut bench = Bench::subscriber();
    bench.chain.set_round_trip(bench.now, ms(100));
    bench.receive(&[nack(MEDIA, &[5, 6])]);
    bench.run_until(ms(100));
    bench.receive(&[nack(MEDIA, &[5, 6, 7])]);
    assert_eq!(bench.events(), [retransmit(&[5, 6]), retransmit(&[5, 6, 7, 5, 6])]);
}

#[test]
fn a_packet_is_sent_again_seven_times_at_most() {
    let mut bench = Bench::subscriber();
    for step in 1..=20 {
        bench.receive(&[nack(MEDIA, &[5])]);
        bench.run_until(ms(200 * step));
    }
    let twice = retransmit(&[5, 5]);
    assert_eq!(bench.events(), [retransmit(&[5]), twice.clone(), twice.clone(), twice]);
}

#[test]
fn a_number_that_comes_round_again_is_a_new_packet() {
    let mut bench = Bench::subscriber();
    for step in 1..=5 {
        bench.receive(&[nack(MEDIA, &[5])]);
        bench.run_until(ms(200 * step));
    }
    assert_eq!(bench.events().len(), 4);
    bench.run_until(ms(13_000));
    bench.receive(&[nack(MEDIA, &[5])]);
    assert_eq!(bench.events(), [retransmit(&[5])]);
}

#[test]
fn numbers_that_share_a_place_do_not_suppress_each_other() {
    let mut bench = Bench::subscriber();
    bench.receive(&[nack(MEDIA, &[5])]);
    assert_eq!(bench.counters().repeats_forgotten, 0);
    bench.receive(&[nack(MEDIA, &[5 + 256])]);
    assert_eq!(bench.counters().repeats_forgotten, 1);
    assert_eq!(bench.events(), [retransmit(&[5]), retransmit(&[261])]);
}

#[test]
fn one_message_cannot_ask_for_more_than_a_ring_holds() {
    let mut bench = Bench::subscriber();
    bench.receive(&[nack(MEDIA, &(0..600).collect::<Vec<u16>>())]);
    let asked: usize = bench
        .events()
        .iter()
        .map(|event| match event {
            ControlEvent::Retransmit { sequences, .. } => sequences.len(),
            _ => 0,
        })
        .sum();
    assert_eq!((asked, bench.counters().repeats_shed), (512, 88));
}

#[test]
fn a_repeated_fir_command_is_one_request() {
    let mut bench = Bench::subscriber();
    bench.receive(&[fir(MEDIA, 1)]);
    bench.receive(&[fir(MEDIA, 1)]);
    bench.receive(&[fir(MEDIA, 2)]);
    assert_eq!(bench.events().len(), 2);
}

#[test]
fn remb_is_reported() {
    let mut bench = Bench::subscriber();
    let remb = ReceiverEstimatedMaximumBitrate { sender_ssrc: 9, bitrate: 1_500_000.0, ssrcs: vec![MEDIA.0] };
    bench.receive(&[Box::new(remb)]);
    assert_eq!(bench.events(), [ControlEvent::Remb { bitrate_bps: 1_500_000 }]);
}
