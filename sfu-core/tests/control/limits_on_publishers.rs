//! A publisher is told the most that it may send, again and again, and that it may again send what it can.

use rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;

use crate::{Bench, LOCAL, MEDIA, OTHER, ms, stream};

fn told(bench: &mut Bench, until: u64) -> Vec<(u64, f32)> {
    let limits = crate::of::<ReceiverEstimatedMaximumBitrate>(&bench.run_until(ms(until)));
    let of = |(at, limit): (u64, ReceiverEstimatedMaximumBitrate)| {
        assert_eq!(limit.sender_ssrc, LOCAL.0);
        (at, limit.bitrate / 1_000.0)
    };
    limits.into_iter().map(of).collect()
}

#[test]
fn a_limit_is_told_at_once_and_every_second_and_its_end_three_times() {
    let mut bench = Bench::publisher();
    bench.chain.limit_sending(bench.now, Some(500_999));
    assert_eq!(told(&mut bench, 2_500), [(0, 500.0), (1_000, 500.0), (2_000, 500.0)], "rounded down");
    bench.chain.limit_sending(bench.now, Some(200_000));
    bench.chain.limit_sending(bench.now, Some(200_000));
    assert_eq!(told(&mut bench, 3_000), [(2_500, 200.0)], "what is known is not told at once again");
    bench.chain.limit_sending(bench.now, None);
    let ends: Vec<u64> =
        told(&mut bench, 20_000).into_iter().filter(|(_, kbps)| *kbps > 60_000.0).map(|(at, _)| at).collect();
    assert_eq!(ends, [3_000, 4_000, 5_000]);
    assert_eq!(bench.counters().send_limits_told, 7);
}

#[test]
fn it_names_every_stream() {
    let mut bench = Bench::publisher();
    bench.chain.bind_remote(&stream(OTHER));
    bench.chain.limit_sending(bench.now, Some(500_000));
    let sent = crate::of::<ReceiverEstimatedMaximumBitrate>(&bench.run_until(ms(10)));
    assert_eq!(sent[0].1.ssrcs, [MEDIA.0, OTHER.0]);
}

#[test]
fn who_was_never_limited_or_sends_nothing_is_told_nothing() {
    let mut bench = Bench::publisher();
    bench.chain.limit_sending(bench.now, None);
    assert_eq!(told(&mut bench, 5_000), []);
    bench.chain.unbind_remote(MEDIA);
    bench.chain.limit_sending(bench.now, Some(500_000));
    assert_eq!(told(&mut bench, 6_500), []);
    bench.chain.bind_remote(&stream(MEDIA));
    assert_eq!(told(&mut bench, 7_500), [(7_000, 500.0)], "with its first stream");
}
