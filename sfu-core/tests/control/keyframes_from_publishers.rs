//! Any number of requests for a track's keyframe reaches its publisher as few, and is repeated until the frame comes.

use rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use sfu_core::id::{Ssrc, TrackId};
use sfu_core::interceptor::{ChainConfig, RemoteStream};

use crate::{Bench, LOCAL, MEDIA, OTHER, ms, of, stream};

fn track(number: u64) -> TrackId {
    slotmap::KeyData::from_ffi(1 << 32 | number).into()
}

fn plis(sent: &[(u64, Box<dyn rtcp::Packet>)]) -> Vec<(u64, u32)> {
    of::<PictureLossIndication>(sent).into_iter().map(|(at, pli)| (at, pli.media_ssrc)).collect()
}

fn request(bench: &mut Bench, ssrc: Ssrc) {
    bench.chain.request_keyframe(bench.now, track(7), ssrc);
}

#[test]
fn a_request_leaves_at_once_and_names_us_as_its_sender() {
    let mut bench = Bench::publisher();
    request(&mut bench, MEDIA);
    let sent = of::<PictureLossIndication>(&bench.sent());
    assert_eq!(sent.len(), 1);
    assert_eq!((sent[0].1.sender_ssrc, sent[0].1.media_ssrc), (LOCAL.0, MEDIA.0));
}

#[test]
fn without_the_keyframe_interceptor_no_request_leaves() {
    let mut bench = Bench::new(ChainConfig { keyframe: false, ..ChainConfig::publisher(LOCAL, None) });
    bench.chain.bind_remote(&stream(MEDIA));
    request(&mut bench, MEDIA);
    assert_eq!(plis(&bench.run_until(ms(3_000))), []);
}

#[test]
fn a_storm_of_requests_is_one_request() {
    let mut bench = Bench::publisher();
    for _ in 0..1_000 {
        request(&mut bench, MEDIA);
    }
    assert_eq!(plis(&bench.run_until(ms(40))), [(0, MEDIA.0)]);
    bench.chain.keyframe_arrived(bench.now, track(7), MEDIA);
    assert_eq!(plis(&bench.run_until(ms(5_000))), []);
    assert_eq!(bench.counters().keyframe_requests_joined, 999);
}

#[test]
fn a_track_awaits_keyframes_of_a_bounded_number_of_encodings() {
    let mut bench = Bench::publisher();
    for number in 0..12 {
        bench.chain.bind_remote(&stream(Ssrc(number)));
        request(&mut bench, Ssrc(number));
    }
    assert_eq!(bench.counters().keyframe_requests_shed, 4);
    assert_eq!(plis(&bench.run_until(ms(40))), [(0, 0)]);
}

#[test]
fn requests_for_several_encodings_of_a_track_are_one_request() {
    let mut bench = Bench::publisher();
    bench.chain.bind_remote(&stream(OTHER));
    request(&mut bench, MEDIA);
    request(&mut bench, OTHER);
    assert_eq!(plis(&bench.run_until(ms(40))), [(0, MEDIA.0)]);
    bench.chain.keyframe_arrived(bench.now, track(7), MEDIA);
    bench.chain.keyframe_arrived(bench.now, track(7), OTHER);
    assert_eq!(plis(&bench.run_until(ms(5_000))), []);
}

#[test]
fn an_encoding_that_got_no_keyframe_is_asked_itself() {
    let mut bench = Bench::publisher();
    bench.chain.bind_remote(&stream(OTHER));
    request(&mut bench, MEDIA);
    request(&mut bench, OTHER);
    bench.run_until(ms(40));
    bench.chain.keyframe_arrived(bench.now, track(7), MEDIA);
    assert_eq!(plis(&bench.run_until(ms(600))), [(500, OTHER.0)]);
}

#[test]
fn encodings_that_wait_are_asked_in_turn() {
    let mut bench = Bench::publisher();
    bench.chain.bind_remote(&stream(OTHER));
    request(&mut bench, MEDIA);
    request(&mut bench, OTHER);
    assert_eq!(plis(&bench.run_until(ms(1_600))), [(0, MEDIA.0), (500, OTHER.0), (1_500, MEDIA.0)]);
}

