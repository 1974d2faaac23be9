//! What a publisher's packets lack is asked for soon, again after a round trip, and not for ever.

use rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use sfu_core::id::Ssrc;
use sfu_core::interceptor::{Arrival, ChainConfig, ControlEvent};
use sfu_core::rtp::{RtpTime, SeqNo};

use crate::{Bench, LOCAL, MEDIA, ms, of, stream};

/// Times and sequence numbers of the questions.
fn asked(sent: &[(u64, Box<dyn rtcp::Packet>)]) -> Vec<(u64, Vec<u16>)> {
    let nacks = of::<TransportLayerNack>(sent);
    nacks
        .into_iter()
        .map(|(at, nack)| {
            assert_eq!((nack.sender_ssrc, nack.media_ssrc), (LOCAL.0, MEDIA.0));
            (at, nack.nacks.iter().flat_map(|&pair| pair).collect())
        })
        .collect()
}

#[test]
fn a_missing_packet_is_asked_for_after_a_grace_and_within_each_round_trip() {
    let mut bench = Bench::publisher();
    bench.chain.set_round_trip(bench.now, ms(80));
    bench.arrive(10);
    bench.arrive(12);
    assert_eq!(asked(&bench.run_until(ms(200))), [(15, vec![11]), (75, vec![11]), (135, vec![11]), (195, vec![11])]);
}

#[test]
fn without_the_nack_interceptor_nothing_is_asked_for() {
    let mut bench = Bench::new(ChainConfig { nack: false, ..ChainConfig::publisher(LOCAL, None) });
    bench.chain.bind_remote(&stream(MEDIA));
    bench.arrive(10);
    bench.arrive(12);
    assert_eq!(asked(&bench.run_until(ms(900))), []);
}

#[test]
fn a_stream_that_takes_no_nack_is_not_asked() {
    let mut bench = Bench::new(ChainConfig::publisher(LOCAL, None));
    bench.chain.bind_remote(&sfu_core::interceptor::RemoteStream { nack: false, ..stream(MEDIA) });
    bench.arrive(10);
    bench.arrive(12);
    assert_eq!(asked(&bench.run_until(ms(900))), []);
}

#[test]
fn reordered_packets_are_not_asked_for() {
    let mut bench = Bench::publisher();
    for sequence in [10, 12, 11, 14, 13] {
        bench.arrive(sequence);
    }
    assert_eq!(asked(&bench.run_until(ms(900))), []);
    assert_eq!(bench.events(), []);
}

#[test]
fn three_newer_packets_end_the_grace() {
    let mut bench = Bench::publisher();
    bench.arrive(10);
    bench.arrive(12);
    bench.arrive(13);
    assert_eq!(asked(&bench.sent()), []);
    bench.arrive(14);
    assert_eq!(asked(&bench.sent()), [(0, vec![11])]);
}

#[test]
fn a_repair_through_rtx_ends_the_questions_and_measures_the_round_trip() {
    let mut bench = Bench::publisher();
    bench.arrive(65_535);
    bench.arrive(1);
    assert_eq!(asked(&bench.run_until(ms(15))), [(15, vec![0])]);
    bench.run_until(ms(35));
    bench.chain.handle_repair(bench.now, MEDIA, SeqNo(0));
    assert_eq!(asked(&bench.run_until(ms(900))), []);
    assert_eq!((bench.counters().packets_nacked, bench.counters().packets_repaired), (1, 1));

    // Round trip: 7/8 of the assumed 100 ms and 1/8 of the measured 20 ms, so 90 ms; the second question after 3/4.
    bench.arrive(3);
    assert_eq!(asked(&bench.run_until(ms(1_000))), [(915, vec![2]), (982, vec![2])]);
}

#[test]
fn a_repeat_on_the_streams_own_ssrc_ends_the_questions() {
    let mut bench = Bench::publisher();
    bench.arrive(10);
    bench.arrive(12);
    bench.run_until(ms(20));
    bench.arrive(11);
    assert_eq!(asked(&bench.run_until(ms(900))), []);
    assert_eq!(bench.counters().packets_repaired, 1);
}

