//! Reports both ways: reception and arrival times to publishers, clocks to subscribers, and what both say back.

use rtcp::goodbye::Goodbye;
use rtcp::receiver_report::ReceiverReport;
use rtcp::reception_report::ReceptionReport as Block;
use rtcp::sender_report::SenderReport;
use rtcp::source_description::SourceDescription;
use rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;
use sfu_core::id::Ssrc;
use sfu_core::interceptor::{Arrival, ControlEvent, SenderSample};
use sfu_core::rtp::{RtpTime, SeqNo};

use crate::{Bench, LOCAL, MEDIA, OTHER, ms, of, slot, stream};

fn sample(ssrc: Ssrc, ntp: u64) -> SenderSample {
    SenderSample { ssrc, ntp, rtp: RtpTime(90_000), packets: 30, octets: 30_000 }
}

#[test]
fn a_publisher_hears_of_all_its_streams_in_one_report_a_second() {
    let mut bench = Bench::publisher();
    bench.chain.bind_remote(&stream(OTHER));
    for sequence in [10, 11, 13] {
        bench.arrive(sequence);
    }
    let arrival = Arrival { ssrc: OTHER, sequence: SeqNo(1), timestamp: RtpTime(0), transport_sequence: None };
    bench.chain.handle_arrival(bench.now, &arrival);
    let reports = of::<ReceiverReport>(&bench.run_until(ms(1_000)));
    assert_eq!(reports.len(), 1);
    let (at, report) = &reports[0];
    assert_eq!((*at, report.ssrc), (1_000, LOCAL.0));
    let ssrcs: Vec<u32> = report.reports.iter().map(|block| block.ssrc).collect();
    assert_eq!(ssrcs, [MEDIA.0, OTHER.0], "in order, whatever order the library keeps them in");
    assert_eq!((report.reports[0].last_sequence_number, report.reports[0].total_lost), (13, 1));
    assert_eq!(of::<ReceiverReport>(&bench.run_until(ms(2_000))).len(), 1);
}

#[test]
fn a_report_quotes_the_publishers_clock_and_the_clock_is_told() {
    let mut bench = Bench::publisher();
    bench.arrive(10);
    let report =
        SenderReport { ssrc: MEDIA.0, ntp_time: 0x1111_2222_3333_4444, rtp_time: 77, ..SenderReport::default() };
    bench.run_until(ms(500));
    bench.receive(&[Box::new(report)]);
    let clock = ControlEvent::SenderClock { ssrc: MEDIA, ntp: 0x1111_2222_3333_4444, rtp: RtpTime(77) };
    assert_eq!(bench.events(), [clock]);
    let reports = of::<ReceiverReport>(&bench.run_until(ms(1_000)));
    let block = &reports[0].1.reports[0];
    assert_eq!((block.last_sender_report, block.delay), (0x2222_3333, 32_768), "half a second later");
}

#[test]
fn arrivals_of_every_ssrc_are_in_the_transport_wide_feedback() {
    let mut bench = Bench::publisher();
    for (index, ssrc) in [MEDIA, OTHER, Ssrc(3)].into_iter().enumerate() {
        let number = u16::try_from(index).unwrap();
        let arrival =
            Arrival { ssrc, sequence: SeqNo(1), timestamp: RtpTime(0), transport_sequence: Some(100 + 2 * number) };
        bench.chain.handle_arrival(bench.now, &arrival);
    }
    let feedback = of::<TransportLayerCc>(&bench.run_until(ms(150)));
    assert_eq!(feedback.len(), 1);
    let (at, feedback) = &feedback[0];
    assert_eq!((*at, feedback.sender_ssrc), (100, LOCAL.0));
    assert_eq!((feedback.base_sequence_number, feedback.packet_status_count), (100, 5));
    assert_eq!(feedback.recv_deltas.len(), 3);
}

#[test]
fn a_slots_sender_reports_begin_with_its_first_sample_and_stop_with_the_last() {
    let mut bench = Bench::subscriber();
    assert_eq!(bench.chain.poll_timeout(), None, "a slot that has not sent has no timer");
    bench.chain.sender_sample(bench.now, sample(MEDIA, 1 << 32));
    let sent = bench.sent();
    let report = &of::<SenderReport>(&sent)[0].1;
    assert_eq!((report.ssrc, report.ntp_time, report.rtp_time), (MEDIA.0, 1 << 32, 90_000));
    assert_eq!((report.packet_count, report.octet_count), (30, 30_000));
    let names = &of::<SourceDescription>(&sent)[0].1;
    assert_eq!((names.chunks[0].source, names.chunks[0].items[0].text.as_ref()), (MEDIA.0, &b"lips"[..]));

    bench.run_until(ms(999));
    assert_eq!(bench.events(), []);
    bench.run_until(ms(1_000));
    assert_eq!(bench.events(), [ControlEvent::SenderReportsDue { ssrcs: vec![MEDIA] }]);
    bench.run_until(ms(10_000));
    assert_eq!(bench.events(), [], "no sample, no further reports");
    assert_eq!(bench.chain.poll_timeout(), None);
}

#[test]
fn slots_that_are_due_together_are_named_together() {
    let mut bench = Bench::subscriber();
    bench.chain.bind_local(&slot(OTHER));
    bench.chain.sender_sample(bench.now, sample(OTHER, 1));
    bench.chain.sender_sample(bench.now, sample(MEDIA, 1));
    bench.run_until(ms(1_000));
    assert_eq!(bench.events(), [ControlEvent::SenderReportsDue { ssrcs: vec![MEDIA, OTHER] }]);
}

#[test]
fn a_reception_report_gives_the_round_trip_on_our_own_clock() {
    let mut bench = Bench::subscriber();
    let ntp = 0xaaaa_0102_0304_bbbb;
    bench.chain.sender_sample(bench.now, sample(MEDIA, ntp));
    bench.run_until(ms(580));
    let block = Block {
        ssrc: MEDIA.0,
        fraction_lost: 12,
        total_lost: 0x00ff_fffe,
        last_sequence_number: 65_600,
        jitter: 90,
        last_sender_report: 0x0102_0304,
        delay: 32_768,
    };
    bench.receive(&[Box::new(ReceiverReport { ssrc: 9, reports: vec![block.clone()], ..ReceiverReport::default() })]);
    let events = bench.events();
    let [ControlEvent::Reception(report)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(report.round_trip, Some(ms(80)));
    assert_eq!((report.packets_lost, report.fraction_lost, report.highest_sequence), (-2, 12, 65_600));
    assert_eq!(bench.chain.round_trip(), Some(ms(80)));

    let forged = Block { last_sender_report: 0x0909_0909, ..block };
    bench.receive(&[Box::new(ReceiverReport { ssrc: 9, reports: vec![forged], ..ReceiverReport::default() })]);
    let events = bench.events();
    let [ControlEvent::Reception(report)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(report.round_trip, None, "it answers no report of ours");
    assert_eq!(bench.chain.round_trip(), Some(ms(80)));
}

#[test]
fn the_end_of_a_stream_is_told() {
    let mut bench = Bench::publisher();
    bench.receive(&[Box::new(Goodbye { sources: vec![MEDIA.0, OTHER.0], reason: bytes::Bytes::new() })]);
    assert_eq!(bench.events(), [ControlEvent::Bye { ssrc: MEDIA }, ControlEvent::Bye { ssrc: OTHER }]);
}