#[test]
fn a_request_within_the_window_waits_for_its_end_unless_the_keyframe_comes() {
    let mut bench = Bench::publisher();
    request(&mut bench, MEDIA);
    bench.run_until(ms(50));
    bench.chain.keyframe_arrived(bench.now, track(7), MEDIA);
    bench.run_until(ms(200));
    request(&mut bench, MEDIA);
    assert_eq!(plis(&bench.run_until(ms(550))), [(500, MEDIA.0)]);
    bench.chain.keyframe_arrived(bench.now, track(7), MEDIA);
    bench.run_until(ms(600));
    request(&mut bench, MEDIA);
    bench.chain.keyframe_arrived(bench.now, track(7), MEDIA);
    assert_eq!(plis(&bench.run_until(ms(5_000))), []);
}

#[test]
fn one_bad_subscriber_costs_one_keyframe_a_second() {
    let mut bench = Bench::publisher();
    let mut sent = Vec::new();
    for step in 1..=500 {
        request(&mut bench, MEDIA);
        sent.extend(plis(&bench.run_until(ms(20 * step))));
        bench.chain.keyframe_arrived(bench.now, track(7), MEDIA);
    }
    assert!(sent.len() <= 11, "{} in ten seconds", sent.len());
    assert!(sent.len() >= 9, "and each second one of them is served: {}", sent.len());
}

#[test]
fn an_unanswered_request_is_repeated_ever_more_slowly_and_given_up() {
    let mut bench = Bench::publisher();
    request(&mut bench, MEDIA);
    let times: Vec<u64> = plis(&bench.run_until(ms(120_000))).into_iter().map(|(at, _)| at).collect();
    assert_eq!(times[..5], [0, 500, 1_500, 3_500, 7_500]);
    assert_eq!(times.len(), 10);
    assert_eq!(bench.counters().keyframe_requests_abandoned, 1);
}

#[test]
fn a_long_round_trip_widens_the_window() {
    let mut bench = Bench::publisher();
    bench.chain.set_round_trip(bench.now, ms(600));
    request(&mut bench, MEDIA);
    let times: Vec<u64> = plis(&bench.run_until(ms(2_000))).into_iter().map(|(at, _)| at).collect();
    assert_eq!(times, [0, 1_200]);
}

#[test]
fn fir_is_sent_where_pli_was_not_agreed_and_repeats_keep_their_number() {
    let mut bench = Bench::new(ChainConfig::publisher(LOCAL, None));
    bench.chain.bind_remote(&RemoteStream { pli: false, fir: true, ..stream(MEDIA) });
    request(&mut bench, MEDIA);
    let sent = of::<FullIntraRequest>(&bench.run_until(ms(600)));
    let commands: Vec<_> = sent.iter().map(|(_, fir)| (fir.fir[0].ssrc, fir.fir[0].sequence_number)).collect();
    assert_eq!(commands, [(MEDIA.0, 1), (MEDIA.0, 1)]);
    bench.chain.keyframe_arrived(bench.now, track(7), MEDIA);
    bench.run_until(ms(5_000));
    request(&mut bench, MEDIA);
    assert_eq!(of::<FullIntraRequest>(&bench.sent())[0].1.fir[0].sequence_number, 2);
}

#[test]
fn a_publisher_without_pli_and_fir_is_left_alone_and_counted() {
    let mut bench = Bench::new(ChainConfig::publisher(LOCAL, None));
    bench.chain.bind_remote(&RemoteStream { pli: false, ..stream(MEDIA) });
    request(&mut bench, MEDIA);
    assert_eq!(bench.run_until(ms(900)).len(), 0);
    assert_eq!(bench.counters().keyframe_requests_unservable, 1);
}

#[test]
fn tracks_do_not_wait_for_each_other() {
    let mut bench = Bench::publisher();
    bench.chain.bind_remote(&stream(OTHER));
    request(&mut bench, MEDIA);
    bench.chain.request_keyframe(bench.now, track(8), OTHER);
    assert_eq!(plis(&bench.sent()), [(0, MEDIA.0), (0, OTHER.0)]);
}