#[test]
fn what_never_comes_is_given_up_after_twenty_questions_or_two_and_a_half_seconds() {
    let mut bench = Bench::publisher();
    bench.chain.set_round_trip(bench.now, ms(16));
    bench.arrive(10);
    bench.arrive(12);
    let questions = asked(&bench.run_until(ms(3_000)));
    assert_eq!(questions.len(), 20);
    assert_eq!(bench.events(), [ControlEvent::RepairAbandoned { ssrc: MEDIA, packets: 1 }]);

    let mut bench = Bench::publisher();
    bench.chain.set_round_trip(bench.now, ms(400));
    bench.arrive(10);
    bench.arrive(12);
    let questions = asked(&bench.run_until(ms(3_000)));
    assert_eq!(
        questions.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
        [15, 315, 615, 915, 1_215, 1_515, 1_815, 2_115, 2_415]
    );
    assert_eq!(bench.events(), [ControlEvent::RepairAbandoned { ssrc: MEDIA, packets: 1 }]);
    assert_eq!(bench.counters().repairs_abandoned, 1);
}

#[test]
fn a_hole_too_large_to_repair_is_a_keyframes_business() {
    let mut bench = Bench::publisher();
    bench.arrive(10);
    bench.arrive(1_500);
    assert_eq!(bench.events(), [ControlEvent::RepairAbandoned { ssrc: MEDIA, packets: 1_489 }]);
    assert_eq!(asked(&bench.run_until(ms(900))), []);
    assert_eq!((bench.counters().repairs_abandoned, bench.counters().repairs_shed), (1_489, 1_489));
}

#[test]
fn what_all_streams_together_may_lack_is_limited() {
    let mut bench = Bench::publisher();
    for number in 0..5 {
        bench.chain.bind_remote(&stream(Ssrc(number)));
        for sequence in [0, 901] {
            let arrival = Arrival {
                ssrc: Ssrc(number),
                sequence: SeqNo(sequence),
                timestamp: RtpTime(0),
                transport_sequence: None,
            };
            bench.chain.handle_arrival(bench.now, &arrival);
        }
    }
    assert_eq!(bench.events(), [ControlEvent::RepairAbandoned { ssrc: Ssrc(4), packets: 900 }]);
    assert_eq!(bench.counters().repairs_shed, 900);
    bench.sent();
    bench.run_until(ms(20));
    assert_eq!(bench.counters().packets_nacked, 3_600, "the others are asked for all the same");
}

#[test]
fn a_hole_closes_from_within() {
    let mut bench = Bench::publisher();
    bench.arrive(10);
    bench.arrive(16);
    bench.run_until(ms(15));
    bench.arrive(13);
    bench.arrive(11);
    assert_eq!(asked(&bench.run_until(ms(100))), [(72, vec![12, 14, 15])], "3/4 of 76.6 ms, measured twice");
    bench.arrive(15);
    bench.arrive(14);
    bench.arrive(12);
    assert_eq!(asked(&bench.run_until(ms(900))), []);
    assert_eq!(bench.counters().packets_repaired, 5);
    assert_eq!(bench.events(), []);
}

#[test]
fn large_bursts_are_asked_for_in_messages_under_the_mtu() {
    let mut bench = Bench::publisher();
    bench.arrive(10);
    bench.arrive(911);
    let questions = asked(&bench.run_until(ms(20)));
    let mut all: Vec<u16> = questions.into_iter().flat_map(|(_, sequences)| sequences).collect();
    all.sort_unstable();
    assert_eq!(all, (11..911).collect::<Vec<u16>>());
}

#[test]
fn a_restarted_sequence_is_followed_once_confirmed() {
    let mut bench = Bench::publisher();
    bench.arrive(10);
    bench.arrive(40_000);
    bench.arrive(11);
    assert_eq!(asked(&bench.run_until(ms(100))), [], "one stray packet is no restart");
    bench.arrive(20_000);
    bench.arrive(20_001);
    bench.arrive(20_003);
    assert_eq!(asked(&bench.run_until(ms(120))), [(115, vec![20_002])]);
}

#[test]
fn an_unbound_stream_is_forgotten() {
    let mut bench = Bench::publisher();
    bench.arrive(10);
    bench.arrive(12);
    bench.chain.unbind_remote(MEDIA);
    assert_eq!(asked(&bench.run_until(ms(900))), []);
}
